"""The recording over time: a covariate, the spikes and the epochs on one time axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSplitter, QVBoxLayout, QWidget

from glmgui.drawings.summary import MOST_COMPONENTS, EpochRow, Spikes, Summary
from glmgui.laid_over import WaitingWords
from glmgui.plots import TIME, Axis, Curve, LinePlot, RasterPlot, TimeLine
from glmgui.widgets.controls import small_button

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate
    from glmgui.drawings.extremes import Extremes

_LONGEST_LABEL = 10  # an upright axis of a low plot has no room for more; the title has it
_LEFT = "\u2192 is used"
_LEAST_LEFT, _MOST_LEFT = 84.0, 160.0  # pixels of the axes, whose names are cut beyond that


class Overview(QWidget):
    """Three plots that pan and zoom together."""

    unit_picked = Signal(str)
    intervals_changed = Signal(object)
    spikes_wanted = Signal()  # or no longer wanted

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("overview")
        self.covariate = LinePlot("Covariate", TIME, Axis("value"), dense=True, name="covariate_plot", parent=self)
        self.raster = RasterPlot("Spikes", parent=self)
        self.time_line = TimeLine("Epochs and drawn intervals", parent=self)
        self.covariate.area.setMouseEnabled(True, False)
        self._spikes = small_button("spikes on it", "covariate_spikes", "Mark where the selected unit fired", self.covariate)
        self._spikes.setCheckable(True)
        self._spikes.toggled.connect(lambda _: self.spikes_wanted.emit())
        self.covariate.header.insertWidget(self.covariate.header.count() - 1, self._spikes)
        for plot in (self.covariate, self.time_line):
            plot.area.setXLink(self.raster.area)
        self._keep_one_edge()
        for plot in (self.covariate, self.raster):  # the time line below has the one time axis
            plot.share_time_axis()
        self._waiting = {plot: WaitingWords(plot.view, axes=True) for plot in (self.covariate, self.raster, self.time_line)}
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
        self.time_line.draw_by_keys()

    def _keep_one_edge(self) -> None:
        """Begin the plots at one left edge, so that times stand under each other, as far to the right as their names need."""
        named = (self.raster, self.time_line)
        width = min(max(_LEAST_LEFT, *(plot.area.getAxis("left").width_of_names() for plot in named)), _MOST_LEFT)
        for plot in (self.covariate, *named):
            if plot.area.getAxis("left").fixedWidth != width:
                plot.area.getAxis("left").setWidth(width)

    def begin(self, covariate: str, spikes: str, epochs: str) -> None:
        """Take away what is of the recording before, and say in each plot what is being done for it."""
        self.clear_covariate()
        self.covariate.show()
        self.raster.set_spikes({}, (0.0, 1.0))
        self.time_line.set_epochs({}, (), (0.0, 1.0))
        self.time_line.set_intervals(())
        for plot, text in zip(self._waiting, (covariate, spikes, epochs), strict=True):
            self._waiting[plot].say(text)

    def stop_waiting(self) -> None:
        """Say no more of what is being done: it has failed."""
        for words in self._waiting.values():
            words.say("")

    def set_outline(self, summary: Summary) -> None:
        """Show what is known before the spikes are counted."""
        self.covariate.setVisible(bool(summary.covariates))

    def set_summary(self, summary: Summary) -> None:
        self._waiting[self.raster].say("")
        if summary.traces is None:
            self.raster.set_spikes({unit.name: unit.times for unit in summary.units}, summary.span, summary.levels)
        else:
            names = tuple(unit.name for unit in summary.units)
            self.raster.set_traces(names, summary.traces.times, summary.traces.values, summary.span, summary.levels)
        self._keep_one_edge()
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
        self._waiting[self.time_line].say("")
        rows = {epoch.name: np.array(epoch.pieces) for epoch in reversed(epochs)}  # of trials and an epoch of one name the epoch
        lines = {epoch.name: rows[epoch.name] for epoch in epochs}
        if left is not None:
            lines |= {_LEFT: left}
        self.time_line.set_epochs(lines, [*used, _LEFT], span)
        self._keep_one_edge()
        self.time_line.set_intervals(intervals)

    @property
    def shows_spikes(self) -> bool:
        """Whether the spikes of the selected unit are to be marked on the covariate."""
        return self._spikes.isChecked()

    def set_covariate(self, covariate: Covariate, details: Sequence[Extremes], spikes: Spikes | None = None) -> None:
        """Draw the components of one covariate over time, and the spikes of a unit on them."""
        self._waiting[self.covariate].say("")
        name, count = covariate.name, len(covariate.components) or 1
        labels = [str(component) for component in covariate.components] or [""]
        self.covariate.set_axes(TIME, Axis(name if len(name) <= _LONGEST_LABEL else "value", covariate.unit))
        more = f", first {MOST_COMPONENTS} of {count} components" if count > MOST_COMPONENTS else ""
        self.covariate.set_title(f"{name}{more}")
        curves = [
            Curve(label, one.x, one.y, colour=at, width=1.0, detail=one)
            for at, (label, one) in enumerate(zip(labels, details, strict=False))
        ]
        if spikes is not None:
            said = f"spikes of unit {spikes.unit}"
            curves += [
                Curve("" if at else said, spikes.times, own, look="points", colour=len(details))
                for at, own in enumerate(spikes.values.T)
            ]
        self.covariate.set_curves(curves)
        self.covariate.show_height()

    def clear_covariate(self) -> None:
        self._waiting[self.covariate].say("")
        self.covariate.set_title("Covariate")
        self.covariate.set_curves([])
