"""Agreement with pynapple: counts, interpolation and last values where its answers are right, named differences elsewhere."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from glmengine.export.nwb import write_nwb
from glmengine.io.opening import open_recording
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.recording import Covariate, Recording
from glmengine.timegrid.grid import TimeGrid


@pytest.fixture(scope="module")
def scattered():
    """Three trains and an interval set of 20 pieces of whole tenths of a second."""
    rng = np.random.default_rng(3)
    support = nap.IntervalSet(np.arange(20) * 5.0, np.arange(20) * 5.0 + rng.integers(10, 40, 20) / 10)
    trains = {unit: nap.Ts(np.sort(rng.uniform(0, 100, 3000)), time_support=nap.IntervalSet(0, 100)) for unit in range(3)}
    group = nap.TsGroup(trains, time_support=nap.IntervalSet(0, 100))
    recording = Recording("scattered", ("0", "1", "2"), spikes=group, epochs={"all": nap.IntervalSet(0, 100)})
    return recording, support


@pytest.mark.parametrize("bin_size", [0.01, 0.02, 0.1])
def test_counts_equal_pynapples(scattered, bin_size):
    recording, support = scattered
    theirs = recording.spikes.count(bin_size, ep=support)
    grid = TimeGrid.from_intervals(support, bin_size)
    np.testing.assert_allclose(grid.centres, theirs.t, atol=2e-9)
    np.testing.assert_array_equal(count_spikes(recording, grid), theirs.values)


def test_counts_of_a_real_recording_equal_pynapples(shared_data):
    recording = open_recording(shared_data / "linear-track.nwb")
    theirs = nap.NWBFile(str(shared_data / "linear-track.nwb"))["units"]
    pieces = np.array([[4400.0, 5000.0], [5100.0, 6300.0]])
    grid = TimeGrid.from_intervals(pieces, 0.02)
    counted = theirs.count(0.02, ep=nap.IntervalSet(pieces[:, 0], pieces[:, 1]))
    np.testing.assert_array_equal(count_spikes(recording, grid), counted.values)


def test_interpolation_of_slow_samples_equals_pynapples():
    rng = np.random.default_rng(4)
    times = np.arange(0, 100, 0.25)
    series = nap.TsdFrame(times, rng.normal(size=(400, 2)), columns=["x", "y"])
    grid = TimeGrid.from_intervals(np.array([[0.0, 99.0]]), 0.1)
    theirs = series.interpolate(nap.Ts(grid.centres))
    # pynapple keeps times to a nanosecond, and the interpolated values follow
    np.testing.assert_allclose(sample_covariate(Covariate("p", series), grid), theirs.values, atol=1e-7)


def test_last_values_of_steps_equal_value_from_before():
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(0, 100, 50))
    series = nap.Tsd(times, rng.integers(0, 5, 50).astype(float), time_support=nap.IntervalSet(0, 100))
    grid = TimeGrid.from_intervals(np.array([[0.0, 100.0]]), 0.1)
    known = grid.centres > times[0]
    theirs = nap.Ts(grid.centres[known]).value_from(series, mode="before")
    np.testing.assert_array_equal(sample_covariate(Covariate("s", series, kind="step"), grid)[known], theirs.values)


def test_bin_averages_of_fast_samples_equal_pynapples():
    rng = np.random.default_rng(6)
    series = nap.Tsd(np.arange(0, 50, 0.001) + 0.0005, rng.normal(size=50_000), time_support=nap.IntervalSet(0, 50))
    grid = TimeGrid.from_intervals(np.array([[0.0, 50.0]]), 0.02)
    theirs = series.bin_average(0.02)
    np.testing.assert_allclose(sample_covariate(Covariate("f", series), grid), theirs.values, atol=1e-12)


def test_positions_of_a_real_recording_equal_pynapples_interpolation(shared_data):
    recording = open_recording(shared_data / "linear-track.nwb")
    theirs = nap.NWBFile(str(shared_data / "linear-track.nwb"))["position"]
    grid = TimeGrid.from_intervals(np.array([[4400.0, 4600.0], [5100.0, 6300.0]]), 0.005)
    ours = sample_covariate(recording.covariates["position"], grid)
    known = np.isfinite(ours).all(axis=1)
    assert known.mean() > 0.999
    np.testing.assert_allclose(ours[known], theirs.interpolate(nap.Ts(grid.centres[known])).values, atol=1e-5)


def test_steps_of_a_real_recording_equal_value_from_before(shared_data):
    recording = open_recording(shared_data / "human-mtl-task.nwb")
    events = recording.covariates["events"]
    grid = TimeGrid.from_intervals(np.array([[10.0, 900.0]]), 0.1)
    ours = sample_covariate(events, grid)
    known = np.isfinite(ours)
    assert known.mean() > 0.9
    theirs = nap.Ts(grid.centres[known]).value_from(events.data, mode="before")
    np.testing.assert_array_equal(ours[known], theirs.values)


def test_angles_differ_from_pynapples_where_the_circle_closes():
    """A documented difference: a straight line between 350 and 10 degrees passes 180, the circle's passes 0."""
    angles = nap.Tsd(np.array([0.0, 1.0]), np.deg2rad([350.0, 10.0]))
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 1.0)
    ours = sample_covariate(Covariate("a", angles, "rad", "angle"), grid)
    theirs = angles.interpolate(nap.Ts(grid.centres)).values
    assert np.rad2deg(theirs[0]) == pytest.approx(180)
    assert np.cos(ours[0]) == pytest.approx(1)


def test_what_we_write_opens_in_pynapple(small_recording, tmp_path):
    path = tmp_path / "small.nwb"
    write_nwb(small_recording, path)
    theirs = nap.NWBFile(str(path))
    for unit in range(3):
        np.testing.assert_array_equal(theirs["units"][unit].t, small_recording.spikes[unit].t)
    np.testing.assert_array_equal(theirs["position"].values, small_recording.covariates["position"].data.values)
    np.testing.assert_array_equal(theirs["head_direction"].values, small_recording.covariates["head_direction"].data.values)


def test_what_pynapple_saves_opens_here(small_recording, tmp_path):
    small_recording.spikes.save(str(tmp_path / "units.npz"))
    nap.IntervalSet([0.0, 60.0], [50.0, 110.0], metadata={"side": ["left", "right"]}).save(str(tmp_path / "laps.npz"))
    for name, covariate in small_recording.covariates.items():
        covariate.data.save(str(tmp_path / f"{name}.npz"))
    again = open_recording(tmp_path)
    assert again.unit_names == ("0", "1", "2")
    for unit in range(3):
        np.testing.assert_array_equal(again.spikes[unit].t, small_recording.spikes[unit].t)
    np.testing.assert_array_equal(again.covariates["position"].data.values, small_recording.covariates["position"].data.values)
    assert again.covariates["position"].variables == ("position.x", "position.y")
    assert again.covariates["head_direction"].kind == "angle"
    assert list(again.trials["laps"].get_info("side")) == ["left", "right"]
    assert again.duration == pytest.approx(120)
