"""`cross_validate`: every strength on every held-out fold, for all units at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import Assembly, assemble, penalised_columns, resolve_penalty
from glmengine.fitting.class_model import ClassModel
from glmengine.fitting.driver import Model, Plan, solve
from glmengine.fitting.folds import compact, fold_numbers
from glmengine.fitting.found_strengths import asks_for_reml, check_reml
from glmengine.fitting.glm_model import GlmModel
from glmengine.fitting.grid import Grid
from glmengine.fitting.held_out_scores import CrossValidation, summary
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.nested_scores import nested_scores
from glmengine.fitting.options import check_classes, check_options, check_strengths
from glmengine.fitting.ready_rows import KeptRows
from glmengine.fitting.strength_choice import BEST_OF_EACH, StrengthChoice
from glmengine.models import Penalty, get_family, get_penalty
from glmengine.models.components import components_of
from glmengine.timegrid.blocks import blocks_of

__all__ = ["CrossValidation", "blocks_of", "cross_validate", "scored"]

UNSEEN = -2
"""Fold of rows that are neither fitted nor scored, beside -1 of those that are fitted with every fold."""


@takes_only_its_kinds
def cross_validate(
    X: Any,
    Y: Any,
    family: Any = "poisson",
    link: Any = None,
    penalty: Penalty | str = "ridge",
    strengths: Sequence[float] | str = (1e-5, 1e-4, 1e-3, 1e-2),
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
    platform: str = "auto",
    coefs: bool = False,
    extend: bool = False,
    rule: str = "best",
    one_for_all: bool = False,
    nested: bool = False,
    fold_names: Sequence[str] | None = None,
    kept: KeptRows | None = None,
    context: Context | None = None,
) -> CrossValidation:
    """Fit every unit at every strength with each fold held out, and score it there.

    Folds and units are columns of one problem; strengths are gone through from the strongest, each starting where the last ended.

    Parameters
    ----------
    X, Y, family, link, weights, offset, intercept, mask, unit_names, solver, n_classes, memory, platform, context
        As for `fit`.
    penalty : Penalty or str
        Its strength is replaced by (for a sum: multiplied by) each of `strengths`.
    strengths : sequence of float or "reml"
        ``"reml"`` finds the strengths of each fold in its training rows (`fit`): one score, nested, with no grid; the strength of the table
        is then 1, a multiple of those found.
    folds : int or (T,) int array
        Number of contiguous blocks of valid rows, or a fold number per row (-1: never held out).
    coefs : bool
        Keep the coefficients of every fit.
    extend : bool
        Where the best of several strengths lies at an end of those given, the grid goes on there by its own factor, for the units
        concerned, until the best is inside or the score changes by less than 1e-6 nats per bin, at most six times; `notes` say so.
    rule : str
        ``"best"``, the strength of the highest mean score over folds, or ``"one_standard_error"``, the largest whose mean is within one
        standard error of it: see `glmengine.fitting.strength_choice`.
    one_for_all : bool
        One strength for all units, by the mean of their scores.
    nested : bool
        Score each fold also at the strength that is chosen by a cross-validation of the other folds alone: scores that the choice has not
        made better. Takes as many further cross-validations as there are folds.
    fold_names : sequence of str, optional
        What the folds are called in `notes`, by their number; the numbers where not given.
    kept : KeptRows, optional
        Keeps the rows that are made ready for a fit of the same X and Y.

    Returns
    -------
    CrossValidation
        Scores (fold, strength, unit), in nats per bin, and the best strength of each unit (M,).

    Raises
    ------
    GlmError
        For input that cannot be used, saying where.
    """
    from glmengine.backend import jax_runtime as runtime

    context = context or SILENT
    choice = StrengthChoice(rule, one_for_all)
    began = time.perf_counter()
    family = get_family(family)
    link = family.link(link)
    penalty = get_penalty(penalty)
    check_options(solver, memory, intercept)
    reml = asks_for_reml(strengths)
    if reml:
        check_reml(family)
    values = np.ones(1) if reml else check_strengths(strengths)  # type: ignore[arg-type]
    inputs = read_inputs(X, Y, family, weights=weights, offset=offset, mask=mask, units=unit_names)
    fold = fold_numbers(folds, inputs.valid)
    labels, _ = compact(fold)
    n_classes = check_classes(n_classes, inputs, family)
    if family.by_class and coefs:
        raise GlmError(
            "coefs: the coefficients of every fold are not kept for the categorical family; leave it off, and fit again"
        )
    nested = nested and not reml
    if nested and rule == "one_standard_error" and labels.size < 3:
        raise GlmError(
            "nested: with two folds the other one alone has no standard error; use three or more, or the best strength",
            field="validation.nested",
        )

    def table(
        fold: np.ndarray, grid: Grid, context: Context, keep: bool, kept: KeptRows | None = None
    ) -> tuple[Answers, np.ndarray]:
        """The answers of all folds among the rows whose fold is not `UNSEEN`, and what the folds are called."""
        seen = replace(inputs, valid=inputs.valid & (fold != UNSEEN))
        labels, numbers = compact(fold)
        assembly = assemble(
            seen, family, link, intercept=intercept, fold=numbers, n_folds=labels.size, n_classes=n_classes, platform=platform
        )
        resolved = resolve_penalty(penalty.scaled(1.0), seen, None)
        model: Model
        if family.by_class:
            model = ClassModel(assembly, resolved, memory * 1e9)
        else:
            base = penalty.scaled(1.0)
            components = components_of(base, penalised_columns(base, seen)) if reml else ()
            model = GlmModel(assembly, resolved, solver, memory * 1e9, components=components, kept=kept)
        return scored(model, grid, labels.size, context, keep=keep, choice=choice), labels

    with runtime.float64():
        grid = Grid.of(values, extends=extend and not context.stopping)
        answers, _ = table(
            fold, grid, context.part(0.0, 1.0 / (1 + labels.size)) if nested else context, coefs, None if nested else kept
        )
        found = summary(answers, grid, labels, fold, time.perf_counter() - began, choice, fold_names)
        if not nested or context.stopping:
            return found
        tried = Grid.of(np.asarray(found.scores["strength"].values, np.float64), extends=False)

        def inner(number: int) -> tuple[np.ndarray, np.ndarray]:
            share = context.part((1 + number) / (1 + labels.size), (2 + number) / (1 + labels.size), aside=True)
            without = np.where(fold == labels[number], UNSEEN, fold)
            answers, others = table(without, tried, share, False)
            return summary(answers, tried, others, without, 0.0, choice).scores.values, tried.values

        scores = nested_scores(found, inner, choice)
    if context.stopping:  # the choices that were not come to would pass for bad ones
        return found
    return replace(found, nested=scores, seconds=time.perf_counter() - began)


def scored(
    model: Model,
    grid: Grid,
    n_folds: int,
    context: Context,
    *,
    keep: bool = False,
    choice: StrengthChoice = BEST_OF_EACH,
) -> Answers:
    """The table of answers (F, S, ..., M) of all units at the strengths of a grid."""
    assembly: Assembly = model.assembly
    P, M = assembly.inputs.shape[1:]
    answers = Answers(assembly, grid.values, n_folds, (P,), keep=keep)
    plan = Plan(
        np.repeat(grid.values[:, None], M, axis=1), n_folds, "Cross-validating, strength {strength}", grid, choice, tells=True
    )
    for _ in solve(model, plan, answers, context):
        pass  # the table is all that is wanted
    return answers
