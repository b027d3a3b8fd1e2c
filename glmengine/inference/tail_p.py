"""p of shuffles that is smaller than they can count, read off the tail of their distribution."""

from __future__ import annotations

import numpy as np

FEWEST_FOR_TAIL = 40
"""Shuffles below which there is no tail to speak of."""

TAIL = 4
"""The tail is the largest quarter of the shuffles."""

SMALLEST = 1e-6
"""p below which nothing is read off a tail: no few hundred shuffles tell more of it."""

HEAVIEST = 0.4
"""Shape of the tail at most; that of statistics with a variance is below 0.5."""


def shuffle_p(gains: np.ndarray) -> np.ndarray:
    """p (M,) of gains (1 + S, M), of which the first is that of the data as they are; gains that differ by rounding are equal.

    (1 + those of shuffles that are as large)/(1 + S): the data are one of the shuffles (Phipson & Smyth 2010).
    """
    p = (1 + _as_large(gains).sum(axis=0)) / len(gains)
    return np.where(np.isfinite(gains).all(axis=0), p, np.nan)


def tail_p(gains: np.ndarray) -> np.ndarray:
    """The same where a shuffle is as large; where none is, what a generalised Pareto distribution of the largest quarter leaves beyond the data.

    Counted p cannot be below 1/(1 + S), too large for one unit among many whose false discovery rate is asked for (Knijnenburg et al. 2009, Winkler et
    al. 2016). The shape is never taken for one that ends somewhere, and 1/(1 + S) and `SMALLEST` bound what is read off it.
    """
    counted = shuffle_p(gains)
    n = len(gains) - 1
    if n < FEWEST_FOR_TAIL:
        return counted
    ordered = np.sort(gains[1:], axis=0)
    k = n // TAIL
    threshold = 0.5 * (ordered[-k] + ordered[-k - 1])
    excess = ordered[-k:] - threshold
    mean, variance = excess.mean(axis=0), excess.var(axis=0)
    with np.errstate(all="ignore"):
        shape = np.clip(0.5 * (1.0 - mean**2 / variance), 0.0, HEAVIEST)  # by moments
        beyond = (gains[0] - threshold) / (mean * (1.0 - shape))
        left = np.where(shape > 1e-6, (1.0 + shape * beyond) ** (-1.0 / np.maximum(shape, 1e-6)), np.exp(-beyond))
        read = np.minimum(np.maximum(k / n * left, SMALLEST), counted)
    return np.where(np.isfinite(read) & ~_as_large(gains).any(axis=0), read, counted)


def _as_large(gains: np.ndarray) -> np.ndarray:
    """(S, M) bool, shuffles that gain as much as the data do."""
    slack = 1e-10 * np.maximum(np.abs(gains).max(axis=0), 1e-300)
    return gains[1:] >= gains[0] - slack
