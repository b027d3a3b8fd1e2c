"""One recording of a batch as a unit of work: paths and an analysis, so that it travels to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.batch.finished import begin, kept, key_of, mark
from glmengine.batch.one_recording import Outcome, run_to_folder
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.export.outputs import writable_folder

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opened_sessions import AnyRecipe


@dataclass(frozen=True)
class Task:
    """What is asked of one recording.

    Attributes
    ----------
    analysis : Analysis
    recording : str
        Its path; never the recording itself.
    folder : Path
        For its results.
    recipe : AnyRecipe
    figures : bool
    """

    analysis: Analysis
    recording: str
    folder: Path
    recipe: AnyRecipe
    figures: bool

    @property
    def key(self) -> str:
        return key_of(self.analysis, self.recording, self.recipe, self.figures)

    def done_before(self) -> Outcome | None:
        """The outcome of an earlier run that asked the same and came to its end; None where it is to be done."""
        try:
            found = kept(self.folder, self.key)
        except GlmError:
            return None  # what is wrong with its recipe is said when it is done
        if found is None:
            return None
        summary, written, notes = found
        return Outcome(self.recording, self.folder, summary, written, notes, done_before=True)


def attempt(task: Task, context: Context = SILENT) -> Outcome:
    """Do a task; where the recording or the memory is at fault, the outcome says so.

    Raises
    ------
    Cancelled
        If the context says so.
    """
    try:
        key = task.key  # of the files as they are before they are read
        begin(writable_folder(task.folder))
        outcome = run_to_folder(
            task.analysis, [task.recording], task.folder, recipes=[task.recipe], figures=task.figures, context=context
        )
        if not context.stopping:  # what was ended early is not what was asked
            mark(task.folder, key, outcome.summary, outcome.written, outcome.notes)
        return outcome
    except (GlmError, MemoryError) as error:
        reason = error.message if isinstance(error, GlmError) else "there is not enough memory for it"
        return failed(task, " ".join(reason.split()))


def failed(task: Task, reason: str) -> Outcome:
    """The outcome of a task that came to nothing."""
    return Outcome(task.recording, task.folder, None, reason=reason)


def attempt_elsewhere(task: Task, context: Context = SILENT) -> Outcome:
    """`attempt` for another process or machine: the result, which may be large, does not travel; it lies in the folder."""
    return replace(attempt(task, context), result=None)
