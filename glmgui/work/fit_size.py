"""The size of a fit of the present analysis, estimated after every edit."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from glmengine.design.fit_size import Estimate, estimate
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices

_AFTER_MS = 150
_LATE_MS = 600  # after an edit, from when on the size of before is no longer said


class FitSize(QObject):
    """Watches the document; what was computed on the way, the recording with its derived covariates, it gives to the document.

    Signals
    -------
    estimated : Estimate or None
        How large a fit would be; None where it cannot be said, or is being counted.
    """

    estimated = Signal(object)

    def __init__(self, document: Document, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.estimate: Estimate | None = None
        self._derived_for: tuple[Any, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self._ask)
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.setInterval(_LATE_MS)
        self._late.timeout.connect(self._say_counting)
        self.counting = False
        document.changed.connect(self._changed)

    def stop(self) -> None:
        """Ask for no further estimate."""
        self._timer.stop()
        self._late.stop()

    def warn(self) -> None:
        """Tell, as a fit begins, that it is large, and what would make it smaller."""
        if self.estimate is not None and self.estimate.warnings:
            notices().tell("warning", " ".join(self.estimate.warnings), title="Fitting")

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"recording", "analysis"}:
            self._timer.start()
            self._late.start()

    def _say_counting(self) -> None:
        self.counting, self.estimate = True, None
        self.estimated.emit(None)

    def _ask(self) -> None:
        analysis, recording = self._document.analysis, self._document.recording
        if recording is None:
            self._take(None)
            return
        self._jobs.submit(
            "Estimating the size of the fit",
            lambda context: estimate(analysis, recording, context),
            lambda found: self._take(found, (recording, analysis.derived, analysis.time.max_gap)),
            lambda error: self._take(None),
            key="estimate",
            quiet=True,
            background=True,
        )

    def _take(self, found: Estimate | None, derived_for: tuple[Any, ...] = ()) -> None:
        if not self._timer.isActive():  # else an edit came meanwhile, and an answer is still owed
            self._late.stop()
            self.counting = False
        self.estimate = found
        known = self._derived_for  # recordings are compared by what they are: their arrays cannot be
        same = bool(known) and bool(derived_for) and known[0] is derived_for[0] and known[1:] == derived_for[1:]
        if found is not None and derived_for[0] is self._document.recording and not same:
            self._derived_for = derived_for
            self._document.set_effective_recording(found.recording)
        self.estimated.emit(found)
