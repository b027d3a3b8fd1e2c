"""The live fit: the selected unit again at every edit, without cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.analysis.analysis import Analysis
from glmgui.document import Document
from glmgui.jobs import Job, Jobs

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.results.result import Result

_AFTER_MS = 30


class LiveFit(QObject):
    """Follows the document while it is on.

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
        self._asked: tuple[Any, ...] | None = None
        self._job: Job | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._fit)
        document.changed.connect(self._changed)

    @property
    def on(self) -> bool:
        return self._on

    def switch(self, on: bool) -> None:
        """On or off; off shows the result of the last fit again."""
        if on == self._on:
            return
        self._on = on
        self._asked = None
        if on:
            self._timer.start()
        else:
            self.stop()
            self._document.set_live_result(None)
        self.switched.emit(on)

    def stop(self) -> None:
        """Ask for no further fit."""
        self._timer.stop()
        if self._job is not None:
            self._job.cancel()

    def _changed(self, what: frozenset[str]) -> None:
        if self._on and what & {"analysis", "selection"}:
            self._timer.start()

    def _fit(self) -> None:
        """Fit the selected unit at one strength without cross-validation; what was asked in the meantime is asked next, the rest dropped."""
        document = self._document
        if not (self._on and document.can_be_fitted) or document.unit is None or self._jobs.is_pending("live"):
            return
        asked = (document.analysis, document.recording, document.unit)
        if asked == self._asked:
            return
        self._asked = asked
        analysis, recording, unit = asked
        question = live_question(analysis, unit, document.kept_result)

        def work(context: Context) -> Result:
            import glmengine

            return glmengine.run(question, recording, context)

        def take(result: Result) -> None:
            if self._on and document.recording is recording:
                document.set_live_result(result)
            self._timer.start()

        def failed(error: BaseException) -> None:
            document.set_fault_of(error, analysis)
            self._timer.start()

        self._job = self._jobs.submit(f"Live fit of unit {unit}", work, take, failed, key="live", quiet=True)


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
