"""What is written of an answer sheet: its tables, the methods paragraph, and the script that finds it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QGuiApplication

from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.own_folder import own_folder
from glmgui.work.questions import Questions

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_COPIED = "the methods paragraph of the answers is on the clipboard; the works that it cites in brackets are in references.bib of a saved sheet"


class AnswerFiles:
    """Writes of the sheet that is kept; does nothing where none is."""

    def __init__(self, document: Document, jobs: Jobs, settings: Settings, questions: Questions) -> None:
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions

    def save(self) -> None:
        """Write the sheet as tables, the files of ``glmengine explain --out``, into a folder of its own in the one that is chosen."""
        kept = self._document.answers
        if kept is None:
            return
        within = self._questions.folder("Where to put the folder of the answer sheet", self._settings.save_folder)
        if within is None:
            return
        own = own_folder(within, f"{kept.recording_name} answers")
        folder, self._settings.save_folder = own.folder, own.within
        if own.holds_something and not self._questions.replace_files(folder, "answers"):
            return
        recording, settings = self._recording_of(kept), kept.settings

        def work(context: Context) -> int:
            from glmengine.export.answer_files import write_answers

            asked = {"analysis": kept.analysis, "shifts": settings.shifts, "simulations": settings.simulations}
            models = kept.models if recording is None else None
            return len(write_answers(kept.sheet, folder, **asked, models=models, recording=recording))

        def said(files: int) -> None:
            notices().tell("info", f"{numbered(files, 'file')} written to {folder}", title="Export", written=folder)

        self._jobs.submit(f"Saving the answers to {folder.name}", work, said)

    def copy_methods(self) -> None:
        """Put the paragraph that says how the answers were found on the clipboard."""
        kept = self._document.answers
        if kept is None:
            return

        def write(context: Context) -> str:
            from glmengine.export.answer_methods import answers_methods

            return answers_methods(kept.sheet, kept.analysis, kept.settings.simulations)

        def take(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            notices().tell("info", _COPIED, title="Export")

        self._jobs.submit("Writing the methods paragraph", write, take)

    def save_script(self) -> None:
        """Save the Python script that finds the same answers."""
        kept = self._document.answers
        if kept is None:
            return
        from glmengine.export.file_names import shown_name

        start = f"{self._settings.save_folder}/{shown_name(f'{kept.recording_name} answers.py')}"
        path = self._questions.save_path("Export script", start, "Python (*.py)", ".py")
        if path is None:
            return
        self._settings.save_folder = path.parent
        recording, settings = self._recording_of(kept), kept.settings

        def work(context: Context) -> None:
            from glmengine.export.answer_files import opening_of
            from glmengine.export.answer_script import answers_script
            from glmengine.io.files.whole import write_whole

            text = answers_script(
                kept.analysis,
                **opening_of(recording),
                shifts=settings.shifts,
                simulations=settings.simulations,
                folder=path.parent,
            )
            write_whole(path, text.encode("utf-8"))

        self._jobs.submit(
            f"Writing {path.name}",
            work,
            lambda _: notices().tell("info", f"{path.name} written to {path.parent}", title="Export", written=path),
        )

    def _recording_of(self, kept: KeptAnswers) -> Recording | None:
        """The open recording where the sheet is of it."""
        recording = self._document.recording
        return recording if kept.is_of(recording) else None
