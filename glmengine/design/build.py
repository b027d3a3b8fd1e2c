"""Making of a design from the terms of an analysis: variables in bins, bounds taken and kept, rows judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.terms import (
    AnyTerm,
    ColumnsTerm,
    CouplingTerm,
    CovariateTerm,
    EventTerm,
    FilterTerm,
    HistoryTerm,
    ReceptiveFieldTerm,
)
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.design.blocks.column import column_block
from glmengine.design.blocks.event import event_block
from glmengine.design.blocks.receptive_field import receptive_block
from glmengine.design.blocks.scaled import scaled
from glmengine.design.blocks.some_units import SomeUnitsBlock
from glmengine.design.blocks.term import FilterBlock, ProductBlock, SpikeBlock
from glmengine.design.design import Block, Design, LeftOut
from glmengine.design.expanded import KeptBlocks
from glmengine.design.session_terms import session_terms
from glmengine.errors import GlmError
from glmengine.recording.binned import count_spikes, sample_covariate
from glmengine.recording.joined_parts import SESSION
from glmengine.timegrid.angles import FULL_TURN

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.basis import Basis
    from glmengine.recording.recording import Covariate, Recording
    from glmengine.timegrid.grid import TimeGrid

_CHECK_NUMBERS = 2**21


@takes_only_its_kinds
def build_design(
    analysis: Analysis,
    recording: Recording,
    grid: TimeGrid,
    *,
    unit_names: Sequence[str],
    usable: np.ndarray | None = None,
    frozen_terms: Sequence[AnyTerm] | None = None,
    kept: KeptBlocks | None = None,
    context: Context = SILENT,
) -> Design:
    """The design of `analysis` on `grid`.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
        With the derived covariates.
    grid : TimeGrid
        T bins.
    unit_names : sequence of str
        Units that are fitted; history has columns for these.
    usable : (T,) bool, optional
        Rows that may be used at all; bounds are taken from them.
    frozen_terms : sequence of terms, optional
        Those of an earlier design, whose features are made again on this recording.
    kept : KeptBlocks, optional
        Of earlier designs on the same recording, grid, rows and units: terms that they had are not expanded again.
    context : Context, optional
        Can cancel.

    Returns
    -------
    Design
        Blocks of columns in the order of the terms; its notes say which terms are left out, and why.

    Raises
    ------
    GlmError
        If a variable is unknown, no sample of it is valid, or bounds hold less than half of the valid samples.
    """
    rows = np.ones(grid.n_bins, bool) if usable is None else np.asarray(usable, bool)
    if rows.shape != (grid.n_bins,):
        raise GlmError(f"usable: has shape {rows.shape}; give one True or False for each of the {grid.n_bins} bins")
    notes: list[str] = []
    if frozen_terms is None:
        terms = session_terms(analysis, recording, grid, rows, notes)
    else:
        terms = list(enumerate(frozen_terms))
    blocks: list[Block] = []
    left_out: list[LeftOut] = []
    for position, (number, term) in enumerate(terms):
        context.check()
        context.report(Progress("Making features", position / len(terms), f"term '{term.label}'"))
        made = None if kept is None else kept.of(term)
        if made is None:
            said: list[str] = []
            block = _block(
                term,
                recording,
                grid,
                rows,
                unit_names,
                analysis.time.max_gap,
                f"terms.{number}",
                said,
                frozen=frozen_terms is not None,
            )
            made = (block, tuple(said)) if kept is None else kept.keep(term, block, grid.n_bins, said)
        block, own_notes = made
        notes += own_notes
        if isinstance(block, LeftOut):
            left_out.append(block)
            notes.append(str(block))
        else:
            blocks.append(block)
    return Design(tuple(blocks), grid, _valid(blocks, rows, context), tuple(notes), tuple(left_out))


def _block(
    term: AnyTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    unit_names: Sequence[str],
    max_gap: float | None,
    where: str,
    notes: list[str],
    *,
    frozen: bool,
) -> Block | LeftOut:
    """The columns of one term, with its gain, inside its epochs and for its units, if anything is left of it."""
    block: Block | LeftOut
    if isinstance(term, CovariateTerm):
        block = _tuning(term, recording, grid, rows, max_gap, where, notes, frozen=frozen)
    elif isinstance(term, FilterTerm):
        block = _filtered(term, recording, grid, rows, max_gap, where, frozen=frozen)
    elif isinstance(term, EventTerm):
        block = event_block(term, recording, grid, rows, max_gap, where, notes, frozen=frozen)
    elif isinstance(term, ReceptiveFieldTerm):
        block = receptive_block(term, recording, grid, rows, unit_names, max_gap, where, notes, frozen=frozen)
    elif isinstance(term, ColumnsTerm):
        block = column_block(term, recording, grid, rows, max_gap, where, notes, frozen=frozen)
    else:
        block = _spikes(term, recording, grid, unit_names, where, frozen=frozen)
    if isinstance(block, LeftOut):
        return block
    block = SomeUnitsBlock(block) if term.only_units else block
    return scaled(block, term, recording, grid, rows, max_gap, where, frozen=frozen)


def _valid(blocks: Sequence[Block], rows: np.ndarray, context: Context) -> np.ndarray:
    """(T,) bool, not to be written to: the `rows` in which every column of every block has a value."""
    valid = rows.copy()
    step = max(1024, _CHECK_NUMBERS // max(sum(len(block.columns) for block in blocks), 1))
    for start in range(0, len(valid) if blocks else 0, step):
        context.check()
        stop = min(start + step, len(valid))
        valid[start:stop] &= np.logical_and.reduce([block.defined(start, stop) for block in blocks])
    valid.setflags(write=False)
    return valid


def _tuning(
    term: CovariateTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    max_gap: float | None,
    where: str,
    notes: list[str],
    *,
    frozen: bool,
) -> ProductBlock | LeftOut:
    variables = [factor.variable for factor in term.factors]
    for place, name in enumerate(variables):
        if name in variables[:place]:
            raise GlmError(
                f"term '{term.label}': '{name}' is multiplied by itself; give each variable once",
                field=f"{where}.factors.{place}.variable",
            )
    samples, factors = [], []
    for place, factor in enumerate(term.factors):
        field = f"{where}.factors.{place}"
        covariate = recording.variable(factor.variable, field=f"{field}.variable")
        x = sample_covariate(covariate, grid, None if factor.variable == SESSION else max_gap)
        basis = factor.basis
        if getattr(basis, "window", None) is not None:
            raise GlmError(
                f"term '{term.label}': tuning is to the present value of '{factor.variable}' and has no window; "
                "take the window out, or make it a term of kind 'filter'",
                field=f"{field}.basis.window",
            )
        if not frozen:
            inside = _valid_values(term, factor.variable, x[rows & np.isfinite(x)], f"{field}.variable")
            if _constant(inside):
                return LeftOut(term.label, f"'{factor.variable}' is constant in the bins used")
            try:
                basis = basis.frozen(inside)
            except GlmError as error:
                raise _in_basis(term, error, field) from error
            _judge_bounds(term, covariate, basis, inside, f"{field}.basis.bounds", notes)
        samples.append(x)
        factors.append(factor.with_(basis=basis))
    return ProductBlock(term.with_(factors=tuple(factors)), samples)


def _filtered(
    term: FilterTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    max_gap: float | None,
    where: str,
    *,
    frozen: bool,
) -> FilterBlock | LeftOut:
    covariate = recording.variable(term.variable, field=f"{where}.variable")
    if covariate.kind in ("angle", "category"):
        raise GlmError(
            f"term '{term.label}': '{term.variable}' is {'an angle' if covariate.kind == 'angle' else 'a category'}, "
            "which cannot be filtered as a number; use a tuning term",
            field=f"{where}.variable",
        )
    x = sample_covariate(covariate, grid, max_gap)
    if not frozen and _constant(_valid_values(term, term.variable, x[rows & np.isfinite(x)], f"{where}.variable")):
        return LeftOut(term.label, f"'{term.variable}' is constant in the bins used")
    try:
        return FilterBlock(term, x, grid.offsets, grid.bin_size)
    except GlmError as error:
        raise _in_basis(term, error, where) from error


def _valid_values(term: AnyTerm, variable: str, values: np.ndarray, field: str) -> np.ndarray:
    """The valid values of a variable in the bins used, of which there has to be one."""
    if not values.size:
        raise GlmError(
            f"term '{term.label}': '{variable}' has no valid sample in the bins used; take the term out, or use other epochs",
            field=field,
        )
    return values


def _constant(values: np.ndarray) -> bool:
    return bool(values.min() == values.max())


def _in_basis(term: AnyTerm, error: GlmError, where: str) -> GlmError:
    """An error of a term's kernels, with the term's name and the field's whole path."""
    return GlmError(f"term '{term.label}': {error.message}", field=f"{where}.basis.{error.field}".rstrip("."))


