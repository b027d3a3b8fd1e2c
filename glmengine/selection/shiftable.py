"""Terms and candidates that can be shifted in time against the counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.time_grid import bins_can_be_narrower
from glmengine.errors import GlmError
from glmengine.fitting.batch import penalised_columns
from glmengine.fitting.inputs import read_inputs
from glmengine.models import Ridge
from glmengine.models.components import Component, components_of
from glmengine.recording.joined_parts import SESSION
from glmengine.selection.nested_models import Ground
from glmengine.selection.step_shift_test import PooledColumns
from glmengine.sentences import listed

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm

ROOM = 0.4
"""Share of the memory that the columns of a term, and those of all candidates pooled, may take."""


def pooled_columns(ground: Ground) -> tuple[PooledColumns | None, tuple[str, ...]]:
    """Columns of the candidates that can be shifted, None where there are none; notes on those that cannot."""
    if ground.family.by_class:
        return None, ("The categorical family has no shift test.",)
    design, slices = ground.prepared.design, ground.prepared.design.slices
    try:
        names, notes = testable_terms(design.terms, None, ground.one_way)
    except GlmError as error:
        return None, (error.message,)
    units = {block.term.label for block in design.blocks if block.restricts}
    notes += [f"'{name}' has no shift test: its columns are other ones for each unit." for name in names if name in units]
    found = {}
    for number, candidate in enumerate(ground.candidates):
        own = [label for label in candidate.terms if label in slices]
        if own and all(label in names and label not in units for label in own):
            found[number] = np.concatenate([np.arange(slices[label].start, slices[label].stop) for label in own])
    if not found:
        return None, tuple(notes)
    widest = max(slices[label].stop - slices[label].start for number in found for label in ground.candidates[number].terms)
    if 8.0 * design.n_rows * widest > ROOM * 1e9 * ground.memory:
        return None, (*notes, "The columns of the candidates are too many to be shifted in the memory that fits may take.")
    if np.bincount(design.grid.segment[design.valid]).max(initial=0) < 2:
        narrower = bins_can_be_narrower(design.grid.bin_size, ground.prepared.recording)
        use = f"use longer ones{', or narrower bins' if narrower else ''}"
        return None, (*notes, f"Nothing can be shifted in epochs or trials of one bin; {use}.")
    pooled = PooledColumns(design, found, _components(ground), ground.split.fold, len(ground.split.names))
    if pooled.seconds > ground.prepared.grid.bin_size:
        notes.append(f"Shift tests look at bins pooled over {pooled.seconds:g} s, in the recorded and in the shifted counts.")
    return pooled, tuple(notes)


def _components(ground: Ground) -> tuple[Component, ...]:
    """Penalties of the candidates in shifted counts: those of the models, a ridge where these have none that is quadratic."""
    inputs = read_inputs(ground.prepared.design, ground.prepared.counts, ground.family)
    columns = penalised_columns(ground.penalty, inputs)
    try:
        return components_of(ground.penalty.scaled(1.0), columns)
    except GlmError:  # a test stands whatever it penalises, as shifted counts go through the same
        return components_of(Ridge(1.0), columns)


def testable_terms(
    terms: Sequence[AnyTerm], asked: str | Sequence[str] | None, one_way: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Labels of the terms to test, and a note on those that cannot be.

    Raises
    ------
    GlmError
        If one that is asked for cannot be tested, or none can.
    """
    why = {term.label: _not_testable(term, one_way) for term in terms}
    if asked is not None:
        names = [asked] if isinstance(asked, str) else list(dict.fromkeys(asked))
        for name in names:
            if name not in why:
                raise GlmError(f"the model has no term '{name}'; its terms are {listed(why)}", field="terms")
            if why[name]:
                raise GlmError(f"term '{name}' has no shift test: {why[name]}", field="terms")
        return names, []
    names = [name for name, reason in why.items() if not reason]
    if not names:
        name, reason = next(iter(why.items()))
        raise GlmError(f"no term has a shift test; '{name}' for one: {reason}", field="terms")
    return names, [f"'{name}' has no shift test: {reason}." for name, reason in why.items() if reason]


def _not_testable(term: AnyTerm, one_way: Sequence[str]) -> str:
    """Why a term cannot be shifted against the counts; empty where it can."""
    if term.kind == "history":
        return "it is made of the counts themselves, which cannot be moved against themselves; compare models on held-out time"
    if term.kind == "coupling" and term.include_self:
        return "it holds the unit's own counts; give these a history term of their own"
    if term.kind == "covariate" and [factor.variable for factor in term.factors] == [SESSION]:
        return "it is the same all through a session"
    if term.kind == "covariate" and all(factor.variable in one_way for factor in term.factors):
        return "it goes one way through the session, and moved in time it is another thing; compare models on held-out time"
    if term.kind == "receptive_field" and term.space == "sta":
        return "its averages are made from the counts themselves; see the stimulus through its principal components"
    return ""
