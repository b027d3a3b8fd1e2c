"""Excel workbooks with a sheet for each table, the data dictionary and the provenance."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.errors import GlmError
from glmengine.export.file_names import file_name, free_name
from glmengine.export.formats.result_tables import dictionary, result_tables
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result

_MOST_ROWS = 1_048_575  # of a sheet, below the titles
_LONGEST_NAME = 28  # of a sheet, with room for a number


def write(result: Result, path: Path) -> list[Path]:
    """One workbook; missing numbers are empty cells, texts are never formulas.

    Raises
    ------
    GlmError
        If a table has more rows than a sheet, or the file cannot be written.
    """
    from openpyxl import Workbook

    book, taken, tables = Workbook(write_only=True), set[str](), result_tables(result)
    for one in (*tables, dictionary(tables)):
        if one.n_rows > _MOST_ROWS:
            raise GlmError(f"table '{one.name}' has {one.n_rows:,} rows, more than a sheet of Excel; choose csv or parquet")
        sheet = book.create_sheet(free_name(file_name(one.name)[:_LONGEST_NAME], taken))
        sheet.append([_cell(sheet, title) for title in one.columns])
        for row in zip(*(values.tolist() for values in one.columns.values()), strict=True):
            sheet.append([_cell(sheet, value) for value in row])
    sheet = book.create_sheet(free_name("provenance", taken))
    for item, value in origin(result).items():
        sheet.append([_cell(sheet, item), _cell(sheet, value)])
    stream = io.BytesIO()
    book.save(stream)
    write_whole(path, stream.getvalue())
    return [path]


def _cell(sheet: Any, value: Any) -> Any:
    """A number with all its digits, of which openpyxl writes 16, or a cell of text, which openpyxl would make a formula where it begins with ``=``."""
    from openpyxl.cell import WriteOnlyCell

    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else _cell(sheet, str(value))
    exact = isinstance(value, float) and float(f"{value:.16g}") != value
    if not isinstance(value, str) and not exact:
        return value
    if exact:
        cell = WriteOnlyCell(sheet, value=repr(value))
        cell.data_type = "n"
        return cell
    cell = WriteOnlyCell(sheet, value=value)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell
