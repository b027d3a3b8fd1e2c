"""Undo and redo keys inside fields, handed to the window's own undo: a field that undid its text alone would show what is not so."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QObject
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLineEdit, QWidget


class UndoKeys(QObject):
    """Watches the field of `window` that has the focus.

    Parameters
    ----------
    undo, redo : callable
        Called for a key that no action of the window takes, because there is no step.
    """

    def __init__(self, window: QWidget, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        super().__init__(window)
        self._window, self._calls = window, {QKeySequence.StandardKey.Undo: undo, QKeySequence.StandardKey.Redo: redo}
        QApplication.instance().focusChanged.connect(self._focus_changed)

    def _focus_changed(self, old: QWidget | None, new: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if isinstance(new, QLineEdit | QAbstractSpinBox | QComboBox) and new.window() is self._window:
            new.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            for key, call in self._calls.items():
                if event.matches(key):
                    if event.type() == QEvent.Type.KeyPress:
                        call()
                    else:
                        event.ignore()
                    return True
        return super().eventFilter(watched, event)
