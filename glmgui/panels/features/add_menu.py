"""The menu of kinds of term that a recording allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtWidgets import QMenu

from glmengine.analysis import default_terms as defaults
from glmengine.design.term_words import variables_of
from glmengine.recording.derived.position import movement_offers
from glmengine.recording.derived.quantities import AnyDerived
from glmengine.recording.events import property_names
from glmengine.recording.recording import Recording
from glmengine.spec import Spec

_MANY = 8
_MOST_CHANNELS = 60

Add = Callable[[Spec], None]
Derive = Callable[[AnyDerived], None]

_TUNING = "The rate depends on the present value of one variable: head direction, speed, contrast."
_PLACE = "The rate depends on where the animal is: a place field or a grid."
_JOINT = "The rate depends on two variables together, so that one changes what the other does: position and theta phase."
_SIGNAL = "A filter over the past of a signal: what the stimulus or the current of the last moments does to the rate."
_FIELD = "A filter over space and time of images, videos or spectrograms: which part of the stimulus drives the neuron, and when."
_EVENT = (
    "A kernel around something that happens now and then: what the rate does before and after each stimulus, choice or reward."
)
_PER_CONDITION = "The same with one kernel for each value of a property of the trials: left and right choices, hits and misses."
_COLUMNS = "Covariates that are features already, computed elsewhere: each becomes one column of the model as it is."
_HISTORY = "What the neuron's own last spikes do to its rate: refractoriness, bursts, adaptation."
_COUPLING = "What the spikes of each other unit do to the rate a moment later."


def first_choices(
    recording: Recording, add: Add, terms: Sequence[Spec] = (), derive: Derive | None = None, derived: Sequence[AnyDerived] = ()
) -> dict[str, Callable[[], None]]:
    """What most analyses of such a recording begin with, without what is in `terms` already.

    With `derive`, also what can be derived of a position where that alone was recorded, and is not in `derived`.
    """
    choices: dict[str, Callable[[], None]] = {}
    used = {name for term in terms for name in variables_of(term).values()}
    for inputs in defaults.usual_inputs(recording, used):
        choices[defaults.tuning_in_words(inputs)] = lambda inputs=inputs: add(defaults.tuning_to(recording, inputs))
    for one in movement_offers(recording, derived) if derive is not None else ():
        choices[f"Tuning to {one.name.replace('_', ' ')}, from {one.source}"] = lambda one=one: derive(one)
    for stimulus in [name for name in defaults.stimuli(recording)[:1] if name not in used]:
        choices[f"Receptive field of {stimulus}"] = lambda name=stimulus: add(defaults.field_over_time(recording, name))
    around = {getattr(term, "events", "") for term in terms}
    for moment in [name for name in defaults.moments(recording) if name not in around][:2]:
        choices[f"Around each {moment}"] = lambda moment=moment: add(defaults.event_term(moment))
    if not any(term.kind == "history" for term in terms):
        choices["Own spike history"] = lambda: add(defaults.history_term())
    return choices


def fill(menu: QMenu, recording: Recording, add: Add) -> None:
    """Put every kind of term into an empty menu; what the recording has nothing for is switched off and says so."""
    variables = list(recording.variables)
    tuning = _submenu(menu, "Tuning to a variable", _TUNING, variables, "The recording has no covariate.")
    _list_variables(tuning, recording, variables, lambda name: add(defaults.tuning_term(recording, name)))
    for pair in defaults.position_pairs(recording):
        menu.addAction(defaults.tuning_in_words(pair), lambda pair=pair: add(defaults.field_term(recording, pair))).setToolTip(
            _PLACE
        )
    joint = _submenu(menu, "Joint tuning to two variables", _JOINT, variables[1:], "It takes two covariates.")
    for first in variables if len(variables) <= _MANY else defaults.of_few_components(recording, variables):
        others = joint.addMenu(first)
        others.aboutToShow.connect(lambda others=others, first=first: _fill_partners(others, recording, first, add))
    signals = defaults.filterable(recording)
    filters = _submenu(
        menu, "Filter of a signal over time", _SIGNAL, signals, "The recording has no signal that can be filtered."
    )
    _list_variables(filters, recording, signals, lambda name: add(defaults.filter_term(name)))
    stimuli = defaults.stimuli(recording)
    fields = _submenu(menu, "Receptive field of a stimulus", _FIELD, stimuli, "The recording has no covariate of many channels.")
    for name in stimuli:
        fields.addAction(name, lambda name=name: add(defaults.field_over_time(recording, name)))
    menu.addSeparator()
    moments = defaults.moments(recording)
    events = _submenu(menu, "Kernel around an event", _EVENT, moments, "The recording has neither events nor trials.")
    for moment in moments:
        events.addAction(moment, lambda moment=moment: add(defaults.event_term(moment)))
    properties = property_names(recording)
    split = _submenu(
        menu,
        "Kernel around an event, per condition",
        _PER_CONDITION,
        moments and properties,
        "The recording has no properties of trials.",
    )
    for moment in moments if properties else ():
        by = split.addMenu(moment)
        by.aboutToShow.connect(lambda by=by, moment=moment: _fill_conditions(by, recording, moment, add))
    menu.addSeparator()
    menu.addAction("Own spike history", lambda: add(defaults.history_term())).setToolTip(_HISTORY)
    coupling = menu.addAction("Coupling: spikes of the other units", lambda: add(defaults.coupling_term()))
    coupling.setEnabled(len(recording.unit_names) > 1)
    coupling.setToolTip(_COUPLING if coupling.isEnabled() else "The recording has only one unit.")
    menu.addSeparator()
    wholes = defaults.usable_as_columns(recording)
    columns = _submenu(menu, "Columns computed elsewhere", _COLUMNS, wholes, "The recording has no covariate.")
    for name in wholes:
        columns.addAction(name, lambda name=name: add(defaults.columns_term(recording, name)))


def _submenu(menu: QMenu, title: str, help_text: str, entries: object, none: str) -> QMenu:
    made = menu.addMenu(title)
    made.menuAction().setEnabled(bool(entries))
    made.menuAction().setToolTip(help_text if entries else none)
    return made


def _list_variables(menu: QMenu, recording: Recording, names: list[str], choose: Callable[[str], None], before: str = "") -> None:
    """One entry a variable; the channels of a stimulus stand in a menu of their own, filled when it is opened."""
    few = set(defaults.of_few_components(recording, names))
    for name in names:
        if name in few:
            menu.addAction(f"{before}{name}", lambda name=name: choose(name))
    for covariate in dict.fromkeys(recording.variables[name][0].name for name in names if name not in few):
        channels = menu.addMenu(f"{before}{covariate}")
        of_it = [name for name in names if recording.variables[name][0].name == covariate]
        channels.aboutToShow.connect(lambda channels=channels, of_it=of_it: _fill_channels(channels, of_it, choose))


def _fill_channels(menu: QMenu, names: list[str], choose: Callable[[str], None]) -> None:
    menu.clear()
    for name in names[:_MOST_CHANNELS]:
        menu.addAction(name, lambda name=name: choose(name))
    if len(names) > _MOST_CHANNELS:
        menu.addAction(f"and {len(names) - _MOST_CHANNELS} more: type the name in the form").setEnabled(False)


def _fill_partners(menu: QMenu, recording: Recording, first: str, add: Add) -> None:
    """The second variables; only of the menu that is opened, as there can be hundreds of each."""
    menu.clear()
    others = [name for name in recording.variables if name != first]
    _list_variables(
        menu, recording, others, lambda second: add(defaults.field_term(recording, (first, second))), f"{first} \u00d7 "
    )


def _fill_conditions(menu: QMenu, recording: Recording, moment: str, add: Add) -> None:
    """Properties with a few values at this event; only of the menu that is opened, as looking at every trial takes time."""
    menu.clear()
    for name in defaults.conditions_for(recording, moment):
        menu.addAction(f"by {name}", lambda name=name: add(defaults.event_term(moment, name)))
    if menu.isEmpty():
        menu.addAction("No property of the trials has a few values only").setEnabled(False)
