"""Recovery files, which hold the unsaved changes of a session and survive a crash.

While a session has unsaved changes its analysis is kept in the recovery folder after every edit, and its result after every fit. A
clean end removes them; what a dead process left is offered at the next start. The results of the fits that the session keeps lie in a
folder beside it as long as the session lasts, so that they need not be written again for recovery. The list of recordings of a batch,
which no project holds, is kept with them.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QLockFile, QObject, QTimer

from glmengine.context import SILENT
from glmengine.errors import GlmError
from glmengine.io.files.leftovers import mark, sweep
from glmengine.io.files.whole import write_whole
from glmengine.results.kept_fits import KeptFit
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.settings import state_folder
from glmgui.work.project import Opened, open_project, save_project

if TYPE_CHECKING:
    from glmengine.answers.kept_answers import KeptAnswers
    from glmengine.context import Context
    from glmengine.results.result import Result

log = logging.getLogger(__name__)

_AFTER_MS = 250
_KEY = "recovery"

UNFINISHED = "answers"
"""Folder beside the fits with the answers that an interrupted run had found."""


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
    batch : mapping
        The list of recordings of its batch, as `Recovery.keep_batch` was given it; empty where there was none.
    """

    stem: Path
    title: str
    project_path: str
    when: float
    batch: Mapping[str, Any] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        return self.stem.with_suffix(".glm")

    @property
    def result(self) -> Path:
        return self.stem.with_suffix(".nc")

    @property
    def fits(self) -> Path:
        """The folder with the results of its fits."""
        return _fits_of(self.stem)


