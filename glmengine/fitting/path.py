"""`fit_path`: the same units at one strength after another, each fit begun where the last ended, on rows that are prepared once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import assemble, resolve_penalty
from glmengine.fitting.driver import Plan, solve
from glmengine.fitting.glm_model import GlmModel
from glmengine.fitting.grid import Grid
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.options import check_options, check_strengths
from glmengine.models import Penalty, get_family, get_penalty


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


@takes_only_its_kinds
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
    platform: str = "auto",
    context: Context | None = None,
) -> Path:
    """The regularisation path: coefficients at every strength.

    Each optimum is the one that `fit` finds; going from strong to weak and starting each where the last ended (Friedman, Hastie &
    Tibshirani 2010) makes it cheaper.

    Parameters
    ----------
    X, Y, family, link, weights, offset, intercept, mask, unit_names, solver, memory, platform, context
        As for `fit`. The categorical family has no path.
    penalty : Penalty or str
        Its strength is replaced by (for a sum: multiplied by) each of `strengths`.
    strengths : sequence of float
        In any order.

    Returns
    -------
    Path
        Coefficients (S, P, M) and intercepts (S, M), in the order of `strengths`.

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
    values = check_strengths(strengths)
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names)
    with runtime.float64():
        assembly = assemble(inputs, family, link, intercept=intercept, platform=platform)
        P, M = inputs.shape[1:]
        answers = Answers(assembly, values, 0, (P,), keep=True)
        model = GlmModel(assembly, resolve_penalty(penalty.scaled(1.0), inputs, None), solver, memory * 1e9)
        plan = Plan(np.repeat(values[:, None], M, axis=1), 0, "Fitting, strength {strength}", Grid(values, values.size))
        for _ in solve(model, plan, answers, context):
            pass  # the table is all that is wanted
    assert answers.coef is not None
    assert answers.intercept is not None
    return Path(
        strengths=values,
        coef=answers.coef[0],
        intercept=answers.intercept[0],
        objective=answers.objective[0],
        decrement=answers.decrement[0],
        converged=answers.converged[0],
        iterations=answers.iterations[0],
        feature_names=inputs.features,
        unit_names=inputs.units,
        solver=answers.solver,
        seconds=time.perf_counter() - began,
    )
