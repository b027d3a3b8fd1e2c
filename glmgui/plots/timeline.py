"""The time line of a recording: epochs as bars, and stretches drawn by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Stretches
from glmgui.drawings.series import NO_AXIS, TIME, Table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.base import Plot
from glmgui.plots.interval_keys import IntervalKeys
from glmgui.plots.plot_item import PlainPlotItem
from glmgui.plots.style import transparent

Interval = tuple[float, float]
_MANY = 500  # pieces of one epoch that are drawn one by one


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
        self._marked: frozenset[str] = frozenset()
        self._bars: dict[str, pg.BarGraphItem] = {}
        self._intervals: tuple[Interval, ...] = ()
        self._regions: list[pg.LinearRegionItem] = []
        self._span = (0.0, 1.0)
        self._box = _DrawingBox()
        self.area = PlainPlotItem(viewBox=self._box)
        self.layout_item.addItem(self.area, 0, 0)
        self.area.hideButtons()
        self.area.setMouseEnabled(True, False)
        label_axes(self.area, TIME, NO_AXIS)
        self._box.drawn.connect(self._add_interval)
        for moved in (self._box.sigXRangeChanged, self._box.sigResized):
            moved.connect(self._draw_many)
        self._apply(self.colours)

    def set_epochs(
        self, epochs: Mapping[str, np.ndarray], used: Sequence[str], span: Interval, marked: Sequence[str] = ()
    ) -> None:
        """Draw epochs, (n, 2) start and stop in s by name, over the `span` of the recording: those in `used` strong, those `marked` in
        another colour."""
        before = self._epochs, self._used, self._marked, self._span
        self._epochs = {name: _in_order(pieces) for name, pieces in epochs.items()}
        self._used, self._marked = frozenset(used), frozenset(marked)
        if before[1:] == (self._used, self._marked, span) and _are_same(before[0], self._epochs):
            return  # most edits change no epoch
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

    def draw_by_keys(self) -> None:
        """Let it be reached with the Tab key, and intervals be drawn and removed with the keys of `IntervalKeys`."""
        self.view.setAccessibleName("Intervals: arrow keys move the mark, Enter begins and ends one, Delete removes it")
        self.keys = IntervalKeys(
            self.view,
            self.area,
            lambda: self._span,
            self._add_interval,
            self._remove_at,
            lambda text: self._read.say(text, self._save),
        )

    def _remove_at(self, time: float) -> None:
        left = tuple(one for one in self._intervals if not one[0] <= time <= one[1])
        if left != self._intervals:
            self._change(left)

    def show_all(self) -> None:
        self.area.setXRange(*self._span, padding=0)

    def numbers(self) -> Table:
        rows = [(name, start, stop) for name, pieces in self._epochs.items() for start, stop in pieces]
        rows += [("drawn", start, stop) for start, stop in self._intervals]
        if not rows:
            return {}
        names, starts, stops = zip(*rows, strict=True)
        return {"epoch": np.array(names, dtype=object), "start (s)": np.array(starts), "stop (s)": np.array(stops)}

    def drawing(self) -> Stretches:
        """The stretch of time that is seen."""
        start, stop = self.area.vb.viewRange()[0]
        rows = dict(self._epochs)
        if self._intervals:
            rows["drawn"] = np.array(self._intervals)
        return Stretches(self.objectName(), self.title, rows, (start, stop), self.figure)

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
        self._bars = {}
        for row, name in enumerate(names):
            colour = transparent(self.colours.muted, 110)
            if name in self._used or name in self._marked:
                colour = self.colours.series[0 if name in self._used else 1]
            pieces = self._seen(name)
            bar = pg.BarGraphItem(
                x0=pieces[:, 0],
                x1=pieces[:, 1],
                y0=np.full(len(pieces), len(names) - 1.3 - row),
                height=0.6,
                brush=pg.mkBrush(colour),
                pen=pg.mkPen(colour),
            )
            self.area.addItem(bar)
            self._bars[name] = bar
        self.area.getAxis("left").set_names([(len(names) - 1 - row, name) for row, name in enumerate(names)])
        self.area.setYRange(-0.6, max(len(names), 1) - 0.4, padding=0)
        band, edge = pg.mkBrush(transparent(self.colours.series[1], 70)), pg.mkPen(self.colours.series[1], width=2)
        for interval in self._intervals:
            region = pg.LinearRegionItem(interval, brush=band, pen=edge, bounds=self._span)
            region.sigRegionChangeFinished.connect(self._region_moved)
            self.area.addItem(region, ignoreBounds=True)
            self._regions.append(region)

    def _seen(self, name: str) -> np.ndarray:
        """The pieces of an epoch, of very many those in view, joined where no pixel lies between them."""
        pieces = self._epochs[name]
        if len(pieces) <= _MANY:
            return pieces
        (start, stop), _ = self._box.viewRange()
        return joined_to_draw(pieces, start, stop, (stop - start) / max(self._box.width(), 1.0))

    def _draw_many(self, *_) -> None:
        names = list(self._epochs)
        for row, name in enumerate(names):
            if len(self._epochs[name]) > _MANY and name in self._bars:
                pieces = self._seen(name)
                self._bars[name].setOpts(x0=pieces[:, 0], x1=pieces[:, 1], y0=np.full(len(pieces), len(names) - 1.3 - row))

    def _readout(self, at: QPointF) -> str:
        if not self._box.sceneBoundingRect().contains(at):
            return ""
        point = self._box.mapSceneToView(at)
        inside = [
            name for name, pieces in self._epochs.items() if np.any((pieces[:, 0] <= point.x()) & (point.x() <= pieces[:, 1]))
        ]
        drawn = ["drawn interval"] if any(start <= point.x() <= stop for start, stop in self._intervals) else []
        return f"{point.x():.1f}\u2009s:  {', '.join(inside + drawn) or 'outside every epoch'}"


def _are_same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """Whether both have the same epochs in the same order."""
    return list(one) == list(other) and all(np.array_equal(one[name], other[name]) for name in one)


def _in_order(pieces: np.ndarray) -> np.ndarray:
    pieces = np.asarray(pieces, float).reshape(-1, 2)
    return pieces[np.argsort(pieces[:, 0], kind="stable")]


def joined_to_draw(pieces: np.ndarray, start: float, stop: float, pixel: float) -> np.ndarray:
    """Of pieces (n, 2) in the order of their starts those between `start` and `stop`, joined where less than `pixel` lies between them."""
    ends = np.maximum.accumulate(pieces[:, 1]) if len(pieces) else np.zeros(0)
    first, last = np.searchsorted(ends, start), np.searchsorted(pieces[:, 0], stop, side="right")
    seen, ends = pieces[first:last], ends[first:last]
    if len(seen) < 2:
        return seen
    cut = seen[1:, 0] - ends[:-1] >= pixel
    return np.column_stack([seen[np.r_[True, cut], 0], ends[np.r_[cut, True]]])


def merged(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Intervals in order, those that overlap or touch made one."""
    joined: list[Interval] = []
    for start, stop in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], stop))
        else:
            joined.append((start, stop))
    return tuple(joined)
