"""What NWB files may hold, written with pynwb as other laboratories write them, and what is made of it."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from pynwb.behavior import BehavioralTimeSeries, CompassDirection, Position, SpatialSeries
from pynwb.ecephys import ElectricalSeries
from pynwb.epoch import TimeIntervals
from pynwb.misc import AnnotationSeries, IntervalSeries
from pynwb.ophys import Fluorescence, ImageSegmentation, OpticalChannel

from glmengine.errors import GlmError
from glmengine.io.opening import open_recording

RNG = np.random.default_rng(8)
SPIKES = [np.sort(RNG.uniform(0, 60, 200)), np.sort(RNG.uniform(0, 60, 90))]


@pytest.fixture
def file() -> NWBFile:
    return NWBFile(session_description="made", identifier="made", session_start_time=datetime(2024, 1, 1, tzinfo=UTC))


@pytest.fixture
def opened(tmp_path):
    def write_and_open(file: NWBFile, units: bool = True):
        if units and file.units is None:
            for times in SPIKES:
                file.add_unit(spike_times=times)
        with NWBHDF5IO(str(tmp_path / "made.nwb"), "w") as io:
            io.write(file)
        return open_recording(tmp_path / "made.nwb")

    return write_and_open


def test_a_rate_a_start_a_conversion_and_an_offset(file, opened):
    data = np.arange(600, dtype=np.int16)
    file.add_acquisition(
        TimeSeries(name="wheel", data=data, unit="meters", conversion=0.01, offset=-1.0, starting_time=2.0, rate=10.0)
    )
    covariate = opened(file).covariates["wheel"]
    np.testing.assert_allclose(covariate.data.t, 2 + np.arange(600) / 10)
    np.testing.assert_allclose(covariate.data.values, data * 0.01 - 1.0)
    assert (covariate.unit, covariate.kind) == ("m", "continuous")


def test_position_and_direction_under_names_that_say_nothing(file, opened):
    module = file.create_processing_module("behavior", "b")
    times = np.arange(0, 60, 0.1)
    xy = RNG.normal(size=(600, 2))
    degrees = RNG.uniform(0, 360, 600)
    module.add(
        Position(spatial_series=SpatialSeries(name="SpatialSeries", data=xy, timestamps=times, unit="m", reference_frame="r"))
    )
    module.add(
        CompassDirection(
            spatial_series=SpatialSeries(
                name="SpatialSeries", data=degrees, timestamps=times, unit="degrees", reference_frame="r"
            )
        )
    )
    module.add(
        BehavioralTimeSeries(time_series=TimeSeries(name="running speed", data=np.abs(xy[:, 0]), timestamps=times, unit="cm/s"))
    )
    recording = opened(file)
    assert set(recording.variables) == {"position.x", "position.y", "head_direction", "running speed"}
    np.testing.assert_allclose(recording.covariates["head_direction"].data.values, np.deg2rad(degrees))
    assert any("degrees into radians" in note for note in recording.notes)
    np.testing.assert_array_equal(recording.covariates["position"].data.values, xy)


def test_raw_signals_are_not_read(file, opened):
    device = file.create_device("probe")
    group = file.create_electrode_group("g", "d", "CA1", device)
    for _ in range(2):
        file.add_electrode(location="CA1", group=group)
    region = file.create_electrode_table_region([0, 1], "both")
    file.add_acquisition(ElectricalSeries(name="raw", data=np.zeros((100, 2)), electrodes=region, starting_time=0.0, rate=20.0))
    recording = opened(file)
    assert not recording.covariates
    assert any("raw (ElectricalSeries) is a raw signal" in note for note in recording.notes)


def test_units_with_electrodes_names_and_quality(file, opened):
    device = file.create_device("probe")
    for place in ("CA1", "CA3"):
        file.add_electrode(location=place, group=file.create_electrode_group(place, "d", place, device))
    file.add_unit_column("unit_name", "name")
    file.add_unit_column("quality", "q")
    file.add_unit(spike_times=SPIKES[0], electrodes=[1], unit_name="tt3.c1", quality="good", id=10)
    file.add_unit(spike_times=SPIKES[1], electrodes=[0, 1], unit_name="tt4.c2", quality="mua", id=11)
    recording = opened(file)
    assert recording.unit_names == ("tt3_c1", "tt4_c2")
    assert recording.unit_table["region"].tolist() == ["CA3", "CA1"]
    assert recording.unit_table["quality"].tolist() == ["good", "mua"]
    np.testing.assert_allclose(recording.spikes[1].t, SPIKES[1])


def test_observed_intervals_bound_the_recording(file, opened):
    file.add_unit(spike_times=SPIKES[0], obs_intervals=[[5.0, 20.0], [30.0, 50.0]])
    recording = opened(file)
    np.testing.assert_allclose(recording.epochs["all"].values, [[5, 20], [30, 50]])
    inside = SPIKES[0][((SPIKES[0] >= 5) & (SPIKES[0] <= 20)) | ((SPIKES[0] >= 30) & (SPIKES[0] <= 50))]
    np.testing.assert_allclose(recording.spikes[0].t, inside)
    assert any(f"{200 - len(inside)} spikes outside the recorded time" in note for note in recording.notes)


def test_a_column_of_durations_is_no_event(file, opened):
    file.add_trial_column("reaction_time", "from the cue")
    file.add_trial_column("answer_time", "on the clock of the recording")
    for number in range(4):
        start = 10.0 + 4 * number
        file.add_trial(start_time=start, stop_time=start + 0.5, reaction_time=0.3 + 0.1 * number, answer_time=start + 2.0)
    recording = opened(file)
    assert recording.events["trials_answer_time"].t.tolist() == [12, 16, 20, 24]
    assert "trials_reaction_time" not in recording.events
    np.testing.assert_allclose(recording.trials["trials"].get_info("reaction_time"), [0.3, 0.4, 0.5, 0.6])


def test_epochs_by_tag_and_trials_with_event_times(file, opened):
    file.add_epoch(0.0, 20.0, ["sleep", "home"])
    file.add_epoch(25.0, 50.0, ["run"])
    file.add_epoch(52.0, 58.0, ["sleep"])
    file.add_trial_column("choice", "c")
    file.add_trial_column("cue_time", "c")
    for number in range(5):
        file.add_trial(
            start_time=26.0 + 4 * number,
            stop_time=29.0 + 4 * number,
            choice="LR"[number % 2],
            cue_time=np.nan if number == 2 else 27.0 + 4 * number,
        )
    recording = opened(file)
    np.testing.assert_allclose(recording.epochs["sleep"].values, [[0, 20], [52, 58]])
    np.testing.assert_allclose(recording.epochs["home"].values, [[0, 20]])
    assert list(recording.trials["trials"].get_info("choice")) == list("LRLRL")
    assert recording.events["trials_cue_time"].t.tolist() == [27, 31, 39, 43]
    assert recording.epochs["trials"].tot_length() == pytest.approx(15)


def test_annotations_and_interval_series(file, opened):
    file.add_acquisition(AnnotationSeries(name="remarks", data=["start", "lick", "lick"], timestamps=[1.0, 5.0, 9.0]))
    file.add_acquisition(
        IntervalSeries(name="light", data=np.array([1, -1, 2, -2], dtype=np.int8), timestamps=[2.0, 4.0, 6.0, 9.0])
    )
    recording = opened(file)
    assert recording.events["remarks=lick"].t.tolist() == [5, 9]
    np.testing.assert_allclose(recording.epochs["light"].values, [[2, 4]])
    np.testing.assert_allclose(recording.epochs["light_2"].values, [[6, 9]])


def test_intervals_that_are_reversed_are_said(file, opened):
    table = TimeIntervals(name="laps", description="laps")
    table.add_row(start_time=3.0, stop_time=1.0)
    table.add_row(start_time=5.0, stop_time=9.0)
    file.add_time_intervals(table)
    recording = opened(file)
    assert len(recording.trials["laps"]) == 1
    assert any("trials 'laps': 1 interval with stop before start" in note for note in recording.notes)


def test_calcium_imaging_without_spikes(file, opened):
    device = file.create_device("microscope")
    plane = file.create_imaging_plane(
        name="plane", optical_channel=OpticalChannel(name="c", description="d", emission_lambda=500.0), description="d",
        device=device, excitation_lambda=600.0, imaging_rate=10.0, indicator="GCaMP", location="V1",
    )  # fmt: skip
    module = file.create_processing_module("ophys", "o")
    segmentation = ImageSegmentation()
    module.add(segmentation)
    cells = segmentation.create_plane_segmentation(name="cells", description="d", imaging_plane=plane)
    for _ in range(3):
        cells.add_roi(image_mask=np.zeros((4, 4)))
    region = cells.create_roi_table_region(region=[0, 1, 2], description="all")
    traces = RNG.normal(size=(300, 3))
    responses = Fluorescence()
    module.add(responses)
    responses.create_roi_response_series(name="F", data=traces * 100, rois=region, unit="a.u.", starting_time=0.0, rate=10.0)
    responses.create_roi_response_series(
        name="deconvolved", data=np.abs(traces), rois=region, unit="a.u.", starting_time=0.0, rate=10.0
    )
    recording = opened(file, units=False)
    np.testing.assert_allclose(recording.counts.values, np.abs(traces))
    assert recording.duration == pytest.approx(30)
    assert any("cells of deconvolved are the units" in note for note in recording.notes)


def test_a_file_without_units_says_what_it_holds(file, opened):
    file.add_acquisition(TimeSeries(name="wheel", data=np.arange(10.0), unit="m", rate=1.0))
    with pytest.raises(GlmError, match=r"made\.nwb: has no units with spike times \(it holds acquisition"):
        opened(file, units=False)


def test_flags_are_steps_and_ttl_codes_are_events_too(file, opened):
    file.add_acquisition(
        TimeSeries(name="TTL in", data=np.array([4, 9, 4], dtype=np.uint8), timestamps=[3.0, 8.0, 30.0], unit="n.a.")
    )
    file.add_acquisition(
        TimeSeries(name="event codes", data=np.array([61, 2, 4, 2]), timestamps=[3.0, 8.0, 20.0, 30.0], unit="n.a.")
    )
    recording = opened(file)
    assert recording.covariates["TTL in"].kind == "step"
    assert recording.events["TTL in=4"].t.tolist() == [3, 30]
    assert recording.covariates["event codes"].kind == "category"  # more than a flag has, and without an order
    assert recording.events["event codes=2"].t.tolist() == [8, 30]
