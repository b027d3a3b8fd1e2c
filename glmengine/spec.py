"""The base of described parameter sets: frozen, strict, one description for all uses.

A field is declared once, with `param`: its type, bounds and default serve the validation, its title, help
and unit the form in the window, the tooltip and the reference page.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from glmengine.errors import GlmError


class _SpecMeta(type(BaseModel)):
    """Turns pydantic's report into one sentence when a spec is made by calling its class."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except ValidationError as error:
            raise one_sentence(error, cls.__name__, kwargs) from error


class Spec(BaseModel, metaclass=_SpecMeta):
    """A frozen set of described parameters; an unknown name is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def parse(cls, data: Any, where: str = "") -> Self:
        """Build from plain data (as read from a file), raising `GlmError` that names the first bad field."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            raise one_sentence(error, where or cls.__name__, data) from error

    def with_(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated like a new one."""
        return type(self)(**{**{name: getattr(self, name) for name in type(self).model_fields}, **changes})


def param(
    default: Any = ...,
    *,
    title: str,
    help: str,
    unit: str = "",
    choices: str = "",
    log: bool = False,
    advanced: bool = False,
    hidden: bool = False,
    empty: str = "automatic",
    applies: dict[str, tuple[Any, ...]] | None = None,
    guessed: str = "",
    **constraints: Any,
) -> Any:
    """Describe one parameter.

    Parameters
    ----------
    default : object
        Its value where none is given; `...` makes it required.
    title, help : str
        Label in a form, and what it does in one or two sentences (tooltip and reference page).
    unit : str
        Unit of measure of the number (``"s"``, ``"Hz"``), empty for a pure number; ``"of the covariate"`` for bounds.
    choices : str
        Where a form finds the possible values in the recording: ``"variables"``, ``"covariates"``, ``"epochs"``,
        ``"events"``, ``"units"``, ``"trials"``, ``"terms"`` (of the analysis), ``"moments"`` (events and times of trials), ``"trial_properties"``; ``"file"`` for a path; ``"sessions"`` for what
        matters only where there are several.
    log : bool
        The form's slider moves in powers of ten.
    advanced, hidden : bool
        Shown folded away, or not at all.
    empty : str
        What it means that a value is not given, as a form says it.
    applies : dict of str to tuple, optional
        Other fields, and the values of them at which this one matters; an empty tuple stands for any value but an empty one. A form hides
        the field elsewhere.
    guessed : str
        The field that holds the same value while this one's is a guess; a form asks then until the value is given or confirmed.
    **constraints
        As for `pydantic.Field` (``gt``, ``ge``, ``lt``, ``le``, ``min_length``, ...).
    """
    extra: dict[str, Any] = {"unit": unit, "choices": choices, "log": log, "advanced": advanced, "hidden": hidden}
    extra |= {"empty": empty, "applies": applies, "guessed": guessed}
    return Field(default, title=title, description=help, json_schema_extra=extra, **constraints)


# What a hand-written file is told in its own words, and not in those of Python.
LONGEST_GIVEN = 80
"""Characters of a value that a sentence about it repeats."""

_SHAPES = {
    "tuple_type": "must be a list; put it in square brackets",
    "model_type": "must be a table of named fields; give it a heading in square brackets of its own",
    "model_attributes_type": "must be a table of named fields; give it a heading in square brackets of its own",
    "string_type": "must be a text; put it in quotation marks",
}


def one_sentence(error: ValidationError, where: str, data: Any = None) -> GlmError:
    """The first fault of a pydantic report on `data` as a `GlmError` that carries the field's dotted path."""
    first = error.errors(include_url=False)[0]
    field = ".".join(_field_path(first["loc"], data))
    if first["type"] == "extra_forbidden":
        text = f"unknown field '{field}'; remove it or correct its spelling"
    elif first["type"] == "missing":
        text = f"field '{field}' is missing; add it"
    elif first["type"] in ("union_tag_not_found", "union_tag_invalid"):
        tag = first["ctx"]["discriminator"].strip("'")
        field = f"{field}.{tag}"
        if first["type"] == "union_tag_not_found":
            text = f"field '{field}' is missing; add it, so that it is known what this is"
        else:
            text = f"field '{field}' is unknown: {first['ctx']['tag']!r}; choose one of {first['ctx']['expected_tags']}"
    elif first["type"] in _SHAPES:
        text = f"field '{field}': {_SHAPES[first['type']]}"
        if isinstance(first["input"], int | float | str | bool):
            text += f" (given: {_short(first['input'])})"
    else:
        text = first["msg"].removeprefix("Value error, ")
        if field:
            text = f"field '{field}': {text[:1].lower()}{text[1:]}"
            given = first.get("input")
            if isinstance(given, int | float | str | bool):
                text += f" (given: {_short(given)})"
    cause = (first.get("ctx") or {}).get("error")
    inner = getattr(cause, "field", "")
    return GlmError(f"{where}: {text}", field=".".join(part for part in (field, inner) if part))


def _short(value: object) -> str:
    said = repr(value)
    return said if len(said) <= LONGEST_GIVEN else f"{said[:LONGEST_GIVEN]}..."


def _field_path(location: tuple[int | str, ...], data: Any) -> list[str]:
    """The names in `location` that are fields; pydantic puts the tags of unions between them."""
    path: list[str] = []
    for position, part in enumerate(location):
        last = position == len(location) - 1
        if isinstance(data, Spec):
            inside, below = part in type(data).model_fields, getattr(data, str(part), None)
        elif isinstance(data, dict):
            inside, below = part in data, data.get(part)
        elif isinstance(data, list | tuple) and isinstance(part, int):
            inside, below = part < len(data), data[part] if part < len(data) else None
        else:
            inside, below = False, data
        if isinstance(data, dict) and not inside and part in (data.get("kind"), data.get("family")):
            continue
        if inside:
            data = below
        if inside or last:
            path.append(str(part))
    return path
