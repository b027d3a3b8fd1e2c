"""The table of units, with ticks, a filter and a small picture of each one's activity."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QRect, QSize, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QAction, QBrush, QColor, QPainter, QPalette
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from glmengine.analysis.units import count_reasons
from glmengine.recording.observed import SPIKES, Words
from glmengine.sentences import listed, of_all, rate_text
from glmgui import theme
from glmgui.drawings.summary import UnitRow
from glmgui.notices import notices
from glmgui.panels.data.recorded_list import RecordedList
from glmgui.panels.data.unit_rules import UnitRules
from glmgui.rows import rows_chosen, select_rows
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.sizes import scaled
from glmgui.widgets.tables import plain_table
from glmgui.widgets.texts import heading, hint

_FIXED = ("Unit", "Spikes", "Rate (Hz)", "Over time")
_OF_SIGNALS = ("Unit", "Sum", "Per s", "Over time")
_NAME, _SPIKES, _RATE, _ACTIVITY = range(len(_FIXED))
_NARROWEST_NAME, _WIDEST_NAME = 70, 130
_SORT = Qt.ItemDataRole.UserRole
_ONLY = "Fit the selected rows and no others (several with Ctrl or Shift)"
_LAST = "One unit at least has to be fitted, so the last tick stays; tick another first, or select some rows and press 'only selected'"


class UnitsModel(QAbstractTableModel):
    """Rows are units; the tick before the name says whether the unit is fitted."""

    ticks_changed = Signal(object)  # tuple of the names that are ticked
    refused = Signal()  # the last tick stays

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[UnitRow, ...] = ()
        self._headings: tuple[str, ...] = ()
        self._ticked: set[str] = set()
        self._left_out: dict[str, str] = {}
        self._words = SPIKES

    def set_left_out(self, reasons: dict[str, str]) -> None:
        """The units that the rules leave out whatever their tick, and why."""
        if reasons != self._left_out:
            self._left_out = dict(reasons)
            self._ticks_shown()

    @property
    def left_out(self) -> dict[str, str]:
        return self._left_out

    @property
    def fitted(self) -> tuple[str, ...]:
        """Those that are ticked and not left out."""
        return tuple(name for name in self.ticked if name not in self._left_out)

    def set_units(self, rows: tuple[UnitRow, ...], headings: tuple[str, ...], words: Words = SPIKES) -> None:
        self.beginResetModel()
        self._rows, self._headings, self._words = rows, headings, words
        self.endResetModel()

    def fill(self, rows: tuple[UnitRow, ...]) -> None:
        """Put in what has been counted of the same units."""
        self._rows = rows
        self._ticks_shown()

    def set_ticked(self, names: tuple[str, ...]) -> None:
        """Tick these; none means all."""
        self._ticked = set(names) or {unit.name for unit in self._rows}
        self._ticks_shown()

    def _ticks_shown(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, self.columnCount() - 1))

    @property
    def rows(self) -> tuple[UnitRow, ...]:
        return self._rows

    @property
    def ticked(self) -> tuple[str, ...]:
        return tuple(unit.name for unit in self._rows if unit.name in self._ticked)

    def tick(self, names: set[str], on: bool) -> None:
        """Tick or untick some; the last tick cannot be taken away, as nothing would be left to fit."""
        changed = self._ticked | names if on else self._ticked - names
        if not changed:
            self.refused.emit()
        elif changed != self._ticked:
            self._ticked = changed
            self._ticks_shown()
            self.ticks_changed.emit(self.ticked)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_FIXED) + len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return (*(_FIXED if self._words.per_spike else _OF_SIGNALS), *self._headings)[section]
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole and section == _ACTIVITY:
            what = "Spikes" if self._words.per_spike else "Activity"
            return f"{what} over the whole recording, each unit against its busiest moment"
        return None

    def flags(self, index: QModelIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        tickable = index.column() == _NAME and self._rows[index.row()].name not in self._left_out
        return flags | Qt.ItemFlag.ItemIsUserCheckable if tickable else flags

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        unit, part = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.CheckStateRole and part == _NAME:
            on = unit.name in self._ticked and unit.name not in self._left_out
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ForegroundRole and unit.name in self._left_out:
            return QBrush(QColor(theme.current().muted))
        if role == Qt.ItemDataRole.TextAlignmentRole and part in (_SPIKES, _RATE):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            if math.isnan(unit.n_spikes):
                return f"Unit {unit.name}: its spikes are being counted"
            todo = f"Left out: {self._left_out[unit.name]}." if unit.name in self._left_out else "Tick to fit it."
            return f"Unit {unit.name}: {self._words.amount(unit.n_spikes)}, {unit.rate:.3g} {self._words.unit}. {todo}"
        if role == _SORT:
            return (_natural(unit.name), unit.n_spikes, unit.rate, unit.n_spikes, *map(_natural, unit.extra))[part]
        if role == Qt.ItemDataRole.DisplayRole:
            if math.isnan(unit.n_spikes):
                return (unit.name, "\u2026", "\u2026", "", *unit.extra)[part]
            spikes = self._words.per_spike
            total, rate = (
                (f"{unit.n_spikes:,.0f}", rate_text(unit.rate)) if spikes else (f"{unit.n_spikes:.4g}", f"{unit.rate:.3g}")
            )
            return (unit.name, total, rate, "", *unit.extra)[part]
        return None

    def setData(self, index: QModelIndex, value, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or self._rows[index.row()].name in self._left_out:
            return False
        self.tick({self._rows[index.row()].name}, Qt.CheckState(value) == Qt.CheckState.Checked)
        return True


class _Sorted(QSortFilterProxyModel):
    """Sorted by value, not by text; filtered by any column's text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(_SORT)
        self.setFilterKeyColumn(-1)
        self.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        return left.data(_SORT) < right.data(_SORT)


