"""Curves over x, with bands, marks and a legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QBrush, QColor, QPen
from qtpy.QtWidgets import QWidget

from glmengine.figures.band_reach import height_of
from glmengine.figures.drawing import Lines
from glmgui.drawings.extremes import Extremes
from glmgui.drawings.series import NO_AXIS, Axis, Curve, Table, curves_table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.base import Plot
from glmgui.plots.curve_geometry import nearest_index, outline, part_within, range_of, stretches_of_band, with_band_cut
from glmgui.plots.legend import Legend
from glmgui.plots.long_line import LongLine
from glmgui.plots.points import PointsItem
from glmgui.plots.read_out import without_band
from glmgui.plots.style import transparent

_BAND_ALPHA = 60
_FAINT_ALPHA = 90  # of points that say little
_POINT, _DOT = 3, 6  # pixels
_SAMPLES_A_PIXEL = 2  # of a long curve
_LINES = ("line", "dashed", "steps")


class _Band(NamedTuple):
    """The filled area of a stretch of a band, between its two edges."""

    lower: pg.PlotDataItem
    upper: pg.PlotDataItem
    area: pg.FillBetweenItem


class LinePlot(Plot):
    """Draws `Curve`s; the numbers nearest to the mouse stand in the header.

    Parameters
    ----------
    log_x : bool
        x in powers of ten (strengths of a penalty); x must then be positive.
    legend : bool
        Whether names are shown; of a single curve only what its band is.
    mouse : bool
        Whether dragging and the wheel pan and zoom.
    dense : bool
        For series far longer than the screen is wide: only what is visible is drawn, thinned to its extremes.
    """

    def __init__(
        self,
        title: str = "",
        x_axis: Axis = NO_AXIS,
        y_axis: Axis = NO_AXIS,
        *,
        log_x: bool = False,
        legend: bool = True,
        mouse: bool = True,
        dense: bool = False,
        name: str = "line_plot",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, name, parent)
        self.x_axis, self.y_axis = x_axis, y_axis
        self._log_x, self._legend_wanted, self._dense = log_x, legend, dense
        self._curves: tuple[Curve, ...] = ()
        self._drawn: tuple[Curve, ...] = ()  # the same, their bands no further than they are seen, and what is faint by itself
        self._cuts = False
        self._height: tuple[float, float] | None = None  # where bands, and points that are not settled, run out of the picture
        self._marks: tuple[tuple[float, str], ...] = ()
        self._level: tuple[float, str] | None = None
        self._items: list[pg.PlotDataItem] = []
        self._looks: list[str] = []  # of each of them
        self._bands: list[list[_Band]] = []
        self._detailed: list[tuple[pg.PlotDataItem, Extremes]] = []
        self._lines_in: tuple[object, ...] | None = None  # with what, and in which colours, nothing but lines is drawn
        self.area = self.add_area(1, 0, x_axis, y_axis, mouse=mouse)
        self.area.setLogMode(x=log_x)
        if dense:
            self.area.vb.sigXRangeChanged.connect(self._draw_detail)
            self.area.vb.sigResized.connect(self._draw_detail)
        self._legend = Legend()
        self.layout_item.addItem(self._legend, 0, 0)
        self.view.sigDeviceRangeChanged.connect(self._refit_legend)  # once the view has the size that the plot was given

    def set_axes(self, x_axis: Axis, y_axis: Axis) -> None:
        if (x_axis, y_axis) == (self.x_axis, self.y_axis):
            return
        self.x_axis, self.y_axis = x_axis, y_axis
        label_axes(self.area, x_axis, y_axis)
        if self._shares_axis:
            self.area.hideAxis("bottom")

    def set_equal(self, equal: bool) -> None:
        """Whether one unit of x is as long as one of y, as positions need it."""
        self.area.vb.setAspectLocked(equal)

    def set_curves(
        self,
        curves: Sequence[Curve],
        *,
        marks: Sequence[tuple[float, str]] = (),
        level: tuple[float, str] | None = None,
        cut_bands: bool = False,
    ) -> None:
        """Draw these instead of what was there.

        Parameters
        ----------
        curves : sequence of Curve
        marks : sequence of (x, text)
            Vertical lines with a word on them.
        level : (y, text), optional
            A horizontal line of reference.
        cut_bands : bool
            Whether bands far beyond all curves run out of the picture (`glmengine.figures.band_reach`).
        """
        self._curves, self._marks, self._level, self._cuts = tuple(curves), tuple(marks), level, cut_bands
        before, self._height = self._height, height_of(self._curves, cut_bands=cut_bands)
        self._drawn = tuple(part for curve in self._curves for part in with_band_cut(curve, self._height).parts)
        self._begin_numbers_at_zero()
        self._restyle()
        if self._height is not None:
            self.area.setYRange(*self._height)
        elif before is not None:
            self.area.enableAutoRange(axis="y")

    def _begin_numbers_at_zero(self) -> None:
        """Write no number below zero in the margin beside what is nowhere below zero, as counts and rates are."""
        across = [range_of(curve.x)[0] for curve in self._curves] + [at for at, _ in self._marks]
        lowest = [curve.detail.range[0] if curve.detail is not None else range_of(curve.y)[0] for curve in self._curves]
        lowest += [range_of(curve.low)[0] for curve in self._curves if curve.low is not None]
        lowest += [self._level[0]] if self._level is not None else []
        for side, known in (("bottom", across), ("left", lowest)):
            begins = not (self._log_x and side == "bottom") and min(filter(np.isfinite, known), default=-1.0) >= 0
            self.area.getAxis(side).set_least(0.0 if begins else None)

    @property
    def curves(self) -> tuple[Curve, ...]:
        return self._curves

    def numbers(self) -> Table:
        return self.numbers_maker()()

    def numbers_maker(self) -> Callable[[], Table]:
        return partial(curves_table, self._curves, self.x_axis, self.y_axis)

    def rows_at_least(self) -> int:
        return max((len(curve.x) for curve in self._curves), default=0)

    def drawing(self) -> Lines:
        curves = (
            [part_within(curve, *self.area.vb.viewRange()[0]) for curve in self._curves] if self._dense else list(self._curves)
        )
        return Lines(
            self.objectName(),
            self.title,
            self.x_axis,
            self.y_axis,
            curves,
            level=self._level is not None,
            equal=bool(self.area.vb.state["aspectLocked"]),
            log_x=self._log_x,
            marks=self._marks,
            cut_bands=self._cuts,
            figure=self.figure,
        )

    def _restyle(self) -> None:
        if self._refill():
            return
        self.area.clear()
        self._items, self._looks, self._bands, self._detailed = [], [], [], []
        self._write_legend()
        if self._level is not None:
            self._add_line(self._level[0], self._level[1], angle=0)
        for x, text in self._marks:
            self._add_line(np.log10(x) if self._log_x else x, text, angle=90)
        for curve in self._drawn:
            self._add_curve(curve)
        self.set_greyed(self.greyed)

    def _refill(self) -> bool:
        """Put lines and bands into the items that are there, which a slider needs: making items is slow. False where something else is to be
        drawn, or in other colours."""
        frame = (self._level, self._marks, self.colours)
        lines = all(curve.look in _LINES and curve.detail is None for curve in self._drawn)
        before, self._lines_in = self._lines_in, frame if lines else None
        if not lines or before != frame or not self._items:
            return False
        if any(curve.look != look for curve, look in zip(self._drawn, self._looks, strict=False)):
            return False
        for item, bands, curve in zip(self._items, self._bands, self._drawn, strict=False):
            x, y = outline(curve)
            item.setData(x, y)
            if item.opts["pen"] != (pen := self._pen(curve)):  # it works out its data anew
                item.setPen(pen)
            item.show()
            self._refill_band(curve, bands)
        for curve in self._drawn[len(self._items) :]:
            self._add_curve(curve)
        for place in range(len(self._drawn), len(self._items)):  # they will be wanted again when the slider comes back
            self._items[place].hide()
            self._clear_band(self._bands[place])
        self._write_legend()
        self.set_greyed(self.greyed)
        return True

    def _refill_band(self, curve: Curve, bands: list[_Band]) -> None:
        parts = stretches_of_band(curve)
        if len(parts) != len(bands):
            self._clear_band(bands)
            bands += self._add_band(curve)
            return
        if not parts:
            return
        x, low, high = np.asarray(curve.x, float), np.asarray(curve.low, float), np.asarray(curve.high, float)
        for part, band in zip(parts, bands, strict=True):
            band.lower.setData(x[part], low[part])
            band.upper.setData(x[part], high[part])
            band.area.setBrush(self._brush(curve))

    def _clear_band(self, bands: list[_Band]) -> None:
        for band in bands:
            self.area.removeItem(band.area)
        bands.clear()

    def _write_legend(self) -> None:
        named = [curve for curve in self._curves if curve.legend]
        wanted = self._legend_wanted and (len(named) > 1 or any(curve.band for curve in named))
        self._legend.show_curves(named if wanted else (), self.colours, self.view.width())

    def _refit_legend(self, *_: object) -> None:
        if self._legend.isVisible():
            self._write_legend()

    def _add_line(self, at: float, text: str, angle: int) -> None:
        pen = pg.mkPen(self.colours.muted, width=1, style=Qt.PenStyle.DashLine)
        corner = (1 if self._is_right(at) else 0, 0) if angle else (0, 1)
        options = {"position": 0.96 if angle else 0.02, "color": self.colours.ink, "anchors": [corner, corner]}
        self.area.addItem(pg.InfiniteLine(at, angle=angle, pen=pen, label=text or None, labelOpts=options))

    def _is_right(self, at: float) -> bool:
        """Whether an upright mark stands in the right half, where its word has to go to its left."""
        xs = [np.asarray(curve.x, float) for curve in self._curves if len(curve.x)]
        pooled = np.concatenate(xs) if xs else np.zeros(1)
        pooled = np.log10(pooled[pooled > 0]) if self._log_x else pooled[np.isfinite(pooled)]
        return bool(pooled.size) and at > (pooled.min() + pooled.max()) / 2

    def show_height(self) -> None:
        """Fit y to everything that is drawn, in view or not."""
        ranges = [curve.detail.range if curve.detail is not None else range_of(curve.y) for curve in self._curves]
        known = [value for one in ranges for value in one if np.isfinite(value)]
        if known:
            low, high = min(known), max(known)
            margin = 0.05 * (high - low) or 0.5
            self.area.setYRange(low - margin, high + margin, padding=0)

    def _draw_detail(self, *_) -> None:
        """Of long curves as much as the pixels in view can show."""
        if self._detailed:
            start, stop = self.area.vb.viewRange()[0]
            most = _SAMPLES_A_PIXEL * max(int(self.area.vb.width()), 100)
            for item, detail in self._detailed:
                x, y = detail.between(start, stop, most)
                item.opts["antialias"] = len(x) <= most // _SAMPLES_A_PIXEL  # of what fills its area nobody sees the edges
                item.setData(x, y)

    def _add_curve(self, curve: Curve) -> None:
        colour = self._colour(curve)
        if self._dense and curve.detail is not None:
            item = LongLine(pg.mkPen(colour, width=curve.width))
            self.area.addItem(item, ignoreBounds=True)
            self._keep(item, curve, [])
            self._detailed.append((item, curve.detail))
            self._draw_detail()
            return
        x, y = outline(curve)
        bands: list[_Band] = []
        if curve.look == "dots" and curve.low is not None and curve.high is not None:
            self._add_error_bars(curve)
        else:
            bands = self._add_band(curve)
        if curve.look == "points":
            self.area.addItem(PointsItem(np.log10(x) if self._log_x else x, y, colour, _POINT))
            return
        if curve.look == "dots":
            item = pg.PlotDataItem(
                x, y, pen=None, symbol="o", symbolSize=_DOT, symbolPen=None, symbolBrush=colour, antialias=not self._dense
            )
        else:
            item = pg.PlotDataItem(x, y, pen=self._pen(curve), connect="finite", antialias=not self._dense)
        self.area.addItem(item)
        self._keep(item, curve, bands)
        if self._dense:
            item.setClipToView(True)
            item.setDownsampling(auto=True, method="peak")

    def _keep(self, item: pg.PlotDataItem, curve: Curve, bands: list[_Band]) -> None:
        self._items.append(item)
        self._looks.append(curve.look)
        self._bands.append(bands)

    def _add_error_bars(self, curve: Curve) -> None:
        x, low, high = (np.asarray(part, float) for part in (curve.x, curve.low, curve.high))
        known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
        positions = np.repeat(np.log10(x[known]) if self._log_x else x[known], 2)
        bars = pg.PlotCurveItem(
            positions,
            np.stack([low[known], high[known]], axis=1).ravel(),
            connect="pairs",
            antialias=True,
            pen=pg.mkPen(self.colours.of(curve.colour), width=self.line_width(1.5)),
        )
        bars.setSkipFiniteCheck(False)
        self.area.addItem(bars)

    def _add_band(self, curve: Curve) -> list[_Band]:
        """One filled area per stretch without NaN: a single one would bridge the gaps."""
        bands = []
        for part in stretches_of_band(curve):
            x = np.asarray(curve.x, float)[part]
            lower, upper = (pg.PlotDataItem(x, np.asarray(ends, float)[part]) for ends in (curve.low, curve.high))
            for item in (lower, upper):
                item.setLogMode(self._log_x, False)
            area = pg.FillBetweenItem(lower, upper, brush=self._brush(curve))
            area.setZValue(-10)
            self.area.addItem(area)
            bands.append(_Band(lower, upper, area))
        return bands

    def _pen(self, curve: Curve) -> QPen:
        dash = Qt.PenStyle.DashLine if curve.look == "dashed" else Qt.PenStyle.SolidLine
        width = curve.width if self._dense else self.line_width(curve.width)  # wide lines of many pieces are slow
        return pg.mkPen(self._colour(curve), width=width, style=dash)

    def _colour(self, curve: Curve) -> QColor:
        colour = self.colours.of(curve.colour)
        return transparent(colour, _FAINT_ALPHA) if curve.faint else colour

    def _brush(self, curve: Curve) -> QBrush:
        return pg.mkBrush(transparent(self.colours.of(curve.colour), _BAND_ALPHA))

    def _readout(self, at: QPointF) -> str:
        if not self._curves or not self.area.vb.sceneBoundingRect().contains(at):
            return ""
        x = self.area.vb.mapSceneToView(at).x()
        x = 10**x if self._log_x else x
        parts = []
        where = None
        for curve in self._curves[:4]:
            values = np.asarray(curve.x, float)
            if not len(values) or (not self._dense and np.all(np.isnan(values))):
                continue
            if self._dense:  # over time, which ascends
                nearest = nearest_index(values, x)
            else:
                nearest = int(np.nanargmin(np.abs(np.log10(values) - np.log10(x)) if self._log_x else np.abs(values - x)))
            where = values[nearest] if where is None else where
            y = float(curve.y[nearest])
            if np.isnan(y):
                continue
            text = f"{without_band(curve.name)} {self.y_axis.value(y)}".strip()
            if curve.low is not None and curve.high is not None and np.isfinite(curve.low[nearest]):
                text += f" [{curve.low[nearest]:.3g}, {curve.high[nearest]:.3g}]"
            parts.append(text)
        if where is None:
            return ""
        more = f", {len(self._curves) - 4} more" if len(self._curves) > 4 else ""
        return f"{self.x_axis.label} {self.x_axis.value(float(where))}:  " + ",  ".join(parts) + more
