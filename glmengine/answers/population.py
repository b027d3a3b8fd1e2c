"""What the answers of all units of a recording stand on: one design, one split, and the order in which units are answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.projection_files import with_projections
from glmengine.analysis.selection import Candidate, Selection, candidates_of
from glmengine.answers.final_models import Beginning, beginning_of
from glmengine.answers.question import default_selection
from glmengine.context import SILENT, Context
from glmengine.design.design import Design
from glmengine.design.expanded import expanded
from glmengine.design.prepare import Prepared, prepare
from glmengine.design.splits import Split, split_prepared
from glmengine.errors import GlmError
from glmengine.goodness.assess import groupings_of
from glmengine.goodness.mismatch import Grouping
from glmengine.recording.recording import Recording
from glmengine.selection.fold_rows import SharedRows
from glmengine.selection.nested_models import Ground, ground_of
from glmengine.selection.one_step_models import suits
from glmengine.selection.shiftable import pooled_columns
from glmengine.selection.step_shift_test import PooledColumns
from glmengine.selection.step_tests import FoldRanks, StepTest, asks_for_shifts, fewest_shifts, step_test
from glmengine.threads import workers

UNIT_SECONDS = 1.5 / (180_000 * 92)
"""Seconds that a unit's models take, per row and column."""

OWN_COLUMNS = 8
"""Of a unit's past."""

ENOUGH = 25_000
"""Rows, evenly spread, that the order of the units is made from."""

FIRST, NEXT = 2.0, 12.0
"""Seconds that the first units take together, and those that follow."""


@dataclass(frozen=True)
class Population:
    """All units of a question, ready to be answered some at a time.

    Attributes
    ----------
    analysis : Analysis
    selection : Selection
        With each unit judged by itself: false discovery rates are made of all of them.
    prepared : Prepared
    split : Split
    candidates : tuple of Candidate
    shared : SharedRows or None
        None where the models have to be fitted one by one (see `glmengine.selection.one_step_models.suits`).
    pooled : PooledColumns or None
        None where no candidate can be shifted in time.
    test : StepTest
        What judges the steps of a unit's selection.
    groups : tuple of tuple of int
        Numbers of the units that are answered together, the best known first.
    notes : tuple of str
    """

    analysis: Analysis
    selection: Selection
    prepared: Prepared
    split: Split
    candidates: tuple[Candidate, ...]
    shared: SharedRows | None
    pooled: PooledColumns | None
    test: StepTest
    groups: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]

    @property
    def width(self) -> int:
        """About how many columns the model of a unit has: those that all units share, and its own past."""
        return unit_width(self.prepared.design)

    @property
    def unit_seconds(self) -> float:
        """About how long a unit takes."""
        return UNIT_SECONDS * self.prepared.design.n_rows * self.width

    def ground(self, numbers: tuple[int, ...]) -> Ground:
        """What the models of some units stand on."""
        return ground_of(
            self.analysis,
            self.prepared.of_units(numbers),
            self.split,
            self.candidates,
            self.selection.always,
            room=0.0 if self.shared else 0.5,
        )

    @cached_property
    def beginning(self) -> Beginning:
        """What is simulated, of all units and terms."""
        return beginning_of(self.analysis, self.prepared)

    @cached_property
    def groupings(self) -> tuple[Grouping, ...]:
        """Groups of bins in which the models of all units are judged."""
        return groupings_of(self.prepared)


