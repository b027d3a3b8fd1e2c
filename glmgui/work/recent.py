"""Files opened lately, and which of them are still there, asked without waiting for any disk."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmgui.document import Document
from glmgui.settings import MOST_RECENT, Recent, Settings
from glmgui.slow_disks import ask_apart, is_there

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


class RecentFiles(QObject):
    """What was opened lately.

    Signals
    -------
    changed
        One more was opened, or one is known now to be gone or to be there.
    """

    changed = Signal()
    _answered = Signal(str, bool)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._there: dict[str, bool] = {}
        self._asked: set[str] = set()
        self._answered.connect(self._take)

    @property
    def entries(self) -> tuple[Recent, ...]:
        """The latest first, without those that are known to be gone."""
        return tuple(one for one in self._settings.recent if self._there.get(str(one.path), True))[:MOST_RECENT]

    def is_reached(self, path: Path) -> bool:
        """Whether its disk has answered: one that has not may be a network share that is gone."""
        return self._there.get(str(path), False)

    def look(self) -> None:
        """Ask again which are there; each answer comes when it comes, or never."""
        for one in self._settings.recent:
            text = str(one.path)
            if text not in self._asked:
                self._asked.add(text)
                ask_apart(partial(self._ask, text))

    def add(self, path: Path, document: Document) -> None:
        """Remember a file that is open now."""
        self._settings.add_recent(path, about(document))
        self._there.pop(str(path), None)
        self.changed.emit()

    def clear(self) -> None:
        """Forget them all."""
        self._settings.clear_recent()
        self.changed.emit()

    def _ask(self, text: str) -> None:
        there = is_there(Path(text))
        try:
            self._answered.emit(text, there)
        except RuntimeError:  # the window was closed meanwhile
            return

    def _take(self, text: str, there: bool) -> None:
        self._asked.discard(text)
        if self._there.get(text) != there:
            self._there[text] = there
            self.changed.emit()


def about(document: Document) -> str:
    """In a few words what is open: units, duration, terms, fits."""
    recording, terms = document.recording, sum(term.enabled for term in document.analysis.terms)
    said = [_of_recording(recording)] if recording is not None else []
    if terms:
        said.append(f"{terms} term{'s' if terms != 1 else ''}")
    if document.fits:
        said.append(f"{len(document.fits)} fit{'s' if len(document.fits) != 1 else ''}")
    return ", ".join(said)


def _of_recording(recording: Recording) -> str:
    units = len(recording.unit_names)
    sessions = f", {len(recording.sessions)} sessions" if len(recording.sessions) > 1 else ""
    return f"{units:,} unit{'s' if units != 1 else ''}, {_long(recording.duration)}{sessions}"


def _long(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
