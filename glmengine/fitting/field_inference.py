"""Uncertainty of models with separable receptive fields, in the tangent space of the rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.field_data import FieldData, sums_over
from glmengine.inference.evaluation import Evaluation
from glmengine.inference.wald import Wald, wald_statistic
from glmengine.solvers.low_rank import Found, Tangent, tangent
from glmengine.solvers.rank_frame import Unit
from glmengine.solvers.status import NO_DATA, SILENT_UNIT


class FieldInference:
    """As `glmengine.inference.covariance.GlmInference`, of M units some of whose coefficients are matrices of low rank.

    Parameters
    ----------
    data : FieldData
    founds : sequence of Found or None
        None for a unit that was not solved.
    strength, dispersions : (M,) array
    """

    def __init__(self, data: FieldData, founds: Sequence[Found | None], strength: np.ndarray, dispersions: np.ndarray) -> None:
        self._data, self._founds, self._strength, self._dispersions = data, tuple(founds), strength, dispersions
        self._status, self._n_valid = data.assembly.status, data.assembly.n_valid
        self._kept: list[Tangent | None] | None = None

    def make(self, context: Context) -> None:
        """As of `GlmInference`."""
        if self._kept is None:
            kept: list[Tangent | None] = []
            for m, found in enumerate(self._founds):
                context.check()
                context.report(Progress("Standard errors", m / len(self._founds)))
                kept.append(None if found is None else self._raw(tangent(self._unit(m), found)))
            self._kept = kept

    @property
    def _tangents(self) -> list[Tangent | None]:
        self.make(SILENT)
        assert self._kept is not None
        return self._kept

    def _unit(self, m: int) -> Unit:
        return self._data.unit(m, self._strength[m], self._dispersions[m])

    def _raw(self, made: Tangent) -> Tangent:
        """With the intercept of the columns as they are."""
        directions = made.directions.copy()
        directions[0] -= self._data.rows.means @ directions[1:]
        return replace(made, directions=directions)

    @property
    def edf(self) -> np.ndarray:
        """(M,) effective degrees of freedom, within the rank."""
        none = np.where(self._status == SILENT_UNIT, 0.0, np.nan)
        return np.array([none[m] if made is None else made.edf for m, made in enumerate(self._tangents)])

    @property
    def column_edf(self) -> np.ndarray:
        """(P, M) NaN: within a rank, degrees of freedom are not those of columns."""
        return np.full(self._data.allowed.shape, np.nan)

    @property
    def dispersion(self) -> np.ndarray:
        """(M,) Pearson estimate of a free scale, the fitted one of the negative binomial, else 1."""
        if self._data.family.estimates_dispersion:
            return self._dispersions
        if not self._data.family.free_scale:
            return np.where(self._status == NO_DATA, np.nan, 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self._n_valid > self.edf, self.evaluation.pearson / (self._n_valid - self.edf), np.nan)

    def covariance(self, unit: int, kind: str = "bayesian") -> np.ndarray:
        """(P + 1, P + 1), the intercept first: of the tangent space of the rank at the optimum (delta method)."""
        if kind != "bayesian":
            raise GlmError(f"there is no {kind} covariance of a separable field; choose bayesian")
        made, size = self._tangents[unit], len(self._data.allowed) + 1
        return np.full((size, size), np.nan) if made is None else made.covariance * self._scale(unit)

    def covariances(self) -> np.ndarray:
        """(M, P + 1, P + 1)"""
        return np.stack([self.covariance(unit) for unit in range(len(self._tangents))])

    def _scale(self, unit: int) -> float:
        """What the inverse of a mean loss's second derivatives is multiplied by to be a covariance."""
        family = self._data.family
        scale = self.dispersion[unit] if family.free_scale else 1.0
        return float(scale * family.loss_factor / self._n_valid[unit])

    @property
    def terms(self) -> Wald:
        """Of the terms; NaN for a field whose rank rules anything out: where there is no field its factors are not identified, so that
        the statistic has no chi-squared distribution (of pure noise it would nearly always be called needed)."""
        return self.wald([np.asarray(group) for group in self._data.assembly.inputs.groups.values()])

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Of groups of columns, none of them a part of a field."""
        statistic, df = (np.full((len(groups), self._status.size), np.nan) for _ in range(2))
        parts = {part.columns.tobytes(): number for number, part in enumerate(self._data.parts)}
        for m, made in enumerate(self._tangents):
            if made is None:
                continue
            free = np.setdiff1d(np.flatnonzero(self._data.allowed[:, m]), self._data.of_fields)
            for row, group in enumerate(groups):
                part = parts.get(np.asarray(group).tobytes())
                where = np.flatnonzero(np.isin(free, group)) if part is None else made.places[part]
                if part is not None and self._data.parts[part].rank < min(self._data.parts[part].shape):
                    continue
                statistic[row, m], df[row, m] = self._tested(made, where, m)
        return Wald(statistic, df)

    def _tested(self, made: Tangent, where: np.ndarray, m: int) -> tuple[float, float]:
        if not where.size:
            return np.nan, np.nan
        constant = made.hessian[where, -1]
        information = made.hessian[np.ix_(where, where)] - np.outer(constant, constant) / made.hessian[-1, -1]
        edf = float(np.sum(made.inverse * made.hessian, axis=1)[where].sum())
        penalised = bool(self._strength[m] and self._data.quadratic.count_nonzero())
        found = wald_statistic(
            made.position[where],
            made.inverse[np.ix_(where, where)] * self._scale(m),
            information,
            edf if penalised else np.inf,
        )
        return (found[0], float(found[1])) if found[1] else (np.nan, np.nan)

    @cached_property
    def _deviations(self) -> np.ndarray:
        found = np.full((self._status.size, len(self._data.allowed) + 1), np.nan)
        for m, made in enumerate(self._tangents):
            if made is not None:
                found[m] = np.sqrt(np.maximum(made.variances * self._scale(m), 0.0))
        return found

    @property
    def standard_errors(self) -> np.ndarray:
        """(P, M); NaN for columns that the unit may not use."""
        return np.where(self._data.allowed.T, self._deviations[:, 1:], np.nan).T

    @property
    def intercept_se(self) -> np.ndarray:
        return self._deviations[:, 0]

    @cached_property
    def evaluation(self) -> Evaluation:
        table = np.full((8, self._status.size), np.nan)
        table[:, self._status == SILENT_UNIT] = 0.0
        means = self._data.assembly.observed.mean[0]
        for m, found in enumerate(self._founds):
            if found is not None:
                unit = self._unit(m)
                table[:, m] = sums_over(unit, found, unit.weights > 0, float(means[m]))
        return Evaluation(table[2], table[3], table[4], table[5], table[6])
