"""Wilcoxon's signed-rank test of paired scores, one-sided and exact, and the interval that belongs to it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

EXACT = 50
"""Pairs up to which the distribution is counted out; beyond, the normal one stands for it."""


def signed_rank(differences: np.ndarray) -> np.ndarray:
    """Probability of so large a sum of ranks of positive differences where their median is 0.

    Ties share the mean of their ranks, and the distribution is that of the ranks with ties; differences of 0 are left out (Wilcoxon 1945).

    Parameters
    ----------
    differences : (F, ...) array
        Of folds; NaN for those that do not count.

    Returns
    -------
    (...) array
        NaN where no fold counts; 1 where all differences are 0.
    """
    differences = np.asarray(differences, np.float64)
    flat = differences.reshape(len(differences), -1)
    p = np.array([_one(column[np.isfinite(column)]) for column in flat.T])
    return p.reshape(differences.shape[1:])


def smallest_p(n_folds: np.ndarray | int) -> np.ndarray:
    """The smallest p that so many folds can give."""
    return 0.5 ** np.asarray(n_folds, np.float64)


def shift_interval(differences: np.ndarray, level: float = 0.95) -> tuple[float, float, float]:
    """By how much pairs differ, and the interval of all shifts that the two-sided test does not reject.

    Parameters
    ----------
    differences : (N,) array
        Without NaN.
    level : float

    Returns
    -------
    difference, low, high : float
        The median of the means of all pairs of differences, each with itself too (Hodges & Lehmann 1963), and two of these means; the ends are NaN
        where so few differences have no interval of this level.
    """
    differences = np.asarray(differences, np.float64)
    n = differences.size
    if not n:
        return np.nan, np.nan, np.nan
    left, right = np.triu_indices(n)
    means = np.sort(0.5 * (differences[left] + differences[right]))
    cut = _cut(n, 0.5 * (1.0 - level))
    low, high = (means[cut], means[-1 - cut]) if cut >= 0 else (np.nan, np.nan)
    return float(np.median(means)), float(low), float(high)


def _cut(n: int, tail: float) -> int:
    """The largest sum of ranks whose probability to be so small is at most `tail`; -1 where none is."""
    if n > EXACT:
        from scipy.special import ndtri

        mean, variance = n * (n + 1) / 4.0, n * (n + 1) * (2 * n + 1) / 24.0
        return int(np.floor(mean + ndtri(tail) * np.sqrt(variance) - 0.5))
    ways = _ways(tuple(range(2, 2 * n + 1, 2)))[::2]
    return int(np.searchsorted(np.cumsum(ways) / ways.sum(), tail, side="right")) - 1


def _one(differences: np.ndarray) -> float:
    if not differences.size:
        return np.nan
    moved = differences[differences != 0]
    if not moved.size:
        return 1.0
    doubled = _doubled_ranks(np.abs(moved))
    seen = int(doubled[moved > 0].sum())
    if moved.size > EXACT:
        from scipy.special import ndtr

        mean, variance = 0.5 * doubled.sum(), 0.25 * (doubled.astype(np.float64) ** 2).sum()
        return float(ndtr(-(seen - 1 - mean) / np.sqrt(variance)))
    ways = _ways(tuple(sorted(doubled.tolist())))
    return float(ways[seen:].sum() / ways.sum())


@lru_cache(maxsize=256)
def _ways(doubled: tuple[int, ...]) -> np.ndarray:
    """In how many ways ranks add up to each sum; those of as many pairs without ties are the same for all."""
    ways = np.zeros(sum(doubled) + 1)
    ways[0] = 1.0
    for rank in doubled:
        ways[rank:] = ways[rank:] + ways[:-rank]
    return ways


def _doubled_ranks(sizes: np.ndarray) -> np.ndarray:
    """Twice the rank of each, whole numbers also where ties share the mean of theirs."""
    values, place, counts = np.unique(sizes, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (2 * last - counts + 1)[place].astype(np.int64) if values.size else np.zeros(0, np.int64)