def _judge_bounds(term: CovariateTerm, covariate: Covariate, basis, inside: np.ndarray, field: str, notes: list[str]) -> None:
    name, unit = covariate.name, f" {covariate.unit}" if covariate.unit else ""
    notes += _looks_like_degrees(covariate, basis, inside)
    bounds = getattr(basis, "bounds", None)
    if bounds is not None and basis.circular and covariate.kind == "angle" and bounds[1] - bounds[0] > 1.001 * FULL_TURN:
        raise GlmError(
            f"term '{term.label}': the circle from {bounds[0]:g} to {bounds[1]:g} is more than one turn of '{name}', which is an angle in radians; "
            "leave the bounds out, or give 0 to 6.28319",
            field=field,
        )
    if bounds is None or basis.circular:
        return
    outside = int(((inside < bounds[0]) | (inside > bounds[1])).sum())
    if 2 * outside > inside.size:
        raise GlmError(
            f"term '{term.label}': the bounds {bounds[0]:g} to {bounds[1]:g} hold less than half of the values of '{name}' "
            f"({inside.min():.4g} to {inside.max():.4g}{unit}); widen them",
            field=field,
        )
    if outside:
        what = "taken as lying on the bound" if basis.outside == "clamped" else "left out"
        notes.append(
            f"{outside} of {inside.size} bins have '{name}' outside {bounds[0]:g} to {bounds[1]:g}{unit} and were {what}."
        )


