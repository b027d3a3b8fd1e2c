"""Second differences on a grid of coefficients: the matrices of smoothness penalties."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.numbers import check_strength
from glmengine.timegrid.differences import second_differences


def difference_matrix(
    shape: Sequence[int], circular: bool | Sequence[bool] = False, axes: Sequence[float] | None = None
) -> np.ndarray:
    """Sum over axes of D'D, D the second differences along one axis of a grid of coefficients (last axis fastest).

    Parameters
    ----------
    shape : sequence of int
        Number of coefficients along each axis.
    circular : bool or sequence of bool
        Whether an axis wraps.
    axes : sequence of float, optional
        Relative strength of each axis.

    Returns
    -------
    (P, P) array, P the product of `shape`.

    Raises
    ------
    GlmError
        If `circular` or `axes` has not one entry per axis, or a strength is negative.
    """
    wraps = [bool(circular)] * len(shape) if isinstance(circular, bool | np.bool_) else list(circular)
    weights = [1.0] * len(shape) if axes is None else [check_strength(weight) for weight in axes]
    if len(wraps) != len(shape) or len(weights) != len(shape):
        raise GlmError(f"penalty: {len(shape)} axes need as many entries in 'circular' and 'axes'", field="model.penalty")
    total = np.zeros((math.prod(shape),) * 2)
    for axis, (size, wrap, weight) in enumerate(zip(shape, wraps, weights, strict=True)):
        before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
        total += weight * np.kron(np.kron(np.eye(before), second_differences(size, circular=wrap)), np.eye(after))
    return total
