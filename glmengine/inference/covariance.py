"""Covariance of the coefficients of fits with one linear predictor: standard errors, effective degrees of freedom, dispersion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.cells import live_columns
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.inference.evaluation import Evaluation, evaluate
from glmengine.inference.part import Part, Units
from glmengine.inference.wald import NULL, Wald, wald_statistic
from glmengine.solvers.penalty_root import penalty_root
from glmengine.solvers.problem import Objective
from glmengine.solvers.rank import unpenalised
from glmengine.solvers.status import NO_DATA, SILENT_UNIT
from glmengine.threads import quiet_blas_for


class GlmInference:
    """What follows from the optima of M units; each is made when first asked for, or by `make`, and kept.

    Parameters
    ----------
    units : Units
    parts : sequence of Part
    """

    def __init__(self, units: Units, parts: Sequence[Part]) -> None:
        self._units, self._parts = units, tuple(parts)
        self._evaluation: Evaluation | None = None
        self._covariances: _Covariances | None = None

    def make(self, context: Context) -> None:
        """Everything, telling `context` how far it is.

        Raises
        ------
        Cancelled
            If the context says so.
        """
        if self._evaluation is None:
            self._evaluation = evaluate(self._units, self._parts, context.part(0.0, _EVALUATED))
        if self._covariances is None:
            with quiet_blas_for(self._units.n_columns):
                self._covariances = _Covariances(self._units, self._parts, self._evaluation, context.part(_EVALUATED, 1.0))

    @property
    def evaluation(self) -> Evaluation:
        if self._evaluation is None:
            self._evaluation = evaluate(self._units, self._parts)
        return self._evaluation

    @property
    def _all(self) -> _Covariances:
        self.make(SILENT)
        assert self._covariances is not None
        return self._covariances

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M); NaN where neither the data nor the penalty identify a coefficient."""
        return self._all.standard_errors

    @property
    def intercept_se(self) -> np.ndarray:
        """(M,)"""
        return self._all.intercept_se

    @property
    def edf(self) -> np.ndarray:
        """(M,) trace of (H + penalty)^-1 H, the intercept included."""
        return self._all.edf

    @property
    def column_edf(self) -> np.ndarray:
        """(P, M) what each column has of the effective degrees of freedom: the diagonal of (H + penalty)^-1 H."""
        return self._all.column_edf

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson X2/(n - edf) where the scale is free, the estimated one of the negative binomial, else 1."""
        if not self._units.family.estimates_dispersion:
            return self._all.dispersion
        values = np.full(self._units.status.size, np.nan)
        for part in self._parts:
            values[part.units] = part.problem.dispersion
        return values

    @property
    def terms(self) -> Wald:
        """Wald statistics of the terms."""
        return self._all.terms

    def covariance(self, unit: int, kind: str) -> np.ndarray:
        return self._all.covariance(unit, kind)

    def covariances(self) -> np.ndarray:
        """(M, P + 1, P + 1)"""
        return self._all.covariances()

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Wald statistics of groups of columns of the design, for every unit."""
        return self._all.wald(groups)


