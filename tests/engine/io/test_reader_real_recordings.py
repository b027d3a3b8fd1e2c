"""Every real recording opens, and what is said of it agrees with reading the file independently."""

from __future__ import annotations

import h5py
import numpy as np
import pytest
import scipy.io

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import draft_recipe
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.inspect import describe
from tests.clock import processor_seconds


def nwb_spikes(path):
    with h5py.File(path) as file:
        ends = file["units/spike_times_index"][:].astype(int)
        return np.split(file["units/spike_times"][:], ends)[: len(ends)], [str(name) for name in file["units/id"][:]]


def series(path, place):
    with h5py.File(path) as file:
        return file[f"{place}/timestamps"][:], file[f"{place}/data"][:]


NWB = {
    "linear-track.nwb": (
        "linear-track: 31 units, 1982 s, 28,825 spikes, 1 covariate (position in pixels)",
        {"position": "processing/behavior/Position/position"},
    ),
    "grid-cell-11207.nwb": (
        "grid-cell-11207: 1 unit, 600 s, 1,756 spikes, 2 covariates",
        {
            "position": "processing/behavior/Position/position",
            "head_direction": "processing/behavior/CompassDirection/head_direction",
        },
    ),
    "grasshopper.nwb": (
        "grasshopper: 1 unit, 9.999 s, 929 spikes, 1 covariate",
        {"amplitude_modulation": "stimulus/presentation/amplitude_modulation"},
    ),
    "A8604-211122.nwb": ("A8604-211122: 3 units, 1088 s, 21,354 spikes, no covariates", {}),
    "human-mtl-task.nwb": ("human-mtl-task: 35 units, 2821 s, 214,278 spikes, 2 covariates", None),
}


@pytest.mark.parametrize("name", NWB)
def test_units_and_covariates_of_nwb(shared_data, name):
    first_line, places = NWB[name]
    path = shared_data / name
    recording = open_recording(path)
    assert describe(recording).splitlines()[0].startswith(first_line)
    spikes, names = nwb_spikes(path)
    assert list(recording.unit_names) == names
    for unit, times in enumerate(spikes):
        np.testing.assert_allclose(recording.spikes[unit].t, np.sort(times), atol=1e-9)
    if places is None:
        return
    assert set(recording.covariates) == set(places)
    for covariate, place in places.items():
        times, values = series(path, place)
        # lost tracking is NaN in the file and stays NaN
        np.testing.assert_allclose(recording.covariates[covariate].data.t, times, atol=1e-9)
        np.testing.assert_array_equal(recording.covariates[covariate].data.values, values)


def test_units_of_measure_kinds_and_references(shared_data):
    recording = open_recording(shared_data / "grid-cell-11207.nwb")
    assert recording.covariates["position"].unit == "cm"
    assert recording.covariates["head_direction"].unit == "rad"
    assert recording.covariates["head_direction"].kind == "angle"
    assert set(recording.variables) == {"position.x", "position.y", "head_direction"}
    assert open_recording(shared_data / "linear-track.nwb").covariates["position"].unit == "pixels"


def test_the_epoch_table_of_a8604(shared_data):
    recording = open_recording(shared_data / "A8604-211122.nwb")
    np.testing.assert_allclose(recording.epochs["wake"].values, [[0.0, 1087.5289]])
    assert recording.duration == pytest.approx(1087.5289)


def test_the_task_tables_and_the_sentinel_of_human_mtl(shared_data):
    path = shared_data / "human-mtl-task.nwb"
    recording = open_recording(path)
    assert {name: len(table) for name, table in recording.trials.items()} == {
        "encoding_table": 90,
        "recognition_table": 180,
        "timediscrimination_table": 180,
    }
    with h5py.File(path) as file:
        table = file["intervals/recognition_table"]
        np.testing.assert_allclose(recording.trials["recognition_table"].start, table["start_time"][:], atol=1e-9)
        np.testing.assert_array_equal(recording.trials["recognition_table"].get_info("accuracy"), table["accuracy"][:])
        regions = [file["general/extracellular_ephys/electrodes/location"][row].decode() for row in file["units/electrodes"][:]]
        stamps, codes = file["acquisition/events/timestamps"][:], file["acquisition/events/data"][:]
    assert recording.unit_table["region"].tolist() == regions
    np.testing.assert_allclose(recording.events["events=11"].t, np.unique(stamps[codes == 11]), atol=1e-9)
    # the event at -1.5e9 s is left out and said so; without that the recording would last 48 years
    assert recording.epochs["all"].start[0] == 0.0
    assert any("events" in note and "far outside" in note for note in recording.notes)


