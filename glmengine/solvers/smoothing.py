"""Automatic smoothing of a batch of units: coefficients, and a strength of each penalty for each of them, without folds or a grid.

Newton steps of all units at once; at each point the strengths are those of the highest restricted marginal likelihood of the working
model there (the performance iteration of Gu 1992 and of `bam` in Wood, Goude & Shaw 2015), until neither changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glmengine.context import Interruptible, Progress, Stopped
from glmengine.models.components import Component
from glmengine.solvers.marginal_likelihood import Smoothed, WorkingModel
from glmengine.solvers.penalty_components import Components
from glmengine.solvers.problem import Objective, Problem
from glmengine.solvers.worth import sums
from glmengine.threads import workers

SETTLED = 1e-3
"""Largest derivative of the marginal likelihood by the logarithm of a strength, at which the strengths are those of the optimum: twice that
is what degrees of freedom change by."""

DONE = 1e-6
"""Newton decrement of the penalised likelihood, in units of a log-likelihood, at which the coefficients no longer move the strengths."""

FINE, MOST_FINE_STEPS = 1e-3, 4
"""Steps go on until the derivative is this much smaller still, and the decrement by its square: rates then agree to 1e-8 however sums are
rounded. One is usually enough; there are no more than so many."""

NEAR = 0.5
"""The same derivative, and the decrement, from which on Hessians are those of all rows; before, every so many rows are enough to go by."""

STRIDE, ROWS_PER_COLUMN = 8, 50
"""Every how many rows a Hessian far from the optimum is made of, where that leaves so many rows for each column."""

EXPECTED_STEPS, LATE_STEPS = 12, 0.25
"""Steps that most columns take (measured), and the share of those taken that later ones are expected to take still."""

MOST_STEPS, MOST_HALVINGS = 60, 20


@dataclass(frozen=True)
class Smoothing:
    """Strengths found for K columns of a problem.

    Attributes
    ----------
    strengths : (K, J) array
        Of each component in the objective, a: the mean loss plus a/2 w'Sw.
    theta : (K, Q) array
        Parameters there, in the scale of the prepared columns.
    settled : (K,) bool
        The strengths are an optimum of the marginal likelihood.
    at_limit : (K, J) bool
        The marginal likelihood goes on rising with this strength, or as it falls.
    scale : (K,) array
        phi; 1 where the family knows it.
    steps : int
        Working models that were made.
    """

    strengths: np.ndarray
    theta: np.ndarray
    settled: np.ndarray
    at_limit: np.ndarray
    scale: np.ndarray
    steps: int


def choose_strengths(
    problem: Problem, components: Sequence[Component], theta: np.ndarray, context: Any, *, start: np.ndarray | None = None
) -> Smoothing:
    """Maximise the restricted marginal likelihood of each column of `problem`.

    Parameters
    ----------
    problem : Problem
        Its own penalty is kept as it is, beside the components.
    components : sequence of Component
        In raw units of the columns.
    theta : (K, Q) array
        Where to begin, as `Objective.start` makes it.
    context : Context
        Between steps it may cancel; stopped, what there is is returned, not settled.
    start : (K, J) array, optional
        Strengths to begin with, in the objective.
    """
    return _Search(problem, components, theta, context, start).run()


class _Search:
    """All columns on their way."""

    def __init__(
        self, problem: Problem, components: Sequence[Component], theta: np.ndarray, context: Any, start: np.ndarray | None
    ) -> None:
        self.problem, self.context = problem, context
        self.objective = Objective(problem, Interruptible(context))
        rows = problem.rows
        # parameters here are raw coefficients, whose penalties along two variables have one eigenbasis; the intercept is of centred columns
        self.raw = np.broadcast_to(self.objective.raw_factors(np.arange(problem.n_columns)), theta.shape)
        placed = [replace(one, columns=rows.places[one.columns]) for one in components]
        self.components = Components(placed, self.objective.size)
        K, J = problem.n_columns, len(components)
        self.theta = theta.copy()
        self.to_sum = problem.total / problem.family.loss_factor  # from means of the loss to log-likelihoods
        self.lambdas = np.full((K, J), np.nan) if start is None else start * self.to_sum[:, None]
        self.steps, self.worked = 0, 0.0  # and what they took, in steps of all columns
        self.settled, self.at_limit, self.scale = np.zeros(K, bool), np.zeros((K, J), bool), np.ones(K)
        self.free_scale = problem.family.free_scale
        estimable = rows.n // STRIDE >= ROWS_PER_COLUMN * rows.n_features and not self.free_scale
        self.coarse = np.full(K, estimable)  # the Hessian of every so many rows is still enough

    def run(self) -> Smoothing:
        with suppress(Stopped):  # in the middle of a pass: what was there before it is kept
            self._search()
        return Smoothing(self.lambdas / self.to_sum[:, None], self.theta, self.settled, self.at_limit, self.scale, self.steps)

    def _search(self) -> None:
        active = np.arange(self.problem.n_columns)
        value, gradient, _ = self.objective.evaluate(self.theta, active)
        fine_steps = np.zeros(active.size, int)
        while active.size and self.steps < MOST_STEPS:
            self.steps += 1
            self.worked += active.size / self.problem.n_columns
            self.context.check()
            if self.context.stopping:
                break
            known, smoothed = self._smoothed(active, gradient[active])
            active = active[known]  # what has overflowed ends where it is, not settled
            if not active.size:
                break
            before = self.lambdas[active].copy()
            self._take(active, smoothed)
            direction = np.stack([one.parameters for one in smoothed]) / self.raw[active] - self.theta[active]
            direction[~self.objective.movable[active]] = 0.0
            slope = self._slope(active, gradient[active], direction)
            slopes = np.where(np.isnan(before).any(axis=1), np.inf, [one.slope for one in smoothed])
            decrement = -0.5 * slope / self.scale[active]
            settled = ~self.coarse[active] & (slopes <= SETTLED) & (decrement <= DONE)
            self.settled[active[settled]] = True
            fine_steps[active[settled]] += 1
            fine = (slopes <= FINE * SETTLED) & (decrement <= FINE**2 * DONE)
            done = settled & (fine | (fine_steps[active] > MOST_FINE_STEPS))
            moved = self._advance(active, direction, slope, value, gradient)
            lost = ~moved & ~self.coarse[active]
            self.coarse[active] &= moved & ((slopes > NEAR) | (decrement > NEAR))
            active = active[~done & ~lost]
            self._report(active.size)

    def _report(self, at_work: int) -> None:
        """Each step takes what its columns take; those that are at work are expected to need as many as most do, and some more then."""
        share = at_work / self.problem.n_columns
        ahead = share * max(EXPECTED_STEPS - self.steps, LATE_STEPS * self.steps)
        said = f"step {self.steps}, {at_work} units at work"
        self.context.report(Progress("Choosing strengths", self.worked / (self.worked + ahead), said))

    def _hessians(self, columns: np.ndarray) -> np.ndarray:
        """(k, Q, Q) of the mean loss where the columns are; from some of the rows, in float32, where that is still enough and does not
        overflow."""
        result = np.empty((columns.size, self.objective.size, self.objective.size))
        for coarse in (True, False):
            which = np.flatnonzero(self.coarse[columns] == coarse)
            if which.size:
                precision, stride = ("float32", STRIDE) if coarse else ("float64", 1)
                expected = True if self.free_scale else None
                result[which] = self.objective.hessian(
                    self.theta[columns[which]], columns[which], precision, expected=expected, stride=stride
                )
            if coarse:
                self.coarse[columns[which[~np.isfinite(result[which]).all(axis=(1, 2))]]] = False
        return result

    def _smoothed(self, columns: np.ndarray, gradient: np.ndarray) -> tuple[np.ndarray, list[Smoothed]]:
        """Which of the columns have a working model where they are (k,) bool, and its best strengths."""
        theta, raw = self.theta, self.raw[columns]
        with np.errstate(over="ignore", invalid="ignore"):
            hessians = self._hessians(columns) * (self.to_sum[columns][:, None, None] / (raw[:, :, None] * raw[:, None, :]))
            w = theta[columns] * raw
            linear = np.einsum("kab,kb->ka", hessians, w) - gradient / raw * self.to_sum[columns][:, None]
        known = np.isfinite(hessians).all(axis=(1, 2)) & np.isfinite(linear).all(axis=1)
        residual = self._residuals(columns, hessians, linear, w) if self.free_scale else [None] * columns.size

        def of_column(number: int) -> Smoothed:
            model = WorkingModel(
                hessians[number],
                linear[number],
                self.components,
                residual=residual[number],
                single=bool(self.coarse[columns[number]]),
            )
            before = self.lambdas[columns[number]]
            return model.smooth(None if np.isnan(before).any() else before)

        with workers() as pool:
            found = []
            for one in pool.map(of_column, np.flatnonzero(known).tolist()):
                self.context.check()
                found.append(one)
        finite = np.array([np.isfinite(one.parameters).all() for one in found], bool)
        known[known] = finite
        return known, [one for one, good in zip(found, finite, strict=True) if good]

    def _residuals(
        self, columns: np.ndarray, hessians: np.ndarray, linear: np.ndarray, w: np.ndarray
    ) -> list[tuple[float, float]]:
        """(n, z'Wz) of each column: number of observations, and the squares of its working observations."""
        pearson = sums(self.problem, self.theta, self.problem.mean, Interruptible(self.context), held_out=False)[6, columns]
        squares = pearson + 2.0 * np.sum(linear * w, axis=1) - np.einsum("ka,kab,kb->k", w, hessians, w)
        return [(float(n), float(square)) for n, square in zip(self.problem.total[columns], squares, strict=True)]

    def _take(self, columns: np.ndarray, smoothed: list[Smoothed]) -> None:
        self.lambdas[columns] = [one.strengths for one in smoothed]
        self.at_limit[columns] = [one.at_limit for one in smoothed]
        self.scale[columns] = [one.scale for one in smoothed]

    def _penalty(self, columns: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """lambda/2 w'Sw (k,) and its gradient (k, Q), in units of a log-likelihood."""
        value, pull = np.zeros(columns.size), np.zeros_like(theta)
        raw = self.raw[columns]
        for j, factor in enumerate(self.components.factors):
            part = (theta * raw) @ factor
            strength = self.lambdas[columns, j]
            value += 0.5 * strength * np.sum(part**2, axis=1)
            pull += (strength[:, None] * part) @ factor.T * raw
        return value, pull

    def _slope(self, columns: np.ndarray, gradient: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """(k,) derivative of the penalised log-likelihood along the directions."""
        _, pull = self._penalty(columns, self.theta[columns])
        return np.minimum(np.sum((gradient * self.to_sum[columns][:, None] + pull) * direction, axis=1), 0.0)

    def _advance(
        self, columns: np.ndarray, direction: np.ndarray, slope: np.ndarray, value: np.ndarray, gradient: np.ndarray
    ) -> np.ndarray:
        """Step along the directions as far as the penalised log-likelihood falls; updates `value` and `gradient`. (k,) bool: moved."""
        to_sum = self.to_sum[columns]
        begin = value[columns] * to_sum + self._penalty(columns, self.theta[columns])[0]
        length, open_ = np.ones(columns.size), np.arange(columns.size)
        moved = np.zeros(columns.size, bool)
        for _ in range(MOST_HALVINGS):
            which = columns[open_]
            there = self.theta[which] + length[open_][:, None] * direction[open_]
            v, g, _ = self.objective.evaluate(there, which)
            now = v * to_sum[open_] + self._penalty(which, there)[0]
            slack = 1e-10 * np.maximum(np.abs(begin[open_]), 1.0)
            good = (
                np.isfinite(now)
                & np.isfinite(g).all(axis=1)
                & (now <= begin[open_] + 1e-4 * length[open_] * slope[open_] + slack)
            )
            taken = which[good]
            self.theta[taken], value[taken], gradient[taken] = there[good], v[good], g[good]
            moved[open_[good]] = True
            open_ = open_[~good]
            if not open_.size:
                break
            length[open_] *= 0.5
        return moved
