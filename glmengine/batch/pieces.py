"""Blocks of units of a long recording, fitted apart, and the one result that is made of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.analysis.sources import for_recording
from glmengine.analysis_run import run, run_block
from glmengine.batch.finished import begin, mark
from glmengine.batch.one_recording import Outcome, written_outcome
from glmengine.batch.task import Task, failed
from glmengine.context import SILENT, Context
from glmengine.design.unit_blocks import unit_blocks
from glmengine.errors import GlmError
from glmengine.export.outputs import refuse_strangers, writable_folder
from glmengine.io.opened_sessions import opened_together
from glmengine.results.joined_units import joined_units
from glmengine.results.result import Result

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

FOLDER = "unfinished-blocks"
"""Folder beside the results of a recording in which its blocks are kept until they are one result."""


@dataclass(frozen=True)
class Piece:
    """Block `number`, from 0, of `of` blocks of the units of a task's recording."""

    task: Task
    number: int
    of: int

    @property
    def path(self) -> Path:
        """Where its result is kept."""
        return self.task.folder / FOLDER / f"block-{self.number:04d}.nc"


@dataclass(frozen=True)
class Joining:
    """What is left of a task when all of its blocks are fitted."""

    task: Task
    of: int


@dataclass(frozen=True)
class PieceDone:
    """A block of a recording is fitted, `of` how many there are."""

    of: int


Work = Task | Piece | Joining


def attempt(work: Work, context: Context = SILENT) -> Outcome | PieceDone:
    """Do a piece of work; of a task whose recording is large only the first block. Where recording or memory is at fault, the outcome says so.

    Raises
    ------
    Cancelled
        If the context says so.
    """
    do = _whole if isinstance(work, Task) else _piece if isinstance(work, Piece) else _joined
    try:
        return do(work, context)  # type: ignore[arg-type]
    except (GlmError, MemoryError) as error:
        reason = error.message if isinstance(error, GlmError) else "there is not enough memory for it"
        return given_up(work, " ".join(reason.split()))


def attempt_elsewhere(work: Work, context: Context = SILENT) -> Outcome | PieceDone:
    """`attempt` for another process or machine: the result, which may be large, does not travel; it lies in the folder."""
    found = attempt(work, context)
    return replace(found, result=None) if isinstance(found, Outcome) else found


def given_up(work: Work, reason: str) -> Outcome:
    """The outcome of the recording of a piece of work that came to nothing."""
    return failed(work if isinstance(work, Task) else work.task, reason)


def _whole(task: Task, context: Context) -> Outcome | PieceDone:
    key = task.key  # of the files as they are before they are read
    refuse_strangers(writable_folder(task.folder))  # before the fit, not after it
    begin(task.folder)
    recording = _opened(task, context.part(0.0, 0.1))
    analysis = for_recording(task.analysis, recording)
    blocks = unit_blocks(analysis, recording, task.block_seconds)
    if blocks > 1:
        return _fitted(Piece(task, 0, blocks), key, recording, context.part(0.1 / blocks, 1.0 / blocks))
    result = run(analysis, recording, context.part(0.1, 0.8))
    return _written(task, key, result, recording, context)


def _piece(piece: Piece, context: Context) -> PieceDone:
    key = piece.task.key
    if _kept(piece, key) is not None:  # before the recording is opened
        return PieceDone(piece.of)
    return _fitted(piece, key, _opened(piece.task, context.part(0.0, 0.1)), context.part(0.1, 1.0))


def _fitted(piece: Piece, key: str, recording: Recording, context: Context) -> PieceDone:
    if _kept(piece, key) is not None:
        return PieceDone(piece.of)
    result = run_block(for_recording(piece.task.analysis, recording), recording, piece.number, piece.of, context)
    if not context.stopping:  # what was ended early is not what was asked
        piece.path.parent.mkdir(parents=True, exist_ok=True)
        replace(result, provenance={**result.provenance, "task": key}).save(piece.path)
    return PieceDone(int(result.provenance["blocks"]))


def _joined(work: Joining, context: Context) -> Outcome:
    task, key = work.task, work.task.key
    parts = [_kept(Piece(task, number, work.of), key) for number in range(work.of)]
    there = [part for part in parts if part is not None]
    if len(there) < len(parts):
        raise GlmError(f"{task.recording}: changed, or its fitted blocks were taken away, while it was being fitted; start again")
    result = joined_units(there)
    result = replace(result, provenance={name: value for name, value in result.provenance.items() if name != "task"})
    return _written(task, key, result, _opened(task, context.part(0.0, 0.5)), context)


def _kept(piece: Piece, key: str) -> Result | None:
    """The result of a block that was fitted for the same question to the same files; None where it is to be fitted."""
    if not piece.path.is_file():
        return None
    try:
        found = Result.load(piece.path)
    except GlmError:  # it is made anew
        return None
    same = (found.provenance.get("task"), found.provenance.get("blocks")) == (key, piece.of)
    return found if same else None


def _opened(task: Task, context: Context) -> Recording:
    return opened_together([task.recording], recipes=[task.recipe], context=context)


def _written(task: Task, key: str, result: Result, recording: Recording, context: Context) -> Outcome:
    context.check()
    outcome = written_outcome(
        result, recording, task.recording, task.folder, figures=task.figures, context=context.part(0.8, 1.0)
    )
    if not context.stopping:
        mark(task.folder, key, outcome.summary, outcome.written, outcome.notes)
        shutil.rmtree(task.folder / FOLDER, ignore_errors=True)
    return outcome
