"""The model panel: family, penalty, strengths and validation, and what they come to before anything is fitted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from glmengine.analysis.advice import TERMS, advice_on_model, advice_on_validation
from glmengine.analysis.analysis import Analysis, Model, Validation
from glmengine.design.fitted_time import FittedTime, fitted_time
from glmengine.design.formula import formula_of
from glmengine.design.term_size import n_columns
from glmengine.design.term_words import inputs_of
from glmengine.errors import GlmError
from glmengine.sentences import numbered
from glmengine.spec import Spec
from glmgui.before_a_fit import meanwhile, show_way_to_open
from glmgui.document import EVERYTHING, Document
from glmgui.forms.form import SpecForm
from glmgui.forms.names import choices_in
from glmgui.forms.numbers import plain
from glmgui.jobs import Jobs
from glmgui.laid_over import MessagePlace
from glmgui.panels.model.formula_view import FormulaView
from glmgui.panels.model.strength_view import StrengthView, StrengthWords, strength_words
from glmgui.plots import TimeLine
from glmgui.step_words import change_in_words
from glmgui.turns import in_later_turn
from glmgui.widgets.columns import Columns
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import ShownPage, TurningSplitter, column
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page, WhenSeen, WordsColumn
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import heading, hint

if TYPE_CHECKING:
    from glmengine.design.fit_size import Estimate
    from glmengine.recording.recording import Recording

_WELCOME = (
    "Open a recording with Ctrl+O first. Here you then choose the distribution of the counts, how strongly coefficients are kept small, "
    "and on which time the model is tested."
)
_NO_FOLDS = "No cross-validation: nothing says whether the model is true of time that it has not seen."
_QUADRATIC = ("ridge", "smoothness", "none")  # with none, single terms may have a penalty of their own
_MOST_ROWS = 24  # of the time line
_SOON_TOLD = "What a strength does to a curve is said here as soon as it is worked out."
_SOON_MS = 300  # in which nobody takes the split of before for that of now
_TERM_HEADINGS = {
    "Term": "One thing that the rate may depend on, with its basis",
    "Depends on": "The variables, events or units that the term is made of",
    "Columns": "How many columns the term has in the design: the numbers that the fit has to find for it",
}
_STRENGTH_HEADINGS = {
    "Strength a": "The strength as it is given: the number in front of the penalty",
    "Textbook \u03b1": "a\u00b7T/2 for T bins: the strength where the log-likelihood is a sum over bins and the penalty \u03b1 times the sum of squares",
    "Prior sd": "A ridge is a normal prior on each coefficient, with this standard deviation: 1/\u221a(a\u00b7T)",
    "Freedom": "Effective degrees of freedom that are left to the first term of one or two variables, of a unit with the median rate",
}


_BOTH_TABLES = 700  # pixels, with which the tables of terms and strengths have room side by side


class ModelPanel(Page):
    """The forms of model and validation on the left; on the right what they mean: the equation, the strengths, the time line."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("model_panel")
        self._document, self._jobs = document, jobs
        self._time: FittedTime | None = None
        self._words: StrengthWords | None = None
        self._asked: tuple[object, ...] | None = None
        self._parts_wait = False  # the split of the present question is not drawn yet
        self._words_wait = False  # what its strengths do is not told yet
        self._pale = False  # one of both, for so long that it is shown
        self._words_asked: tuple[object, ...] | None = None
        self.empty = EmptyState("How is it fitted?", _WELCOME, "model_empty", self)
        self.model = SpecForm(Model, name="model")
        self.validation = SpecForm(Validation, name="validation")
        self.whole = SpecForm(Analysis, fields=("title", "seed"), name="analysis")
        self.message = MessageLine("model_message", self)
        self.formula = FormulaView(self)
        self.size_line = hint("", self)
        self.size_line.setObjectName("model_size")
        self.too_large = MessageLine("model_too_large", self)
        self.meanwhile = hint("", self)
        self.meanwhile.setObjectName("model_meanwhile")
        self.meanwhile.hide()
        self.strength = StrengthView(self)
        self.terms = _table(_TERM_HEADINGS, "model_terms", "Terms of the model and their columns", stretched=(0, 1))
        self.strengths = _table(_STRENGTH_HEADINGS, "model_strengths", "Strengths of the penalty in other forms", stretched=())
        self.time_line = TimeLine("Held-out time", name="validation_time_line", parent=self)
        self.about_time = hint("", self)
        self._lay_out()
        self._parts = WhenSeen(self, self._ask_for_parts)
        document.changed.connect(self._changed)
        self.strength.strengths_changed.connect(self._edit_strengths)
        self.model.edited.connect(lambda value: self._edit(self.model, "model", value))
        self.validation.edited.connect(lambda value: self._edit(self.validation, "validation", value))
        self.whole.edited.connect(self._edit_whole)
        self._changed(EVERYTHING)

    def _lay_out(self) -> None:
        form = QWidget()
        box = column(form, margins=4, spacing=8)
        box.addWidget(heading("Model", form))
        box.addWidget(self.model)
        box.addSpacing(8)
        box.addWidget(heading("Validation", form))
        box.addWidget(self.validation)
        box.addSpacing(8)
        box.addWidget(heading("This analysis", form))
        box.addWidget(self.whole)
        box.addStretch(1)
        left = FormScroll(form, "model_scroll")
        self.message.lay_over(left)
        right = WordsColumn()
        says = QVBoxLayout(right)
        says.setContentsMargins(8, 4, 4, 4)
        says.setSpacing(8)
        says.addWidget(self.formula)
        says.addWidget(self.size_line)
        says.addWidget(MessagePlace(right, self.too_large, self.meanwhile))
        says.addWidget(self.strength)
        tables = TurningSplitter(_BOTH_TABLES)
        tables.setChildrenCollapsible(False)
        tables.addWidget(self.terms)
        tables.addWidget(self.strengths)
        tables.setSizes([400, 460])
        says.addWidget(tables, 2)
        says.addWidget(self.time_line, 3)
        says.addWidget(self.about_time)
        whole = Columns("model", "Part of the page that is shown")
        whole.add(left, "Settings", 0)
        whole.add(right, "What they come to", 1)
        whole.splitter.setSizes([380, 940])
        content = QWidget(self)
        column(content).addWidget(whole)
        self._content = content
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)

    # From the document

    def _changed(self, what: frozenset[str]) -> None:
        document = self._document
        recording = document.recording
        self._stack.setCurrentWidget(self.empty if recording is None else self._content)
        if recording is None:
            show_way_to_open(self, self.empty, document, _WELCOME)
            return
        if what & {"recording", "analysis", "derived"}:
            labels = [term.label for term in document.analysis.terms if term.enabled]
            choices = {**choices_in(document.effective_recording), "terms": labels}
            for form, value in ((self.model, document.analysis.model), (self.validation, document.analysis.validation)):
                form.set_context(choices)
                form.set_value(value)
            self._advise()
            self.whole.set_value(document.analysis)
            self.message.clear()
            self._show_terms(document.analysis, recording)
            self._show_strengths()
            self._parts.ask()
        if "busy" in what:
            said = meanwhile(document)
            self.meanwhile.setText(said)
            self.meanwhile.setVisible(bool(said))
        if what & {"fault"}:
            self._show_fault(*document.fault)

    def _advise(self) -> None:
        """Beside each choice what it is for, and when not to use it."""
        analysis = self._document.analysis
        self.model.set_notes({field: advice.text for field, advice in advice_on_model(analysis.model).items()})
        self.validation.set_notes({field: advice.text for field, advice in advice_on_validation(analysis.validation).items()})

    def show_size(self, found: Estimate | None) -> None:
        """What a fit would take, and a warning where that is much."""
        if found is None or not found.n_columns:
            self.too_large.clear()
            self.size_line.clear()
            return
        self.size_line.setText(found.product)
        self.too_large.set_warning(" ".join(found.warnings))

    def _show_terms(self, analysis: Analysis, recording: Recording) -> None:
        enabled = [term for term in analysis.terms if term.enabled]
        self.formula.set_formula(formula_of(analysis))
        rows = []
        for term in enabled:
            rows.append((term.label, inputs_of(term), f"{n_columns(term, len(recording.unit_names), recording):,}"))
        self.terms.setVisible(bool(rows))
        _fill(self.terms, rows, numbers=(2,))
        for at, term in enumerate(enabled):
            for part in range(self.terms.columnCount()):
                self.terms.item(at, part).setToolTip(f"{rows[at][part]}\n{TERMS[term.kind].text}")

    def _show_strengths(self) -> None:
        bins = self._time.n_bins if self._time is not None else 0
        rows = []
        analysis = self._document.analysis
        model = analysis.model
        self.strength.set_strengths(model.strengths)
        self.strength.set_state(penalised=analysis.is_penalised, found=model.finds_strengths)
        self.strengths.setColumnHidden(1, model.penalty not in _QUADRATIC)
        self.strengths.setColumnHidden(2, model.penalty != "ridge")
        freedoms = dict(zip(sorted(model.strengths), self._words.freedoms, strict=False)) if self._words is not None else {}
        self.strengths.setColumnHidden(3, not any(map(math.isfinite, freedoms.values())))
        says_more = not all(self.strengths.isColumnHidden(part) for part in (1, 2, 3))
        self.strengths.setVisible(analysis.is_penalised and not model.finds_strengths and says_more)
        for strength in model.strengths:
            textbook = f"{strength * bins / 2:.4g}" if bins else "\u2026"
            spread = f"{(strength * bins) ** -0.5:.3g}" if bins and strength else "\u221e" if not strength else "\u2026"
            freedom = freedoms.get(strength, math.nan)
            rows.append((plain(strength), textbook, spread, f"{freedom:.1f}" if math.isfinite(freedom) else ""))
        _fill(self.strengths, rows, numbers=(0, 1, 2, 3))
        if self._words is not None and analysis.is_penalised and not model.finds_strengths:
            told = self._words.sentences if self._words.term or not self._pale else (_SOON_TOLD,)
            self.strength.words.setText("\n".join(told))

    # What is computed in the worker

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask_for_parts()

    def _ask_for_parts(self) -> None:
        """The split and what follows from it, while somebody looks at it."""
        if not self.isVisible() or self._document.recording is None:
            return
        analysis, recording = self._document.analysis, self._document.recording
        if recording is None:
            return
        terms = analysis.terms if analysis.validation.gap else ()  # which have a say in the length of the gaps
        asked = (analysis.time, analysis.derived, analysis.validation, analysis.units, analysis.model.family, terms)
        if self._asked is not None and asked == self._asked[:-1] and recording is self._asked[-1]:
            self._ask_for_words()
            return
        self._asked = (*asked, recording)
        self._jobs.submit(
            "Laying out the validation",
            lambda context: fitted_time(analysis, recording, context),
            self._show_parts,
            self._parts_failed,
            key="model-parts",
            quiet=True,
            background=True,
        )
        self._parts_wait = True
        in_later_turn(self, self._grey_what_waits, _SOON_MS)

    def _grey_what_waits(self) -> None:
        """Show the split and the words of before pale where those of the present question are long in coming, as while a fit runs."""
        self.time_line.set_greyed(self._parts_wait)
        self.about_time.setEnabled(not self._parts_wait)
        pale = self._parts_wait or self._words_wait
        self.strength.words.setEnabled(not pale)
        if pale != self._pale:
            self._pale = pale
            self._show_strengths()

    def _show_parts(self, parts: FittedTime) -> None:
        self._time, self._parts_wait = parts, False
        self._grey_what_waits()
        rows = dict(list(parts.folds.items())[:_MOST_ROWS])
        strong = [*rows, "tested only"]
        for name, pieces in ((parts.grouped_by, parts.intervals), ("left out", parts.gaps), ("tested only", parts.tested)):
            if len(pieces):
                rows[name] = pieces
        rows["time used"] = parts.fitted
        self.time_line.set_epochs(rows, strong, parts.span, marked=("left out",))
        self.time_line.show()
        said = [f"{numbered(parts.n_bins, 'bin')} are used."]
        if parts.folds:
            said.append(f"Each of {len(parts.folds)} folds is held out once, while the others are fitted.")
        else:
            said.append(_NO_FOLDS)
        if len(parts.folds) > _MOST_ROWS:
            said.append(f"The first {_MOST_ROWS} are drawn.")
        if len(parts.tested):
            said.append("What is tested only is never fitted.")
        said += parts.notes
        self.about_time.setText(" ".join(said))
        self._show_strengths()
        self._ask_for_words()

    def _ask_for_words(self) -> None:
        """What the strengths do to the curve of a term; asked again only where that may have changed."""
        analysis, recording, time = self._document.analysis, self._document.recording, self._time
        if time is None or recording is None:
            return
        asked = (analysis.model, analysis.terms, time)
        if self._words_asked is not None and asked[:2] == self._words_asked[:2] and time is self._words_asked[2]:
            return
        self._words_asked = asked
        strengths = sorted(analysis.model.strengths)
        known = self._document.effective_recording.variables
        units = {name: covariate.unit for name, (covariate, _) in known.items()}
        self._jobs.submit(
            "Telling what the strength does",
            lambda context: strength_words(analysis, strengths, time.spikes_a_bin, units),
            self._show_words,
            self._words_failed,
            key="strength-words",
            quiet=True,
        )
        self._words_wait = True
        in_later_turn(self, self._grey_what_waits, _SOON_MS)

    def _show_words(self, words: StrengthWords) -> None:
        self._words, self._words_wait = words, False
        self._grey_what_waits()
        self._show_strengths()

    def _words_failed(self, error: Exception) -> None:
        self._show_words(StrengthWords((getattr(error, "message", str(error)),), (), ""))

    def _parts_failed(self, error: Exception) -> None:
        self._parts_wait = False
        self._grey_what_waits()
        self.time_line.set_epochs({}, (), (0.0, 1.0))
        self.time_line.hide()  # axes without a split would pass for one
        self.about_time.setText("")
        if isinstance(error, GlmError):
            self.about_time.setText(f"The split of the time cannot be drawn: {error.message}")
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

    def _edit_strengths(self, strengths: tuple[float, ...]) -> None:
        self._edit(self.model, "model", self._document.analysis.model.with_(strengths=strengths))

    def _edit(self, form: SpecForm, part: str, value: Spec) -> None:
        analysis = self._document.analysis
        try:
            changed = analysis.with_(**{part: value})
        except GlmError as error:  # what the two forms say together is not allowed
            form.refuse(error.message, getattr(analysis, part))
            self._show_fault(error.field or part, error.message)
            self.message.show_error(error.message)
            return
        self._document.edit(changed, change_in_words(getattr(analysis, part), value))

    def _edit_whole(self, value: Analysis) -> None:
        self._document.edit(value, change_in_words(self._document.analysis, value))


def _table(headings: Mapping[str, str], name: str, says: str, *, stretched: tuple[int, ...]) -> QTableWidget:
    """An empty table; its headings, each with what it means, are whole, also where that needs a scroll bar, but for those of the columns that take what room there is."""
    made = QTableWidget(0, len(headings))
    made.setObjectName(name)
    made.setAccessibleName(says)
    made.setHorizontalHeaderLabels(list(headings))
    for at, said in enumerate(headings.values()):
        made.horizontalHeaderItem(at).setToolTip(said)
    plain_table(made)
    show_term_names(made)
    made.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
    for part in stretched:
        made.horizontalHeader().setSectionResizeMode(part, QHeaderView.ResizeMode.Stretch)
    made.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    made.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
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
