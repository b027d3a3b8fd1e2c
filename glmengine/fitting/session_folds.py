"""Folds of a recording of several sessions, each cut into blocks of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.fitting.cross_validation import blocks_of

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def session_folds(grid: TimeGrid, valid: np.ndarray, recording: Recording, n_folds: int) -> int | np.ndarray:
    """Which fold holds each row out.

    The number of folds for one session. Of several each is cut into its own contiguous blocks of equal length, as the whole
    would be, so that no fold takes out a session of which an intercept is to be found.

    Parameters
    ----------
    valid : (T,) bool
        Rows that are fitted.
    """
    if len(recording.sessions) < 2:
        return n_folds
    session = recording.session_of(grid.centres)
    folds = np.full(grid.n_bins, -1)
    for number in range(len(recording.sessions)):
        own = valid & (session == number)
        if own.sum() >= n_folds:
            folds = np.where(own, blocks_of(own, n_folds), folds)
    return folds if (folds >= 0).any() else n_folds
