"""The Wald statistic of a group of coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

NULL = 1e-12
"""Eigenvalues of a scaled matrix below this, times the largest, are directions in which the data say nothing."""

MANY = 300
"""Columns of a group beyond which its Wald statistic is made without its directions."""


@dataclass(frozen=True)
class Wald:
    """Wald statistics of G groups of columns for M units.

    Attributes
    ----------
    statistic, df : (G, M)
        The statistic, and of how many directions it is the sum; NaN where nothing can be said.
    """

    statistic: np.ndarray
    df: np.ndarray


def wald_statistic(coef: np.ndarray, covariance: np.ndarray, information: np.ndarray, edf: float) -> tuple[float, int]:
    """How far a group of coefficients is from saying nothing, in standard errors squared.

    The statistic of Wood (2013), "On p-values for smooth components of an extended generalized additive model": of what the group
    adds to the predictor, its mean taken out, f'V^-f, where V, the Bayesian covariance of f, is inverted in its r largest directions, r
    the group's effective degrees of freedom, rounded. Without a penalty r is the rank, and it is the statistic of Wald. Of more than
    `MANY` columns, where finding the directions takes long, all are taken: the mean of the statistic is r then too, its spread a little less.

    Parameters
    ----------
    coef : (p,) array
    covariance, information : (p, p) array
        Of these coefficients, and the weighted cross products of their columns about the mean.
    edf : float
        Effective degrees of freedom of the group; infinite for the rank.

    Returns
    -------
    statistic : float
    df : int
        r; 0 (and a statistic of NaN) for columns that say nothing.
    """
    if coef.size > MANY:
        size = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
        try:
            factor = cho_factor(covariance / np.outer(size, size), lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            factor = None
        if factor is not None and np.diagonal(factor[0]).min() > 1e-6:  # else some are not determined: by their directions
            standard = coef / size
            whole = float(standard @ cho_solve(factor, standard, check_finite=False))
            return whole, coef.size if not np.isfinite(edf) else max(1, round(edf))
    values, vectors = eigh(information, check_finite=False)
    kept = values > NULL * max(1.0, len(values) / 100) * max(float(values.max(initial=0.0)), 1e-300)
    root = vectors[:, kept] * np.sqrt(values[kept])
    spread, turn = eigh(root.T @ covariance @ root, check_finite=False)
    rank = int(np.sum(spread > 1e-10 * max(float(spread.max(initial=0.0)), 1e-300)))
    r = rank if not np.isfinite(edf) else min(rank, max(1, round(edf)))
    if r == 0:
        return np.nan, 0
    along = turn[:, -r:].T @ (root.T @ coef)
    return float(np.sum(along**2 / spread[-r:])), r
