"""The time grid of an analysis: epochs and drawn intervals cut into bins, conditions that mask them."""

from __future__ import annotations

import numpy as np
import pynapple as nap
import pytest

from glmengine.analysis.analysis import Condition, Time
from glmengine.analysis.time_grid import make_grid, usable_bins
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.named_epochs import rows_in
from glmengine.recording.recording import Recording


def counts_recording(times, values, pieces):
    support = nap.IntervalSet(np.array(pieces)[:, 0], np.array(pieces)[:, 1])
    frame = nap.TsdFrame(np.asarray(times), np.asarray(values), time_support=support)
    return Recording("binned", tuple(map(str, range(frame.shape[1]))), counts=frame, epochs={"all": support})


def test_a_grid_for_counts_starts_on_their_edges_wherever_the_interval_was_drawn():
    times = np.concatenate([np.arange(100) * 0.01 + 0.005, 3 + np.arange(50) * 0.01 + 0.005])
    recording = counts_recording(times, np.ones((150, 1)), [[0.0, 1.0], [3.0, 3.5]])
    grid = make_grid(Time(bin_size=0.02, intervals=((0.1234, 5.0),)), recording)
    np.testing.assert_allclose(grid.pieces, [[0.13, 0.99], [3.0, 3.5]])
    assert (count_spikes(recording, grid) == 2).all()


def test_epochs_are_united_and_cut_to_the_drawn_intervals(small_recording):
    grid = make_grid(Time(bin_size=0.5, epochs=("first", "second")), small_recording)
    assert grid.offsets.tolist() == [0, 240]
    drawn = make_grid(Time(bin_size=0.5, epochs=("first",), intervals=((10.0, 20.0), (55.0, 80.0))), small_recording)
    np.testing.assert_allclose(drawn.pieces, [[10, 20], [55, 60]])


def test_faults_of_the_time_name_their_field(small_recording):
    for time, field in [
        (Time(epochs=("third",)), "time.epochs"),
        (Time(intervals=((500.0, 600.0),)), "time.intervals"),
        (Time(bin_size=1.0, intervals=((3.0, 3.5),)), "time.bin_size"),
    ]:
        with pytest.raises(GlmError) as caught:
            make_grid(time, small_recording)
        assert caught.value.field == field


def test_conditions_mask_bins_and_do_not_cut_pieces(small_recording):
    time = Time(
        bin_size=0.1, conditions=(Condition(variable="position.x", above=60.0), Condition(variable="position.y", below=50.0))
    )
    grid = make_grid(time, small_recording)
    assert len(grid.pieces) == 1
    position = sample_covariate(small_recording.covariates["position"], grid)
    np.testing.assert_array_equal(usable_bins(time, small_recording, grid), (position[:, 0] > 60) & (position[:, 1] < 50))


def test_a_condition_on_an_unknown_variable_names_its_field(small_recording):
    time = Time(conditions=(Condition(variable="position.x", above=1), Condition(variable="sped", above=1)))
    with pytest.raises(GlmError, match="no covariate 'sped'") as caught:
        usable_bins(time, small_recording, make_grid(time, small_recording))
    assert caught.value.field == "time.conditions.1.variable"


def test_rows_in_an_epoch_lie_wholly_inside_it(small_recording):
    grid = make_grid(Time(bin_size=0.7), small_recording)
    first = rows_in(grid, small_recording, ["first"])
    np.testing.assert_array_equal(first, grid.centres + 0.35 <= 60 + 1e-6)
    second = rows_in(grid, small_recording, ["second"])
    assert (first & second).sum() == 0
    assert grid.n_bins - first.sum() - second.sum() == 1
    assert rows_in(grid, small_recording, ["first", "second"]).all()
