"""Splits of time for cross-validation: which bins are held out together, and which are left out beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.events import EventTimes, as_label, values_at
from glmengine.sentences import listed, numbered, percent
from glmengine.timegrid.blocks import blocks_of
from glmengine.timegrid.intervals import as_pairs

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm
    from glmengine.analysis.validation import Validation
    from glmengine.design.prepare import Prepared
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid

NEVER = -1
"""Fold of a row that is never held out."""


@dataclass(frozen=True)
class Split:
    """Which fold holds each bin out.

    Attributes
    ----------
    fold : (T,) int array
        `NEVER` for bins that are always fitted, or not used at all.
    names : tuple of str
        What each fold is called: ``"1"``, ``"odd"``, the name of a session.
    left_out : (T,) bool array
        Bins that are neither fitted nor scored while folds are held out: those of the gaps.
    notes : tuple of str
    """

    fold: np.ndarray
    names: tuple[str, ...]
    left_out: np.ndarray
    notes: tuple[str, ...] = field(default=())

    def without_gaps(self, counts: np.ndarray) -> np.ndarray:
        """`counts` (T, M) as the cross-validation takes them: missing in the gaps."""
        if not self.left_out.any():
            return counts
        kept = counts.astype(np.float32 if counts.dtype.kind in "iub" else counts.dtype)
        kept[self.left_out] = np.nan
        return kept

    def intervals(self, grid: TimeGrid) -> tuple[np.ndarray, np.ndarray]:
        """What each fold holds out, as stretches of time: their folds (N,) and their starts and stops (N, 2) in seconds, ascending."""
        label = np.where(self.left_out, NEVER, self.fold)
        at = np.flatnonzero(label != NEVER)
        if not at.size:
            return np.zeros(0, int), np.zeros((0, 2))
        cut = (np.diff(at) > 1) | (np.diff(grid.segment[at]) != 0) | (np.diff(label[at]) != 0)
        first, last = at[np.r_[True, cut]], at[np.r_[cut, True]]
        half = 0.5 * grid.bin_size
        return label[first], np.column_stack([grid.centres[first] - half, grid.centres[last] + half])


def split_time(
    validation: Validation,
    grid: TimeGrid,
    valid: np.ndarray,
    recording: Recording,
    terms: Sequence[AnyTerm] = (),
    *,
    seed: int = 0,
) -> Split:
    """The split that `validation` asks for; the same for every model on the same bins.

    Parameters
    ----------
    valid : (T,) bool
        Bins that are fitted.
    terms : sequence of terms
        Their longest window is the length of the gaps.
    seed : int
        Of the order in which balanced trials are dealt out.

    Raises
    ------
    GlmError
        If there are fewer intervals, stretches or sessions than folds, the table is not there, or the gaps leave nothing of a fold.
    """
    fold, names, notes = _dealt(validation, grid, valid, recording, seed)
    left_out = np.zeros(grid.n_bins, bool)
    if validation.gap and (reach := longest_window(terms, grid.bin_size)):
        left_out = valid & _near_borders(fold, valid, grid, reach)
        lost = [names[k] for k in range(len(names)) if not ((fold == k) & ~left_out).any()]
        if lost:
            raise GlmError(
                f"validation: the gap of {reach * grid.bin_size:g} s around held-out time leaves nothing of "
                f"{numbered(len(lost), 'fold')} ({listed(lost)}); use fewer folds, longer blocks or shorter windows",
                field="validation.gap",
            )
        share = np.count_nonzero(left_out) / max(np.count_nonzero(valid), 1)
        notes.append(
            f"Around held-out time {reach * grid.bin_size:g} s are left out of the cross-validation, the longest window of the terms: "
            f"{percent(share, 1)} of the bins."
        )
    return Split(fold, names, left_out, tuple(notes))


def split_prepared(validation: Validation, prepared: Prepared, seed: int) -> Split:
    """`split_time` of what is fitted: the bins and the terms of its design."""
    design = prepared.design
    return split_time(validation, prepared.grid, design.valid, prepared.recording, design.terms, seed=seed)


def longest_window(terms: Sequence[AnyTerm], bin_size: float) -> int:
    """Bins over which the farthest-reaching term looks back or ahead; 0 where none does."""
    reach = 0
    for term in terms:
        if not term.enabled:
            continue
        if hasattr(term, "kernel"):
            lags = term.kernel(bin_size)[0]
        elif getattr(term, "basis", None) is not None:
            lags = term.basis.kernel(bin_size)[0]
        else:
            continue
        reach = max(reach, int(np.abs(lags).max(initial=0)))
    return reach


def _dealt(
    validation: Validation, grid: TimeGrid, valid: np.ndarray, recording: Recording, seed: int
) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Fold of each bin, names of the folds, and notes."""
    n = validation.folds
    plain = tuple(str(number + 1) for number in range(n))
    if validation.split == "sessions":
        return _by_session(grid, valid, recording)
    if validation.split == "epochs":
        return _by_piece(grid, valid, n), plain, []
    if validation.split == "trials" or (validation.split == "odd_even" and validation.grouped_by):
        pairs = intervals_called(recording, validation.grouped_by)
        which = interval_of(pairs, grid, valid)
        notes = _outside(which, valid, validation.grouped_by)
        if validation.split == "odd_even":
            return _lookup(np.arange(len(pairs)) % 2, which), ("odd", "even"), notes
        used = np.unique(which[which >= 0])
        if used.size < n:
            raise GlmError(
                f"validation: {numbered(int(used.size), 'interval')} of '{validation.grouped_by}' hold usable bins, for {n} folds; "
                "use fewer folds, or blocks",
                field="validation.folds",
            )
        deal = np.full(len(pairs), NEVER)
        deal[used] = _in_turn(used, n, _values_of(recording, validation, used), seed)
        return _lookup(deal, which), plain, notes
    if validation.split == "halves":
        return _blocks(grid, valid, recording, 2, 1), ("first half", "second half"), []
    if validation.split == "odd_even":
        return _blocks(grid, valid, recording, 2, validation.blocks_per_fold), ("odd", "even"), []
    each = validation.blocks_per_fold if validation.split == "interleaved" else 1
    return _blocks(grid, valid, recording, n, each), plain, []


