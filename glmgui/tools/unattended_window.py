"""The window as nobody looks at it: with settings of its own and without questions."""

from __future__ import annotations

from pathlib import Path

from glmgui.settings import Settings
from glmgui.shell.arrangement import SIZE
from glmgui.shell.window import MainWindow
from glmgui.tools.unattended import NoQuestions


def unattended_window(folder: Path, size: tuple[int, int] = SIZE) -> MainWindow:
    """Show a window whose settings lie in `folder`; `size` is in pixels of the desktop's scale."""
    window = MainWindow(Settings(folder / "settings.ini"), NoQuestions())
    window.resize(*size)
    window.show()
    return window
