"""Which pages stand in the window, and where: one step in the place of another, the start page, layouts."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from qtpy.QtCore import QByteArray, Qt, QTimer
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QMainWindow, QWidget

from glmgui.settings import Settings
from glmgui.shell.layouts import Layouts
from glmgui.shell.panel_docks import PanelDock
from glmgui.shell.rail import START, StepsRail
from glmgui.steps import STEPS

log = logging.getLogger(__name__)

SIZE = (1366, 768)
_LOG_HEIGHT = 170


class Arrangement:
    """Puts the docks of the steps and of the log, and the start page, in their places.

    Parameters
    ----------
    window : QMainWindow
    docks : mapping of str to PanelDock
        The log's and those of the steps, by name.
    start : QWidget
        The page that stands before the steps.
    rail : StepsRail
        Shows which step is shown.
    settings : Settings
    """

    def __init__(
        self, window: QMainWindow, docks: Mapping[str, PanelDock], start: QWidget, rail: StepsRail, settings: Settings
    ) -> None:
        self._window, self._docks, self._start, self._rail, self._settings = window, docks, start, rail, settings
        self.layouts = Layouts(window, settings)
        self.step = STEPS[0].name
        """The step that is shown."""
        self._put_aside: tuple[str, ...] = ()
        self._first_state = QByteArray()
        self._emptied = QTimer(window)  # in a turn of its own: one page comes in the place of another in two steps
        self._emptied.setSingleShot(True)
        self._emptied.timeout.connect(self._fill_empty)
        for dock in self.step_docks:
            dock.visibilityChanged.connect(lambda _: self._emptied.start())
            dock.topLevelChanged.connect(lambda _: self._emptied.start())

    @property
    def step_docks(self) -> tuple[PanelDock, ...]:
        """The docks of the steps, in their order."""
        return tuple(self._docks[step.name] for step in STEPS)

    @property
    def start_is_shown(self) -> bool:
        """Whether the page is shown that stands before the steps."""
        return not self._start.isHidden()

    def show_step(self, name: str) -> None:
        """Show the panel of a step in the place of the other steps, unless they were put beside each other."""
        self.step = name
        docked = self._docked()
        in_view = [one for one in docked if not self._docks[one].visibleRegion().isEmpty()]
        self._window.setUpdatesEnabled(False)
        try:
            if self.start_is_shown:
                self._start.hide()
                if name in self._put_aside:  # those that stood beside it come back with it
                    for other in self._put_aside:
                        self._docks[other].show()
                    in_view = list(self._put_aside)
            self._docks[name].show()
            if len(in_view) <= 1:
                for other in docked:
                    if other != name:
                        self._docks[other].hide()
            self._docks[name].raise_()
        finally:
            self._window.setUpdatesEnabled(True)
        self._rail.set_current(name)

    def show_start(self) -> None:
        """Show the start page in the place of the steps; a step that is shown again brings back what stood beside it."""
        if not self.start_is_shown:
            self._put_aside = tuple(self._docked())
        for name in self._docked():
            self._docks[name].hide()
        self._start.show()
        self._rail.set_current(START)

    def bring_back(self) -> None:
        """Show what stood beside each other before the start page, so that it does again at the next start."""
        if self.start_is_shown and len(self._put_aside) > 1:
            for name in self._put_aside:
                self._docks[name].show()

    def use_layout(self, name: str) -> bool:
        """Arrange the panels as they were kept; False where that is of another version of the program."""
        self._start.hide()
        known = self.layouts.restore(name)
        shown = self._docked()
        if shown:
            self.step = self.step if self.step in shown else shown[0]
            self._rail.set_current(self.step)
        else:
            self.show_start()
        return known

    def begin(self) -> None:
        """Put everything in its first place, then where the user had it last time."""
        self._lay_first()
        self._restore()

    def reset(self) -> None:
        """Put the docks where they are at first: the steps in one place, the log below and hidden."""
        self._settings.forget_layout()
        self._window.restoreState(self._first_state)
        self.show_step(self.step)

    def _lay_first(self) -> None:
        available = QGuiApplication.primaryScreen().availableGeometry()
        self._window.resize(min(SIZE[0], available.width()), min(SIZE[1], available.height()))
        first, *others = self.step_docks
        for dock in self.step_docks:
            self._window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        for dock in others:
            self._window.tabifyDockWidget(first, dock)
        self._window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self._docks["log"])
        self._window.resizeDocks([self._docks["log"]], [_LOG_HEIGHT], Qt.Orientation.Vertical)
        self._docks["log"].hide()
        for dock in others:
            dock.hide()
        self._rail.set_current(STEPS[0].name)
        self._first_state = self._window.saveState()

    def _restore(self) -> None:
        """What the user arranged last time; anything that does not fit leaves the first layout."""
        layout = self._settings.layout
        if layout is None:
            return
        geometry, state = layout
        if not (self._window.restoreGeometry(geometry) and self._window.restoreState(state)):
            log.info("The remembered layout could not be restored.")
            self._window.restoreState(self._first_state)
        shown = [step.name for step in STEPS if not self._docks[step.name].isHidden()]
        if len(shown) <= 1:
            self.step = next(iter(shown), self.step)
            self.show_step(STEPS[0].name)

    def _fill_empty(self) -> None:
        """Show the start page where no step is left in the window, as after the last was closed or put into a window of its own."""
        if not self.start_is_shown and not self._docked():
            self.show_start()

    def _docked(self) -> list[str]:
        """The steps whose panels stand in the window, seen or behind another."""
        return [step.name for step in STEPS if not self._docks[step.name].isHidden() and not self._docks[step.name].isFloating()]
