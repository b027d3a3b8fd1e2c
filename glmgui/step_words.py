"""What a step of undo is called: after the parameter that it changed."""

from __future__ import annotations

from typing import Any

from glmengine.spec import Spec

_FOLLOWS = ("name",)
"""Parameters that others bring along: the name of a term follows its inputs."""


def change_in_words(before: Spec, after: Spec, whole: str = "") -> str:
    """Such as ``Change penalty`` or, with the name of the `whole` that it is in, ``Change number of functions of speed``.

    Of several parameters the first one names the step: the others follow from it, as a link follows from a family.
    """
    changed = _innermost(before, after)
    if not changed:
        return f"Change {whole}".strip()
    return f"Change {changed} of {whole}" if whole else f"Change {changed}"


def _innermost(before: Any, after: Any) -> str:
    """The title of the first parameter that differs, in the spec that is deepest inside; empty where it is the kind of spec."""
    if type(before) is not type(after):
        return ""
    names = [name for name in type(before).model_fields if getattr(before, name) != getattr(after, name)]
    if not names:
        return ""
    name = next((one for one in names if one not in _FOLLOWS), names[0])
    old, new = getattr(before, name), getattr(after, name)
    return _inside(old, new) or _title(type(before), name)


def _inside(old: Any, new: Any) -> str:
    if isinstance(old, Spec) and isinstance(new, Spec):
        return _innermost(old, new)
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        pairs = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
        return _inside(*pairs[0]) if len(pairs) == 1 else ""
    return ""


def _title(kind: type[Spec], name: str) -> str:
    words = kind.model_fields[name].title or name.replace("_", " ")
    first = words.split()[0]
    return words if len(first) > 1 and first[1:] != first[1:].lower() else words[:1].lower() + words[1:]
