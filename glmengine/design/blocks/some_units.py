"""Columns of any kind that only some units have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.basis.supports import Supports
from glmengine.design.design import Block

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class SomeUnitsBlock(Block):
    """The columns of another block, which drive the units that its term names (`only_units`) and no others."""

    def __init__(self, block: Block) -> None:
        self.term, self.columns, self.block = block.term, block.columns, block

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.block.chunk(start, stop)

    def sparse(self, start: int, stop: int) -> csr_array | None:
        return self.block.sparse(start, stop)

    def supports(self, index: np.ndarray) -> Supports:
        return self.block.supports(index)

    def defined(self, start: int, stop: int) -> np.ndarray:
        return self.block.defined(start, stop)

    def moments(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        return self.block.moments(rows)

    def penalty_matrix(self) -> np.ndarray:
        return self.block.penalty_matrix()

    def axis_penalties(self) -> list[np.ndarray]:
        """The penalty along each variable of the block, (p, p) each; of a block without variables its only one."""
        return self.block.axis_penalties() if hasattr(self.block, "axis_penalties") else [self.penalty_matrix()]

    def allowed(self, unit: str) -> np.ndarray:
        return self.block.allowed(unit) & (unit in self.term.only_units)

    @property
    def restricts(self) -> bool:
        return True

    def for_units(self, units: Sequence[str]) -> SomeUnitsBlock:
        """The same of the block's columns for these units."""
        return SomeUnitsBlock(self.block.for_units(units))
