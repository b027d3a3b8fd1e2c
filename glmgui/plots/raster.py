"""Rasters: spikes or traces of many units over time, one row a unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, Signal
from qtpy.QtWidgets import QWidget

from glmgui.drawings.series import TIME, Axis, Table, shortened
from glmgui.plots.base import Plot

_MOST_TICKS_A_PIXEL = 0.5


class RasterPlot(Plot):
    """Draws only what the visible stretch of time can show: ticks, or where they would run together their density."""

    picked = Signal(str)  # name of the unit whose row was clicked

    def __init__(self, title: str = "Spikes", *, name: str = "raster_plot", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._names: tuple[str, ...] = ()
        self._times: tuple[np.ndarray, ...] = ()
        self._traces: tuple[np.ndarray, np.ndarray] | None = None
        self._selected: str | None = None
        self.area = self.add_area(0, 0, TIME, Axis("unit"))
        self.area.setMouseEnabled(True, False)
        self._density = pg.ImageItem()
        self.area.addItem(self._density, ignoreBounds=True)
        self._ticks, self._chosen = (self._tick_item() for _ in range(2))
        self.area.vb.sigXRangeChanged.connect(self._draw_visible)
        self.area.vb.sigResized.connect(self._draw_visible)
        self.scene.sigMouseClicked.connect(self._clicked)

    def _tick_item(self) -> pg.PlotCurveItem:
        item = pg.PlotCurveItem(connect="pairs", antialias=False)
        self.area.addItem(item, ignoreBounds=True)
        return item

    def set_spikes(self, times: Mapping[str, np.ndarray], span: tuple[float, float]) -> None:
        """Draw the spike times (s, sorted) of each unit, first unit on top, over the `span` of the recording."""
        self._names, self._times = tuple(times), tuple(np.asarray(values, float) for values in times.values())
        self._traces = None
        self._lay_out(span)

    def set_traces(self, names: Sequence[str], times: np.ndarray, values: np.ndarray, span: tuple[float, float]) -> None:
        """Draw signals in place of spikes: values (T, M) at times (T,) in s, each unit's dark where it is high."""
        self._names, self._times = tuple(names), tuple(np.empty(0) for _ in names)
        self._traces = np.asarray(times, float), np.asarray(values, float)
        self._lay_out(span)

    def _lay_out(self, span: tuple[float, float]) -> None:
        rows = len(self._names)
        axis = self.area.getAxis("left")
        axis.set_names([(rows - 1 - row, shortened(name)) for row, name in enumerate(self._names)])
        self.area.vb.setLimits(xMin=span[0], xMax=span[1])
        self.area.setYRange(-0.6, max(rows, 1) - 0.4, padding=0)
        self.area.setXRange(*span, padding=0)
        self._draw_visible()

    def set_selected(self, name: str | None) -> None:
        self._selected = name
        self._draw_visible()

    def show_all(self) -> None:
        limits = self.area.vb.state["limits"]["xLimits"]
        self.area.setXRange(*limits, padding=0)

    def numbers(self) -> Table:
        start, stop = self.area.vb.viewRange()[0]
        if self._traces is not None:
            times, values = self._traces
            seen = (times >= start) & (times <= stop)
            return {"time (s)": times[seen]} | {name: values[seen, at] for at, name in enumerate(self._names)}
        kept = [times[(times >= start) & (times <= stop)] for times in self._times]
        if not kept:
            return {}
        names = np.concatenate([np.full(len(times), name, dtype=object) for name, times in zip(self._names, kept, strict=True)])
        return {"unit": names, "spike time (s)": np.concatenate(kept)}

    def _restyle(self) -> None:
        self._draw_visible()

    def _draw_visible(self, *_) -> None:
        start, stop = self.area.vb.viewRange()[0]
        pixel = (stop - start) / max(self.area.vb.width(), 1.0)
        dense = self._too_dense(start, stop)
        self._density.setVisible(dense)
        if dense:
            self._draw_density(start, stop)
            for item in (self._ticks, self._chosen):
                item.setData([], [])
            return
        plain, chosen = [], []
        for row, (name, times) in enumerate(zip(self._names, self._times, strict=True)):
            first, last = np.searchsorted(times, (start, stop))
            seen = times[first:last]
            if pixel > 0 and len(seen) > 1:
                cells = np.floor(seen / pixel)
                seen = seen[np.concatenate([[True], np.diff(cells) > 0])]
            (chosen if name == self._selected else plain).append((len(self._names) - 1 - row, seen))
        rows = max(len(self._names), 1)
        thin = 1.0 if self.area.vb.height() / rows > 5 else 0.9
        for item, groups, colour in ((self._ticks, plain, self.colours.ink), (self._chosen, chosen, self.colours.series[0])):
            item.setPen(pg.mkPen(colour, width=1))
            if groups:
                x = np.concatenate([np.repeat(seen, 2) for _, seen in groups])
                y = np.concatenate([np.tile((row - 0.4 * thin, row + 0.4 * thin), len(seen)) for row, seen in groups])
                item.setData(x, y, connect="pairs")
            else:
                item.setData([], [])

    def _too_dense(self, start: float, stop: float) -> bool:
        """Whether ticks would run together into solid bars in a tenth of the rows or more."""
        if self._traces is not None:
            return bool(self._names)
        crowded = sum(
            np.diff(np.searchsorted(times, (start, stop)))[0] > _MOST_TICKS_A_PIXEL * self.area.vb.width()
            for times in self._times
        )
        return bool(crowded > 0.1 * len(self._names))

    def _draw_density(self, start: float, stop: float) -> None:
        """Spikes a pixel as darkness, each row against its own maximum."""
        edges = np.linspace(start, stop, max(int(self.area.vb.width() / 2), 2) + 1)
        rows = len(self._names)
        if self._traces is None:
            counts = np.stack([np.diff(np.searchsorted(times, edges)) for times in reversed(self._times)], axis=1).astype(float)
            shares = counts / np.maximum(np.quantile(counts, 0.995, axis=0), 1.0)
        else:
            shares = _heights(*self._traces, edges)[:, ::-1]
        paint = np.zeros((len(edges) - 1, rows, 4), np.uint8)
        for row, name in enumerate(reversed(self._names)):
            paint[:, row, :3] = (self.colours.series[0] if name == self._selected else self.colours.ink).getRgb()[:3]
        paint[..., 3] = np.clip(shares, 0, 1) * 255
        # pyqtgraph draws nothing of an image with a single row
        self._density.setImage(np.repeat(paint, 2, axis=1), levels=None)
        self._density.setRect(QRectF(start, -0.5, stop - start, rows))

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
        return f"unit {self._names[row]},  {self.area.vb.mapSceneToView(at).x():.2f}\u2009s,  {len(self._times[row]):,} spikes"


