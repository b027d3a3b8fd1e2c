"""Parts that lie over a widget, so that what stands there is not moved when they come and go."""

from __future__ import annotations

from typing import Literal

from qtpy.QtCore import QEvent, QObject, QRect, QSize, Qt
from qtpy.QtGui import QCursor, QPalette
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

_BELOW = (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show)
_OVER = (QEvent.Type.Show, QEvent.Type.LayoutRequest, QEvent.Type.FontChange)
_OF_PAGE = (QEvent.Type.Leave, QEvent.Type.Resize, QEvent.Type.Show)
_OF_MESSAGE = (QEvent.Type.Enter, QEvent.Type.Resize, QEvent.Type.LayoutRequest)
_EDGE = 8
_AXIS, _LEAST_LINE = 36, 24  # pixels of an axis with its label and numbers; letters of a line of words between two of them
ROOM_IN_MESSAGE = 4
"""Pixels of a message above and below its text."""


class LaidOver(QObject):
    """Keeps `part` over `below`, as high as it is at its width.

    It lies along the whole lower edge; or in the middle and no wider than it needs; or along the upper edge, from which it hangs down over
    what stands below in the parent of both.
    """

    def __init__(self, part: QWidget, below: QWidget, place: Literal["bottom", "middle", "top"] = "bottom") -> None:
        super().__init__(part)
        self._part, self._below, self._place = part, below, place
        if place != "top":
            part.setParent(below)
        for one in (part, below):
            one.installEventFilter(self)
        self._lay()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in (_BELOW if watched is self._below else _OVER):
            self._lay()
        elif kind == QEvent.Type.LayoutRequest and not self._part.isHidden():
            self._part.raise_()  # a dock that is shown comes over all that it lies beside
        return False

    def _lay(self) -> None:
        whole = self._below.rect()
        if self._place == "top":
            at, page = self._below.pos(), self._part.parentWidget()
            whole = QRect(at.x(), at.y(), whole.width(), page.height() - at.y())
        if self._place == "middle":
            whole = whole.adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        width = min(whole.width(), self._part.sizeHint().width()) if self._place == "middle" else whole.width()
        height = max(self._part.heightForWidth(width), self._part.minimumSizeHint().height())
        room = QRect(whole.x(), whole.y(), width, min(height, whole.height()))
        if self._place == "bottom":
            room.moveBottomLeft(whole.bottomLeft())
        elif self._place == "middle":
            room.moveCenter(whole.center())
        if self._part.geometry() != room:
            self._part.setGeometry(room)
        self._part.raise_()


class MessagePlace(QWidget):
    """Room for one line of words in which messages come and go beside each other.

    A longer message hangs down over what stands below. Room is made for it, or taken back, once that moves nothing under the mouse: when the
    mouse rests on the message or has left the page.

    Parameters
    ----------
    page : QWidget
        In whose layout this place is.
    *lines : QWidget
        What comes and goes.
    """

    def __init__(self, page: QWidget, *lines: QWidget) -> None:
        super().__init__(page)
        self._page, self._over = page, QWidget(page)
        self._over.setAutoFillBackground(True)
        box = QHBoxLayout(self._over)
        box.setContentsMargins(0, 0, 0, 0)
        for line in lines:
            box.addWidget(line)
        for one in (page, self._over):
            one.installEventFilter(self)
        self._laid = LaidOver(self._over, self, "top")
        self._fit()

    def add(self, line: QWidget) -> None:
        """Let one more come and go here."""
        self._over.layout().addWidget(line)
        self._fit()

    @property
    def one_line(self) -> int:
        """Pixels that are kept when nothing is said."""
        return self.fontMetrics().lineSpacing() + 2 * ROOM_IN_MESSAGE

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (_OF_PAGE if watched is self._page else _OF_MESSAGE):
            self._fit()
        return False

    def _fit(self) -> None:
        needed = self._over.heightForWidth(self.width()) if self._page.isVisible() else 0
        high = max(self.one_line, needed)
        if high != self.height() and not self._would_move_what_is_pointed_at(high):
            self.setFixedHeight(high)

    def _would_move_what_is_pointed_at(self, high: int) -> bool:
        if not self._page.isVisible():
            return False
        at = self._page.mapFromGlobal(QCursor.pos())
        return self._page.rect().contains(at) and at.y() > self.y() + high


class WaitingWords(QLabel):
    """What is being done for a picture that is not there yet, in its middle; the mouse does not see it.

    Parameters
    ----------
    over : QWidget
    axes : bool
        Whether axes stand at its edges, which are left to be read.
    """

    def __init__(self, over: QWidget, *, axes: bool = False) -> None:
        super().__init__(over)
        self._edge = _AXIS if axes else 0
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
        whole = letters.horizontalAdvance(self.text()) + 4 * letters.averageCharWidth()
        room = self.parentWidget().width() - 2 * self._edge
        return QSize(min(whole, max(room, letters.averageCharWidth() * _LEAST_LINE)), 2 * letters.height())

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
