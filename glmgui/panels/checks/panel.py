"""The checks panel: is the model right, what would it do, how sure are its terms, what does the population know."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QSplitter, QTabWidget, QWidget

from glmengine.results.result import Result
from glmgui.before_a_fit import NO_RECORDING, show_next_step
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.panels.checks.decoding_view import DecodingView
from glmgui.panels.checks.goodness_view import GoodnessView
from glmgui.panels.checks.simulation_view import SimulationView
from glmgui.panels.checks.tests_view import TestsView
from glmgui.panels.checks.units_table import UnitsTable
from glmgui.staleness import OTHER_ANALYSIS
from glmgui.widgets.layout import ShownPage, column
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page
from glmgui.work.checks import Checks

_NO_RESULT = (
    "Fit with Ctrl+R. Here you see whether the fitted model is right, what it would do by itself, and how sure its terms are."
)
_STALE = "The analysis has changed since these checks. They stay right for the fit before; fit again (Ctrl+R) to check the model as it is now."
_LIVE = "The live fit is not checked: what stands here is of the last whole fit (Ctrl+R)."


class ChecksPanel(Page):
    """All units on the left with what the open page says of them; the pages on the right."""

    def __init__(self, document: Document, checks: Checks, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_panel")
        self._document, self._checks = document, checks
        self._fit: object | None = None
        self._rows_of: tuple | None = None
        self.empty = EmptyState("Nothing to check yet", NO_RECORDING, "checks_empty", self)
        self.banner = MessageLine("checks_stale", self)
        self.units = UnitsTable(self)
        self.goodness = GoodnessView(document, checks, jobs, self)
        self.simulation = SimulationView(document, checks, jobs, self)
        self.tests = TestsView(document, checks, jobs, self)
        self.decoding = DecodingView(document, checks, jobs, self)
        self.pages = (self.goodness, self.simulation, self.tests, self.decoding)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("checks_tabs")
        self.tabs.setAccessibleName("Kinds of checks")
        self.tabs.setDocumentMode(True)
        for page in self.pages:
            self.tabs.setTabToolTip(self.tabs.addTab(page, page.title), page.said)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.setObjectName("checks_halves")
        halves.setChildrenCollapsible(False)
        for part, stretch in ((self.units, 1), (self.tabs, 4)):
            halves.addWidget(part)
            halves.setStretchFactor(halves.count() - 1, stretch)
        halves.setSizes([310, 940])
        self._content = QWidget(self)
        box = column(self._content)
        box.addWidget(MessagePlace(self._content, self.banner))
        box.addWidget(halves, 1)
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._content)
        document.changed.connect(self._changed)
        checks.changed.connect(lambda _: self._show())
        self.goodness.turned.connect(self._show)
        self.units.picked.connect(lambda units, unit: document.select(unit=unit, units=units))
        self.tabs.currentChanged.connect(lambda _: self._show())
        self._changed(frozenset({"result"}))

    def show_page(self, number: int) -> None:
        """Turn to a page: goodness, simulation, tests and bands, decoding."""
        self.tabs.setCurrentIndex(number)

    @property
    def unit(self) -> str | None:
        """The selected unit where it was fitted, else the first that was."""
        result = self._checks.result
        if result is None:
            return None
        return self._document.unit if self._document.unit in result.units else next(iter(result.units), None)

    def showEvent(self, event) -> None:
        super().showEvent(event)
        self._show()

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"result", "selection", "recording", "derived", "analysis"} or (
            what & {"busy"} and self._checks.result is None
        ):
            self._show()

    def _show(self) -> None:
        """Show the open page; nothing is done while nobody looks."""
        result = self._checks.result
        self._stack.setCurrentWidget(self.empty if result is None else self._content)
        if result is None:
            if self._fit is not None:
                self._fit = None
                for page in self.pages:  # plots keep all that they have drawn
                    page.plots.clear()
            show_next_step(self, self.empty, self._document, _NO_RESULT)
            return
        if not self.isVisible():
            return
        if result.coefficients is not self._fit:
            self._fit = result.coefficients
            self._rows_of = None
            for page in self.pages:
                page.set_result(result)
        self._show_state()
        page, unit = self.tabs.currentWidget(), self.unit
        if unit is not None:
            page.show_unit(result, unit)
        self._show_units(page, result, unit)

    def _show_state(self) -> None:
        stale = self._document.result_is_stale
        if self._document.result_is_live:
            self.banner.show_warning(_LIVE)
        elif stale:
            why = self._document.why_stale
            self.banner.show_warning(_STALE if why == OTHER_ANALYSIS else why)
        else:
            self.banner.clear()
        for page in self.pages:
            page.set_greyed(stale)

    def _show_units(self, page: QWidget, result: Result, unit: str | None) -> None:
        rows = page.rows(result)
        if (page, rows) != self._rows_of:
            self._rows_of = (page, rows)
            self.units.show_rows(rows, unit, self._document.units)
        else:
            self.units.select(unit, self._document.units)
