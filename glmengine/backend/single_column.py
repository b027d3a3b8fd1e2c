"""Loss, gradient and Hessian of a single column of a problem, made together in one pass over rows that lie in memory.

What the operations of `glmengine.backend.operations` do for many columns costs a fixed time a call, which is most of what a small problem takes; and
a Hessian that is asked for where the gradient was just made needs no linear predictor anew. Rows lie columns by rows here: what is done to each of them
then goes along the memory, which for a few columns takes a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.chunks import block_parts
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.operations import View
from glmengine.backend.rows import Rows
from glmengine.threads import workers

BLOCK_NUMBERS = 2**16
"""Numbers in a block of rows, which stays in the processor's cache from one product to the next."""


@dataclass
class _Block:
    """Some of the rows: columns and a constant (P + 1, c), observations (c,), weights and offsets (c,) or None; and the curvature (c,), times
    the weights, where they were looked at last."""

    Z: np.ndarray
    y: np.ndarray
    weights: np.ndarray | None
    offset: np.ndarray | None
    curvature: np.ndarray | None = None


class SingleColumn:
    """One column of a problem on rows that `serves` says are of the kind.

    Parameters
    ----------
    rows : Rows
    family, link : frozen values with the formulas of `glmengine.models`
    view : View
        Of one column.
    expected : bool
        Hessians are made of expected second derivatives, else of observed ones, those below 0 taken for 0.
    """

    def __init__(self, rows: Rows, family: Any, link: Any, view: View, *, expected: bool) -> None:
        self._family, self._link, self._expected = family, link, expected
        self._dispersion = None if view.dispersion is None else view.dispersion[0]
        self._size, self._places = rows.size, np.append(rows.places, rows.size - 1)
        self._work = float(rows.n * self._places.size)
        self._blocks = _blocks(rows, int(view.unit[0]), int(view.held[0]))

    @staticmethod
    def serves(rows: Rows) -> bool:
        """Whether the rows are whole numbers in memory, without own columns of units."""
        if not (rows.on_cpu and rows.resident) or rows.own_padded or rows.piece_rows is not None:
            return False
        return nonzeros_of(rows) is None and cells_of(rows) is None

    def look(self, theta: np.ndarray) -> tuple[float, np.ndarray, float]:
        """Loss, its gradient (Q,) and the sum of the sizes of the slopes, summed over the rows, at parameters (Q,)."""
        loss, gradient, absolute = 0.0, np.zeros(self._size), 0.0
        with workers(self._work) as pool, np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for part, slope, size in pool.map(partial(self._look, theta[self._places]), self._blocks):
                loss += part
                gradient[self._places] += slope
                absolute += size
        return loss, gradient, absolute

    def _look(self, theta: np.ndarray, block: _Block) -> tuple[float, np.ndarray, float]:
        eta = self._predictor(theta, block)
        loss, score, fisher, observed = self._family.evaluate(eta, block.y, self._link, self._dispersion)
        bend = fisher if self._expected else observed
        if block.weights is not None:
            loss, score, bend = block.weights * loss, block.weights * score, block.weights * bend
        block.curvature = bend
        return float(loss.sum()), block.Z @ score, float(np.abs(score).sum())

    @staticmethod
    def _predictor(theta: np.ndarray, block: _Block) -> np.ndarray:
        eta = theta @ block.Z
        return eta if block.offset is None else eta + block.offset

    def hessian(self) -> np.ndarray:
        """(Q, Q) sum of second derivatives of the loss where `look` was last."""
        return self._summed(lambda block: _gram(block.Z, np.maximum(block.curvature, 0.0)))

    def _summed(self, of_block: Callable[[_Block], np.ndarray]) -> np.ndarray:
        """(Q, Q) sum of what is made of each block."""
        inside = np.zeros((self._places.size,) * 2)
        with workers(self._work * self._places.size) as pool, np.errstate(over="ignore", invalid="ignore"):
            for matrix in pool.map(of_block, self._blocks):
                inside += matrix
        if self._places.size == self._size:
            return inside
        total = np.zeros((self._size, self._size))
        total[np.ix_(self._places, self._places)] = inside
        return total

    def gram(self) -> np.ndarray:
        """(Q, Q) sum over the rows of w z z', w their weights."""
        return self._summed(lambda block: _gram(block.Z, block.weights))

    def curvatures(self, theta: np.ndarray) -> tuple[float, float]:
        """The least and the largest expected second derivative, times its weight, of a row that counts, at parameters (Q,)."""
        least, largest = np.inf, 0.0
        with workers(self._work) as pool, np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            for low, high in pool.map(partial(self._curvatures, theta[self._places]), self._blocks):
                least, largest = min(least, low), max(largest, high)
        return least, largest

    def _curvatures(self, theta: np.ndarray, block: _Block) -> tuple[float, float]:
        eta = self._predictor(theta, block)
        fisher = self._family.evaluate(eta, block.y, self._link, self._dispersion)[2]
        if block.weights is not None:
            used = block.weights > 0
            fisher = block.weights[used] * fisher[used]
        return float(np.min(fisher, initial=np.inf)), float(np.max(fisher, initial=0.0))


def _gram(Z: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """(P + 1, P + 1) sums over the rows of w z z', z their columns (P + 1, c) and w their weights (c,), 1 where there are none."""
    scaled = Z if weights is None else Z * np.sqrt(weights)
    return scaled @ scaled.T


def _blocks(rows: Rows, unit: int, held: int) -> list[_Block]:
    observed, result = rows.observations, []
    y, weights = observed.of(unit, held)
    if observed.fold is None and bool((weights == 1.0).all()):
        weights = None
    offset = None if observed.offset is None else observed.offset[unit if len(observed.offset) > 1 else 0]
    for part, Z in rows.layout(_columns_by_rows):
        one, other = (None if values is None else values[part] for values in (weights, offset))
        result.append(_Block(Z, y[part], one, other))
    return result


def _columns_by_rows(rows: Rows) -> list[tuple[slice, np.ndarray]]:
    """Prepared columns and a constant, (P + 1, c), of some of the rows after others."""
    centre, inverse = rows.preparation.centre[:, None], 1.0 / rows.preparation.scale[:, None]  # powers of two: exact
    step = max(256, BLOCK_NUMBERS // (rows.n_shared + 1))

    def of(part: slice) -> tuple[slice, np.ndarray]:
        Z = np.empty((rows.n_shared + 1, part.stop - part.start))
        np.subtract(rows.read_shared(part.start, part.stop).T, centre, out=Z[:-1])
        Z[:-1] *= inverse
        Z[-1] = 1.0
        return part, Z

    with workers(rows.n * rows.n_shared) as pool:
        return list(pool.map(of, block_parts(rows.n, max(rows.n, 1), step)))
