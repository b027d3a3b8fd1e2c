"""The use cases of one window, put together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, QTimer

from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.work.answers import Answers
from glmgui.work.checks import Checks
from glmgui.work.comparing import Comparing
from glmgui.work.exporting import Exporting
from glmgui.work.figure_making import FigureMaking
from glmgui.work.fit_size import FitSize
from glmgui.work.fitting import Fitting
from glmgui.work.live_fit import LiveFit
from glmgui.work.many_recordings import ManyRecordings
from glmgui.work.opening import Opening
from glmgui.work.permission import Permission
from glmgui.work.project_claim import ProjectClaim
from glmgui.work.questions import Questions
from glmgui.work.ready import ReadyAnalyses
from glmgui.work.recent import RecentFiles
from glmgui.work.recovery import Recovery
from glmgui.work.saving import Saving
from glmgui.work.sessions import Sessions
from glmgui.work.shelf import Shelf

if TYPE_CHECKING:
    from glmengine.context import Context


class UseCases(QObject):
    """The document, the worker, and what a user does with them."""

    def __init__(self, settings: Settings, questions: Questions, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings, self.questions, self.jobs = settings, questions, jobs
        self.document = document = Document(self)
        self.recent = RecentFiles(settings, self)
        self.recovery = Recovery(document, jobs, parent=self)
        self.permission = Permission(document, questions, self)
        self.live = LiveFit(document, jobs, self)
        self.size = FitSize(document, jobs, self)
        self.shelf = Shelf(document, jobs, self.recovery, self)
        self.fitting = Fitting(document, jobs, questions, self.permission, self.live, self.shelf, self)
        self.fitting.begun.connect(self.size.warn)
        self.comparing = Comparing(document, self.fitting, self)
        self.saving = Saving(document, jobs, settings, questions, self.recovery, self.recent, self)
        self.opening = Opening(
            document, jobs, settings, questions, self.fitting, self.saving, self.live, self.recovery, self.recent, parent=self
        )
        self.claim = ProjectClaim(document, jobs)
        self.ready = ReadyAnalyses(document, jobs, settings, questions, self.opening, self.fitting, self)
        self.many = ManyRecordings(document, jobs, settings, questions, self.permission, self.opening, self)
        self.many.changed.connect(lambda: self.recovery.keep_batch(self.many.as_kept()))
        self.opening.saved.recovered.connect(lambda leftover: self.many.take_kept(leftover.batch))
        self.sessions = Sessions(document, jobs, self.opening, self.fitting)
        self.exporting = Exporting(document, jobs, settings, questions, self)
        self.figures = FigureMaking(document, jobs, settings, questions, self)
        self.checks = Checks(document, jobs, settings, questions, self.permission, self.opening, self)
        self.answers = Answers(document, jobs, settings, questions, self.permission, self.recovery, self.fitting, self)
        self._to_load: list[str] = []
        self._engine_is_wanted = False
        self._idle = QTimer(self)
        self._idle.setInterval(_LOOK_MS)
        self._idle.timeout.connect(self._load_some)
        document.changed.connect(self._changed)
        jobs.busy_changed.connect(document.set_busy)
        jobs.started.connect(self._begun)
        jobs.failed.connect(lambda label, text, details: notices().tell("error", text, details, label))
        jobs.nothing_kept.connect(lambda label, text: notices().tell("info", text, title=label))
        jobs.cancelled.connect(lambda label: notices().tell("info", "cancelled", title=label))

    def load(self, modules: Iterable[str]) -> None:
        """Import modules that are needed soon, piece by piece, when the worker has nothing else to do."""
        self._to_load += modules
        self._idle.start()

    def close(self, timeout_ms: int = 3000) -> bool:
        """Cancel everything and end; False if the worker did not end in time."""
        self._idle.stop()
        self.live.stop()
        self.size.stop()
        ended = self.jobs.close(timeout_ms)
        self.permission.forget()
        self.recovery.close()
        self.claim.release()
        return ended

    def _begun(self, label: str) -> None:
        job = self.jobs.current
        self.document.set_doing(label, job.comes if job is not None else "")

    def _changed(self, what: frozenset[str]) -> None:
        if "recording" in what and self.document.recording is not None and not self._engine_is_wanted:
            self._engine_is_wanted = True
            self.load(ENGINE)

    def _load_some(self) -> None:
        """Import a piece of what is needed next, when the worker has nothing else to do."""
        if not self._to_load:
            self._idle.stop()
        elif self.jobs.idle:
            self.jobs.submit("Loading libraries", partial(load_module, self._to_load.pop(0)), quiet=True, background=True)


_LOOK_MS = 100
READERS = (
    "h5py",
    "pandas",
    "pynapple",
    "glmengine.io.opening",
    "glmengine.io.companion_table",
    "glmengine.io.recognition",
    "glmengine.io.compose",
)
"""Modules that opening a file needs."""
ENGINE = (
    "scipy.stats",
    "h5py",
    "glmengine.backend.jax_runtime",
    "glmengine.fitting.minimise",
    "glmengine.fitting.cross_validation",
    "glmengine.fitting.fit",
    "glmengine.analysis_run",
)
"""Modules that a fit and its saving need, the quickest first."""


FIRST_USE: dict[str, Callable[[Any], object]] = {
    "glmengine.io.recognition": lambda recognition: recognition.readers(),
    "glmengine.backend.jax_runtime": lambda jax_runtime: jax_runtime.prepare(),
}
"""What of a module takes long when it is first used: the readers of all formats and JAX are imported."""


def load_module(name: str, context: Context) -> None:
    """Import a module while nobody waits: loading JAX holds the interpreter for a fifth of a second."""
    module = import_module(name)
    if name in FIRST_USE:
        FIRST_USE[name](module)
