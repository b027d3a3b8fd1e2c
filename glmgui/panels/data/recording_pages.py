"""Pages on what was recorded: over time, and before any model tuning, correlations, intervals and events."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QTabWidget, QWidget

from glmgui.jobs import Jobs
from glmgui.panels.data.correlations_page import CorrelationsPage
from glmgui.panels.data.described_page import Asked, DescribedPage
from glmgui.panels.data.events_page import EventsPage
from glmgui.panels.data.intervals_page import IntervalsPage
from glmgui.panels.data.overview import Overview
from glmgui.panels.data.tuning_page import TuningPage
from glmgui.widgets.tabs import CloseTabBar

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.recording.recording import Recording


class RecordingPages(QTabWidget):
    """One page is seen, and only that one asks the worker."""

    overview_shown = Signal()

    def __init__(self, overview: Overview, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recording_pages")
        self.setAccessibleName("Views of the recording")
        self.setTabBar(CloseTabBar(self))
        self.setDocumentMode(True)
        self.setUsesScrollButtons(True)  # a narrow screen has no room for all words
        self._jobs = jobs
        self._subject: tuple[Recording, Analysis, str] | None = None
        self._shown: dict[DescribedPage, tuple[Any, ...]] = {}
        self.overview = overview
        self.tuning, self.correlations = TuningPage(self), CorrelationsPage(self)
        self.intervals, self.events = IntervalsPage(self), EventsPage(self)
        self.addTab(overview, "Over time")
        for page, text, said in (
            (self.tuning, "Tuning", "The rate of the selected unit over a covariate, as recorded"),
            (self.correlations, "Correlations", "Which covariates go together"),
            (self.intervals, "Intervals", "Times between the spikes of the selected unit"),
            (self.events, "Events", "Spikes of the selected unit around events, for each condition"),
        ):
            self.setTabToolTip(self.addTab(page, text), said)
            page.choices_changed.connect(self.ask)
        self._described = (self.tuning, self.correlations, self.intervals, self.events)
        self.currentChanged.connect(self._turned)

    def minimumSizeHint(self) -> QSize:
        """As wide as all tabs: with scroll buttons a bar would be content with less."""
        least = super().minimumSizeHint()
        return QSize(max(least.width(), self.tabBar().least_width), least.height())

    def set_subject(self, recording: Recording | None, analysis: Analysis, unit: str | None) -> None:
        """What the pages are about: a recording with its derived covariates, the analysis whose time is used, and the selected unit."""
        if recording is None or unit is None:
            self._subject = None
            self._shown.clear()
            for page in self._described:
                self._jobs.drop(_key(page))
                page.begin_anew("Counting the bins that are used\u2026")
            return
        self._subject = (recording, analysis, unit)
        self.ask()

    def stop_waiting(self) -> None:
        """Say no more what is being done: it has failed."""
        for page in self._described:
            page.say_waiting("")

    def refuse(self, why: str) -> None:
        """Say why nothing can be counted: what is drawn is of another time than is asked for now."""
        self._subject = None
        self._shown.clear()
        for page in self._described:
            self._jobs.drop(_key(page))
            page.take_fault(why)

    def ask(self) -> None:
        """Ask the worker for the page that is seen, unless it shows the answer already."""
        page = self.currentWidget()
        if self._subject is None or not isinstance(page, DescribedPage) or not page.isVisible():
            return
        recording, analysis, unit = self._subject
        page.set_recording(recording)
        if not page.has_something:
            return
        page.set_subject(f"unit {unit}" if page.of_unit else "")
        question = (recording, analysis.time, unit, page.choices())
        if _same(self._shown.get(page), question):
            return
        # what is there is of another question: greyed until it is replaced, and not to be exported as an answer to this one
        page.begin_anew(f"Counting for unit {unit}\u2026" if page.of_unit else "Counting\u2026")
        self._shown[page] = question
        work = page.work()

        def answered(context: Context) -> Any:
            asked = _asked(recording, analysis, unit, context)
            return work(asked, context)

        self._jobs.submit(
            page.label,
            answered,
            page.take,
            lambda error: page.take_fault(getattr(error, "message", str(error))),
            key=_key(page),
            quiet=True,
        )

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ask()

    def _turned(self) -> None:
        if self.currentWidget() is self.overview:
            self.overview_shown.emit()
        self.ask()


def _key(page: DescribedPage) -> Hashable:
    return "data-described", page.objectName()


def _same(one: tuple[Any, ...] | None, other: tuple[Any, ...]) -> bool:
    """Whether two questions are one; recordings are compared as objects."""
    return one is not None and one[0] is other[0] and one[1:] == other[1:]


def _asked(recording: Recording, analysis: Analysis, unit: str, context: Context) -> Asked:
    """The bins that are used; runs in the worker."""
    from glmengine.analysis.time_grid import make_grid, usable_bins

    grid = make_grid(analysis.time, recording)
    context.check()
    return Asked(recording, grid, usable_bins(analysis.time, recording, grid, context), unit, analysis.time.max_gap)
