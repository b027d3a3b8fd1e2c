"""Docks whose panels are made when they are first seen or asked for, so that a window opens without building what nobody looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from qtpy.QtCore import Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QDockWidget, QWidget

from glmgui.widgets.page import PageScroll


class PanelDock(QDockWidget):
    """A dock of one panel.

    Signals
    -------
    made : QWidget
        The panel is there now.
    """

    made = Signal(object)

    def __init__(self, name: str, title: str, make: Callable[[], QWidget], parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.setObjectName(f"dock_{name}")
        self._make: Callable[[], QWidget] | None = make
        self._scroll = PageScroll(None, self, name=f"{name}_panel_scroll")
        self.setWidget(self._scroll)

    def made_panel(self) -> QWidget:
        """The panel, made now where it was not yet."""
        if self._make is not None:
            make, self._make = self._make, None
            self._scroll.setWidget(make())
            self.made.emit(self._scroll.widget())
        return self._scroll.widget()

    def showEvent(self, event: QShowEvent) -> None:
        self.made_panel()
        super().showEvent(event)


class Panels(Mapping[str, QWidget]):
    """The panels by name; one that is asked for is made."""

    def __init__(self, docks: Mapping[str, PanelDock]) -> None:
        self._docks = docks

    def __getitem__(self, name: str) -> QWidget:
        return self._docks[name].made_panel()

    def __iter__(self) -> Iterator[str]:
        return iter(self._docks)

    def __len__(self) -> int:
        return len(self._docks)
