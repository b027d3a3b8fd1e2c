"""Units and time chosen in real recordings, each way of choosing on several of them, against plain NumPy and pynapple."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.analysis import Analysis, Condition, Time, UnitSelection
from glmengine.analysis.terms import HistoryTerm
from glmengine.analysis.time_grid import make_grid, usable_bins
from glmengine.basis import RaisedCosineLog
from glmengine.design.prepare import prepare
from glmengine.io.opening import open_recording
from glmengine.recording.binned import count_spikes
from glmengine.recording.derived.epochs import EpochStep
from glmengine.recording.derived.quantities import CombinedEpochs, DrawnEpochs, Speed, ThresholdEpochs, compute_derived

NAMES = ("linear-track.nwb", "grid-cell-11207.nwb", "A8604-211122.nwb", "human-mtl-task.nwb", "A2929-neurosuite")


@pytest.fixture(scope="module")
def recordings(shared_data):
    return {name: open_recording(shared_data / name) for name in NAMES}


def bins_inside(pieces: np.ndarray, bin_size: float) -> np.ndarray:
    """Left edges of the whole bins, by a plain loop."""
    edges = [start + bin_size * np.arange(int(np.floor((stop - start) / bin_size + 1e-5))) for start, stop in pieces]
    return np.concatenate(edges)


@pytest.mark.parametrize("name", NAMES)
def test_drawn_and_combined_time_gives_pynapples_bins_and_counts(recordings, name):
    recording = recordings[name]
    everything = recording.epochs["all"]
    start, length = float(everything.start[0]), recording.duration
    drawn = nap.IntervalSet([start + 0.1 * length, start + 0.5 * length], [start + 0.3 * length, start + 0.9 * length])
    hole = nap.IntervalSet(start + 0.2 * length, start + 0.6 * length)
    derived = (
        DrawnEpochs(name="some", intervals=tuple(map(tuple, drawn.values.tolist()))),
        DrawnEpochs(name="hole", intervals=tuple(map(tuple, hole.values.tolist()))),
        CombinedEpochs(name="rest", epochs=("some",), steps=(EpochStep(op="without", epochs=("hole",)),)),
    )
    made = compute_derived(derived, recording)
    theirs = everything.intersect(drawn).set_diff(hole)
    np.testing.assert_allclose(made.epochs["rest"].values, theirs.values, atol=2e-6)
    grid = make_grid(Time(bin_size=0.05, epochs=("rest",)), made)
    np.testing.assert_allclose(grid.starts, bins_inside(made.epochs["rest"].values, 0.05), atol=1e-6)
    counts = count_spikes(made, grid)
    for column in range(0, len(recording.unit_names), 5):
        times = recording.spikes[column].t
        plain = np.array(
            [np.count_nonzero((times >= a) & (times < b)) for a, b in zip(grid.starts[::40], grid.stops[::40], strict=True)]
        )
        np.testing.assert_array_equal(counts[::40, column], plain)


@pytest.mark.parametrize(("name", "limit"), [("linear-track.nwb", 20.0), ("grid-cell-11207.nwb", 5.0)])
def test_running_time_is_the_same_by_condition_and_by_epochs_but_for_their_borders(recordings, name, limit):
    recording = recordings[name]
    derived = (
        Speed(source="position"),
        ThresholdEpochs(name="run", source="speed", above=limit, at_least=0.0, bridge=0.0),
        ThresholdEpochs(name="rest", source="speed", below=limit, at_least=0.0, bridge=0.0),
    )
    made = compute_derived(derived, recording)
    speed = made.covariates["speed"]
    for epoch, sign in (("run", 1), ("rest", -1)):
        inside = made.epochs[epoch].in_interval(nap.Ts(speed.data.t)) >= 0
        meets = sign * (speed.data.values - limit) > 0
        assert (meets | ~inside).all()  # no sample inside is on the wrong side
        assert (meets & ~inside).mean() < 0.01  # single samples between gaps have no length
    time = Time(bin_size=0.02, conditions=(Condition(variable="speed", above=limit),))
    grid = make_grid(time, made)
    by_condition = usable_bins(time, made, grid).sum() * 0.02
    by_epochs = made.epochs["run"].tot_length()
    assert by_epochs == pytest.approx(by_condition, rel=0.03)
    bridged = ThresholdEpochs(name="run", source="speed", above=limit, at_least=1.0, bridge=0.5)
    lasting = compute_derived((derived[0], bridged), recording).epochs["run"].values
    assert (lasting[:, 1] - lasting[:, 0]).min() >= 1.0
    assert (lasting[1:, 0] - lasting[:-1, 1]).min() >= 0.5


@pytest.mark.parametrize("name", ["linear-track.nwb", "human-mtl-task.nwb", "A2929-neurosuite"])
def test_units_by_rate_are_those_that_plain_counting_gives(recordings, name):
    recording = recordings[name]
    rates = (
        np.array([len(recording.spikes[at]) for at in range(len(recording.unit_names))]) / recording.epochs["all"].tot_length()
    )
    low, high = np.quantile(rates, (0.3, 0.8))
    analysis = Analysis(
        units=UnitSelection(min_rate=float(low), max_rate=float(high)),
        time=Time(bin_size=0.1),
        terms=(HistoryTerm(basis=RaisedCosineLog(n=2, window=0.5)),),
    )
    expected = tuple(unit for unit, rate in zip(recording.unit_names, rates, strict=True) if low <= rate <= high)
    assert prepare(analysis, recording).units == expected


def test_wake_of_counts_that_came_binned_without_a_drawn_part(shared_data):
    recording = open_recording(shared_data / "head-direction-npz")
    wake = recording.epochs["wake"]
    middle = float(wake.start[0]) + 0.5 * float(wake.end[-1] - wake.start[0])
    derived = (
        DrawnEpochs(name="second half", intervals=((middle, float(wake.end[-1]) + 1.0),)),
        CombinedEpochs(name="first half", epochs=("wake",), steps=(EpochStep(op="without", epochs=("second half",)),)),
    )
    made = compute_derived(derived, recording)
    grid = make_grid(Time(bin_size=0.02, epochs=("first half",)), made)
    assert grid.stops[-1] <= middle + 1e-6
    counts = count_spikes(made, grid)
    values, times = recording.counts.values, recording.counts.t
    for row in range(0, grid.n_bins, 5000):
        inside = (times > grid.starts[row]) & (times < grid.stops[row])
        np.testing.assert_array_equal(counts[row], values[inside].sum(axis=0))
