"""Jobs: engine functions in one worker thread, their progress, and their answers on the main thread.

A job is a function of a `glmengine.context.Context`. Callbacks run on the main thread, never after `close`, and never for an answer that a newer
job with the same key has replaced. Nobody waits for a loud job that was cancelled and does not listen, as while a pass is compiled: it is given
up, and the next begins when the worker is free.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Hashable
from typing import Any

from qtpy.QtCore import QObject, QThread, QTimer, Signal, Slot

from glmengine.context import Context, UnitsFound
from glmengine.errors import Cancelled, GlmError, StoppedTooSoon
from glmgui.worker import Job, Worker

log = logging.getLogger(__name__)

_REPORT_MS = 60


class Jobs(QObject):
    """The worker thread seen from the main thread.

    Signals
    -------
    started, finished, cancelled : str
        Label of a loud job that began, that gave its value, that was cancelled (not one that a newer has replaced).
    progressed : (Progress, float or None)
        Where the loud job is, and the seconds left if that can be said.
    failed : (str, str, str)
        Label, one sentence, and details (the traceback where the fault is the program's). Also of quiet jobs without `on_failed`.
    nothing_kept : (str, str)
        Label, and one sentence: it was told to stop and keep what there was before there was anything.
    logged : str
        A line of detail for the log.
    busy_changed : bool
        Whether any loud job is queued or running.
    """

    started = Signal(str)
    progressed = Signal(object, object)
    finished = Signal(str)
    cancelled = Signal(str)
    failed = Signal(str, str, str)
    nothing_kept = Signal(str, str)
    logged = Signal(str)
    busy_changed = Signal(bool)
    _wake = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pending: list[Job] = []  # handed in, not answered yet
        self._given_up: list[Job] = []  # cancelled and not waited for, still in the worker or its queue
        self._current: Job | None = None
        self._closed = False
        self._thread = QThread(self)
        self._thread.setObjectName("worker")
        # XLA's tracing recurses deeply; the default stack of a thread is too small for it on some systems
        self._thread.setStackSize(64 * 1024 * 1024)
        self._worker = Worker()
        self._worker.moveToThread(self._thread)
        self._wake.connect(self._worker.work)
        self._worker.begun.connect(self._on_begun)
        self._worker.ended.connect(self._on_ended)
        self._timer = QTimer(self)
        self._timer.setInterval(_REPORT_MS)
        self._timer.timeout.connect(self._report)
        self._thread.start()

    def submit(
        self,
        label: str,
        function: Callable[[Context], Any],
        on_done: Callable[[Any], None] | None = None,
        on_failed: Callable[[BaseException], None] | None = None,
        key: Hashable | None = None,
        quiet: bool = False,
        stoppable: bool = False,
        urgent: bool = False,
        on_units: Callable[[UnitsFound], None] | None = None,
        on_given_up: Callable[[], None] | None = None,
        background: bool = False,
        comes: str = "",
    ) -> Job:
        """Run `function(context)` in the worker.

        Parameters
        ----------
        label : str
            What is done, in the user's words.
        function : callable
            Touches no widget; gets a `Context`, gives plain data.
        on_done : callable, optional
            Called with the value, on the main thread.
        on_failed : callable, optional
            Called with what was raised, on the main thread; not for a cancelled or a replaced job. The error is kept in the log either way.
        key : hashable, optional
            A newer job with the same key takes the place of an older one: a waiting one is dropped, a running one is cancelled and
            its answer not delivered.
        quiet : bool
            A preview: not shown in the toolbar, goes before loud jobs.
        stoppable : bool
            It looks at the context's `stopping` and gives what it has.
        urgent : bool
            Asked for by the user, but not to wait for the end of a long one: goes between its steps, as quiet ones do.
        on_units : callable, optional
            Called with what a loud job tells of units while it runs, on the main thread.
        on_given_up : callable, optional
            Called when it has ended without an answer because it was cancelled.
        background : bool
            Of the quiet ones: nobody's eye rests on its answer, so that it goes after the previews.
        comes : str
            What comes of it and where, in a sentence for the pages that are empty meanwhile.
        """
        job = Job(label, function, on_done, on_failed, key, quiet, stoppable, urgent, on_units, on_given_up, background, comes)
        if self._closed:
            job.cancel()
            return job
        was_busy = self.busy
        if key is not None:
            self._replace(key)
        self._pending.append(job)
        queue = self._worker.background if job.background else self._worker.quiet if job.quiet else self._worker.loud
        queue.append(job)
        self._wake.emit()
        if not job.quiet and not self._timer.isActive():
            self._timer.start()
        if self.busy != was_busy:
            self.busy_changed.emit(self.busy)
        return job

    @property
    def busy(self) -> bool:
        """Whether a loud job is queued or running."""
        return any(not job.quiet for job in self._pending)

    @property
    def idle(self) -> bool:
        """Whether everything that was asked for is answered, also what is done quietly, and the worker has nothing left to do."""
        return not self._pending and not self._given_up

    @property
    def is_ending(self) -> bool:
        """Whether the worker still ends a job that was given up, before which no other loud one begins."""
        return bool(self._given_up)

    @property
    def current(self) -> Job | None:
        """The loud job that is running."""
        return self._current

    @property
    def next_label(self) -> str:
        """What the first loud job that was handed in does, also while the worker is busy with quiet ones; empty where there is none."""
        return next((job.label for job in self._pending if not job.quiet), "")

    def cancel(self) -> None:
        """Give up every loud job, running or waiting."""
        for job in self._pending:
            if not job.quiet:
                job.cancel()

    def stop_and_keep(self) -> None:
        """Ask the running loud job to end early with what it has."""
        if self._current is not None:
            self._current.stop_and_keep()

    def is_pending(self, key: Hashable) -> bool:
        """Whether a job with this key is waiting or running, and its answer still wanted."""
        return any(job.key == key and not job.replaced and not job.cancelled.is_set() for job in self._pending)

    def drop(self, key: Hashable) -> None:
        """Want no answer any more of a job with this key, waiting or running."""
        self._replace(key)

    def label_of(self, key: Hashable) -> str:
        """What the job with this key does, in the user's words; empty where there is none."""
        return next((job.label for job in self._pending if job.key == key and not job.replaced), "")

    def close(self, timeout_ms: int = 3000) -> bool:
        """Cancel everything and end the thread; False if it did not end in time (only leaving the process ends it then)."""
        self._closed = self._worker.closed = True
        self._timer.stop()
        for job in self._pending:
            job.replaced = True
            job.cancel()
        self._pending.clear()
        self._given_up.clear()
        self._thread.quit()
        return self._thread.wait(timeout_ms)

    def _replace(self, key: Hashable) -> None:
        for job in [job for job in self._pending if job.key == key]:
            job.replaced = True
            job.cancel()
            for queue in (self._worker.loud, self._worker.quiet, self._worker.background):
                try:
                    queue.remove(job)
                except ValueError:
                    continue  # it is running: its answer will be dropped
                self._pending.remove(job)

    @Slot(object)
    def _on_begun(self, job: Job) -> None:
        if not job.quiet and not job.replaced and job in self._pending:
            self._current = job
            self.started.emit(job.label)

    @Slot(object, object, object)
    def _on_ended(self, job: Job, value: Any, error: BaseException | None) -> None:
        if self._closed:
            return
        self._report()
        if job in self._given_up:  # whatever it ended with, nobody waits for it
            self._given_up.remove(job)
        elif job in self._pending:
            self._end(job, value, error)

    def _end(self, job: Job, value: Any, error: BaseException | None) -> None:
        """Strike a job off, and deliver what became of it."""
        was_busy = self.busy
        self._pending.remove(job)
        if job is self._current:
            self._current = None
        if not self.busy:
            self._timer.stop()
        if self.busy != was_busy:  # before the answer, which may close the window or ask for the next job
            self.busy_changed.emit(self.busy)
        self._deliver(job, value, error)

    def _deliver(self, job: Job, value: Any, error: BaseException | None) -> None:
        # a job that ended just before it was told to is given up as well: nothing comes after a cancel
        if isinstance(error, Cancelled) or job.replaced or job.cancelled.is_set():
            if not job.quiet and not job.replaced:
                self.cancelled.emit(job.label)
            if job.on_given_up is not None:
                job.on_given_up()
            return
        if error is None:
            if not job.quiet:
                self.finished.emit(job.label)
            if job.on_done is not None:
                job.on_done(value)
            return
        text, details = described(error)
        if job.quiet and not job.urgent and job.on_failed is not None:
            log.info("%s: %s", job.label, text if isinstance(error, GlmError) else details)
        elif isinstance(error, StoppedTooSoon):  # as was asked: no fault
            self.nothing_kept.emit(job.label, text)
        else:
            self.failed.emit(job.label, text, details)
        if job.on_failed is not None:
            job.on_failed(error)

    @Slot()
    def _report(self) -> None:
        while self._worker.details:
            self.logged.emit(self._worker.details.popleft())
        for job in [job for job in self._pending if job.is_deaf and not job.quiet]:
            if job in self._pending:  # what came of the one before may have struck it off
                self._given_up.append(job)
                self._end(job, None, Cancelled())
        job = self._current
        if job is None:
            return
        while job.told and job.on_units is not None and not job.replaced and not job.cancelled.is_set():
            job.on_units(job.told.popleft())
        if job.progress is not None:
            self.progressed.emit(job.progress, job.seconds_left())


def described(error: BaseException) -> tuple[str, str]:
    """One sentence and the details; a traceback only where the user cannot put it right."""
    if isinstance(error, GlmError):
        return error.message, f"field: {error.field}" if error.field else ""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text, "".join(traceback.format_exception(error))
