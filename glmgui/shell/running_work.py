"""What the window says of the work that runs: the progress strip and the status line."""

from __future__ import annotations

from qtpy.QtCore import QObject

from glmgui.shell.progress import ProgressStrip
from glmgui.shell.status_line import StatusLine
from glmgui.work.use_cases import UseCases

_ENDING = "Ending what was cancelled\u2026"


class RunningWork(QObject):
    """Keeps the strip and the status line those of the job that runs, and takes what is clicked there."""

    def __init__(self, work: UseCases, progress: ProgressStrip, status: StatusLine, parent: QObject) -> None:
        super().__init__(parent)
        self._work, self._progress, self._status = work, progress, status
        jobs = work.jobs
        jobs.started.connect(self._begun)
        jobs.progressed.connect(progress.report)
        jobs.busy_changed.connect(self._busy_changed)
        progress.stop_asked.connect(jobs.stop_and_keep)
        progress.cancel_asked.connect(jobs.cancel)
        work.size.estimated.connect(lambda _: self.say_status())
        work.fitting.runs.changed.connect(lambda: progress.say_waiting(len(work.fitting.runs.waiting)))

    def say_status(self) -> None:
        """Say in the status line what is open and what a fit would take."""
        size = self._work.size
        self._status.say(self._work.document, size.estimate, counting=size.counting)

    def _begun(self, label: str) -> None:
        job = self._work.jobs.current
        self._progress.begin(label, can_stop=job is not None and job.stoppable)
        self.say_status()

    def _busy_changed(self, busy: bool) -> None:
        if busy:  # until the worker is free, and names what begins: it may still load libraries
            self._progress.begin(_ENDING if self._work.jobs.is_ending else self._work.jobs.next_label, can_stop=False)
        if not busy:
            self._progress.end()
            self.say_status()
