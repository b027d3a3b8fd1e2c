"""Saving of projects, so that nothing is lost and nothing of others is written over."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.fitting import FIT
from glmgui.work.project import Stamp, save_project, stamp_of
from glmgui.work.questions import Questions
from glmgui.work.recent import RecentFiles
from glmgui.work.recovery import Recovery

if TYPE_CHECKING:
    from glmengine.context import Context


class Saving(QObject):
    """Writes projects.

    Signals
    -------
    saved : Path
    """

    saved = Signal(object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        settings: Settings,
        questions: Questions,
        recovery: Recovery,
        recent: RecentFiles,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings = document, jobs, settings
        self._questions, self._recovery, self._recent = questions, recovery, recent
        self._stamp: Stamp | None = None
        self._written: tuple[Path, Stamp | None] | None = None  # by the worker, also where nobody hears of it: a cancelled save

    def save(self, then: Callable[[], None] | None = None) -> None:
        """Save the project where it was saved last; asks for a name the first time."""
        path = self._document.project_path
        if path is None or (self._is_of_another(path) and not self._questions.overwrite_changed(path)):
            self.save_as(then)  # whose dialog asks itself before it replaces a file
        else:
            self._write(path, then)

    def save_as(self, then: Callable[[], None] | None = None) -> None:
        recording = self._document.recording
        name = (self._document.project_path or Path(recording.name if recording is not None else "analysis")).stem
        path = self._questions.save_path("Save project", f"{self._settings.save_folder}/{name}.glm", "Project (*.glm)", ".glm")
        if path is not None:
            self._settings.save_folder = path.parent
            self._write(path, then)

    def _is_of_another(self, path: Path) -> bool:
        """Whether another program has written the project since it was read or written here."""
        now = stamp_of(path)
        return self._stamp is not None and now not in (self._stamp, None) and (path, now) != self._written

    def _write(self, path: Path, then: Callable[[], None] | None) -> None:
        document = self._document
        analysis, result, recording = document.analysis, document.kept_result, document.recording
        fits, shown = document.fits, document.shown_fit.key if document.shown_fit is not None else ""
        answers = document.answers
        sheet = answers.file if answers is not None else None

        def write(context: Context) -> Stamp | None:
            stamp = stamp_of(save_project(path, analysis, result, recording, fits, shown, sheet, context))
            self._written = path, stamp
            return stamp

        def take(stamp: Stamp | None) -> None:
            document.mark_saved(path, analysis, result, fits, answers)
            self.remember_stamp(stamp)
            if not document.modified:
                self._recovery.clear()
            self._recent.add(path, document)
            self.saved.emit(path)
            notices().tell("info", f"written to {path}", title="Save")
            if then is not None:
                then()

        # in the middle of a fit, which may take hours, it is done between two of its steps
        self._jobs.submit(
            f"Saving {path.name}",
            write,
            take,
            urgent=self._jobs.is_pending(FIT),
        )

    def remember_stamp(self, stamp: Stamp | None) -> None:
        """Keep what the project file looked like when it was last read or written here, to notice when another program writes it."""
        self._stamp = stamp

    def unless_unsaved(self, then: Callable[[], None]) -> None:
        """Go on with `then`, at once or after saving, unless the user would rather stay."""
        if not self._document.would_be_missed:
            then()
            return
        answer = self._questions.unsaved(self._document.project_path)
        if answer == "save":
            self.save(then)
        elif answer == "discard":
            then()
