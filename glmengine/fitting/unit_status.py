"""Units that need no solver, because they have no data, no spikes or no finite optimum, and the folds that count for a unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.fitting.uncounted_folds import uncounted_folds
from glmengine.models import Family
from glmengine.models.links import Link
from glmengine.sentences import listed
from glmengine.solvers.status import NO_DATA, OK, SEPARATED, SILENT_UNIT


@dataclass(frozen=True)
class Observed:
    """What the observations of M units are like, on all rows (first) and with each of F folds held out.

    Attributes
    ----------
    n_valid, mean : (F + 1, M)
        Sum of the weights, and weighted mean.
    spread : (F + 1, M)
        Largest less smallest observation; NaN for spikes, of which the mean says enough.
    classes : (F + 1, M, C) or None
        Sum of the weights of each class, for families of classes.
    """

    n_valid: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    classes: np.ndarray | None


def silence(link: Link) -> float:
    """The linear predictor of a mean of 0: minus infinity for most links."""
    return float(link.eta(0.0))


def judge(family: Family, link: Link, intercept: bool, observed: Observed) -> np.ndarray:
    """(M,) status of each unit before anything is fitted; only those that are `OK` need a solver."""
    status = np.full(observed.mean.shape[1], OK, dtype="<U9")
    if family.of_spikes and (intercept or silence(link) == 0):
        status[observed.mean[0] == 0] = SILENT_UNIT  # with nothing but covariates to silence it, it is fitted as any other
    if family.binary and intercept:
        status[observed.mean[0] == 1] = SEPARATED  # a spike in every bin: the intercept alone grows without limit
    if observed.classes is not None:
        status[(observed.classes[0] > 0).sum(axis=-1) == 1] = SILENT_UNIT
    status[observed.n_valid[0] == 0] = NO_DATA
    return status


def folds_that_count(family: Family, observed: Observed) -> np.ndarray:
    """(F, M) bool: folds that hold rows of the unit and leave some, with spikes (or a spread of the signal, or every class that they hold) to fit
    to, and with spikes among the rows that they hold.

    In a fold without spikes to fit to the null model is impossible, beside which whatever a model says looks perfect. In one that holds none, as
    where the unit was not isolated yet, any model with its past or its neighbours in it is far better than the mean rate: it has only to see that
    nothing came.
    """
    weight, mean = observed.n_valid[1:], observed.mean[1:]
    count = (weight > 0) & (weight < observed.n_valid[0])
    if family.of_spikes:
        count &= (mean > 0) & ~_hold_none(observed)
        if family.binary:
            count &= mean < 1
    elif observed.classes is not None:
        left, held = observed.classes[1:], observed.classes[0] - observed.classes[1:]
        count &= ((left > 0).sum(axis=-1) > 1) & ~((held > 0) & (left <= 0)).any(axis=-1)
    else:
        count &= observed.spread[1:] > 0
    return count


def _hold_none(observed: Observed) -> np.ndarray:
    """(F, M) whether a fold holds no spike of a unit, but for rounding."""
    spikes = observed.mean * observed.n_valid
    return spikes[0] - spikes[1:] <= 1e-9 * spikes[0]


def fold_notes(family: Family, observed: Observed, status: np.ndarray, labels: Any, units: tuple[str, ...]) -> tuple[str, ...]:
    """Folds that are left out of units' scores, and units that are left without a score, in a sentence each."""
    count, F = folds_that_count(family, observed), len(labels)
    left_out = (observed.n_valid[1:] < observed.n_valid[0]) & np.isin(status, (OK,)) & ~count
    held_out = left_out & _hold_none(observed) & (observed.mean[1:] > 0) & family.of_spikes
    notes = list(uncounted_folds(family, left_out & ~held_out, held_out, labels, units))
    unscored = [units[m] for m in np.flatnonzero(left_out.any(axis=0) & (count.sum(axis=0) < min(2, F)))]
    if unscored:
        named = listed(unscored, 8)
        notes.append(
            f"No held-out score for {named}: fewer than two folds can be scored; use the time in which the unit is there, or blocks that are interleaved over the session."
        )
    return tuple(notes)
