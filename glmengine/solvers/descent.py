"""Batched quasi-Newton descent: every pass over the rows serves all columns that are still at work.

Each column takes the step of limited-memory BFGS in a metric that is nearly its Hessian. With a fresh Hessian that is Newton's
method; with an old one the memory mends it; with the shared Gram it is a preconditioned L-BFGS. A column asks
for a new Hessian when the passes that it would save are worth more than it costs. Step lengths are controlled column by column,
so no column's course depends on who else is there.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.context import Interruptible, Stopped
from glmengine.solvers.descent_state import Ended, Lines
from glmengine.solvers.descent_work import DescentWork
from glmengine.solvers.kept_hessians import COARSEST, KeptHessians
from glmengine.solvers.memory import Memory
from glmengine.solvers.metrics import GramMetric
from glmengine.solvers.problem import ALL_ROWS, Objective, Problem, Solution
from glmengine.solvers.sample import Sample
from glmengine.threads import quiet_blas_for

MOST_ITERATIONS = 400
MOST_TRIALS = 25

SINGLE_WORK = 2e8
"""Passes of more multiplications than this are begun in float32, which takes half their time."""

SINGLE_END = 1e3
"""They are made in it down to so many times the limit, where decrements in float32 are still above their rounding (some 1e-14 of coupled units)."""

SINGLE_TOLD = 1e5
"""Steps are remembered down to so many times the limit: of shorter ones the change of the gradient is lost in its rounding."""

SINGLE_TRIALS = 4
"""A column that finds no way down in so many of them goes on in float64; where steps are not remembered any more, after the first."""

CLOSE_TO = {"float32": 1e-6, "float64": 1e-9}
"""Below this decrement the gain of a step is lost in the rounding of the objective, and the gradient decides."""

SHORT = 0.05
"""Where no more than this share of a step leads down, an estimated Hessian has not seen what bends the loss."""

LONG_STEP = 0.05
"""A step in units of a column's standard deviation that is no correction any more."""

RUNAWAY_STEPS = 4
"""A column whose fresh Newton steps stay long this often in a row, while nothing more is to be gained, has no optimum."""


