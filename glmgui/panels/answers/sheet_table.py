"""The answer sheet as a table that is sorted and filtered by its numbers and fills as units come."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import replace

from qtpy.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QBrush, QColor, QFont
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QLabel, QLineEdit, QTableView, QWhatsThis, QWidget

from glmengine.answers.sentence import perhaps
from glmengine.sentences import numbered
from glmgui import theme
from glmgui.copying import copy_rows
from glmgui.drawings.answers import AnswerRow, waiting_rows
from glmgui.panels.answers.sheet_columns import (
    ADDED,
    FIRST,
    LAST,
    PATH,
    SHARES,
    SORTS,
    Column,
    explained_columns,
    number_text,
    small_text,
)
from glmgui.panels.answers.sheet_filter import SheetFilter
from glmgui.shown_numbers import p_text
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.tables import plain_table, show_term_names

_SORT = Qt.ItemDataRole.UserRole
_YES, _NO = "\u2713", "\u2717"
_FEWEST_ROWS = 2
_BESIDE_SENTENCE = 16  # pixels
_LEAST_PATH = 160  # pixels of the terms of a row
_SHARE_OF_PATH = 0.3  # of the room that the terms may have where not all numbers are in view


class SheetModel(QAbstractTableModel):
    """A row a unit; between the fixed columns one for each candidate, with what it adds."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[AnswerRow] = []
        self._columns: tuple[Column, ...] = (*FIRST, *LAST)
        self.candidates: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[AnswerRow, ...]:
        return tuple(self._rows)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def begin(self, candidates: Sequence[str], units: Sequence[str] = (), said: str = "") -> None:
        """Empty it, with these candidates for columns, and rows for units without an answer, of which `said` is said."""
        self.beginResetModel()
        added = tuple(Column(f"+ {name}", ADDED.format(name=name), SHARES) for name in candidates)
        self._rows = list(waiting_rows(units, len(added), said))
        self._columns, self.candidates = (*FIRST, *added, *LAST), tuple(candidates)
        self.endResetModel()

    @property
    def n_answered(self) -> int:
        """Rows that hold an answer."""
        return sum(not one.waiting for one in self._rows)

    def add(self, rows: Sequence[AnswerRow]) -> None:
        """Put rows in the place of those that waited for them, or below."""
        places = {one.unit: at for at, one in enumerate(self._rows) if one.waiting}
        for one in [one for one in rows if one.unit in places]:
            at = places[one.unit]
            self._rows[at] = one
            self.dataChanged.emit(self.index(at, 0), self.index(at, self.columnCount() - 1))
        new = [one for one in rows if one.unit not in places]
        if new:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(new) - 1)
            self._rows += new
            self.endInsertRows()

    def say(self, units: Collection[str], said: str) -> None:
        """Say something else of units that still have no answer."""
        for at, one in enumerate(self._rows):
            if one.waiting and one.waiting != said and one.unit in units:
                self._rows[at] = replace(one, waiting=said)
                self.dataChanged.emit(self.index(at, 0), self.index(at, self.columnCount() - 1))

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole):
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].heading
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.ToolTipRole:
            return f"{self._columns[section].in_short}. {SORTS}"
        return None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole):
        one, at = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(one)[at]
        if role == _SORT:
            return self._keys(one)[at]
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[at].number:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            last = self._columns[at].title
            if last == "Simulated" and one.cannot_run:
                return "The model cannot be run by itself; the tab Simulated spikes says why"
            if last == "Simulated" and one.inside:
                return one.inside
            if one.waiting:
                return f"Unit {one.unit}: {one.waiting}"
            if last == "Driven by":
                return self._driven_by(one)  # which may be cut
            return one.verdict if last == "Model" else one.sentence
        if role == Qt.ItemDataRole.FontRole and self._is_chosen(one, at):
            font = QFont()
            font.setBold(True)
            return font
        if role == Qt.ItemDataRole.ForegroundRole and not one.terms:
            return QBrush(QColor(theme.current().muted))
        return None

    def values(self, one: AnswerRow) -> dict[str, float]:
        """Numbers of a row by the headings of their columns."""
        return {
            part.title.removeprefix("+ "): float(key)
            for part, key in zip(self._columns, self._keys(one), strict=True)
            if part.number
        }

    def texts_of(self, one: AnswerRow) -> str:
        """All that stands in a row, to be searched."""
        return "\n".join((one.unit, ", ".join(one.terms), self._judged(one), one.sentence, one.waiting)).lower()

    def _is_chosen(self, one: AnswerRow, at: int) -> bool:
        place = at - len(FIRST)
        return 0 <= place < len(self.candidates) and self.candidates[place] in one.terms

    def _texts(self, one: AnswerRow) -> tuple[str, ...]:
        nothing = one.waiting or "nothing that was offered"
        limit = f"{number_text(one.ks)} / {number_text(one.ks_band)}" if math.isfinite(one.ks) else ""
        alike = f"{_NO} cannot run" if one.cannot_run else ""
        if one.is_alike is not None:
            p = "" if math.isnan(one.alike_p) else f", p {p_text(one.alike_p)}"
            alike = f"{_YES} alike{p}" if one.is_alike else f"{_NO} unlike{p}"
        return (
            one.unit,
            self._driven_by(one) or nothing,
            number_text(one.explained),
            small_text(one.q),
            *(number_text(value) for value in one.added),
            small_text(one.shift_q),
            self._judged(one),
            limit,
            alike,
            one.sentence,
        )

    def _driven_by(self, one: AnswerRow) -> str:
        """The chosen terms, with a word before those that are beyond chance, as it seems, but hardly drive the unit."""
        return ", then ".join(perhaps(name, one.weak) for name in one.terms)

    def _judged(self, one: AnswerRow) -> str:
        return "" if one.adequate is None else f"{_YES} right" if one.adequate else f"{_NO} something missing"

    def _keys(self, one: AnswerRow) -> tuple:
        judged = -1 if one.adequate is None else int(one.adequate)
        return (
            one.unit,
            ", ".join(one.terms) or one.waiting,
            one.explained,
            one.q,
            *one.added,
            one.shift_q,
            judged,
            one.ks,
            one.alike_p,
            one.sentence,
        )


