"""Names and units of measure of the observations: spikes and their rate, bins with a spike, or a signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


@dataclass(frozen=True)
class Words:
    """What to call the observations, their mean and the linear predictor.

    Attributes
    ----------
    observed : str
        What is summed within a bin.
    rate, unit : str
        The same per second, and its unit of measure.
    meaning : str
        What `rate` is, as a sentence for reports; empty where that needs no saying.
    predictor : str
        What the linear predictor is.
    per_spike : bool
        Whether bits per spike mean something.
    """

    observed: str
    rate: str
    unit: str
    meaning: str = ""
    predictor: str = "log rate"
    per_spike: bool = True

    @property
    def axis(self) -> str:
        """Label of an axis with the rate."""
        return f"{self.rate} ({self.unit})"

    def amount(self, total: float) -> str:
        """``1,204 spikes``, or ``summed activity 12.3``."""
        if not self.per_spike:
            return f"{self.observed} {total:.4g}"
        return "1 spike" if (self.observed, total) == ("spikes", 1) else f"{total:,.0f} {self.observed}"


SPIKES = Words("spikes", "rate", "Hz")
OCCUPIED = Words(
    "bins with a spike",
    "rate of bins with a spike",
    "Hz",
    "Rates are the probability that a bin holds a spike, divided by the width of a bin.",
)
SIGNAL = Words(
    "summed activity",
    "activity",
    "1/s",
    "The observations are taken for a signal, not for spikes: in the signal's own unit, summed within each bin, and divided by the width of a bin where it says 1/s.",
    per_spike=False,
)


def recorded_words(recording: Recording) -> Words:
    """The words for a recording before any model: spikes, unless its values per bin are not whole numbers from 0 up."""
    if recording.counts is None:
        return SPIKES
    values = np.asarray(recording.counts.values)
    if values.dtype.kind in "bu":
        return SPIKES
    known = values[np.isfinite(values)]
    return SPIKES if ((known >= 0) & (known == np.rint(known))).all() else SIGNAL
