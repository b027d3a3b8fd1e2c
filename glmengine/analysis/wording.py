"""Names and units of measure of what a model describes, for tables, curves and figures."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.models import get_family
from glmengine.recording.observed import OCCUPIED, SIGNAL, SPIKES, Words

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Model


CLASSES = Words(
    "bins with a class",
    "class probability",
    "1/s",
    "The observations are taken for the number of the class that a unit is in, in each bin.",
    predictor="log odds of a class",
    per_spike=False,
)


def words_of(model: Model) -> Words:
    """The words for the family and link of a model."""
    family = get_family(model.family)
    if family.by_class:
        return CLASSES
    words = OCCUPIED if family.binary else SPIKES if family.counts else SIGNAL
    link = family.link(model.link or None).name
    named = {
        "log": "log rate" if words.per_spike else "log activity",
        "logit": "log odds of a spike",
        "identity": "spikes per bin" if words.per_spike else "activity per bin",
    }
    return replace(words, predictor=named.get(link, f"{link} predictor"))


def label_scores(scores: xr.Dataset, words: Words) -> xr.Dataset:
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


def share_text(value: float) -> str:
    """A share of deviance to three digits after the point, or to two that say something: ``0.123``, ``0.00042``, ``-3.1e-06``."""
    if not np.isfinite(value):
        return "not known"
    if value == 0 or abs(value) >= 0.01:
        return f"{value:.3f}"
    return f"{value:.2g}"
