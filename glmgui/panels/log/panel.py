"""The log panel: everything that was done and everything that went wrong."""

from __future__ import annotations

import time

from qtpy.QtCore import QModelIndex, Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QCheckBox, QHeaderView, QPlainTextEdit, QSplitter, QTableView, QWidget

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import Notice, notices
from glmgui.panels.log.lines import LogLine, LogLines
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import plain_table


class LogPanel(QWidget):
    """Notices and steps of jobs in the order in which they came; the details of the selected one below."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_panel")
        self.lines = LogLines(self)
        self.list = QTableView(self)
        self.list.setObjectName("log_list")
        self.list.setAccessibleName("Log")
        self.list.setModel(self.lines)
        plain_table(self.list)
        header = self.list.horizontalHeader()
        header.setResizeContentsPrecision(0)  # by the rows in view
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.details = QPlainTextEdit(self)
        self.details.setObjectName("log_details")
        self.details.setAccessibleName("Details of the selected line")
        self.details.setReadOnly(True)
        self.details.setPlaceholderText("Details of the selected line")
        self.steps = QCheckBox("Show every step of a fit", self)
        self.steps.setObjectName("log_steps")
        self.steps.setAccessibleName("Show every step of a fit")
        copy = button("Copy all", "log_copy", "Copy the whole log, for a report", self)
        clear = button("Clear", "log_clear", "Empty the list; the log file keeps everything", self)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(self.details)
        split.setSizes([900, 400])
        box = column(self)
        box.addWidget(split, 1)
        box.addLayout(row(self.steps, None, copy, clear))
        self._to_end = QTimer(self)  # once for all lines of a turn
        self._to_end.setSingleShot(True)
        self._to_end.timeout.connect(self.list.scrollToBottom)
        self.list.selectionModel().currentChanged.connect(self._show_details)
        self.lines.modelReset.connect(self.details.clear)
        self.steps.toggled.connect(self.lines.list_steps)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        clear.clicked.connect(self.lines.clear)
        notices().noticed.connect(self.add)
        jobs.started.connect(lambda label: self._add("step", f"{label}\u2026", "", time.time()))
        jobs.finished.connect(lambda label: self._add("info", f"{label}: done", "", time.time()))
        jobs.logged.connect(lambda line: self._add("step", line, "", time.time()))
        for notice in notices().all:
            self.add(notice)

    @property
    def text(self) -> str:
        """The whole log as plain text."""
        return self.lines.text

    def add(self, notice: Notice) -> None:
        """Show a notice."""
        self._add(notice.level, notice.said, notice.details, notice.when)

    def _add(self, level: str, said: str, details: str, when: float) -> None:
        bar = self.list.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        if self.lines.add(LogLine(level, said, details, when)) and at_end:
            self._to_end.start()

    def _show_details(self, current: QModelIndex, *_: object) -> None:
        line = self.lines.line(current)
        if line is None:
            self.details.clear()
            return
        self.details.setPlainText("\n\n".join(part for part in (line.said, line.details) if part))
