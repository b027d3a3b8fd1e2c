"""With text of any size, as a desktop may have it: ticks of lists cover no word."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyleOptionViewItem, QTableWidget, QTableWidgetItem

from glmgui import theme
from glmgui.style_sheet import present_sheet
from glmgui.widgets.tables import fit_rows, plain_table, show_term_names

WORDS = "hd1"


@pytest.fixture(params=[1.0, 1.5, 2.0])
def larger(qapp, request):
    theme.set_zoom(qapp, request.param)
    yield
    theme.set_zoom(qapp, 1.0)


def table() -> QTableWidget:
    view = QTableWidget(1, 1)
    item = QTableWidgetItem(WORDS)
    item.setCheckState(Qt.CheckState.Checked)
    view.setItem(0, 0, item)
    plain_table(view)
    return view


def table_of_terms() -> QTableWidget:
    view = table()
    show_term_names(view)
    return view


def listed() -> QListWidget:
    view = QListWidget()
    item = QListWidgetItem(WORDS, view)
    item.setCheckState(Qt.CheckState.Checked)
    fit_rows(view)
    return view


@pytest.mark.parametrize("make", [table, table_of_terms, listed])
def test_a_tick_covers_no_word(qtbot, larger, make):
    view = make()
    qtbot.addWidget(view)
    view.setStyleSheet(present_sheet())
    view.show()
    index = view.model().index(0, 0)
    option = QStyleOptionViewItem()
    option.widget, option.rect = view, view.visualRect(index)
    view.itemDelegate().initStyleOption(option, index)
    tick = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, view)
    words = view.style().subElementRect(QStyle.SubElement.SE_ItemViewItemText, option, view)
    blanks = option.fontMetrics.horizontalAdvance(option.text[: option.text.index(WORDS)])
    assert tick.right() < words.left() + blanks + option.fontMetrics.averageCharWidth() // 2
    assert option.text.strip("\u00a0") == WORDS
    assert index.data() == WORDS
