"""The runs of fits: those that wait, the one that is being fitted and what is known of its units so far, and those that have ended."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.context import UnitsFound
    from glmengine.recording.recording import Recording

WAITING, RUNNING, DONE, STOPPED, FAILED, CANCELLED = "waiting", "running", "done", "stopped early", "failed", "cancelled"


@dataclass(frozen=True, eq=False)
class Run:
    """One fit that was asked for.

    Attributes
    ----------
    number : int
        What it is known by.
    name : str
        What it fits, in words.
    analysis : Analysis
    recording : Recording
    state : str
        One of the six of this module.
    seconds : float
        How long it took, or while it waits will take as far as can be said; NaN where that is not known.
    said : str
        Why it failed.
    """

    number: int
    name: str
    analysis: Analysis
    recording: Recording
    state: str = WAITING
    seconds: float = math.nan
    said: str = ""

    @property
    def has_ended(self) -> bool:
        return self.state not in (WAITING, RUNNING)


@dataclass(frozen=True)
class UnitSoFar:
    """What is known of a unit of the fit that runs.

    Attributes
    ----------
    strength, deviance_explained : float
        The best of the strengths tried so far, and what it explains of held-out time; NaN until there is one.
    status : str
        How its final fit ended; empty until it has.
    """

    strength: float = math.nan
    deviance_explained: float = math.nan
    status: str = ""

    @property
    def is_scored(self) -> bool:
        return math.isfinite(self.deviance_explained)


class Runs(QObject):
    """Runs in the order in which they ended, run and will run; it does nothing itself.

    Signals
    -------
    changed
        A run is new, gone, in another place or in another state.
    found : tuple of str
        More is known of these units of the run that is being fitted.
    """

    changed = Signal()
    found = Signal(tuple)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ended: tuple[Run, ...] = ()
        self._running: Run | None = None
        self._waiting: tuple[Run, ...] = ()
        self._units: dict[str, UnitSoFar] = {}
        self._last = 0

    @property
    def all(self) -> tuple[Run, ...]:
        """Every run: ended, running, waiting."""
        return (*self._ended, *((self._running,) if self._running is not None else ()), *self._waiting)

    @property
    def running(self) -> Run | None:
        return self._running

    @property
    def waiting(self) -> tuple[Run, ...]:
        return self._waiting

    @property
    def units(self) -> dict[str, UnitSoFar]:
        """What is known so far of each unit of the run that is being fitted; empty before it has said which they are."""
        return dict(self._units)

    def of(self, number: int) -> Run | None:
        """The run of this number."""
        return next((run for run in self.all if run.number == number), None)

    # What the user does

    def add(self, name: str, analysis: Analysis, recording: Recording) -> Run:
        """Put a run behind those that wait."""
        self._last += 1
        run = Run(self._last, name, analysis, recording)
        self._waiting = (*self._waiting, run)
        self.changed.emit()
        return run

    def move(self, number: int, by: int) -> None:
        """Let a run that waits come earlier (`by` negative) or later."""
        waiting = list(self._waiting)
        at = next((at for at, run in enumerate(waiting) if run.number == number), None)
        if at is None or not 0 <= at + by < len(waiting):
            return
        waiting.insert(at + by, waiting.pop(at))
        self._waiting = tuple(waiting)
        self.changed.emit()

    def remove(self, number: int) -> None:
        """Forget a run that waits or has ended."""
        before = self.all
        self._waiting = tuple(run for run in self._waiting if run.number != number)
        self._ended = tuple(run for run in self._ended if run.number != number)
        if len(self.all) != len(before):
            self.changed.emit()

    def clear(self) -> None:
        """Forget those that wait and those that have ended."""
        if self._waiting or self._ended:
            self._waiting = self._ended = ()
            self.changed.emit()

    def clear_ended(self) -> None:
        """Forget those that have ended."""
        if self._ended:
            self._ended = ()
            self.changed.emit()

    # What becomes of them

    def expect(self, number: int, seconds: float) -> None:
        """Take note of how long a run will take that waits."""
        self._waiting = tuple(replace(run, seconds=seconds) if run.number == number else run for run in self._waiting)
        self.changed.emit()

    def begin(self) -> Run:
        """Take the first that waits as the one that is being fitted."""
        first, *others = self._waiting
        self._waiting, self._running = tuple(others), replace(first, state=RUNNING)
        self._units = {}
        self.changed.emit()
        return self._running

    def take(self, told: UnitsFound) -> None:
        """Take note of what the engine found of some units."""
        for at, unit in enumerate(told.units):
            known = self._units.get(unit, UnitSoFar())
            if told.strength is not None:
                known = replace(known, strength=float(told.strength[at]))
            if told.deviance_explained is not None:
                known = replace(known, deviance_explained=float(told.deviance_explained[at]))
            if told.status is not None:
                known = replace(known, status=told.status[at])
            self._units[unit] = known
        self.found.emit(told.units)

    def end(self, state: str, seconds: float = math.nan, said: str = "") -> None:
        """The run that was being fitted has ended."""
        if self._running is not None:
            self._ended = (*self._ended, replace(self._running, state=state, seconds=seconds, said=said))
            self._running, self._units = None, {}
            self.changed.emit()
