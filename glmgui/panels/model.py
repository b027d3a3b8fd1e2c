"""The model panel: distribution, penalty, strengths, and the held-out time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QSplitter,
    QStackedLayout,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from glmengine.analysis.analysis import Analysis, Model, Validation
from glmengine.design.term_size import n_columns
from glmengine.design.term_words import equation_words, inputs_of
from glmengine.errors import GlmError
from glmengine.spec import Spec
from glmgui.document import Document
from glmgui.forms.form import SpecForm
from glmgui.forms.names import choices_in
from glmgui.jobs import Jobs
from glmgui.plots import TimeLine
from glmgui.widgets import EmptyState, FormScroll, MessageLine, Page, column, heading, hint

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

_WELCOME = (
    "Open a recording with Ctrl+O first. Here you then choose the distribution of the counts, how strongly coefficients are kept small, "
    "and on which time the model is tested."
)
_NO_FOLDS = "No cross-validation: nothing says whether the model is true of time that it has not seen."
_MOST_FOLDS = 20
_QUADRATIC = ("ridge", "smoothness", "none")  # with none, single terms may have a penalty of their own


@dataclass(frozen=True, eq=False)
class Parts:
    """Which time is fitted and which is tested.

    Attributes
    ----------
    folds : dict of str to (n, 2) array
        Start and stop (s) of what each fold holds out, and of the epochs that are only tested.
    n_bins : int
        Bins that are fitted.
    span : (float, float)
        First and last second of the recording.
    """

    folds: dict[str, np.ndarray]
    n_bins: int
    span: tuple[float, float]


def parts_of(analysis: Analysis, recording: Recording) -> Parts:
    """The time line of the validation; raises `GlmError` as a fit would. Runs in the worker."""
    from glmengine.analysis.time_grid import make_grid, usable_bins
    from glmengine.design.splits import split_time
    from glmengine.recording.derived.quantities import compute_derived
    from glmengine.recording.named_epochs import rows_in

    whole = compute_derived(analysis.derived, recording, analysis.time.max_gap)
    grid = make_grid(analysis.time, whole)
    rows = usable_bins(analysis.time, whole, grid)
    validation = analysis.validation
    found: dict[str, np.ndarray] = {}
    if validation.test_epochs:
        tested = rows_in(grid, whole, validation.test_epochs)
        found["tested only"] = _pieces(grid, rows & tested)
        rows = rows & ~tested
    if validation.fit_epochs:
        rows = rows & rows_in(grid, whole, validation.fit_epochs)
    if validation.folds:
        split = split_time(validation, grid, rows, whole, analysis.terms, seed=analysis.seed)
        for number, name in enumerate(split.names[:_MOST_FOLDS]):
            called = f"fold {name}" if name.isdigit() else name
            found[called] = _pieces(grid, (split.fold == number) & ~split.left_out)
        if split.left_out.any():
            found["gaps"] = _pieces(grid, split.left_out)
    found["fitted"] = _pieces(grid, rows)
    everything = whole.epochs["all"]
    return Parts(found, int(rows.sum()), (float(everything.start[0]), float(everything.end[-1])))


def _pieces(grid: object, rows: np.ndarray) -> np.ndarray:
    """Start and stop (s) of runs of true rows, (n, 2)."""
    if not rows.any():
        return np.zeros((0, 2))
    at = np.flatnonzero(rows)
    breaks = np.flatnonzero((np.diff(at) > 1) | (np.diff(grid.segment[at]) != 0))
    first, last = np.r_[at[0], at[breaks + 1]], np.r_[at[breaks], at[-1]]
    half = grid.bin_size / 2
    return np.column_stack([grid.centres[first] - half, grid.centres[last] + half])


class ModelPanel(Page):
    """The forms of model and validation on the left; on the right what they mean: the equation, the strengths, the time line."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_panel")
        self._document, self._jobs = document, jobs
        self._n_bins = 0
        self._asked: tuple[object, ...] | None = None
        self.empty = EmptyState("How is it fitted?", _WELCOME, "model_empty", self)
        self.model = SpecForm(Model, name="model")
        self.validation = SpecForm(Validation, name="validation")
        self.message = MessageLine("model_message", self)
        self.equation = QLabel(self)
        self.equation.setObjectName("equation")
        self.equation.setTextFormat(Qt.TextFormat.RichText)
        self.equation.setWordWrap(True)
        self.equation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.terms = _table(("Term", "Depends on", "Columns"), "model_terms", "Terms of the model and their columns")
        self.strengths = _table(
            ("Strength a", "Textbook \u03b1", "Prior sd"), "model_strengths", "Strengths of the penalty in other forms"
        )
        self.strengths.setToolTip(
            "a: the strength as it is given. Textbook: a\u00b7T/2 for T bins, as in log-likelihood less \u03b1 times the sum of squares. "
            "Prior sd: a ridge is a normal prior on each coefficient with this standard deviation, 1/\u221a(a\u00b7T)."
        )
        self.time_line = TimeLine("Held-out time", name="validation_time_line", parent=self)
        self.about_time = hint("", self)
        self._lay_out()
        document.changed.connect(self._changed)
        self.model.edited.connect(lambda value: self._edit(self.model, "model", value))
        self.validation.edited.connect(lambda value: self._edit(self.validation, "validation", value))
        self._changed(frozenset({"recording", "analysis"}))

    def _lay_out(self) -> None:
        form = QWidget()
        box = column(form, margins=4, spacing=8)
        box.addWidget(heading("Model", form))
        box.addWidget(self.model)
        box.addSpacing(8)
        box.addWidget(heading("Validation", form))
        box.addWidget(self.validation)
        box.addWidget(self.message)
        box.addStretch(1)
        left = FormScroll(form, "model_scroll")
        right = QWidget()
        says = QVBoxLayout(right)
        says.setContentsMargins(8, 4, 4, 4)
        says.setSpacing(8)
        says.addWidget(heading("What is fitted", right))
        says.addWidget(self.equation)
        tables = QSplitter(Qt.Orientation.Horizontal)
        tables.setChildrenCollapsible(False)
        tables.addWidget(self.terms)
        tables.addWidget(self.strengths)
        tables.setSizes([500, 420])
        says.addWidget(tables, 2)
        says.addWidget(self.time_line, 3)
        says.addWidget(self.about_time)
        whole = QSplitter(Qt.Orientation.Horizontal)
        whole.setChildrenCollapsible(False)
        whole.addWidget(left)
        whole.addWidget(right)
        whole.setStretchFactor(1, 1)
        whole.setSizes([380, 940])
        content = QWidget(self)
        column(content).addWidget(whole)
        self._content = content
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)

    # From the document

    def _changed(self, what: frozenset[str]) -> None:
        document = self._document
        recording = document.recording
        self._stack.setCurrentWidget(self.empty if recording is None else self._content)
        if recording is None:
            return
        if what & {"recording", "analysis", "derived"}:
            labels = [term.label for term in document.analysis.terms if term.enabled]
            choices = {**choices_in(document.effective_recording), "terms": labels}
            for form, value in ((self.model, document.analysis.model), (self.validation, document.analysis.validation)):
                form.set_context(choices)
                form.set_value(value)
            self.message.clear()
            self._show_terms(document.analysis, recording)
            self._show_strengths()
            self._ask_for_parts()
        if what & {"fault"}:
            self._show_fault(*document.fault)

    def _show_terms(self, analysis: Analysis, recording: Recording) -> None:
        enabled = [term for term in analysis.terms if term.enabled]
        names = " + ".join(f"<i>f</i>({_escaped(term.label)})" for term in enabled)
        if enabled:
            left, distribution = equation_words(analysis.model)
            self.equation.setText(f"{_escaped(left)} = intercept + {names} &nbsp;&nbsp; {_escaped(distribution)}")
        else:
            self.equation.setText("Nothing yet: add what the rate may depend on in the Features step (Ctrl+2).")
        rows = []
        for term in enabled:
            rows.append((term.label, inputs_of(term), f"{n_columns(term, len(recording.unit_names), recording):,}"))
        _fill(self.terms, rows, numbers=(2,))

    def _show_strengths(self) -> None:
        bins = self._n_bins
        rows = []
        analysis = self._document.analysis
        self.strengths.setVisible(analysis.is_penalised and not analysis.model.finds_strengths)
        self.strengths.setColumnHidden(1, analysis.model.penalty not in _QUADRATIC)
        self.strengths.setColumnHidden(2, analysis.model.penalty != "ridge")
        for strength in analysis.model.strengths:
            textbook = f"{strength * bins / 2:.4g}" if bins else "\u2026"
            spread = f"{(strength * bins) ** -0.5:.3g}" if bins and strength else "\u221e" if not strength else "\u2026"
            rows.append((_plain(strength), textbook, spread))
        _fill(self.strengths, rows, numbers=(0, 1, 2))

    def _ask_for_parts(self) -> None:
        analysis, recording = self._document.analysis, self._document.recording
        asked = (analysis.time, analysis.derived, analysis.validation, recording)
        if self._asked is not None and asked[:3] == self._asked[:3] and recording is self._asked[3]:
            return
        self._asked = asked
        self._jobs.submit(
            "Laying out the validation",
            lambda context: parts_of(analysis, recording),
            self._show_parts,
            self._parts_failed,
            key="model-parts",
            quiet=True,
        )

    def _show_parts(self, parts: Parts) -> None:
        self._n_bins = parts.n_bins
        held_out = [name for name in parts.folds if name != "fitted"]
        self.time_line.set_epochs(parts.folds, held_out, parts.span)
        folds = self._document.analysis.validation.folds
        said = f"{parts.n_bins:,} bins are fitted. " + (f"Each of {folds} folds is held out once." if folds else _NO_FOLDS)
        if "tested only" in parts.folds:
            said += " What is tested only is never fitted."
        self.about_time.setText(said)
        self._show_strengths()

    def _parts_failed(self, error: Exception) -> None:
        self.time_line.set_epochs({}, (), (0.0, 1.0))
        if isinstance(error, GlmError):
            self.about_time.setText("")
            self._show_fault(error.field, error.message)

    def _show_fault(self, field: str, message: str) -> None:
        head, _, rest = field.partition(".")
        form = {"model": self.model, "validation": self.validation}.get(head)
        if form is not None:
            form.show_error(rest, message)
        elif not message:
            self.model.clear_errors()
            self.validation.clear_errors()

    # To the document

    def _edit(self, form: SpecForm, part: str, value: Spec) -> None:
        analysis = self._document.analysis
        try:
            changed = analysis.with_(**{part: value})
        except GlmError as error:  # what the two forms say together is not allowed
            form.refuse(error.message, getattr(analysis, part))
            self._show_fault(error.field or part, error.message)
            self.message.show_error(error.message)
            return
        self._document.edit(changed, f"Change {part}")


def _table(headings: tuple[str, ...], name: str, says: str) -> QTableWidget:
    made = QTableWidget(0, len(headings))
    made.setObjectName(name)
    made.setAccessibleName(says)
    made.setHorizontalHeaderLabels(headings)
    made.verticalHeader().hide()
    made.verticalHeader().setDefaultSectionSize(24)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
    made.horizontalHeader().setHighlightSections(False)
    made.setShowGrid(False)
    made.setAlternatingRowColors(True)
    made.setTabKeyNavigation(False)  # Tab goes on to the next control
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
    made.setWordWrap(False)
    made.setMinimumHeight(90)
    return made


def _fill(table: QTableWidget, rows: list[tuple[str, ...]], numbers: tuple[int, ...]) -> None:
    table.setRowCount(len(rows))
    for at, cells in enumerate(rows):
        for part, text in enumerate(cells):
            item = QTableWidgetItem(text)
            if part in numbers:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            table.setItem(at, part, item)


def _plain(number: float) -> str:
    return f"{number:g}".replace("e-0", "e-").replace("e+0", "e")


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)
