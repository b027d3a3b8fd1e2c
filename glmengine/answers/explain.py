"""`explain`: which variables drive each unit of a recording, with curves, checks and a sentence, the best known units first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.analysis_run import run
from glmengine.answers.question import question_for
from glmengine.answers.sentence import answer_sentence
from glmengine.answers.sheet import AnswerSheet
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.models import get_family
from glmengine.selection.select import select_terms
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.goodness.goodness import Goodness
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmengine.selection.shift_table import ShiftTest
    from glmengine.selection.term_selection import TermSelection

STOPPED = "The answers were stopped: units without a verdict were not come to."
_SMOOTH = ("none", "ridge", "smoothness")


@dataclass(frozen=True)
class _Final:
    """The final model of the units that have the same terms, and its checks."""

    units: tuple[str, ...]
    result: Result
    goodness: Goodness
    shifted: ShiftTest | None
    notes: tuple[str, ...]


def explain(
    recording: Recording,
    analysis: Analysis | None = None,
    *,
    variables: Sequence[str] | None = None,
    shifts: int = 200,
    report: Callable[[str, str], None] | None = None,
    context: Context | None = None,
) -> AnswerSheet:
    """Find out what drives each unit.

    Parameters
    ----------
    recording : Recording
    analysis : Analysis, optional
        Its terms are the candidates, its selection says how they are chosen. Where not given: the variables of the recording, the speed of its position,
        and the units' own past.
    variables : sequence of str, optional
        Where no analysis is given, only these.
    shifts : int
        By how many shifts in time each chosen term is tested (`Result.shift_test`); 0 for none. The sheet has p and q over all units and terms.
    report : callable, optional
        Called with each unit and its sentence as soon as it is known, the best known units first.
    context : Context, optional
        Can cancel, or stop and keep the units that are finished.

    Returns
    -------
    AnswerSheet

    Raises
    ------
    GlmError
        If the recording offers nothing to explain units by, or as of `glmengine.select_terms`.
    """
    context = context or SILENT
    analysis = analysis or question_for(recording, variables)
    selection = select_terms(analysis, recording, context=context.part(0.0, 0.6))
    groups = _groups(selection)
    finals: list[_Final] = []
    notes = list(selection.notes)
    for number, (terms, units) in enumerate(groups.items()):
        if context.stopping:
            notes.append(STOPPED)
            break
        if not terms:
            continue
        share = context.part(0.6 + 0.4 * number / len(groups), 0.6 + 0.4 * (number + 1) / len(groups))
        share.report(Progress(f"{', '.join(terms)}: {numbered(len(units), 'unit')}", 0.0))
        final = _final(analysis, recording, terms, units, shifts, share)
        if context.stopping:
            notes.append(STOPPED)
            break
        finals.append(final)
        notes += [f"{listed(units, 3)}: {note}" for note in final.notes if note not in notes]
        if report is not None:
            for unit in units:
                report(unit, _sentence(selection, unit, final))
    return _sheet(selection, finals, groups, notes)


def _groups(selection: TermSelection) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Units by the terms that were chosen for them, the group that holds the best known unit first."""
    explained = {unit: float(selection.chosen["deviance_explained"].sel(unit=unit)) for unit in selection.units}  # type: ignore[index]
    ordered = sorted(selection.units, key=lambda unit: -np.nan_to_num(explained[unit], nan=-np.inf))
    found: dict[tuple[str, ...], list[str]] = {}
    for unit in ordered:
        found.setdefault(tuple(sorted(selection.terms_of(unit))), []).append(unit)
    return {terms: tuple(units) for terms, units in found.items()}


def _final(
    analysis: Analysis, recording: Recording, names: Sequence[str], units: Sequence[str], shifts: int, context: Context
) -> _Final:
    """The chosen terms fitted to all bins, each with a strength of its own where the penalty allows, and checked."""
    selection = analysis.selection
    blocks = {} if selection is None else {block.name: block.terms for block in selection.blocks}
    wanted = {term for name in names for term in blocks.get(name, (name,))} | set(() if selection is None else selection.always)
    model = analysis.model
    if len(model.strengths) > 1:  # without folds there is nothing to choose among them by
        model = model.with_(strengths=(float(np.median(model.strengths)),))
    if model.penalty in _SMOOTH and not get_family(model.family).by_class:
        model = model.with_(strength_by="marginal_likelihood")
    question = analysis.with_(
        terms=tuple(term.with_(enabled=term.enabled and term.label in wanted) for term in analysis.terms),
        units=analysis.units.with_(names=tuple(name for name in recording.unit_names if name in units)),
        model=model,
        validation=analysis.validation.with_(folds=0),  # held-out scores are those of the selection
        selection=None,
    )
    result = run(question, recording, context.part(0.0, 0.5))
    checks = result.goodness(recording, context=context.part(0.5, 0.8))
    tested, notes = None, result.notes
    if shifts and not context.stopping and not get_family(model.family).by_class:
        try:
            with_folds = replace(result, analysis=question.with_(validation=analysis.validation))
            tested = with_folds.shift_test(recording, None, shifts, context=context.part(0.8, 1.0))
            notes += tested.notes
        except GlmError as error:  # none of the terms can be shifted (history): the rest of the answer stands
            notes += (error.message,)
    return _Final(tuple(units), result, checks, tested, notes)


