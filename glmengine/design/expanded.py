"""Designs whose columns are expanded once: for many fits of a few of them each, or for the next design with some of the same terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.basis.supports import Supports
from glmengine.design.design import Block, Design, LeftOut

if TYPE_CHECKING:
    from glmengine.analysis.terms import AnyTerm


class ExpandedBlock(Block):
    """A block beside its values.

    Parameters
    ----------
    block : Block
        Knows everything else of its columns.
    values : (T, p) array
        Its columns.
    """

    def __init__(self, block: Block, values: np.ndarray) -> None:
        self.term, self.columns, self._block, self._values = block.term, block.columns, block, np.ascontiguousarray(values)

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop].copy()

    def seen(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop]

    def penalty_matrix(self) -> np.ndarray:
        return self._block.penalty_matrix()

    def axis_penalties(self) -> list[np.ndarray]:
        """As of `Design.axis_penalties`."""
        block: Any = self._block
        return block.axis_penalties() if hasattr(block, "axis_penalties") else [block.penalty_matrix()]

    @property
    def inside(self) -> np.ndarray:
        """As of a scaled block."""
        block: Any = self._block
        return block.inside

    @property
    def gain(self) -> np.ndarray | None:
        """As of a scaled block."""
        block: Any = self._block
        return block.gain

    def sparse(self, start: int, stop: int) -> Any:
        return self._block.sparse(start, stop)

    def supports(self, index: np.ndarray) -> Supports:
        return self._block.supports(index)

    def moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        return self._block.moments(rows)

    def allowed(self, unit: str) -> np.ndarray:
        return self._block.allowed(unit)

    @property
    def restricts(self) -> bool:
        return self._block.restricts


def expanded(design: Design, memory: float) -> Design:
    """The same design with all of its values at hand, where they fit in `memory` bytes."""
    T, P = design.shape
    if memory < 8.0 * T * P:
        return design
    blocks = tuple(ExpandedBlock(block, block.chunk(0, T)) for block in design.blocks)
    return replace(design, blocks=blocks)


MOST_KEPT = 16
"""Terms whose columns are kept: those of a model, and some that a slider has passed."""


class KeptBlocks:
    """Columns of the terms of the last designs on one recording, grid, rows and units, each with what is to be said of it."""

    def __init__(self) -> None:
        self._known: list[tuple[AnyTerm, Block | LeftOut, tuple[str, ...]]] = []

    def of(self, term: AnyTerm) -> tuple[Block | LeftOut, tuple[str, ...]] | None:
        """The columns of a term as it was asked for, and notes on it; None where they are not known."""
        at = next((at for at, (known, *_) in enumerate(self._known) if known == term), None)
        if at is None:
            return None
        self._known.append(self._known.pop(at))  # the longest unused is forgotten first
        return self._known[-1][1:]

    def keep(
        self, term: AnyTerm, block: Block | LeftOut, n_rows: int, notes: Sequence[str]
    ) -> tuple[Block | LeftOut, tuple[str, ...]]:
        """Expand the columns of a term in all rows and keep them; what `of` gives from now on."""
        made = block if isinstance(block, LeftOut) else ExpandedBlock(block, block.chunk(0, n_rows))
        self._known.append((term, made, tuple(notes)))
        del self._known[:-MOST_KEPT]
        return self._known[-1][1:]