def _blocks(grid: TimeGrid, valid: np.ndarray, recording: Recording, n_folds: int, each: int) -> np.ndarray:
    """Contiguous blocks, `each` to a fold in turn; of several sessions each has its own, so that no fold takes out a whole one."""
    if len(recording.sessions) < 2:
        blocks = blocks_of(valid, n_folds * each)
        return np.where(blocks >= 0, blocks % n_folds, NEVER)
    session, fold = recording.session_of(grid.centres), np.full(grid.n_bins, NEVER)
    for number in range(len(recording.sessions)):
        own = valid & (session == number)
        if own.sum() >= n_folds * each:
            fold = np.where(own, blocks_of(own, n_folds * each) % n_folds, fold)
    if (fold == NEVER).all():
        blocks = blocks_of(valid, n_folds * each)
        return np.where(blocks >= 0, blocks % n_folds, NEVER)
    return fold


def _by_session(grid: TimeGrid, valid: np.ndarray, recording: Recording) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    if len(recording.sessions) < 2:
        raise GlmError(
            f"{recording.name}: is one session, of which none can be held out; add another one, or split by blocks",
            field="validation.split",
        )
    fold = np.where(valid, recording.session_of(grid.centres), NEVER)
    numbers = np.unique(fold[fold >= 0])
    if numbers.size < 2:
        raise GlmError("validation: only one session has bins that are used; split by blocks", field="validation.split")
    return np.where(fold >= 0, np.searchsorted(numbers, fold), NEVER), tuple(recording.sessions[int(k)].name for k in numbers), []


