"""The one loop of all fits: units x strengths x folds, as batched problems, into a table of answers.

A fit is one strength and no fold, a path many strengths, a cross-validation folds besides. What is fitted (one linear predictor, one
for each class, fields of low rank) is a `Model`, which says what units share a batch, and how one is solved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from glmengine.context import Context, Progress
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import Assembly, Group
from glmengine.fitting.grid import Grid
from glmengine.fitting.strength_choice import BEST_OF_EACH, StrengthChoice
from glmengine.fitting.unit_status import folds_that_count
from glmengine.sentences import plain_power
from glmengine.solvers.next_strengths import Ahead
from glmengine.solvers.problem import ALL_ROWS, Solution
from glmengine.solvers.status import OK
from glmengine.threads import threads_kept


class Batch(Protocol):
    """K columns that are solved together, each a unit with a fold held out, at one strength after another.

    Attributes
    ----------
    unit, held : (K,) int array
        `held` is `ALL_ROWS` where nothing is.
    places : (p,) or (K, p) int array
        Columns of the design that they have.
    """

    unit: np.ndarray
    held: np.ndarray
    places: np.ndarray

    def solve(self, strength: np.ndarray, context: Context, ahead: Ahead | None = None) -> Solution:
        """The optima at strengths (K,), from where the last call ended; objective NaN for columns that were not come to. The strengths
        that are asked for next are those `ahead`, for a solver that gains by knowing; None where there are none."""

    def held_out(self, context: Context) -> np.ndarray:
        """(8, K) sums of `glmengine.backend.formulas.Worth` at the last optima on the rows held out."""

    def among(self, columns: np.ndarray) -> Batch:
        """Some of its columns (k,) on the same rows, which begin where they are now."""


class Model(Protocol):
    """What is fitted to all units."""

    assembly: Assembly

    @property
    def makes_zeros(self) -> bool:
        """Whether its penalty does."""

    @property
    def finds_strengths(self) -> bool:
        """Whether each batch finds its strengths in its rows."""

    def groups(self, units: np.ndarray) -> Sequence[Group]:
        """Units that share a batch."""

    def batch(self, unit: np.ndarray, held: np.ndarray, group: Group, context: Context) -> Batch:
        """The columns of one group."""

    def null_intercept(self, units: np.ndarray) -> np.ndarray:
        """(K,) or (C, K) intercepts of the model that has nothing else, of `units` (K,)."""


@dataclass(frozen=True)
class Plan:
    """What is to be found.

    Attributes
    ----------
    strengths : (S, M) array
        Of each unit.
    n_folds : int
        0 for a fit to all rows.
    stage : str
        What it is called; ``{strength}`` stands for the strength.
    grid : Grid
        Of the S strengths; only those given are gone through, the others for units whose best held-out score is at an end.
    choice : StrengthChoice
        Whose best it is.
    tells : bool
        Whether the context is told of each unit: not of tables that are not of the model that was asked for.
    """

    strengths: np.ndarray
    n_folds: int
    stage: str
    grid: Grid
    choice: StrengthChoice = BEST_OF_EACH
    tells: bool = False


def solve(model: Model, plan: Plan, answers: Answers, context: Context) -> Iterator[tuple[int, Batch]]:
    """Go through the strengths of each batch from the strongest, and give each batch with its number when it is done.

    The batch that has the unit which the caller would see first comes next; the answers do not depend on the order.
    Where the caller wants to stop and keep, what was not come to stays as the table was made.
    """
    assembly = model.assembly
    units = np.flatnonzero(assembly.status == OK)
    groups = model.groups(units)
    waiting, done = list(range(len(groups))), 0.0
    while waiting:
        number = waiting.pop(_next([groups[one] for one in waiting], assembly, context))
        before, done = done, done + groups[number].units.size
        share = context.part(before / units.size, done / units.size)
        unit, held = _columns(assembly, groups[number].units, plan.n_folds)
        if not unit.size:
            continue
        with threads_kept():
            share.report(Progress(_begins(plan), 0.0))
            batch = model.batch(unit, held, groups[number], share)
            _follow(batch, plan, answers, share, _first_work(model))
        yield number, batch
        if context.stopping:
            return


def _first_work(model: Model) -> Sequence[float]:
    if model.finds_strengths:
        return _SEARCHED
    return _FEW_COLUMNS if model.makes_zeros else _FROM_NOTHING


def _next(groups: Sequence[Group], assembly: Assembly, context: Context) -> int:
    """Place of the group whose turn it is: that of the unit which is wanted first, else the first."""
    wanted, units = context.first_unit, assembly.inputs.units
    if wanted is None or len(groups) == 1 or wanted not in units:
        return 0
    return next((place for place, group in enumerate(groups) if units.index(wanted) in group.units), 0)


def _columns(assembly: Assembly, units: np.ndarray, n_folds: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit and held-out fold (K,) of each column: folds that count for the unit."""
    if not n_folds:
        return units, np.full(units.size, ALL_ROWS)
    unit, held = np.repeat(units, n_folds), np.tile(np.arange(n_folds), units.size)
    useful = folds_that_count(assembly.family, assembly.observed)[held, unit]
    return unit[useful], held[useful]


