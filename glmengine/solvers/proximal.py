"""Proximal Newton on the prepared rows of a problem: what `glmengine.solvers.sparse` computes, asked and answered as by the other solvers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from glmengine.backend.standard import StandardRows
from glmengine.context import Progress
from glmengine.solvers.problem import ALL_ROWS, Problem, Solution
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.sparse import SparseAnswer, SparseProblem
from glmengine.solvers.sparse_rows import SparseLoss

NAME = "proximal Newton"
CURVATURE_BYTES = 1e9
"""Columns are worked on together as far as their curvatures fit into this."""


class Proximal:
    """Solves problems on the same rows one after another; curvatures and standardised columns are kept between them.

    Parameters
    ----------
    rows : glmengine.backend.rows.Rows
    intercept : bool
    """

    def __init__(self, rows: Any, *, intercept: bool) -> None:
        self.rows, self.intercept = rows, intercept
        self.standard = StandardRows(_PreparedBlocks(rows), centred=intercept)

    def solve(
        self, problem: Problem, penalty: Any, coef: np.ndarray, intercept: np.ndarray, context: Any, *, max_iterations: int = 100
    ) -> Solution:
        """Minimise the mean loss plus `problem.strength` times the penalty.

        Parameters
        ----------
        problem : Problem
            Its `penalty` is the quadratic part, at strength 1.
        penalty : glmengine.models.penalties.Resolved
            At strength 1; its `l1` and `groups` make the zeros.
        coef, intercept : (K, P), (K,) arrays
            Where to start, in raw units.
        context : Context
        """
        batch = max(1, int(CURVATURE_BYTES / (16 * self.rows.n_features**2 + 1)))
        parts = [
            self._solve(
                problem,
                penalty,
                np.arange(start, min(start + batch, problem.n_columns)),
                coef,
                intercept,
                context,
                max_iterations,
            )
            for start in range(0, problem.n_columns, batch)
        ]
        scaled = np.concatenate([part.coef.T for part in parts])
        raw, free = self.rows.to_raw(scaled, np.concatenate([part.intercept for part in parts]), problem.unit)
        converged = np.concatenate([part.converged for part in parts])
        return Solution(
            coef=raw,
            intercept=free,
            objective=np.concatenate([part.objective for part in parts]),
            decrement=np.concatenate([part.decrement for part in parts]),
            converged=converged,
            runaway=np.zeros(converged.size, bool),
            iterations=np.concatenate([part.iterations for part in parts]),
            solver=NAME,
            backend="NumPy",
            trace=tuple(step for part in parts for step in part.trace),
        )

    def _solve(
        self,
        problem: Problem,
        penalty: Any,
        columns: np.ndarray,
        coef: np.ndarray,
        intercept: np.ndarray,
        context: Any,
        max_iterations: int,
    ) -> SparseAnswer:
        rows = self.rows
        size, padded = rows.n_features, rows.padded
        allowed = np.zeros((padded, columns.size), bool)
        allowed[:size] = problem.movable[columns].T
        names = [(int(problem.unit[j]), int(problem.held[j]), problem.family.name, problem.link.name) for j in columns]
        sparse = SparseProblem(self.standard, _loss(problem, columns), intercept=self.intercept, allowed=allowed, names=names)
        scaled, free = rows.from_raw(coef[columns], intercept[columns], problem.unit[columns])
        sparse.start(scaled.T, free)
        quadratic = _padded_quadratic(problem.penalty, rows.scale, padded)
        l1, scales = np.zeros(padded), np.ones(padded)
        l1[:size], scales[:size] = penalty.l1 / rows.scale, penalty.scales / rows.scale
        strengths = problem.strength[columns]
        limit = float(np.min(problem.limit))
        first = 0.0

        def report(iteration: int, decrement: float, at_work: int) -> None:
            nonlocal first
            context.check()
            first = max(first, decrement)
            span = np.log(max(first / limit, 1.0))
            fraction = 1.0 - np.log(max(decrement / limit, 1.0)) / span if span > 0 else 0.0
            context.report(
                Progress("Fitting", float(fraction), f"step {iteration}, decrement {decrement:.1e}, {at_work} columns at work")
            )

        # a group weighs by the columns that the unit may use
        sizes = np.array([group.size for group in penalty.groups])
        counted = np.array([allowed[group].sum(axis=0) for group in penalty.groups]).reshape(sizes.size, columns.size)
        weights = penalty.group_weights[:, None] * np.sqrt(counted / np.maximum(sizes, 1)[:, None]) * strengths
        return sparse.solve(
            [quadratic * strength for strength in strengths],
            [Sparsity(l1 * strength, penalty.groups, weights[:, k], scales) for k, strength in enumerate(strengths)],
            scale=problem.limit[columns] / 1e-16,
            max_iterations=max_iterations,
            report=report,
            stopping=lambda: bool(context.stopping),
        )


class _PreparedBlocks:
    """Prepared rows seen from NumPy, without a copy on a CPU; padding rows are left out, padding columns are zero."""

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.shape = (rows.n, rows.padded)
        self._kept: list[tuple[slice, np.ndarray]] = []

    def pieces(self) -> Iterable[tuple[slice, np.ndarray]]:
        if not self.rows.resident:
            return self._read()
        if not self._kept:
            self._kept = list(self._read())
        return self._kept

    def _read(self) -> Iterator[tuple[slice, np.ndarray]]:
        for number, chunk in enumerate(self.rows.here()):
            part = slice(number * self.rows.chunk_rows, min((number + 1) * self.rows.chunk_rows, self.rows.n))
            yield part, chunk.X[: part.stop - part.start]


def _loss(problem: Problem, columns: np.ndarray) -> SparseLoss:
    """The problem's loss for some of its columns, numbered anew."""
    observed = problem.rows.observations
    family, link = problem.family, problem.link
    unit, held = problem.unit[columns], problem.held[columns]
    dispersion = None if problem.dispersion is None else problem.dispersion[columns]
    shared = len(observed.weights) == 1
    unheld = bool((held == ALL_ROWS).all()) or observed.fold is None

    def evaluate(eta: np.ndarray, y: np.ndarray, some: np.ndarray) -> tuple[np.ndarray, ...]:
        return family.evaluate(eta, y, link, None if dispersion is None else dispersion[some])

    def take(part: slice, some: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        y = observed.y[unit[some], part].T.astype(np.float64, copy=False)
        weights = observed.weights[:1, part].T if shared else observed.weights[unit[some], part].T
        if not unheld:
            weights = weights * (observed.fold[part, None] != held[some])
        offset = None
        if observed.offset is not None:
            offset = observed.offset[:1, part].T if len(observed.offset) == 1 else observed.offset[unit[some], part].T
        return y, weights, offset

    return SparseLoss(
        evaluate,
        take,
        problem.total[columns].astype(float),
        convex=problem.exact_curvature,
        constant_curvature=family.is_quadratic(link),
        same_weights=shared and (unheld or bool((held == held[0]).all())),
    )


def _padded_quadratic(penalty: np.ndarray, scale: np.ndarray, padded: int) -> np.ndarray:
    """The quadratic part (P,) or (P, P) at strength 1, for the prepared columns."""
    size = scale.size
    if penalty.ndim == 1:
        result = np.zeros(padded)
        result[:size] = penalty / scale**2
    else:
        result = np.zeros((padded, padded))
        result[:size, :size] = penalty / np.outer(scale, scale)
    return result