def _by_piece(grid: TimeGrid, valid: np.ndarray, n_folds: int) -> np.ndarray:
    """Whole stretches, the longest first into the fold that has least so far."""
    sizes = np.bincount(grid.segment[valid], minlength=int(grid.segment.max(initial=-1)) + 1)
    used = np.flatnonzero(sizes)
    if used.size < n_folds:
        raise GlmError(
            f"validation: the time in use has {numbered(int(used.size), 'piece')} for {n_folds} folds; use fewer "
            "folds, or blocks",
            field="validation.folds",
        )
    deal, filled = np.full(sizes.size, NEVER), np.zeros(n_folds)
    for piece in used[np.argsort(-sizes[used], kind="stable")]:
        deal[piece] = int(np.argmin(filled))
        filled[deal[piece]] += sizes[piece]
    return np.where(valid, deal[grid.segment], NEVER)


def intervals_called(recording: Recording, name: str) -> np.ndarray:
    """(N, 2) starts and stops (s) of the trials or the stretches called `name`, in their own order.

    Raises
    ------
    GlmError
        If the recording has neither a table of trials nor an epoch of that name.
    """
    if name in recording.trials:
        return as_pairs(recording.trials[name])
    if name in recording.epochs:
        return as_pairs(recording.epochs[name])
    have = listed(dict.fromkeys([*recording.trials, *recording.epochs]))  # a table of trials is often there as an epoch, too
    raise GlmError(f"{recording.name}: no trials or epoch '{name}'; this recording has: {have}", field="validation.grouped_by")


def interval_of(pairs: np.ndarray, grid: TimeGrid, valid: np.ndarray) -> np.ndarray:
    """(T,) number of the interval that each used bin's centre lies in, the first to begin where they overlap; `NEVER` outside."""
    order = np.argsort(pairs[:, 0], kind="stable")
    which = np.full(grid.n_bins, NEVER)
    for number in order[::-1]:  # the earliest is written last
        first, last = np.searchsorted(grid.centres, pairs[number])
        which[first:last] = number
    return np.where(valid, which, NEVER)


def _outside(which: np.ndarray, valid: np.ndarray, name: str) -> list[str]:
    outside = np.count_nonzero(valid & (which == NEVER))
    if not outside:
        return []
    share = outside / np.count_nonzero(valid)
    return [
        f"{percent(share)} of the bins lie outside the intervals of '{name}': they are fitted with every fold, and never scored. "
        "They are part of the mean rate that scores are set against, too: where rates differ inside and outside, whatever tells one from the other scores high. "
        "Fit the time inside alone for scores within it."
    ]


def _values_of(recording: Recording, validation: Validation, used: np.ndarray) -> np.ndarray | None:
    """The property to balance by of each of these trials, as text; None where there is none."""
    if not validation.balanced:
        return None
    starts = intervals_called(recording, validation.grouped_by)[used, 0]
    table = validation.grouped_by if validation.grouped_by in recording.trials else ""
    moments = EventTimes(validation.grouped_by, starts, table, used if table else np.full(used.size, -1))
    return np.array(
        [as_label(value) for value in values_at(recording, moments, validation.balanced, field="validation.balanced")]
    )


def _in_turn(used: np.ndarray, n_folds: int, values: np.ndarray | None, seed: int) -> np.ndarray:
    """Fold of each trial: in turn, or at random with every value in turn."""
    if values is None:
        return np.arange(used.size) % n_folds
    random = np.random.default_rng(seed)
    order = [row for value in np.unique(values) for row in random.permutation(np.flatnonzero(values == value))]
    deal = np.empty(used.size, int)
    deal[order] = np.arange(used.size) % n_folds
    return deal


def _lookup(deal: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Fold of each bin from that of its interval."""
    return np.where(which >= 0, deal[np.maximum(which, 0)], NEVER)


def _near_borders(fold: np.ndarray, valid: np.ndarray, grid: TimeGrid, reach: int) -> np.ndarray:
    """(T,) bool: bins within half of `reach` of a border between two folds, so that `reach` bins lie between what they hold out."""
    at = np.flatnonzero(valid)
    near = np.zeros(grid.n_bins, bool)
    changes = np.flatnonzero((np.diff(fold[at]) != 0) & (np.diff(grid.segment[at]) == 0))
    before, after = (reach + 1) // 2, reach // 2
    for change in changes:
        last, first = at[change], at[change + 1]
        middle = (last + first + 1) // 2
        near[max(middle - before, 0) : middle + after] = True
    return near
