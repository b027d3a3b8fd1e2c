"""Axes whose ticks have names, of which as many are written as there is room for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape, unescape

import pyqtgraph as pg
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QFontMetricsF, QGuiApplication, QPen
from qtpy.QtWidgets import QGraphicsRectItem, QGraphicsSceneResizeEvent, QGraphicsSceneWheelEvent

from glmengine.figures.radians import pi_text, pi_ticks
from glmgui.drawings.series import told_apart
from glmgui.glossary import explained

_APART, _LEAST_APART = 8, 5  # pixels between two labels beside each other
_BEYOND = 12  # pixels that a label may be longer than its axis
_LINE = 1.05  # heights of a line from one label to the one below it
_SHARE_OF_NAMES = 0.4  # of the width of a plot that names beside it may take
_LEAST_LETTERS, _LEAST_IN_FIXED = 11, 4  # that each name keeps
_SHARE_OF_LABEL, _NUDGE = 0.8, 5  # of its height that pyqtgraph makes room for, and pixels that it is moved outwards
_MOST_FOLDED, _ENDS_OF_PARTS = 12, "_."  # names that may stand in two lines, and what such a name is broken behind
_COUNTS_OF_ANGLES = (9, 5, 3)  # at most, where there is room
_NEAR = 0.5  # pixels that a tick may lie beyond the end of an axis


class QuietAxis(pg.AxisItem):
    """An axis that writes its label anew where its words or its colour change.

    Pyqtgraph does so at each change of its range, thirty times while a plot is made: a tenth of what a page takes.
    """

    _written: str | None = None
    _waits = False

    def set_colours(self, line: QColor | QPen, ink: QColor) -> None:
        """Those of the line, which a pen may draw, and of what is written, at once."""
        self._waits = True
        try:
            self.setPen(pg.mkPen(line))
            self.setTextPen(pg.mkPen(ink))
        finally:
            self._waits = False
        self._updateLabel()

    def forget_label(self) -> None:
        """Write the label anew with the next change, although its words may be the same."""
        self._written = None

    def redraw(self) -> None:
        """Find the ticks again, although the range is the same."""
        self.picture = None
        self.update()

    def _updateLabel(self) -> None:
        if self._waits:
            return
        words = self.labelString()
        if words != self._written:
            self._written = words
            self._write_label()
        self.redraw()

    def _write_label(self) -> None:
        super()._updateLabel()


_MARKS = (pg.InfiniteLine, pg.LinearRegionItem, pg.TextItem, QGraphicsRectItem)
"""What is put over data: lines, stretches, words, and the rectangle that the mouse draws."""


class NamedAxis(QuietAxis):
    """An axis as pyqtgraph has it until it is given names, or numbers that are to be whole."""

    def __init__(self, orientation: str) -> None:
        self._label_shown = [""]  # its lines as they are written
        self.cut_label = ""  # the whole label, where it is not written whole
        super().__init__(orientation)
        self._names: dict[float, str] = {}
        self._short: tuple[object, dict[float, str]] = (0, {})  # names as they are written, and for which room
        self._longest = (0.0, 0.0, 0)  # height of the font, pixels a letter of the widest name, letters of the longest
        self._round = self._angles = False
        self._coarsest = 0.0  # spacing of the numbers that are written first
        self._turned = 0.0  # spacing of ticks that are written in pi
        self._least = -math.inf  # below it no number is written
        self._empty = False
        self._exact: dict[float, float] = {}  # of ticks that were moved onto an end of the axis

    def set_names(self, names: Sequence[tuple[float, str]]) -> None:
        """What stands at which place, in order; of too many every second, third, ... and the last are written. None: numbers again.

        Names are cut where they would leave the plot beside them too little room, or the names beside them.
        """
        self._names, self._round, self._short, self._longest = dict(names), False, (0, {}), (0.0, 0.0, 0)
        self.redraw()

    def set_numbers(self, count: int) -> None:
        """Whole numbers from 1 to `count`; of too many the round ones are written."""
        self._names, self._round = {float(number): str(number) for number in range(1, count + 1)}, True
        self._short = (0, {})
        self.redraw()

    def set_angles(self, angles: bool) -> None:
        """Whether its numbers are angles, whose ticks stand at fractions of pi where it is long enough."""
        self._angles = angles
        self.redraw()

    def set_empty(self, empty: bool) -> None:
        """Whether nothing stands along it yet, so that it has neither numbers nor ticks."""
        if empty != self._empty:
            self._empty = empty
            self.redraw()

    def set_least(self, least: float | None) -> None:
        """Below which no number is written, as below the 0 of counts, where only the margin of the plot lies; None where there is no such."""
        least = -math.inf if least is None else least
        if least != self._least:
            self._least = least
            self.redraw()

    def resizeEvent(self, event: QGraphicsSceneResizeEvent | None = None) -> None:
        self._fit_label()
        super().resizeEvent(event)

    def _write_label(self) -> None:
        super()._write_label()
        self._label_shown = self._lines_of_label()
        self._explain("")
        self._fit_label()
        super().resizeEvent()  # to its middle: words of another length stay where those before them were, and end outside the plot

    def _updateWidth(self) -> None:
        """As wide as its label is thick, too: pyqtgraph leaves four fifths of it, and lets large letters of two lines lie over the numbers."""
        super()._updateWidth()
        if self.isVisible() and self.fixedWidth is None and self.label.isVisible():
            beyond = (1 - _SHARE_OF_LABEL) * self.label.boundingRect().height() - _NUDGE
            if beyond > 0:
                self.setMaximumWidth(self.maximumWidth() + beyond)
                self.setMinimumWidth(self.maximumWidth())

    def _lines_of_label(self) -> list[str]:
        return [unescape(line) for line in self.labelText.split("<br>")]

    def label_room(self) -> float:
        """Pixels that the axis is long at least where its label is written whole."""
        metrics = QFontMetricsF(self.label.font())
        return max(metrics.horizontalAdvance(line) for line in self._lines_of_label()) - _BEYOND

    def _fit_label(self) -> None:
        """Write a label that is longer than the axis in two lines, or shorten its lines: they would lie over what stands beside it."""
        if self.label is None:  # the axis is being taken away
            return
        upright = self.orientation in ("left", "right")
        room = (self.size().height() if upright else self.size().width()) + _BEYOND
        metrics = QFontMetricsF(self.label.font())
        lines = self._lines_of_label()
        shown = lines
        if room > _BEYOND:
            broken = _in_two(lines[0], metrics, room) if upright and len(lines) == 1 else lines
            shown = [_shortened(line, metrics, room) for line in broken]
        if shown != self._label_shown:
            others = len(shown) != len(self._label_shown)
            self._label_shown = shown
            whole, self.labelText = self.labelText, "<br>".join(map(escape, shown))
            self.label.setHtml(self.labelString())
            self.labelText = whole
            if others:
                self._adjustSize()
            self._explain("" if " ".join(shown) == " ".join(lines) else " ".join(lines))

    def _explain(self, whole: str) -> None:
        """Say where the mouse rests on the label what is cut of it, and what its words mean."""
        self.cut_label = whole
        self.setToolTip("\n".join(filter(None, (whole, explained(" ".join(self._lines_of_label()))))))

    def wheelEvent(self, event: QGraphicsSceneWheelEvent) -> None:
        """Zoom along the axis; where the plot is not moved by the mouse, leave the wheel to what it lies in, as the plot does."""
        view = self.linkedView()
        if view is None or not any(view.mouseEnabled()):
            event.ignore()
        else:
            super().wheelEvent(event)

    @property
    def _has_nothing_drawn(self) -> bool:
        """Whether nothing is drawn yet between the axes: numbers from 0 to 1 would be those of nothing."""
        view = self.linkedView()
        return view is not None and all(isinstance(item, _MARKS) for item in view.childGroup.childItems())

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:
        """The ticks from end to end, those with them that lie less than a pixel outside: a view of 0 to 600 may begin at 5.7e-14, or at 0.003."""
        low, high = min(minVal, maxVal), max(minVal, maxVal)
        slack = _NEAR * (high - low) / max(size, 1.0)
        self._exact = {}
        levels = []
        for spacing, places in self._ticks(low - slack, high + slack, size):
            inside = []
            for place in places:
                if place >= self._least - slack:
                    inside.append(min(max(place, low), high))
                    if inside[-1] != place:
                        self._exact[inside[-1]] = place
            levels.append((spacing, inside))
        return levels

    def _ticks(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        self._turned = 0.0
        if self._empty:
            return []
        if not self._names:
            if self._has_nothing_drawn:
                levels = []
            elif self._angles and (level := self._level_of_angles(low, high, size))[1]:
                self._turned, levels = level[0], [level]
            else:
                levels = super().tickValues(low, high, size)
            self._coarsest = levels[0][0] if levels else 0.0
            return levels
        places = [place for place in self._names if low <= place <= high]
        every = self._every(places, size / max(high - low, 1e-12))
        if self._round:
            return [(float(every), [place for place in places if every == 1 or place % every == 0])]
        first = places[0] if places else None
        skipped = 0 if first is None else list(self._names).index(first) % every
        written = [place for number, place in enumerate(places, skipped) if number % every == 0]
        if written and written[-1] != places[-1] == list(self._names)[-1]:  # the last may be of another kind than those before it
            written = [*written[:-1], places[-1]] if len(written) > 1 else written
        return [(1.0, written)]

    def _level_of_angles(self, low: float, high: float, size: float) -> tuple[float, list[float]]:
        """The spacing and the places of as many angles as there is room for; of those that can be written only."""
        metrics = QFontMetricsF(self.style["tickFont"] or QGuiApplication.font())
        for most in _COUNTS_OF_ANGLES:
            step, places = pi_ticks(low, high, most)
            widest = max((metrics.horizontalAdvance(pi_text(place)) for place in places), default=0.0)
            room = 2 * metrics.height() if self.orientation in ("left", "right") else widest + 2 * _APART
            if step / max(high - low, 1e-12) * size >= room:
                return step, places
        return 0.0, []

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        values = [self._exact.get(value, value) for value in values]
        if self._turned and spacing == self._turned:
            return list(map(pi_text, values))
        if not self._names:
            return self._thinned(values, spacing, super().tickStrings(values, scale, spacing))
        names = self._names_written()
        return [names.get(value, "") for value in values]

    def _names_written(self) -> dict[float, str]:
        """The names, cut to the room that they have; each keeps some letters, and of too many not all are written."""
        if self._round or not self._names:
            return self._names
        metrics = QFontMetricsF(self.style["tickFont"] or QGuiApplication.font())
        if self._longest[0] != metrics.height():  # of many names it is not looked for at each change of the range
            names = [name for name in self._names.values() if name]
            a_letter = max((metrics.horizontalAdvance(name) / len(name) for name in names), default=1.0)
            self._longest = metrics.height(), a_letter, max(map(len, names), default=0)
        _, a_letter, most = self._longest
        room, fixed = self._room_for_a_name(), self._has_fixed_width
        if self._short[0] == ("folded", room, metrics.height()) or self._fold(metrics, room):
            return self._short[1]
        letters = max(int(min(room / max(a_letter, 1.0), most)), _LEAST_IN_FIXED if fixed else _LEAST_LETTERS)
        key = (letters, room) if fixed else letters
        if self._short[0] != key:
            short = told_apart(list(self._names.values()), letters)
            fewer = letters
            while fixed and fewer > _LEAST_IN_FIXED and max(map(metrics.horizontalAdvance, short)) > room:
                fewer -= 1  # what begins with wide letters; pyqtgraph leaves out a name that does not fit
                short = told_apart(list(self._names.values()), fewer)
            self._short = key, dict(zip(self._names, short, strict=True))
        return self._short[1]

    def _fold(self, metrics: QFontMetricsF, room: float) -> bool:
        """Write few names below a plot in two lines each, where they are too long for one and none has to be cut."""
        names = list(self._names.values())
        if (
            self.orientation in ("left", "right")
            or len(names) > _MOST_FOLDED
            or max(map(metrics.horizontalAdvance, names)) <= room
        ):
            return False
        folded = ["\n".join(_in_two(name, metrics, room, _ENDS_OF_PARTS)) for name in names]
        if max(_widest(metrics, name) for name in folded) > room:
            return False
        self._short = ("folded", room, metrics.height()), dict(zip(self._names, folded, strict=True))
        return True

    @property
    def _has_fixed_width(self) -> bool:
        return self.orientation in ("left", "right") and self.fixedWidth is not None

    def _beside_names(self) -> float:
        """Pixels of the width of an upright axis that are not its names'."""
        label = _SHARE_OF_LABEL * self.label.boundingRect().height() if self.label.isVisible() else 0.0
        return self.style["tickTextOffset"][0] + max(0, self.style["tickLength"]) + label

    def width_of_names(self) -> float:
        """Pixels that an upright axis takes where its names are written whole."""
        metrics = QFontMetricsF(self.style["tickFont"] or QGuiApplication.font())
        return self._beside_names() + max(map(metrics.horizontalAdvance, self._names.values()), default=0.0)

    def _room_for_a_name(self) -> float:
        """Pixels: beside a plot a share of its width, or what a fixed width leaves, below it as far as the next name."""
        if self._has_fixed_width:
            return self.fixedWidth - self._beside_names()
        if self.orientation in ("left", "right"):
            return _SHARE_OF_NAMES * self.parentItem().size().width() if self.parentItem() is not None else 0.0
        places, span = list(self._names), abs(self.range[1] - self.range[0])
        apart = abs(places[-1] - places[0]) / (len(places) - 1) if len(places) > 1 else span
        return apart / max(span, 1e-12) * self.size().width() - _APART

    def _thinned(self, values: list[float], spacing: float, strings: list[str]) -> list[str]:
        """Numbers that stand beside each other, without those for which a narrow plot has no room.

        Those of the coarsest spacing are thinned to a multiple of it; those between them are written all or not at all, so that steps are even.
        """
        span = abs(self.range[1] - self.range[0])
        if self.orientation in ("left", "right") or self.logMode or not strings or not span:
            return strings
        metrics = QFontMetricsF(self.style["tickFont"] or QGuiApplication.font())
        room = max(map(metrics.horizontalAdvance, strings)) + _LEAST_APART
        gap = spacing / span * self.size().width()
        every = max(int(-(-room // max(gap, 1e-12))), 1)
        if every == 1:
            return strings
        if spacing < 0.99 * self._coarsest:
            return [""] * len(strings)
        return [text if round(value / spacing) % every == 0 else "" for value, text in zip(values, strings, strict=True)]

    def _every(self, places: Sequence[float], pixels: float) -> int:
        """How many names there are to one that is written, at so many pixels a unit of the axis."""
        if len(places) < 2:
            return 1
        font = self.style["tickFont"] or QGuiApplication.font()
        metrics = QFontMetricsF(font)
        if self.orientation in ("left", "right"):
            room = _LINE * metrics.height()
        else:
            written = self._names_written()
            room = max(_widest(metrics, written[place]) for place in places) + _APART
        gap = abs(places[-1] - places[0]) / (len(places) - 1) * pixels
        wanted = max(room / max(gap, 1e-12), 1.0)
        if self._round:
            return next(step for power in range(12) for step in (10**power, 2 * 10**power, 5 * 10**power) if step >= wanted)
        return min(int(-(-wanted // 1)), len(self._names))


def _in_two(line: str, metrics: QFontMetricsF, room: float, ends: str = "") -> list[str]:
    """The line, or where it is too long two of about one length, broken at a space or behind one of the letters that end parts of a name."""
    halves = [
        [line[: at + (letter in ends)], line[at + 1 :]] for at, letter in enumerate(line) if letter == " " or letter in ends
    ]
    if not halves or metrics.horizontalAdvance(line) <= room:
        return [line]
    return min(reversed(halves), key=lambda two: max(map(metrics.horizontalAdvance, two)))


def _widest(metrics: QFontMetricsF, text: str) -> float:
    """Pixels of the longest line."""
    return max(map(metrics.horizontalAdvance, text.split("\n")))


def _shortened(line: str, metrics: QFontMetricsF, room: float) -> str:
    """A line that is too long ended with three dots, before its unit where there is room for that."""
    words, bracket, unit = line.rpartition(" (")
    end = bracket + unit if unit.endswith(")") else ""
    for_words = room - metrics.horizontalAdvance(end)
    if not end or metrics.horizontalAdvance(line) <= room or for_words < 0.5 * room:
        return metrics.elidedText(line, Qt.TextElideMode.ElideRight, room)
    return metrics.elidedText(words, Qt.TextElideMode.ElideRight, for_words) + end


def named_axes() -> dict[str, NamedAxis]:
    """The axes of a plot that carry numbers: on the right those of a bar of colours."""
    return {side: NamedAxis(side) for side in ("bottom", "left", "right")}
