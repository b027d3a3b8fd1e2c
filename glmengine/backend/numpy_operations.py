"""The operations over rows in NumPy: nothing to compile, zeros left out where a design is mostly zero, one thread a block of rows.

OpenBLAS makes a weighted Gram matrix as a symmetric product of rows that stay in the cache. XLA makes the same product as a general one
and writes the weighted rows out in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from glmengine.backend.cells import cells_of
from glmengine.backend.formulas import Losses, Seen, SlopeFormula, SumFormula, WeightFormula
from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.operations import View, is_one_fold
from glmengine.backend.pieces import BLOCK_NUMBERS, Piece, about_how_many, pieces
from glmengine.backend.products import MANY, NARROW
from glmengine.backend.rows import Rows
from glmengine.context import checked
from glmengine.threads import workers

ELEMENTS = 1e5
"""Predictors from which on it pays to know the sums in which observations are; they have no part in what float32 rounds."""

SOON, MOST_TOGETHER, SHARES = 5e7, 8, 4
"""Multiplications that a thread is given at a time, of so many pieces at most: of less it would do nothing but ask for more. All rows are
given out in a multiple of so many shares, that no thread waits long for the last."""

PIECE_PRODUCTS, MOST_COLUMNS = 1e9, 2**31
"""Products in the Gram matrices of a piece, a tenth of a second: the caller is asked between any two whether to go on."""


class NumpyOperations:
    """See `glmengine.backend.operations.Operations`."""

    name = "NumPy"

    @property
    def halves(self) -> bool:
        cells = cells_of(self.rows)
        return nonzeros_of(self.rows) is None and (self.rows.has_single if cells is None else cells.has_single)

    def __init__(self, rows: Rows, context: Any) -> None:
        self.rows, self.context = rows, context

    def slopes(
        self, formula: SlopeFormula, view: View, theta: np.ndarray, *, precision: str = "float64"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        K = view.size
        if isinstance(formula, Losses) and formula.is_linear and (precision == "float32" or self.rows.n * K > ELEMENTS):
            return self._slopes_by_statistics(formula, view, theta, precision)
        loss, gradient, absolute = np.zeros(1 if formula.coupled else K), _Total((K, self.rows.size)), np.zeros(K)

        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray, ...]:
            losses, residual = formula(*seen_in(self.rows, piece, part, theta))
            return losses.sum(axis=1), piece.back(residual, part.unit), np.abs(residual).sum(axis=1)

        for places, columns, (by_loss, slope, size) in self._parts(of_piece, view, theta, self.rows.padded * K):
            loss[slice(None) if formula.coupled else columns] += by_loss
            gradient.add(columns, places, slope)
            absolute[columns] += size
        return loss, self._settled(gradient), absolute

    def _slopes_by_statistics(
        self, formula: Losses, view: View, theta: np.ndarray, precision: str
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`slopes` of a loss A(eta) - y eta: the sums of y eta and of its slopes are known, those of A have no observation in them."""
        K = view.size
        loss, total = np.zeros(K), _Total((K, self.rows.size))

        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            weights = _weights(self.rows, piece, part, chosen=True)
            losses, slope = formula.cumulants(predictor_in(self.rows, piece, part, theta), weights)
            sums = piece.back(slope, part.unit)
            return sums[:, -1] if losses is slope else losses.sum(axis=1, dtype=np.float64), sums

        for places, columns, (by_loss, slope) in self._parts(of_piece, view, theta, self.rows.padded * K, precision=precision):
            loss[columns] += by_loss
            total.add(columns, places, slope)
        gradient, known = self._settled(total), self._statistics(view)
        size = gradient[:, -1] + known[:, -2]
        return loss - np.sum(known[:, :-1] * theta, axis=1) - known[:, -1], gradient - known[:, :-1], size

    def observed(self, view: View) -> np.ndarray:
        return self._statistics(view)[:, :-1]

    def _statistics(self, view: View) -> np.ndarray:
        """(K, Q + 1) sums of y z and of y times the offset, weighted, over the rows that each column sees; kept with the rows."""
        kept = self.rows.statistics
        keys = list(zip(view.unit.tolist(), view.held.tolist(), [view.held_out] * view.size, strict=True))
        missing = np.array([k for k, key in enumerate(keys) if key not in kept], int)
        if missing.size:
            some, offset = view.of(missing), self.rows.observations.offset
            slopes, offsets = _Total((missing.size, self.rows.size)), np.zeros(missing.size)

            def of_piece(piece: Piece, part: View, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
                seen = _seen(self.rows, piece, part, chosen=True)
                weighted = seen.weights * seen.y
                added = np.zeros(part.size)
                if offset is not None:
                    added = np.sum(weighted * piece.offset[part.unit if len(offset) > 1 else [0]], axis=1)
                return piece.back(weighted, part.unit), added

            for places, columns, (slope, added) in self._parts(
                of_piece, some, np.zeros((missing.size, 0)), self.rows.padded * view.size
            ):
                slopes.add(columns, places, slope)
                offsets[columns] += added
            sums = np.column_stack([self._settled(slopes), offsets])
            kept.update(zip([keys[k] for k in missing], sums, strict=True))
        return np.array([kept[key] for key in keys])

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
        K, cells = view.size, cells_of(self.rows)
        most = self._grams_at_a_time(cells is not None)
        if most < K and not formula.coupled:
            found = [
                self.grams(formula, view.of(some), theta[some], precision=precision, stride=stride, among=among)
                for some in np.array_split(np.arange(K), -(-K // most))
            ]
            return np.concatenate(found)
        n = K * (K + 1) // 2 if formula.coupled else K
        width = self.rows.size if among is None or cells is not None else among.size + 1
        total = _Total((n, width, width))

        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> np.ndarray:
            eta = predictor_in(self.rows, piece, part, theta)
            weights = formula(eta, _seen(self.rows, piece, part, chosen=True, blind=formula.blind))
            units = np.repeat(part.unit[:1], len(weights)) if formula.coupled else part.unit
            return piece.grams(weights, units, precision, formula.signed, among)

        for places, columns, matrices in self._parts(of_piece, view, theta, K * width**2, stride, precision):
            total.add(slice(None) if formula.coupled else columns, places, matrices)
        sums = total.numbers()
        if cells is not None:
            sums = cells.settled_grams(sums)
            sums = sums if among is None else sums[:, np.append(among, -1)[:, None], np.append(among, -1)]
        return sums * stride if stride > 1 else sums

    def _grams_at_a_time(self, by_cell: bool) -> int:
        """Columns whose matrices are summed in one pass, so that each piece of it is soon done; without bound where pieces are read anew."""
        rows = self.rows
        if by_cell or rows.piece_rows is not None or not rows.resident:
            return MOST_COLUMNS
        width = rows.padded + rows.own_padded
        return max(MANY, min(width, NARROW), int(PIECE_PRODUCTS / (BLOCK_NUMBERS * max(width, 1))))

    def gram(self) -> np.ndarray:
        total = _Total((1, self.rows.size, self.rows.size))
        shared = np.append(np.arange(self.rows.padded), self.rows.size - 1)

        def of_piece(piece: Piece) -> tuple[Piece, np.ndarray]:
            return piece, piece.grams(np.ones((1, piece.y.shape[1])), np.zeros(1, int), "float64", False, shared[:-1])

        with workers(self.rows.n * self.rows.padded**2) as pool:
            for piece, part in checked(self.context, pool.stream(of_piece, pieces(self.rows))):
                total.add(slice(None), shared if piece.places is None else piece.places, part)
        sums, cells = total.numbers(), cells_of(self.rows)
        if cells is None:
            return sums[0]
        sums[:, self.rows.padded : -1] = sums[:, :, self.rows.padded : -1] = 0.0
        return cells.settled_grams(sums)[0]

    def sums(self, formula: SumFormula, view: View, theta: np.ndarray) -> np.ndarray:
        total = np.zeros((1 if formula.coupled else view.size, formula.numbers))

        def of_piece(piece: Piece, part: View, theta: np.ndarray) -> np.ndarray:
            return _row_sums(formula, *seen_in(self.rows, piece, part, theta))

        for _, columns, part in self._parts(of_piece, view, theta, self.rows.padded * view.size):
            total[slice(None) if formula.coupled else columns] += part
        return total.T

    def predictor(self, view: View, theta: np.ndarray) -> Iterator[tuple[Any, Any]]:
        with workers(self.rows.n * self.rows.padded * view.size) as pool:
            parts = pool.stream(lambda piece: (piece.rows, seen_in(self.rows, piece, view, theta)[0]), pieces(self.rows))
            yield from checked(self.context, parts)

    def sums_at(self, formula: SumFormula, view: View, predictor: Iterable[tuple[Any, Any]]) -> np.ndarray:
        def of_piece(both: tuple[np.ndarray, Piece]) -> np.ndarray:
            eta, piece = both
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return _row_sums(formula, eta, _seen(self.rows, piece, view, chosen=False))

        total = np.zeros((1 if formula.coupled else view.size, formula.numbers))
        with workers(self.rows.n * view.size * 16) as pool:
            known = ((eta, piece) for (_, eta), piece in zip(predictor, pieces(self.rows), strict=True))
            for part in checked(self.context, pool.stream(of_piece, known)):
                total += part
        return total.T

    def back(self, view: View, residual: np.ndarray) -> np.ndarray:
        total = _Total((len(residual), self.rows.size))

        def of_piece(piece: Piece) -> tuple[Piece, np.ndarray]:
            return piece, piece.back(residual[:, piece.rows], view.unit)

        with workers(self.rows.n * self.rows.padded * len(residual)) as pool:
            for piece, part in checked(self.context, pool.stream(of_piece, pieces(self.rows))):
                total.add(slice(None), piece.places, part)
        return self._settled(total)

    def _settled(self, total: _Total) -> np.ndarray:
        """(K, Q) sums over the rows, where they are summed by cell with what belongs to all of them."""
        cells = cells_of(self.rows)
        return total.numbers() if cells is None else cells.settled_slopes(total.numbers())

    def _parts(
        self,
        of_piece: Callable[[Piece, View, np.ndarray], Any],
        view: View,
        theta: np.ndarray,
        per_row: float,
        stride: int = 1,
        precision: str = "float64",
    ) -> Iterator[tuple[np.ndarray | None, slice | np.ndarray, Any]]:
        """For each piece of which any column sees something: where its parameters are, the columns that see it, and what `of_piece` makes of it
        for these."""

        plain, looking = _are_plain(self.rows, view), dict[int, tuple[slice | np.ndarray, View, np.ndarray]]()

        def lookers(fold: np.ndarray) -> tuple[slice | np.ndarray, View, np.ndarray]:
            columns = view.present(fold)
            return (slice(None), view, theta) if columns.size == view.size else (columns, view.of(columns), theta[columns])

        def of(piece: Piece) -> tuple[np.ndarray | None, slice | np.ndarray, Any] | None:
            if plain:
                columns, part, at = slice(None), view, theta
            elif is_one_fold(piece.fold):
                number = int(piece.fold[0])
                if number not in looking:
                    looking[number] = lookers(piece.fold[:1])
                columns, part, at = looking[number]
            else:
                columns, part, at = lookers(piece.fold)
            if not part.size:
                return None
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                return piece.places, columns, of_piece(piece, part, at)

        together = _pieces_together(self.rows, stride, precision, per_row)
        with workers(self.rows.n * per_row) as pool:
            for made in checked(self.context, pool.stream(of, pieces(self.rows, stride, precision), together)):
                if made is not None:
                    yield made


def _pieces_together(rows: Rows, stride: int, precision: str, per_row: float) -> list[int]:
    """How many pieces a thread is given at a time: shares that are alike, none of more than `SOON` multiplications."""
    n = max(about_how_many(rows, stride, precision), 1)
    soon = SOON * n * stride / max(rows.n * per_row, 1.0)
    most = int(np.clip(soon, 1, MOST_TOGETHER))
    shares = SHARES * -(-n // (SHARES * most))
    return [len(share) for share in np.array_split(range(n), shares) if len(share)]


class _Total:
    """Sums (K, Q) or (K, Q, Q) of what pieces add to some columns, at some places of each.

    Those at the same places, as all pieces of a cell have them, are added up first: numbers one by one take ten times as long. The pieces have
    either all of them places or none.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._whole: np.ndarray | None = None
        self._turned: np.ndarray | None = None  # (Q or Q * Q, K): what is at a place of all columns lies together
        self._places: np.ndarray | None = None
        self._there = np.zeros(0)

    def add(self, columns: slice | np.ndarray, places: np.ndarray | None, part: np.ndarray) -> None:
        if places is None:
            if self._whole is None:
                self._whole = np.zeros(self._shape)
            self._whole[columns] += part
            return
        if self._places is None or not np.array_equal(places, self._places):
            self._put()
            self._places, self._there = places, np.zeros((self._shape[0], *part.shape[1:]))
        self._there[columns] += part

    def numbers(self) -> np.ndarray:
        self._put()
        if self._turned is not None:
            return np.ascontiguousarray(self._turned.T).reshape(self._shape)
        return np.zeros(self._shape) if self._whole is None else self._whole

    def _put(self) -> None:
        if self._places is None:
            return
        K, *size = self._shape
        if self._turned is None:
            self._turned = np.zeros((int(np.prod(size)), K))
        at = self._places if len(size) == 1 else (self._places[:, None] * size[1] + self._places).ravel()
        self._turned[at] += self._there.reshape(K, -1).T
        self._places = None


def predictor_in(rows: Rows, piece: Piece, view: View, theta: np.ndarray) -> np.ndarray:
    """Linear predictors (K, c) of parameters (K, Q) in a piece, offsets included."""
    eta = piece.predictor(theta, view.unit)
    offset = rows.observations.offset
    if offset is not None:
        eta += piece.offset[view.unit if len(offset) > 1 else [0]]
    return eta


def seen_in(rows: Rows, piece: Piece, view: View, theta: np.ndarray) -> tuple[np.ndarray, Seen]:
    """Linear predictors (K, c), and what is seen in a piece by columns that see any of it."""
    return predictor_in(rows, piece, view, theta), _seen(rows, piece, view, chosen=True)


def _are_plain(rows: Rows, view: View) -> bool:
    """Whether all columns see all rows with weight 1."""
    return rows.observations.is_plain and not view.held_out


def _weights(rows: Rows, piece: Piece, view: View, *, chosen: bool) -> np.ndarray | None:
    """(K, c) or (1, c), None where all are 1; `chosen` says that the columns are those which see any of the piece: then they see all of
    it where it is of one fold."""
    if _are_plain(rows, view):
        return None
    observed = rows.observations
    whole = chosen and is_one_fold(piece.fold)
    if whole and observed.is_even:
        return None
    weights = piece.weights[view.unit if len(observed.weights) > 1 else [0]]
    if (view.held_out or observed.fold is not None) and not whole:
        same = piece.fold == view.held[:, None]
        return weights * (same if view.held_out else ~same)
    return None if len(weights) == 1 and (weights == 1.0).all() else weights


def _seen(rows: Rows, piece: Piece, view: View, *, chosen: bool, blind: bool = False) -> Seen:
    observed = rows.observations
    weights = _weights(rows, piece, view, chosen=chosen)
    if weights is None or len(weights) < view.size:
        weights = np.broadcast_to(1.0 if weights is None else weights, (view.size, piece.y.shape[1]))
    return Seen(
        None if blind else piece.y[view.unit].astype(np.float64, copy=False),
        weights,
        None if view.dispersion is None else view.dispersion[:, None],
        None if view.null is None else view.null[:, None],
        None if observed.offset is None else piece.offset[view.unit if len(observed.offset) > 1 else [0]],
    )


def _row_sums(formula: SumFormula, eta: np.ndarray, seen: Seen) -> np.ndarray:
    """(K, m)."""
    return np.stack([np.sum(row, axis=1) for row in formula(eta, seen)], axis=1)
