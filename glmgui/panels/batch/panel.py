"""The batch panel: which recordings, what each lacks, what became of it, and the scores of all by group."""

from __future__ import annotations

import math
import os
from itertools import combinations
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QShowEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from glmengine.sentences import of_all
from glmgui.document import Document
from glmgui.laid_over import MessagePlace
from glmgui.panels.batch.recordings_table import RecordingsTable, local_files
from glmgui.shown_numbers import alike
from glmgui.still_fields import StillCombo, StillSpin
from glmgui.widgets.controls import button, refill
from glmgui.widgets.layout import ShownPage, TurningRow, column, row
from glmgui.widgets.messages import EmptyState, MessageLine
from glmgui.widgets.page import Page
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import NumberItem, plain_table
from glmgui.widgets.texts import ElidedLabel, heading, hint
from glmgui.work.many_recordings import GroupRows, ManyRecordings, group_columns

if TYPE_CHECKING:
    from glmengine.batch.one_recording import Outcome

STALE = "The analysis has changed since these results – start again: all recordings are done again with it."
_EMPTY = "The analysis of this project, put to many recordings."
_ADD = "files, folders, or drop them. The program looks at each and says what it lacks before anything is fitted."
_NO_TERMS = (
    "The analysis has no term yet: open one of the recordings and add what the rate may depend on in the Features step (Ctrl+2)."
)
_NO_FOLDER = "Start asks for the folder of the results."
_OPEN_ONE_IS_NOT_IN = " The recording that is open is not in the list: add it, too, if it is to be among the results."
_LEAST_PLACE = 110  # pixels, in which it is read that no folder is chosen
_BETWEEN = "\n"  # columns to group by, in the data of a choice
_GROUP_HEADINGS = (
    "Score",
    "Recordings",
    "Units",
    "Scored",
    "Median",
    "Lower quartile",
    "Upper quartile",
    "Mean",
    "Standard error",
)
_SCORES = {
    "deviance_explained_heldout": "deviance explained, held out",
    "bits_per_spike_heldout": "information, held out (bits/spike)",
    "deviance_explained_fit": "deviance explained, fitted",
    "rate_hz": "mean rate (Hz)",
}


