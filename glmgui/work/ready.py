"""Ready analyses put to the recording that is open, or to the simulated one on which they can be tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.fitting import Fitting
from glmgui.work.opening import Opening
from glmgui.work.questions import Questions

if TYPE_CHECKING:
    from glmengine.analysis.ready import Readiness
    from glmengine.analysis.templates import Lesson
    from glmengine.recording.recording import Recording

_READ = "Its page says what the model is, what to look at, and what can go wrong."


class ReadyAnalyses(QObject):
    """Fills a ready analysis in and fits it.

    Signals
    -------
    taken
        The analysis is the one that is shown now, and is not fitted: the recording lacks something.
    page_asked : str
        A page of the guide is to be read.
    """

    taken = Signal()
    page_asked = Signal(str)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        settings: Settings,
        questions: Questions,
        opening: Opening,
        fitting: Fitting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions
        self._opening, self._fitting = opening, fitting

    def ask(self, lesson: Lesson, *, decided: bool = False) -> None:
        """Fill in the analysis of a question with the names of the recording that is open, and fit.

        Where that cannot be, or another model would be replaced and that is not `decided`, ask how to go on.
        """
        recording = self._document.effective_recording
        if recording is None:
            self._go_on(lesson, self._questions.ready_analysis(lesson, "", ()))
            return
        self._read(lesson.asks, recording, lambda ready: self._fill_in(lesson, recording, ready, decided))

    def try_on_sample(self, template: str, sample: str) -> None:
        """Open the sample of a template, and fit the template to it."""

        def opened() -> None:
            recording = self._document.effective_recording
            if recording is not None:
                self._read(template, recording, self._take_and_fit)

        self._opening.open_sample(sample, opened)

    def _fill_in(self, lesson: Lesson, recording: Recording, ready: Readiness, decided: bool) -> None:
        changes = "" if decided else self._changes(ready)  # of its own sample nothing is lost
        if ready.fits and (decided or not self._document.analysis.terms):
            self._fit_filled(lesson, ready, changes)
        else:
            answer = self._questions.ready_analysis(lesson, recording.name, ready.lacking, changes if ready.fits else "")
            self._go_on(lesson, answer, ready)

    def _changes(self, ready: Readiness) -> str:
        """What becomes of the model and the bins that are chosen, as a sentence; empty where neither is another."""
        now, then = self._document.analysis, ready.analysis
        model = f"takes the place of the model that is open ({numbered(len(now.terms), 'term')})" if now.terms else ""
        width = now.time.bin_size, then.time.bin_size
        bins = f"has bins of {1000 * width[1]:g} ms in place of {1000 * width[0]:g} ms" if width[0] != width[1] else ""
        return f"It {' and '.join(filter(None, (model, bins)))}; Edit, Undo takes that back." if model or bins else ""

    def _fit_filled(self, lesson: Lesson, ready: Readiness, changes: str) -> None:
        self._take_and_fit(ready)
        said = (lesson.question, changes, _READ)
        notices().tell("info", " ".join(part for part in said if part), page=lesson.guide_page)

    def _take_and_fit(self, ready: Readiness) -> None:
        self._opening.saved.take_analysis(ready.analysis)
        self._fitting.fit()

    def _go_on(self, lesson: Lesson, answer: str | None, ready: Readiness | None = None) -> None:
        if answer == "sample":
            self._opening.open_sample(lesson.sample, lambda: self.ask(lesson, decided=True))
        elif answer == "open":
            self._opening.open_several(self._questions.open_paths(self._settings.folder), lambda: self.ask(lesson))
        elif answer == "take" and ready is not None and ready.fits:
            self._fit_filled(lesson, ready, self._changes(ready))
        elif answer == "take" and ready is not None:
            self._opening.saved.take_analysis(ready.analysis)
            self.taken.emit()
        elif answer == "read":
            self.page_asked.emit(lesson.guide_page)

    def _read(self, template: str, recording: Recording, then: Callable[[Readiness], None]) -> None:
        def work(context: object) -> Readiness:
            from glmengine.analysis.templates import template_for

            return template_for(template, recording)

        self._jobs.submit(f"Reading {template}", work, then, key="ready-analysis", quiet=True)
