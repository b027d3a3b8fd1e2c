"""The answer sheet put together from the answers of groups of units, with what depends on all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.time_grid import bins_can_be_narrower
from glmengine.answers.final_models import CANNOT_RUN, CHECKS, joined_checks
from glmengine.answers.part import Part
from glmengine.answers.population import Population
from glmengine.answers.sentence import SMALL, Nearest, Simulated, answer_sentence
from glmengine.answers.sheet import AnswerSheet
from glmengine.answers.unit_answers import joined_by_unit
from glmengine.answers.unit_judgement import OF_HISTORY, beside_tried, history_advice, unit_judgement
from glmengine.answers.unit_model import chosen_labels
from glmengine.answers.weak_terms import weak_terms
from glmengine.goodness.judgement import Finding, Judgement
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.models import get_family
from glmengine.selection.joined import joined
from glmengine.selection.term_selection import TermSelection

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.remedies import Advice


def sheet_of(
    population: Population,
    parts: Sequence[Part],
    *,
    others: Sequence[Part] = (),
    pending: int = 0,
    notes: Sequence[str] = (),
) -> AnswerSheet:
    """A sheet of the units of `parts`; `others` that are known and units that are `pending` count in its false discovery rates."""
    import xarray as xr

    asked = population.analysis.selection
    assert asked is not None
    every = [*others, *parts]
    selection = joined([part.selection for part in every], asked.level, over_units=asked.over_units, pending=pending)
    shown = [unit for part in parts for unit in part.selection.units]
    checks = joined_checks([part.checks for part in every])
    chosen = selection.chosen
    assert chosen is not None
    within_choice = population.shared is not None or not population.test.by_folds
    shifted = _shift_columns(chosen, [part.shift_p for part in every], within_choice=within_choice)
    of = _Values(chosen, selection.contributions, None if shifted is None else xr.Dataset(shifted))
    units = sorted(shown, key=lambda unit: -np.nan_to_num(of("deviance_explained", unit=unit), nan=-np.inf))
    rows = _rows(checks)
    narrower = bins_can_be_narrower(population.prepared.grid.bin_size, population.prepared.recording)
    history = {
        unit: history_advice(population.analysis, selection.terms_of(unit), bins_can_be_narrower=narrower) for unit in units
    }
    judged = {unit: _judgement(population.analysis, selection, rows[unit], unit, history[unit]) for unit in units}
    unsure = {unit: bool(pending) and asked.over_units and of("q", unit=unit) >= asked.level for unit in units}
    weak = weak_terms(selection)
    sentences = [
        _sentence(
            population.analysis, selection, of, rows[unit], unit, judged[unit], history[unit], weak[unit], unsure=unsure[unit]
        )
        for unit in units
    ]
    kept = {unit: chosen_labels(population.analysis, named) for unit in units if (named := selection.terms_of(unit))}
    columns: dict[str, tuple[str, list]] = {
        "terms": ("terms in the order in which they came in", [", ".join(selection.terms_of(unit)) for unit in units]),
        "perhaps": (
            f"those of the terms that may hardly matter: they add less than {SMALL:g} of the deviance, or nothing in half of the held-out folds",
            [", ".join(weak[unit]) for unit in units],
        ),
        "deviance_explained": ("held-out deviance explained", [of("deviance_explained", unit=unit) for unit in units]),
        "p": (chosen["p"].attrs["long_name"], [of("p", unit=unit) for unit in units]),
        "q": (chosen["q"].attrs["long_name"], [of("q", unit=unit) for unit in units]),
        "finished": (
            "whether the final model was fitted and checked, where there is one",
            [bool(rows[unit]["modelled"]) or not selection.terms_of(unit) for unit in units],
        ),
        "sentence": ("the answer in words", sentences),
    }
    table = xr.Dataset({n: ("unit", np.array(v), {"long_name": text}) for n, (text, v) in columns.items()}, {"unit": units})
    shown_checks = checks.sel(unit=units)
    table = table.assign({name: shown_checks[name] for name in CHECKS if name != "judgement"})
    table = table.assign(_in_words([judged[unit] for unit in units]))
    table = table.assign(
        {name: one for name, one in shown_checks.data_vars.items() if name not in (*CHECKS, CANNOT_RUN, "modelled")}
    )
    terms = chosen[["order", "added", "missed", "missed_p"]]
    if shifted is not None:
        terms = terms.assign(shifted)
    if selection.contributions is not None:
        terms = terms.merge(selection.contributions, combine_attrs="drop_conflicts")
    said = [note for part in parts for note in part.notes]
    return AnswerSheet(
        units=table,
        terms=terms.transpose("unit", "term", ...).sel(unit=units),
        selection=selection,
        curves=_of_units(joined_by_unit([part.curves for part in parts]), kept),
        filters=_of_units(joined_by_unit([part.filters for part in parts]), kept),
        evidence={**_shifts(parts), **_of_units(joined_by_unit([part.evidence for part in parts]), kept, by_term=False)},
        notes=tuple(dict.fromkeys([*selection.notes, *said, *notes])),
    )


def _shifts(parts: Sequence[Part]) -> dict[str, xr.Dataset]:
    """The gain of each step and those of counts that are shifted in time."""
    import xarray as xr

    found = [one for part in parts if (one := part.shift_p) is not None and "shift_null" in one]
    if not found:
        return {}
    names = {"shift_gain": "gain", "shift_null": "null"}
    joined = xr.concat([one[list(names)].rename(names) for one in found], "unit", join="outer", combine_attrs="override")
    return {"shifts": joined.transpose("unit", "term", "shuffle")}


def _of_units(
    datasets: dict[str, xr.Dataset], kept: Mapping[str, frozenset[str]], *, by_term: bool = True
) -> dict[str, xr.Dataset]:
    """Those of units that have terms after all, and that term where they are the terms' own."""
    found = {
        label: one.sel(unit=[u for u in one["unit"].values if u in kept and (not by_term or label in kept[u])])
        for label, one in datasets.items()
    }
    return {label: one for label, one in found.items() if one.sizes["unit"]}


