"""Curves around the circle, for what depends on an angle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF
from qtpy.QtGui import QFontMetricsF
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Polar
from glmengine.figures.radians import QUARTERS
from glmengine.figures.rings import round_rings
from glmgui.drawings.series import NO_AXIS, Axis, Curve, Table, curves_table
from glmgui.plots.base import Plot
from glmgui.plots.inside_text import InsideText
from glmgui.plots.legend import Legend
from glmgui.plots.read_out import without_band

_CIRCLE = np.linspace(0, 2 * np.pi, 181)
_ANCHORS = ((0, 0.5), (0.5, 1), (1, 0.5), (0.5, 0))  # of the words of the quarters
_LEAST_HEIGHT = 150  # pixels of usual text, in which the numbers of the rings stand apart
_DIAGONALS = np.radians((45, 30, 60, 135, 120, 150, 225, 210, 240, 315, 300, 330))  # between the lines of the quarters
_CORNERS = _DIAGONALS[::3]  # where a small circle has room for a number beside the words of the quarters
_SMALL = 4  # heights of a line in the radius, below which it is one
_LEAST_SPACE, _BESIDE_CIRCLE = 1.3, 1.03  # radii of the plot, and from the middle to the words of the quarters
_REACH_OF_NUMBER, _WIDTH_OF_NUMBER = 0.25, np.radians(20)  # of the radius, and to both sides, that a number takes


class PolarPlot(Plot):
    """Closed curves: the angle from the right, counter-clockwise, and the value as the distance from the middle."""

    def __init__(self, title: str = "", *, name: str = "polar_plot", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self.x_axis, self.y_axis = NO_AXIS, NO_AXIS
        self._curves: tuple[Curve, ...] = ()
        self._rings = round_rings(0.0)
        self._least_height.suit(_LEAST_HEIGHT)
        self.area = self.add_area(1, 0, NO_AXIS, NO_AXIS, mouse=False)
        self._legend = Legend()
        self.layout_item.addItem(self._legend, 0, 0)
        self.view.sigDeviceRangeChanged.connect(self._write_legend)
        for side in ("left", "bottom"):
            self.area.hideAxis(side)
        self.area.vb.setAspectLocked(True)
        self._numbers: list[InsideText] = []  # of the rings
        self._words: list[InsideText] = []  # of the quarters
        self.area.vb.sigResized.connect(self._suit)

    @property
    def rings(self) -> tuple[float, ...]:
        """Values of the circles, from the inside out."""
        return self._rings

    @property
    def _top(self) -> float:
        return self._rings[-1]

    @property
    def curves(self) -> tuple[Curve, ...]:
        return self._curves

    def set_polar(self, curves: Sequence[Curve], x_axis: Axis, y_axis: Axis) -> None:
        """Draw curves of y (not below 0) over angles x in radians, equally spaced around the circle."""
        self._curves, self.x_axis, self.y_axis = tuple(curves), x_axis, y_axis
        self._restyle()

    def numbers(self) -> Table:
        return curves_table(self._curves, self.x_axis, self.y_axis)

    def drawing(self) -> Polar:
        return Polar(self.objectName(), self.title, self.x_axis, self.y_axis, list(self._curves), figure=self.figure)

    def show_all(self) -> None:
        room, radius = self.area.vb.rect(), self._radius()
        across, up = (self._top * max(side / 2 / radius, _LEAST_SPACE) for side in (room.width(), room.height()))
        self.area.vb.setRange(xRange=(-across, across), yRange=(-up, up), padding=0)

    def _radius(self) -> float:
        """Pixels of the outermost circle, which leaves room for the words around it."""
        room = self.area.vb.rect()
        words = [word.textItem.boundingRect() for word in self._words]
        beside, above = (max((side(word) for word in words), default=0.0) for side in (QRectF.width, QRectF.height))
        half = min(room.width() / 2 - beside, room.height() / 2 - above) / _BESIDE_CIRCLE
        return max(min(half, min(room.width(), room.height()) / 2 / _LEAST_SPACE), 1.0)

    def _suit(self, *_: object) -> None:
        """Fit circles and words to the room that there is."""
        self.show_all()
        self._place_numbers()

    def _place_numbers(self) -> None:
        """The numbers of the rings where no curve is; where they would lie over each other that of the outermost alone."""
        if not self._numbers:
            return
        radius, line = self._radius(), QFontMetricsF(self._numbers[0].textItem.font()).height()
        curves = [(np.asarray(curve.x, float), np.asarray(curve.y, float) / self._top) for curve in self._curves]
        angle, inside = clear_place(curves, len(self._rings), _CORNERS if radius < _SMALL * line else _DIAGONALS)
        across, up = np.cos(angle), np.sin(angle)
        apart = radius / len(self._rings) * max(abs(across), abs(up)) >= line
        for number, (item, ring) in enumerate(zip(self._numbers, self._rings, strict=True), 1):
            outermost = number == len(self._rings)
            inward = inside and not outermost  # the outermost stands where no curve is
            item.setAnchor((int((across < 0) != inward), int((up > 0) != inward)))
            item.setPos(ring * across, ring * up)
            item.setVisible(bool(apart) or outermost)

    def _restyle(self) -> None:
        self.area.clear()
        parts = [part for curve in self._curves for part in (curve.y, curve.high) if part is not None]
        finite = [np.asarray(part, float)[np.isfinite(part)] for part in parts]
        self._rings = round_rings(max((float(part.max()) for part in finite if part.size), default=0.0))
        self._add_rings()
        self._write_legend()
        for curve in self._curves:
            # closed, as the circle is; a bin that was never visited leaves a gap
            angle, radius = (np.append(part, part[:1]) for part in (np.asarray(curve.x, float), np.asarray(curve.y, float)))
            pen = pg.mkPen(self.colours.of(curve.colour), width=self.line_width(curve.width))
            self._add_bars(curve)
            self.area.addItem(
                pg.PlotDataItem(radius * np.cos(angle), radius * np.sin(angle), pen=pen, connect="finite", antialias=True)
            )
        self._suit()
        self.set_greyed(self.greyed)

    def _add_bars(self, curve: Curve) -> None:
        """The interval of each angle, along the line from the middle."""
        if curve.low is None or curve.high is None:
            return
        angle, low, high = (np.asarray(part, float) for part in (curve.x, curve.low, curve.high))
        known = np.isfinite(low) & np.isfinite(high)
        radius, angle = np.stack([low[known], high[known]], axis=1).ravel(), np.repeat(angle[known], 2)
        pen = pg.mkPen(self.colours.of(curve.colour), width=self.line_width(1))
        self.area.addItem(
            pg.PlotDataItem(radius * np.cos(angle), radius * np.sin(angle), pen=pen, connect="pairs", antialias=True)
        )

    def _write_legend(self, *_: object) -> None:
        """What the bars of a curve are."""
        self._legend.show_curves([curve for curve in self._curves if curve.band], self.colours, self.view.width())

    def _add_rings(self) -> None:
        faint, ink = pg.mkPen(self.colours.grid, width=1), self.colours.ink
        self._numbers, self._words = [], []
        for number, radius in enumerate(self._rings, 1):
            self.area.addItem(pg.PlotDataItem(radius * np.cos(_CIRCLE), radius * np.sin(_CIRCLE), pen=faint))
            unit = f" {self.y_axis.unit}" if number == len(self._rings) and self.y_axis.unit else ""
            self._numbers.append(self._add_text(f"{radius:g}{unit}", 0.0, radius, (0, 0), self.colours.muted))
        for (turn, text), anchor in zip(QUARTERS, _ANCHORS, strict=True):
            x, y = self._top * np.cos(turn), self._top * np.sin(turn)
            self.area.addItem(pg.PlotDataItem([0, x], [0, y], pen=faint))
            self._words.append(self._add_text(text, _BESIDE_CIRCLE * x, _BESIDE_CIRCLE * y, anchor, ink))

    def _add_text(self, text: str, x: float, y: float, anchor: tuple[float, float], colour: object) -> InsideText:
        item = InsideText(text, color=colour, anchor=anchor)
        item.setPos(x, y)
        self.area.addItem(item)
        return item

    def _readout(self, at: QPointF) -> str:
        if not self._curves or not self.area.vb.sceneBoundingRect().contains(at):
            return ""
        point = self.area.vb.mapSceneToView(at)
        angle = np.arctan2(point.y(), point.x()) % (2 * np.pi)
        parts = []
        for curve in self._curves:
            nearest = int(np.argmin(np.abs(np.angle(np.exp(1j * (np.asarray(curve.x, float) - angle))))))
            value = float(curve.y[nearest])
            parts.append(f"{without_band(curve.name)} {'no data' if np.isnan(value) else self.y_axis.value(value)}".strip())
        return f"{self.x_axis.label} {self.x_axis.value(float(angle))}:  " + ",  ".join(parts)


def clear_place(
    curves: Sequence[tuple[np.ndarray, np.ndarray]], rings: int = 3, among: Sequence[float] = _DIAGONALS
) -> tuple[float, bool]:
    """The angle, of those among which it is, at which the numbers of the rings are furthest from curves, each angles and shares of the radius, and whether they stand inside their rings."""

    def distance(angle: float, inside: bool) -> float:
        near = [np.abs(np.angle(np.exp(1j * (angles - angle)))) <= _WIDTH_OF_NUMBER for angles, _ in curves]
        radii = np.concatenate([shares[close] for (_, shares), close in zip(curves, near, strict=True)] or [np.empty(0)])
        radii = radii[np.isfinite(radii)]
        starts = np.arange(1, rings) / rings - _REACH_OF_NUMBER * inside
        beside = np.abs(radii[:, None] - starts - _REACH_OF_NUMBER / 2) - _REACH_OF_NUMBER / 2
        return float(np.min(beside, initial=1.0))

    places = [(float(angle), inside) for inside in (False, True) for angle in among]
    return max(places, key=lambda place: round(distance(*place), 2))  # of equal ones the first
