"""Tensor products of bases: functions of several variables, and penalties on their roughness.

A product of sines and cosines of two variables holds waves of all orientations but two: those along one axis alone, which need the
constant function on the other. So where several factors are Fourier bases each takes its constant along; the product of all constants,
which the intercept is already, is left out where nothing else multiplies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis import Basis, Fourier
from glmengine.basis.supports import Supports

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from glmengine.analysis.terms import Factor


def joint_bases(factors: Sequence[Factor]) -> tuple[Basis, ...]:
    """The bases that are multiplied: those of the factors, Fourier ones with their constant where there are several."""
    bases = tuple(factor.basis for factor in factors)
    if sum(isinstance(basis, Fourier) for basis in bases) < 2:
        return bases
    return tuple(basis.with_(constant=True) if isinstance(basis, Fourier) else basis for basis in bases)


def joint_indices(factors: Sequence[Factor]) -> list[tuple[int, ...]]:
    """Which function of each basis of `joint_bases` a column multiplies, in the order of the columns (the last variable fastest)."""
    bases = joint_bases(factors)
    return list(np.ndindex(*(basis.n_functions for basis in bases)))[_left_out(bases) :]


def n_joint(factors: Sequence[Factor]) -> int:
    """Number of columns."""
    bases = joint_bases(factors)
    return int(np.prod([basis.n_functions for basis in bases])) - _left_out(bases)


def joint_columns(factors: Sequence[Factor], values: Sequence[np.ndarray]) -> np.ndarray:
    """(N, p) columns of frozen factors at N points; `values` holds one (N,) array per factor."""
    bases = joint_bases(factors)
    parts = [np.asarray(basis.evaluate(x)) for basis, x in zip(bases, values, strict=True)]
    product = reduce(lambda left, right: (left[:, :, None] * right[:, None, :]).reshape(len(left), -1), parts)
    return product[:, _left_out(bases) :]


def joint_defined(factors: Sequence[Factor], values: Sequence[np.ndarray]) -> np.ndarray:
    """(N,) bool, whether every one of `joint_columns` has a value, which each variable says for itself."""
    bases = joint_bases(factors)
    each = [np.isfinite(basis.evaluate(x)).all(axis=1) for basis, x in zip(bases, values, strict=True)]
    return np.logical_and.reduce(each)


def joint_supports(factors: Sequence[Factor], values: Sequence[np.ndarray]) -> Supports:
    """Which of `joint_columns` may be other than zero at N points."""
    bases = joint_bases(factors)
    whole = reduce(Supports.times, [basis.supports(x) for basis, x in zip(bases, values, strict=True)])
    return whole.columns(np.arange(_left_out(bases), whole.shares.size))


def joint_sparse(factors: Sequence[Factor], values: Sequence[np.ndarray]) -> csr_array:
    """`joint_columns` as a sparse matrix, made from the few functions of each basis that are not zero at a point.

    Points where a function is not defined have no columns.
    """
    from scipy.sparse import csr_array

    bases = joint_bases(factors)
    rows = len(values[0])
    weights, places = np.ones((rows, 1)), np.zeros((rows, 1), np.int32)
    known = np.ones(rows, bool)
    for basis, x in zip(bases, values, strict=True):
        part = np.asarray(basis.evaluate(x))
        here = np.isfinite(part).all(axis=1)
        known &= here
        which = _not_zero((part != 0) & here[:, None])
        own = np.take_along_axis(part, which, axis=1)
        weights = (weights[:, :, None] * own[:, None, :]).reshape(rows, -1)
        places = (places[:, :, None] * part.shape[1] + which[:, None, :]).reshape(rows, -1)
    weights = np.where(known[:, None], weights, 0.0)
    columns = int(np.prod([basis.n_functions for basis in bases]))
    pointers = np.arange(rows + 1, dtype=np.int64) * weights.shape[1]
    whole = csr_array((weights.ravel(), places.ravel(), pointers), shape=(rows, columns))
    return whole[:, _left_out(bases) :] if _left_out(bases) else whole


def _not_zero(where: np.ndarray) -> np.ndarray:
    """(N, k) int32 columns that hold every True of (N, n), in order where they are neighbours; k is the largest number of them in a row."""
    held = where.sum(axis=1)
    few = max(1, int(held.max(initial=0)))
    which = np.minimum(where.argmax(axis=1), where.shape[1] - few)[:, None] + np.arange(few)
    torn = np.flatnonzero(np.take_along_axis(where, which, axis=1).sum(axis=1) < held)  # on a circle
    which[torn] = np.argsort(~where[torn], axis=1, kind="stable")[:, :few]
    return which.astype(np.int32)


def axis_penalties(factors: Sequence[Factor]) -> list[np.ndarray]:
    """For each variable the (p, p) second-difference penalty along it, the identity along the others (Wood 2006, section 4.1.8).

    Zero along a variable whose functions have no neighbours.
    """
    bases = joint_bases(factors)
    sizes = [basis.n_functions for basis in bases]
    kept = slice(_left_out(bases), None)
    penalties = []
    for axis, basis in enumerate(bases):
        own = basis.penalty_matrix()
        own = np.zeros((sizes[axis],) * 2) if own is None else own
        whole = reduce(np.kron, [own if other == axis else np.eye(size) for other, size in enumerate(sizes)])
        penalties.append(whole[kept, kept])
    return penalties


def _left_out(bases: Sequence[Basis]) -> int:
    """1 where the first column of the product is the constant, which the intercept is already."""
    return int(len(bases) > 1 and all(isinstance(basis, Fourier) for basis in bases))
