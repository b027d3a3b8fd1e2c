"""Fits and cross-validation of models with separable receptive fields: unit by unit, from several named starts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.design.blocks.receptive_field import separable_labels
from glmengine.design.design import Design
from glmengine.fitting.batch import NO_DATA, OK, SILENT_UNIT, STOPPED
from glmengine.fitting.cross_validation import CrossValidation, Scores, fold_numbers, strengths_of_list
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.separable_fit import SeparableFit
from glmengine.fitting.separable_problem import Problem, sums_over
from glmengine.models import Penalty, get_family
from glmengine.solvers.low_rank import Found, minimise
from glmengine.solvers.negative_binomial import LOWEST, best_dispersion
from glmengine.solvers.rank_frame import Unit

AVERAGE, RANDOM = "spike-triggered average", "random maps"
"""Where a fit begins; the better end is taken."""

_DISPERSIONS = 30


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
    seed: int = 0,
    context: Context | None = None,
) -> SeparableFit:
    """Fit each unit, its separable fields held to their rank.

    Parameters
    ----------
    design : Design
        With at least one receptive field whose `space` is separable.
    counts, family, link, penalty, mask, unit_names, memory, context
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
    problem = Problem(inputs, design, found_family, found_family.link(link), penalty, memory * 1e9)
    P, M = inputs.source.shape[1], inputs.Y.shape[1]
    strengths = np.broadcast_to(np.asarray(strength, float), (M,)).copy()
    coef, ends = np.zeros((P, M)), np.full(M, np.nan)
    founds: list[Found | None] = []
    dispersions, status, best_start = np.ones(M), np.full(M, OK, dtype="<U9"), [""] * M
    for m in range(M):
        share = context.part(m / M, (m + 1) / M, f"Fitting {inputs.units[m]}")
        total, spikes = problem.present[:, m].sum(), problem.Y[:, m] @ problem.present[:, m]
        if total == 0 or (spikes == 0 and found_family.of_spikes):
            status[m] = NO_DATA if total == 0 else SILENT_UNIT
            coef[:, m], ends[m] = (np.nan, np.nan) if total == 0 else (0.0, -np.inf)
            founds.append(None)
            continue
        found, dispersions[m], best_start[m] = _best(problem, m, strengths[m], None, seed, share)
        status[m] = OK if found.converged else STOPPED
        coef[:, m], ends[m] = found.w, found.b - problem.rows.means @ found.w
        founds.append(found)
    done = [
        found if found is not None else Found(np.zeros(P), 0.0, 0.0, 0.0, 0, bool(s == SILENT_UNIT))
        for found, s in zip(founds, status, strict=True)
    ]
    return SeparableFit(
        coef=coef,
        intercept=ends,
        objective=np.array([found.objective for found in done]),
        decrement=np.array([found.decrement for found in done]),
        converged=np.array([found.converged for found in done]),
        status=status,
        iterations=np.array([found.steps for found in done]),
        seconds=time.perf_counter() - began,
        solver="alternating and Newton steps on matrices of low rank",
        strength=strengths,
        unit_names=inputs.units,
        notes=_notes(status, inputs.units, best_start),
        n_valid=problem.present.sum(axis=0),
        problem=problem,
        founds=tuple(founds),
        dispersions=dispersions,
    )


def _notes(status: np.ndarray, units: Sequence[str], starts: Sequence[str]) -> tuple[str, ...]:
    notes = [
        "A separable field makes the likelihood not concave: what was found is a stationary point, and there may be others, and a p-value of the "
        "field would mean nothing. "
        + "; ".join(
            f"the best start was the {name} for {', '.join(chosen)}"
            for name in (AVERAGE, RANDOM)
            if (chosen := [unit for unit, start in zip(units, starts, strict=True) if start == name])
        )
        + "."
    ]
    texts = (
        (SILENT_UNIT, "no spikes in the bins used; nothing is fitted"),
        (NO_DATA, "no valid bin"),
        (STOPPED, "stopped before the optimum"),
    )
    for kind, text in texts:
        named = [unit for unit, value in zip(units, status, strict=True) if value == kind]
        if named:
            notes.append(f"{'Unit' if len(named) == 1 else 'Units'} {', '.join(named)}: {text}.")
    return tuple(notes)


