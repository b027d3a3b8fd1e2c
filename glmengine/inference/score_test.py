"""Rao's score test: whether columns that a fit does not have would improve it, without fitting them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.models import Family
from glmengine.models.links import Link

RANK = 1e-10
"""Directions whose information is below this share of the largest are not there."""


@dataclass(frozen=True)
class SmallerFit:
    """A fit of one unit, as the test needs it.

    Attributes
    ----------
    coef : (P,) array
        0 for columns that it does not have.
    intercept : float
    columns : (P,) bool array
        Those that it has.
    dispersion : float
        Scale of the variance, or the family's own dispersion.
    """

    coef: np.ndarray
    intercept: float
    columns: np.ndarray
    dispersion: float


def score_tests(
    chunks: Iterable[tuple[np.ndarray, np.ndarray]],
    smaller: SmallerFit,
    groups: Sequence[np.ndarray],
    family: Family,
    link: Link,
) -> tuple[np.ndarray, np.ndarray]:
    """Test groups of columns that a fit does not have (Rao 1948), each by itself.

    Parameters
    ----------
    chunks : iterable of (X (n, P), y (n,))
        Valid rows, a stretch at a time.
    smaller : SmallerFit
        At its optimum; that of a penalty does, the score of its own columns is taken out.
    groups : sequence of (p,) int array
    family : Family
    link : Link

    Returns
    -------
    statistic, df : (G,) array
        Twice the log-likelihood that one step of Fisher scoring would gain; chi-squared with `df` where the columns have no effect.
    """
    own = smaller.dispersion if family.estimates_dispersion else None
    score, information = 0.0, 0.0
    for X, y in chunks:
        ones = np.ones((len(X), 1))
        rows = np.hstack([ones, X])
        eta = X @ smaller.coef + smaller.intercept
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            _, slope, fisher, _ = family.evaluate(eta, np.asarray(y, np.float64), link, own)
        score = score - rows.T @ np.asarray(slope)
        information = information + rows.T @ (rows * np.asarray(fisher)[:, None])
    if np.ndim(score) == 0:
        return np.full(len(groups), np.nan), np.zeros(len(groups))
    scale = family.loss_factor * (smaller.dispersion if family.free_scale else 1.0)
    score, information = np.asarray(score) / scale, np.asarray(information) / scale
    inside = np.r_[True, smaller.columns]
    fitted = _inverse(information[np.ix_(inside, inside)])[0]
    statistic, df = np.full(len(groups), np.nan), np.zeros(len(groups))
    for number, group in enumerate(groups):
        place = np.asarray(group) + 1
        turned = information[np.ix_(place, inside)] @ fitted
        rest = score[place] - turned @ score[inside]
        variance = information[np.ix_(place, place)] - turned @ information[np.ix_(inside, place)]
        inverse, df[number] = _inverse(variance, np.diagonal(information)[place])
        statistic[number] = rest @ inverse @ rest
    return statistic, df


def _inverse(matrix: np.ndarray, size: np.ndarray | None = None) -> tuple[np.ndarray, int]:
    """Inverse where there is information, and in how many directions; `size` (n,) is what the diagonal is compared with."""
    size = np.diagonal(matrix) if size is None else size
    scale = 1.0 / np.sqrt(np.where(size > 0, size, 1.0))
    values, vectors = np.linalg.eigh(matrix * scale * scale[:, None])
    there = values > RANK * max(float(values.max(initial=0.0)), 1.0)
    inverse = (vectors[:, there] / values[there]) @ vectors[:, there].T
    return inverse * scale * scale[:, None], int(there.sum())
