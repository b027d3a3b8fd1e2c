"""The log panel: everything that was done and everything that went wrong."""

from __future__ import annotations

import time
from collections import deque

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QBrush, QColor, QGuiApplication, QShowEvent
from qtpy.QtWidgets import QCheckBox, QHeaderView, QPlainTextEdit, QSplitter, QTreeWidget, QTreeWidgetItem, QWidget

from glmgui import theme
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import Notice, notices
from glmgui.widgets.controls import button
from glmgui.widgets.layout import column, row

_MOST = 2000
_SIGNS = {"info": "", "warning": "\u26a0 warning", "error": "\u2716 error", "step": ""}


class LogPanel(QWidget):
    """Notices and steps of jobs in the order in which they came; the details of the selected one below."""

    def __init__(self, document: Document, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_panel")
        self._waiting: deque[tuple[str, str, str, float]] = deque(maxlen=_MOST)  # level, words, details and time
        self.list = QTreeWidget(self)
        self.list.setObjectName("log_list")
        self.list.setAccessibleName("Log")
        self.list.setHeaderLabels(("Time", "", "What"))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setAlternatingRowColors(True)
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.list.header().setStretchLastSection(True)
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
        self.list.currentItemChanged.connect(self._show_details)
        self.steps.toggled.connect(self._filter)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text))
        clear.clicked.connect(self._clear)
        notices().noticed.connect(self.add)
        jobs.started.connect(lambda label: self._add("step", f"{label}\u2026", "", time.time()))
        jobs.finished.connect(lambda label: self._add("info", f"{label}: done", "", time.time()))
        jobs.logged.connect(lambda line: self._add("step", line, "", time.time()))
        for notice in notices().all:
            self.add(notice)

    @property
    def text(self) -> str:
        """The whole log as plain text."""
        self._list_waiting()
        lines = []
        for at in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(at)
            lines.append("  ".join(part for part in (item.text(0), item.text(1), item.text(2)) if part))
            details = item.data(0, Qt.ItemDataRole.UserRole)
            if details:
                lines += [f"    {line}" for line in details.splitlines()]
        return "\n".join(lines)

    def _clear(self) -> None:
        self._waiting.clear()
        self.list.clear()

    def add(self, notice: Notice) -> None:
        """Show a notice."""
        self._add(notice.level, notice.said, notice.details, notice.when)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._list_waiting()

    def _add(self, level: str, said: str, details: str, when: float) -> None:
        self._waiting.append((level, said, details, when))
        if self.isVisible():
            self._list_waiting()

    def _list_waiting(self) -> None:
        """List what was said while nobody could see it: a fit says hundreds of steps, each of which would hold the window up a little."""
        while self._waiting:
            self._list_one(*self._waiting.popleft())

    def _list_one(self, level: str, said: str, details: str, when: float) -> None:
        item = QTreeWidgetItem([time.strftime("%H:%M:%S", time.localtime(when)), _SIGNS[level], said])
        item.setData(0, Qt.ItemDataRole.UserRole, details)
        item.setData(1, Qt.ItemDataRole.UserRole, level)
        item.setToolTip(2, said)
        _colour(item)
        shown = level != "step" or self.steps.isChecked()
        at_end = shown and self.list.verticalScrollBar().value() >= self.list.verticalScrollBar().maximum() - 2
        self.list.addTopLevelItem(item)
        item.setHidden(not shown)
        if self.list.topLevelItemCount() > _MOST:
            self.list.takeTopLevelItem(0)
        if at_end:
            self.list.scrollToBottom()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            made = self.findChild(QTreeWidget, "log_list")  # it comes before the list is made, too
            for at in range(made.topLevelItemCount() if made is not None else 0):
                _colour(made.topLevelItem(at))

    def _filter(self, shown: bool) -> None:
        for at in range(self.list.topLevelItemCount()):
            item = self.list.topLevelItem(at)
            item.setHidden(item.data(1, Qt.ItemDataRole.UserRole) == "step" and not shown)

    def _show_details(self, item: QTreeWidgetItem | None, *_: object) -> None:
        if item is None:
            self.details.clear()
            return
        details = item.data(0, Qt.ItemDataRole.UserRole)
        self.details.setPlainText(f"{item.text(2)}\n\n{details}" if details else item.text(2))


def _colour(item: QTreeWidgetItem) -> None:
    """Give the word for what went wrong the colour of the present look."""
    table, level = theme.current(), item.data(1, Qt.ItemDataRole.UserRole)
    if level in ("warning", "error"):
        item.setForeground(1, QBrush(QColor(table.error if level == "error" else table.warning)))
