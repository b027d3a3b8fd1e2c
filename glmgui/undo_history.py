"""Steps of undo and redo."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glmgui.kept_fits import FitChange

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

KEEP = object()
"""Stands for "leave this as it is", where None means "nothing"."""
_MERGE_SECONDS = 1.0
_MOST_STEPS = 500


@dataclass(frozen=True)
class UndoStep:
    """An analysis, what was done to get to the one after it, the recording below it where that brought another, and what would put the
    kept fits back where they were changed."""

    analysis: Analysis
    text: str
    recording: Recording | object | None = KEEP
    fit: FitChange | None = None


class UndoHistory:
    """What can be taken back, and what can be done again."""

    def __init__(self) -> None:
        self._undo: list[UndoStep] = []
        self._redo: list[UndoStep] = []
        self._last_edit = ("", 0.0)

    @property
    def undo_text(self) -> str:
        """What `undo` would take back, empty where there is nothing."""
        return self._undo[-1].text if self._undo else ""

    @property
    def redo_text(self) -> str:
        """What `redo` would do again, empty where there is nothing."""
        return self._redo[-1].text if self._redo else ""

    def clear(self) -> None:
        """Forget all steps."""
        self._undo.clear()
        self._redo.clear()
        self.end_merging()

    def add(self, step: UndoStep, *, merges: bool = False) -> None:
        """Take what was there before an edit; what was undone can be done again no longer.

        Where it `merges`, the same text again within a second belongs to the same step, so that a drag of a slider is undone at once.
        """
        last_text, last_time = self._last_edit
        now = time.monotonic()
        if not (merges and self._undo and last_text == step.text and now - last_time < _MERGE_SECONDS):
            self._undo.append(step)
            del self._undo[:-_MOST_STEPS]
        self._redo.clear()
        self._last_edit = (step.text, now)

    def end_merging(self) -> None:
        """Let the next edit be a step of its own, whatever its text."""
        self._last_edit = ("", 0.0)

    def undo(self, analysis: Analysis, recording: Recording | None) -> UndoStep | None:
        """Where to go to take back the last edit, None where there is none; the present `analysis` and `recording` are kept for `redo`."""
        return self._move(self._undo, self._redo, analysis, recording)

    def redo(self, analysis: Analysis, recording: Recording | None) -> UndoStep | None:
        """Where to go to do again what was undone last; the present `analysis` and `recording` are kept for `undo`."""
        return self._move(self._redo, self._undo, analysis, recording)

    def _move(
        self, taken: list[UndoStep], given: list[UndoStep], analysis: Analysis, recording: Recording | None
    ) -> UndoStep | None:
        if not taken:
            return None
        step = taken.pop()
        change = step.fit.reversed if step.fit is not None else None
        given.append(UndoStep(analysis, step.text, KEEP if step.recording is KEEP else recording, change))
        self.end_merging()
        return step
