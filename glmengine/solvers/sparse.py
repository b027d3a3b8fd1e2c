"""Proximal Newton for penalties that make zeros (lasso, elastic net, group lasso), in NumPy, many columns at a time.

A column is one unit at one strength in one fold. Each iteration passes once over the rows for the losses and
gradients of all columns, and solves one small penalised quadratic per column. A column's curvature is a float32
Gram matrix of standardised columns, kept for as long as it serves: gradients and losses are float64, so an old
or rounded curvature costs steps, never accuracy. Only the working set (what is not zero, or should not be) enters it.

The method is that of Friedman, Hastie & Tibshirani 2010 and Lee, Sun & Saunders 2014; block descent after Qin et al. 2013.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.backend.standard import StandardRows
from glmengine.solvers.quadratic import Sparsity, minimise_quadratic
from glmengine.solvers.sparse_rows import Curvature, SparseLoss, SparseRows
from glmengine.threads import workers

SMALL = 256
"""Up to this many columns the working set is all of them."""

SMALL_WORK = 2e7
"""A Gram matrix of fewer multiplications than this is summed in float64 from the start."""

ROWS_PER_COLUMN, COARSEST = 50, 16
"""A curvature is estimated from so many rows a column, but not from fewer than every sixteenth."""

FAR = 1e-6
"""Above this an estimate of the curvature serves as well as the exact one."""

DECREMENT = 1e-16
KKT = 1e-9


@dataclass(frozen=True)
class SparseAnswer:
    """Where proximal Newton ended, in raw units.

    Attributes
    ----------
    coef : (P, M), intercept : (M,)
    objective : (M,)
        Mean loss plus penalty.
    decrement : (M,)
        What the quadratic model expects still to gain: half the Newton decrement on the active set.
    kkt : (M,)
        Largest violation of the stationarity conditions, per unit of a column's standard deviation where that is above 1.
    converged : (M,) bool
    iterations : (M,) int
    seconds : float
    trace : list of dict
        Per iteration: columns at work, largest decrement and kkt, seconds.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    kkt: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    seconds: float
    trace: list[dict[str, float]]


