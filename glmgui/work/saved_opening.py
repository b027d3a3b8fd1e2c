"""Opening of what was saved or left: projects, analyses, results, and what a crash has left.

Each names a recording; where that is missing or another one, it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.sources import for_recording, places_of, with_moved_recording
from glmengine.sentences import listed
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.work.live_fit import LiveFit
from glmgui.work.opening_work import OPEN, OpeningWork, Then
from glmgui.work.project import Opened, open_project
from glmgui.work.questions import Questions
from glmgui.work.recent import RecentFiles
from glmgui.work.recording_files import analysis_and_recording, recording_of, result_and_recording
from glmgui.work.recovery import Leftover, Recovery, open_leftover, remove_leftover
from glmgui.work.saving import Saving

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis, Source
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


class SavedOpening(OpeningWork):
    """Brings saved work into the document.

    Signals
    -------
    recovered : Leftover
        What a dead session left is.
    """

    recovered = Signal(object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        questions: Questions,
        saving: Saving,
        live: LiveFit,
        recovery: Recovery,
        recent: RecentFiles,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(document, jobs, recent, parent)
        self._questions, self._saving, self._live, self._recovery = questions, saving, live, recovery

    def open(self, path: Path, then: Then = None) -> None:
        """Open a project (``.glm``), an analysis (``.toml``) or a result (``.nc``)."""
        ending = path.suffix.lower()
        if ending == ".glm":
            folder = self._recovery.fits_folder()
            self._submit(
                path,
                lambda context: open_project(path, context, fits_folder=folder),
                lambda opened: self._take(opened, then),
            )
        else:
            read = analysis_and_recording if ending == ".toml" else result_and_recording
            self._submit(path, lambda context: read(path, context), lambda found: self._take_pair(path, then, *found))

    def take_analysis(self, analysis: Analysis, path: Path | None = None) -> None:
        """Put another analysis to the recording that is open, as one edit."""
        recording = self._document.recording
        named = analysis.sources
        if recording is not None:
            analysis = for_recording(analysis, recording)
        self._document.edit(analysis, f"Open {path.name}" if path else "Use template")
        if path is not None:
            self._recent.add(path, self._document)
            self._say_another(path, named)

    def _say_another(self, path: Path, named: Sequence[Source]) -> None:
        """Say that an analysis which names recordings is put to the one that is open, where these are others."""
        recording, opened = self._document.recording, {one.sha256 for one in self._document.analysis.sources}
        others = [one for one in named if one.sha256]
        if recording is None or not others or {one.sha256 for one in others} == opened:
            return
        names = listed([Path(one.path).name for one in others], 3)
        notices().tell(
            "warning",
            f"{path.name} was made for {names}; it is put to {recording.name}, which is open. "
            "Ctrl+Z takes it back, File, Replace recording gives it its own",
            title=f"Open {path.name}",
        )

    def _take_pair(
        self, path: Path, then: Then, analysis: Analysis, recording: Recording | None, made: Result | None = None
    ) -> None:
        """Show an analysis file, or a result that was made by one, with its recording; asks where that is if it is not where the file says."""
        if recording is None and analysis.recording.path:
            missing = next(place for place in places_of(analysis, path.parent) if not place.exists())
            place = self._questions.locate(missing, missing.name)
            if place is not None:
                there = with_moved_recording(analysis, path.parent, missing, place)
                self._submit(
                    place,
                    lambda context: (there, recording_of(there, path.parent, context), made),
                    lambda found: self._take_pair(path, then, *found),
                )
                return
        if recording is not None:
            analysis = for_recording(analysis, recording)
        self._document.open(recording, analysis, made, saved=False)
        self._opened(path, path, then)
        if recording is None:
            self._say_without(f"the {'result' if made else 'analysis'} names no recording that was found", path.name)

    def _take(self, opened: Opened, then: Then = None) -> None:
        """Show an opened project; asks for its recording where that is missing or another one."""

        def take(found: Opened) -> None:
            self._document.open(
                found.recording,
                found.analysis,
                found.result,
                found.path,
                fits=found.fits,
                shown=found.shown,
                answers=found.answers,
            )
            self._saving.remember_stamp(found.stamp)
            self._opened(found.path, found.path, then)
            if found.recording is None:
                self._say_without("the project is open without its recording", found.path.name)

        self._with_recording(opened, take)

    def _with_recording(self, opened: Opened, take: Callable[[Opened], None]) -> None:
        """Ask where the recording of a project is, until there is one, or until the user goes on without."""
        found, reference = opened.recording, opened.reference
        if found is not None and not (opened.differs and not self._use_other(opened)):
            take(opened)
            return
        part = reference.parts[opened.wanted]
        place = self._questions.locate(part.path, part.name) if part.path is not None else None
        if place is None:
            take(opened.without_recording())
            return
        self._submit(
            place,
            lambda context: open_project(opened.path, context, {**opened.located, opened.wanted: place}),
            lambda again: self._with_recording(again.with_result_of(opened), take),
        )

    def _use_other(self, opened: Opened) -> bool:
        part = opened.reference.parts[opened.wanted]
        return self._questions.use_other_recording(opened.located.get(opened.wanted, part.path), part.name)

    def recover(self, leftover: Leftover) -> None:
        """Open what a dead session left; it counts as unsaved."""
        project = Path(leftover.project_path) if leftover.project_path else None

        def take(found: Opened) -> None:
            self._document.open(
                found.recording,
                found.analysis,
                found.result,
                project,
                saved=False,
                fits=found.fits,
                shown=found.shown,
                answers=found.answers,
            )
            self.recovered.emit(leftover)
            self._recovery.keep()
            remove_leftover(leftover)
            self._opened(project, None)
            if found.recording is None and any(part.path is not None for part in found.reference.parts):
                self._say_without("the changes are recovered without their recording", leftover.title)

        folder = self._recovery.fits_folder()
        self._jobs.submit(
            f"Recovering {leftover.title}",
            lambda context: open_leftover(leftover, context, folder),
            lambda opened: self._with_recording(opened, take),
            key=OPEN,
        )

    def open_result(self, result: Path, recording: Path) -> None:
        """Open a recording with a result that was made of it and its analysis, after asking what becomes of unsaved changes.

        It does not wait for the end of a long job, such as the batch that made the result.
        """

        def take(found: tuple[Analysis, Recording, Result]) -> None:
            analysis, opened, made = found
            self._document.open(opened, for_recording(analysis, opened), made, saved=False)
            self._opened(recording, recording)

        def go() -> None:
            self._live.switch(False)
            self._jobs.submit(
                f"Opening {recording.name}",
                lambda context: result_and_recording(result, context, recording),
                take,
                key=OPEN,
                urgent=True,
            )

        self._saving.unless_unsaved(go)

    @staticmethod
    def _say_without(what: str, title: str) -> None:
        notices().tell("warning", f"{what}; choose it with File, Replace recording", title=title)
