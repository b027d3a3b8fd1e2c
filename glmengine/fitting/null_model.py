"""The model that has an intercept alone, of each unit and training part: what fits begin at and are compared with."""

from __future__ import annotations

import numpy as np

from glmengine.backend.observations import Observations
from glmengine.fitting.unit_status import Observed
from glmengine.models import Family
from glmengine.models.links import Link
from glmengine.solvers.problem import ALL_ROWS
from glmengine.threads import workers


def null_deviances(family: Family, observations: Observations, observed: Observed) -> np.ndarray:
    """(M,) weighted mean deviance of each unit's observations from their mean, or from the shares of the classes."""
    y, weights = observations.y, observations.weights
    if observed.classes is not None:
        share = observed.classes[0] / np.maximum(observed.classes[0].sum(axis=-1, keepdims=True), 1e-300)
        with np.errstate(divide="ignore", invalid="ignore"):
            return -2.0 * np.where(share > 0, share * np.log(share), 0.0).sum(axis=-1)

    def of_unit(m: int) -> float:
        with np.errstate(invalid="ignore", divide="ignore"):
            return _deviance_of_mean(family, y[m], weights[min(m, len(weights) - 1)], observed.mean[0, m])

    with workers(y.size) as pool:
        return np.array(list(pool.map(of_unit, list(range(len(y))))))


def _deviance_of_mean(family: Family, y: np.ndarray, weights: np.ndarray, mean: float) -> float:
    """Weighted mean deviance of y (T,) from its mean; counts are tabulated first, which is much faster."""
    if not np.isfinite(mean) or (mean <= 0 and not family.any_sign):
        return 0.0
    if family.of_spikes and y.max(initial=0) < 1000 and (y.dtype.kind in "ui" or np.array_equal(y, np.floor(y))):
        weights = np.bincount(y.astype(np.int64), weights=weights)
        y = np.flatnonzero(weights > 0).astype(float)
        weights = weights[weights > 0]
    elif not (used := weights > 0).all():
        y, weights = y[used], weights[used]
    return float(weights @ np.asarray(family.deviance(np.full(y.shape, mean), y)) / weights.sum())


def null_predictors(
    family: Family,
    link: Link,
    observations: Observations,
    observed: Observed,
    unit: np.ndarray,
    held: np.ndarray,
    dispersion: np.ndarray | None = None,
) -> np.ndarray:
    """(K,) intercepts of the model that has nothing else, of unit (K,) with fold (K,) held out; the most likely ones beside the offsets."""
    which = np.where(held == ALL_ROWS, 0, held + 1)
    mean = observed.mean[which, unit]
    if family.any_sign and link.positive:
        # means are above 0, observations need not be
        mean = np.maximum(mean, 0.1 * _typical_distance(observations, observed)[unit])
    eta = np.asarray(link.eta(mean), dtype=float)
    eta = np.where(np.isneginf(eta), 0.0, eta)
    if observations.offset is None:
        return eta
    result, known = np.empty(unit.size), {}
    for k, (m, fold) in enumerate(zip(unit.tolist(), held.tolist(), strict=True)):
        own = None if dispersion is None else float(dispersion[k])
        if (m, fold, own) not in known:
            weights = observations.weights[min(m, len(observations.weights) - 1)]
            weights = weights if fold == ALL_ROWS else weights * (observations.fold != fold)
            used = weights > 0
            offset = observations.offset[min(m, len(observations.offset) - 1), used]
            y = observations.y[m, used].astype(np.float64)
            known[m, fold, own] = _beside_offsets(family, link, y, weights[used] / weights.sum(), offset, float(eta[k]), own)
        result[k] = known[m, fold, own]
    return result


def _typical_distance(observations: Observations, observed: Observed) -> np.ndarray:
    """(M,) standard deviation of each unit's observations, 1 where it is 0."""
    result = np.ones(len(observations.y))
    for m, y in enumerate(observations.y):
        weights = observations.weights[min(m, len(observations.weights) - 1)]
        if observed.n_valid[0, m] > 0:
            result[m] = np.sqrt(weights @ (y - observed.mean[0, m]) ** 2 / observed.n_valid[0, m]) or 1.0
    return result


def _beside_offsets(
    family: Family, link: Link, y: np.ndarray, share: np.ndarray, offset: np.ndarray, eta: float, dispersion: float | None
) -> float:
    """The most likely intercept: by Fisher scoring, steps halved while the loss does not fall."""

    def look(at: float) -> tuple[float, float, float]:
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            loss, score, fisher, _ = family.evaluate(at + offset, y, link, dispersion)
            return float(share @ loss), float(share @ score), float(share @ fisher)

    at = eta - float(share @ offset)
    if family.bounds_predictor(link):
        at = max(at, float(-offset.min()) + 1e-3 * abs(eta))
    value, score, fisher = look(at)
    for _ in range(100):
        step = -score / fisher if fisher > 0 else 0.0
        if abs(step) <= 1e-13 * max(1.0, abs(at)):
            break
        for _ in range(60):
            there = look(at + step)
            if there[0] <= value + 1e-15 * abs(value):
                break
            step *= 0.5
        else:
            break
        at, (value, score, fisher) = at + step, there
    return at
