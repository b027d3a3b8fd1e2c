"""Blocks of rows on all cores at once: one NumPy thread a block, results in the order of the blocks.

OpenBLAS spreads each product over all cores and waits for the slowest; on a machine that has other things to do that costs ten
times the product itself (measured). Whole blocks on threads of their own wait for nobody, and give the same sums for any number of threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

ONE_THREAD = 1e6
"""Work on fewer numbers is done sooner than threads are begun."""


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def n_threads() -> int:
    """As many as the BLAS would use, which follows the environment's limits."""
    found = [entry["num_threads"] for entry in _controller().info() if entry["user_api"] == "blas"]
    return max(found, default=1)


class Workers:
    """Threads to map over blocks; made by `workers`."""

    def __init__(self, pool: ThreadPoolExecutor | None) -> None:
        self._pool = pool

    def map(self, function: Callable[..., Any], blocks: Iterable[Any]) -> Iterator[Any]:
        """`function` of each block, in order; one after another where the blocks are made as they are read."""
        if self._pool is None or not isinstance(blocks, list | tuple):
            return map(function, blocks)
        return self._pool.map(function, blocks)


def quiet_blas() -> AbstractContextManager[Any]:
    """Within it the BLAS uses one thread: after a small product its other threads wait at full load for the next one,
    in the way of whoever works meanwhile (measured: a quarter of the time of a pass)."""
    return _controller().limit(limits=1, user_api="blas")


@contextmanager
def workers(numbers: float = np.inf) -> Iterator[Workers]:
    """Threads for the time of a solve, each with a BLAS of its own; none for work on so few `numbers` that it is done before they begin."""
    n = n_threads() if numbers >= ONE_THREAD else 1
    with _controller().limit(limits=1, user_api="blas"):
        if n == 1:
            yield Workers(None)
            return
        with ThreadPoolExecutor(n, thread_name_prefix="glmengine") as pool:
            yield Workers(pool)
