"""The results panel: the fitted units, and pages on the selected one."""

from __future__ import annotations

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QSplitter, QTabWidget, QWidget

from glmengine.results.result import Result
from glmengine.results.unfinished import unfinished_in_words
from glmgui.before_a_fit import NO_RECORDING, show_next_step
from glmgui.comparison_button import ComparisonButton
from glmgui.document import EVERYTHING, Document
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.panels.results.coefficients_view import CoefficientsView
from glmgui.panels.results.curves_view import CurvesView
from glmgui.panels.results.filling_view import FillingView
from glmgui.panels.results.rates_view import RatesView
from glmgui.panels.results.unit_list import UnitList
from glmgui.panels.results.validation_view import ScoreTable, ValidationView
from glmgui.panels.results.wording import choice_in_words, effect_in_words, scores_of, state_in_words
from glmgui.plots import Axis, ScorePlot
from glmgui.still_fields import StillCombo
from glmgui.turns import in_later_turn
from glmgui.widgets.columns import Columns
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import ShownPage, TurningRow, column, row
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.notes import Notes
from glmgui.widgets.page import Page, WhenSeen, WordsColumn
from glmgui.widgets.texts import ElidedLabel, hint
from glmgui.work.runs import Run, Runs

_POPULATION_SCORES = (
    "deviance_explained_heldout",
    "bits_per_spike_heldout",
    "deviance_explained_nested",
    "deviance_explained_test",
    "deviance_explained_fit",
    "rate_hz",
)
_READY = "Fit with Ctrl+R. The tuning curves, filters, rates and scores of each unit will stand here."