def _shift_columns(
    chosen: xr.Dataset, found: Sequence[xr.Dataset | None], *, within_choice: bool
) -> dict[str, xr.DataArray] | None:
    """p of each chosen term of each unit when counts are shifted in time, and its q over all of them."""
    known = [one["shift_p"] for one in found if one is not None]
    if not known:
        return None
    p = chosen["order"].copy(data=np.full(chosen["order"].shape, np.nan))
    for one in known:
        where = {"term": [t for t in one["term"].values if t in p["term"].values], "unit": one["unit"].values}
        p.loc[where] = one.sel(where).transpose(*p.dims)
    p = p.where(chosen["chosen"])
    return {
        "shift_p": p.assign_attrs(
            long_name="p of the step by which the term came in, against the best of all candidates of counts shifted in time; where no shift gains as much, read off the tail of their gains"
            if within_choice
            else "p of the term beside the others that were chosen, which does not know of the choice and is too small for it"
        ),
        "shift_q": p.copy(data=false_discovery_rate(p.values)).assign_attrs(
            long_name="false discovery rate of shift_p over all units and terms that were tested"
        ),
    }


class _Values:
    """Single numbers of datasets by name and labels, of the first that has the name.

    A sheet wants thousands of them, and a selection of xarray's for each takes longer than the rest of it.
    """

    def __init__(self, *datasets: xr.Dataset | None) -> None:
        self._found: dict[str, tuple[list[dict[str, int]], tuple[str, ...], np.ndarray]] = {}
        for dataset in datasets:
            if dataset is None:
                continue
            places = {dim: {str(label): number for number, label in enumerate(dataset[dim].values)} for dim in dataset.dims}
            for name, array in dataset.data_vars.items():
                dims = tuple(map(str, array.dims))
                self._found.setdefault(str(name), ([places[dim] for dim in array.dims], dims, array.values))

    def __call__(self, name: str, **labels: str) -> float:
        """One number; NaN where no dataset has the name."""
        if name not in self._found:
            return np.nan
        places, dims, values = self._found[name]
        return float(values[tuple(place[labels[dim]] for place, dim in zip(places, dims, strict=True))])


def _judgement(
    analysis: Analysis, selection: TermSelection, row: Mapping[str, Any], unit: str, history: Advice | None
) -> Judgement | None:
    """Of one unit's model, where it has one; what to try next is what was not tried."""
    chosen = selection.terms_of(unit)
    judgement = unit_judgement(row, history)
    return None if judgement is None else beside_tried(judgement, analysis, chosen)