class Recovery(QObject):
    """Keeps unsaved changes of a document in the recovery folder."""

    def __init__(self, document: Document, jobs: Jobs, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._jobs = document, jobs
        self.folder = folder or state_folder() / "recovery"
        self._stem = self.folder / f"{os.getpid()}-{time.time_ns()}"
        self._lock: QLockFile | None = None
        self._fits_lock: QLockFile | None = None
        self._fits: Path | None = None
        self._result_kept: Result | None = None
        self._batch: Mapping[str, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_AFTER_MS)
        self._timer.timeout.connect(self.keep)
        document.changed.connect(self._changed)

    @property
    def stem(self) -> Path:
        return self._stem

    def fits_folder(self) -> Path:
        """Where the results of this session's fits are kept until it ends; made when first asked for."""
        if self._fits is None:
            folder = _fits_of(self._stem)
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                log.info("Fits cannot be kept for recovery (%s).", error)
                folder = Path(tempfile.mkdtemp(prefix=f"glmgui-fits{mark()}"))
            else:
                self._fits_lock = QLockFile(str(folder.with_suffix(".lock")))
                self._fits_lock.setStaleLockTime(0)
                self._fits_lock.tryLock(0)
            self._fits = folder
        return self._fits

    def close(self) -> None:
        """Remove everything that this session kept, its fits too."""
        self.clear()
        if self._fits is not None:
            shutil.rmtree(self._fits, ignore_errors=True)
            self._fits = None
        if self._fits_lock is not None:
            self._fits_lock.unlock()
            self._fits_lock = None

    def keep_batch(self, batch: Mapping[str, Any]) -> None:
        """Keep the list of recordings of a batch from now on, in a form that JSON takes; an empty one for none."""
        if batch != self._batch:
            self._batch = batch
            self._timer.start()

    @property
    def _is_wanted(self) -> bool:
        """Whether there is anything that is nowhere else."""
        return self._document.modified or bool(self._batch)

    def keep(self) -> None:
        """Write what is unsaved now; nothing where all is saved."""
        self._timer.stop()
        if not self._is_wanted:
            self.clear()
            return
        if not self._ready():
            return
        result, write = self._snapshot()
        # a newer one takes its place if the worker is busy: only what was written counts as kept
        self._jobs.submit(
            "Keeping changes for recovery",
            write,
            lambda _: self._written(result),
            on_failed=self._failed,
            key=_KEY,
            quiet=True,
            background=True,
        )

    def keep_now(self) -> bool:
        """Write what is unsaved before the process ends, here and now; whether there was any and it is kept."""
        self._timer.stop()
        if not self._is_wanted or not self._ready():
            return False
        result, write = self._snapshot()
        try:
            write(SILENT)
        except (GlmError, OSError) as error:
            self._failed(error)
            return False
        self._written(result)
        return True

    def _snapshot(self) -> tuple[Result | None, Callable[[Context], None]]:
        """The result that is to be kept, and what writes it with all that belongs to it."""
        document, stem = self._document, self._stem
        analysis, recording, result = document.analysis, document.recording, document.kept_result
        fits, shown, answers, batch = document.fits, document.shown_fit, document.answers, self._batch
        # the result of a kept fit is on disk already
        new_result = result if shown is None and result is not self._result_kept else None
        about = {
            "title": document.project_path.stem if document.project_path else recording.name if recording else "session",
            "project_path": str(document.project_path or ""),
            "when": time.time(),
        }

        def write(context: Context) -> None:
            save_project(stem.with_suffix(".glm"), analysis, None, recording)
            if new_result is not None:
                new_result.save(stem.with_suffix(".nc"))
            kept = {
                "fits": [fit.to_dict() for fit in fits],
                "shown": shown.key if shown is not None else "",
                "answers": answers.file.name if answers is not None and answers.file is not None else "",
                "batch": dict(batch),
            }
            write_whole(stem.with_suffix(".json"), json.dumps({**about, **kept}).encode())

        return result, write

    def _written(self, result: Result | None) -> None:
        self._result_kept = result

    def clear(self) -> None:
        """Remove this session's recovery files."""
        self._timer.stop()
        self._result_kept = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None
        remove(self._stem)
        if self._jobs.is_pending(_KEY):  # what is being written now is removed after it
            stem = self._stem
            self._jobs.submit("Removing recovery files", lambda context: remove(stem), key=_KEY, quiet=True)

    def leftovers(self) -> list[Leftover]:
        """What dead processes left, the latest first."""
        found = []
        sweep(self.folder)
        self._sweep_fits()
        for about in self.folder.glob("*.json") if self.folder.is_dir() else ():
            stem = about.with_suffix("")
            lock = QLockFile(str(stem.with_suffix(".lock")))
            lock.setStaleLockTime(0)
            if stem == self._stem or not lock.tryLock(0):
                continue  # another window has it open
            lock.unlock()
            try:
                data = json.loads(about.read_text(encoding="utf-8"))
                batch = dict(data.get("batch") or {})
                leftover = Leftover(stem, str(data["title"]), str(data["project_path"]), float(data["when"]), batch)
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                log.info("A damaged recovery file was left alone: %s", about)
                continue
            if leftover.project.exists():
                found.append(leftover)
        return sorted(found, key=lambda one: -one.when)

    def _sweep_fits(self) -> None:
        """Remove the fits of dead sessions that left nothing to be recovered."""
        root = _fits_of(self._stem).parent
        for folder in root.iterdir() if root.is_dir() else ():
            if not folder.is_dir() or folder == self._fits or (self.folder / f"{folder.name}.json").exists():
                continue
            lock = QLockFile(str(folder.with_suffix(".lock")))
            lock.setStaleLockTime(0)
            if lock.tryLock(0):
                shutil.rmtree(folder, ignore_errors=True)
                lock.unlock()

    def _changed(self, what: frozenset[str]) -> None:
        if what & {"analysis", "result", "fits", "answers", "project", "recording"}:
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

    def _failed(self, error: BaseException) -> None:
        log.warning("Changes were not kept for recovery: %s", error)
        self._result_kept = None


def open_leftover(leftover: Leftover, context: Context, fits_folder: Path) -> Opened:
    """Read a recovered session, its fits into the folder of this one; runs in the worker."""
    opened = open_project(leftover.project, context)
    fits, shown = _fits_left(leftover, fits_folder)
    result = None
    try:
        if any(fit.key == shown for fit in fits):
            result = next(fit for fit in fits if fit.key == shown).load()
        elif leftover.result.exists():
            from glmengine.results.result import Result

            result = Result.load(leftover.result)
    except GlmError as error:
        log.warning("The recovered session comes without its result: %s", error.message)
    return replace(opened, result=result, fits=fits, shown=shown, answers=_answers_left(leftover, fits_folder))


def _fits_left(leftover: Leftover, folder: Path) -> tuple[tuple[KeptFit, ...], str]:
    """The fits of a recovered session whose results are still there, and which of them was shown."""
    about = leftover.stem.with_suffix(".json")
    found = []
    try:
        data = json.loads(about.read_text(encoding="utf-8"))
        described = [KeptFit.from_dict(one, about.name) for one in data.get("fits", ())]
        for fit in described:
            left, here = leftover.fits / f"{fit.key}.nc", folder / f"{fit.key}.nc"
            if left.exists():
                _link_or_copy(left, here)
                found.append(replace(fit, file=here))
    except (GlmError, OSError, ValueError) as error:
        log.warning("The recovered session comes without some of its fits: %s", error)
        return tuple(found), ""
    return tuple(found), str(data.get("shown") or "")


def _answers_left(leftover: Leftover, folder: Path) -> KeptAnswers | None:
    """The answer sheet of a recovered session, and what it had found of one that was not finished."""
    from glmengine.answers.kept_answers import KeptAnswers

    unfinished = leftover.fits / UNFINISHED
    try:
        if unfinished.is_dir():
            shutil.copytree(unfinished, folder / UNFINISHED, dirs_exist_ok=True)
        data = json.loads(leftover.stem.with_suffix(".json").read_text(encoding="utf-8"))
        name = Path(str(data.get("answers") or "")).name
        if not name or not (leftover.fits / name).exists():
            return None
        _link_or_copy(leftover.fits / name, folder / name)
        return KeptAnswers.load(folder / name)
    except (GlmError, OSError, ValueError) as error:
        log.warning("The recovered session comes without its answer sheet: %s", error)
        return None


def _link_or_copy(left: Path, here: Path) -> None:
    """The same file at another place; a copy where the file system knows no links."""
    here.unlink(missing_ok=True)
    try:
        os.link(left, here)
    except OSError:
        shutil.copyfile(left, here)


def _fits_of(stem: Path) -> Path:
    """Where the results of the fits of a session are, beside the recovery folder."""
    return stem.parent.with_name("fits") / stem.name


def remove(stem: Path) -> None:
    """Remove the recovery files of a session."""
    for ending in (".glm", ".nc", ".json", ".lock"):
        try:
            stem.with_suffix(ending).unlink(missing_ok=True)
        except OSError as error:
            log.info("A recovery file could not be removed (%s).", error)


def remove_leftover(leftover: Leftover) -> None:
    """Remove all that a dead session left."""
    remove(leftover.stem)
    shutil.rmtree(leftover.fits, ignore_errors=True)
