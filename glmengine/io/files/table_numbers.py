"""Numbers in the cells of a table that a plain reading takes for text, or for other numbers: thousands signs and odd cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.sentences import percent

MOSTLY = 0.9
"""Share of the cells that must be numbers for a column to be one of numbers."""

LOOKED_AT = 20
"""Cells that say whether a column may hold something else than plain numbers at all."""

MOST_SHOWN = 3

COMMAS = re.compile(r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?")
POINTS = re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d+)?")
SPACES = re.compile(r"[-+]?\d{1,3}([ '\u2019\u00a0\u2009\u202f]\d{3})+([.,]\d+)?")
SHORT = re.compile(r"[-+]?\d{1,3}")

FORTRAN = re.compile(r"([-+]?(?:\d+\.\d*|\.\d+))[dD]([-+]?\d{1,3})|([-+]?\d+)[dD]([-+]\d{1,3})")
"""Numbers of double precision as Fortran writes them: 1.5D+03."""

MINUS = "\u2212"
"""The sign of word processors."""

MARK = re.compile(r"[^\w\s]{1,4}")
"""Cells of signs alone, such as a dash, which stand for what is missing however many they are."""

MEASURED = re.compile(
    r"(?P<number>[-+]?[\d.,]*\d(?:[eE][-+]?\d{1,3})?)\s*(?P<unit>%|°|deg|rad|[cm\u00b5\u03bcu]?m|px|pixels?|[km]?Hz|[m\u00b5\u03bcu]?V|(?:[cm]?m|deg|rad|\u00b0)/s)"
)
"""Numbers with their unit of measure, but for units of time: clocks are told apart by them."""

TIMED = re.compile(r"[-+]?[\d.,]*\d\s*(?:[num\u00b5\u03bc]?s|sec|min|h)")
"""Numbers with their unit of time."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>", "#n/a"})
"""What stands in tables for a value that is not there; any other text among numbers is said."""


@dataclass(frozen=True)
class Numbers:
    """A column of cells as numbers.

    Attributes
    ----------
    values : (N,) float64
        NaN where a cell is empty or no number.
    odd : (K,) int array
        Rows of cells that are no numbers.
    grouped : (G,) int array
        Rows of cells in which thousands were set apart.
    unit : str
        The unit of measure that stands behind nearly all of the numbers.
    """

    values: np.ndarray
    odd: np.ndarray
    grouped: np.ndarray
    unit: str = ""


def numbers_in(cells: Sequence[str], decimal: str) -> Numbers | None:
    """The numbers that nearly all of the cells are; None where they are not, so that the column is one of texts."""
    plain, unit = _without_unit([cell.strip().replace(MINUS, "-") for cell in cells])
    values = np.full(len(plain), np.nan)
    odd, grouped, known, marks = [], [], 0, 0
    for row, cell in enumerate(plain):
        if cell.lower() in MISSING:
            continue
        known += 1
        number = _number(cell, decimal)
        if number is not None:
            values[row] = number
            continue
        number = _number(_without_groups(cell, decimal), decimal)
        if number is None:
            odd.append(row)
            marks += MARK.fullmatch(cell) is not None
        else:
            values[row] = number
            grouped.append(row)
    if not known or len(odd) - marks > (1 - MOSTLY) * known or len(odd) > 0.5 * known:
        return None
    return Numbers(values, np.array(odd, dtype=np.int64), np.array(grouped, dtype=np.int64), unit)


def said_of(name: str, cells: Sequence[str], found: Numbers, lines: Sequence[int], what: str = "number") -> list[str]:
    """What is to be said of a column; `lines` are the numbers of the lines that its cells stand in, `what` is each cell that is not odd."""
    notes = []
    if found.unit:
        first = int(np.flatnonzero(np.isfinite(found.values))[0])
        notes.append(
            f"'{name}': {found.unit} stands behind its numbers; '{cells[first].strip()}' was read as {found.values[first]:.15g}. Give the unit in the "
            f"column's name, '{name} ({found.unit})', or in the recipe."
        )
    if len(found.odd):
        one = len(found.odd) == 1
        notes.append(
            f"'{name}': {_cells(cells, found.odd, lines)} {f'is no {what} and was' if one else f'are no {what}s and were'} taken as missing."
        )
    if len(found.grouped):
        first = int(found.grouped[0])
        notes.append(
            f"'{name}': thousands are set apart in {_cells(cells, found.grouped, lines)}; '{cells[first].strip()}' was read as "
            f"{found.values[first]:.15g}."
        )
    return notes


