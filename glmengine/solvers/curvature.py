"""Second derivatives over the working sets of columns, as good as each of them needs, kept from one problem to the next on the same rows."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from glmengine.backend import formulas
from glmengine.solvers.absolute_values import working_set
from glmengine.solvers.problem import Objective, Problem

SMALL = 256
"""Up to this many columns the working set is all of them."""

FEWEST_ENTERING = 100
"""Else so many columns, or twice as many as are not zero, may enter it at a time."""

SMALL_WORK = 3e7
"""A Gram matrix of fewer multiplications than this is summed in float64 from the start, of columns that outnumber the rows one of as many as there
are rows."""

ROWS_PER_COLUMN, COARSEST = 100, 16
"""A curvature is estimated from so many rows a column, but not from fewer than every sixteenth."""

DAMPING_SINGLE, DAMPING_DOUBLE = 3e-6, 1e-13
"""What is added to the diagonal of a curvature, relative to it, by its precision."""

DAMPING_COARSE = 0.02
"""The same for a curvature estimated from some of the rows, relative to that of a column of unit variance."""

AT_A_TIME = 2e8
"""Bytes of matrices that are made together."""


class Iterate(Protocol):
    """Where a solver is with K columns.

    Attributes
    ----------
    objective : Objective
    theta : (K, Q) array
    movable : (K, Q - 1) bool
        Coefficients that are fitted.
    names : sequence of hashable
        Columns of equal names share their curvature from one problem to the next.
    has_intercept : bool
    quadratics : sequence of (Q - 1, Q - 1) arrays or None
        The quadratic part of each column's penalty.
    """

    objective: Objective
    theta: np.ndarray
    movable: np.ndarray
    names: Sequence[Hashable]
    has_intercept: bool
    quadratics: Sequence[np.ndarray | None]


MENDED = 30
"""Steps for which a curvature is mended that would only be made as it was: more of them than it has directions that matter, as a rule."""


@dataclass
class Curvature:
    """Second derivatives of one column's mean loss over a working set, the intercept eliminated; `steps` were taken with it."""

    working: np.ndarray
    matrix: np.ndarray  # (p, p), intercept eliminated
    cross: np.ndarray  # (p,), with the intercept
    corner: float  # of the intercept
    precise: bool  # summed in float64
    stride: int = 1  # it was estimated from one row in so many
    steps: int = 0
    again: bool = False  # the same would be made once more: the expected ones, close to the optimum, in place of those that do not bend upwards

    def change(self, step: np.ndarray, intercept: bool) -> np.ndarray:
        """(Q,) by how much the gradient changes along a step (Q,), as far as it is known: over the working set."""
        result, d = np.zeros_like(step), step[self.working]
        result[self.working] = self.matrix @ d
        if intercept and self.corner > 0:
            last = float(self.cross @ d) + self.corner * step[-1]
            result[self.working] += self.cross * (last / self.corner)
            result[-1] = last
        return result

    def mend(self, step: np.ndarray, change: np.ndarray, intercept: bool) -> None:
        """The update of Broyden, Fletcher, Goldfarb and Shanno: along a step (Q,) it becomes what the change (Q,) of the gradient says."""
        places = np.append(self.working, step.size - 1)
        s, y = step[places], change[places]
        with_intercept = intercept and self.corner > 0
        whole = np.zeros((s.size, s.size))
        whole[:-1, :-1] = self.matrix
        if with_intercept:
            whole[:-1, :-1] += np.outer(self.cross, self.cross) / self.corner
            whole[:-1, -1] = whole[-1, :-1] = self.cross
            whole[-1, -1] = self.corner
        else:
            s[-1] = y[-1] = 0.0
        bent, along = whole @ s, float(s @ y)
        length = float(s @ bent)
        if not (length > 0 and 0.05 * length < along < 20.0 * length):  # else it is rounding, or far from what is met elsewhere
            return
        whole += np.outer(y, y / along) - np.outer(bent, bent / length)
        matrix = whole[:-1, :-1]
        if with_intercept:
            self.cross, self.corner = whole[:-1, -1].copy(), float(whole[-1, -1])
            matrix = matrix - np.outer(self.cross, self.cross) / self.corner
        self.matrix = matrix


