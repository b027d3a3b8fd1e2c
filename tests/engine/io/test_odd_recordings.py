"""Recordings as laboratories make them: padded matrices, counters in the place of times, clocks of a calendar, lists in cells, kinds of events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from glmengine.cli.main import main
from glmengine.errors import GlmError
from glmengine.io.cleaning import clean
from glmengine.io.formats.tables import arrays as table_arrays
from glmengine.io.recipe.apply import apply_recipe
from glmengine.io.recipe.draft import draft_beside, draft_from_arrays
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist_together

RNG = np.random.default_rng(4)
TIMES = np.arange(9000) / 30
X = 50 + 40 * np.sin(TIMES / 3)
SPIKES = [np.sort(RNG.uniform(0, 300, n)) for n in (900, 500, 1500)]


def padded(value: float, *, front: bool = False) -> np.ndarray:
    rows = np.full((3, 1500), value)
    for row, times in zip(rows, SPIKES, strict=True):
        row[slice(1500 - len(times), None) if front else slice(len(times))] = times
    return rows


def drafted(arrays):
    draft = draft_from_arrays(arrays)
    return draft, apply_recipe(draft.recipe, arrays)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("front", [False, True])
def test_rows_or_columns_filled_up_with_nan_are_units(front, turned):
    matrix = padded(np.nan, front=front)
    _, raw = drafted({"spikes": matrix.T if turned else matrix, "x": X, "t": TIMES})
    for found, times in zip(raw.spikes, SPIKES, strict=True):
        np.testing.assert_array_equal(found, times)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize(
    ("matrix", "said"), [(padded(-1.0), "-1, which is no time"), (np.rint(padded(0.0) * 3e4).astype(np.uint64), "zeros")]
)
def test_what_is_filled_up_with_a_number_is_no_count(matrix, said, turned):
    with pytest.raises(GlmError, match=rf"'spikes' looks like the spike times .* filled up with {said}"):
        draft_from_arrays({"spikes": matrix.T if turned else matrix, "x": X, "t": TIMES})


def test_a_matrix_in_which_nothing_goes_forwards_is_no_single_unit():
    with pytest.raises(GlmError, match="'spikes' is a matrix of 3 x 1500 in which neither rows nor columns go forwards"):
        apply_recipe(Recipe.parse({"spikes": {"times": "spikes"}}), {"spikes": padded(-1.0)})


def test_a_row_for_each_spike_of_unsigned_numbers():
    samples, owners = np.sort(RNG.integers(0, 9_000_000, 900)), RNG.integers(0, 5, 900)
    _, raw = drafted({"spikes": np.column_stack([samples, owners]).astype(np.uint64), "x": X, "t": TIMES})
    assert raw.unit_names == list("01234")
    np.testing.assert_allclose(raw.spikes[2], samples[owners == 2] / 30000)


@pytest.mark.parametrize("name", ["frame", "Unnamed: 0", "row"])
def test_a_counter_is_no_clock_in_seconds(name):
    arrays = {name: np.arange(9000), "x": X, "y": X, "spike_times": SPIKES[0]}
    draft = draft_from_arrays(arrays)
    assert any(f"'{name}' counts samples, so that their rate is needed" in reason for reason in draft.reasons)
    with pytest.raises(GlmError, match="times in samples need the sampling rate"):
        apply_recipe(draft.recipe, arrays)
    _, raw = drafted({**arrays, "fps": np.array([[30.0]])})
    np.testing.assert_allclose(raw.series[0].times, TIMES)


@pytest.mark.parametrize(
    ("unit", "start", "factor"), [("ms", 1.7e12, 1e3), ("us", 1.7e15, 1e6), ("ns", 1.7e18, 1e9), ("d", 45321.5, 1 / 86400), ("d", 739312.5, 1 / 86400)]
)  # fmt: skip
def test_clocks_of_a_calendar_are_known_by_how_far_they_reach(unit, start, factor):
    whole = np.rint if unit != "d" else np.asarray
    draft, raw = drafted({"timestamps": whole(start + TIMES * factor), "x": X, "spike_times": whole(start + SPIKES[0] * factor)})
    assert draft.recipe.spikes.time_unit == unit == draft.recipe.covariates[0].time_unit
    np.testing.assert_allclose(np.diff(raw.spikes[0]), np.diff(SPIKES[0]), atol=2e-3)
    np.testing.assert_allclose(raw.spikes[0][0] - raw.series[0].times[0], SPIKES[0][0], atol=1e-2)


def test_lists_in_cells_are_spike_times_and_shortened_ones_are_refused(tmp_path):
    path = tmp_path / "s.csv"
    pd.DataFrame({"unit": [4, 7, 9], "spike_times": [list(one) for one in SPIKES]}).to_csv(path, index=False)
    _, raw = drafted(table_arrays(path))
    assert raw.unit_names == ["4", "7", "9"]
    np.testing.assert_allclose(raw.spikes[2], SPIKES[2])
    path.write_text('unit,spike_times\n1,"[0.1 0.2 0.3]"\n2,"[0.1 0.2 ... 9.5]"\n')
    with pytest.raises(GlmError, match=r"'spike_times' in line 3 holds '\.\.\.', for the list was shortened"):
        table_arrays(path)


def test_a_first_row_that_numbers_the_columns_is_no_bin_and_times_beside_counts_no_unit(tmp_path):
    counts = RNG.poisson(0.3, (500, 25))
    path = tmp_path / "c.csv"
    pd.DataFrame(counts).to_csv(path, index=False)
    _, raw = drafted(table_arrays(path))
    np.testing.assert_array_equal(raw.counts.values, counts)
    assert not raw.series
    pd.DataFrame(counts, index=np.round(TIMES[:500], 4)).to_csv(path)
    _, raw = drafted(table_arrays(path))
    np.testing.assert_array_equal(raw.counts.values, counts)
    np.testing.assert_allclose(raw.counts.times, TIMES[:500], atol=1e-4)
    assert not raw.series


def test_events_of_several_kinds_are_told_apart():
    times, kinds = np.sort(RNG.uniform(0, 300, 400)), RNG.choice(["lick", "reward", "tone"], 400)
    beside = draft_beside({"time": times, "event": kinds.astype(object)}, "events.csv")
    assert (beside.events[0].times, beside.events[0].kinds) == ("events.csv:time", "events.csv:event")
    recipe = Recipe.parse({"spikes": {"times": "s"}, "events": [{"name": "e", "times": "time", "kinds": "event"}]})
    raw = apply_recipe(recipe, {"s": SPIKES[0], "time": times, "event": kinds.astype(object)})
    assert list(raw.events) == ["lick", "reward", "tone"]
    np.testing.assert_array_equal(raw.events["tone"], times[kinds == "tone"])


def test_trials_of_which_some_have_no_end_are_trials_still():
    starts = np.arange(0, 300, 5.0)
    stops = starts + 3
    stops[[3, 7]] = np.nan, 0.0
    beside = draft_beside({"start": starts, "stop": stops}, "trials.csv")
    assert beside.trials[0].start == "trials.csv:start"


def test_what_was_decided_of_several_files_stands_in_their_recipe(tmp_path):
    pd.DataFrame({"spike_times": SPIKES[0]}).to_csv(tmp_path / "spikes.csv", index=False)
    pd.DataFrame({"time": np.concatenate([TIMES, TIMES]), "x": np.concatenate([X, X])}).to_csv(
        tmp_path / "track.csv", index=False
    )
    text = assist_together([tmp_path / "spikes.csv", tmp_path / "track.csv"]).recipe
    assert "# 'spike_times' is taken as spike times." in text
    assert "# track.csv: Not used: time (18000), x (18000)." in text


@pytest.fixture
def spikes_and_track(tmp_path):
    pd.DataFrame({"spike_times": SPIKES[0]}).to_csv(tmp_path / "spikes.csv", index=False)
    pd.DataFrame({"time": TIMES, "x": X}).to_csv(tmp_path / "track.csv", index=False)
    return tmp_path


def test_the_command_line_drafts_one_recipe_for_several_files(spikes_and_track, capsys):
    spikes, track, recipe = (str(spikes_and_track / name) for name in ("spikes.csv", "track.csv", "recipe.toml"))
    assert main(["recipe", spikes, "--fresh"]) == 0
    assert "glmengine recipe spikes.csv track.csv" in capsys.readouterr().err
    assert main(["recipe", track, spikes, "--out", recipe]) == 0  # which of them has the spikes is seen
    assert main(["inspect", spikes, "--recipe", recipe]) == 0
    assert "1 covariate (x" in capsys.readouterr().out


def test_tables_beside_a_file_that_says_what_it_is_come_in_by_one_recipe(spikes_and_track, capsys):
    spikes, track, session, recipe = (
        str(spikes_and_track / name) for name in ("spikes.csv", "track.csv", "s.nwb", "recipe.toml")
    )
    assert main(["recipe", spikes, "--out", recipe]) == 0
    assert main(["convert", spikes, session, "--recipe", recipe]) == 0
    assert main(["recipe", session, track, "--out", recipe, "--force"]) == 0
    assert main(["inspect", session, "--recipe", recipe]) == 0
    assert "1 covariate (x" in capsys.readouterr().out


def test_columns_of_trials_in_another_file_are_called_as_there():
    arrays = {
        "s": SPIKES[0],
        "trials.csv:on": np.arange(9.0),
        "trials.csv:off": np.arange(9) + 0.5,
        "trials.csv:choice_at": np.arange(9) + 0.2,
    }
    trials = {"name": "trials", "start": "trials.csv:on", "stop": "trials.csv:off", "properties": ["trials.csv:choice_at"]}
    raw = apply_recipe(Recipe.parse({"spikes": {"times": "s"}, "trials": [trials]}), arrays)
    assert list(raw.trials["trials"].columns) == ["choice_at"]


def test_columns_in_another_language_are_times():
    _, raw = drafted({"Zeit (ms)": SPIKES[0] * 1000, "Einheit": np.repeat([1, 2], 450)})
    assert len(raw.spikes) == 2
    np.testing.assert_allclose(raw.spikes[0], SPIKES[0][:450])


def test_a_clock_that_ran_over_is_said():
    times = (np.arange(9000) * 1000 / 30).astype(np.uint16)
    arrays = {"time_ms": times, "counts": np.random.default_rng(0).poisson(0.3, (9000, 2))}
    said = [reason for reason in draft_from_arrays(arrays).reasons if "not taken as times" in reason]
    assert len(said) == 1
    assert "'time_ms'" in said[0]
    assert "falls from 65533 to 30 in its row 1968 and in 3 more" in said[0]
    assert not any("not taken as times" in reason for reason in draft_from_arrays({**arrays, "time_ms": times[:1900]}).reasons)


def test_a_second_light_is_a_position_whose_lost_samples_are_missing():
    along = np.arange(9000) / 30
    lights = {
        f"{axis}{number}": 50 + 40 * wave(along / 7) + number
        for number in (1, 2)
        for axis, wave in (("x", np.sin), ("y", np.cos))
    }
    for axis in "xy":
        lights[f"{axis}2"][::50] = 0
    counts = np.random.default_rng(0).poisson(0.3, 9000)
    draft = draft_from_arrays({"t": along, **lights, "cell_1": counts})
    assert [(item.name, item.values) for item in draft.recipe.covariates] == [
        ("position", ("x1", "y1")),
        ("position_2", ("x2", "y2")),
    ]
    found = clean(apply_recipe(draft.recipe, {"t": along, **lights, "cell_1": counts}))
    assert int(np.isnan(found.series[1].values).all(axis=1).sum()) == 180
