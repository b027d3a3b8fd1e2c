"""Splits of time: what is held out together, equal shares, whole trials, gaps as long as the windows, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pynapple as nap
import pytest

import glmengine as ge
from glmengine.analysis.terms import HistoryTerm
from glmengine.analysis.validation import Validation
from glmengine.design.splits import NEVER, longest_window, split_time
from glmengine.errors import GlmError
from glmengine.timegrid.grid import TimeGrid

SECONDS, BIN = 100.0, 0.1
HISTORY = HistoryTerm(basis=ge.basis.RaisedCosineLog(n=4, window=0.5))


@pytest.fixture(scope="module")
def recording() -> ge.Recording:
    """A hundred seconds with 20 trials of 4 s, one kind three times as frequent as the other, and laps."""
    starts = np.arange(20) * 5.0
    trials = nap.IntervalSet(starts, starts + 4.0, metadata=pd.DataFrame({"choice": ["left", "right", "right", "right"] * 5}))
    return ge.Recording(
        name="made",
        unit_names=("a",),
        spikes=nap.TsGroup({0: nap.Ts(np.arange(1, 99, 0.7))}, time_support=nap.IntervalSet(0, SECONDS)),
        epochs={"all": nap.IntervalSet(0, SECONDS), "laps": nap.IntervalSet([0, 20, 50], [10, 40, 95])},
        trials={"trials": trials},
    )


@pytest.fixture(scope="module")
def grid() -> TimeGrid:
    return TimeGrid.from_intervals(np.array([[0.0, SECONDS]]), BIN)


def split(grid: TimeGrid, recording: ge.Recording, valid: np.ndarray | None = None, terms=(HISTORY,), seed=0, **fields):
    rows = np.ones(grid.n_bins, bool) if valid is None else valid
    return split_time(Validation(**fields), grid, rows, recording, terms, seed=seed)


def test_blocks_are_contiguous_and_equal(grid, recording):
    fold = split(grid, recording, folds=4).fold
    assert (np.diff(fold) >= 0).all()
    assert set(np.bincount(fold)) == {grid.n_bins // 4}


def test_interleaved_folds_hold_blocks_spread_over_the_session(grid, recording):
    found = split(grid, recording, folds=4, split="interleaved", blocks_per_fold=5)
    assert np.ptp(np.bincount(found.fold)) <= 1
    folds, times = found.intervals(grid)
    assert folds.tolist() == [0, 1, 2, 3] * 5
    np.testing.assert_allclose(times[:, 1] - times[:, 0], SECONDS / 20)
    for number in range(4):
        own = times[folds == number].mean(axis=1)
        assert own.min() < 0.25 * SECONDS
        assert own.max() > 0.75 * SECONDS


def test_trials_stay_whole_and_time_between_them_is_never_held_out(grid, recording):
    found = split(grid, recording, folds=5, split="trials", grouped_by="trials")
    trial = np.floor(grid.centres / 5).astype(int)
    inside = grid.centres % 5 < 4
    assert (found.fold[~inside] == NEVER).all()
    for number in range(20):
        assert np.unique(found.fold[inside & (trial == number)]).size == 1
    assert set(np.bincount(found.fold[inside])) == {160}
    assert "20 %" in found.notes[0]
    assert "part of the mean rate that scores are set against" in found.notes[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_balanced_trials_give_each_fold_its_share_of_each_value(grid, recording, seed):
    found = split(grid, recording, seed=seed, folds=5, split="trials", grouped_by="trials", balanced="trials.choice")
    again = split(grid, recording, seed=seed, folds=5, split="trials", grouped_by="trials", balanced="choice")
    np.testing.assert_array_equal(found.fold, again.fold)
    left = (np.floor(grid.centres / 5).astype(int) % 4 == 0) & (grid.centres % 5 < 4)
    assert set(np.bincount(found.fold[left], minlength=5)) == {40}


def test_the_seed_deals_balanced_trials_anew(grid, recording):
    fields = {"folds": 5, "split": "trials", "grouped_by": "trials", "balanced": "choice"}
    assert (split(grid, recording, seed=0, **fields).fold != split(grid, recording, seed=1, **fields).fold).any()


def test_odd_against_even_laps_and_halves(grid, recording):
    laps = split(grid, recording, split="odd_even", grouped_by="laps")
    assert laps.names == ("odd", "even")
    folds, times = laps.intervals(grid)
    assert folds.tolist() == [0, 1, 0]
    np.testing.assert_allclose(times, [[0, 10], [20, 40], [50, 95]])
    halves = split(grid, recording, split="halves").fold
    assert halves.tolist() == [0] * 500 + [1] * 500
    assert np.bincount(split(grid, recording, split="odd_even", blocks_per_fold=10).fold).tolist() == [500, 500]


def test_whole_stretches_are_dealt_so_that_folds_are_alike(recording):
    pieces = TimeGrid.from_intervals(np.array([[0, 10], [20, 22], [30, 34], [50, 54]]), BIN)
    found = split(pieces, recording, folds=2, split="epochs")
    assert np.bincount(found.fold).tolist() == [100, 100]
    for piece in range(4):
        assert np.unique(found.fold[pieces.segment == piece]).size == 1


def test_a_gap_parts_fitted_from_held_out_time_by_the_longest_window(grid, recording):
    found = split(grid, recording, folds=5, gap=True)
    reach = longest_window((HISTORY,), BIN)
    assert reach == 5
    used = np.flatnonzero(~found.left_out)
    borders = np.flatnonzero(np.diff(found.fold[used]))
    assert borders.size == 4
    assert (np.diff(used)[borders] == reach + 1).all()
    assert "0.5 s" in found.notes[-1]
    counts = found.without_gaps(np.ones((grid.n_bins, 2), np.int16))
    assert np.isnan(counts[found.left_out]).all()
    assert (counts[~found.left_out] == 1).all()


def test_bins_that_are_not_used_have_no_fold(grid, recording):
    valid = np.random.default_rng(0).uniform(size=grid.n_bins) < 0.5
    for fields in (
        {"split": "blocks"},
        {"split": "trials", "grouped_by": "trials"},
        {"split": "halves"},
        {"split": "interleaved"},
    ):
        found = split(grid, recording, valid, folds=3, **fields)
        assert (found.fold[~valid] == NEVER).all()


def test_sessions_are_held_out_one_by_one(recording):
    other = replace(recording, name="other", sha256="other")
    joined = ge.join_recordings([recording, other], names=["day one", "day two"])
    grid = TimeGrid.from_intervals(joined.epochs["all"], BIN)
    found = split(grid, joined, split="sessions")
    assert found.names == ("day one", "day two")
    np.testing.assert_array_equal(found.fold, joined.session_of(grid.centres))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"split": "sessions"}, "is one session"),
        ({"split": "epochs", "folds": 3}, "1 piece for 3 folds"),
        ({"split": "trials", "grouped_by": "trials", "folds": 30}, "20 intervals of 'trials'"),
        ({"split": "trials", "grouped_by": "nothing"}, "no trials or epoch 'nothing'"),
        ({"split": "interleaved", "folds": 50, "blocks_per_fold": 20, "gap": True}, "leaves nothing of 50 folds"),
        ({"split": "trials", "grouped_by": "trials", "balanced": "colour"}, "no property 'colour'"),
    ],
)
def test_what_cannot_be_split_is_refused_in_a_sentence(grid, recording, fields, says):
    with pytest.raises(GlmError, match=says) as caught:
        split(grid, recording, **fields)
    assert caught.value.field.startswith("validation.")


def test_trials_without_a_table_are_refused_in_the_analysis():
    with pytest.raises(GlmError, match="name it, or choose blocks"):
        Validation.parse({"split": "trials"})


def test_a_table_of_trials_that_is_an_epoch_too_is_named_once(grid, recording):
    both = replace(recording, epochs={**recording.epochs, "trials": recording.trials["trials"]})
    with pytest.raises(GlmError, match=r"no trials or epoch 'sweeps'; this recording has: trials, all, laps$"):
        split(grid, both, folds=5, split="trials", grouped_by="sweeps")
