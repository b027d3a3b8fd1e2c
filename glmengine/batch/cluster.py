"""Recordings of a batch on a cluster: Dask's scheduler shares them out, paths travel and results stay where they are written."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from glmengine.batch.one_recording import Outcome
from glmengine.batch.task import Task, attempt_elsewhere, failed
from glmengine.context import Context, Progress
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from distributed import Client

RETRIES = 2
"""How often a recording whose worker was lost is given to another."""

CONNECT = 20.0
"""Seconds to reach the scheduler."""

LOOK = 0.2
"""Seconds between looks at whether to go on."""


def on_cluster(tasks: Sequence[Task], scheduler: str, context: Context) -> Iterator[tuple[int, Outcome]]:
    """Do tasks on the workers of a Dask scheduler; the place of each and its outcome, as they come.

    The workers need the same version of the program, and the same paths to the recordings and to the folder of the results.

    Raises
    ------
    GlmError
        If Dask is not installed, or there is no scheduler at the address.
    """
    client = _connected(scheduler)
    futures: dict[Any, int] = {}
    try:
        for number, task in enumerate(tasks):
            futures[client.submit(attempt_elsewhere, task, retries=RETRIES, pure=False)] = number
        left = set(futures)
        while left:
            context.check()
            if context.stopping:
                return
            for future in [future for future in left if future.done()]:
                left.discard(future)
                number = futures[future]
                yield number, _outcome(tasks[number], future)
                done = len(tasks) - len(left)
                context.report(Progress(f"{done} of {len(tasks)} recordings", done / len(tasks)))
            time.sleep(LOOK)
    finally:
        client.cancel(list(futures))
        client.close()


def _outcome(task: Task, future: Any) -> Outcome:
    fault = future.exception()
    if fault is None:
        return future.result()
    reason = f"{type(fault).__name__} on the cluster ({' '.join(str(fault).split())}); the worker's log says more"
    return failed(task, reason)


def _connected(scheduler: str) -> Client:
    try:
        from distributed import Client
    except ImportError as error:
        raise GlmError("a scheduler needs Dask; install it with: pip install distributed") from error
    try:
        return Client(scheduler, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise GlmError(
            f"scheduler {scheduler}: cannot be reached ({' '.join(str(error).split())}); start it with 'dask scheduler', or check its address"
        ) from error
