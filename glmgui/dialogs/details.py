"""The details of a notice, to be copied."""

from __future__ import annotations

from qtpy.QtGui import QFontDatabase, QGuiApplication
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from glmgui.notices import Notice
from glmgui.widgets.texts import heading


class DetailsDialog(QDialog):
    """One notice with its details."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("details_dialog")
        self.setWindowTitle("Details")
        self.resize(680, 380)
        self._notice = notice
        text = QLabel(notice.text, self)
        text.setWordWrap(True)
        details = QPlainTextEdit(self)
        details.setObjectName("details_text")
        details.setAccessibleName("Details")
        details.setReadOnly(True)
        details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        details.setPlainText(notice.details or "There are no more details.")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        buttons.rejected.connect(self.reject)
        box = QVBoxLayout(self)
        box.setContentsMargins(16, 16, 16, 12)
        box.setSpacing(10)
        box.addWidget(
            heading(notice.title or {"error": "Something went wrong", "warning": "Warning", "info": "Note"}[notice.level], self)
        )
        box.addWidget(text)
        box.addWidget(details, 1)
        box.addWidget(buttons)

    @property
    def text(self) -> str:
        return "\n".join(part for part in (self._notice.title, self._notice.text, "", self._notice.details) if part is not None)
