"""MATLAB files with a struct for each table."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.export.file_names import free_name
from glmengine.export.formats.result_tables import Table, dictionary, result_tables
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result

_LONGEST_NAME = 59  # MATLAB's is 63; the rest is for a number


def write(result: Result, path: Path) -> list[Path]:
    """A struct of columns for each table, ``data_dictionary`` and ``provenance``; texts are cell arrays.

    Names that MATLAB has not (blanks, other letters) get underscores; the data dictionary has both.

    Raises
    ------
    GlmError
        If the file cannot be written.
    """
    from scipy.io import savemat

    tables, taken = result_tables(result), {"data_dictionary", "provenance"}
    content: dict[str, object] = {"data_dictionary": _struct(dictionary(tables)), "provenance": origin(result)}
    for one in tables:
        content[free_name(_name(one.name), taken)] = _struct(one)
    stream = io.BytesIO()
    savemat(stream, content, long_field_names=True, do_compression=True, oned_as="column")
    write_whole(path, stream.getvalue())
    return [path]


def _struct(table: Table) -> dict[str, np.ndarray]:
    taken: set[str] = set()
    return {
        free_name(_name(title), taken): values.astype(object) if values.dtype.kind == "U" else values
        for title, values in table.columns.items()
    }


def _name(text: str) -> str:
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter == "_") else "_" for letter in text)
    return (plain if plain[:1].isalpha() else f"x{plain}")[:_LONGEST_NAME]