def test_counts_and_epochs_of_the_head_direction_cells(shared_data):
    folder = shared_data / "head-direction-npz"
    recording = open_recording(folder)
    counts, angle, wake = (np.load(folder / f"{name}.npz", allow_pickle=False) for name in ("counts", "head_direction", "wake"))
    assert (
        describe(recording)
        .splitlines()[0]
        .startswith("head-direction-npz: 19 units, 2121 s, 169,119 spikes, in bins of 0.01 s, 1 covariate")
    )
    assert recording.counts.values.sum() == counts["d"].sum()
    np.testing.assert_array_equal(recording.counts.values, counts["d"])
    np.testing.assert_allclose(recording.counts.t, counts["t"], atol=1e-9)
    np.testing.assert_array_equal(recording.covariates["head_direction"].data.values, angle["d"])
    assert recording.covariates["head_direction"].kind == "angle"
    np.testing.assert_allclose(recording.epochs["wake"].values, np.column_stack([wake["start"], wake["end"]]), atol=1e-9)
    assert len(recording.epochs["all"]) == 113


def test_no_count_is_lost_when_bins_are_doubled(shared_data):
    from glmengine.analysis.analysis import Time
    from glmengine.analysis.time_grid import make_grid

    recording = open_recording(shared_data / "head-direction-npz")
    assert count_spikes(recording, make_grid(Time(bin_size=0.01), recording)).sum() == 169_119
    grid = make_grid(Time(bin_size=0.02), recording)
    counts = count_spikes(recording, grid)
    assert counts.dtype == np.int32
    # pieces with an odd number of bins lose the last one
    assert 0.999 * 169_119 < counts.sum() <= 169_119
    assert np.isfinite(sample_covariate(recording.covariates["head_direction"], grid)).mean() > 0.999


def test_neurosuite(shared_data):
    folder = shared_data / "A2929-neurosuite"
    recording = open_recording(folder)
    assert describe(recording).splitlines()[0].startswith("A2929-neurosuite: 15 units, 1200 s, 98,794 spikes")
    for shank in (1, 2):
        clusters = np.loadtxt(folder / f"A2929-200711.clu.{shank}", dtype=int)[1:]
        samples = np.loadtxt(folder / f"A2929-200711.res.{shank}", dtype=int)
        for cluster in np.unique(clusters[clusters > 1]):
            unit = recording.unit_names.index(f"{shank}-{cluster}")
            np.testing.assert_allclose(recording.spikes[unit].t, np.unique(samples[clusters == cluster]) / 20_000, atol=1e-9)
    assert recording.unit_names == open_recording(folder / "A2929-200711.xml").unit_names


def test_matlab_through_a_recipe(shared_data, tmp_path):
    path = shared_data / "mat" / "kramer-place-cell.mat"
    recipe = tmp_path / "kramer.toml"
    recipe.write_text(
        '[spikes]\ntimes = "spiketimes"\n[[covariates]]\nname = "position"\nvalues = ["X"]\ntimes = "t"\nunit = "cm"\n'
    )
    recording = open_recording(path, recipe)
    content = scipy.io.loadmat(path)
    np.testing.assert_allclose(recording.spikes[0].t, content["spiketimes"].ravel(), atol=1e-9)
    np.testing.assert_array_equal(recording.covariates["position"].data.values, content["X"].ravel())
    assert describe(recording).startswith("kramer-place-cell: 1 unit, 177.8 s, 220 spikes, 1 covariate (position in cm)")
    again = open_recording(path, recording.source["recipe"])
    assert again.source["recipe"] == recording.source["recipe"] == Recipe.load(recipe).to_dict()


def test_matlab_without_a_recipe_says_how_to_make_one(shared_data):
    with pytest.raises(GlmError, match=r"grid-cell-11207\.mat: is a MATLAB file, which has no standard.*--recipe"):
        open_recording(shared_data / "mat" / "grid-cell-11207.mat")


@pytest.mark.parametrize("name", ["kramer-place-cell", "kramer-untuned-cell", "grid-cell-11207"])
def test_the_drafted_recipe_opens_the_matlab_files(shared_data, name):
    path = shared_data / "mat" / f"{name}.mat"
    recording = open_recording(path, draft_recipe(path).recipe)
    content = scipy.io.loadmat(path)
    spikes = content["ts" if name.startswith("grid") else "spiketimes"]
    np.testing.assert_allclose(recording.spikes[0].t, np.unique(spikes), atol=1e-9)
    if name.startswith("grid"):
        np.testing.assert_array_equal(
            recording.covariates["position"].data.values, np.column_stack([content["x1"], content["y1"]])
        )


