"""The answer sheet of a recording: the run that fills it, and what is done with what it found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.selection import Selection
from glmengine.errors import GlmError, StoppedTooSoon
from glmengine.sentences import numbered, of_all
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.answer_files import AnswerFiles
from glmgui.work.answer_question import AnswerQuestion, differ_in_what_is_asked
from glmgui.work.fitting import Fitting
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.work.recovery import UNFINISHED, Recovery
from glmgui.worker import Job

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.answers.sheet import AnswerSheet
    from glmengine.context import Context, UnitsFound
    from glmengine.recording.recording import Recording
    from glmengine.selection.term_selection import TermSelection

ANSWERS, CHOICE = "answers", "choice of terms"


class Answers(QObject):
    """Finds the answers of all units, keeps them with the project, and says when they are out of date.

    Signals
    -------
    filled : AnswerSheet
        Some units are answered while the others are still to come.
    changed
        A run has begun or ended; `message` says what of it the user should know.
    begun
        Other units are at work.
    terms_chosen : TermSelection
        What a choice of terms by another road has found.
    """

    filled = Signal(object)
    changed = Signal()
    begun = Signal()
    terms_chosen = Signal(object)
    _came = Signal(int, object)

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        settings: Settings,
        questions: Questions,
        permission: Permission,
        recovery: Recovery,
        fitting: Fitting,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._settings, self._questions = document, jobs, settings, questions
        self._permission, self._recovery, self._fitting = permission, recovery, fitting
        self.message: tuple[str, str] = ("", "")
        self._seen: Recording | None = None
        self._run = 0
        self._job: Job | None = None
        self._parts: list[AnswerSheet] = []
        self._asked_units: tuple[str, ...] = ()
        self._at_work: frozenset[str] = frozenset()
        self._wanted = self._without_sheet = False
        document.changed.connect(self._changed)  # before the question hears of it, which is shown then
        self.question = AnswerQuestion(document, jobs, self)
        self.files = AnswerFiles(document, jobs, settings, questions)
        self.question.offered.connect(self._offered)
        self.question.not_offered.connect(self._not_offered)
        self._came.connect(self._take_some)

    @property
    def is_stale(self) -> bool:
        """Whether the sheet that is kept answers another question, or is of another recording."""
        kept = self._document.answers
        if kept is None:
            return False
        question = self.question.analysis
        if question is None:  # until it is known what the recording offers
            now = self._document.analysis
            return not kept.is_of(self._document.recording) or differ_in_what_is_asked(kept.analysis, now)
        return not kept.is_for(question, self.question.asking.settings, self._document.recording)

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def sheets(self) -> tuple[AnswerSheet, ...]:
        """What is known: of the run that goes on, which may be nothing yet; else the sheet that is kept."""
        kept = self._document.answers
        return tuple(self._parts) if self.running else () if kept is None else (kept.sheet,)

    @property
    def are_of_the_run_before(self) -> bool:
        """Whether the sheet that is kept was there before the last run, which ended without one."""
        return not self.running and self._document.answers is not None and self._without_sheet

    @property
    def n_answered(self) -> tuple[int, int]:
        """Units that are answered so far, and those that are asked for."""
        return sum(sheet.units.sizes["unit"] for sheet in self.sheets), len(self._asked_units)

    @property
    def unanswered(self) -> tuple[tuple[str, ...], str]:
        """Units of the run that goes on, or of the one that ended early, without an answer, and what is to be said of them."""
        kept = self._document.answers
        if not self.running and (kept is None or kept.sheet.is_whole):
            return (), ""
        answered = {str(unit) for sheet in self.sheets for unit in sheet.units["unit"].values}
        return tuple(unit for unit in self._asked_units if unit not in answered), "waiting" if self.running else "not reached"

    @property
    def at_work(self) -> frozenset[str]:
        """Units of the run that goes on whose turn has come."""
        return self._at_work if self.running else frozenset()

    def sheet_of(self, unit: str | None) -> AnswerSheet | None:
        """The sheet that has a unit."""
        return next((sheet for sheet in self.sheets if unit in sheet.units["unit"].values), None)

    # The run

    def find_at_once(self) -> None:
        """Answer all units by what the recording has, as soon as that is known; nothing where those answers are there already."""
        there = self._document.answers is not None and not self.is_stale
        if self._document.recording is None or self.running or there:
            return
        self.question.ask(replace(self.question.asking, from_features=False))
        self._wanted = True
        self.question.offer()
        if self.question.can_be_asked:
            self.find()

    def find(self) -> None:
        """Answer all units, going on with what an interrupted run of the same question had found."""
        if not self.question.is_known:
            self._wanted = True
            self.question.offer()
            return
        question, recording, settings = self.question.analysis, self._document.recording, self.question.asking.settings
        self._wanted = False
        if question is None or recording is None or self.running or not self._permission.given():
            return
        self._run += 1
        number, folder = self._run, self._recovery.fits_folder()
        self._parts, self._asked_units, self.message = [], _units_of(question, recording), ("", "")
        self._without_sheet = True
        self._at_work = frozenset()

        def work(context: Context) -> KeptAnswers:
            from glmengine.answers.explain import explain
            from glmengine.answers.kept_answers import KeptAnswers

            begun = time.perf_counter()
            sheet = explain(
                recording,
                question,
                shifts=settings.shifts,
                simulations=settings.simulations,
                filled=lambda some: self._came.emit(number, some),
                out=folder / UNFINISHED,
                workers=None,
                context=context,
            )
            file = folder / f"answers-{number}.nc"
            kept = KeptAnswers(
                sheet,
                question,
                settings,
                recording.name,
                recording.sha256 or "",
                seconds=time.perf_counter() - begun,
                file=file,
            )
            kept.save(file)
            return kept

        self._job = self._jobs.submit(
            f"Finding the answers of {numbered(len(self._asked_units), 'unit')}",
            work,
            lambda kept: self._take(kept, recording),
            self._failed,
            key=ANSWERS,
            stoppable=True,
            on_units=self._take_begun,
            on_given_up=self._given_up,
            comes=_what_comes(question),
        )
        self._job.first_unit = self._document.unit
        self.changed.emit()

    def _offered(self) -> None:
        if self._wanted:
            self.find()

    def _not_offered(self, why: str) -> None:
        self._wanted = False
        self.message = ("error", why)
        self.changed.emit()

    def stop(self) -> None:
        """End early with the units that are answered."""
        if self._job is not None:
            self._job.stop_and_keep()

    def cancel(self) -> None:
        """Give the run up; groups of units that are finished are kept for the next one."""
        if self._job is not None:
            self._job.cancel()

    def _take_begun(self, found: UnitsFound) -> None:
        """Note units whose turn has come; what a fit of one of their models found is not theirs."""
        if found.strength is None and found.status is None and not self._at_work.issuperset(found.units):
            self._at_work |= frozenset(found.units)
            self.begun.emit()

    def _take_some(self, number: int, some: AnswerSheet) -> None:
        if number == self._run and self.running:
            self._parts.append(some)
            self.filled.emit(some)

    def _take(self, kept: KeptAnswers, recording: Recording) -> None:
        self._job, self._parts, self._without_sheet = None, [], False
        if self._document.recording is not recording:
            notices().tell("info", "the sheet was dropped, since another recording was opened meanwhile", title="Answers")
        else:
            if not kept.sheet.is_whole:
                done = kept.sheet.units.sizes["unit"]
                self.message = (
                    "warning",
                    f"Stopped: {of_all(done, len(self._asked_units), 'units')} in the sheet. Find the answers again to go on from there.",
                )
            self._document.set_answers(kept)
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self._job, self._parts = None, []
        kind = "warning" if isinstance(error, StoppedTooSoon) else "error"
        self.message = (kind, error.message if isinstance(error, GlmError) else str(error))
        self.changed.emit()

    def _given_up(self) -> None:
        done = self.n_answered[0]
        self._job, self._parts = None, []
        again = "Find the answers again to go on from there." if done else "Find the answers to begin anew."
        before = "" if self._document.answers is None else " The table shows the answers of the run before."
        self.message = ("warning", f"Given up after {done} of {len(self._asked_units)} units.{before} {again}")
        self.changed.emit()

    # What is done with it

    def use_model(self, unit: str) -> None:
        """Make the terms that were chosen for a unit the model, as one step of undo, and fit it."""
        kept, now = self._document.answers, self._document.analysis
        if kept is None or self.running:
            return

        try:
            found = kept.model_of(unit)
        except GlmError as error:
            notices().tell("warning", error.message, title="Use this model")
            return
        self._document.edit(
            found.with_(recording=now.recording, more_recordings=now.more_recordings, title=now.title, validation=now.validation),
            f"Use the model of unit {unit}",
        )
        self._fitting.fit()

    def choose_terms(self, selection: Selection, failed: Callable[[BaseException], None]) -> Job | None:
        """Choose among the terms of the analysis by the road that `selection` names, or compare models."""
        analysis, recording = self._document.analysis, self._document.recording
        if recording is None or not self._permission.given():
            return None

        def work(context: Context) -> TermSelection:
            from glmengine.selection.select import select_terms

            return select_terms(analysis, recording, selection, context=context)

        return self._jobs.submit("Choosing terms", work, self.terms_chosen.emit, failed, key=CHOICE, stoppable=True)

    # Inside

    def _changed(self, what: frozenset[str]) -> None:
        if "selection" in what and self._job is not None:
            self._job.first_unit = self._document.unit
        if "recording" in what and self._seen is not self._document.recording:
            self._seen = self._document.recording
            self._wanted, self._without_sheet, self._parts, self.message = False, False, [], ("", "")
        if "answers" in what and not what & {"recording", "analysis"}:
            self.changed.emit()


def _what_comes(question: Analysis) -> str:
    """Where the answers will stand, and that they have settings of their own."""
    folds = question.selection.folds
    return (
        f"The answers come unit by unit on the Answers page (Ctrl+7). They are found with settings of their own ({folds} folds; see 'Candidates "
        "and settings' there), not with those of the Model page."
    )


def _units_of(question: Analysis, recording: Recording) -> tuple[str, ...]:
    """Names of the units that are asked for; none where the run will say what is wrong with their choice."""
    from glmengine.analysis.units import chosen_units

    try:
        return chosen_units(question.units, recording)
    except GlmError:
        return ()
