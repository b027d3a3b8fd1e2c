"""Settings of terms that are compared on held-out time: numbers of functions, bounds and windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Literal

from pydantic import model_validator

from glmengine.errors import GlmError
from glmengine.sentences import listed, numbered
from glmengine.spec import Spec, param

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm

MOST_SETTINGS = 64
"""Settings that a search may have: each is a cross-validation."""

_WORDS = {
    "functions": "number of functions",
    "window": "window",
    "bounds": "bounds",
    "before": "time before",
    "after": "time after",
}


class Searched(Spec):
    """Values of one setting of a term, of which the best on held-out time is chosen."""

    term: str = param(title="Term", help="The term whose setting is searched.", choices="terms", min_length=1)
    parameter: Literal["functions", "window", "bounds", "before", "after"] = param(
        "functions",
        title="Setting",
        help="The number of functions of its basis; how long its kernels are; the bounds of its variable; or, of an event, how long before or after it the kernel lasts.",
    )
    values: tuple[float, ...] = param(
        (),
        title="Values",
        help="Numbers of functions, or times in s, that are compared.",
        applies={"parameter": ("functions", "window", "before", "after")},
    )
    bounds: tuple[tuple[float, float], ...] = param(
        (),
        title="Bounds",
        help="Pairs of a lower and an upper bound that are compared.",
        unit="of the variable",
        applies={"parameter": ("bounds",)},
    )
    variable: str = param(
        "",
        title="Variable",
        help="Of a term of several variables, the one whose basis is meant.",
        choices="variables",
        empty="all of the term",
        advanced=True,
    )

    @model_validator(mode="after")
    def _has_a_choice(self) -> Searched:
        field, other = self.given_in, "values" if self.parameter == "bounds" else "bounds"
        if getattr(self, other):
            raise GlmError(
                f"the search of '{self.term}' over its {_WORDS[self.parameter]} takes '{field}', not '{other}'", field=other
            )
        if len(set(self.choices)) < 2:
            raise GlmError(
                f"the search of '{self.term}' has nothing to choose from; give two or more different {field}", field=field
            )
        if len(set(self.choices)) < len(self.choices):
            raise GlmError(f"the search of '{self.term}' has the same value twice; give each once", field=field)
        if self.parameter == "functions" and any(value != int(value) for value in self.values):
            raise GlmError(f"the search of '{self.term}': a number of functions is whole; correct it", field=field)
        return self

    @property
    def given_in(self) -> str:
        """The field that holds what is compared."""
        return "bounds" if self.parameter == "bounds" else "values"

    @property
    def choices(self) -> tuple[Any, ...]:
        """What is compared: numbers, or pairs of bounds."""
        if self.parameter == "bounds":
            return self.bounds
        return tuple(int(value) for value in self.values) if self.parameter == "functions" else self.values

    @property
    def field(self) -> str:
        """What the setting is called in a basis, or in an event term."""
        return "n" if self.parameter == "functions" else self.parameter

    def said(self, value: Any) -> str:
        """A choice in a few words: ``6 functions``, ``window 0.2 s``, ``position.x bounds 0 to 80``."""
        if self.parameter == "functions":
            words = numbered(value, "function")
        elif self.parameter == "bounds":
            words = f"bounds {value[0]:g} to {value[1]:g}"
        else:
            words = f"{self.parameter} {value:g} s"
        return f"{self.variable} {words}".strip()


def searched_from_text(text: str) -> Searched:
    """A search as a command line has it: ``place.functions=6,10,16``, ``history.window=0.1,0.2``, ``place.bounds=0:80,0:100``.

    Raises
    ------
    GlmError
        If it is not of that form.
    """
    name, _, given = text.partition("=")
    term, _, parameter = name.rpartition(".")
    parts, key = given.split(","), "bounds" if parameter == "bounds" else "values"
    try:
        values = [[float(end) for end in part.split(":")] if key == "bounds" else float(part) for part in parts]
    except ValueError:
        values = []
    if not term or not values or (key == "bounds" and any(len(pair) != 2 for pair in values)):
        raise GlmError(
            f"'{text}' is no search; write the term, the setting and its values: 'place.functions=6,10,16', 'place.bounds=0:80,0:100'",
            field="model.search",
        )
    return Searched.parse({"term": term, "parameter": parameter, key: values}, "search")


@dataclass(frozen=True)
class Setting:
    """One value of everything that is searched.

    Attributes
    ----------
    name : str
        In words, ``place 6 functions, history window 0.2 s``.
    values : tuple of str
        Of each search, in words.
    of : dict of str to str
        Label of the variant, by the label of the term.
    """

    name: str
    values: tuple[str, ...]
    of: dict[str, str]


@dataclass(frozen=True)
class SearchPlan:
    """All settings, and the terms that they are made of.

    Attributes
    ----------
    settings : tuple of Setting
    terms : tuple of terms
        Those of the analysis that are in use, in their order, each that is searched replaced by its variants.
    places : tuple of int
        Number of each in the analysis.
    """

    settings: tuple[Setting, ...]
    terms: tuple[AnyTerm, ...]
    places: tuple[int, ...]

    @property
    def searched(self) -> tuple[str, ...]:
        """Labels of the terms that are searched."""
        return tuple(self.settings[0].of)


def search_plan(terms: Sequence[AnyTerm], search: Sequence[Searched]) -> SearchPlan:
    """Every combination of what is searched, in the order given, the first search varying slowest.

    Raises
    ------
    GlmError
        If a term is not in the model or has not what is searched, the same is searched twice, a value is one that the term cannot
        have, or there are too many combinations.
    """
    known = {term.label: term for term in terms if term.enabled}
    asked: dict[str, list[int]] = {}
    for number, one in enumerate(search):
        if one.term not in known:
            raise GlmError(
                f"the search names '{one.term}', which is no term in the model; the terms are {listed(known)}",
                field=f"model.search.{number}.term",
            )
        for before in asked.get(one.term, []):
            if (search[before].parameter, search[before].variable) == (one.parameter, one.variable):
                raise GlmError(
                    f"the {_WORDS[one.parameter]} of '{one.term}' is searched twice; give all values in one place",
                    field=f"model.search.{number}.parameter",
                )
        asked.setdefault(one.term, []).append(number)
    count = math.prod(len(one.choices) for one in search)
    if count > MOST_SETTINGS:
        raise GlmError(
            f"the search has {count} combinations; each is a cross-validation of its own: give at most {MOST_SETTINGS}",
            field="model.search",
        )
    made: list[AnyTerm] = []
    places: list[int] = []
    for place, term in enumerate(terms):
        if term.enabled:
            numbers = asked.get(term.label, [])
            combined = product(*(search[number].choices for number in numbers))
            variants = [_variant(term, search, numbers, values) for values in combined] if numbers else [term]
            made += variants
            places += [place] * len(variants)
    settings = []
    for values in product(*(one.choices for one in search)):
        said = tuple(one.said(value) for one, value in zip(search, values, strict=True))
        of = {label: f"{label} ({', '.join(said[n] for n in numbers)})" for label, numbers in asked.items()}
        name = ", ".join(f"{one.term} {words}" for one, words in zip(search, said, strict=True))
        settings.append(Setting(name, said, of))
    return SearchPlan(tuple(settings), tuple(made), tuple(places))


def _variant(term: AnyTerm, search: Sequence[Searched], numbers: Sequence[int], values: Sequence[Any]) -> AnyTerm:
    """A term with values of what is searched of it."""
    changed, said = term, []
    for number, value in zip(numbers, values, strict=True):
        one = search[number]
        try:
            changed = _changed(changed, one, value, number)
        except GlmError as error:
            if error.field.startswith("model.search"):
                raise
            raise GlmError(
                f"the search of '{one.term}': {one.said(value)} cannot be: {error.message}",
                field=f"model.search.{number}.{one.given_in}",
            ) from error
        said.append(one.said(value))
    return changed.with_(setting=", ".join(said))


def _changed(term: AnyTerm, one: Searched, value: Any, number: int) -> AnyTerm:
    """A term with one value of what is searched."""
    if one.parameter in ("before", "after"):
        if term.kind == "event":
            return term.with_(**{one.field: value})
        raise _has_none(term, one, number)
    if term.kind == "covariate":
        variables = [factor.variable for factor in term.factors]
        if one.variable and one.variable not in variables:
            raise GlmError(
                f"the search of '{one.term}': it has no variable '{one.variable}'; it has {listed(variables)}",
                field=f"model.search.{number}.variable",
            )
        meant = [factor for factor in term.factors if one.variable in ("", factor.variable)]
        if one.parameter == "window" or not all(one.field in type(factor.basis).model_fields for factor in meant):
            raise _has_none(term, one, number)
        return term.with_(
            factors=tuple(
                factor.with_(basis=factor.basis.with_(**{one.field: value})) if factor in meant else factor
                for factor in term.factors
            )
        )
    basis = getattr(term, "basis", None)
    lacks = basis is None or one.field not in type(basis).model_fields
    if lacks or one.parameter == "bounds" or (one.parameter == "window" and term.kind == "event"):
        raise _has_none(term, one, number)
    if one.variable:
        raise GlmError(
            f"the search of '{one.term}': it is not one of several variables; leave 'variable' out",
            field=f"model.search.{number}.variable",
        )
    return term.with_(basis=basis.with_(**{one.field: value}))


def _has_none(term: AnyTerm, one: Searched, number: int) -> GlmError:
    words = {"covariate": "a tuning term", "event": "an event term, which has a time before and after"}
    what = words.get(term.kind, f"a {term.kind.replace('_', ' ')} term")
    return GlmError(
        f"the search of '{one.term}': {what} as it is has no {_WORDS[one.parameter]} to choose; search another setting",
        field=f"model.search.{number}.parameter",
    )
