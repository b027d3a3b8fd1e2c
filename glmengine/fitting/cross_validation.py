"""`cross_validate`: every strength on every held-out fold, for all units at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fitting.batch import OK, Assembly, assemble, column_groups, resolve_penalty, restricted
from glmengine.fitting.fit import movable_columns
from glmengine.fitting.inputs import Inputs, read_inputs
from glmengine.fitting.options import check_classes, check_options
from glmengine.models import Family, Penalty, get_family, get_penalty
from glmengine.models.numbers import check_strength, is_number
from glmengine.models.penalties import Resolved
from glmengine.solvers.problem import Objective
from glmengine.solvers.worth import HeldOut

if TYPE_CHECKING:
    import xarray as xr

TIE = 1e-12
"""Mean scores this close are equal; the stronger penalty is taken."""


@dataclass(frozen=True)
class CrossValidation:
    """Scores of M units at S strengths on F held-out folds.

    Attributes
    ----------
    scores : DataArray (fold, strength, unit)
        Mean held-out log-likelihood per bin, the factorial included, at scale 1 where the family has a free one (Gaussian and gamma: the
        best strength is that of the least deviance); NaN where a fold holds no bin of the unit.
    deviance, null_deviance : DataArray (fold, strength, unit)
        Held-out deviance of the model and of the mean of the training bins, summed over bins. That mean knows no offset, so with
        offsets what they explain is counted as explained.
    weight, spikes : DataArray (fold, unit)
        Held-out bins (sum of their weights) and observations.
    null_scores : DataArray (fold, unit)
        Mean held-out log-likelihood per bin of the mean of the training bins.
    converged : DataArray (fold, strength, unit)
    best_strength : (M,) array
        Strength of the largest mean score over folds; NaN where there is none.
    bits_per_spike, deviance_explained : (M,) array
        At the best strength: log-likelihood gained over the training mean per spike, in bits, and 1 - deviance/null deviance, both
        pooled over folds. Bits per spike is NaN for families without counts.
    folds : (T,) int array
        Fold of each row, -1 for rows never held out and rows that are not used.
    skipped : (M,) int array
        Folds without a score.
    coefs : DataArray (fold, strength, unit, feature) or None
    seconds : float
    solver : str
    """

    scores: xr.DataArray
    deviance: xr.DataArray
    null_deviance: xr.DataArray
    weight: xr.DataArray
    spikes: xr.DataArray
    null_scores: xr.DataArray
    converged: xr.DataArray
    best_strength: np.ndarray
    bits_per_spike: np.ndarray
    deviance_explained: np.ndarray
    folds: np.ndarray
    skipped: np.ndarray
    coefs: xr.DataArray | None
    intercepts: xr.DataArray | None
    seconds: float
    solver: str


def blocks_of(valid: np.ndarray, n_folds: int) -> np.ndarray:
    """(T,) fold numbers: contiguous blocks of valid rows of equal length (the first ones a row longer), -1 for other rows.

    Raises
    ------
    GlmError
        For fewer than two folds, or more folds than valid rows.
    """
    if n_folds < 2:
        raise GlmError(f"folds: {n_folds} leaves nothing to compare; give 2 or more", field="validation.folds")
    rows = np.flatnonzero(valid)
    if rows.size < n_folds:
        raise GlmError(
            f"folds: there are {rows.size} valid rows for {n_folds} folds; use fewer folds or more data", field="validation.folds"
        )
    folds = np.full(len(valid), -1)
    folds[rows] = np.repeat(np.arange(n_folds), [len(part) for part in np.array_split(rows, n_folds)])
    return folds


def cross_validate(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str = "ridge",
    strengths: Sequence[float] = (1e-5, 1e-4, 1e-3, 1e-2),
    folds: int | Any = 5,
    *,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
    mask: Any = None,
    unit_names: Sequence[str] | None = None,
    solver: str = "auto",
    n_classes: int | None = None,
    memory: float = 2.0,
    coefs: bool = False,
    context: Context | None = None,
) -> CrossValidation:
    """Fit every unit at every strength with each fold held out, and score it there.

    Folds and units are columns of one problem; strengths are gone through from the strongest, each starting where the last ended.

    Parameters
    ----------
    X, Y, family, link, weights, offset, intercept, mask, unit_names, solver, n_classes, memory, context
        As for `fit`.
    penalty : Penalty or str
        Its strength is replaced by (for a sum: multiplied by) each of `strengths`.
    strengths : sequence of float
    folds : int or (T,) int array
        Number of contiguous blocks of valid rows, or a fold number per row (-1: never held out).
    coefs : bool
        Keep the coefficients of every fit.

    Raises
    ------
    GlmError
        For input that cannot be used, saying where.
    """
    from glmengine.backend import jax_runtime as runtime

    context = context or SILENT
    began = time.perf_counter()
    family = get_family(family)
    link = family.link(link)
    penalty = get_penalty(penalty)
    check_options(solver, memory, intercept)
    values = strengths_of_list(strengths)
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names)
    fold = fold_numbers(folds, inputs)
    labels = np.unique(fold[fold >= 0])
    compact = np.where(fold >= 0, np.searchsorted(labels, np.maximum(fold, 0)), -1)
    if family.by_class:
        from glmengine.fitting.categorical import fill_classes

        if coefs:
            raise GlmError(
                "coefs: the coefficients of every fold are not kept for the categorical family; leave it off, and fit again"
            )
        n_classes = check_classes(n_classes, inputs.Y)
        family.check(inputs.Y, inputs.units, n_classes=n_classes)
        table = Scores(labels.size, values.size, inputs, keep=False)
        penalties = resolve_penalty(penalty.scaled(1.0), inputs, None)
        options = {"n_classes": n_classes, "intercept": intercept, "context": context}
        fill_classes(table.sums, table.converged, inputs, penalties, values, compact, **options)
        return table.summary(family, labels, values, fold, time.perf_counter() - began)
    with runtime.float64():
        assembly = assemble(inputs, family, link, intercept=intercept, fold=compact, n_folds=labels.size)
        resolved = resolve_penalty(penalty.scaled(1.0), inputs, None)
        table = Scores(labels.size, values.size, inputs, keep=coefs)
        _fill(table, assembly, resolved, values, solver, memory * 1e9, context)
    return table.summary(family, labels, values, fold, time.perf_counter() - began)


class Scores:
    """What is collected while strengths are gone through: arrays (fold, strength, unit)."""

    def __init__(self, F: int, S: int, inputs: Inputs, *, keep: bool) -> None:
        _, P, M = inputs.shape
        self.inputs = inputs
        self.sums = np.full((8, F, S, M), np.nan)
        self.converged = np.zeros((F, S, M), bool)
        self.coefs = np.full((F, S, M, P), np.nan) if keep else None
        self.intercepts = np.full((F, S, M), np.nan) if keep else None
        self.solvers: list[str] = []

    def summary(
        self, family: Family, labels: np.ndarray, strengths: np.ndarray, fold: np.ndarray, seconds: float
    ) -> CrossValidation:
        import xarray as xr

        coords: dict[str, Any] = {"fold": labels, "strength": strengths, "unit": list(self.inputs.units)}

        def array(values: np.ndarray, *dims: str) -> xr.DataArray:
            return xr.DataArray(values, {dim: coords[dim] for dim in dims if dim in coords}, dims)

        weight, spikes, likelihood, deviance, null_likelihood, null_deviance = self.sums[:6]
        everything = ("fold", "strength", "unit")
        with np.errstate(invalid="ignore", divide="ignore"):
            scores = likelihood / np.where(weight > 0, weight, np.nan)
            null_scores = null_likelihood / np.where(weight > 0, weight, np.nan)
        usable = np.isfinite(scores)
        counts = usable.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(counts == counts.max(axis=0), np.where(usable, scores, 0.0).sum(axis=0) / counts, np.nan)
        M = mean.shape[1]
        best = np.full(M, -1)
        for unit in range(M):
            column = mean[:, unit]
            if np.isfinite(column).any():
                near = np.flatnonzero(column >= np.nanmax(column) - TIE)
                best[unit] = near[np.argmax(strengths[near])]
        has = best >= 0
        units = np.arange(M)

        def pooled(values: np.ndarray) -> np.ndarray:
            chosen = values[:, np.maximum(best, 0), units]
            return np.where(has, np.where(usable[:, np.maximum(best, 0), units], chosen, 0.0).sum(axis=0), np.nan)

        with np.errstate(invalid="ignore", divide="ignore"):
            explained = 1.0 - pooled(deviance) / pooled(null_deviance)
            bits = (pooled(likelihood) - pooled(null_likelihood)) / (pooled(spikes) * np.log(2.0))
        if not family.of_spikes:
            bits = np.full(M, np.nan)
        return CrossValidation(
            scores=array(scores, *everything),
            deviance=array(deviance, *everything),
            null_deviance=array(null_deviance, *everything),
            weight=array(weight[:, 0], "fold", "unit"),
            spikes=array(spikes[:, 0], "fold", "unit"),
            null_scores=array(null_scores[:, 0], "fold", "unit"),
            converged=array(self.converged, *everything),
            best_strength=np.where(has, strengths[np.maximum(best, 0)], np.nan),
            bits_per_spike=np.where(np.isfinite(bits), bits, np.nan),
            deviance_explained=np.where(np.isfinite(explained), explained, np.nan),
            folds=fold,
            skipped=np.asarray((~usable[:, 0]).sum(axis=0)),
            coefs=None
            if self.coefs is None
            else xr.DataArray(self.coefs, {**coords, "feature": list(self.inputs.features)}, (*everything, "feature")),
            intercepts=None if self.intercepts is None else array(self.intercepts, *everything),
            seconds=seconds,
            solver="; ".join(dict.fromkeys(self.solvers)) or "none",
        )


def _fill(
    table: Scores, assembly: Assembly, resolved: Resolved, strengths: np.ndarray, solver: str, memory: float, context: Context
) -> None:
    """Go through the strengths from the strongest, for each group of units that share their columns."""
    live = np.flatnonzero(assembly.status == OK)
    groups = [group for group in column_groups(assembly.inputs.mask, live) if group[0].size]
    if len(groups) > 1:
        assembly = assembly.gathered(memory)
    for number, (units, columns) in enumerate(groups):
        share = context.part(number / len(groups), (number + 1) / len(groups))
        _fill_group(table, assembly, resolved, strengths, units, columns, solver, memory, share)


def _fill_group(
    table: Scores,
    assembly: Assembly,
    resolved: Resolved,
    strengths: np.ndarray,
    units: np.ndarray,
    columns: np.ndarray | None,
    solver: str,
    memory: float,
    context: Context,
) -> None:
    from glmengine.fitting.minimise import Minimiser
    from glmengine.solvers.rank import left_out

    F = table.sums.shape[1]
    unit, held = np.repeat(units, F), np.tile(np.arange(F), units.size)
    # a fold is fitted where the other folds hold a spike; and only if it holds a bin itself
    counted = assembly.family.of_spikes
    mean, weight = assembly.mean[held + 1, unit], assembly.n_valid[held + 1, unit]
    useful = (weight > 0) & (weight < assembly.n_valid[0, unit]) & ((mean > 0) | (not counted))
    useful &= (mean < 1) | (not assembly.family.binary)
    unit, held = unit[useful], held[useful]
    if not unit.size:
        return
    rows = assembly.rows(columns, width=unit.size, memory=memory)
    penalty = resolved if columns is None else restricted(resolved, columns)
    movable = movable_columns(assembly.inputs, unit, columns) & ~left_out(rows, penalty.quadratic, context)[0]
    order = np.argsort(-strengths, kind="stable")
    minimiser, held_out, theta = Minimiser(penalty, solver, folds=True), HeldOut(mean[useful]), None
    for step, s in enumerate(order):
        share = context.part(step / order.size, (step + 1) / order.size, f"Cross-validating, strength {strengths[s]:g}")
        strength = np.full(unit.size, strengths[s])
        problem = assembly.problem(rows, penalty, unit, held, strength, movable)
        if theta is None:
            ends = assembly.null_predictor(unit, held) * assembly.intercept
            theta = Objective(problem, context).start(np.zeros((unit.size, rows.n_features)), ends)
        solution, problem, theta = minimiser.solve(problem, theta, share)
        table.sums[:, held, s, unit] = held_out.sums(problem, theta, context)
        table.converged[held, s, unit] = solution.converged
        table.solvers.append(solution.solver)
        if table.coefs is not None:
            places = np.arange(table.coefs.shape[-1]) if columns is None else columns
            table.coefs[held, s, unit] = 0.0
            table.coefs[held[:, None], s, unit[:, None], places[None, :]] = solution.coef
            table.intercepts[held, s, unit] = solution.intercept
        if context.stopping:
            break


def strengths_of_list(strengths: Sequence[float]) -> np.ndarray:
    """(S,) strengths, checked: at least one, each once."""
    values = np.atleast_1d(
        np.asarray([check_strength(value) for value in np.atleast_1d(np.asarray(strengths, dtype=object))], dtype=float)
    )
    if values.size == 0:
        raise GlmError("strengths: the list is empty; give at least one", field="model.strengths")
    if np.unique(values).size < values.size:
        raise GlmError("strengths: the same strength is there twice; give each once", field="model.strengths")
    return values


def fold_numbers(folds: Any, inputs: Inputs) -> np.ndarray:
    """(T,) fold of each row, -1 for those that are never held out or not valid; see `cross_validate`."""
    T = inputs.shape[0]
    if np.ndim(folds) == 0:
        if not is_number(folds) or folds != np.floor(folds):
            raise GlmError(
                f"folds: {folds!r} is not a whole number; give a number of folds, or a fold number per row",
                field="validation.folds",
            )
        return blocks_of(inputs.valid, int(folds))
    array = np.asarray(folds)
    if array.shape != (T,):
        raise GlmError(
            f"folds: has shape {array.shape}; give a number of folds, or a fold number for each of the {T} rows",
            field="validation.folds",
        )
    if array.dtype.kind not in "iuf":
        raise GlmError(f"folds: fold numbers must be whole numbers, these are {array.dtype}", field="validation.folds")
    if array.dtype.kind == "f" and not np.array_equal(array, np.floor(array)):
        raise GlmError("folds: fold numbers must be whole; -1 marks rows that are never held out", field="validation.folds")
    array = np.where(inputs.valid, array.astype(int), -1)
    if not (array >= 0).any():
        raise GlmError("folds: no valid row has a fold number of 0 or more; nothing would be held out", field="validation.folds")
    if (array[inputs.valid] == array[inputs.valid][0]).all():
        raise GlmError(
            "folds: all valid rows are in one fold, which leaves none to fit to; use two or more", field="validation.folds"
        )
    return np.where(array < 0, -1, array)
