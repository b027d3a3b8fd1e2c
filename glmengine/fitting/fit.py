"""`fit`: coefficients of a GLM for many units at once, at the true optimum."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.fitting.batch import (
    NO_DATA,
    OK,
    SEPARATED,
    SILENT_UNIT,
    STOPPED,
    Assembly,
    assemble,
    column_groups,
    read_strength,
    resolve_penalty,
    restricted,
    silence,
)
from glmengine.fitting.categorical import fit_classes
from glmengine.fitting.categorical_fit import ClassFit
from glmengine.fitting.fit_result import Fit, Part
from glmengine.fitting.inputs import Inputs, read_inputs
from glmengine.fitting.notes import column_notes, shape_notes, unit_notes
from glmengine.fitting.options import check_classes, check_options, starting_point
from glmengine.fitting.starts import MEAN
from glmengine.models import Penalty, Ridge, get_family, get_penalty
from glmengine.models.penalties import Resolved
from glmengine.solvers.problem import ALL_ROWS, Objective, Solution


def fit(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str | None = Ridge(1e-4),  # noqa: B008 - a frozen value
    *,
    strength: Any = None,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
    mask: Any = None,
    start: Any = None,
    unit_names: Sequence[str] | None = None,
    n_classes: int | None = None,
    whole: bool = True,
    solver: str = "auto",
    memory: float = 2.0,
    context: Context | None = None,
) -> Fit | ClassFit:
    """Fit a GLM to each unit.

    Minimised for each unit is sum(w nll)/sum(w) over its valid rows plus the penalty; the intercept is never penalised. The Poisson nll leaves
    out the factorial, the Gaussian one is the squared error. `Ridge(a)` adds a/2 |coef|^2: the textbook form max log p - alpha sum(coef^2)
    is a = 2 alpha / T, with T the sum of the valid weights.

    Parameters
    ----------
    X : (T, P) array, data frame, xarray, pynapple frame, SciPy sparse matrix, or Design
        A row with NaN is left out for all units.
    Y : (T,) or (T, M), same kinds
        Observations; NaN leaves the row out for that unit alone.
    family, link : str or Family, Link
        Link by default the family's first.
    penalty : Penalty, str or None
    strength : float or (M,) array, optional
        Replaces the penalty's own strength (multiplies a sum of penalties), one for each unit.
    weights : (T,) or (T, M), optional
        Frequency weights: 2 counts as the same row twice, everywhere.
    offset : (T,) or (T, M), optional
        Added to the linear predictor.
    intercept : bool
    mask : (P, M) bool, optional
        Which columns may be used for which unit.
    start : Fit or (coef (P, M), intercept (M,)), optional
        Where to begin.
    unit_names : sequence of str, optional
    n_classes : int, optional
        Number of classes of the categorical family; one more than the largest label where not given.
    whole : bool
        Refuse counts that are not whole numbers; off, any number from 0 on is taken for one.
    solver : str
        ``"auto"``, ``"newton"`` or ``"lbfgs"``, for smooth penalties; those that make zeros have proximal Newton.
    memory : float
        GB that the prepared design may take; a larger one is read in pieces in each pass.
    context : Context, optional
        Hears of progress, can cancel, or stop and keep what there is (status ``stopped``).

    Raises
    ------
    GlmError
        For input that cannot be fitted, saying where.
    Cancelled
        If the context says so.
    """
    from glmengine.backend import jax_runtime as runtime

    context = context or SILENT
    began = time.perf_counter()
    family = get_family(family)
    link = family.link(link)
    penalty = get_penalty(penalty)
    check_options(solver, memory, intercept)
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names, whole=whole)
    factor = np.ones(inputs.shape[2]) if strength is None else read_strength(strength, inputs.units)
    base = penalty if strength is None else penalty.scaled(1.0)
    if family.by_class:
        n_classes = check_classes(n_classes, inputs.Y)
        family.check(inputs.Y, inputs.units, n_classes=n_classes)
        return fit_classes(
            inputs,
            resolve_penalty(base, inputs, None),
            penalty,
            factor,
            strength=np.full(inputs.shape[2], penalty.strength) if strength is None else factor,
            n_classes=n_classes,
            intercept=intercept,
            start=start,
            context=context,
        )
    with runtime.float64():
        assembly = assemble(inputs, family, link, intercept=intercept)
        resolved = resolve_penalty(base, inputs, None)
        return _fit_units(assembly, resolved, penalty, factor, strength, start, solver, memory, context, began)


def _fit_units(
    assembly: Assembly,
    resolved: Resolved,
    penalty: Penalty,
    factor: np.ndarray,
    strength: Any,
    start: Any,
    solver: str,
    memory: float,
    context: Context,
    began: float,
) -> Fit:
    inputs = assembly.inputs
    _, P, M = inputs.shape
    coef, ends = np.zeros((P, M)), np.zeros(M)
    objective, decrement = np.full(M, np.nan), np.full(M, np.nan)
    converged, iterations = np.zeros(M, bool), np.zeros(M, int)
    status = assembly.status.copy()
    silent, empty = status == SILENT_UNIT, status == NO_DATA
    coef[:, empty], ends[empty] = np.nan, np.nan
    ends[silent] = silence(assembly.link) if assembly.intercept and silent.any() else 0.0
    objective[silent] = 0.0
    decrement[silent] = 0.0
    converged[silent] = True
    ends[status == SEPARATED], objective[status == SEPARATED] = np.inf, 0.0
    begin = starting_point(start, P, M)
    groups = column_groups(inputs.mask, np.flatnonzero(status == OK))
    if len(groups) > 1:
        assembly = assembly.gathered(memory * 1e9)
    parts: list[Part] = []
    names: list[str] = []
    trace: list[dict[str, float]] = []
    for number, (units, columns) in enumerate(groups):
        if not units.size:
            continue
        share = context.part(number / len(groups), (number + 1) / len(groups), f"Fitting {M} units" if M > 1 else None)
        part, solution = _solve_group(assembly, resolved, units, columns, factor, begin, solver, memory, share)
        place = slice(None) if columns is None else columns
        coef[place, units] = solution.coef.T if columns is None else 0.0
        if columns is not None:
            coef[np.ix_(columns, units)] = solution.coef.T
        ends[units] = solution.intercept
        objective[units], decrement[units] = solution.objective, solution.decrement
        converged[units], iterations[units] = solution.converged, solution.iterations
        status[units] = np.where(solution.converged, OK, np.where(solution.runaway, SEPARATED, STOPPED))
        parts.append(part)
        names.append(solution.solver)
        trace.extend(solution.trace)
    notes = (
        *unit_notes(status, inputs.units),
        *column_notes(parts, inputs),
        *shape_notes(assembly, parts, objective, converged),
    )
    own = np.full(M, penalty.strength) if strength is None else factor
    return Fit(
        coef=coef,
        intercept=ends,
        objective=objective,
        decrement=decrement,
        converged=converged,
        status=status,
        iterations=iterations,
        seconds=time.perf_counter() - began,
        solver="; ".join(dict.fromkeys(names)) or "none",
        trace=tuple(trace),
        strength=own,
        feature_names=inputs.features,
        unit_names=inputs.units,
        family=assembly.family.name,
        link=assembly.link.name,
        penalty=penalty,
        notes=notes,
        assembly=assembly,
        parts=tuple(parts),
    )


def _solve_group(
    assembly: Assembly,
    resolved: Resolved,
    units: np.ndarray,
    columns: np.ndarray | None,
    factor: np.ndarray,
    begin: tuple[np.ndarray, np.ndarray] | None,
    solver: str,
    memory: float,
    context: Context,
) -> tuple[Part, Solution]:
    from glmengine.fitting.minimise import Minimiser
    from glmengine.solvers.rank import left_out

    inputs = assembly.inputs
    rows = assembly.rows(columns, width=units.size, memory=memory * 1e9)
    held = np.full(units.size, ALL_ROWS)
    penalty = resolved if columns is None else restricted(resolved, columns)
    constant, carried = left_out(rows, penalty.quadratic, context)
    movable = movable_columns(inputs, units, columns) & ~constant
    problem = assembly.problem(rows, penalty, units, held, factor[units], movable)
    if begin is None:
        coef, ends = np.zeros((units.size, rows.n_features)), assembly.null_predictor(units, held) * assembly.intercept
    else:
        coef = begin[0][:, units].T if columns is None else begin[0][np.ix_(columns, units)].T
        ends = begin[1][units]
    minimiser = Minimiser(penalty, solver)
    first = Objective(problem, context).start(coef, ends)
    solution, problem, theta = minimiser.solve(problem, first, context, start=MEAN if begin is None else "given")
    places = np.arange(rows.n_features) if columns is None else columns
    free = np.zeros(0, int) if solution.free is None else places[(solution.free & movable).any(axis=0)]
    return Part(units, columns, problem, theta, places[constant], free, minimiser.starts, places[carried]), solution


def movable_columns(inputs: Inputs, units: np.ndarray, columns: np.ndarray | None) -> np.ndarray:
    """(K, P) bool: which of these columns each unit may use."""
    n = inputs.source.shape[1] if columns is None else columns.size
    if inputs.mask is None:
        return np.ones((units.size, n), bool)
    mask = inputs.mask if columns is None else inputs.mask[columns]
    return mask[:, units].T
