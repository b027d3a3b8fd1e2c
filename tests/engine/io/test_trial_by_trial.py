"""Recordings that a file holds trial by trial, where time begins anew in each."""

from __future__ import annotations

import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.io

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.raw import NamedArrays, RawRecording
from glmengine.io.recipe.apply import apply_recipe, correct_with
from glmengine.io.recipe.by_trial import BINS, NAME, SAMPLES, START, STOP, on_one_line
from glmengine.io.recipe.recipe import ByTrial, Recipe
from glmengine.io.recipe_assistant import draft_recipe

N = 12
RNG = np.random.default_rng(3)
DURATION = RNG.integers(1200, 2500, N).astype(float)  # ms
SPIKES = [np.sort(RNG.uniform(0, length, 25)) for length in DURATION]
CUE = RNG.uniform(200, 400, N)
COHERENCE = RNG.choice([-0.5, 0.1, 0.5], N)
EYE = [RNG.normal(size=(int(length), 2)) for length in DURATION]
STARTS = np.concatenate([[0.0], np.cumsum(DURATION[:-1] / 1000 + 1.0)])


def struct_of_trials(path, **changed):
    fields = {"duration": DURATION, "cue": CUE, "coh": COHERENCE, "sptrain": SPIKES, "eye": EYE, **changed}
    trial = np.empty((1, N), dtype=[(name, object) for name in fields])
    for at in range(N):
        trial[0, at] = tuple(np.atleast_2d(values[at]).T if np.ndim(values[at]) < 2 else values[at] for values in fields.values())
    scipy.io.savemat(path, {"trial": trial})
    return path


def in_order(times):
    return np.concatenate([start + np.asarray(mine) / 1000 for start, mine in zip(STARTS, times, strict=True)])


def test_a_struct_of_trials_is_drafted_and_opened(tmp_path):
    path = struct_of_trials(tmp_path / "session.mat")
    draft = draft_recipe(path)
    assert draft.recipe.by_trial == ByTrial(
        times=("trial.sptrain", "trial.cue"), signals=("trial.eye",), stop="trial.duration", time_unit="ms", rate=1000.0
    )
    assert any("'trial' has 12 entries, taken as trials" in reason for reason in draft.reasons)
    (tmp_path / "recipe.toml").write_text(draft.to_toml())
    found = open_recording(path, recipe=tmp_path / "recipe.toml")
    assert found.unit_names == ("trial_sptrain",)
    np.testing.assert_allclose(found.spikes[0].times(), in_order(SPIKES), atol=1e-9)
    np.testing.assert_allclose(found.epochs["all"].values, np.column_stack([STARTS, STARTS + DURATION / 1000]), atol=1e-5)
    np.testing.assert_allclose(found.events["cue"].times(), STARTS + CUE / 1000, atol=1e-9)
    assert list(found.trials["trials"]["trial_coh"]) == list(COHERENCE)
    eye = found.covariates["trial_eye"].data
    np.testing.assert_array_equal(eye.values, np.concatenate(EYE))
    np.testing.assert_allclose(eye.times()[: int(DURATION[0])], np.arange(int(DURATION[0])) / 1000, atol=1e-9)
    assert any(
        "12 trials whose times begin anew in each were put one behind another with 1 s between" in note for note in found.notes
    )


def test_a_struct_of_units_stays_one_of_units(tmp_path):
    cells = np.empty((1, 6), dtype=[("times", object), ("depth", object), ("end", object)])
    for at in range(6):
        cells[0, at] = (np.sort(RNG.uniform(0, 600, 200))[:, None], float(at), 600.0)
    scipy.io.savemat(tmp_path / "units.mat", {"unit": cells})
    assert draft_recipe(tmp_path / "units.mat").recipe.by_trial is None


