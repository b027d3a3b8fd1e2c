"""The details of a notice, to be copied."""

from __future__ import annotations

from qtpy.QtGui import QFontDatabase, QGuiApplication
from qtpy.QtWidgets import QDialog, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from glmgui.notices import Notice
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.controls import button
from glmgui.widgets.layout import row
from glmgui.widgets.texts import heading


class DetailsDialog(QDialog):
    """One notice with its details."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("details_dialog")
        self.setWindowTitle("Details")
        resize_on_screen(self, 680, 380)
        self._notice = notice
        text = QLabel(notice.text, self)
        text.setWordWrap(True)
        details = QPlainTextEdit(self)
        details.setObjectName("details_text")
        details.setAccessibleName("Details")
        details.setReadOnly(True)
        details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        details.setPlainText(notice.details or "There are no more details.")
        close = button("Close", "details_close", "Close; the log keeps what is said here", self)
        copy = button("Copy", "details_copy", "Put all of this on the clipboard, as text", self)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        close.clicked.connect(self.reject)
        copy.setDefault(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        box.addWidget(
            heading(notice.title or {"error": "Something went wrong", "warning": "Warning", "info": "Note"}[notice.level], self)
        )
        box.addWidget(text)
        box.addWidget(details, 1)
        box.addLayout(row(None, close, copy))

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self._notice.title, self._notice.text, "", self._notice.details) if part is not None)