def _best(
    problem: Problem, m: int, strength: float, kept: np.ndarray | None, seed: int, context: Context
) -> tuple[Found, float, str]:
    """The lower of the ends of the named starts, with its dispersion."""
    rng = np.random.default_rng([seed, m])
    best: tuple[Found, float, str] | None = None
    for number, name in enumerate((AVERAGE, RANDOM)):
        share = context.part(number / 2, (number + 1) / 2)
        unit = problem.unit(m, strength, 1.0, kept)
        maps = problem.average_maps(unit) if name == AVERAGE else problem.rows.random_maps(rng)
        found, dispersion = _ended(problem, unit, None, maps, share, None if best is None else best[0])
        if best is None or found.objective < best[0].objective - 1e-12 * max(1.0, abs(best[0].objective)):
            best = found, dispersion, name
        if context.stopping:
            break
    assert best is not None
    return best


def _ended(
    problem: Problem,
    unit: Unit,
    start: Found | None,
    maps: list[np.ndarray] | None,
    context: Context,
    known: Found | None = None,
) -> tuple[Found, float]:
    """The end of one start, and the dispersion that is most likely there; an end that is `known` is the answer where it comes to it."""
    context.report(Progress("Fitting", 0.0))
    mean = float(unit.weights @ unit.y / unit.weights.sum())
    w = np.zeros(unit.penalty.shape[0]) if start is None else start.w
    b = float(problem.link.eta(mean)) if start is None else start.b
    if not problem.family.estimates_dispersion:
        return minimise(unit, w, b, maps, context, known), 1.0
    found = minimise(unit, w, b, maps, context)
    for _ in range(_DISPERSIONS):
        mu = np.asarray(problem.link.mean(unit.predictor(found.w, found.b)))
        dispersion = best_dispersion(unit.y, mu, unit.weights, unit.dispersion)
        settled = abs(dispersion - unit.dispersion) <= 1e-9 * max(dispersion, LOWEST)
        unit = replace(unit, dispersion=dispersion)
        if settled or context.stopping:
            return found, dispersion
        found = minimise(unit, found.w, found.b, None, context)
    return replace(found, converged=False), unit.dispersion


def cross_validate_separable(
    design: Design,
    counts: Any,
    *,
    family: str,
    link: str | None,
    penalty: Penalty,
    strengths: Sequence[float],
    folds: Any,
    mask: np.ndarray | None = None,
    unit_names: Sequence[str] | None = None,
    memory: float = 2.0,
    seed: int = 0,
    context: Context | None = None,
) -> CrossValidation:
    """Score every strength on every held-out fold, as `glmengine.cross_validate` does; each fold begins from its own training rows."""
    context, began = context or SILENT, time.perf_counter()
    found_family = get_family(family)
    values = strengths_of_list(strengths)
    inputs = read_inputs(design, counts, found_family, mask=mask, units=unit_names)
    fold_of = fold_numbers(folds, inputs)
    labels = np.unique(fold_of[fold_of >= 0])
    scores = Scores(labels.size, values.size, inputs, keep=False)
    problem = Problem(inputs, design, found_family, found_family.link(link), penalty, memory * 1e9)
    M, n_folds = inputs.Y.shape[1], labels.size
    for step, (m, number) in enumerate(np.ndindex(M, n_folds)):
        share = context.part(step / (M * n_folds), (step + 1) / (M * n_folds), f"Cross-validating {inputs.units[m]}")
        fold = fold_of[problem.index]
        kept, present = fold != labels[number], problem.present[:, m]
        counted = found_family.of_spikes
        if not (present[~kept].any() and present[kept].any()) or (counted and not (present[kept] @ problem.Y[kept, m]) > 0):
            continue
        found: Found | None = None
        for s in np.argsort(-values, kind="stable"):
            unit = problem.unit(m, float(values[s]), 1.0, kept)
            maps = problem.average_maps(unit) if found is None else None
            found, dispersion = _ended(problem, unit, found, maps, share)
            unit = replace(unit, dispersion=dispersion)
            mean = float(unit.weights @ unit.y / unit.weights.sum())
            scores.sums[:, number, s, m] = sums_over(replace(unit, weights=present), found, (present > 0) & ~kept, mean)
            scores.converged[number, s, m] = found.converged
            if context.stopping:
                break
    scores.solvers.append("alternating and Newton steps on matrices of low rank")
    return scores.summary(found_family, labels, values, fold_of, time.perf_counter() - began)