@pytest.mark.parametrize("version", [5, 7.3])
def test_cells_of_units_by_trials(tmp_path, version):
    train = [[np.sort(RNG.uniform(-0.5, 2.0, RNG.integers(5, 30))) for _ in range(8)] for _ in range(3)]
    path = tmp_path / "session.mat"
    if version == 5:
        cells = np.empty((3, 8), object)
        for unit, trial in np.ndindex(3, 8):
            cells[unit, trial] = train[unit][trial]
        scipy.io.savemat(path, {"spikes": cells, "contrast": np.arange(8) / 10, "depth": np.arange(3) * 50.0})
    else:
        with h5py.File(path, "w", userblock_size=512) as file:
            references = np.empty((8, 3), dtype=h5py.ref_dtype)
            for unit, trial in np.ndindex(3, 8):
                inner = file.create_dataset(f"#refs#/c{unit}_{trial}", data=train[unit][trial][:, None])
                inner.attrs["MATLAB_class"] = np.bytes_("double")
                references[trial, unit] = inner.ref
            outer = file.create_dataset("spikes", data=references, dtype=h5py.ref_dtype)
            outer.attrs["MATLAB_class"] = np.bytes_("cell")
            for name, values in {"contrast": np.arange(8) / 10, "depth": np.arange(3) * 50.0}.items():
                file.create_dataset(name, data=values[:, None]).attrs["MATLAB_class"] = np.bytes_("double")
        with open(path, "r+b") as file:
            file.write(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(124, b" ") + b"\x00\x02IM")
    draft = draft_recipe(path)
    assert draft.recipe.by_trial == ByTrial(times=("spikes",), begin=-0.5)
    (tmp_path / "recipe.toml").write_text(draft.to_toml())
    found = open_recording(path, recipe=tmp_path / "recipe.toml")
    last = max(times.max() for unit in train for times in unit)
    for unit in range(3):
        expected = np.concatenate([times + 0.5 + trial * (last + 0.5 + 1.0) for trial, times in enumerate(train[unit])])
        np.testing.assert_allclose(found.spikes[unit].times(), expected, atol=1e-8)
    assert list(found.trials["trials"]["contrast"]) == list(np.arange(8) / 10)
    assert list(found.unit_table["depth"]) == [0.0, 50.0, 100.0]


def test_a_table_with_a_column_of_trials(tmp_path):
    rows = [(trial + 1, unit, time) for unit in (4, 7) for trial in range(9) for time in np.sort(RNG.uniform(0, 2, 12))]
    table = pd.DataFrame(rows, columns=["trial", "unit", "time_ms"])
    table["time_ms"] *= 1000
    table.to_csv(tmp_path / "spikes.csv", index=False)
    draft = draft_recipe(tmp_path / "spikes.csv")
    assert draft.recipe.by_trial == ByTrial(times=("time_ms",), trial="trial", time_unit="ms")
    assert draft.recipe.spikes.units == "unit"
    assert draft.recipe.spikes.time_unit == "s"
    (tmp_path / "recipe.toml").write_text(draft.to_toml())
    found = open_recording(tmp_path / "spikes.csv", recipe=tmp_path / "recipe.toml")
    last = table["time_ms"].max() / 1000
    for at, unit in enumerate((4, 7)):
        mine = table[table["unit"] == unit]
        np.testing.assert_allclose(found.spikes[at].times(), (mine["trial"] - 1) * (last + 1) + mine["time_ms"] / 1000, atol=1e-8)
    assert list(found.trials["trials"]["by_trial_name"]) == list(range(1, 10))


