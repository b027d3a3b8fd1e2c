"""Columns that say nothing, or nothing of their own: constant ones, and directions in which the predictor does not change.

Without a penalty the coefficients along such a direction are not determined. The answer is made definite as the one of smallest norm in
standardised columns (the intercept free), which does not change any rate; nothing is added to the objective for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dpotrf, dtrtri

from glmengine.backend.cells import cells_of
from glmengine.backend.formulas import RowWeights
from glmengine.backend.operations import View
from glmengine.backend.rows import Rows
from glmengine.solvers.penalty_root import coupled, penalty_root
from glmengine.solvers.problem import Objective, Problem

NULL = 1e-12
"""Eigenvalues of a correlation matrix below this, times a hundredth of its size, are zero.

An eigenvalue is the square of how far columns are from adding up: here a millionth of their size. Sums of products know no less than about 1e-14,
which is 1e-7, the tolerance of R's `lm`; what differs in the seventh digit is rounding of what was measured, and has standard errors a million
times as large. R's `glm` (1e-11) and statsmodels (pseudo-inverse) fit such columns.
"""

CONSTANT = 1e-11
"""A standard deviation below this, in prepared columns (about 1 for any that varies), is rounding."""


def constant_columns(rows: Rows, context: Any) -> np.ndarray:
    """(P,) bool: shared columns that do not vary over the used rows; without an intercept, columns that are zero."""
    constant = np.zeros(rows.n_shared, bool)
    maybe = rows.maybe_constant
    if not maybe.size:
        return constant
    totals, cells = np.zeros((2, maybe.size)), cells_of(rows)
    for part in rows.prepared(maybe) if cells is None else cells.prepared(maybe):
        context.check()
        totals += np.sum(part, axis=0), np.sum(part**2, axis=0)
    constant[maybe] = _is_constant(totals, rows)
    return constant


def constant_own_columns(rows: Rows, context: Any) -> np.ndarray:
    """(U, H) bool: the same of the units' own columns; places that a unit does not fill are constant."""
    units, places = rows.preparation.own_scale.shape
    totals, cells = np.zeros((2, units, places)), cells_of(rows)
    parts = rows.prepared_own() if cells is None else (cell.own[:units, :places] for cell in cells.cells)
    for part in parts:
        context.check()
        totals += np.sum(part, axis=2), np.einsum("uhc,uhc->uh", part, part)
    return _is_constant(totals, rows)


def _is_constant(totals: np.ndarray, rows: Rows) -> np.ndarray:
    """Of sums and sums of squares of prepared columns."""
    mean, square = totals / max(rows.n, 1)
    variance = square - mean**2 if rows.centred else square
    return variance <= CONSTANT**2 + 1e-15 * square