class _Covariances:
    """Covariances of M units, made from the Hessians at their optima."""

    def __init__(self, units: Units, parts: Sequence[Part], evaluation: Evaluation, context: Context) -> None:
        M, P = units.status.size, units.n_columns
        self._size = P + 1
        self._done: set[int] = set()
        self._place: dict[int, tuple[Part, int]] = {int(unit): (part, k) for part in parts for k, unit in enumerate(part.units)}
        self.standard_errors, self.intercept_se = np.full((P, M), np.nan), np.full(M, np.nan)
        self.edf, self.dispersion = np.full(M, np.nan), np.ones(M)
        self.column_edf = np.zeros((P, M))
        self.edf[units.status == SILENT_UNIT] = 0.0
        self.dispersion[units.status == NO_DATA] = np.nan
        groups = list(units.groups.values())
        self.terms = Wald(np.full((len(groups), M), np.nan), np.full((len(groups), M), np.nan))
        # what no unit fills, of the columns of others, is never met in memory
        self._bayesian = np.zeros((M, self._size, self._size)) if 8.0 * M * self._size**2 <= 5e8 else None
        for part in parts:
            at_a_time = _units_at_a_time(part)
            for first in range(0, part.units.size, at_a_time):
                context.check()
                some = np.arange(first, min(first + at_a_time, part.units.size))
                if context.stopping:  # unknown, as of units that were not fitted
                    for unit in part.units[some].tolist():
                        del self._place[unit]
                    continue
                for k, hessian in zip(some.tolist(), _hessians(part, some, "bayesian"), strict=True):
                    context.report(Progress("Standard errors", len(self._done) / M))
                    self._make(part, k, _Solved(part, k, "bayesian", hessian), units, evaluation, groups)

    def _make(self, part: Part, k: int, solved: _Solved, units: Units, evaluation: Evaluation, groups: list[np.ndarray]) -> None:
        """What is asked of every unit, of the one at place `k` of its part."""
        unit = int(part.units[k])
        self._done.add(unit)
        place, matrix, unknown = self._raw(part, solved)
        edf = solved.edf
        self.edf[unit] = edf
        self.column_edf[part.columns_of(k), unit] = solved.column_edf
        if units.family.free_scale:
            n = units.n_valid[unit]
            self.dispersion[unit] = evaluation.pearson[unit] / (n - edf) if n > edf else np.nan
        for number, group in enumerate(groups):
            wald = solved.wald(group, self.dispersion[unit])
            self.terms.statistic[number, unit], self.terms.df[number, unit] = wald
        matrix *= self.dispersion[unit]
        if self._bayesian is not None:
            self._bayesian[unit][np.ix_(place, place)] = matrix
        errors = np.zeros(self._size)
        errors[place] = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
        errors[1 + part.columns_of(k)] = solved.standard_errors(self.dispersion[unit])
        errors[0] = np.hypot(errors[0], solved.intercept_error_of_penalty * np.sqrt(self.dispersion[unit]))
        errors[unknown] = np.nan
        self.intercept_se[unit] = errors[0] if units.intercept else np.nan
        self.standard_errors[:, unit] = errors[1:]

    def covariance(self, unit: int, kind: str) -> np.ndarray:
        """(P + 1, P + 1), the intercept first. Directions that are not identified have no variance in it, so that those of rates are right."""
        if kind not in ("bayesian", "observed", "frequentist", "sandwich"):
            raise GlmError(f"there is no covariance '{kind}'; choose bayesian, observed, frequentist or sandwich")
        if unit not in self._place:
            return np.full((self._size, self._size), np.nan)
        if kind == "bayesian" and self._bayesian is not None:
            return self._bayesian[unit]
        part, k = self._place[unit]
        place, matrix, _ = self._raw(part, _Solved(part, k, kind))
        result = np.zeros((self._size, self._size))
        result[np.ix_(place, place)] = matrix if kind == "sandwich" else matrix * self.dispersion[unit]
        return result

    def covariances(self) -> np.ndarray:
        """(M, P + 1, P + 1)"""
        M = len(self.edf)
        if self._bayesian is None:
            return np.stack([self.covariance(unit, "bayesian") for unit in range(M)])
        self._bayesian[[unit for unit in range(M) if unit not in self._place]] = np.nan
        return self._bayesian

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Statistics of groups of columns of the design, for every unit."""
        result = Wald(np.full((len(groups), len(self.edf)), np.nan), np.full((len(groups), len(self.edf)), np.nan))
        for unit, (part, k) in self._place.items():
            solved = _Solved(part, k, "bayesian")
            for number, group in enumerate(groups):
                result.statistic[number, unit], result.df[number, unit] = solved.wald(group, self.dispersion[unit])
        return result

    def _raw(self, part: Part, solved: _Solved) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Covariance (p + 1, p + 1) at dispersion 1 in raw units, the intercept first, of the columns that a unit has; where these stand among all
        (p + 1,); and which of all are not identified (P + 1,)."""
        covariance, unknown = solved.covariance, solved.unknown
        rows = part.problem.rows
        spots, unit = rows.places, part.problem.unit[[solved.k]]
        centre, scale = rows.preparation.centre_of(unit)[0], rows.preparation.scale_of(unit)[0]
        turn = np.zeros((spots.size + 1, len(covariance)))
        turn[0, -1] = 1.0
        turn[0, spots] = -centre / scale
        turn[1 + np.arange(spots.size), spots] = 1.0 / scale
        place = np.concatenate([[0], 1 + part.columns_of(solved.k)])
        with np.errstate(over="ignore"):  # of columns of a size far from 1
            result = turn @ covariance @ turn.T
        hidden = np.ones(self._size, bool)
        hidden[place[1:]] = unknown[spots]
        # the intercept of the raw columns is known only if every column in its way is, or has no centre
        hidden[0] = unknown[-1] or bool(np.any(unknown[spots] & solved.moving[spots] & (centre != 0)))
        return place, result, hidden