class SparseProblem:
    """M columns on one design; solve it again and again at other strengths, each time from where the last ended."""

    def __init__(
        self,
        rows: StandardRows,
        loss: SparseLoss,
        *,
        intercept: bool = True,
        allowed: np.ndarray | None = None,
        names: Sequence[Hashable] | None = None,
    ) -> None:
        """`allowed` (P, M) are the coefficients that are fitted, by default those of all that vary; columns of equal `names` share their curvature from one problem to the next."""
        self.rows, self.loss, self.has_intercept = rows, loss, intercept
        self.n_columns = rows.shape[1]
        self.total = loss.total
        self.M = self.total.size
        self.names = list(names) if names is not None else [object() for _ in range(self.M)]
        self.allowed = np.tile(~rows.constant[:, None], (1, self.M)) if allowed is None else allowed.astype(bool)
        self.sums = SparseRows(rows, loss, intercept)
        self.u = np.zeros((self.n_columns, self.M))
        self.b = np.zeros(self.M)

    def start(self, coef: np.ndarray, intercept: np.ndarray) -> None:
        """Begin at these coefficients (P, M) and intercepts (M,), in raw units."""
        self.u = np.where(self.allowed, coef * self.rows.scale[:, None], 0.0)
        self.b = np.asarray(intercept, float) + (
            self.rows.shift @ (self.u / self.rows.scale[:, None]) if self.has_intercept else 0.0
        )

    def solve(
        self,
        quadratic: Sequence[np.ndarray | None],
        sparsity: Sequence[Sparsity],
        *,
        scale: np.ndarray,
        max_iterations: int = 100,
        report: Callable[[int, float, int], None] | None = None,
        stopping: Callable[[], bool] | None = None,
    ) -> SparseAnswer:
        """Minimise the mean loss plus the penalty for every column.

        Parameters
        ----------
        quadratic : (M,) sequence of (P,) or (P, P) arrays
            Quadratic part of the penalty in raw units: a diagonal or a matrix.
        sparsity : (M,) sequence of Sparsity
            The part that makes zeros, in raw units.
        scale : (M,) array
            max(1, null deviance per valid row): what the decrement is compared with.
        report : callable, optional
            Called after each iteration with its number, the largest decrement and the number of columns still at work; may raise.
        stopping : callable, optional
            True when what there is should be kept, not converged.
        """
        with workers(self.rows.shape[0] * self.n_columns * self.M) as self.sums.pool:
            return self._solve(quadratic, sparsity, scale, max_iterations, report, stopping)

    def _solve(
        self,
        quadratic: Sequence[np.ndarray | None],
        sparsity: Sequence[Sparsity],
        scale: np.ndarray,
        max_iterations: int,
        report: Callable[[int, float, int], None] | None,
        stopping: Callable[[], bool] | None,
    ) -> SparseAnswer:
        began = time.perf_counter()
        s = self.rows.scale
        quadratics = [_standard_quadratic(part, s) for part in quadratic]
        sparsities = [Sparsity(part.l1 / s, part.groups, part.weights, part.scales / s) for part in sparsity]
        M = self.M
        at_work = np.arange(M)
        F, G, g0 = self.sums.evaluate(self.u, self.b, at_work)
        F += np.array([_penalty(quadratics[j], sparsities[j], self.u[:, j]) for j in at_work])
        decrement, kkt = np.full(M, np.inf), np.full(M, np.inf)
        iterations, converged = np.zeros(M, int), np.zeros(M, bool)
        previous, refresh, settled = np.full(M, np.inf), np.zeros(M, bool), np.zeros(M, int)
        precise = np.full(M, self.rows.shape[0] * self.n_columns**2 <= SMALL_WORK)
        trace: list[dict[str, float]] = []
        for iteration in range(max_iterations + 1):
            gradients = {j: G[:, j] + _times(quadratics[j], self.u[:, j]) for j in at_work.tolist()}
            violations = {}
            for j in at_work.tolist():
                violation = sparsities[j].violation(gradients[j], self.u[:, j]) * self.allowed[:, j]
                violations[j] = violation
                kkt[j] = max(float(np.max(violation * np.minimum(1.0, s), initial=0.0)), abs(g0[j]))
            far = ~(decrement <= FAR * scale)
            self._update_curvatures(at_work, violations, refresh, precise, far)
            steps, shifts, slopes = np.zeros((self.n_columns, M)), np.zeros(M), np.zeros(M)
            for j in at_work.tolist():
                steps[:, j], shifts[j], slopes[j], decrement[j] = self._direction(
                    j, gradients[j], g0[j], quadratics[j], sparsities[j]
                )
            limit = KKT * np.sqrt(scale)
            settled[at_work] += decrement[at_work] <= DECREMENT * scale[at_work]
            done = (decrement <= DECREMENT * scale) & ((kkt <= limit) | ((settled > 3) & (kkt <= 10 * limit)))
            converged[at_work] = done[at_work]
            at_work = at_work[~done[at_work]]
            trace.append(
                {
                    "iteration": iteration,
                    "columns": len(at_work),
                    "decrement": float(np.max(decrement)),
                    "kkt": float(np.max(kkt)),
                    "seconds": time.perf_counter() - began,
                }
            )
            if report is not None:
                report(iteration, float(np.max(decrement[np.isfinite(decrement)], initial=0.0)), len(at_work))
            if not at_work.size or iteration == max_iterations or (stopping is not None and stopping()):
                break
            refresh[:] = self._worth_renewing(decrement, previous, scale)
            # one that is new and still poor close to the optimum was spoiled by rounding
            fresh = np.array(
                [self.rows.curvatures[name].steps <= 2 if name in self.rows.curvatures else False for name in self.names]
            )
            precise |= (
                ~(decrement <= 0.05 * previous)
                & (fresh | self.loss.constant_curvature)
                & (~np.isfinite(decrement) | (decrement <= 1e-6 * scale))
            )
            previous[at_work] = decrement[at_work]
            iterations[at_work] += 1
            self._line_search(at_work, steps, shifts, slopes, quadratics, sparsities, F, G, g0, refresh, scale, decrement)
        coef = self.u / s[:, None]
        intercept = self.b - self.rows.shift @ coef if self.has_intercept else np.zeros(M)
        return SparseAnswer(coef, intercept, F, decrement, kkt, converged, iterations, time.perf_counter() - began, trace)

    def _worth_renewing(self, decrement: np.ndarray, previous: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """(M,) bool: columns whose steps to go in the curvature they have cost more than a new one."""
        price = self.n_columns / (20 + 20 / self.M)  # of a curvature in passes
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.log(np.maximum(decrement / (DECREMENT * scale), 1.0))
            rate = np.log(previous / decrement)
            without = np.where(rate > 0, left / rate, np.inf)
        return ~((without <= price + left / 7.0 + 1.0) | np.isinf(previous)) | ~np.isfinite(decrement)

    def _update_curvatures(
        self,
        at_work: np.ndarray,
        violations: dict[int, np.ndarray],
        refresh: np.ndarray,
        precise: np.ndarray,
        far: np.ndarray,
    ) -> None:
        """Make or renew the curvature of the columns that need it: an estimate for those `far` from the optimum, exact at its end."""
        stride = int(np.clip(self.rows.shape[0] // (ROWS_PER_COLUMN * max(self.n_columns, 1)), 1, COARSEST))
        coarse = far & ~precise & (stride > 1) & (not self.loss.constant_curvature)
        wanted: dict[int, np.ndarray] = {}
        for j in at_work.tolist():
            if self.n_columns <= SMALL:
                working = np.flatnonzero(self.allowed[:, j])
            else:
                working = np.flatnonzero(self.allowed[:, j] & ((self.u[:, j] != 0) | (violations[j] > 0)))
            old = self.rows.curvatures.get(self.names[j])
            if old is not None:
                missing = np.setdiff1d(working, old.working)
                lasting = not refresh[j] or (self.loss.constant_curvature and (old.precise or not precise[j]))
                lasting &= coarse[j] or not old.coarse
                if not missing.size and lasting:
                    old.steps += 1
                    continue
                working = np.union1d(working, old.working) if missing.size else old.working
            wanted[j] = working
        if not wanted:
            return
        if self.loss.constant_curvature and self.loss.same_weights:
            everything = np.unique(np.concatenate(list(wanted.values())))
            first = next(iter(wanted))
            exact = bool(precise[list(wanted)].any())
            shared = self.sums.curvatures(self.u, self.b, np.array([first]), {first: everything}, np.full(self.M, exact))[first]
            for j, working in wanted.items():
                place = np.searchsorted(everything, working)
                self.rows.curvatures[self.names[j]] = Curvature(
                    working, shared.matrix[np.ix_(place, place)], shared.cross[place], shared.corner, exact
                )
            return
        for part, every in ((coarse, stride), (~coarse, 1)):
            columns = np.array([j for j in wanted if part[j]], int)
            if columns.size:
                near = columns[~far[columns]] if every == 1 and not self.loss.convex else columns[:0]
                for j, made in self.sums.curvatures(self.u, self.b, columns, wanted, precise, every, near).items():
                    self.rows.curvatures[self.names[j]] = made

    def _direction(
        self, j: int, gradient: np.ndarray, g0: float, quadratic: np.ndarray | None, sparsity: Sparsity
    ) -> tuple[np.ndarray, float, float, float]:
        """Step (P,), step of the intercept, directional derivative of the objective, and what the model expects to gain."""
        known = self.rows.curvatures[self.names[j]]
        W = known.working
        H = known.matrix
        if quadratic is not None:
            H = H + (np.diag(quadratic[W]) if quadratic.ndim == 1 else quadratic[np.ix_(W, W)])
        now = self.u[W, j]
        slope = gradient[W]
        with_intercept = self.has_intercept and known.corner > 0
        if with_intercept:
            slope = slope - known.cross * (g0 / known.corner)
        everything = W.size == self.n_columns
        inside = sparsity if everything else sparsity.restricted(W)
        new = minimise_quadratic(H, slope - H @ now, inside, now)
        d = new - now
        d0 = -(g0 + known.cross @ d) / known.corner if with_intercept else 0.0
        change = inside.value(new) - inside.value(now)
        step = np.zeros(self.n_columns)
        if not np.isfinite(d).all():
            return step, 0.0, 0.0, np.inf
        step[W] = d
        directional = float(gradient[W] @ d + g0 * d0) + change
        gain = -(float(slope @ d + 0.5 * d @ (H @ d)) + change) + (0.5 * g0 * g0 / known.corner if with_intercept else 0.0)
        return step, float(d0), directional, max(gain, 0.0)

    def _line_search(
        self,
        at_work: np.ndarray,
        steps: np.ndarray,
        shifts: np.ndarray,
        slopes: np.ndarray,
        quadratics: list[np.ndarray | None],
        sparsities: list[Sparsity],
        F: np.ndarray,
        G: np.ndarray,
        g0: np.ndarray,
        refresh: np.ndarray,
        scale: np.ndarray,
        decrement: np.ndarray,
    ) -> None:
        """Move each column along its step, shortened until the objective falls; update losses and gradients in place."""
        t = np.ones(self.M)
        trying = at_work
        for _ in range(40):
            u = self.u[:, trying] + t[trying] * steps[:, trying]
            b = self.b[trying] + t[trying] * shifts[trying]
            loss, gradient, sums = self.sums.evaluate(u, b, trying)
            loss = loss + np.array(
                [_penalty(quadratics[j], sparsities[j], u[:, place]) for place, j in enumerate(trying.tolist())]
            )
            # close to the end the gain is lost in the rounding of the objective, and the step is trusted
            rounding = np.where(decrement[trying] <= 1e-12 * scale[trying], 1e-13, 4e-15)
            rounding = rounding * np.maximum(scale[trying], np.abs(F[trying]))
            good = loss <= F[trying] + 1e-4 * t[trying] * slopes[trying] + rounding
            good &= np.isfinite(loss)
            kept = trying[good]
            self.u[:, kept], self.b[kept] = u[:, good], b[good]
            F[kept], G[:, kept], g0[kept] = loss[good], gradient[:, good], sums[good]
            trying = trying[~good]
            if not trying.size:
                return
            refresh[trying] = True
            t[trying] *= 0.5 if np.all(t[trying] > 0.2) else 0.25


def _standard_quadratic(part: np.ndarray | None, scale: np.ndarray) -> np.ndarray | None:
    if part is None or not part.any():
        return None
    return part / scale**2 if part.ndim == 1 else part / np.outer(scale, scale)


def _times(quadratic: np.ndarray | None, u: np.ndarray) -> np.ndarray | float:
    if quadratic is None:
        return 0.0
    return quadratic * u if quadratic.ndim == 1 else quadratic @ u


def _penalty(quadratic: np.ndarray | None, sparsity: Sparsity, u: np.ndarray) -> float:
    return 0.5 * float(u @ (_times(quadratic, u) * np.ones_like(u))) + sparsity.value(u)
