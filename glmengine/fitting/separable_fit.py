"""A fit of models with separable receptive fields: coefficients, scores, and uncertainty in the tangent space of the rank."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.batch import NO_DATA, SILENT_UNIT
from glmengine.fitting.separable_problem import Problem, sums_over
from glmengine.inference.covariance import Evaluation, wald_statistic
from glmengine.inference.tests import WALD_WORDS, p_values
from glmengine.solvers.low_rank import Found, Tangent, tangent

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class SeparableFit:
    """What `glmengine.Fit` is, of M units some of whose coefficients are matrices of low rank; the attributes have the same names."""

    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    status: np.ndarray
    iterations: np.ndarray
    seconds: float
    solver: str
    strength: np.ndarray
    unit_names: tuple[str, ...]
    notes: tuple[str, ...]
    n_valid: np.ndarray
    problem: Problem
    founds: tuple[Found | None, ...]
    dispersions: np.ndarray

    def assess(self, context: Context) -> None:
        """Make the covariances, which are otherwise made when first asked for."""
        if "_tangents" not in self.__dict__:
            self.__dict__["_tangents"] = self._made(context)

    @cached_property
    def _tangents(self) -> tuple[Tangent | None, ...]:
        return self._made(SILENT)

    def _made(self, context: Context) -> tuple[Tangent | None, ...]:
        made: list[Tangent | None] = []
        for m, found in enumerate(self.founds):
            context.check()
            context.report(Progress("Standard errors", m / len(self.founds)))
            unit = None if found is None else self.problem.unit(m, self.strength[m], self.dispersions[m])
            made.append(None if found is None or unit is None else self._raw(tangent(unit, found)))
        return tuple(made)

    def _raw(self, made: Tangent) -> Tangent:
        """With the intercept of the columns as they are."""
        directions = made.directions.copy()
        directions[0] -= self.problem.rows.means @ directions[1:]
        return replace(made, directions=directions)

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, within the rank."""
        none = np.where(self.status == SILENT_UNIT, 0.0, np.nan)
        return np.array([none[m] if made is None else made.edf for m, made in enumerate(self._tangents)])

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson estimate of a free scale, the fitted one of the negative binomial, else 1."""
        if self.problem.family.estimates_dispersion:
            return self.dispersions
        if not self.problem.family.free_scale:
            return np.where(self.status == NO_DATA, np.nan, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.n_valid > self.edf, self._sums.pearson / (self.n_valid - self.edf), np.nan)

    def covariance(self, unit: int, kind: str = "bayesian") -> np.ndarray:
        """(P + 1, P + 1), the intercept first: of the tangent space of the rank at the optimum (delta method)."""
        if kind != "bayesian":
            raise GlmError(f"there is no {kind} covariance of a separable field; choose bayesian")
        made, size = self._tangents[unit], len(self.coef) + 1
        return np.full((size, size), np.nan) if made is None else made.covariance * self._scale(unit)

    def _scale(self, unit: int) -> float:
        """What the inverse of a mean loss's second derivatives is multiplied by to be a covariance."""
        family = self.problem.family
        scale = self.dispersion[unit] if family.free_scale else 1.0
        return float(scale * family.loss_factor / self.n_valid[unit])

    def wald(self) -> xr.Dataset:
        """Wald tests (term, unit) of the terms: see `glmengine.inference.tests.wald`.

        NaN for a field whose rank rules anything out: where there is no field its factors are not identified, so that the statistic
        has no chi-squared distribution (of pure noise it would nearly always be called needed).
        """
        import xarray as xr

        groups = self.problem.inputs.groups
        statistic, df = (np.full((len(groups), len(self.unit_names)), np.nan) for _ in range(2))
        parts = {part.columns.tobytes(): number for number, part in enumerate(self.problem.parts)}
        for m, made in enumerate(self._tangents):
            if made is None:
                continue
            free = np.setdiff1d(np.flatnonzero(self.problem.allowed[:, m]), self.problem.held)
            for row, group in enumerate(groups.values()):
                part = parts.get(np.asarray(group).tobytes())
                where = np.flatnonzero(np.isin(free, group)) if part is None else made.places[part]
                if part is not None and self.problem.parts[part].rank < min(self.problem.parts[part].shape):
                    continue
                statistic[row, m], df[row, m] = self._tested(made, where, m)
        rest = self.n_valid - self.edf if self.problem.family.free_scale else None
        values = {"wald": statistic, "df": df, "p": p_values(statistic, df, rest)}
        return xr.Dataset(
            {name: (("term", "unit"), value, {"long_name": WALD_WORDS[name]}) for name, value in values.items()},
            {"term": list(groups), "unit": list(self.unit_names)},
        )

    def _tested(self, made: Tangent, where: np.ndarray, m: int) -> tuple[float, float]:
        if not where.size:
            return np.nan, np.nan
        constant = made.hessian[where, -1]
        information = made.hessian[np.ix_(where, where)] - np.outer(constant, constant) / made.hessian[-1, -1]
        edf = float(np.sum(made.inverse * made.hessian, axis=1)[where].sum())
        penalised = bool(self.strength[m] and self.problem.quadratic.count_nonzero())
        found = wald_statistic(
            made.position[where],
            made.inverse[np.ix_(where, where)] * self._scale(m),
            information,
            edf if penalised else np.inf,
        )
        return (found[0], float(found[1])) if found[1] else (np.nan, np.nan)

    @cached_property
    def _deviations(self) -> np.ndarray:
        found = np.full((len(self.unit_names), len(self.coef) + 1), np.nan)
        for m, made in enumerate(self._tangents):
            if made is not None:
                found[m] = np.sqrt(np.maximum(made.variances * self._scale(m), 0.0))
        return found

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M); NaN for columns that the unit may not use."""
        return np.where(self.problem.allowed.T, self._deviations[:, 1:], np.nan).T

    @property
    def intercept_se(self) -> np.ndarray:
        return self._deviations[:, 0]

    @cached_property
    def _sums(self) -> Evaluation:
        table = np.full((8, len(self.unit_names)), np.nan)
        table[:, self.status == SILENT_UNIT] = 0.0
        for m, found in enumerate(self.founds):
            if found is not None:
                unit = self.problem.unit(m, self.strength[m], self.dispersions[m])
                table[:, m] = sums_over(unit, found, unit.weights > 0, float(self.problem.means[m]))
        return Evaluation(table[2], table[3], table[4], table[5], table[6])

    @property
    def log_likelihood(self) -> np.ndarray:
        return self._sums.full_log_likelihood(self.problem.family, self.n_valid)

    @property
    def deviance(self) -> np.ndarray:
        return self._sums.deviance

    @property
    def null_deviance(self) -> np.ndarray:
        return self._sums.null_deviance

    @property
    def _parameters(self) -> np.ndarray:
        return self.edf + float(self.problem.family.free_scale or self.problem.family.estimates_dispersion)

    @property
    def aic(self) -> np.ndarray:
        return 2.0 * self._parameters - 2.0 * self.log_likelihood

    @property
    def bic(self) -> np.ndarray:
        return np.log(self.n_valid) * self._parameters - 2.0 * self.log_likelihood
