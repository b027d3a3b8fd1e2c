"""Copying of table rows to the clipboard, as text that a spreadsheet takes."""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.QtCore import QAbstractItemModel, QEvent, QModelIndex, QObject, Qt
from qtpy.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from qtpy.QtWidgets import QTableView, QTreeView, QWidget


class TableCopying(QObject):
    """Watches tables, and gives each a menu with the same two things to do: copy the chosen rows, copy them all."""

    def watch_all(self, root: QWidget) -> None:
        """Watch every table inside `root`."""
        for table in (*root.findChildren(QTableView), *root.findChildren(QTreeView)):
            self.watch(table)

    def watch(self, table: QTableView | QTreeView) -> None:
        table.installEventFilter(self)
        if table.contextMenuPolicy() == Qt.ContextMenuPolicy.DefaultContextMenu:
            table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
            for text, whole in (("Copy chosen rows  (Ctrl+C)", False), ("Copy all rows", True)):
                action = QAction(text, table)
                action.triggered.connect(lambda _, whole=whole: copy_rows(table, whole=whole))
                table.addAction(action)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.KeyPress
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Copy)
            and isinstance(watched, QTableView | QTreeView)
        ):
            copy_rows(watched)
            return True
        return super().eventFilter(watched, event)


def copy_rows(table: QTableView | QTreeView, *, whole: bool = False) -> None:
    """Put rows on the clipboard, tab-separated with a line of headings: those that are chosen, all where none is or `whole` is asked."""
    QGuiApplication.clipboard().setText(as_text(table, whole=whole))


def as_text(table: QTableView | QTreeView, *, whole: bool = False) -> str:
    """Rows of a table as they are shown: hidden columns and rows are left out, ticks are written as yes and no."""
    model, header = table.model(), table.header() if isinstance(table, QTreeView) else table.horizontalHeader()
    parts = [header.logicalIndex(place) for place in range(model.columnCount())]
    parts = [part for part in parts if not table.isColumnHidden(part)]
    every, selection = list(_rows(model, nested=isinstance(table, QTreeView))), table.selectionModel()
    chosen = [row for row in every if any(selection.isSelected(row.siblingAtColumn(part)) for part in parts)]
    rows = [row for row in (chosen if chosen and not whole else every) if not _is_hidden(table, row)]
    headings = [model.headerData(part, Qt.Orientation.Horizontal) for part in parts]
    lines = [[_clean(heading) for heading in headings]] if any(headings) else []
    lines += [[_said(model, row.siblingAtColumn(part)) for part in parts] for row in rows]
    return "\n".join("\t".join(line) for line in lines) + "\n" if lines else ""


def _rows(model: QAbstractItemModel, below: QModelIndex | None = None, *, nested: bool) -> Iterator[QModelIndex]:
    """The first cell of each row, those of a tree below the one that they belong to."""
    below = below or QModelIndex()
    for row in range(model.rowCount(below)):
        index = model.index(row, 0, below)
        yield index
        if nested:
            yield from _rows(model, index, nested=True)


def _is_hidden(table: QTableView | QTreeView, row: QModelIndex) -> bool:
    return table.isRowHidden(row.row()) if isinstance(table, QTableView) else table.isRowHidden(row.row(), row.parent())


def _said(model: QAbstractItemModel, index: QModelIndex) -> str:
    text = _clean(model.data(index, Qt.ItemDataRole.DisplayRole))
    tick = model.data(index, Qt.ItemDataRole.CheckStateRole)
    if text or tick is None:
        return text
    return "yes" if Qt.CheckState(tick) == Qt.CheckState.Checked else "no"


def _clean(value: object) -> str:
    """One cell: no tab or line break that would begin another."""
    return " ".join(str(value).split()) if value is not None else ""
