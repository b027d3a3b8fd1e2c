"""Machines of a cluster that share work: Dask's scheduler shares tasks out; one whose machine is lost is given to another."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from glmengine.context import Context, Progress
from glmengine.errors import GlmError

if TYPE_CHECKING:
    from distributed import Client

RETRIES = 2
"""How often a task whose worker was lost is given to another."""

CONNECT = 20.0
"""Seconds to reach the scheduler."""

LOOK = 0.2
"""Seconds between looks at whether to go on."""

Task, Outcome = TypeVar("Task"), TypeVar("Outcome")


def on_cluster(
    tasks: Sequence[Task],
    scheduler: str,
    attempt: Callable[[Task], Outcome],
    lost: Callable[[Task, str], Outcome],
    context: Context,
) -> Iterator[tuple[int, Outcome]]:
    """Do tasks on the workers of a Dask scheduler; the place of each and its outcome, as they come.

    The workers need the same version of the program, and the same paths to what the tasks name.

    Parameters
    ----------
    tasks : sequence
        Values that can be pickled. Tasks that the caller adds at the end, while it takes outcomes, are done too.
    scheduler : str
        Its address (``"tcp://host:8786"``).
    attempt : callable
        Does a task. It travels to each worker once, which keeps it: what it remembers of one task is there for the next.
    lost : callable
        Gives the outcome of a task that could not be done, or raises; it is told why, in words.
    context : Context

    Raises
    ------
    GlmError
        If Dask is not installed, or there is no scheduler at the address.
    Cancelled
        If the context says so; workers end the tasks that they have begun.
    """
    client = _connected(scheduler)
    futures: dict[Any, int] = {}
    left: set[Any] = set()
    try:
        kept = _sent(client, attempt)
        while True:
            for number in range(len(futures), len(tasks)):
                future = client.submit(_do, kept, tasks[number], retries=RETRIES, pure=False)
                futures[future] = number
                left.add(future)
            if not left:
                return
            context.check()
            if context.stopping:
                return
            for future in [future for future in left if future.done()]:
                left.discard(future)
                number = futures[future]
                yield number, _outcome(tasks[number], future, lost)
                done = len(futures) - len(left)
                context.report(Progress(f"{done} of {len(tasks)} done on the cluster", done / len(tasks)))
            time.sleep(LOOK)
    finally:
        client.cancel(list(futures))
        client.close()


def _sent(client: Client, attempt: Callable[[Any], Any]) -> Any:
    """What does the tasks as the outcome of a task of its own: it is sent once, and again where all who had it are lost."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sending large graph")  # a recording of one's own making goes with it
        return client.submit(_itself, attempt, pure=False)


def _itself(attempt: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return attempt


def _do(attempt: Callable[[Any], Any], task: Any) -> Any:
    return attempt(task)


def _outcome(task: Task, future: Any, lost: Callable[[Task, str], Outcome]) -> Outcome:
    fault = future.exception()
    if fault is None:
        return future.result()
    return lost(task, f"{type(fault).__name__} on the cluster ({' '.join(str(fault).split())}); the worker's log says more")


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
