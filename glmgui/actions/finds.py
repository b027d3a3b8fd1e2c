"""All that the search finds beside actions: pages, settings, units, covariates and what can be derived, terms, questions, samples, the guide and its words, recent files."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from glmengine.analysis.analysis import Analysis, Model, Time, UnitSelection, Validation
from glmengine.analysis.selection import Selection
from glmengine.analysis.templates import course
from glmengine.answers.settings import AnswerSettings
from glmengine.recording.derived.quantities import EPOCH_KINDS
from glmengine.sentences import as_shown
from glmengine.simulation.catalogue import SAMPLES
from glmengine.spec import Spec
from glmgui.actions.host import Host
from glmgui.dialogs.guide import pages_of_guide
from glmgui.forms.description import extra_of, in_words
from glmgui.glossary import GLOSSARY_PAGE, entries
from glmgui.steps import STEPS

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


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


# Parameters, the step in which they are edited, and the name that the control of one has there; all where none are named.
_FORMS: tuple[tuple[type[Spec], str, str, tuple[str, ...]], ...] = (
    (Model, "model", "model_{}", ()),
    (Validation, "model", "validation_{}", ()),
    (Analysis, "model", "analysis_{}", ("title", "seed")),
    (Time, "data", "{}", ("bin_size", "intervals")),
    (Time, "data", "time_{}", ("max_gap",)),
    (Time, "data", "epochs_list", ("epochs",)),
    (Time, "data", "condition_add", ("conditions",)),
    (UnitSelection, "data", "{}", ("min_spikes", "while_present")),
    (UnitSelection, "data", "rate_from", ("min_rate",)),
    (UnitSelection, "data", "rate_to", ("max_rate",)),
    (UnitSelection, "data", "unit_rule_add", ("where",)),
    (AnswerSettings, "answers", "answers_settings_{}", ()),
    (Selection, "answers", "answers_selection_{}", ("steps_by", "level", "over_units", "folds", "last", "largest")),
)
_ELSEWHERE = ("kind", "enabled")  # of a term: not in its form


def finds(host: Host) -> list[Find]:
    """Everything, as it stands now."""
    document = host.work.document
    found = [
        Find(one.path.name, "recent", f"{one.path} {one.about}", partial(host.work.opening.open_recent, one.path))
        for one in host.work.recent.entries
    ]
    if document.recording is not None:
        found += _settings(host)
        found += _covariates(host)
        found += [
            Find(name, "unit", "unit cell neuron", partial(_select_unit, host, name)) for name in document.recording.unit_names
        ]
        found += [
            Find(as_shown(term.label), "term", f"term {term.kind} {term.label}", partial(_select_term, host, at))
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
    found += [Find(f"{step.title}: {step.about}", "page", step.holds, partial(host.show_step, step.name)) for step in STEPS]
    found += [Find(title.strip(), "guide", "help page", partial(host.show_guide, page)) for title, page in pages_of_guide()]
    found += [
        Find(word, "word", f"{', '.join(forms)} help glossary", partial(host.show_guide, GLOSSARY_PAGE, word))
        for word, forms in entries().items()
    ]
    return found


def _settings(host: Host) -> Iterator[Find]:
    for spec, step, named, only in _FORMS:
        for field, info in spec.model_fields.items():
            if extra_of(info, "hidden") or not info.title or (only and field not in only):
                continue
            yield Find(info.title, "setting", info.description or "", partial(_show_setting, host, step, named.format(field)))
    for at, term in enumerate(host.work.document.analysis.terms):
        for info, named, control in _parameters(term, as_shown(term.label), "term"):
            words = f"{info.description or ''} {term.label}"
            yield Find(f"{info.title}: {named}", "setting", words, partial(_show_setting, host, "features", control, at))


def _parameters(spec: Spec, named: str, control: str) -> Iterator[tuple[FieldInfo, str, str]]:
    """What the form of a term shows of it and of its parts: each parameter, of what it is, and the name of its control."""
    from glmgui.panels.features.editor import admitted

    return _admitted_parameters(spec, named, control, admitted(type(spec)))


def _admitted_parameters(
    spec: Spec, named: str, control: str, admit: Callable[[type[Spec], str], bool]
) -> Iterator[tuple[FieldInfo, str, str]]:
    for field, info in type(spec).model_fields.items():
        if field in _ELSEWHERE or extra_of(info, "hidden") or not info.title or not admit(type(spec), field):
            continue
        value = getattr(spec, field)
        several = isinstance(value, tuple)
        parts = [one for one in (value if several else (value,)) if isinstance(one, Spec)]
        for at, part in enumerate(parts):
            of_it = getattr(part, "variable", named)
            yield from _admitted_parameters(part, of_it, f"{control}_{field}{f'_{at}' if several else ''}", admit)
        if not parts:
            yield info, named, f"{control}_{field}"


def _covariates(host: Host) -> Iterator[Find]:
    """The covariates that there are, and the kinds of them and of epochs that can be computed."""
    from glmgui.panels.data.derived_dialog import derived_kinds, title_of

    for name, covariate in host.work.document.effective_recording.covariates.items():
        words = f"covariate variable {covariate.unit} {covariate.description}"
        yield Find(name, "covariate", words, partial(_show_covariate, host, name))
    for kind in (*derived_kinds(), *EPOCH_KINDS):
        what = "epochs" if kind in EPOCH_KINDS else "covariate"
        words = f"derived {what} {kind.__name__} {inspect.getdoc(kind)}"
        yield Find(title_of(kind), f"derive {what}", words, partial(_derive, host, kind))


def _show_setting(host: Host, step: str, control: str, term: int | None = None) -> None:
    from glmgui.forms.form import reveal

    page = host.page_of(step)
    if term is not None:
        host.work.document.select(term=term)
    reveal(page, control)


def _show_covariate(host: Host, name: str) -> None:
    host.page_of("data").show_covariate(name)


def _derive(host: Host, kind: type[Spec]) -> None:
    host.page_of("data").derived.add(kind)


def _select_unit(host: Host, name: str) -> None:
    host.work.document.select(unit=name)
    if host.start_is_shown:
        host.show_step("data")


def _select_term(host: Host, at: int) -> None:
    host.work.document.select(term=at)
    host.show_step("features")
