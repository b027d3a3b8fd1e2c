"""The strips around the panels: steps on the left, progress in the toolbar, notices above and the status line below."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtCore import QSize, Qt, QTimer, Signal
from qtpy.QtGui import QAction, QPalette, QResizeEvent
from qtpy.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QStatusBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from glmengine.analysis.units import how_many
from glmengine.context import Progress
from glmgui import theme
from glmgui.document import Document
from glmgui.notices import Notice
from glmgui.work.estimate import Estimate

STEPS = ("data", "features", "model", "results")
_SHOW_AFTER_MS = 250
_NOTICE_SECONDS = {"info": 6, "warning": 20, "error": 0}


class StepsRail(QWidget):
    """The four steps in order, each with what stands in it; picking one shows its panel."""

    picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 6, 4, 6)
        box.setSpacing(4)
        for number, name in enumerate(STEPS, start=1):
            button = QToolButton(self)
            button.setObjectName(f"step_{name}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(22, 22))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _, name=name: self.picked.emit(name))
            button.setProperty("title", f"{number} {name.capitalize()}")
            self._group.addButton(button)
            self.buttons[name] = button
            box.addWidget(button)
        box.addStretch(1)
        self.setFixedWidth(92)
        self.say(dict.fromkeys(STEPS, ""))
        self.renew_icons()

    def set_current(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def say(self, states: Mapping[str, str]) -> None:
        """Show a few words below the title of each step."""
        for name, state in states.items():
            title = self.buttons[name].property("title")
            self.buttons[name].setText(f"{title}\n{state}" if state else f"{title}\n\u2013")
            self.buttons[name].setAccessibleName(f"Step {title}{': ' + state if state else ''}")
            self.buttons[name].setToolTip(f"{title}  (Ctrl+{STEPS.index(name) + 1})")

    def renew_icons(self) -> None:
        for name, button in self.buttons.items():
            button.setIcon(theme.icon(name))


def states_of(document: Document) -> dict[str, str]:
    """What stands in each step, in a word or two."""
    recording, analysis = document.recording, document.analysis
    if recording is None:
        return {"data": "open a file", "features": "", "model": "", "results": ""}
    units, terms = how_many(analysis.units, recording), sum(term.enabled for term in analysis.terms)
    result = document.result
    if result is None:
        found = "fit" if terms else ""
    elif document.result_is_live:
        found = "live"
    else:
        found = "out of date" if document.result_is_stale else f"{len(result.units)} fitted"
    return {
        "data": f"{units} unit{'s' if units != 1 else ''}",
        "features": f"{terms} term{'s' if terms != 1 else ''}" if terms else "add a term",
        "model": analysis.model.family.replace("_", " "),
        "results": found,
    }


class ProgressStrip(QWidget):
    """What is being done, how far it is and how long it still takes, with the two ways to end it. Empty when nothing runs."""

    stop_asked = Signal()
    cancel_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("progress_strip")
        self.label = QLabel(self)
        self.label.setObjectName("progress_label")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar(self)
        self.bar.setObjectName("progress_bar")
        self.bar.setAccessibleName("Progress")
        self.bar.setRange(0, 1000)
        self.bar.setFixedSize(170, 20)
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
        self._can_stop = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SHOW_AFTER_MS)
        self._later.timeout.connect(self._show)
        self.stop.clicked.connect(self._stop)
        self.cancel.clicked.connect(self._cancel)
        self.end()

    def begin(self, label: str, *, can_stop: bool) -> None:
        """A job has begun; shown if it takes more than a moment."""
        self.label.setText(label)
        self._can_stop = can_stop
        self.stop.setEnabled(True)
        self.cancel.setEnabled(True)
        self.bar.setRange(0, 0)
        self.bar.setFormat("")
        self._later.start()

    def report(self, progress: Progress, seconds_left: float | None) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * min(max(progress.fraction, 0.0), 1.0)))
        left = f", {time_left(seconds_left)} left" if seconds_left is not None else ""
        self.bar.setFormat(f"{progress.fraction:.0%}{left}")
        if self.stop.isEnabled() and self.cancel.isEnabled():
            self.label.setText(progress.stage)

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


class NoticeBar(QFrame):
    """The latest warning or error, with its details; stays until it is closed or the next one comes."""

    details_asked = Signal(object)  # Notice
    wanted = Signal(bool)  # whether it is to be seen

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self.notice: Notice | None = None
        self._sign, self._text = QLabel(self), QLabel(self)
        self._text.setObjectName("notice_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPushButton("Details", self)
        self._details.setObjectName("notice_details")
        self._details.setAccessibleName("Details of the message")
        close = QToolButton(self)
        close.setObjectName("notice_close")
        close.setText("\u2715")
        close.setAutoRaise(True)
        close.setToolTip("Close this message; it stays in the log")
        close.setAccessibleName("Close the message")
        box = QHBoxLayout(self)
        box.setContentsMargins(10, 4, 6, 4)
        box.setSpacing(8)
        box.addWidget(self._sign)
        box.addWidget(self._text, 1)
        box.addWidget(self._details)
        box.addWidget(close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.dismiss)
        # when the bar has got its width: a height set while the bar is being laid out is lost
        self._fit = QTimer(self)
        self._fit.setSingleShot(True)
        self._fit.setInterval(0)
        self._fit.timeout.connect(self._fit_height)
        self._details.clicked.connect(lambda: self.details_asked.emit(self.notice))
        close.clicked.connect(self.dismiss)

    def show_notice(self, notice: Notice) -> None:
        self.notice = notice
        table = theme.current()
        colour = {"error": table.error, "warning": table.warning, "info": table.good}[notice.level]
        self._sign.setText({"error": "\u2716", "warning": "\u26a0", "info": "\u2713"}[notice.level])
        self._sign.setStyleSheet(f"color: {colour}; font-weight: bold;")
        said = f"{notice.title}: {notice.text}" if notice.title else notice.text
        self._text.setText(said if len(said) < 600 else said[:600] + "\u2026")
        self._details.setVisible(bool(notice.details) or len(said) >= 600)
        self.setStyleSheet(
            f"#notice_bar {{ border: none; border-left: 4px solid {colour}; background: {table.raised}; border-bottom: 1px solid {table.border}; }}"
        )
        self.setAccessibleName(f"{notice.level}: {said}")
        self.wanted.emit(True)
        self.show()
        self._fit.start()
        seconds = _NOTICE_SECONDS[notice.level]
        if seconds:
            self._timer.start(1000 * seconds)
        else:
            self._timer.stop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit.start()

    def _fit_height(self) -> None:
        """As high as its text is at this width: a label that wraps would ask for a narrow column's height."""
        height = self.layout().heightForWidth(self.width()) + 1  # and the line below it
        if height > 1 and height != self.maximumHeight():
            self.setFixedHeight(height)

    def dismiss(self) -> None:
        """Take the message away; it stays in the log."""
        self._timer.stop()
        self.notice = None
        self.wanted.emit(False)


