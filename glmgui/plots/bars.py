"""A bar for each unit, sorted by a score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Signal
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Bars
from glmgui.drawings.series import NO_AXIS, Axis, Table
from glmgui.plots.axis_labels import label_axes
from glmgui.plots.base import Plot
from glmgui.plots.inside_text import InsideText
from glmgui.plots.style import transparent

_AROUND_WORDS = 8  # pixels that a line of words has around it
_LEAST_ABOVE, _MOST_ABOVE = 0.2, 0.5  # of the height of the bars, and of that of the plot, above them
_HALF_BAR = 0.35  # of the width of a place
_FEWEST = 6  # places on the axis, so that one bar does not fill the plot


class ScorePlot(Plot):
    """Bars from zero, best unit first; a click picks a unit."""

    picked = Signal(str)

    def __init__(
        self, title: str = "", value_axis: Axis = NO_AXIS, *, name: str = "score_plot", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, name, parent)
        self.value_axis = value_axis
        self._names: tuple[str, ...] = ()
        self._values = np.empty(0)
        self._selected: str | None = None
        self._mark: InsideText | None = None
        self.area = self.add_area(0, 0, Axis("units, best first"), value_axis, mouse=False)
        self.scene.sigMouseClicked.connect(self._clicked)
        self.area.vb.sigResized.connect(self._leave_room)

    def set_scores(self, scores: Mapping[str, float], value_axis: Axis) -> None:
        """Draw one bar a unit; units whose score is NaN come last and have none."""
        self.value_axis = value_axis
        ranked = sorted(scores, key=lambda name: (np.isnan(scores[name]), -scores[name]))
        self._names, self._values = tuple(ranked), np.array([scores[name] for name in ranked], float)
        label_axes(self.area, self._units_axis, value_axis)
        self._restyle()

    def set_selected(self, name: str | None) -> None:
        if name != self._selected:
            self._selected = name
            self._restyle()

    def numbers(self) -> Table:
        return {"unit": np.array(self._names, dtype=object), self.value_axis.text: self._values} if self._names else {}

    @property
    def _units_axis(self) -> Axis:
        return Axis("units, best first", names=self._names)

    def drawing(self) -> Bars:
        return Bars(self.objectName(), self.title, self._units_axis, self.value_axis, self._values, figure=self.figure)

    def _restyle(self) -> None:
        self.area.clear()
        ranks = np.arange(1, len(self._names) + 1, dtype=float)
        good = np.isfinite(self._values)
        chosen = np.array([name == self._selected for name in self._names], bool)
        for which, colour in (
            (good & ~chosen, transparent(self.colours.series[0], 150)),
            (good & chosen, self.colours.series[1]),
        ):
            if which.any():
                bars = pg.BarGraphItem(
                    x=ranks[which], height=self._values[which], width=2 * _HALF_BAR, brush=pg.mkBrush(colour), pen=pg.mkPen(None)
                )
                self.area.addItem(bars)
        self.area.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen(self.colours.muted, width=1)))
        self._mark = None
        if chosen.any():  # not by colour alone
            self._mark = InsideText(f"unit {self._selected}", color=self.colours.ink, anchor=(0, 1))
            self.area.addItem(self._mark)
        self.area.setXRange(0.2, max(len(ranks), _FEWEST) + 0.8, padding=0)
        self._leave_room()
        self.set_greyed(self.greyed)

    def _leave_room(self, *_) -> None:
        """Above the highest bar for a line of words, however low the plot is."""
        known = self._values[np.isfinite(self._values)]
        if not len(known):
            return
        low, high = min(0.0, float(known.min())), max(0.0, float(known.max()))
        spread = (high - low) or 1.0
        line = (self.fontMetrics().height() + _AROUND_WORDS) / max(self.area.vb.height(), 1.0)
        above = max(line / (1.0 - line), _LEAST_ABOVE) if line < _MOST_ABOVE else 1.0
        self.area.setYRange(low - 0.02 * spread, high + above * spread, padding=0)
        self._place_mark()

    def _place_mark(self) -> None:
        """On the bar of the selected unit, above the bars that its words reach over: those to the right are lower."""
        if self._mark is None:
            return
        at = self._names.index(self._selected)
        right, pixel = self.area.vb.viewRange()[0][1], self.area.vb.viewPixelSize()[0]
        long = self._mark.boundingRect().width() * pixel
        edge = at + 1 - _HALF_BAR
        side = 0 if edge + long <= right else 1
        first, last = (edge, edge + long) if side == 0 else (at + 1 + _HALF_BAR - long, at + 1 + _HALF_BAR)
        under = self._values[max(int(np.ceil(first - _HALF_BAR)) - 1, 0) : max(int(np.floor(last + _HALF_BAR)), at + 1)]
        self._mark.setAnchor((side, 1))
        self._mark.setPos(first if side == 0 else last, max(0.0, float(np.nanmax(np.append(under, 0.0)))))

    def _at(self, at: QPointF) -> int | None:
        if not self._names or not self.area.vb.sceneBoundingRect().contains(at):
            return None
        index = round(self.area.vb.mapSceneToView(at).x()) - 1
        return index if 0 <= index < len(self._names) else None

    def _clicked(self, event) -> None:
        index = self._at(event.scenePos())
        if index is not None:
            self.picked.emit(self._names[index])

    def _readout(self, at: QPointF) -> str:
        index = self._at(at)
        if index is None:
            return ""
        value = self._values[index]
        return f"unit {self._names[index]}:  {'no score' if np.isnan(value) else self.value_axis.value(float(value))}"
