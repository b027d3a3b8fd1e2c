"""The table of all units beside every check, with the columns of the check that is looked at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qtpy.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QPalette
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from glmengine.sentences import numbered
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import NumberItem, plain_table, show_term_names
from glmgui.widgets.texts import ElidedLabel, heading, hint

_APART = 6
_LEAST_WORDS = 70  # pixels of a column of words, which ends with dots
_WIDER = "Drag the edge on the right of this list to see them: there is no room for them whole"


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the number that it is sorted by (NaN: by the text), and what is said under the mouse."""

    text: str
    value: float = math.nan
    tip: str = ""


@dataclass(frozen=True)
class UnitRows:
    """Columns after the unit's name with what they mean, a row of cells for each unit, and a line below."""

    headings: tuple[str, ...]
    helps: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    said: str = ""


class UnitsTable(QWidget):
    """Sortable; rows that are selected are the set of units everywhere.

    Signals
    -------
    picked : (tuple of str, str)
        The set of units that was selected, and the one of them that was pointed at.
    """

    picked = Signal(object, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("checks_units")
        self._title = heading("Units", self)
        self._more = ElidedLabel(self)
        self._more.setObjectName("checks_units_more")
        self._more.setTextFormat(Qt.TextFormat.PlainText)
        self._more.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.view = QTableWidget(0, 1, self)
        self.view.setObjectName("checks_units_table")
        self.view.setAccessibleName("All units with what the checks say of them")
        plain_table(self.view)
        show_term_names(self.view)
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self._said = hint("", self)
        self._headings: tuple[str, ...] | None = None
        self._needed: list[int] = []  # pixels of each column
        self._ends_in_words = False
        self._silent = False
        box = column(self, margins=0)
        titles = row(self._title, self._more, spacing=_APART)
        titles.setStretch(1, 1)
        box.addLayout(titles)
        box.addWidget(self.view, 1)
        box.addWidget(self._said)
        self.view.itemSelectionChanged.connect(self._selection_changed)
        self.view.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.view.viewport():
            self._leave_out_columns()
        return super().eventFilter(watched, event)

    def show_rows(self, shown: UnitRows, unit: str | None, units: Sequence[str] = ()) -> None:
        """Show these in place of what was there; the order that the user chose stays where the columns do."""
        header = self.view.horizontalHeader()
        with QSignalBlocker(self.view):
            self.view.setSortingEnabled(False)
            self.view.clear()
            self.view.setColumnCount(1 + len(shown.headings))
            self.view.setRowCount(len(shown.rows))
            self.view.setHorizontalHeaderLabels(["Unit", *shown.headings])
            for at, text in enumerate(shown.helps, 1):
                self.view.horizontalHeaderItem(at).setToolTip(text)
            for at, (name, cells) in enumerate(shown.rows):
                self.view.setItem(at, 0, QTableWidgetItem(name))
                for part, cell in enumerate(cells, 1):
                    self.view.setItem(at, part, _item(cell))
            if shown.headings != self._headings:  # as they come, until the user sorts them
                self._headings = shown.headings
                header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
            self.view.setSortingEnabled(True)
        for part in range(1 + len(shown.headings)):
            self.view.setColumnHidden(part, False)  # what is hidden says that its heading needs no room
            header.setSectionResizeMode(part, QHeaderView.ResizeMode.ResizeToContents)
        self._ends_in_words = all(math.isnan(cells[-1].value) for _, cells in shown.rows if cells)
        self._needed = [
            max(self.view.sizeHintForColumn(part), header.sectionSizeHint(part)) for part in range(self.view.columnCount())
        ]
        self._title.setText(f"All units ({len(shown.rows)})")
        self._leave_out_columns()
        self._said.setText(shown.said)
        self._said.setVisible(bool(shown.said))
        self.select(unit, units)

    def _leave_out_columns(self) -> None:
        """Show what there is room for: of a number that is cut at the edge the first digits would be taken for all of it."""
        room, last = self.view.viewport().width(), len(self._needed) - 1
        least = [min(one, _LEAST_WORDS) if part == last and self._ends_in_words else one for part, one in enumerate(self._needed)]
        reach = [sum(least[: part + 1]) for part in range(len(least))]
        for part in range(1, last + 1):
            self.view.setColumnHidden(part, reach[part] > room)
        out = sum(one > room for one in reach[1:])
        whole = f"{numbered(out, 'column')} more"
        has_room = self.fontMetrics().horizontalAdvance(whole) <= self.width() - self._title.sizeHint().width() - _APART
        self._more.setText("" if not out else whole if has_room else f"+ {out}")
        self._more.setToolTip(_WIDER if out else "")
        self.view.horizontalHeader().setStretchLastSection(self._ends_in_words and not out)

    def select(self, unit: str | None, units: Sequence[str] = ()) -> None:
        """Show a unit, and a set of them, as selected, without reporting it as picked."""
        self._silent = True
        select_rows(self.view, unit, units)
        self._silent = False

    def _selection_changed(self) -> None:
        if not self._silent and (chosen := rows_chosen(self.view)) is not None:
            self.picked.emit(*chosen)


def _item(cell: Cell) -> QTableWidgetItem:
    item = QTableWidgetItem(cell.text) if math.isnan(cell.value) else NumberItem(cell.text, cell.value)
    item.setToolTip(cell.tip or cell.text)
    return item


def plain_rows(units: Sequence[str]) -> UnitRows:
    """The names alone."""
    return UnitRows((), (), tuple((unit, ()) for unit in units))
