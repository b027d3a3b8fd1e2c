"""The text of a table: encoding, separator, header rows and the sign of decimals."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass

from glmengine.io.files.table_numbers import POINTS, of_fortran
from glmengine.io.files.table_times import is_moment
from glmengine.sentences import listed

SAMPLE_LINES = 20
COMMENT = re.compile(r"\s*(#|%|//|;;)")
EXCEL_SEPARATOR = re.compile(r"sep=(.)\s*$", re.IGNORECASE)

ROW_NAMES = "row"
"""What the names of rows are called that R writes without a name."""

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip

TOTALS = re.compile(
    r"(grand |sub)?(total|sum|mean|average|avg|median|sd|std|stdev|std\.? ?dev\.?|sem|variance|min|max|minimum|maximum|count|all|"
    r"summe|gesamt|mittel|mittelwert|somme|moyenne|suma|media)s?[.:]?(\s*[(\[].*)?",
    re.IGNORECASE,
)
"""First words of rows in which spreadsheets sum up those above."""

MOST_TOTALS = 8

FEWEST_NUMBERED = 4
"""Columns that are counted through in the first row, from which on that is not taken for data; two less behind an empty cell."""

UNIT_WORD = re.compile(
    r"(n|m|u|µ|μ)?s|secs?|seconds?|[mu]secs?|min|minutes|h|hours|(c|m|u|µ|μ|k)?m|px|pixels?|deg|degrees?|°|rad|radians?|k?hz|(m|u|µ|μ)?v|"
    r"(p|n|u|µ|μ)a|°c|%|(c|m)?m\s*(/|per|_)\s*s(ec)?|(c|m)?m\s*s\^?-1|(deg|°|rad|px|pixels?)\s*(/|per|_)\s*s(ec)?|frames?|samples?",
    re.IGNORECASE,
)
"""Units of measure, as some programs write them in a row of their own below the names."""

NO_UNIT_WORD = re.compile(r"[-–#1]|n\.?/?a\.?|a\.?u\.?|none|counts?|spikes?|number|bool(ean)?|text|string|id", re.IGNORECASE)
"""What stands there for columns that have no unit."""

CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Layout:
    """How the lines of a table are to be read.

    Attributes
    ----------
    skipped : int
        Lines before the header: empty ones and comments.
    separator : str
    names : tuple of str
        One a column; numbered where there is no header.
    header_rows : int
    decimal : str
    widths : frozenset of int
        Numbers of cells in the first lines: one number in a table.
    """

    skipped: int
    separator: str
    names: tuple[str, ...]
    header_rows: int
    decimal: str
    widths: frozenset[int]


def text_in(content: bytes, *, cut: bool = False) -> str:
    """The text of some bytes: as their mark says, else UTF-8, else the alphabet of Western Windows.

    Parameters
    ----------
    content : bytes
    cut : bool
        They may end in the middle of a character.

    Raises
    ------
    UnicodeDecodeError
        If they are not text.
    """
    encoding = next((name for mark, name in MARKS if content.startswith(mark)), "utf-8")
    if encoding.startswith("utf-16"):
        content = content[: len(content) - len(content) % 2] if cut else content
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(content, final=not cut)
    except UnicodeDecodeError:
        if encoding != "utf-8":
            raise
        text = content.decode("cp1252")
    found = CONTROL.search(text)
    if found:
        raise UnicodeDecodeError(encoding, content, 0, 1, f"it holds the control character {ord(found[0])}")
    return text


def layout_of(text: str) -> Layout:
    """How a table is laid out, from its first lines."""
    lines = text[:200_000].splitlines()
    skipped, separator = 0, ""
    for line in lines:
        told = EXCEL_SEPARATOR.match(line.strip("\ufeff"))
        separator = told[1] if told else separator
        if line.strip() and not told and not COMMENT.match(line):
            break
        skipped += 1
    sample = [line for line in lines[skipped : skipped + SAMPLE_LINES] if line.strip()]
    separator = separator or _separator(sample)
    rows = [[cell.strip() for cell in row] for row in csv.reader(sample, delimiter=separator, skipinitialspace=True)]
    widths = frozenset(len(row) for row in rows if row)
    if not rows or not rows[0]:
        return Layout(skipped, separator, (), 0, ".", widths)
    names, header_rows = _header(rows)
    names, widths = _as_wide_as_rows(names, rows[header_rows:], widths)
    cells = [cell for row in rows[header_rows:] for cell in row]
    comma = any(re.fullmatch(r"[-+]?(\d{1,3}(\.\d{3})+|\d*),\d+([eEdD][-+]?\d+)?", cell) for cell in cells)
    point = any(re.fullmatch(r"[-+]?\d*\.\d+([eEdD][-+]?\d+)?", cell) and not POINTS.fullmatch(cell) for cell in cells)
    return Layout(skipped, separator, names, header_rows, "," if comma and not point and separator != "," else ".", widths)


def odd_line(text: str, layout: Layout) -> tuple[int, int, int]:
    """The first line, counted from 1, that has another number of cells than most; that number, and that of most."""
    counted = [
        (number, len(next(csv.reader([line], delimiter=layout.separator, skipinitialspace=True))))
        for number, line in enumerate(text.splitlines()[: layout.skipped + SAMPLE_LINES], 1)
        if number > layout.skipped and line.strip()
    ]
    widths = [width for _, width in counted]
    usual = max(dict.fromkeys(widths), key=widths.count)
    return next((number, width, usual) for number, width in counted if width != usual)


def without_totals(text: str, layout: Layout) -> tuple[str, list[str]]:
    """The text without rows at its end that sum up those above, and what is to be said of them.

    Such a row has a word like "Total" or "Mean" as its first cell that is not empty, which no row above has in that column.
    """
    lines = text.splitlines()
    there = [at for at in range(len(lines) - 1, layout.skipped + layout.header_rows - 1, -1) if lines[at].strip()]
    found: list[tuple[int, int, str]] = []
    for at in there[:MOST_TOTALS]:
        cells = [cell.strip() for cell in next(csv.reader([lines[at]], delimiter=layout.separator, skipinitialspace=True))]
        column = next((number for number, cell in enumerate(cells) if cell), 0)
        if len(cells) < 2 or not TOTALS.fullmatch(cells[column]):
            break
        found.append((at, column, cells[column]))
    above = there[len(found) :]
    if not found or not above:
        return text, []
    for row in csv.reader([lines[at] for at in above], delimiter=layout.separator, skipinitialspace=True):
        if any(column < len(row) and row[column].strip().lower() == word.lower() for _, column, word in found):
            return text, []
    where = listed([f"'{word}' in line {at + 1}" for at, _, word in reversed(found)])
    one = len(found) == 1
    said = f"{where} {'sums' if one else 'sum'} up the rows above and {'was' if one else 'were'} left out."
    return "\n".join(lines[: found[-1][0]]) + "\n", [said]


def without_comments(text: str, layout: Layout) -> tuple[str, list[str]]:
    """The text with lines of comment between its rows made empty, so that all others keep their numbers, and what is to be said of them."""
    width = max(layout.widths, default=1)
    lines = text.splitlines()
    found = [
        at
        for at in range(layout.skipped + layout.header_rows, len(lines))
        if COMMENT.match(lines[at])
        and len(next(csv.reader([lines[at]], delimiter=layout.separator, skipinitialspace=True))) != width
    ]
    if not found:
        return text, []
    for at in found:
        lines[at] = ""
    where = listed([str(at + 1) for at in found], 8)
    one = len(found) == 1
    return "\n".join(lines) + "\n", [
        f"{'Line' if one else 'Lines'} {where} {'is a comment' if one else 'are comments'} and {'was' if one else 'were'} left out."
    ]


def is_value(cell: str) -> bool:
    """Whether a cell is a number or a moment, and so no name of a column."""
    return is_number(cell) or is_moment(cell)


def is_number(cell: str) -> bool:
    """Whether a cell is a number, with a point or a comma."""
    try:
        float(of_fortran(cell.strip().replace(",", ".")))
    except ValueError:
        return False
    return True


def _header(rows: list[list[str]]) -> tuple[tuple[str, ...], int]:
    """Names of the columns and how many rows they take."""
    leading = [row[0].lower() for row in rows if row]
    if leading[0] == "scorer" and "coords" in leading[:4]:
        deep = leading.index("coords") + 1
        parts = [row[1:] for row in rows[:deep] if row[0].lower() != "scorer"]
        return ("frame", *("_".join(filter(None, column)) for column in zip(*parts, strict=False))), deep
    if all(is_value(cell) for cell in rows[0] if cell):
        return tuple(column_name(number) for number in range(len(rows[0]))), int(_only_counts(rows))
    names = tuple(cell or column_name(number) for number, cell in enumerate(rows[0]))
    units = _units_below(rows)
    if not units:
        return names, 1
    return tuple(f"{name} ({unit})" if unit else name for name, unit in zip(names, units, strict=True)), 2


def _units_below(rows: list[list[str]]) -> list[str]:
    """The units of measure that the second row gives for each column, empty for one without; none where it is a row of data."""
    if len(rows) < 3 or len(rows[1]) != len(rows[0]):
        return []
    words = [cell.strip("()[] ") for cell in rows[1]]
    units = [word if UNIT_WORD.fullmatch(word) else "" for word in words]
    others = [word for word, unit in zip(words, units, strict=True) if word and not unit]
    measured = any(is_value(row[at]) for row in rows[2:] for at, unit in enumerate(units) if unit and at < len(row))
    return units if measured and all(NO_UNIT_WORD.fullmatch(word) for word in others) else []


def column_name(number: int) -> str:
    """What a column is called that has no name, by its place from 0."""
    return f"column{number + 1}"


def _only_counts(rows: list[list[str]]) -> bool:
    """Whether the first row numbers the columns, as a table is written that has no names for them."""
    cells = rows[0] if rows[0][0] else rows[0][1:]
    numbers = [int(cell) for cell in cells if cell.isdecimal()]
    fewest = FEWEST_NUMBERED if rows[0][0] else FEWEST_NUMBERED - 2
    return (
        len(numbers) == len(cells) >= fewest
        and numbers[0] in (0, 1)
        and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        and (len(rows) < 2 or rows[1] != rows[0])
    )


def _as_wide_as_rows(
    names: tuple[str, ...], below: list[list[str]], widths: frozenset[int]
) -> tuple[tuple[str, ...], frozenset[int]]:
    """Names for all columns where the header is one short of the rows: R leaves out that of the rows' own names, which come first.

    Some programs end each row, but not the header, with a separator: then it is the empty last column that has no name.
    """
    below = [row for row in below if row]
    if not below or {len(row) for row in below} != {len(names) + 1}:
        return names, widths
    last_is_empty = not any(row[-1] for row in below)
    return (*names, column_name(len(names))) if last_is_empty else (ROW_NAMES, *names), frozenset({len(names) + 1})


def _separator(sample: list[str]) -> str:
    """The separator that cuts the first lines into most cells, and into equally many."""

    def quality(separator: str) -> tuple[bool, int]:
        cells = [len(row) - 1 for row in csv.reader(sample, delimiter=separator, skipinitialspace=separator == " ")]
        return bool(cells) and min(cells) == max(cells) and cells[0] > 0, min(cells, default=0)

    return max("\t;, |", key=quality) if sample and any(quality(separator)[1] for separator in "\t;, |") else ","
