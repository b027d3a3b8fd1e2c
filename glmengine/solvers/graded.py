"""Last Newton steps by least squares over the rows, where collinear columns and a penalty meet on scales many powers of ten apart.

A sum of second derivatives loses what the penalty says of large columns in the rounding of what it says of small ones. A factor of the
rows themselves, sorted by size and with columns exchanged, keeps each row to its own rounding (Cox and Higham 1998, Stability of Householder QR
factorization for weighted least squares problems). Far from the optimum, what rounding leaves undetermined makes such a step so long that none of
its directions is of use; steps are then damped as by Levenberg (1944) and Marquardt (1963).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr, solve_triangular

from glmengine.solvers.metrics import NULL, mean_curvature
from glmengine.solvers.penalty_root import penalty_root
from glmengine.solvers.problem import Objective, Problem, Solution
from glmengine.solvers.rank import is_definite

APART = 1e6
"""Largest over smallest penalty of one standardised coefficient, from which on sums may lose the smallest."""

CUT = 1e-14
"""Pivots of columns of unit norm below this are taken for rounding."""

WEAK, LITTLE = 1e-11, 1e-12
"""Pivots below the first may come of the rounding of the penalty's root alone: what they promise counts if more than the second, in units of the
objective, comes of it."""

ROUNDING = 8.0 * float(np.finfo(float).eps)
"""Slopes along columns of unit norm below this, in units of the residuals, are rounding."""

LEAST_DAMPING, MOST_DAMPINGS = 1e-16, 30
"""The first square that is added to those of columns of unit norm, and how many of them, each ten times the one before, are tried."""

MOST_STEPS = 100

MOST_ROUNDING = 1e-10
"""Coefficients so large that their penalty is known no better than this are not gone to."""


STIFF = 1e8
"""Largest penalty of a standardised coefficient over the curvature of its loss, from which on a sum may lose the loss where differences alone are
penalised: along coefficients without any."""

SURE = 1e-6
"""A penalty of every coefficient above this share of the curvature of a standardised column cannot be lost in a sum."""


def may_be_lost(problem: Problem, objective: Objective) -> bool:
    """Whether the penalty of any columns lies so far apart on standardised coefficients, or so far above the curvature of their losses at the
    mean rate, that a sum of second derivatives may lose the smallest."""
    if problem.penalty.ndim == 3 or problem.rows.own_padded:
        return False
    pull = _pull(objective, 0)
    if _is_apart(pull):
        return True
    return problem.penalty.ndim == 2 and bool(_is_stiff(pull, problem.strength, mean_curvature(problem)).any())


def refined(problem: Problem, objective: Objective, solution: Solution, theta: np.ndarray) -> tuple[Solution, np.ndarray]:
    """The same answer of a problem that `may_be_lost` with those columns led to the optimum whose Hessians could not tell small curvatures from
    rounding."""
    curvature = mean_curvature(problem)
    value, decrement = solution.objective.copy(), solution.decrement.copy()
    converged, theta = solution.converged.copy(), theta.copy()
    for k in np.flatnonzero((problem.strength > 0) & ~solution.runaway).tolist():
        if objective.context.stopping or not _is_lost(objective, k, theta[k], float(curvature[k])):
            continue
        column = _Column(objective, k, theta[k])
        theta[k], value[k], decrement[k] = column.end()
        converged[k] = column.done
    coef, intercept = objective.to_raw(theta)
    return replace(solution, coef=coef, intercept=intercept, objective=value, decrement=decrement, converged=converged), theta


def _is_lost(objective: Objective, k: int, theta: np.ndarray, curvature: float) -> bool:
    """Whether the penalised Hessian of column k, summed in float64, is singular to rounding and its penalty so far apart or above the loss."""
    pull = _pull(objective, k)[objective.problem.movable[k]]
    differences = objective.problem.penalty.ndim == 2
    if not _is_apart(pull) and not (differences and _is_stiff(pull, objective.problem.strength[k], curvature)):
        return False
    pull = pull[pull > 0]
    if is_definite(objective.problem) and objective.problem.strength[k] * pull.min() > SURE * curvature:
        return False
    which, movable = np.array([k]), objective.movable[k]
    whole = objective.penalised(objective.hessian(theta[None], which), which)[0][np.ix_(movable, movable)]
    size = np.sqrt(np.where(np.diagonal(whole) > 0, np.diagonal(whole), 1.0))
    values = np.linalg.eigvalsh(whole / np.outer(size, size))
    return bool(values[0] <= 100 * NULL["float64"] * values[-1])


def _pull(objective: Objective, k: int) -> np.ndarray:
    """(P,) the penalty of each standardised coefficient of column k, at strength 1."""
    penalty, places = objective.problem.penalty, objective.problem.rows.places
    own = penalty if penalty.ndim == 1 else np.diagonal(penalty)
    return own * objective.raw_factors(np.array([k]))[0][places] ** 2


def _is_stiff(pull: np.ndarray, strength: np.ndarray, curvature: np.ndarray) -> np.ndarray:
    """Whether a penalty of differences is so far above the curvature of the loss, for each strength."""
    return strength * pull.max(initial=0.0) > STIFF * curvature


def _is_apart(pull: np.ndarray) -> bool:
    penalised = pull[pull > 0]
    return bool(penalised.size and penalised.max() > APART * penalised.min())


@dataclass(frozen=True)
class _Quadratic:
    """|A step - b|^2 / 2 through a factor of A with columns of unit norm.

    Attributes
    ----------
    R : (q, q) upper triangular array, columns exchanged so that its pivots fall
    right : (q,) array
    columns : (q,) int array
        Which columns of A those of R are.
    size : (q,) array
        Norms of the columns of A.
    rank : int
        Pivots that are more than rounding, up to the last one along which the slope is more than that too.
    """

    R: np.ndarray
    right: np.ndarray
    columns: np.ndarray
    size: np.ndarray
    rank: int

    @classmethod
    def of(cls, A: np.ndarray, b: np.ndarray) -> _Quadratic:
        size = np.linalg.norm(A, axis=0)
        size = np.where(size > 0, size, 1.0)
        order = np.argsort(-np.max(np.abs(A / size), axis=1), kind="stable")
        Q, R, columns = qr((A / size)[order], mode="economic", pivoting=True)
        pivots = np.abs(np.diagonal(R))
        right = Q.T @ b[order]
        known = (pivots > CUT * pivots[0]) & (pivots * np.abs(right) > ROUNDING * np.linalg.norm(b))
        return cls(R, right, columns, size, int(np.max(np.flatnonzero(known), initial=-1)) + 1)

    @property
    def decrement(self) -> float:
        """By how much the least value lies below that of no step."""
        return 0.5 * float(self.right[: self.rank] @ self.right[: self.rank])

    @property
    def sure_decrement(self) -> float:
        """The part of it along pivots that are not weak."""
        pivots = np.abs(np.diagonal(self.R))[: self.rank]
        return 0.5 * float(np.sum(self.right[: self.rank][pivots > WEAK * pivots.max(initial=0.0)] ** 2))

    def step(self, damping: float) -> tuple[np.ndarray, float]:
        """The step (q,) of least value, `damping` times the square of what it moves columns of unit norm included, and what is gained without it."""
        some = slice(self.rank)
        R, right = self.R[some, some], self.right[some]
        if damping:
            below = np.sqrt(damping) * np.eye(self.rank)
            rotation, triangle = np.linalg.qr(np.vstack([R, below]))
            part = solve_triangular(triangle, rotation[: self.rank].T @ right)
        else:
            part = solve_triangular(R, right)
        step = np.zeros(self.size.size)
        step[self.columns[some]] = part
        left = right - R @ part
        return step / self.size, 0.5 * float(right @ right - left @ left)


class _Column:
    """One column of a problem on its last steps."""

    def __init__(self, objective: Objective, k: int, theta: np.ndarray) -> None:
        self._objective, self._k, self._which = objective, k, np.array([k])
        self._moving = np.flatnonzero(objective.movable[k])
        problem = objective.problem
        root = penalty_root(objective.penalty_matrix(k)) * np.sqrt(problem.strength[k])
        self._root = root
        self._theta = theta
        self._value = self._look(theta)
        self._cancelled = max(self._rounding(theta), MOST_ROUNDING)
        self._decrement, self.done = np.inf, False

    def end(self) -> tuple[np.ndarray, float, float]:
        """Parameters (Q,), objective and half the Newton decrement where no step leads further down."""
        context, limit = self._objective.context, float(self._objective.problem.limit[self._k])
        damping: float | None = 0.0
        for _ in range(MOST_STEPS):
            context.check()
            quadratic = self._quadratic()
            self._decrement = quadratic.decrement
            before, size = self._value, max(1.0, abs(self._value))
            near = max(limit, 1e-15 * size)
            level, nearly = self._decrement <= near, quadratic.sure_decrement <= near
            damping = self._go(quadratic, damping)
            if damping is None:
                # what remains is below the rounding of the objective, or no way down was found
                self.done = self._decrement <= LITTLE * size
                self._decrement = min(self._decrement, limit) if self.done else self._decrement
                break
            fallen = before - self._value
            if level or fallen <= 1e-16 * size or (nearly and fallen <= LITTLE * size):
                self.done = True
                self._decrement = min(self._decrement, limit)
                break
            if context.stopping:
                break
        return self._theta, self._value, self._decrement

    def _look(self, theta: np.ndarray) -> float:
        """Objective, its penalty as a sum of squares: what cancels in w'Sw does not in the root's rows."""
        value = float(self._objective.evaluate(theta[None], self._which)[0][0])
        product = 0.5 * float(self._objective.pull(theta[None], self._which)[0] @ theta)
        root = self._root @ theta
        return value - product + 0.5 * float(root @ root)

    def _rounding(self, theta: np.ndarray) -> float:
        """What the digits of the coefficients leave unknown of their penalty."""
        difference, unknown = np.abs(self._root @ theta), np.finfo(float).eps * (np.abs(self._root) @ np.abs(theta))
        return float(np.sum(unknown * (difference + unknown)))

    def _go(self, quadratic: _Quadratic, damping: float) -> float | None:
        """Move to where the objective falls, with more damping until it does; with what to begin the next step, None where nothing leads down."""
        for _ in range(MOST_DAMPINGS):
            part, gain = quadratic.step(damping)
            there = self._theta.copy()
            there[self._moving] += part
            value = self._look(there)
            fallen = self._value - value
            if np.isfinite(value) and fallen > 0 and fallen >= 1e-4 * gain and self._rounding(there) <= self._cancelled:
                self._theta, self._value = there, value
                if fallen <= 0.5 * gain:
                    return damping
                return 0.1 * damping if damping > LEAST_DAMPING else 0.0
            damping = max(10.0 * damping, LEAST_DAMPING)
        return None

    def _quadratic(self) -> _Quadratic:
        """The objective to second order where the column is."""
        factor = np.vstack([self._factor_of_rows(), np.column_stack([self._root[:, self._moving], -self._root @ self._theta])])
        return _Quadratic.of(factor[:, :-1], factor[:, -1])

    def _factor_of_rows(self) -> np.ndarray:
        """Triangular factor of [A b], where |A step - b|^2 / 2 is the mean loss to second order."""
        problem, k = self._objective.problem, self._k
        unit, held = int(problem.unit[k]), int(problem.held[k])
        dispersion = 1.0 if problem.dispersion is None else problem.dispersion[k]
        factor = np.zeros((0, self._moving.size + 1))
        for chunk in problem.rows.here():
            Z = np.column_stack([chunk.X, np.ones(len(chunk.X))])
            weights = chunk.weights[unit if len(chunk.weights) > 1 else 0] * (chunk.fold != held)
            eta = Z @ self._theta + chunk.offset[unit if len(chunk.offset) > 1 else 0]
            used = weights > 0
            _, score, fisher, observed = problem.family.evaluate(
                eta[used], chunk.y[unit][used].astype(float), problem.link, np.float64(dispersion)
            )
            bend = np.maximum(observed if problem.exact_curvature else fisher, 0.0)
            size = np.sqrt(bend)
            part = np.empty((size.size, self._moving.size + 1))
            part[:, :-1] = Z[np.ix_(used, self._moving)] * size[:, None]
            part[:, -1] = np.divide(-score, size, out=np.zeros_like(size), where=size > 0)
            part *= np.sqrt(weights[used] / problem.total[k])[:, None]
            factor = np.linalg.qr(np.vstack([factor, part]), mode="r")
        return factor
