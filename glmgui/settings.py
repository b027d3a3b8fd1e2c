"""Settings: what the program remembers between sessions.

An ini file in the user's configuration folder. A value that is missing, damaged or of another kind is its default.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from qtpy.QtCore import QByteArray, QSettings

from glmgui.slow_disks import is_folder_soon, writable_folder

log = logging.getLogger(__name__)

MOST_RECENT = 10
# Raised when docks are renamed: a layout of another version is not restored.
LAYOUT_VERSION = 1
_LAYOUTS = f"layouts_{LAYOUT_VERSION}"


@dataclass(frozen=True)
class Recent:
    """A file or folder that was opened lately.

    Attributes
    ----------
    path : Path
    about : str
        What it was when it was opened (``"25 units, 33 min"``); empty where that is not remembered.
    when : float
        When it was opened last, in seconds since the epoch; 0 where that is not remembered.
    """

    path: Path
    about: str = ""
    when: float = 0.0

    @property
    def kind(self) -> str:
        """Project, analysis, result or recording, by its ending."""
        return {".glm": "project", ".toml": "analysis", ".nc": "result"}.get(self.path.suffix.lower(), "recording")


def _recent_of(text: str, told: object) -> Recent:
    told = told if isinstance(told, dict) else {}
    about, when = told.get("about"), told.get("when")
    return Recent(Path(text), about if isinstance(about, str) else "", float(when) if isinstance(when, int | float) else 0.0)


class Settings:
    """Typed access to the remembered values.

    Parameters
    ----------
    path : Path, optional
        The ini file; the user's own where not given.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or config_folder() / "glmgui.ini"
        self._store = QSettings(str(self.path), QSettings.Format.IniFormat)

    # Recent files

    @property
    def recent(self) -> tuple[Recent, ...]:
        """Recordings and projects opened lately, the latest first, as they were then: no disk is asked whether they are still there."""
        told = self._told()
        return tuple(_recent_of(text, told.get(text)) for text in self._texts("recent"))

    def add_recent(self, path: Path, about: str = "") -> None:
        """Remember a file or folder that was opened, and in a few words what it is."""
        path = Path(os.path.abspath(path))
        kept = [str(path), *(text for text in self._texts("recent") if text != str(path))][: 2 * MOST_RECENT]
        told = self._told() | {str(path): {"about": about, "when": time.time()}}
        self._set({"recent": kept, "recent_told": json.dumps({text: told[text] for text in kept if text in told})})

    def clear_recent(self) -> None:
        self._set({"recent": [], "recent_told": ""})

    # Folders

    @property
    def folder(self) -> str:
        """Where a file was opened or saved last."""
        text = self._text("folder")
        return text if text and is_folder_soon(Path(text)) else str(Path.home())

    @folder.setter
    def folder(self, path: Path | str) -> None:
        self._set({"folder": str(path)})

    @property
    def save_folder(self) -> str:
        """Where a file is offered to be saved: beside what was opened or where a file was saved, whichever came last, else where one was saved last, else among the documents;
        never in a folder that cannot be written to."""
        return str(writable_folder(self._text("folder"), self._text("saved")))

    @save_folder.setter
    def save_folder(self, path: Path | str) -> None:
        self._set({"saved": str(path), "folder": str(path)})

    # Look

    @property
    def dark(self) -> bool | None:
        """The chosen look, None to follow the desktop."""
        return {"dark": True, "light": False}.get(self._text("look"))

    @dark.setter
    def dark(self, dark: bool | None) -> None:
        self._set({"look": "" if dark is None else "dark" if dark else "light"})

    @property
    def zoom(self) -> float:
        """How many times the desktop's own size text is shown in."""
        try:
            return min(max(float(self._text("zoom")), 0.5), 4.0)
        except ValueError:
            return 1.0

    @zoom.setter
    def zoom(self, factor: float) -> None:
        self._set({"zoom": f"{factor:g}"})

    # Figures

    @property
    def figure(self) -> str:
        """What was asked of the last figure, as JSON; empty where none was made."""
        return self._text("figure")

    @figure.setter
    def figure(self, text: str) -> None:
        self._set({"figure": text})

    # Layout

    @property
    def layout(self) -> tuple[QByteArray, QByteArray] | None:
        """Geometry and state of the main window, None where there are none of this version."""
        if self._text("layout/version") != str(LAYOUT_VERSION):
            return None
        geometry, state = self._store.value("layout/geometry"), self._store.value("layout/state")
        return (geometry, state) if isinstance(geometry, QByteArray) and isinstance(state, QByteArray) else None

    def set_layout(self, geometry: QByteArray, state: QByteArray) -> None:
        self._set({"layout/version": str(LAYOUT_VERSION), "layout/geometry": geometry, "layout/state": state})

    def forget_layout(self) -> None:
        self._store.remove("layout")

    @property
    def named_layouts(self) -> dict[str, QByteArray]:
        """Arrangements of the docks by the name that the user gave them, those of this version."""
        found = {unquote(key): self._store.value(f"{_LAYOUTS}/{key}") for key in self._keys(_LAYOUTS)}
        return {name: state for name, state in found.items() if isinstance(state, QByteArray)}

    def keep_named_layout(self, name: str, state: QByteArray) -> None:
        self._set({f"{_LAYOUTS}/{quote(name, safe='')}": state})

    def forget_named_layout(self, name: str) -> None:
        self._store.remove(f"{_LAYOUTS}/{quote(name, safe='')}")

    # Inside

    def _text(self, key: str) -> str:
        value = self._store.value(key, "")
        return value if isinstance(value, str) else ""

    def _keys(self, group: str) -> list[str]:
        self._store.beginGroup(group)
        keys = list(self._store.childKeys())
        self._store.endGroup()
        return keys

    def _told(self) -> dict[str, object]:
        """What was remembered of each recent file beside its path."""
        try:
            told = json.loads(self._text("recent_told") or "{}")
        except ValueError:
            return {}
        return told if isinstance(told, dict) else {}

    def _texts(self, key: str) -> list[str]:
        value = self._store.value(key, [])
        if isinstance(value, str):
            value = [value]
        return [text for text in value if isinstance(text, str) and text] if isinstance(value, list) else []

    def _set(self, values: Mapping[str, object]) -> None:
        for key, value in values.items():
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
