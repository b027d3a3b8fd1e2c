"""Answers of units that are worked on together: their terms, shift tests of these, final models and what they are checked by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.analysis_run import run
from glmengine.answers.final_models import Final, beginning_of, checks_of, final_models, joined_checks, ks_evidence, simulated
from glmengine.answers.part import Part
from glmengine.answers.population import Population
from glmengine.answers.unit_model import chosen_labels
from glmengine.context import SILENT, Context, Progress, Stopped
from glmengine.errors import GlmError
from glmengine.models import get_family
from glmengine.results.model_checks import coefficients_of
from glmengine.results.prediction import prepared_for
from glmengine.selection.nested_models import Ground, Model, NestedModels
from glmengine.selection.one_step_models import OneStepModels
from glmengine.selection.select import searched_on
from glmengine.selection.step_shift_test import p_of
from glmengine.selection.term_selection import TermSelection
from glmengine.sentences import listed, numbered
from glmengine.threads import workers

if TYPE_CHECKING:
    import xarray as xr

_SMOOTH = ("none", "ridge", "smoothness")

Group = tuple[tuple[str, ...], tuple[str, ...]]
"""Terms, and the units that have them."""

Clock = Callable[[str], AbstractContextManager[None]]


def answer(
    population: Population, numbers: tuple[int, ...], shifts: int, simulations: int, context: Context, clock: Clock
) -> Part:
    """Answers of the units with these numbers; not finished where the caller wants to stop on the way.

    Raises
    ------
    Stopped
        Where that is before their terms are chosen: units without a term would pass for units that nothing drives.
    """
    ground = population.ground(numbers)
    nested = NestedModels(ground) if population.shared is None else OneStepModels(ground, population.shared)
    test, by_shifts = population.test, not population.test.by_folds
    ahead, chosen, shifted, later = _shares(nested, shifts, simulations, context, by_shifts=by_shifts)
    with clock("choice of terms"):
        with suppress(Stopped):  # the selection sees it too, and says what is missing
            nested.ahead(dict.fromkeys(range(len(numbers)), _first_models(ground.everything)), ahead)
        selection, search = searched_on(ground, population.selection, chosen, nested=nested, detailed=False, test=test)
    if context.stopping:
        raise Stopped
    groups = _groups(selection)
    if isinstance(nested, OneStepModels):  # units by themselves: on all cores, and the same whoever is answered beside them
        groups = [(terms, (unit,)) for terms, units in groups for unit in units]
    tested = None
    if by_shifts and search is not None:
        tested = _tested(ground, {(step.unit, step.candidate): step.shifted for step in search.steps if step.taken}, shifts)
    elif isinstance(nested, OneStepModels) and population.pooled is not None and not context.stopping:
        with clock("shift tests"):
            tested = _shift_tests(population, nested, selection, shifts, shifted)
    finals: list[Final] = []
    with clock("final models"):
        if isinstance(nested, OneStepModels):
            finals = _finals(population, nested, numbers, groups, simulations, later)
        for place, (terms, units) in enumerate([] if isinstance(nested, OneStepModels) else groups):
            if context.stopping:
                break
            share = later.part(place / len(groups), (place + 1) / len(groups))
            share.report(Progress(f"{', '.join(terms)}: {numbered(len(units), 'unit')}", 0.0))
            final, found = _final_run(population, terms, units, 0 if by_shifts else shifts, simulations, share)
            finals.append(final)
            tested = found if tested is None else tested.combine_first(found) if found is not None else tested
    return _part(selection, groups, finals, tested, finished=not context.stopping)


def _shares(nested: NestedModels, shifts: int, simulations: int, context: Context, *, by_shifts: bool) -> list[Context]:
    """The first models, the rest of the choice of terms, shift tests and final models, by what they take beside each other (measured)."""
    if isinstance(nested, OneStepModels):
        work = [54.0, 16.0, 0.5 + 0.006 * shifts, 8.0 + 0.7 * simulations]
    else:  # final models are fitted, and tested, one after another
        work = [40.0, 18.0, 0.0, 42.0]
    if by_shifts:  # within the choice
        work[1:3] = [work[1] + 2.0 * work[2], 0.0]
    ends = (np.cumsum([0.0, *work]) / sum(work)).tolist()
    return [context.part(begin, end) for begin, end in pairwise(ends)]


def _first_models(everything: Model) -> list[Model]:
    """Those that a selection and the contributions of terms ask for whatever they find."""
    return [frozenset(), *(frozenset([k]) for k in everything), everything, *(everything - {k} for k in everything)]


def _groups(selection: TermSelection) -> list[Group]:
    """Units with the terms that were chosen for them, those with the same terms together; without those that have none."""
    found: dict[tuple[str, ...], list[str]] = {}
    for unit in selection.units:
        found.setdefault(tuple(sorted(selection.terms_of(unit))), []).append(unit)
    return [(terms, tuple(units)) for terms, units in found.items() if terms]


def _shift_tests(
    population: Population, nested: OneStepModels, selection: TermSelection, shifts: int, context: Context
) -> xr.Dataset:
    """Each term's step, the candidates being compared in shifted counts too: its p, its gain, and those of the shifts."""
    ground = nested.ground
    assert selection.chosen is not None
    assert population.pooled is not None
    order, chosen = selection.chosen["order"].values, selection.chosen["chosen"].values
    last = frozenset(np.flatnonzero(selection.chosen["last"].values).tolist())
    bases, offers = [], []
    for unit in range(len(ground.units)):
        own = np.flatnonzero(chosen[:, unit]).tolist()
        for k in own:
            before = frozenset(other for other in own if other != k and not order[other, unit] > order[k, unit])
            if k not in population.pooled.slices:
                continue
            rivals = ground.everything - last - before if k not in last else last - before
            bases.append((before, unit))
            offers.append((k, tuple(j for j in sorted(rivals) if ground.applies(j)[unit])))
    found = zip(bases, offers, nested.residuals(bases), strict=True)
    steps = [population.pooled.step(unit, k, offered, *residual) for (_, unit), (k, offered), residual in found]
    gains: Sequence[np.ndarray | None] = ()
    if steps:
        shuffles = population.pooled.shuffles(shifts, population.analysis.seed)
        gains = population.pooled.gains(steps, shuffles, context)
    return _tested(ground, {(step.unit, step.term): each for step, each in zip(steps, gains, strict=True)}, shifts)


