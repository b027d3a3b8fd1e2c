"""Drafts of recipes for the layouts that laboratories use: what is found, in which unit, and that the draft opens the file right."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.draft import draft_from_arrays
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import arrays_beside, draft_recipe, files_beside

RNG = np.random.default_rng(5)
T = np.arange(2000) / 20
X, Y = RNG.normal(size=(2, 2000)).cumsum(axis=1)
SPIKES = np.sort(RNG.uniform(0, 99, 400))
OWNER = RNG.integers(1, 5, 400)
CELLS = [SPIKES[unit == OWNER] for unit in range(1, 5)]


def cell_array(items) -> np.ndarray:
    cells = np.empty((1, len(items)), dtype=object)
    for place, item in enumerate(items):
        cells[0, place] = item
    return cells


def opened(path):
    """The recording that the draft makes of a file, read back from its TOML."""
    return open_recording(path, Recipe.from_toml(draft_recipe(path).to_toml()))


def check_units(recording) -> None:
    assert len(recording.unit_names) == 4
    for unit, expected in enumerate(CELLS):
        np.testing.assert_allclose(recording.spikes[unit].t, expected, atol=1e-8)


@pytest.mark.parametrize(("time", "factor"), [("time", 1), ("spike_time_ms", 1e3), ("timestamps (us)", 1e6), ("Time [s]", 1)])
@pytest.mark.parametrize("names", [("unit", (1, 2, 3, 4)), ("cluster", ("tt1", "tt2", "tt3", "tt4"))])
def test_a_long_table(tmp_path, time, factor, names):
    column, units = names
    region = np.array(["CA1", "CA1", "CA3", "CA3"])[OWNER - 1]
    table = pd.DataFrame({time: SPIKES * factor, column: np.array(units)[OWNER - 1], "region": region})
    table.to_csv(tmp_path / "t.csv", index=False)
    recording = opened(tmp_path / "t.csv")
    check_units(recording)
    assert recording.unit_names == tuple(map(str, units))
    assert recording.unit_table["region"].tolist() == ["CA1", "CA1", "CA3", "CA3"]


def test_a_long_table_without_a_header(tmp_path):
    pd.DataFrame({"a": SPIKES, "b": OWNER}).to_csv(tmp_path / "t.csv", index=False, header=False)
    check_units(opened(tmp_path / "t.csv"))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_wide_table_with_units_of_measure_in_its_header(tmp_path, ending):
    counts = RNG.poisson(0.4, (2000, 3))
    table = pd.DataFrame(counts, columns=["unit_0", "unit_1", "unit_2"])
    table.insert(0, "time_ms", T * 1000)
    table["position_x (cm)"], table["position_y (cm)"] = X, Y
    table["heading_deg"] = np.mod(T * 40, 360)
    table["trial_type"] = np.where(T < 50, "left", "right")
    path = tmp_path / f"t.{ending}"
    table.to_csv(path, index=False) if ending == "csv" else table.to_parquet(path)
    recording = opened(path)
    np.testing.assert_array_equal(recording.counts.values, counts)
    np.testing.assert_allclose(recording.counts.t, T, atol=1e-9)
    position = recording.covariates["position"]
    np.testing.assert_allclose(position.data.values, np.column_stack([X, Y]))
    assert position.unit == "cm"
    assert recording.covariates["heading"].kind == "angle"
    kind = recording.covariates["trial_type"]
    assert (kind.kind, kind.description) == ("category", "0 left, 1 right")
    np.testing.assert_array_equal(kind.data.values, T >= 50)


def test_columns_of_unequal_length(tmp_path):
    columns = {"t": T, "x (cm)": X, "unit1_spikes": CELLS[0], "unit2_spikes": CELLS[1]}
    pd.DataFrame({name: pd.Series(values) for name, values in columns.items()}).to_csv(tmp_path / "t.csv", index=False)
    recording = opened(tmp_path / "t.csv")
    assert recording.unit_names == ("unit1_spikes", "unit2_spikes")
    np.testing.assert_allclose(recording.spikes[1].t, CELLS[1], atol=1e-8)
    assert recording.covariates["x"].unit == "cm"


def test_cells_of_a_struct_with_names_and_regions_and_a_struct_of_behaviour(tmp_path):
    spikes = {
        "times": cell_array([cell[:, None] for cell in CELLS]),
        "UID": np.array([[11, 12, 13, 14]]),
        "region": cell_array(["CA1", "CA1", "CA3", "DG"]),
        "sampleRate": 20000.0,
    }
    behaviour = {"timestamps": T[:, None], "position": {"x": X[:, None], "y": Y[:, None], "units": "cm"}}
    scipy.io.savemat(tmp_path / "s.mat", {"spikes": spikes, "behavior": behaviour})
    recording = opened(tmp_path / "s.mat")
    check_units(recording)
    assert recording.unit_names == ("11", "12", "13", "14")
    assert recording.unit_table["region"].tolist() == ["CA1", "CA1", "CA3", "DG"]
    assert recording.covariates["position"].unit == "cm"


def test_the_same_in_hdf5_with_texts_in_cells(tmp_path):
    with h5py.File(tmp_path / "s.mat", "w", userblock_size=512) as file:
        inner, spikes = file.create_group("#refs#"), file.create_group("spikes")
        for name in ("region", "times"):
            column = spikes.create_dataset(name, (4, 1), h5py.ref_dtype)
            column.attrs["MATLAB_class"] = np.bytes_("cell")
            for row in range(4):
                text = np.array([[ord(letter)] for letter in ("CA1", "CA3", "DG", "V1")[row]], dtype=np.uint16)
                item = inner.create_dataset(f"{name}{row}", data=text if name == "region" else CELLS[row][None])
                item.attrs["MATLAB_class"] = np.bytes_("char" if name == "region" else "double")
                column[row, 0] = item.ref
    content = (tmp_path / "s.mat").read_bytes()
    (tmp_path / "s.mat").write_bytes(b"MATLAB 7.3 MAT-file, made".ljust(124) + b"\x00\x02IM" + content[128:])
    recording = opened(tmp_path / "s.mat")
    check_units(recording)
    assert recording.unit_table["region"].tolist() == ["CA1", "CA3", "DG", "V1"]


def test_a_matrix_filled_up_with_missing_values(tmp_path):
    matrix = np.full((4, 150), np.nan)
    for row, cell in enumerate(CELLS):
        matrix[row, : len(cell)] = cell
    scipy.io.savemat(tmp_path / "s.mat", {"spiketimes": matrix, "t": T, "x": X})
    check_units(opened(tmp_path / "s.mat"))


def test_samples_with_their_rate_in_the_file_and_a_position_of_two_rows(tmp_path):
    samples = np.rint(SPIKES * 24414)
    scipy.io.savemat(
        tmp_path / "s.mat", {"spike_samples": samples, "clusters": OWNER, "fs": 24414.0, "pos_t": T, "pos": np.array([X, Y])}
    )
    recording = opened(tmp_path / "s.mat")
    np.testing.assert_allclose(recording.spikes[0].t, samples[OWNER == 1] / 24414, atol=1e-8)
    np.testing.assert_allclose(recording.covariates["pos"].data.values, np.column_stack([X, Y]))


def test_a_matrix_whose_first_column_is_time(tmp_path):
    scipy.io.savemat(tmp_path / "s.mat", {"spikes": cell_array(CELLS), "whl": np.column_stack([T, X, Y])})
    recording = opened(tmp_path / "s.mat")
    check_units(recording)
    np.testing.assert_allclose(recording.covariates["whl"].data.t, T)
    np.testing.assert_allclose(recording.covariates["whl"].data.values, np.column_stack([X, Y]))


def test_counts_with_a_row_a_unit_and_the_width_of_their_bins(tmp_path):
    counts = RNG.poisson(0.5, (4, 2000))
    scipy.io.savemat(tmp_path / "s.mat", {"binned": counts, "dt": 0.05, "stim": X})
    recording = opened(tmp_path / "s.mat")
    np.testing.assert_array_equal(recording.counts.values, counts.T)
    np.testing.assert_allclose(recording.counts.t, (np.arange(2000) + 0.5) * 0.05, atol=1e-9)
    np.testing.assert_allclose(recording.covariates["stim"].data.t, recording.counts.t)


def test_trials_and_events(tmp_path):
    starts = np.arange(0, 90, 5.0)
    scipy.io.savemat(
        tmp_path / "s.mat",
        {
            "spikes": cell_array(CELLS), "t": T, "x": X, "trial_start": starts, "trial_end": starts + 4,
            "choice": RNG.integers(0, 2, 18), "reward_times": starts + 3,
        },
    )  # fmt: skip
    recording = opened(tmp_path / "s.mat")
    assert list(recording.trials) == ["trials"]
    assert list(recording.trials["trials"].metadata_columns) == ["choice"]
    np.testing.assert_allclose(recording.events["reward_times"].t, starts + 3)
    assert list(recording.covariates) == ["x"]


def test_arrays_of_a_file_beside(tmp_path):
    scipy.io.savemat(tmp_path / "s.mat", {"spikes": cell_array(CELLS)})
    scipy.io.savemat(tmp_path / "b.mat", {"track": np.column_stack([T, X])})
    recipe = '[spikes]\ntimes = "spikes"\n[[covariates]]\nname = "x"\nvalues = ["b.mat:track[1]"]\ntimes = "b.mat:track[0]"\n'
    recording = open_recording(tmp_path / "s.mat", Recipe.from_toml(recipe))
    np.testing.assert_allclose(recording.covariates["x"].data.values, X)
    with pytest.raises(GlmError, match="is not beside it"):
        open_recording(tmp_path / "s.mat", Recipe.from_toml(recipe.replace("b.mat", "../b.mat")))


numbers = hnp.arrays(
    st.sampled_from([np.float64, np.int16, np.bool_]), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
)
named = st.sampled_from(["spikes", "t", "x", "y", "unit", "trial_start", "trial_end", "fs", "counts", "hd", "a.times", "a.id"])


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(named, st.one_of(numbers, st.lists(numbers, max_size=3)), max_size=6))
def test_any_arrays_make_a_draft_or_a_sentence(arrays):
    try:
        draft = draft_from_arrays(arrays)
    except GlmError:
        return  # anything else is a fault
    assert Recipe.from_toml(draft.to_toml()) == draft.recipe


def test_activity_in_columns_named_like_units_is_taken_for_it(tmp_path):
    """A table of a calcium recording: camera times in whole milliseconds, a position, and real-valued traces."""
    frames = np.arange(900)
    table = {"time": np.round(frames / 30, 3), "x": X[:900], "cell_1": np.exp(Y[:900] / 9), "cell_2": RNG.gamma(4, 0.25, 900)}
    path = tmp_path / "frames.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    draft = draft_recipe(path)
    assert draft.recipe.spikes is None
    assert draft.recipe.counts.values == ("cell_1", "cell_2")
    assert draft.recipe.counts.times == "time"
    assert any("no whole numbers" in reason and "Gaussian" in reason for reason in draft.reasons)
    recording = open_recording(path, recipe=draft.recipe)
    assert recording.covariates["x"].period == pytest.approx(1 / 30, rel=1e-4)  # and not the 33 ms that most stamps are apart


def test_a_further_file_adds_what_it_holds_and_nothing_twice(tmp_path):
    pd.DataFrame({"unit": OWNER, "time": SPIKES}).to_csv(tmp_path / "spikes_day1.csv", index=False)
    pd.DataFrame({"t": T, "x": X, "y": Y}).to_csv(tmp_path / "track_day1.csv", index=False)
    pd.DataFrame({"unit": OWNER, "time": SPIKES}).to_csv(tmp_path / "spikes_day2.csv", index=False)
    first, *_ = files_beside(tmp_path / "spikes_day1.csv")
    assert first.name == "track_day1.csv"  # and not the spikes of another day
    further = arrays_beside(tmp_path / "spikes_day1.csv", first)
    recipe = further.adds.added_to(draft_recipe(tmp_path / "spikes_day1.csv").recipe)
    (position,) = recipe.covariates
    assert position.name == "position"
    assert position.values == ("track_day1.csv:x", "track_day1.csv:y")
    assert position.times == "track_day1.csv:t"
    assert further.adds.added_to(recipe) == recipe
    renamed = recipe.with_(covariates=(position.with_(values=("track_day1.csv:x",)),))
    assert [one.name for one in further.adds.added_to(renamed).covariates] == ["position", "position_2"]
    recording = open_recording(tmp_path / "spikes_day1.csv", recipe=recipe)
    np.testing.assert_allclose(recording.covariates["position"].data.values[:, 0], X, atol=1e-12)


def arrays_of_units(path, trains, ending):
    """A file with one array a unit."""
    named = {f"unit{number}": train for number, train in enumerate(trains)}
    if ending == ".mat":
        scipy.io.savemat(path, named)
    elif ending == ".npz":
        np.savez(path, **named)
    elif ending == ".csv":
        pd.DataFrame({name: pd.Series(train, dtype=float) for name, train in named.items()}).to_csv(path, index=False)
    else:
        with h5py.File(path, "w") as file:
            for name, train in named.items():
                file[f"sorted/{name}"] = train


@pytest.mark.parametrize("ending", [".mat", ".npz", ".csv", ".h5"])
def test_units_without_spikes_and_with_one_are_units_too(tmp_path, ending):
    path = tmp_path / f"arrays{ending}"
    arrays_of_units(path, [CELLS[0], np.array([]), CELLS[1], np.array([7.0]), CELLS[2]], ending)
    recording = opened(path)
    assert [len(recording.spikes[unit]) for unit in range(5)] == [len(CELLS[0]), 0, len(CELLS[1]), 1, len(CELLS[2])]
    assert [name[-5:] for name in recording.unit_names] == [f"unit{number}" for number in range(5)]


def test_what_is_named_like_units_and_no_train_is_said_to_be_left_out(tmp_path):
    arrays_of_units(tmp_path / "arrays.mat", [CELLS[0], CELLS[1][::-1], RNG.normal(size=(30, 40)), CELLS[2]], ".mat")
    draft = draft_recipe(tmp_path / "arrays.mat")
    assert (draft.recipe.spikes.times, *draft.recipe.spikes.more) == ("unit0", "unit3")
    assert any("'unit1', 'unit2' are named like spike times" in reason for reason in draft.reasons)
