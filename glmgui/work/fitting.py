"""The fit of the whole analysis, one run after another, and what must wait for them or give them up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.units import chosen_units
from glmengine.context import UnitsFound
from glmengine.design.fit_size import estimate
from glmengine.errors import GlmError
from glmengine.freed_memory import give_back
from glmengine.results.kept_fits import proposed_name
from glmengine.results.unfinished import not_at_the_optimum
from glmengine.sentences import as_shown
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.turns import in_later_turn
from glmgui.work.live_fit import LiveFit
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.work.runs import CANCELLED, DONE, FAILED, STOPPED, Run, Runs
from glmgui.work.shelf import Shelf
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

FIT = "fit"


class Fitting(QObject):
    """Fits what the document asks; while one fit runs, the next waits for it.

    Signals
    -------
    begun : bool
        A fit begins; whether it was asked for just now, and did not wait.
    fitted : Result
        A fit that was asked for has ended.
    """

    begun = Signal(bool)
    fitted = Signal(object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        questions: Questions,
        permission: Permission,
        live: LiveFit,
        shelf: Shelf,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._questions = document, jobs, questions
        self._permission, self._live, self._shelf = permission, live, shelf
        self.runs = Runs(self)
        self._thens: dict[int, Callable[[Result], None]] = {}
        self._besides: dict[int, Callable[[KeptFit], None]] = {}
        self._job: Job | None = None
        document.changed.connect(self._changed)
        document.follow_fits(self.is_asked)
        self.runs.changed.connect(document.find_staleness_again)

    @property
    def can_fit(self) -> bool:
        """Whether there is a recording and a term that is in the model."""
        return self._document.can_be_fitted

    @property
    def can_ask(self) -> bool:
        """Whether the present question can be fitted now or after the fits that run and wait, and does not wait already."""
        if not self.can_fit or (self._document.busy and self.runs.running is None):
            return False
        return not self.is_asked(self._document.analysis)

    def is_asked(self, analysis: Analysis) -> bool:
        """Whether this is being fitted to the recording that is open, or waits for it."""
        recording, runs = self._document.recording, self.runs
        running, given_up = runs.running, self._job is not None and self._job.cancelled.is_set()
        same = [run for run in runs.waiting if run.recording is recording and run.analysis == analysis]
        if running is not None and not given_up and running.recording is recording:
            return bool(same) or running.analysis == analysis
        return bool(same)

    def fit(self, then: Callable[[Result], None] | None = None) -> None:
        """Fit the analysis, at once or after those that were asked for before; the result is kept, and shown when it is there."""
        document = self._document
        if not self.can_fit or self.is_asked(document.analysis) or not self._permission.given():
            return
        self._live.switch(False)
        self._put(document.analysis, then=then)

    def fit_beside(self, analysis: Analysis, then: Callable[[KeptFit], None]) -> None:
        """Fit another model of the recording that is open; the fit is kept beside the one that is shown, which stays."""
        if self._document.recording is not None and self._permission.given():
            self._live.switch(False)
            self._put(analysis, beside=then)

    def _put(
        self,
        analysis: Analysis,
        *,
        then: Callable[[Result], None] | None = None,
        beside: Callable[[KeptFit], None] | None = None,
    ) -> None:
        """Let a question be fitted at once, or after those that were asked for before."""
        recording = self._document.recording
        run = self.runs.add(proposed_name(analysis), analysis, recording)
        if then is not None:
            self._thens[run.number] = then
        if beside is not None:
            self._besides[run.number] = beside
        if self.runs.running is not None:
            self._jobs.submit(
                "Estimating a fit that waits",
                lambda context: estimate(analysis, recording, context).seconds,
                lambda seconds: self.runs.expect(run.number, seconds),
                lambda error: None,  # said when its turn has come
                quiet=True,
            )
            return
        self._next(at_once=beside is None)

    def cancel(self, number: int) -> None:
        """Give up a run that is being fitted, or forget one that waits or has ended."""
        running = self.runs.running
        if running is None or running.number != number:
            self.runs.remove(number)
        elif self._job is not None:
            self._job.cancel()

    def give_up(self) -> None:
        """Give up the run that is being fitted and all those that wait."""
        self.runs.clear()
        if self._job is not None:
            self._job.cancel()

    def unless_fitting(self, then: Callable[[], None]) -> None:
        """Go on with `then`, at once or after giving up the fits that run and wait, unless the user would rather wait for them."""
        if self._jobs.is_pending(FIT):
            if not self._questions.give_up_fit(self._jobs.label_of(FIT)):
                return
            self.give_up()
            self._jobs.cancel()
        then()

    # Inside

    def _changed(self, what: frozenset[str]) -> None:
        if "selection" in what and self._job is not None:
            self._job.first_unit = self._document.unit
        if "recording" in what:
            for run in self.runs.all:
                if run is not self.runs.running and run.recording is not self._document.recording:
                    self.runs.remove(run.number)

    def _next(self, *, at_once: bool = False) -> None:
        """Begin the first run that waits."""
        if self.runs.running is not None or not self.runs.waiting:
            return
        run = self.runs.begin()
        self._name_units(run)
        folder = self._shelf.folder()

        def work(context: Context) -> tuple[Result, KeptFit | GlmError, float]:
            import glmengine

            give_back()  # what decoding and checks took, so that it does not stand beside the rows of the fit
            begun = time.perf_counter()
            result = glmengine.run(run.analysis, run.recording, context)
            seconds = time.perf_counter() - begun
            try:
                return result, glmengine.keep_fit(result, folder, seconds=seconds), seconds
            except GlmError as error:  # a full disk must not lose the fit
                return result, error, seconds

        self._job = self._jobs.submit(
            f"Fitting {as_shown(run.name)}",
            work,
            lambda made: self._take(run, *made),
            lambda error: self._failed(run, error),
            key=FIT,
            stoppable=True,
            on_units=self.runs.take,
            on_given_up=self._given_up,
            comes="As soon as the fit is done, it is shown on the pages Results, Checks, Fits and Population.",
        )
        self._job.first_unit = self._document.unit
        self.begun.emit(at_once)

    def _name_units(self, run: Run) -> None:
        """Let the units stand there at once where that needs no look at the data; else the engine names them first of all."""
        if run.analysis.units.min_rate is None and run.analysis.units.max_rate is None:
            try:
                self.runs.take(UnitsFound(chosen_units(run.analysis.units, run.recording)))
            except GlmError:  # the engine says it
                return

    def _take(self, run: Run, result: Result, kept: KeptFit | GlmError, seconds: float) -> None:
        document = self._document
        stopped = self._job is not None and self._job.stopped.is_set()
        if document.recording is not run.recording:
            notices().tell("info", "the result was dropped, since another recording was opened meanwhile", title="Fit")
            self._end(CANCELLED)
            return
        beside = self._besides.get(run.number)
        if beside is not None:
            self._keep_beside(kept, beside)
            self._end(STOPPED if stopped else DONE, seconds)
            return
        if isinstance(kept, GlmError):
            document.set_result(result)
            notices().tell("warning", f"the fit is shown but not kept: {kept.message}", title="Fit")
        else:
            self._shelf.add(kept, result)
        then = self._thens.get(run.number)
        # in a turn of its own, so that drawing the result and showing its step do not add up to one long pause
        in_later_turn(self, lambda: self._tell(result, then))
        self._end(STOPPED if stopped else DONE, seconds)

    def _keep_beside(self, kept: KeptFit | GlmError, then: Callable[[KeptFit], None]) -> None:
        if isinstance(kept, GlmError):
            notices().tell("error", f"the fit is not kept: {kept.message}", title="Fit")
            return
        fit = self._shelf.keep(kept)
        in_later_turn(self, lambda: then(fit))

    def _tell(self, result: Result, then: Callable[[Result], None] | None) -> None:
        self.fitted.emit(result)
        if not result.converged:
            notices().tell("warning", not_at_the_optimum(result), title="Fit")
        if then is not None:
            then(result)

    def _failed(self, run: Run, error: BaseException) -> None:
        self._document.set_fault_of(error, run.analysis)
        self._end(FAILED, said=getattr(error, "message", "") or str(error))

    def _given_up(self) -> None:
        self._end(CANCELLED)

    def _end(self, state: str, seconds: float = float("nan"), said: str = "") -> None:
        running = self.runs.running
        if running is not None:
            self._thens.pop(running.number, None)
            self._besides.pop(running.number, None)
        self._job = None
        self.runs.end(state, seconds, said)
        self._next()
