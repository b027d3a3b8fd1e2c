"""Processes of this machine that share work; one that is killed costs the piece that it had in hand, and is replaced."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from glmengine.context import CallbackContext, Context, Progress
from glmengine.errors import Cancelled, GlmError
from glmengine.interruption import KeptFromChildren
from glmengine.parallel.unused_libraries import spare_dask, spare_libraries
from glmengine.threads import environment_of_child

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess
    from multiprocessing.synchronize import Event

LOOK = 0.2
"""Seconds between looks at whether to go on."""

TELL = 0.2
"""Seconds between two words of a process on its progress."""

PATIENCE = 5.0
"""Seconds that a process has to end when it is told to."""

TRIES = 2
"""A task whose process is killed, as the system does when memory runs out, is tried so many times in all."""

Task, Outcome = TypeVar("Task"), TypeVar("Outcome")


@dataclass(frozen=True)
class _Done:
    """What a process sends when a task has come to its end."""

    outcome: Any


@dataclass
class _Worker:
    process: BaseProcess
    line: Connection
    task: int | None = None


def in_processes(
    tasks: Sequence[Task],
    n: int,
    enter: Callable[[], None] | None,
    attempt: Callable[[Task, Context], Outcome],
    lost: Callable[[Task, str], Outcome],
    context: Context,
    patience: float = PATIENCE,
    work: Sequence[float] = (),
) -> Iterator[tuple[int, Outcome]]:
    """Do tasks in `n` processes; the place of each and its outcome, as they come. Those that were not begun when it is to stop are left.

    Parameters
    ----------
    tasks : sequence
        Values that can be pickled. Tasks that the caller adds at the end, while it takes outcomes, are done too.
    n : int
        Most processes; they are started as there are tasks for them.
    enter : callable or None
        What each process does first.
    attempt : callable
        Does a task. It is pickled once for each process, which keeps it: what it remembers of one task is there for the next.
    lost : callable
        Gives the outcome of a task whose process ended each time, or raises; it is told how, in words.
    context : Context
    patience : float
        Seconds that processes have to end by themselves when they are told to.
    work : sequence of float
        What each task takes beside the others; the same where not given.

    Raises
    ------
    Cancelled
        If the context says so.
    """
    with at_work(tasks, n, 0, enter, attempt, lost, context, patience, work) as outcomes:
        yield from outcomes


@contextmanager
def at_work(
    tasks: Sequence[Task],
    n: int,
    begun: int,
    enter: Callable[[], None] | None,
    attempt: Callable[[Task, Context], Outcome],
    lost: Callable[[Task, str], Outcome],
    context: Context,
    patience: float = PATIENCE,
    work: Sequence[float] = (),
    handed: Callable[[Task], None] | None = None,
) -> Iterator[Iterator[tuple[int, Outcome]]]:
    """Within it `begun` of the `n` processes are at work already, beside what the caller does before it takes the outcomes.

    Parameters and errors as of `in_processes`, the outcomes too; `handed` is called with each task that a process gets in hand.
    """
    crew = _Crew(tasks, n, enter, attempt, lost, context, work, handed)
    try:
        crew.share_out(begun)
        yield crew.outcomes()
    finally:
        crew.dismiss(patience)


@dataclass
class _Crew(Generic[Task, Outcome]):
    """The processes, what each has in hand, and what is left."""

    tasks: Sequence[Task]
    n: int
    enter: Callable[[], None] | None
    attempt: Callable[[Task, Context], Outcome]
    lost: Callable[[Task, str], Outcome]
    context: Context
    work: Sequence[float] = ()
    handed: Callable[[Task], None] | None = None

    def __post_init__(self) -> None:
        self.method = multiprocessing.get_context("spawn")  # JAX and Qt have threads, which a fork would break
        try:
            self.cancel, self.stop = self.method.Event(), self.method.Event()
        except OSError as error:  # a system without shared memory, as a bare container is
            raise GlmError(
                f"processes cannot share work here ({error.strerror}); ask for one, or make /dev/shm writable"
            ) from error
        self.threads = max(1, (os.cpu_count() or 1) // self.n)
        self.waiting: deque[int] = deque()
        self.tries: list[int] = []
        self.fractions: list[float] = []
        self.workers: list[_Worker] = []
        self.stage = ""

    def outcomes(self) -> Iterator[tuple[int, Outcome]]:
        while True:
            self.context.check()
            if self.context.stopping and not self.stop.is_set():
                self.stop.set()
                self.waiting.clear()
            self.share_out(self.n)
            busy = [worker for worker in self.workers if worker.task is not None]
            if not busy:
                return
            ready = set(wait([worker.line for worker in busy], timeout=LOOK))
            for worker in busy:
                if worker.line in ready and (found := self._heard(worker)) is not None:
                    yield found

    def share_out(self, most: int) -> None:
        """Give what is waiting, and what has been added to the tasks since, to processes that have nothing in hand, so many of them at most."""
        new = range(len(self.tries), len(self.tasks))
        self.tries += [0] * len(new)
        self.fractions += [0.0] * len(new)
        if not self.stop.is_set():
            self.waiting.extend(new)
        idle = sum(worker.task is None for worker in self.workers)
        self.workers += [self._hired() for _ in range(min(len(self.waiting) - idle, most - len(self.workers)))]
        for worker in self.workers:
            if worker.task is None and self.waiting:
                self._give(worker)

    def dismiss(self, patience: float) -> None:
        """End every process: by a word where it listens, else by force."""
        self.cancel.set()
        for worker in self.workers:
            worker.line.close()
        until = time.monotonic() + patience
        for worker in self.workers:
            worker.process.join(max(0.0, until - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()

    def _hired(self) -> _Worker:
        ours, theirs = self.method.Pipe()
        args = (theirs, self.enter, self.cancel, self.stop, os.getpid())
        process = self.method.Process(target=_work, args=args, name="glmengine worker", daemon=True)
        with environment_of_child(self.threads), _own_main(), KeptFromChildren():
            process.start()
        theirs.close()
        with suppress(OSError):  # it was killed at once: the next look finds that out
            ours.send(self.attempt)
        return _Worker(process, ours)

    def _give(self, worker: _Worker) -> None:
        worker.task = self.waiting.popleft()
        self.tries[worker.task] += 1
        if self.handed is not None:
            self.handed(self.tasks[worker.task])
        with suppress(OSError):  # it was killed while it waited: the next look finds that out
            worker.line.send(self.tasks[worker.task])

    def _heard(self, worker: _Worker) -> tuple[int, Outcome] | None:
        number = worker.task
        try:
            said: Any = worker.line.recv()
        except (EOFError, OSError):
            return self._lost(worker)
        if isinstance(said, _Done):
            worker.task = None
            self._tell(number, 1.0)
            return number, said.outcome
        fraction, self.stage = said
        self._tell(number, fraction)
        return None

    def _tell(self, number: int, fraction: float) -> None:
        """Say how far all tasks are, once it is known in what stage."""
        self.fractions[number] = fraction
        work = self.work or [1.0] * len(self.tasks)
        done = sum(one * share for one, share in zip(work, self.fractions, strict=True))
        if self.stage:
            self.context.report(Progress(self.stage, done / max(sum(work), 1e-300)))

    def _lost(self, worker: _Worker) -> tuple[int, Outcome] | None:
        """A process that ended: another takes its place, and what it had in hand is tried again or given up."""
        number, task = worker.task, self.tasks[worker.task]
        worker.line.close()
        worker.process.join()
        self.workers[self.workers.index(worker)] = self._hired()
        if self.tries[number] < TRIES and not self.stop.is_set():
            self.waiting.appendleft(number)
            return None
        code = worker.process.exitcode
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with exit code {code}"
        reason = (
            f"the process that worked on it {how}, {TRIES} times; perhaps memory ran out: use fewer workers, or look at the log"
        )
        return number, self.lost(task, reason)


@contextmanager
def _own_main() -> Iterator[None]:
    """Within it a process that is started does not run the script of this one over again, which so needs no guard around its work."""
    main = sys.modules["__main__"]
    kept = {name: vars(main)[name] for name in ("__file__", "__spec__") if name in vars(main)}
    vars(main).pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(kept)


def _work(
    line: Connection,
    enter: Callable[[], None] | None,
    cancel: Event,
    stop: Event,
    parent: int,
) -> None:
    """What each process does: what comes first over `line` to each task that comes after it, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is the parent's to answer
    spare_libraries()
    spare_dask()
    try:
        attempt: Callable[[Any, Context], Any] = (
            line.recv()
        )  # at once: whoever sends it waits, and starts the next process after that
    except (EOFError, OSError):
        return
    if enter is not None:
        enter()
    told = 0.0

    def report(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told > TELL:
            told = time.monotonic()
            line.send((progress.fraction, progress.stage))

    def given_up() -> bool:
        return cancel.is_set() or os.getppid() != parent

    while True:
        try:
            line.send(_Done(attempt(line.recv(), CallbackContext(report, given_up, stop.is_set))))
        except (EOFError, OSError, Cancelled):
            return
