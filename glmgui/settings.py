"""Settings: what the program remembers between sessions.

An ini file in the user's configuration folder. A value that is missing, damaged or of another kind is its default.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from qtpy.QtCore import QByteArray, QSettings

log = logging.getLogger(__name__)

MOST_RECENT = 10
# Raised when docks are renamed: a layout of another version is not restored.
LAYOUT_VERSION = 1


class Settings:
    """Typed access to the remembered values.

    Parameters
    ----------
    path : Path, optional
        The ini file; the user's own where not given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._store = QSettings(str(path or config_folder() / "glmgui.ini"), QSettings.Format.IniFormat)

    # Recent files

    @property
    def recent(self) -> tuple[Path, ...]:
        """Recordings and projects opened lately, the latest first; those that are gone are left out."""
        found = []
        for text in self._texts("recent"):
            try:
                if Path(text).exists():
                    found.append(Path(text))
            except OSError:
                continue
        return tuple(found[:MOST_RECENT])

    def add_recent(self, path: Path) -> None:
        path = Path(os.path.abspath(path))
        kept = [text for text in self._texts("recent") if text != str(path)]
        self._set("recent", [str(path), *kept][: 2 * MOST_RECENT])

    def clear_recent(self) -> None:
        self._set("recent", [])

    # Folders

    @property
    def folder(self) -> str:
        """Where a file was opened or saved last."""
        text = self._text("folder")
        return text if text and Path(text).is_dir() else str(Path.home())

    @folder.setter
    def folder(self, path: Path | str) -> None:
        self._set("folder", str(path))

    # Look

    @property
    def dark(self) -> bool | None:
        """The chosen look, None to follow the desktop."""
        return {"dark": True, "light": False}.get(self._text("look"))

    @dark.setter
    def dark(self, dark: bool | None) -> None:
        self._set("look", "" if dark is None else "dark" if dark else "light")

    # Layout

    @property
    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Geometry and state of the main window, None where there are none of this version."""
        if self._text("layout/version") != str(LAYOUT_VERSION):
            return None
        geometry, state = self._store.value("layout/geometry"), self._store.value("layout/state")
        return (geometry, state) if isinstance(geometry, QByteArray) and isinstance(state, QByteArray) else None

    def set_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        self._set("layout/version", str(LAYOUT_VERSION))
        self._set("layout/geometry", geometry)
        self._set("layout/state", state)

    def forget_layout(self) -> None:
        self._store.remove("layout")

    # Inside

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else ""

    def _texts(self, key: str) -> list[str]:
        value = self._store.value(key, [])
        if isinstance(value, str):
            value = [value]
        return [text for text in value if isinstance(text, str) and text] if isinstance(value, list) else []

    def _set(self, key: str, value: object) -> None:
        self._store.setValue(key, value)
        self._store.sync()
        if self._store.status() != QSettings.Status.NoError:
            log.info("Settings cannot be kept in %s.", self._store.fileName())


def config_folder() -> Path:
    """Where settings are kept."""
    return _base("XDG_CONFIG_HOME", ".config", "APPDATA", "Preferences") / "glmgui"


def state_folder() -> Path:
    """Where recovery files and the log are kept."""
    return _base("XDG_STATE_HOME", ".local/state", "LOCALAPPDATA", "Application Support") / "glmgui"


def _base(variable: str, unix: str, windows: str, mac: str) -> Path:
    try:
        if sys.platform == "win32":
            return Path(os.environ.get(windows) or Path.home() / "AppData")
        if sys.platform == "darwin":
            return Path.home() / "Library" / mac
        return Path(os.environ.get(variable) or Path.home() / unix)
    except RuntimeError:  # there is no home at all
        import tempfile

        return Path(tempfile.gettempdir())
