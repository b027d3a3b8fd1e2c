"""The operations over rows in NumPy: nothing to compile, zeros left out where a design is mostly zero, one thread a block of rows.

OpenBLAS makes a weighted Gram matrix as a symmetric product of rows that stay in the cache. XLA makes the same product as a general one
and writes the weighted rows out in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from glmengine.backend.formulas import Seen, SlopeFormula, SumFormula, WeightFormula
from glmengine.backend.operations import View
from glmengine.backend.pieces import Piece, pieces
from glmengine.backend.rows import Rows
from glmengine.threads import workers


class NumpyOperations:
    """See `glmengine.backend.operations.Operations`."""

    name = "NumPy"

    def __init__(self, rows: Rows, context: Any) -> None:
        self.rows, self.context = rows, context

    def slopes(self, formula: SlopeFormula, view: View, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray, ...]:
            loss, residual = formula(*seen_in(self.rows, piece, part, theta))
            return loss.sum(axis=1), piece.back(residual, part.unit), np.abs(residual).sum(axis=1)

        return self._added(of_piece, view, theta, self.rows.padded * view.size, coupled=formula.coupled)

    def grams(
        self,
        formula: WeightFormula,
        view: View,
        theta: np.ndarray,
        *,
        precision: str = "float64",
        stride: int = 1,
        among: np.ndarray | None = None,
    ) -> np.ndarray:
        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray]:
            weights = formula(*seen_in(self.rows, piece, part, theta))
            units = np.repeat(part.unit[:1], len(weights)) if formula.coupled else part.unit
            return (piece.grams(weights, units, precision, formula.signed, among),)

        width = self.rows.size if among is None else among.size
        (total,) = self._added(of_piece, view, theta, view.size * width**2, stride, coupled=formula.coupled)
        return total * stride if stride > 1 else total

    def gram(self) -> np.ndarray:
        total = np.zeros((self.rows.size, self.rows.size))
        shared = np.append(np.arange(self.rows.padded), self.rows.size - 1)

        def of_piece(piece: Piece) -> np.ndarray:
            return piece.grams(np.ones((1, piece.fold.size)), np.zeros(1, int), "float64", False, shared[:-1])[0]

        with workers(self.rows.n * self.rows.padded**2) as pool:
            for some in pieces(self.rows):
                self.context.check()
                for part in pool.map(of_piece, some):
                    total[np.ix_(shared, shared)] += part
        return total

    def sums(self, formula: SumFormula, view: View, theta: np.ndarray) -> np.ndarray:
        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray]:
            return (_row_sums(formula, *seen_in(self.rows, piece, part, theta)),)

        return self._added(of_piece, view, theta, self.rows.padded * view.size, coupled=formula.coupled)[0].T

    def predictor(self, view: View, theta: np.ndarray) -> Iterator[Any]:
        with workers(self.rows.n * self.rows.padded * view.size) as pool:
            for some in pieces(self.rows):
                self.context.check()
                yield from pool.map(lambda piece: seen_in(self.rows, piece, view, theta)[0], some)

    def sums_at(self, formula: SumFormula, view: View, predictor: Iterable[Any]) -> np.ndarray:
        known = iter(predictor)

        def of_piece(both: tuple[np.ndarray, Piece]) -> np.ndarray:
            eta, piece = both
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return _row_sums(formula, eta, _seen(self.rows, piece, view))

        total = np.zeros((1 if formula.coupled else view.size, formula.numbers))
        with workers(self.rows.n * view.size * 16) as pool:
            for some in pieces(self.rows):
                self.context.check()
                for part in pool.map(of_piece, [(next(known), piece) for piece in some]):
                    total += part
        return total.T

    def back(self, view: View, residual: np.ndarray) -> np.ndarray:
        total = np.zeros((len(residual), self.rows.size))
        with workers(self.rows.n * self.rows.padded * len(residual)) as pool:
            for some in pieces(self.rows):
                self.context.check()
                for part in pool.map(lambda piece: piece.back(residual[:, piece.rows], view.unit), some):
                    total += part
        return total

    def _added(
        self,
        of_piece: Callable[..., tuple[np.ndarray, ...]],
        view: View,
        theta: np.ndarray,
        per_row: float,
        stride: int = 1,
        *,
        coupled: bool,
    ) -> tuple[np.ndarray, ...]:
        """Sums of what each piece adds, column by column of the view but where they are coupled; those that see nothing of a piece are
        left out of it."""
        totals: list[np.ndarray] = []

        def of(piece: Piece) -> tuple[np.ndarray, tuple[np.ndarray, ...] | None]:
            columns = view.present(piece.fold)
            if not columns.size:
                return columns, None
            part = view if columns.size == view.size else view.of(columns)
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return columns, of_piece(piece, part, theta if part is view else theta[columns])

        with workers(self.rows.n * per_row) as pool:
            for some in pieces(self.rows, stride):
                self.context.check()
                for columns, parts in pool.map(of, some):
                    if parts is None:
                        continue
                    if not totals:
                        totals = [np.zeros((len(part) if coupled else view.size, *part.shape[1:])) for part in parts]
                    for total, part in zip(totals, parts, strict=True):
                        if coupled or columns.size == view.size:
                            total += part
                        else:
                            total[columns] += part
        return tuple(totals)


def seen_in(rows: Rows, piece: Piece, view: View, theta: np.ndarray) -> tuple[np.ndarray, Seen]:
    """Linear predictors (K, c) of parameters (K, Q) in a piece, offsets included, and what is seen there."""
    eta = piece.predictor(theta, view.unit)
    offset = rows.observations.offset
    if offset is not None:
        eta += piece.offset[view.unit if len(offset) > 1 else [0]]
    return eta, _seen(rows, piece, view)


def _seen(rows: Rows, piece: Piece, view: View) -> Seen:
    observed = rows.observations
    weights = piece.weights[view.unit if len(observed.weights) > 1 else [0]]
    if observed.fold is not None or view.held_out:
        same = piece.fold == view.held[:, None]
        weights = weights * (same if view.held_out else ~same)
    elif len(weights) < view.size:
        weights = np.broadcast_to(weights, (view.size, weights.shape[1]))
    return Seen(
        piece.y[view.unit].astype(np.float64, copy=False),
        weights,
        None if view.dispersion is None else view.dispersion[:, None],
        None if view.null is None else view.null[:, None],
        None if observed.offset is None else piece.offset[view.unit if len(observed.offset) > 1 else [0]],
    )


def _row_sums(formula: SumFormula, eta: np.ndarray, seen: Seen) -> np.ndarray:
    """(K, m)."""
    return np.stack([np.sum(row, axis=1) for row in formula(eta, seen)], axis=1)
