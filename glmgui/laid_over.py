"""Parts that lie over a widget, so that what stands there is not moved when they come and go."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QEvent, QObject, QRect, QSize, Qt
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QLabel, QWidget

_BELOW = (QEvent.Type.Resize, QEvent.Type.Show)
_OVER = (QEvent.Type.Show, QEvent.Type.LayoutRequest, QEvent.Type.FontChange)
_EDGE = 8


class LaidOver(QObject):
    """Keeps `part` over `below`: along its whole lower edge, or in its middle and no wider than it needs, as high as it is at that width."""

    def __init__(self, part: QWidget, below: QWidget, place: Literal["bottom", "middle"] = "bottom") -> None:
        super().__init__(part)
        self._part, self._below, self._place = part, below, place
        part.setParent(below)
        for one in (part, below):
            one.installEventFilter(self)
        self._lay()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (_BELOW if watched is self._below else _OVER):
            self._lay()
        return False

    def _lay(self) -> None:
        whole = self._below.rect()
        if self._place == "middle":
            whole = whole.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        width = whole.width() if self._place == "bottom" else min(whole.width(), self._part.sizeHint().width())
        height = max(self._part.heightForWidth(width), self._part.minimumSizeHint().height())
        room = QRect(0, 0, width, min(height, whole.height()))
        if self._place == "bottom":
            room.moveBottomLeft(whole.bottomLeft())
        else:
            room.moveCenter(whole.center())
        if self._part.geometry() != room:
            self._part.setGeometry(room)
        self._part.raise_()


class WaitingWords(QLabel):
    """What is being done for a picture that is not there yet, in its middle; the mouse does not see it."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setObjectName(f"{over.objectName()}_waiting")
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoFillBackground(True)  # over what is greyed
        self.hide()
        self._laid = LaidOver(self, over, "middle")

    def sizeHint(self) -> QSize:
        letters = self.fontMetrics()
        return QSize(letters.horizontalAdvance(self.text()) + 4 * letters.averageCharWidth(), 2 * letters.height())

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def say(self, text: str) -> None:
        """Say what is being done; nothing once it is done."""
        # in the colours of what is enabled, also on a page that is not yet
        palette = self.palette()
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Window):
            palette.setColor(QPalette.ColorGroup.Disabled, role, palette.color(QPalette.ColorGroup.Active, role))
        self.setPalette(palette)
        self.setText(text)
        self.setVisible(bool(text))
