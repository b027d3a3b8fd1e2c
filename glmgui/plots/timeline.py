"""The time line of a recording: epochs as bars, and stretches drawn by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtWidgets import QWidget

from glmgui.drawings.series import NO_AXIS, TIME, Table, shortened
from glmgui.plots.axis import named_axes
from glmgui.plots.base import Plot, label_axes, transparent

Interval = tuple[float, float]


class _DrawingBox(pg.ViewBox):
    """A view in which dragging draws an interval while `drawing`, or with Shift held."""

    drawn = Signal(float, float)

    def __init__(self) -> None:
        super().__init__(enableMenu=False)
        self.drawing = False
        self._draft: pg.LinearRegionItem | None = None

    def mouseDragEvent(self, event, axis=None) -> None:
        shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.button() != Qt.MouseButton.LeftButton or not (self.drawing or shift or self._draft is not None):
            super().mouseDragEvent(event, axis=axis)
            return
        event.accept()
        ends = sorted(self.mapToView(point).x() for point in (event.buttonDownPos(), event.pos()))
        if self._draft is None:
            self._draft = pg.LinearRegionItem(ends, movable=False)
            self.addItem(self._draft, ignoreBounds=True)
        self._draft.setRegion(ends)
        if event.isFinish():
            self.removeItem(self._draft)
            self._draft = None
            if ends[1] > ends[0]:
                self.drawn.emit(*ends)


class TimeLine(Plot):
    """Epochs as named bars; drawn intervals as bands whose edges can be dragged."""

    intervals_changed = Signal(object)  # tuple of (start, stop), in order

    def __init__(self, title: str = "Time", *, name: str = "time_line", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._epochs: dict[str, np.ndarray] = {}
        self._used: frozenset[str] = frozenset()
        self._intervals: tuple[Interval, ...] = ()
        self._regions: list[pg.LinearRegionItem] = []
        self._span = (0.0, 1.0)
        self._box = _DrawingBox()
        self.area = pg.PlotItem(viewBox=self._box, axisItems=named_axes())
        self.layout_item.addItem(self.area, 0, 0)
        self.area.hideButtons()
        self.area.setMenuEnabled(False)
        self.area.setMouseEnabled(True, False)
        label_axes(self.area, TIME, NO_AXIS)
        self._box.drawn.connect(self._add_interval)
        self._apply(self.colours)

    def set_epochs(self, epochs: Mapping[str, np.ndarray], used: Sequence[str], span: Interval) -> None:
        """Draw epochs, (n, 2) start and stop in s by name, those in `used` strong, over the `span` of the recording."""
        self._epochs = {name: np.asarray(pieces, float).reshape(-1, 2) for name, pieces in epochs.items()}
        self._used = frozenset(used)
        if span != self._span:
            self._span = span
            self._box.setLimits(xMin=span[0], xMax=span[1])
            self.area.setXRange(*span, padding=0)
        self._restyle()

    def set_intervals(self, intervals: Sequence[Interval]) -> None:
        if tuple(intervals) != self._intervals:
            self._intervals = tuple((float(start), float(stop)) for start, stop in intervals)
            self._restyle()

    @property
    def intervals(self) -> tuple[Interval, ...]:
        return self._intervals

    def set_drawing(self, drawing: bool) -> None:
        """Whether a drag draws an interval; with Shift held it always does."""
        self._box.drawing = drawing
        self.view.setCursor(Qt.CursorShape.CrossCursor if drawing else Qt.CursorShape.ArrowCursor)

    def show_all(self) -> None:
        self.area.setXRange(*self._span, padding=0)

    def numbers(self) -> Table:
        rows = [(name, start, stop) for name, pieces in self._epochs.items() for start, stop in pieces]
        rows += [("drawn", start, stop) for start, stop in self._intervals]
        if not rows:
            return {}
        names, starts, stops = zip(*rows, strict=True)
        return {"epoch": np.array(names, dtype=object), "start (s)": np.array(starts), "stop (s)": np.array(stops)}

    def _add_interval(self, start: float, stop: float) -> None:
        start, stop = max(start, self._span[0]), min(stop, self._span[1])
        if stop > start:
            self._change((*self._intervals, (round(start, 3), round(stop, 3))))

    def _region_moved(self) -> None:
        self._change(tuple((round(a, 3), round(b, 3)) for a, b in (region.getRegion() for region in self._regions)))

    def _change(self, intervals: tuple[Interval, ...]) -> None:
        self._intervals = merged(intervals)
        self._restyle()
        self.intervals_changed.emit(self._intervals)

    def _restyle(self) -> None:
        self.area.clear()
        self._regions = []
        names = list(self._epochs)
        for row, name in enumerate(names):
            pieces = self._epochs[name]
            colour = self.colours.series[0] if name in self._used else transparent(self.colours.muted, 110)
            height = len(names) - 1 - row
            self.area.addItem(
                pg.BarGraphItem(
                    x0=pieces[:, 0],
                    x1=pieces[:, 1],
                    y0=np.full(len(pieces), height - 0.3),
                    height=0.6,
                    brush=pg.mkBrush(colour),
                    pen=pg.mkPen(colour),
                )
            )
        self.area.getAxis("left").set_names([(len(names) - 1 - row, shortened(name)) for row, name in enumerate(names)])
        self.area.setYRange(-0.6, max(len(names), 1) - 0.4, padding=0)
        band, edge = pg.mkBrush(transparent(self.colours.series[1], 70)), pg.mkPen(self.colours.series[1], width=2)
        for interval in self._intervals:
            region = pg.LinearRegionItem(interval, brush=band, pen=edge, bounds=self._span)
            region.sigRegionChangeFinished.connect(self._region_moved)
            self.area.addItem(region, ignoreBounds=True)
            self._regions.append(region)

    def _readout(self, at: QPointF) -> str:
        if not self._box.sceneBoundingRect().contains(at):
            return ""
        point = self._box.mapSceneToView(at)
        inside = [
            name for name, pieces in self._epochs.items() if np.any((pieces[:, 0] <= point.x()) & (point.x() <= pieces[:, 1]))
        ]
        drawn = ["drawn interval"] if any(start <= point.x() <= stop for start, stop in self._intervals) else []
        return f"{point.x():.1f}\u2009s:  {', '.join(inside + drawn) or 'outside every epoch'}"


def merged(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intervals in order, those that overlap or touch made one."""
    joined: list[Interval] = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return tuple(joined)