class StatusLine(QStatusBar):
    """The recording, its bins and what a fit would take; on the right the way to the log."""

    def __init__(self, log_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.setSizeGripEnabled(False)
        self.about = QLabel(self)
        self.about.setObjectName("status_text")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setContentsMargins(8, 0, 8, 0)
        self.log = QToolButton(self)
        self.log.setObjectName("status_log")
        self.log.setDefaultAction(log_action)
        self.log.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.log.setAutoRaise(True)
        self.addWidget(self.about, 1)
        self.addPermanentWidget(self.log)

    def say(self, document: Document, found: Estimate | None) -> None:
        recording = document.recording
        if recording is None:
            self.about.setText("No recording is open")
            self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            return
        self.about.setForegroundRole(QPalette.ColorRole.WindowText)
        said = [
            recording.name,
            f"{len(recording.unit_names)} unit{'s' if len(recording.unit_names) != 1 else ''}",
            f"{recording.duration:,.0f} s",
            f"{document.analysis.time.bin_size * 1000:g} ms bins",
        ]
        if found is not None:
            said.append(found.text)
        self.about.setText("   \u00b7   ".join(said))
        self.about.setAccessibleName(self.about.text())


def time_left(seconds: float) -> str:
    """A time that is still to come, in words."""
    if seconds < 1.5:
        return "1 s"
    if seconds < 99:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
