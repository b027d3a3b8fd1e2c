"""Export of the analysis, of tables, of the recording, and of copies of it with results."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QGuiApplication

from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.own_folder import own_folder
from glmgui.work.questions import Questions

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.result import Result

_REPORTS = {
    ".pdf": "PDF: pages to print and to send, figures as vectors",
    ".html": "HTML: one file that any browser opens, with tables that sort",
}
_ALONE = "csv: coefficients and errors alone, one table"


class Exporting(QObject):
    """Asks for a name and writes; what is written never changes what is open.

    Signals
    -------
    exported : Path
        A file or folder was written.
    """

    exported = Signal(object)

    def __init__(
        self, document: Document, jobs: Jobs, settings: Settings, questions: Questions, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions

    def save_analysis(self) -> None:
        """Save the analysis alone, as a file that the command line runs."""
        analysis = self._document.analysis
        path = self._ask("Save analysis", f"{analysis.title or 'analysis'}.toml", "Analysis (*.toml)", ".toml")
        if path is not None:
            self._write(path, lambda context: analysis.save(path))

    def export_coefficients(self, path: Path | None = None) -> None:
        """Save coefficients and errors as CSV, or all numbers in one of the engine's formats."""
        result = self._document.result
        if result is None:
            return
        form = None
        if path is None:
            from glmengine.export.formats import FORMATS

            there = [one for one in FORMATS if not one.missing]
            texts = [_ALONE, *(f"{one.name}: {one.what}" for one in there)]
            chosen = self._questions.choose("Export coefficients", "Format", texts)
            if chosen is None:
                return
            form = there[chosen - 1] if chosen else None
            if form is not None and not form.ending:
                folder = self._questions.folder("Folder for the tables", self._settings.save_folder)
                path = None if folder is None else folder / f"tables-{form.name}"
            else:
                ending = ".csv" if form is None else form.ending
                name = "coefficients.csv" if form is None else f"{self._document.analysis.title or 'result'}{ending}"
                path = self._ask("Export coefficients", name, f"{texts[chosen]} (*{ending})", ending)
        if path is not None:
            self._write(path, lambda context: write_coefficients(result, path, form.name if form else ""))

    def export_scores(self, path: Path | None = None) -> None:
        """Save the table of scores as CSV."""
        result = self._document.result
        if result is None:
            return
        path = path or self._ask("Export scores", "scores.csv", "CSV (*.csv)", ".csv")
        if path is not None:
            self._write(path, lambda context: write_scores(result, path))

    def export_report(self, path: Path | None = None) -> None:
        """Save the report as one file, HTML or PDF as the name ends."""
        result, recording = self._document.result, self._document.recording
        if result is None:
            return
        if path is None:
            form = self._questions.choose("Export report", "Format", list(_REPORTS.values()))
            if form is None:
                return
            ending = list(_REPORTS)[form]
            name = f"{self._document.analysis.title or 'report'}{ending}"
            path = self._ask("Export report", name, f"{ending.removeprefix('.').upper()} (*{ending})", ending)
        if path is None:
            return

        def write(context: Context) -> None:
            from glmengine.export.report import write_report

            write_report(result, path, recording, replace=True, context=context)  # the dialog has asked

        self._write(path, write)

    def copy_methods(self) -> None:
        """Put the methods paragraph of the result on the clipboard."""
        result = self._document.result
        if result is None:
            return

        def write(context: Context) -> str:
            from glmengine.export.methods import methods_text

            return methods_text(result)

        def take(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            notices().tell(
                "info", "the methods paragraph is on the clipboard; the works that it cites in brackets are at the end of the report",
                title="Export",
            )  # fmt: skip

        self._jobs.submit("Writing the methods paragraph", write, take)

    def export_script(self, path: Path | None = None) -> None:
        """Save the analysis as a Python script that gives the same numbers, with the checks of the result where it is of this analysis."""
        document = self._document
        recording, result = document.recording, document.kept_result
        if recording is None:
            return
        if result is not None and document.result_is_stale:
            result = None
        analysis = document.analysis if result is None else result.analysis
        path = path or self._ask("Export script", f"{analysis.title or 'script'}.py", "Python (*.py)", ".py")
        if path is None:
            return
        where, recipe = str(recording.path or ""), recording.source.get("recipe")

        def write(context: Context) -> None:
            from glmengine.export.script import script_text
            from glmengine.io.files.whole import write_whole

            write_whole(path, script_text(analysis, where or None, recipe, result, path.parent).encode("utf-8"))

        self._write(path, write)

    def export_all(self) -> None:
        """Write everything that the command line writes, into a folder of its own in the one that is chosen."""
        result, recording = self._document.result, self._document.recording
        if result is None:
            return
        within = self._questions.folder("Where to put the folder of results", self._settings.save_folder)
        if within is None:
            return
        named = result.analysis.title or (recording.name if recording is not None else "")
        own = own_folder(within, f"{named} results".strip())
        folder, self._settings.save_folder = own.folder, own.within
        if own.holds_something and not self._questions.replace_files(folder, "results"):
            return

        def write(context: Context) -> list[Path]:
            from glmengine.export import write_outputs

            return write_outputs(result, folder, recording, replace=True, context=context)

        def take(files: list[Path]) -> None:
            notices().tell("info", f"{numbered(len(files), 'file')} written to {folder}", title="Export", written=folder)
            self.exported.emit(folder)

        self._jobs.submit(f"Writing {folder.name}", write, take)

    def save_recording(self, ending: str, path: Path | None = None) -> None:
        """Save the recording as NWB (``".nwb"``) or as a folder of pynapple npz files (``""``)."""
        recording = self._document.recording
        if recording is None:
            return
        title, kinds, name = (
            ("Save recording as NWB", "NWB (*.nwb)", f"{recording.name}-copy.nwb")
            if ending
            else ("Save recording as a new folder of npz files", "Folder (*)", f"{recording.name}-npz")
        )
        path = path or self._ask(title, name, kinds, ending)
        if path is None:
            return
        path, agreed = _ending_in(path, ending)

        def write(context: Context) -> None:
            from glmengine.export.recordings import save_recording

            save_recording(recording, path, replace=agreed, context=context)

        self._write(path, write)

    def export_nwb(self, path: Path | None = None) -> None:
        """Save a copy of the recording as NWB with the results in it."""
        result, recording = self._document.result, self._document.recording
        if result is None or recording is None:
            return
        path = path or self._ask(
            "Export results into a copy of the NWB file", f"{recording.name}-fitted.nwb", "NWB (*.nwb)", ".nwb"
        )
        if path is None:
            return

        path, agreed = _ending_in(path, ".nwb")

        def write(context: Context) -> None:
            from glmengine.errors import GlmError
            from glmengine.export.nwb_results import write_results_nwb

            if path.exists() and not agreed:
                raise GlmError(f"{path}: exists already; give another name")
            write_results_nwb(result, recording, path)

        self._write(path, write)

    def _ask(self, title: str, name: str, kinds: str, ending: str) -> Path | None:
        from glmengine.export.file_names import shown_name

        return self._questions.save_path(title, f"{self._settings.save_folder}/{shown_name(name)}", kinds, ending)

    def _write(self, path: Path, write: Callable[[Context], Any]) -> None:
        self._settings.save_folder = path.parent

        def take(_: object) -> None:
            notices().tell("info", f"written to {path}", title="Export", written=path)
            self.exported.emit(path)

        self._jobs.submit(f"Writing {path.name}", write, take)


def write_coefficients(result: Result, path: Path, form: str = "") -> None:
    """Coefficients and errors as CSV, or all numbers in the format of this name, or that the path's name ends as; runs in the worker."""
    from glmengine.export.csv_metadata import write_csv
    from glmengine.export.formats import FORMATS, export_result
    from glmengine.export.tables import coefficients_csv

    found = form or next((one.name for one in FORMATS if one.ending and one.ending == path.suffix.lower()), "")
    if found:
        export_result(result, path, found, replace=path.is_file())  # of a file the dialog has asked, of a folder nobody
    else:
        write_csv(result, path, coefficients_csv(result))


def write_scores(result: Result, path: Path) -> None:
    """The table of scores as CSV; runs in the worker."""
    from glmengine.export.csv_metadata import write_csv
    from glmengine.export.tables import scores_csv

    write_csv(result, path, scores_csv(result))


def _ending_in(path: Path, ending: str) -> tuple[Path, bool]:
    """The path with the ending, and whether the user has agreed to replace what is there: not where the ending was put to the name."""
    if not ending or path.suffix.lower() == ending:
        return path, True
    return path.with_name(path.name + ending), False