def _rows(checks: xr.Dataset) -> dict[str, dict[str, Any]]:
    """The checks of each unit."""
    columns = {str(name): array.values.tolist() for name, array in checks.data_vars.items()}
    units = enumerate(map(str, checks["unit"].values))
    return {unit: {name: values[place] for name, values in columns.items()} for place, unit in units}


def _in_words(judged: Sequence[Judgement | None]) -> dict[str, tuple[str, np.ndarray]]:
    """Columns of the units, empty where there is no model."""
    return {
        "adequate": ("unit", np.array([one is not None and one.adequate for one in judged], bool)),
        "verdict": ("unit", np.array(["" if one is None else one.verdict for one in judged], dtype=str)),
        "try_next": ("unit", np.array(["" if one is None else one.try_next for one in judged], dtype=str)),
    }


def _sentence(
    analysis: Analysis,
    selection: TermSelection,
    of: _Values,
    row: Mapping[str, Any],
    unit: str,
    judgement: Judgement | None,
    advised: Advice | None,
    weak: Mapping[str, str],
    *,
    unsure: bool,
) -> str:
    chosen = selection.terms_of(unit)
    assert selection.chosen is not None
    assert analysis.selection is not None
    level = analysis.selection.level
    added = [of("added", unit=unit, term=name) for name in chosen]
    in_order = bool(np.isfinite(added).all())
    own = [_own_share(of, unit, name) for name in chosen]
    shares = added if in_order else [of("alone", unit=unit, term=name) for name in chosen[:1]] + own[1:]
    doubtful = [name for name in chosen if of("shift_q", unit=unit, term=name) >= level]
    unable = Finding.from_text(str(row.get(CANNOT_RUN, "")))
    said = judgement is not None and (
        advised is None
        or any(one.kind in OF_HISTORY for one in judgement.edits)
        or any(one.step == advised.step for one in judgement.remedies)
    )
    return answer_sentence(
        list(zip(chosen, shares, strict=True)),
        [str(name) for name in selection.chosen["term"].values if name not in chosen],
        in_order=in_order,
        replaceable=[name for name, share in zip(chosen, own, strict=True) if len(chosen) > 1 and share < SMALL],
        explained=of("deviance_explained", unit=unit),
        q=of("q", unit=unit),
        adequate=None if judgement is None else judgement.adequate,
        try_next="" if judgement is None else judgement.try_next,
        doubtful=doubtful,
        among_many=selection.judged_by_shifts,
        last=[name for name in chosen if of("last", unit=unit, term=name)],
        not_missed=[name for name in chosen if of("missed_p", unit=unit, term=name) >= level],
        simulated=None if judgement is None else Simulated.of(row),
        unable="" if unable is None else unable.what,
        spikes=_spikes(selection, unit) if get_family(analysis.model.family).of_spikes else np.nan,
        history="" if said or advised is None else str(advised),
        nearest=None if chosen else nearest_of(selection, unit, level),
        unsure=unsure,
        weak=weak,
    )


def nearest_of(selection: TermSelection, unit: str, level: float) -> Nearest | None:
    """What came nearest to being chosen for a unit: what was taken back, or else the first that was tested; None where it explains nothing alone."""
    assert selection.chosen is not None
    if selection.steps is None or selection.contributions is None or not selection.steps.sizes["round"]:
        return None
    own = selection.steps.sel(unit=unit)
    at = int(np.argmax(own["taken"].values))  # the first where none was taken
    term, p = str(own["candidate"].values[at]), float(own["p"].values[at])
    share = float(selection.contributions["alone"].sel(unit=unit, term=term)) if term else np.nan
    if not (share >= SMALL and np.isfinite(p)):
        return None
    back = float(selection.chosen["p"].sel(unit=unit))
    by_shifts = "by_shifts" in own and bool(own["by_shifts"].values[at])
    return Nearest(term, share, back if np.isfinite(back) else p, by_shifts, among_units=back < level)


def _spikes(selection: TermSelection, unit: str) -> float:
    """Held-out spikes of the folds that count."""
    own = selection.models.sel(unit=unit).isel(model=0)
    return float(np.where(np.isfinite(own["log_likelihood"]), own["spikes"], 0.0).sum())


def _own_share(of: _Values, unit: str, term: str) -> float:
    """Of the deviance what the chosen model loses without a term, or where that is not known what all terms lose."""
    missed = of("missed", unit=unit, term=term)
    return missed if np.isfinite(missed) else of("unique", unit=unit, term=term)
