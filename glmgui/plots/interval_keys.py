"""Intervals drawn on a time line with the keyboard: a mark that is moved, and two ends that are set."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

_STEP, _LEAP = 0.005, 0.05
"""Shares of what is in view by which an arrow key moves the mark, alone and with Shift."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class IntervalKeys(QObject):
    """Watches the view of a plot over time, which takes the focus now.

    Parameters
    ----------
    view, area : the widget that gets the keys, and the plot in it
    span : callable
        First and last second.
    drawn, removed : callable
        Called with the two ends (s) of a new interval, and with the time (s) of the mark at which one is to go.
    said : callable
        Called with what the mark is at, in words, for who does not see it.
    """

    def __init__(
        self,
        view: QWidget,
        area: pg.PlotItem,
        span: Callable[[], tuple[float, float]],
        drawn: Callable[[float, float], None],
        removed: Callable[[float], None],
        said: Callable[[str], None],
    ) -> None:
        super().__init__(view)
        self._area, self._span, self._drawn, self._removed, self._said = area, span, drawn, removed, said
        self._begun: float | None = None
        self._mark = pg.InfiniteLine(angle=90, movable=False)
        self._draft = pg.LinearRegionItem(movable=False)
        for item in (self._mark, self._draft):
            item.hide()
            area.vb.addItem(item, ignoreBounds=True)  # not to the plot, which is cleared whenever it is drawn anew
        view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        view.installEventFilter(self)

    @property
    def at(self) -> float:
        """Where the mark is, in s."""
        return float(self._mark.value())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusIn:
            self._move(self.at)
            self._mark.show()
        elif event.type() == QEvent.Type.FocusOut:
            self._mark.hide()
            self._give_up()
        elif event.type() == QEvent.Type.KeyPress and self._pressed(event):
            return True
        return super().eventFilter(watched, event)

    def _pressed(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; False for one that stands for nothing here."""
        key = event.key()
        low, high = self._area.vb.viewRange()[0]
        far = (high - low) * (_LEAP if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else _STEP)
        first, last = self._span()
        places = {
            Qt.Key.Key_Left: self.at - far,
            Qt.Key.Key_Right: self.at + far,
            Qt.Key.Key_Home: first,
            Qt.Key.Key_End: last,
        }
        if key in places:
            self._move(places[key])
        elif key in _ENTER and self._begun is None:
            self._begun = self.at
            self._move(self.at)
            self._draft.show()
        elif key in _ENTER:
            ends = sorted((self._begun, self.at))
            self._give_up()
            if ends[1] > ends[0]:
                self._drawn(*ends)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._removed(self.at)
        elif key == Qt.Key.Key_Escape and self._begun is not None:
            self._give_up()
        else:
            return False
        return True

    def _move(self, to: float) -> None:
        first, last = self._span()
        to = min(max(to, first), last)
        low, high = self._area.vb.viewRange()[0]
        if not low <= to <= high:  # the mark stays in view
            by = to - (low if to < low else high)
            self._area.setXRange(low + by, high + by, padding=0)
        self._mark.setValue(to)
        if self._begun is not None:
            self._draft.setRegion(sorted((self._begun, to)))
        self._said(f"{to:,.2f}\u2009s" + (f", interval from {self._begun:,.2f}\u2009s" if self._begun is not None else ""))

    def _give_up(self) -> None:
        self._begun = None
        self._draft.hide()
