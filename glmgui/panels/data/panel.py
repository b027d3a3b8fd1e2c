"""The data panel: units, covariates, epochs and conditions, and everything over time."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QSplitter, QWidget

from glmengine.analysis.analysis import Analysis, UnitSelection
from glmengine.analysis.units import chosen_units, excluded_units
from glmengine.errors import GlmError
from glmengine.recording.derived.position import position_covariates, speed_covariates
from glmengine.recording.derived.quantities import EPOCH_KINDS
from glmengine.recording.recording import Recording
from glmengine.sentences import numbered
from glmgui.before_a_fit import show_way_to_open
from glmgui.document import EVERYTHING, Document
from glmgui.drawings.summary import EpochRow, Summary, counted, detail_to_draw, outline, spikes_to_draw
from glmgui.forms.pending import edit_refused
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.panels.data.covariates_table import CovariatesTable
from glmgui.panels.data.derived_edits import DerivedEdits
from glmgui.panels.data.epochs_list import EpochsList
from glmgui.panels.data.moving import MovingDialog
from glmgui.panels.data.next_steps import NextSteps
from glmgui.panels.data.overview import Overview
from glmgui.panels.data.recording_pages import RecordingPages
from glmgui.panels.data.sessions import SessionsList, without_parts
from glmgui.panels.data.time_form import TimeForm
from glmgui.panels.data.units_table import UnitsTable
from glmgui.panels.data.usable import Used, used_of
from glmgui.step_words import change_in_words
from glmgui.widgets.columns import Columns
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import ShownPage, column
from glmgui.widgets.messages import EmptyState
from glmgui.widgets.page import Page, WhenSeen

_NO_TIME = "Which time is used cannot be told: see 'Time that is used'."
_WELCOME = (
    "Open a file with Ctrl+O, or drop one onto the window: NWB, pynapple, Neurosuite, Phy and Suite2p are read directly, MATLAB and tables after some questions. "
    "A simulated sample session is there to look around; the Help menu has more of them."
)


class DataPanel(Page):
    """Units, covariates and epochs on the left, everything over time in the middle, the time that is used on the right.

    Signals
    -------
    session_removed : int
    session_renamed : (int, str)
        What is to become of one of the recordings that are analysed together.
    """

    session_removed = Signal(int)
    session_renamed = Signal(int, str)

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("data_panel")
        self._document, self._jobs = document, jobs
        self._summary: Summary | None = None
        self._used: Used | None = None
        self._asked_covariate: tuple[object, ...] = ()
        self.units, self.covariates, self.epochs = UnitsTable(self), CovariatesTable(self), EpochsList(self)
        self.sessions = SessionsList(self)
        self.overview, self.time_form = Overview(self), TimeForm(self)
        self.pages = RecordingPages(self.overview, jobs, self)
        self.next_steps = NextSteps(self._document, self)
        self.derived = DerivedEdits(document, jobs, self, self._known, self._edit, self.time_form.message.show_error)
        self.empty = EmptyState("No recording is open", _WELCOME, "data_empty", self)
        self._content = QWidget(self)
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._content)
        self._lay_out()
        self._connect()
        self._changed(EVERYTHING)

    def _lay_out(self) -> None:
        left = QSplitter(Qt.Orientation.Vertical)
        left.setChildrenCollapsible(False)
        for part, stretch in ((self.sessions, 0), (self.units, 5), (self.covariates, 2), (self.epochs, 2)):
            left.addWidget(part)
            left.setStretchFactor(left.count() - 1, stretch)
        left.setSizes([24, 320, 140, 130])
        right = QWidget(self)
        below = column(right, margins=0)
        below.addWidget(FormScroll(self.time_form, "time_scroll"), 1)
        below.addWidget(self.next_steps)
        self._columns = Columns("data", "Part of the page that is shown")
        for part, title, stretch in ((left, "Recorded", 4), (self.pages, "Pictures", 8), (right, "What is used", 2)):
            self._columns.add(part, title, stretch)
        self._columns.splitter.setSizes([380, 640, 270])
        column(self._content).addWidget(self._columns)

    def _connect(self) -> None:
        self._share, self._lists = WhenSeen(self, self._ask_for_share), WhenSeen(self, self._show_lists)
        self._picked = WhenSeen(self, self._show_selection)
        self._document.changed.connect(self._changed)
        self.next_steps.action_asked.connect(self.action_asked)
        self.sessions.add_asked.connect(lambda: self.action_asked.emit("add_session"))
        self.sessions.remove_asked.connect(self.session_removed)
        self.sessions.renamed.connect(self.session_renamed)
        self.units.picked.connect(lambda units, unit: self._document.select(unit=unit, units=units))
        self.overview.unit_picked.connect(lambda name: self._document.select(unit=name))
        self.units.ticks_changed.connect(self._units_ticked)
        self.units.only_asked.connect(lambda: self.action_asked.emit("fit_only_selected"))
        self.units.rules.rules_changed.connect(self._rules_changed)
        self.covariates.picked.connect(self._draw_covariate)
        self.covariates.picked.connect(self.pages.tuning.choose)
        self.overview.spikes_wanted.connect(self._draw_current_covariate)
        self.pages.overview_shown.connect(self._draw_current_covariate)
        self.covariates.add_asked.connect(self.derived.offer)
        self.covariates.edit_asked.connect(self.derived.change)
        self.covariates.remove_asked.connect(self.derived.remove)
        self.epochs.add_asked.connect(lambda beside: self.derived.offer(beside, EPOCH_KINDS))
        self.epochs.edit_asked.connect(lambda name: self.derived.change(name, epochs=True))
        self.epochs.remove_asked.connect(lambda name: self.derived.remove(name, epochs=True))
        self.epochs.trials_asked.connect(self.derived.list_trials)
        self.epochs.epochs_changed.connect(lambda names: self._edit_time("Choose epochs", epochs=names))
        self.epochs.intervals_cleared.connect(lambda: self._edit_time("Clear drawn intervals", intervals=()))
        self.epochs.naming_asked.connect(self.derived.name_drawn)
        self.epochs.drawing_changed.connect(self.overview.time_line.set_drawing)
        self.overview.intervals_changed.connect(self._intervals_drawn)
        self.time_form.bin_size_changed.connect(lambda value: self._edit_time("Change bin size", bin_size=value))
        self.time_form.intervals_changed.connect(lambda value: self._edit_time("Change intervals", intervals=value))
        self.time_form.conditions_changed.connect(lambda value: self._edit_time("Change conditions", conditions=value))
        self.time_form.max_gap_changed.connect(lambda value: self._edit_time("Change longest gap", max_gap=value))
        self.time_form.min_spikes_changed.connect(self._min_spikes_changed)
        self.time_form.while_present_changed.connect(self._while_present_changed)
        self.time_form.moving_asked.connect(self.ask_only_while_moving)

    # From the document

    def _changed(self, what: frozenset[str]) -> None:
        recording = self._document.recording
        self._stack.setCurrentWidget(self.empty if recording is None else self._content)
        if recording is None:
            self._summary = self._used = None
            show_way_to_open(self, self.empty, self._document, _WELCOME)
            return
        if "recording" in what:
            self.sessions.set_recording(recording)
            self._summary = self._used = None
            self._asked_covariate = ()
            self.next_steps.say_notes(recording.notes)
            self._begin(recording)
        if what & {"recording", "analysis"}:
            self._show_analysis()
            self._share.ask()
        if what & {"selection", "recording"}:
            self._picked.ask()
            self._show_pages()
            if self.overview.shows_spikes and self.isVisible():
                self._draw_current_covariate()
        if "fault" in what and self._document.fault[0].partition(".")[0] in ("time", "units", "derived"):
            self._show_fault(*self._document.fault)

    def _begin(self, recording: Recording) -> None:
        """Say what is being done, and ask for it: first what is listed at once, then what has to be counted."""
        units = numbered(len(recording.unit_names), "unit")
        of_units = (
            f"Counting the spikes of {units}\u2026"
            if recording.spikes is not None
            else f"Adding up the activity of {units}\u2026"
        )
        covariates = numbered(len(recording.covariates), "covariate")
        self.overview.begin(f"Reading {covariates}\u2026", of_units, "Reading the epochs\u2026")
        self.units.begin(f"Listing {units}\u2026")
        self.covariates.begin(f"Reading {covariates}\u2026")
        self.epochs.begin("Reading the epochs\u2026")
        self.time_form.share.setText("Counting the bins that are used\u2026")
        self.pages.set_subject(None, self._document.analysis, None)
        self._content.setEnabled(False)  # nothing is edited before it is listed
        self._jobs.submit(
            "Listing what was recorded",
            lambda context: outline(recording, context),
            lambda listed: self._listed(listed, recording),
            self._not_summarised,
            key="data-summary",
            quiet=True,
        )

    def _listed(self, listed: Summary, recording: Recording) -> None:
        if self._document.recording is not recording:  # closed while it was read
            return
        self._summary = listed
        self._content.setEnabled(True)
        self.units.set_units(listed.units, listed.headings, listed.words)
        self.units.rules.set_columns(listed.columns)
        self.overview.set_outline(listed)
        self._show_covariates()
        self._show_analysis()
        self._show_selection()
        self._jobs.submit(
            "Counting spikes",
            lambda context: counted(listed, recording, context),
            lambda summary: self._counted(summary, recording),
            self._not_summarised,
            key="data-summary",
            quiet=True,
        )

    def _counted(self, summary: Summary, recording: Recording) -> None:
        if self._document.recording is not recording:
            return
        self._summary = summary
        self.units.fill(summary.units)
        self.overview.set_summary(summary)
        self._show_units(self._document.analysis, recording)
        self._show_selection()

    def _not_summarised(self, error: Exception) -> None:
        self._content.setEnabled(True)
        for part in (self.units, self.covariates, self.epochs, self.overview):
            part.stop_waiting()
        notices().tell_error(error, "Reading what was recorded")

    def _show_analysis(self) -> None:
        analysis, recording = self._document.analysis, self._document.recording
        whole = self._used.time.recording if self._used is not None else recording
        units = {reference: covariate.unit for reference, (covariate, _) in whole.variables.items()}
        for derived in analysis.derived:
            if not isinstance(derived, EPOCH_KINDS):
                units.setdefault(derived.name, "")
        self.time_form.set_values(analysis.time, analysis.units, units)
        can_move = bool(position_covariates(recording) or speed_covariates(recording))
        self.time_form.offer_moving(can_move)
        self.next_steps.show_first()
        if self._summary is not None:
            self.units.rules.set_units(analysis.units)
            self._lists.ask()

    def _show_lists(self) -> None:
        """What is used of units and epochs."""
        analysis, recording = self._document.analysis, self._document.recording
        if recording is not None and self._summary is not None:
            self._show_units(analysis, recording)
            extra = self._used.epochs if self._used is not None else ()
            names = frozenset(one.name for one in extra)
            measured = [one for one in self._summary.epochs if one.kind != "epoch" or one.name not in names]
            first_trials = next((at for at, one in enumerate(measured) if one.kind != "epoch"), len(measured))
            epochs = (*measured[:first_trials], *extra, *measured[first_trials:])
            events = tuple(EpochRow(name, "event", (), count) for name, count in self._summary.events)
            self.epochs.set_epochs((*epochs, *events), analysis.time.epochs, len(analysis.time.intervals), names)
            left = self._used.time.pieces if self._used is not None else None
            drawn = without_parts(epochs, recording, analysis.time.epochs)
            self.overview.set_epochs(drawn, self._summary.span, analysis.time.epochs, analysis.time.intervals, left)

    def _show_units(self, analysis: Analysis, recording: Recording) -> None:
        self.units.model.set_ticked(analysis.units.names)
        if not self._summary.is_counted:  # rules on rates would be counted here and now
            return
        try:
            reasons = excluded_units(analysis.units, recording)
        except GlmError as error:
            reasons = dict.fromkeys(recording.unit_names, "a rule is at fault")
            self._show_fault(error.field, error.message)
        used, least = self._used, analysis.units.min_spikes
        if used is not None and used.min_spikes == least:
            few = dict.fromkeys(used.too_few, f"fewer than {least:,} spikes in the bins used")
            reasons = few | reasons
            if used.fault:
                self._show_fault("units.min_spikes", used.fault)
        self.units.model.set_left_out(reasons)
        try:
            chosen_units(analysis.units, recording)
        except GlmError as error:
            self._show_fault(error.field, error.message)

    def _show_fault(self, field: str, message: str) -> None:
        """Beside its cause: the rules of the units, or the time that is used."""
        of_units = field.startswith(("units.where", "units.min_rate", "units.max_rate"))
        self._columns.unfold(self.units if of_units else self.time_form)
        if of_units:
            self.units.rules.message.show_error(message)
        else:
            self.time_form.show_fault(field, message)

    def _show_selection(self) -> None:
        self.units.select(self._document.unit, self._document.units)
        self.overview.raster.set_selected(self._document.unit)

    def _show_covariates(self) -> None:
        if self._summary is not None:
            extra = self._used.derived if self._used is not None else ()
            names = frozenset(one.name for one in extra)
            measured = tuple(one for one in self._summary.covariates if one.name not in names)
            self.covariates.set_covariates(measured + extra, names)
            self._draw_current_covariate()

    # The share of the time that is used, and derived covariates

    def _ask_for_share(self) -> None:
        analysis, recording = self._document.analysis, self._document.recording
        if recording is None:
            return
        self._jobs.submit(
            "Counting the bins that are used",
            lambda context: used_of(analysis, recording, context),
            self._share_known,
            self._share_failed,
            key="data-share",
            quiet=True,
            background=True,
        )

    def _share_known(self, used: Used) -> None:
        self._used = used
        self.time_form.message.clear()
        self.time_form.share.setText(used.time.text)
        if self._document.recording is not None:
            self._show_covariates()
            self._show_analysis()
            self._show_pages()

    def _show_pages(self) -> None:
        """Ask the page that is seen about what is selected, once it is known which time is used."""
        if self._used is not None:
            self.pages.set_subject(self._used.time.recording, self._document.analysis, self._document.unit)

    def _share_failed(self, error: Exception) -> None:
        self.time_form.share.clear()
        self.pages.refuse(_NO_TIME)
        self._show_fault(getattr(error, "field", ""), getattr(error, "message", str(error)))

    def _draw_covariate(self, name: str) -> None:
        whole = self._used.time.recording if self._used is not None else self._document.recording
        if whole is None or name not in whole.covariates:
            self._asked_covariate = ()
            self.overview.clear_covariate()
            return
        covariate = whole.covariates[name]
        unit = self._document.unit if self.overview.shows_spikes and self.pages.currentWidget() is self.overview else None
        max_gap = self._document.analysis.time.max_gap if unit is not None else None
        asked, before = (covariate, unit, max_gap), self._asked_covariate
        if before and before[0] is covariate and before[1:] == asked[1:]:
            return
        self._asked_covariate = asked
        self._jobs.submit(
            f"Drawing {name}",
            lambda context: (detail_to_draw(covariate, context), spikes_to_draw(whole, name, unit, max_gap)),
            lambda drawn: self.overview.set_covariate(covariate, *drawn),
            key="data-covariate",
            quiet=True,
        )

    def show_covariate(self, name: str) -> None:
        """Select a covariate in the table, and show it over time."""
        self.show_page(self.overview)
        self.covariates.select(name)

    def show_page(self, page: QWidget) -> None:
        """Turn to one of the pages of pictures, which a narrow window may show in the place of the lists."""
        self._columns.turn_to(self.pages)
        self.pages.setCurrentWidget(page)

    def _draw_current_covariate(self) -> None:
        if self.covariates.current is not None:
            self._draw_covariate(self.covariates.current)

    # To the document

    def _edit(self, text: str, change: Callable[[Analysis], Analysis]) -> None:
        try:
            self._document.edit(change(self._document.analysis), text)
        except GlmError as error:
            self._show_analysis()  # no control goes on showing what is not so
            self.time_form.message.show_error(error.message)
            edit_refused(error.message)

    def _edit_time(self, text: str, **changes: object) -> None:
        self._edit(text, lambda analysis: analysis.with_(time=analysis.time.with_(**changes)))

    def _units_ticked(self, names: tuple[str, ...]) -> None:
        chosen = () if len(names) == len(self.units.model.rows) else names
        self._edit("Choose units", lambda analysis: analysis.with_(units=analysis.units.with_(names=chosen)))

    def _rules_changed(self, units: UnitSelection) -> None:
        rules = {name: getattr(units, name) for name in ("min_rate", "max_rate", "where")}
        before = self._document.analysis.units
        text = change_in_words(before, before.model_copy(update=rules))
        self._edit(text, lambda analysis: analysis.with_(units=analysis.units.with_(**rules)))

    def _while_present_changed(self, on: bool) -> None:
        text = "Use units only while present" if on else "Use units all of the time"
        self._edit(text, lambda analysis: analysis.with_(units=analysis.units.with_(while_present=on)))

    def _min_spikes_changed(self, value: int) -> None:
        self._edit("Change least number of spikes", lambda analysis: analysis.with_(units=analysis.units.with_(min_spikes=value)))

    def _intervals_drawn(self, intervals: tuple[tuple[float, float], ...]) -> None:
        self.epochs.draw.setChecked(False)
        self._edit_time("Draw interval", intervals=intervals)

    def ask_only_while_moving(self) -> None:
        """Open the dialog 'Only while moving' and apply what it says."""
        if self._document.recording is None or not self.time_form.moving.isEnabled():
            return
        dialog = MovingDialog(self._document.recording, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._edit("Use only moving", dialog.applied_to))
        dialog.open()

    def _known(self) -> Recording:
        """The recording with the derived covariates and epochs as last computed."""
        return self._used.time.recording if self._used is not None else self._document.recording
