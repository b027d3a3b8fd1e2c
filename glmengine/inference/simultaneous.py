"""Simultaneous bands of curves: how many standard errors hold a whole curve, by simulation (sup-t)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LEVEL = 0.95

DRAWS = 4000
"""Simulated curves: the quantile is known to 0.03."""

SEED = 0


def sup_t(rows: np.ndarray, covariance: np.ndarray, *, level: float = LEVEL, draws: int = DRAWS, seed: int = SEED) -> float:
    """Standard errors on either side within which a Gaussian curve lies as a whole with probability `level`.

    The quantile of the largest standardised deviation over the curve, simulated (Montiel Olea & Plagborg-Moller 2019; Ruppert, Wand &
    Carroll 2003, section 6.5). Between the pointwise 1.96 of a curve with one degree of freedom and Bonferroni's of as many as points.

    Parameters
    ----------
    rows : (K, p) array
        The curve is `rows` @ coefficients.
    covariance : (p, p) array
        Of the coefficients.
    draws, seed : int

    Returns
    -------
    float
        NaN where the covariance is not known or the curve has no error.
    """
    if not (np.isfinite(covariance).all() and np.isfinite(rows).all() and covariance.any()):
        return float("nan")
    values, vectors = np.linalg.eigh(covariance)
    kept = values > 1e-12 * values.max()
    factor = rows @ (vectors[:, kept] * np.sqrt(values[kept]))
    spread = np.sqrt((factor**2).sum(axis=1))
    known = spread > 1e-9 * spread.max()
    if not known.any():
        return float("nan")
    normal = _normal(factor.shape[1], draws, seed)
    largest = np.zeros(draws, np.float32)
    directions = _apart(factor[known] / spread[known, None]).astype(np.float32)
    step = max(1, _AT_ONCE // draws)
    for start in range(0, len(directions), step):
        deviations = directions[start : start + step] @ normal
        np.maximum(largest, np.maximum(deviations.max(axis=0), -deviations.min(axis=0)), out=largest)
    return float(np.quantile(largest.astype(np.float64), level))


_AT_ONCE = 2**18
"""Deviations of points of a map at a time, in float32, which is exact to 1e-6 where the draws are to 0.03: they stay in the cache."""


NEAR = 0.03
"""Radians. Of a curve whose deviations turn by less from point to point the largest is that of some of its points, to 0.002 of it or so."""


def _apart(directions: np.ndarray) -> np.ndarray:
    """Those of a curve's points, each a direction (K, q) of length 1, that lie further along it than `NEAR` from the one kept before; and its end."""
    along = np.abs(np.einsum("kq,kq->k", directions[1:], directions[:-1]))
    way = np.concatenate([[0.0], np.cumsum(np.arccos(np.minimum(along, 1.0)))])
    kept = np.unique(np.floor(way / NEAR), return_index=True)[1]
    return directions[np.union1d(kept, len(directions) - 1)]


@lru_cache(maxsize=16)
def _normal(size: int, draws: int, seed: int) -> np.ndarray:
    """(size, draws) standard normal numbers in float32, not to be written to; the same for all units, whose bands then differ by their errors alone."""
    normal = np.random.default_rng(seed).normal(size=(size, draws)).astype(np.float32)
    normal.setflags(write=False)
    return normal
