"""Arguments of public functions, refused in one sentence where they are not of the kind that the function's annotations name."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import cache, wraps
from itertools import islice
from numbers import Integral, Real
from typing import Any, TypeVar

from glmengine.errors import GlmError

Function = TypeVar("Function", bound=Callable[..., Any])

OBJECTS = {
    "Analysis": "an Analysis, as ge.Analysis(...) or ge.Analysis.load(FILE) gives it",
    "AnswerSheet": "an answer sheet, as ge.explain(recording) gives it",
    "BootstrapBands": "what the result's bootstrap gave",
    "Context": "a ge.Context, such as ge.CallbackContext(...)",
    "Covariate": "a ge.Covariate",
    "DataArray": "an xarray DataArray",
    "Dataset": "an xarray Dataset",
    "Decoded": "what the result's decode gave",
    "Fit": "a fit, as ge.fit(X, Y) gives it",
    "Goodness": "what the result's goodness gave",
    "IntervalSet": "a pynapple IntervalSet",
    "KeptBlocks": "blocks of columns that an earlier design kept",
    "KeptFit": "a fit that ge.keep_fit kept",
    "KeptRows": "rows that an earlier fit of the same X and Y kept",
    "Recipe": "a Recipe",
    "Recording": "a Recording, as ge.open_recording(FILE) gives it",
    "RecordingReference": "a reference to a recording, as a project has it",
    "Result": "a Result, as ge.run(analysis, recording) or ge.Result.load(FILE) gives it",
    "Selection": "a ge.Selection",
    "ShiftTest": "what a shift test gave",
    "Surrogates": "surrogates, as the result's simulate gives them",
    "SurrogateComparison": "what the result's simulate_and_compare gave",
    "Term": "a term of an analysis",
    "Time": "a ge.Time, as analysis.time",
    "TimeGrid": "a grid, as ge.make_grid(analysis.time, recording) gives it",
}
"""Names of classes in annotations, and what is to be given; a class is known by its name, so that none needs to be imported."""


def _is_number(value: Any) -> bool:
    """Whether it is one number, and not NaN."""
    plain = isinstance(value, Real) and not isinstance(value, bool)
    scalar = getattr(value, "ndim", None) == 0 and getattr(getattr(value, "dtype", None), "kind", "") in ("u", "i", "f")
    return (plain or scalar) and not math.isnan(value)


def _is_whole(value: Any) -> bool:
    return _is_number(value) and float(value).is_integer()


def _is_several(value: Any) -> bool:
    """Whether it is a list, of whatever kind; not a text, whose letters would be taken for names, nor one object that can be gone through."""
    one = isinstance(value, str | bytes | Mapping) or getattr(value, "ndim", 1) == 0 or not _classes(value).isdisjoint(OBJECTS)
    return isinstance(value, Iterable) and not one


def _classes(value: Any) -> set[str]:
    return {one.__name__ for one in type(value).__mro__}


PLAIN: dict[str, tuple[Callable[[Any], bool], str]] = {
    "None": (lambda value: value is None, "None"),
    "bool": (lambda value: str(value) in ("True", "False", "0", "1"), "True or False"),
    "int": (_is_whole, "a whole number"),
    "float": (_is_number, "a number"),
    "str": (lambda value: isinstance(value, str), "a text"),
    "Literal": (lambda value: isinstance(value, str), "a text"),
    "Path": (lambda value: isinstance(value, os.PathLike), "a pathlib.Path"),
    "Callable": (callable, "a function"),
    "Mapping": (lambda value: isinstance(value, Mapping), "a dictionary"),
    "dict": (lambda value: isinstance(value, Mapping), "a dictionary"),
    "ndarray": (lambda value: hasattr(value, "__array__") or isinstance(value, list | tuple), "an array"),
    "Sequence": (_is_several, "a list"),
    "Iterable": (lambda value: _is_several(value) or isinstance(value, Mapping), "a list"),
    "tuple": (_is_several, "a list"),
}
"""The same of Python's own names: what tells the kind, and what is to be given."""

LEAST = {"blocks": 1, "seed": 0}
"""Whole numbers that are never less, wherever a parameter has the name."""