class _Spark(QStyledItemDelegate):
    """Draws a unit's activity as a row of small bars."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        source = index.model().mapToSource(index)
        activity = source.model().rows[source.row()].activity
        area = option.rect.adjusted(4, 3, -4, -3)
        selected = bool(option.state & option.state.State_Selected)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(option.palette.color(QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text))
        edges = np.linspace(area.left(), area.right() + 1, len(activity) + 1)
        for share, left, right in zip(activity, edges[:-1], edges[1:], strict=True):
            height = round(share * area.height())
            painter.drawRect(QRect(int(left), area.bottom() - height + 1, max(int(right) - int(left), 1), height))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(90, 20)


class UnitsTable(RecordedList):
    """The table with a filter above it and what is ticked below.

    Signals
    -------
    picked : (tuple of str, str)
        The set of units whose rows were selected, and the one of them that was pointed at.
    ticks_changed : tuple of str
        The units that are ticked.
    only_asked : ()
        None but the selected units are to be fitted.
    """

    picked = Signal(object, str)
    ticks_changed = Signal(object)
    only_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("units")
        self._silent = False
        self.model = UnitsModel(self)
        self._sorted = _Sorted(self)
        self._sorted.setSourceModel(self.model)
        self._title = heading("Units", self)
        self._filter = QLineEdit(self)
        self._filter.setObjectName("units_filter")
        self._filter.setPlaceholderText("Show only names, regions, \u2026")
        self._filter.setToolTip("Show only units with this text in their name, their region or another column of words")
        self._filter.setAccessibleName("Filter units")
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._sorted.setFilterFixedString)
        self.view = QTableView(self)
        self.view.setObjectName("units_table")
        self.view.setAccessibleName("Units of the recording")
        self.view.setModel(self._sorted)
        self.view.setItemDelegateForColumn(_ACTIVITY, _Spark(self.view))
        plain_table(self.view)
        self.view.setSortingEnabled(True)
        self.view.sortByColumn(_NAME, Qt.SortOrder.AscendingOrder)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.view.horizontalHeader().setStretchLastSection(True)
        self.view.setWordWrap(False)
        self._said = hint("", self)
        self.rules = UnitRules(self)
        self.rules.message.lay_over(self.view)
        every = small_button("tick shown", "units_tick_shown", "Fit every unit that the filter shows", self)
        none = small_button("untick shown", "units_untick_shown", "Leave out every unit that the filter shows", self)
        every.clicked.connect(lambda: self.model.tick(self._shown(), True))
        none.clicked.connect(self._untick_shown)
        self._only = small_button("only selected", "units_only_selected", _ONLY, self)
        self._only.clicked.connect(lambda: self.only_asked.emit())
        only = QAction("Fit only the selected units", self.view)
        only.triggered.connect(lambda: self.only_asked.emit())
        self.view.addAction(only)
        box = column(self, margins=0)
        box.addLayout(row(self._title, None, every, none))
        box.addWidget(self.rules)
        box.addLayout(row(self._filter, self._only))
        box.addWidget(self.view, 1)
        box.addWidget(self._said)
        self.model.ticks_changed.connect(self.ticks_changed)
        self.model.refused.connect(lambda: notices().tell("info", _LAST, title="Units"))
        self.model.dataChanged.connect(self._say)
        self.model.modelReset.connect(self._say)
        self.view.selectionModel().selectionChanged.connect(self._picked)

    def _empty(self) -> None:
        self.set_units((), ())

    def set_units(self, rows: tuple[UnitRow, ...], headings: tuple[str, ...], words: Words = SPIKES) -> None:
        self.stop_waiting()
        self.model.set_units(rows, headings, words)
        self._fit_numbers()
        self.view.resizeColumnToContents(_NAME)
        self.view.setColumnWidth(_NAME, min(max(self.view.columnWidth(_NAME), scaled(_NARROWEST_NAME)), scaled(_WIDEST_NAME)))
        for part in range(len(_FIXED), self.model.columnCount()):
            self.view.resizeColumnToContents(part)
            self.view.setColumnWidth(part, min(self.view.columnWidth(part), scaled(120)))

    def fill(self, rows: tuple[UnitRow, ...]) -> None:
        """Put in what has been counted of the same units."""
        self.model.fill(rows)
        self._fit_numbers()

    def _fit_numbers(self) -> None:
        """Columns of numbers as wide as what stands in them: a sum of signals may have an exponent."""
        header = self.view.horizontalHeader()
        for part, width in ((_SPIKES, 62), (_RATE, 66), (_ACTIVITY, 100)):
            needed = max(header.sectionSizeHint(part), self.view.sizeHintForColumn(part) if part != _ACTIVITY else 0)
            self.view.setColumnWidth(part, max(scaled(width), needed))

    def select(self, name: str | None, units: Sequence[str] = ()) -> None:
        """Show a unit, and a set of them, as selected, without reporting it as picked."""
        self._silent = True
        select_rows(self.view, name, units)
        self._silent = False

    def _picked(self, *_: object) -> None:
        if not self._silent and (chosen := rows_chosen(self.view)) is not None:
            self.picked.emit(*chosen)

    def _untick_shown(self) -> None:
        """All that the filter shows; where that would be every unit, what is selected stays."""
        shown, chosen = self._shown(), rows_chosen(self.view)
        stays = set(chosen[0]) & shown if chosen is not None and not set(self.model.ticked) - shown else set()
        self.model.tick(shown - stays, False)
        if stays and set(self.model.ticked) == stays:
            notices().tell(
                "info", f"{listed(sorted(stays, key=_natural), 3)}: selected, and so the only ones left to fit", title="Units"
            )

    def _shown(self) -> set[str]:
        return {self._sorted.index(at, _NAME).data() for at in range(self._sorted.rowCount())}

    def _say(self, *_) -> None:
        total, fitted = len(self.model.rows), len(self.model.fitted)
        self._title.setText(f"Units ({total})" if total else "Units")
        said = "All units are to be fitted." if fitted == total else f"{of_all(fitted, total, 'units')} to be fitted."
        reasons = [f"{count} ({reason})" for reason, count in count_reasons(self.model.left_out.values())]
        by_hand = total - len(self.model.ticked)
        reasons += [f"{by_hand} by hand"] if by_hand and reasons else []
        self._said.setText(said + (f" Left out: {', '.join(reasons)}." if reasons else ""))
        self._said.setVisible(bool(total))


def _natural(text: str) -> tuple[tuple[int, float, str], ...]:
    """Sorts 2 before 10, and numbers before words."""
    parts = [part for part in re.split(r"(\d+(?:\.\d+)?)", text.lower()) if part]
    return tuple((0, float(part), "") if part[0].isdigit() else (1, 0.0, part) for part in parts)
