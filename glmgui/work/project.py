"""Projects in the window: saving and opening in a job, and recovery files that survive a crash.

While a session has unsaved changes its analysis is kept in the recovery folder after every edit, and its result after every fit. A
clean end removes them; what a dead process left is offered at the next start.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from qtpy.QtCore import QLockFile, QObject, QTimer

from glmengine.errors import GlmError
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.settings import state_folder

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import Context
    from glmengine.project import RecordingReference
    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

log = logging.getLogger(__name__)

_AFTER_MS = 250


@dataclass(frozen=True, eq=False)
class Opened:
    """What opening a project gave.

    Attributes
    ----------
    path : Path
        The project file.
    recording : Recording or None
        None where it was not found.
    reference : RecordingReference
        Where the project says that its recording is.
    differs : bool
        The file found is not the one that the project was made with (another hash).
    stamp : (int, int) or None
        Of the project file just before it was read.
    located : mapping of int to Path
        Where the user said that some of the project's recordings are, by their number.
    wanted : int
        Number of the recording to ask for: the first that was not found, else the first whose content is another.
    """

    path: Path
    analysis: Analysis
    result: Result | None
    recording: Recording | None
    reference: RecordingReference
    differs: bool = False
    stamp: Stamp | None = None
    located: Mapping[int, Path] = field(default_factory=dict)
    wanted: int = 0

    def without_recording(self) -> Opened:
        """The same project, shown without what was found in the place of its recording."""
        return replace(self, recording=None, differs=False)

    def with_result_of(self, other: Opened) -> Opened:
        """The same with the result of `other`, which a recovered session keeps beside its project."""
        return replace(self, result=self.result if self.result is not None else other.result)


Stamp = tuple[int, int]
"""When a file was last written (ns), and its bytes: another stamp means that someone else has written it."""


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def open_project(path: Path, context: Context, located: Mapping[int, Path] = MappingProxyType({})) -> Opened:
    """Read a project and its recording, wherever that is now; runs in the worker.

    Parameters
    ----------
    located : mapping of int to Path
        Where the user says that its recordings are, by their number; the others are where the project knows them.
    """
    from glmengine.analysis.sources import open_sessions
    from glmengine.project import load_project

    stamp = stamp_of(path)
    project = load_project(path)
    reference = project.recording
    parts = reference.parts
    places = [located.get(at) or part.find(path) for at, part in enumerate(parts)]
    recording, wanted, differs = None, 0, False
    if any(place is None for place in places):
        wanted = places.index(None)
    else:
        context.check()
        names = [part.name for part in reference.sessions]
        recording = open_sessions(places, names, [part.source.get("recipe") for part in parts], context=context)
        found = [one.recording.sha256 for one in sorted(recording.sessions, key=lambda one: names.index(one.name))]
        other = [part.sha256 not in ("", now) for part, now in zip(parts, found or [recording.sha256], strict=True)]
        differs = any(other)
        wanted = other.index(True) if differs else 0
    return Opened(path, project.analysis, project.result, recording, reference, differs, stamp, dict(located), wanted)


def save_project(path: Path, analysis: Analysis, result: Result | None, recording: Recording | RecordingReference | None) -> Path:
    """Write a project; runs in the worker."""
    from glmengine import project

    project.save_project(path, analysis, result, recording)
    return path


@dataclass(frozen=True)
class Leftover:
    """A session that ended without saving.

    Attributes
    ----------
    stem : Path
        Path of its files without their endings.
    title : str
        What the user knows it by.
    project_path : str
        Where it was last saved, empty if never.
    when : float
        Seconds since the epoch.
    """

    stem: Path
    title: str
    project_path: str
    when: float

    @property
    def project(self) -> Path:
        return self.stem.with_suffix(".glm")

    @property
    def result(self) -> Path:
        return self.stem.with_suffix(".nc")


class Recovery(QObject):
    """Keeps unsaved changes of a document in the recovery folder."""

    def __init__(self, document: Document, jobs: Jobs, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.folder = folder or state_folder() / "recovery"
        self._stem = self.folder / f"{os.getpid()}-{time.time_ns()}"
        self._lock: QLockFile | None = None
        self._result_kept: Result | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self.keep)
        document.changed.connect(self._changed)

    @property
    def stem(self) -> Path:
        return self._stem

    def keep(self) -> None:
        """Write what is unsaved now; nothing where all is saved."""
        self._timer.stop()
        if not self._document.modified:
            self.clear()
            return
        if not self._ready():
            return
        document, stem = self._document, self._stem
        analysis, recording, result = document.analysis, document.recording, document.kept_result
        new_result = result if result is not self._result_kept else None
        self._result_kept = result
        about = {
            "title": document.project_path.stem if document.project_path else recording.name if recording else "session",
            "project_path": str(document.project_path or ""),
            "when": time.time(),
        }

        def write(context: Context) -> None:
            save_project(stem.with_suffix(".glm"), analysis, None, recording)
            stem.with_suffix(".json").write_text(json.dumps(about), encoding="utf-8")
            if new_result is not None:
                new_result.save(stem.with_suffix(".nc"))

        self._jobs.submit("Keeping changes for recovery", write, on_failed=self._failed, key="recovery", quiet=True)

    def clear(self) -> None:
        """Remove this session's recovery files."""
        self._timer.stop()
        self._result_kept = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        remove(self._stem)
        if self._jobs.is_pending("recovery"):  # what is being written now is removed after it
            stem = self._stem
            self._jobs.submit("Removing recovery files", lambda context: remove(stem), key="recovery", quiet=True)

    def leftovers(self) -> list[Leftover]:
        """What dead processes left, the latest first."""
        found = []
        for about in self.folder.glob("*.json") if self.folder.is_dir() else ():
            stem = about.with_suffix("")
            lock = QLockFile(str(stem.with_suffix(".lock")))
            lock.setStaleLockTime(0)
            if stem == self._stem or not lock.tryLock(0):
                continue  # another window has it open
            lock.unlock()
            try:
                data = json.loads(about.read_text(encoding="utf-8"))
                leftover = Leftover(stem, str(data["title"]), str(data["project_path"]), float(data["when"]))
            except (OSError, ValueError, KeyError, TypeError):
                log.info("A damaged recovery file was left alone: %s", about)
                continue
            if leftover.project.exists():
                found.append(leftover)
        return sorted(found, key=lambda one: -one.when)

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"analysis", "result", "project", "recording"}:
            self._timer.start()

    def _ready(self) -> bool:
        if self._lock is not None:
            return True
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            log.info("Changes cannot be kept for recovery (%s).", error)
            return False
        lock = QLockFile(str(self._stem.with_suffix(".lock")))
        lock.setStaleLockTime(0)
        if not lock.tryLock(0):
            log.info("Changes cannot be kept for recovery in %s.", self.folder)
            return False
        self._lock = lock
        return True

    def _failed(self, error: Exception) -> None:
        log.warning("Changes were not kept for recovery: %s", error)
        self._result_kept = None


def open_leftover(leftover: Leftover, context: Context) -> Opened:
    """Read a recovered session; runs in the worker."""
    opened = open_project(leftover.project, context)
    result = None
    if leftover.result.exists():
        from glmengine.results.result import Result

        try:
            result = Result.load(leftover.result)
        except GlmError as error:
            log.warning("The recovered session comes without its result: %s", error.message)
    return replace(opened, result=result)


def remove(stem: Path) -> None:
    """Remove the recovery files of a session."""
    for ending in (".glm", ".nc", ".json", ".lock"):
        try:
            stem.with_suffix(ending).unlink(missing_ok=True)
        except OSError as error:
            log.info("A recovery file could not be removed (%s).", error)
