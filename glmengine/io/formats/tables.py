"""Tables (CSV, TSV and Parquet) whose columns a recipe describes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import LARGEST_ARRAY, LARGEST_TEXT
from glmengine.io.files.table_lists import lists_in
from glmengine.io.files.table_numbers import Numbers, doubts_of, may_hold_thousands, numbers_in, said_of, thousands_in
from glmengine.io.files.table_text import (
    Layout,
    column_name,
    is_value,
    layout_of,
    odd_line,
    text_in,
    without_comments,
    without_totals,
)
from glmengine.io.files.table_times import Moments, moments_in, unclear_in
from glmengine.io.raw import WHOLE_TABLE, NamedArrays, unique_names
from glmengine.io.reader import Reader
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    import pandas as pd

FEWEST_NAMELESS, MOST_NAMELESS = 20, 200
"""Columns without names from which on they are a matrix too, and nothing but one."""

TEXT_ENDINGS, PARQUET = (".csv", ".tsv", ".txt", ".whl"), b"PAR1"


def recognises(path: Path, head: bytes) -> bool:
    """True for Parquet, and for text under one of the endings of tables whose lines have the same number of cells."""
    if path.is_dir():
        return False
    if head.startswith(PARQUET):
        return True
    if path.suffix.lower() not in TEXT_ENDINGS:
        return False
    try:
        # the head may end in the middle of a line
        text = text_in(head, cut=True)
    except UnicodeDecodeError:
        return False
    layout = layout_of(text[: text.rfind("\n") + 1] or text)
    return len(layout.widths) == 1 and (max(layout.widths) > 1 or layout.header_rows == 0 or _is_column(text, layout))


def why_no_table(path: Path, head: bytes) -> str:
    """Why text under one of the endings of tables is none, with the line at fault; empty where it is no text, or a table."""
    if path.suffix.lower() not in TEXT_ENDINGS:
        return ""
    try:
        text = text_in(head, cut=True)
    except UnicodeDecodeError as error:
        return f"is no text: {error.reason}; export it again" if "control character" in error.reason else ""
    layout = layout_of(text[: text.rfind("\n") + 1] or text)
    if len(layout.widths) < 2:
        return ""
    at, cells, usual = odd_line(text, layout)
    return f"line {at} has {numbered(cells, 'cell')} where others have {usual}; mend the line, or save the table again with one row a line"


def arrays(path: Path, names: set[str] | None = None) -> NamedArrays:
    """Every column by name; of many without a name, that `names` does not ask for, all as one matrix."""
    with open(path, "rb") as file:
        head = file.read(4096)
    found = _parquet(path) if head.startswith(PARQUET) else _csv(path)
    if names is None and WHOLE_TABLE in found and len(found) > MOST_NAMELESS:
        return NamedArrays({WHOLE_TABLE: found[WHOLE_TABLE]}, found.notes)
    return found


READER = Reader("table", (*TEXT_ENDINGS, ".parquet"), recognises, needs_recipe=True, probe=True, arrays=arrays)


def _parquet(path: Path) -> NamedArrays:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise GlmError(
            f"{path.name}: reading Parquet needs the package pyarrow; install it (pip install pyarrow), or save the table as CSV"
        ) from error
    file = parquet.ParquetFile(path)
    rows = file.metadata.num_rows
    if rows * 8 > LARGEST_ARRAY:
        raise GlmError(f"{path.name}: has {rows:,} rows, too many to read at once; save a shorter stretch")
    table = file.read()
    columns = {name: table.column(name).to_pandas() for name in table.column_names}
    notes: list[str] = []
    for name, column in columns.items():
        if _is_text(column):
            cells = column.astype(object).where(column.notna(), "").astype(str).tolist()
            moments = moments_in(cells)
            if moments is not None:
                columns[name] = _column_of(moments)
                notes += _said_of_moments(name, cells, moments, range(1, rows + 1))
                continue
            found = numbers_in(cells, ".")
            if found is not None:
                columns[name] = _column_of(found)
                notes += said_of(name, cells, found, range(1, rows + 1))
    return _plain(columns, notes)


def _csv(path: Path) -> NamedArrays:
    import pandas as pd

    if path.stat().st_size > LARGEST_TEXT:
        raise GlmError(
            f"{path.name}: is a text file of {path.stat().st_size / 2**30:.1f} GB, too large to read; save it as Parquet or NWB"
        )
    with open(path, "rb") as file:
        content = file.read()
    try:
        text = text_in(content)
    except UnicodeDecodeError as error:
        raise GlmError(f"{path.name}: is not text ({error.reason}); save it again as CSV in UTF-8") from error
    layout = layout_of(text)
    text, comments = without_comments(text, layout)
    text, totals = without_totals(text, layout)

    def rows(**options: Any) -> pd.DataFrame:
        return pd.read_csv(
            io.StringIO(text), sep=layout.separator, header=None, skiprows=layout.skipped + layout.header_rows,
            skipinitialspace=True, skip_blank_lines=True, low_memory=False, **options,
        )  # fmt: skip

    try:
        table = rows(decimal=layout.decimal)
    except pd.errors.EmptyDataError as error:
        raise GlmError(f"{path.name}: has names of columns and no row below them; export it again") from error
    except (pd.errors.ParserError, ValueError) as error:
        raise GlmError(
            f"{path.name}: is no table ({' '.join(str(error).split())[:100]}); save it again with one row a line"
        ) from error
    names = list(layout.names[: table.shape[1]])
    names += [column_name(number) for number in range(len(names), table.shape[1])]
    told_apart = unique_names(names)
    there = table.notna()
    empty = int(np.cumsum(there.any(axis=1).to_numpy()[::-1]).searchsorted(1)) if there.size else 0  # rows at the end
    table = table.iloc[: len(table) - empty] if empty < len(table) else table
    columns = {
        name: table.iloc[:, number]
        for number, name in enumerate(told_apart)
        if names[number] != column_name(number) or there.iloc[:, number].any()
    }
    notes = [*comments, *totals, *_said_of_names(names, told_apart)]
    lines: list[int] = []
    for name, column in columns.items():
        numeric = column.dtype.kind == "f" and may_hold_thousands(column.to_numpy())
        if not numeric and column.dtype.kind != "O":
            continue
        number = told_apart.index(name)
        cells = rows(usecols=[number], dtype=str, keep_default_na=False).iloc[: len(table), 0].tolist()
        if not lines:
            below = layout.skipped + layout.header_rows
            lines = [at for at, line in enumerate(text.splitlines(), 1) if at > below and line.strip()]
        moments = None if numeric else moments_in(cells)
        if moments is not None:
            columns[name] = _column_of(moments)
            notes += _said_of_moments(name, cells, moments, lines)
            continue
        rows_of_numbers = None if numeric else lists_in(name, cells, lines)
        if rows_of_numbers is not None:
            columns[name] = pd.Series(rows_of_numbers, dtype=object)
            continue
        found = _numbers_of(cells, layout, numeric)
        if found is None:
            notes += unclear_in(name, cells) + doubts_of(name, cells, layout.decimal, lines)
            continue
        columns[name] = _column_of(found)
        notes += said_of(name, cells, found, lines)
    found = _plain(columns, notes)
    if (
        all(name == column_name(number) for number, name in enumerate(layout.names))
        and len(found) >= FEWEST_NAMELESS
        and all(isinstance(one, np.ndarray) and one.dtype.kind in "buif" for one in found.values())
    ):
        found[WHOLE_TABLE] = np.column_stack(list(found.values()))
    return found


def _said_of_names(names: list[str], told_apart: list[str]) -> list[str]:
    """What is to be said of columns that have the same name in the header."""
    others: dict[str, list[str]] = {}
    for name, other in zip(names, told_apart, strict=True):
        if name != other:
            others.setdefault(name, []).append(f"'{other}'")
    return [
        f"{len(found) + 1} columns are called '{name}': the first is read as '{name}', the others as {listed(found, 8)}; give each a name of its own."
        for name, found in others.items()
    ]


def _numbers_of(cells: list[str], layout: Layout, numeric: bool) -> Numbers | None:
    """The numbers in a column that was read as text, or with decimals that may be thousands; None where it is to stay as it was read."""
    if numeric:
        return numbers_in(cells, "," if layout.decimal == "." else ".") if thousands_in(cells, layout.decimal) else None
    found = numbers_in(cells, layout.decimal)
    if found is None and layout.decimal == "." and layout.separator != ",":
        found = numbers_in(cells, ",")
    return found


def _column_of(found: Moments | Numbers) -> pd.Series:
    import pandas as pd

    return pd.Series(found.values)


def _said_of_moments(name: str, cells: Sequence[str], moments: Moments, lines: Sequence[int]) -> list[str]:
    """What is to be said of a column of moments: how it was read, and which cells are none."""
    odd = Numbers(np.empty(0), moments.odd, np.empty(0, dtype=np.int64))
    return [f"'{name}': {said}" for said in moments.said] + said_of(name, cells, odd, lines, "moment")


def _is_text(column: pd.Series) -> bool:
    import pandas as pd

    if not (pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)):
        return False
    there = column.dropna()
    return not len(there) or isinstance(there.iloc[0], str)


def _plain(columns: dict[str, pd.Series], notes: list[str]) -> NamedArrays:
    """Columns as arrays: dates as seconds from the earliest, lists of numbers as lists of arrays."""
    import pandas as pd

    found: dict[str, np.ndarray | list[np.ndarray]] = {}
    dates: dict[str, np.ndarray] = {}
    for name, column in columns.items():
        text = pd.api.types.is_object_dtype(column.dtype) or pd.api.types.is_string_dtype(column.dtype)
        first = column.dropna().iloc[0] if len(column.dropna()) else None
        if pd.api.types.is_datetime64_any_dtype(column.dtype):
            dates[name] = pd.to_datetime(column, utc=True).dt.tz_localize(None).to_numpy("datetime64[ns]")
            found[name] = np.empty(0)
        elif pd.api.types.is_timedelta64_dtype(column.dtype):
            found[name] = column.dt.total_seconds().to_numpy()
        elif isinstance(first, list | np.ndarray):
            cells = [np.asarray([] if cell is None else cell) for cell in column]
            if all(cell.dtype.kind in "buif" for cell in cells):
                found[name] = [cell.ravel() for cell in cells]
        elif text or isinstance(column.dtype, pd.CategoricalDtype):
            found[name] = column.astype(object).where(column.notna(), "").astype(str).to_numpy(dtype=object)
        elif pd.api.types.is_extension_array_dtype(column.dtype):
            found[name] = column.to_numpy(dtype=np.float64, na_value=np.nan)
        else:
            found[name] = column.to_numpy()
    return NamedArrays(found, notes, dates)


def _is_column(text: str, layout: Layout) -> bool:
    """Whether a single column has numbers below its name."""
    rows = [line for line in text.splitlines()[layout.skipped + layout.header_rows :] if line.strip()]
    return bool(rows) and is_value(rows[0])
