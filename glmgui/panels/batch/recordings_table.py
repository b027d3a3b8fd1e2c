"""The table of the recordings of a batch: what each lacks, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtGui import QColor, QDragEnterEvent, QDragMoveEvent, QDropEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.analysis.wording import share_text
from glmgui import theme
from glmgui.widgets.tables import plain_table
from glmgui.work.many_recordings import Entry

_HEADINGS = (
    "Recording",
    "State",
    "Units",
    "Time used (s)",
    "Median score",
    "Best score",
    "Took (s)",
    "What it lacks, or why it failed",
)
_HELPS = (
    "Drop files or folders here to add them",
    "What is known of it, or what became of it",
    "Units that are fitted",
    "Time that is used, as the conditions of the analysis have it",
    "Deviance explained on held-out time, the median over the units",
    "The same of the best unit",
    "How long the fit took",
    "Why it cannot be fitted",
)
_OF_FITS = (4, 5, 6)
_SIGNS = {
    "done": "✓ ",
    "done before": "✓ ",
    "failed": "✖ ",
    "lacks something": "⚠ ",
    "cannot be read": "⚠ ",
    "ready": "",
    "not looked at": "… ",
    "not finished yet": "… ",
}
_COLOURS = {"done": "good", "done before": "good", "failed": "error", "lacks something": "warning", "cannot be read": "warning"}


class RecordingsTable(QTableWidget):
    """One row a recording; files and folders can be dropped on it.

    Signals
    -------
    dropped : list of Path
    opened : Path
        A row whose result is to be shown.
    removed : list of Path
        Delete was pressed on these.
    """

    dropped = Signal(object)
    opened = Signal(object)
    removed = Signal(object)
    _entries: tuple[Entry, ...] = ()  # a change of palette comes before the table is made

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(_HEADINGS), parent)
        self.setObjectName("batch_recordings")
        self.setAccessibleName("Recordings of the batch")
        self.setHorizontalHeaderLabels(_HEADINGS)
        for at, text in enumerate(_HELPS):
            self.horizontalHeaderItem(at).setToolTip(text)
        plain_table(self)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.resizeSection(0, 200)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setAcceptDrops(True)
        self.itemDoubleClicked.connect(lambda item: self.opened.emit(self._entries[item.row()].path))

    def set_entries(self, entries: Sequence[Entry]) -> None:
        """Show these; a row that is as it was is not made again."""
        self.setRowCount(len(entries))
        for at, entry in enumerate(entries):
            if at >= len(self._entries) or self._entries[at] is not entry or self.item(at, 0) is None:
                self._fill(at, entry)
        self._entries = tuple(entries)
        done = any(entry.outcome is not None and entry.outcome.summary is not None for entry in entries)
        for part in _OF_FITS:  # until then their room is for what is lacking
            self.setColumnHidden(part, not done)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for at, entry in enumerate(self._entries):
                self._colour(self.item(at, 1), entry)

    @staticmethod
    def _colour(item: QTableWidgetItem, entry: Entry) -> None:
        if entry.state in _COLOURS:
            item.setForeground(QColor(getattr(theme.current(), _COLOURS[entry.state])))

    @property
    def chosen(self) -> list[Entry]:
        """The entries whose rows are selected."""
        return [self._entries[index.row()] for index in self.selectionModel().selectedRows()]

    def _fill(self, at: int, entry: Entry) -> None:
        summary = entry.outcome.summary if entry.outcome is not None else None
        texts = [entry.path.name, f"{_SIGNS[entry.state]}{entry.state}", "", "", "", "", "", entry.reason]
        if summary is not None:
            known = summary.held_out[np.isfinite(summary.held_out)]
            texts[2], texts[6] = str(len(summary.units)), f"{summary.seconds:.1f}"
            if len(known):
                texts[4], texts[5] = share_text(float(np.median(known))), share_text(float(known.max()))
            texts[7] = "; ".join(entry.outcome.notes)
        if entry.preview is not None:
            texts[2] = texts[2] or ("–" if entry.preview.units is None else str(entry.preview.units))
            texts[3] = f"{entry.preview.seconds:,.0f}" if np.isfinite(entry.preview.seconds) else "–"
        for part, text in enumerate(texts):
            item = QTableWidgetItem(text)
            item.setToolTip(str(entry.path) if part == 0 else text)
            if part in (2, 3, 4, 5, 6):
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if part == 1:
                self._colour(item, entry)
            self.setItem(at, part, item)

    def keyPressEvent(self, event) -> None:
        chosen = [entry.path for entry in self.chosen]
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and chosen:
            self.removed.emit(chosen)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and chosen:
            self.opened.emit(chosen[0])
        else:
            super().keyPressEvent(event)

    # Files that are dropped

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if local_files(event):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.dropped.emit(local_files(event))


def local_files(event: QDropEvent) -> list[Path]:
    """The files and folders of this machine that are dragged."""
    return [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