class ResultsPanel(Page):
    """Units with their scores on the left; curves, rates, cross-validation and scores of the selected one on the right."""

    def __init__(self, document: Document, jobs: Jobs, runs: Runs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("results_panel")
        self._document, self._jobs, self._runs = document, jobs, runs
        self._run: Run | None = None  # the one that is being fitted
        self._looks_back = False  # at the last results, while a fit runs
        self._shown: tuple[Result | None, str | None] = (None, None)
        self._wanted: str | None = None  # the score that the user chose, where one was chosen
        self._drawn: dict[int, tuple[Result, str]] = {}
        self.empty = EmptyState("No results yet", NO_RECORDING, "results_empty", self)
        self.filling = FillingView(document, runs, self)
        self.forward = small_button("Show the fit that runs", "results_forward", "See its units as their scores come in", self)
        self.banner = MessageLine("results_stale", self)
        self.unfinished = MessageLine("results_unfinished", self)
        self.units = UnitList(self)
        self.population = ScorePlot("All units", Axis("score"), name="population", parent=self)
        self._which = StillCombo(self)
        self._which.setObjectName("population_score")
        self._which.setAccessibleName("Score shown of all units")
        self.title = ElidedLabel(self)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.keeps = 24
        self.verdict = hint("", self)
        self.state = MessageLine("unit_state", self)
        self.notes = Notes("result", "What was left out, doubtful or approximate in this fit", self)
        self.compare = ComparisonButton(document, "results_compare", self)
        self.figure = small_button(
            "Figure\u2026", "results_figure", "A figure for paper of what is shown here  (Ctrl+Shift+E)", self
        )
        self.report = small_button(
            "Report\u2026", "results_report", "What was asked and found, with tables and figures, as PDF or HTML", self
        )
        self.methods = small_button(
            "Methods", "results_methods", "Copy the paragraph of a paper's methods that says how this fit was made", self
        )
        self.right = small_button(
            "Is the model right?", "results_right", "The checks of this fit, and what they say to try next  (Ctrl+5)", self
        )
        self.script = small_button(
            "Script\u2026", "results_script", "The analysis as a Python script that gives the same numbers", self
        )
        self.curves, self.rates, self.validation = CurvesView(self), RatesView(jobs, self), ValidationView(self)
        self.scores, self.coefficients = ScoreTable(self), CoefficientsView(self)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("result_tabs")
        self.tabs.setDocumentMode(True)
        for page, text in (
            (self.curves, "Curves"),
            (self.rates, "Rate over time"),
            (self.validation, "Cross-validation"),
            (self.scores, "Scores"),
            (self.coefficients, "Coefficients"),
        ):
            self.tabs.addTab(page, text)
        self._lay_out()
        self._present = WhenSeen(self._content, self._show_present)  # not while a fit fills its own view
        document.changed.connect(self._changed)
        self.units.picked.connect(lambda units, unit: document.select(unit=unit, units=units))
        self.population.picked.connect(lambda name: document.select(unit=name))
        self.tabs.currentChanged.connect(self._draw_current)
        self._which.currentIndexChanged.connect(self._draw_population)
        self._which.activated.connect(self._score_chosen)
        runs.changed.connect(self._runs_changed)
        self.filling.back.clicked.connect(lambda: self._look(back=True))
        self.forward.clicked.connect(lambda: self._look(back=False))
        for asks, action in (
            (self.figure, "export_figure"),
            (self.report, "export_report"),
            (self.methods, "copy_methods"),
            (self.script, "export_script"),
            (self.right, "show_checks"),
        ):
            asks.clicked.connect(lambda _, action=action: self.action_asked.emit(action))
        self._changed(EVERYTHING)
        self._runs_changed()

    def _lay_out(self) -> None:
        below = QWidget()
        below_box = column(below, margins=0)
        below_box.addLayout(row(QLabel("All units by", below), self._which))
        below_box.itemAt(0).layout().setStretch(1, 1)
        below_box.addWidget(self.population, 1)
        left = QSplitter(Qt.Orientation.Vertical)
        left.setChildrenCollapsible(False)
        for part, stretch in ((self.units, 3), (below, 2)):
            left.addWidget(part)
            left.setStretchFactor(left.count() - 1, stretch)
        left.setSizes([360, 240])
        font = self.title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self.title.setFont(font)
        right = self._of_unit = WordsColumn()
        right_box = column(right, margins=0)
        right_box.addLayout(row(self.title, self.verdict, self.right, spacing=10))
        right_box.itemAt(0).layout().setStretch(1, 1)
        asks = (self.compare, self.figure, self.report, self.methods, self.script)
        right_box.addWidget(TurningRow(row(*asks, None, spacing=6), row(self.notes.button, self.forward, spacing=6), right))
        right_box.addWidget(MessagePlace(right, self.state))  # it comes and goes from unit to unit
        right_box.addWidget(self.notes.line)
        right_box.addWidget(self.tabs, 1)
        whole = self._columns = Columns("results", "Part of the page that is shown")
        whole.add(left, "Units", 2)
        whole.add(right, "Chosen unit", 5)
        whole.splitter.setSizes([430, 890])
        whole.turn_to(right)
        content = QWidget(self)
        box = column(content)
        box.addWidget(MessagePlace(content, self.banner, self.unfinished))
        box.addWidget(whole, 1)
        self._content = content
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)
        self._stack.addWidget(self.filling)

    def show_page(self, number: int) -> None:
        """Turn to a page: curves, rates, cross-validation, scores, coefficients."""
        self._columns.turn_to(self._of_unit)
        self.tabs.setCurrentIndex(number)

    # From the runs

    def _runs_changed(self) -> None:
        running = self._runs.running
        number = None if running is None else running.number
        if number != (None if self._run is None else self._run.number):
            self._run, self._looks_back = running, False
            self.filling.begin()
            if running is None:  # its result has just come, for which every page does something in this turn
                in_later_turn(self, self._turn)
                return
        self._turn()

    def _look(self, *, back: bool) -> None:
        self._looks_back = back
        self._turn()

    def _turn(self) -> None:
        """Show the fit that runs, the results, or that there are none."""
        result = self._document.result
        if self._run is not None and not (self._looks_back and result is not None):
            self._stack.setCurrentWidget(self.filling)
        else:
            self._stack.setCurrentWidget(self.empty if result is None else self._content)
        self.forward.setVisible(self._run is not None)

    # From the document

    def _changed(self, what: frozenset[str]) -> None:
        result = self._document.result
        self._turn()
        if "selection" in what and self._run is not None:
            self.filling.select(self._document.unit)
        if result is None:
            self._shown = (None, None)
            self._drawn.clear()
            self.curves.clear()
            self.rates.clear()
            show_next_step(self, self.empty, self._document, _READY)
            return
        if result is not self._shown[0]:
            self._shown = (None, None)
            self._drawn.clear()
        if what & {"recording", "analysis", "result", "selection"}:
            self._present.ask()

    def _show_present(self) -> None:
        """The result, whether it is out of date, and the selected unit."""
        result = self._document.result
        if result is None:
            return
        if result is self._shown[0]:
            self._show_staleness()
            self._show_unit()
            return
        self._take(result)
        self._show_staleness()
        in_later_turn(self, self._show_unit)  # the list of units is there meanwhile

    def _take(self, result: Result) -> None:
        self._shown = (result, None)
        self._drawn.clear()
        self.rates.clear()
        self.units.set_result(result)
        self.unfinished.set_warning(unfinished_in_words(result))
        said = scores_of(result)
        keys = [key for key in _POPULATION_SCORES if key in said and not bool(result.scores[key].isnull().all())]
        blocked = self._which.blockSignals(True)
        before = self._wanted
        self._which.clear()
        for key in keys:
            self._which.addItem(said[key].title, key)
        self._which.setCurrentIndex(max(self._which.findData(before), 0))
        self._which.blockSignals(blocked)
        self._draw_population()
        self.notes.set(result.notes)

    def _show_staleness(self) -> None:
        stale = self._document.result_is_stale
        self.banner.set_warning(self._document.why_stale)
        self.population.set_greyed(stale)
        self.curves.set_greyed(stale)
        self.rates.plot.set_greyed(stale)
        self.validation.set_greyed(stale)

    def _show_unit(self) -> None:
        result = self._document.result
        if result is None or result is not self._shown[0]:  # gone before its turn has come
            return
        unit = self._document.unit if self._document.unit in result.units else None
        if unit is None:
            unit = self._shown[1] or self.units.best
        self.units.select(unit, self._document.units)
        self.population.set_selected(unit)
        if unit is None or (result, unit) == self._shown:
            return
        self._shown = (result, unit)
        one = result.scores.sel(unit=unit)
        self.title.setText(f"Unit {unit}")
        heldout = float(one["deviance_explained_heldout"]) if "deviance_explained_heldout" in one else float("nan")
        status, converged = str(one["status"].item()), bool(one["converged"].item())
        parts = (choice_in_words(result, unit), effect_in_words(heldout)) if status != "silent" else ()
        self.verdict.setText("; ".join(filter(None, parts)))
        said = state_in_words(status, converged)
        self.state.set_warning(said)
        self._draw_current()

    def _score_chosen(self, *_) -> None:
        self._wanted = self._which.currentData()

    def _draw_population(self, *_) -> None:
        result, key = self._document.result, self._which.currentData()
        if result is None or key is None:
            return
        score = scores_of(result)[key]
        self.population.set_title("")
        values = dict(zip(result.units, np.asarray(result.scores[key].values, float).tolist(), strict=True))
        self.population.set_scores(values, Axis(score.title.split(",")[0].lower(), score.unit))

    def _draw_current(self, *_) -> None:
        """Only the page that is seen is drawn; the others when they are turned to."""
        result, unit = self._shown
        page = self.tabs.currentIndex()
        if result is None or unit is None or self._drawn.get(page) == (result, unit):
            return
        self._drawn[page] = (result, unit)
        shown = self.tabs.currentWidget()
        if shown is self.curves:
            self.curves.show_unit(result, unit)
        elif shown is self.rates:
            self.rates.show_unit(result, self._document.recording, unit)
        elif shown is self.validation:
            self.validation.show_unit(result, unit)
        elif shown is self.coefficients:
            self.coefficients.show_unit(result, unit)
        else:
            self.scores.show_unit(result, unit)
