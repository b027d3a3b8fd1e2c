"""The question that an answer sheet puts to a recording where no analysis is given: its variables, those derived, speed, the units' own past."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.default_terms import (
    conditions_for,
    default_analysis,
    event_term,
    free_name,
    moments,
    position_pairs,
    tuning_term,
)
from glmengine.analysis.selection import Selection
from glmengine.analysis.terms import CovariateTerm, EventTerm
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.derived.movement import Speed
from glmengine.recording.derived.position import movement_offers
from glmengine.recording.derived.quantities import AnyDerived, compute_derived
from glmengine.recording.events import event_times
from glmengine.recording.recording import Recording
from glmengine.sentences import listed

HISTORY = "history"
MOST_MOMENTS = 6
"""Kinds of events from which on they are left to be chosen: a kernel around each would be many columns that mean little."""

MOST_CONDITIONS = 2
"""The same of the properties of the trials that divide the events of a kind."""

STRENGTHS = (1e-5, 1e-4, 1e-3, 1e-2)
SPEED = "speed"


def question_for(
    recording: Recording,
    variables: Sequence[str] | None = None,
    *,
    derived: Sequence[AnyDerived] = (),
    max_gap: float | None = None,
    context: Context = SILENT,
) -> Analysis:
    """Terms for the variables of a recording, its events where they are of few kinds, covariates that are derived, the speed of its position, and
    the units' own past.

    Parameters
    ----------
    recording : Recording
    variables : sequence of str, optional
        Only terms that depend on these (``"position"`` stands for its components, ``"history"`` for the own past, the name of an event for what
        happens around it, of however many kinds there are); all where not given.
    derived : sequence of specs
        What the user has derived already; each covariate of them is a variable like those that were recorded.
    max_gap : float, optional
        As for the covariates of a time grid, in s.
    context : Context, optional

    Raises
    ------
    GlmError
        If no term is left, one of the variables is not there, or one cannot be derived.
    """
    analysis = default_analysis(recording)
    made = (*analysis.derived, *_speed_of(recording, derived), *derived)
    terms = list(analysis.terms)
    if made:
        with_made = compute_derived(made, recording, max_gap, needed=(), context=context)
        labels = {term.label for term in terms}
        for name in with_made.variables:
            if name not in recording.variables:
                terms.append(free_name(tuning_term(with_made, name), labels))
                labels.add(terms[-1].label)
    terms += _event_terms(recording, {term.label for term in terms}, variables)
    known = {term.label: _depends_on(term) for term in terms}
    if variables is not None:
        missing = [name for name in variables if not any(name in names for names in known.values())]
        if missing:
            offered = dict.fromkeys(name for names in known.values() for name in names)
            raise GlmError(
                f"there is no variable '{missing[0]}' to explain units by; there are {listed(offered)}", field="variables"
            )
        terms = [term for term in terms if known[term.label] & set(variables)]
    model = analysis.model.with_(strengths=STRENGTHS)
    analysis = analysis.with_(terms=tuple(terms), derived=made, model=model, title=f"What drives the units of {recording.name}")
    return analysis.with_(selection=default_selection(analysis))


def events_left_out(analysis: Analysis, recording: Recording) -> str:
    """A note that the recording has events that no candidate looks at; empty where one does, or there are none."""
    if any(term.kind == "event" and term.enabled for term in analysis.terms):
        return ""
    names = moments(recording)
    if not names:
        return ""
    return f"No candidate looks at the times of events and trials ({listed(names, 6)}): what a unit does around them is not seen. Add event terms for those that matter."


def _event_terms(recording: Recording, labels: set[str], named: Sequence[str] | None = None) -> list[EventTerm]:
    """Around each kind of event, the same moments once, and for each condition of the trials but around their ends; where the kinds are many,
    around those that are `named`."""
    kinds: dict[str, np.ndarray] = {}
    for name in sorted(moments(recording), key=lambda name: name not in (named or ())):
        times = event_times(recording, name).times
        if not any(times.shape == other.shape and np.allclose(times, other) for other in kinds.values()):
            kinds[name] = times
    if len(kinds) > MOST_MOMENTS:
        kinds = {name: times for name, times in kinds.items() if name in (named or ())}
    found = []
    for name in kinds:
        conditions = [] if name.endswith(".stop") else conditions_for(recording, name)
        for by in ("", *(conditions if len(conditions) <= MOST_CONDITIONS else ())):
            found.append(free_name(event_term(name, by), labels))
            labels.add(found[-1].label)
    return found


def _speed_of(recording: Recording, derived: Sequence[AnyDerived]) -> tuple[AnyDerived, ...]:
    """The speed of the position, in the plane or along a track; none where that was recorded or is derived already."""
    if any(spec.kind == "speed" or spec.name == SPEED for spec in derived):
        return ()
    pairs = position_pairs(recording)
    if not pairs:
        return tuple(spec for spec in movement_offers(recording, derived) if spec.kind == "speed")
    return () if SPEED in recording.variables else (Speed(source=pairs[0][0].rpartition(".")[0] or pairs[0][0]),)


def default_selection(analysis: Analysis) -> Selection:
    """How terms are chosen where the analysis does not say: forward, the units' own past after everything else.

    The rate of the last seconds foretells whatever a covariate that varies slowly does, so that a history that is tried beside a position comes
    first, and says less. Tried last it has what the covariates leave: refractoriness, bursts, drift.
    """
    past = [term.label for term in analysis.terms if term.enabled and term.kind == HISTORY]
    others = any(term.enabled and term.kind != HISTORY for term in analysis.terms)
    return sheet_selection(past if others else ())


def sheet_selection(last: Iterable[str]) -> Selection:
    """How a sheet chooses terms where nothing else is said, those of some labels last: by shifts in time, which find more than folds do
    (tests/studies/test_selection_power.py)."""
    return Selection(last=tuple(last), steps_by="shifts")


def _depends_on(term: object) -> set[str]:
    """Variables of a term, the covariates that they are components of, and the kind of a term without any."""
    if isinstance(term, EventTerm):
        return {term.events, *((term.by,) if term.by else ())}
    if not isinstance(term, CovariateTerm):
        return {str(getattr(term, "kind", ""))}
    names = {factor.variable for factor in term.factors}
    return names | {name.rpartition(".")[0] for name in names if "." in name}
