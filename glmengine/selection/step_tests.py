"""Tests of the steps of a selection: by signed ranks over folds, or by shifts of the counts in time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from glmengine.analysis.selection import Selection
from glmengine.context import SILENT, Context, Stopped
from glmengine.inference.signed_rank import signed_rank
from glmengine.inference.tail_p import FEWEST_FOR_TAIL
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.selection.shuffles import Shuffles
from glmengine.selection.step_shift_test import PooledColumns, p_of

SHIFTS_WORK = 0.001
"""What a shift of all columns takes, beside the cross-validation of the model with all candidates."""


@dataclass(frozen=True)
class Proposal:
    """A candidate that may come into the model of a unit.

    Attributes
    ----------
    unit, candidate : int
    base : Model
        That it would be added to.
    offered : tuple of int
        All that it was the best of.
    by_fold : (F,) array
        Held-out log-likelihood per bin that it brings; NaN in folds that do not count.
    """

    unit: int
    candidate: int
    base: Model
    offered: tuple[int, ...]
    by_fold: np.ndarray


@dataclass(frozen=True)
class Tested:
    """What a test says of a proposal.

    Attributes
    ----------
    p : float
    taken : bool
    gains : (1 + n,) array or None
        Of a test by shifts, what the candidate gains and what the best of each shift does, in nats.
    """

    p: float
    taken: bool
    gains: np.ndarray | None = None


class StepTest(ABC):
    """Says of candidates that are the best of those offered whether they may come in."""

    by_folds: ClassVar[bool]
    """Whether folds are what it is made of."""

    @abstractmethod
    def judge(self, nested: NestedModels, proposals: Sequence[Proposal], context: Context = SILENT) -> list[Tested]:
        """What the test says of each; raises `Stopped` where the caller wants to stop before that is known."""

    def shifts(self, candidate: int) -> bool:
        """Whether it judges a candidate by shifts in time."""
        return False

    @abstractmethod
    def work(self, proposals: Sequence[Proposal]) -> float:
        """What that takes, beside the cross-validation of the model with all candidates of as many units."""


class FoldRanks(StepTest):
    """The one-sided signed-rank test over folds (Hardcastle et al. 2017).

    Parameters
    ----------
    level : float
    """

    by_folds = True

    def __init__(self, level: float) -> None:
        self.level = level

    def judge(self, nested: NestedModels, proposals: Sequence[Proposal], context: Context = SILENT) -> list[Tested]:
        p = [float(signed_rank(one.by_fold)) for one in proposals]
        return [Tested(one, one < self.level) for one in p]

    def work(self, proposals: Sequence[Proposal]) -> float:
        return 0.0


class StepShifts(StepTest):
    """Shifts of the counts in time, which go through the same comparison of candidates (`glmengine.selection.step_shift_test`).

    What cannot be shifted, as a unit's own past, is judged by signed ranks over folds.

    Parameters
    ----------
    pooled : PooledColumns
    shuffles : Shuffles
    level : float
    """

    by_folds = False

    def __init__(self, pooled: PooledColumns, shuffles: Shuffles, level: float) -> None:
        self.pooled, self.shuffles, self.level = pooled, shuffles, level
        self._ranks = FoldRanks(level)

    def judge(self, nested: NestedModels, proposals: Sequence[Proposal], context: Context = SILENT) -> list[Tested]:
        result = self._ranks.judge(nested, proposals)
        asked = [place for place, one in enumerate(proposals) if self.shifts(one.candidate)]
        if not asked:
            return result
        own = [proposals[place] for place in asked]
        found = zip(own, nested.residuals([(one.base, one.unit) for one in own]), strict=True)
        steps = [self.pooled.step(one.unit, one.candidate, one.offered, *residual) for one, residual in found]
        gains = self.pooled.gains(steps, self.shuffles, context)
        if context.stopping:
            raise Stopped
        for place, each in zip(asked, gains, strict=True):
            p = p_of(each)
            result[place] = Tested(p, p < self.level, each)
        return result

    def shifts(self, candidate: int) -> bool:
        return candidate in self.pooled.slices

    def work(self, proposals: Sequence[Proposal]) -> float:
        return SHIFTS_WORK * len(self.shuffles) if any(self.shifts(one.candidate) for one in proposals) else 0.0


JUDGED_BY_FOLDS = "No step could be judged by shifts in time: they were judged by signed ranks over folds."


def asks_for_shifts(selection: Selection) -> bool:
    """Whether steps are to be judged by shifts in time."""
    return selection.steps_by == "shifts" and selection.method == "forward"


def fewest_shifts(level: float) -> int:
    """Shifts that can give a p below a level, and that have a tail, for the false discovery rate over units asks for less than that."""
    return max(int(np.floor(1.0 / level + 1e-9)), FEWEST_FOR_TAIL)


def step_test(selection: Selection, pooled: PooledColumns | None, seed: int) -> tuple[StepTest, tuple[str, ...]]:
    """The test by shifts in time that a selection asks for, by folds where no column can be shifted; and notes on it."""
    if pooled is None:
        return FoldRanks(selection.level), (JUDGED_BY_FOLDS,)
    shuffles = pooled.shuffles(selection.shifts, seed)
    if len(shuffles) < fewest_shifts(selection.level):  # of short recordings: no p could hold among units
        return FoldRanks(selection.level), (*shuffles.notes, JUDGED_BY_FOLDS)
    return StepShifts(pooled, shuffles, selection.level), shuffles.notes
