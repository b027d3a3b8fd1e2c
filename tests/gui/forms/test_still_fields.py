"""Fields that stay as they are: texts of combo boxes that there is no room for."""

from __future__ import annotations

from qtpy.QtCore import QPoint
from qtpy.QtGui import QHelpEvent, QIcon, QPixmap
from qtpy.QtWidgets import QToolTip

from glmgui.still_fields import StillCombo


def test_a_text_without_room_ends_with_dots_and_is_whole_in_the_tooltip(qtbot, monkeypatch):
    box = StillCombo()
    qtbot.addWidget(box)
    box.setToolTip("What is drawn")
    box.addItem("unit 20: position.x x position.y: data and model")
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, over: said.append(text))
    box.resize(box.sizeHint())
    assert not box.is_cut
    box.resize(120, box.height())
    box.grab()
    assert box.is_cut
    box.event(QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(3, 3), QPoint(3, 3)))
    assert said == ["unit 20: position.x x position.y: data and model\nWhat is drawn"]
    box.setItemText(0, "unit 20")
    assert not box.is_cut
    box.setItemIcon(0, QIcon(QPixmap(64, 16)))
    box.setIconSize(QPixmap(64, 16).size())
    assert box.is_cut, "the icon takes room"