def _sentence(selection: TermSelection, unit: str, final: _Final | None) -> str:
    chosen = selection.terms_of(unit)
    shares = [
        np.nan
        if selection.contributions is None
        else float(selection.contributions["unique" if place else "alone"].sel(unit=unit, term=name))
        for place, name in enumerate(chosen)
    ]
    own = selection.chosen.sel(unit=unit)  # type: ignore[union-attr]
    checks = None if final is None else final.goodness.summary.sel(unit=unit)
    return answer_sentence(
        list(zip(chosen, shares, strict=True)),
        [str(name) for name in own["term"].values if name not in chosen],
        explained=float(own["deviance_explained"]),
        q=float(own["q"]),
        adequate=None if checks is None else bool(checks["adequate"]),
        try_next="" if checks is None else str(checks["try_next"].item()),
    )


def _sheet(
    selection: TermSelection, finals: Sequence[_Final], groups: Mapping[tuple[str, ...], tuple[str, ...]], notes: Sequence[str]
) -> AnswerSheet:
    import xarray as xr

    chosen = selection.chosen
    assert chosen is not None
    of_unit = {unit: final for final in finals for unit in final.units}
    explained = chosen["deviance_explained"]
    units = sorted(selection.units, key=lambda unit: -np.nan_to_num(float(explained.sel(unit=unit)), nan=-np.inf))
    columns: dict[str, tuple[str, list]] = {
        "terms": ("terms in the order in which they came in", [", ".join(selection.terms_of(unit)) for unit in units]),
        "deviance_explained": ("held-out deviance explained", [float(explained.sel(unit=unit)) for unit in units]),
        "p": (chosen["p"].attrs["long_name"], [float(chosen["p"].sel(unit=unit)) for unit in units]),
        "q": (chosen["q"].attrs["long_name"], [float(chosen["q"].sel(unit=unit)) for unit in units]),
        "finished": (
            "whether the final model was fitted and checked, where there is one",
            [unit in of_unit or not selection.terms_of(unit) for unit in units],
        ),
        "sentence": ("the answer in words", [_sentence(selection, unit, of_unit.get(unit)) for unit in units]),
    }
    for name, missing in (
        ("ks", np.nan),
        ("ks_band", np.nan),
        ("n_spikes", np.nan),
        ("adequate", False),
        ("verdict", ""),
        ("try_next", ""),
    ):
        found = [of_unit[unit].goodness.summary[name].sel(unit=unit).item() if unit in of_unit else missing for unit in units]
        columns[name] = (_long_name(finals, name), found)
    table = xr.Dataset(
        {name: ("unit", np.array(values), {"long_name": text}) for name, (text, values) in columns.items()}, {"unit": units}
    )
    terms = chosen[["order"]]
    if any(final.shifted is not None for final in finals):
        terms = terms.assign(_shift_columns(selection, finals))
    if selection.contributions is not None:
        terms = terms.merge(selection.contributions, combine_attrs="drop")
    return AnswerSheet(
        units=table,
        terms=terms.transpose("unit", "term", ...).sel(unit=units),
        selection=selection,
        curves=_joined([final.result.curves for final in finals]),
        filters=_joined([final.result.filters for final in finals]),
        notes=tuple(dict.fromkeys(notes)),
    )


def _shift_columns(selection: TermSelection, finals: Sequence[_Final]) -> dict[str, xr.DataArray]:
    """p of each chosen term of each unit when the term is shifted in time, and its q over all of them."""
    assert selection.chosen is not None
    p = selection.chosen["order"].copy(data=np.full(selection.chosen["order"].shape, np.nan))
    for final in finals:
        if final.shifted is not None:
            offered = [term for term in final.shifted.terms if term in selection.chosen["term"].values]
            where = {"term": offered, "unit": list(final.shifted.units)}
            p.loc[where] = final.shifted.table["p"].sel(where).transpose(*p.dims)
    p = p.transpose("term", "unit")
    return {
        "shift_p": p.assign_attrs(long_name="p of the term when its covariates are shifted in time"),
        "shift_q": p.copy(data=false_discovery_rate(p.values)).assign_attrs(
            long_name="false discovery rate of shift_p over all units and terms that were tested"
        ),
    }


def _long_name(finals: Sequence[_Final], name: str) -> str:
    return next((str(final.goodness.summary[name].attrs.get("long_name", name)) for final in finals), name)


def _joined(parts: Sequence[Mapping[str, xr.Dataset]]) -> dict[str, xr.Dataset]:
    """Curves of the same term of several groups of units, in one."""
    import xarray as xr

    found: dict[str, list[xr.Dataset]] = {}
    for part in parts:
        for label, dataset in part.items():
            found.setdefault(label, []).append(dataset)
    return {label: xr.concat(datasets, "unit", join="outer", data_vars="all") for label, datasets in found.items()}
