"""Centres and scales of columns, which only condition a problem, from a sample of the rows."""

from __future__ import annotations

import numpy as np

SMALLEST_SPREAD = 1e-300
"""A standard deviation below this has few digits, and an inverse that is hardly a number."""


def centre_and_scale(sample: np.ndarray, centred: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(S,) centre and scale of each column of a sample of the rows, and whether it may be constant (without an intercept: zero)."""
    if not len(sample):
        return np.zeros(sample.shape[1]), np.ones(sample.shape[1]), np.zeros(sample.shape[1], bool)
    first = sample[0]
    moved = sample - first  # a constant column becomes exactly zero
    shift = moved.mean(axis=0)
    moved -= shift
    spread = _root_mean_square(moved)
    constant = (spread <= 1e-12 * np.abs(first)) | (spread < SMALLEST_SPREAD)  # rounding is not variation
    maybe_constant = constant if centred else np.abs(sample).max(axis=0) < SMALLEST_SPREAD
    spread = np.where(constant, 0.0, spread)
    centre = np.where(constant, first, first + shift) if centred else np.zeros(sample.shape[1])
    if not centred:
        spread = _root_mean_square(sample)
    # powers of two scale without rounding; a column that the sample shows as constant may still vary elsewhere
    size = np.where(spread > 0, spread, np.maximum(np.abs(first), 1.0) if centred else 1.0)
    return centre, np.exp2(np.round(np.log2(size))), maybe_constant


def _root_mean_square(values: np.ndarray) -> np.ndarray:
    """(S,) of each column, also where squares would be too large or too small for a number."""
    largest = np.max(np.abs(values), axis=0)
    unit = np.where(((largest > 0) & (largest < 1e-120)) | (largest > 1e120), np.frexp(largest)[1], 0)
    if unit.any():
        values = np.ldexp(values, -unit)
    return np.ldexp(np.sqrt(np.einsum("ij,ij->j", values, values) / len(values)), unit)
