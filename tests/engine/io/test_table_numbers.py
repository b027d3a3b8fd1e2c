"""Numbers in tables that a plain reading takes for something else: one odd cell, thousands signs, a header that R wrote."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import draft_recipe

RECIPE = Recipe.parse(
    {
        "spikes": {"times": "spikes.csv:t"},
        "covariates": [{"name": "x", "values": ["x"], "times": "t", "unit": "cm"}],
    }
)


def track(tmp_path, cells, *, separator=",", times=None):
    """A table of times and positions, with spikes beside it."""
    times = [f"{number / 100:.2f}" for number in range(len(cells))] if times is None else times
    path = tmp_path / "track.csv"
    path.write_text(
        f"t{separator}x\n" + "".join(f"{t}{separator}{x}\n" for t, x in zip(times, cells, strict=True)), encoding="utf-8"
    )
    (tmp_path / "spikes.csv").write_text("t\n" + "".join(f"{t}\n" for t in np.linspace(1, len(cells) / 100, 50)))
    return path


@pytest.mark.parametrize("odd", ["-", "lost", "?", "1536 cm", "."])
def test_one_odd_cell_among_whole_centimetres_is_missing_and_named_by_its_line(tmp_path, odd):
    values = np.random.default_rng(0).integers(0, 150, 20_000)
    cells = [str(value) for value in values]
    cells[15_361] = odd
    recording = open_recording(track(tmp_path, cells), RECIPE)
    x = recording.covariates["x"]
    assert x.kind == "continuous"
    expected = values.astype(float)
    expected[15_361] = np.nan
    np.testing.assert_array_equal(x.data.values, expected)
    assert f"'x': '{odd}' in line 15363 is no number and was taken as missing." in recording.notes


@pytest.mark.parametrize("unit", ["%", " cm", "°", " deg/s", "mV"])
def test_a_unit_behind_each_number_makes_no_texts_of_them(tmp_path, unit):
    cells = [f"{value}{unit}" for value in range(300)]
    cells[40], cells[50] = "", "1.5 m"
    recording = open_recording(track(tmp_path, cells), RECIPE)
    x = recording.covariates["x"]
    expected = np.arange(300.0)
    expected[[40, 50]] = np.nan
    assert x.kind == "continuous"
    np.testing.assert_array_equal(x.data.values, expected)
    notes = " ".join(recording.notes)
    assert f"'x': {unit.strip()} stands behind its numbers; '0{unit}' was read as 0." in notes
    assert "'1.5 m' in line 52 is no number and was taken as missing" in notes


@pytest.mark.parametrize("cells", [["1 m", "200 cm"] * 100, ["5 ms", "7 ms"] * 100, ["1st", "2nd"] * 100])
def test_numbers_of_several_units_and_of_clocks_stay_texts_which_is_said(tmp_path, cells):
    found = arrays_of(track(tmp_path, cells))
    assert found["x"].dtype.kind in "UO"
    said = f"'x' is taken as texts: units stand behind its numbers, '{cells[0]}' in line 2, '{cells[1]}' in line 3"
    assert any(note.startswith(said) for note in found.notes) == (cells[0] != "1st")


def test_thousands_in_one_cell_are_read_and_said(tmp_path):
    cells = [f"{value:.1f}" for value in np.linspace(0, 999, 500)]
    cells[300] = '"1,536.5"'
    recording = open_recording(track(tmp_path, cells), RECIPE)
    assert recording.covariates["x"].data.values[300] == 1536.5
    assert any("thousands are set apart in '1,536.5' in line 302" in note and "1536.5" in note for note in recording.notes)


@pytest.mark.parametrize(
    ("cells", "separator", "values"),
    [
        (["999,5", "1.000,5", "1.001,5", "12.345.678,25"], ";", [999.5, 1000.5, 1001.5, 12345678.25]),
        (["998", "999", "1.000", "1.001", "1.010"], ";", [998, 999, 1000, 1001, 1010]),
        (["998,0", "999,0", "1.000", "1.001"], ";", [998, 999, 1000, 1001]),
        (["998", "999", "1 000", "1 001"], ";", [998, 999, 1000, 1001]),
        (["998", "999", "1'000", "1'001"], "\t", [998, 999, 1000, 1001]),
        (["998", "999", "1,000", "1,001"], "\t", [998, 999, 1000, 1001]),
    ],
)
def test_thousands_set_apart_are_read_and_said(tmp_path, cells, separator, values):
    path = tmp_path / "t.csv"
    path.write_text(f"x{separator}n\n" + "".join(f"{cell}{separator}{at}\n" for at, cell in enumerate(cells)))
    found = arrays_of(path)
    np.testing.assert_array_equal(found["x"], values)
    assert any("thousands are set apart" in note for note in found.notes)


@pytest.mark.parametrize(
    ("cells", "separator"),
    [
        (["998.125", "999.250", "1.000", "1.125"], ";"),  # all with three decimals
        (["0.998", "0.999", "1", "1.001"], ","),
        (["100", "45.678", "1.5", "2.25"], ","),
        (["123", "45.678", "45.679", "45.681"], ","),
    ],
)
def test_decimals_stay_decimals(tmp_path, cells, separator):
    path = tmp_path / "t.csv"
    path.write_text(f"x{separator}n\n" + "".join(f"{cell}{separator}{at}\n" for at, cell in enumerate(cells)))
    found = arrays_of(path)
    np.testing.assert_array_equal(found["x"], [float(cell) for cell in cells])
    assert found.notes == []


def test_texts_stay_texts_and_numbers_among_them_are_said(tmp_path):
    cells = ["1", "2", "catch", "2", "1"] * 50
    path = track(tmp_path, cells)
    found = arrays_of(path)
    assert found["x"].tolist() == cells
    assert "80 % of its cells are numbers: 'catch' in line 4" in found.notes[0]
    recording = open_recording(path, RECIPE)
    assert recording.covariates["x"].kind == "category"
    assert any("80 % of its cells are numbers" in note for note in recording.notes)


@pytest.mark.parametrize("separator", [",", "\t", " "])
def test_a_header_one_name_short_as_r_writes_it(tmp_path, separator):
    rows = [(f'"{number + 1}"', number / 10, number * 2.5) for number in range(100)]
    path = tmp_path / "r.txt"
    path.write_text(separator.join(['"t"', '"x"']) + "\n" + "".join(separator.join(map(str, row)) + "\n" for row in rows))
    found = arrays_of(path)
    assert list(found) == ["row", "t", "x"]
    np.testing.assert_allclose(found["t"], np.arange(100) / 10)
    np.testing.assert_allclose(found["x"], np.arange(100) * 2.5)


def test_rows_that_end_with_a_separator_keep_the_names_of_their_columns(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("t,x\n" + "".join(f"{number / 10},{number},\n" for number in range(50)))
    found = arrays_of(path)
    assert list(found)[:2] == ["t", "x"]
    np.testing.assert_allclose(found["t"], np.arange(50) / 10)
    np.testing.assert_allclose(found["x"], np.arange(50))


def test_a_draft_says_what_was_odd(tmp_path):
    cells = [str(value) for value in np.random.default_rng(0).integers(0, 150, 300)]
    cells[7] = "-"
    path = track(tmp_path, cells)
    (tmp_path / "all.csv").write_text(
        "spike_time,x\n"
        + "".join(f"{t},{x}\n" for t, x in zip(np.sort(np.random.default_rng(1).uniform(0, 9, 300)), cells, strict=True))
    )
    assert path.exists()
    assert any("'-' in line 9" in reason for reason in draft_recipe(tmp_path / "all.csv").reasons)


def test_the_minus_of_word_processors_and_thousands_with_a_raised_comma(tmp_path):
    values = np.arange(-1500, 1500)
    found = arrays_of(track(tmp_path, [f"{value}".replace("-", "\u2212") for value in values]))
    np.testing.assert_array_equal(found["x"], values)
    found = arrays_of(track(tmp_path, [f"{value:,}".replace(",", "\u2019") for value in values]))
    np.testing.assert_array_equal(found["x"], values)


@pytest.mark.parametrize("mark", ["-", "--", "?", "*", "\u2014", "/"])
def test_signs_alone_are_missing_however_many_they_are(tmp_path, mark):
    cells = [mark if row % 3 == 0 else str(row // 100) for row in range(3000)]
    found = arrays_of(track(tmp_path, cells))
    np.testing.assert_array_equal(np.isnan(found["x"]), np.arange(3000) % 3 == 0)
    assert any("and 997 more cells are no numbers" in note for note in found.notes)


def test_numbers_that_parquet_holds_as_texts(tmp_path):
    import pandas as pd

    pd.DataFrame({"t": np.arange(300) / 10, "x": ["-" if row == 7 else str(row % 15) for row in range(300)]}).to_parquet(
        tmp_path / "t.parquet"
    )
    found = arrays_of(tmp_path / "t.parquet")
    np.testing.assert_array_equal(np.delete(found["x"], 7), np.delete(np.arange(300) % 15, 7))
    assert any("'-' in line 8" in note for note in found.notes)


def test_numbers_with_the_exponents_of_fortran_are_numbers(tmp_path):
    values = np.random.default_rng(0).normal(size=2000) * 1000
    cells = [f"{value:.8E}".replace("E", "D") for value in values]
    recording = open_recording(track(tmp_path, cells), RECIPE)
    np.testing.assert_allclose(recording.covariates["x"].data.values, values, rtol=1e-8)
    headless = tmp_path / "headless.csv"
    headless.write_text("".join(f"{number / 100:.2f},{cell}\n" for number, cell in enumerate(cells)))
    assert list(arrays_of(headless)) == ["column1", "column2"]  # the first row is none of names


def test_names_with_a_d_between_digits_are_no_numbers(tmp_path):
    recording = open_recording(track(tmp_path, [f"{number % 4}D{number % 3}" for number in range(2000)]), RECIPE)
    assert recording.covariates["x"].kind == "category"


def test_columns_of_one_name_are_told_apart_and_that_is_said(tmp_path):
    path = tmp_path / "spikes.csv"
    times = np.sort(np.random.default_rng(0).uniform(0, 100, 600))
    path.write_text("time,cell,cell\n" + "".join(f"{t:.4f},{n % 3},{10 + n % 2}\n" for n, t in enumerate(times)))
    said = "2 columns are called 'cell': the first is read as 'cell', the others as 'cell_2'"
    assert any(said in note for note in arrays_of(path).notes)
    assert said in draft_recipe(path).to_toml()
    recording = open_recording(path, Recipe.parse({"spikes": {"times": "time", "units": "cell"}}))
    assert recording.unit_names == ("0", "1", "2")
    assert any(said in note for note in recording.notes)


def test_columns_that_are_numbered_cells_are_counts(tmp_path):
    path, rng = tmp_path / "counts.csv", np.random.default_rng(0)
    rows = (f"{n * 0.02:.2f},{50 + np.sin(n / 50):.3f},{rng.poisson(0.1)},{rng.poisson(0.2)}\n" for n in range(3000))
    path.write_text("time,x,c1,c2\n" + "".join(rows))
    assert 'values = ["c1", "c2"]' in draft_recipe(path).to_toml()
