"""What is open, as it is read: recording, analysis, fits, result, answers, selection."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from glmengine.analysis.analysis import Analysis
from glmgui.selection import Selection
from glmgui.undo_history import UndoHistory

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.recording.recording import Recording
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result
    from glmengine.results.sketch import Sketch, SketchScore


class OpenState(QObject):
    """What is open. It changes by `glmgui.document.Document` alone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._recording: Recording | None = None
        self._effective: Recording | None = None
        self._analysis = Analysis()
        self._result: Result | None = None
        self._live: Result | None = None
        self._sketch: Sketch | None = None
        self._sketch_score: SketchScore | None = None
        self._stale = ""
        self._is_asked: Callable[[Analysis], bool] = lambda analysis: False
        self._selection = Selection()
        self._project_path: Path | None = None
        self._fits: tuple[KeptFit, ...] = ()
        self._shown_fit = ""
        self._answers: KeptAnswers | None = None
        self._saved: tuple[Analysis, Result | None, tuple[KeptFit, ...], KeptAnswers | None] = (self._analysis, None, (), None)
        self._busy = False
        self._doing = ("", "")
        self._fault = ("", "")
        self._history = UndoHistory()

    @property
    def recording(self) -> Recording | None:
        return self._recording

    @property
    def effective_recording(self) -> Recording | None:
        """The recording with the derived covariates of the analysis as last computed; without them until a job has brought them."""
        return self._effective or self._recording

    @property
    def analysis(self) -> Analysis:
        return self._analysis

    @property
    def result(self) -> Result | None:
        """What is shown: the live fit of the selected unit while there is one, else the result of the last fit."""
        return self._live if self._live is not None else self._result

    @property
    def kept_result(self) -> Result | None:
        """The result of the last fit, which is what saving the project keeps."""
        return self._result

    @property
    def fits(self) -> tuple[KeptFit, ...]:
        """The fits that are kept, in the order in which they were made."""
        return self._fits

    @property
    def answers(self) -> KeptAnswers | None:
        """The answer sheet that is kept, whatever it answers; None where there is none."""
        return self._answers

    @property
    def shown_fit(self) -> KeptFit | None:
        """The kept fit whose result `kept_result` is, None where it is of none of them."""
        return self.fit_of(self._shown_fit)

    def fit_of(self, key: str) -> KeptFit | None:
        """The kept fit of this key."""
        return next((fit for fit in self._fits if fit.key == key), None)

    @property
    def result_is_live(self) -> bool:
        """Whether `result` is a live fit: of one unit, without cross-validation, never saved."""
        return self._live is not None

    @property
    def live_sketch(self) -> Sketch | None:
        """What a live fit of some of the time says of one term, while that of all of it is not there."""
        return self._sketch

    @property
    def live_score(self) -> SketchScore | None:
        """The held-out score of the live fit, from some of the time."""
        return self._sketch_score

    @property
    def result_is_stale(self) -> bool:
        """Whether the result answers another question than the present one, or was made from another recording."""
        return bool(self.why_stale)

    @property
    def why_stale(self) -> str:
        """The same in words, with what can be done; empty where the result is that of what is open."""
        return self._stale if self._live is None else ""

    @property
    def unit(self) -> str | None:
        """Name of the selected unit."""
        return self._selection.unit

    @property
    def units(self) -> tuple[str, ...]:
        """The set of units that is selected in every list and plot, in the order of the recording: the selected one alone where no more are."""
        return self._selection.units

    @property
    def term(self) -> int | None:
        """Position of the selected term in ``analysis.terms``."""
        return self._selection.term

    @property
    def project_path(self) -> Path | None:
        return self._project_path

    @property
    def modified(self) -> bool:
        """Whether there is anything that saving the project would keep."""
        analysis, result, fits, answers = self._saved
        return self._analysis != analysis or self._result is not result or self._fits != fits or self._answers is not answers

    @property
    def would_be_missed(self) -> bool:
        """Whether what is not saved is somebody's work: a question, what was found, or answers; not an opened recording alone."""
        return self.modified and bool(self._analysis.terms or self.kept_result or self._fits or self._answers)

    @property
    def busy(self) -> bool:
        """Whether a job runs that the user is waiting for."""
        return self._busy

    @property
    def doing(self) -> tuple[str, str]:
        """What the job does that the user is waiting for, and what comes of it, in a sentence; both empty while none has begun."""
        return self._doing

    @property
    def can_be_fitted(self) -> bool:
        """Whether there is a recording, and a term that is in the model."""
        return self._recording is not None and any(term.enabled for term in self._analysis.terms)

    @property
    def fault(self) -> tuple[str, str]:
        """Field and message of the last refusal by the engine, both empty where there is none."""
        return self._fault

    @property
    def undo_text(self) -> str:
        """What `undo` would take back, empty where there is nothing."""
        return self._history.undo_text

    @property
    def redo_text(self) -> str:
        """What `redo` would do again, empty where there is nothing."""
        return self._history.redo_text

    @property
    def _unit_names(self) -> tuple[str, ...]:
        return self._recording.unit_names if self._recording is not None else ()
