"""What is said about a fit at its optimum: deviance and likelihood, covariance, effective degrees of freedom, dispersion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from glmengine.backend import jax_runtime as runtime
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.batch import NO_DATA, SEPARATED, SILENT_UNIT, Assembly
from glmengine.models import Family
from glmengine.solvers.problem import Objective
from glmengine.solvers.worth import sums

if TYPE_CHECKING:
    from glmengine.fitting.fit_result import Part

NULL = 1e-12
"""Eigenvalues of the scaled Hessian below this, times the largest, are directions in which the data say nothing."""


MANY = 300
"""Columns of a group beyond which its Wald statistic is made without its directions."""


@dataclass(frozen=True)
class Evaluation:
    """Sums over the rows of each of M units; a free scale is taken as 1.

    Attributes
    ----------
    log_likelihood, deviance, null_log_likelihood, null_deviance, pearson : (M,)
        Of the model, of the mean observation, and the squared Pearson residuals.
    """

    log_likelihood: np.ndarray
    deviance: np.ndarray
    null_log_likelihood: np.ndarray
    null_deviance: np.ndarray
    pearson: np.ndarray

    def full_log_likelihood(self, family: Family, n: np.ndarray) -> np.ndarray:
        """(M,) log-likelihood at the most likely scale, where the family has a free one."""
        return family.at_best_scale(self.log_likelihood, self.deviance, n)


def evaluate(assembly: Assembly, parts: Sequence[Part], context: Context = SILENT) -> Evaluation:
    """One pass over the rows of each part."""
    M = assembly.mean.shape[1]
    table = np.full((8, M), np.nan)
    table[:, np.isin(assembly.status, (SILENT_UNIT, SEPARATED))] = 0.0
    with runtime.float64():
        for part in parts:
            table[:, part.units] = sums(part.problem, part.theta, assembly.mean[0, part.units], context, held_out=False)
    return Evaluation(
        log_likelihood=table[2], deviance=table[3], null_log_likelihood=table[4], null_deviance=table[5], pearson=table[6]
    )


@dataclass(frozen=True)
class Wald:
    """Wald statistics of G groups of columns for M units.

    Attributes
    ----------
    statistic, df : (G, M)
        The statistic, and of how many directions it is the sum; NaN where nothing can be said.
    """

    statistic: np.ndarray
    df: np.ndarray


def wald_statistic(coef: np.ndarray, covariance: np.ndarray, information: np.ndarray, edf: float) -> tuple[float, int]:
    """How far a group of coefficients is from saying nothing, in standard errors squared.

    The statistic of Wood (2013), "On p-values for smooth components of an extended generalized additive model": of what the group
    adds to the predictor, its mean taken out, f'V^-f, where V, the Bayesian covariance of f, is inverted in its r largest directions, r
    the group's effective degrees of freedom, rounded. Without a penalty r is the rank, and it is the statistic of Wald. Of more than
    `MANY` columns, where finding the directions takes long, all are taken: the mean of the statistic is r then too, its spread a little less.

    Parameters
    ----------
    coef : (p,) array
    covariance, information : (p, p) array
        Of these coefficients, and the weighted cross products of their columns about the mean.
    edf : float
        Effective degrees of freedom of the group; infinite for the rank.

    Returns
    -------
    statistic : float
    df : int
        r; 0 (and a statistic of NaN) for columns that say nothing.
    """
    if coef.size > MANY:
        size = np.sqrt(np.maximum(np.diagonal(covariance), 1e-300))
        try:
            factor = cho_factor(covariance / np.outer(size, size), lower=True, check_finite=False)
        except np.linalg.LinAlgError:
            factor = None
        if factor is not None and np.diagonal(factor[0]).min() > 1e-6:  # else some are not determined: by their directions
            standard = coef / size
            whole = float(standard @ cho_solve(factor, standard, check_finite=False))
            return whole, coef.size if not np.isfinite(edf) else max(1, round(edf))
    values, vectors = eigh(information, check_finite=False)
    kept = values > NULL * max(1.0, len(values) / 100) * max(float(values.max(initial=0.0)), 1e-300)
    root = vectors[:, kept] * np.sqrt(values[kept])
    spread, turn = eigh(root.T @ covariance @ root, check_finite=False)
    rank = int(np.sum(spread > 1e-10 * max(float(spread.max(initial=0.0)), 1e-300)))
    r = rank if not np.isfinite(edf) else min(rank, max(1, round(edf)))
    if r == 0:
        return np.nan, 0
    along = turn[:, -r:].T @ (root.T @ coef)
    return float(np.sum(along**2 / spread[-r:])), r


class Uncertainty:
    """Covariances of M units, made from the Hessians at their optima."""

    def __init__(self, assembly: Assembly, parts: Sequence[Part], evaluation: Evaluation, context: Context = SILENT) -> None:
        M, P = assembly.mean.shape[1], assembly.inputs.source.shape[1]
        self._assembly = assembly
        self._size = P + 1
        self._done: set[int] = set()
        self._place: dict[int, tuple[Part, int]] = {int(unit): (part, k) for part in parts for k, unit in enumerate(part.units)}
        self.standard_errors, self.intercept_se = np.full((P, M), np.nan), np.full(M, np.nan)
        self.edf, self.dispersion = np.full(M, np.nan), np.ones(M)
        self.edf[assembly.status == SILENT_UNIT] = 0.0
        self.dispersion[assembly.status == NO_DATA] = np.nan
        self._bayesian: dict[int, np.ndarray] = {}
        groups = list(assembly.inputs.groups.values())
        self.terms = Wald(np.full((len(groups), M), np.nan), np.full((len(groups), M), np.nan))
        keep = 8.0 * M * self._size**2 <= 5e8
        for part in parts:
            for k, unit in enumerate(part.units.tolist()):
                context.check()
                context.report(Progress("Standard errors", len(self._done) / M))
                self._done.add(unit)
                solved = _Solved(part, k, "bayesian")
                matrix, unknown, edf = self._raw(part, solved)
                self.edf[unit] = edf
                if assembly.family.free_scale:
                    n = assembly.n_valid[0, unit]
                    self.dispersion[unit] = evaluation.pearson[unit] / (n - edf) if n > edf else np.nan
                for number, group in enumerate(groups):
                    wald = solved.wald(group, self.dispersion[unit])
                    self.terms.statistic[number, unit], self.terms.df[number, unit] = wald
                matrix = matrix * self.dispersion[unit]
                if keep:
                    self._bayesian[unit] = matrix
                errors = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
                errors[unknown] = np.nan
                self.intercept_se[unit] = errors[0] if assembly.intercept else np.nan
                self.standard_errors[:, unit] = errors[1:]

    def covariance(self, unit: int, kind: str) -> np.ndarray:
        """(P + 1, P + 1), the intercept first. Directions that are not identified have no variance in it, so that those of rates are right."""
        if kind not in ("bayesian", "observed", "frequentist", "sandwich"):
            raise GlmError(f"there is no covariance '{kind}'; choose bayesian, observed, frequentist or sandwich")
        if unit not in self._place:
            return np.full((self._size, self._size), np.nan)
        if kind == "bayesian" and unit in self._bayesian:
            return self._bayesian[unit]
        part, k = self._place[unit]
        matrix, _, _ = self._solve(part, k, kind)
        return matrix if kind == "sandwich" else matrix * self.dispersion[unit]

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Statistics of groups of columns of the design, for every unit."""
        result = Wald(np.full((len(groups), len(self.edf)), np.nan), np.full((len(groups), len(self.edf)), np.nan))
        for unit, (part, k) in self._place.items():
            solved = _Solved(part, k, "bayesian")
            for number, group in enumerate(groups):
                result.statistic[number, unit], result.df[number, unit] = solved.wald(group, self.dispersion[unit])
        return result

    def _solve(self, part: Part, k: int, kind: str) -> tuple[np.ndarray, np.ndarray, float]:
        """Covariance at dispersion 1 in raw units, which of its rows are not identified, and the effective degrees of freedom."""
        solved = _Solved(part, k, kind)
        return self._raw(part, solved)

    def _raw(self, part: Part, solved: _Solved) -> tuple[np.ndarray, np.ndarray, float]:
        """From prepared columns, intercept last, to all columns of the design, intercept first."""
        covariance, unknown = solved.covariance, solved.unknown
        rows = part.problem.rows
        n, Q = rows.n_features, len(covariance)
        turn = np.zeros((n + 1, Q))
        turn[0, -1] = 1.0
        turn[0, :n] = -rows.centre / rows.scale
        turn[1:, :n] = np.diag(1.0 / rows.scale)
        place = np.concatenate([[0], 1 + (np.arange(n) if part.columns is None else part.columns)])
        result = np.zeros((self._size, self._size))
        result[np.ix_(place, place)] = turn @ covariance @ turn.T
        hidden = np.ones(self._size, bool)
        hidden[place[1:]] = unknown[:n]
        # the intercept of the raw columns is known only if every column in its way is, or has no centre
        hidden[0] = unknown[-1] or bool(np.any(unknown[:n] & solved.moving[:n] & (rows.centre != 0)))
        return result, hidden, solved.edf


