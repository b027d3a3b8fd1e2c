"""Lists of numbers in single cells of a table, as programs write a table whose cells hold arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.table_numbers import LOOKED_AT, MISSING, MOSTLY

LIST = re.compile(r"\s*(array)?\(?\s*[\[(](?P<inside>[^\[\]]*)[\])]\s*(,\s*dtype=\w+)?\)?\s*", re.DOTALL)
WRAPPED = re.compile(r"np\.\w+\(([^()]*)\)")
"""How newer NumPy writes a number inside a list."""


def lists_in(name: str, cells: Sequence[str], lines: Sequence[int]) -> list[np.ndarray] | None:
    """The arrays that nearly all cells of a column are; None where they are not.

    Raises
    ------
    GlmError
        If a list was shortened when it was written, or holds what is no number.
    """
    known = [cell for cell in cells if cell.strip().lower() not in MISSING]
    if not known or sum(_inside(cell) is not None for cell in known[:LOOKED_AT]) < MOSTLY * len(known[:LOOKED_AT]):
        return None
    found = []
    for cell, line in zip(cells, lines, strict=False):
        inside = _inside(cell) or ""
        if "..." in inside:
            raise GlmError(
                f"'{name}' in line {line} holds '...', for the list was shortened when the table was written: what is left out is lost; save "
                "it whole, with one row a spike, or as Parquet, MAT or NWB"
            )
        try:
            found.append(np.array([float(number) for number in re.split(r"[,;\s]+", inside.strip()) if number], dtype=np.float64))
        except ValueError as error:
            raise GlmError(
                f"'{name}' in line {line} is a list in which there is more than numbers ({error}); correct it"
            ) from error
    return found


def _inside(cell: str) -> str | None:
    found = LIST.fullmatch(WRAPPED.sub(r"\1", cell))
    return None if found is None else found["inside"]
