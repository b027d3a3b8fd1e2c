"""The choice among the terms of the analysis by another road, or models compared: settings, tables, and the way drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QAbstractItemView, QSplitter, QTableWidget, QTableWidgetItem, QTabWidget, QWidget

from glmengine.analysis.selection import Selection
from glmengine.errors import GlmError
from glmengine.spec import Spec
from glmgui.copying import copy_rows
from glmgui.document import Document
from glmgui.drawings.answers import contribution_drawings, path_drawings
from glmgui.forms.form import SpecForm
from glmgui.forms.names import choices_in
from glmgui.laid_over import MessagePlace
from glmgui.panels.answers.evidence_view import DrawingsView
from glmgui.still_fields import StillCombo
from glmgui.widgets.controls import button, small_button
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import hint
from glmgui.work.answers import Answers

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.selection.term_selection import TermSelection

_NO_TERM = "First add two terms or more in the Features step (Ctrl+2)."
_ABOUT = "Which of the terms of the Features step does each unit need? Choose a method and press the button. With the method 'none' nothing is chosen: models are compared."
_NOT_ASKED = "Nothing has been chosen yet. The button on the left, below the settings, begins; what was chosen for the selected unit is drawn here."
_FORM_WIDTH = 330
_MOST_ROWS = 2000
_TABLES = {
    "chosen": "Chosen terms",
    "steps": "Steps",
    "summary": "Models, pooled over folds",
    "models": "Models, fold by fold",
    "differences": "Differences of models",
    "contributions": "Contributions of terms",
    "commonality": "What terms have in common",
    "path": "Path of the group lasso",
}


class TermsView(QWidget):
    """Settings on the left, what was found on the right: as tables and drawn for the selected unit."""

    def __init__(self, document: Document, answers: Answers, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers_terms")
        self._document, self._answers = document, answers
        self._selection = Selection()
        self._found: TermSelection | None = None
        self._asked: tuple[object, ...] = ()
        self._stale = False
        self.form = SpecForm(Selection, name="choice")
        self.form.set_value(self._selection)
        self.run = button("&Choose terms", "answers_choose", "Run this choice for all units, in the background", self)
        self.about = hint(_ABOUT, self)
        self.message = MessageLine("answers_terms_message", self)
        form = QWidget()
        inside = column(form, margins=4)
        inside.addWidget(self.form)
        inside.addStretch(1)
        left = QWidget(self)
        left_box = column(left, margins=0)
        left_box.addWidget(self.about)
        left_box.addWidget(FormScroll(form, "answers_choice_scroll", as_high=True), 1)
        left_box.addWidget(self.run)
        left_box.addStretch(0)  # the button stands below the form, not at the foot of a large screen
        self.which = StillCombo(self)
        self.which.setObjectName("answers_which_table")
        self.which.setAccessibleName("Which table is shown")
        self.copy = small_button("Copy table", "answers_copy_choice", "Copy all rows, for a spreadsheet", self)
        self.said = hint("", self)
        self.table = QTableWidget(0, 0, self)
        self.table.setObjectName("answers_choice_table")
        self.table.setAccessibleName("What the choice of terms found")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        plain_table(self.table)
        show_term_names(self.table)
        self._above = above = QWidget(self)
        above.hide()
        tables = column(above, margins=0)
        line = row(self.which, self.said, self.copy)
        line.setStretch(1, 1)
        tables.addLayout(line)
        tables.addWidget(self.table, 1)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("answers_choice_tabs")
        self.tabs.setAccessibleName("The choice drawn for the selected unit")
        self.tabs.setDocumentMode(True)
        self.path = DrawingsView("answers_choice_path", self.tabs)
        self.shares = DrawingsView("answers_choice_shares", self.tabs)
        self.tabs.addTab(self.path, "Step by step")
        self.tabs.addTab(self.shares, "Contributions")
        right = QSplitter(Qt.Orientation.Vertical, self)
        right.setChildrenCollapsible(False)
        right.addWidget(above)
        right.addWidget(self.tabs)
        right.setSizes([220, 300])
        halves = QSplitter(Qt.Orientation.Horizontal, self)
        halves.setChildrenCollapsible(False)
        halves.addWidget(left)
        halves.addWidget(right)
        halves.setStretchFactor(1, 1)
        halves.setSizes([_FORM_WIDTH, 700])
        box = column(self, margins=4)
        box.addWidget(MessagePlace(self, self.message))
        box.addWidget(halves, 1)
        self.form.edited.connect(self._edited)
        self.run.clicked.connect(self._run)
        self.which.currentIndexChanged.connect(lambda _: self._fill())
        self.copy.clicked.connect(lambda: copy_rows(self.table, whole=True))
        self.table.cellClicked.connect(self._clicked)
        answers.terms_chosen.connect(self._take)
        document.changed.connect(self._changed)
        self._show()
        self._changed(frozenset({"recording", "analysis"}))

    def _changed(self, what: frozenset[str]) -> None:
        document = self._document
        if document.recording is None:
            return
        if what & {"recording", "analysis", "derived"}:
            labels = [term.label for term in document.analysis.terms if term.enabled]
            self.form.set_context({**choices_in(document.effective_recording), "terms": labels})
            self.about.setText(_ABOUT if len(labels) > 1 else _NO_TERM)
            self._find_stale()
        if "recording" in what and self._asked and self._asked[0] is not document.recording:
            self._found, self._asked = None, ()
            self._show()
        elif "selection" in what:
            self._draw()
        self._enable()

    def _enable(self) -> None:
        terms = sum(term.enabled for term in self._document.analysis.terms)
        self.run.setEnabled(terms > 1 and not self._document.busy)
        self.run.setText("&Compare models" if self._selection.method == "none" else "&Choose terms")

    def _edited(self, value: Spec) -> None:
        assert isinstance(value, Selection)
        self._selection = value
        self._find_stale()
        self._enable()

    def _run(self) -> None:
        document = self._document
        self._running_for = (document.recording, document.analysis, self._selection)
        self.message.clear()
        self._answers.choose_terms(self._selection, self._failed)

    def _take(self, found: TermSelection) -> None:
        self._found, self._asked = found, self._running_for
        self._find_stale()
        self._show()

    def _failed(self, error: BaseException) -> None:
        field = getattr(error, "field", "") or ""
        message = error.message if isinstance(error, GlmError) else str(error)
        if not (field.startswith("selection.") and self.form.show_error(field.removeprefix("selection."), message)):
            self.message.show_error(message)

    def _find_stale(self) -> None:
        document = self._document
        now = (document.recording, document.analysis, self._selection)
        self._stale = bool(self._asked) and (self._asked[0] is not now[0] or self._asked[1:] != now[1:])
        if self._stale and self._found is not None:
            self.message.show_warning("The terms or the settings have changed since: what is shown answers the question before.")
            self._draw()
        elif self.message.text.startswith("The terms or"):
            self.message.clear()
            self._draw()

    def _show(self) -> None:
        names = [name for name in _TABLES if self._found is not None and name in self._found.datasets()]
        with QSignalBlocker(self.which):
            self.which.clear()
            for name in names:
                self.which.addItem(_TABLES[name], name)
        self._above.setVisible(self._found is not None)
        self._fill()
        self._draw()

    def _fill(self) -> None:
        from glmengine.export.tables import table_columns, tables_by_shape

        self.table.clear()
        name = self.which.currentData()
        if self._found is None or name is None:
            self.table.setRowCount(0)
            self.table.setColumnCount(0)
            self.said.setText("")
            return
        dataset = _told(self._found.datasets()[name], name)
        columns = table_columns(next(iter(tables_by_shape(name, dataset).values())))
        n = len(next(iter(columns.values()), ()))
        shown = min(n, _MOST_ROWS)
        self.table.setRowCount(shown)
        self.table.setColumnCount(len(columns))
        self.table.setHorizontalHeaderLabels([str(one).replace("_", " ") for one in columns])
        for at, (heading, values) in enumerate(columns.items()):
            if heading in dataset:
                said, unit = dataset[heading].attrs.get("long_name", ""), dataset[heading].attrs.get("units", "")
                self.table.horizontalHeaderItem(at).setToolTip(f"{said}{f' ({unit})' if unit else ''}")
            for line in range(shown):
                self.table.setItem(line, at, _item(values[line]))
        self.table.resizeColumnsToContents()
        self.said.setText(f"the first {shown} of {n} rows" if n > shown else "")
        notes = self._found.notes
        self.which.setToolTip("\n".join(notes))

    def _draw(self) -> None:
        unit, found = self._document.unit, self._found
        there = found is not None and unit in found.units
        none = _NOT_ASKED if found is None else "This unit was not among those that terms were chosen for."
        ways = path_drawings(found, unit) if there and found.chosen is not None else []
        shares = contribution_drawings(found.contributions, unit) if there else []
        if there and not ways:
            none = "Models were compared, nothing was chosen: see the tables." if found.chosen is None else "No step was tested."
        self.path.show_drawings(ways, none, f"unit {unit}", greyed=self._stale)
        self.shares.show_drawings(shares, none, f"unit {unit}", greyed=self._stale)

    def _clicked(self, line: int, at: int) -> None:
        heads = [self.table.horizontalHeaderItem(one).text() for one in range(self.table.columnCount())]
        if "unit" in heads:
            self._document.select(unit=self.table.item(line, heads.index("unit")).text())


def _told(dataset: xr.Dataset, name: str) -> xr.Dataset:
    """What a table of units shows first: of chosen terms the model in words, of steps one row a step."""
    if name == "chosen":
        return dataset[["model", "deviance_explained", "p", "q"]]
    if name == "steps":
        return dataset[["candidate", "gain", "p", "taken"]]
    return dataset


def _item(value: object) -> QTableWidgetItem:
    if isinstance(value, float | np.floating):
        text = "" if np.isnan(value) else f"{float(value):.4g}"
    elif isinstance(value, bool | np.bool_):
        text = "yes" if value else "no"
    else:
        text = str(value)
    item = QTableWidgetItem(text)
    if isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_):
        item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item
