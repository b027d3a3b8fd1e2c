"""The bins of a time grid: whole ones only, each piece its own grid."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

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
