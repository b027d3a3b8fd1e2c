"""The design matrix on some seconds of the recording, as an image with a named block for each term."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QPointF, QSignalBlocker, Signal
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from glmengine.sentences import as_shown, numbered
from glmgui.drawings.series import TIME, Axis, Image, Table
from glmgui.panels.features.previews import BAR_FROM
from glmgui.plots import ImagePlot
from glmgui.plots.library import pyqtgraph as pg
from glmgui.still_fields import StillCombo, StillSlider
from glmgui.widgets.layout import ShownPage, row
from glmgui.widgets.messages import EmptyState

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_LENGTHS = (5.0, 20.0, 60.0)
_MOST_TIMES, _MOST_ROWS = 800, 1200  # that a screen can show
_MOST_NUMBERS = 10_000_000  # of the stretch, made in the worker
_LEAST_SHARE = 0.05  # of the height, for the name of a block with few columns
_STEPS = 1000
_BORDER = "#333333"  # on an image that is pale where nothing is, in the dark too
_NO_TERM = "Tick a term, and its columns are drawn here."
_NO_BIN = "No bin is used in this stretch. Move the slider to see another one."


@dataclass(frozen=True, eq=False)
class DesignDrawing:
    """What is drawn of a design matrix.

    Attributes
    ----------
    times : (t,) float
        s; of neighbouring bins and columns the value of largest magnitude.
    values : (t, r) float
        Each column over its largest magnitude in the stretch; rows of the image from below, the first term on top.
    column : (r,) int
        Which column of `columns` a row shows.
    columns : tuple of str
        Labels of all columns.
    blocks : tuple of (str, float, float)
        Name of each term, and the rows between which it lies.
    seconds : float
        Length of the stretch, shorter than asked for where it would be too large.
    """

    times: np.ndarray
    values: np.ndarray
    column: np.ndarray
    columns: tuple[str, ...]
    blocks: tuple[tuple[str, float, float], ...]
    seconds: float


def design_drawing(
    analysis: Analysis, recording: Recording, seconds: float, start: float | None, unit: str | None, context: Context
) -> DesignDrawing:
    """Make it; runs in the worker."""
    from glmengine.design.preview import design_preview
    from glmengine.design.term_size import n_columns

    total = sum(n_columns(term, len(recording.unit_names), recording) for term in analysis.terms if term.enabled)
    seconds = min(seconds, max(_MOST_NUMBERS / max(total, 1) * analysis.time.bin_size, 20 * analysis.time.bin_size))
    times, blocks = design_preview(analysis, recording, seconds, start, unit, context)
    total = sum(block.values.shape[1] for block in blocks)
    parts, column, named, before, height = [], [], [], 0, 0
    for block in blocks:
        context.check()
        count = block.values.shape[1]
        rows = round(max(count, _LEAST_SHARE * total) * min(1.0, _MOST_ROWS / max(total, 1)))
        rows = max(rows, 1) if count else 0
        at = (np.arange(rows) * count / max(rows, 1)).astype(int)  # the first column of each row
        scale = np.nanmax(np.abs(block.values), axis=0, initial=0.0) if len(times) else np.zeros(count)
        scaled = block.values / np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
        parts.append(_largest(scaled, at, axis=1) if rows < count else scaled[:, at])
        column.append(before + at)
        named.append((block.label, float(height), float(height + rows)))
        before, height = before + count, height + rows
    values = np.concatenate(parts, axis=1)[:, ::-1] if parts else np.zeros((len(times), 0))
    labels = tuple(label for block in blocks for label in block.columns)
    where = np.concatenate(column)[::-1] if column else np.zeros(0, int)
    bins = np.arange(0, len(times), max(1, -(-len(times) // _MOST_TIMES)))
    context.check()
    if len(bins) < len(times):
        times, values = times[bins], _largest(values, bins, axis=0)
    flipped = tuple((name, height - stop, height - start) for name, start, stop in named)
    return DesignDrawing(times, values, where, labels, flipped, seconds)


def _largest(values: np.ndarray, first: np.ndarray, axis: int) -> np.ndarray:
    """Of each group that begins at `first` along an axis the value of largest magnitude; what is missing counts for nothing."""
    known = np.nan_to_num(values)
    low, high = np.minimum.reduceat(known, first, axis=axis), np.maximum.reduceat(known, first, axis=axis)
    return np.where(-low > high, low, high)


class DesignPlot(ImagePlot):
    """The image, with the borders of the blocks and their names; the label of the column stands under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(
            "Design matrix", TIME, Axis("columns of each term"), Axis("value over the largest"), diverging=True, bar_from=BAR_FROM, name="design_plot", parent=parent
        )  # fmt: skip
        self._shown: DesignDrawing | None = None

    def set_design(self, shown: DesignDrawing) -> None:
        self._shown = shown
        rows = np.arange(shown.values.shape[1]) + 0.5
        self.set_title(f"Design matrix: {numbered(len(shown.columns), 'column')}")
        self.set_images([Image("", shown.times, rows, shown.values)], levels=(-1.0, 1.0))
        area = self._areas[0]
        area.getAxis("left").set_names([((low + high) / 2, as_shown(name)) for name, low, high in reversed(shown.blocks)])
        for old in [item for item in area.items if isinstance(item, pg.InfiniteLine)]:
            area.removeItem(old)
        for _, low, _ in shown.blocks[:-1]:
            area.addItem(pg.InfiniteLine(low, angle=0, pen=pg.mkPen(_BORDER, width=1.5)), ignoreBounds=True)

    def numbers(self) -> Table:
        """The columns as they are drawn, over time."""
        shown = self._shown
        if shown is None:
            return {}
        table: Table = {TIME.text: shown.times}
        for at in range(shown.values.shape[1] - 1, -1, -1):
            table.setdefault(shown.columns[shown.column[at]], shown.values[:, at])
        return table

    def _readout(self, at: QPointF) -> str:
        if self._shown is None or not self._areas or not self._areas[0].vb.sceneBoundingRect().contains(at):
            return ""
        point, shown = self._areas[0].vb.mapSceneToView(at), self._shown
        row_at = int(np.floor(point.y()))
        if not (0 <= row_at < shown.values.shape[1] and len(shown.times)):
            return ""
        nearest = min(int(np.searchsorted(shown.times, point.x())), len(shown.times) - 1)
        value = shown.values[nearest, row_at]
        return f"{shown.columns[shown.column[row_at]]},  {shown.times[nearest]:.2f}\u2009s:  {value:.3g}"


