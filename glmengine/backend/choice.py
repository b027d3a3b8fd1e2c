"""Which implementation of the operations serves a problem: JAX, or NumPy where the benchmark of the operations shows that to be faster.

On a CPU these are problems so small that compiling would take longer than solving them, designs that are mostly zeros, and
weighted Gram matrices (`tests/benchmarks/operations_speed.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from glmengine.backend.cells import cells_of
from glmengine.backend.jax_operations import JaxOperations
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.operations import Operations
from glmengine.backend.rows import Rows

FEWEST, ELEMENTS = 1, 4e5
"""Up to so many columns, or predictors, a pass on a CPU is made in NumPy; from there on what is compiled is faster."""


@dataclass(frozen=True)
class Backend:
    """What computes for one problem: passes over the rows for all its columns, and its Gram matrices."""

    passes: Operations
    grams: Operations

    @property
    def name(self) -> str:
        """In words, for the result."""
        passes, grams = self.passes.name, self.grams.name
        return passes if passes == grams else f"{passes}, Gram matrices in {grams}"


def backend_for(rows: Rows, n_columns: int, context: Any) -> Backend:
    """The backend for a problem of so many columns on these rows; `context` is asked between chunks whether to go on."""
    if not rows.on_cpu:
        device = JaxOperations(rows, context)
        return Backend(device, device)
    here = NumpyOperations(rows, context)
    if n_columns <= FEWEST or rows.n * n_columns <= ELEMENTS or nonzeros_of(rows) is not None or cells_of(rows) is not None:
        return Backend(here, here)
    return Backend(JaxOperations(rows, context), here)
