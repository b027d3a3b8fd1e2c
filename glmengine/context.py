"""Progress and cancellation of long work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glmengine.errors import Cancelled


@dataclass(frozen=True)
class Progress:
    """Where a piece of work is.

    Attributes
    ----------
    stage : str
        What is being done now, in the user's words (``"Fitting 31 units"``).
    fraction : float
        Share of the whole work that is done, 0 to 1.
    detail : str
        One line for the log, may be empty (``"Newton step 3, decrement 2e-9"``).
    """

    stage: str
    fraction: float
    detail: str = ""


class Stopped(Exception):
    """The caller wants to stop and keep: what is not finished is given up, and what was there before it is kept."""


class Context:
    """Progress and cancellation for one piece of work; this base reports nothing and never stops.

    An engine function calls `report` after each step, `check` between steps (it raises `Cancelled`), and
    looks at `stopping` where it can end early with what it has, flagged as not converged.
    """

    def report(self, progress: Progress) -> None:
        """Take note of `progress`."""

    def check(self) -> None:
        """Raise `Cancelled` if the work should be given up."""

    @property
    def stopping(self) -> bool:
        """True when the caller wants what there is so far, kept and flagged as stopped."""
        return False

    def part(self, start: float, stop: float, stage: str | None = None) -> Context:
        """A context for a part of this work, which fills the share from `start` to `stop` of it."""
        return _Part(self, start, stop, stage)


class _Part(Context):
    def __init__(self, whole: Context, start: float, stop: float, stage: str | None) -> None:
        self._whole, self._start, self._stop, self._stage = whole, start, stop, stage

    def report(self, progress: Progress) -> None:
        fraction = self._start + (self._stop - self._start) * progress.fraction
        self._whole.report(Progress(self._stage or progress.stage, fraction, progress.detail))

    def check(self) -> None:
        self._whole.check()

    @property
    def stopping(self) -> bool:
        return self._whole.stopping


class Interruptible(Context):
    """The same work, whose `check` raises `Stopped` too: for a pass over the rows inside a solver, which catches it and keeps what it had.

    A pass for many columns may take long, and is of no use when it is given up half-way.
    """

    def __init__(self, whole: Context) -> None:
        self._whole = whole

    def report(self, progress: Progress) -> None:
        self._whole.report(progress)

    def check(self) -> None:
        self._whole.check()
        if self._whole.stopping:
            raise Stopped

    @property
    def stopping(self) -> bool:
        return self._whole.stopping


class CallbackContext(Context):
    """A context made of plain functions.

    Parameters
    ----------
    on_progress : callable, optional
        Called with each `Progress`.
    cancelled, stopped : callable, optional
        Return True when the work should be given up, or ended early and kept.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        stopped: Callable[[], bool] | None = None,
    ) -> None:
        self._on_progress, self._cancelled, self._stopped = on_progress, cancelled, stopped

    def report(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)

    def check(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    @property
    def stopping(self) -> bool:
        return self._stopped is not None and self._stopped()


SILENT = Context()
