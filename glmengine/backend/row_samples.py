"""A sample of the rows of a design that keeps those which carry the most, each with the weight of the rows that it stands for.

Past events of a rare kind (a spike of a silent neighbour) lie in a few rows, far from the mean of all, and it is they alone that say what
follows. Rows are therefore taken in proportion to their squared distance, mixed with an even share so that no weight is large, as in the
norm-based sampling of Drineas, Kannan & Mahoney (2006, Fast Monte Carlo algorithms for matrices I) and, for GLMs, of Wang, Zhu & Ma (2018,
Optimal subsampling for large sample logistic regression). The Hessian and the loss of the sample are unbiased for those of all rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

EVEN = 0.5
"""Share of the sample that is taken evenly: no row weighs more than the inverse of it times an even sample's."""


def chosen_rows(X: Any, n: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the first `n` rows of X (c, P) are taken, in order, and their weights.

    Parameters
    ----------
    X : (c, P) array of NumPy or of JAX
        Centred and scaled columns.
    n, count : int
        Rows to choose from, and how many; no more than `n`.

    Returns
    -------
    rows : (count,) int array
    weights : (count,) array
        Inverse probabilities; their sum is `n` in the mean.
    """
    distance = np.einsum("ij,ij->i", X, X) if isinstance(X, np.ndarray) else np.asarray((X * X).sum(axis=1))
    distance = distance[:n].astype(float)
    mean = distance.mean()
    size = EVEN + (1.0 - EVEN) * distance / mean if np.isfinite(mean) and mean > 0 else np.ones(n)
    probability = _probabilities(size, count)
    # one point in each step of the sum of probabilities, none of which is longer than a step: as many rows as were asked for
    edges = np.cumsum(probability)
    rows = np.searchsorted(edges * (count / edges[-1]), np.arange(count) + 0.5)
    return rows, 1.0 / probability[rows]


def _probabilities(size: np.ndarray, count: int) -> np.ndarray:
    """(n,) in proportion to `size`, none above 1, with `count` as their sum."""
    certain = np.zeros(size.size, bool)
    while True:
        left = count - np.count_nonzero(certain)
        probability = np.where(certain, 1.0, size * (left / size[~certain].sum() if left else 0.0))
        more = (probability > 1.0) & ~certain
        if not more.any():
            return probability
        certain |= more
