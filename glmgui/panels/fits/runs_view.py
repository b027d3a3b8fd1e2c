"""The list of runs: what waits, runs and has ended, how far it is and how long it takes, in an order that can be changed."""

from __future__ import annotations

import math

from qtpy.QtCore import QEvent, QObject, QSignalBlocker, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.analysis.difference import differences
from glmengine.context import Progress
from glmgui.jobs import Jobs
from glmgui.shown_time import duration, how_far, time_left
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import plain_table, show_term_names
from glmgui.widgets.texts import hint
from glmgui.work.fitting import Fitting
from glmgui.work.runs import DONE, FAILED, RUNNING, WAITING, Run

_HEADINGS = ("State", "Fit", "What is new in it", "How far")
_HELPS = (
    "Whether the fit waits, runs, or how it ended",
    "The terms of the model that is fitted",
    "What differs from the question above",
    "How much is done and how long it still takes; of those that have ended, how long they took",
)
_FAR = len(_HEADINGS) - 1
_MOST_ROWS = 4
_ABOUT = "Fit again (Ctrl+R) while a fit runs puts the next question here; each ends among the fits below."


class RunsView(QWidget):
    """A table of the runs of this session, hidden while there are none but those that are done."""

    def __init__(self, fitting: Fitting, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("fits_runs")
        self._fitting, self._runs = fitting, fitting.runs
        self._said = ""  # how far the one is that runs
        self._left = math.nan
        self.table = QTableWidget(0, len(_HEADINGS), self)
        self.table.setObjectName("fits_runs_table")
        self.table.setAccessibleName("Fits that wait, run and have ended")
        self.table.setHorizontalHeaderLabels(_HEADINGS)
        for at, text in enumerate(_HELPS):
            self.table.horizontalHeaderItem(at).setToolTip(text)
        plain_table(self.table)
        show_term_names(self.table)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # it would cover a row
        self.table.viewport().installEventFilter(self)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.said = hint(_ABOUT, self)
        self.sooner = button("&Sooner", "runs_sooner", "Let the selected fit run before the one above it (Alt+Up)", self)
        self.later = button("&Later", "runs_later", "Let the selected fit run after the one below it (Alt+Down)", self)
        self.remove = button("Ta&ke out", "runs_remove", "Give up the selected fit, or take it off the list (Delete)", self)
        self.tidy = button("&Tidy up", "runs_tidy", "Take those that have ended off the list; the fits themselves are kept", self)
        box = column(self, margins=0)
        box.addWidget(self.table)
        line = row(self.sooner, self.later, self.remove, self.tidy, self.said)
        line.setStretch(line.count() - 1, 1)
        box.addLayout(line)
        self.sooner.clicked.connect(lambda: self._move(-1))
        self.later.clicked.connect(lambda: self._move(1))
        self.remove.clicked.connect(self._remove)
        self.tidy.clicked.connect(self._runs.clear_ended)
        self.table.itemSelectionChanged.connect(self._picked)
        self._runs.changed.connect(self._show)
        jobs.progressed.connect(self._progressed)
        self._show()

    @property
    def number(self) -> int | None:
        """Of the run in the selected row."""
        items = self.table.selectedItems()
        return items[0].data(Qt.ItemDataRole.UserRole) if items else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._share_room()
        return super().eventFilter(watched, event)

    def _share_room(self) -> None:
        """Words are whole where others need less than their share; why a fit was refused is too long for any."""
        header = self.table.horizontalHeader()
        wanted = [
            (max(self.table.sizeHintForColumn(part), header.sectionSizeHint(part)), part) for part in range(1, len(_HEADINGS))
        ]
        room = self.table.viewport().width() - header.sectionSize(0)
        for at, (needed, part) in enumerate(sorted(wanted)):
            width = min(needed, room // (len(wanted) - at))
            header.resizeSection(part, max(width, header.minimumSectionSize()))
            room -= width

    def keyPressEvent(self, event) -> None:
        alt = event.modifiers() == Qt.KeyboardModifier.AltModifier
        if event.key() == Qt.Key.Key_Delete and self.number is not None:
            self._remove()
        elif alt and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._move(-1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        chosen, runs = self.number, self._runs.all
        if self._runs.running is None:
            self._said, self._left = "", math.nan
        self.setVisible(any(run.state != DONE for run in runs))  # those that are done stand among the fits
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(runs))
            for at, run in enumerate(runs):
                new = "; ".join(differences(runs[at - 1].analysis, run.analysis)) if at else ""
                for part, text in enumerate((run.state, run.name, new, self._how_far(run))):
                    item = QTableWidgetItem(text)
                    item.setData(Qt.ItemDataRole.UserRole, run.number)
                    item.setToolTip(text)
                    self.table.setItem(at, part, item)
                if run.number == chosen:
                    self.table.selectRow(at)
        rows = min(max(len(runs), 1), _MOST_ROWS)
        self.table.setFixedHeight(
            self.table.horizontalHeader().sizeHint().height() + rows * self.table.verticalHeader().defaultSectionSize() + 4
        )
        self._share_room()
        self._say_left()
        self._picked()

    def _how_far(self, run: Run) -> str:
        if run.state == RUNNING:
            return self._said
        if run.state == FAILED:
            return run.said
        if math.isnan(run.seconds):
            return ""
        return f"about {time_left(run.seconds)}" if run.state == WAITING else f"took {duration(run.seconds)}"

    def _progressed(self, progress: Progress, seconds_left: float | None) -> None:
        running = self._runs.running
        if running is None:
            return
        self._left = math.nan if seconds_left is None else seconds_left
        self._said = how_far(progress.fraction, seconds_left)
        if not self.isVisible():
            return
        for at in range(self.table.rowCount()):
            if self.table.item(at, 0).data(Qt.ItemDataRole.UserRole) == running.number:
                self.table.item(at, _FAR).setText(self._said)
        self._say_left()

    def _say_left(self) -> None:
        seconds = [run.seconds for run in self._runs.waiting] + ([self._left] if self._runs.running is not None else [])
        whole = sum(seconds)
        known = len(self._runs.waiting) and math.isfinite(whole)
        self.said.setText(f"All of them: about {time_left(whole)} left." if known else _ABOUT)

    def _picked(self) -> None:
        number = self.number
        run = self._runs.of(number) if number is not None else None
        waiting = [one.number for one in self._runs.waiting]
        self.sooner.setEnabled(number in waiting[1:])
        self.later.setEnabled(number in waiting[:-1])
        self.remove.setEnabled(run is not None)
        self.tidy.setEnabled(any(one.has_ended for one in self._runs.all))
        self.remove.setText("Ca&ncel it" if run is not None and run.state == RUNNING else "Ta&ke out")

    def _move(self, by: int) -> None:
        if self.number is not None:
            self._runs.move(self.number, by)

    def _remove(self) -> None:
        if self.number is not None:
            self._fitting.cancel(self.number)
