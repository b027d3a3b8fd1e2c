"""Numbers as they are written: those of a column alike, each with as many places after the point as the largest needs, and p-values."""

from __future__ import annotations

import math
from collections.abc import Sequence

_SMALLEST, _LARGEST, _WIDEST_SPAN = 1e-6, 1e12, 1e7


def alike(values: Sequence[float], digits: int = 4, missing: str = "\u2013") -> list[str]:
    """Write numbers that stand below each other with the same places, so that they can be compared by eye.

    Parameters
    ----------
    values : sequence of float
    digits : int
        Of the largest of them; places that are zero in all are left out.
    missing : str
        What stands for NaN.
    """
    sizes = [abs(value) for value in values if math.isfinite(value) and value]
    if sizes and not (_SMALLEST <= max(sizes) <= min(_LARGEST, _WIDEST_SPAN * min(sizes))):
        return [_single(value, digits, missing) for value in values]  # with as many places none of them could be read
    places = max(digits - 1 - math.floor(math.log10(max(sizes))), 0) if sizes else 0
    while places and all(_is_whole(value * 10 ** (places - 1)) for value in sizes):
        places -= 1
    return [_fixed(value, places) if math.isfinite(value) else _single(value, digits, missing) for value in values]


def p_text(p: float) -> str:
    """A p-value as it is written: ``0.03``, ``< 0.001``."""
    if p != p:
        return "\u2013"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def _fixed(value: float, places: int) -> str:
    """With so many places; what is written as zero has no sign."""
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def _is_whole(value: float) -> bool:
    return abs(value - round(value)) < 0.05


def _single(value: float, digits: int, missing: str) -> str:
    if math.isnan(value):
        return missing
    whole, exponent, power = f"{value:,.{digits - 1}g}".partition("e")
    return f"{whole}e{int(power)}" if exponent else whole