class Descent:
    """One problem being solved; `run` may be called again after the problem's strengths have changed.

    Parameters
    ----------
    problem : Problem
    context : Context
    gram : GramMetric, optional
        Shared metric to begin with; a Hessian per column where not given.
    solver : str
        ``"auto"``, ``"newton"`` (a new Hessian at each step) or ``"lbfgs"`` (never a Hessian).
    coarsest : int
        Hessians that steps are taken with are estimated from no fewer than one row in so many.
    sample : Sample, optional
        Where they are estimated from, in place of one row in so many of all: its rows are those that say most.
    rough : bool
        Limits lie so far above the rounding of float32 that all passes are made in it.
    """

    def __init__(
        self,
        problem: Problem,
        context: Any,
        *,
        gram: GramMetric | None = None,
        solver: str = "auto",
        coarsest: int = COARSEST,
        sample: Sample | None = None,
        rough: bool = False,
    ) -> None:
        self.solver, self.gram, self._rough = solver, gram, rough
        self._enter(problem, context)
        self.kept = KeptHessians(
            self.objective,
            always=solver == "newton",
            allowed=solver != "lbfgs" or gram is None,
            coarsest=coarsest,
            sample=sample,
        )
        self.shares_folds = self.kept.allowed and gram is None and solver == "auto" and self.objective.fold_share < 1.0
        self.softest = np.ones(problem.n_columns)  # least curvature met along a step, in the shared metric
        self.theta: np.ndarray | None = None
        self._ended: Ended | None = None
        self._precision = "float64"
        self._rough_value: np.ndarray | None = None

    def use(self, problem: Problem, context: Any) -> None:
        """Work on this problem from now on, telling this context: the same rows and columns at other strengths."""
        self._enter(problem, context)
        self.kept.use(self.objective)

    def _enter(self, problem: Problem, context: Any) -> None:
        self.problem, self.context = problem, context
        # a penalty on every coefficient leaves none without a limit, however far away its optimum is
        whole = problem.penalty.ndim == 1 and bool((problem.penalty > 0).all())
        self._held_back = (problem.strength > 0) & whole
        self.objective = Objective(problem, Interruptible(context))
        if self.gram is not None:
            self.gram.at(problem.strength)

    def run(self, theta: np.ndarray) -> Solution:
        """From parameters (K, Q), as `Objective.start` makes them."""
        self._began = time.perf_counter()
        self._rough_value = None
        self._work = DescentWork(self.context, float(np.min(self.problem.limit)), self.problem.n_columns)
        memory = Memory(self.problem.n_columns, self.objective.size)
        with quiet_blas_for(self.problem.rows.n_features):
            if self._rough and self.objective.pass_work > 0:
                return self._run(theta, memory, "float32")
            if self.solver == "newton" or self.objective.pass_work < SINGLE_WORK:
                return self._run(theta, memory)
            rough = self._run(theta, memory, "float32")
            self._rough_value = rough.objective
            solution = self._run(self.theta, memory, onwards=True)
        return replace(solution, iterations=rough.iterations + solution.iterations, trace=(*rough.trace, *solution.trace))

    def _run(self, theta: np.ndarray, memory: Memory, precision: str = "float64", *, onwards: bool = False) -> Solution:
        """With passes over the rows in this precision, in float32 for as far as it leads; `onwards` from where it led."""
        problem, objective, single = self.problem, self.objective, precision == "float32"
        leads_on = single and not self._rough  # float64 has the last word
        self._precision, self._limit = precision, problem.limit * (SINGLE_END if leads_on else 1.0)
        self._work.in_double = onwards
        K = problem.n_columns
        least_told = problem.limit * (SINGLE_TOLD if leads_on else 0.0)
        theta = theta.copy()
        active = np.arange(K)
        value = np.full(K, np.nan)
        decrement, last = np.full(K, np.inf), np.full(K, np.inf)
        iterations, long_steps, failures = np.zeros(K, int), np.zeros(K, int), np.zeros(K, int)
        converged, runaway = np.zeros(K, bool), np.zeros(K, bool)
        trace: list[dict[str, float]] = []
        with suppress(Stopped):  # in the middle of a pass: what was there before it is kept
            by_folds = self.shares_folds and not onwards
            value, gradient, rounding, seen = self._begin(theta)
            self._work.passed(K if seen else 0)
            if by_folds:
                with self._work.hessians(self.kept.price(np.unique(problem.unit).size), K):
                    self.kept.renew_by_folds(theta)
            if self.gram is None or self.solver == "newton":
                bare = active[~self.kept.own[active]]
                if bare.size:
                    self._renew(theta, bare)
            lines = Lines(K, objective.size)
            turning = active  # columns that need a direction; the others try a shorter step along theirs, in the same pass
            while active.size and len(trace) < MOST_ITERATIONS:
                before = active
                if turning.size:
                    now, longest = self._turn(lines, memory, theta, gradient, turning, last, iterations, active.size)
                    decrement[turning] = now
                    at_rounding = np.max(np.abs(gradient[turning]), axis=1) <= rounding[turning]
                    if single:  # columns that are nearly the same lose in float32 what tells them apart
                        at_rounding |= (now > 0.5 * last[turning]) & (now < CLOSE_TO[precision])
                    # a metric that knows no direction for a gradient, as one that overflowed, says nothing of the decrement
                    safe = 1.0 if leads_on else self.kept.safe(turning)
                    small = (now <= safe * self._limit[turning]) & (longest > 0)
                    done = seen & np.isfinite(value[turning]) & (small | at_rounding)
                    drifting = (
                        self.kept.fresh[turning] & (now < 1e-7) & (longest > LONG_STEP) & ~at_rounding & problem.link.unitless
                    )
                    drifting &= ~self._held_back[turning] & (not single)
                    long_steps[turning] = np.where(drifting, long_steps[turning] + 1, 0)
                    lost = (long_steps[turning] >= RUNAWAY_STEPS) | (done & drifting)
                    runaway[turning[lost]] = True
                    converged[turning[done & ~lost]] = True
                    # the last step changes the objective by less than its rounding, and halves what is left of the error at least
                    last_step = turning[done & ~lost & ~at_rounding]
                    theta[last_step] += lines.direction[last_step]
                    gradient[last_step] = 0.0
                    self.kept.fresh[last_step] = False
                    active = np.setdiff1d(active, turning[done | lost])
                trace.append(self._entry(before, decrement[before]))
                self._report(trace)
                if not active.size or self.context.stopping:
                    break
                moved, there = self._try(lines, theta, value, decrement, active)
                self._work.passed(active.size)
                seen = True
                winners = active[moved]
                self.kept.doubt(winners[lines.length[winners] < SHORT])
                step, change = there[0][moved] - theta[winners], there[2][moved] - gradient[winners]
                told = decrement[winners] > least_told[winners]
                memory.remember(winners[told], step[told], change[told])
                self._learn(winners, step, change)
                theta[winners], value[winners], gradient[winners], rounding[winners] = (part[moved] for part in there)
                self.kept.fresh[winners] = False
                iterations[winners] += 1
                last[winners] = decrement[winners]
                most = np.where(decrement[active] > least_told[active], SINGLE_TRIALS, 1) if single else MOST_TRIALS
                stuck = active[~moved & (lines.trials[active] >= most)]
                active = np.setdiff1d(active, stuck if single else self._retry(theta, stuck, memory, failures))
                turning = np.intersect1d(active, np.concatenate([winners, stuck]))
        if np.isnan(value).any() and not single:  # not even the first pass came to its end, and what is kept has an objective
            value, gradient, rounding = self._broken_off(theta)
        self.theta = theta
        if not single:
            self._ended = Ended(problem, theta.copy(), value, gradient, rounding)
        coef, intercept = objective.to_raw(theta)
        return Solution(
            coef, intercept, value, decrement, converged, runaway, iterations, self._name(), objective.backend.name, tuple(trace)
        )

    def _broken_off(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Objective (K,), gradient (K, Q) and its rounding (K,) where the first pass in float64 was broken off; of folds, whose objective says only
        that they were come to, that of the passes in float32."""
        known = self._rough_value
        if known is None or np.isnan(known).any() or (self.problem.held == ALL_ROWS).any():
            return Objective(self.problem, self.context).evaluate(theta, np.arange(theta.shape[0]))
        return known, np.full(theta.shape, np.nan), np.full(len(theta), np.nan)

    def _begin(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, bool]:
        """Objective (K,), gradient (K, Q) and its rounding (K,) at parameters (K, Q), and whether they come of a pass over the rows.

        Where the last call ended at these parameters and only the strengths are others now, only the penalty has to be made anew: enough
        for a first step, not for the end.
        """
        everything = np.arange(self.problem.n_columns)
        ended = self._ended
        if ended is None or not ended.was_at(theta, self.problem):
            return *self.objective.evaluate(theta, everything, self._precision), True
        stronger = 1.0 - ended.problem.strength / self.problem.strength
        more = self.objective.pull(theta, everything) * stronger[:, None]
        gradient = np.where(self.objective.movable, ended.gradient + more, 0.0)
        return ended.value + 0.5 * np.sum(more * theta, axis=1), gradient, ended.rounding, False

    def _turn(
        self,
        lines: Lines,
        memory: Memory,
        theta: np.ndarray,
        gradient: np.ndarray,
        turning: np.ndarray,
        last: np.ndarray,
        iterations: np.ndarray,
        at_work: int,
    ) -> tuple[np.ndarray, np.ndarray]:
        """New directions for these columns, with new Hessians where they are worth it.

        Returns
        -------
        now : (k,) half the Newton decrements
        longest : (k,) largest part of each direction
        """
        direction, now = self._direction(memory, gradient, turning)
        poor = self.kept.worth_renewing(turning, now, last, iterations, at_work)
        # the end of a column that still takes long steps is believed only of a Hessian made here
        poor |= (
            ~self.kept.fresh[turning]
            & self.kept.allowed
            & (now <= self._limit[turning])
            & (np.abs(direction).max(axis=1) > LONG_STEP)
        )
        if poor.any():
            self._renew(theta, turning[poor])
            memory.forget(turning[poor])
            direction[poor], now[poor] = self._direction(memory, gradient, turning[poor])
        lines.begin(turning, direction, np.sum(gradient[turning] * direction, axis=1))
        return now, np.max(np.abs(direction), axis=1, initial=0.0)

    def _direction(self, memory: Memory, gradient: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Descent directions (k, Q), and half the Newton decrements (k,) as the metric has them."""
        slopes = gradient[columns]
        direction = -memory.apply(columns, slopes, lambda right: self._solve(columns, right))
        direction[~self.objective.movable[columns]] = 0.0
        half = -0.5 * np.sum(slopes * direction, axis=1)
        # a shared metric that is stiffer than the Hessian would make the decrement look too small
        half = np.where(self.kept.own[columns], half, half / self.softest[columns])
        return direction, np.maximum(half, 0.0)

    def _learn(self, columns: np.ndarray, step: np.ndarray, change: np.ndarray) -> None:
        """Keep the least ratio of the curvature along a step (k, Q) to that of the shared metric."""
        shared = ~self.kept.own[columns]
        if not shared.any():
            return
        columns, step, change = columns[shared], step[shared], change[shared]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.sum(step * change, axis=1) / self.gram.length(columns, step)
        ratio = np.where(np.isfinite(ratio) & (ratio > 0), ratio, 1.0)
        self.softest[columns] = np.minimum(self.softest[columns], ratio)

    def _solve(self, columns: np.ndarray, right: np.ndarray) -> np.ndarray:
        result = np.empty_like(right)
        own = self.kept.own[columns]
        if own.any():
            result[own] = self.kept.solve(columns[own], right[own])
        if not own.all():
            result[~own] = self.gram.solve(columns[~own], np.where(self.objective.movable[columns[~own]], right[~own], 0.0))
        return result

    def _try(
        self, lines: Lines, theta: np.ndarray, value: np.ndarray, decrement: np.ndarray, active: np.ndarray
    ) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """One pass for all columns, each a step along its line; where the objective does not fall enough the next one is shorter.

        Returns
        -------
        moved : (k,) bool
        there : parameters (k, Q), objective (k,), gradient (k, Q), its rounding (k,) after the step
        """
        direction, t, down = lines.direction[active], lines.length[active], lines.slope[active]
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):  # of what is tried and refused
            trial = theta[active] + t[:, None] * direction
            there = (trial, *self.objective.evaluate(trial, active, self._precision))
            before = value[active]
            change = there[1] - before
            enough = change <= 1e-4 * t * down
            # where the gain is lost in the rounding of the objective, the gradient decides
            size = np.maximum(1.0, np.abs(before))
            near = decrement[active] <= CLOSE_TO[self._precision] * size
            close = near & (change <= 1e-6 * size)  # not out of the link's domain, where the gradient is 0
            level = np.abs(np.sum(there[2] * direction, axis=1)) <= 0.9 * np.abs(down)
            fine = np.isfinite(there[1]) & np.isfinite(there[2]).all(axis=1) & (enough | (close & level))
            guess = -down * t**2 / (2 * (change - t * down))
            shorter = np.where(np.isfinite(guess), np.clip(guess, 0.1 * t, 0.5 * t), 0.1 * t)
        lines.length[active] = np.where(fine, t, shorter)
        lines.trials[active] += ~fine
        return fine, there

    def _retry(self, theta: np.ndarray, stuck: np.ndarray, memory: Memory, failures: np.ndarray) -> np.ndarray:
        """A column that found no way down forgets its memory, then gets a Hessian, then an exact one, then ends: those that do."""
        if not stuck.size:
            return stuck
        failures[stuck] += 1
        memory.forget(stuck)
        self.kept.after_failure(theta, stuck, failures)
        return stuck[failures[stuck] > 3]

    def _entry(self, active: np.ndarray, now: np.ndarray) -> dict[str, float]:
        objective = self.objective
        return {
            "columns": float(active.size),
            "decrement": float(now.max()),
            "passes": float(objective.passes),
            "hessians": float(objective.hessians),
            "seconds": time.perf_counter() - self._began,
        }

    def _renew(self, theta: np.ndarray, columns: np.ndarray) -> None:
        with self._work.hessians(self.kept.price_of(columns), columns.size) as told:
            self.kept.renew(theta, columns, told)

    def _report(self, trace: list[dict[str, float]]) -> None:
        now, columns = trace[-1]["decrement"], int(trace[-1]["columns"])
        detail = f"step {len(trace)}, decrement {now:.1e}, {columns} columns at work"
        self._work.stands(now, columns, detail)

    def _name(self) -> str:
        if self.solver == "newton":
            name = "Newton"
        elif self.kept.own.all() and self.gram is None:
            name = "quasi-Newton with kept Hessians"
        else:
            name = "L-BFGS with shared Gram" + (", then kept Hessians" if self.kept.own.any() else "")
        rows = self.problem.rows
        if cells_of(rows) is not None:
            return f"{name}, by cell"
        return name if nonzeros_of(rows) is None else f"{name}, nonzeros only"
