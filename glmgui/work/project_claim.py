"""A claim to a project file, by which a second window of the same user on the same project is noticed.

It lies among the program's own files, so that nothing is left beside anyone's data; what another user saves is noticed at saving.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from qtpy.QtCore import QLockFile

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import state_folder


class ProjectClaim:
    """Holds a small file for the project that is open; where none can be written nothing is claimed, and nothing said."""

    def __init__(self, document: Document, jobs: Jobs) -> None:
        self._document, self._jobs = document, jobs
        self._path: Path | None = None
        self._held: QLockFile | None = None
        document.changed.connect(self._changed)

    def release(self) -> None:
        """Let others have it."""
        self._path = None
        if self._held is not None:
            self._held.unlock()
            self._held = None

    def _changed(self, what: frozenset[str]) -> None:
        path = self._document.project_path
        if "project" in what and path != self._path:
            self.release()
            self._path = path
            if path is not None:
                self._jobs.submit(
                    f"Claiming {path.name}", lambda context: claim(path), lambda found: self._take(path, *found), quiet=True
                )

    def _take(self, path: Path, held: QLockFile | None, holder: str) -> None:
        if path != self._path:  # another is open by now
            if held is not None:
                held.unlock()
            return
        self._held = held
        if holder:
            notices().tell(
                "warning",
                f"{path.name} is open in another window too ({holder}); what both save would be lost in one of them, so save here "
                "under another name, or close the other window",
                title="Project",
            )


def claim(path: Path) -> tuple[QLockFile | None, str]:
    """The claim to a project, or who has it: ``"process 4711 on lab-pc"``; neither where no file can be written; runs in the worker."""
    folder = state_folder() / "open"
    with suppress(OSError):  # then there is no lock either
        folder.mkdir(parents=True, exist_ok=True)
    lock = QLockFile(str(folder / f"{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:24]}.lock"))
    lock.setStaleLockTime(0)  # only the end of its process frees it
    if lock.tryLock(0):
        return lock, ""
    if lock.error() != QLockFile.LockError.LockFailedError:
        return None, ""
    known, process, host, _ = lock.getLockInfo()
    here = known and process == os.getpid()
    return None, "this process" if here else f"process {process} on {host}" if known else "whose is not known"
