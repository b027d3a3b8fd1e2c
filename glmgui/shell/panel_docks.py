"""Docks whose panels are made when they are first seen or asked for, so that a window opens without building what nobody looks at.

A dock that is shown is there at once and says that its page is prepared; its panel follows a moment later: it is made between what else the
window has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from qtpy.QtCore import QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QDockWidget, QLabel, QWidget

from glmgui.screen_room import screen_room
from glmgui.widgets.page import PageScroll

PREPARING = "Preparing\u2026"
_ASIDE = 40
"""Pixels by which a window of its own lies aside from where its panel was."""


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
        self._panel: QWidget | None = None
        self._is_made = False
        self._scroll = PageScroll(None, self, name=f"{name}_panel_scroll")
        words = QLabel(PREPARING, self)
        words.setObjectName(f"{name}_preparing")
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._scroll.setWidget(words)  # until the panel takes its place, which deletes it
        self.setWidget(self._scroll)
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._make_on)

    @property
    def is_made(self) -> bool:
        """Whether the panel is there."""
        return self._is_made

    def made_panel(self) -> QWidget:
        """The panel, made now where it was not yet."""
        if not self.is_made:
            if self._panel is None:
                self._panel = self._make()
            self._is_made = True
            self._scroll.setWidget(self._panel)
            self.made.emit(self._panel)
        return self._scroll.widget()

    def turn_apart(self) -> None:
        """Put the panel into a window of its own, or back.

        The window has a frame of the desktop's and lies a little aside: without them it would cover the place it came from and look as if
        nothing had happened.
        """
        if self.isFloating():
            self.setFloating(False)
            return
        corner = self.mapToGlobal(QPoint(_ASIDE, _ASIDE))
        size = self.size().boundedTo(screen_room(self))
        self.setFloating(True)
        self.setWindowFlags(Qt.WindowType.Window)
        screen = self.screen().availableGeometry()
        furthest = screen.bottomRight() - QPoint(size.width(), size.height())
        self.resize(size)
        self.move(max(screen.left(), min(corner.x(), furthest.x())), max(screen.top() + _ASIDE, min(corner.y(), furthest.y())))
        self.show()

    def _make_on(self) -> None:
        """Make the panel in two pieces, between which the window answers: the widgets, and their place and look. What is said meanwhile is painted
        first: on a busy machine a panel takes seconds."""
        if self._panel is None:
            self._scroll.viewport().repaint()
            self._scroll.widget().repaint()
            self._panel = self._make()
            self._next.start(0)
        else:
            self.made_panel()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self.is_made:
            self._next.start(0)


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
