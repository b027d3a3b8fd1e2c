"""One cell of small multiples: the curve, polar curve or map of one unit painted into a rectangle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen, QPolygonF

from glmengine.figures.rings import round_rings
from glmgui.drawings.population import CurvePanel, MapPanel, Panel
from glmgui.plots import style
from glmgui.plots.style import transparent

_BAND_ALPHA = 60
_STEPS = 256
_FLAT = 0.05
"""Share of its highest value that the values of a map differ by where it is called flat."""
_CIRCLE_SHARE = 0.9


@dataclass(frozen=True)
class Scale:
    """Values at the lower and the upper end of a cell, or of its colours; of a cell around the circle those of its rings too."""

    low: float
    high: float
    rings: tuple[float, ...] = ()


def scale_of(panel: Panel, units: np.ndarray) -> Scale | None:
    """The scale that shows all of the curves or maps of these units (numbers of rows); None where they have no value."""
    if isinstance(panel, MapPanel):
        parts = [panel.values[units]]
    else:
        parts = [panel.model[units], *([_scaling(panel)[units]] if panel.data is not None else [])]
    values = np.concatenate([part[np.isfinite(part)] for part in parts])
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if panel.signed:
        high = max(abs(low), abs(high)) or 1.0
        return Scale(-high, high)
    if isinstance(panel, MapPanel) and low >= 0 and high - low < _FLAT * high:
        return Scale(0.0, 2.0 * high)  # in the colour of the middle: bright would say that there is something
    if isinstance(panel, CurvePanel) and panel.polar:
        rings = round_rings(high)
        return Scale(0.0, rings[-1], rings)
    low = min(low, 0.0)
    return Scale(low, high if high > low else low + 1.0)


def _scaling(panel: CurvePanel) -> np.ndarray:
    """The data that set the scale of curves: around a circle, which cuts nothing off, all of them."""
    return panel.data if panel.settled is None or panel.polar else panel.data[:, panel.settled]


class CellPainter:
    """Paints the cells of one panel in given colours.

    Parameters
    ----------
    panel : CurvePanel or MapPanel
    colours : Colours
    """

    def __init__(self, panel: Panel, colours: style.Colours) -> None:
        self.panel, self.colours = panel, colours
        self._images: dict[tuple[int, Scale], QImage] = {}
        if isinstance(panel, MapPanel):
            name = style.DIVERGING_MAP if panel.signed else style.COLOUR_MAP
            table = pg.colormap.get(name).getLookupTable(0.0, 1.0, _STEPS)[:, :3].astype(np.uint32)
            self._table = 0xFF000000 | (table[:, 0] << 16) | (table[:, 1] << 8) | table[:, 2]

    def paint(self, painter: QPainter, area: QRectF, unit: int, scale: Scale, *, ticks: bool) -> None:
        """Draw the row `unit` of the panel; with `ticks` the ends of its axes are written beside it."""
        if isinstance(self.panel, MapPanel):
            inner = self._map_area(_inside(area, ticks, painter), self.panel)
            painter.drawImage(inner, self._image(unit, scale))
            painter.setPen(QPen(self.colours.grid))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(inner)
        elif self.panel.polar:
            self._polar(painter, area, unit, scale)
            return
        else:
            inner = _inside(area, ticks, painter)
            self._curve(painter, inner, unit, scale)
        if ticks:
            self._ticks(painter, inner, scale)

    def place(self, area: QRectF, at: QPointF, *, ticks: bool, painter_font_height: float) -> tuple[float, float] | None:
        """Shares (0 to 1) of the two axes at a point of a cell, None outside."""
        inner = _framed(area, ticks, painter_font_height)
        if isinstance(self.panel, MapPanel):
            inner = self._map_area(inner, self.panel)
        if not inner.contains(at):
            return None
        return (at.x() - inner.left()) / inner.width(), (inner.bottom() - at.y()) / inner.height()

    # Curves

    def _curve(self, painter: QPainter, area: QRectF, unit: int, scale: Scale) -> None:
        panel, colours = self.panel, self.colours
        low, high = float(panel.x.min()), float(panel.x.max())
        across = area.left() + (panel.x - low) / max(high - low, 1e-300) * area.width()
        painter.setPen(QPen(colours.muted))
        zero = area.bottom() - (0.0 - scale.low) / (scale.high - scale.low) * area.height()
        painter.drawLine(QPointF(area.left(), zero), QPointF(area.right(), zero))
        painter.drawLine(area.bottomLeft(), area.topLeft())

        def up(values: np.ndarray) -> np.ndarray:
            share = (np.asarray(values, float) - scale.low) / (scale.high - scale.low)
            return area.bottom() - np.clip(share, -0.02, 1.02) * area.height()

        ends = np.concatenate([up(panel.low[unit]), up(panel.high[unit])[::-1]])
        known = np.isfinite(ends)
        if known.any():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(transparent(colours.of(0), _BAND_ALPHA))
            painter.drawPolygon(_polygon(np.concatenate([across, across[::-1]])[known], ends[known]))
        if panel.data is not None:
            _stroke(painter, across, up(panel.data[unit]), QPen(colours.of("data"), 1.0))
        _stroke(painter, across, up(panel.model[unit]), QPen(colours.of(0), 1.6))

    def _polar(self, painter: QPainter, area: QRectF, unit: int, scale: Scale) -> None:
        panel, colours = self.panel, self.colours
        middle, reach = area.center(), _CIRCLE_SHARE * min(area.width(), area.height()) / 2
        painter.setPen(QPen(colours.grid))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for ring in scale.rings:
            painter.drawEllipse(middle, ring / scale.high * reach, ring / scale.high * reach)
        painter.drawLine(QPointF(middle.x() - reach, middle.y()), QPointF(middle.x() + reach, middle.y()))
        painter.drawLine(QPointF(middle.x(), middle.y() - reach), QPointF(middle.x(), middle.y() + reach))
        angles = np.append(panel.x, panel.x[0])
        curves = [(panel.data, QPen(colours.of("data"), 1.0))] if panel.data is not None else []
        for values, pen in (*curves, (panel.model, QPen(colours.of(0), 1.6))):
            radius = np.append(values[unit], values[unit][0]) / scale.high * reach
            _stroke(painter, middle.x() + radius * np.cos(angles), middle.y() - radius * np.sin(angles), pen)

    # Maps

    def _map_area(self, area: QRectF, panel: MapPanel) -> QRectF:
        """The part of a cell that a map fills: all of it, or as much as its true proportions allow."""
        if not panel.equal:
            return area
        spans = [float(np.ptp(axis)) * len(axis) / max(len(axis) - 1, 1) or 1.0 for axis in (panel.x, panel.y)]
        unit = min(area.width() / spans[0], area.height() / spans[1])
        width, height = spans[0] * unit, spans[1] * unit
        return QRectF(area.center().x() - width / 2, area.center().y() - height / 2, width, height)

    def _image(self, unit: int, scale: Scale) -> QImage:
        key = (unit, scale)
        if key not in self._images:
            values = np.asarray(self.panel.values[unit], float).T[::-1]  # rows from the top
            share = (values - scale.low) / (scale.high - scale.low)
            known = np.isfinite(share)
            steps = np.clip(np.where(known, share, 0.0) * (_STEPS - 1), 0, _STEPS - 1).astype(int)
            pixels = np.ascontiguousarray(np.where(known, self._table[steps], 0), dtype=np.uint32)
            rows, columns = pixels.shape
            image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_ARGB32)
            self._images[key] = image.copy()  # which owns its memory
        return self._images[key]

    # Ends of the axes

    def _ticks(self, painter: QPainter, area: QRectF, scale: Scale) -> None:
        panel = self.panel
        metrics = QFontMetricsF(painter.font())
        painter.setPen(QPen(self.colours.muted))
        y_ends = (panel.y[0], panel.y[-1]) if isinstance(panel, MapPanel) else (scale.low, scale.high)
        below = area.bottom() + metrics.ascent()
        right = end_text(panel.x_axis, float(panel.x[-1]))
        painter.drawText(QPointF(area.left(), below), end_text(panel.x_axis, float(panel.x[0])))
        painter.drawText(QPointF(area.right() - metrics.horizontalAdvance(right), below), right)
        for value, y in zip(y_ends, (area.bottom(), area.top() + metrics.ascent() - 2), strict=True):
            text = end_text(panel.y_axis, float(value))
            painter.drawText(QPointF(area.left() - metrics.horizontalAdvance(text) - 3, y), text)


def end_text(axis: object, value: float) -> str:
    """A number at the end of a small axis."""
    if axis.names:
        return axis.value(value)[:6]
    return f"{value:.2g}" if abs(value) < 100 else f"{value:.0f}"


def _inside(area: QRectF, ticks: bool, painter: QPainter) -> QRectF:
    return _framed(area, ticks, QFontMetricsF(painter.font()).height())


def _framed(area: QRectF, ticks: bool, line: float) -> QRectF:
    return area.adjusted(2.3 * line, 0, -4, -line) if ticks else area.adjusted(4, 0, -4, -2)


def _polygon(x: np.ndarray, y: np.ndarray) -> QPolygonF:
    return QPolygonF([QPointF(float(a), float(b)) for a, b in zip(x, y, strict=True)])


def _stroke(painter: QPainter, x: np.ndarray, y: np.ndarray, pen: QPen) -> None:
    """A line through the points that are known, broken where they are not."""
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    known = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(int)))
    for start, stop in edges.reshape(-1, 2):
        painter.drawPolyline(_polygon(x[start:stop], y[start:stop]))


def mark_colour(colours: style.Colours) -> QColor:
    """Of what is selected."""
    return colours.series[1]
