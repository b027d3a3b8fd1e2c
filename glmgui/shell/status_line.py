"""The status line: the recording, its bins, and what a fit would take."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QPalette
from qtpy.QtWidgets import QStatusBar, QToolButton, QWidget

from glmengine.analysis.units import chosen_of_all
from glmengine.design.fit_size import Estimate
from glmengine.sentences import exact_seconds
from glmgui.document import Document
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.texts import ElidedLabel


class StatusLine(ExplainsWords, QStatusBar):
    """The recording, its bins and what a fit would take; on the right the way to the log."""

    def __init__(self, log_action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status_line")
        self.setSizeGripEnabled(False)
        self.about = ElidedLabel(self)  # a long name makes the window no wider than a small screen
        self.about.setObjectName("status_text")
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.about.setContentsMargins(8, 0, 8, 0)
        self.log = QToolButton(self)
        self.log.setObjectName("status_log")
        self.log.setDefaultAction(log_action)
        self.log.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.log.setAutoRaise(True)
        self.messageChanged.connect(lambda said: self.about.setVisible(not said))  # else a change of font shows both
        self.addWidget(self.about, 1)
        self.addPermanentWidget(self.log)

    def say(self, document: Document, found: Estimate | None, *, counting: bool = False) -> None:
        """Say what is open and, while nothing runs, what a fit of it would take, unless that is being counted; how far what runs is stands
        in the toolbar."""
        recording = document.recording
        if recording is None:
            self.about.setText("No recording is open")
            self.about.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            return
        self.about.setForegroundRole(QPalette.ColorRole.WindowText)
        said = [
            recording.name,
            chosen_of_all(document.analysis.units, recording),
            f"{exact_seconds(recording.duration)} s",
            f"{document.analysis.time.bin_size * 1000:g} ms bins",
        ]
        if found is not None:
            said.append(found.size if document.busy else found.text)
        elif counting:
            said.append("counting\u2026")
        self.about.setText("   \u00b7   ".join(said))
        self.about.setAccessibleName(self.about.text())
