"""One number of each unit against another, with the selected units marked and a rectangle that selects more."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Curve, Lines
from glmgui.drawings.population import Numbers
from glmgui.drawings.series import NO_AXIS, Table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.inside_text import InsideText
from glmgui.plots.style import transparent
from glmgui.plots.unit_points import UnitPoints

RING = 17  # pixels across, around the selected unit
_SPREAD = 0.28  # of a category, over which its points are spread


class UnitScatter(UnitPoints):
    """A point a unit."""

    def __init__(self, title: str = "", *, name: str = "unit_scatter", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._numbers: tuple[Numbers, Numbers] | None = None

    def show_numbers(self, units: Sequence[str], x: Numbers, y: Numbers) -> None:
        """Draw `y` over `x`; units that lack one of them are left out."""
        self._units, self._numbers = tuple(units), (x, y)
        self._points = np.column_stack([_spread(one) for one in (x, y)])
        label_axes(self.area, x.axis, y.axis)
        self._restyle()
        self.show_all()

    def drawing(self) -> Lines:
        if self._numbers is None:
            return Lines(self.objectName(), self.title, NO_AXIS, NO_AXIS, [])
        x, y = self._numbers
        points = Curve("", self._points[self.placed, 0], self._points[self.placed, 1], look="dots")
        return Lines(self.objectName(), self.title, x.axis, y.axis, [points])

    def numbers(self) -> Table:
        if self._numbers is None:
            return {}
        x, y = self._numbers
        table: Table = {"unit": np.array(self._units, dtype=object)}
        table |= {one.axis.text: one.axis.column(one.values) if not np.isnan(one.values).any() else one.values for one in (x, y)}
        return table | {"selected": np.array([float(unit in self._marked) for unit in self._units])}

    @property
    def n_drawn(self) -> int:
        """Units that have both numbers."""
        return int(self.placed.sum())

    def show_all(self) -> None:
        known = self._points[self.placed]
        if self._numbers is None or not len(known):
            return
        ranges = []
        for place, one in enumerate(self._numbers):
            low, high = float(known[:, place].min()), float(known[:, place].max())
            if one.axis.names:
                low, high = 0.5, len(one.axis.names) + 0.5
            elif one.circular:
                low, high = 0.0, 2 * np.pi
            ranges.append((low, high) if high > low else (low - 0.5, low + 0.5))
        self.area.vb.setRange(xRange=ranges[0], yRange=ranges[1], padding=0.05)

    def _restyle(self) -> None:
        self.area.clear()
        self.band.paint_with(self.colours)
        known, marked = self.placed, self.is_marked
        first, second = self.colours.series[:2]
        for which, colour, size, symbol in (
            (known & ~marked, transparent(first, 150), 8, "o"),
            (known & marked, second, 10, "d"),  # not by colour alone
        ):
            if which.any():
                spots = pg.ScatterPlotItem(
                    pos=self._points[which], size=size, symbol=symbol, brush=pg.mkBrush(colour), pen=pg.mkPen(self.colours.ground)
                )
                self.area.addItem(spots)
        if self._unit in self._units:
            at = self._units.index(self._unit)
            if known[at]:
                ring = pg.ScatterPlotItem(
                    pos=self._points[[at]], size=RING, symbol="o", brush=None, pen=pg.mkPen(self.colours.ink, width=1.5)
                )
                self.area.addItem(ring)
                label = InsideText(self._unit, color=self.colours.ink)
                label.setAnchor((-RING / 2 / label.textItem.boundingRect().width(), 1))  # beside the ring, not on it
                label.setPos(*self._points[at])
                self.area.addItem(label, ignoreBounds=True)
        self.set_greyed(self.greyed)

    def _readout(self, at: QPointF) -> str:
        unit = self.nearest(at)
        if unit is None or self._numbers is None:
            return ""
        x, y = (f"{one.axis.label} {one.text(unit)}{f' {one.axis.unit}' if one.axis.unit else ''}" for one in self._numbers)
        return f"unit {self._units[unit]}:  {x},  {y}"


def _spread(one: Numbers) -> np.ndarray:
    """Values as they are drawn: units of one category are spread a little, always the same way, so that they can be told apart."""
    if not one.axis.names:
        return one.values
    drawn = one.values.copy()
    for value in np.unique(drawn[np.isfinite(drawn)]):
        same = np.flatnonzero(one.values == value)
        drawn[same] += np.linspace(-_SPREAD, _SPREAD, len(same)) if len(same) > 1 else 0.0
    return drawn
