"""The recording over time: a covariate, the spikes and the epochs on one time axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from glmgui.drawings.summary import EpochRow, Summary
from glmgui.plots import TIME, Axis, Curve, LinePlot, RasterPlot, TimeLine

_MOST_COMPONENTS = 6
_LONGEST_LABEL = 14
_LEFT = "\u2192 is used"


class Overview(QWidget):
    """Three plots that pan and zoom together."""

    unit_picked = Signal(str)
    intervals_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overview")
        self.covariate = LinePlot("Covariate", TIME, Axis("value"), dense=True, name="covariate_plot", parent=self)
        self.raster = RasterPlot("Spikes", parent=self)
        self.time_line = TimeLine("Epochs and drawn intervals", parent=self)
        self.covariate.area.setMouseEnabled(True, False)
        for plot in (self.covariate, self.time_line):
            plot.area.setXLink(self.raster.area)
        for plot in (self.covariate, self.raster, self.time_line):  # one left edge, so that times stand under each other
            plot.area.getAxis("left").setWidth(84)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setChildrenCollapsible(False)
        for plot, stretch in ((self.covariate, 3), (self.raster, 4), (self.time_line, 2)):
            splitter.addWidget(plot)
            splitter.setStretchFactor(splitter.count() - 1, stretch)
        splitter.setSizes([190, 240, 150])
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(splitter)
        self.raster.picked.connect(self.unit_picked)
        self.time_line.intervals_changed.connect(self.intervals_changed)

    def set_summary(self, summary: Summary) -> None:
        if summary.traces is None:
            self.raster.set_spikes({unit.name: unit.times for unit in summary.units}, summary.span)
        else:
            names = tuple(unit.name for unit in summary.units)
            self.raster.set_traces(names, summary.traces.times, summary.traces.values, summary.span)
        self.covariate.setVisible(bool(summary.covariates))
        what = "Spikes" if summary.words.per_spike else "Activity"
        self.raster.set_title(f"{what} of {len(summary.units)} units" if len(summary.units) != 1 else what)

    def set_epochs(
        self,
        epochs: Sequence[EpochRow],
        span: tuple[float, float],
        used: Sequence[str],
        intervals: Sequence[tuple[float, float]],
        left: np.ndarray | None,
    ) -> None:
        """Draw epochs and drawn intervals; `left` (S, 2) is what remains of the time in the end."""
        rows = {epoch.name: np.array(epoch.pieces) for epoch in reversed(epochs)}  # of trials and an epoch of one name the epoch
        lines = {epoch.name: rows[epoch.name] for epoch in epochs}
        if left is not None:
            lines |= {_LEFT: left}
        self.time_line.set_epochs(lines, [*used, _LEFT], span)
        self.time_line.set_intervals(intervals)

    def set_covariate(self, name: str, unit: str, components: Sequence[str], times: np.ndarray, values: np.ndarray) -> None:
        """Draw values (n, c) of one covariate over times (s)."""
        shown = values[:, :_MOST_COMPONENTS]
        labels = [str(component) for component in components[:_MOST_COMPONENTS]] or [""]
        self.covariate.set_axes(TIME, Axis(name if len(name) <= _LONGEST_LABEL else "value", unit))
        more = f", first {_MOST_COMPONENTS} of {values.shape[1]} components" if values.shape[1] > _MOST_COMPONENTS else ""
        self.covariate.set_title(f"{name}{more}")
        self.covariate.set_curves([Curve(label, times, shown[:, at], colour=at, width=1.0) for at, label in enumerate(labels)])
        self.covariate.area.enableAutoRange(y=True)

    def clear_covariate(self) -> None:
        self.covariate.set_title("Covariate")
        self.covariate.set_curves([])
