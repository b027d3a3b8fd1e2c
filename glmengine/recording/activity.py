"""The kind of activity that units have: spike times, counts, or signals such as calcium."""

from __future__ import annotations

from typing import Literal

import numpy as np

from glmengine.recording.recording import Recording

Activity = Literal["spike times", "counts", "positive signals", "signals that are 0 or less in places"]
_ENOUGH = 200_000
"""Values that tell counts from a signal."""


def activity(recording: Recording) -> Activity:
    """What the units of a recording hold, as far as some of the values tell: it costs no more for a long recording."""
    if recording.counts is None:
        return "spike times"
    values = np.asarray(recording.counts.values)
    # of some bins all units: all of it in one row may be a copy of all of it
    values = values[:: max(1, values.size // _ENOUGH)].ravel()
    known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
    if not ((known < 0) | (known != np.rint(known))).any():
        return "counts"
    return "positive signals" if (known > 0).all() else "signals that are 0 or less in places"


def is_signal(recording: Recording) -> bool:
    """Whether the units are neither spikes nor counts but signals, which a Poisson model does not admit."""
    return activity(recording) not in ("spike times", "counts")
