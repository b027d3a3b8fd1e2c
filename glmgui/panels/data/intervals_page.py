"""The page with the intervals between the spikes of the selected unit, and its violations of the refractory period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QWidget

from glmgui.drawings.curves import Lines
from glmgui.drawings.described import intervals_drawing
from glmgui.panels.data.described_page import Asked, DescribedPage
from glmgui.plots import LinePlot

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_NONE = "The units of this recording came as counts in bins, between which intervals are not known."


@dataclass(frozen=True, eq=False)
class _Found:
    drawing: Lines
    refractory: tuple[float, ...]  # ms
    words: str


class IntervalsPage(DescribedPage):
    """The histogram, with the refractory periods as marks, and the violations in words."""

    label = "Intervals between spikes"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("intervals_page", _NONE, parent)
        self.longest = self.add_number(
            "Up to", "intervals_longest", "Longest interval that is drawn", (2.0, 10_000.0), 50.0, "ms"
        )
        self.bins = self.add_count("Bins", "intervals_bins", "Bins of the histogram", (10, 1000), 100)
        self.plot = LinePlot("Intervals", name="intervals_plot", legend=False, parent=self)
        self.words = QLabel(self)
        self.words.setObjectName("intervals_words")
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.box.addWidget(self.words)
        self.box.addWidget(self.plot, 1)

    def offer(self, recording: Recording) -> bool:
        return recording.spikes is not None

    def choices(self) -> tuple[float, int]:
        return self.longest.value() / 1000, self.bins.value()

    def work(self) -> Callable[[Asked, Context], _Found]:
        longest, bins = self.choices()
        return lambda asked, context: _intervals(longest, bins, asked)

    def show_answer(self, answer: Any) -> None:
        drawing = answer.drawing
        self.plot.set_title(drawing.title)
        self.plot.setToolTip(drawing.help)
        self.plot.set_axes(drawing.x_axis, drawing.y_axis)
        words = f"{' and '.join(f'{period:g}' for period in answer.refractory)} ms"  # once: they stand too near each other for a word each
        marks = [(period, words if period == max(answer.refractory) else "") for period in answer.refractory]
        self.plot.set_curves(drawing.curves, marks=marks)
        self.words.setText(answer.words)


def _intervals(longest: float, bins: int, asked: Asked) -> _Found:
    from glmengine.recording.described.interspike_intervals import SOURCE, interspike_intervals, intervals_in_words

    found = interspike_intervals(asked.recording, asked.grid.pieces, (asked.unit,), longest=longest, bin_size=longest / bins)
    words = f"{intervals_in_words(found, asked.unit)} Contamination by {SOURCE}."
    periods = tuple(float(period) * 1000 for period in found["below_s"].values)
    return _Found(intervals_drawing(found, asked.unit), periods, words)
