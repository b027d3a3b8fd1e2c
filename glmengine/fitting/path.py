"""`fit_path`: the same units at one strength after another, each fit begun where the last ended, on rows that are prepared once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fitting.batch import (
    NO_DATA,
    OK,
    SEPARATED,
    SILENT_UNIT,
    Assembly,
    assemble,
    column_groups,
    resolve_penalty,
    restricted,
    silence,
)
from glmengine.fitting.cross_validation import strengths_of_list
from glmengine.fitting.fit import movable_columns
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.options import check_options
from glmengine.models import Penalty, get_family, get_penalty
from glmengine.models.penalties import Resolved
from glmengine.solvers.problem import ALL_ROWS, Objective


@dataclass(frozen=True)
class Path:
    """Fits of M units with P features at S strengths, in the order in which the strengths were given.

    Attributes
    ----------
    strengths : (S,) array
    coef : (S, P, M), intercept : (S, M)
        In raw units of the columns; NaN for a unit without data, intercept -inf for one without spikes.
    objective, decrement : (S, M)
        As of `glmengine.Fit`.
    converged : (S, M) bool
    iterations : (S, M) int
    feature_names, unit_names : tuple of str
    solver : str
    seconds : float
    """

    strengths: np.ndarray
    coef: np.ndarray
    intercept: np.ndarray
    objective: np.ndarray
    decrement: np.ndarray
    converged: np.ndarray
    iterations: np.ndarray
    feature_names: tuple[str, ...]
    unit_names: tuple[str, ...]
    solver: str
    seconds: float

    @property
    def n_nonzero(self) -> np.ndarray:
        """(S, M) number of coefficients that are not zero."""
        return np.count_nonzero(np.nan_to_num(self.coef), axis=1)


def fit_path(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str = "lasso",
    strengths: Sequence[float] = (1e-2, 1e-3, 1e-4),
    *,
    weights: Any = None,
    offset: Any = None,
    intercept: bool = True,
    mask: Any = None,
    unit_names: Sequence[str] | None = None,
    solver: str = "auto",
    memory: float = 2.0,
    context: Context | None = None,
) -> Path:
    """The regularisation path: coefficients at every strength.

    Each optimum is the one that `fit` finds; going from strong to weak and starting each where the last ended (Friedman, Hastie &
    Tibshirani 2010) makes it cheaper.

    Parameters
    ----------
    X, Y, family, link, weights, offset, intercept, mask, unit_names, solver, memory, context
        As for `fit`. The categorical family has no path.
    penalty : Penalty or str
        Its strength is replaced by (for a sum: multiplied by) each of `strengths`.
    strengths : sequence of float
        In any order.

    Raises
    ------
    GlmError
        For input that cannot be used, saying where.
    Cancelled
        If the context says so. Where it wants to stop and keep, the strengths not reached are NaN and not converged.
    """
    from glmengine.backend import jax_runtime as runtime

    context = context or SILENT
    began = time.perf_counter()
    family = get_family(family)
    if family.by_class:
        raise GlmError("family: the categorical family has no path; fit each strength by itself", field="model.family")
    link = family.link(link)
    penalty = get_penalty(penalty)
    check_options(solver, memory, intercept)
    values = strengths_of_list(strengths)
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names)
    with runtime.float64():
        assembly = assemble(inputs, family, link, intercept=intercept)
        table = _Table(values, assembly)
        resolved = resolve_penalty(penalty.scaled(1.0), inputs, None)
        groups = [group for group in column_groups(inputs.mask, np.flatnonzero(assembly.status == OK)) if group[0].size]
        if len(groups) > 1:
            assembly = assembly.gathered(memory * 1e9)
        for number, (units, columns) in enumerate(groups):
            share = context.part(number / len(groups), (number + 1) / len(groups))
            _follow(table, assembly, resolved, units, columns, solver, memory, share)
    return table.path(time.perf_counter() - began)


class _Table:
    """What is collected on the way."""

    def __init__(self, strengths: np.ndarray, assembly: Assembly) -> None:
        S, (_, P, M) = strengths.size, assembly.inputs.shape
        self.strengths, self.assembly = strengths, assembly
        self.coef, self.intercept = np.full((S, P, M), np.nan), np.full((S, M), np.nan)
        self.objective, self.decrement = np.full((S, M), np.nan), np.full((S, M), np.nan)
        self.converged, self.iterations = np.zeros((S, M), bool), np.zeros((S, M), int)
        self.solvers: list[str] = []
        status = assembly.status
        self.coef[:, :, status != NO_DATA] = 0.0
        silent = status == SILENT_UNIT
        self.intercept[:, silent] = silence(assembly.link) if assembly.intercept and silent.any() else 0.0
        self.objective[:, silent], self.decrement[:, silent], self.converged[:, silent] = 0.0, 0.0, True
        self.intercept[:, status == SEPARATED], self.objective[:, status == SEPARATED] = np.inf, 0.0

    def path(self, seconds: float) -> Path:
        return Path(
            strengths=self.strengths,
            coef=self.coef,
            intercept=self.intercept,
            objective=self.objective,
            decrement=self.decrement,
            converged=self.converged,
            iterations=self.iterations,
            feature_names=self.assembly.inputs.features,
            unit_names=self.assembly.inputs.units,
            solver="; ".join(dict.fromkeys(self.solvers)) or "none",
            seconds=seconds,
        )


def _follow(
    table: _Table,
    assembly: Assembly,
    resolved: Resolved,
    units: np.ndarray,
    columns: np.ndarray | None,
    solver: str,
    memory: float,
    context: Context,
) -> None:
    """All strengths of units that share their columns, from the strongest."""
    from glmengine.fitting.minimise import Minimiser
    from glmengine.solvers.rank import left_out

    held = np.full(units.size, ALL_ROWS)
    rows = assembly.rows(columns, width=units.size, memory=memory * 1e9)
    penalty = resolved if columns is None else restricted(resolved, columns)
    movable = movable_columns(assembly.inputs, units, columns) & ~left_out(rows, penalty.quadratic, context)[0]
    places = np.arange(rows.n_features) if columns is None else columns
    order = np.argsort(-table.strengths, kind="stable")
    minimiser, theta = Minimiser(penalty, solver), None
    for step, s in enumerate(order):
        share = context.part(step / order.size, (step + 1) / order.size, f"Fitting, strength {table.strengths[s]:g}")
        problem = assembly.problem(rows, penalty, units, held, np.full(units.size, table.strengths[s]), movable)
        if theta is None:
            ends = assembly.null_predictor(units, held) * assembly.intercept
            theta = Objective(problem, context).start(np.zeros((units.size, rows.n_features)), ends)
        solution, problem, theta = minimiser.solve(problem, theta, share)
        table.coef[s][np.ix_(places, units)] = solution.coef.T
        for whole, part in (
            (table.intercept, solution.intercept),
            (table.objective, solution.objective),
            (table.decrement, solution.decrement),
            (table.converged, solution.converged),
            (table.iterations, solution.iterations),
        ):
            whole[s, units] = part
        table.solvers.append(solution.solver)
        if context.stopping:
            break
    reached = order[: step + 1]
    missed = np.setdiff1d(order, reached)
    table.coef[np.ix_(missed, np.arange(table.coef.shape[1]), units)] = np.nan
