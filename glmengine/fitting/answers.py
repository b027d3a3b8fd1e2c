"""The table of answers: what was found of each unit at each strength with each fold held out."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from glmengine.context import UnitsFound
from glmengine.fitting.batch import Assembly
from glmengine.fitting.grid import FLAT
from glmengine.fitting.strength_choice import StrengthChoice, mean_scores, over_units
from glmengine.fitting.unit_status import silence
from glmengine.solvers.problem import ALL_ROWS, Solution
from glmengine.solvers.status import OK, SEPARATED, SILENT_UNIT, STOPPED

Said = TypeVar("Said")


class Answers:
    """Arrays (F, S, ..., M) that are filled batch by batch; F is 1 where nothing is held out.

    Parameters
    ----------
    assembly : Assembly
    strengths : (S,) array
    n_folds : int
        0 for a fit to all rows.
    shape : tuple of int
        Of one unit's coefficients: (P,), or (P, C) with classes.
    keep : bool
        Whether coefficients are kept.

    Attributes
    ----------
    coef : (F, S, P[, C], M) array or None, intercept : (F, S[, C], M) array or None
        NaN for what was not come to, and units without data.
    objective, decrement, converged, iterations, status : (F, S, M)
    sums : (8, F, S, M)
        Sums of `glmengine.backend.formulas.Worth` on the held-out rows.
    solvers, backends : list of (int, str)
        Beside the first unit of the batch that they are of, since batches may come in any order.
    trace : list of (int, dict)
    """

    def __init__(self, assembly: Assembly, strengths: np.ndarray, n_folds: int, shape: tuple[int, ...], *, keep: bool) -> None:
        F, S, M = max(n_folds, 1), strengths.size, assembly.status.size
        self.assembly, self.strengths = assembly, strengths
        self.coef = np.full((F, S, *shape, M), np.nan) if keep else None
        self.intercept = np.full((F, S, *shape[1:], M), np.nan) if keep else None
        self.objective, self.decrement = np.full((F, S, M), np.nan), np.full((F, S, M), np.nan)
        self.converged, self.iterations = np.zeros((F, S, M), bool), np.zeros((F, S, M), int)
        self.status = np.tile(np.where(assembly.status == OK, STOPPED, assembly.status), (F, S, 1))
        self.sums = np.full((8, F, S, M), np.nan)
        self.solvers: list[tuple[int, str]] = []
        self.backends: list[tuple[int, str]] = []
        self.trace: list[tuple[int, dict[str, float]]] = []
        if not n_folds:
            self._fill()

    def _fill(self) -> None:
        """What needs no solver: silent units, and those whose intercept alone has no limit."""
        assembly, status = self.assembly, self.assembly.status
        silent, separated = status == SILENT_UNIT, status == SEPARATED
        self.objective[..., silent | separated], self.decrement[..., silent], self.converged[..., silent] = 0.0, 0.0, True
        if self.coef is None or self.intercept is None:
            return
        self.coef[..., silent | separated] = 0.0
        self.intercept[..., separated] = np.inf
        if assembly.observed.classes is not None:
            self.intercept[..., silent] = np.where(assembly.observed.classes[0, silent].T > 0, 0.0, -np.inf)
        else:
            self.intercept[..., silent] = silence(assembly.link) if assembly.intercept and silent.any() else 0.0

    def keep(self, s: int, unit: np.ndarray, held: np.ndarray, places: np.ndarray, solution: Solution) -> None:
        """What a batch found at one strength."""
        reached, first = ~np.isnan(solution.objective), int(unit.min())
        unit, fold = unit[reached], np.where(held == ALL_ROWS, 0, held)[reached]
        for whole, part in (
            (self.objective, solution.objective),
            (self.decrement, solution.decrement),
            (self.converged, solution.converged),
            (self.iterations, solution.iterations),
            (self.status, np.where(solution.converged, OK, np.where(solution.runaway, SEPARATED, STOPPED))),
        ):
            whole[fold, s, unit] = part[reached]
        if self.coef is not None and self.intercept is not None:
            self.coef[fold, s, ..., unit] = 0.0
            self.coef[fold[:, None], s, np.atleast_2d(places) if places.ndim == 1 else places[reached], ..., unit[:, None]] = (
                solution.coef[reached]
            )
            self.intercept[fold, s, ..., unit] = solution.intercept[reached]
        self.solvers.append((first, solution.solver))
        self.backends.append((first, solution.backend))
        self.trace.extend((first, step) for step in solution.trace)

    def without_broken_off(self, unit: np.ndarray, held: np.ndarray, solution: Solution) -> Solution:
        """The same without the units some fold of which was stopped on its way, where another strength was scored: between two strengths a fit
        is neither's, and its score is of no model that would be fitted again."""
        broken = np.isin(unit, unit[~(solution.converged | solution.runaway)])
        scored = np.isfinite(self.sums[0][held, :, unit]).any(axis=1)
        return replace(solution, objective=np.where(broken & scored, np.nan, solution.objective))

    def score(self, s: int, unit: np.ndarray, held: np.ndarray, sums: np.ndarray, solution: Solution) -> None:
        """What its optima are worth on the rows held out, (8, K)."""
        reached = ~np.isnan(solution.objective)
        self.sums[:, held[reached], s, unit[reached]] = sums[:, reached]

    def begin_with(self, units: np.ndarray, coef: np.ndarray | float, intercept: np.ndarray) -> None:
        """These coefficients, (P[, C], K), and intercepts, (K,) or (C, K), for the K units of (M,) bool that no solver came to."""
        assert self.coef is not None
        assert self.intercept is not None
        self.coef[..., units], self.intercept[..., units] = coef, intercept

    @property
    def scores(self) -> np.ndarray:
        """(F, S, M) mean held-out log-likelihood per bin."""
        weight, likelihood = self.sums[0], self.sums[2]
        with np.errstate(invalid="ignore", divide="ignore"):
            return likelihood / np.where(weight > 0, weight, np.nan)

    def best_at(self, end: int, before: int, units: np.ndarray, choice: StrengthChoice) -> np.ndarray:
        """Which of these units have their best mean score at the strength with number `end`, and a worse one `before`: all or none of them
        where the choice is one for all."""
        scores = self.scores[:, :, units]
        best = choice.best(scores, self.strengths)
        mean = mean_scores(over_units(scores)[:, :, None] if choice.one_for_all else scores)
        with np.errstate(invalid="ignore"):
            return units[(best == end) & (np.abs(mean[end] - mean[before]) >= FLAT)]

    def found(self, units: np.ndarray, choice: StrengthChoice) -> UnitsFound:
        """What the strengths that were tried so far say of units (k,)."""
        scores = self.scores[:, :, units]
        best = choice.of(scores, self.strengths)
        has, fold = best >= 0, np.arange(len(scores))[:, None]
        deviance, null = self.sums[3][fold, np.maximum(best, 0), units], self.sums[5][fold, np.maximum(best, 0), units]
        known = np.isfinite(scores[fold, np.maximum(best, 0), np.arange(units.size)]) & has
        with np.errstate(invalid="ignore", divide="ignore"):
            explained = 1.0 - np.where(known, deviance, 0.0).sum(axis=0) / np.where(known, null, 0.0).sum(axis=0)
        return UnitsFound(
            self._names(units),
            strength=np.where(has, self.strengths[np.maximum(best, 0)], np.nan),
            deviance_explained=np.where(has & np.isfinite(explained), explained, np.nan),
        )

    def ended(self, units: np.ndarray) -> UnitsFound:
        """How the only fit of units (k,) ended."""
        return UnitsFound(self._names(units), status=tuple(str(one) for one in self.status[0, 0, units]))

    def _names(self, units: np.ndarray) -> tuple[str, ...]:
        return tuple(self.assembly.inputs.units[unit] for unit in units.tolist())

    @property
    def solver(self) -> str:
        return "; ".join(dict.fromkeys(_in_order(self.solvers))) or "none"

    @property
    def backend(self) -> str:
        return "; ".join(name for name in dict.fromkeys(_in_order(self.backends)) if name) or "NumPy"

    @property
    def steps(self) -> tuple[dict[str, float], ...]:
        """The trace, in the order of the units."""
        return tuple(_in_order(self.trace))


def _in_order(said: list[tuple[int, Said]]) -> list[Said]:
    """What is said of batches, in the order of their first units."""
    return [value for _, value in sorted(said, key=lambda one: one[0])]
