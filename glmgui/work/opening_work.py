"""What all that opens something has in common: its jobs, and how it is told that something is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.work.recent import RecentFiles

if TYPE_CHECKING:
    from glmengine.context import Context

Then = Callable[[], None] | None
OPEN = "open"
"""Key of the jobs that open something: a newer one takes the place of an older one."""


class OpeningWork(QObject):
    """The base of what opens something.

    Signals
    -------
    opened : Path or None
        Something is open.
    """

    opened = Signal(object)

    def __init__(self, document: Document, jobs: Jobs, recent: RecentFiles, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._recent = document, jobs, recent

    def _submit(self, path: Path, work: Callable[[Context], object], take: Callable[..., None]) -> None:
        self._jobs.submit(f"Opening {path.name}", work, take, key=OPEN)

    def _opened(self, path: Path | None, recent: Path | None, then: Then = None) -> None:
        """Tell that something is open, keep the file that is opened again from the list of recent ones, and go on with `then`."""
        if recent is not None:
            self._recent.add(recent, self._document)
        self.opened.emit(path)
        if then is not None:
            then()
