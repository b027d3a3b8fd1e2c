"""The bins of a time grid: whole ones only, each piece its own grid."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.usable_time import used_pieces
from glmengine.errors import GlmError
from glmengine.timegrid.grid import TimeGrid


def test_each_piece_starts_its_own_grid_and_leftovers_are_dropped():
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.05], [2.03, 2.43]]), 0.1)
    assert grid.offsets.tolist() == [0, 10, 14]
    assert grid.segment.tolist() == [0] * 10 + [1] * 4
    np.testing.assert_allclose(grid.centres[:2], [0.05, 0.15])
    np.testing.assert_allclose(grid.centres[10:], [2.08, 2.18, 2.28, 2.38])
    np.testing.assert_allclose(grid.pieces, [[0, 1.0], [2.03, 2.43]])


def test_a_tenth_fits_ten_times_into_one_in_spite_of_rounding():
    for bin_size, length, expected in [(0.1, 1.0, 10), (0.01, 0.29, 29), (0.001, 3.001, 3001), (1 / 3, 1.0, 3), (0.1, 0.3, 3)]:
        assert TimeGrid.from_intervals(np.array([[5.0, 5.0 + length]]), bin_size).n_bins == expected


def test_overlapping_and_touching_intervals_are_one_piece():
    grid = TimeGrid.from_intervals(np.array([[3.0, 5.0], [0.0, 1.0], [1.0, 2.5], [0.5, 2.0]]), 0.5)
    np.testing.assert_allclose(grid.pieces, [[0, 2.5], [3, 5]])
    # pynapple takes a microsecond from the first of two touching intervals
    cut = nap.IntervalSet([0.0, 1.0 + 1e-6], [1.0, 2.0])
    assert TimeGrid.from_intervals(cut, 0.1).offsets.tolist() == [0, 20]


def test_pieces_shorter_than_a_bin_reversed_ones_and_nan_are_dropped():
    grid = TimeGrid.from_intervals(np.array([[0.0, 0.09], [1.0, 1.1], [3.0, 2.0], [np.nan, 4.0]]), 0.1)
    assert grid.n_bins == 1
    np.testing.assert_allclose(grid.centres, [1.05])


def test_an_impossible_number_of_bins_is_refused_before_it_is_made():
    with pytest.raises(GlmError) as caught:
        TimeGrid.from_intervals(np.array([[0.0, 1e9]]), 1e-3)
    assert caught.value.field == "time.bin_size"


def test_edges_of_some_bins_are_those_of_all_however_many_are_worked_on_at_a_time(monkeypatch):
    monkeypatch.setattr("glmengine.timegrid.grid._BLOCK", 7)
    grid = TimeGrid.from_intervals(np.array([[0.0, 1.003], [1.1, 1.3], [5.0, 5.02]]), 0.02)
    starts = np.concatenate([first + 0.02 * np.arange(n) for first, n in ((0.0, 50), (1.1, 10), (5.0, 1))])
    np.testing.assert_allclose(grid.starts, starts, atol=1e-9)
    np.testing.assert_array_equal(grid.stops[:-1][np.diff(grid.segment) == 0], grid.starts[1:][np.diff(grid.segment) == 0])
    np.testing.assert_allclose(grid.stops - grid.starts, 0.02, atol=1e-9)
    rows = np.array([0, 49, 50, 59, 60, 3])
    np.testing.assert_array_equal(grid.starts_at(rows), grid.starts[rows])
    np.testing.assert_array_equal(grid.stops_at(rows), grid.stops[rows])
    intervals = np.array([[0.1, 0.29], [1.1, 1.22]])
    inside = [
        any(a - 1e-9 <= start and stop <= b + 1e-9 for a, b in intervals)
        for start, stop in zip(starts, starts + 0.02, strict=True)
    ]
    np.testing.assert_array_equal(grid.inside(intervals), inside)


@pytest.mark.parametrize("bin_size", [0.001, 0.02, 1 / 30, 1e-5])
def test_each_time_is_in_the_bin_whose_edges_hold_it(bin_size):
    rng = np.random.default_rng(3)
    grid = TimeGrid.from_intervals(np.array([[0.1, 0.1 + 300 * bin_size], [1000.0, 1000.0 + 70.5 * bin_size]]), bin_size)
    edges = np.concatenate([grid.starts, grid.stops, grid.starts - 1e-9, grid.starts + 1e-9])
    times = np.concatenate(
        [edges, rng.uniform(0.0, 0.2 + 300 * bin_size, 500), 1000 + rng.uniform(0, 80 * bin_size, 500), [np.nan, np.inf]]
    )
    held = (np.round(times, 9)[:, None] >= grid.starts) & (np.round(times, 9)[:, None] < grid.stops)
    expected = np.where(held.any(1), held.argmax(1), -1)
    np.testing.assert_array_equal(grid.rows_of(times), expected)


def test_making_a_grid_takes_little_more_than_it_keeps():
    """120 million bins of a recording in milliseconds took 7.5 GB in a window."""
    tracemalloc.start()
    grid = TimeGrid.from_intervals(np.array([[0.0, 4000.0], [5000.0, 9000.0]]), 0.001)
    kept, most = tracemalloc.get_traced_memory()
    assert most < 1.7 * kept
    tracemalloc.reset_peak()
    pieces = used_pieces(grid, np.ones(grid.n_bins, bool))
    assert tracemalloc.get_traced_memory()[1] < 1.7 * kept
    tracemalloc.stop()
    np.testing.assert_allclose(pieces, [[0.0, 4000.0], [5000.0, 9000.0]], atol=1e-9)
