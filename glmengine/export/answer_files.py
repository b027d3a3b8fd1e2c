"""An answer sheet as CSV tables and one NetCDF file, with the selection behind it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.export.goodness_tables import write_datasets
from glmengine.export.outputs import writable_folder
from glmengine.export.selection_tables import selection_texts
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.answers.sheet import AnswerSheet


def write_answers(sheet: AnswerSheet, folder: str | Path) -> list[Path]:
    """Write ``answers.csv``, ``terms.csv``, curves, filters and evidence, ``answers.nc``, and the tables of the selection, ``selection_*.csv``.

    Raises
    ------
    GlmError
        If the folder cannot be written to.
    """
    folder = writable_folder(folder)
    written = write_datasets(sheet.datasets(), folder, "answers")
    for name, text in selection_texts(sheet.selection).items():
        write_whole(folder / name, text.encode("utf-8"))
        written.append(folder / name)
    return written
