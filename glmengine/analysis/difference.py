"""Differences between two analyses, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_origin

from pydantic.fields import FieldInfo

from glmengine.analysis.analysis import Analysis
from glmengine.sentences import listed
from glmengine.spec import Spec

_NOT_ASKED = ("format_version", "title", "recording", "more_recordings", "terms_from")
"""Fields of an analysis that do not change the question."""

_NUMBERS_OF_FILES = ("filters", "filters_from")
_MOST_LISTED = 6


def differences(before: Analysis, after: Analysis) -> tuple[str, ...]:
    """What is another in `after` than in `before`, a few words each, terms first; empty where the question is the same.

    Parameters
    ----------
    before, after : Analysis
        Where the recording lies and the title do not count. A term that is switched off counts as one that is not there.

    Returns
    -------
    tuple of str
        Such as ``with speed``, ``without head_direction``, ``speed instead of position``, ``position: functions 8 → 12``, ``bin size 0.02 s → 0.01 s``.
    """
    said = _of_lists(_in_the_model(before), _in_the_model(after), "")
    for name, info in Analysis.model_fields.items():
        if name == "derived":
            said += _of_lists(before.derived, after.derived, "derived ")
        elif name not in (*_NOT_ASKED, "terms"):
            said += _of_values(info, getattr(before, name), getattr(after, name), "")
    return tuple(said)


def _in_the_model(analysis: Analysis) -> tuple[Spec, ...]:
    return tuple(term for term in analysis.terms if term.enabled)


def _of_lists(before: Sequence[Spec], after: Sequence[Spec], noun: str) -> list[str]:
    """Parts that came, went, have another name or are another within; parts are the same by their name."""
    old, new = _named(before), _named(after)
    gone, come = [name for name in old if name not in new], [name for name in new if name not in old]
    said = []
    for name in tuple(gone):
        same = next((other for other in come if _nameless(old[name]) == _nameless(new[other])), None)
        if same is not None:
            said.append(f"{noun}{name} is called {same}")
            gone.remove(name)
            come.remove(same)
    if len(come) == len(gone) == 1:
        said.insert(0, f"{noun}{come[0]} instead of {gone[0]}")
    else:
        said = [f"with {noun}{name}" for name in come] + [f"without {noun}{name}" for name in gone] + said
    common = [name for name in new if name in old]
    for name in common:
        said += _of_specs(old[name], new[name], f"{noun}{name}: ")
    if common != [name for name in old if name in new]:
        said.append(f"{f'{noun}covariates' if noun else 'terms'} in another order")
    return said


def _named(parts: Sequence[Spec]) -> dict[str, Spec]:
    named: dict[str, Spec] = {}
    for part in parts:
        name = _name(part)
        number = 2
        while name in named:
            name = f"{_name(part)} ({number})"
            number += 1
        named[name] = part
    return named


def _name(part: Spec) -> str:
    return next((str(found) for key in ("label", "name", "variable", "kind") if (found := getattr(part, key, ""))), "")


def _nameless(part: Spec) -> Spec:
    return part.with_(name="") if getattr(part, "name", "") else part


def _of_specs(before: Spec, after: Spec, where: str) -> list[str]:
    if type(before) is not type(after):
        return [f"{where}{_text(before)} → {_text(after)}"]
    said = []
    for name, info in type(before).model_fields.items():
        if name == "enabled":
            continue
        if name in _NUMBERS_OF_FILES:
            if getattr(before, name) != getattr(after, name):
                said.append(f"{where}other {_title(info, name)}")
        else:
            said += _of_values(info, getattr(before, name), getattr(after, name), where)
    return said


def _of_values(info: FieldInfo, before: Any, after: Any, where: str) -> list[str]:
    if before == after:
        return []
    if isinstance(before, Spec) and type(before) is type(after):
        return _of_specs(before, after, where)
    if _are_alike(before, after):
        said = []
        for old, new in zip(before, after, strict=True):
            inner = f"{where}{_name(new)}, " if len(before) > 1 and _name(new) else where
            said += _of_specs(old, new, inner)
        return said
    return [f"{where}{_title(info, 'value')} {_text(before, info)} → {_text(after, info)}"]


def _are_alike(before: Any, after: Any) -> bool:
    """Whether both are lists of as many parts of the same kinds."""
    return (
        isinstance(before, tuple)
        and isinstance(after, tuple)
        and len(before) == len(after)
        and all(isinstance(old, Spec) and type(old) is type(new) for old, new in zip(before, after, strict=True))
    )


def _title(info: FieldInfo, name: str) -> str:
    title = info.title or name.replace("_", " ")
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _text(value: Any, info: FieldInfo | None = None) -> str:
    extra = (info.json_schema_extra or {}) if info is not None else {}
    unit = extra.get("unit") or ""
    if value is None or value in ("", ()):
        return extra.get("empty") or "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Spec):
        tag = getattr(value, "family", "") or getattr(value, "kind", "")
        return getattr(value, "name", "") or str(tag).replace("_", " ") or _name(value)
    if isinstance(value, tuple):
        said = listed((_text(part) for part in value), _MOST_LISTED)
    elif isinstance(value, float):
        said = f"{value:.6g}"
    else:
        of_the_program = info is not None and get_origin(info.annotation) is Literal
        said = str(value).replace("_", " ") if of_the_program else str(value)
    return f"{said} {unit}" if unit and not unit.startswith("of ") else said
