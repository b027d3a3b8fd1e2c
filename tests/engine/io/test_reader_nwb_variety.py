"""NWB files as large collections have them: states, sweeps of properties, planes of cells, pictures, hostile clocks; nothing lost silently."""

from __future__ import annotations

from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
from hdmf.common import DynamicTable, VectorData
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.base import ImageReferences, Images
from pynwb.behavior import BehavioralEpochs, EyeTracking, Position, SpatialSeries
from pynwb.ecephys import LFP
from pynwb.epoch import TimeIntervals
from pynwb.icephys import CurrentClampStimulusSeries
from pynwb.image import GrayscaleImage, IndexSeries, OpticalSeries
from pynwb.misc import Units
from pynwb.ophys import DfOverF, Fluorescence, ImageSegmentation, OpticalChannel

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.recording.binned import count_spikes

RNG = np.random.default_rng(3)
TIMES = np.arange(600) / 10


def spikes(n: int = 80) -> np.ndarray:
    return np.sort(RNG.uniform(0, 60, n))


@pytest.fixture
def file() -> NWBFile:
    return NWBFile(session_description="made", identifier="made", session_start_time=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.fixture
def opened(tmp_path):
    def write_and_open(file: NWBFile, *, units: int = 2, change=None, recipe=None):
        for _ in range(units):
            file.add_unit(spike_times=spikes())
        path = tmp_path / "made.nwb"
        with NWBHDF5IO(str(path), "w") as io:
            io.write(file)
        if change is not None:
            with h5py.File(path, "a") as content:
                change(content)
        return open_recording(path, recipe)

    return write_and_open


def electrodes(file: NWBFile, n: int) -> None:
    group = file.create_electrode_group("g", "d", "HPC", file.create_device("probe"))
    for number in range(n):
        file.add_electrode(id=100 + number, location=("CA1", "CA3")[number % 2], group=group)


def test_states_in_a_module_are_trials_and_named_epochs(file, opened):
    states = TimeIntervals(name="states", description="sleep")
    states.add_column("label", "stage")
    for row, label in enumerate(["wake", "nrem", "rem", "wake"]):
        states.add_row(start_time=15.0 * row, stop_time=15.0 * row + 15, label=label)
    file.create_processing_module("behavior", "b").add(states)
    recording = opened(file)
    np.testing.assert_allclose(recording.epochs["wake"].values, [[0, 15], [45, 60]])
    np.testing.assert_allclose(recording.epochs["rem"].values, [[30, 45]])
    assert list(recording.trials["states"].get_info("label")) == ["wake", "nrem", "rem", "wake"]


def test_a_field_potential_is_a_covariate_with_the_gain_of_each_channel(file, opened):
    electrodes(file, 3)
    field = LFP()
    data = RNG.integers(-500, 500, (600, 3)).astype(np.int16)
    field.create_electrical_series(
        name="LFP", data=data, electrodes=file.create_electrode_table_region([0, 2, 1], "d"), rate=10.0, starting_time=0.0,
        conversion=1e-6, channel_conversion=[1.0, 2.0, 4.0],
    )  # fmt: skip
    file.create_processing_module("ecephys", "e").add(field)
    covariate = opened(file).covariates["LFP"]
    np.testing.assert_allclose(covariate.data.values, data * 1e-6 * np.array([1, 2, 4]))
    assert covariate.components == ("0", "2", "1")
    assert covariate.unit == "V"


def test_properties_with_several_values_a_trial(file, opened):
    file.add_trial_column("target", "two numbers", index=True)
    file.add_trial_column("licks", "times", index=True)
    file.add_trial_column("path", "any number of numbers", index=True)
    for row in range(6):
        begin = 10.0 * row
        times = begin + np.arange(1, 1 + row % 3)
        file.add_trial(start_time=begin, stop_time=begin + 8, target=[row, -row], licks=times, path=np.arange(9 + row) - 500.0)
    recording = opened(file)
    trials = recording.trials["trials"]
    assert list(trials.get_info("target_1")) == [0, -1, -2, -3, -4, -5]
    assert recording.events["trials_licks"].t.tolist() == [11, 21, 22, 41, 51, 52]
    assert any("path left out" in note for note in recording.notes)


def test_numbers_written_as_text_because_some_are_missing(file, opened):
    for name in ("onset", "label"):
        file.add_trial_column(name, "d")
    for row in range(4):
        onset = ("N/A", "2.5", "3", "")[row]
        file.add_trial(start_time=10.0 * row, stop_time=10.0 * row + 8, onset=onset, label=("a", "1", "N/A", "2")[row])
    trials = opened(file).trials["trials"]
    np.testing.assert_array_equal(trials.get_info("onset"), [np.nan, 2.5, 3, np.nan])
    assert list(trials.get_info("label")) == ["a", "1", "N/A", "2"]


def test_columns_that_the_description_lists(file, opened):
    place = Position()
    about = {"timestamps": TIMES, "unit": "m", "reference_frame": "r"}
    for name, text in (("named", "x1, y1, x2, y2"), ("prose", "the rat, which ran, was happy, on the long and winding track")):
        place.add_spatial_series(SpatialSeries(name=name, data=RNG.normal(size=(600, 4)), description=text, **about))
    file.create_processing_module("behavior", "b").add(place)
    covariates = opened(file).covariates
    assert covariates["named"].components == ("x1", "y1", "x2", "y2")
    assert covariates["prose"].components == ("0", "1", "2", "3")


def test_stretches_whose_marks_are_not_whole(file, opened):
    epochs = BehavioralEpochs()
    epochs.create_interval_series(
        name="moves", data=np.array([-1, 1, -1, 1, 1, -1, 1], "i1"), timestamps=[1.0, 3, 4, 8, 9, 12, 58]
    )
    file.create_processing_module("behavior", "b").add(epochs)
    recording = opened(file)
    np.testing.assert_allclose(recording.epochs["moves"].values, [[3, 4], [9, 12]])
    assert any("3 of its marks" in note for note in recording.notes)


def test_time_along_the_second_axis_is_turned_round(file, opened):
    data = RNG.normal(size=(600, 3))
    file.add_stimulus(TimeSeries(name="laser", data=data, timestamps=TIMES, unit="mW"))

    def turn(content):
        del content["stimulus/presentation/laser/data"]
        content["stimulus/presentation/laser/data"] = data.T

    recording = opened(file, change=turn)
    np.testing.assert_array_equal(recording.covariates["laser"].data.values, data)
    assert any("turned round" in note for note in recording.notes)


def test_a_series_on_another_clock_does_not_make_the_recording_years_long(file, opened):
    for name, start in (("speed", 0.0), ("camera", 1.7e9)):
        file.add_acquisition(TimeSeries(name=name, data=RNG.normal(size=600), timestamps=TIMES + start, unit="cm/s"))
    recording = opened(file)
    assert recording.duration < 61
    assert list(recording.covariates) == ["speed"]
    assert any(note.startswith("camera was left out: its times") for note in recording.notes)


@pytest.mark.parametrize(
    ("name", "unit", "values", "kind"),
    [
        ("wheel_position", "rad", np.linspace(-80, 90, 600), "continuous"),
        ("eye_azimuth", "deg", RNG.uniform(-15, 20, 600), "continuous"),
        ("head_angle", "rad", np.linspace(0, 70, 600), "angle"),
        ("orientation", "deg", RNG.uniform(0, 359, 600), "angle"),
    ],
)
def test_what_does_not_go_round_is_no_angle(file, opened, name, unit, values, kind):
    file.add_acquisition(TimeSeries(name=name, data=values, timestamps=TIMES, unit=unit))
    covariate = opened(file).covariates[name]
    assert covariate.kind == kind
    expected = values if kind == "continuous" else np.mod(values if unit == "rad" else np.deg2rad(values), 2 * np.pi)
    np.testing.assert_allclose(covariate.data.values, expected, atol=1e-12)
    assert covariate.unit == (unit if kind == "continuous" else "rad")


def test_two_components_in_degrees_keep_their_unit(file, opened):
    eye = EyeTracking()
    data = RNG.normal(size=(600, 2)) * 5
    eye.add_spatial_series(SpatialSeries(name="gaze", data=data, timestamps=TIMES, unit="degrees", reference_frame="r"))
    file.create_processing_module("behavior", "b").add(eye)
    covariate = opened(file).covariates["gaze"]
    np.testing.assert_array_equal(covariate.data.values, data)
    assert covariate.unit == "deg"


def test_series_of_one_name_are_told_apart_by_what_they_lie_in(file, opened):
    module = file.create_processing_module("behavior", "b")
    for side in ("left", "right"):
        place = Position(name=f"{side}_camera")
        place.add_spatial_series(
            SpatialSeries(name="nose", data=RNG.normal(size=(600, 2)), timestamps=TIMES, unit="px", reference_frame="r")
        )
        module.add(place)
    assert set(opened(file).covariates) == {"left_camera_nose", "right_camera_nose"}


def test_what_an_extension_measures_beside_the_values_is_kept(file, opened):
    file.add_acquisition(TimeSeries(name="pupil", data=RNG.normal(size=(600, 2)), timestamps=TIMES, unit="px"))
    area = RNG.uniform(1, 9, 600)

    def extend(content):
        content["acquisition/pupil/area"] = area
        content["acquisition/pupil/area"].attrs["unit"] = "mm^2"

    covariate = opened(file, change=extend).covariates["pupil_area"]
    np.testing.assert_array_equal(covariate.data.values, area)
    assert covariate.unit == "mm^2"


def test_times_without_data_and_ones_at_odd_times_are_events(file, opened):
    when = np.sort(RNG.uniform(0, 60, 12))
    file.add_acquisition(TimeSeries(name="drops", data=np.ones(12), timestamps=when, unit="n.a."))
    file.add_acquisition(TimeSeries(name="gone", data=np.ones(12), timestamps=when, unit="n.a."))

    def drop(content):
        del content["acquisition/gone/data"]

    recording = opened(file, change=drop)
    np.testing.assert_allclose(recording.events["drops"].t, when)
    np.testing.assert_allclose(recording.events["gone"].t, when)
    assert not recording.covariates


def test_events_with_labels_of_an_extension(file, opened):
    def extend(content):
        group = content.create_group("acquisition/pokes")
        group["timestamps"] = np.array([3.0, 4.0, 5.0])
        group["data"] = np.array([1, 0, 1], dtype=np.uint8)
        group["data"].attrs["labels"] = ["left", "right"]

    events = opened(file, change=extend).events
    assert events["pokes=right"].t.tolist() == [3, 5]
    assert events["pokes=left"].t.tolist() == [4]


def test_a_table_of_events_in_a_module(file, opened):
    when = spikes(10)
    sides = VectorData(name="side", description="d", data=["l", "r"] * 5)
    table = DynamicTable(name="licks", description="d", columns=[VectorData(name="timestamp", description="d", data=when), sides])
    file.create_processing_module("behavior", "b").add(table)
    events = opened(file).events
    np.testing.assert_allclose(events["licks"].t, when)
    np.testing.assert_allclose(events["licks_side=r"].t, when[1::2])


def test_units_that_lie_in_a_module(file, opened):
    table = Units(name="units", description="d")
    times = [spikes(), spikes()]
    for one in times:
        table.add_unit(spike_times=one)
    file.create_processing_module("ecephys", "e").add(table)
    recording = opened(file, units=0)
    np.testing.assert_allclose(recording.spikes[1].t, times[1])
    assert any("processing/ecephys/units" in note for note in recording.notes)


def test_units_observed_at_different_times_have_missing_counts_elsewhere(file, opened):
    from glmengine.analysis.time import Time
    from glmengine.analysis.time_grid import make_grid

    file.add_unit(spike_times=np.array([1.0, 5, 12]), obs_intervals=[[0.0, 20.0]])
    file.add_unit(spike_times=np.array([2.0, 15]), obs_intervals=[[0.0, 10.0]])
    recording = opened(file, units=0)
    np.testing.assert_allclose(recording.epochs["all"].values, [[0, 20]])
    counts = count_spikes(recording, make_grid(Time(bin_size=5.0), recording))
    np.testing.assert_array_equal(counts, [[1, 1], [1, 0], [1, np.nan], [0, np.nan]])
    assert any("1 of 2 units was not observed all the time" in note for note in recording.notes)


def test_the_region_by_the_number_of_a_channel(file, opened):
    electrodes(file, 4)
    file.add_unit_column("peak_channel_id", "p")
    for number in (101, 100, 103):
        file.add_unit(spike_times=spikes(), peak_channel_id=number)
    assert list(opened(file, units=0).unit_table["region"]) == ["CA3", "CA1", "CA3"]


def cells_of(file: NWBFile, planes: int = 1, n: int = 5, flagged: bool = True):
    microscope = file.create_device("microscope")
    segmentation = ImageSegmentation()
    module = file.create_processing_module("ophys", "o")
    module.add(segmentation)
    regions = []
    for number in range(planes):
        plane = file.create_imaging_plane(
            name=f"plane{number}", optical_channel=OpticalChannel(name="c", description="d", emission_lambda=500.0), description="d",
            device=microscope, excitation_lambda=600.0, imaging_rate=10.0, indicator="GCaMP", location="V1",
        )  # fmt: skip
        table = segmentation.create_plane_segmentation(name=f"cells{number}", description="d", imaging_plane=plane)
        if flagged:
            table.add_column("iscell", "yes or no")
        for row in range(n):
            table.add_roi(id=200 + row, image_mask=np.zeros((2, 2)), **({"iscell": float(row != 1)} if flagged else {}))
        regions.append(table.create_roi_table_region(region=list(range(n)), description="all"))
    return module, regions


def test_cells_by_their_numbers_without_what_is_no_cell(file, opened):
    module, (region,) = cells_of(file)
    traces = RNG.normal(size=(300, 5))
    module.add(fluorescence := Fluorescence())
    fluorescence.create_roi_response_series(name="raw", data=traces * 9, rois=region, unit="a.u.", rate=10.0)
    module.add(change := DfOverF())
    change.create_roi_response_series(name="series", data=traces, rois=region, unit="n.a.", rate=10.0)
    recording = opened(file, units=0)
    assert recording.unit_names == ("200", "202", "203", "204")
    np.testing.assert_allclose(recording.counts.values, traces[:, [0, 2, 3, 4]])
    assert any("processing/ophys/Fluorescence/raw was not read" in note for note in recording.notes)
    recipe = Recipe.from_toml('[counts]\nvalues = ["raw"]\nrate = 1.0\n')
    other = open_recording(recording.path, recipe)
    np.testing.assert_allclose(other.counts.values, 9 * traces[:, [0, 2, 3, 4]])
    with pytest.raises(GlmError, match="the recipe may name"):
        open_recording(recording.path, Recipe.from_toml('[counts]\nvalues = ["absent"]\nrate = 1.0\n'))


def test_planes_of_one_clock_are_one_population(file, opened):
    module, regions = cells_of(file, planes=2, n=3, flagged=False)
    module.add(change := DfOverF())
    traces = [RNG.normal(size=(300, 3)) for _ in regions]
    for number, region in enumerate(regions):
        change.create_roi_response_series(
            name=f"plane{number}", data=traces[number], rois=region, unit="n.a.", rate=10.0, starting_time=0.02 * number
        )
    recording = opened(file, units=0)
    np.testing.assert_allclose(recording.counts.values, np.hstack(traces))
    assert recording.unit_names[3] == "plane1-200"


def test_cells_stored_before_time(file, opened):
    module, (region,) = cells_of(file, flagged=False)
    traces = RNG.normal(size=(5, 300))
    module.add(change := DfOverF())
    change.create_roi_response_series(name="dff", data=traces, rois=region, unit="n.a.", rate=10.0)
    recording = opened(file, units=0)
    np.testing.assert_allclose(recording.counts.values, traces.T)
    assert recording.duration == pytest.approx(30)


@pytest.mark.parametrize("turned", [False, True])
def test_a_response_too_large_as_it_is_is_read_in_blocks_cell_by_cell(file, opened, monkeypatch, turned):
    module, (region,) = cells_of(file)
    traces = RNG.normal(size=(300, 5))
    module.add(change := DfOverF())
    change.create_roi_response_series(name="dff", data=traces.T if turned else traces, rois=region, unit="n.a.", rate=10.0)
    monkeypatch.setattr("glmengine.io.nwb.responses.LARGEST_ARRAY", 4 * 300 * 4)
    monkeypatch.setattr("glmengine.io.nwb.responses.BLOCK", 1000)
    recording = opened(file, units=0)
    assert recording.unit_names == ("200", "202", "203", "204")
    np.testing.assert_allclose(recording.counts.values, traces[:, [0, 2, 3, 4]], rtol=1e-6)
    assert any("single precision" in note for note in recording.notes)
    monkeypatch.setattr("glmengine.io.nwb.responses.LARGEST_ARRAY", 4 * 300 * 4 - 1)
    with pytest.raises(GlmError, match="mark fewer as cells"):
        open_recording(recording.path)


def test_pictures_that_were_shown_are_frames(file, opened):
    pictures = RNG.uniform(size=(7, 4, 5))
    images = [GrayscaleImage(name=f"i{number}", data=picture) for number, picture in enumerate(pictures)]
    shown = Images(name="set", images=images, order_of_images=ImageReferences(name="order_of_images", data=images))
    file.add_stimulus_template(shown)
    index = RNG.integers(0, 7, 600)
    file.add_stimulus(IndexSeries(name="noise", data=index.astype("u4"), indexed_images=shown, timestamps=TIMES, unit="N/A"))
    film = RNG.integers(0, 255, size=(60, 3, 4)).astype("u1")
    screen = {"distance": 1.0, "field_of_view": [1.0, 1.0, 1.0], "orientation": "x"}
    file.add_stimulus(OpticalSeries(name="film", data=film, unit="n.a.", rate=1.0, format="raw", **screen))
    large = np.zeros((2, 100, 100), "u1")
    file.add_stimulus(OpticalSeries(name="large", data=large, unit="n.a.", rate=1.0, format="raw", **screen))
    recording = opened(file)
    assert recording.covariates["noise"].kind == "category"
    np.testing.assert_array_equal(recording.covariates["noise"].data.values, index)
    np.testing.assert_allclose(recording.covariates["noise_frames"].data.values, pictures[index], rtol=1e-6)
    np.testing.assert_array_equal(recording.covariates["film"].data.values, film)
    assert any("frames of 100 x 100 are too large" in note for note in recording.notes)


def test_a_series_called_after_part_of_another_is_found(file, opened):
    module = file.create_processing_module("stimulus", "s")
    module.add(TimeSeries(name="timestamps", data=TIMES, timestamps=TIMES, unit="s"))
    module.add(TimeSeries(name="data", data=TIMES * 2, timestamps=TIMES, unit="V"))
    assert len(opened(file).covariates) == 2


def test_sweeps_are_one_covariate_with_a_stretch_each(file, opened):
    electrode = file.create_icephys_electrode(name="e", description="d", device=file.create_device("amplifier"))
    current = RNG.normal(size=(3, 1000))
    for number in range(3):
        file.add_stimulus(
            CurrentClampStimulusSeries(
                name=f"current_{number}",
                data=current[number],
                starting_time=20.0 * number,
                rate=100.0,
                electrode=electrode,
                gain=1.0,
            ),
            use_sweep_table=False,
        )
    recording = opened(file)
    assert list(recording.covariates) == ["current"]
    covariate = recording.covariates["current"]
    np.testing.assert_allclose(covariate.data.values, current.ravel())
    np.testing.assert_allclose(covariate.data.time_support.values, [[0, 9.99], [20, 29.99], [40, 49.99]])


def test_nwb_of_the_first_version_is_named(tmp_path):
    with h5py.File(tmp_path / "old.nwb", "w") as content:
        content["nwb_version"] = "NWB-1.0.6"
    with pytest.raises(GlmError, match=r"old\.nwb: is NWB of the old version 1"):
        open_recording(tmp_path / "old.nwb")
