"""Opening of recordings, projects, analyses, samples, and of what a crash has left.

Each is a job, and each may ask. A newer request to open takes the place of an older one that has not ended. A fit that runs is given up
first, if the user agrees: its result would belong to a document that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.analysis import Analysis, Model, Time
from glmengine.analysis.sources import for_recording, places_of, with_moved_recording
from glmengine.errors import GlmError
from glmengine.recording.activity import is_signal
from glmengine.recording.doubt import Doubt
from glmengine.sentences import listed
from glmgui import samples
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.slow_disks import is_there_soon
from glmgui.work.fitting import Fitting
from glmgui.work.live_fit import LiveFit
from glmgui.work.project import Opened, open_project
from glmgui.work.questions import Questions, Together
from glmgui.work.recent import RecentFiles
from glmgui.work.recording_files import (
    analysis_and_recording,
    assist_together,
    correction_of,
    join,
    likelier,
    open_or_assist,
    open_with,
    recording_of,
    result_and_recording,
)
from glmgui.work.recovery import Leftover, Recovery, open_leftover, remove_leftover
from glmgui.work.saving import Saving

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Source
    from glmengine.context import Context
    from glmengine.io.recipe_assistant import Assistance
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

Then = Callable[[], None] | None
OPEN = "open"
_ALONE = (".glm", ".toml", ".nc")


class Opening(QObject):
    """Brings something new into the document.

    Signals
    -------
    opened : Path or None
        A recording or project is open.
    recovered : Leftover
        So is what a dead session left.
    """

    opened = Signal(object)
    recovered = Signal(object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        settings: Settings,
        questions: Questions,
        fitting: Fitting,
        saving: Saving,
        live: LiveFit,
        recovery: Recovery,
        recent: RecentFiles,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions
        self._fitting, self._saving, self._live = fitting, saving, live
        self._recovery, self._recent = recovery, recent

    def open(self, path: Path, then: Then = None) -> None:
        """Open a recording, a project (``.glm``), an analysis (``.toml``) or a result (``.nc``), after asking what becomes of unsaved changes."""
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".toml" and self._document.recording is not None:
            self._submit(path, lambda context: Analysis.load(path), lambda analysis: self.take_analysis(analysis, path))
            return
        self._fitting.unless_fitting(lambda: self._saving.unless_unsaved(lambda: self._open(path, ending, then)))

    def open_recent(self, path: Path) -> None:
        """Open what was opened lately, unless its disk does not answer: the worker would wait for it for ever."""
        if is_there_soon(path):
            self.open(path)
        else:
            self._recent.look()
            notices().tell(
                "warning", f"{path} cannot be reached now; see whether its disk or network share is connected", title="Open"
            )

    def open_several(self, paths: Sequence[Path], then: Then = None) -> None:
        """Open files and folders together: one as it is, several as sessions of one animal, or as parts of one recording.

        What is clearly parts is not asked about: the dialog that says what is in the files says that they are taken so.
        """
        paths = list(dict.fromkeys(Path(path) for path in paths))
        alone = [path for path in paths if path.suffix.lower() in _ALONE]
        if len(paths) == 1:
            self.open(paths[0], then)
        elif alone:
            notices().tell("warning", f"{alone[0].name} is opened alone; choose it by itself", title="Open")
        elif paths:
            self._fitting.unless_fitting(lambda: self._saving.unless_unsaved(lambda: self._open_several(paths, then)))

    def _open_several(self, paths: list[Path], then: Then) -> None:
        self._live.switch(False)
        self.remember_folder(paths[0])

        def known(likelier: Together | None) -> None:
            answer = {None: "sessions", "together": "together"}.get(likelier) or self._questions.several(paths, likelier)
            if answer == "together":
                self._submit(
                    paths[0],
                    lambda context: assist_together(paths),
                    lambda found: self._ask_recipe(
                        found, found.recipe, "", lambda recording: self.take_recording(recording, found.path, then)
                    ),
                )
            elif answer == "sessions":
                self._open_next(paths, [], then)

        self._submit(paths[0], lambda context: likelier(paths), known)

    def _open_next(self, paths: Sequence[Path], opened: list[Recording], then: Then) -> None:
        """Open one session after the other, each of which may ask, and join them."""
        if len(opened) < len(paths):
            self.open_or_ask(paths[len(opened)], lambda recording: self._open_next(paths, [*opened, recording], then), alone=True)
            return
        self._jobs.submit(
            f"Joining {len(opened)} sessions",
            lambda context: join(opened, [one.name for one in opened]),
            lambda recording: self.take_recording(recording, None, then),
            key=OPEN,
        )

    def _open(self, path: Path, ending: str, then: Then) -> None:
        self._live.switch(False)
        self.remember_folder(path)
        if ending == ".glm":
            folder = self._recovery.fits_folder()
            self._submit(
                path,
                lambda context: open_project(path, context, fits_folder=folder),
                lambda opened: self._take(opened, then),
            )
        elif ending == ".toml":
            self._submit(path, lambda context: analysis_and_recording(path, context), lambda found: self._take_pair(path, *found))
        elif ending == ".nc":
            self._submit(path, lambda context: result_and_recording(path, context), lambda found: self._take_pair(path, *found))
        else:
            self.open_or_ask(path, lambda recording: self.take_recording(recording, path, then))

    def take_recording(self, recording: Recording, path: Path | None = None, then: Then = None) -> None:
        """Begin a new analysis of a recording."""
        self._document.open(recording, first_analysis(recording))
        self._tell_notes(recording, elsewhere=then is not None)
        self._opened(path, path, then)

    def replace_recording(self, path: Path) -> None:
        """Put another recording under the same analysis."""
        self._fitting.unless_fitting(
            lambda: self.open_or_ask(
                path, lambda recording: self._put_under(recording, path, "Replace recording"), like=self._document.recording
            )
        )

    def correct(self) -> None:
        """Ask what is wrong or missing in the recording that is open, and open it so under the same analysis."""
        recording = self._document.recording
        if recording is None:
            return
        where = recording.path or Path(recording.name)

        def ask(found: Assistance) -> None:
            self._ask_recipe(found, found.recipe, "", lambda again: self._put_under(again, found.path, "Correct recording"))

        self._fitting.unless_fitting(lambda: self._submit(where, lambda context: correction_of(recording), ask))

    def _put_under(self, recording: Recording, path: Path, why: str) -> None:
        """A recording under the analysis that is open, with what is doubtful in it said."""
        self._document.edit(for_recording(self._document.analysis, recording), why, recording)
        self._tell_notes(recording)
        self._opened(path, path)

    @staticmethod
    def _tell_notes(recording: Recording, *, elsewhere: bool = False) -> None:
        """Into the log, where the page of the data, which shows them, is not what is looked at next: doubts above all pages."""
        for note in recording.notes:
            doubted = elsewhere and isinstance(note, Doubt)
            notices().tell("warning" if doubted else "info", note, title=recording.name)

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

    def remember_folder(self, path: Path) -> None:
        """Begin the next question for a file beside this one."""
        self._settings.folder = path.parent

    def open_or_ask(
        self, path: Path, take: Callable[[Recording], None], *, alone: bool = False, like: Recording | None = None
    ) -> None:
        """Open a recording; of a file without a standard, ask first what its arrays are, with those of a table that belongs to it unless it
        is chosen with others (`alone`), and with the recipe of a recording that it may be `like`."""

        def found(answer: Recording | Assistance) -> None:
            from glmengine.io.recipe_assistant import Assistance

            if isinstance(answer, Assistance):
                self._ask_recipe(answer, answer.recipe, "", take)
            else:
                take(answer)

        self._submit(path, lambda context: open_or_assist(path, context, alone=alone, like=like), found)

    def _ask_recipe(self, assistance: Assistance, text: str, fault: str, take: Callable[[Recording], None]) -> None:
        """Ask for a recipe and open the file with it; what is wrong with it is shown in the same place."""
        text = self._questions.recipe(assistance, text, fault)
        if text is None:
            return

        def failed(error: BaseException) -> None:
            if isinstance(error, GlmError):
                self._ask_recipe(assistance, text, str(error), take)

        self._jobs.submit(
            f"Opening {assistance.path.name}", lambda context: open_with(assistance, text, context), take, failed, key=OPEN
        )

    # Analyses and projects

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

    def _take_pair(self, path: Path, analysis: Analysis, recording: Recording | None, made: Result | None = None) -> None:
        """Show an analysis file, or a result that was made by one, with its recording; asks where that is if it is not where the file says."""
        if recording is None and analysis.recording.path:
            missing = next(place for place in places_of(analysis, path.parent) if not place.exists())
            place = self._questions.locate(missing, missing.name)
            if place is not None:
                there = with_moved_recording(analysis, path.parent, missing, place)
                self._submit(
                    place,
                    lambda context: (there, recording_of(there, path.parent, context), made),
                    lambda found: self._take_pair(path, *found),
                )
                return
        if recording is not None:
            analysis = for_recording(analysis, recording)
        self._document.open(recording, analysis, made, saved=False)
        self._opened(path, path)
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

    # Samples

    def open_sample(self, name: str | None = None, then: Then = None) -> None:
        """Simulate a sample session, keep it as a file so that a project can find it again, and open it with its analysis."""
        self._sample("Simulating the sample session", lambda context: (*samples.make(name, context), None), then)

    def open_fitted_sample(self, then: Then = None) -> None:
        """Open the demonstration with its result: that of an earlier run where nothing has changed since, else one that is fitted now."""
        self._sample("Preparing the sample session", samples.fitted, then)

    def _sample(self, label: str, make: Callable[[Context], tuple[Recording, Analysis, Result | None]], then: Then) -> None:
        folder = self._recovery.fits_folder()

        def work(context: Context) -> tuple[Recording, Analysis, Result | None, tuple[KeptFit, ...]]:
            from glmengine.results.kept_fits import keep_fit

            recording, analysis, result = make(context)
            return recording, analysis, result, (keep_fit(result, folder),) if result is not None else ()

        def take(made: tuple[Recording, Analysis, Result | None, tuple[KeptFit, ...]]) -> None:
            recording, analysis, result, fits = made
            shown = fits[0].key if fits else ""
            self._document.open(recording, for_recording(analysis, recording), result, fits=fits, shown=shown)
            self._opened(recording.path, None, then)

        def begin() -> None:
            self._live.switch(False)
            self._jobs.submit(label, work, take, key=OPEN)

        self._fitting.unless_fitting(lambda: self._saving.unless_unsaved(begin))

    # Inside

    def _submit(self, path: Path, work: Callable[[Context], object], take: Callable[..., None]) -> None:
        self._jobs.submit(f"Opening {path.name}", work, take, key=OPEN)

    def _opened(self, path: Path | None, recent: Path | None, then: Then = None) -> None:
        if recent is not None:
            self._recent.add(recent, self._document)
        self.opened.emit(path)
        if then is not None:
            then()

    @staticmethod
    def _say_without(what: str, title: str) -> None:
        notices().tell("warning", f"{what}; choose it with File, Replace recording", title=title)


def first_analysis(recording: Recording) -> Analysis:
    """What a recording begins with: no terms, bins that its counts, where it has them, can be put into, and a family that admits them."""
    time = Time()
    if recording.counts is not None:
        from glmengine.recording.binned import count_bin_width

        own = count_bin_width(recording)
        times = time.bin_size / own if own > 0 else 1.0  # NaN has no order
        if round(times) < 1 or abs(times - round(times)) > 1e-6:
            time = Time(bin_size=min(own, 10.0))
    model = Model(family="gaussian") if is_signal(recording) else Model()
    return for_recording(Analysis(time=time, model=model), recording)
