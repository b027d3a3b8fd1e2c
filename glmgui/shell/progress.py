"""The progress strip of the toolbar, with the time left and the two ways to end a job."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from glmengine.context import Progress
from glmengine.sentences import numbered
from glmgui.widgets.progress_bar import ProgressBar
from glmgui.widgets.texts import ElidedLabel

_SHOW_AFTER_MS = 250


class ProgressStrip(QWidget):
    """What is being done, how far it is and how long it still takes, with the two ways to end it. Empty when nothing runs."""

    stop_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("progress_strip")
        self.label = ElidedLabel(self)
        self.label.setObjectName("progress_label")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = ProgressBar("progress_bar", "Progress", self)
        self.bar.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.stop = QPushButton("Stop and keep", self)
        self.stop.setObjectName("stop_and_keep")
        self.stop.setToolTip("End the fit now and keep what there is, marked as not finished")
        self.cancel = QPushButton("Cancel", self)
        self.cancel.setObjectName("cancel_job")
        self.cancel.setToolTip("Give up what is being done (Ctrl+.)")
        for control in (self.stop, self.cancel):
            control.setAccessibleName(control.text())
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 0, 8, 0)
        box.setSpacing(8)
        box.addWidget(self.label, 1)
        box.addWidget(self.bar)
        box.addWidget(self.stop)
        box.addWidget(self.cancel)
        self._parts = (self.label, self.bar, self.stop, self.cancel)
        self._can_stop, self._stage, self._waiting = False, "", 0
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SHOW_AFTER_MS)
        self._later.timeout.connect(self._show)
        self.stop.clicked.connect(self._stop)
        self.cancel.clicked.connect(self._cancel)
        self.end()

    def begin(self, label: str, *, can_stop: bool) -> None:
        """A job has begun; shown if it takes more than a moment."""
        self._say(label)
        self._can_stop = can_stop
        self.stop.setEnabled(True)
        self.cancel.setEnabled(True)
        self.bar.setRange(0, 0)
        self.bar.setFormat("")
        self._later.start()

    def report(self, progress: Progress, seconds_left: float | None) -> None:
        self.bar.show_far(progress.fraction, seconds_left)
        if self.stop.isEnabled() and self.cancel.isEnabled():
            self._say(progress.stage)

    def say_waiting(self, count: int) -> None:
        """Name the fits that wait behind the one that runs."""
        self._waiting = count
        if self.stop.isEnabled() and self.cancel.isEnabled():
            self._say(self._stage)

    def _say(self, stage: str) -> None:
        self._stage = stage
        self.bar.setToolTip(f"{numbered(self._waiting, 'fit')} waiting, see the Fits step" if self._waiting else "")
        self.label.setText(f"{stage}  (+{self._waiting})" if self._waiting else stage)

    def end(self) -> None:
        self._later.stop()
        for part in self._parts:
            part.hide()
        # a bar without an end keeps the main thread busy even when hidden
        self.bar.setRange(0, 1000)

    @property
    def shown(self) -> bool:
        return not self.bar.isHidden()

    def _show(self) -> None:
        for part in self._parts:
            part.show()
        self.stop.setVisible(self._can_stop)

    def _stop(self) -> None:
        self.label.setText("Stopping\u2026")
        self.stop.setEnabled(False)
        self.stop_asked.emit()

    def _cancel(self) -> None:
        self.label.setText("Cancelling\u2026")
        self.cancel.setEnabled(False)
        self.stop.setEnabled(False)
        self.cancel_asked.emit()
