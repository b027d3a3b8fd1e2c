"""Pictures of a term: its basis functions, and its features on a stretch of the recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from glmengine.sentences import numbered
from glmgui.drawings.mosaic import Mosaic
from glmgui.plots import TIME, Axis, Curve, Image, ImagePlot, LinePlot, MosaicPlot
from glmgui.still_fields import StillSlider
from glmgui.widgets.layout import ShownPage, row
from glmgui.widgets.messages import EmptyState

BAR_FROM = 340  # pixels; in a narrower plot the columns would have no room beside the bar of their colours
_MOST_LINES = 16
_SLIDER_STEPS = 1000


@dataclass(frozen=True, eq=False)
class Features:
    """Columns of a term on a stretch of the recording.

    Attributes
    ----------
    times : (t,) float
        Centres of the bins, s.
    values : (t, p) float
        Of many columns, of each group of neighbours the value of largest magnitude.
    numbers : (p,) float
        Which columns they are, or the middle of a group.
    labels : sequence of str
        Of all columns.
    """

    times: np.ndarray
    values: np.ndarray
    numbers: np.ndarray
    labels: Sequence[str]


class BasisPreview(QWidget):
    """The functions of one basis as lines, of a product of two as a mosaic of images."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("basis_preview")
        self.lines = LinePlot("Basis functions", legend=False, name="basis_plot", parent=self)
        self.mosaic = MosaicPlot("Basis functions", bar_from=BAR_FROM, name="basis_mosaic", parent=self)
        self.empty = EmptyState("", "", "basis_empty", self)
        self._stack = ShownPage(self)
        for page in (self.lines, self.mosaic, self.empty):
            self._stack.addWidget(page)

    def show_curve(self, x: np.ndarray, values: np.ndarray, x_axis: Axis, title: str, *, flip: bool = False) -> None:
        """Draw functions (len, n) over x; with `flip` the present is at the right, as kernels over the past are read."""
        self.lines.set_title(title)
        self.lines.set_axes(x_axis, Axis("value"))
        width = 1.6 if values.shape[1] <= _MOST_LINES else 1.0  # wide lines are slow to paint
        curves = [Curve(f"{number + 1}", x, values[:, number], colour=number, width=width) for number in range(values.shape[1])]
        self.lines.set_curves(curves)
        self.lines.area.invertX(flip)
        self._stack.setCurrentWidget(self.lines)

    def show_product(self, mosaic: Mosaic, title: str) -> None:
        """Draw functions of two variables."""
        self.mosaic.set_title(title)
        self.mosaic.set_mosaic(mosaic)
        self._stack.setCurrentWidget(self.mosaic)

    def show_text(self, text: str) -> None:
        self.empty.set_text(text)
        self._stack.setCurrentWidget(self.empty)

    @property
    def shown(self) -> QWidget:
        return self._stack.currentWidget()


class FeaturePreview(QWidget):
    """The columns that a term puts into the model, on some seconds of the recording that a slider chooses."""

    start_changed = Signal(float)  # s

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("feature_preview")
        self._span = (0.0, 1.0)
        # dense: thin lines without smoothed edges, of which many are painted within a frame
        self.lines = LinePlot(
            "Columns over time", TIME, Axis("feature"), legend=False, dense=True, name="feature_plot", parent=self
        )
        self.image = ImagePlot(
            "Columns over time",
            TIME,
            Axis("feature number"),
            Axis("value"),
            bar_from=BAR_FROM,
            name="feature_image",
            parent=self,
        )
        self.empty = EmptyState("", "", "feature_empty", self)
        pages = QWidget(self)
        self._stack = ShownPage(pages)
        for page in (self.lines, self.image, self.empty):
            self._stack.addWidget(page)
        self._slider = StillSlider(self)
        self._slider.setObjectName("feature_start")
        self._slider.setAccessibleName("Where in the recording the features are shown")
        self._slider.setRange(0, _SLIDER_STEPS)
        self._where = QLabel("", self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(pages, 1)
        controls = row(QLabel("from", self), self._slider, self._where, spacing=6)
        controls.setContentsMargins(6, 0, 6, 2)
        controls.setStretch(1, 1)
        box.addLayout(controls)
        self._slider.valueChanged.connect(self._slid)

    def set_span(self, span: tuple[float, float], seconds: float) -> None:
        """The recording's first and last second, of which `seconds` are shown at a time."""
        self._span = (span[0], max(span[1] - seconds, span[0]))
        self._slider.setEnabled(self._span[1] > self._span[0])

    def show_features(self, shown: Features, of_whom: str = "") -> None:
        """Draw columns over times; `of_whom` is added to the title."""
        times, values = shown.times, shown.values
        if not len(times) or not values.size:
            self.show_text("No bin is used in this stretch. Move the slider to see another one.")
            return
        with QSignalBlocker(self._slider):
            if self._span[1] > self._span[0]:
                self._slider.setValue(round((times[0] - self._span[0]) / (self._span[1] - self._span[0]) * _SLIDER_STEPS))
        self._where.setText(f"{times[0]:,.1f}\u2009s")
        count = len(shown.labels)
        title = f"{numbered(count, 'column')}{of_whom} over time"
        if count <= _MOST_LINES:
            self.lines.set_title(title)
            curves = [Curve(label, times, values[:, at], colour=at, width=1.0) for at, label in enumerate(shown.labels)]
            self.lines.set_curves(curves)
            self._stack.setCurrentWidget(self.lines)
        else:
            self.image.set_title(title)
            self.image.set_images([Image("", times, shown.numbers, values)])
            self.image.number_rows()
            self._stack.setCurrentWidget(self.image)

    def show_text(self, text: str) -> None:
        self.empty.set_text(text)
        self._stack.setCurrentWidget(self.empty)

    @property
    def shown(self) -> QWidget:
        return self._stack.currentWidget()

    def _slid(self, value: int) -> None:
        start = self._span[0] + value / _SLIDER_STEPS * (self._span[1] - self._span[0])
        self._where.setText(f"{start:,.1f}\u2009s")
        self.start_changed.emit(start)
