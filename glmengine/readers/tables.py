"""Tables: CSV, TSV and Parquet; a recipe says what their columns are, and may name columns of tables beside the file."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.reading import LARGEST_ARRAY, LARGEST_TEXT, RawRecording, Reader

if TYPE_CHECKING:
    from glmengine.recipes import Recipe

TEXT_ENDINGS, PARQUET = (".csv", ".tsv", ".txt"), b"PAR1"
SAMPLE_LINES = 20


def recognises(path: Path, head: bytes) -> bool:
    """True for Parquet, and for text under one of the endings of tables whose lines have the same number of cells."""
    if path.is_dir():
        return False
    if head.startswith(PARQUET):
        return True
    if path.suffix.lower() not in TEXT_ENDINGS or b"\0" in head:
        return False
    try:
        # the head may end in the middle of a line, or of a character
        whole = head[: head.rfind(b"\n") + 1] or head
        lines = _text(whole).splitlines()[:SAMPLE_LINES]
    except UnicodeDecodeError:
        return False
    rows = list(csv.reader(lines, delimiter=_separator(lines))) if lines else []
    widths = {len(row) for row in rows if row}
    return len(widths) == 1 and (max(widths) > 1 or _is_number(rows[-1][0]))


def arrays(path: Path, names: set[str] | None = None) -> dict[str, np.ndarray | list[np.ndarray]]:
    """Every column by name, and of the tables beside the file those columns that `names` asks for as ``FILE:COLUMN``."""
    found: dict[str, np.ndarray | list[np.ndarray]] = dict(_columns(path))
    for other in sorted({name.split(":", 1)[0] for name in names or () if ":" in name and name not in found}):
        if other != Path(other).name or other in ("", ".", ".."):
            raise GlmError(
                f"{path.name}: the recipe names the table '{other}', which is not beside it; put it into the same folder"
            )
        beside = path.parent / other
        if not beside.is_file():
            raise GlmError(
                f"{path.name}: the recipe names the table {other}, which is not beside it; put it into the same folder"
            )
        found |= {f"{other}:{name}": column for name, column in _columns(beside).items()}
    return found


def read(path: Path, recipe: Recipe | None) -> RawRecording:
    """The recording that the recipe makes of the columns."""
    from glmengine.recipes import apply_recipe, references

    if recipe is None:
        raise GlmError(f"{path.name}: a table needs a recipe that says what its columns are")
    return apply_recipe(recipe, arrays(path, references(recipe)))


READER = Reader("table", (*TEXT_ENDINGS, ".parquet"), recognises, read, needs_recipe=True, probe=True, arrays=arrays)


def _columns(path: Path) -> dict[str, np.ndarray]:
    with open(path, "rb") as file:
        head = file.read(4096)
    return _parquet(path) if head.startswith(PARQUET) else _csv(path)


def _parquet(path: Path) -> dict[str, np.ndarray]:
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
    return {name: table.column(name).to_pandas().to_numpy() for name in table.column_names}


def _csv(path: Path) -> dict[str, np.ndarray]:
    import pandas as pd

    if path.stat().st_size > LARGEST_TEXT:
        raise GlmError(
            f"{path.name}: is a text file of {path.stat().st_size / 2**30:.1f} GB, too large to read; save it as Parquet or NWB"
        )
    with open(path, "rb") as file:
        content = file.read()
    if b"\0" in content:
        raise GlmError(f"{path.name}: is text in parts only (it holds zero bytes); save it again as CSV")
    try:
        text = _text(content)
    except UnicodeDecodeError as error:
        raise GlmError(f"{path.name}: is not text in UTF-8 ({error.reason}); save it again as CSV in UTF-8") from error
    lines = text[:100_000].splitlines()[:SAMPLE_LINES]
    separator = _separator(lines)
    first = next(csv.reader(lines[:1], delimiter=separator), [])
    header = None if all(_is_number(cell) for cell in first if cell.strip()) else 0
    # a decimal comma is possible only where the comma does not separate
    decimal = "," if separator == ";" and "," in lines[-1] and "." not in lines[-1] else "."
    try:
        table = pd.read_csv(io.StringIO(text), sep=separator, header=header, decimal=decimal, skipinitialspace=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise GlmError(
            f"{path.name}: is no table ({' '.join(str(error).split())[:100]}); save it again with one row a line"
        ) from error
    names = (
        [f"column{number + 1}" for number in range(table.shape[1])]
        if header is None
        else [str(name).strip() for name in table.columns]
    )
    return {name: table.iloc[:, number].to_numpy() for number, name in enumerate(names)}


def _text(content: bytes) -> str:
    return content.decode("utf-8-sig")


def _separator(lines: list[str]) -> str:
    """The separator that cuts the first lines into most cells, and into equally many."""
    sample = [line for line in lines[:SAMPLE_LINES] if line.strip()]

    def quality(separator: str) -> tuple[bool, int]:
        cells = [line.count(separator) for line in sample]
        return bool(cells) and min(cells) == max(cells) and cells[0] > 0, min(cells, default=0)

    return max("\t;, ", key=quality) if sample and any(quality(separator)[1] for separator in "\t;, ") else ","


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return True
