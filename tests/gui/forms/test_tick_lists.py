"""Lists of ticks: all at once, a range with Shift, all that are selected with Space."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QListWidget, QStyle, QStyleOptionViewItem

from glmgui.forms.editors import NamesEditor

CELLS = [f"cell{number}" for number in range(1, 9)]


@pytest.fixture
def editor(qtbot):
    made = NamesEditor("arrays")
    made.describe("Counts", "", "counts")
    made.set_context({"arrays": CELLS})
    made.resize(300, 300)
    qtbot.addWidget(made)
    made.show()
    return made


def box_of(names: QListWidget, at: int) -> QPoint:
    option = QStyleOptionViewItem()
    names.initViewItemOption(option)
    option.rect = names.visualItemRect(names.item(at))
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    return names.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, names).center()


def test_all_are_ticked_and_unticked_with_one_click(editor):
    """Two hundred cells were two hundred clicks."""
    changes = []
    editor.changed.connect(lambda: changes.append(editor.value()))
    editor._all.click()
    editor._clear.click()
    assert changes == [tuple(CELLS), ()]


def test_all_of_a_matrix_is_the_matrix_and_not_its_columns_again(editor):
    editor.set_context({"arrays": ["traces", "traces[0]", "traces[1]", "speed", "c[0]"]})
    editor._all.click()
    assert editor.value() == ("traces", "speed", "c[0]")


def test_shift_ticks_from_the_last_one_to_this(editor, qtbot):
    names, left = editor._list, Qt.MouseButton.LeftButton
    qtbot.mouseClick(names.viewport(), left, pos=box_of(names, 1))
    qtbot.mouseClick(names.viewport(), left, Qt.KeyboardModifier.ShiftModifier, box_of(names, 4))
    assert editor.value() == ("cell2", "cell3", "cell4", "cell5")
    qtbot.mouseClick(names.viewport(), left, Qt.KeyboardModifier.ShiftModifier, box_of(names, 3))
    assert editor.value() == ("cell2", "cell3")


def test_space_ticks_all_that_are_selected(editor, qtbot):
    names = editor._list
    names.setFocus()
    qtbot.keyClick(names, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(names, Qt.Key.Key_Space)
    assert editor.value() == tuple(CELLS)
    qtbot.keyClick(names, Qt.Key.Key_Space)
    assert editor.value() == ()
