"""The description of a parameter: its type, rules, choices, and words for a person."""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from glmengine.errors import GlmError
from glmengine.sentences import capitalised
from glmengine.spec import Spec

Choices = Mapping[str, Sequence[str]]
_ACRONYMS = {
    "pca": "Principal components",
    "sta": "Spike-triggered average",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "min": "minutes",
    "d": "days",
    "samples": "samples",
}
_TAGS = ("family", "kind")


def switched(old: Spec | None, new: type[Spec], choices: Choices) -> Spec:
    """A spec of another kind that keeps what both have; a required name is filled in from the recording.

    Raises
    ------
    GlmError
        If a required value cannot be guessed.
    """
    values: dict[str, Any] = {}
    for field, info in new.model_fields.items():
        if field in _TAGS:
            continue
        if old is not None and field in type(old).model_fields:
            values[field] = getattr(old, field)
        elif info.is_required() and choices.get(extra_of(info, "choices")):
            first = choices[extra_of(info, "choices")][0]
            values[field] = (first,) if get_origin(unwrapped(info.annotation)[0]) is tuple else first
        elif info.is_required():
            guess = first_value(unwrapped(info.annotation)[0], info, info.metadata)
            if field == "name":  # given by hand later
                guess = "new"
            if guess is not None:
                values[field] = guess
    try:
        return new(**values)
    except GlmError:
        # a kept value may break the new kind's rules; then its own defaults are the better start
        required = {field: value for field, value in values.items() if new.model_fields[field].is_required()}
        return new(**required)


def title_of(member: type[Spec]) -> str:
    """The name of a kind of spec as a person writes it, from its tag."""
    for tag in _TAGS:
        if tag in member.model_fields and isinstance(member.model_fields[tag].default, str):
            return in_words(member.model_fields[tag].default)
    return in_words(member.__name__)


def tag_field(member: type[Spec]) -> str:
    """The field that tells the members of a union apart (``"family"``, ``"kind"``)."""
    return next((tag for tag in _TAGS if tag in member.model_fields), "kind")


def unwrapped(annotation: Any) -> tuple[Any, list[Any]]:
    """An annotation without `Annotated`, and the rules that stood there."""
    rules: list[Any] = []
    while get_origin(annotation) is Annotated:
        annotation, *extra = get_args(annotation)
        for one in extra:
            rules += one.metadata if isinstance(one, FieldInfo) else [one]
    return annotation, rules


def options_of(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone where it is none."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def members_of(annotation: Any) -> tuple[type[Spec], ...]:
    """The kinds of spec that an annotation allows, empty where it is no spec."""
    annotation, _ = unwrapped(annotation)
    found: list[type[Spec]] = []
    for option in options_of(annotation):
        option, _ = unwrapped(option)
        if get_origin(option) in (Union, types.UnionType):
            found += members_of(option)
        elif isinstance(option, type) and issubclass(option, Spec):
            found.append(option)
    return tuple(found)


def first_value(annotation: Any, info: FieldInfo, rules: Sequence[Any]) -> Any:
    """Something to begin with where a value is given at last."""
    annotation, _ = unwrapped(annotation)
    if info.default not in (None, PydanticUndefined):
        return info.default
    if get_origin(annotation) in (tuple, list):
        parts = get_args(annotation)
        return (0.0, 1.0) if len(parts) == 2 and parts[1] is not Ellipsis else ()
    if get_origin(annotation) is Literal:
        return get_args(annotation)[0]
    if annotation in (int, float):
        low = next(
            (value for rule in rules for value in (getattr(rule, "ge", None), getattr(rule, "gt", None)) if value is not None), 0
        )
        return annotation(low + 1) if any(getattr(rule, "gt", None) is not None for rule in rules) else annotation(low)
    if annotation is bool:
        return False
    return "" if annotation is str else None


def extra_of(info: FieldInfo, key: str) -> Any:
    """What a field says of itself for forms under this key, empty where it says nothing."""
    return (info.json_schema_extra or {}).get(key, "") if isinstance(info.json_schema_extra, dict) else ""


def help_of(info: FieldInfo) -> str:
    """The words of help of a field, with its unit."""
    text = info.description or ""
    unit = extra_of(info, "unit")
    return f"{text} Unit: {unit}." if unit else text


def in_words(name: str) -> str:
    """``"raised_cosine_log"`` as a person writes it; ``"b_spline"`` is a B-spline."""
    if name in _ACRONYMS:
        return _ACRONYMS[name]
    words = re.sub(r"\b([a-z]) spline", lambda found: f"{found[1].upper()}-spline", name.replace("_", " ").strip())
    return capitalised(words)
