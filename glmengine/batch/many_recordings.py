"""The same analysis on each of many recordings: those that are done are kept, the others shared out, and all summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.batch.one_recording import Outcome
from glmengine.batch.pieces import Joining, Piece, PieceDone, Work, attempt, attempt_elsewhere, given_up
from glmengine.batch.tables import write_groups, write_tables
from glmengine.batch.task import Task
from glmengine.context import SILENT, Context, Rising
from glmengine.design.unit_blocks import BLOCK_SECONDS
from glmengine.export.outputs import writable_folder
from glmengine.io.opened_sessions import for_each
from glmengine.io.raw import unique_names

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe


def run_batch(
    analysis: Analysis,
    recordings: Iterable[str],
    folder: str | Path,
    *,
    recipes: Sequence[AnyRecipe] = (),
    figures: bool = True,
    workers: int = 1,
    scheduler: str | None = None,
    block_seconds: float = BLOCK_SECONDS,
    again: bool = False,
    group_by: Sequence[str] = (),
    report: Callable[[Outcome], None] | None = None,
    context: Context = SILENT,
) -> list[Outcome]:
    """The same analysis on each of many recordings; one that fails does not keep the others.

    Writes a folder for each, and ``recordings.csv`` (one row a recording), ``scores.csv`` (one row a recording and unit) and, for groups,
    ``groups.csv`` of those that were reached, also where it is interrupted. Called again after an interruption, whatever ended it, those
    that were done are kept and the others done; one whose file, recipe or analysis has changed since is done again.

    Parameters
    ----------
    analysis : Analysis
    recordings : iterable of path
        Given twice, a recording counts once.
    folder : path
    recipes : sequence, optional
        One for each recording or one for all.
    figures
        As for `run_to_folder`.
    workers : int
        Processes of this machine that share the recordings, and blocks of units of large ones; with one all is done here, one after the other.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``) whose workers see the same paths, in place of processes of this machine.
    block_seconds : float
        A recording whose fit is estimated to take much longer is divided into blocks of units of about so many seconds each, which are
        shared out like recordings; 0 for none. Its numbers are the same however many share them.
    again : bool
        Do those again that are done.
    group_by : sequence of str
        Columns of texts of the unit tables (region, animal) by which scores are summed up.
    report : callable, optional
        Told each outcome when it is there.

    Returns
    -------
    list of Outcome
        In the order of the recordings.

    Raises
    ------
    GlmError
        If the folder cannot be written to, the scheduler cannot be reached, or no unit has a column to group by.
    Cancelled
        If the context says so.
    """
    folder = writable_folder(folder)
    recordings = list(recordings)
    own = dict(zip(recordings, for_each(recipes, len(recordings)), strict=True))
    names = unique_names([Path(one).stem or Path(one).name for one in own])
    tasks = [
        Task(analysis, recording, folder / name, own[recording], figures, block_seconds)
        for recording, name in zip(own, names, strict=True)
    ]
    found: dict[int, Outcome] = {}

    def take(number: int, outcome: Outcome) -> None:
        found[number] = outcome
        if report is not None:
            report(outcome)

    def reached() -> list[Outcome]:
        return [found[number] for number in sorted(found)]

    try:
        waiting: list[int] = []
        for number, task in enumerate(tasks):
            outcome = None if again else task.done_before()
            if outcome is None:
                waiting.append(number)
            else:
                take(number, outcome)
        begun = len(found) / max(len(tasks), 1)
        for number, outcome in _done(tasks, waiting, workers, scheduler, Rising(context.part(begun, 1.0))):
            take(number, outcome)
    finally:
        write_tables(folder, reached())
    if group_by:
        write_groups(folder, reached(), group_by)
    return reached()


def _done(
    tasks: Sequence[Task], waiting: Sequence[int], workers: int, scheduler: str | None, context: Context
) -> Iterator[tuple[int, Outcome]]:
    """Numbers of tasks and their outcomes, as they come; blocks of the units of a large recording are shared out like recordings."""
    work: list[Work] = [tasks[number] for number in waiting]
    owner = list(waiting)
    left: dict[int, int] = {}  # blocks of recordings that are not fitted yet
    over: set[int] = set()

    def add(number: int, *more: Work) -> None:
        work.extend(more)
        owner.extend([number] * len(more))

    for place, found in _shared_out(work, workers, scheduler, context):
        number = owner[place]
        if number in over:  # another of its blocks has failed
            continue
        if isinstance(found, PieceDone):
            if number not in left:
                left[number] = found.of
                add(number, *(Piece(tasks[number], block, found.of) for block in range(1, found.of)))
            left[number] -= 1
            if not left[number]:
                add(number, Joining(tasks[number], found.of))
        else:
            over.add(number)
            yield number, found


def _shared_out(
    work: list[Work], workers: int, scheduler: str | None, context: Context
) -> Iterator[tuple[int, Outcome | PieceDone]]:
    """Places of pieces of work, which grow more while this goes on, and what became of each, as they come."""
    if scheduler is not None:
        from glmengine.parallel.cluster import on_cluster

        return on_cluster(work, scheduler, attempt_elsewhere, given_up, context)
    if workers > 1 and work:
        from glmengine.backend import jax_runtime
        from glmengine.parallel.processes import in_processes

        return in_processes(work, workers, jax_runtime.configure, attempt_elsewhere, given_up, context)
    return _one_by_one(work, context)


def _one_by_one(work: list[Work], context: Context) -> Iterator[tuple[int, Outcome | PieceDone]]:
    for at, one in enumerate(work):  # and what is added meanwhile
        if context.stopping:
            return
        yield at, attempt(one, context.part(at / len(work), (at + 1) / len(work)))
