"""Progress, cancellation and first findings of long work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from glmengine.errors import Cancelled

if TYPE_CHECKING:
    import numpy as np

Item = TypeVar("Item")


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


@dataclass(frozen=True, eq=False)
class UnitsFound:
    """What is known so far of some units of a fit that still runs; what was not found yet is None.

    Attributes
    ----------
    units : tuple of str
        Names of k units.
    strength : (k,) array or None
        Penalty strength that was chosen among those that were tried so far; NaN for a unit without one.
    deviance_explained : (k,) array or None
        On held-out time, at that strength.
    status : tuple of str or None
        How the final fit of each ended, as in the scores of a result.
    """

    units: tuple[str, ...]
    strength: np.ndarray | None = None
    deviance_explained: np.ndarray | None = None
    status: tuple[str, ...] | None = None


class Stopped(Exception):
    """The caller wants to stop and keep: what is not finished is given up, and what was there before it is kept."""


class Context:
    """Progress and cancellation for one piece of work; this base reports nothing and never stops.

    An engine function calls `report` after each step, `check` between steps (it raises `Cancelled`), and
    looks at `stopping` where it can end early with what it has, flagged as not converged.
    """

    def __repr__(self) -> str:  # it stands in the signatures of public functions
        return f"{type(self).__name__}()"

    def report(self, progress: Progress) -> None:
        """Take note of `progress`."""

    def tell(self, found: UnitsFound) -> None:
        """Take note of what was found of some units, long before the whole work is done."""

    def check(self) -> None:
        """Raise `Cancelled` if the work should be given up."""

    @property
    def stopping(self) -> bool:
        """True when the caller wants what there is so far, kept and flagged as stopped."""
        return False

    @property
    def first_unit(self) -> str | None:
        """The unit that the caller would like to see first, where units are not all fitted together."""
        return None

    def part(self, start: float, stop: float, stage: str | None = None, *, aside: bool = False) -> Context:
        """A context for a part of this work, which fills the share from `start` to `stop` of it.

        What is found `aside`, of other models than the one that is asked for, is not told.
        """
        return _Part(self, start, stop, stage, aside)


class Forwarding(Context):
    """The same work as that of another context; what differs, a class that derives from it says."""

    def __init__(self, whole: Context) -> None:
        self._whole = whole

    def report(self, progress: Progress) -> None:
        self._whole.report(progress)

    def tell(self, found: UnitsFound) -> None:
        self._whole.tell(found)

    def check(self) -> None:
        self._whole.check()

    @property
    def stopping(self) -> bool:
        return self._whole.stopping

    @property
    def first_unit(self) -> str | None:
        return self._whole.first_unit


class Rising(Forwarding):
    """The same work, whose progress never goes back: solvers estimate theirs from a decrement that may rise, and work may turn out larger."""

    def __init__(self, whole: Context) -> None:
        super().__init__(whole)
        self._fraction = 0.0

    def report(self, progress: Progress) -> None:
        self._fraction = max(self._fraction, min(progress.fraction, 1.0))
        self._whole.report(replace(progress, fraction=self._fraction))


class StopSeen(Rising):
    """The same work, whose progress never goes back, and which remembers when it was stopped."""

    def __init__(self, whole: Context) -> None:
        super().__init__(whole)
        self.asked: float | None = None
        """When it was first seen that the caller wants to stop and keep."""

    @property
    def stopping(self) -> bool:
        if self.asked is None and self._whole.stopping:
            self.asked = time.perf_counter()
        return self.asked is not None


class Grace(Forwarding):
    """The same work after the caller asked to stop and keep: what is still made has so many seconds from then on.

    Without them what is kept of a stopped cross-validation would be coefficients that are all zero, beside held-out scores of quite
    another model.
    """

    def __init__(self, whole: Context, seen: StopSeen, seconds: float) -> None:
        super().__init__(whole)
        self._seen, self._seconds = seen, seconds

    @property
    def stopping(self) -> bool:
        return self._seen.stopping and time.perf_counter() - (self._seen.asked or 0.0) >= self._seconds


class _Part(Forwarding):
    def __init__(self, whole: Context, start: float, stop: float, stage: str | None, aside: bool) -> None:
        super().__init__(whole)
        self._start, self._stop, self._stage, self._aside = start, stop, stage, aside

    def report(self, progress: Progress) -> None:
        fraction = self._start + (self._stop - self._start) * progress.fraction
        self._whole.report(Progress(self._stage or progress.stage, fraction, progress.detail))

    def tell(self, found: UnitsFound) -> None:
        if not self._aside:
            self._whole.tell(found)


def checked(context: Context, items: Iterable[Item]) -> Iterator[Item]:
    """The items as they come; before each is given the context is asked whether to go on."""
    for item in items:
        context.check()
        yield item


def parts_by_work(context: Context, work: Sequence[float], stages: Sequence[str | None] = ()) -> list[Context]:
    """A context for each of several pieces of work that come one after the other."""
    whole = max(sum(work), 1e-300)
    ends = [0.0, *(end / whole for end in accumulate(work))]
    named = [*stages, *[None] * (len(work) - len(stages))]
    return [context.part(begin, end, stage) for (begin, end), stage in zip(pairwise(ends), named, strict=True)]


class Together:
    """Pieces of work that are done side by side, whose progress adds up.

    Parameters
    ----------
    whole : Context
    work : sequence of float
        What each piece takes, beside the others.
    """

    def __init__(self, whole: Context, work: Sequence[float]) -> None:
        self._whole, self._total, self._work = whole, max(sum(work), 1e-300), list(work)
        self._done, self._lock = [0.0] * len(work), Lock()

    def part(self, number: int) -> Context:
        """A context for one piece; its progress never goes back."""
        return _Piece(self, number)

    def report(self, number: int, progress: Progress) -> None:
        """Take note of how far a piece is; may be called from several threads."""
        with self._lock:
            self._done[number] = max(self._done[number], min(progress.fraction, 1.0))
            fraction = sum(work * done for work, done in zip(self._work, self._done, strict=True)) / self._total
        self._whole.report(replace(progress, fraction=fraction))


class _Piece(Forwarding):
    def __init__(self, together: Together, number: int) -> None:
        super().__init__(together._whole)
        self._together, self._number = together, number

    def report(self, progress: Progress) -> None:
        self._together.report(self._number, progress)


class Interruptible(Forwarding):
    """The same work, whose `check` raises `Stopped` too: for a pass over the rows inside a solver, which catches it and keeps what it had.

    A pass for many columns may take long, and is of no use when it is given up half-way.
    """

    def check(self) -> None:
        self._whole.check()
        if self._whole.stopping:
            raise Stopped


class CallbackContext(Context):
    """A context made of plain functions.

    Parameters
    ----------
    on_progress : callable, optional
        Called with each `Progress`.
    cancelled, stopped : callable, optional
        Return True when the work should be given up, or ended early and kept.
    on_units : callable, optional
        Called with each `UnitsFound`: scores of units as they come.
    first_unit : callable, optional
        Returns the name of the unit that should come first, or None.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
        stopped: Callable[[], bool] | None = None,
        on_units: Callable[[UnitsFound], None] | None = None,
        first_unit: Callable[[], str | None] | None = None,
    ) -> None:
        self._on_progress, self._cancelled, self._stopped = on_progress, cancelled, stopped
        self._on_units, self._first_unit = on_units, first_unit

    def report(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)

    def check(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise Cancelled

    def tell(self, found: UnitsFound) -> None:
        if self._on_units is not None:
            self._on_units(found)

    @property
    def stopping(self) -> bool:
        return self._stopped is not None and self._stopped()

    @property
    def first_unit(self) -> str | None:
        return self._first_unit() if self._first_unit is not None else None


SILENT = Context()