class _Sorted(QSortFilterProxyModel):
    """Sorted by value, missing numbers last; filtered by words and numbers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filter = SheetFilter()

    def set_filter(self, wanted: SheetFilter) -> None:
        self._filter = wanted
        self.invalidateFilter()

    def filterAcceptsRow(self, at: int, parent: QModelIndex) -> bool:
        model = self.sourceModel()
        one = model.rows[at]
        return self._filter.admits(model.texts_of(one), model.values(one))

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:
        one, other = left.data(_SORT), right.data(_SORT)
        if isinstance(one, float) and isinstance(other, float) and (math.isnan(one) or math.isnan(other)):
            last = math.isnan(one) if self.sortOrder() == Qt.SortOrder.DescendingOrder else math.isnan(other)
            return last and not (math.isnan(one) and math.isnan(other))
        return one < other


class SheetTable(QWidget):
    """The table with its filter.

    Signals
    -------
    picked : str, str
        Unit and kind of evidence of the cell that was chosen.
    """

    picked = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("answers_sheet")
        self._silent = False
        self.model = SheetModel(self)
        self.sorted = _Sorted(self)
        self.sorted.setSourceModel(self.model)
        self.filter = QLineEdit(self)
        self.filter.setObjectName("answers_filter")
        self.filter.setPlaceholderText("Show only, for example: history, q < 0.01, explained > 0.1")
        self.filter.setAccessibleName("Filter the answers")
        self.filter.setToolTip(
            "Words that stand in a row, and headings with a number: q < 0.05, head_direction > 0.01. Commas stand for 'and'."
        )
        self.filter.setClearButtonEnabled(True)
        self.said = QLabel(self)
        self.said.setObjectName("answers_shown")
        self.copy = small_button("Copy table", "answers_copy", "Copy all rows that are shown, for a spreadsheet", self)
        self.help = small_button("?", "answers_columns", "What the columns mean", self)
        self.view = QTableView(self)
        self.view.setObjectName("answers_table")
        self.view.setAccessibleName("Answers, a row a unit")
        self.view.setModel(self.sorted)
        plain_table(self.view)
        show_term_names(self.view)
        self.view.setSortingEnabled(True)
        self.view.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.view.horizontalHeader().setSortIndicatorClearable(True)  # the third click: as the sheet has them
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.view.viewport().installEventFilter(self)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        box = column(self, margins=0)
        line = row(self.filter, self.said, self.help, self.copy)
        line.setStretch(0, 1)
        box.addLayout(line)
        box.addWidget(self.view, 1)
        self.filter.textChanged.connect(self._filter_changed)
        self.help.clicked.connect(self._explain_columns)
        self.copy.clicked.connect(lambda: copy_rows(self.view, whole=True))
        self.view.selectionModel().currentChanged.connect(lambda index, _: self._picked(index))
        self.view.clicked.connect(self._picked)
        self.sorted.rowsInserted.connect(self._say)
        self.sorted.rowsRemoved.connect(self._say)
        self.sorted.dataChanged.connect(self._say)
        self.sorted.modelReset.connect(self._say)
        self.view.horizontalHeader().sortIndicatorChanged.connect(self._sorted_by)

    @property
    def candidates(self) -> tuple[str, ...]:
        """The candidates that have a column."""
        return self.model.candidates

    def begin(self, candidates: Sequence[str], units: Sequence[str] = (), said: str = "") -> None:
        """Empty it, with these candidates for columns, and rows for units without an answer, of which `said` is said."""
        self.model.begin(candidates, units, said)
        if units:
            self._fit_columns()
        self._filter_changed(self.filter.text())

    def add(self, rows: Sequence[AnswerRow]) -> None:
        """Put rows below those that are there, or where the order that was asked for has them."""
        first = not self.model.n_answered
        self.model.add(rows)
        if first and rows:
            self._fit_columns()

    def select(self, unit: str | None) -> None:
        """Show a unit as the selected one, without reporting it as picked."""
        names = [one.unit for one in self.model.rows]
        index = self.sorted.mapFromSource(self.model.index(names.index(unit), 0)) if unit in names else QModelIndex()
        self._silent = True
        if not index.isValid():
            self.view.selectionModel().clear()
        elif index.row() != self.view.currentIndex().row():
            at = max(self.view.currentIndex().column(), 0)
            self.view.setCurrentIndex(self.sorted.index(index.row(), at))
            self.view.scrollTo(index)
        self._silent = False

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_height()

    def _fit_height(self) -> None:
        """No higher than the rows need, so that what stands below has the rest."""
        self.view.ensurePolished()
        header, bar = self.view.horizontalHeader(), self.view.horizontalScrollBar()
        height = self.view.verticalHeader().defaultSectionSize()
        rows = max(len(self.model.rows), _FEWEST_ROWS)  # of all, so that a filter moves nothing
        self.view.setMaximumHeight(
            header.sizeHint().height() + rows * height + bar.sizeHint().height() + 2 * self.view.frameWidth()
        )
        above = self.view.parentWidget().layout()
        self.setMaximumHeight(self.view.maximumHeight() + above.spacing() + above.itemAt(0).sizeHint().height())

    def _fit_columns(self) -> None:
        self.view.resizeColumnsToContents()
        last = self.model.columnCount() - 1
        for at in range(last):
            self.view.setColumnWidth(at, min(self.view.columnWidth(at) + 8, self.model.columns[at].widest))
        self._fit_path()
        self._widen_sentence()

    def _fit_path(self) -> None:
        """The terms of a row give way where numbers beside them would not be whole; under the mouse they are."""
        last = self.model.columnCount() - 1
        path = next(at for at, part in enumerate(self.model.columns) if part.evidence == PATH)
        needed = min(self.view.sizeHintForColumn(path) + 8, self.model.columns[path].widest)
        beside = sum(self.view.columnWidth(at) for at in range(last) if at != path)
        whole, least = self.view.viewport().width(), min(needed, _LEAST_PATH)
        room = whole - beside
        if room < least:  # a row that is scrolled to its end says first, and in full, what drives its unit
            room = max(least, int(_SHARE_OF_PATH * whole))
        self.view.setColumnWidth(path, min(needed, room) if needed else self.view.columnWidth(path))

    def _widen_sentence(self) -> None:
        """The sentences are written whole, and take what room the other columns leave."""
        last = self.model.columnCount() - 1
        if last >= 0:
            room = self.view.viewport().width() - sum(self.view.columnWidth(at) for at in range(last))
            self.view.setColumnWidth(last, max(self._sentence_width, room))

    @property
    def _sentence_width(self) -> int:
        """Pixels of the longest sentence, in the widest of which letters are counted."""
        longest = max((one.sentence for one in self.model.rows), key=len, default="")
        return self.view.fontMetrics().horizontalAdvance(longest) + _BESIDE_SENTENCE

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            if self.model.n_answered:
                self._fit_path()
            self._widen_sentence()
        return super().eventFilter(watched, event)

    def _filter_changed(self, text: str) -> None:
        names = tuple(part.title.removeprefix("+ ") for part in self.model.columns if part.number)
        wanted = SheetFilter.read(text, names)
        self.sorted.set_filter(wanted)
        self._say()
        if wanted.unknown:
            self.said.setText(f"no number is called '{wanted.unknown[0]}'")

    def _say(self, *_) -> None:
        shown, total = self.sorted.rowCount(), len(self.model.rows)
        self._fit_height()
        count = f"{shown} of {total} units" if shown != total else numbered(total, "unit") if total else ""
        in_order = total > 1 and self.model.n_answered == total and self.view.horizontalHeader().sortIndicatorSection() < 0
        self.said.setText(f"{count}, best known first" if in_order else count)

    def _sorted_by(self, at: int) -> None:
        """Give the heading room for its arrow, too."""
        header = self.view.horizontalHeader()
        if 0 <= at < header.count():
            header.resizeSection(at, max(header.sectionSize(at), header.sectionSizeHint(at)))
        self.view.scrollToTop()  # to the rows that were asked for
        self._say()

    def _explain_columns(self) -> None:
        """Say what every column means, beside the button, until the next click."""
        QWhatsThis.showText(self.help.mapToGlobal(self.help.rect().bottomLeft()), explained_columns(), self.help)

    def _picked(self, index: QModelIndex) -> None:
        if index.isValid() and not self._silent:
            one = self.model.rows[self.sorted.mapToSource(index).row()]
            self.picked.emit(one.unit, self.model.columns[index.column()].evidence)
