"""What holds for every dialog, the search and the list of keys: it fits a small screen, each control has a name and is reached with the Tab key."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qtpy.QtCore import QSize, Qt
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QScrollBar,
    QTextBrowser,
    QWidget,
)

from glmgui import screen_room
from glmgui.actions.palette import CommandPalette
from glmgui.dialogs import ready_analysis
from glmgui.dialogs.figure import FigureDialog
from glmgui.dialogs.shortcuts import ShortcutsDialog
from glmgui.file_dialogs import FileDialog
from glmgui.notices import notices
from glmgui.screen_room import room_on
from glmgui.tools.dialog_pictures import ASKED
from tests.gui.shell.test_every_recording import look

CONTROLS = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTextBrowser)
SMALL = QSize(1024, 768)


def _palette(window) -> QWidget:
    window.action("palette").trigger()
    return window.findChild(CommandPalette)


def _shortcuts(window) -> QWidget:
    window.action("shortcuts").trigger()
    return window.findChild(ShortcutsDialog)


def _figure(window) -> QWidget:
    window.action("export_figure").trigger()
    return window.findChild(FigureDialog)


DIALOGS: dict[str, Callable[..., QWidget]] = {
    **{name: show for name, show in ASKED if name != "log"},  # a dock, as the pages are
    "palette": _palette,
    "shortcuts": _shortcuts,
    "figure": _figure,
}


@pytest.fixture(scope="module")
def fitted(lasting_window, small_recording, small_analysis, small_result):
    lasting_window.document.open(small_recording, small_analysis, small_result)
    notices().tell("warning", "something to tell more of", "as details")
    return lasting_window


@pytest.fixture(params=DIALOGS)
def shown(fitted, request, at_rest):
    """A dialog as the window shows it, of the size that a small screen has room for."""
    fitted.show_step("results")  # with something on it of which a figure can be made
    at_rest(fitted)
    dialog = DIALOGS[request.param](fitted)
    at_rest(fitted)
    dialog.resize(dialog.size().boundedTo(room_on(SMALL)))
    at_rest(fitted)
    yield dialog
    dialog.close()
    at_rest(fitted)


def controls_of(dialog: QWidget) -> list[QWidget]:
    """All that takes the focus."""
    found = []
    for widget in dialog.findChildren(CONTROLS):
        own = isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
        internal = widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar) or own
        if widget.isVisible() and not internal and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            found.append(widget)
    return found


def test_it_fits_a_small_screen_has_names_for_all_and_is_walked_with_the_tab_key(shown):
    room = room_on(SMALL)
    assert shown.isVisible()
    assert shown.width() <= room.width()
    assert shown.height() <= room.height()
    look(shown.grab().toImage(), shown.objectName())
    controls = controls_of(shown)
    assert controls
    nameless = [
        f"{type(one).__name__} {one.objectName()}"
        for one in controls
        if not (one.accessibleName() or (isinstance(one, QAbstractButton) and one.text()))
    ]
    assert not nameless
    chain, at = [], shown.nextInFocusChain()
    while at is not shown and len(chain) < 5000:
        chain.append(at)
        at = at.nextInFocusChain()
    missed = [
        f"{type(one).__name__} {one.objectName()}"
        for one in controls
        if one.isEnabled() and not (one.focusPolicy() & Qt.FocusPolicy.TabFocus and any(one is other for other in chain))
    ]
    assert not missed
    assert (
        QApplication.focusWidget() is None
        or shown.isAncestorOf(QApplication.focusWidget())
        or QApplication.focusWidget() is shown
    )


@pytest.mark.parametrize("name", [name for name in DIALOGS if not name.startswith("guide")])  # which keeps its own size
def test_it_comes_up_no_larger_than_a_small_screen_at_one_and_a_half_times_the_size(fitted, name, monkeypatch, at_rest):
    """A dialog whose buttons lay below the screen."""
    room = room_on(QSize(911, 512))
    for module in (screen_room, ready_analysis):
        monkeypatch.setattr(module, "screen_room", lambda widget: room)
    fitted.resize(911, 490)
    fitted.show_step("results")
    at_rest(fitted)
    dialog = DIALOGS[name](fitted)
    try:
        at_rest(fitted)
        assert dialog.width() <= room.width()
        assert dialog.height() <= room.height()
    finally:
        dialog.close()
        at_rest(fitted)


def test_a_dialog_for_files_has_its_buttons_on_a_small_screen(fitted, qtbot, monkeypatch):
    room = room_on(QSize(911, 512))
    monkeypatch.setattr(screen_room, "screen_room", lambda widget: room)
    dialog = FileDialog("Open", parent=fitted, several_folders=True)
    dialog.show()
    qtbot.wait(20)
    assert dialog.height() <= room.height()
    assert dialog.width() <= room.width()
    dialog.close()