def population_of(analysis: Analysis, recording: Recording, shifts: int, context: Context = SILENT) -> Population:
    """Bins, features, split, and which units are known best.

    Raises
    ------
    GlmError
        As of `glmengine.select_terms`.
    """
    analysis = analysis.with_(terms=with_projections(analysis.terms), selection=analysis.selection or default_selection(analysis))
    selection = analysis.selection.with_(over_units=False, shifts=shifts or analysis.selection.shifts)
    candidates = candidates_of(selection, [term.label for term in analysis.terms if term.enabled])
    used = {*selection.always, *(term for candidate in candidates for term in candidate.terms)}
    terms = tuple(term if term.label in used else term.with_(enabled=False) for term in analysis.terms)
    prepared = prepare(analysis.with_(terms=terms), recording, context)
    folds = selection.folds or analysis.validation.folds
    if folds < 2:
        raise GlmError(
            "models are compared on held-out time, and there are no folds; set folds to 2 or more", field="selection.folds"
        )
    split = split_prepared(analysis.validation.with_(folds=folds), prepared, analysis.seed)
    common = tuple(block.term.label for block in prepared.design.blocks if not block.restricts)
    kept = expanded(prepared.design.of(common), 0.5e9 * analysis.model.memory)
    blocks = {block.term.label: block for block in kept.blocks}
    design = replace(prepared.design, blocks=tuple(blocks.get(block.term.label, block) for block in prepared.design.blocks))
    prepared = replace(prepared, design=design)
    every = tuple(range(len(prepared.units)))
    ground = ground_of(analysis, prepared, split, candidates, selection.always, room=0.0)
    together = suits(ground, len(every))

    def columns() -> SharedRows | None:
        return SharedRows(design, split.fold, len(split.names)) if together else None

    def to_shift() -> tuple[PooledColumns | None, tuple[str, ...]]:
        wanted = shifts and (together or selection.steps_by == "shifts")
        return pooled_columns(ground) if wanted else (None, ())

    with workers(design.n_rows * design.n_columns) as pool:  # what takes longest first
        (pooled, notes), shared, order = pool.map(lambda make: make(), [to_shift, columns, lambda: _best_known(ground)])
    test, told = _step_test(selection, pooled, shifts, analysis.seed)
    groups = _groups(order, UNIT_SECONDS * design.n_rows * unit_width(design)) if shared else (every,)
    notes = (*prepared.notes, *notes, *told)
    return Population(analysis, selection, prepared, split, candidates, shared, pooled, test, groups, notes)


def _step_test(selection: Selection, pooled: PooledColumns | None, shifts: int, seed: int) -> tuple[StepTest, tuple[str, ...]]:
    """What judges the steps, with a note where shifts in time were asked for and folds do."""
    ranks = FoldRanks(selection.level)
    if not asks_for_shifts(selection):
        return ranks, ()
    if shifts < fewest_shifts(selection.level):
        least = f"for a p below {selection.level:g} {fewest_shifts(selection.level)} shifts are needed, and there are {shifts}"
        return ranks, (f"Steps were judged by signed ranks over folds: {least}.",)
    return step_test(selection, pooled, seed)


def unit_width(design: Design) -> int:
    """About how many columns of a design the model of one unit has."""
    return design.n_columns - sum(len(block.columns) for block in design.blocks if block.restricts) + OWN_COLUMNS


def _best_known(ground: Ground) -> list[int]:
    """Numbers of the units by how much of their deviance one scoring step from the mean explains, beyond what chance does."""
    design, counts = ground.prepared.design, ground.prepared.counts
    valid = np.flatnonzero(design.valid)[:: max(1, int(design.valid.sum()) // ENOUGH)]
    y = np.nan_to_num(np.asarray(counts[valid], np.float64))
    mean = np.maximum(y.mean(axis=0), 1e-12)
    explained = np.zeros(y.shape[1])
    for block in design.blocks:
        if block.restricts:
            continue
        X = block.seen(0, design.n_rows)[valid]
        X = X - X.mean(axis=0)
        spread, vectors = np.linalg.eigh(X.T @ X)
        kept = spread > 1e-9 * max(float(spread[-1]), 1e-300)
        score = ((vectors[:, kept] / np.sqrt(spread[kept])).T @ (X.T @ (y - mean))) ** 2
        explained += score.sum(axis=0) / mean - kept.sum()
    share = explained / (valid.size * mean * np.maximum(1.0 - np.log(np.minimum(mean, 1.0)), 1.0))
    return np.argsort(-np.where(y.sum(axis=0) > 0, share, -np.inf), kind="stable").tolist()


def _groups(order: list[int], unit_seconds: float) -> tuple[tuple[int, ...], ...]:
    first = max(1, min(len(order), int(FIRST / unit_seconds)))
    size = max(first, int(NEXT / unit_seconds))
    rest = [tuple(order[begin : begin + size]) for begin in range(first, len(order), size)]
    return (tuple(order[:first]), *rest)