def takes_only_its_kinds(function: Function) -> Function:
    """A public function that refuses arguments of other kinds than its annotations name, before it does anything.

    Without it a wrong object is noticed where one of its attributes is missing, deep inside. A parameter whose annotation has a name that is not in `OBJECTS` or
    `PLAIN` is left to the function.
    """
    parameters = inspect.signature(function).parameters
    names, defaults = tuple(parameters), {name: one.default for name, one in parameters.items()}
    keyed = cache(lambda: _kinds_of(function))

    @wraps(function)
    def checked(*values: Any, **named: Any) -> Any:
        kinds = keyed()
        for name, value in (*zip(names, values, strict=False), *named.items()):
            wanted = kinds.get(name, ())
            if wanted and not any(_is(kind, value) for kind in wanted) and value is not defaults[name]:
                raise GlmError(f"{name}: is {_shown(value)}; give {_wanted(name, wanted)}")
            if name in LEAST and _is_number(value) and value < LEAST[name]:
                raise GlmError(f"{name}: is {_shown(value)}; give a whole number from {LEAST[name]} on")
        return function(*values, **named)

    return checked  # type: ignore[return-value]


_ALIASES = {"AnyTerm": "Term"}

Kind = tuple[str, tuple[tuple[Any, ...], ...]]
"""The name of a kind, and the kinds of what it holds, one after the other; empty where these may be anything."""


def _kinds_of(function: Callable[..., Any]) -> dict[str, tuple[Kind, ...]]:
    """The kinds that each parameter may have; without those that may have any."""
    parameters = inspect.signature(function).parameters.values()
    found = {one.name: _read(one.annotation) for one in parameters if isinstance(one.annotation, str)}
    return {name: kinds for name, kinds in found.items() if kinds}


def _read(annotation: str) -> tuple[Kind, ...]:
    """The kinds of ``A | B[C, D]``; empty where one of them is not known."""
    kinds: list[Kind] = []
    for part in _split(annotation, "|"):
        name, _, inner = part.partition("[")
        name = _ALIASES.get(name, name.rpartition(".")[2])
        if name not in OBJECTS and name not in PLAIN:
            return ()
        held = _split(inner.removesuffix("]"), ",") if inner and name != "Callable" else []
        kinds.append((name, tuple(_read(one) for one in held if one != "...")))
    return tuple(kinds)


def _split(text: str, mark: str) -> list[str]:
    """Parts between marks that stand in no brackets."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "[") - (letter == "]")
        if letter == mark and not depth:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]


def _is(kind: Kind, value: Any) -> bool:
    name, held = kind
    if name in OBJECTS:
        return name in _classes(value)
    if not PLAIN[name][0](value):
        return False
    if not held or not isinstance(value, Sized):  # what can be gone through once is left to the function
        return True
    pairs = value.items() if isinstance(value, Mapping) else ((one,) for one in islice(value, _LOOKED_AT))
    return all(
        not kinds or any(_is_held(kind, one) for kind in kinds) for some in pairs for kinds, one in zip(held, some, strict=False)
    )


def _is_held(kind: Kind, value: Any) -> bool:
    """The same of what is in a list: names of units may be whole numbers there, and one name may stand for a list of it."""
    return (
        _is(kind, value)
        or (kind[0] == "str" and isinstance(value, Integral))
        or (kind[0] == "Sequence" and isinstance(value, str))
    )


def _wanted(name: str, kinds: tuple[Kind, ...]) -> str:
    """What is to be given for a parameter."""
    words = list(dict.fromkeys(map(_words, kinds)))
    text, path = PLAIN["str"][1], PLAIN["Path"][1]
    if text in words and path in words:
        words[words.index(path)] = f"the path of a {'folder' if name == 'folder' else 'file'}"
        words.remove(text)
    return " or ".join(words)


def _words(kind: Kind) -> str:
    name, held = kind
    said = OBJECTS[name] if name in OBJECTS else PLAIN[name][1]
    inner = [_MANY[one[0][0]] for one in held if one and one[0][0] in _MANY]
    return f"{said} of {inner[-1]}" if inner else said


_MANY = {
    "Recording": "recordings",
    "str": "names",
    "float": "numbers",
    "int": "whole numbers",
    "Sequence": "lists",
    "KeptFit": "kept fits",
}
"""What a list or a dictionary holds, in words."""


def _shown(value: Any) -> str:
    """Plain values as they are written, others by their class."""
    said = repr(value) if value is None or isinstance(value, str | bytes | int | float) else ""
    name = type(value).__name__
    if isinstance(value, list | tuple | Mapping) and len(repr(value)) <= _LONGEST:
        said = repr(value)
    return said if said and len(said) <= _LONGEST else f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


_LONGEST = 60  # letters of a value that a sentence repeats
_LOOKED_AT = 1000  # of a list, to see what it holds
