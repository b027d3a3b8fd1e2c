"""All that the search finds beside actions: settings, units, terms, questions, samples, pages of the guide, recent files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from glmengine.analysis.analysis import Analysis, Model, Time, UnitSelection, Validation
from glmengine.analysis.templates import course
from glmengine.simulation.catalogue import SAMPLES
from glmengine.spec import Spec
from glmgui.actions.host import Host
from glmgui.dialogs.guide import pages_of_guide
from glmgui.forms.description import extra_of, in_words


@dataclass(frozen=True)
class Find:
    """Something that the search finds.

    Attributes
    ----------
    title : str
        As it is listed.
    kind : str
        What it is, in a word.
    words : str
        Further words that it is found by.
    open : callable
        Goes to it.
    """

    title: str
    kind: str
    words: str
    open: Callable[[], None]


# Parameters, the step in which they are edited, and the name that the control of one has there.
_FORMS: tuple[tuple[type[Spec], str, str, tuple[str, ...]], ...] = (
    (Model, "model", "model_{}", ()),
    (Validation, "model", "validation_{}", ()),
    (Analysis, "model", "analysis_{}", ("title", "seed")),
    (Time, "data", "{}", ("bin_size", "intervals")),
    (Time, "data", "time_{}", ("max_gap",)),
    (UnitSelection, "data", "{}", ("min_spikes",)),
)


def finds(host: Host) -> list[Find]:
    """Everything, as it stands now."""
    document = host.work.document
    found = [
        Find(one.path.name, "recent", f"{one.path} {one.about}", partial(host.work.opening.open_recent, one.path))
        for one in host.work.recent.entries
    ]
    if document.recording is not None:
        found += _settings(host)
        found += [
            Find(name, "unit", "unit cell neuron", partial(_select_unit, host, name)) for name in document.recording.unit_names
        ]
        found += [
            Find(term.label, "term", f"term {term.kind}", partial(_select_term, host, at))
            for at, term in enumerate(document.analysis.terms)
        ]
    found += [
        Find(one.question, "question", f"{one.name} ready analysis template", partial(host.work.ready.ask, one))
        for one in course()
    ]
    found += [
        Find(in_words(name.replace("-", "_")), "sample", f"{about} simulated", partial(host.work.opening.open_sample, name))
        for name, (about, *_) in SAMPLES.items()
    ]
    found += [Find(title.strip(), "guide", "help page", partial(host.show_guide, page)) for title, page in pages_of_guide()]
    return found


def _settings(host: Host) -> Iterator[Find]:
    for spec, step, named, only in _FORMS:
        for field, info in spec.model_fields.items():
            if extra_of(info, "hidden") or not info.title or (only and field not in only):
                continue
            yield Find(info.title, "setting", info.description or "", partial(host.show_setting, step, named.format(field)))


def _select_unit(host: Host, name: str) -> None:
    host.work.document.select(unit=name)
    if host.start_is_shown:
        host.show_step("data")


def _select_term(host: Host, at: int) -> None:
    host.work.document.select(term=at)
    host.show_step("features")
