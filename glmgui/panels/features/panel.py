"""The features panel: the terms, pictures of the chosen one, and its form."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu, QSplitter, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from glmengine.design.term_words import describe, variables_of
from glmengine.errors import GlmError
from glmengine.recording.derived.quantities import EPOCH_KINDS
from glmengine.recording.recording import Recording
from glmengine.spec import Spec
from glmgui.before_a_fit import show_way_to_open
from glmgui.document import EVERYTHING, Document
from glmgui.forms import pending
from glmgui.jobs import Jobs
from glmgui.panels.features import add_menu
from glmgui.panels.features.check import TermsCheck
from glmgui.panels.features.design_view import DesignView, design_drawing
from glmgui.panels.features.editor import TermEditor
from glmgui.panels.features.inputs import InputsList
from glmgui.panels.features.live import LiveCurve
from glmgui.panels.features.preview_jobs import SECONDS, Ranges, basis_drawing, features_on_recording, is_quick
from glmgui.panels.features.previews import BasisPreview, FeaturePreview, Features
from glmgui.panels.features.second_model import SecondModel
from glmgui.panels.features.suggestions import Suggestions
from glmgui.panels.features.term_edits import TermEdits
from glmgui.panels.features.term_list import Card, TermList
from glmgui.widgets.columns import Columns
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import ShownPage, column
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page, WhenSeen
from glmgui.widgets.sizes import keep_wide, scaled

_NO_RECORDING = "Open a recording first: its covariates are what a model can be made of."
_NO_TERMS = (
    "A term is one thing that the rate of a neuron may depend on: a position, a direction, a stimulus, its own past spikes, "
    "the spikes of others. Terms add up. Begin with one of these, or with 'Add term' on the left."
)
_NO_CHOICE = "Choose a term on the left to see its functions and to change it."


_LEAST_PICTURES, _LEAST_LISTS = 400, 208
_WIDEST_FORM = 560  # pixels, beyond which fields of numbers would grow, and no sentence be read more easily


class FeaturesPanel(Page):
    """Terms on the left, pictures of the chosen one in the middle, its parameters on the right."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("features_panel")
        self._document, self._jobs = document, jobs
        self._start: float | None = None
        self._refused: tuple[int, str, str] | None = None  # term, field and message of a preview that failed
        self._asked: tuple | None = None
        self._columns_wanted = False  # they were not drawn, because the live fit stands in their place
        self._ranges = Ranges()
        self.terms, self.basis, self.features = TermList(self), BasisPreview(self), FeaturePreview(self)
        self.live = LiveCurve(self)
        self.inputs, self.design = InputsList(self), DesignView(self)
        self._design_asked: tuple | None = None
        self.editor, self.check = TermEditor(self), TermsCheck(document, jobs, self)
        self.message, self.second = MessageLine("term_message", self), SecondModel(self)
        self.edits = TermEdits(document, self)
        self.suggestions = Suggestions(document, jobs, self.edits.add, self.edits.edit, self)
        self.empty = EmptyState("What may the rate depend on?", _NO_RECORDING, "features_empty", self)
        self._lay_out()
        self._pictures = WhenSeen(self, self._preview)
        document.changed.connect(self._changed)
        self.terms.menu_wanted.connect(self._fill_menu)
        self.terms.chosen.connect(lambda at: document.select(term=at))
        self.terms.switched.connect(self.edits.switch)
        self.terms.moved.connect(self.edits.reorder)
        self.terms.removed.connect(self.edits.remove)
        self.terms.duplicated.connect(self.edits.duplicate)
        self.terms.renamed.connect(self.edits.rename)
        self.terms.input_dropped.connect(self.edits.drop)
        self.terms.joined.connect(self.edits.join)
        self.inputs.added.connect(lambda one: self.edits.drop(one, -1))
        self.edits.refused.connect(self._edit_refused)
        self.editor.edited.connect(self._edited)
        self.features.start_changed.connect(self._moved_to)
        self.design.asked.connect(lambda *_: self._show_design())
        self.pictures.currentChanged.connect(lambda _: self._show_design())
        self._changed(EVERYTHING)

    def _lay_out(self) -> None:
        pictures = QSplitter(Qt.Orientation.Vertical)
        pictures.setChildrenCollapsible(False)
        pictures.addWidget(self.basis)
        self._below = QStackedWidget()
        self._below.addWidget(self.features)
        self._below.addWidget(self.live)
        pictures.addWidget(self._below)
        pictures.setSizes([320, 280])
        shown = QWidget()
        box = QVBoxLayout(shown)
        box.setContentsMargins(0, 0, 0, 0)
        self.message.lay_over(shown)
        self.pictures = QTabWidget()
        self.pictures.setObjectName("features_pictures")
        self.pictures.setDocumentMode(True)
        self.pictures.addTab(pictures, "Chosen term")
        self.pictures.addTab(self.design, "Design matrix")
        box.addWidget(self.pictures, 1)
        form = self._form = FormScroll(self.editor, "term_scroll", widest=_WIDEST_FORM)
        details = Columns("term", "Part of the term that is shown")
        details.add(shown, "Pictures", 3)
        details.add(form, "Settings", 1)
        self._halves = details.splitter
        self._halves.setSizes([600, 460])
        form.laid_out.connect(self._give_room)
        self._details = QWidget()
        with_suggestions = column(self._details, margins=0)
        with_suggestions.addWidget(self.suggestions)
        with_suggestions.addWidget(details, 1)
        right = QWidget()
        self._stack = ShownPage(right)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._details)
        self._columns = Columns("features", "Part of the page that is shown")
        self._left = QWidget()
        keep_wide(self._left, _LEAST_LISTS)
        listed = column(self._left, margins=0)
        lists = QSplitter(Qt.Orientation.Vertical)
        lists.setChildrenCollapsible(False)
        lists.addWidget(self.terms)
        lists.addWidget(self.inputs)
        lists.setSizes([360, 240])
        listed.addWidget(lists, 1)
        listed.addWidget(self.check)
        self._columns.add(self._left, "Terms", 1)
        self._columns.add(right, "Chosen term", 6)
        self._columns.splitter.setSizes([240, 1110])
        box = column(self)
        box.addWidget(self.second)
        box.addWidget(self._columns, 1)

    # From the document

    @property
    def _recording(self) -> Recording | None:
        """With the derived covariates, where they are computed already."""
        return self._document.effective_recording

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what:
            self._start = self._asked = None
            if self._document.recording is not None:
                whole = self._document.recording.epochs["all"]
                span = (float(whole.start[0]), float(whole.end[-1]))
                self.features.set_span(span, SECONDS)
                self.design.set_span(span)
        if "code" in what:
            self._asked = None
        if what & {"recording", "derived"}:
            self.inputs.set_recording(self._recording)
        if what & {"recording", "derived", "analysis", "selection", "code"}:
            self._show()
        elif "fault" in what:
            self._show_faults()
        elif "busy" in what and self._recording is None:
            self._show()
        if what & {"result", "analysis", "selection", "live"}:
            self._show_live()
        if what & {"recording", "derived", "analysis", "selection", "code"}:
            self._show_design()

    def _show(self) -> None:
        analysis, recording, at = self._document.analysis, self._recording, self._document.term
        at = at if at is not None and at < len(analysis.terms) else (0 if analysis.terms else None)
        self._columns.want(self._left, wanted=recording is not None)  # else lists of nothing
        self.terms.set_cards(self._cards(), at)
        if recording is None or at is None:
            if recording is None:
                show_way_to_open(self, self.empty, self._document, _NO_RECORDING)
            else:
                self.empty.set_title("")
                self.empty.set_text(_NO_CHOICE if analysis.terms else _NO_TERMS)
                self.empty.set_choices({} if analysis.terms else self.suggestions.choices())
            self._stack.setCurrentWidget(self.empty)
            return
        self._stack.setCurrentWidget(self._details)
        self.suggestions.renew()
        term = analysis.terms[at]
        self.editor.set_term(term, recording)
        self._show_faults()
        self._pictures.ask()

    def _give_room(self) -> None:
        """Let the form of a term have its whole width, as long as the pictures keep enough."""
        pictures, form = self._halves.sizes()
        if not pictures or not form:  # one of them is behind its tab
            return
        wanted = self._form.whole_width
        if form < wanted and pictures + form - wanted >= scaled(_LEAST_PICTURES):
            self._halves.setSizes([pictures + form - wanted, wanted])

    # Pictures

    def _show_live(self) -> None:
        """While there is a live fit, what it found for the chosen term stands in the place of the term's columns."""
        document, unit = self._document, self._document.unit
        sketch, score = document.live_sketch, document.live_score
        live, at, terms = document.result_is_live or sketch is not None, document.term, document.analysis.terms
        label = terms[at].label if at is not None and at < len(terms) else ""
        if sketch is not None and (sketch.label, sketch.unit) == (label, unit):
            self.live.show_sketch(sketch, score)
        elif label and document.result_is_live:
            known = document.result
            self.live.show_term(known, label, unit if unit in known.units else str(known.units[0]), score)
        if not live:
            self.live.clear()
        self._below.setCurrentWidget(self.live if live else self.features)
        if self._columns_wanted and not live:
            self._asked = None
            self._pictures.ask()

    def _preview(self) -> None:
        at, recording, terms = self._document.term, self._recording, self._document.analysis.terms
        if recording is None or not terms:
            return
        at = at if at is not None and at < len(terms) else 0
        term = terms[at]
        time = self._document.analysis.time
        unit = self._document.unit if term.kind == "history" else None
        if self._asked is not None and self._asked[:5] == (at, term, time, self._start, unit) and self._asked[5] is recording:
            return
        self._asked = (at, term, time, self._start, unit, recording)
        self._refused = None
        if is_quick(term):
            self._jobs.drop("basis-preview")
            try:
                basis_drawing(term, recording, time.bin_size, self._ranges)(self.basis)
            except GlmError as error:
                self.basis.show_text(error.message)
        else:
            self._jobs.submit(
                "Drawing functions",
                lambda context: basis_drawing(term, recording, time.bin_size, Ranges()),
                lambda draw: draw(self.basis),
                lambda error: self.basis.show_text(getattr(error, "message", str(error))),
                key="basis-preview",
                quiet=True,
            )
        self._columns_wanted = self._below.currentWidget() is self.live
        if self._columns_wanted:
            return
        start = self._start
        # each unit has the columns of the others alone, which the list of terms counts
        of_whom = f" of unit {unit}" if unit is not None else " from all units" if term.kind == "coupling" else ""
        self._jobs.submit(
            "Drawing features",
            lambda context: features_on_recording(term, recording, time, start, unit, context),
            lambda drawn: self._features_drawn(drawn, of_whom),
            lambda error: self._features_failed(at, error),
            key="feature-preview",
            quiet=True,
        )

    def _show_design(self) -> None:
        """The whole design matrix, while it is looked at."""
        recording = self._recording
        if recording is None or not self.isVisible() or self.pictures.currentWidget() is not self.design:
            return
        analysis, unit, start, seconds = self._document.analysis, self._document.unit, self.design.start, self.design.seconds
        asked = (analysis.terms, analysis.time, unit, start, seconds, recording)
        if self._design_asked is not None and asked[:5] == self._design_asked[:5] and recording is self._design_asked[5]:
            return
        self._design_asked = asked
        self._jobs.submit(
            "Drawing the design matrix",
            lambda context: design_drawing(analysis, recording, seconds, start, unit, context),
            self.design.show_design,
            lambda error: self.design.show_text(getattr(error, "message", str(error))),
            key="design-preview",
            quiet=True,
        )

    def _features_drawn(self, drawn: Features, of_whom: str) -> None:
        self.features.show_features(drawn, of_whom)
        self._refused = None
        self._show_faults()

    def _features_failed(self, at: int, error: Exception) -> None:
        self.features.show_text("The features cannot be drawn: see the message beside the term.")
        field = getattr(error, "field", "").removeprefix("terms.0.")  # a preview is of one term alone
        self._refused = (at, field, getattr(error, "message", str(error)))
        self._show_faults()

    # What is wrong

    def _faults(self) -> dict[int, tuple[str, str]]:
        """By position of the term: the field at fault, as a path inside the term, and the message."""
        analysis, recording = self._document.analysis, self._recording
        found: dict[int, tuple[str, str]] = {}
        if recording is not None:
            known = set(recording.variables) | {one.name for one in analysis.derived if not isinstance(one, EPOCH_KINDS)}
            for at, term in enumerate(analysis.terms):
                for field, variable in variables_of(term).items():
                    if variable not in known and variable not in recording.covariates:
                        found.setdefault(at, (field, f"the recording has no covariate '{variable}'; choose another"))
        if self._refused is not None:
            found.setdefault(self._refused[0], self._refused[1:])
        head, _, rest = self._document.fault[0].partition(".")
        at, _, field = rest.partition(".")
        if head == "terms" and at.isdigit():
            found.setdefault(int(at), (field, self._document.fault[1]))
        return found

    def _cards(self) -> list[Card]:
        faults, recording = self._faults(), self._recording
        n_units = len(recording.unit_names) if recording is not None else 0
        return [
            Card(term.label, describe(term, n_units), term.enabled, faults.get(at, ("", ""))[1])
            for at, term in enumerate(self._document.analysis.terms)
        ]

    def _show_faults(self) -> None:
        """On the card of each term, and of the chosen one beside the field that is at fault, or else above its pictures."""
        if tuple(self._cards()) != self.terms.cards:
            self.terms.set_cards(self._cards(), self._current())
        self.message.clear()
        self.editor.clear_errors()
        field, message = self._faults().get(self._current(), ("", ""))
        if message and not self.editor.show_error(field, message):
            self.message.show_error(message)

    def _moved_to(self, start: float) -> None:
        self._start = start
        self._show()

    def _edit_refused(self, why: str) -> None:
        """Show the terms as they are, and why they were not changed."""
        self._show()
        self.message.show_error(why)
        pending.edit_refused(why)

    def _edited(self, term: Spec) -> None:
        at = self._current()
        if at is not None:
            self.edits.change(at, term)

    def _current(self) -> int | None:
        at = self.terms.view.currentRow()
        return at if 0 <= at < len(self._document.analysis.terms) else None

    # What can be added

    def _fill_menu(self, menu: QMenu) -> None:
        menu.clear()
        if self._recording is not None:
            add_menu.fill(menu, self._recording, self.edits.add)
