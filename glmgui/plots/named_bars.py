"""A bar for each of a few named things, in their order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Bars
from glmgui.drawings.series import NO_AXIS, Axis, Table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.base import Plot

_FEWEST = 4  # places on the axis, so that one bar does not fill the plot


class NamedBars(Plot):
    """Bars from zero, each in the colour of its place; where the value is NaN there is none.

    Parameters
    ----------
    fewest : int
        Places on the axis at least.
    """

    def __init__(
        self, title: str = "", *, fewest: int = _FEWEST, name: str = "named_bars", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, name, parent)
        self._fewest = fewest
        self.name_axis = self.value_axis = NO_AXIS
        self._values = np.empty(0)
        self._span: tuple[float, ...] = ()
        self.area = self.add_area(0, 0, NO_AXIS, NO_AXIS, mouse=False)

    def set_values(
        self,
        names: Sequence[str],
        values: np.ndarray,
        name_axis: str,
        value_axis: Axis,
        span: tuple[float, float] | None = None,
    ) -> None:
        """Draw one bar a name; the axis has room for `span` too, where other bars have the same."""
        self._span = () if span is None else span
        self.name_axis, self.value_axis = Axis(name_axis, names=tuple(names)), value_axis
        self._values = np.asarray(values, float)
        label_axes(self.area, self.name_axis, value_axis)
        self._restyle()

    @property
    def values(self) -> np.ndarray:
        return self._values

    def numbers(self) -> Table:
        names = np.array(self.name_axis.names, dtype=object)
        return {self.name_axis.label: names, self.value_axis.text: self._values} if len(names) else {}

    def drawing(self) -> Bars:
        return Bars(self.objectName(), self.title, self.name_axis, self.value_axis, self._values, figure=self.figure)

    def _restyle(self) -> None:
        self.area.clear()
        for at, value in enumerate(self._values):
            if np.isfinite(value):
                brush = pg.mkBrush(self.colours.of(at))
                self.area.addItem(pg.BarGraphItem(x=[at + 1], height=[value], width=0.6, brush=brush, pen=pg.mkPen(None)))
        self.area.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen(self.colours.muted, width=1)))
        good = np.append(self._values[np.isfinite(self._values)], self._span)
        if good.size:
            low, high = min(0.0, float(good.min())), max(0.0, float(good.max()))
            spread = (high - low) or 1.0
            self.area.setYRange(low - 0.02 * spread, high + 0.1 * spread, padding=0)
        self.area.setXRange(0.4, max(len(self._values), self._fewest) + 0.6, padding=0)
        self.set_greyed(self.greyed)

    def _readout(self, at: QPointF) -> str:
        if not self.area.vb.sceneBoundingRect().contains(at):
            return ""
        index = round(self.area.vb.mapSceneToView(at).x()) - 1
        if not 0 <= index < len(self._values):
            return ""
        value = self._values[index]
        return f"{self.name_axis.names[index]}:  {'no score' if np.isnan(value) else self.value_axis.value(float(value))}"
