"""Products of some rows with parameters, with residuals and with themselves, dense and in NumPy, own columns of units beside the others."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_array

MANY, NARROW = 12, 90
"""From so many weights on, and no fewer than there are columns, of which there are so few, Gram matrices are made by pairs of columns."""

PAIR_NUMBERS = 2**18
"""Products of pairs of columns that are made at a time."""


SELDOM, EVERY = 0.1, 16
"""Values of which no larger share is not zero, of one in so many that are looked at, are multiplied without their zeros."""

FOURS = 4
"""Kernels of the BLAS make so many rows of a product at a time; three that are left over take longer than four (measured, by a tenth to a third)."""


def times(values: np.ndarray, X: np.ndarray) -> np.ndarray:
    """The product of a few rows (k, c) with a large matrix (c, p), made of whole fours of them where one is missing: (k, p)."""
    return (_in_fours(values) @ X)[: len(values)]


def times_turned(values: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The product of a few rows (k, c) with a large matrix that lies turned, `columns` (p, c): (k, p).

    The BLAS makes the transpose of it in two thirds of the time (measured, float32, 15 and 20 rows of 120 and 160 columns).
    """
    return (columns @ _in_fours(values).T).T[: len(values)]


def _in_fours(values: np.ndarray) -> np.ndarray:
    """Rows (k, c), with one of zeros after them where it is missing to whole fours."""
    k = len(values)
    if k % FOURS != FOURS - 1:
        return values
    full = np.zeros((k + 1, values.shape[1]), values.dtype)
    full[:k] = values
    return full


def row_sums(values: np.ndarray, X: np.ndarray) -> np.ndarray:
    """`times` of values that may be zero in most rows, as counts are: then of the others alone."""
    return np.asarray(csr_array(values) @ X) if are_seldom(values) else times(values, X)


def are_seldom(values: np.ndarray) -> bool:
    """Whether values (k, c) are other than zero so seldom that products of the others take less time."""
    some = values[:, ::EVERY]
    return np.count_nonzero(some) <= SELDOM * some.size


def add_own(eta: np.ndarray, own: np.ndarray | None, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Predictors (k, c) with what own columns (U, H, c) add at their parameters (k, H)."""
    if own is None:
        return eta
    theta = theta.astype(own.dtype, copy=False)  # or the columns are converted
    if (units := _evenly(unit)) is not None:
        each = theta.reshape(units.size, -1, theta.shape[1])
        eta += (each @ _of_units(own, units)).reshape(eta.shape)
        return eta
    for some, u in _unit_by_unit(unit):
        eta[some] += theta[some] @ own[u]
    return eta


def with_own_sums(shared: np.ndarray, own: np.ndarray | None, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """(k, Q) sums: those of the shared columns (k, P), of own columns (U, H, c), and of the residuals (k, c) themselves."""
    parts = [shared]
    if own is not None and (units := _evenly(unit)) is not None:
        each = residual.reshape(units.size, -1, residual.shape[1])
        parts.append((each @ _of_units(own, units).transpose(0, 2, 1)).reshape(len(residual), -1))
    elif own is not None:
        parts.append(np.zeros((len(residual), own.shape[1])))
        for some, u in _unit_by_unit(unit):
            parts[1][some] = residual[some] @ own[u].T
    return np.concatenate([*parts, residual.sum(axis=1, dtype=np.float64)[:, None]], axis=1)


def _unit_by_unit(unit: np.ndarray) -> Iterator[tuple[slice, int]]:
    """Columns (k,) that follow each other and are of one unit, and that unit: of slices nothing is copied."""
    begins = np.flatnonzero(np.diff(unit, prepend=-1)).tolist()
    for begin, end in pairwise([*begins, unit.size]):
        yield slice(begin, end), int(unit[begin])


def _evenly(unit: np.ndarray) -> np.ndarray | None:
    """The units (U,) of columns (k,) that lie unit by unit, as many of each, as those of a batch do; None for others."""
    begins = np.flatnonzero(np.diff(unit, prepend=-1))
    fits, rest = divmod(unit.size, begins.size)
    units = unit[begins]
    even = not rest and (begins == np.arange(begins.size) * fits).all() and (np.diff(units) > 0).all()
    return units if even else None


def _of_units(own: np.ndarray, units: np.ndarray) -> np.ndarray:
    """Own columns of some units, without a copy where they follow each other."""
    first, last = int(units[0]), int(units[-1])
    return own[first : last + 1] if last - first + 1 == units.size else own[units]


def weighted_grams(
    columns: np.ndarray, own: np.ndarray | None, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool
) -> np.ndarray:
    """(n, p + 1, p + 1) sums of w z z', z the `columns` (P, c), the own ones (U, H, c) of units (n,), and a constant, for weights (n, c).

    Numbers of a column lie side by side: rows that lie so are weighted and multiplied twice as fast as others (measured).
    """
    shared = np.ascontiguousarray(columns, precision)
    P, c = shared.shape
    if len(weights) >= max(MANY, P) and P <= NARROW:
        return _by_pairs(shared, own, weights, unit)
    size = P if own is None else P + own.shape[1]
    factors = (weights if signed else np.sqrt(weights)).astype(precision, copy=False)
    result = np.empty((len(weights), size + 1, size + 1))
    scaled = np.empty((size, c), precision)
    for matrix, row, factor, u in zip(result, weights, factors, unit.tolist(), strict=True):
        values = shared if own is None else np.concatenate([shared, own[u]], dtype=shared.dtype)
        np.multiply(values, factor, out=scaled)
        if signed:  # rows may bend the other way: there is no root
            matrix[:-1, :-1] = values @ scaled.T
            matrix[:-1, -1] = scaled.sum(axis=1)
        else:
            matrix[:-1, :-1] = scaled @ scaled.T
            matrix[:-1, -1] = scaled @ factor
        matrix[-1, :-1], matrix[-1, -1] = matrix[:-1, -1], row.sum()
    return result


def _by_pairs(shared: np.ndarray, own: np.ndarray | None, weights: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """`weighted_grams` of many weights as one product of them with the products of all pairs of columns."""
    n, (P, c), precision = len(weights), shared.shape, shared.dtype
    H = 0 if own is None else own.shape[1]
    values = np.concatenate([shared, np.ones((1, c), precision)])
    one, other = np.triu_indices(P + 1)
    sums = np.zeros((n, one.size))
    across, inside = np.zeros((n, H, P + 1)), np.zeros((n, H, H))
    step = max(128, PAIR_NUMBERS // one.size)
    for start in range(0, c, step):
        part = slice(start, start + step)
        w, z = weights[:, part].astype(precision, copy=False), values[:, part]
        sums += w @ (z[one] * z[other]).T
        if own is not None:
            each = own[unit, :, part].astype(precision, copy=False)
            weighted = each * w[:, None, :]
            across += (weighted.reshape(n * H, -1) @ z.T).reshape(n, H, P + 1)
            inside += weighted @ each.transpose(0, 2, 1)
    at = np.concatenate([np.arange(P), [P + H]])
    result = np.empty((n, P + H + 1, P + H + 1))
    result[:, at[one], at[other]] = result[:, at[other], at[one]] = sums
    if own is not None:
        result[:, P : P + H, at], result[:, P : P + H, P : P + H] = across, inside
        result[:, at, P : P + H] = across.transpose(0, 2, 1)
    return result
