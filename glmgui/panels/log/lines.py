"""The lines of the log as a Qt model: what is drawn is asked for, so that thousands of lines cost nothing until they are seen."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, Qt
from qtpy.QtGui import QBrush, QColor

from glmgui import theme

MOST = 2000
"""Lines that are kept; the log file keeps everything."""

_SIGNS = {"info": "", "warning": "\u26a0 warning", "error": "\u2716 error", "step": ""}
_HEADINGS = ("Time", "", "What")
_SIGN, _SAID = 1, 2
_NOWHERE = QModelIndex()


@dataclass(frozen=True)
class LogLine:
    """What was said.

    Attributes
    ----------
    level : {"info", "warning", "error", "step"}
        ``step`` is a step inside a job, which is listed only where it is asked for.
    said, details : str
    when : float
        Seconds since 1970.
    """

    level: str
    said: str
    details: str
    when: float

    @property
    def cells(self) -> tuple[str, str, str]:
        return time.strftime("%H:%M:%S", time.localtime(self.when)), _SIGNS[self.level], self.said


class LogLines(QAbstractTableModel):
    """The last `MOST` lines in the order in which they came; those that are steps are rows only where `with_steps`."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: deque[LogLine] = deque()
        self._listed: deque[LogLine] = deque()
        self._with_steps = False

    @property
    def text(self) -> str:
        """All lines, with the steps and with details, as plain text."""
        lines = []
        for line in self._all:
            lines.append("  ".join(part for part in line.cells if part))
            lines += [f"    {detail}" for detail in line.details.splitlines()]
        return "\n".join(lines)

    def add(self, line: LogLine) -> bool:
        """Add a line at the end, and forget the first where there are more than are kept; returns whether it is a row."""
        if len(self._all) == MOST:
            self._forget_first()
        self._all.append(line)
        if not self._is_listed(line):
            return False
        self.beginInsertRows(_NOWHERE, len(self._listed), len(self._listed))
        self._listed.append(line)
        self.endInsertRows()
        return True

    def clear(self) -> None:
        self.beginResetModel()
        self._all.clear()
        self._listed.clear()
        self.endResetModel()

    def list_steps(self, listed: bool) -> None:
        self.beginResetModel()
        self._with_steps = listed
        self._listed = deque(line for line in self._all if self._is_listed(line))
        self.endResetModel()

    def line(self, index: QModelIndex) -> LogLine | None:
        """What stands in a row; None for no row."""
        return self._listed[index.row()] if index.isValid() else None

    def _is_listed(self, line: LogLine) -> bool:
        return line.level != "step" or self._with_steps

    def _forget_first(self) -> None:
        first = self._all.popleft()
        if self._listed and self._listed[0] is first:
            self.beginRemoveRows(_NOWHERE, 0, 0)
            self._listed.popleft()
            self.endRemoveRows()

    # What Qt asks for

    def rowCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._listed)

    def columnCount(self, parent: QModelIndex = _NOWHERE) -> int:
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self.line(index)
        if line is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return line.cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole and index.column() == _SAID:
            return line.said
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == _SIGN and line.level in ("warning", "error"):
            look = theme.current()
            return QBrush(QColor(look.error if line.level == "error" else look.warning))
        return None
