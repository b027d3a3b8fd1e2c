"""Observed and predicted rate over time, read stretch by stretch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QScrollBar, QWidget

from glmgui.drawings.series import RATE, TIME, Axis, Curve, Table
from glmgui.plots.line import LinePlot
from glmgui.still_fields import StillCombo

_LENGTHS = (5.0, 20.0, 60.0, 300.0)
_STEPS = 10_000
_ENOUGH = 100_000  # points that tell how high a series goes


class RatePlot(LinePlot):
    """Long series over time with a scroll bar and a choice of how much is seen at once."""

    def __init__(
        self, title: str = "Rate over time", *, y_axis: Axis = RATE, name: str = "rate_plot", parent: QWidget | None = None
    ) -> None:
        super().__init__(title, TIME, y_axis, name=name, parent=parent, dense=True)
        self._span = (0.0, 1.0)
        self.area.setMouseEnabled(True, False)
        self._length = StillCombo(self)
        self._length.setObjectName(f"{name}_length")
        self._length.setAccessibleName("How much time is shown at once")
        for seconds in _LENGTHS:
            self._length.addItem(f"{seconds:g} s", seconds)
        self._length.addItem("all", None)
        self._length.setCurrentIndex(1)
        self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
        self._bar.setObjectName(f"{name}_scroll")
        self._bar.setAccessibleName("Scroll through time")
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 2)
        row.setSpacing(6)
        row.addWidget(self._bar, 1)
        row.addWidget(QLabel("show", self))
        row.addWidget(self._length)
        self.box.addLayout(row)
        self._length.currentIndexChanged.connect(self._show_length)
        self._bar.valueChanged.connect(self._scrolled)
        self.area.vb.sigXRangeChanged.connect(self._follow)

    def set_rates(self, curves: Sequence[Curve]) -> None:
        """Draw curves of `long_curve` over the same times (s)."""
        self.set_curves(curves)
        times = [np.asarray(curve.x, float) for curve in curves if len(curve.x)]
        span = (min(float(x[0]) for x in times), max(float(x[-1]) for x in times)) if times else (0.0, 1.0)
        if span != self._span:
            self._span = span if span[1] > span[0] else (span[0], span[0] + 1.0)
            self.area.vb.setLimits(xMin=self._span[0], xMax=self._span[1], minXRange=0.05)
            start = self._busiest() if curves else self._span[0]
            self.area.setXRange(start, start + self._seen(), padding=0)
            self._show_length()
        self._fit_height()

    def numbers_maker(self) -> Callable[[], Table]:
        return partial(_known_rows, super().numbers_maker())

    def show_all(self) -> None:
        self._length.setCurrentIndex(self._length.count() - 1)
        self._show_length()

    def _seen(self) -> float:
        seconds = self._length.currentData()
        whole = self._span[1] - self._span[0]
        return whole if seconds is None else min(seconds, whole)

    def _busiest(self) -> float:
        """Where the stretch begins in which there is most to be seen of the first curve."""
        x, y = (np.asarray(values, float) for values in (self.curves[0].x, self.curves[0].y))
        detail = self.curves[0].detail
        if detail is not None and detail.levels:
            x, y = detail.levels[0][0], detail.levels[0][1][:, :2].mean(axis=1)
        if len(x) < 3:
            return self._span[0]
        total = np.concatenate([[0.0], np.cumsum(np.nan_to_num(y))])
        n = min(max(round(self._seen() / float(np.median(np.diff(x[:1000])))), 1), len(x))
        return float(x[np.argmax(total[n:] - total[:-n])])

    def _show_length(self) -> None:
        start = max(self._span[0], min(self.area.vb.viewRange()[0][0], self._span[1] - self._seen()))
        self.area.setXRange(start, start + self._seen(), padding=0)
        self._follow()

    def _scrolled(self, value: int) -> None:
        start, stop = self.area.vb.viewRange()[0]
        first = self._span[0] + value / _STEPS * (self._span[1] - self._span[0])
        self.area.setXRange(first, first + stop - start, padding=0)

    def _follow(self, *_) -> None:
        """Keep the scroll bar where the view is."""
        start, stop = self.area.vb.viewRange()[0]
        whole = self._span[1] - self._span[0]
        page = min(1.0, (stop - start) / whole)
        with QSignalBlocker(self._bar):
            self._bar.setPageStep(max(1, round(page * _STEPS)))
            self._bar.setSingleStep(max(1, round(page * _STEPS / 10)))
            self._bar.setRange(0, max(0, round((1 - page) * _STEPS)))
            self._bar.setValue(round((start - self._span[0]) / whole * _STEPS))

    def _fit_height(self) -> None:
        """One height for the whole recording, so that stretches can be compared; the rarest peaks may be cut."""
        values = [np.asarray(curve.y, float)[:: max(1, len(curve.y) // _ENOUGH)] for curve in self.curves]
        pooled = np.concatenate(values) if values else np.empty(0)
        pooled = pooled[np.isfinite(pooled)]
        if pooled.size:
            top = float(max(np.quantile(pooled, 0.9995), pooled.max() * 0.5))
            self.area.setYRange(min(0.0, float(pooled.min())), top * 1.05 or 1.0, padding=0)


def _known_rows(make: Callable[[], Table]) -> Table:
    """The numbers without the times at which no curve is known."""
    table = make()
    if "curve" in table or not table:
        return table
    kept = np.isfinite(np.stack([column.astype(float) for column in table.values()])[1:]).any(axis=0)
    return {heading: column[kept] for heading, column in table.items()}