def left_out(constant: np.ndarray, penalty: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns without a coefficient, and those whose coefficients come from the penalty alone.

    A penalty that couples coefficients (differences of neighbours) says what the coefficient of a column that does not vary is, as long as a
    chain of couplings leads from it to one that does; held at zero it would pull its neighbours there.

    Parameters
    ----------
    constant : (P,) bool
        Columns that do not vary.
    penalty : (P, P) or (P,) array
        Matrix of the quadratic part of the penalty, or its diagonal.

    Returns
    -------
    dropped, carried : (P,) bool
    """
    carried = np.zeros_like(constant)
    if penalty.ndim == 2 and constant.any():
        chain = coupled(penalty)
        carried = constant & np.isin(chain, chain[~constant])
    return constant & ~carried, carried


def is_definite(problem: Problem) -> bool:
    """Whether the penalty alone determines every coefficient."""
    diagonal = problem.penalty if problem.penalty.ndim == 1 else None
    return diagonal is not None and bool((diagonal > 0).all() and (problem.strength > 0).all())


def smallest_norm(problem: Problem, objective: Objective, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move parameters (K, Q) along directions that change no predictor and no penalty to the smallest norm in standardised columns.

    Returns
    -------
    theta : (K, Q) array
    free : (K, P) bool
        Coefficients that are not determined by the data.
    """
    places = problem.rows.places
    theta = theta.copy()
    free = np.zeros((problem.n_columns, places.size), bool)
    for k, found in enumerate(_undetermined(problem, objective)):
        free[k] |= found.silent
        theta[k, -1] += found.mean[found.silent] @ theta[k, places[found.silent]]
        theta[k, places[found.silent]] = 0.0
        if not found.basis.shape[1]:
            continue
        moving = found.moving
        old = theta[k, places[moving]]
        standard = old * found.scale
        new = (standard - found.basis @ (found.basis.T @ standard)) / found.scale
        theta[k, places[moving]] = new
        if problem.intercept:
            theta[k, -1] += found.mean[moving] @ (old - new)
        free[k, moving] |= np.any(np.abs(found.basis) > 1e-6, axis=1)
    return theta, free


def unidentified(problem: Problem, objective: Objective) -> list[np.ndarray]:
    """For each column of the problem, directions (Q, r) of its parameters that change no predictor and no penalty."""
    if is_definite(problem):
        return [np.zeros((objective.size, 0))] * problem.n_columns
    places, result = problem.rows.places, []
    for found in _undetermined(problem, objective):
        r, silent = found.basis.shape[1], np.flatnonzero(found.silent)
        raw = np.zeros((places.size, r + silent.size))
        raw[found.moving, :r] = found.basis / found.scale[:, None]
        raw[silent, r + np.arange(silent.size)] = 1.0
        directions = np.zeros((objective.size, r + silent.size))
        directions[places] = raw
        if problem.intercept:
            directions[-1] = -found.mean @ raw
        result.append(directions)
    return result


@dataclass(frozen=True)
class _Undetermined:
    """What neither the data nor the penalty say of one column of a problem.

    Attributes
    ----------
    silent : (P,) bool
        Coefficients of what does not vary and is not penalised.
    moving : (p,) int array
        The others that are fitted.
    scale : (p,) array
        Their standard deviations, 1 where they do not vary.
    mean : (P,) array
    basis : (p, r) array
        Orthonormal directions of standardised coefficients that change no predictor and no penalty.
    """

    silent: np.ndarray
    moving: np.ndarray
    scale: np.ndarray
    mean: np.ndarray
    basis: np.ndarray


def _undetermined(problem: Problem, objective: Objective) -> Iterator[_Undetermined]:
    """For each column of the problem."""
    n, places = problem.rows.n_features, problem.rows.places
    roots: dict[tuple[int, bytes], np.ndarray] = {}
    grams: dict[tuple[int, int], np.ndarray] = {}
    patterns = _row_patterns(problem)[problem.unit]
    for k in range(problem.n_columns):
        key = (int(problem.held[k]), int(patterns[k]))
        if key not in grams:
            alike = np.flatnonzero(patterns == patterns[k])
            held, first = np.unique(problem.held[alike], return_index=True)
            if problem.rows.own_padded:  # no other unit has the same
                grams.clear()
            found = grams_of(objective, alike[first])
            grams.update({(int(out), key[1]): gram for out, gram in zip(held, found, strict=True)})
        gram, penalty = grams[key], objective.penalty_matrix(k)[np.ix_(places, places)]
        mean = gram[places, -1] if problem.intercept else np.zeros(n)
        covariance = gram[np.ix_(places, places)] - np.outer(mean, mean)
        deviation = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
        varies = deviation > CONSTANT
        held = bool(problem.strength[k] > 0)
        silent = problem.movable[k] & ~varies & ~((np.diagonal(penalty) > 0) & held)
        moving = np.flatnonzero(problem.movable[k] & ~silent)
        scale = np.where(varies, deviation, 1.0)[moving]
        basis = np.zeros((moving.size, 0))
        if moving.size:
            basis = _null_space(covariance[np.ix_(moving, moving)] / np.outer(scale, scale))
        if held and basis.shape[1]:
            apart = problem.rows.own_padded or problem.penalty.ndim == 3
            which = k if apart else 0, moving.tobytes()
            if which not in roots:
                roots[which] = penalty_root(penalty[np.ix_(moving, moving)])
            basis = unpenalised(basis, roots[which] / scale)
        yield _Undetermined(silent, moving, scale, mean, basis)


def grams_of(objective: Objective, columns: np.ndarray) -> list[np.ndarray]:
    """`Objective.gram` of columns (k,) that differ by the fold which is held out alone; of several, each row is summed once."""
    problem = objective.problem
    fold, held = problem.rows.observations.fold, problem.held[columns]
    if columns.size == 1 or fold is None or objective.alone is not None or not problem.rows.on_cpu:
        return [objective.gram(k) for k in columns.tolist()]
    folds = np.unique(fold)
    view = View(np.full(folds.size, problem.unit[columns[0]]), folds, held_out=True)
    parts = objective.backend.grams.grams(RowWeights(), view, np.zeros((folds.size, objective.size)))
    whole = parts.sum(axis=0)
    places = np.searchsorted(folds, held)
    there = folds[np.minimum(places, folds.size - 1)] == held
    return [objective.as_mean(whole - parts[at] if out else whole.copy()) for at, out in zip(places, there, strict=True)]


def _null_space(correlation: np.ndarray) -> np.ndarray:
    """Orthonormal directions (p, r) in which standardised columns, of this correlation matrix (p, p), add up to a constant."""
    limit = NULL * max(1.0, len(correlation) / 100)
    if _least_eigenvalue(correlation) > 2.0 * limit * float(np.trace(correlation)):
        return np.zeros((len(correlation), 0))
    values, vectors = eigh(correlation, check_finite=False)
    return vectors[:, values <= limit * max(float(values[-1]), 1e-300)]


def _least_eigenvalue(matrix: np.ndarray) -> float:
    """A number that no eigenvalue of a symmetric matrix lies below, found sooner than they are; 0 where it has no Cholesky factor."""
    factor, failed = dpotrf(matrix, lower=1)
    if failed:
        return 0.0
    inverse, failed = dtrtri(factor, lower=1)
    return 0.0 if failed else 1.0 / max(float(np.sum(np.tril(inverse) ** 2)), 1e-300)


def unpenalised(basis: np.ndarray, root: np.ndarray) -> np.ndarray:
    """The part (p, s) of orthonormal directions (p, r) along which |root w|, root (q, p), stays zero.

    Columns on scales far apart have penalties further apart still; each direction is judged by what is penalised in it alone: of those
    left, the one with the largest penalty is turned out, until none has any.
    """
    size = np.abs(root)
    while basis.shape[1] and len(root):
        reach = root @ basis
        # against what it is made of: a sum that cancels to rounding is no penalty
        share = np.where(np.abs(reach) > 1e-9 * (size @ np.abs(basis)), np.abs(reach), 0.0)
        if not share.any():
            break
        row = np.unravel_index(np.argmax(share), share.shape)[0]
        # rotate the directions so that one alone has all of this row's penalty, and leave it out
        turn = np.linalg.qr(reach[row][:, None], mode="complete")[0]
        basis = basis @ turn[:, 1:]
    return basis


def _row_patterns(problem: Problem) -> np.ndarray:
    """(U,) numbers: units with the same number have the same columns, and the same weights on every row."""
    weights = problem.rows.observations.weights
    if problem.rows.own_padded:
        return np.arange(len(problem.rows.observations.y))
    if len(weights) == 1:
        return np.zeros(len(problem.rows.observations.y), int)
    seen: dict[bytes, int] = {}
    return np.array([seen.setdefault(row.tobytes(), len(seen)) for row in weights])
