"""Numbers as people type them: with a comma for the point, or with another unit of time behind them."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+|\d+,\d+)([eE][+-]?\d+)?\s*([^\W\d_]*)")
_THOUSANDS = re.compile(r"[1-9]\d{0,2},\d{3}")
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "\u00b5s": 1e-6, "\u03bcs": 1e-6, "min": 60.0, "h": 3600.0}


def number_in(text: str, unit: str = "") -> float | None:
    """The number that a text stands for, in a unit.

    Parameters
    ----------
    text : str
        A number, whose point may be a comma where it cannot be that of thousands (``0,005``); behind it the same unit, or another of time.
    unit : str
        Of the number that is wanted; empty where it has none.

    Returns
    -------
    float or None
        None where the text stands for no number in this unit.
    """
    found = _NUMBER.fullmatch(text.strip())
    if found is None or _THOUSANDS.fullmatch(found[2]):
        return None
    number = float(f"{found[1]}{found[2].replace(',', '.')}{found[3] or ''}")
    written = found[4]
    if not written or written == unit:
        return number
    if written in _SECONDS and unit in _SECONDS:
        return float(f"{number * _SECONDS[written] / _SECONDS[unit]:.15g}")
    return None
