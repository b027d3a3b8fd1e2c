"""A long list with ticks shows from the first tick on."""

from __future__ import annotations

from glmgui.forms.editors import NamesEditor


def test_the_first_tick_can_be_seen_in_a_list_that_is_longer_than_its_place(qtbot):
    editor = NamesEditor("arrays")
    qtbot.addWidget(editor)
    editor.show()
    editor.set_context({"arrays": [f"array {number}" for number in range(40)]})
    editor.set_value(("array 30", "array 33"))
    items = editor._list
    assert items.viewport().rect().contains(items.visualItemRect(items.item(30)))
    assert not items.viewport().rect().intersects(items.visualItemRect(items.item(0)))
