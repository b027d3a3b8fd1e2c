"""Stretches of time as pairs of start and stop: their union, intersection and complement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    import pynapple as nap

TOUCHING = 1.5e-6
"""Stretches closer than this (s) are one: pynapple shortens the first of two touching intervals by a microsecond."""


def as_pairs(intervals: nap.IntervalSet | np.ndarray) -> np.ndarray:
    """(S, 2) float64 start and stop of an `IntervalSet`, array or list of pairs.

    Raises
    ------
    GlmError
        For what has no such pairs.
    """
    try:
        pairs = np.asarray(getattr(intervals, "values", intervals), dtype=np.float64)
    except (TypeError, ValueError):
        pairs = np.empty(())
    if pairs.size and (pairs.ndim not in (1, 2) or pairs.shape[-1] != 2):
        said = repr(intervals) if isinstance(intervals, str | int | float | list | tuple) else f"a {type(intervals).__name__}"
        raise GlmError(
            f"epochs: {said:.60} holds no stretches of time; give names of epochs, an IntervalSet, or an array (n, 2) of start and stop in seconds"
        )
    return pairs.reshape(-1, 2)


def merge(pairs: np.ndarray) -> np.ndarray:
    """Sorted (S, 2) stretches in which overlapping and touching ones are joined; empty, reversed and NaN ones are dropped."""
    pairs = pairs[pairs[:, 1] > pairs[:, 0]]
    if not len(pairs):
        return np.empty((0, 2))
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    reach = np.maximum.accumulate(pairs[:, 1])
    first = np.concatenate([[True], pairs[1:, 0] > reach[:-1] + TOUCHING])
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([pairs[first, 0], reach[last]])


def intersect(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(S, 2) stretches that lie in both of two merged sets."""
    found = []
    for start, stop in one:
        low, high = np.maximum(other[:, 0], start), np.minimum(other[:, 1], stop)
        found.append(np.column_stack([low, high])[high > low])
    return merge(np.concatenate(found)) if found else np.empty((0, 2))


def complement(pieces: np.ndarray) -> np.ndarray:
    """(S + 1, 2) the time before, between and after merged stretches; its ends are infinite."""
    return np.concatenate([[-np.inf], pieces.ravel(), [np.inf]]).reshape(-1, 2)


def interval_set(pairs: np.ndarray) -> nap.IntervalSet:
    """Stretches (S, 2) as a pynapple `IntervalSet`, which unites those that overlap."""
    import pynapple as nap

    return nap.IntervalSet(pairs[:, 0], pairs[:, 1])
