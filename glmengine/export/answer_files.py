"""An answer sheet as CSV tables and one NetCDF file, with the selection behind it, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.export.answer_methods import answers_bibtex, answers_methods
from glmengine.export.file_names import file_name, free_name
from glmengine.export.goodness_tables import write_datasets
from glmengine.export.outputs import writable_folder
from glmengine.export.selection_tables import selection_texts
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.sheet import AnswerSheet


def write_answers(
    sheet: AnswerSheet,
    folder: str | Path,
    *,
    analysis: Analysis | None = None,
    simulations: int = 0,
    models: Mapping[str, Analysis] | None = None,
) -> list[Path]:
    """Write ``answers.csv``, ``terms.csv``, curves, filters and evidence, ``answers.nc``, and the tables of the selection, ``selection_*.csv``.

    Parameters
    ----------
    sheet : AnswerSheet
    folder : path
    analysis : Analysis, optional
        The question that it answers: ``methods.txt`` says how that was done, and ``references.bib`` has what it cites.
    simulations : int
        As they were asked for.
    models : mapping of str to Analysis, optional
        The model that was chosen for each unit: ``models/UNIT.toml``, which ``glmengine run`` fits.

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
    if analysis is not None:
        said = answers_methods(sheet, analysis, simulations)
        year = str(datetime.now(UTC).year)
        for name, text in (("methods.txt", f"{said}\n"), ("references.bib", answers_bibtex(said, year))):
            write_whole(folder / name, text.encode("utf-8"))
            written.append(folder / name)
    taken = set[str]()
    for unit, model in (models or {}).items():
        path = writable_folder(folder / "models") / f"{free_name(file_name(unit), taken)}.toml"
        model.save(path)
        written.append(path)
    return written
