"""An answer sheet as CSV tables and one NetCDF file, with the selection behind it, and how it was made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glmengine.analysis.sources import for_recording
from glmengine.answers.unit_model import models_of
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.export.answer_methods import answers_bibtex, answers_methods
from glmengine.export.answer_script import answers_script
from glmengine.export.file_names import file_name, free_name
from glmengine.export.goodness_tables import write_datasets
from glmengine.export.outputs import writable_folder
from glmengine.export.selection_tables import selection_texts
from glmengine.io.files.whole import write_whole

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.sheet import AnswerSheet
    from glmengine.recording.recording import Recording


@takes_only_its_kinds
def write_answers(
    sheet: AnswerSheet,
    folder: str | Path,
    *,
    analysis: Analysis | None = None,
    shifts: int = 200,
    simulations: int = 0,
    models: Mapping[str, Analysis] | None = None,
    recording: Recording | None = None,
) -> list[Path]:
    """Write ``answers.csv``, ``terms.csv``, curves, filters and evidence, ``answers.nc``, and the tables of the selection, ``selection_*.csv``.

    Parameters
    ----------
    sheet : AnswerSheet
    folder : path
    analysis : Analysis, optional
        The question that it answers: ``methods.txt`` says how that was done, ``references.bib`` has what it cites, and ``script.py`` finds the answers again.
    shifts, simulations : int
        As they were asked for.
    models : mapping of str to Analysis, optional
        The model that was chosen for each unit: ``models/UNIT.toml``, which ``glmengine run`` fits. Where not given, those of the recording.
    recording : Recording, optional
        That was asked about: the models are of it, and the script opens its file.

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
        script = answers_script(analysis, **opening_of(recording), shifts=shifts, simulations=simulations, folder=folder)
        write_whole(folder / "script.py", script.encode("utf-8"))
        written.append(folder / "script.py")
    if models is None and analysis is not None and recording is not None:
        found = models_of(analysis, sheet, recording_name=recording.name, recording_sha256=recording.sha256)
        models = {unit: for_recording(model, recording) for unit, model in found.items()}
    taken = set[str]()
    for unit, model in (models or {}).items():
        path = writable_folder(folder / "models") / f"{free_name(file_name(unit), taken)}.toml"
        model.save(path)
        written.append(path)
    return written


def opening_of(recording: Recording | None) -> dict[str, Any]:
    """Where a script finds a recording, and with which recipe it opens it; that of the analysis where it is in no file."""
    if recording is None or not recording.path:
        return {}
    return {"recording_path": str(recording.path), "recipe": recording.source.get("recipe")}
