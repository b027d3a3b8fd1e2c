"""The population panel: all units of a result at a glance, and the set of them that is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QSizePolicy, QTabWidget, QWidget

from glmgui.before_a_fit import NO_RECORDING, show_next_step
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.panels.population.graph_view import GraphView
from glmgui.panels.population.matrix_view import MatrixView
from glmgui.panels.population.multiples_view import MultiplesView
from glmgui.panels.population.scatter_view import ScatterView
from glmgui.panels.population.table_view import TableView
from glmgui.panels.population.view import PopulationView
from glmgui.widgets.controls import button
from glmgui.widgets.layout import ShownPage, column, row
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page
from glmgui.widgets.texts import ElidedLabel
from glmgui.work.selected_units import can_fit_only, can_leave_out

if TYPE_CHECKING:
    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result
    from glmgui.drawings.population import Population

POPULATION = "population"
_NO_FIT = "Fit with Ctrl+R. Tuning, maps, filters, coupling and scores of all units will stand here, and what you select in one of them is selected everywhere."
_FILLING = "The numbers of all units are being gathered…"


class PopulationPanel(Page):
    """Pages on all units of the last fit; what is selected in one is the set of units everywhere."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("population_panel")
        self._document, self._jobs = document, jobs
        self._asked: tuple[Result | None, Recording | None] = (None, None)
        self._population: Population | None = None
        self._drawn: set[PopulationView] = set()
        self.empty = EmptyState("No population yet", NO_RECORDING, "population_empty", self)
        self.filling = EmptyState("Gathering", _FILLING, "population_filling", self)
        self.banner = MessageLine("population_stale", self)
        self.message = MessageLine("population_message", self)
        self.said = ElidedLabel(self)
        self.said.setObjectName("population_selected")
        self.said.setAccessibleName("Units that are selected")
        self.said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.all = button("Select &all", "population_all", "Select every unit of this fit (Ctrl+A in the small pictures)", self)
        self.invert = button("In&vert", "population_invert", "Select the units that are not selected", self)
        self.only = button(
            "Fit &only these", "population_fit_only", "Fit none but the selected units from now on; undo with Ctrl+Z", self
        )
        self.leave = button(
            "&Leave these out", "population_leave_out", "Fit the selected units no longer; undo with Ctrl+Z", self
        )
        self.multiples, self.matrix, self.graph = MultiplesView(self), MatrixView(self), GraphView(self)
        self.scatter, self.table = ScatterView(self), TableView(self)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("population_tabs")
        self.tabs.setAccessibleName("Pages on the population")
        self.tabs.setDocumentMode(True)
        for view, text in (
            (self.multiples, "All units"),
            (self.matrix, "Coupling matrix"),
            (self.graph, "Coupling graph"),
            (self.scatter, "Scatter"),
            (self.table, "Table"),
        ):
            self.tabs.addTab(view, text)
            view.chosen.connect(self._choose)
        content = QWidget(self)
        box = column(content)
        box.addWidget(MessagePlace(content, self.banner, self.message))
        line = row(self.said, self.all, self.invert, self.only, self.leave, spacing=6)
        line.setStretch(0, 1)
        box.addLayout(line)
        box.addWidget(self.tabs, 1)
        self._content = content
        self._stack = ShownPage(self)
        for part in (self.empty, self.filling, content):
            self._stack.addWidget(part)
        self.tabs.currentChanged.connect(lambda _: self._draw_current())
        self.all.clicked.connect(lambda: self._select_all())
        self.invert.clicked.connect(lambda: self._invert())
        self.only.clicked.connect(lambda: self.action_asked.emit("fit_only_selected"))
        self.leave.clicked.connect(lambda: self.action_asked.emit("leave_out_selected"))
        document.changed.connect(self._changed)
        self._changed(frozenset({"result"}))

    def show_page(self, number: int) -> None:
        """Turn to a page: all units, coupling matrix, coupling graph, scatter, table."""
        self.tabs.setCurrentIndex(number)

    # From the document

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"result", "recording", "derived"}:
            self._ask()
            self._show_staleness()
        elif self._document.kept_result is None:
            show_next_step(self, self.empty, self._document, _NO_FIT)
        if what & {"selection", "analysis", "result", "recording"}:
            self._show_selection()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()
        self._show_selection()

    def _ask(self) -> None:
        """Gather the arrays in the worker, where they are of another result and the page can be seen."""
        document = self._document
        result, recording = document.kept_result, document.effective_recording
        if result is None:
            self._asked, self._population = (None, None), None
            self._jobs.drop(POPULATION)
            show_next_step(self, self.empty, document, _NO_FIT)
            self._stack.setCurrentWidget(self.empty)
            return
        if document.result_is_stale and self._asked[0] is result:
            return  # it was drawn with the recording that it was fitted to
        if not self.isVisible() or (self._asked[0] is result and self._asked[1] is recording):
            return
        self._asked = (result, recording)
        if self._population is None:
            self._stack.setCurrentWidget(self.filling)

        def work(context: Context) -> Population:
            from glmgui.drawings.population import population_of

            return population_of(result, recording, context)

        self._jobs.submit("All units", work, self._take, self._failed, key=POPULATION, quiet=True)

    def _take(self, population: Population) -> None:
        self.message.clear()
        self._population = population
        self._drawn.clear()
        self.tabs.show()
        self._stack.setCurrentWidget(self._content)
        self._draw_current()
        self._show_staleness()
        self._show_selection()

    def _failed(self, error: BaseException) -> None:
        self._asked = (None, None)  # so that it is tried again when the page is next looked at
        self._population = None
        self._stack.setCurrentWidget(self._content)
        self.tabs.hide()
        self.message.show_error(str(error))

    def _draw_current(self) -> None:
        """Only the page that is seen is drawn; the others when they are turned to."""
        view = self.tabs.currentWidget()
        if self._population is None or view is None:
            return
        view.select(self._document.units, self._document.unit)
        if view not in self._drawn:
            self._drawn.add(view)
            view.show_population(self._population)
            view.set_greyed(self._document.result_is_stale)

    def _show_staleness(self) -> None:
        stale = self._document.result_is_stale
        self.banner.set_warning(self._document.why_stale)
        for view in self._drawn:
            view.set_greyed(stale)

    def _show_selection(self) -> None:
        if not self.isVisible():
            return
        document = self._document
        population = self._population
        fitted = population.units if population is not None else ()
        chosen = [unit for unit in fitted if unit in document.units]
        names = ", ".join(chosen[:8]) + ("…" if len(chosen) > 8 else "")
        self.said.setText(
            f"{len(chosen)} of {len(fitted)} units selected: {names}" if chosen else "No unit of this fit is selected"
        )
        self.said.setToolTip(", ".join(chosen))
        self.only.setEnabled(can_fit_only(document))
        self.leave.setEnabled(can_leave_out(document))
        view = self.tabs.currentWidget()
        if view in self._drawn:
            view.select(document.units, document.unit)

    # From the pages

    def _choose(self, units: tuple[str, ...], unit: str | None) -> None:
        if unit is None:
            self._document.select(units=units)
        else:
            self._document.select(unit=unit, units=units)

    def _select_all(self) -> None:
        if self._population is not None:
            self._document.select(units=self._population.units)

    def _invert(self) -> None:
        if self._population is not None:
            others = [unit for unit in self._population.units if unit not in self._document.units]
            if others:
                self._document.select(units=others)
