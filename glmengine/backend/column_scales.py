"""Centres and scales of columns, which only condition a problem, from a sample of the rows."""

from __future__ import annotations

import numpy as np

SMALLEST_SPREAD = 1e-300
"""A standard deviation below this has few digits, and an inverse that is hardly a number."""


CACHED_NUMBERS = 2**15
"""Numbers that are looked at, or centred and scaled, at a time, which stay in the processor's cache in between."""

CLEAR = 1e-9
"""Where less than this share of the mean square is left without the square of the mean, or the square is hardly a number, a second look tells more."""


def centre_and_scale(sample: np.ndarray, centred: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(S,) centre and scale of each column of a sample of the rows, and whether it may be constant (without an intercept: zero)."""
    if not len(sample):
        return np.zeros(sample.shape[1]), np.ones(sample.shape[1]), np.zeros(sample.shape[1], bool)
    first = sample[0]
    shift, spread = _moments(sample, first) if centred else (np.zeros_like(first), _moments(sample, None)[1])
    if centred:
        maybe_constant = (spread <= 1e-12 * np.abs(first)) | (spread < SMALLEST_SPREAD)  # rounding is not variation
        spread = np.where(maybe_constant, 0.0, spread)
        centre = np.where(maybe_constant, first, first + shift)
        size = np.where(spread > 0, spread, np.maximum(np.abs(first), 1.0))
    else:
        maybe_constant = spread < SMALLEST_SPREAD
        centre, size = shift, np.where(spread > 0, spread, 1.0)
    # powers of two scale without rounding; a column that the sample shows as constant may still vary elsewhere
    return centre, np.exp2(np.round(np.log2(size))), maybe_constant


def _moments(sample: np.ndarray, first: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(S,) mean of each column's distance from its first value and standard deviation; without these 0 and the root mean square."""
    n, width = sample.shape
    total, square = np.zeros(width), np.zeros(width)
    step = max(64, CACHED_NUMBERS // max(width, 1))
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        for start in range(0, n, step):
            part = sample[start : start + step]
            if first is not None:
                part = part - first  # a constant column becomes exactly zero
                total += np.ones(len(part)) @ part
            square += np.einsum("ij,ij->j", part, part)
        shift, square = total / n, square / n
        variance = square - shift * shift
        clear = (variance > CLEAR * square) & (square > 1e-200) & (square < 1e200)
        spread = np.sqrt(np.where(clear, variance, 0.0))
    unclear = np.flatnonzero(~clear)
    if unclear.size:
        part = sample[:, unclear]
        if first is not None:
            part = part - first[unclear]
            shift[unclear] = part.mean(axis=0)
            part -= shift[unclear]
        spread[unclear] = _root_mean_square(part)
    return shift, spread


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    """(S,) of each column, also where squares would be too large or too small for a number."""
    largest = np.max(np.abs(values), axis=0)
    unit = np.where(((largest > 0) & (largest < 1e-120)) | (largest > 1e120), np.frexp(largest)[1], 0)
    if unit.any():
        values = np.ldexp(values, -unit)
    return np.ldexp(np.sqrt(np.einsum("ij,ij->j", values, values) / len(values)), unit)
