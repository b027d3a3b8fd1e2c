"""Lists of names with ticks, of which many are set at once: with Shift from one to another, with Space all that are selected."""

from __future__ import annotations

from collections.abc import Iterable

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QAbstractItemView, QListWidget, QWidget

TICKED, UNTICKED = Qt.CheckState.Checked, Qt.CheckState.Unchecked


class TickList(QListWidget):
    """Its items have a tick each; `ticked` says that one or several were set or taken away by hand."""

    ticked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._last: int | None = None  # the row whose tick was clicked last, from which Shift goes on
        self.itemChanged.connect(lambda _: self.ticked.emit())

    def tick(self, rows: Iterable[int], state: Qt.CheckState) -> None:
        """Set or take away the ticks of some rows, as one change."""
        with QSignalBlocker(self):
            for at in rows:
                self.item(at).setCheckState(state)
        self.viewport().update()
        self.ticked.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        item = self.itemAt(event.position().toPoint())
        before = item.checkState() if item is not None else None
        with QSignalBlocker(self):
            super().mouseReleaseEvent(event)
        if item is None or item.checkState() == before:
            return
        at, state = self.row(item), item.checkState()
        further = event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._last is not None
        first = min(self._last, self.count() - 1) if further else at
        self._last = at
        self.tick(range(min(first, at), max(first, at) + 1), state)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        rows = [self.row(item) for item in self.selectedItems()]
        if event.key() == Qt.Key.Key_Space and len(rows) > 1:
            all_ticked = all(self.item(at).checkState() == TICKED for at in rows)
            self.tick(rows, UNTICKED if all_ticked else TICKED)
            return
        super().keyPressEvent(event)
