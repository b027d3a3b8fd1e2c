"""The page with spikes around events: a raster with a row an event, and mean rates, for each condition."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QWidget

from glmgui.drawings.described import AroundEvents, around_events
from glmgui.panels.data.described_page import Asked, DescribedPage
from glmgui.plots import LinePlot
from glmgui.widgets.controls import refill
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording

_NONE = "This recording holds neither events nor trials."


@dataclass(frozen=True)
class _Choice:
    event: str
    by: str
    before: float
    after: float
    bin_size: float
    smoothing: float


class EventsPage(DescribedPage):
    """The raster above, the mean rates below, on one axis of time."""

    label = "Spikes around events"

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("events_page", _NONE, parent)
        self.event = self.add_choice("Around", "events_event", "An event, or a time of the trials")
        self.by = self.add_choice("by", "events_by", "A property of the trials whose values are the conditions")
        self.before = self.add_number("Before", "events_before", "Seconds before the event", (0.0, 60.0), 0.5, "s")
        self.after = self.add_number("After", "events_after", "Seconds after the event", (0.01, 60.0), 1.0, "s")
        self.bin_size = self.add_number("Bins", "events_bin", "Width of the bins of the mean rate", (0.1, 10_000.0), 20.0, "ms")
        self.smoothing = self.add_number(
            "Smoothing", "events_smoothing", "Standard deviation of a Gaussian; 0 for none", (0.0, 10_000.0), 0.0, "ms"
        )
        self._properties: list[str] = []
        self.event.currentIndexChanged.connect(lambda _: self._offer_properties())
        self.raster = LinePlot("Spikes", name="events_raster", parent=self)
        self.rates = LinePlot("Mean rate", name="events_rates", parent=self)
        self.raster.area.setXLink(self.rates.area)
        for plot in (self.raster, self.rates):
            plot.area.getAxis("left").setWidth(70)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setChildrenCollapsible(False)
        for plot in (self.raster, self.rates):
            splitter.addWidget(plot)
        self.notes = hint("", self)
        self.box.addWidget(splitter, 1)
        self.box.addWidget(self.notes)

    def offer(self, recording: Recording) -> bool:
        from glmengine.recording.events import event_time_names, property_names

        names = event_time_names(recording)
        refill(self.event, [(name, name) for name in names])
        self._properties = property_names(recording)
        self._offer_properties()
        return bool(names)

    def _offer_properties(self) -> None:
        """Those of the table that the event belongs to first."""
        table = (self.event.currentData() or "").rpartition(".")[0]
        names = sorted(self._properties, key=lambda name: name.rpartition(".")[0] != table)
        refill(self.by, [("all together", ""), *((name, name) for name in names)])

    def choices(self) -> _Choice:
        return _Choice(
            self.event.currentData() or "",
            self.by.currentData() or "",
            self.before.value(),
            self.after.value(),
            self.bin_size.value() / 1000,
            self.smoothing.value() / 1000,
        )

    def work(self) -> Callable[[Asked, Context], AroundEvents]:
        choice = self.choices()
        return lambda asked, context: _around(choice, asked)

    def show_answer(self, answer: Any) -> None:
        for plot, drawing in ((self.raster, answer.raster), (self.rates, answer.rates)):
            plot.set_title(drawing.title)
            plot.setToolTip(drawing.help)
            plot.set_axes(drawing.x_axis, drawing.y_axis)
            plot.set_curves(drawing.curves, marks=[(0.0, "")])
        self.notes.setText(" ".join(answer.notes))
        self.notes.setVisible(bool(answer.notes))


def _around(choice: _Choice, asked: Asked) -> AroundEvents:
    from glmengine.recording.described.peri_event import peri_event, spikes_around

    found = peri_event(
        asked.recording,
        asked.grid.pieces,
        choice.event,
        (asked.unit,),
        by=choice.by,
        before=choice.before,
        after=choice.after,
        bin_size=choice.bin_size,
        smoothing=choice.smoothing,
    )
    event, offset, counted = spikes_around(asked.recording, asked.unit, found.events["event"].values, choice.before, choice.after)
    return around_events(found, asked.unit, event[counted > 0], offset[counted > 0])