class _Solved:
    """The Hessian of one unit at its optimum and what follows from it, in the scale of the prepared columns, the intercept last.

    Attributes
    ----------
    covariance : (Q, Q) array
        At dispersion 1.
    unknown, moving : (Q,) bool
        Parameters that are not identified, and those that are fitted at all.
    edf : float
    """

    def __init__(self, part: Part, k: int, kind: str) -> None:
        problem = part.problem
        objective = Objective(problem, SILENT)
        column = np.array([k])
        self._part, self._theta = part, part.theta[k]
        with runtime.float64():
            hessian = objective.hessian(part.theta[column], column, "float64", expected=kind != "observed")[0]
            middle = objective.score_products(part.theta[column], column)[0] if kind == "sandwich" else hessian
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
        self._penalised = bool(problem.strength[k]) and bool(np.any(problem.penalty))
        factor = problem.family.loss_factor / problem.total[k]
        if kind in ("frequentist", "sandwich"):
            inverse = inverse @ middle @ inverse
            factor = factor if kind == "frequentist" else 1.0 / problem.total[k]
        self.covariance = inverse * factor
        unknown = np.zeros(len(whole), bool)
        unknown[np.flatnonzero(moving)] = np.any(np.abs(vectors[:, ~known]) > 1e-6, axis=1)
        self.unknown = unknown | ~moving

    def wald(self, columns: np.ndarray, dispersion: float) -> tuple[float, float]:
        """Wald statistic and degrees of freedom of a group of columns of the design."""
        where = np.asarray(columns)
        if self._part.columns is not None:
            where = np.flatnonzero(np.isin(self._part.columns, where))
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


def uncertainty(assembly: Assembly, parts: Sequence[Part], evaluation: Evaluation, context: Context = SILENT) -> Uncertainty:
    """Covariances at the optimum, one Hessian per unit."""
    return Uncertainty(assembly, parts, evaluation, context)
