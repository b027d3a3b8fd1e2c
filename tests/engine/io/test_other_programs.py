"""Files as other programs leave them: tracking in the folder of sorted spikes, units that lie, workbooks, raw signals, cells by trials."""

from __future__ import annotations

import zipfile

import numpy as np
import pandas as pd
import pynapple as nap
import pytest
import scipy.io
import scipy.sparse

from glmengine.errors import GlmError
from glmengine.io.cleaning import clean
from glmengine.io.formats.matlab import arrays as matlab_arrays
from glmengine.io.opening import open_recording
from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.recipe.apply import apply_recipe
from glmengine.io.recipe.draft import draft_beside, draft_from_arrays
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist_together, draft_recipe

RNG = np.random.default_rng(8)
TIMES = np.arange(9000) / 30
X = 50 + 40 * np.sin(TIMES / 3)
SPIKES = np.sort(RNG.uniform(0, 300, 900))


@pytest.fixture
def sorted_folder(tmp_path):
    folder = tmp_path / "sorted"
    folder.mkdir()
    np.save(folder / "spike_times.npy", np.rint(SPIKES * 3e4).astype(np.uint64))
    np.save(folder / "spike_clusters.npy", RNG.integers(0, 3, 900))
    (folder / "params.py").write_text("sample_rate = 30000.\n")
    (folder / "cluster_groups.csv").write_text("cluster_id\tgroup\n0\tgood\n")
    pd.DataFrame({"time": TIMES, "x": X, "y": X}).to_csv(folder / "tracking.csv", index=False)
    pd.DataFrame({"reward_time": [5.0, 9.0, 30.0]}).to_csv(folder / "rewards.csv", index=False)
    return folder


def test_tracking_in_the_folder_of_sorted_spikes_is_said_and_taken_in_by_the_drafted_recipe(sorted_folder):
    alone = open_recording(sorted_folder)
    (note,) = [note for note in alone.notes if "not read" in note]
    assert note.startswith("Phy does not say what rewards.csv, tracking.csv in the folder is: not read.")
    draft = draft_recipe(sorted_folder)
    found = open_recording(sorted_folder, draft.recipe)
    assert found.unit_names == alone.unit_names
    assert not any("not read" in note for note in found.notes)
    np.testing.assert_allclose(found.covariates["position"].data.values[:, 0], X)
    np.testing.assert_array_equal(found.events["reward_time"].t, [5, 9, 30])
    lost = draft.recipe.with_(covariates=(draft.recipe.covariates[0].with_(values=("gone.csv:x",), components=()),))
    with pytest.raises(GlmError, match=r"the recipe names the table 'gone\.csv', which is not in it"):
        open_recording(sorted_folder, lost)


def test_position_of_neuroscope_with_its_rate(tmp_path):
    samples = np.rint(SPIKES * 2e4).astype(int)
    (tmp_path / "rat.res.1").write_text("".join(f"{one}\n" for one in samples))
    (tmp_path / "rat.clu.1").write_text("3\n" + "2\n" * len(samples))
    (tmp_path / "rat.xml").write_text(
        "<parameters><acquisitionSystem><samplingRate>20000</samplingRate></acquisitionSystem></parameters>"
    )
    (tmp_path / "rat.whl").write_text("".join(f"{x:.2f}\t{x + 3:.2f}\n" for x in X))
    assert any("rat.whl:column1" in note for note in open_recording(tmp_path).notes)
    part = {"name": "led", "values": ["rat.whl:column1", "rat.whl:column2"], "rate": 30}
    found = open_recording(tmp_path, Recipe.parse({"spikes": {"times": "units"}, "covariates": [part]}))
    np.testing.assert_allclose(found.covariates["led"].data.values[:, 0], X, atol=0.01)


