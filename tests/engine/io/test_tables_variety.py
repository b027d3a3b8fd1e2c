"""Tables as spreadsheets and laboratories' programs write them: alphabets, comments, separators, header rows, dates, lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from glmengine.io.formats.tables import arrays
from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.recipe.draft import draft_from_arrays
from glmengine.io.recipe.recipe import Recipe

TABLE = pd.DataFrame({"time": [0.25, 1.5, 2.75, 4.0], "unit": [3, 1, 3, 2]})
CSV = TABLE.to_csv(index=False)


@pytest.mark.parametrize(
    "content",
    [
        CSV.encode("utf-16"),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-32"),
        CSV.replace("\n", "\r\n").encode(),
        b"# made by us\n% at 20 Hz\n\n" + CSV.encode(),
        b"\n\n" + CSV.encode() + b"\n\n",
        b"sep=;\n" + TABLE.to_csv(index=False, sep=";", decimal=",").encode(),
        TABLE.to_csv(index=False, sep=";", decimal=",").encode(),
        TABLE.to_csv(index=False, sep="|").encode(),
        TABLE.to_csv(index=False, quoting=1).encode(),
    ],
)
def test_the_same_table_however_it_is_written(tmp_path, content):
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    found = arrays_of(path)
    assert list(found) == ["time", "unit"]
    np.testing.assert_array_equal(found["time"], TABLE["time"])
    np.testing.assert_array_equal(found["unit"], TABLE["unit"])


def test_the_alphabet_of_western_windows(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("time (µs);Größe\n10;1,5\n20;2,5\n".encode("cp1252"))
    found = arrays_of(path)
    assert list(found) == ["time (µs)", "Größe"]
    np.testing.assert_array_equal(found["Größe"], [1.5, 2.5])


def test_a_separator_inside_quotes_does_not_separate(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text('"time, s","note"\n"1.5","a; b, c"\n"2.5","d"\n')
    found = arrays_of(path)
    np.testing.assert_array_equal(found["time, s"], [1.5, 2.5])
    assert found["note"].tolist() == ["a; b, c", "d"]


@pytest.mark.parametrize("animals", [(), ("mouse1", "mouse2")])
def test_the_header_rows_of_a_pose(tmp_path, animals):
    levels = [["net"], *([animals] if animals else []), ["nose", "tail"], ["x", "y", "likelihood"]]
    names = ["scorer", *(["individuals"] if animals else []), "bodyparts", "coords"]
    columns = pd.MultiIndex.from_product(levels, names=names)
    values = np.arange(5.0 * len(columns)).reshape(5, -1)
    path = tmp_path / "pose.csv"
    pd.DataFrame(values, columns=columns).to_csv(path)
    found = arrays_of(path)
    name = "mouse2_tail_x" if animals else "tail_x"
    np.testing.assert_array_equal(found[name], values[:, -3])
    np.testing.assert_array_equal(found["frame"], np.arange(5))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_dates_are_seconds_from_the_earliest(tmp_path, ending):
    path = tmp_path / f"t.{ending}"
    moments = pd.date_range("2024-03-01T10:00:00.5", periods=4, freq="50ms", tz="Europe/Paris")
    table = pd.DataFrame({"Timestamp": moments, "other": moments + pd.Timedelta("2s"), "x": np.arange(4.0)})
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    found = arrays(Path(path))
    np.testing.assert_allclose(found["Timestamp"], [0, 0.05, 0.1, 0.15], atol=1e-9)
    np.testing.assert_allclose(found["other"], [2, 2.05, 2.1, 2.15], atol=1e-9)


def test_parquet_with_lists_missing_values_and_categories(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame(
        {
            "spikes": [[0.5, 1.5], [2.5], []],
            "depth": pd.array([1, None, 3], dtype="Int64"),
            "region": pd.Categorical(["CA1", "CA3", "CA1"]),
            "good": pd.array([True, False, True], dtype="boolean"),
        }
    ).to_parquet(path)
    found = arrays(path)
    assert [cell.tolist() for cell in found["spikes"]] == [[0.5, 1.5], [2.5], []]
    np.testing.assert_array_equal(found["depth"], [1, np.nan, 3])
    assert found["region"].tolist() == ["CA1", "CA3", "CA1"]
    recording = open_recording(path, Recipe.from_toml('[spikes]\ntimes = "spikes"\n'))
    assert len(recording.unit_names) == 3


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["Total,,60"], "'Total' in line 22 sums up the rows above and was left out."),
        (["Mean,,3.1", "SD,,0.2"], "'Mean' in line 22, 'SD' in line 23 sum up the rows above and were left out."),
        (["", "Grand Total:,,60", ""], "'Grand Total:' in line 23"),
        ([",Summe (n=20),60"], "'Summe (n=20)' in line 22"),
    ],
)
def test_rows_that_sum_up_at_the_end_are_no_unit_and_no_sample(tmp_path, rows, said):
    path = tmp_path / "t.csv"
    path.write_text("unit,time,depth\n" + "".join(f"u{k % 2},{k / 4},3\n" for k in range(20)) + "\n".join(rows) + "\n")
    recording = open_recording(path, Recipe.parse({"spikes": {"times": "time", "units": "unit"}}))
    assert recording.unit_names == ("u0", "u1")
    assert sum(len(train) for train in recording.spikes.values()) == 20
    assert any(said in note for note in recording.notes)


def test_a_word_that_stands_above_too_is_no_sum(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("kind,x\n" + "max,1\nmin,2\n" * 10)
    assert len(arrays_of(path)["x"]) == 20


def rows_of(n: int = 300) -> str:
    """Rows of a time (ms), a place and counts of two units."""
    rng = np.random.default_rng(0)
    counts = rng.poisson(0.2, (n, 2))
    return "".join(f"{k * 33},{50 + k % 40},{a},{b}\n" for k, (a, b) in enumerate(counts))


@pytest.mark.parametrize("units", ["ms,cm,count,count", "(ms),[cm],-,-", "ms,cm,,"])
def test_units_in_a_row_below_the_names_are_units(tmp_path, units):
    path = tmp_path / "t.csv"
    path.write_text(f"time,x,cell1,cell2\n{units}\n{rows_of()}")
    found = arrays_of(path)
    assert list(found) == ["time (ms)", "x (cm)", "cell1", "cell2"]
    assert found["x (cm)"][0] == 50
    recording = open_recording(path, draft_from_arrays(found).recipe)
    assert recording.covariates["x"].unit == "cm"
    assert recording.duration == pytest.approx(300 * 0.033)
    assert not any("no number" in note for note in recording.notes)


def test_words_below_the_names_that_are_no_units_are_data(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("sex,group\nm,s\nf,s\nm,h\n")
    assert arrays_of(path)["sex"].tolist() == ["m", "f", "m"]


def test_comments_between_rows_are_left_out_and_said(tmp_path):
    path = tmp_path / "t.csv"
    lines = rows_of().splitlines()
    path.write_text("time,x,cell1,cell2\n" + "\n".join([*lines[:29], "# pause", *lines[29:100], "% on again", *lines[100:]]))
    found = arrays_of(path)
    assert [len(found[name]) for name in ("time", "x")] == [300, 300]
    assert found.notes == ["Lines 31, 103 are comments and were left out."]


def test_rows_and_nameless_columns_without_a_value_are_none(tmp_path):
    path = tmp_path / "t.csv"
    body = rows_of().replace("\n", ",\n")
    path.write_text("time,x,cell1,cell2,\n" + body + "NaN,NaN,NaN,NaN,\n" * 50 + ",,,,\n" * 3)
    found = arrays_of(path)
    assert {name: len(values) for name, values in found.items()} == dict.fromkeys(("time", "x", "cell1", "cell2"), 300)
    assert draft_from_arrays(found).recipe.counts.values == ("cell1", "cell2")
