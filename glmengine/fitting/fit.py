"""`fit`: coefficients of a GLM for many units at once, at the true optimum."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import Assembly, assemble, penalised_columns, read_strength, resolve_penalty
from glmengine.fitting.class_model import ClassModel
from glmengine.fitting.driver import Batch, Model, Plan, solve
from glmengine.fitting.fit_result import Fit
from glmengine.fitting.found_strengths import FoundStrengths, asks_for_reml, check_reml, found_strengths
from glmengine.fitting.glm_model import GlmBatch, GlmModel
from glmengine.fitting.grid import Grid
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.notes import column_notes, shape_notes, size_notes, strength_notes, unit_notes
from glmengine.fitting.options import check_classes, check_options, starting_point
from glmengine.fitting.ready_rows import KeptRows
from glmengine.inference.covariance import GlmInference
from glmengine.inference.inference import Inference
from glmengine.inference.part import Part, Units
from glmengine.models import Penalty, Ridge, get_family, get_penalty
from glmengine.models.components import Component, components_of
from glmengine.solvers.status import OK
from glmengine.threads import quiet_blas_for

_ASSEMBLED, _BEGUN = 0.35, 0.6
"""Shares of a fit that begins near its optimum, in which observations are summed up, and in which the first pass and Hessians are made (measured)."""


@takes_only_its_kinds
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
    platform: str = "auto",
    kept: KeptRows | None = None,
    context: Context | None = None,
) -> Fit:
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
        ``"poisson"``, ``"bernoulli"``, ``"gaussian"``, ``"gamma"``, ``"negative_binomial"`` or ``"categorical"``; the link by default the family's first.
    penalty : Penalty, str or None
    strength : float, (M,) array or "reml", optional
        Replaces the penalty's own strength (multiplies a sum of penalties), one for each unit. ``"reml"`` finds a strength for each
        penalised part of each unit, every term and every variable of it, by restricted marginal likelihood (Wood 2011); see `found`.
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
    platform : str
        What computes: ``"cpu"``, ``"gpu"``, or ``"auto"``, which is a graphics card where JAX finds one.
    kept : KeptRows, optional
        Rows that a cross-validation of the same X and Y made ready.
    context : Context, optional
        Hears of progress, can cancel, or stop and keep what there is (status ``stopped``).

    Returns
    -------
    Fit
        Coefficients (P, M) and intercepts (M,) in raw units of the columns; standard errors, tests and scores are found when they are asked for.

    Notes
    -----
    Without a penalty on them, columns that add up to a constant or to each other within a millionth of their size (an eigenvalue of their
    correlation matrix of 1e-12) are not told apart: the smallest of the equal solutions is given, and `notes` names them.

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
    reml = asks_for_reml(strength)
    if reml:
        check_reml(family)
    factor = np.ones(inputs.shape[2]) if strength is None or reml else read_strength(strength, inputs.units)
    own = np.full(inputs.shape[2], np.nan if reml else penalty.strength) if strength is None or reml else factor
    base = penalty if strength is None else penalty.scaled(1.0)
    n_classes = check_classes(n_classes, inputs, family)
    with runtime.float64(), quiet_blas_for(inputs.shape[1]):
        assembly = assemble(inputs, family, link, intercept=intercept, n_classes=n_classes, platform=platform)
        resolved = resolve_penalty(base, inputs, None)
        P, M = inputs.shape[1:]
        begin = starting_point(start, P, *((n_classes, M) if family.by_class else (M,)))
        if begin is not None:  # without an intercept of its own a unit begins at its mean rate
            mean = 0.0 if family.by_class else np.nan_to_num(assembly.null_intercept(np.arange(M)), posinf=0.0, neginf=0.0)
            begin = begin[0], np.where(np.isnan(begin[1]), mean, begin[1])
            context.report(Progress(_stage(M), _ASSEMBLED))
            context = context.part(_BEGUN, 1.0)
        model: Model
        if family.by_class:
            model = ClassModel(assembly, resolved, memory * 1e9, begin)
            batches, answers = solved(model, factor, (P, n_classes), context, begin)
            inference, parts, notes, found = model.inference(batches), (), (), None
        else:
            components = components_of(base, penalised_columns(base, inputs)) if reml else ()
            model = GlmModel(assembly, resolved, solver, memory * 1e9, begin, components, kept)
            batches, answers = solved(model, factor, (P,), context, begin)
            found = _found(components, batches, M)
            parts = tuple(batch.part() for batch in batches)
            units = Units(family, intercept, P, inputs.groups, assembly.n_valid, assembly.status)
            inference = GlmInference(units, parts)
            notes = (
                *column_notes(parts, inputs),
                *size_notes(parts, inputs),
                *strength_notes(found, inputs.units),
                *shape_notes(assembly, parts, answers.objective[0, 0], answers.converged[0, 0]),
            )
    return result(
        assembly,
        answers,
        inference,
        strength=own,
        penalty=penalty,
        began=began,
        parts=parts,
        notes=notes,
        features=inputs.features,
        found=found,
    )


def _found(components: Sequence[Component], batches: Sequence[GlmBatch], n_units: int) -> FoundStrengths | None:
    searched = [batch for batch in batches if batch.smoothing is not None]
    if not components:
        return None
    labels = [one.label for one in components]
    return found_strengths(labels, [batch.unit for batch in searched], [batch.smoothing for batch in searched], n_units)


def solved(
    model: Model,
    factor: np.ndarray,
    shape: tuple[int, ...],
    context: Context,
    begin: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[list[Any], Answers]:
    """All batches of a model at one strength for each unit, factor (M,), and the table of answers (1, 1, ..., M).

    Units that were not begun when the caller wanted to stop have the coefficients and intercepts to `begin` with, else an intercept alone.
    """
    assembly = model.assembly
    M = factor.size
    grid = Grid(np.ones(1), 1)
    answers = Answers(assembly, grid.values, 0, shape, keep=True)
    plan = Plan(factor[None], 0, _stage(M), grid, tells=True)
    context.tell(answers.ended(np.flatnonzero(assembly.status != OK)))
    done: dict[int, Batch] = dict(solve(model, plan, answers, context))
    batches = [done[number] for number in sorted(done)]
    missed = np.isnan(answers.objective[0, 0]) & (assembly.status == OK)
    if missed.any() and begin is None:
        answers.begin_with(missed, 0.0, model.null_intercept(np.flatnonzero(missed)))
    elif missed.any():
        coef, mask = begin[0][..., missed], assembly.inputs.mask
        admitted = 1.0 if mask is None else mask[:, missed].reshape(len(mask), *[1] * (coef.ndim - 2), -1)
        answers.begin_with(missed, coef * admitted, begin[1][..., missed])
    return batches, answers


def result(
    assembly: Assembly,
    answers: Answers,
    inference: Inference,
    *,
    strength: np.ndarray,
    penalty: Penalty,
    began: float,
    features: tuple[str, ...],
    parts: tuple[Part, ...] = (),
    notes: Sequence[str] = (),
    found: FoundStrengths | None = None,
) -> Fit:
    """The fit that a table of answers (1, 1, ..., M) holds."""
    assert answers.coef is not None
    assert answers.intercept is not None
    status = answers.status[0, 0]
    return Fit(
        coef=answers.coef[0, 0],
        intercept=answers.intercept[0, 0],
        objective=answers.objective[0, 0],
        decrement=answers.decrement[0, 0],
        converged=answers.converged[0, 0],
        status=status,
        iterations=answers.iterations[0, 0],
        seconds=time.perf_counter() - began,
        solver=answers.solver,
        trace=answers.steps,
        strength=strength,
        feature_names=features,
        unit_names=assembly.inputs.units,
        family=assembly.family.name,
        link=assembly.link.name,
        penalty=penalty,
        notes=(*unit_notes(status, assembly), *notes),
        assembly=assembly,
        inference=inference,
        parts=parts,
        backend=answers.backend,
        found=found,
    )


def _stage(n_units: int) -> str:
    return f"Fitting {n_units} units" if n_units > 1 else "Fitting"
