"""Rows of a table, a unit each with its name in the first column, as the set of units that is selected."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QItemSelection, QItemSelectionModel, QModelIndex
from qtpy.QtWidgets import QTableView

_FLAGS = QItemSelectionModel.SelectionFlag


def select_rows(table: QTableView, unit: str | None, units: Sequence[str]) -> None:
    """Select the rows of a set of units, and of the one that is pointed at, which becomes the current row and is scrolled to when it is another."""
    model, models = table.model(), table.selectionModel()
    wanted, picked, current = {*units, unit}, QItemSelection(), QModelIndex()
    for at in range(model.rowCount()):
        index = model.index(at, 0)
        name = index.data()
        if name in wanted:
            picked.select(index, index)
        if name == unit:
            current = index
    models.select(picked, _FLAGS.ClearAndSelect | _FLAGS.Rows)
    if current.row() != models.currentIndex().row() or not current.isValid():
        models.setCurrentIndex(current, _FLAGS.NoUpdate)
        if current.isValid():
            table.scrollTo(current)


def rows_chosen(table: QTableView) -> tuple[tuple[str, ...], str] | None:
    """The units whose rows are selected, and the one that is pointed at; None where no row is."""
    names = tuple(index.data() for index in table.selectionModel().selectedRows())
    if not names:
        return None
    current = table.currentIndex().siblingAtColumn(0).data()
    return names, current if current in names else names[0]
