"""Which bins of a variable were visited for long enough to say something."""

from __future__ import annotations

import numpy as np

HARDLY = 0.01
"""Share of all time that the bins that were hardly visited hold together: a spike or two make any rate there."""


def visited(seconds: np.ndarray) -> np.ndarray:
    """Bins that were not hardly visited, by the `seconds` spent in each; these alone set the ends of an axis of rates.

    A share of the longest stay would not do: an animal that rests most of the time runs for little of it at each speed.
    """
    seconds = np.asarray(seconds, float)
    order = np.argsort(seconds, axis=None, kind="stable")
    enough = np.empty(seconds.size, bool)
    enough[order] = np.cumsum(seconds.ravel()[order]) > HARDLY * seconds.sum()
    return enough.reshape(seconds.shape)
