"""Tables give what they show to the clipboard, and the coefficients of a unit are one of them."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import (
    QHeaderView,
    QStyleOptionHeader,
    QTableView,
    QTableWidget,
    QTableWidgetItem,
    QTreeWidget,
    QTreeWidgetItem,
)

from glmengine.export.tables import coefficients_csv, own_features
from glmgui.copying import TableCopying, as_text
from glmgui.panels.results.coefficients_view import CoefficientsView
from glmgui.shown_numbers import alike
from glmgui.widgets.tables import GivingWay, NumberItem, plain_table


@pytest.fixture
def table(qtbot):
    made = QTableWidget(3, 3)
    qtbot.addWidget(made)
    made.setHorizontalHeaderLabels(("Name", "Value", "Hidden"))
    for row in range(3):
        for part, text in enumerate((f"row\t{row}\nx", str(row / 2), "secret")):
            made.setItem(row, part, QTableWidgetItem(text))
    made.hideColumn(2)
    made.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
    made.show()
    return made


def test_chosen_rows_are_copied_with_headings_and_without_what_is_hidden(qtbot, table):
    copying = TableCopying()
    copying.watch(table)
    table.selectRow(2)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Name\tValue\nrow 2 x\t1.0\n"
    table.actions()[1].trigger()
    assert QGuiApplication.clipboard().text().count("\n") == 4


def test_without_a_choice_all_rows_are_copied_in_the_order_shown(table):
    table.sortItems(1, Qt.SortOrder.DescendingOrder)
    table.horizontalHeader().moveSection(1, 0)
    table.hideRow(1)
    table.clearSelection()
    assert as_text(table).splitlines() == ["Value\tName", "1.0\trow 2 x", "0.0\trow 0 x"]


def test_ticks_are_words(table):
    table.item(0, 1).setText("")
    table.item(0, 1).setCheckState(Qt.CheckState.Checked)
    table.selectRow(0)
    assert as_text(table).splitlines()[1].endswith("\tyes")


def test_every_table_of_the_window_can_be_copied(window, small_recording, small_analysis, small_result, qtbot):
    window.document.open(small_recording, small_analysis, small_result)
    tables = [table for panel in window.panels.values() for table in panel.findChildren(QTableView) if table.objectName()]
    assert len(tables) >= 4
    for table in tables:
        QGuiApplication.clipboard().setText("before")
        qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QGuiApplication.clipboard().text() != "before", table.objectName()


def test_the_coefficients_of_a_unit_are_those_of_the_result(qtbot, small_result):
    view = CoefficientsView()
    qtbot.addWidget(view)
    for unit in map(str, small_result.units):
        view.show_unit(small_result, unit)
        rows = list(csv.DictReader(io.StringIO(as_text(view.view, whole=True)), delimiter="\t"))
        exported = [row for row in csv.DictReader(io.StringIO(coefficients_csv(small_result))) if row["unit"] == unit]
        assert [row["Feature"] for row in rows] == [row["feature"] for row in exported]
        shown = np.array([float(row["Coefficient"]) for row in rows])
        assert shown == pytest.approx([float(row["coefficient"]) for row in exported], rel=1e-4)
        for row, known in zip(rows, exported, strict=True):
            if row["z"] != "\u2013":
                assert float(row["z"]) == pytest.approx(float(known["coefficient"]) / float(known["standard_error"]), abs=0.01)


def test_coefficients_are_sorted_by_number_and_searched(qtbot, small_result):
    view = CoefficientsView()
    qtbot.addWidget(view)
    view.show_unit(small_result, str(small_result.units[0]))
    model = view.view.model()
    view.view.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    numbers = [float(model.index(row, 2).data()) for row in range(model.rowCount())]
    assert numbers == sorted(numbers)
    view.search.setText("INTERCEPT")
    assert model.rowCount() == 1


def test_a_history_is_a_feature_of_its_unit_alone(small_recording):
    import glmengine
    from glmengine.analysis.analysis import Analysis, Model, Time, Validation
    from glmengine.analysis.terms import CouplingTerm, HistoryTerm
    from glmengine.basis import RaisedCosineLog

    basis = RaisedCosineLog(n=2, window=0.2)
    terms = (HistoryTerm(basis=basis), CouplingTerm(basis=basis))
    analysis = Analysis(time=Time(bin_size=0.05), terms=terms, model=Model(strengths=(1e-3,)), validation=Validation(folds=0))
    result = glmengine.run(analysis, small_recording)
    for unit in map(str, result.units):
        own = result.coefficients[own_features(result, unit)]
        of = dict(zip(own["kind"].values.tolist(), own["variable"].values.tolist(), strict=True))
        assert of["history"] == unit
        assert unit not in own["variable"].values[own["kind"].values == "coupling"]


def test_a_tree_is_copied_with_what_lies_below_its_rows(qtbot):
    tree = QTreeWidget()
    qtbot.addWidget(tree)
    tree.setHeaderLabels(("What", "Keys"))
    above = QTreeWidgetItem(tree, ["File"])
    for text in ("Open", "Save"):
        QTreeWidgetItem(above, [text, f"Ctrl+{text[0]}"])
    assert as_text(tree).splitlines() == ["What\tKeys", "File\t", "Open\tCtrl+O", "Save\tCtrl+S"]
    above.child(1).setSelected(True)
    assert as_text(tree).splitlines() == ["What\tKeys", "Save\tCtrl+S"]


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([4.2, 3.9, 4.283], ["4.200", "3.900", "4.283"]),
        ([0.16472, 0.127, 0.07237, np.nan], ["0.1647", "0.1270", "0.0724", "\u2013"]),
        ([14.31, -0.0278, 0.359], ["14.31", "-0.03", "0.36"]),
        ([0.1844, -0.00001, 0.0], ["0.1844", "0.0000", "0.0000"]),
        ([2522, 994, 12345.6], ["2,522", "994", "12,346"]),
        ([1.0, 1.0], ["1", "1"]),
        ([1e-4, 1e-5], ["0.00010", "0.00001"]),
        ([8.133e-19, 1.288e-21, 0.0], ["8.13e-19", "1.29e-21", "0"]),
        ([-1.597e128, -9.63e127], ["-1.6e128", "-9.63e127"]),
        ([np.nan], ["\u2013"]),
        ([], []),
    ],
)
def test_numbers_of_one_column_are_written_alike(values, shown):
    assert alike(values) == shown


def test_headings_stand_on_the_side_of_their_cells(qtbot):
    table = QTableWidget(0, 3)
    qtbot.addWidget(table)
    plain_table(table)
    table.setHorizontalHeaderLabels(("Name", "Value", "State"))
    assert sides(table) == ["left", "left", "left"]
    table.setRowCount(1)
    for part, item in enumerate((QTableWidgetItem("hd1"), NumberItem("0.2", 0.2), QTableWidgetItem("ok"))):
        table.setItem(0, part, item)
    assert sides(table) == ["left", "right", "left"]


def sides(table: QTableWidget) -> list[str]:
    found = []
    for part in range(table.columnCount()):
        option = QStyleOptionHeader()
        table.horizontalHeader().initStyleOptionForIndex(option, part)
        found.append("right" if option.textAlignment & Qt.AlignmentFlag.AlignRight else "left")
    return found


def test_words_give_way_to_the_numbers_beside_them(qtbot):
    table = QTableWidget(2, 2)
    qtbot.addWidget(table)
    plain_table(table)
    words = GivingWay(table)
    table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
    for row in range(2):
        table.setItem(row, 0, QTableWidgetItem("a unit with a long name " * 3))
        table.setItem(row, 1, NumberItem("0.123", 0.123))
    words.fit()
    table.resize(1200, 200)
    table.show()
    header = table.horizontalHeader()
    whole = max(table.sizeHintForColumn(0), header.sectionSizeHint(0))
    assert header.sectionSize(0) == whole
    table.resize(260, 200)
    qtbot.waitUntil(lambda: header.sectionSize(0) < whole)
    assert header.length() <= table.viewport().width()


def test_a_long_text_is_shown_up_to_the_end_of_its_cell(table):
    """It ended where it would have wrapped, in a row of one line."""
    plain_table(table)
    assert not table.wordWrap()
