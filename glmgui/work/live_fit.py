"""The live fit: the selected unit again at every edit, first a curve of some of the time, then a held-out score, then all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.analysis.analysis import Analysis
from glmgui.document import Document
from glmgui.jobs import Jobs

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmengine.results.sketch import Sketch, Sketches, SketchScore

_REST_MS = 600
"""The hand rests: the fit of all of the time begins."""

CURVE, SCORE, WHOLE = "live", "live-score", "live-whole"


class LiveFit(QObject):
    """Follows the document while it is on.

    A fit of all of a long recording takes seconds, a curve may take a frame or two. So a movement is answered from some stretches of the
    time (`glmengine.results.sketch`), the score of held-out stretches follows, and all of the time is fitted when the hand rests.

    Signals
    -------
    switched : bool
        Whether it is on now.
    """

    switched = Signal(bool)

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self._on = False
        self._asked: tuple[_Question, str] | None = None  # of which the curve was asked last, and for which term
        self._answered: _Question | None = None  # of which all of the time is fitted
        self._sketches: list[Sketches] = []  # of one recording; what is in it is known to the worker alone
        self._timer, self._rest = QTimer(self), QTimer(self)
        for timer, milliseconds, act in ((self._timer, 0, self._fit), (self._rest, _REST_MS, self._fit_whole)):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(act)
        document.changed.connect(self._changed)

    @property
    def on(self) -> bool:
        return self._on

    def switch(self, on: bool) -> None:
        """On or off; off shows the result of the last fit again."""
        if on == self._on:
            return
        self._on = on
        self._asked = self._answered = None
        self._sketches = []
        if on:
            self._timer.start()
        else:
            self.stop()
            self._document.set_live_result(None)
        self.switched.emit(on)

    def stop(self) -> None:
        """Ask for no further fit."""
        self._timer.stop()
        self._rest.stop()
        for key in (CURVE, SCORE, WHOLE):
            self._jobs.drop(key)

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what:
            self._sketches = []
        if self._on and what & {"analysis", "selection"}:
            self._timer.start()

    def _fit(self) -> None:
        """Ask for the curve of the chosen term; what is asked while one is made is asked next, the rest dropped."""
        document = self._document
        if not (self._on and document.can_be_fitted) or document.unit is None or self._jobs.is_pending(CURVE):
            return
        question = _Question(document.analysis, document.recording, document.unit)
        terms, at = document.analysis.terms, document.term
        chosen = terms[at if at is not None and at < len(terms) and terms[at].enabled else 0]
        if question.is_that_of(self._answered):
            document.set_live_result(document.result)  # in the place of a curve of another question
            self._asked = (question, chosen.label)
            return
        if self._asked is not None and question.is_that_of(self._asked[0]) and chosen.label == self._asked[1]:
            return
        if self._asked is None or not question.is_that_of(self._asked[0]):
            self._rest.stop()
            for key in (SCORE, WHOLE):
                self._jobs.drop(key)
            document.set_live_score(None)
        self._asked = (question, chosen.label)
        asked, sketches = live_question(document.analysis, document.unit, document.kept_result), self._sketches

        def work(context: Context) -> Sketch | Result:
            import glmengine
            from glmengine.results.sketch import can_be_sketched, is_short

            if not can_be_sketched(asked) or not chosen.enabled or is_short(asked, question.recording, context):
                return glmengine.run(asked, question.recording, context)
            return _sketches_of(question.recording, sketches).sketch(asked, question.unit, chosen.label, context)

        self._submit(question, work, lambda found: self._take(question, asked, found), CURVE)

    def _take(self, question: _Question, asked: Analysis, found: Sketch | Result) -> None:
        from glmengine.results.sketch import Sketch

        if not isinstance(found, Sketch):
            self._take_whole(question, found)
            return
        self._document.set_live_sketch(found)
        self._timer.start()  # what was asked meanwhile comes before all that follows
        if not self._is_asked(question):
            return
        self._rest.start()
        if self._jobs.is_pending(SCORE):
            return
        sketches = self._sketches

        def work(context: Context) -> SketchScore:
            return _sketches_of(question.recording, sketches).score(asked, question.unit, context)

        self._submit(question, work, self._document.set_live_score, SCORE)

    def _fit_whole(self) -> None:
        """All of the time, once nothing was asked for a while."""
        if not self._on or self._asked is None or not self._is_asked(self._asked[0]) or self._jobs.is_pending(WHOLE):
            return
        question = self._asked[0]
        asked = live_question(question.analysis, question.unit, self._document.kept_result)

        def work(context: Context) -> Result:
            import glmengine

            return glmengine.run(asked, question.recording, context)

        self._submit(question, work, lambda result: self._take_whole(question, result), WHOLE)

    def _take_whole(self, question: _Question, result: Result) -> None:
        self._answered = question
        self._document.set_live_result(result)
        self._timer.start()

    def _submit(self, question: _Question, work: Callable[[Context], Any], take: Callable[[Any], None], key: str) -> None:
        """Do it quietly; its answer is taken only while the live fit is on and the recording is the same."""

        def done(found: Any) -> None:
            if self._on and self._document.recording is question.recording:
                take(found)

        def failed(error: BaseException) -> None:
            self._document.set_fault_of(error, question.analysis)
            self._timer.start()

        self._jobs.submit(f"Live fit of unit {question.unit}", work, done, failed, key=key, quiet=True)

    def _is_asked(self, question: _Question) -> bool:
        """Whether it is still what the document asks."""
        document = self._document
        return question.is_that_of(_Question(document.analysis, document.recording, document.unit))


class _Question:
    """An analysis of one unit of a recording; recordings are compared as objects."""

    def __init__(self, analysis: Analysis, recording: Recording, unit: str) -> None:
        self.analysis, self.recording, self.unit = analysis, recording, unit

    def is_that_of(self, other: _Question | None) -> bool:
        if other is None or self.recording is not other.recording:
            return False
        return (self.analysis, self.unit) == (other.analysis, other.unit)


def _sketches_of(recording: Recording, kept: list[Sketches]) -> Sketches:
    """Those of a recording with what the last one left, where that is the one in `kept`; new ones otherwise, which then are."""
    from glmengine.results.sketch import Sketches

    if not kept or kept[0].recording is not recording:
        kept[:] = [Sketches(recording)]
    return kept[0]


def live_question(analysis: Analysis, unit: str, result: Result | None) -> Analysis:
    """The analysis of one unit at one strength (the one that the last fit chose for it), without held-out time."""
    strengths = analysis.model.strengths
    strength = strengths[len(strengths) // 2]
    if result is not None and unit in result.units:
        chosen = float(result.scores["strength"].sel(unit=unit))
        strength = chosen if chosen in strengths else strength
    return analysis.with_(
        units=analysis.units.with_(names=(unit,)),
        model=analysis.model.with_(strengths=(strength,)),
        validation=analysis.validation.with_(folds=0),
    )