def doubts_of(name: str, cells: Sequence[str], decimal: str, lines: Sequence[int]) -> list[str]:
    """What is to be said of a column that stays one of texts although half of it or more are numbers."""
    known = [row for row, cell in enumerate(cells) if cell.strip().lower() not in MISSING]
    united = [row for row in known if MEASURED.fullmatch(cells[row].strip()) or TIMED.fullmatch(cells[row].strip())]
    if len(united) > 0.5 * len(known):
        shown = _cells(cells, np.array(united, dtype=np.int64), lines)
        return [f"'{name}' is taken as texts: units stand behind its numbers, {shown}; write the numbers alone, all in one unit."]
    texts = np.array([row for row in known if _number(cells[row].strip(), decimal) is None], dtype=np.int64)
    if not len(texts) or len(texts) > 0.5 * len(known):
        return []
    share = percent(1 - len(texts) / len(known))
    return [f"'{name}' is taken as texts, although {share} of its cells are numbers: {_cells(cells, texts, lines)}."]


def thousands_in(cells: Sequence[str], sign: str) -> bool:
    """Whether the sign of decimals parts thousands in a column: it stands before three digits, and all that has none is below a thousand."""
    groups = POINTS if sign == "." else COMMAS
    plain = [cell for cell in (cell.strip() for cell in cells) if cell.lower() not in MISSING]
    pointed = [cell for cell in plain if sign in cell]
    short = [cell for cell in plain if sign not in cell]
    return (
        bool(pointed)
        and any(len(cell.lstrip("+-")) == 3 for cell in short)
        and all(groups.fullmatch(cell) for cell in pointed)
        and all(SHORT.fullmatch(cell) for cell in short)
        and not any(cell.lstrip("+-").startswith("0") for cell in pointed)
        and any(cell.endswith("0") for cell in pointed)  # which a decimal would have lost
    )


def may_hold_thousands(values: np.ndarray) -> bool:
    """Whether numbers that were read with decimals could be thousands: three decimals at most, all below a thousand."""
    finite = values[np.isfinite(values)]
    broken = finite[finite != np.rint(finite)]
    if not len(broken) or np.abs(finite).max() >= 1000 or np.abs(broken).min() < 1:
        return False
    return bool((np.abs(broken * 1000 - np.rint(broken * 1000)) < 1e-6).all()) and bool((np.abs(finite) >= 100).any())


def of_fortran(cell: str) -> str:
    """A cell with the exponent of Fortran's double precision as other languages write it; any other as it is."""
    found = FORTRAN.fullmatch(cell)
    return cell if found is None else f"{found[1] or found[3]}e{found[2] or found[4]}"


def _number(cell: str, decimal: str) -> float | None:
    """The number that a cell is in this kind of table; None also for what would be one in the other kind, or in Python alone."""
    if "_" in cell or (decimal == "," and POINTS.fullmatch(cell)):
        return None
    try:
        return float(of_fortran(cell.replace(",", ".") if decimal == "," and "." not in cell else cell))
    except ValueError:
        return None


def _without_unit(cells: list[str]) -> tuple[list[str], str]:
    """Cells without the unit of measure that stands behind the numbers in nearly all that are not missing, and that unit; as they are, and
    none, where there is no such unit."""
    first = next((cell for cell in cells if cell.lower() not in MISSING), "")
    if MEASURED.fullmatch(first) is None:
        return cells, ""
    known = sum(cell.lower() not in MISSING for cell in cells)
    found = [MEASURED.fullmatch(cell) for cell in cells]
    units = Counter(one["unit"] for one in found if one is not None)
    unit, times = units.most_common(1)[0]
    if times < MOSTLY * known:
        return cells, ""
    return [cell if one is None or one["unit"] != unit else one["number"] for cell, one in zip(cells, found, strict=True)], unit


def _without_groups(cell: str, decimal: str) -> str:
    if SPACES.fullmatch(cell):
        return re.sub(r"[ '\u2019\u00a0\u2009\u202f]", "", cell)
    if decimal == "," and POINTS.fullmatch(cell):
        return cell.replace(".", "")
    if decimal == "." and COMMAS.fullmatch(cell):
        return cell.replace(",", "")
    return cell


def _cells(cells: Sequence[str], rows: np.ndarray, lines: Sequence[int]) -> str:
    shown = ", ".join(f"'{cells[row].strip()[:30]}' in line {lines[row]}" for row in rows[:MOST_SHOWN])
    more = len(rows) - MOST_SHOWN
    return shown + (f" and {more:,} more cells" if more > 0 else "")
