"""Proximal Newton for penalties that make zeros (lasso, elastic net, group lasso), many columns of a problem at a time.

A column is one unit at one strength in one fold. Each iteration passes once over the rows for the losses and
gradients of all columns, and solves one small penalised quadratic per column. A column's curvature is a
Gram matrix, in float32 and of some of the rows where that is enough, kept for as long as it serves, also from one strength to the next, and
mended by what each step tells of it (the update of Broyden, Fletcher, Goldfarb and Shanno): gradients and losses are float64, so an old
or rounded curvature costs steps, never accuracy. Only the working set (what is not zero, or should not be) enters it.

The method is that of Friedman, Hastie & Tibshirani 2010 and Lee, Sun & Saunders 2014; block descent after Qin et al. 2013.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from glmengine.context import Stopped
from glmengine.solvers.curvature import Curvatures
from glmengine.solvers.problem import Objective
from glmengine.solvers.quadratic import Sparsity, minimise_quadratic

FAR = 1e-6
"""Above this an estimate of the curvature serves as well as the exact one."""

LEAST = {True: 1e-14, False: 1e-18}
"""Steps that gain less tell nothing more of the curvature: where it is the loss's own they need not, where it is only the expected one they
must, since that alone would lead back and forth until the change of gradient is lost in rounding."""

DECREMENT = 1e-16
KKT = 1e-9


PER_COLUMN = ("theta", "objective", "decrement", "kkt", "converged", "iterations", "smooth", "gradient")


@dataclass(frozen=True)
class SparseAnswer:
    """Where proximal Newton ended.

    Attributes
    ----------
    theta : (K, Q)
        Parameters.
    objective : (K,)
        Mean loss plus penalty.
    decrement : (K,)
        What the quadratic model expects still to gain: half the Newton decrement on the active set.
    kkt : (K,)
        Largest violation of the stationarity conditions, per unit of a column's size where that is above 1.
    converged : (K,) bool
    iterations : (K,) int
    trace : tuple of dict
        Per iteration: columns at work, largest decrement and kkt, passes over the rows, seconds.
    smooth : (K,), gradient : (K, Q)
        The part of the objective that makes no zeros, and its gradient.
    """

    theta: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    kkt: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    trace: tuple[dict[str, float], ...]
    smooth: np.ndarray
    gradient: np.ndarray

    def of(self, columns: np.ndarray, *, with_trace: bool) -> SparseAnswer:
        """That of some of the columns."""
        parts = {name: getattr(self, name)[columns] for name in PER_COLUMN}
        return SparseAnswer(**parts, trace=self.trace if with_trace else ())

    @classmethod
    def joined(cls, answers: Sequence[SparseAnswer]) -> SparseAnswer:
        """Those of all columns of several answers."""
        parts = {name: np.concatenate([getattr(answer, name) for answer in answers]) for name in PER_COLUMN}
        return cls(**parts, trace=tuple(step for answer in answers for step in answer.trace))


class ProximalNewton:
    """One problem being solved.

    Parameters
    ----------
    objective : Objective
    sparsity : (K,) sequence of Sparsity
        The part of the penalty that makes zeros, at each column's strength, of the parameters without the intercept (Q - 1).
    curvatures : Curvatures
        Of earlier problems on the same rows.
    names : (K,) sequence
        Columns of equal names share their curvature from one problem to the next.
    """

    def __init__(
        self, objective: Objective, sparsity: Sequence[Sparsity], curvatures: Curvatures, names: Sequence[Hashable]
    ) -> None:
        self.objective, self.sparsity, self.curvatures, self.names = objective, sparsity, curvatures, names
        problem = objective.problem
        rows = problem.rows
        self.K, self.n_columns = problem.n_columns, rows.n_features
        self.movable = objective.movable[:, :-1]
        self.has_intercept = problem.intercept
        self.scale = problem.limit / DECREMENT  # what decrements are compared with
        self.least = LEAST[problem.family.has_curvature(problem.link)]
        self.sizes = np.ones((self.K, objective.size - 1))
        self.sizes[:, rows.places] = np.minimum(rows.preparation.scale_of(problem.unit), 1.0)
        strength = problem.strength
        self.quadratics = [
            objective.penalty_matrix(k)[:-1, :-1] * strength[k] if strength[k] and problem.penalty.any() else None
            for k in range(self.K)
        ]

    def solve(
        self,
        theta: np.ndarray,
        *,
        known: tuple[np.ndarray, np.ndarray] | None = None,
        max_iterations: int = 100,
        report: Callable[[int, float, int], None] | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> SparseAnswer:
        """Minimise the mean loss plus the penalty for every column, from parameters (K, Q).

        Parameters
        ----------
        known : (K,), (K, Q) arrays, optional
            The smooth part of the objective there, and its gradient.
        report : callable, optional
            Called after each iteration with its number, the largest decrement and the number of columns still at work; may raise.
        stopping : callable, optional
            True when what there is should be kept, not converged.
        """
        began = time.perf_counter()
        K, scale = self.K, self.scale
        at_work = np.arange(K)
        self.theta = theta.copy()
        F, G = np.full(K, np.nan), np.zeros_like(self.theta)
        decrement, kkt = np.full(K, np.inf), np.full(K, np.inf)
        iterations, converged = np.zeros(K, int), np.zeros(K, bool)
        previous, refresh, settled = np.full(K, np.inf), np.zeros(K, bool), np.zeros(K, int)
        precise = np.full(K, self.curvatures.is_cheap)
        trace: list[dict[str, float]] = []
        with suppress(Stopped):  # in the middle of a pass: what was there before it is kept
            if known is None:
                F, G = self._evaluate(self.theta, at_work)
            else:
                F, G = known[0] + self._zeros(self.theta, at_work), known[1]
            for iteration in range(max_iterations + 1):
                violations = {}
                for j in at_work.tolist():
                    violation = self.sparsity[j].violation(G[j, :-1], self.theta[j, :-1]) * self.movable[j]
                    violations[j] = violation
                    kkt[j] = max(float(np.max(violation * self.sizes[j], initial=0.0)), abs(G[j, -1]))
                far = ~(decrement <= FAR * scale)
                self.curvatures.update(self, at_work, violations, refresh, precise, far)
                steps, slopes = np.zeros_like(self.theta), np.zeros(K)
                for j in at_work.tolist():
                    steps[j], slopes[j], decrement[j] = self._direction(j, G[j])
                limit = KKT * np.sqrt(scale)
                # an estimated curvature may be too large by as much as rows were left out
                small = decrement <= DECREMENT * scale * self.curvatures.shares(self.names)
                settled[at_work] += small[at_work]
                done = small & ((kkt <= limit) | ((settled > 3) & (kkt <= 10 * limit)))
                converged[at_work] = done[at_work]
                for j in at_work[done[at_work]].tolist():
                    self._last_step(j, steps[j], G)
                at_work = at_work[~done[at_work]]
                trace.append(
                    {
                        "iteration": iteration,
                        "columns": len(at_work),
                        "decrement": float(np.max(decrement)),
                        "kkt": float(np.max(kkt)),
                        "passes": float(self.objective.passes),
                        "hessians": float(self.objective.hessians),
                        "seconds": time.perf_counter() - began,
                    }
                )
                if report is not None:
                    report(iteration, float(np.max(decrement[np.isfinite(decrement)], initial=0.0)), len(at_work))
                if not at_work.size or iteration == max_iterations or (stopping is not None and stopping()):
                    break
                refresh = self._worth_renewing(decrement, previous, at_work.size)
                # one that is new and still poor close to the optimum was spoiled by rounding
                fresh = self.curvatures.fresh(self.names)
                precise |= (
                    ~(decrement <= 0.05 * previous)
                    & (fresh | self.curvatures.is_constant)
                    & (~np.isfinite(decrement) | (decrement <= 1e-6 * scale))
                )
                previous[at_work] = decrement[at_work]
                iterations[at_work] += 1
                self._line_search(at_work, steps, slopes, F, G, refresh, decrement)
        smooth = F - self._zeros(self.theta, np.arange(K))
        return SparseAnswer(self.theta, F, decrement, kkt, converged, iterations, tuple(trace), smooth, G)

    def _evaluate(self, theta: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Objective (k,), and the gradient (k, Q) of its smooth part."""
        value, gradient, _ = self.objective.evaluate(theta, columns)
        return value + self._zeros(theta, columns), gradient

    def _zeros(self, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """The part of the penalty that makes zeros (k,)."""
        return np.array([self.sparsity[j].value(row[:-1]) for j, row in zip(columns.tolist(), theta, strict=True)])

    def _worth_renewing(self, decrement: np.ndarray, previous: np.ndarray, at_work: int) -> np.ndarray:
        """(K,) bool: columns whose steps to go in the curvature they have cost more than a new one."""
        price = self.n_columns / (7 + 21 / max(at_work, 1))  # of a curvature in passes (measured)
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log(np.maximum(decrement / (DECREMENT * self.scale), 1.0))
            rate = np.log(previous / decrement)
            without = np.where(rate > 0, left / rate, np.inf)
        return ~((without <= price + left / 7.0 + 1.0) | np.isinf(previous)) | ~np.isfinite(decrement)

    def _direction(self, j: int, gradient: np.ndarray) -> tuple[np.ndarray, float, float]:
        """Step (Q,), directional derivative of the objective, and what the model expects to gain."""
        known = self.curvatures.of(self.names[j])
        W, H, quadratic = known.working, known.matrix, self.quadratics[j]
        if quadratic is not None:
            H = H + quadratic[np.ix_(W, W)]
        now, slope, g0 = self.theta[j, W], gradient[W], gradient[-1]
        with_intercept = self.has_intercept and known.corner > 0
        if with_intercept:
            slope = slope - known.cross * (g0 / known.corner)
        inside = self.sparsity[j] if W.size == self.theta.shape[1] - 1 else self.sparsity[j].restricted(W)
        step = np.zeros(self.theta.shape[1])
        largest = float(np.max(np.diagonal(known.matrix), initial=0.0))
        new = minimise_quadratic(H, slope - H @ now, inside, now, largest=largest)
        d = new - now
        if not np.isfinite(d).all():
            return step, 0.0, np.inf
        d0 = -(g0 + known.cross @ d) / known.corner if with_intercept else 0.0
        change = inside.value(new) - inside.value(now)
        step[W], step[-1] = d, d0
        directional = float(gradient[W] @ d + g0 * d0) + change
        gain = -(float(slope @ d + 0.5 * d @ (H @ d)) + change) + (0.5 * g0 * g0 / known.corner if with_intercept else 0.0)
        return step, directional, max(gain, 0.0)

    def _last_step(self, j: int, step: np.ndarray, G: np.ndarray) -> None:
        """Take the step (Q,) that was found where column j is done: it changes the objective by less than its rounding, and takes away most
        of what is left of the error, so that rates are the same however sums are rounded."""
        self.theta[j] += step
        G[j] += self.curvatures.of(self.names[j]).change(step, self.has_intercept)
        if (quadratic := self.quadratics[j]) is not None:
            G[j, :-1] += quadratic @ step[:-1]

    def _line_search(
        self,
        at_work: np.ndarray,
        steps: np.ndarray,
        slopes: np.ndarray,
        F: np.ndarray,
        G: np.ndarray,
        refresh: np.ndarray,
        decrement: np.ndarray,
    ) -> None:
        """Move each column along its step, shortened until the objective falls; update losses and gradients in place."""
        t, scale = np.ones(self.K), self.scale
        trying = at_work
        for _ in range(40):
            there = self.theta[trying] + t[trying, None] * steps[trying]
            value, gradient = self._evaluate(there, trying)
            # close to the end the gain is lost in the rounding of the objective, and the step is trusted
            rounding = np.where(decrement[trying] <= 1e-12 * scale[trying], 1e-13, 4e-15)
            rounding = rounding * np.maximum(scale[trying], np.abs(F[trying]))
            good = value <= F[trying] + 1e-4 * t[trying] * slopes[trying] + rounding
            good &= np.isfinite(value)
            kept = trying[good]
            self._learn(kept, t[kept, None] * steps[kept], gradient[good] - G[kept], decrement)
            self.theta[kept], F[kept], G[kept] = there[good], value[good], gradient[good]
            trying = trying[~good]
            if not trying.size:
                return
            refresh[trying] = True
            t[trying] *= 0.5 if np.all(t[trying] > 0.2) else 0.25

    def _learn(self, columns: np.ndarray, steps: np.ndarray, changes: np.ndarray, decrement: np.ndarray) -> None:
        """Mend the curvatures of these columns by steps (k, Q) and the changes of gradient (k, Q) that they made."""
        for j, step, change in zip(columns.tolist(), steps, changes, strict=True):
            if self.curvatures.is_constant or not self.least * self.scale[j] < decrement[j] < np.inf:
                continue
            quadratic = self.quadratics[j]
            if quadratic is not None:
                change = change.copy()
                change[:-1] -= quadratic @ step[:-1]
            self.curvatures.of(self.names[j]).mend(step, change, self.has_intercept)
