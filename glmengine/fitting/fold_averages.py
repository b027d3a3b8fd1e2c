"""Cross-validation of models that see a stimulus through spike-triggered averages: those of each fold are of its training bins alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import Context
from glmengine.design.blocks.receptive_field import averaged_on
from glmengine.design.build import build_design
from glmengine.design.design import Design
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import Assembly, assemble
from glmengine.fitting.folds import compact, fold_numbers
from glmengine.fitting.grid import Grid
from glmengine.fitting.held_out_scores import CrossValidation, summary
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.strength_choice import BEST_OF_EACH, StrengthChoice
from glmengine.models import get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.design.prepare import Prepared


def sees_averages(prepared: Prepared) -> bool:
    """Whether a term of the design is of spike-triggered averages."""
    return any(_averaged(term) for term in prepared.design.terms)


def cross_validate_averages(
    analysis: Analysis,
    prepared: Prepared,
    folds: np.ndarray,
    scored: Callable[[Design, np.ndarray, Context], CrossValidation],
    context: Context,
    choice: StrengthChoice = BEST_OF_EACH,
    fold_names: Sequence[str] | None = None,
) -> CrossValidation:
    """The scores of all folds, each from a design of its own.

    Parameters
    ----------
    analysis : Analysis
    prepared : Prepared
    folds : int or (T,) int array
        As for `glmengine.cross_validate`.
    scored : callable
        Cross-validates a design with the folds that it is given.
    context : Context
    choice : StrengthChoice
    fold_names : sequence of str, optional
        As for `glmengine.cross_validate`.
    """
    began = time.perf_counter()
    family = get_family(analysis.model.family)
    inputs = read_inputs(prepared.design, prepared.counts, family, units=prepared.units)
    fold_of = fold_numbers(folds, inputs.valid)
    labels, numbers = compact(fold_of)
    parts = []
    for number, label in enumerate(labels):
        share = context.part(number / labels.size, (number + 1) / labels.size)
        training = prepared.design.valid & (fold_of != label)
        terms = tuple(
            averaged_on(term, prepared.recording, prepared.grid, training, prepared.units, prepared.max_gap)
            if _averaged(term)
            else term
            for term in prepared.design.terms
        )
        design = build_design(
            analysis,
            prepared.recording,
            prepared.grid,
            unit_names=prepared.units,
            usable=prepared.rows,
            frozen_terms=terms,
            context=share.part(0.0, 0.2),
        )
        design = replace(design, valid=prepared.design.valid)
        parts.append(scored(design, np.where(fold_of == label, label, -1), share.part(0.2, 1.0)))
        if context.stopping and number + 1 < labels.size:
            break
    link = family.link(analysis.model.link or None)
    assembly = assemble(inputs, family, link, intercept=True, fold=numbers, n_folds=labels.size)
    return summary(*_together(parts, assembly, labels.size), labels, fold_of, time.perf_counter() - began, choice, fold_names)


def _together(parts: list[CrossValidation], assembly: Assembly, n_folds: int) -> tuple[Answers, Grid]:
    """The folds in one table."""
    strengths = np.asarray(parts[0].scores["strength"].values, float)
    answers = Answers(assembly, strengths, n_folds, (assembly.inputs.shape[1],), keep=False)
    for number, part in enumerate(parts):
        weight, spikes = part.weight.values[0], part.spikes.values[0]
        sums = answers.sums[:, number]  # (8, strength, unit)
        sums[0], sums[1], sums[2] = weight, spikes, part.scores.values[0] * weight
        sums[3], sums[4], sums[5] = part.deviance.values[0], part.null_scores.values[0] * weight, part.null_deviance.values[0]
        answers.converged[number] = part.converged.values[0]
        answers.solvers.append((number, part.solver))
    return answers, Grid(strengths, strengths.size)


def _averaged(term) -> bool:
    return term.kind == "receptive_field" and term.space == "sta"
