"""A design whose columns are expanded once, for many fits of a few of them each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.basis.supports import Supports
from glmengine.design.design import Block, Design


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
        self.term, self.columns, self._block, self._values = block.term, block.columns, block, values

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self._values[start:stop].copy()

    def penalty_matrix(self) -> np.ndarray:
        return self._block.penalty_matrix()

    def axis_penalties(self) -> list[np.ndarray]:
        """As of `Design.axis_penalties`."""
        block: Any = self._block
        return block.axis_penalties() if hasattr(block, "axis_penalties") else [block.penalty_matrix()]

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