def _tested(ground: Ground, steps: Mapping[tuple[int, int], np.ndarray | None], shifts: int) -> xr.Dataset:
    """p of steps (unit, term), the gain of each, and those of the shifts."""
    import xarray as xr

    shape = len(ground.candidates), len(ground.units)
    p, gain, null = (np.full(one, np.nan) for one in (shape, shape, (shifts, *shape)))
    for (unit, term), gains in steps.items():
        if gains is not None:
            p[term, unit], gain[term, unit] = p_of(gains), gains[0]
            null[: gains.size - 1, term, unit] = gains[1:]
    return xr.Dataset(
        {
            "shift_p": (("term", "unit"), p),
            "shift_gain": (("term", "unit"), gain, {"units": "nats", "long_name": "held-out log-likelihood that the step gains"}),
            "shift_null": (
                ("shuffle", "term", "unit"),
                null,
                {"units": "nats", "long_name": "the same of the best candidate, counts shifted in time"},
            ),
        },
        {"term": list(ground.names), "unit": list(ground.units), "shuffle": np.arange(1, shifts + 1)},
    )


def _finals(
    population: Population,
    nested: OneStepModels,
    numbers: tuple[int, ...],
    groups: Sequence[Group],
    simulations: int,
    context: Context,
) -> list[Final]:
    """Final models of each group, groups on all cores; those that were finished before the caller wanted to stop."""

    def one(item: Group) -> Final | None:
        if context.stopping:
            return None
        context.check()
        return _final(population, nested, numbers, *item, simulations, SILENT)

    finals: list[Final] = []
    context.report(Progress("Final models", 0.0))
    if groups:  # made once, before several threads ask for them
        _ = population.groupings, population.beginning
    with workers() as pool:
        for place, ((terms, units), found) in enumerate(zip(groups, pool.map(one, list(groups)), strict=True)):
            if found is None:
                break
            finals.append(found)
            context.report(Progress(f"{', '.join(terms)}: {listed(units)}", (place + 1) / len(groups)))
    return finals


def _final(
    population: Population,
    nested: OneStepModels,
    numbers: tuple[int, ...],
    terms: Sequence[str],
    units: Sequence[str],
    simulations: int,
    context: Context,
) -> Final:
    ground = nested.ground
    model = frozenset(ground.names.index(name) for name in terms)
    places = [ground.units.index(unit) for unit in units]
    fits = [nested.whole(model, place) for place in places]
    labels = (*ground.always, *(label for k in sorted(model) for label in ground.candidates[k].terms))
    own = tuple(numbers[place] for place in places)
    return final_models(
        population.analysis,
        population.prepared.of_units(own, labels),
        ground.prepared.design,
        [one for one in fits if one is not None],
        simulations,
        population.groupings,
        population.beginning.of_units(own, labels) if simulations else None,
        context,
    )