_FEW_COLUMNS, _FROM_NOTHING, _SEARCHED = (0.5, 0.75), (1.1,), (1.75,)
"""What the first strengths of a path take beside each of the later ones (measured): where a penalty makes zeros few columns are in use then,
elsewhere the first begins far from its end, and strengths that are found in the rows take a search."""

_PREPARED = 0.25
"""What comes before them: rows made ready, constant columns found."""


def _follow(batch: Batch, plan: Plan, answers: Answers, context: Context, first: Sequence[float]) -> None:
    given = plan.strengths[: plan.grid.n_given]
    order = np.argsort(-given.max(axis=1), kind="stable")
    work = np.ones(order.size)
    work[: len(first)] = first[: order.size]
    whole = work.sum() + (_FURTHER if plan.grid.goes_on else 0.0)
    ends = (_PREPARED + np.concatenate([[0.0], np.cumsum(work)])) / (_PREPARED + whole)
    context.report(Progress(_begins(plan), float(ends[0])))
    for step, s in enumerate(order.tolist()):

        def together(count: int, step: int = step) -> Context:
            return context.part(float(ends[step]), float(ends[step + count]), _stage(plan, *order[step : step + count].tolist()))

        later = tuple(plan.strengths[other, batch.unit] for other in order[step + 1 :].tolist())
        _one(batch, s, plan, answers, together(1), Ahead(later, together) if later else None)
        if context.stopping:
            return
    done = float(ends[-1])
    for weaker in (True, False):
        done = _extend(batch, plan, answers, context, done, weaker=weaker)


_FURTHER = 1.0
"""Strengths beyond those given that a cross-validation is expected to try; where it tries more, each gets half of the share that is left."""


def _extend(batch: Batch, plan: Plan, answers: Answers, context: Context, done: float, *, weaker: bool) -> float:
    """Strengths beyond an end of the grid, as long as the best score of a unit is there; from the share `done` to the one that is given back."""
    numbers = plan.grid.beyond(weaker)
    for before, end, s in zip(numbers, numbers[1:], numbers[2:], strict=False):
        units = answers.best_at(end, before, np.unique(batch.unit), plan.choice)
        if context.stopping or not units.size:
            return done
        batch = batch.among(np.flatnonzero(np.isin(batch.unit, units)))
        middle = done + 0.5 * (1.0 - done)
        _one(batch, s, plan, answers, context.part(done, middle, _stage(plan, s)))
        done = middle
    return done


def _one(batch: Batch, s: int, plan: Plan, answers: Answers, context: Context, ahead: Ahead | None = None) -> None:
    """One batch at one strength."""
    solution = batch.solve(plan.strengths[s, batch.unit], context.part(0.0, _SOLVED) if plan.n_folds else context, ahead)
    if plan.n_folds and context.stopping:
        solution = answers.without_broken_off(batch.unit, batch.held, solution)
        if np.isnan(solution.objective).all():
            return
    answers.keep(s, batch.unit, batch.held, batch.places, solution)
    if plan.n_folds:
        answers.score(s, batch.unit, batch.held, batch.held_out(context), solution)
    context.report(
        Progress("Fitted", 1.0)
    )  # solvers end sooner than their decrement told: without this the pace would look too slow
    if plan.tells:
        units = np.unique(batch.unit)
        context.tell(answers.found(units, plan.choice) if plan.n_folds else answers.ended(units))


_SOLVED = 0.96
"""What solutions take beside their scores on the rows held out (measured)."""


def _begins(plan: Plan) -> str:
    """What is said before it is known which strengths come first, and how many at once."""
    return plan.stage.partition(",")[0]


def _stage(plan: Plan, first: int, *others: int) -> str:
    named = plain_power(f"{plan.strengths[first, 0]:g}")
    if others:
        named = f"{named} to {plain_power(f'{plan.strengths[others[-1], 0]:g}')}"
    return plan.stage.format(strength=named)
