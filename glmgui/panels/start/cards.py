"""Cards that are clicked: a picture, a title and a sentence each, as many beside each other as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from qtpy.QtCore import QEvent, QPoint, QRect, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QImageReader, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from qtpy.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from glmgui import theme

_EDGE, _GAP, _ROUND = 8, 8, 4
_PICTURE = QSize(92, 68)
_LEAST_TEXT = 18
"""Widths of a letter m that the text of a card has at least."""


class Card(QAbstractButton):
    """A picture on the left, a title and a quiet sentence beside it; works with mouse and keyboard like any button."""

    def __init__(self, title: str, said: str, name: str, picture: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setText(title)
        self._said, self._picture, self._pixmap = said, picture, None
        self._has_picture = picture is not None
        self.setAccessibleName(title)
        self.setAccessibleDescription(said)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def said(self) -> str:
        """The sentence below the title."""
        return self._said

    @property
    def least_width(self) -> int:
        """The width below which fewer cards stand beside each other."""
        return self._text_left + _LEAST_TEXT * self.fontMetrics().horizontalAdvance("m") + _EDGE

    def minimumSizeHint(self) -> QSize:
        return QSize(self._text_left + 80, 2 * _EDGE + self.fontMetrics().height())

    def sizeHint(self) -> QSize:
        return QSize(self.least_width, self.heightForWidth(self.least_width))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        title, said = self._rows(width)
        text = title.height() + (said.height() + 2 if self._said else 0)
        return 2 * _EDGE + max(text, _PICTURE.height() if self._has_picture else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        table, painter = theme.current(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lively = self.isEnabled() and (self.underMouse() or self.hasFocus() or self.isDown())
        painter.setPen(QPen(QColor(table.accent if lively else table.border), 2 if self.hasFocus() else 1))
        painter.setBrush(QColor(table.alternate if self.isDown() else table.raised))
        painter.drawRoundedRect(self.rect().adjusted(1, 1, -1, -1), _ROUND, _ROUND)
        if self._has_picture:
            self._paint_picture(painter)
        title, said = self._rows(self.width())
        wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.setPen(QColor(table.text if self.isEnabled() else table.disabled))
        painter.setFont(self._bold)
        painter.drawText(title, wrapped, self.text())
        painter.setFont(self.font())
        painter.setPen(QColor(table.muted if self.isEnabled() else table.disabled))
        painter.drawText(said, wrapped, self._said)
        painter.end()

    # Inside

    @property
    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font

    @property
    def _text_left(self) -> int:
        return _EDGE + (_PICTURE.width() + _GAP if self._has_picture else 0)

    def _rows(self, width: int) -> tuple[QRect, QRect]:
        """Where title and sentence are written."""
        room = QRect(self._text_left, _EDGE, max(width - self._text_left - _EDGE, 40), 10_000)
        title = QFontMetrics(self._bold).boundingRect(room, Qt.TextFlag.TextWordWrap, self.text())
        below = room.translated(0, title.height() + 2)
        said = self.fontMetrics().boundingRect(below, Qt.TextFlag.TextWordWrap, self._said)
        title.setWidth(room.width())
        said.setWidth(room.width())
        return title, said

    def _paint_picture(self, painter: QPainter) -> None:
        if self._pixmap is None:  # read when it is first seen
            self._pixmap = _read(str(self._picture), self.devicePixelRatioF())
        frame = QRect(_EDGE, _EDGE, _PICTURE.width(), _PICTURE.height())
        painter.fillRect(frame, Qt.GlobalColor.white)  # what the figures are drawn on, in light and dark
        painter.drawPixmap(frame.topLeft(), self._pixmap)


@cache
def _read(picture: str, ratio: float) -> QPixmap:
    """A picture as small as it is shown, on a screen of this ratio; the cards are made anew each time that they are shown, it is not."""
    reader = QImageReader(picture)
    reader.setScaledSize(reader.size().scaled(_PICTURE * ratio, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    reader.setScaledClipRect(QRect(QPoint(0, 0), _PICTURE * ratio))  # of a wide figure its first part
    pixmap = QPixmap.fromImageReader(reader)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class Cards(QWidget):
    """Cards in rows, as many in each as the width allows."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._cards: list[Card] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)

    @property
    def cards(self) -> Sequence[Card]:
        return tuple(self._cards)

    def set_cards(self, cards: Sequence[Card]) -> None:
        """Show these in the place of those that were there."""
        for old in self._cards:
            self._grid.removeWidget(old)
            old.hide()
            old.deleteLater()
        self._cards, self._columns = list(cards), 0
        for card in self._cards:
            card.setParent(self)
            card.show()
        self._lay_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_grid"):
            self._columns = 0
            self._lay_out()

    def _lay_out(self) -> None:
        if not self._cards:
            return
        widest = max(card.least_width for card in self._cards)
        columns = min(max(1, (self.width() + _GAP) // (widest + _GAP)), len(self._cards))
        if columns == self._columns:
            return
        for at in range(self._columns):
            self._grid.setColumnStretch(at, 0)
        self._columns = columns
        for at, card in enumerate(self._cards):
            self._grid.removeWidget(card)
            self._grid.addWidget(card, at // columns, at % columns)
        for at in range(columns):
            self._grid.setColumnStretch(at, 1)
