"""What a fitted model needs to run by itself: the predictor that is given, and the filters through which its own counts come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.design.blocks.scaled import ScaledBlock
from glmengine.design.chunks import row_chunks
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients

if TYPE_CHECKING:
    from glmengine.design.design import Block
    from glmengine.design.prepare import Prepared


@dataclass(frozen=True)
class Loop:
    """Filters of the units' own counts that share one gain.

    Attributes
    ----------
    filters : (M, L, M) array
        ``filters[source, lag - 1, target]``: what one count adds to the linear predictor `lag` bins later.
    gain : (T,) array or None
        By which they are multiplied bin by bin; 1 where None.
    """

    filters: np.ndarray
    gain: np.ndarray | None


@dataclass(frozen=True)
class ClosedLoop:
    """A model of M units ready to run over T bins.

    Attributes
    ----------
    drive : (T, M) array
        Linear predictor without what the units' own counts add; NaN where a covariate is missing, and for a gain that is.
    loops : tuple of Loop
    refractory : (T,) int array
        Bins after a spike in which there is no other, by the terms that act in the bin.
    stretch : (T,) int array
        Which stretch of consecutive bins with a drive a bin lies in, -1 for those without; nothing is remembered from one to the next.
    """

    drive: np.ndarray
    loops: tuple[Loop, ...]
    refractory: np.ndarray
    stretch: np.ndarray

    @property
    def n_lags(self) -> int:
        """The longest memory in bins."""
        return max([loop.filters.shape[1] for loop in self.loops] + [0])


def closed_loop(prepared: Prepared, model: Coefficients, context: Context = SILENT) -> ClosedLoop:
    """Split the columns of a design into those that are given and those that the units' own counts make.

    Raises
    ------
    GlmError
        If a coupling reaches the present bin, whose counts depend on each other, or no bin has all covariates.
    """
    design, grid = prepared.design, prepared.grid
    loops, closed = [], np.zeros(design.n_columns, bool)
    known = np.ones(grid.n_bins, bool)
    for block in design.blocks:
        if block.term.kind in ("history", "coupling"):
            columns = np.arange(design.n_columns)[design.slices[block.term.label]]
            own = np.isin([column.variable for column in block.columns], model.units)
            closed[columns[own]] = True
            loop = _loop(block, columns, model, grid.bin_size)
            loops.append(loop)
            if loop.gain is not None:
                known &= np.isfinite(loop.gain)
    drive = _drive(prepared, model, closed, context)
    known &= ~np.isnan(drive).any(axis=1)
    if not known.any():
        raise GlmError("no bin has a value for every covariate of the model; choose other epochs, or another recording")
    drive[~known] = np.nan
    begins = known.copy()
    begins[1:] &= ~known[:-1] | (grid.segment[1:] != grid.segment[:-1])
    stretch = np.where(known, np.cumsum(begins) - 1, -1)
    return ClosedLoop(drive, _merged(loops), _refractory(prepared), stretch)


def _loop(block: Block, columns: np.ndarray, model: Coefficients, bin_size: float) -> Loop:
    lags, kernel = block.term.basis.kernel(bin_size)
    if lags[0] <= 0:
        raise GlmError(
            f"term '{block.term.label}': its window reaches the present bin or beyond, in which the units would wait for each other; "
            "let it begin in the bin before, and fit again",
            field="terms",
        )
    size = len(model.units)
    filters = np.zeros((size, int(lags[-1]), size))
    place = {name: number for number, name in enumerate(model.units)}
    for number, column in enumerate(block.columns):
        source = place.get(column.variable)
        if source is not None:
            filters[source, lags - 1] += np.outer(kernel[:, column.function], model.coef[columns[number]])
    gain = None
    if isinstance(block, ScaledBlock):
        gain = np.where(block.inside, 1.0 if block.gain is None else block.gain, 0.0)
    return Loop(filters, gain)


def _merged(loops: list[Loop]) -> tuple[Loop, ...]:
    """Those without a gain as one; filters that are zero throughout are left out."""
    plain = [loop.filters for loop in loops if loop.gain is None]
    rest = [loop for loop in loops if loop.gain is not None]
    if plain:
        total = np.zeros((plain[0].shape[0], max(one.shape[1] for one in plain), plain[0].shape[0]))
        for one in plain:
            total[:, : one.shape[1]] += one
        rest.insert(0, Loop(total, None))
    return tuple(loop for loop in rest if loop.filters.any())


def _drive(prepared: Prepared, model: Coefficients, closed: np.ndarray, context: Context) -> np.ndarray:
    """(T, M) predictor of the columns that are given."""
    design, given = prepared.design, ~closed
    drive = np.broadcast_to(model.intercept, (design.n_rows, len(model.units))).copy()
    if not given.any():
        return drive
    for start, stop in row_chunks(design, len(model.units)):
        context.check()
        context.report(Progress("Predicting from the covariates", start / max(design.n_rows, 1)))
        features = np.asarray(design.chunk(start, stop))[:, given]
        drive[start:stop] += features @ model.coef[given]
    return drive


def _refractory(prepared: Prepared) -> np.ndarray:
    """(T,) bins of the longest refractory time that acts in each bin."""
    bins = np.zeros(prepared.grid.n_bins, np.int32)
    for block in prepared.design.blocks:
        term = block.term
        if term.kind != "history" or not term.refractory:
            continue
        inside = block.inside if isinstance(block, ScaledBlock) and term.epochs else np.ones(len(bins), bool)
        bins = np.where(inside, np.maximum(bins, term.refractory_bins(prepared.grid.bin_size)), bins)
    return bins
