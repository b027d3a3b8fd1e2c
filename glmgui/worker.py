"""The worker, which lives in a thread of its own, and the pieces of work that it is given.

It takes *loud* jobs (fits, opening, saving: the user waits for them) in order; *quiet* ones (previews) go first, and also run while a loud one
asks its context whether to go on, so that previews answer during a fit. `glmgui.jobs` is how the main thread sees it.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any

from qtpy.QtCore import QObject, QThread, Signal, Slot

from glmengine.context import Context, Progress, UnitsFound
from glmengine.errors import Cancelled
from glmgui.time_left import TimeLeft

_LISTENS_WITHIN = 0.25
"""Seconds that a cancelled job is given to end by itself."""


class Job:
    """One piece of work that was handed in; `cancel` it, or ask it to `stop_and_keep`.

    Attributes
    ----------
    label : str
        What is done, in the user's words ("Fitting 31 units").
    key : hashable or None
    quiet : bool
        Whether it runs without being shown in the toolbar.
    stoppable : bool
        Whether it gives what it has when it is stopped early.
    urgent : bool
        Whether it runs as a quiet one, although the user asked for it.
    comes : str
        What comes of it and where, in a sentence.
    """

    def __init__(
        self,
        label: str,
        function: Callable[[Context], Any],
        on_done: Callable[[Any], None] | None,
        on_failed: Callable[[BaseException], None] | None,
        key: Hashable | None,
        quiet: bool,
        stoppable: bool,
        urgent: bool = False,
        on_units: Callable[[UnitsFound], None] | None = None,
        on_given_up: Callable[[], None] | None = None,
        background: bool = False,
        comes: str = "",
    ) -> None:
        self.background, self.comes = background, comes
        self.label, self.key, self.quiet, self.stoppable, self.urgent = label, key, quiet or urgent, stoppable, urgent
        self.function, self.on_done, self.on_failed, self.on_units = function, on_done, on_failed, on_units
        self.on_given_up = on_given_up
        self.first_unit: str | None = None
        """The unit that is wanted first; may change while it runs."""
        self.told: deque[UnitsFound] = deque()
        self.started_at = 0.0
        self.progress: Progress | None = None
        self._reported = (0.0, 0.0, "")
        self._time_left = TimeLeft()
        self.cancelled = threading.Event()
        self.cancelled_at = math.inf
        self.stopped = threading.Event()
        self.replaced = False
        """A newer job with the same key has been handed in; this one's answer is dropped."""

    def cancel(self) -> None:
        if not self.cancelled.is_set():
            self.cancelled_at = time.monotonic()
            self.cancelled.set()

    def stop_and_keep(self) -> None:
        self.stopped.set()

    @property
    def is_deaf(self) -> bool:
        """Whether it was cancelled some time ago and has not ended."""
        return time.monotonic() - self.cancelled_at > _LISTENS_WITHIN

    def take(self, progress: Progress) -> None:
        """Take note of where it is; called in the worker."""
        self.progress = progress
        self._reported = (time.monotonic() - self.started_at, progress.fraction, progress.stage)

    def seconds_left(self) -> float | None:
        """How long it still takes, as far as its reports tell; None where it is too early to say, or where it is being ended, when what was left of
        the whole is not what is left. To be asked again and again."""
        if not self.started_at or self.stopped.is_set() or self.cancelled.is_set():
            return None
        self._time_left.report(*self._reported)
        return self._time_left.seconds(time.monotonic() - self.started_at)


class JobContext(Context):
    """What the engine function sees; runs on the worker."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._worker, self._job = worker, job

    def report(self, progress: Progress) -> None:
        self._job.take(progress)  # the main thread looks at it on a timer: no signal for each step
        if progress.detail:
            self._worker.details.append(f"{progress.stage}: {progress.detail}")

    def tell(self, found: UnitsFound) -> None:
        if self._job.on_units is not None:
            self._job.told.append(found)

    @property
    def first_unit(self) -> str | None:
        return self._job.first_unit

    def check(self) -> None:
        if self._job.cancelled.is_set():
            raise Cancelled
        if not self._job.quiet:
            self._worker.run_quiet_ones()
            if self._job.cancelled.is_set():
                raise Cancelled

    @property
    def stopping(self) -> bool:
        return self._job.stopped.is_set()


class Worker(QObject):
    """Lives in the worker thread."""

    begun = Signal(object)  # Job
    ended = Signal(object, object, object)  # Job, value, BaseException or None

    def __init__(self) -> None:
        super().__init__()
        self.loud: deque[Job] = deque()
        self.quiet: deque[Job] = deque()
        self.background: deque[Job] = deque()
        self.details: deque[str] = deque(maxlen=500)
        self.closed = False

    @Slot()
    def work(self) -> None:
        assert QThread.currentThread() is self.thread()
        while (job := _first(self.quiet)) is not None:
            self._run(job)
        job = _first(self.loud)
        if job is not None:
            self._run(job)
        self.run_quiet_ones()

    def run_quiet_ones(self) -> None:
        while (job := _first(self.quiet) or _first(self.background)) is not None:
            self._run(job)

    def _run(self, job: Job) -> None:
        if self.closed:
            return
        self.begun.emit(job)
        job.started_at = time.monotonic()
        try:
            if job.cancelled.is_set():
                raise Cancelled
            value, error = job.function(JobContext(self, job)), None
        except BaseException as caught:  # noqa: BLE001 - whatever went wrong, a `sys.exit` in foreign code too, is shown by the main thread
            value, error = None, caught
        self.ended.emit(job, value, error)


def _first(queue: deque[Job]) -> Job | None:
    try:
        return queue.popleft()
    except IndexError:
        return None
