"""The answers panel: the sheet of all units, the evidence for the selected one, and the choice of terms by other roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QLabel, QSplitter, QTabWidget, QWidget

from glmengine.sentences import as_shown, listed, numbered
from glmgui.before_a_fit import show_way_to_open
from glmgui.document import Document
from glmgui.drawings.answers import answer_rows, candidates_of
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.panels.answers.asking_box import AskingBox
from glmgui.panels.answers.evidence_view import EvidenceView
from glmgui.panels.answers.sheet_table import SheetTable
from glmgui.panels.answers.terms_view import TermsView
from glmgui.shown_time import duration
from glmgui.widgets.controls import allow, button, small_button
from glmgui.widgets.layout import ShownPage, TurningRow, column, row
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page
from glmgui.work.answers import Answers

if TYPE_CHECKING:
    from glmengine.answers.sheet import AnswerSheet

_WELCOME = (
    "Open a recording with Ctrl+O first. Here one press of a button then finds what drives each of its units, how sure that is, and whether "
    "the model is right."
)
_FIRST = (
    "Press the button to find out: for every unit the program tries {} on time that the model has not seen, keeps those "
    "that help, tests them against chance by shifting the spikes in time, checks the model, and says in a sentence what it found. "
    "The units that are known best come first; you can look at them while the others are still to come. What is tried, and how strictly it is "
    "judged, stands under 'Candidates and settings'."
)
_STALE = "Recording, units, time, candidates or settings have changed since these answers were found. Find the answers again."
_PROVISIONAL = (
    "q is worked out over all units together, so that few finds are there by chance: it changes until the last unit is answered"
)
_KEPT = "The answers that were found before come back if this run is cancelled"
AT_WORK = "at work"
_WAIT = "Answers are being found."
_NO_ANSWERS = "Find the answers first."
_ESTIMATE_MS = 200


class AnswersPanel(Page):
    """Two pages: the answers, and the choice of terms by hand."""

    def __init__(self, document: Document, answers: Answers, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers_panel")
        self._document, self._answers, self._jobs = document, answers, jobs
        self._shown: tuple[int, ...] = ()
        self.empty = EmptyState("What drives each unit?", _WELCOME, "answers_empty", self)
        self.find = button(
            "&Find the answers",
            "answers_find",
            "For all units, in the background; what is finished is kept when it is interrupted",
            self,
        )
        self.use = button(
            "&Use this model",
            "answers_use",
            "Make the terms of the selected unit the analysis, and fit it; undo with Ctrl+Z",
            self,
        )
        self.save = button(
            "&Save sheet\u2026",
            "answers_save",
            "Write the sheet as tables, with its methods, references and script, into a new folder, as glmengine explain does",
            self,
        )
        self.methods = small_button(
            "Methods", "answers_methods", "Copy the paragraph of a paper's methods that says how these answers were found", self
        )
        self.script = small_button("Script\u2026", "answers_script", "A Python script that finds the same answers", self)
        self.state = QLabel(self)
        self.state.setObjectName("answers_state")
        self.asking = AskingBox(answers, self)
        self.message = MessageLine("answers_message", self)
        self.table = SheetTable(self)
        self.evidence = EvidenceView(self)
        self.terms = TermsView(document, answers, self)
        self.first = EmptyState("What drives each unit?", "", "answers_first", self)
        self.first.set_primary("Find the answers", answers.find)
        self.tabs = QTabWidget(self)
        self._estimate = QTimer(self)
        self._estimate.setSingleShot(True)
        self._estimate.setInterval(_ESTIMATE_MS)
        self._lay_out()
        self._estimate.timeout.connect(answers.question.estimate)
        self.find.clicked.connect(answers.find)
        self.use.clicked.connect(lambda: answers.use_model(document.unit or ""))
        self.save.clicked.connect(answers.files.save)
        self.methods.clicked.connect(answers.files.copy_methods)
        self.script.clicked.connect(answers.files.save_script)
        self.table.picked.connect(self._picked)
        answers.question.changed.connect(self._asking_changed)
        answers.changed.connect(self._show)
        answers.filled.connect(self._fill)
        answers.begun.connect(self._say_at_work)
        document.changed.connect(self._changed)
        self._changed(frozenset({"recording"}))

    def _lay_out(self) -> None:
        page = QWidget(self)
        box = column(page, margins=4)
        line = row(self.find, self.state)  # the run is ended by the two buttons of the toolbar, as every other work
        line.setStretch(1, 1)
        box.addWidget(TurningRow(line, row(self.methods, self.script, self.use, self.save, None), page))
        box.addWidget(self.asking)
        box.addWidget(MessagePlace(page, self.message))
        self.halves = QSplitter(Qt.Orientation.Vertical, page)
        self.halves.setObjectName("answers_halves")
        self.halves.setChildrenCollapsible(False)
        self.halves.addWidget(self.table)
        self.halves.addWidget(self.evidence)
        self.halves.setSizes([250, 330])
        box.addWidget(self.halves, 1)
        box.addWidget(self.first, 1)
        self.tabs.setObjectName("answers_tabs")
        self.tabs.setAccessibleName("Answers, or the choice of terms by hand")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(page, "Answers")
        self.tabs.addTab(self.terms, "Choose terms")
        self._content = QWidget(self)
        column(self._content).addWidget(self.tabs)
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._content)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        """Ask for what the page shows before anything is found; only while it can be seen."""
        if self.isVisible():
            self._answers.question.offer()
            self._estimate.start()

    def _changed(self, what: frozenset[str]) -> None:
        if self._document.recording is None:
            show_way_to_open(self, self.empty, self._document, _WELCOME)
        if "recording" in what:
            self._stack.setCurrentWidget(self.empty if self._document.recording is None else self._content)
            self.asking.fold.setChecked(False)
            self._show()
            self._look()
        elif "answers" in what:
            self._show()
        elif "selection" in what:
            self._select()
        elif "busy" in what:
            self._enable()
            self.asking.set_running(self._document.busy)

    def _asking_changed(self) -> None:
        self.asking.show_asking()
        self._say()
        self._enable()
        self._draw()
        if self.isVisible():
            self._estimate.start()

    # The sheet

    def _show(self) -> None:
        """Show the whole of what is known."""
        sheets = self._answers.sheets
        key = tuple(id(sheet) for sheet in sheets)
        running = self._answers.running
        if key != self._shown or (running and not sheets):
            self._shown = key
            self._begin_table(candidates_of(sheets[0]) if sheets else self._tried)
            for sheet in sheets:
                self.table.add(answer_rows(sheet))
        if running:
            self.asking.fold.setChecked(False)
        self.first.setVisible(not sheets and not running)
        self.halves.setVisible(bool(sheets) or running)
        self._say()
        self._enable()
        self._select()

    def _begin_table(self, candidates: tuple[str, ...]) -> None:
        self.table.begin(candidates, *self._answers.unanswered)
        self._say_at_work()

    def _say_at_work(self) -> None:
        self.table.model.say(self._answers.at_work, AT_WORK)

    @property
    def _tried(self) -> tuple[str, ...]:
        out = self._answers.question.asking.left_out
        return tuple(label for label in self._answers.question.candidates if label not in out)

    def _fill(self, some: AnswerSheet) -> None:
        """Put units into the table that have just been answered."""
        sheets = self._answers.sheets
        new = candidates_of(some) != self.table.candidates  # the table may still be that of another question
        if new:
            self._begin_table(candidates_of(some))
        self._shown = tuple(id(sheet) for sheet in sheets)
        for sheet in sheets if new else (some,):
            self.table.add(answer_rows(sheet))
        self._say()
        names = list(some.units["unit"].values)
        if len(self._answers.sheets) == 1 and self._document.unit not in names:
            self._document.select(unit=str(names[0]))
        elif self._document.unit in names:
            self._select()

    def _select(self) -> None:
        self.table.select(self._document.unit)
        self._draw()
        self._enable()

    def _draw(self) -> None:
        unit = self._document.unit
        self.evidence.show_unit(self._answers.sheet_of(unit), unit, stale=self._answers.is_stale and not self._answers.running)

    def _picked(self, unit: str, kind: str) -> None:
        self.evidence.show_kind(kind)
        self._document.select(unit=unit)

    def _say(self) -> None:
        self.first.set_text(_FIRST.format(listed(f"'{as_shown(one)}'" for one in self._tried) or "what the recording has"))
        answers, kept = self._answers, self._document.answers
        kind, text = answers.message
        done, total = answers.n_answered
        if answers.running:
            self.state.setText(f"{done} of {numbered(total, 'unit')} answered; q is provisional until all are")
            self.state.setToolTip(_PROVISIONAL if kept is None else f"{_PROVISIONAL}. {_KEPT}")
            self.message.clear()
            return
        self.state.setToolTip("")
        took = "" if kept is None else duration(kept.seconds)
        by = ", by the run before" if answers.are_of_the_run_before else ""
        self.state.setText("" if kept is None else f"{numbered(done, 'unit')} answered{f' in {took}' if took else ''}{by}")
        if kind == "error":
            self.message.show_error(text)
        elif kept is not None and answers.is_stale:
            self.message.show_warning(f"{text} {_STALE}" if kind == "warning" else _STALE)
        elif kind == "warning":
            self.message.show_warning(text)
        else:
            self.message.clear()

    def _enable(self) -> None:
        answers, document = self._answers, self._document
        running = answers.running
        can_find = answers.question.analysis is not None and not document.busy
        self.find.setEnabled(can_find)
        self.find.setVisible(not running and bool(answers.sheets))
        self.first.primary.setEnabled(can_find)
        sheet = answers.sheet_of(document.unit)
        chosen = sheet is not None and bool(sheet.selection.terms_of(document.unit))
        found = document.answers is not None and not running
        lacking = _WAIT if running else _NO_ANSWERS
        allow(self.use, chosen and found, "Nothing was found to drive the selected unit." if found else lacking)
        for part in (self.save, self.methods, self.script):
            allow(part, found, lacking)
