"""Which implementation of the operations serves a problem: JAX, or NumPy where the benchmark of the operations shows that to be faster.

On a CPU these are problems so small that compiling would take longer than solving them, designs that are mostly zeros, weighted Gram
matrices, and passes in float64 of losses whose sums with the observations are known (`tests/benchmarks/operations_speed.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.formulas import SlopeFormula
from glmengine.backend.jax_operations import JaxOperations
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.operations import Operations, View
from glmengine.backend.rows import Rows

FEWEST, ELEMENTS, LINEAR_ELEMENTS = 1, 4e5, 4e6
"""Up to so many columns, or predictors, a pass on a CPU is made in NumPy; from there on what is compiled is faster. Of losses that are linear in
the observations passes cost the same either way, and compiling them pays only where there are many more."""

MOST_OF_UNIT = 2
"""Columns of a unit, such as its folds, up to which compiled passes over its own columns are faster: those in NumPy read these once for all of them."""


@dataclass(frozen=True)
class Backend:
    """What computes for one problem.

    Attributes
    ----------
    passes : Operations
        Over the rows, for all columns.
    grams : Operations
        Gram matrices.
    exact : Operations
        Slopes in float64.
    """

    passes: Operations
    grams: Operations
    exact: Operations

    def slopes(
        self, formula: SlopeFormula, view: View, theta: np.ndarray, precision: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """See `Operations.slopes`."""
        return (self.exact if precision == "float64" else self.passes).slopes(formula, view, theta, precision=precision)

    @property
    def name(self) -> str:
        """In words, for the result."""
        passes, grams = self.passes.name, self.grams.name
        if passes == grams:
            return passes
        return (
            f"{passes}, Gram matrices in {grams}"
            if self.exact is self.passes
            else f"{passes}, its end and Gram matrices in {grams}"
        )


def backend_for(rows: Rows, n_columns: int, context: Any, *, linear: bool = False) -> Backend:
    """The backend for a problem of so many columns on these rows; `context` is asked between chunks whether to go on.

    `linear` says that the loss is linear in the observations.
    """
    if not rows.on_cpu:
        device = JaxOperations(rows, context)
        return Backend(device, device, device)
    here = NumpyOperations(rows, context)
    few = rows.n * n_columns <= (LINEAR_ELEMENTS if linear else ELEMENTS)
    if n_columns <= FEWEST or few or nonzeros_of(rows) is not None or cells_of(rows) is not None:
        return Backend(here, here, here)
    if linear and rows.own_padded and n_columns > MOST_OF_UNIT * len(rows.division.own):
        return Backend(here, here, here)
    compiled = JaxOperations(rows, context)
    return Backend(compiled, here, here if linear else compiled)
