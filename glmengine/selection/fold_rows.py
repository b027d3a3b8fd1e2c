"""Rows of a design sorted by fold and by which columns are live, for predictors, gradients and Gram matrices of every fold.

Between the same knots the same few columns of a term of B-splines are not zero: 16 of the 64 of a field over a place. Rows that lie
together in time change fold and knots common, so that sorted by both they are a few hundred pieces whose products are small and dense.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from glmengine.design.chunks import as_slice
from glmengine.design.design import Design
from glmengine.solvers.penalty_components import Components
from glmengine.threads import workers

Made = TypeVar("Made")

LOCAL = 0.45
"""Largest share of rows in which the columns of a term are not zero on average, for which rows are sorted by its live columns."""

FEWEST_LOCAL = 24
"""Columns of such a term at least: fewer are faster all together."""

FEWEST_ROWS = 64
"""Rows of a piece at least; patterns of live columns with fewer are one piece, in which all columns of the term are live."""

MOST_SUMMED = 4096
"""Rows of a product of float32, so that their sums lose no more digits than those of a piece."""


@dataclass(frozen=True)
class Piece:
    """Rows of one fold with the same live columns.

    Attributes
    ----------
    rows : slice
        Of the sorted rows.
    fold : int
        The number of folds for rows that are never held out.
    live : (l,) int array
        Columns, of those that are local.
    local : (l, r) array
    single : (l, r) float32 array
        The same.
    """

    rows: slice
    fold: int
    live: np.ndarray
    local: np.ndarray
    single: np.ndarray


class FoldRows:
    """The columns that units have in common, on n rows.

    Parameters
    ----------
    terms : sequence of (n, k) array
        Columns of each term, p together.
    fold : (n,) int array
        From 0 on; -1 for rows that are never held out.
    n_folds : int

    Attributes
    ----------
    order : (n,) int array
        Which of the rows given stands where.
    columns : (p,) int array
        Which of the columns given stands where: local ones first.
    """

    def __init__(self, terms: Sequence[np.ndarray], fold: np.ndarray, n_folds: int) -> None:
        self.n_folds, self.n = n_folds, len(fold)
        fold = np.where(fold < 0, n_folds, fold)
        most = _local_term(terms)
        local = np.zeros((self.n, 0)) if most is None else terms[most]
        pattern = _patterns(local, fold) if local.shape[1] else np.zeros(self.n, int)
        self.order = np.lexsort((pattern, fold))
        ends = np.cumsum([0, *(term.shape[1] for term in terms)])
        places = [np.zeros(0, int), *(np.arange(a, b) for a, b in pairwise(ends))]
        others = [number for number in range(len(terms)) if number != most]
        self.columns = np.concatenate([places[0 if most is None else most + 1], *(places[number + 1] for number in others)])
        self.n_local = local.shape[1]
        self.rest = np.hstack([np.zeros((self.n, 0)), *(terms[number][self.order] for number in others)])
        self._single = np.ascontiguousarray(self.rest.T, np.float32)
        key = np.stack([fold[self.order], pattern[self.order]])
        cut = np.flatnonzero((np.diff(key, axis=1) != 0).any(axis=0)) + 1
        self.pieces = tuple(
            _piece(local, self.order, int(a), int(b), int(key[0, a]))
            for a, b in zip(np.r_[0, cut], np.r_[cut, self.n], strict=True)
            if b > a and self.n_local
        )
        numbers = key[0]
        self.folds = tuple(
            slice(int(np.searchsorted(numbers, k)), int(np.searchsorted(numbers, k, side="right"))) for k in range(n_folds + 1)
        )
        self._places = _Places.of(self.pieces, self.n_local)
        placed = list(zip(self.pieces, self._places.slices, strict=True))
        self._pieces_of = [[one for one in placed if one[0].fold == k] for k in range(n_folds + 1)]

    def _of_folds(self, function: Callable[[int], Made], products: int) -> list[Made]:
        """`function` of the number of each fold, on all cores where so many products with each row are worth it; none has to do with another.

        What is beyond the precision is seen by its infinities.
        """

        def quietly(k: int) -> Made:
            with np.errstate(over="ignore", invalid="ignore"):
                return function(k)

        with workers(float(self.n) * self.p * products) as pool:
            return list(pool.map(quietly, list(range(self.n_folds + 1))))

    @property
    def p(self) -> int:
        return self.columns.size

    def predictor(self, theta: np.ndarray, own: np.ndarray) -> np.ndarray:
        """(m, n) linear predictors of parameters (m, p + h + 1) or, one for each fold, (folds + 1, m, p + h + 1); `own` (n, h) are
        columns of one unit, and the intercept comes last."""
        by_fold = theta if theta.ndim == 3 else None
        m = theta.shape[-2]
        eta = np.empty((m, self.n))
        used = (theta != 0.0).reshape(-1, theta.shape[-1]).any(axis=0)
        live, with_own = self._live(used), used[self.p : -1].any()
        places = slice(self.n_local + live.start, self.n_local + live.stop)

        def of_fold(k: int) -> None:
            part, one = self.folds[k], theta if by_fold is None else by_fold[k]
            eta[:, part] = one[:, -1:]
            if live.stop:
                eta[:, part] += one[:, places] @ self.rest[part, live].T
            if with_own:
                eta[:, part] += one[:, self.p : -1] @ own[part].T

        self._of_folds(of_fold, m)
        with_local = theta[..., : self.n_local].any(axis=-1).reshape(-1, m).any(axis=0)
        if not with_local.any():
            return eta
        some = np.flatnonzero(with_local)
        live = theta[..., some, :] if by_fold is None else theta[:, some]
        spread = live[:, self._places.live] if by_fold is None else self._places.by_fold(live)
        found = eta if with_local.all() else eta[some]

        def of_pieces(k: int) -> None:
            for piece, at in self._pieces_of[k]:
                found[:, piece.rows] += spread[:, at] @ piece.local

        self._of_folds(of_pieces, len(some))
        if found is not eta:
            eta[some] = found
        return eta

    def back(self, residual: np.ndarray, own: np.ndarray, wanted: Sequence[np.ndarray]) -> np.ndarray:
        """(folds + 1, m, p + h + 1) sums of columns times residuals (m, n), over each fold, of the parameters that are wanted of each model,
        ascending; what else there is may be zero."""
        m, h = len(residual), own.shape[1]
        total = np.zeros((self.n_folds + 1, m, self.p + h + 1))
        with_local = np.array([bool(one[0] < self.n_local) for one in wanted])
        used = np.isin(np.arange(self.p + h + 1), np.concatenate(wanted))
        live, with_own = self._live(used), used[self.p : -1].any()

        def of_fold(k: int) -> None:
            part = self.folds[k]
            r = residual[:, part]
            if live.stop:
                total[k, :, self.n_local + live.start : self.n_local + live.stop] = r @ self.rest[part, live]
            if with_own:
                total[k, :, self.p : -1] = r @ own[part]
            total[k, :, -1] = r.sum(axis=1)

        self._of_folds(of_fold, m)
        if self.pieces and with_local.any():
            some = residual if with_local.all() else residual[with_local]
            products = np.empty((len(some), self._places.live.size))

            def of_pieces(k: int) -> None:
                for piece, at in self._pieces_of[k]:
                    np.matmul(some[:, piece.rows], piece.local.T, out=products[:, at])

            self._of_folds(of_pieces, len(some))
            sums = self._places.summed(products.T, self.n_folds + 1, self.n_local)
            total[:, with_local, : self.n_local] = np.swapaxes(sums, 1, 2)
        return total

    def _live(self, used: np.ndarray) -> slice:
        """From the first to the last column of `rest` that is used, of parameters (p + h + 1,) that are; empty where none is.

        Products with columns of zeros take as long as others, and the rows do not fit in any cache.
        """
        places = np.flatnonzero(used[self.n_local : self.p])
        return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)

    def grams(self, weights: np.ndarray, own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """(folds + 1, q, q) sums of products of columns times weights (n,), over each fold: products in float32, their sums over pieces in float64.

        Parameters
        ----------
        own : (h, n) float32 array
        wanted : (q,) int array
            Parameters, ascending; the intercept is the last.
        """
        with np.errstate(over="ignore", invalid="ignore"):
            root = np.sqrt(weights).astype(np.float32)
        size = self.p + len(own) + 1
        local = wanted[wanted < self.n_local]
        columns = wanted[(wanted >= self.n_local) & (wanted < self.p)] - self.n_local
        others = wanted[(wanted >= self.p) & (wanted < size - 1)] - self.p
        ends = np.cumsum([columns.size, others.size, int(wanted[-1] == size - 1)])
        first = local.size
        result = np.zeros((self.n_folds + 1, wanted.size, wanted.size))

        def of_fold(k: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
            part = self.folds[k]
            rows = np.empty((ends[2], part.stop - part.start), np.float32)
            rows[: ends[0]] = self._single[columns, part]
            rows[ends[0] : ends[1]] = own[others, part]
            rows[ends[1] :] = 1.0
            rows *= root[part]
            for start in range(0, rows.shape[1], MOST_SUMMED):
                some = rows[:, start : start + MOST_SUMMED]
                result[k, first:, first:] += some @ some.T
            squares, products = [], []
            for piece, _ in self._pieces_of[k] if first else ():
                here = piece.single * root[piece.rows]
                squares.append((here @ here.T).ravel())
                products.append(here @ rows[:, piece.rows.start - part.start : piece.rows.stop - part.start].T)
            return squares, products

        found = self._of_folds(of_fold, wanted.size)
        if first:
            squares, products = ([one for fold in found for one in fold[which]] for which in (0, 1))
            every = self._places.squared(np.concatenate(squares), self.n_folds + 1, self.n_local)
            mixed = self._places.summed(np.concatenate(products).astype(np.float64), self.n_folds + 1, self.n_local)[:, local]
            result[:, :first, :first] = every[:, local[:, None], local]
            result[:, :first, first:], result[:, first:, :first] = mixed, np.swapaxes(mixed, 1, 2)
        return result


@dataclass(frozen=True)
class _Places:
    """Where the live columns of all pieces, one piece after the other, belong.

    Attributes
    ----------
    live, fold : (N,) int array
        Column and fold of each.
    slices : tuple of slice
        Of each piece.
    square : (S,) int array
        Of the products of each piece's columns with each other, the place in (folds + 1, n_local, n_local).
    """

    live: np.ndarray
    fold: np.ndarray
    slices: tuple[slice, ...]
    square: np.ndarray

    @classmethod
    def of(cls, pieces: Sequence[Piece], n_local: int) -> _Places:
        sizes = [piece.live.size for piece in pieces]
        ends = np.cumsum([0, *sizes]).tolist()
        squares = [((piece.fold * n_local + piece.live[:, None]) * n_local + piece.live).ravel() for piece in pieces]
        none = np.zeros(0, int)
        return cls(
            np.concatenate([none, *(piece.live for piece in pieces)]),
            np.repeat(np.array([piece.fold for piece in pieces], int), sizes),
            tuple(slice(a, b) for a, b in pairwise(ends)),
            np.concatenate([none, *squares]),
        )

    def by_fold(self, theta: np.ndarray) -> np.ndarray:
        """(m, N) of parameters (folds + 1, m, ...)."""
        return theta[self.fold, :, self.live].T

    def summed(self, values: np.ndarray, folds: int, n_local: int) -> np.ndarray:
        """(folds, n_local, c) sums of values (N, c) over the pieces of a fold."""
        key = self.fold * n_local + self.live
        order = np.argsort(key, kind="stable")
        starts = np.flatnonzero(np.diff(key[order], prepend=-1))
        total = np.zeros((folds * n_local, values.shape[1]))
        if starts.size:
            total[key[order][starts]] = np.add.reduceat(values[order], starts, axis=0)
        return total.reshape(folds, n_local, -1)

    def squared(self, values: np.ndarray, folds: int, n_local: int) -> np.ndarray:
        """(folds, n_local, n_local) sums of products (S,)."""
        return np.bincount(self.square, values, folds * n_local * n_local).reshape(folds, n_local, n_local)


class SharedRows:
    """The valid rows of the columns that units have in common, made once for all of them.

    Parameters
    ----------
    design : Design
    fold : (T,) int array
    n_folds : int
    """

    def __init__(self, design: Design, fold: np.ndarray, n_folds: int) -> None:
        self.labels = tuple(block.term.label for block in design.blocks if not block.restricts)
        self.index = np.flatnonzero(design.valid)
        used = as_slice(self.index)
        terms = [block.seen(0, design.n_rows)[used] for block in design.blocks if not block.restricts]
        self.rows = FoldRows(terms, fold[used], n_folds)
        self.at = self.index[self.rows.order]
        """(n,) int array, the bin of each sorted row."""
        self.penalties: dict[tuple[object, ...], Components] = {}
        """What models have been penalised by, so that it is factored once for all units."""

    def columns(self, design: Design) -> np.ndarray:
        """Columns of a design that has the same terms, in the order of the rows' columns."""
        parts = [np.arange(design.slices[label].start, design.slices[label].stop) for label in self.labels]
        return np.concatenate([np.zeros(0, int), *parts])[self.rows.columns]


