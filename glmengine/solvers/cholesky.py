"""Cholesky factors of small matrices of unit diagonal, straight from LAPACK: the checks around it take as long as the work on them."""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs


def factor_above(matrix: np.ndarray, least: float) -> np.ndarray | None:
    """Lower factor L of a matrix (q, q) of unit diagonal, or None where it has none or the square of a pivot is not above `least`; above the diagonal
    it may hold anything."""
    factor, failed = dpotrf(matrix, lower=1, clean=0)
    return factor if not failed and np.min(np.diagonal(factor), initial=1.0) ** 2 > least else None


def solved(factor: np.ndarray, size: np.ndarray, right: np.ndarray) -> np.ndarray:
    """(q,) the solution with D L L' D, D of the sizes (q,) that a matrix was divided by to have a unit diagonal."""
    return dpotrs(factor, right / size, lower=1)[0] / size
