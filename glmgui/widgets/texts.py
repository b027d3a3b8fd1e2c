"""Lines of text: headings, titles, hints, and lines that end with dots where there is no room."""

from __future__ import annotations

import re

from qtpy.QtCore import QEvent, QRect, QSize, Qt
from qtpy.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from qtpy.QtWidgets import QApplication, QLabel, QWidget

from glmgui.glossary import explained


def heading(text: str, parent: QWidget | None = None) -> QLabel:
    """A bold line above a list or a group of controls."""
    label = QLabel(text, parent)
    font = label.font()
    font.setBold(True)
    label.setFont(font)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


class Title(QLabel):
    """A line in letters so many times as large as those of everything else, also after those have changed."""

    def __init__(self, text: str, times: float, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._times = times
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self._fit()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationFontChange:
            self._fit()
        return super().event(event)

    def _fit(self) -> None:
        font = QApplication.font()
        font.setPointSizeF(font.pointSizeF() * self._times)
        self.setFont(font)


_DOTS, _ENDS_OF_PARTS = "\u2026", ",:;"


class ElidedLabel(QLabel):
    """A line of text that ends with three dots where there is no room for all of it; the whole is its tooltip then, with what its words mean."""

    keeps = 0  # letters that it asks room for, and has; 0: for all of them, and none at least
    _cut = ""  # the text where it is cut

    def minimumSizeHint(self) -> QSize:
        usual = super().minimumSizeHint()  # of all letters, with what is around them
        if self.keeps and len(self.text()) <= self.keeps:
            return usual
        return QSize(self.fontMetrics().horizontalAdvance(f"{self.text()[: self.keeps]}{_DOTS}"), usual.height())

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint() if self.keeps else super().sizeHint()

    def shown(self) -> str:
        """The text as it is written in the room that there is."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def paintEvent(self, event: QPaintEvent) -> None:
        room, shown = self.contentsRect(), self.shown()
        cut = self.text() if shown.count(_DOTS) > self.text().count(_DOTS) else ""
        if cut != self._cut:
            self._cut = cut
            self.setToolTip("\n".join(filter(None, (cut, explained(cut)))))
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, self.alignment(), shown)
        painter.end()


class TwoLines(ElidedLabel):
    """Text that goes on in a second line where one has no room for it, and ends with dots only where two have none."""

    _lines = 1  # that it takes in the width that it has

    def sizeHint(self) -> QSize:
        usual = super().sizeHint()
        return QSize(usual.width(), usual.height() + (self._lines - 1) * self.fontMetrics().lineSpacing())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        lines = 1 + self.shown().count("\n")
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()

    def shown(self) -> str:
        width, text, metrics = self.contentsRect().width(), held_together(self.text()), self.fontMetrics()
        if metrics.horizontalAdvance(text) <= width:
            return text
        pairs = [(text[:at], text[at + 1 :]) for at, letter in enumerate(text) if letter == " "]
        wide = {pair: tuple(map(metrics.horizontalAdvance, pair)) for pair in pairs}
        whole = [pair for pair in pairs if max(wide[pair]) <= width]
        if whole:  # broken behind a part of the sentence, and in lines of about one length
            return "\n".join(min(whole, key=lambda pair: (pair[0][-1] not in _ENDS_OF_PARTS, max(wide[pair]))))
        first = max((pair for pair in pairs if wide[pair][0] <= width), key=lambda pair: wide[pair], default=None)
        return (
            metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)
            if first is None
            else "\n".join((first[0], metrics.elidedText(first[1], Qt.TextElideMode.ElideRight, width)))
        )


class BalancedHint(QLabel):
    """A quiet text in the middle, in lines of about one length: none of its words stands alone in the last one."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)

    def paintEvent(self, event: QPaintEvent) -> None:
        whole = self.contentsRect()
        width = self._width_of_lines(whole.width())
        room = whole.adjusted((whole.width() - width) // 2, 0, 0, 0)
        room.setWidth(width)
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, self.text())
        painter.end()

    def _width_of_lines(self, width: int) -> int:
        """The least width in which the text takes no more lines than in this one."""
        high = self._height_in(width)
        least, most = width // 2, width
        while least < most:
            middle = (least + most) // 2
            least, most = (least, middle) if self._height_in(middle) <= high else (middle + 1, most)
        return most

    def _height_in(self, width: int) -> int:
        room = QRect(0, 0, width, 10_000)
        return (
            self.fontMetrics().boundingRect(room, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, self.text()).height()
        )


class Sentences(QLabel):
    """Plain text that wraps, though not between a number and what it counts."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(held_together(text))

    def text(self) -> str:
        """As it was given."""
        return super().text().replace(_HELD, " ").replace(_MAY_BREAK, "")


_HELD, _MAY_BREAK = "\u00a0", "\u200b"
_LONGEST_WORD = 40  # letters; a longer one, as a unit can be called, would make a page wider than the screen


def held_together(text: str) -> str:
    """The text with no line ending between a number and its unit of measure or noun, nor between a day and its hour, but within words that
    no line could hold."""
    text = re.sub(rf"(\S{{{_LONGEST_WORD}}})(?=\S)", rf"\1{_MAY_BREAK}", text)
    return re.sub(r"(?<=\d) (?=[^\W\d]|%)|(?<=\btoday) (?=\d)|(?<=\byesterday) (?=\d)", _HELD, text)


def hint(text: str = "", parent: QWidget | None = None) -> QLabel:
    """A quiet line that explains; wraps."""
    label = Sentences(text, parent)
    label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
    return label