def test_opening_is_quick(shared_data):
    open_recording(shared_data / "A8604-211122.nwb")  # the imports
    spent = processor_seconds()
    open_recording(shared_data / "linear-track.nwb")
    assert processor_seconds() - spent < 2


SERIES = [
    ("linear-track.nwb", "position", "processing/behavior/Position/position"),
    ("grid-cell-11207.nwb", "position", "processing/behavior/Position/position"),
    ("grid-cell-11207.nwb", "head_direction", "processing/behavior/CompassDirection/head_direction"),
    ("grasshopper.nwb", "amplitude_modulation", "stimulus/presentation/amplitude_modulation"),
    ("human-mtl-task.nwb", "events", "acquisition/events"),
    ("human-mtl-task.nwb", "experiment_ids", "acquisition/experiment_ids"),
]


@pytest.mark.parametrize(("name", "covariate", "place"), SERIES)
def test_what_inspect_says_of_a_covariate_is_what_the_file_holds(shared_data, name, covariate, place):
    line = next(
        line.strip()
        for line in describe(open_recording(shared_data / name)).splitlines()
        if line.strip().startswith(f"{covariate}: ")
    )
    times, values = series(shared_data / name, place)
    kept = times > -1e6  # the sentinel of the human recording
    times, rows = np.unique(times[kept], return_index=True)  # six of its events have the time of another
    values = values[kept][rows]
    assert f"{len(times):,} samples" in line
    assert f"{1 / np.median(np.diff(times)):.4g} Hz" in line
    assert f"{np.nanmin(values):.4g} to {np.nanmax(values):.4g}" in line
    with h5py.File(shared_data / name) as file:
        unit = file[f"{place}/data"].attrs["unit"]
    unit = unit.decode() if isinstance(unit, bytes) else unit
    known = {"radians": "rad", "pixels": "pixels", "cm": "cm", "a.u.": "a.u."}.get(unit)
    assert known is None or f", {known};" in line


def test_what_inspect_says_of_the_folders(shared_data):
    text = describe(open_recording(shared_data / "head-direction-npz"))
    angle = np.load(shared_data / "head-direction-npz" / "head_direction.npz", allow_pickle=False)
    assert f"{len(angle['t']):,} samples; {1 / np.median(np.diff(angle['t'])):.4g} Hz" in text
    assert f"{angle['d'].min():.4g} to {angle['d'].max():.4g}" in text
    wake = np.load(shared_data / "head-direction-npz" / "wake.npz", allow_pickle=False)
    assert (
        f"wake: {(wake['end'] - wake['start']).sum():.0f} s, {wake['start'][0]:.6g} to {wake['end'][-1]:.6g} s, in 113 pieces"
        in text
    )
    samples = [np.loadtxt(shared_data / "A2929-neurosuite" / f"A2929-200711.res.{shank}") for shank in (1, 2)]
    clusters = [np.loadtxt(shared_data / "A2929-neurosuite" / f"A2929-200711.clu.{shank}")[1:] for shank in (1, 2)]
    kept = np.concatenate([times[own > 1] for times, own in zip(samples, clusters, strict=True)]) / 20_000
    assert f"all: 1200 s, {kept.min():.6g} to {kept.max():.6g} s" in describe(open_recording(shared_data / "A2929-neurosuite"))


@pytest.mark.parametrize("name", [name for name in NWB if name != "human-mtl-task.nwb"])
def test_the_recorded_time_is_from_the_first_to_the_last_thing_in_the_file(shared_data, name):
    recording = open_recording(shared_data / name)
    times = [np.concatenate(nwb_spikes(shared_data / name)[0])]
    times += [series(shared_data / name, place)[0] for _, _, place in [row for row in SERIES if row[0] == name]]
    with h5py.File(shared_data / name) as file:
        if "intervals/epochs" in file:
            times += [file["intervals/epochs/start_time"][:], file["intervals/epochs/stop_time"][:]]
    low, high = min(found.min() for found in times), max(found.max() for found in times)
    np.testing.assert_allclose([recording.epochs["all"].start[0], recording.epochs["all"].end[-1]], [low, high], atol=1e-6)


def test_every_recording_that_is_at_hand_is_tested(shared_data):
    names = {path.name for path in shared_data.iterdir() if path.name != "README.md"}
    assert names == {*NWB, "head-direction-npz", "A2929-neurosuite", "mat"}
    assert {path.name for path in (shared_data / "mat").iterdir()} == {
        "kramer-place-cell.mat",
        "kramer-untuned-cell.mat",
        "grid-cell-11207.mat",
    }
