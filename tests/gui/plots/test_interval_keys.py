"""Intervals drawn on the time line without a mouse."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt

from glmgui.plots import TimeLine


@pytest.fixture
def line(qtbot):
    made = TimeLine()
    qtbot.addWidget(made)
    made.draw_by_keys()
    made.set_epochs({"all": np.array([[0.0, 100.0]])}, ["all"], (0.0, 100.0))
    made.resize(600, 200)
    made.show()
    made.view.setFocus()
    return made


def test_an_interval_is_drawn_and_removed_with_keys(line, qtbot):
    told = []
    line.intervals_changed.connect(told.append)

    def press(*keys, shift=False):
        for key in keys:
            qtbot.keyClick(line.view, key, Qt.KeyboardModifier.ShiftModifier if shift else Qt.KeyboardModifier.NoModifier)

    press(Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert line.keys.at == pytest.approx(1.0)
    press(Qt.Key.Key_Return)
    press(Qt.Key.Key_Right, Qt.Key.Key_Right, shift=True)
    press(Qt.Key.Key_Return)
    assert told == [((1.0, 11.0),)]
    press(Qt.Key.Key_End, Qt.Key.Key_Delete)
    assert len(told) == 1
    assert line.keys.at == pytest.approx(100.0)
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Right, shift=True)
    press(Qt.Key.Key_Delete)
    assert told[-1] == ()


def test_an_interval_that_was_begun_can_be_given_up(line, qtbot):
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Return, Qt.Key.Key_Right, Qt.Key.Key_Escape, Qt.Key.Key_Right, Qt.Key.Key_Return):
        qtbot.keyClick(line.view, key)
    assert line.intervals == ()
