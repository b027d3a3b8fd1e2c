"""The same analysis on each of many recordings: those that are done are kept, the others shared out, and all summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.batch.one_recording import Outcome
from glmengine.batch.tables import write_groups, write_tables
from glmengine.batch.task import Task, attempt, attempt_elsewhere, failed
from glmengine.context import SILENT, Context
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
        Processes of this machine that share the recordings; with one they are done here, one after the other.
    scheduler : str, optional
        Address of a Dask scheduler (``"tcp://host:8786"``) whose workers see the same paths, in place of processes of this machine.
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
        Task(analysis, recording, folder / name, own[recording], figures) for recording, name in zip(own, names, strict=True)
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
        for number, outcome in _shared_out(tasks, waiting, workers, scheduler, context.part(begun, 1.0)):
            take(number, outcome)
    finally:
        write_tables(folder, reached())
    if group_by:
        write_groups(folder, reached(), group_by)
    return reached()


def _shared_out(
    tasks: Sequence[Task], waiting: Sequence[int], workers: int, scheduler: str | None, context: Context
) -> Iterator[tuple[int, Outcome]]:
    """Numbers of tasks and their outcomes, as they come."""
    todo = [tasks[number] for number in waiting]
    if scheduler is not None:
        from glmengine.batch.cluster import on_cluster

        outcomes = on_cluster(todo, scheduler, context)
    elif workers > 1 and len(todo) > 1:
        from glmengine.backend import jax_runtime
        from glmengine.processes import in_processes

        n = min(workers, len(todo))
        outcomes = in_processes(todo, n, jax_runtime.configure, attempt_elsewhere, failed, context)
    else:
        outcomes = _one_by_one(todo, context)
    for place, outcome in outcomes:
        yield waiting[place], outcome


def _one_by_one(tasks: Sequence[Task], context: Context) -> Iterator[tuple[int, Outcome]]:
    for at, task in enumerate(tasks):
        if context.stopping:
            return
        yield at, attempt(task, context.part(at / len(tasks), (at + 1) / len(tasks)))
