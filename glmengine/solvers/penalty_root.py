"""Square roots of the matrices of quadratic penalties: the differences that are penalised."""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigh
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

LEAST = 1e-12
"""Eigenvalues of a penalty of unit diagonal below this, times the largest, are rounding."""


def coupled(penalty: np.ndarray) -> np.ndarray:
    """(p,) numbers from 0 on, the same for coefficients that the matrix (p, p) of a penalty couples, also by way of others."""
    return connected_components(csr_array(penalty != 0), directed=False)[1]


def penalty_root(penalty: np.ndarray) -> np.ndarray:
    """R (r, p) with R'R the positive semidefinite matrix (p, p) of a penalty, to the rounding of each coefficient's own size."""
    block = coupled(penalty)
    if block.size and not block.any():
        return _root(penalty)
    rows = []
    for which in np.unique(block[np.diagonal(penalty) > 0]).tolist():
        inside = np.flatnonzero(block == which)
        part = _root(penalty[np.ix_(inside, inside)])
        rows.append(np.zeros((len(part), len(penalty))))
        rows[-1][:, inside] = part
    return np.concatenate([np.zeros((0, len(penalty))), *rows])


def _root(penalty: np.ndarray) -> np.ndarray:
    """`penalty_root` of coefficients that are all coupled."""
    size = np.sqrt(np.maximum(np.diagonal(penalty), 0.0))
    inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0)
    values, vectors = eigh(penalty * np.outer(inverse, inverse), check_finite=False)
    kept = values > LEAST * max(float(values.max(initial=0.0)), 1e-300)
    return np.sqrt(values[kept])[:, None] * vectors[:, kept].T * size
