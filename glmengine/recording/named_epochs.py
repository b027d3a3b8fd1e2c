"""Named epochs of a recording: their union, and the bins that lie in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.sentences import listed
from glmengine.timegrid.intervals import as_pairs, merge

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


def epochs_union(recording: Recording, epoch_names: Iterable[str], *, field: str = "") -> np.ndarray:
    """(S, 2) merged stretches of the named epochs, in seconds.

    Raises
    ------
    GlmError
        If the recording has no epoch of that name; the sentence lists those that it has.
    """
    chosen = []
    for name in epoch_names:
        if name not in recording.epochs:
            have = listed(recording.epochs)
            raise GlmError(f"{recording.name}: no epoch '{name}'; this recording has: {have}", field=field)
        chosen.append(as_pairs(recording.epochs[name]))
    return merge(np.concatenate(chosen)) if chosen else np.empty((0, 2))


def rows_in(
    grid: TimeGrid, recording: Recording, epoch_names: Iterable[str], *, field: str = "validation.fit_epochs"
) -> np.ndarray:
    """(T,) bool, True for the bins that lie wholly inside the named epochs.

    Raises
    ------
    GlmError
        If the recording has no epoch of that name.
    """
    return grid.inside(epochs_union(recording, epoch_names, field=field))
