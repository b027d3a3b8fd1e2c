"""`fit_separable` and `cross_validate_separable`: models with receptive fields that are held to a rank."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.design.blocks.receptive_field import separable_labels
from glmengine.design.design import Design
from glmengine.fitting.batch import assemble, read_strength, resolve_penalty
from glmengine.fitting.cross_validation import scored
from glmengine.fitting.field_data import FieldData
from glmengine.fitting.fit import result, solved
from glmengine.fitting.fit_result import Fit
from glmengine.fitting.folds import compact, fold_numbers
from glmengine.fitting.grid import Grid
from glmengine.fitting.held_out_scores import CrossValidation, summary
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.options import check_strengths
from glmengine.fitting.separable_model import FieldModel, start_notes
from glmengine.fitting.strength_choice import StrengthChoice
from glmengine.models import Penalty, get_family


def separable_terms(design: Design) -> list[str]:
    """Labels of the terms whose fields are held to a rank."""
    return separable_labels(design)


def fit_separable(
    design: Design,
    counts: Any,
    *,
    family: str,
    link: str | None,
    penalty: Penalty,
    strength: Any,
    mask: np.ndarray | None = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    platform: str = "auto",
    seed: int = 0,
    context: Context | None = None,
) -> Fit:
    """Fit each unit, its separable fields held to their rank.

    Parameters
    ----------
    design : Design
        With at least one receptive field whose `space` is separable.
    counts, family, link, penalty, mask, unit_names, memory, platform, context
        As for `glmengine.fit`; the penalty must be smooth.
    strength : float or (M,) array
    seed : int
        Of the random start.

    Notes
    -----
    The likelihood is not concave in the factors: what is found is a stationary point, the best of the named starts (notes).
    """
    context, began = context or SILENT, time.perf_counter()
    found_family = get_family(family)
    inputs = read_inputs(design, counts, found_family, mask=mask, units=unit_names)
    assembly = assemble(inputs, found_family, found_family.link(link), intercept=True, platform=platform)
    strengths = read_strength(strength, inputs.units)
    data = FieldData(assembly, design, resolve_penalty(penalty.scaled(1.0), inputs, None), memory * 1e9, context)
    model = FieldModel(data, seed)
    batches, answers = solved(model, strengths, (inputs.shape[1],), context)
    return result(
        assembly,
        answers,
        model.inference(batches, strengths),
        strength=strengths,
        penalty=penalty,
        began=began,
        features=inputs.features,
        notes=start_notes(inputs.units, batches),
    )


def cross_validate_separable(
    design: Design,
    counts: Any,
    *,
    family: str,
    link: str | None,
    penalty: Penalty,
    strengths: Sequence[float],
    folds: Any,
    extend: bool = False,
    rule: str = "best",
    one_for_all: bool = False,
    mask: np.ndarray | None = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    platform: str = "auto",
    coefs: bool = False,
    seed: int = 0,
    fold_names: Sequence[str] | None = None,
    context: Context | None = None,
) -> CrossValidation:
    """Score every strength on every held-out fold, as `glmengine.cross_validate` does; each fold begins from its own training rows."""
    context, began = context or SILENT, time.perf_counter()
    found_family = get_family(family)
    grid = Grid.of(check_strengths(strengths), extends=extend)
    inputs = read_inputs(design, counts, found_family, mask=mask, units=unit_names)
    fold = fold_numbers(folds, inputs.valid)
    labels, numbers = compact(fold)
    assembly = assemble(
        inputs, found_family, found_family.link(link), intercept=True, fold=numbers, n_folds=labels.size, platform=platform
    )
    data = FieldData(assembly, design, resolve_penalty(penalty.scaled(1.0), inputs, None), memory * 1e9, context)
    choice = StrengthChoice(rule, one_for_all)
    answers = scored(FieldModel(data, seed), grid, labels.size, context, keep=coefs, choice=choice)
    return summary(answers, grid, labels, fold, time.perf_counter() - began, choice, fold_names)
