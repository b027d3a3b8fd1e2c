"""Units and covariates of a recording in bins: every spike once, nothing carried over long gaps."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pynapple as nap
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmengine.errors import GlmError
from glmengine.recording.activity import activity
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.recording import Covariate, Recording
from glmengine.timegrid.grid import TimeGrid


def spikes_recording(times, *, support=(0.0, 10.0), **more):
    whole = nap.IntervalSet(*support)
    group = nap.TsGroup({0: nap.Ts(np.asarray(times, dtype=float), time_support=whole)}, time_support=whole)
    return Recording("made", ("a",), spikes=group, epochs={"all": whole, **more.pop("epochs", {})}, **more)


def counts_recording(times, values, pieces):
    support = nap.IntervalSet(np.array(pieces)[:, 0], np.array(pieces)[:, 1])
    frame = nap.TsdFrame(np.asarray(times), np.asarray(values), time_support=support)
    return Recording("binned", tuple(map(str, range(frame.shape[1]))), counts=frame, epochs={"all": support})


def covariate(times, values, kind="continuous", support=None):
    values = np.asarray(values, dtype=float)
    make = nap.Tsd if values.ndim == 1 else nap.TsdFrame
    return Covariate("x", make(np.asarray(times, dtype=float), values, time_support=support), kind=kind)


def test_a_bin_holds_its_left_edge_and_not_its_right_one():
    recording = spikes_recording([0.0, 0.1, 0.3, 0.7, 0.9999999, 1.0])
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.1)
    counts = count_spikes(recording, grid)
    assert counts.dtype == np.int32
    assert counts[:, 0].tolist() == [1, 1, 0, 1, 0, 0, 0, 1, 0, 1]


@settings(max_examples=60, deadline=None)
@given(
    start=st.floats(-100, 5000).map(lambda x: round(x, 4)),
    bin_size=st.sampled_from([0.001, 0.005, 0.01, 0.02, 1 / 60, 0.1]),
    n_bins=st.integers(1, 400),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_spike_is_counted_once(start, bin_size, n_bins, seed):
    """Spikes on a grid of a tenth of a millisecond, many of them on edges, all inside: none is lost, none counts twice."""
    stop = start + n_bins * bin_size
    times = np.unique(np.round(np.random.default_rng(seed).uniform(start, stop, 300), 4))
    times = times[(times >= start) & (times < round(stop, 9))]
    if not len(times):
        return
    grid = TimeGrid.from_intervals(np.array([[start, stop]]), bin_size)
    counts = count_spikes(spikes_recording(times, support=(start - 1, stop + 1)), grid)[:, 0]
    assert grid.n_bins == n_bins
    edges = np.round(start + np.arange(n_bins + 1) * bin_size, 9)
    expected = np.diff(np.searchsorted(times, edges, side="left"))
    np.testing.assert_array_equal(counts, expected)
    assert counts.sum() == len(times[times < edges[-1]])


def test_spikes_between_pieces_count_nowhere():
    recording = spikes_recording([0.5, 1.5, 2.5])
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0], [2.0, 3.0]]), 0.5)
    assert count_spikes(recording, grid)[:, 0].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize(("busiest", "dtype"), [(1, np.int8), (127, np.int8), (128, np.int16), (40_000, np.int32)])
def test_counts_to_keep_take_the_fewest_bytes_that_hold_them(busiest, dtype):
    recording = spikes_recording(np.concatenate([[0.15], np.linspace(0.4, 0.499, busiest)]))
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.1)
    kept = count_spikes(recording, grid, compact=True)
    assert kept.dtype == dtype
    np.testing.assert_array_equal(kept, count_spikes(recording, grid))
    assert kept[4, 0] == busiest


def test_unknown_unit_is_named_with_its_field():
    with pytest.raises(GlmError, match=r"no unit 'b'.*: a") as caught:
        count_spikes(spikes_recording([0.5]), TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.1), ["b"])
    assert caught.value.field == "units.names"


def test_counts_that_came_binned_are_summed_and_holes_are_missing():
    times = np.arange(100) * 0.01 + 0.005
    values = np.arange(200).reshape(100, 2)
    keep = np.ones(100, dtype=bool)
    keep[42] = False
    recording = counts_recording(times[keep], values[keep], [[0.0, 1.0]])
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.02)
    counts = count_spikes(recording, grid)
    expected = values.reshape(50, 2, 2).sum(axis=1).astype(float)
    expected[21] = np.nan
    np.testing.assert_array_equal(counts, expected)
    whole = count_spikes(counts_recording(times, values, [[0.0, 1.0]]), grid, ["1"])
    assert whole.dtype == np.int32
    np.testing.assert_array_equal(whole[:, 0], values.reshape(50, 2, 2).sum(axis=1)[:, 1])


def test_counts_cannot_be_cut_into_narrower_or_odd_bins():
    recording = counts_recording(np.arange(100) * 0.01 + 0.005, np.ones((100, 1)), [[0.0, 1.0]])
    for bin_size in (0.005, 0.015, 0.001):
        with pytest.raises(GlmError, match=r"0\.01 s or a whole multiple") as caught:
            count_spikes(recording, TimeGrid.from_intervals(np.array([[0.0, 1.0]]), bin_size))
        assert caught.value.field == "time.bin_size"


def test_faster_samples_are_averaged_within_the_bin():
    times = np.arange(0, 1, 0.01)
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.05)
    values = np.random.default_rng(0).normal(size=100) + 1e6
    sampled = sample_covariate(covariate(times, values), grid)
    np.testing.assert_allclose(sampled, values.reshape(20, 5).mean(axis=1), rtol=1e-14)


def test_slower_samples_are_interpolated_and_nothing_is_extrapolated():
    grid = TimeGrid.from_intervals(np.array([[0.0, 3.0]]), 0.1)
    sampled = sample_covariate(covariate([0.5, 1.5, 2.5], [0.0, 10.0, 0.0]), grid)
    inside = (grid.centres >= 0.5) & (grid.centres <= 2.5)
    assert np.isnan(sampled[~inside]).all()
    np.testing.assert_allclose(sampled[inside], np.interp(grid.centres[inside], [0.5, 1.5, 2.5], [0, 10, 0]))


def test_angles_go_the_short_way_round():
    grid = TimeGrid.from_intervals(np.array([[0.0, 4.0]]), 1.0)
    slow = sample_covariate(covariate([0.0, 2.0, 4.0], [6.0, 0.5, 6.0], kind="angle"), grid)
    step = (0.5 - 6.0) % (2 * np.pi)
    np.testing.assert_allclose(slow[:2], [(6 + step / 4) % (2 * np.pi), (6 + 3 * step / 4) % (2 * np.pi)])
    fast = sample_covariate(covariate([0.1, 0.5], [6.2, 0.1], kind="angle"), TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 1.0))
    np.testing.assert_allclose(fast, [((6.2 - 2 * np.pi + 0.1) / 2) % (2 * np.pi)])
    assert ((slow >= 0) & (slow < 2 * np.pi)).all()


def test_the_mean_of_angles_never_comes_out_as_a_full_turn():
    tiny = covariate([0.1, 0.2, 0.3], [-1e-17, -1e-17, 2 * np.pi], kind="angle")
    assert sample_covariate(tiny, TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 1.0))[0] == pytest.approx(0.0, abs=1e-12)


def test_steps_and_categories_hold_the_last_value():
    grid = TimeGrid.from_intervals(np.array([[0.0, 100.0]]), 1.0)
    support = nap.IntervalSet(0.0, 100.0)
    for kind in ("step", "category"):
        sampled = sample_covariate(covariate([2.0, 3.0, 60.0], [5.0, 7.0, 1.0], kind=kind, support=support), grid)
        assert np.isnan(sampled[:2]).all()
        assert sampled[2] == 5
        assert (sampled[3:60] == 7).all()
        assert (sampled[60:] == 1).all()


def test_regularly_sampled_categories_are_not_held_over_long_gaps():
    times = np.concatenate([np.arange(0.0, 50.0), np.arange(80.0, 100.0)])
    sampled = sample_covariate(covariate(times, np.ones(70), kind="step"), TimeGrid.from_intervals(np.array([[0.0, 100.0]]), 1.0))
    assert np.isfinite(sampled[:59]).all()
    assert np.isnan(sampled[60:80]).all()


@pytest.mark.parametrize("kind", ["continuous", "angle"])
def test_gaps_above_the_limit_are_invalid_and_nan_samples_are_gaps(kind):
    times = np.arange(0, 10, 0.1)
    values = np.linspace(0, 1, 100)
    values[20:25] = np.nan  # half a second: filled in
    values[50:70] = np.nan  # two seconds: longer than ten periods
    grid = TimeGrid.from_intervals(np.array([[0.0, 9.9]]), 0.05)
    sampled = sample_covariate(covariate(times, values, kind), grid)
    gap = (grid.centres > 4.9) & (grid.centres < 7.0)
    assert np.isnan(sampled[gap]).all()
    np.testing.assert_allclose(sampled[~gap], np.interp(grid.centres[~gap], times, np.linspace(0, 1, 100)), atol=1e-12)
    shorter = sample_covariate(covariate(times, values, kind), grid, max_gap=0.3)
    assert np.isnan(shorter[(grid.centres > 1.9) & (grid.centres < 2.5)]).all()
    longer = sample_covariate(covariate(times, values, kind), grid, max_gap=3.0)
    assert np.isfinite(longer).all()


def test_gaps_between_the_pieces_of_a_covariate_are_never_bridged():
    support = nap.IntervalSet([0.0, 1.0], [0.5, 2.0])
    series = covariate([0.1, 0.3, 0.5, 1.0, 1.2, 1.4], np.arange(6.0), support=support)
    sampled = sample_covariate(series, TimeGrid.from_intervals(np.array([[0.0, 2.0]]), 0.1))
    centres = TimeGrid.from_intervals(np.array([[0.0, 2.0]]), 0.1).centres
    assert np.isnan(sampled[(centres > 0.5) & (centres < 1.0)]).all()
    assert np.isfinite(sampled[(centres > 1.0) & (centres < 1.4)]).all()


def test_components_are_sampled_each_for_itself():
    times = np.arange(0, 1, 0.1)
    values = np.column_stack([times, 1 - times])
    values[3:, 1] = np.nan
    sampled = sample_covariate(covariate(times, values), TimeGrid.from_intervals(np.array([[0.0, 0.9]]), 0.1))
    assert sampled.shape == (9, 2)
    assert np.isfinite(sampled[:, 0]).all()
    assert np.isnan(sampled[3:, 1]).all()


def test_all_nan_gives_all_nan():
    assert np.isnan(
        sample_covariate(covariate([0.0, 1.0], [np.nan, np.nan]), TimeGrid.from_intervals(np.array([[0.0, 1.0]]), 0.1))
    ).all()


@pytest.mark.parametrize("order", ["C", "F"])
def test_what_units_hold_is_told_from_some_of_the_values_in_any_layout(order):
    """Traces of NWB lie unit by unit: all of them were copied while the window waited."""
    values = np.asarray(np.tile(np.arange(500.0), (8000, 1)), order=order)
    recording = counts_recording(np.arange(8000) / 30.0, values, [(0.0, 300.0)])
    assert recording.counts.values.flags[f"{order}_CONTIGUOUS"]
    tracemalloc.start()
    try:
        assert activity(recording) == "counts"
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 0.5 * values.nbytes
    recording.counts.values[:, -1] = 0.5
    assert activity(recording) == "signals that are 0 or less in places"