def test_a_recipe_takes_tracking_beside_a_file_with_a_standard(tmp_path):
    (tmp_path / "rat.res.1").write_text("".join(f"{one}\n" for one in np.rint(SPIKES * 2e4).astype(int)))
    (tmp_path / "rat.clu.1").write_text("3\n" + "2\n" * len(SPIKES))
    (tmp_path / "rat.xml").write_text(
        "<parameters><acquisitionSystem><samplingRate>20000</samplingRate></acquisitionSystem></parameters>"
    )
    pd.DataFrame({"time": TIMES, "x": X}).to_csv(tmp_path / "track.csv", index=False)
    part = {"name": "x", "values": ["track.csv:x"], "times": "track.csv:time", "unit": "cm"}
    with_track = Recipe.parse({"spikes": {"times": "units"}, "covariates": [part]})
    found = open_recording(tmp_path / "rat.xml", with_track)
    np.testing.assert_allclose(found.covariates["x"].data.values, X)
    pd.DataFrame({"time": TIMES, "x": -X}).to_csv(tmp_path / "track.csv", index=False)
    again = open_recording(tmp_path / "rat.xml", with_track)
    assert again.sha256 != found.sha256, "the hash covers every file that was read"


def test_folders_of_pynapple_inside_are_said(tmp_path):
    nap.TsGroup({0: nap.Ts(SPIKES)}).save(str(tmp_path / "units.npz"))
    (tmp_path / "behaviour").mkdir()
    nap.Tsd(TIMES, X).save(str(tmp_path / "behaviour" / "x.npz"))
    assert any("folders inside (behaviour) was not read" in note for note in open_recording(tmp_path).notes)


def cleaned(values, unit, name="head_direction"):
    raw = RawRecording(spikes=[SPIKES], unit_names=["0"], series=[RawSeries(name, TIMES, values, unit)])
    found = clean(raw)
    return found.series[0], found.notes


HEADING = np.cumsum(RNG.normal(0, 0.2, 9000))


@pytest.mark.parametrize("low", [0.0, -np.pi])
def test_an_angle_that_goes_round_in_the_other_unit_is_taken_as_that(low):
    angle = np.mod(HEADING - low, 2 * np.pi) + low
    for values, unit, other in ((np.degrees(angle), "radians", "deg"), (angle, "degrees", "rad")):
        series, notes = cleaned(values, unit)
        np.testing.assert_allclose(np.cos(series.values), np.cos(angle), atol=1e-9)
        assert any(f"but goes round in {other}" in note for note in notes)


@pytest.mark.parametrize(
    ("values", "unit"), [(HEADING * 40, "radians"), (np.mod(HEADING, 2 * np.pi), "rad"), (np.degrees(HEADING), "deg")]
)
def test_an_angle_in_the_unit_that_is_said_is_left_alone(values, unit):
    """What was unwrapped reaches as far as degrees do, but never leaps."""
    _, notes = cleaned(values, unit)
    assert not any("is said to be in" in note for note in notes)


def test_a_place_in_metres_that_is_larger_than_any_arena_is_doubted():
    _, notes = cleaned(np.column_stack([X, X]), "meters", "position")
    assert any("position reaches over 80 m: is its unit cm or pixels" in note for note in notes)
    assert not any("reaches over" in note for note in cleaned(np.column_stack([X, X]) / 100, "meters", "position")[1])


def test_missing_stretches_of_counts_are_said():
    counts = RNG.poisson(1.0, (1000, 4)).astype(float)
    counts[100:200, 2] = np.nan
    raw = RawRecording(counts=RawSeries("counts", np.arange(1000) / 10, counts), unit_names=list("abcd"))
    assert (
        "counts: 2.5 % of the values are missing, in 1 of 4 units; those bins are not used for these units." in clean(raw).notes
    )


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (["xl/workbook.xml"], "a workbook"),
        (["mimetype", "content.xml"], "a workbook"),
        (["project.json", "analysis.toml"], "a project"),
        (["x.txt"], "a zip archive"),
    ],
)
def test_workbooks_are_called_so(tmp_path, members, said):
    with zipfile.ZipFile(tmp_path / "table.xlsx", "w") as archive:
        for name in members:
            archive.writestr(name, "x")
    with pytest.raises(GlmError, match=said):
        open_recording(tmp_path / "table.xlsx")


