"""The table of all numbers of the units, or of the selected ones, which can be copied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from glmgui.copying import copy_rows
from glmgui.glossary import explained
from glmgui.panels.population.view import PopulationView
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.controls import button, refill
from glmgui.widgets.layout import row
from glmgui.widgets.tables import plain_table

if TYPE_CHECKING:
    from glmgui.drawings.population import Population

_SORT = Qt.ItemDataRole.UserRole
_WIDEST = 260
_ALL = "Rows that are selected are the set of units everywhere (Ctrl and Shift select more)."
_ONLY = "The set of units that is selected. To change it, show all units, or select on another page."


class _Numbers(QAbstractTableModel):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._population: Population | None = None

    def show_population(self, population: Population) -> None:
        self.beginResetModel()
        self._population = population
        self.endResetModel()

    @property
    def units(self) -> tuple[str, ...]:
        return self._population.units if self._population is not None else ()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.units)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        inside = parent is not None and parent.isValid()
        return 0 if inside or self._population is None else 1 + len(self._population.numbers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        wanted = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole)
        if orientation != Qt.Orientation.Horizontal or not wanted or self._population is None:
            return None
        text = "unit" if section == 0 else self._population.numbers[section - 1].axis.text
        if role == Qt.ItemDataRole.DisplayRole:
            return text.replace(": ", ":\n", 1)  # the term above what is said of it
        return explained(text) or text

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        at, part = index.row(), index.column() - 1
        if role == Qt.ItemDataRole.TextAlignmentRole and part >= 0 and not self._population.numbers[part].axis.names:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == _SORT:
            if part < 0:
                return float(at)
            value = float(self._population.numbers[part].values[at])
            return -np.inf if np.isnan(value) else value
        if role == Qt.ItemDataRole.DisplayRole:
            return self.units[at] if part < 0 else self._population.numbers[part].text(at)
        return None


class _Chosen(QSortFilterProxyModel):
    """Sorted by value; of a set of units only those, where one is given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(_SORT)
        self._only: frozenset[str] | None = None

    def show_only(self, units: frozenset[str] | None) -> None:
        if units != self._only:
            self._only = units
            self.invalidateFilter()

    def filterAcceptsRow(self, source_row: int, source_parent: QModelIndex) -> bool:
        return self._only is None or self.sourceModel().units[source_row] in self._only


class TableView(PopulationView):
    """One row a unit; rows that are selected are the set."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("population_table_view", parent)
        self._silent = False
        self.which = self.add_choice("Units", "population_table_which", "All, or only the selected ones")
        refill(self.which, [("all", ""), ("selected only", "selected")])
        self.model = _Numbers(self)
        self.shown = _Chosen(self)
        self.shown.setSourceModel(self.model)
        self.table = QTableView(self)
        self.table.setObjectName("population_table")
        self.table.setAccessibleName("Numbers of the units")
        self.table.setModel(self.shown)
        plain_table(self.table)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.copy = button(
            "&Copy selected",
            "population_table_copy",
            "Copy the rows of the selected units, as a spreadsheet takes them (Ctrl+C)",
            self,
        )
        self.copy.clicked.connect(lambda: copy_rows(self.table, whole=bool(self.which.currentData())))
        self.box.addWidget(self.table, 1)
        self.box.addLayout(row(self.copy, None))
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)

    def offer(self, population: Population) -> None:
        self._silent = True
        self.model.show_population(population)
        self._silent = False
        self.table.resizeColumnsToContents()
        heading = self.table.horizontalHeader()
        for part in range(self.model.columnCount()):  # a heading is whole: its last word is the unit of measure
            width = max(min(self.table.columnWidth(part), _WIDEST), heading.sectionSizeHint(part))
            self.table.setColumnWidth(part, width)

    def draw(self) -> None:
        only = bool(self.which.currentData())
        mode = QAbstractItemView.SelectionMode
        self.table.setSelectionMode(mode.NoSelection if only else mode.ExtendedSelection)  # all that is shown is the set then
        self.said.setText(_ONLY if only else _ALL)
        self.mark()

    def mark(self) -> None:
        self._silent = True
        only = bool(self.which.currentData())
        self.shown.show_only(frozenset(self.units) if only else None)
        if only:
            self.table.clearSelection()
        else:
            select_rows(self.table, self.unit, self.units)
        self._silent = False

    def set_greyed(self, greyed: bool) -> None:
        """Numbers are not pale: the line above the pages says that they are of an earlier question."""

    def _selection_changed(self, *_: object) -> None:
        if self._silent:
            return
        if (chosen := rows_chosen(self.table)) is not None:
            self.chosen.emit(*chosen)