class Curvatures:
    """Those of problems with the same rows, family and link, one after another.

    Attributes
    ----------
    is_cheap : bool
        An exact one costs next to nothing.
    is_constant : bool
        It does not depend on the coefficients (Gaussian with identity link): one Gram matrix is exact.
    """

    def __init__(self, problem: Problem) -> None:
        rows = problem.rows
        self.is_cheap = rows.n * min(rows.n_features, rows.n) ** 2 <= SMALL_WORK
        self.is_constant = problem.family.is_quadratic(problem.link)
        self.stride = int(np.clip(rows.n // (ROWS_PER_COLUMN * max(rows.n_features, 1)), 1, COARSEST))
        self._known: dict[Hashable, Curvature] = {}

    def of(self, name: Hashable) -> Curvature:
        return self._known[name]

    def shares(self, names: Sequence[Hashable]) -> np.ndarray:
        """(K,) share of the rows that each was made from, 1 where there is none."""
        return np.array([1.0 / self._known[name].stride if name in self._known else 1.0 for name in names])

    def fresh(self, names: Sequence[Hashable]) -> np.ndarray:
        """(K,) bool: those with which hardly a step was taken."""
        return np.array([name in self._known and self._known[name].steps <= 2 for name in names])

    def update(
        self,
        solver: Iterate,
        at_work: np.ndarray,
        violations: dict[int, np.ndarray],
        refresh: np.ndarray,
        precise: np.ndarray,
        far: np.ndarray,
    ) -> None:
        """Make or renew those of the columns that need it: an estimate for columns `far` from the optimum, exact at its end."""
        objective, theta = solver.objective, solver.theta
        coarse = far & ~precise & (self.stride > 1) & (not self.is_constant)
        wanted: dict[int, np.ndarray] = {}
        for j in at_work.tolist():
            allowed = solver.movable[j]
            if objective.problem.rows.n_features > SMALL:
                allowed = allowed & working_set(theta[j, :-1] != 0, violations[j], FEWEST_ENTERING)
            working, old = np.flatnonzero(allowed), self._known.get(solver.names[j])
            if old is not None:
                same = np.array_equal(working, old.working)
                missing = working[:0] if same else np.setdiff1d(working, old.working, assume_unique=True)
                lasting = not refresh[j] or (self.is_constant and (old.precise or not precise[j]))
                lasting |= old.again and not far[j] and old.steps < MENDED
                if not missing.size and lasting and (old.precise or not precise[j]):
                    old.steps += 1
                    continue
                working = np.union1d(working, old.working) if missing.size else old.working
            wanted[j] = working
        if not wanted:
            return
        if self.is_constant and _same_weights(objective.problem):
            self._make_shared(solver, wanted, precise)
            return
        for part, stride in ((coarse, self.stride), (~coarse, 1)):
            for exact in (False, True):
                columns = np.array([j for j in wanted if part[j] and precise[j] == exact], int)
                if not columns.size:
                    continue
                near = ~far[columns] & (stride == 1) & (not objective.problem.exact_curvature)
                self._make(solver, columns[~near], wanted, exact, stride)
                self._make_observed(solver, columns[near], wanted, exact)

    def _make(self, solver: Iterate, columns: np.ndarray, wanted: dict[int, np.ndarray], precise: bool, stride: int) -> None:
        for j, matrix in self._grams(solver, columns, wanted, precise, stride, signed=False):
            self._known[solver.names[j]] = _curvature(solver, wanted[j], matrix, precise, stride)

    def _make_observed(self, solver: Iterate, columns: np.ndarray, wanted: dict[int, np.ndarray], precise: bool) -> None:
        """Close to an optimum of a likelihood that is not concave: the second derivatives as they are, if with the penalty's they bend upwards;
        else those of the coefficients that are not zero, if they do, and the expected ones of the others."""
        if not columns.size:
            return
        lost: dict[int, np.ndarray] = {}
        for j, matrix in self._grams(solver, columns, wanted, True, 1, signed=True):
            made = _curvature(solver, wanted[j], matrix, True, 1)
            if _is_definite(made, solver, j):
                self._known[solver.names[j]] = made
            else:
                lost[j] = matrix
        for j, matrix in self._grams(solver, np.array(list(lost), int), wanted, precise, 1, signed=False):
            active = np.append(solver.theta[j, wanted[j]] != 0, True)
            mixed = np.where(np.outer(active, active), lost[j], matrix)
            made = _curvature(solver, wanted[j], mixed, precise, 1)
            definite = _is_definite(made, solver, j)
            if not definite:
                made = replace(_curvature(solver, wanted[j], matrix, precise, 1), again=True)
            self._known[solver.names[j]] = made

    def _make_shared(self, solver: Iterate, wanted: dict[int, np.ndarray], precise: np.ndarray) -> None:
        """One matrix for all columns."""
        everything = np.unique(np.concatenate(list(wanted.values())))
        first, exact = next(iter(wanted)), bool(precise[list(wanted)].any())
        # made of all that any of them needs, also where the first may not use it
        matrix = self._gram_among(solver, first, everything, exact, 1, signed=False)
        shared = _curvature(solver, everything, matrix, exact, 1)
        for j, working in wanted.items():
            place = np.searchsorted(everything, working)
            self._known[solver.names[j]] = Curvature(
                working, shared.matrix[np.ix_(place, place)], shared.cross[place], shared.corner, exact
            )

    def _grams(
        self,
        solver: Iterate,
        columns: np.ndarray,
        wanted: dict[int, np.ndarray],
        precise: bool,
        stride: int,
        *,
        signed: bool,
    ) -> list[tuple[int, np.ndarray]]:
        """Mean second derivatives (p + 1, p + 1) of each column over its working set, the intercept last."""
        objective, theta = solver.objective, solver.theta
        problem, size = objective.problem, objective.size
        precision = "float64" if precise else "float32"
        found: list[tuple[int, np.ndarray]] = []
        narrow = problem.rows.n_features > SMALL and not problem.rows.own_padded
        step = 1 if narrow else max(1, int(AT_A_TIME / (8 * size**2)))
        for start in range(0, columns.size, step):
            some = columns[start : start + step]
            if narrow:
                (j,) = some.tolist()
                found.append((j, self._gram_among(solver, j, wanted[j], precise, stride, signed=signed)))
                continue
            made = objective.hessian(
                theta[some], some, precision, expected=not (problem.exact_curvature or signed), stride=stride
            )
            for j, matrix in zip(some.tolist(), made, strict=True):
                places = np.append(wanted[j], size - 1)
                found.append((j, matrix[np.ix_(places, places)]))
        return found

    def _gram_among(self, solver: Iterate, j: int, wanted: np.ndarray, precise: bool, stride: int, *, signed: bool) -> np.ndarray:
        """Mean second derivatives (p + 1, p + 1) of column j over these coefficients, whether it may use them or not, the intercept last."""
        objective, problem, some = solver.objective, solver.objective.problem, np.array([j])
        formula = formulas.Curvatures(problem.family, problem.link, not (problem.exact_curvature or signed), signed=signed)
        sums = objective.backend.grams.grams(
            formula,
            problem.view.of(some),
            solver.theta[some],
            precision="float64" if precise else "float32",
            stride=stride,
            among=wanted,
        )
        objective.hessians += wanted.size / objective.size / stride
        return sums[0] / problem.total[j]


def _curvature(solver: Iterate, working: np.ndarray, whole: np.ndarray, precise: bool, stride: int) -> Curvature:
    matrix, cross, corner = whole[:-1, :-1].astype(float), whole[:-1, -1].astype(float), float(whole[-1, -1])
    if solver.has_intercept and corner > 0:
        matrix = matrix - np.outer(cross, cross) / corner
    # rounding must not make a direction that has no curvature look like one that falls for ever
    matrix[np.diag_indices_from(matrix)] *= 1.0 + (DAMPING_DOUBLE if precise else DAMPING_SINGLE)
    if stride > 1:  # what the rows left out hold alone must not look flat
        matrix[np.diag_indices_from(matrix)] += DAMPING_COARSE * (corner if corner > 0 else 1.0)
    return Curvature(working, matrix, cross, corner, precise, stride)


def _is_definite(curvature: Curvature, solver: Iterate, j: int) -> bool:
    """Whether with the quadratic part of the penalty of column j it bends upwards in every direction, that of the intercept among them where there is one."""
    W, matrix, quadratic = curvature.working, curvature.matrix, solver.quadratics[j]
    try:
        np.linalg.cholesky(matrix if quadratic is None else matrix + quadratic[np.ix_(W, W)])
    except np.linalg.LinAlgError:
        return False
    return curvature.corner > 0 or not solver.has_intercept


def _same_weights(problem: Problem) -> bool:
    """Whether all columns of a problem have the same weights, and so, if the curvature is constant, the same Gram matrix."""
    observed = problem.rows.observations
    unheld = observed.fold is None or bool((problem.held == problem.held[0]).all())
    return len(observed.weights) == 1 and unheld and not problem.rows.own_padded
