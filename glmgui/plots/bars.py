"""A bar for each unit, sorted by a score."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, Signal
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Bars
from glmgui.drawings.series import NO_AXIS, Axis, Table
from glmgui.plots.base import Plot, label_axes, transparent
from glmgui.plots.inside_text import InsideText

_AROUND_WORDS = 8  # pixels that a line of words has around it
_LEAST_ABOVE, _MOST_ABOVE = 0.2, 0.5  # of the height of the bars, and of that of the plot, above them
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
        self.area = self.add_area(0, 0, Axis("units, best first"), value_axis, mouse=False)
        self.scene.sigMouseClicked.connect(self._clicked)
        self.area.vb.sigResized.connect(self._leave_room)

    def set_scores(self, scores: Mapping[str, float], value_axis: Axis) -> None:
        """Draw one bar a unit; units whose score is NaN come last and have none."""
        self.value_axis = value_axis
        label_axes(self.area, Axis("units, best first"), value_axis)
        ranked = sorted(scores, key=lambda name: (np.isnan(scores[name]), -scores[name]))
        self._names, self._values = tuple(ranked), np.array([scores[name] for name in ranked], float)
        self._restyle()

    def set_selected(self, name: str | None) -> None:
        if name != self._selected:
            self._selected = name
            self._restyle()

    def numbers(self) -> Table:
        return {"unit": np.array(self._names, dtype=object), self.value_axis.text: self._values} if self._names else {}

    def drawing(self) -> Bars:
        units = Axis("units, best first", names=self._names)
        return Bars(self.objectName(), self.title, units, self.value_axis, self._values, figure=self.figure)

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
                    x=ranks[which], height=self._values[which], width=0.7, brush=pg.mkBrush(colour), pen=pg.mkPen(None)
                )
                self.area.addItem(bars)
        self.area.addItem(pg.InfiniteLine(0, angle=0, pen=pg.mkPen(self.colours.muted, width=1)))
        if good.any():
            high = max(0.0, float(self._values[good].max()))
        if chosen.any():  # not by colour alone
            at = int(np.flatnonzero(chosen)[0])
            side = 0 if at <= 2 else 1 if at >= len(ranks) - 3 > 2 else 0.5
            mark = InsideText(f"unit {self._selected}", color=self.colours.ink, anchor=(side, 1))
            mark.setPos(ranks[at], max(high, 0.0) if good.any() else 0.0)  # above the highest bar, so that it covers none
            self.area.addItem(mark)
        self._leave_room()
        self.area.getAxis("bottom").set_numbers(len(ranks))
        self.area.setXRange(0.2, max(len(ranks), _FEWEST) + 0.8, padding=0)
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
