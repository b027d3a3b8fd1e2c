"""The coupling as a graph: units at places of a ring or of their electrodes, an arrow for each pair above a threshold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainterPath
from qtpy.QtWidgets import QGraphicsPathItem, QWidget

from glmengine.figures.drawing import FigureOf
from glmgui.drawings.series import NO_AXIS, Axis, Table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.inside_text import InsideText
from glmgui.plots.unit_points import UnitPoints

MOST_ARROWS = 2000
"""That are drawn; more would be a black disc, and slow."""
_MOST_NAMES = 60
_HEAD = 0.028  # of the picture's width
_BEND = 0.12
_CLASSES = ((0.0, 1.0), (1 / 3, 1.8), (2 / 3, 3.0))  # share of the strongest from which on, and width of the line in pixels


class CouplingGraph(UnitPoints):
    """Full arrows raise the rate, dashed ones lower it; the wider the stronger."""

    def __init__(self, title: str = "", *, name: str = "coupling_graph", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self.figure = FigureOf("coupling_graph")
        self._values = np.empty((0, 0))
        self._value_axis = NO_AXIS
        self._threshold = 0.0
        self._ring = True

    def show_graph(
        self,
        names: Sequence[str],
        points: np.ndarray,
        values: np.ndarray,
        value_axis: Axis,
        threshold: float,
        axes: tuple[Axis, Axis] | None = None,
    ) -> None:
        """Draw the pairs whose absolute value reaches the threshold.

        Parameters
        ----------
        names : (N,) str
        points : (N, 2) float
            On the unit circle, or in the units of `axes`; NaN for a unit that has no place.
        values : (N, N) float
            From the row to the column.
        value_axis : Axis
        threshold : float
        axes : pair of Axis, optional
            None for a ring, which has none.
        """
        self._units, self._values, self._value_axis = tuple(names), values, value_axis
        moved = not np.array_equal(points, self._points, equal_nan=True)
        self._points, self._threshold, self._ring = points, threshold, axes is None
        label_axes(self.area, *(axes or (NO_AXIS, NO_AXIS)))
        for side in ("bottom", "left"):  # after the labels, which show an axis
            self.area.showAxis(side, axes is not None)
        same = axes is None or axes[0].unit == axes[1].unit != ""
        self.area.vb.setAspectLocked(same)
        self._restyle()
        if moved:
            self.show_all()

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """The pairs (from, to) that are drawn, the weakest first: of very many the strongest."""
        strength = np.abs(np.nan_to_num(self._values))
        np.fill_diagonal(strength, 0.0)
        placed = self.placed
        drawn = (strength >= self._threshold) & (strength > 0) & placed[:, None] & placed[None, :]
        found = np.argwhere(drawn)
        strongest = np.argsort(strength[drawn], kind="stable")[-MOST_ARROWS:]
        return [tuple(pair) for pair in found[strongest].tolist()]

    def numbers(self) -> Table:
        pairs = self.pairs
        return {
            "from": np.array([self._units[a] for a, _ in pairs], dtype=object),
            "to": np.array([self._units[b] for _, b in pairs], dtype=object),
            self._value_axis.text: np.array([self._values[a, b] for a, b in pairs], float),
        }

    def show_all(self) -> None:
        known = self._points[self.placed]
        if not len(known):
            return
        if self._ring:
            self.area.vb.setRange(xRange=(-1.35, 1.35), yRange=(-1.2, 1.2), padding=0)
            return
        spans = [(float(axis.min()), float(axis.max())) for axis in known.T]
        spans = [(low, high) if high > low else (low - 1, high + 1) for low, high in spans]
        self.area.vb.setRange(xRange=spans[0], yRange=spans[1], padding=0.12)

    def _restyle(self) -> None:
        self.area.clear()
        self.band.paint_with(self.colours)
        self._add_arrows()
        placed, marked = self.placed, self.is_marked
        first, second = self.colours.muted, self.colours.series[1]
        for which, colour, size, symbol in ((placed & ~marked, first, 8, "o"), (placed & marked, second, 12, "d")):
            if which.any():
                self.area.addItem(
                    pg.ScatterPlotItem(
                        pos=self._points[which],
                        size=size,
                        symbol=symbol,
                        brush=pg.mkBrush(colour),
                        pen=pg.mkPen(self.colours.ground),
                    )
                )
        named = [at for at in np.flatnonzero(placed) if len(self._units) <= _MOST_NAMES or self._units[at] == self._unit]
        for at in named:
            self._add_name(int(at))
        self.set_greyed(self.greyed)

    def _add_name(self, at: int) -> None:
        x, y = self._points[at]
        anchor = ((1 - x) / 2, (1 + y) / 2) if self._ring else (-0.15, 0.5)
        text = InsideText(self._units[at], color=self.colours.ink, anchor=anchor)
        text.setPos(1.05 * x if self._ring else x, 1.05 * y if self._ring else y)
        self.area.addItem(text, ignoreBounds=True)

    def _add_arrows(self) -> None:
        pairs = self.pairs
        if not pairs:
            return
        most = max(abs(self._values[pair]) for pair in pairs)
        known = self._points[self.placed]
        spans = np.ptp(known, axis=0)
        scale = np.where(spans > 0, spans, 1.0)  # so that heads look the same where the axes have different units
        for sign, colour in ((1, self.colours.series[1]), (-1, self.colours.series[0])):
            for number, (share, width) in enumerate(_CLASSES):
                until = _CLASSES[number + 1][0] if number + 1 < len(_CLASSES) else np.inf
                chosen = [
                    (a, b) for a, b in pairs if sign * self._values[a, b] > 0 and share <= abs(self._values[a, b]) / most < until
                ]
                if chosen:
                    self._add_paths(chosen, scale, colour, width, dashed=sign < 0)

    def _add_paths(self, pairs: list[tuple[int, int]], scale: np.ndarray, colour: QColor, width: float, *, dashed: bool) -> None:
        lines, heads = QPainterPath(), QPainterPath()
        for sender, receiver in pairs:
            start, stop = self._points[sender] / scale, self._points[receiver] / scale
            along = stop - start
            length = float(np.hypot(*along))
            if length == 0:
                continue
            aside = np.array([-along[1], along[0]]) * _BEND
            middle = (start + stop) / 2 + aside
            ending = stop - middle
            ending = ending / max(float(np.hypot(*ending)), 1e-300)
            tip = stop - 0.015 * ending
            across = np.array([-ending[1], ending[0]])
            lines.moveTo(*(start * scale))
            lines.quadTo(*(middle * scale), *((tip - _HEAD * 0.6 * ending) * scale))
            corners = [tip, tip - _HEAD * ending + 0.35 * _HEAD * across, tip - _HEAD * ending - 0.35 * _HEAD * across]
            heads.moveTo(*(corners[0] * scale))
            for corner in (*corners[1:], corners[0]):
                heads.lineTo(*(corner * scale))
        style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
        for path, pen, brush in (
            (lines, pg.mkPen(colour, width=width, style=style), pg.mkBrush(None)),
            (heads, pg.mkPen(None), pg.mkBrush(colour)),
        ):
            item = QGraphicsPathItem(path)
            item.setPen(pen)
            item.setBrush(brush)
            self.area.addItem(item, ignoreBounds=True)

    def _readout(self, at: QPointF) -> str:
        unit = self.nearest(at)
        if unit is None:
            return ""
        pairs = self.pairs
        into, out = sum(b == unit for _, b in pairs), sum(a == unit for a, _ in pairs)
        return f"unit {self._units[unit]}:  {into} arrows in, {out} out"