def _heights(times: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Means of values (T, M) between edges, (len(edges) - 1, M), from 0 at a row's lowest to 1 near its highest; 0 where nothing is known."""
    at = np.clip(np.searchsorted(times, edges), 0, len(times))
    first, last = int(at[0]), int(at[-1])
    seen = values[first:last]
    known = np.isfinite(seen)
    totals = np.concatenate([np.zeros((1, seen.shape[1])), np.cumsum(np.where(known, seen, 0.0), axis=0)])
    n = np.concatenate([np.zeros((1, seen.shape[1])), np.cumsum(known, axis=0)])
    # a pixel between two samples shows the one before it
    start, stop = at[:-1] - first, np.maximum(at[1:], at[:-1] + 1).clip(max=last) - first
    start = np.minimum(start, stop - 1).clip(min=0)
    counted = n[stop] - n[start]
    means = np.where(counted > 0, (totals[stop] - totals[start]) / np.maximum(counted, 1), np.nan)
    if not np.isfinite(means).any():
        return np.zeros_like(means)
    low = np.nanmin(np.where(np.isfinite(means), means, np.inf), axis=0)
    high = np.array([np.quantile(one[np.isfinite(one)], 0.995) if np.isfinite(one).any() else 0.0 for one in means.T])
    low = np.where(np.isfinite(low), low, 0.0)
    return np.nan_to_num((means - low) / np.maximum(high - low, 1e-300))
