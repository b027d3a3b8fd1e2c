"""A rectangle drawn with the mouse over a plot, which selects what lies in it."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from qtpy.QtCore import QRectF, Qt
from qtpy.QtWidgets import QGraphicsRectItem

from glmgui.plots.style import Colours, transparent


class RubberBand:
    """Takes the drags of an area.

    Parameters
    ----------
    area : PlotItem
        Not moved by the mouse.
    selected : callable
        Told the rectangle in the units of the axes, and whether Ctrl or Shift add to what is selected.
    """

    def __init__(self, area: pg.PlotItem, selected: Callable[[QRectF, bool], None]) -> None:
        self._area, self._selected = area, selected
        self._drawn: QGraphicsRectItem | None = None
        self._pen, self._brush = pg.mkPen(None), pg.mkBrush(None)
        area.vb.mouseDragEvent = self._dragged

    def paint_with(self, colours: Colours) -> None:
        self._pen = pg.mkPen(colours.series[1], width=1, style=Qt.PenStyle.DashLine)
        self._brush = pg.mkBrush(transparent(colours.series[1], 30))

    def _dragged(self, event, axis: int | None = None) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        event.accept()
        view = self._area.vb
        first, last = (view.mapToView(point) for point in (event.buttonDownPos(), event.pos()))
        rectangle = QRectF(first, last).normalized()
        if self._drawn is not None:
            self._area.removeItem(self._drawn)
            self._drawn = None
        if event.isFinish():
            more = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
            self._selected(rectangle, bool(more))
            return
        self._drawn = QGraphicsRectItem(rectangle)
        self._drawn.setPen(self._pen)
        self._drawn.setBrush(self._brush)
        self._area.addItem(self._drawn, ignoreBounds=True)
