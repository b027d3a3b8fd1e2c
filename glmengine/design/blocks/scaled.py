"""Columns of any kind times a gain, or inside epochs alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis.supports import Supports
from glmengine.design.design import Block
from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.recording.named_epochs import rows_in

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from glmengine.analysis.terms import AnyTerm
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


class ScaledBlock(Block):
    """The columns of another block, times a factor.

    Attributes
    ----------
    block : Block
    inside : (T,) bool array
        Rows of the term's epochs; outside, its columns are zero whether they are known or not.
    gain : (T,) array or None
        NaN where it is not known: inside, such rows have no columns.
    """

    def __init__(self, block: Block, inside: np.ndarray, gain: np.ndarray | None) -> None:
        self.term, self.columns = block.term, block.columns
        self.block, self.inside, self.gain = block, inside, gain

    def chunk(self, start: int, stop: int) -> np.ndarray:
        values = self.block.chunk(start, stop)
        if self.gain is not None:
            values = values * self.gain[start:stop, None]
        inside = self.inside[start:stop]
        return values if inside.all() else np.where(inside[:, None], values, 0.0)

    def sparse(self, start: int, stop: int) -> csr_array | None:
        values = self.block.sparse(start, stop)
        if values is None:
            return None
        inside = self.inside[start:stop]
        factor = inside.astype(np.float64) if self.gain is None else np.where(inside, self.gain[start:stop], 0.0)
        return values.multiply(np.nan_to_num(factor)[:, None]).tocsr()

    def supports(self, index: np.ndarray) -> Supports:
        return self.block.supports(index).where(self.inside[index])

    def defined(self, start: int, stop: int) -> np.ndarray:
        known = self.block.defined(start, stop)
        if self.gain is not None:
            known = known & np.isfinite(self.gain[start:stop])
        return known | ~self.inside[start:stop]

    def moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Those of the block where it is, of the rows inside the epochs; a gain leaves no structure."""
        return None if self.gain is not None else self.block.moments(rows & self.inside)

    def penalty_matrix(self) -> np.ndarray:
        return self.block.penalty_matrix()

    def allowed(self, unit: str) -> np.ndarray:
        return self.block.allowed(unit)

    @property
    def restricts(self) -> bool:
        return self.block.restricts

    def for_units(self, units: Sequence[str]) -> ScaledBlock:
        """The same of the block's columns for these units."""
        return ScaledBlock(self.block.for_units(units), self.inside, self.gain)

    def axis_penalties(self) -> list[np.ndarray]:
        """The penalty along each variable of the block, (p, p) each; of a block without variables its only one."""
        return self.block.axis_penalties() if hasattr(self.block, "axis_penalties") else [self.penalty_matrix()]


def scaled(
    block: Block,
    term: AnyTerm,
    recording: Recording,
    grid: TimeGrid,
    rows: np.ndarray,
    max_gap: float | None,
    where: str,
    *,
    frozen: bool,
) -> Block:
    """The block with its term's gain and epochs, itself where there are none.

    Parameters
    ----------
    block : Block
    term : AnyTerm
    recording : Recording
    grid : TimeGrid
        T bins.
    rows : (T,) bool
        Those that may be used.
    max_gap : float, optional
        As for covariates.
    where : str
        Path of the term in the analysis.
    frozen : bool
        The term is one of an earlier design: that it has no effect here is then no error.

    Raises
    ------
    GlmError
        If the covariate or an epoch is unknown, or none of the rows lies in the epochs or has a gain.
    """
    if not term.gain and not term.epochs:
        return block
    inside = np.ones(grid.n_bins, bool)
    if term.epochs:
        inside = rows_in(grid, recording, term.epochs, field=f"{where}.epochs")
        if not frozen and not (inside & rows).any():
            raise GlmError(
                f"term '{term.label}': no bin that is used lies in {', '.join(term.epochs)}; choose other epochs for the term",
                field=f"{where}.epochs",
            )
    gain = None
    if term.gain:
        covariate = recording.variable(term.gain, field=f"{where}.gain")
        if covariate.kind in ("angle", "category"):
            raise GlmError(
                f"term '{term.label}': '{term.gain}' is {'an angle' if covariate.kind == 'angle' else 'a category'}, "
                "which cannot be a gain; multiply with a basis on it instead (a term of several variables)",
                field=f"{where}.gain",
            )
        gain = sample_covariate(covariate, grid, max_gap)
        if not frozen and not np.isfinite(gain[inside & rows]).any():
            raise GlmError(
                f"term '{term.label}': the gain '{term.gain}' has no valid sample in the bins used; take it out, or use other epochs",
                field=f"{where}.gain",
            )
    return ScaledBlock(block, inside, gain)
