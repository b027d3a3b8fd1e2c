"""The answer sheet of a recording: its candidates, the run that fills it, and what is done with what it found."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.selection import Selection
from glmengine.answers.question import HISTORY, sheet_selection
from glmengine.answers.settings import AnswerSettings
from glmengine.design.variables import variables_of
from glmengine.errors import GlmError
from glmengine.sentences import numbered
from glmgui.document import Document
from glmgui.jobs import Job, Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.fitting import Fitting
from glmgui.work.own_folder import own_folder
from glmgui.work.permission import Permission
from glmgui.work.questions import Questions
from glmgui.work.recovery import UNFINISHED, Recovery

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.answers.sheet import AnswerSheet
    from glmengine.context import Context
    from glmengine.design.fit_size import Estimate
    from glmengine.recording.derived.quantities import AnyDerived
    from glmengine.recording.recording import Recording
    from glmengine.selection.term_selection import TermSelection

ANSWERS, CHOICE = "answers", "choice of terms"
_OFFER, _SIZE = "answers-candidates", "answers-size"


@dataclass(frozen=True)
class Asking:
    """How the sheet is asked for.

    Attributes
    ----------
    from_features : bool
        The candidates are the terms of the analysis, not those that the recording offers.
    left_out : frozenset of str
        Labels of candidates that are not to be tried.
    selection : Selection
        Terms that are tried last need not be among the candidates.
    settings : AnswerSettings
    """

    from_features: bool = False
    left_out: frozenset[str] = frozenset()
    selection: Selection = field(default_factory=partial(sheet_selection, (HISTORY,)))
    settings: AnswerSettings = field(default_factory=AnswerSettings)


class Answers(QObject):
    """Finds the answers of all units, keeps them with the project, and says when they are out of date.

    Signals
    -------
    asking_changed
        Candidates or settings are others.
    sized : Estimate or str
        How large the sheet would be, or why that cannot be said.
    filled : AnswerSheet
        Some units are answered while the others are still to come.
    changed
        A run has begun or ended; `message` says what of it the user should know.
    terms_chosen : TermSelection
        What a choice of terms by another road has found.
    """

    asking_changed = Signal()
    sized = Signal(object)
    filled = Signal(object)
    changed = Signal()
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
        self.asking = Asking()
        self.message: tuple[str, str] = ("", "")
        self._offered: Analysis | None = None
        self._offered_for: Recording | None = None
        self._offered_with: tuple[AnyDerived, ...] = ()
        self._looking = False
        self._seen: Recording | None = None
        self._run = 0
        self._job: Job | None = None
        self._parts: list[AnswerSheet] = []
        self._asked_units: tuple[str, ...] = ()
        self._wanted = False
        document.changed.connect(self._changed)
        self._came.connect(self._take_some)

    # The question

    @property
    def candidates(self) -> tuple[str, ...]:
        """Labels of the terms that may be tried."""
        base = self._base
        return () if base is None else tuple(term.label for term in base.terms if term.enabled)

    @property
    def question(self) -> Analysis | None:
        """What is asked; None while nothing can be."""
        base, now = self._base, self._document.analysis
        if base is None:
            return None
        terms = tuple(term for term in base.terms if term.enabled and term.label not in self.asking.left_out)
        if not terms:
            return None
        known = [one for one in now.derived if one.name not in {other.name for other in base.derived}]
        question = base.with_(
            units=now.units,
            time=now.time,
            seed=now.seed,
            derived=(*base.derived, *known),
            terms=terms,
            selection=None,
            terms_from=None,
            recording=now.recording,
            more_recordings=now.more_recordings,
        )
        return question.with_(selection=self._selection_for(question))

    @property
    def selection(self) -> Selection:
        """How terms are chosen."""
        question = self.question
        return Selection() if question is None or question.selection is None else question.selection

    @property
    def is_stale(self) -> bool:
        """Whether the sheet that is kept answers another question, or is of another recording."""
        kept = self._document.answers
        if kept is None:
            return False
        question = self.question
        if question is None:
            return not kept.is_of(self._document.recording)
        return not kept.is_for(question, self.asking.settings, self._document.recording)

    @property
    def running(self) -> bool:
        return self._job is not None

    @property
    def sheets(self) -> tuple[AnswerSheet, ...]:
        """What is known: of the run that goes on, or the last one that ended; else the sheet that is kept."""
        kept = self._document.answers
        return tuple(self._parts) if self._parts else () if kept is None else (kept.sheet,)

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

    def sheet_of(self, unit: str | None) -> AnswerSheet | None:
        """The sheet that has a unit."""
        return next((sheet for sheet in self.sheets if unit in sheet.units["unit"].values), None)

    def offer(self) -> None:
        """Find out what the recording offers with what was derived of it, in the worker; once for each."""
        recording, now = self._document.recording, self._document.analysis
        if recording is None or self._is_offered:
            return
        self._offered_for, self._offered_with, self._looking = recording, now.derived, True

        def work(context: Context) -> Analysis:
            from glmengine.answers.question import question_for

            return question_for(recording, derived=now.derived, max_gap=now.time.max_gap, context=context)

        def take(found: Analysis) -> None:
            if recording is self._document.recording and now.derived == self._offered_with:
                first, self._offered, self._looking = self._offered is None, found, False
                if first:  # what is derived later is a candidate that the sheet did not know
                    self._follow_kept()
                self.asking_changed.emit()
                if self._wanted:
                    self.find()

        def failed(error: BaseException) -> None:
            self._wanted = self._looking = False
            self.message = ("error", str(error))
            self.changed.emit()

        self._jobs.submit("Looking for candidates", work, take, failed, key=_OFFER, quiet=True)

    def ask(self, asking: Asking) -> None:
        """Ask in another way."""
        if asking != self.asking:
            self.asking = asking
            self.asking_changed.emit()

    def estimate(self) -> None:
        """Find out how large the sheet would be, in the worker."""
        question, recording, settings = self.question, self._document.recording, self.asking.settings
        if question is None or recording is None:
            return

        def work(context: Context) -> Estimate:
            from glmengine.answers.size import estimate_answers

            return estimate_answers(question, recording, settings, context)

        self._jobs.submit(
            "Estimating the answers", work, self.sized.emit, lambda error: self.sized.emit(str(error)), key=_SIZE, quiet=True
        )

    # The run

    def find_at_once(self) -> None:
        """Answer all units by what the recording has, as soon as that is known; nothing where those answers are there already."""
        there = self._document.answers is not None and not self.is_stale
        if self._document.recording is None or self.running or there:
            return
        self.ask(replace(self.asking, from_features=False))
        self._wanted = True
        self.offer()
        if self._base is not None:
            self.find()

    def find(self) -> None:
        """Answer all units, going on with what an interrupted run of the same question had found."""
        if not self.asking.from_features and (self._looking or not self._is_offered):  # something was derived just now
            self._wanted = True
            self.offer()
            return
        question, recording, settings = self.question, self._document.recording, self.asking.settings
        self._wanted = False
        if question is None or recording is None or self.running or not self._permission.given():
            return
        self._run += 1
        number, folder = self._run, self._recovery.fits_folder()
        self._parts, self._asked_units, self.message = [], _units_of(question, recording), ("", "")

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
            on_given_up=self._given_up,
        )
        self.changed.emit()

    def stop(self) -> None:
        """End early with the units that are answered."""
        if self._job is not None:
            self._job.stop_and_keep()

    def cancel(self) -> None:
        """Give the run up; groups of units that are finished are kept for the next one."""
        if self._job is not None:
            self._job.cancel()

    def _take_some(self, number: int, some: AnswerSheet) -> None:
        if number == self._run and self.running:
            self._parts.append(some)
            self.filled.emit(some)

    def _take(self, kept: KeptAnswers, recording: Recording) -> None:
        self._job, self._parts = None, []
        if self._document.recording is not recording:
            notices().tell("info", "the sheet was dropped, since another recording was opened meanwhile", title="Answers")
        else:
            if not kept.sheet.is_whole:
                done = kept.sheet.units.sizes["unit"]
                self.message = (
                    "warning",
                    f"Stopped: {done} of {len(self._asked_units)} units are in the sheet. Find the answers again to go on from there.",
                )
            self._document.set_answers(kept)
        self.changed.emit()

    def _failed(self, error: BaseException) -> None:
        self._job, self._parts = None, []
        self.message = ("error", error.message if isinstance(error, GlmError) else str(error))
        self.changed.emit()

    def _given_up(self) -> None:
        done = self.n_answered[0] if self._parts else 0
        self._job, self._parts = None, []
        again = "Find the answers again to go on from there." if done else "Find the answers to begin anew."
        self.message = ("warning", f"Given up after {done} of {len(self._asked_units)} units. {again}")
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

        recording = self._document.recording

        def work(context: Context) -> int:
            from glmengine.analysis.sources import for_recording
            from glmengine.export.answer_files import write_answers

            models = kept.models
            if recording is not None and kept.is_of(recording):
                models = {unit: for_recording(model, recording) for unit, model in models.items()}
            simulations = kept.settings.simulations
            return len(write_answers(kept.sheet, folder, analysis=kept.analysis, simulations=simulations, models=models))

        def said(files: int) -> None:
            notices().tell("info", f"{numbered(files, 'file')} written to {folder}", title="Export", written=folder)

        self._jobs.submit(f"Saving the answers to {folder.name}", work, said)

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

    @property
    def _is_offered(self) -> bool:
        """Whether candidates were looked for, or are just now, in the recording as it is, with what is derived of it."""
        return self._offered_for is self._document.recording and self._offered_with == self._document.analysis.derived

    def _selection_for(self, question: Analysis) -> Selection:
        """As it is asked for, of the terms that are tried."""
        asked = self.asking.selection
        last = [
            term.label for term in question.terms if term.label in asked.last or (HISTORY in asked.last and term.kind == HISTORY)
        ]
        return asked.with_(last=tuple(last))

    @property
    def _base(self) -> Analysis | None:
        document = self._document
        if document.recording is None:
            return None
        if self.asking.from_features:
            return document.analysis
        return self._offered if self._offered_for is document.recording else None

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what:
            if self._seen is not self._document.recording:
                self._seen = self._document.recording
                self._offered = self._offered_for = None
                self._offered_with, self._looking = (), False
                self._wanted = False
                self.asking, self._parts, self.message = Asking(), [], ("", "")
            self._follow_kept()
        if "analysis" in what and self._offered_for is self._document.recording:  # its page was looked at
            self.offer()
        if what & {"recording", "analysis"}:
            self.asking_changed.emit()
        elif "answers" in what:
            self.changed.emit()

    def _follow_kept(self) -> None:
        """Ask what the sheet that came with a project answers, so that it is not out of date at once."""
        kept = self._document.answers
        if kept is None or self.asking != Asking() or not kept.is_of(self._document.recording):
            return
        labels = {term.label for term in kept.analysis.terms}
        offered = () if self._offered is None else tuple(term.label for term in self._offered.terms)
        if not offered:
            return
        from_features = not labels <= set(offered)
        base = self._document.analysis if from_features else self._offered
        new = {one.name for one in base.derived} - {one.name for one in kept.analysis.derived}  # derived since: to be tried
        self.asking = replace(
            self.asking,
            from_features=from_features,
            left_out=frozenset(
                term.label for term in base.terms if term.label not in labels and not new & set(variables_of(term))
            ),
            selection=kept.analysis.selection or Selection(),
            settings=kept.settings,
        )


def _units_of(question: Analysis, recording: Recording) -> tuple[str, ...]:
    """Names of the units that are asked for; none where the run will say what is wrong with their choice."""
    from glmengine.analysis.units import chosen_units

    try:
        return chosen_units(question.units, recording)
    except GlmError:
        return ()
