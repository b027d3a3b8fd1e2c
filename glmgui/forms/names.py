"""Names that a recording offers to an analysis, and those that an analysis lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glmengine.analysis.analysis import Analysis
from glmengine.design.blocks.receptive_field import multichannel
from glmengine.recording.derived.epochs import stretch_names
from glmengine.recording.derived.quantities import EPOCH_KINDS
from glmengine.recording.events import event_time_names, property_names
from glmengine.recording.recording import Recording
from glmengine.spec import Spec
from glmgui.forms.description import extra_of

_WORDS = {
    "variables": "covariate",
    "covariates": "covariate",
    "multichannel": "covariate of several channels",
    "epochs": "epochs",
    "stretches": "epochs",
    "moments": "event",
    "events": "event",
    "trials": "table of trials",
    "groupings": "table of trials or epoch",
    "trial_properties": "property of trials",
    "units": "unit",
}
_MOST_NAMED = 6


def choices_in(recording: Recording) -> dict[str, list[str]]:
    """Names that a recording offers, by kind."""
    return {
        "variables": list(recording.variables),
        "covariates": list(recording.covariates),
        "multichannel": multichannel(recording),
        "epochs": list(recording.epochs),
        "stretches": list(stretch_names(recording)),
        "events": list(recording.events),
        "moments": event_time_names(recording),
        "trial_properties": property_names(recording),
        "units": list(recording.unit_names),
        "trials": list(recording.trials),
        "groupings": [*recording.trials, *(name for name, pieces in recording.epochs.items() if len(pieces) > 1)],
        "sessions": [session.name for session in recording.sessions],
    }


def missing(analysis: Analysis, recording: Recording) -> list[str]:
    """What the analysis names that neither the recording has nor the analysis itself makes, one sentence each; empty where it can be run."""
    have = {kind: set(names) for kind, names in choices_in(recording).items()}
    for derived in analysis.derived:
        for kind in ("epochs", "stretches", "groupings") if isinstance(derived, EPOCH_KINDS) else ("variables", "covariates"):
            have[kind].add(derived.name)
    have["trial_properties"] |= have["variables"]  # an event may be scaled by a covariate too
    lacking: dict[str, list[str]] = {}
    for kind, name in dict.fromkeys(_named(analysis)):
        whole = name.partition(".")[0]
        if kind in have and name not in have[kind] and not (kind == "variables" and whole in have["covariates"]):
            lacking.setdefault(kind, []).append(name)
    said = [_sentence(kind, names, choices_in(recording)[kind]) for kind, names in lacking.items()]
    if any(term.kind == "coupling" for term in analysis.terms) and len(recording.unit_names) < 2:
        said.append("Coupling takes two units or more; there is one.")
    return said


def _named(value: Any) -> Iterator[tuple[str, str]]:
    """Kind and name of everything of a recording that a described value names."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from _named(one)
    if not isinstance(value, Spec):
        return
    for field, info in type(value).model_fields.items():
        kind, inside = extra_of(info, "choices"), getattr(value, field)
        if kind in _WORDS:
            yield from ((kind, name) for name in ((inside,) if isinstance(inside, str) else inside or ()) if name)
        else:
            yield from _named(inside)


def _sentence(kind: str, names: list[str], have: list[str]) -> str:
    listed = ", ".join(have[:_MOST_NAMED]) + (f" and {len(have) - _MOST_NAMED} more" if len(have) > _MOST_NAMED else "")
    return f"No {_WORDS[kind]} {', '.join(repr(name) for name in names)}; the recording has {listed or 'none'}."
