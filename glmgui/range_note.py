"""A note below a field for a number that did not take what was typed: which numbers it takes."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QHideEvent, QPalette
from qtpy.QtWidgets import QAbstractSpinBox, QLabel

_SHOWN_MS = 8000
_ROOM = 4


class RangeNote(QLabel):
    """Stands below its field, over what is there, until something else is typed or the field is gone; a click takes it away.

    Once hidden it is `gone`, and nothing of it is left.
    """

    gone = Signal()

    def __init__(self, field: QAbstractSpinBox) -> None:
        super().__init__(field.window())
        self.setObjectName(f"{field.objectName()}_range")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMargin(_ROOM)
        self.setFrameShape(QLabel.Shape.Box)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self.hide()
        self._field = field
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_SHOWN_MS)
        self._later.timeout.connect(self.hide)
        field.installEventFilter(self)
        field.destroyed.connect(self.deleteLater)

    def say(self, text: str) -> None:
        """Say it now, beside the field."""
        field, window = self._field, self.parentWidget()
        self.setText(text)
        self.setAccessibleName(text)
        width = min(window.width(), self.fontMetrics().horizontalAdvance(text) + 4 * _ROOM)
        self.resize(width, max(self.heightForWidth(width), self.sizeHint().height()))
        below = field.mapTo(window, QPoint(0, field.height() + 1))
        high = window.height() - self.height()
        if below.y() > high:
            below.setY(field.mapTo(window, QPoint(0, 0)).y() - self.height() - 1)
        self.move(max(0, min(below.x(), window.width() - width)), below.y())
        self.show()
        self.raise_()
        self._later.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.gone.emit()
        self.deleteLater()

    def mousePressEvent(self, event: QEvent) -> None:
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Hide, QEvent.Type.Move, QEvent.Type.KeyPress) and not self.isHidden():
            self.hide()
        return False