def _looks_like_degrees(covariate: Covariate, basis: Basis, inside: np.ndarray) -> list[str]:
    """A note on values that are far too large for radians where radians are expected: an angle, or a circle of 2 pi."""
    period = basis.bounds[1] - basis.bounds[0] if basis.circular and basis.bounds is not None else 0.0
    if covariate.kind == "angle":
        values = np.asarray(covariate.seen()[1], np.float64)  # before they were brought to one turn
        repair = "turn it into radians"
    elif abs(period - 2 * np.pi) < 1e-6 and covariate.unit != "rad":  # in radians it is an angle that was unwrapped
        values, repair = inside, "turn it into radians, or give the basis bounds that are one turn in its own unit"
    else:
        return []
    reach = np.nanmax(np.abs(values), initial=0.0)
    if reach <= 4 * np.pi:
        return []
    return [f"'{covariate.name}' reaches {reach:.0f}, which looks like degrees where radians are expected; {repair}."]


def _spikes(
    term: HistoryTerm | CouplingTerm,
    recording: Recording,
    grid: TimeGrid,
    unit_names: Sequence[str],
    where: str,
    *,
    frozen: bool,
) -> SpikeBlock | LeftOut:
    if term.kind == "history":
        sources = tuple(unit_names)
    else:
        sources = term.sources or recording.unit_names
        for place, name in enumerate(sources):
            if name not in recording.unit_names:
                raise GlmError(
                    f"term '{term.label}': the recording has no unit '{name}'; choose others", field=f"{where}.sources"
                )
            if name in sources[:place]:
                raise GlmError(f"term '{term.label}': the unit '{name}' is there twice; give it once", field=f"{where}.sources")
        if not frozen and not term.include_self and set(unit_names) <= set(sources) and len(sources) == 1:
            return LeftOut(term.label, "there is no other unit that could drive the one that is fitted")
    if isinstance(term, HistoryTerm):
        try:
            term = term.behind_refractory(grid.bin_size)
        except GlmError as error:
            raise GlmError(f"term '{term.label}': {error.message}", field=f"{where}.{error.field}") from error
    counts = count_spikes(recording, grid, sources, compact=True, absent_as_zero=True)
    try:
        _without_itself(term, grid.bin_size)
        return SpikeBlock(term, counts, sources, grid.offsets, grid.bin_size)
    except GlmError as error:
        raise _in_basis(term, error, where) from error


def _without_itself(term: HistoryTerm | CouplingTerm, bin_size: float) -> None:
    """Refuse kernels on a unit's own spikes that reach the present bin: they would predict its count from itself."""
    if term.kind == "coupling" and not term.include_self:
        return
    lags, _ = term.basis.kernel(bin_size)
    if lags[0] <= 0 <= lags[-1]:
        if term.basis.direction == "acausal":
            which, repair = "direction", "make it causal"
        else:
            which, repair = "present", "let it begin in the bin before"
        raise GlmError(f"the window holds the present bin, whose own spikes are what is to be predicted; {repair}", field=which)
