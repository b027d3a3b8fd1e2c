"""The question that an answer sheet answers: its candidates, found in the recording or taken from the features, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmengine.analysis.selection import Selection
from glmengine.answers.question import HISTORY, sheet_selection
from glmengine.answers.settings import AnswerSettings
from glmengine.design.variables import variables_of
from glmgui.document import Document
from glmgui.jobs import Jobs

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.design.fit_size import Estimate
    from glmengine.recording.derived.quantities import AnyDerived
    from glmengine.recording.recording import Recording

_OFFER, _SIZE = "answers-candidates", "answers-size"
FROM_ANALYSIS = ("units", "time", "seed")
"""Parts of the question that are those of the analysis, whatever the recording offers."""

FROM_MODEL = ("family", "link")
"""The same of its model: what the counts, or signals, are taken for."""


def differ_in_what_is_asked(one: Analysis, other: Analysis) -> bool:
    """Whether the parts of the question that are those of the analysis are others in one than in the other."""
    return any(getattr(one, part) != getattr(other, part) for part in FROM_ANALYSIS) or any(
        getattr(one.model, part) != getattr(other.model, part) for part in FROM_MODEL
    )


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


class AnswerQuestion(QObject):
    """Finds the candidates of a recording, and puts the question together.

    Signals
    -------
    changed
        Candidates or settings are others.
    offered
        It is known what the recording offers.
    not_offered : str
        Why that cannot be found out.
    sized : Estimate or str
        How large the sheet would be, or why that cannot be said.
    """

    changed = Signal()
    offered = Signal()
    not_offered = Signal(str)
    sized = Signal(object)

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.asking = Asking()
        self._offered: Analysis | None = None
        self._offered_for: Recording | None = None
        self._offered_with: tuple[AnyDerived, ...] = ()
        self._looking = False
        self._seen: Recording | None = None
        document.changed.connect(self._changed)

    @property
    def candidates(self) -> tuple[str, ...]:
        """Labels of the terms that may be tried."""
        base = self._base
        return () if base is None else tuple(term.label for term in base.terms if term.enabled)

    @property
    def analysis(self) -> Analysis | None:
        """What is asked; None while nothing can be."""
        base, now = self._base, self._document.analysis
        if base is None:
            return None
        terms = tuple(term for term in base.terms if term.enabled and term.label not in self.asking.left_out)
        if not terms:
            return None
        known = [one for one in now.derived if one.name not in {other.name for other in base.derived}]
        question = base.with_(
            **{part: getattr(now, part) for part in FROM_ANALYSIS},
            model=base.model.with_(**{part: getattr(now.model, part) for part in FROM_MODEL}),
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
        question = self.analysis
        return Selection() if question is None or question.selection is None else question.selection

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
                self.changed.emit()
                self.offered.emit()

        def failed(error: BaseException) -> None:
            self._looking = False
            self.not_offered.emit(str(error))

        self._jobs.submit("Looking for candidates", work, take, failed, key=_OFFER, quiet=True)

    def ask(self, asking: Asking) -> None:
        """Ask in another way."""
        if asking != self.asking:
            self.asking = asking
            self.changed.emit()

    def estimate(self) -> None:
        """Find out how large the sheet would be, in the worker."""
        question, recording, settings = self.analysis, self._document.recording, self.asking.settings
        if question is None or recording is None:
            return

        def work(context: Context) -> Estimate:
            from glmengine.answers.size import estimate_answers

            return estimate_answers(question, recording, settings, context)

        self._jobs.submit(
            "Estimating the answers", work, self.sized.emit, lambda error: self.sized.emit(str(error)), key=_SIZE, quiet=True
        )

    @property
    def is_known(self) -> bool:
        """Whether all candidates are known: nothing was derived just now of which some could be made."""
        return self.asking.from_features or (self._is_offered and not self._looking)

    @property
    def can_be_asked(self) -> bool:
        """Whether there are candidates, if perhaps not all."""
        return self._base is not None

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
                self.asking = Asking()
            self._follow_kept()
        if "analysis" in what and self._offered_for is self._document.recording:  # its page was looked at
            self.offer()
        if what & {"recording", "analysis"}:
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
