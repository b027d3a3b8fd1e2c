"""Opening of recordings and samples, and of whatever else a user chooses.

Each is a job, and each may ask. A newer request to open takes the place of an older one that has not ended. A fit that runs is given up
first, if the user agrees: its result would belong to a document that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.default_terms import default_model
from glmengine.analysis.sources import for_recording
from glmengine.errors import GlmError
from glmengine.recording.doubt import Doubt
from glmgui import samples
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.slow_disks import is_there_soon
from glmgui.work.fitting import Fitting
from glmgui.work.live_fit import LiveFit
from glmgui.work.opening_work import OPEN, OpeningWork, Then
from glmgui.work.questions import Questions, Together
from glmgui.work.recent import RecentFiles
from glmgui.work.recording_files import (
    assist_together,
    correction_of,
    join,
    likelier,
    open_or_assist,
    open_with,
)
from glmgui.work.recovery import Recovery
from glmgui.work.saved_opening import SavedOpening
from glmgui.work.saving import Saving

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.io.recipe_assistant import Assistance
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

_ALONE = (".glm", ".toml", ".nc")


class Opening(OpeningWork):
    """Brings something new into the document.

    Attributes
    ----------
    saved : SavedOpening
        For projects, analyses, results, and what a dead session left.
    """

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
        super().__init__(document, jobs, recent, parent)
        self._settings, self._questions, self._recovery = settings, questions, recovery
        self._fitting, self._saving, self._live = fitting, saving, live
        self.saved = SavedOpening(document, jobs, questions, saving, live, recovery, recent, self)
        self.saved.opened.connect(self.opened)

    def open(self, path: Path, then: Then = None) -> None:
        """Open a recording, a project (``.glm``), an analysis (``.toml``) or a result (``.nc``), after asking what becomes of unsaved changes."""
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".toml" and self._document.recording is not None:
            self._submit(path, lambda context: Analysis.load(path), lambda analysis: self.saved.take_analysis(analysis, path))
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
        if ending in _ALONE:
            self.saved.open(path, then)
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


def first_analysis(recording: Recording) -> Analysis:
    """What a recording begins with: no terms, bins that its counts, where it has them, can be put into, and a family that admits them."""
    time = Time()
    if recording.counts is not None:
        from glmengine.recording.binned import count_bin_width

        own = count_bin_width(recording)
        times = time.bin_size / own if own > 0 else 1.0  # NaN has no order
        if round(times) < 1 or abs(times - round(times)) > 1e-6:
            time = Time(bin_size=min(own, 10.0))
    return for_recording(Analysis(time=time, model=default_model(recording)), recording)
