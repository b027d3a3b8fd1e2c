"""Tables and lists with rows as high as their text, and numbers in them."""

from __future__ import annotations

import math

from qtpy.QtCore import QModelIndex, QSize, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QTableWidgetItem,
    QWidget,
)

from glmgui.widgets.sizes import FollowsFont

_ROOM_IN_ROW = 7
"""Pixels of a row above and below its text."""


def row_height(view: QWidget) -> int:
    """How high a row of a list or table is, for the font in which it is written."""
    return view.fontMetrics().height() + _ROOM_IN_ROW


def fit_rows(view: QAbstractItemView) -> None:
    """Give a list, tree or table rows as high as its font needs, also after the font has changed."""
    if isinstance(view, QTableView):
        _TableRows(view)
    else:
        view.setItemDelegate(_FontRows(view))


def plain_table(view: QTableView) -> None:
    """What tables have in common: rows of two shades, as high as their text and selected whole; Tab goes on to the next control."""
    view.verticalHeader().hide()
    view.horizontalHeader().setHighlightSections(False)
    view.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)  # else a heading without room is cut on both sides
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setTabKeyNavigation(False)
    view.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    fit_rows(view)


class _FontRows(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), row_height(self.parent()))


class _TableRows(FollowsFont):
    """Rows as high as the font needs; columns of a fixed width grow with it."""

    def __init__(self, view: QTableView) -> None:
        self._view, self._text = view, view.fontMetrics().height()
        super().__init__(view)

    def _fit(self) -> None:
        self._view.verticalHeader().setDefaultSectionSize(row_height(self._view))
        now, header = self._view.fontMetrics().height(), self._view.horizontalHeader()
        for part in range(header.count() if now != self._text else 0):
            if header.sectionResizeMode(part) == QHeaderView.ResizeMode.Interactive:
                header.resizeSection(part, round(header.sectionSize(part) * now / self._text))
        self._text = now


class NumberItem(QTableWidgetItem):
    """A number in a table: sorts by value, with missing values always lowest."""

    def __init__(self, text: str, value: float) -> None:
        super().__init__(text)
        self._value = -math.inf if math.isnan(value) else value
        self.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def __lt__(self, other: QTableWidgetItem) -> bool:
        return self._value < other._value if isinstance(other, NumberItem) else super().__lt__(other)
