"""What is modelled, in words: spikes and their rate, bins that hold one, or a signal, with units of measure for tables, curves and figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.models import get_family

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Model
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


def words_of(model: Model) -> Words:
    """The words for the family and link of a model."""
    family = get_family(model.family)
    words = OCCUPIED if family.binary else SPIKES if family.counts else SIGNAL
    link = family.link(model.link or None).name
    named = {
        "log": "log rate" if words.per_spike else "log activity",
        "logit": "log odds of a spike",
        "identity": "spikes per bin" if words.per_spike else "activity per bin",
    }
    return replace(words, predictor=named.get(link, f"{link} predictor"))


def recorded_words(recording: Recording) -> Words:
    """The words for a recording before any model: spikes, unless its values per bin are not whole numbers from 0 up."""
    if recording.counts is None:
        return SPIKES
    values = np.asarray(recording.counts.values)
    if values.dtype.kind in "bu":
        return SPIKES
    known = values[np.isfinite(values)]
    return SPIKES if ((known >= 0) & (known == np.rint(known))).all() else SIGNAL


def worded(scores: xr.Dataset, words: Words) -> xr.Dataset:
    """A table of scores whose units of measure and meanings fit the family; names and numbers stay as they are."""
    if words.observed == SPIKES.observed:
        return scores
    said = {
        "n_spikes": ("bins" if words.per_spike else words.observed, f"{words.observed} in the bins fitted"),
        "rate_hz": (words.unit, f"mean {words.rate} in the bins fitted"),
    }
    changed = scores.copy()
    for name, (unit, text) in said.items():
        if name in changed:
            changed[name] = changed[name].assign_attrs(unit=unit, long_name=text)
    return changed


def share(value: float) -> str:
    """A share of deviance to three digits after the point, or to two that say something: ``0.123``, ``0.00042``, ``-3.1e-06``."""
    if not np.isfinite(value):
        return "not known"
    if value == 0 or abs(value) >= 0.01:
        return f"{value:.3f}"
    return f"{value:.2g}"