def test_raw_signals_say_what_to_do(tmp_path):
    inner = tmp_path / "session" / "Record Node 101" / "experiment1"
    inner.mkdir(parents=True)
    (inner / "structure.oebin").write_text("{}")
    with pytest.raises(GlmError, match="session: is a recording of Open Ephys, raw signals; sort the spikes"):
        open_recording(tmp_path / "session")


def test_what_could_not_be_read_is_said_beside_what_could(tmp_path):
    np.savez(tmp_path / "lab.npz", spikes=np.array([SPIKES, SPIKES[:5]], dtype=object), t=TIMES, x=X)
    with pytest.raises(GlmError, match="'spikes' holds Python objects; save it as an array of numbers for each unit"):
        draft_recipe(tmp_path / "lab.npz")


def test_cells_of_units_by_trials_are_doubted(tmp_path):
    cells = np.empty((3, 4), object)
    for place in np.ndindex(3, 4):
        cells[place] = RNG.uniform(0, 2, 30)
    scipy.io.savemat(tmp_path / "trials.mat", {"spikes": cells})
    reasons = draft_from_arrays(matlab_arrays(tmp_path / "trials.mat")).reasons
    assert any("'spikes' is a matrix of 3 x 4 cells" in reason and "units by trials" in reason for reason in reasons)


def test_a_raster_under_any_name_of_spikes_and_its_rate_for_all(tmp_path):
    raster = (RNG.random((5000, 3)) < 0.02).astype(float)
    scipy.io.savemat(tmp_path / "raster.mat", {"spk": scipy.sparse.csc_matrix(raster), "x": X[:5000]})
    found = matlab_arrays(tmp_path / "raster.mat")
    draft = draft_from_arrays(found)
    np.testing.assert_array_equal(apply_recipe(draft.recipe, found).counts.values, raster)
    assert "So are those of x: where the rate is another, change it for each." in draft.reasons


def test_stamps_in_microseconds_of_spikes_and_frames_in_two_files_are_one_clock(tmp_path):
    begun = 1_234_567_890
    pd.DataFrame({"timestamp": np.rint(begun + SPIKES * 1e6).astype(np.int64), "cluster": RNG.integers(0, 3, 900)}).to_csv(
        tmp_path / "spikes.csv", index=False
    )
    frames = pd.DataFrame(
        {"timestamp": np.rint(begun + TIMES * 1e6).astype(np.int64), "x": X.astype(int), "y": 7 - X.astype(int)}
    )
    frames.to_csv(tmp_path / "video.csv", index=False)
    recipe = Recipe.from_toml(assist_together([tmp_path / "spikes.csv", tmp_path / "video.csv"]).recipe)
    assert recipe.spikes.time_unit == recipe.covariates[0].time_unit == "us"


def test_a_clock_that_stands_still_for_a_while_is_a_clock():
    times = TIMES.copy()
    times[1000:1300] = times[1000]
    assert draft_beside({"time": times, "x": X, "y": X}, "track.csv").covariates[0].times == "track.csv:time"


def test_trials_in_no_order_and_with_their_unit_in_the_name():
    start = np.array([100.0, 0, 200, 20, 50])
    beside = draft_beside({"start_ms": start, "end_ms": start + 25, "hit": np.arange(5)}, "t.csv")
    (trials,) = beside.trials
    assert (trials.name, trials.time_unit) == ("trials", "ms")
    assert any("are in no order of time" in reason for reason in beside.reasons)


def test_vectors_in_one_array_with_where_each_ends_are_units(tmp_path):
    np.savez(tmp_path / "ragged.npz", spike_times=SPIKES, spike_times_index=np.array([300, 500, 900]), t=TIMES, x=X)
    found = open_recording(tmp_path / "ragged.npz", draft_recipe(tmp_path / "ragged.npz").recipe)
    assert [len(found.spikes[unit]) for unit in found.spikes] == [300, 200, 400]


def test_traces_are_called_activity_not_counts():
    reasons = draft_from_arrays({"dff": RNG.normal(size=(12, 9000)), "time": TIMES}).reasons
    assert any("'dff' is taken as the activity of one unit in each column" in reason for reason in reasons)
