"""The window as actions see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qtpy.QtGui import QAction
from qtpy.QtWidgets import QDockWidget, QWidget

from glmgui.work.use_cases import UseCases

if TYPE_CHECKING:
    from glmgui.dialogs.guide import GuideWindow


class Host(Protocol):
    """Implemented by `glmgui.shell.window.MainWindow`."""

    work: UseCases

    @property
    def widget(self) -> QWidget:
        """What dialogs stand over, and menus and shortcuts belong to."""

    @property
    def guide(self) -> GuideWindow:
        """The guide's window."""

    @property
    def step_docks(self) -> tuple[QDockWidget, ...]:
        """The docks of the steps, in their order."""

    @property
    def step(self) -> str:
        """Name of the step that is shown."""

    def show_step(self, name: str) -> None:
        """Show the panel of a step."""

    @property
    def log_is_shown(self) -> bool:
        """Whether the log is to be seen."""

    def toggle_log(self) -> None:
        """Show or hide the log."""

    @property
    def log_text(self) -> str:
        """The whole log."""

    @property
    def dark(self) -> bool:
        """Whether the window is dark."""

    def set_dark(self, dark: bool) -> None:
        """Dark or light."""

    def zoom(self, step: int) -> None:
        """Show all text larger, smaller, or as the desktop has it."""

    def show_start(self) -> None:
        """Show the page that stands before the steps."""

    @property
    def start_is_shown(self) -> bool:
        """Whether the page is shown that stands before the steps."""

    def show_guide(self, page: str, word: str = "") -> None:
        """Show a page of the guide, from a word on where one is given."""

    def page_of(self, step: str) -> Any:
        """The page of a step, which is shown."""

    @property
    def layout_names(self) -> tuple[str, ...]:
        """Of the layouts that the user has kept."""

    def save_layout(self, name: str) -> None:
        """Keep the present arrangement of the panels under a name."""

    def use_layout(self, name: str) -> None:
        """Arrange the panels as they were kept."""

    def remove_layout(self, name: str) -> None:
        """Keep a layout no longer."""

    def reset_layout(self) -> None:
        """Put the panels where they were at first."""

    def say(self, text: str) -> None:
        """Say for a few seconds, in the status line, what was done."""

    def menu_of(self, name: str) -> str:
        """The menu in which an action stands."""

    def action(self, name: str) -> QAction:
        """The action of this name of the table."""

    @property
    def action_names(self) -> tuple[str, ...]:
        """Of all actions, in the order of the menus."""

    def close(self) -> bool:
        """Close the window, after asking."""
