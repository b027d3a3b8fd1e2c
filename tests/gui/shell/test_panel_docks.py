"""Docks whose panels are made when they are first seen say so at once, and what was asked for is named before the worker comes to it."""

from __future__ import annotations

import threading

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QMainWindow, QWidget

from glmgui.shell.panel_docks import PREPARING, PanelDock


class Painted(QObject):
    """Counts how often a widget was painted."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def test_that_a_page_is_prepared_is_painted_before_its_panel_is_made(qtbot):
    painted, before, window = Painted(), [], QMainWindow()
    qtbot.addWidget(window)

    def make() -> QWidget:
        before.append(painted.count)
        return QWidget()

    dock = PanelDock("one", "One", make, window)
    words = dock.findChild(QLabel, "one_preparing")
    words.installEventFilter(painted)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
    dock.hide()
    window.resize(400, 300)
    with qtbot.waitExposed(window):
        window.show()
    dock.show()
    assert words.text() == PREPARING
    assert not dock.is_made
    qtbot.waitUntil(lambda: dock.is_made)
    assert before[0] > 0
    assert dock.made_panel() is dock.widget().widget()


def test_what_was_asked_for_is_named_while_the_worker_still_loads(window, qtbot):
    free = threading.Event()
    window.jobs.submit("Loading libraries", lambda context: free.wait(), quiet=True)
    window.jobs.submit("Opening spikes.nwb", lambda context: None)
    try:
        qtbot.waitUntil(lambda: window.progress.shown)
        assert window.progress.label.text() == "Opening spikes.nwb"
    finally:
        free.set()
    qtbot.waitUntil(lambda: not window.document.busy)
    assert not window.progress.shown