def test_times_of_the_session_beside_a_column_of_trials_stay(tmp_path):
    times = np.sort(RNG.uniform(0, 60, 300))
    pd.DataFrame({"trial": (times // 5).astype(int), "unit": RNG.integers(0, 3, 300), "time": times}).to_csv(
        tmp_path / "spikes.csv", index=False
    )
    assert draft_recipe(tmp_path / "spikes.csv").recipe.by_trial is None


def test_trials_lie_where_the_session_says_in_whatever_order():
    arrays = {"t": [np.array([0.1, 0.2]), np.array([0.3])], "on": np.array([10.0, 2.0]), "v": np.array([[1.0, 2.0], [3.0, 4.0]])}
    line = on_one_line(ByTrial(times=("t",), signals=("v",), rate=4.0, start="on"), NamedArrays(arrays))
    np.testing.assert_allclose(line.arrays["t"], [2.3, 10.1, 10.2])
    np.testing.assert_allclose(line.arrays["v"], [3, 4, 1, 2])
    np.testing.assert_allclose(line.arrays[SAMPLES], [2.0, 2.25, 10.0, 10.25])
    np.testing.assert_allclose(line.arrays[BINS], [2.125, 2.375, 10.125, 10.375])
    np.testing.assert_allclose(line.arrays[START], [10.0, 2.0])
    np.testing.assert_allclose(line.arrays[STOP], [10.5, 2.5])
    np.testing.assert_allclose(line.support, [[2.0, 2.5], [10.0, 10.5]])


def test_counts_of_each_trial_are_one_unit():
    train = (RNG.random((5, 40)) < 0.2).astype(float)
    recipe = Recipe.from_toml(
        '[by_trial]\nsignals = ["train"]\nrate = 100\n[counts]\nvalues = ["train"]\ntimes = "by_trial.bins"\n'
    )
    raw = apply_recipe(recipe, NamedArrays({"train": train}))
    np.testing.assert_array_equal(raw.counts.values[:, 0], train.ravel())
    np.testing.assert_allclose(raw.counts.times[[0, 40]], [0.005, 1.405])


def test_a_column_of_a_matrix_has_the_times_of_all_trials():
    arrays = NamedArrays({"data": np.array([[1, 0.1], [1, 0.4], [2, 0.2]])})
    line = on_one_line(ByTrial(times=("data[1]",), trial="data[0]"), arrays)
    np.testing.assert_allclose(line.arrays["data[1]"], [0.1, 0.4, 1.6])


def test_what_lies_outside_its_trial_is_left_out_and_said():
    arrays = NamedArrays({"t": [np.array([0.1, 5.0]), np.array([-0.2, 0.3])], "end": np.array([1.0, 1.0])})
    line = on_one_line(ByTrial(times=("t",), stop="end"), arrays)
    np.testing.assert_allclose(line.arrays["t"], [0.1, 2.3])
    assert any(
        note.startswith("2 times before the beginning or after the end of their trial left out") for note in line.arrays.notes
    )
    column = NamedArrays({"t": np.array([0.1, 5.0, 0.3]), "k": np.array([3, 3, 8]), "end": np.array([1.0, 1.0])})
    line = on_one_line(ByTrial(times=("t",), trial="k", stop="end"), column)
    np.testing.assert_allclose(line.arrays["t"], [0.1, np.nan, 2.3])
    np.testing.assert_array_equal(line.arrays[NAME], [3, 8])


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ({}, "names no array that is cut into trials"),
        ({"times": ("none",)}, "there is no array or column 'none'; the file holds: t, v, w, end, text"),
        ({"times": ("t", "w")}, "'w' has 3 entries for 2 trials"),
        ({"times": ("t",), "stop": "w"}, "'t' has 2 entries for 3 trials"),
        ({"times": ("text",)}, "'text' holds texts such as 'a', not numbers"),
        ({"signals": ("v",)}, "need their sampling rate"),
        ({"signals": ("end",), "rate": 1.0}, "is 2, of which no side is the 2 trials"),
        ({"signals": ("v", "longer"), "rate": 1.0}, "trial 2 of 'longer' has 3 samples and of 'v' 2"),
        ({"times": ("t",), "stop": "end", "begin": 2.0}, "trial 1 ends at 1 s, before it begins at 2 s"),
        ({"times": ("t",), "stop": "end", "start": "near"}, "trial 1 ends after trial 2 begins"),
        ({"times": ("t",), "trial": "t"}, "'t' is a cell array, where one array is needed"),
        ({"times": ("v",), "trial": "end"}, "'end' has 2 entries and 'v' 4"),
    ],
)
def test_what_does_not_fit_is_one_sentence(cut, said):
    arrays = NamedArrays(
        {
            "t": [np.array([0.1, 0.2]), np.array([0.3])],
            "v": np.array([[1.0, 2.0], [3.0, 4.0]]),
            "w": np.arange(3.0),
            "end": np.array([1.0, 1.0]),
            "text": np.array(["a", "b"]),
            "near": np.array([0.0, 0.5]),
            "longer": [np.zeros(2), np.zeros(3)],
        }
    )
    with pytest.raises(GlmError, match="field 'by_trial") as error:
        on_one_line(ByTrial(**cut), arrays)
    assert said in error.value.message


def test_a_file_that_says_its_trials_itself_takes_none(tmp_path, small_recording):
    recipe = Recipe.from_toml('[by_trial]\ntimes = ["a"]\n[spikes]\ntimes = "units"\n')
    with pytest.raises(GlmError, match="the file says itself when its trials are"):
        correct_with(recipe, RawRecording(spikes=[np.arange(3.0)], unit_names=["0"]), NamedArrays())
