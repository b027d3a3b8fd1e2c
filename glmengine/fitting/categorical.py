"""How softmax models of units that are in one of K classes in each bin are made, for `glmengine.fit` and `glmengine.cross_validate`."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from glmengine.backend.operations import ALL_ROWS
from glmengine.backend.rows import Observations, Rows
from glmengine.context import Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.batch import NO_DATA, OK, SEPARATED, SILENT_UNIT, STOPPED, restricted
from glmengine.fitting.categorical_fit import ClassFit, UnitAnswer
from glmengine.fitting.inputs import Inputs, columns_of
from glmengine.fitting.options import starting_point
from glmengine.models import Penalty
from glmengine.models.penalties import Resolved
from glmengine.solvers.categorical import CategoricalAnswer, minimise_categorical
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.softmax import StandardColumns

MEMORY = 2e9
"""Bytes that a prepared design may take."""


class _Units:
    """Class numbers and weights of all units, and the rows of the columns that each has."""

    def __init__(
        self, inputs: Inputs, n_classes: int | None, intercept: bool, context: Context, fold: np.ndarray | None = None
    ) -> None:
        if inputs.offset is not None:
            raise GlmError("offset: the same offset for every class changes nothing; leave it out with the categorical family")
        self.inputs, self.intercept, self.context = inputs, intercept, context
        self.K = count_classes(inputs.Y, n_classes)
        index = np.flatnonzero(inputs.valid)
        self.index = None if index.size == inputs.source.shape[0] else index
        y = self._used(inputs.Y).T
        weights = np.isfinite(y).astype(float)
        if inputs.weights is not None:
            weights = weights * self._used(inputs.weights).T
        fold = None if fold is None else self._used(fold).astype(np.int32)
        self.observations = Observations(np.where(weights > 0, y, 0.0), weights, None, fold)
        self._shared: StandardColumns | None = None

    def _used(self, values: np.ndarray) -> np.ndarray:
        return values if self.index is None else values[self.index]

    def rows(self, unit: int) -> tuple[StandardColumns, np.ndarray | None]:
        """The design of a unit, and the columns of it that it has (None for all)."""
        mask = self.inputs.mask
        if mask is not None:
            columns = np.flatnonzero(mask[:, unit])
            return self._columns(columns_of(self.inputs.source, columns)), columns
        if self._shared is None:
            self._shared = self._columns(self.inputs.source)
        return self._shared, None

    def _columns(self, source: Any) -> StandardColumns:
        rows = Rows(source, self.index, self.observations, columns=self.K, memory=MEMORY, centred=self.intercept)
        return StandardColumns(rows, self.context)

    def labels(self, unit: int, held: int = ALL_ROWS) -> tuple[np.ndarray, np.ndarray]:
        """Class numbers (n,) and weights (n,) of the used rows, 0 where the observation is missing or held out."""
        y, weights = self.observations.of(unit, held)
        return y.astype(np.int64), weights


def count_classes(Y: np.ndarray, n_classes: int | None) -> int:
    """The number of classes given, or one more than the largest label.

    Raises
    ------
    GlmError
        For fewer than two classes.
    """
    largest = int(np.nanmax(Y, initial=-1)) + 1 if np.isfinite(Y).any() else 0
    K = max(largest, 1) if n_classes is None else int(n_classes)
    if K < 2:
        raise GlmError(f"counts: there is {K} class; a categorical model needs two or more, numbered from 0")
    return K


def fit_classes(
    inputs: Inputs,
    resolved: Resolved,
    penalty: Penalty,
    factor: np.ndarray,
    *,
    strength: np.ndarray,
    n_classes: int | None,
    intercept: bool,
    start: Any,
    context: Context,
) -> ClassFit:
    """Fit every unit; `factor` (M,) multiplies the penalty `resolved`, `strength` (M,) is what to call that."""
    began = time.perf_counter()
    units = _Units(inputs, n_classes, intercept, context)
    _, P, M = inputs.shape
    K = units.K
    start = starting_point(start, P, K, M)
    coef, ends = np.zeros((P, K, M)), np.zeros((K, M))
    values = {name: np.full(M, np.nan) for name in ("objective", "decrement", "n_valid", "log_likelihood", "null_deviance")}
    converged, iterations, status = np.zeros(M, bool), np.zeros(M, int), np.full(M, OK, dtype="<U9")
    answers: list[UnitAnswer | None] = []
    trace: list[dict[str, float]] = []
    for unit in range(M):
        labels, weights = units.labels(unit)
        values["n_valid"][unit] = total = float(weights.sum())
        if total == 0:
            status[unit], coef[:, :, unit], ends[:, unit] = NO_DATA, np.nan, np.nan
            answers.append(None)
            continue
        begin = None if start is None else (start[0][:, :, unit], start[1][:, unit])
        share = context.part(unit / M, (unit + 1) / M, f"Fitting {M} units" if M > 1 else None)
        answer, columns = _solve(units, unit, ALL_ROWS, resolved, factor[unit], begin, share)
        places = np.arange(P) if columns is None else columns
        coef[np.ix_(places, np.arange(K), [unit])] = answer.coef[:, :, None]
        ends[:, unit] = answer.intercept
        values["objective"][unit], values["decrement"][unit] = answer.objective, answer.decrement
        converged[unit], iterations[unit] = answer.converged, answer.iterations
        counts = np.bincount(labels, weights=weights, minlength=K)
        if (counts > 0).sum() == 1:
            status[unit] = SILENT_UNIT
        elif not answer.converged:
            status[unit] = SEPARATED if answer.separated else STOPPED
        share_of = counts[counts > 0] / total
        values["null_deviance"][unit] = -2.0 * float(counts[counts > 0] @ np.log(share_of))
        local = restricted(resolved, places)
        penalised = float(np.sum([local.times(factor[unit]).value(answer.coef[:, k]) for k in range(K)]))
        values["log_likelihood"][unit] = -(answer.objective - penalised) * total
        answers.append(UnitAnswer(answer, places))
        trace.extend(answer.trace)
    notes = [f"Unit {inputs.units[m]}: {_TEXTS[str(status[m])]}." for m in range(M) if status[m] != OK]
    return ClassFit(
        coef=coef,
        intercept=ends,
        converged=converged,
        status=status,
        iterations=iterations,
        seconds=time.perf_counter() - began,
        trace=tuple(trace),
        strength=strength,
        feature_names=inputs.features,
        unit_names=inputs.units,
        penalty=penalty,
        notes=tuple(notes),
        answers=tuple(answers),
        has_intercept=intercept,
        **values,
    )


_TEXTS = {
    SILENT_UNIT: "is in one class in all bins used; nothing is fitted",
    NO_DATA: "no valid bin",
    SEPARATED: "the class can be predicted perfectly somewhere, so coefficients grow without limit; add a penalty",
    STOPPED: "stopped before the optimum",
}


def fill_classes(
    sums: np.ndarray,
    converged: np.ndarray,
    inputs: Inputs,
    resolved: Resolved,
    strengths: np.ndarray,
    fold: np.ndarray,
    *,
    n_classes: int | None,
    intercept: bool,
    context: Context,
) -> None:
    """Cross-validate every unit, into `sums` (8, F, S, M) and `converged` (F, S, M).

    The first six of `sums` are filled: held-out weight, observations, log-likelihood and deviance of the model, and the
    same two of the shares of the classes among the rows fitted to.
    """
    units = _Units(inputs, n_classes, intercept, context, fold)
    _, F, S, M = sums.shape
    order = np.argsort(-strengths, kind="stable")
    for unit in range(M):
        labels, weights = units.labels(unit)
        for number in range(F):
            train = units.labels(unit, number)[1]
            test = weights - train
            if not test.any() or not train.any():
                continue
            shares = np.bincount(labels, weights=train, minlength=units.K) / train.sum()
            with np.errstate(divide="ignore"):
                base = float(test[test > 0] @ np.log(shares[labels[test > 0]]))
            begin = None
            for step, s in enumerate(order):
                done = (unit * F + number + step / S) / (M * F)
                answer, _ = _solve(
                    units, unit, number, resolved, float(strengths[s]), begin, context.part(done, done + 1 / (M * F * S))
                )
                begin = answer.coef, answer.intercept
                likelihood = units.rows(unit)[0].log_likelihood(answer.coef, answer.intercept, unit, number)
                sums[:6, number, s, unit] = test.sum(), test.sum(), likelihood, -2.0 * likelihood, base, -2.0 * base
                converged[number, s, unit] = answer.converged
                if context.stopping:
                    return


def _solve(
    units: _Units,
    unit: int,
    held: int,
    resolved: Resolved,
    factor: float,
    begin: tuple[np.ndarray, np.ndarray] | None,
    context: Context,
) -> tuple[CategoricalAnswer, np.ndarray | None]:
    rows, columns = units.rows(unit)
    local = resolved if columns is None else restricted(resolved, columns)
    if begin is not None and columns is not None and len(begin[0]) != columns.size:
        begin = begin[0][columns], begin[1]
    local = local.times(factor)
    sparsity = None if local.is_smooth else Sparsity(local.l1, local.groups, local.group_weights, local.scales)

    def report(iteration: int, decrement: float) -> None:
        context.check()
        context.report(Progress("Fitting", 1.0 - 1.0 / (1.0 + iteration), f"step {iteration}, decrement {decrement:.1e}"))

    answer = minimise_categorical(
        rows,
        units.K,
        local.quadratic if local.ridge.any() or local.matrix is not None else None,
        sparsity,
        unit=unit,
        held=held,
        intercept=units.intercept,
        start=begin,
        report=report,
        stopping=lambda: bool(context.stopping),
    )
    return answer, columns
