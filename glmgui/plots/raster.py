"""Rasters: spikes or traces of many units over time, one row a unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, Signal
from qtpy.QtGui import QPalette, QResizeEvent
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Drawing, Image, Images, Spikes
from glmgui.drawings.activity_levels import ActivityLevels, shares_of_spikes, shares_of_traces
from glmgui.drawings.series import TIME, Axis, Table
from glmgui.plots.base import Plot
from glmgui.plots.shade_scale import ShadeScale

_MOST_TICKS_A_PIXEL = 0.5
_MOST_TICKS = 20_000  # that are painted within a frame
_SHADES = 127  # of the rows, and of the selected one
_MOST_CELLS = 1000  # of signals in a figure, over time


class RasterPlot(Plot):
    """Draws only what the visible stretch of time can show: ticks, or where they would run together their density."""

    picked = Signal(str)  # name of the unit whose row was clicked

    def __init__(self, title: str = "Spikes", *, name: str = "raster_plot", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._names: tuple[str, ...] = ()
        self._times: tuple[np.ndarray, ...] = ()
        self._traces: tuple[np.ndarray, np.ndarray] | None = None
        self._levels: ActivityLevels | None = None
        self._seen: tuple[float, ...] = ()  # the stretch of which the shades are kept
        self._shades = np.zeros((2, 0), np.uint8)
        self._selected: str | None = None
        self.area = self.add_area(0, 0, TIME, Axis("unit"))
        self.area.setMouseEnabled(True, False)
        self._density = pg.ImageItem()
        self.area.addItem(self._density, ignoreBounds=True)
        self._ticks, self._chosen = (self._tick_item() for _ in range(2))
        self._begin_axes(False)
        self.scale = ShadeScale(f"{name}_scale", self)
        self.scale.hide()
        self._colour_scale()
        self.header.insertWidget(self.header.count() - 1, self.scale)
        self.area.vb.sigXRangeChanged.connect(self._draw_visible)
        self.area.vb.sigResized.connect(self._draw_visible)
        self.scene.sigMouseClicked.connect(self._clicked)

    def _tick_item(self) -> pg.PlotCurveItem:
        item = pg.PlotCurveItem(connect="pairs", antialias=False)
        self.area.addItem(item, ignoreBounds=True)
        return item

    def set_spikes(
        self, times: Mapping[str, np.ndarray], span: tuple[float, float], levels: ActivityLevels | None = None
    ) -> None:
        """Draw the spike times (s, sorted) of each unit, first unit on top, over the `span` of the recording; `levels` of them make long
        stretches quick."""
        self._levels = levels
        self._names, self._times = tuple(times), tuple(np.asarray(values, float) for values in times.values())
        self._traces = None
        self._lay_out(span)

    def set_traces(
        self,
        names: Sequence[str],
        times: np.ndarray,
        values: np.ndarray,
        span: tuple[float, float],
        levels: ActivityLevels | None = None,
    ) -> None:
        """Draw signals in place of spikes: values (T, M) at times (T,) in s, each unit's dark where it is high; `levels` as of spikes."""
        self._levels = levels
        self._names, self._times = tuple(names), tuple(np.empty(0) for _ in names)
        self._traces = np.asarray(times, float), np.asarray(values)
        self._lay_out(span)

    def _lay_out(self, span: tuple[float, float]) -> None:
        self._seen = ()
        rows = len(self._names)
        axis = self.area.getAxis("left")
        axis.set_names([(rows - 1 - row, name) for row, name in enumerate(self._names)])
        self._begin_axes(rows > 0)
        self.area.vb.setLimits(xMin=span[0], xMax=span[1])
        self.area.setYRange(-0.6, max(rows, 1) - 0.4, padding=0)
        self.area.setXRange(*span, padding=0)
        self._draw_visible()

    def _begin_axes(self, filled: bool) -> None:
        """Axes of nothing have no numbers, and no ticks."""
        for side in ("left", "bottom"):
            self.area.getAxis(side).set_empty(not filled)

    def set_selected(self, name: str | None) -> None:
        if name != self._selected:
            self._selected = name
            self._draw_visible()

    def show_all(self) -> None:
        limits = self.area.vb.state["limits"]["xLimits"]
        self.area.setXRange(*limits, padding=0)

    def numbers(self) -> Table:
        return self.numbers_maker()()

    def numbers_maker(self) -> Callable[[], Table]:
        """Of the stretch of time that is seen."""
        seen = self.area.vb.viewRange()[0]
        if self._traces is not None:
            return partial(_traces_table, self._names, *self._traces, *seen)
        return partial(_spikes_table, self._names, self._times, *seen)

    def rows_at_least(self) -> int:
        start, stop = self.area.vb.viewRange()[0]
        series = self._times if self._traces is None else [self._traces[0]]
        return sum(int(np.searchsorted(one, stop) - np.searchsorted(one, start)) for one in series)

    def drawing(self) -> Drawing:
        """The stretch of time that is seen."""
        start, stop = self.area.vb.viewRange()[0]
        if self._traces is None:
            seen = {name: one[(one >= start) & (one <= stop)] for name, one in zip(self._names, self._times, strict=True)}
            return Spikes(self.objectName(), self.title, seen, (start, stop), self.figure)
        edges = np.linspace(start, stop, _MOST_CELLS + 1)
        rows = Axis("unit", names=self._names)
        image = Image(
            "", (edges[1:] + edges[:-1]) / 2, np.arange(1.0, len(self._names) + 1), shares_of_traces(*self._traces, edges)
        )
        height = Axis("from its lowest to its highest")
        return Images(self.objectName(), self.title, TIME, rows, height, [image], levels=(0.0, 1.0), figure=self.figure)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scale.updateGeometry()  # its words are written where there is room

    @contextmanager
    def painted_for_paper(self, scale: float = 1.0) -> Iterator[None]:
        """With the scale of the shades in words below them: the line of the title is no part of the figure."""
        with super().painted_for_paper(scale):
            shaded = self._density.isVisible()
            if shaded:
                low, high = self.scale.words
                self.area.setLabel("bottom", f"{TIME.text}; white: {low}, black: {high}")
            try:
                yield
            finally:
                if shaded:
                    self.area.setLabel("bottom", TIME.text)

    def _restyle(self) -> None:
        self._colour_scale()
        self._draw_visible()

    def _colour_scale(self) -> None:
        self.scale.set_colours(self.colours.ground, self.colours.ink, self.palette().color(QPalette.ColorRole.WindowText))

    def _draw_visible(self, *_) -> None:
        start, stop = self.area.vb.viewRange()[0]
        borders = None
        if self._traces is None:
            borders = [times.searchsorted((start, stop)) for times in self._times]
        dense = self._too_dense(borders)
        self._density.setVisible(dense)
        self.scale.setVisible(dense)
        if dense:
            self._draw_density(start, stop)
            for item in (self._ticks, self._chosen):
                item.setData([], [])
        else:
            self._draw_ticks(borders or [], (stop - start) / max(self.area.vb.width(), 1.0))

    def _draw_ticks(self, borders: Sequence[np.ndarray], pixel: float) -> None:
        """One tick for each pixel of a row in which there are spikes."""
        units = len(self._names)
        seen = [times[first:last] for times, (first, last) in zip(self._times, borders, strict=True)]
        x = np.concatenate(seen) if seen else np.empty(0)
        unit = np.repeat(np.arange(units), [len(one) for one in seen])
        if pixel > 0 and len(x) > 1:
            kept = np.r_[True, (np.diff(np.floor(x / pixel)) > 0) | (np.diff(unit) > 0)]
            x, unit = x[kept], unit[kept]
        half = 0.4 * (1.0 if self.area.vb.height() / max(units, 1) > 5 else 0.9)
        chosen = unit == (self._names.index(self._selected) if self._selected in self._names else -1)
        for item, own, colour in ((self._ticks, ~chosen, self.colours.ink), (self._chosen, chosen, self.colours.series[0])):
            item.setPen(pg.mkPen(colour, width=1))
            row = units - 1 - unit[own]
            item.setData(np.repeat(x[own], 2), np.stack([row - half, row + half], axis=1).ravel(), connect="pairs")

    def _too_dense(self, borders: Sequence[np.ndarray] | None) -> bool:
        """Whether ticks would run together into solid bars in a tenth of the rows or more, or be more than can be painted in time."""
        if borders is None:
            return bool(self._names)
        counts = np.array([last - first for first, last in borders])
        crowded = np.count_nonzero(counts > _MOST_TICKS_A_PIXEL * self.area.vb.width())
        return bool(crowded > 0.1 * len(self._names) or counts.sum() > _MOST_TICKS)

    def _draw_density(self, start: float, stop: float) -> None:
        """Spikes a pixel as darkness, each row against its own maximum."""
        cells = max(int(self.area.vb.width() / 2), 2)
        seen = (start, stop, cells)
        if seen != self._seen:
            self._seen = seen
            edges = np.linspace(start, stop, cells + 1)
            shares = self._levels.shares(edges) if self._levels is not None else None
            if shares is None and self._traces is None:
                shares = shares_of_spikes(self._times, edges)
            elif shares is None:
                shares = shares_of_traces(*self._traces, edges)
            self._say_scale((stop - start) / cells)
            self._shades = (shares[:, ::-1] * _SHADES).astype(np.uint8)
        shades = self._shades
        if self._selected in self._names:
            shades = shades.copy()
            shades[:, len(self._names) - 1 - self._names.index(self._selected)] += _SHADES + 1
        self._density.setLookupTable(self._table())
        # pyqtgraph draws nothing of an image with a single row
        self._density.setImage(np.repeat(shades, 2, axis=1), levels=(0, 255), autoLevels=False)
        self._density.setRect(QRectF(start, -0.5, stop - start, len(self._names)))

    def _say_scale(self, width: float) -> None:
        """Say what the palest and the darkest shade are, of cells so many seconds wide."""
        if self._traces is None:
            said = f"Spikes in {width:.2g}\u2009s, each unit against the busiest {width:.2g}\u2009s of its own in view"
            self.scale.set_words("no spike", "most of each unit", f"{said}: shades of two units are not compared")
        else:
            said = f"Mean of {width:.2g}\u2009s, each unit between its lowest and its highest in view"
            self.scale.set_words("lowest", "highest of each unit", f"{said}: shades of two units are not compared")

    def _table(self) -> np.ndarray:
        """Colours (256, 4) of the shades: of the rows, then of the selected one."""
        table = np.zeros((256, 4), np.uint8)
        for first, colour in ((0, self.colours.ink), (_SHADES + 1, self.colours.series[0])):
            table[first : first + _SHADES + 1, :3] = colour.getRgb()[:3]
            table[first : first + _SHADES + 1, 3] = np.linspace(0, 255, _SHADES + 1)
        return table

    def _row_at(self, at: QPointF) -> int | None:
        if not self._names or not self.area.vb.sceneBoundingRect().contains(at):
            return None
        row = len(self._names) - 1 - round(self.area.vb.mapSceneToView(at).y())
        return row if 0 <= row < len(self._names) else None

    def _clicked(self, event) -> None:
        row = self._row_at(event.scenePos())
        if row is not None:
            self.picked.emit(self._names[row])

    def _readout(self, at: QPointF) -> str:
        row = self._row_at(at)
        if row is None:
            return ""
        if self._traces is not None:
            times, values = self._traces
            nearest = min(int(np.searchsorted(times, self.area.vb.mapSceneToView(at).x())), len(times) - 1)
            return f"unit {self._names[row]},  {times[nearest]:.2f}\u2009s,  {values[nearest, row]:.4g}"
        time, spikes = self.area.vb.mapSceneToView(at).x(), self._times[row]
        seen = ""
        if self._density.isVisible():
            start, stop, cells = self._seen
            edges = start + (stop - start) / cells * (np.floor((time - start) / (stop - start) * cells) + np.array([0, 1]))
            first, last = spikes.searchsorted(edges)
            seen = f"{last - first:,} in {edges[1] - edges[0]:.2g}\u2009s of "
        return f"unit {self._names[row]},  {time:.2f}\u2009s,  {seen}{len(spikes):,} spikes"


def _traces_table(names: Sequence[str], times: np.ndarray, values: np.ndarray, start: float, stop: float) -> Table:
    """Activity over time (s), a column a unit, from `start` to `stop`."""
    seen = (times >= start) & (times <= stop)
    return {"time (s)": times[seen]} | {name: values[seen, at] for at, name in enumerate(names)}


def _spikes_table(names: Sequence[str], times: Sequence[np.ndarray], start: float, stop: float) -> Table:
    """Spikes (s) of all units, a row a spike, from `start` to `stop`."""
    kept = [one[(one >= start) & (one <= stop)] for one in times]
    if not kept:
        return {}
    units = np.concatenate([np.full(len(one), name, dtype=object) for name, one in zip(names, kept, strict=True)])
    return {"unit": units, "spike time (s)": np.concatenate(kept)}
