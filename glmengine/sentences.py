"""Parts of the sentences of errors and notes: lists of names, numbers with their nouns, and how they begin."""

from __future__ import annotations

import re
from collections.abc import Iterable


def listed(names: Iterable[object], most: int = 12) -> str:
    """The first `most` names, and how many there are besides; empty where there are none."""
    names = [str(name) for name in names]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def numbered(count: int, noun: str) -> str:
    """``1 unit``, ``1,204 spikes``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def of_all(count: int, total: int, nouns: str, verb: str = "are") -> str:
    """``1 of 3 units is``, ``2 of 3 units are``; with the verb "were" or "have" in the same way."""
    return f"{count:,} of {total:,} {nouns} {_OF_ONE[verb] if count == 1 else verb}"


_OF_ONE = {"are": "is", "were": "was", "have": "has"}


def percent(share: float, digits: int = 0) -> str:
    """``85 %``: a share of one, with so many digits after the point, and the space that the sign of a unit has before it (ISO 80000-1).

    All and nothing have no digits to show: ``100 %`` is all, ``100.0 %`` nearly all.
    """
    digits = 0 if share in (0, 1) else digits
    return f"{share:.{digits}%}".replace("%", " %")


def exact_seconds(seconds: float, places: int = 0) -> str:
    """A length of time beside its number of bins: with two places after the point where fewer (`places`) would round it, as ``1,199.98``."""
    return f"{seconds:,.{places if round(seconds, places) == round(seconds, 2) else 2}f}"


def plain_power(number: str) -> str:
    """A number as a person writes it: ``1e-5``, not ``1e-05``."""
    return re.sub(r"e([+-])0*(\d)", lambda found: f"e{found[1].replace('+', '')}{found[2]}", number)


def capitalised(text: str) -> str:
    """The same, beginning with a capital; the rest stays as it is."""
    return text[:1].upper() + text[1:]


def unit_name(name: object) -> str:
    """A unit within a sentence: a bare number gets the word (``unit 0``), other names stand for themselves."""
    said = str(name)
    return f"unit {said}" if said.replace(".", "", 1).isdigit() else said


def unit_title(name: object) -> str:
    """A unit at the beginning of a title: ``Unit 0``, but other names as they are written."""
    said = unit_name(name)
    return said if said == str(name) else said.capitalize()


def rate_text(rate: float) -> str:
    """A mean rate (Hz) with two places after the point, below 0.01 with two digits: 0.00 would be that of a silent unit."""
    return f"{rate:.2f}" if rate >= 0.01 or not rate > 0 else plain_power(f"{rate:.2g}")


def as_shown(name: str) -> str:
    """The name of a term as people write it, a product with its sign: ``position.x × position.y``; files and commands keep the ``x``."""
    return name.replace(" x ", " \u00d7 ").replace("\nx ", "\n\u00d7 ")  # which may stand in two lines
