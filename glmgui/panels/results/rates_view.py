"""Observed and predicted rate of one unit over time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context
from glmengine.recording.binned import count_spikes
from glmengine.recording.observed import SPIKES
from glmengine.timegrid.gaussian import smooth_known
from glmgui.drawings.series import long_curve
from glmgui.jobs import Jobs
from glmgui.plots import TIME, Axis, Curve, RatePlot
from glmgui.still_fields import StillCombo
from glmgui.widgets.layout import row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

_SMOOTHING = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)


@dataclass(frozen=True, eq=False)
class Rates:
    """Rates (Hz) of one unit over the centres of its bins (s), and what is drawn of them."""

    time: np.ndarray
    observed: np.ndarray
    predicted: np.ndarray
    curves: tuple[Curve, Curve]


def rates_of(
    result: Result, recording: Recording, prediction: xr.DataArray, unit: str, smoothing: float, context: Context = SILENT
) -> Rates:
    """Observed and predicted rate of `unit`, both smoothed by a Gaussian of standard deviation `smoothing` (s)."""
    from glmengine.design.prepare import grid_of

    grid = grid_of(result.analysis, recording)
    counts = count_spikes(recording, grid, [unit])[:, 0].astype(float)
    predicted = np.asarray(prediction.sel(unit=unit).values, float)
    time = np.asarray(prediction["time"].values, float)
    rows = grid.rows_of(time)
    observed = np.where(rows >= 0, counts[np.maximum(rows, 0)], np.nan) / grid.bin_size
    if smoothing > 0:
        pieces = np.where(rows >= 0, grid.segment[np.maximum(rows, 0)], -1)
        observed, predicted = (_smoothed(values, pieces, smoothing / grid.bin_size, context) for values in (observed, predicted))
    curves = (
        long_curve("observed", time, observed, colour="data", width=1.0),
        long_curve("predicted", time, predicted, colour=0, width=1.5),
    )
    return Rates(time, observed, predicted, curves)


def _smoothed(values: np.ndarray, pieces: np.ndarray, bins: float, context: Context) -> np.ndarray:
    """Gaussian smoothing that leaves out missing values and does not reach over the borders of pieces."""
    smooth = np.full(len(values), np.nan)
    edges = np.flatnonzero(np.diff(pieces)) + 1
    for part in np.split(np.arange(len(values)), edges):
        context.check()
        smooth[part] = smooth_known(values[part], bins)
    return smooth


class RatesView(QWidget):
    """The plot with a choice of smoothing; the prediction of the unit that is shown is made once and kept."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("rates_view")
        self._jobs = jobs
        self._words = SPIKES
        self._asked: tuple[Result, Recording, str] | None = None
        self._kept: tuple[Result, Recording, str, xr.DataArray] | None = None
        self.plot = RatePlot("Observed and predicted rate", parent=self)
        self.message = MessageLine("rates_message", self)
        self._smoothing = StillCombo(self)
        self._smoothing.setObjectName("rates_smoothing")
        self._smoothing.setAccessibleName("Smoothing of both rates")
        self._smoothing.setToolTip("Both rates are smoothed by a Gaussian of this standard deviation")
        for seconds in _SMOOTHING:
            self._smoothing.addItem(f"{seconds:g} s" if seconds else "none", seconds)
        self._smoothing.setCurrentIndex(2)
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 4, 4, 4)
        self._said = hint("", self)
        box.addLayout(row(QLabel("smoothing", self), self._smoothing, self._said, spacing=6))
        box.itemAt(0).layout().setStretch(2, 1)
        self.message.lay_over(self.plot)
        box.addWidget(self.plot, 1)
        self._smoothing.currentIndexChanged.connect(self._ask)

    def show_unit(self, result: Result, recording: Recording | None, unit: str) -> None:
        """Ask for the rates of one unit; they are drawn when they are there."""
        if recording is None:
            self._asked = None
            self.message.show_warning("The recording is not open, so rates over time cannot be shown. Open it with Ctrl+O.")
            self.plot.set_rates([])
            return
        said = "Predicted by the model that was fitted to all the time that is used."
        if result.analysis.time.conditions:
            said += " Shown also where the conditions are not met, in bins that the fit did not use."
        self._said.setText(said)
        self._words = words_of(result.analysis.model)
        self.plot.set_axes(TIME, Axis(self._words.rate, self._words.unit))
        self._asked = (result, recording, unit)
        self._ask()

    def clear(self) -> None:
        self._asked = self._kept = None
        self.message.clear()
        if self.plot.curves:
            self.plot.set_rates([])

    def _ask(self, *_) -> None:
        if self._asked is None:
            return
        result, recording, unit = self._asked
        smoothing = self._smoothing.currentData()
        kept = None
        if self._kept is not None and self._kept[0] is result and self._kept[1] is recording and self._kept[2] == unit:
            kept = self._kept[3]

        def work(context):
            prediction = kept if kept is not None else result.predict(recording, units=[unit], context=context)
            return result, recording, prediction, unit, rates_of(result, recording, prediction, unit, smoothing, context)

        self._jobs.submit(
            "Predicting rates over time", work, self._draw, self._failed, key="results-rates", quiet=kept is not None
        )

    def _draw(self, answer: tuple) -> None:
        result, recording, prediction, unit, rates = answer
        self._kept = (result, recording, unit, prediction)
        self.message.clear()
        self.plot.set_title(f"Observed and predicted {self._words.rate} of unit {unit}")
        self.plot.set_rates(rates.curves)

    def _failed(self, error: Exception) -> None:
        self.message.show_error(str(error))
        self.plot.set_rates([])