class BatchPanel(Page):
    """The recordings above, with their states; the scores of all, by group, below."""

    def __init__(self, document: Document, many: ManyRecordings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("batch_panel")
        self.setAcceptDrops(True)
        self._document, self._many = document, many
        self._summed: tuple[tuple[Outcome, ...], str] = ((), "")
        self.empty = EmptyState("No recordings in the list yet", _EMPTY, "batch_empty", self)
        self.empty.set_choices({"Add recordings\u2026": many.ask_files, "Add a folder of recordings\u2026": many.ask_folder})
        self.banner = MessageLine("batch_stale", self)
        self.message = MessageLine("batch_message", self)
        self.said = hint("", self)
        self.table = RecordingsTable(self)
        self.add = button("&Add\u2026", "batch_add", "Add recordings; files and folders can be dropped, too", self)
        self.add_folder = button("Add &folder…", "batch_add_folder", "Add all recordings of a folder", self)
        self.remove = button("Remo&ve", "batch_remove", "Take the selected recordings out of the list; their files stay", self)
        self.look = button(
            "&Look again", "batch_look", "Look again at what each recording lacks, for the analysis as it is now", self
        )
        self.recipe = button(
            "Re&cipe…",
            "batch_recipe",
            "Say what the arrays of the selected recordings are, where they differ from the others",
            self,
        )
        self.open = button(
            "Open &result",
            "batch_open",
            "Show the result of the selected recording in the window (Enter or a double click)",
            self,
        )
        self.destination = button(
            "&Results to…", "batch_destination", "The folder in which each recording gets a folder of its own", self
        )
        self.place = ElidedLabel(self)
        self.place.setObjectName("batch_place")
        self.place.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.workers = StillSpin(self)
        self.workers.setObjectName("batch_workers")
        self.workers.setAccessibleName("Processes")
        self.workers.setToolTip("How many recordings are fitted at a time; each takes the memory of a fit")
        self.workers.setRange(1, max(2, os.cpu_count() or 1))
        self.workers.setValue(1)
        self.scheduler = QLineEdit(self)
        self.scheduler.setObjectName("batch_scheduler")
        self.scheduler.setAccessibleName("Dask scheduler")
        self.scheduler.setPlaceholderText("tcp://host:8786")
        self.scheduler.setClearButtonEnabled(True)
        self.scheduler.setMinimumWidth(130)
        self.scheduler.setToolTip(
            "Address of a Dask scheduler whose workers do the recordings in place of processes of this machine; they must see the same "
            "files and the folder of the results. Empty: this machine"
        )
        self.figures = QCheckBox("&Figures", self)
        self.figures.setObjectName("batch_figures")
        self.figures.setToolTip("Write the figures of each recording, too, which takes longer")
        self.start = button(
            "&Start", "batch_start", "Fit all recordings; those that were done with the same question are kept", self
        )
        self.stop = button("St&op", "batch_stop", "Give up those that are not done; Start goes on there", self)
        self.group_by = StillCombo(self)
        self.group_by.setObjectName("batch_group_by")
        self.group_by.setAccessibleName("Scores by")
        self.group_by.setToolTip("By group the table is written into the folder of the results too, as groups.csv")
        self.groups = QTableWidget(0, 0, self)
        self.groups.setObjectName("batch_groups")
        self.groups.setAccessibleName("Scores of all recordings by group")
        self._lay_out()
        self._connect()
        self._show()

    def _lay_out(self) -> None:
        content = QWidget(self)
        box = column(content)
        box.addWidget(MessagePlace(content, self.banner, self.message))
        box.addWidget(self.said)
        above, below = QWidget(content), QWidget(content)
        upper, lower = column(above, margins=0), column(below, margins=0)
        upper.addWidget(self.table, 1)
        listed = row(self.add, self.add_folder, self.remove, self.recipe, self.look, None)
        upper.addWidget(TurningRow(listed, row(None, self.open), above))
        processes, cluster = QLabel("&Processes", above), QLabel("or &Dask at", above)
        processes.setBuddy(self.workers)
        cluster.setBuddy(self.scheduler)
        how = (processes, self.workers, cluster, self.scheduler, self.figures)
        self.place.setMinimumWidth(scaled(_LEAST_PLACE))
        where = row(self.destination, self.place, spacing=6)
        where.setStretch(1, 1)
        upper.addWidget(TurningRow(where, row(None, *how, self.start, self.stop, spacing=6), above))
        by = QLabel("&By", below)
        by.setBuddy(self.group_by)
        lower.addLayout(row(heading("Scores of all recordings", below), by, self.group_by, None, spacing=8))
        plain_table(self.groups)
        self.groups.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.groups.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        lower.addWidget(self.groups, 1)
        halves = QSplitter(content)
        halves.setObjectName("batch_halves")
        halves.setOrientation(Qt.Orientation.Vertical)
        halves.setChildrenCollapsible(False)
        for part, stretch in ((above, 3), (below, 2)):
            halves.addWidget(part)
            halves.setStretchFactor(halves.count() - 1, stretch)
        box.addWidget(halves, 1)
        self._below, self._content = below, content
        self._stack = ShownPage(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(content)

    def _connect(self) -> None:
        many, table = self._many, self.table
        self.add.clicked.connect(lambda: many.ask_files())
        self.add_folder.clicked.connect(lambda: many.ask_folder())
        self.remove.clicked.connect(lambda: many.remove([entry.path for entry in table.chosen]))
        self.look.clicked.connect(lambda: many.look_again())
        self.open.clicked.connect(lambda: many.open(table.chosen[0].path))
        self.destination.clicked.connect(lambda: many.ask_destination())
        self.recipe.clicked.connect(lambda: many.ask_recipe([entry.path for entry in table.chosen]))
        self.start.clicked.connect(
            lambda: many.start(self.workers.value(), figures=self.figures.isChecked(), scheduler=self.scheduler.text().strip())
        )
        self.stop.clicked.connect(lambda: many.stop())
        self.group_by.currentIndexChanged.connect(lambda _: self._sum_up())
        table.dropped.connect(many.add)
        table.opened.connect(many.open)
        table.removed.connect(many.remove)
        table.itemSelectionChanged.connect(self._enable)
        many.changed.connect(self._show)
        self._document.changed.connect(self._document_changed)

    def _document_changed(self, what: frozenset[str]) -> None:
        if what & {"analysis", "recording"} and self.isVisible():
            self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show()

    def _show(self) -> None:
        many = self._many
        self._stack.setCurrentWidget(self._content if many.entries else self.empty)
        self._say_what_is_next()
        self.table.set_entries(many.entries)
        self.banner.set_warning(STALE if many.is_stale and not many.running else "")
        self.said.setText(self._in_words())
        self.place.setText(str(many.folder) if many.folder is not None else "no folder chosen")
        self.place.setToolTip(str(many.folder or ""))
        self._below.setVisible(bool(many.done))
        columns = group_columns(many.done)
        ways = [(name,) for name in columns] + list(combinations(columns, 2))
        refill(self.group_by, [("all units together", ""), *((" and ".join(way), _BETWEEN.join(way)) for way in ways)])
        self._sum_up()
        self._enable()

    def _say_what_is_next(self) -> None:
        """Where the list is empty: what is there of the analysis, and what is to be done first."""
        document = self._document
        if document.recording is None:
            first = "First open one recording and make the analysis there (Data, Features, Model), then add the others here:"
        elif not any(term.enabled for term in document.analysis.terms):
            first = (
                f"{document.recording.name} is open, its analysis has no term yet: add what the rate may depend on in the Features step "
                "(Ctrl+2), then add recordings here:"
            )
        else:
            first = (
                f"It is the one of {document.recording.name}. Add recordings here, that one too if it is to be among the results:"
            )
        self.empty.set_text(f"{_EMPTY} {first} {_ADD}")

    def _in_words(self) -> str:
        """How many are what, and what is to be done next."""
        many = self._many
        count = len(many.entries)
        reached = sum(entry.outcome is not None for entry in many.entries)
        failed = sum(entry.state == "failed" for entry in many.entries)
        lacking = sum(entry.state == "lacks something" for entry in many.entries)
        unread = sum(entry.state == "cannot be read" for entry in many.entries)
        if many.running:
            what = "Stopping…" if many.stopping else f"{of_all(reached, count, 'recordings')} finished"
            return f"{what}{f', {failed} failed' if failed else ''}. What is done is kept in the folder; the window can be used meanwhile."
        if not any(term.enabled for term in self._document.analysis.terms):
            return _NO_TERMS
        if many.look_is_stale and not reached:
            return "The analysis has changed since the recordings were looked at: press Look again."
        if many.looking:
            return "The recordings are being looked at…"
        if reached:
            left = (
                " Start does those that are left."
                if reached < count
                else " Start tries those that failed again."
                if failed
                else ""
            )
            return f"{of_all(reached - failed, count, 'recordings')} done{f', {failed} failed' if failed else ''}. Select one to open its result.{left}"
        said = f"{count} recording{'s' if count != 1 else ''}"
        if lacking or unread:
            lacks = f"lack{'s' if lacking == 1 else ''} something that the analysis names"
            parts = [f"{lacking} of which {lacks}" if lacking else "", f"{unread} of which cannot be read" if unread else ""]
            said += f", {' and '.join(filter(None, parts))}"
        elif all(entry.preview is not None for entry in many.entries):
            said += ", all ready"
        said += f". {_NO_FOLDER if many.folder is None else 'Start when you like; one that cannot be fitted does not stop the others.'}"
        return said + (_OPEN_ONE_IS_NOT_IN if self._open_one_is_left_out else "")

    @property
    def _open_one_is_left_out(self) -> bool:
        """Whether the recording that is open is one that could be in the list, and is not."""
        recording = self._document.recording
        path = None if recording is None else recording.path
        return path is not None and path not in [entry.path for entry in self._many.entries]

    def _enable(self) -> None:
        many, chosen = self._many, self.table.chosen
        idle = not many.running
        if many.fault:
            self.message.show_error(many.fault)
        elif len(chosen) == 1 and chosen[0].reason:  # whole, where the row has no room for it
            self.message.show_warning(chosen[0].reason)
        else:
            self.message.clear()
        for one in (self.add, self.add_folder, self.destination, self.look, self.workers, self.scheduler, self.figures):
            one.setEnabled(idle)
        self.recipe.setEnabled(idle and bool(chosen))
        self.remove.setEnabled(idle and bool(chosen))
        self.start.setEnabled(many.can_start)
        self.stop.setEnabled(many.running and not many.stopping)
        self.open.setEnabled(len(chosen) == 1 and chosen[0].outcome is not None and chosen[0].outcome.summary is not None)

    # Scores by group

    def _sum_up(self) -> None:
        """Make the table of scores in the worker, where other recordings are done or another group is chosen."""
        done, by = self._many.done, self.group_by.currentData() or ""
        if not done or (done, by) == self._summed:
            return
        self._summed = (done, by)
        self._many.sum_up(tuple(by.split(_BETWEEN)) if by else (), self._show_groups)

    def _show_groups(self, found: GroupRows) -> None:
        columns, rows = found
        headings = (*columns, *_GROUP_HEADINGS)
        self.groups.setColumnCount(len(headings))
        self.groups.setHorizontalHeaderLabels(headings)
        self.groups.setRowCount(len(rows))
        score = len(columns)
        for at, values in enumerate(rows):
            alike_texts = iter(alike([value for value in values if isinstance(value, float)]))  # of one score, in its unit
            for part, value in enumerate(values):
                said = next(alike_texts) if isinstance(value, float) else str(value) or "–"
                if part > score:
                    item = NumberItem(said, float(value) if isinstance(value, float | int) else math.nan)
                else:
                    item = QTableWidgetItem(_SCORES.get(said, said) if part == score else said)
                self.groups.setItem(at, part, item)

    # Files dropped anywhere on the page

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event) and not self._many.running:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._many.add(local_files(event))
