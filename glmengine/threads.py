"""Threads: how many the BLAS uses, and blocks of rows on all cores at once, one thread a block, results in the order of the blocks.

Nothing else in the program sets the number of the BLAS's threads. OpenBLAS spreads each product over all cores and waits for the slowest; on a machine that has other things to do that costs ten
times the product itself (measured). Whole blocks on threads of their own wait for nobody, and give the same sums for any number of threads.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from itertools import chain, islice, repeat
from threading import Lock, local
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

ONE_THREAD = 1e6
"""Work on fewer numbers is done sooner than threads are begun."""

AHEAD = 3
"""Blocks that wait for each thread."""

QUIET = 1000
"""Up to this many columns the algebra between passes over the rows is too small for more than one thread."""


_here = local()


def _begin_worker() -> None:
    _here.is_worker = True


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


class _Quiet:
    """One limit of the BLAS to one thread, from the first who enters it until the last who did has left.

    Regions of several threads overlap without being nested: were each to put back what it found, the last could leave the limit behind.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._depth, self._limit, self._threads = 0, nullcontext(), 1

    def threads(self) -> int:
        """As many as the BLAS uses outside."""
        with self._lock:
            return self._threads if self._depth else self._count()

    def __enter__(self) -> None:
        with self._lock:
            if not self._depth:
                self._threads = self._count()
                self._limit = nullcontext() if self._threads == 1 else _controller().limit(limits=1)
                self._limit.__enter__()
            self._depth += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._depth -= 1
            if not self._depth:
                self._limit.__exit__(None, None, None)

    @staticmethod
    def _count() -> int:
        return max((library.num_threads for library in _controller().lib_controllers), default=1)


_QUIET = _Quiet()


def n_threads() -> int:
    """As many as the BLAS would use, which follows the environment's limits; the same where it is kept to one for now. One for a thread
    of `workers`, whose neighbours use the other cores."""
    return 1 if getattr(_here, "is_worker", False) else _QUIET.threads()


VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC")
"""Variables of the environment by which the libraries of a process that is being started learn how many threads to use."""

_ENVIRONMENT = Lock()


@contextmanager
def environment_of_child(threads: int) -> Iterator[None]:
    """Within it processes are started that use so many threads each, unless the user's own environment says otherwise."""
    with _ENVIRONMENT:
        added = [name for name in VARIABLES if name not in os.environ]
        os.environ.update(dict.fromkeys(added, str(threads)))
        try:
            yield
        finally:
            for name in added:
                os.environ.pop(name, None)


class Workers:
    """Threads to map over blocks; made by `workers`."""

    def __init__(self, pool: ThreadPoolExecutor | None, threads: int = 1) -> None:
        self._pool, self._ahead = pool, AHEAD * threads
        self._given: set[Future[Any]] = set()

    def map(self, function: Callable[..., Any], blocks: Iterable[Any]) -> Iterator[Any]:
        """`function` of each block, in order; one after another where the blocks are made as they are read. A single block is the caller's, who may
        have parts of it done on other threads."""
        if self._pool is None or not isinstance(blocks, list | tuple) or len(blocks) < 2:
            return map(function, blocks)
        given = [self._submit(function, block) for block in blocks]
        return (self._taken(one) for one in given)

    def stream(self, function: Callable[[Any], Any], blocks: Iterable[Any], together: Iterable[int] = ()) -> Iterator[Any]:
        """`function` of each block, in order, of blocks that are made as they are read: a few of them ahead of what is taken, so that no
        thread waits for the others' last block. Where each of them is soon done a thread is given some at a time, so many as `together` says
        the first time, the second, and so on; one at a time after these."""
        if self._pool is None:
            yield from map(function, blocks)
            return
        waiting: deque[Future[list[Any]]] = deque()
        blocks = iter(blocks)
        sizes = chain(together, repeat(1))
        while some := list(islice(blocks, next(sizes))):
            waiting.append(self._submit(lambda some: [function(block) for block in some], some))
            if len(waiting) > self._ahead:
                yield from self._taken(waiting.popleft())
        while waiting:
            yield from self._taken(waiting.popleft())

    def give_up(self) -> None:
        """Begin none of the blocks that wait, and return when those that were begun are done."""
        begun = [one for one in self._given if not one.cancel()]
        self._given.clear()
        wait(begun)

    def _submit(self, function: Callable[[Any], Any], block: Any) -> Future[Any]:
        one = self._pool.submit(function, block)
        self._given.add(one)
        return one

    def _taken(self, one: Future[Any]) -> Any:
        self._given.discard(one)
        return one.result()


def quiet_blas() -> AbstractContextManager[Any]:
    """Within it the BLAS uses one thread: after a small product its other threads wait at full load for the next one,
    in the way of whoever works meanwhile (measured: a quarter of the time of a pass)."""
    return _QUIET


def quiet_blas_for(columns: int) -> AbstractContextManager[None]:
    """`quiet_blas` where the algebra of so many columns is too small for more than one thread."""
    return quiet_blas() if columns <= QUIET else nullcontext()


def workers(numbers: float = np.inf) -> AbstractContextManager[Workers]:
    """Threads for the time of a solve, each with a BLAS of its own; none for work on so few `numbers` that it is done before they begin."""
    n = n_threads() if numbers >= ONE_THREAD else 1
    return _ALONE if n == 1 else _crew(n)


def threads_kept() -> AbstractContextManager[Any]:
    """Within it the threads of `workers` are kept from one use to the next: beginning and ending them takes as long as a pass over few rows."""
    return _CREW


@contextmanager
def _crew(n: int) -> Iterator[Workers]:
    with quiet_blas(), _CREW:
        crew = Workers(_CREW.pool(n), n)
        try:
            yield crew
        finally:
            crew.give_up()


class _Crew:
    """The threads of all who are inside, from the first who asks for them until the last has left."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._inside, self._pools = 0, dict[int, ThreadPoolExecutor]()

    def pool(self, n: int) -> ThreadPoolExecutor:
        """`n` threads, for those who are inside."""
        with self._lock:
            if n not in self._pools:
                self._pools[n] = ThreadPoolExecutor(n, thread_name_prefix="glmengine", initializer=_begin_worker)
            return self._pools[n]

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            ended = [] if self._inside else list(self._pools.values())
            if ended:
                self._pools = {}
        for pool in ended:
            pool.shutdown()


_CREW = _Crew()


class _Alone:
    """`workers` of which there is none but the caller."""

    _workers = Workers(None)

    def __enter__(self) -> Workers:
        _QUIET.__enter__()
        return self._workers

    def __exit__(self, *error: object) -> None:
        _QUIET.__exit__()


_ALONE = _Alone()