_EVALUATED = 0.6
"""Share of the time in which likelihoods are summed, before covariances are made (measured, of 45 columns)."""

_WORK, _NUMBERS = 5e9, 2e7
"""Multiplications, and numbers, of Hessians that are made at once, which take a tenth of a second: those of many units share each pass over the
rows. Of 37 units with 64 B-splines of position at 137,823 bins they take 0.18 s at once, 1.3 s one by one."""


def _units_at_a_time(part: Part) -> int:
    rows = part.problem.rows
    return int(max(1, min(_WORK / (rows.n * (live_columns(rows) + 1.0) ** 2), _NUMBERS / rows.size**2)))


def _hessians(part: Part, columns: np.ndarray, kind: str) -> np.ndarray:
    """(k, Q, Q) of the mean loss of some units of a part at their optima, without the penalty."""
    with runtime.float64():
        return Objective(part.problem, SILENT).hessian(part.theta[columns], columns, "float64", expected=kind != "observed")


class _Solved:
    """The Hessian of one unit at its optimum and what follows from it, in the scale of the prepared columns, the intercept last.

    Attributes
    ----------
    k : int
        Number of the unit in its part.
    covariance : (Q, Q) array
        At dispersion 1.
    unknown, moving : (Q,) bool
        Parameters that are not identified, and those that are fitted at all.
    edf : float

    Notes
    -----
    Along directions of which the data say nothing, and the penalty less than the rounding of what they say of others, `covariance` has no
    variance, for it would drown that of rates. Errors of coefficients have it: it is that of the penalty alone, as of a stronger one.
    """

    def __init__(self, part: Part, k: int, kind: str, hessian: np.ndarray | None = None) -> None:
        problem = part.problem
        objective = Objective(problem, SILENT)
        column = np.array([k])
        self.k, self._part, self._theta = k, part, part.theta[k]
        middle = hessian = _hessians(part, column, kind)[0] if hessian is None else hessian
        if kind == "sandwich":
            with runtime.float64():
                middle = objective.score_products(part.theta[column], column)[0]
        whole = objective.penalised(hessian[None], column)[0]
        self.moving = moving = objective.movable[k]
        size = np.sqrt(np.where(np.diagonal(whole) > 0, np.diagonal(whole), 1.0))
        scaled = (whole / np.outer(size, size))[np.ix_(moving, moving)]
        values, vectors = eigh(scaled, check_finite=False)
        known = values > NULL * max(values.max(initial=0.0), 1e-300) * max(1.0, len(values) / 100)
        half = vectors[:, known] / np.sqrt(values[known])
        inverse = np.zeros_like(whole)
        inverse[np.ix_(moving, moving)] = half @ half.T
        inverse /= np.outer(size, size)
        self.edf = float(np.sum(inverse * hessian))
        self._hessian, self._of_each = hessian, np.sum(inverse * hessian, axis=1)
        self.column_edf = self._of_each[problem.rows.places]
        self._penalised = bool(problem.strength[k]) and bool(np.any(problem.penalty))
        factor = problem.family.loss_factor / problem.total[k]
        if kind in ("frequentist", "sandwich"):
            inverse = inverse @ middle @ inverse
            factor = factor if kind == "frequentist" else 1.0 / problem.total[k]
        self.covariance = inverse * factor
        free, held = self._of_penalty(objective, vectors[:, ~known], size[moving])
        self._of_penalty_alone = np.zeros((len(whole), held.shape[1]))
        self._of_penalty_alone[moving] = held * np.sqrt(factor) / size[moving][:, None]
        unknown = np.zeros(len(whole), bool)
        unknown[np.flatnonzero(moving)] = np.any(np.abs(free) > 1e-6, axis=1)
        self.unknown = unknown | ~moving

    def _of_penalty(self, objective: Objective, null: np.ndarray, size: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of orthonormal directions (q, r) of which the data say nothing: those that are free of the penalty too (q, s), and the others
        (q, r - s), each as long as its error; both in the scale of `size` (q,)."""
        strength = float(self._part.problem.strength[self.k])
        if not null.shape[1] or strength == 0:
            return null, null[:, :0]
        penalty = objective.penalty_matrix(self.k)[np.ix_(self.moving, self.moving)]
        root = np.sqrt(strength) * penalty_root(penalty) / size
        free = unpenalised(null, root)
        rest = np.linalg.svd(null - free @ (free.T @ null), full_matrices=False)[0][:, : null.shape[1] - free.shape[1]]
        _, stiffness, turn = np.linalg.svd(root @ rest, full_matrices=False)
        return free, rest @ turn.T / stiffness

    def standard_errors(self, dispersion: float) -> np.ndarray:
        """(p,) of the coefficients in raw units, also where their squares are too large or too small for a number."""
        rows = self._part.problem.rows
        variance = np.diagonal(self.covariance) + np.sum(self._of_penalty_alone**2, axis=1)
        scale = rows.preparation.scale_of(self._part.problem.unit[[self.k]])[0]
        return np.sqrt(np.maximum(variance[rows.places] * dispersion, 0.0)) / scale

    @property
    def intercept_error_of_penalty(self) -> float:
        """What the directions of the penalty alone add to the error of the intercept of raw columns, at dispersion 1."""
        rows = self._part.problem.rows
        unit = self._part.problem.unit[[self.k]]
        shift = rows.preparation.centre_of(unit)[0] / rows.preparation.scale_of(unit)[0]
        return float(np.linalg.norm(self._of_penalty_alone[-1] - shift @ self._of_penalty_alone[rows.places]))

    def wald(self, columns: np.ndarray, dispersion: float) -> tuple[float, float]:
        """Wald statistic and degrees of freedom of a group of columns of the design."""
        where = self._part.problem.rows.places[np.isin(self._part.columns_of(self.k), columns)]
        where = where[self.moving[where]]
        if not where.size or not np.isfinite(dispersion):
            return np.nan, np.nan
        information = self._hessian[np.ix_(where, where)]
        if self.moving[-1]:
            with_constant = self._hessian[where, -1]
            if self._hessian[-1, -1] > 0:
                information = information - np.outer(with_constant, with_constant) / self._hessian[-1, -1]
        edf = float(self._of_each[where].sum()) if self._penalised else np.inf
        covariance = self.covariance[np.ix_(where, where)] * dispersion
        statistic, df = wald_statistic(self._theta[where], covariance, information, edf)
        return (statistic, float(df)) if df else (np.nan, np.nan)
