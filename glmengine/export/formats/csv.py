"""Folders of tidy CSV tables with a data dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glmengine.export.file_names import file_name, free_name
from glmengine.export.formats.result_tables import Table, dictionary, result_tables
from glmengine.export.outputs import writable_folder
from glmengine.export.tables import csv_text
from glmengine.io.files.whole import write_whole
from glmengine.results.origin import origin

if TYPE_CHECKING:
    from glmengine.results.result import Result


def write(result: Result, folder: Path) -> list[Path]:
    """A CSV of each table, ``data_dictionary.csv`` and ``provenance.csv``.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    folder, taken, written = writable_folder(folder), set[str](), []
    tables = result_tables(result)
    known = origin(result)
    whence = Table("provenance", {"item": np.array(list(known)), "value": np.array(list(known.values()))})
    for one in (*tables, dictionary(tables), whence):
        written.append(folder / f"{free_name(file_name(one.name), taken)}.csv")
        text = csv_text(list(one.columns), zip(*one.columns.values(), strict=True))
        write_whole(written[-1], text.encode("utf-8"))
    return written