def _local_term(terms: Sequence[np.ndarray]) -> int | None:
    """Number of the largest term that is mostly zero; None where none is."""
    best, size = None, FEWEST_LOCAL - 1
    for number, values in enumerate(terms):
        if values.shape[1] > size and np.count_nonzero(values) <= LOCAL * values.size:
            best, size = number, values.shape[1]
    return best


def _patterns(values: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(n,) number of the pattern of live columns of each row; 0 where so few rows of its fold have it that it is no piece of its own."""
    packed = np.packbits(values != 0, axis=1)
    word = np.zeros((len(packed), -(-packed.shape[1] // 8) * 8), np.uint8)
    word[:, : packed.shape[1]] = packed
    found = np.zeros(len(word), int)
    for column in word.view(np.uint64).T:
        _, place = np.unique(column, return_inverse=True)
        found = np.unique(found * (int(place.max(initial=0)) + 1) + place, return_inverse=True)[1]
    _, inverse, count = np.unique(fold * (int(found.max(initial=0)) + 1) + found, return_inverse=True, return_counts=True)
    return np.where(count[inverse] >= FEWEST_ROWS, found + 1, 0)


def _piece(local: np.ndarray, order: np.ndarray, start: int, stop: int, fold: int) -> Piece:
    part = local[order[start:stop]]
    live = np.flatnonzero((part != 0).any(axis=0))
    kept = np.ascontiguousarray(part[:, live].T)
    return Piece(slice(start, stop), fold, live, kept, kept.astype(np.float32))
