"""Drafts of recipes in doubtful cases: what is not spikes, units in any language, units first, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from glmengine.errors import GlmError
from glmengine.io.opening import arrays_of, open_recording
from glmengine.io.recipe.apply import apply_recipe
from glmengine.io.recipe.draft import draft_from_arrays
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import draft_recipe

RNG = np.random.default_rng(0)


def cells(items) -> np.ndarray:
    made = np.empty((1, len(items)), dtype=object)
    for at, item in enumerate(items):
        made[0, at] = np.asarray(item, dtype=float)[None, :]
    return made


def test_indices_beside_a_matrix_of_activity_are_no_spike_times(tmp_path):
    activity = RNG.gamma(1, 1, (74, 3000))
    neighbours = [np.sort(RNG.choice(np.arange(1, 75), 5, replace=False)) for _ in range(74)]
    scipy.io.savemat(tmp_path / "a.mat", {"neighbour_cells": cells(neighbours), "activity": activity, "frame_rate": 30.0})
    draft = draft_recipe(tmp_path / "a.mat")
    assert draft.recipe.spikes is None
    assert draft.recipe.counts.values == ("activity",)
    assert draft.recipe.counts.units_first
    assert any("'neighbour_cells' is a cell array of small whole numbers, like indices" in reason for reason in draft.reasons)
    assert len(open_recording(tmp_path / "a.mat", draft.recipe).unit_names) == 74


@pytest.mark.parametrize("beside", [[1.0, 2.0, 3.0], [1.0, 2.0, 5.0], np.sort(RNG.choice(900, 40, replace=False)).astype(float)])
def test_numbers_that_rise_are_no_spikes_beside_what_is_called_activity(beside):
    activity = RNG.gamma(1, 1, (74, 3000))
    draft = draft_from_arrays({"note": np.array(beside), "activity": activity})
    assert draft.recipe.spikes is None
    assert draft.recipe.counts.values == ("activity",)
    assert any("Not used: note (" in reason and "((" not in reason for reason in draft.reasons)


def test_a_few_numbers_that_rise_are_no_spikes_where_nothing_says_so():
    with pytest.raises(GlmError, match="nothing in it looks like spike times"):
        draft_from_arrays({"note": np.array([1.0, 2.0, 5.0]), "x": RNG.normal(size=500), "t": np.arange(500) * 0.02})


def test_spikes_as_whole_numbers_in_cells_are_still_spikes():
    trains = [np.sort(RNG.integers(0, 600_000, 300)).astype(float) for _ in range(4)]
    draft = draft_from_arrays({"spike_ms": trains, "t": np.arange(0, 600, 0.1), "x": RNG.normal(size=6000)})
    assert draft.recipe.spikes.times == "spike_ms"


@pytest.mark.parametrize(
    "name", ["Zelle", "neurona", "cellule", "unidad", "célula", "神经元", "細胞", "нейрон", "Kanal", "どれ", "x7"]
)
def test_a_long_table_with_its_ids_in_any_language(tmp_path, name):
    owners = RNG.integers(1, 4, 600)
    (tmp_path / "t.csv").write_text(
        f"zeit,{name}\n"
        + "".join(f"{time:.4f},{owner}\n" for time, owner in zip(np.sort(RNG.uniform(0, 90, 600)), owners, strict=True)),
        encoding="utf-8",
    )
    draft = draft_recipe(tmp_path / "t.csv")
    assert draft.recipe.spikes.units == name
    recording = open_recording(tmp_path / "t.csv", draft.recipe)
    assert recording.unit_names == ("1", "2", "3")


def test_numbers_of_trials_that_rise_are_no_units():
    times = np.sort(RNG.uniform(0, 90, 600))
    draft = draft_from_arrays({"spike_time": times, "trial": np.floor(times / 10)})
    assert not draft.recipe.spikes.units


def test_a_table_without_names_with_a_row_a_unit(tmp_path):
    counts = RNG.poisson(0.3, (75, 566))
    np.savetxt(tmp_path / "c.csv", counts, fmt="%d", delimiter=",")
    assert list(arrays_of(tmp_path / "c.csv")) == ["table"]
    draft = draft_recipe(tmp_path / "c.csv")
    assert draft.recipe.counts.values == ("table",)
    assert draft.recipe.counts.units_first
    recording = open_recording(tmp_path / "c.csv", draft.recipe)
    assert recording.counts.shape == (566, 75)
    np.testing.assert_array_equal(recording.counts.values, counts.T)
    # by columns, units first counts as well
    names = [f"column{number + 1}" for number in range(566)]
    by_columns = open_recording(tmp_path / "c.csv", Recipe.parse({"counts": {"values": names, "rate": 100, "units_first": True}}))
    np.testing.assert_array_equal(by_columns.counts.values, counts.T)
    (tmp_path / "n.csv").write_text(
        ",".join(names[:30]) + "\n" + "\n".join(",".join(map(str, row[:30])) for row in counts) + "\n"
    )
    named = open_recording(tmp_path / "n.csv", Recipe.parse({"counts": {"values": names[:30], "rate": 100}}))
    np.testing.assert_array_equal(named.counts.values, counts[:, :30])


def test_what_a_draft_leaves_is_listed_and_a_doubtful_clock_is_said():
    trains = [np.append(np.sort(RNG.uniform(0, 600_000, 8999)), 600_000) for _ in range(3)]
    draft = draft_from_arrays(
        {"spikes": trains, "weights": RNG.normal(size=(7, 9)), "comment": np.array(["hello there", "more"])}
    )
    assert any("reach over 600,000 s at 0.015 Hz a unit" in reason and "perhaps ms" in reason for reason in draft.reasons)
    assert "Not used: weights (7x9), comment (2)." in draft.reasons
    plain = draft_from_arrays({"spikes": [train / 1000 for train in trains]})
    assert not any("time_unit" in reason or "Not used" in reason for reason in plain.reasons)
    fast = draft_from_arrays({"spikes": [train / 1e6 for train in trains]})
    assert any("would fire at" in reason for reason in fast.reasons)


def test_matrices_ticked_together_are_put_side_by_side():
    t = np.arange(100) / 10
    arrays = {
        "st": np.sort(RNG.uniform(0, 10, 50)),
        "t": t,
        "led1": RNG.normal(size=(100, 2)),
        "led2": RNG.normal(size=(2, 100)),
        "z": t,
    }
    recipe = {
        "spikes": {"times": "st"},
        "covariates": [{"name": "leds", "values": ["led1", "led2", "z"], "times": "t", "components": list("abcde")}],
    }
    raw = apply_recipe(Recipe.parse(recipe), arrays)
    np.testing.assert_array_equal(raw.series[0].values, np.column_stack([arrays["led1"], arrays["led2"].T, t]))
    planes = {"a": RNG.poisson(1, (200, 3)), "b": RNG.poisson(1, (4, 200)), "c": RNG.poisson(1, 200)}
    raw = apply_recipe(Recipe.parse({"counts": {"values": ["a", "b", "c"], "rate": 10}}), planes)
    np.testing.assert_array_equal(raw.counts.values, np.column_stack([planes["a"], planes["b"].T, planes["c"]]))
    assert raw.unit_names == ["a_0", "a_1", "a_2", "b_0", "b_1", "b_2", "b_3", "c"]


def table(path, header, rows):
    path.write_text(",".join(header) + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return path


TRAINS = {name: np.round(np.sort(RNG.uniform(0, 90, n)), 4) for name, n in (("a", 300), ("b", 120), ("c", 500))}


def test_a_long_table_that_lists_one_unit_after_the_other(tmp_path):
    rows = [(name, time) for name, train in TRAINS.items() for time in train]
    draft = draft_recipe(table(tmp_path / "s.csv", ("unit", "time"), rows))
    assert (draft.recipe.spikes.times, draft.recipe.spikes.units) == ("time", "unit")
    recording = open_recording(tmp_path / "s.csv", draft.recipe)
    assert recording.unit_names == tuple(TRAINS)
    for number, train in enumerate(TRAINS.values()):
        np.testing.assert_allclose(recording.spikes[number].t, np.unique(train))


def test_numbers_of_clusters_are_no_spike_times():
    pooled = np.concatenate(list(TRAINS.values()))
    numbers = np.repeat([4, 7, 9], [len(train) for train in TRAINS.values()])
    draft = draft_from_arrays({"spike_clusters": numbers, "spike_times": pooled})
    assert (draft.recipe.spikes.times, draft.recipe.spikes.units) == ("spike_times", "spike_clusters")


def test_a_spreadsheet_with_a_column_of_spike_times_for_each_unit(tmp_path):
    most = max(map(len, TRAINS.values()))
    rows = [[train[k] if k < len(train) else "" for train in TRAINS.values()] for k in range(most)]
    draft = draft_recipe(table(tmp_path / "s.csv", list(TRAINS), rows))
    recording = open_recording(tmp_path / "s.csv", draft.recipe)
    assert [len(recording.spikes[k]) for k in range(3)] == [len(np.unique(train)) for train in TRAINS.values()]


def test_fields_of_a_struct_of_units_are_units():
    draft = draft_from_arrays({f"data.units.{name}": train for name, train in TRAINS.items()})
    assert {draft.recipe.spikes.times, *draft.recipe.spikes.more} == {"data.units.a", "data.units.b", "data.units.c"}


def test_frames_that_jitter_are_no_spikes_and_their_counts_no_units(tmp_path):
    times = np.round(np.arange(2000) / 30 + RNG.normal(0, 0.004, 2000), 4)
    rows = zip(times, np.round(RNG.normal(size=2000), 2), RNG.poisson(0.2, 2000), strict=True)
    draft = draft_recipe(table(tmp_path / "s.csv", ("time", "x", "count"), rows))
    assert draft.recipe.spikes is None
    assert draft.recipe.counts.values == ("count",)
    assert [item.name for item in draft.recipe.covariates] == ["x"]


def test_what_is_named_like_a_unit_and_holds_no_counts_is_said():
    broken = RNG.poisson(0.3, 2000).astype(float)
    broken[50] = 0.5
    draft = draft_from_arrays({"t": np.arange(2000) / 30, "unit1": broken, "unit2": RNG.poisson(0.3, 2000)})
    assert draft.recipe.counts.values == ("unit2",)
    assert any("not taken as counts: unit1; 'unit1' holds 0.5 in its row 51" in reason for reason in draft.reasons)


def test_a_matrix_of_spike_times_filled_up_with_zeros_is_refused():
    matrix = np.zeros((3, 500))
    for row, train in zip(matrix, TRAINS.values(), strict=True):
        row[: len(train)] = train
    with pytest.raises(GlmError, match=r"filled up with zeros.*fill up with NaN"):
        draft_from_arrays({"spikes": matrix})


def test_stamps_in_nanoseconds_are_read_as_such():
    stamps = 1_700_000_000_000_000_000 + (TRAINS["a"] * 1e9).astype(np.int64)
    draft = draft_from_arrays({"timestamp_ns": stamps})
    assert draft.recipe.spikes.time_unit == "ns"
    assert not any("perhaps" in reason for reason in draft.reasons)


def test_a_sparse_matrix_of_matlab_is_read(tmp_path):
    raster = RNG.poisson(0.05, (4, 3000)).astype(float)
    scipy.io.savemat(tmp_path / "m.mat", {"raster": scipy.sparse.csc_matrix(raster), "dt": 0.01})
    np.testing.assert_array_equal(arrays_of(tmp_path / "m.mat")["raster"], raster)


def test_two_populations_of_counts_are_units_of_one_recording():
    first, second = RNG.poisson(0.2, (5, 6000)), RNG.poisson(0.2, (6000, 7))
    arrays = {"spikes_ca1": first, "spikes_ca3": second, "t": np.arange(6000) / 50}
    draft = draft_from_arrays(arrays)
    assert draft.recipe.counts.values == ("spikes_ca1", "spikes_ca3")
    assert not draft.recipe.covariates
    np.testing.assert_array_equal(apply_recipe(draft.recipe, arrays).counts.values, np.column_stack([first.T, second]))
    del arrays["t"]
    draft = draft_from_arrays({**arrays, "dt": np.array(0.02)})
    np.testing.assert_array_equal(apply_recipe(draft.recipe, arrays).counts.values, np.column_stack([first.T, second]))


def test_a_square_of_counts_is_doubted():
    draft = draft_from_arrays({"spikes": RNG.poisson(0.2, (300, 300)), "dt": np.array(0.01)})
    assert any("as many rows as columns" in reason for reason in draft.reasons)


def test_the_unit_of_each_spike_in_a_table_with_longer_columns(tmp_path):
    import pandas as pd

    columns = {"time": np.arange(6000) / 30, "x": RNG.normal(size=6000)}
    table_ = pd.DataFrame(columns)
    table_["spike_times"] = pd.Series(np.sort(RNG.uniform(0, 200, 900)))
    table_["cell"] = pd.Series(np.arange(900) % 3)
    table_.to_csv(tmp_path / "all.csv", index=False)
    draft = draft_recipe(tmp_path / "all.csv")
    assert (draft.recipe.spikes.times, draft.recipe.spikes.units) == ("spike_times", "cell")
    assert [item.name for item in draft.recipe.covariates] == ["x"]
    assert len(open_recording(tmp_path / "all.csv", draft.recipe).unit_names) == 3


def test_the_rate_of_a_camera_is_not_that_of_the_spikes():
    samples = np.append(np.sort(RNG.integers(0, 600 * 20_000, 3000)), 600 * 20_000)
    draft = draft_from_arrays(
        {"spike_idx": samples, "fps": np.array(30.0), "t": np.arange(18_000) / 30, "x": RNG.normal(size=18_000)}
    )
    assert (draft.recipe.spikes.time_unit, draft.recipe.spikes.rate) == ("samples", 20_000)
    frames = np.sort(RNG.integers(1, 18_000, 3000))
    draft = draft_from_arrays({"spike_frames": frames, "frame_times": np.arange(18_000) / 30, "x": RNG.normal(size=18_000)})
    assert (draft.recipe.spikes.time_unit, draft.recipe.spikes.rate) == ("samples", 30)


@pytest.mark.parametrize(
    "times",
    [
        np.round(np.arange(6000) / 120, 2),  # of which every sixth is the same as the one before
        (np.arange(6000) / 30).astype(int),
        np.round(np.concatenate([np.arange(4000) / 30, 140 + np.arange(2000) / 15]), 3),  # a camera that changed its rate
        RNG.permutation(6000) / 30,
    ],
    ids=["shared", "whole seconds", "two rates", "no order"],
)
def test_stamps_beside_numbered_counts_are_their_times_and_no_spikes(times):
    arrays = {"time": times, "unit1": RNG.poisson(0.3, 6000), "unit2": RNG.poisson(0.2, 6000)}
    draft = draft_from_arrays(arrays)
    assert draft.recipe.spikes is None
    assert draft.recipe.counts.values == ("unit1", "unit2")
    assert draft.recipe.counts.times == "time"


@pytest.mark.parametrize("frames", [2 * np.arange(6000), np.flatnonzero(RNG.random(9000) < 0.7) + 40])
def test_numbers_of_frames_of_which_some_are_left_out_are_no_seconds(frames):
    arrays = {"frame": frames, "unit1": RNG.poisson(0.3, len(frames)), "unit2": RNG.poisson(0.2, len(frames))}
    counts = draft_from_arrays(arrays).recipe.counts
    assert (counts.times, counts.time_unit) == ("frame", "samples")


def test_spikes_of_no_unit_are_said():
    owners = RNG.integers(-1, 3, 600)
    arrays = {"spike_time": np.sort(RNG.uniform(0, 90, 600)), "cluster": owners}
    raw = apply_recipe(draft_from_arrays(arrays).recipe, arrays)
    assert any(f"'cluster' is -1 for {int((owners == -1).sum())} spikes" in note for note in raw.notes)


def test_an_array_with_another_value_for_each_spike_is_no_array_of_units():
    """Times of spikes that were chosen as their units made one unit of each."""
    times = np.sort(RNG.uniform(0, 100, 300))
    recipe = Recipe.parse({"spikes": {"times": "t", "units": "u"}})
    for owners in (times, np.arange(300), RNG.integers(0, 1000, 300)):
        with pytest.raises(GlmError, match="says of none which unit fired") as caught:
            apply_recipe(recipe, {"t": times, "u": owners})
        assert caught.value.field == "spikes.units"
    assert len(apply_recipe(recipe, {"t": times, "u": RNG.integers(0, 100, 300)}).spikes) > 90


def samples_and_counts(**columns) -> dict[str, np.ndarray]:
    """Whole seconds in tenths with counts of one unit beside."""
    rng = np.random.default_rng(1)
    return {"time": np.arange(600) / 10, "x": rng.uniform(0, 90, 600), "cell1": rng.poisson(0.4, 600).astype(float), **columns}


def test_times_of_samples_of_which_a_few_are_missing_are_no_spikes():
    times = np.arange(600) / 10
    times[[30, 31, 400]] = np.nan
    recipe = draft_from_arrays(samples_and_counts(time=times)).recipe
    assert recipe.spikes is None
    assert (recipe.counts.values, recipe.counts.times) == (("cell1",), "time")
    assert [item.name for item in recipe.covariates] == ["x"]


def test_an_angle_that_goes_on_turning_evenly_is_measured_at_the_times_beside_it():
    draft = draft_from_arrays(samples_and_counts(head_direction=np.arange(600) * 0.07))
    assert [item.name for item in draft.recipe.covariates] == ["head_direction", "x"]
    assert any("from 0 to 41.93 only" in reason and 'unit = "rad"' in reason for reason in draft.reasons)


@pytest.mark.parametrize("spread", [0.0, 0.005, 0.05, 0.3])
def test_cells_that_fire_as_evenly_as_a_clock_are_no_activity_at_their_own_times(spread):
    rng = np.random.default_rng(0)
    trains = [np.cumsum(rng.normal(0.05, spread * 0.05, 400).clip(1e-4)) for _ in range(2)]
    recipe = draft_from_arrays(dict(zip(("unit1", "unit2"), trains, strict=True))).recipe
    assert (recipe.spikes.times, recipe.spikes.more) == ("unit1", ("unit2",))
    alone = draft_from_arrays({"spikes": trains[0], "amplitude": rng.normal(size=400)}).recipe
    assert alone.spikes.times == "spikes"


def test_numbers_of_frames_beside_times_are_no_covariate():
    draft = draft_from_arrays(samples_and_counts(frame=np.arange(600)))
    assert [item.name for item in draft.recipe.covariates] == ["x"]


@pytest.mark.parametrize("name", ["Zelle", "cellule_", "célula", "neurona ", "spk_"])
def test_columns_of_counts_are_units_in_any_language(name):
    arrays = samples_and_counts()
    counts = arrays.pop("cell1")
    arrays |= {f"{name}1": counts, f"{name}2": counts[::-1]}
    assert draft_from_arrays(arrays).recipe.counts.values == (f"{name}1", f"{name}2")