def _final_run(
    population: Population, names: Sequence[str], units: Sequence[str], shifts: int, simulations: int, context: Context
) -> tuple[Final, xr.Dataset | None]:
    """The same where models are fitted one by one: a run of the analysis with these terms, and shift tests of each beside the others."""
    analysis, recording = population.analysis, population.prepared.recording
    question = _question(analysis, recording.unit_names, names, units)
    result = run(question, recording, context.part(0.0, 0.5))
    judged = result.goodness(recording, context=context.part(0.5, 0.7))
    checks, evidence = checks_of(judged.summary, units), ks_evidence(judged)
    notes, tested = list(result.notes), None
    if simulations and not context.stopping:
        prepared = prepared_for(result.model, recording, None, counts=True, conditions=True, context=context.part(0.7, 0.72))
        beginning = beginning_of(result.model.analysis, prepared)
        found, seen, said = simulated(beginning, coefficients_of(result.model), simulations, context.part(0.72, 0.8))
        checks, evidence, notes = checks.assign(found), {**evidence, **seen}, [*notes, *said]
    if shifts and not context.stopping:
        try:
            with_folds = replace(result, analysis=question.with_(validation=analysis.validation))
            shifted = with_folds.shift_test(recording, None, shifts, context=context.part(0.8, 1.0))
            tested = shifted.table[["p", "gain", "null"]].rename(p="shift_p", gain="shift_gain", null="shift_null")
            tested = tested.assign_coords(shuffle=np.arange(1, tested.sizes["shuffle"] + 1))
            notes += shifted.notes
            notes.append(
                "The p of shift tests are of terms that were chosen before (p after selection), which makes them too small where there was much to choose from."
            )
        except GlmError as error:  # none of the terms can be shifted (history): the rest of the answer stands
            notes.append(error.message)
    return Final(checks, result.curves, result.filters, evidence, tuple(notes)), tested


def _question(analysis: Analysis, all_units: Sequence[str], names: Sequence[str], units: Sequence[str]) -> Analysis:
    """The chosen terms on all bins, each with a strength of its own where the penalty allows."""
    wanted = chosen_labels(analysis, names)
    model = analysis.model
    if len(model.strengths) > 1:  # without folds there is nothing to choose among them by
        model = model.with_(strengths=(float(np.median(model.strengths)),))
    if model.penalty in _SMOOTH and not get_family(model.family).by_class:
        model = model.with_(strength_by="marginal_likelihood")
    return analysis.with_(
        terms=tuple(term.with_(enabled=term.enabled and term.label in wanted) for term in analysis.terms),
        units=analysis.units.with_(names=tuple(name for name in all_units if name in units)),
        model=model,
        validation=analysis.validation.with_(folds=0),  # held-out scores are those of the selection
        selection=None,
    )


def _part(
    selection: TermSelection,
    groups: Sequence[Group],
    finals: Sequence[Final],
    tested: xr.Dataset | None,
    *,
    finished: bool,
) -> Part:
    there = [unit for _, units in groups[: len(finals)] for unit in units]
    missing = [unit for unit in selection.units if unit not in there]
    empty = checks_of(None, missing)
    empty = empty.assign(modelled=("unit", np.zeros(len(missing), bool)))
    each = [final.checks.assign(modelled=("unit", np.ones(final.checks.sizes["unit"], bool))) for final in finals]
    checks = joined_checks([*each, empty]).sel(unit=list(selection.units))
    said: dict[str, list[str]] = {}
    for (_, units), final in zip(groups, finals, strict=False):
        for note in dict.fromkeys(final.notes):
            said.setdefault(note, []).extend(units)
    notes = [f"{listed(units, 3)}: {note}" for note, units in said.items()]
    return Part(
        selection=selection,
        checks=checks,
        shift_p=tested,
        curves=joined_by_unit([final.curves for final in finals]),
        filters=joined_by_unit([final.filters for final in finals]),
        evidence=joined_by_unit([final.evidence for final in finals]),
        finished=finished,
        notes=tuple(notes),
    )


def joined_by_unit(parts: Sequence[Mapping[str, xr.Dataset]]) -> dict[str, xr.Dataset]:
    """Curves of the same term of several groups of units, in one."""
    import xarray as xr

    found: dict[str, list[xr.Dataset]] = {}
    for part in parts:
        for label, dataset in part.items():
            found.setdefault(label, []).append(dataset)
    return {
        label: datasets[0] if len(datasets) == 1 else xr.concat(datasets, "unit", join="outer", data_vars="all")
        for label, datasets in found.items()
    }
