"""One recording of a batch as a unit of work: paths and an analysis, so that it travels to another process or machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from glmengine.batch.finished import kept, key_of
from glmengine.batch.one_recording import Outcome
from glmengine.design.unit_blocks import BLOCK_SECONDS
from glmengine.errors import GlmError

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
    block_seconds : float
        See `glmengine.design.unit_blocks.unit_blocks`.
    """

    analysis: Analysis
    recording: str
    folder: Path
    recipe: AnyRecipe
    figures: bool
    block_seconds: float = BLOCK_SECONDS

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


def failed(task: Task, reason: str) -> Outcome:
    """The outcome of a task that came to nothing."""
    return Outcome(task.recording, task.folder, None, reason=reason)
