"""The page with raw tuning: the rate of the selected unit over one or two variables, and the time spent or the spikes beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSplitter, QWidget

from glmgui.drawings.curves import Drawing
from glmgui.drawings.described import occupancy_drawing, path_drawing, tuning_drawing
from glmgui.panels.data.described_page import Asked, DescribedPage
from glmgui.plots import Plot, draw
from glmgui.turns import in_later_turn
from glmgui.widgets.controls import refill

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_NONE = "This recording holds no covariates, so there is nothing to be tuned to. Look at Intervals and Events instead."


@dataclass(frozen=True)
class _Choice:
    variables: tuple[str, ...]
    bins: int
    smoothing: float
    beside: str
    polar: bool


_SHAPE = "How the rate over an angle is drawn"
_NO_ANGLE = "Only the rate over one angle can be drawn around a circle"
_HALF = 10_000  # pixels, more than there are: the splitter shares its room out in these proportions


class TuningPage(DescribedPage):
    """Two plots, side by side where there is room: the rate, and what it rests on."""

    label = "Raw tuning"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("tuning_page", _NONE, parent)
        self.first = self.add_choice("Over", "tuning_first", "The variable over which spikes are counted")
        self.second = self.add_choice("and", "tuning_second", "A second variable, for a map")
        self.bins = self.add_count("Bins", "tuning_bins", "Bins of each variable", (2, 200), 40)
        self.smoothing = self.add_number(
            "Smoothing",
            "tuning_smoothing",
            "Standard deviation of the Gaussian by which spikes and time are smoothed before they are divided; 0 for none",
            (0.0, 20.0),
            0.0,
            "bins",
        )
        self.beside = self.add_choice(
            "Beside it",
            "tuning_beside",
            "What the rate rests on",
            (("time spent", "time"), ("spikes on the path", "path")),
        )
        self.shape = self.add_choice(
            "Angles",
            "tuning_shape",
            _SHAPE,
            (("circle", "polar"), ("line", "line")),
        )
        self.plots: list[Plot] = []
        self._answer: tuple[Drawing, ...] = ()
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.setChildrenCollapsible(False)
        self.box.addWidget(self._splitter)
        self.first.currentIndexChanged.connect(self._suit_bins)
        self.second.currentIndexChanged.connect(self._suit_bins)
        self.choices_changed.connect(self._offer_shape)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        wide = self.width() > self.height()
        self._splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)

    def offer(self, recording: Recording) -> bool:
        names = [name for covariate in recording.covariates.values() for name in covariate.variables]
        refill(self.first, [(name, name) for name in names])
        refill(self.second, [("nothing else", ""), *((name, name) for name in names)])
        return bool(names)

    def choose(self, covariate: str) -> None:
        """Show the tuning to a covariate, to one of two components as a map."""
        if self._recording is None or covariate not in self._recording.covariates:
            return
        names = self._recording.covariates[covariate].variables
        with QSignalBlocker(self.first), QSignalBlocker(self.second):
            self.first.setCurrentIndex(self.first.findData(names[0]))
            self.second.setCurrentIndex(self.second.findData(names[1] if len(names) == 2 else ""))
        self._suit_bins()
        self.choices_changed.emit()

    def _suit_bins(self) -> None:
        """Fewer bins for a map, more for a curve, unless others were asked for."""
        wanted, other = (24, 40) if self._variables()[1:] else (40, 24)
        if self.bins.value() == other:
            with QSignalBlocker(self.bins):
                self.bins.setValue(wanted)

    def _offer_shape(self) -> None:
        """Ask how an angle is drawn where one angle is."""
        names = self._variables()
        known = {} if self._recording is None else self._recording.variables
        angle = len(names) == 1 and names[0] in known and known[names[0]][0].kind == "angle"
        self.shape.setEnabled(angle)
        self.shape.setToolTip(_SHAPE if angle else _NO_ANGLE)

    def _variables(self) -> tuple[str, ...]:
        first, second = self.first.currentData() or "", self.second.currentData() or ""
        return (first, second) if second and second != first else (first,)

    def choices(self) -> _Choice:
        return _Choice(
            self._variables(),
            self.bins.value(),
            self.smoothing.value(),
            self.beside.currentData(),
            self.shape.currentData() == "polar",
        )

    def work(self) -> Callable[[Asked, Context], tuple[Drawing, Drawing]]:
        choice = self.choices()
        return lambda asked, context: _tuning(choice, asked, context)

    def show_answer(self, answer: Any) -> None:
        self._answer = tuple(answer)
        self._offer_shape()
        self._show(self._answer, 0)

    def _show(self, answer: tuple[Drawing, ...], at: int) -> None:
        """Draw one of the plots, and the one after it in the next turn: to make two maps at once would hold the window up."""
        if answer is not self._answer:  # another came meanwhile
            return
        before = self.plots[at] if at < len(self.plots) else None
        plot = draw(answer[at], before)
        plot.subject = self.subject
        if plot is not before:
            plot.setObjectName(answer[at].name)
            if before is None:
                self._splitter.addWidget(plot)
                self.plots.append(plot)
                sizes = [_HALF] * self._splitter.count()  # a new one would have what its numbers alone need
            else:
                sizes = self._splitter.sizes()
                self._splitter.replaceWidget(at, plot)
                before.deleteLater()
                self.plots[at] = plot
            self._splitter.setSizes(sizes)
        if at + 1 < len(answer):
            in_later_turn(self, lambda: self._show(answer, at + 1))


def _tuning(choice: _Choice, asked: Asked, context: Context) -> tuple[Drawing, Drawing]:
    from glmengine.recording.described.spike_places import spike_places
    from glmengine.recording.described.tuning import recorded_tuning

    recording, grid, used = asked.recording, asked.grid, asked.used
    found = recorded_tuning(
        recording,
        grid,
        used,
        choice.variables,
        (asked.unit,),
        bins=choice.bins,
        smoothing=choice.smoothing,
        max_gap=asked.max_gap,
        context=context,
    )
    context.check()
    if choice.beside == "path":
        beside = path_drawing(
            spike_places(recording, grid, used, choice.variables, asked.unit, max_gap=asked.max_gap, context=context)
        )
    else:
        beside = occupancy_drawing(found, polar=choice.polar)
    return tuning_drawing(found, asked.unit, polar=choice.polar), beside
