"""Covariance of the coefficients of softmax fits: standard errors and effective degrees of freedom of each class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.inference.evaluation import Evaluation
from glmengine.inference.wald import Wald, wald_statistic
from glmengine.solvers.categorical import CategoricalAnswer


@dataclass(frozen=True)
class UnitAnswer:
    """The answer for one unit, and the (p,) columns that it may use."""

    found: CategoricalAnswer
    places: np.ndarray


@dataclass(frozen=True)
class _Made:
    """Covariance and Hessian of the summed loss (C, P + 1, C, P + 1), None where the penalty makes zeros, and effective degrees of freedom."""

    covariance: np.ndarray | None
    hessian: np.ndarray | None
    edf: float


class ClassInference:
    """As `glmengine.inference.covariance.GlmInference`, of M units with C classes.

    Parameters
    ----------
    answers : sequence of UnitAnswer or None
        None for a unit that was not solved.
    evaluation : Evaluation
    groups : sequence of (p,) int array
        Columns of the terms.
    shape : (P, C, M)
    intercept : bool
    unsolved : (M,) array
        Effective degrees of freedom of units that were not solved.
    """

    def __init__(
        self,
        answers: Sequence[UnitAnswer | None],
        evaluation: Evaluation,
        groups: Sequence[np.ndarray],
        shape: tuple[int, int, int],
        *,
        intercept: bool,
        unsolved: np.ndarray,
    ) -> None:
        self._unsolved = unsolved
        self._answers, self._groups, self._shape, self._intercept = tuple(answers), tuple(groups), shape, intercept
        self.evaluation = evaluation
        self._kept: list[_Made | None] | None = None

    def make(self, context: Context) -> None:
        """As of `GlmInference`."""
        if self._kept is None:
            kept = []
            for unit, answer in enumerate(self._answers):
                context.check()
                context.report(Progress("Standard errors", unit / len(self._answers)))
                kept.append(None if answer is None or context.stopping else self._made(answer))
            self._kept = kept

    @property
    def _all(self) -> list[_Made | None]:
        self.make(SILENT)
        assert self._kept is not None
        return self._kept

    def _made(self, answer: UnitAnswer) -> _Made:
        """Over all P columns; for sparse fits the degrees of freedom are the coefficients that are not zero."""
        found, places, (P, C, _) = answer.found, answer.places, self._shape
        if found.covariance is None or found.hessian_loss is None:
            ends = np.isfinite(found.intercept).sum() - 1 if self._intercept else 0
            return _Made(None, None, float(np.count_nonzero(found.coef) + max(ends, 0)))
        size = C * (places.size + 1)
        edf = float(np.sum(found.covariance.reshape(size, size) * found.hessian_loss.T))
        inside = np.concatenate([[0], places + 1])
        where = np.ix_(np.arange(C), inside, np.arange(C), inside)
        covariance, hessian = np.zeros((C, P + 1, C, P + 1)), np.zeros((C, P + 1, C, P + 1))
        covariance[where] = found.covariance
        hessian[where] = found.hessian_loss.reshape(found.covariance.shape)
        return _Made(covariance, hessian, edf)

    @cached_property
    def _spreads(self) -> np.ndarray:
        """(P + 1, C, M) standard errors, the intercept first."""
        P, C, M = self._shape
        result = np.full((P + 1, C, M), np.nan)
        for unit, made in enumerate(self._all):
            if made is not None and made.covariance is not None:
                spread = np.sqrt(np.maximum(np.einsum("kaka->ak", made.covariance), 0.0))
                result[:, :, unit] = np.where(spread > 0, spread, np.nan)
        return result

    @property
    def standard_errors(self) -> np.ndarray:
        return self._spreads[1:]

    @property
    def intercept_se(self) -> np.ndarray:
        return self._spreads[0]

    @property
    def edf(self) -> np.ndarray:
        return np.array([nothing if made is None else made.edf for made, nothing in zip(self._all, self._unsolved, strict=True)])

    @property
    def column_edf(self) -> np.ndarray:
        """(P, M) NaN: a column's share would be of several classes."""
        P, _, M = self._shape
        return np.full((P, M), np.nan)

    @property
    def dispersion(self) -> np.ndarray:
        """Ones: a class has no scale."""
        return np.ones(self._shape[2])

    @property
    def terms(self) -> Wald:
        return self.wald(self._groups)

    def covariance(self, unit: int, kind: str = "bayesian") -> np.ndarray:
        """(C, P + 1, C, P + 1), the intercept of a class before its coefficients."""
        if kind != "bayesian":
            raise GlmError(f"there is no {kind} covariance of a softmax model; choose bayesian")
        P, C, _ = self._shape
        made = self._all[unit]
        known = None if made is None else made.covariance
        return np.full((C, P + 1, C, P + 1), np.nan) if known is None else known

    def covariances(self) -> np.ndarray:
        """(M, C, P + 1, C, P + 1)"""
        return np.stack([self.covariance(unit) for unit in range(self._shape[2])])

    def wald(self, groups: Sequence[np.ndarray]) -> Wald:
        """Of the coefficients of all classes together, in as many directions as the data and the penalty leave free."""
        statistic, df = (np.full((len(groups), self._shape[2]), np.nan) for _ in range(2))
        for unit, (answer, made) in enumerate(zip(self._answers, self._all, strict=True)):
            if answer is None or made is None or made.covariance is None or made.hessian is None:
                continue
            P, C, _ = self._shape
            coef = np.zeros((C, P + 1))
            coef[:, answer.places + 1] = answer.found.coef.T
            size = C * (P + 1)
            covariance, hessian = made.covariance.reshape(size, size), made.hessian.reshape(size, size)
            of_each, ends = np.sum(covariance * hessian.T, axis=1), np.arange(C) * (P + 1)
            for number, group in enumerate(groups):
                where = (ends[:, None] + 1 + np.asarray(group)).ravel()
                where = where[np.diagonal(covariance)[where] > 0]
                if not where.size:
                    continue
                across = hessian[np.ix_(where, ends)]  # what the intercepts take up
                information = hessian[np.ix_(where, where)] - across @ np.linalg.pinv(hessian[np.ix_(ends, ends)]) @ across.T
                found = wald_statistic(
                    coef.ravel()[where], covariance[np.ix_(where, where)], information, float(of_each[where].sum())
                )
                statistic[number, unit], df[number, unit] = (found[0], float(found[1])) if found[1] else (np.nan, np.nan)
        return Wald(statistic, df)
