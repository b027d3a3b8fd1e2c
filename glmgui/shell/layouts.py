"""Layouts of the window by name: which panels stand where."""

from __future__ import annotations

from qtpy.QtCore import QByteArray
from qtpy.QtWidgets import QMainWindow

from glmgui.settings import Settings


class Layouts:
    """Arrangements of docks that the user has given a name."""

    def __init__(self, window: QMainWindow, settings: Settings) -> None:
        self._window, self._settings = window, settings

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the alphabet."""
        return tuple(sorted(self._settings.named_layouts, key=str.lower))

    def save(self, name: str) -> None:
        """Keep the present arrangement under a name, in the place of one that had it."""
        self._settings.keep_named_layout(name, self._window.saveState())

    def remove(self, name: str) -> None:
        self._settings.forget_named_layout(name)

    def restore(self, name: str) -> bool:
        """Arrange the window as it was kept; False where that is of another version of the program."""
        state = self._settings.named_layouts.get(name, QByteArray())
        return not state.isEmpty() and self._window.restoreState(state)
