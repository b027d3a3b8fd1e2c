"""Folders as the desktop shows them."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices


def show_folder(written: Path) -> None:
    """Open the folder that was written, or that a file was written into."""
    folder = written if written.is_dir() else written.parent
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