class DesignView(QWidget):
    """The plot with a slider through the recording and a choice of how much is seen.

    Signals
    -------
    asked : (float or None, float)
        From which second on, and how many seconds; None is the first that are used.
    """

    asked = Signal(object, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("design_view")
        self._span = (0.0, 1.0)
        self._start: float | None = None
        self.plot = DesignPlot(self)
        self.empty = EmptyState("", _NO_TERM, "design_empty", self)
        pages = QWidget(self)
        self._stack = ShownPage(pages)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.plot)
        self.slider = StillSlider(self)
        self.slider.setObjectName("design_start")
        self.slider.setAccessibleName("Where in the recording the design matrix is shown")
        self.slider.setRange(0, _STEPS)
        self.length = StillCombo(self)
        self.length.setObjectName("design_length")
        self.length.setAccessibleName("How much time of the design matrix is shown")
        for seconds in _LENGTHS:
            self.length.addItem(f"{seconds:g} s", seconds)
        self.length.setCurrentIndex(1)
        self._where = QLabel("", self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(pages, 1)
        controls = row(QLabel("from", self), self.slider, self._where, QLabel("show", self), self.length, spacing=6)
        controls.setContentsMargins(6, 0, 6, 2)
        controls.setStretch(1, 1)
        box.addLayout(controls)
        self.slider.valueChanged.connect(self._slid)
        self.length.currentIndexChanged.connect(lambda _: self.asked.emit(self._start, self.seconds))

    @property
    def seconds(self) -> float:
        """How many are to be shown."""
        return self.length.currentData()

    @property
    def start(self) -> float | None:
        return self._start

    def set_span(self, span: tuple[float, float]) -> None:
        """The first and the last second of a recording, from whose beginning on it is shown."""
        self._span, self._start = span, None
        with QSignalBlocker(self.slider):
            self.slider.setValue(0)

    def show_design(self, shown: DesignDrawing) -> None:
        if not shown.values.size:
            self.show_text(_NO_BIN if shown.blocks else _NO_TERM)
            return
        self._where.setText(f"{shown.times[0]:,.1f}\u2009s")
        self.plot.set_design(shown)
        self._stack.setCurrentWidget(self.plot)

    def show_text(self, text: str) -> None:
        self.empty.set_text(text)
        self._stack.setCurrentWidget(self.empty)

    def _slid(self, value: int) -> None:
        last = max(self._span[1] - self.seconds, self._span[0])
        self._start = self._span[0] + value / _STEPS * (last - self._span[0])
        self._where.setText(f"{self._start:,.1f}\u2009s")
        self.asked.emit(self._start, self.seconds)
