"""Cards that are clicked: a picture, a title and a sentence each, as many beside each other as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from qtpy.QtCore import QEvent, QPoint, QRect, QSize, Qt
from qtpy.QtGui import QColor, QFont, QFontMetrics, QImageReader, QPainter, QPaintEvent, QPen, QPixmap, QResizeEvent
from qtpy.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from glmgui import theme

_EDGE, _GAP, _ROUND = 8, 8, 4
PICTURE = QSize(92, 68)
"""The size of a picture at least; its file has the same shape, and more pixels for fine screens and large pages."""
_MOST_KNOWN = 32  # widths
_LEAST_TEXT = 18
"""Widths of a letter m that the text of a card has at least."""


class Card(QAbstractButton):
    """A picture on the left, a title and a quiet sentence beside it; works with mouse and keyboard like any button."""

    def __init__(self, title: str, said: str, name: str, picture: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setText(title)
        self._said, self.picture, self._pixmap = said, picture, None
        self._has_picture = picture is not None
        self._known: dict[tuple[int, str], tuple[QRect, QRect]] = {}
        self._times = 1.0
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

    def set_magnified(self, times: float) -> None:
        """Draw the picture so many times as large."""
        if times != self._times:
            self._times, self._pixmap = times, None
            self._known.clear()
            self.updateGeometry()

    @property
    def _size(self) -> QSize:
        """Of the picture."""
        return PICTURE * self._times

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
        return 2 * _EDGE + max(text, self._size.height() if self._has_picture else 0)

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
        return _EDGE + (self._size.width() + _GAP if self._has_picture else 0)

    def _rows(self, width: int) -> tuple[QRect, QRect]:
        """Where title and sentence are written; known of the last widths, since layouts ask a hundred times for a few of them."""
        asked = (width, self.font().key())
        if asked not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[asked] = self._measured(width)
        return self._known[asked]

    def _measured(self, width: int) -> tuple[QRect, QRect]:
        room = QRect(self._text_left, _EDGE, max(width - self._text_left - _EDGE, 40), 10_000)
        title = QFontMetrics(self._bold).boundingRect(room, Qt.TextFlag.TextWordWrap, self.text())
        below = room.translated(0, title.height() + 2)
        said = self.fontMetrics().boundingRect(below, Qt.TextFlag.TextWordWrap, self._said)
        title.setWidth(room.width())
        said.setWidth(room.width())
        return title, said

    def _paint_picture(self, painter: QPainter) -> None:
        if self._pixmap is None:  # read when it is first seen
            self._pixmap = _read(str(self.picture), self.devicePixelRatioF(), self._times)
        frame = QRect(QPoint(_EDGE, _EDGE), self._size)
        painter.fillRect(frame, Qt.GlobalColor.white)  # what the figures are drawn on, in light and dark
        painter.drawPixmap(frame.topLeft(), self._pixmap)


@cache
def _read(picture: str, ratio: float, times: float = 1.0) -> QPixmap:
    """A picture as small as it is shown, on a screen of this ratio; the cards are made anew each time that they are shown, it is not."""
    reader, room = QImageReader(picture), PICTURE * times * ratio
    reader.setScaledSize(reader.size().scaled(room, Qt.AspectRatioMode.KeepAspectRatioByExpanding))
    reader.setScaledClipRect(QRect(QPoint(0, 0), room))
    pixmap = QPixmap.fromImageReader(reader)
    pixmap.setDevicePixelRatio(ratio)
    return pixmap


class Cards(QWidget):
    """Cards in rows, as many in each as the width allows, each row as high as its highest card."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._cards: list[Card] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    @property
    def cards(self) -> Sequence[Card]:
        return tuple(self._cards)

    def set_cards(self, cards: Sequence[Card]) -> None:
        """Show these in the place of those that were there."""
        for old in self._cards:
            old.hide()
            old.deleteLater()
        self._cards = list(cards)
        for card in self._cards:
            card.setParent(self)
            card.show()
        self._lay_out()

    def set_magnified(self, times: float) -> None:
        """Draw the pictures of all so many times as large."""
        for card in self._cards:
            card.set_magnified(times)
        self._lay_out()

    def minimumSizeHint(self) -> QSize:
        return QSize(max((card.minimumSizeHint().width() for card in self._cards), default=0), 0)

    def sizeHint(self) -> QSize:
        width = max((card.least_width for card in self._cards), default=0)
        return QSize(width, self.heightForWidth(width))

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        # in the columns of that width, not of the present one: a page that grows would else be laid out for rows that it no longer has
        return max((place.bottom() + 1 for place in self._places(width)), default=0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.LayoutRequest):
            self._lay_out()
        return super().event(event)

    def _places(self, width: int) -> list[QRect]:
        """Where each card lies in this width."""
        if not self._cards:
            return []
        widest = max(card.least_width for card in self._cards)
        columns = min(max(1, (width + _GAP) // (widest + _GAP)), len(self._cards))
        edges = [round(at * (width + _GAP) / columns) for at in range(columns + 1)]
        places, top = [], 0
        for first in range(0, len(self._cards), columns):
            row = self._cards[first : first + columns]
            widths = [edges[at + 1] - edges[at] - _GAP for at in range(len(row))]
            height = max(card.heightForWidth(wide) for card, wide in zip(row, widths, strict=True))
            places += [QRect(edges[at], top, wide, height) for at, wide in enumerate(widths)]
            top += height + _GAP
        return places

    def _lay_out(self) -> None:
        for card, place in zip(self._cards, self._places(self.width()), strict=True):
            card.setGeometry(place)
        self.updateGeometry()
