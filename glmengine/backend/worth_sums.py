"""What models are worth on the rows they were fitted to, or on those held out: summed by compiled steps, or in NumPy where passes are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glmengine.backend.pieces import Piece, pieces
from glmengine.backend.rows import bucket
from glmengine.backend.worth import worth
from glmengine.solvers.problem import Objective, Problem
from glmengine.threads import workers


def sums(problem: Problem, theta: np.ndarray, null: np.ndarray, context: Any, *, held_out: bool) -> np.ndarray:
    """`worth` on all rows, (8, K), at parameters (K, Q) and null means (K,)."""
    from glmengine.backend import steps

    objective = Objective(problem, context)
    if objective.in_numpy:
        return _sums_here(objective, theta, null, held_out=held_out)
    total = np.zeros((8, problem.n_columns))
    sizes = _held_out_sizes(problem) if held_out else None
    for number, chunk in enumerate(problem.rows):
        context.check()
        columns = _held_in(problem, number) if held_out else np.arange(problem.n_columns)
        if not columns.size:
            continue
        coef, intercept, where = objective.arguments(theta[columns], columns, sizes)
        padded = np.full(len(coef), null[columns[0]])
        padded[: columns.size] = null[columns]
        part = steps.scores(chunk, coef, intercept, padded, where, family=problem.family, link=problem.link, held_out=held_out)
        total[:, columns] += np.asarray(part)[:, : columns.size]
    return total


def _sums_here(objective: Objective, theta: np.ndarray, null: np.ndarray, *, held_out: bool) -> np.ndarray:
    """`sums` in NumPy."""
    problem = objective.problem
    dispersion = np.ones(problem.n_columns) if problem.dispersion is None else problem.dispersion

    def of_piece(piece: Piece) -> np.ndarray:
        result = np.zeros((8, problem.n_columns))
        columns = _held_in_piece(problem, piece) if held_out else np.arange(problem.n_columns)
        if columns.size:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                eta, y, weights = objective.at(piece, theta[columns], columns, held_out=held_out)
                family, link = problem.family, problem.link
                result[:, columns] = worth(np, family, link, eta, y, weights, null[columns], dispersion[columns, None])
        return result

    return _added(objective, of_piece, np.zeros((8, problem.n_columns)))


def _added(objective: Objective, of_piece: Callable[[Piece], np.ndarray], total: np.ndarray) -> np.ndarray:
    """`total` with what each piece of the rows adds to it."""
    rows = objective.problem.rows
    with workers(rows.n * rows.padded * objective.problem.n_columns) as pool:
        for some in pieces(rows):
            objective.context.check()
            for part in pool.map(of_piece, some):
                total += part
    return total


def _held_in_piece(problem: Problem, piece: Piece) -> np.ndarray:
    """Columns of the problem that have held-out rows in this piece."""
    return np.flatnonzero(np.isin(problem.held, np.unique(piece.fold)))


class HeldOut:
    """Held-out sums of the same columns at one strength after the other.

    Between two strengths only the loss changes: log-likelihood and deviance differ from it by what does not depend on the model, which is
    found out the first time.
    """

    def __init__(self, null: np.ndarray) -> None:
        self._null = null
        self._first: np.ndarray | None = None

    def sums(self, problem: Problem, theta: np.ndarray, context: Any) -> np.ndarray:
        """(8, K) as `sums` gives them for held-out rows; squared residuals are those of the first call."""
        factor = problem.family.loss_factor
        if problem.rows.nonzeros is not None:
            return sums(problem, theta, self._null, context, held_out=True)
        if self._first is not None and not problem.family.estimates_dispersion:
            loss = held_out_losses(problem, theta, context) / factor
            table = self._first.copy()
            table[2] -= loss
            table[3] += 2.0 * loss
            return table
        table = sums(problem, theta, self._null, context, held_out=True)
        if not problem.family.estimates_dispersion:
            loss = held_out_losses(problem, theta, context) / factor
            first = table.copy()
            first[2] += loss
            first[3] -= 2.0 * loss
            self._first = first if np.isfinite(first[:6]).all() else None
        return table


def held_out_losses(problem: Problem, theta: np.ndarray, context: Any) -> np.ndarray:
    """(K,) loss summed over the rows held out of each column."""
    from glmengine.backend import steps

    objective = Objective(problem, context)
    if objective.in_numpy:
        return _held_out_losses_here(objective, theta)
    total = np.zeros(problem.n_columns)
    sizes = _held_out_sizes(problem)
    for number, chunk in enumerate(problem.rows):
        context.check()
        columns = _held_in(problem, number)
        if columns.size:
            arguments = objective.arguments(theta[columns], columns, sizes)
            part = steps.held_out_loss(chunk, *arguments, family=problem.family, link=problem.link)
            total[columns] += np.asarray(part)[: columns.size]
    return total


def _held_out_losses_here(objective: Objective, theta: np.ndarray) -> np.ndarray:
    """`held_out_losses` in NumPy."""
    problem = objective.problem
    dispersion = np.ones(problem.n_columns) if problem.dispersion is None else problem.dispersion

    def of_piece(piece: Piece) -> np.ndarray:
        result = np.zeros(problem.n_columns)
        columns = _held_in_piece(problem, piece)
        if columns.size:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                eta, y, weights = objective.at(piece, theta[columns], columns, held_out=True)
                loss = problem.family.evaluate(eta, y, problem.link, dispersion[columns, None])[0]
                result[columns] = np.sum(weights * loss, axis=1)
        return result

    return _added(objective, of_piece, np.zeros(problem.n_columns))


def _held_out_sizes(problem: Problem) -> tuple[int, ...]:
    """Numbers of columns to compile for: with contiguous folds most chunks hold rows of one or two of them."""
    return (bucket(-(-2 * problem.n_columns // np.unique(problem.held).size)),)


def _held_in(problem: Problem, number: int) -> np.ndarray:
    """Columns of the problem that have held-out rows in one chunk."""
    rows = problem.rows
    present = np.unique(rows.observations.fold[number * rows.chunk_rows : (number + 1) * rows.chunk_rows])
    return np.flatnonzero(np.isin(problem.held, present))
