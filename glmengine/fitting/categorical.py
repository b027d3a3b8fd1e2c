"""How softmax models of units that are in one of K classes in each bin are made, for `glmengine.fit` and `glmengine.cross_validate`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from glmengine.backend.standard import CHUNK_BYTES, StandardRows
from glmengine.context import Context, Progress
from glmengine.errors import GlmError
from glmengine.fitting.batch import NO_DATA, OK, SEPARATED, SILENT_UNIT, STOPPED, restricted
from glmengine.fitting.categorical_fit import ClassFit, UnitAnswer
from glmengine.fitting.inputs import ColumnsOf, Inputs
from glmengine.fitting.options import starting_point
from glmengine.models import Penalty
from glmengine.models.penalties import Resolved
from glmengine.solvers.categorical import CategoricalAnswer, minimise_categorical
from glmengine.solvers.quadratic import Sparsity


class _SourceBlocks:
    """Used rows of a source, a block at a time."""

    def __init__(self, source: Any, index: np.ndarray | None) -> None:
        self.source, self.index = source, index
        self.shape = (source.shape[0] if index is None else index.size, source.shape[1])

    def pieces(self) -> Iterator[tuple[slice, np.ndarray]]:
        step = max(CHUNK_BYTES // (8 * max(self.shape[1], 1)), 1024)
        for start in range(0, self.shape[0], step):
            part = slice(start, min(start + step, self.shape[0]))
            if self.index is None:
                yield part, self.source.chunk(part.start, part.stop)
                continue
            rows = self.index[part]
            first = int(rows[0])
            yield part, self.source.chunk(first, int(rows[-1]) + 1)[rows - first]


class _Units:
    """Labels, weights and standardised rows of each unit."""

    def __init__(self, inputs: Inputs, n_classes: int | None, intercept: bool) -> None:
        if inputs.offset is not None:
            raise GlmError("offset: the same offset for every class changes nothing; leave it out with the categorical family")
        self.inputs, self.intercept = inputs, intercept
        self.K = count_classes(inputs.Y, n_classes)
        index = np.flatnonzero(inputs.valid)
        self.index = None if index.size == inputs.source.shape[0] else index
        self._shared: StandardRows | None = None

    def rows(self, unit: int) -> tuple[StandardRows, np.ndarray | None]:
        """The design of a unit, and the columns of it that it has (None for all)."""
        mask = self.inputs.mask
        if mask is not None:
            columns = np.flatnonzero(mask[:, unit])
            return StandardRows(
                _SourceBlocks(ColumnsOf(self.inputs.source, columns), self.index), centred=self.intercept
            ), columns
        if self._shared is None:
            self._shared = StandardRows(_SourceBlocks(self.inputs.source, self.index), centred=self.intercept)
        return self._shared, None

    def labels(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """Class numbers (n,) and weights (n,) of the used rows, 0 where the observation is missing."""
        y = self.inputs.Y[:, unit] if self.index is None else self.inputs.Y[self.index, unit]
        weights = np.isfinite(y).astype(float)
        given = self.inputs.weights
        if given is not None:
            given = given if given.ndim == 1 else given[:, unit]
            weights = weights * (given if self.index is None else given[self.index])
        return np.where(np.isfinite(y), y, 0.0).astype(np.int64), weights


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
    units = _Units(inputs, n_classes, intercept)
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
        answer, columns = _solve(units, unit, labels, weights, resolved, factor[unit], begin, share)
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
    units = _Units(inputs, n_classes, intercept)
    _, F, S, M = sums.shape
    folds = fold if units.index is None else fold[units.index]
    order = np.argsort(-strengths, kind="stable")
    for unit in range(M):
        labels, weights = units.labels(unit)
        for number in range(F):
            test = weights * (folds == number)
            train = weights * (folds != number)
            if not test.any() or not train.any():
                continue
            shares = np.bincount(labels, weights=train, minlength=units.K) / train.sum()
            with np.errstate(divide="ignore"):
                base = float(test[test > 0] @ np.log(shares[labels[test > 0]]))
            begin = None
            for step, s in enumerate(order):
                done = (unit * F + number + step / S) / (M * F)
                answer, _ = _solve(
                    units, unit, labels, train, resolved, float(strengths[s]), begin, context.part(done, done + 1 / (M * F * S))
                )
                begin = answer.coef, answer.intercept
                likelihood = _log_likelihood(units.rows(unit)[0], labels, test, answer)
                sums[:6, number, s, unit] = test.sum(), test.sum(), likelihood, -2.0 * likelihood, base, -2.0 * base
                converged[number, s, unit] = answer.converged
                if context.stopping:
                    return


def _solve(
    units: _Units,
    unit: int,
    labels: np.ndarray,
    weights: np.ndarray,
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
        labels,
        weights,
        units.K,
        local.quadratic if local.ridge.any() or local.matrix is not None else None,
        sparsity,
        intercept=units.intercept,
        start=begin,
        report=report,
        stopping=lambda: bool(context.stopping),
    )
    return answer, columns


def _log_likelihood(rows: StandardRows, labels: np.ndarray, weights: np.ndarray, answer: CategoricalAnswer) -> float:
    total = 0.0
    ends = np.where(np.isneginf(answer.intercept), -1e300, answer.intercept)
    for part, block in rows.blocks.pieces():
        used = weights[part] > 0
        if not used.any():
            continue
        eta = block[used] @ answer.coef + ends
        eta -= eta.max(axis=1, keepdims=True)
        log_p = eta - np.log(np.exp(eta).sum(axis=1, keepdims=True))
        total += float(weights[part][used] @ log_p[np.arange(len(log_p)), labels[part][used]])
    return total
