"""Rows of a design sorted by fold and by which columns are live, for predictors, gradients and Gram matrices of every fold.

Between the same knots the same few columns of a term of B-splines are not zero: 16 of the 64 of a field over a place. Rows that lie
together in time change fold and knots common, so that sorted by both they are a few hundred pieces whose products are small and dense.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.design.design import Design

LOCAL = 0.45
"""Largest share of rows in which the columns of a term are not zero on average, for which rows are sorted by its live columns."""

FEWEST_LOCAL = 24
"""Columns of such a term at least: fewer are faster all together."""

FEWEST_ROWS = 64
"""Rows of a piece at least; patterns of live columns with fewer are one piece, in which all columns of the term are live."""


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
    local : (r, l) array
    single : (r, l) float32 array
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
    values : (n, p) array
    fold : (n,) int array
        From 0 on; -1 for rows that are never held out.
    n_folds : int
    terms : sequence of (k,) int array
        Columns of each term.

    Attributes
    ----------
    order : (n,) int array
        Which of the rows given stands where.
    columns : (p,) int array
        Which of the columns given stands where: local ones first.
    """

    def __init__(self, values: np.ndarray, fold: np.ndarray, n_folds: int, terms: Sequence[np.ndarray]) -> None:
        self.n_folds, self.n = n_folds, len(values)
        fold = np.where(fold < 0, n_folds, fold)
        local = _local_term(values, terms)
        rest = np.setdiff1d(np.arange(values.shape[1]), local)
        pattern = _patterns(values[:, local], fold) if local.size else np.zeros(self.n, int)
        self.order = np.lexsort((pattern, fold))
        self.columns = np.concatenate([local, rest])
        self.n_local = local.size
        self.rest = np.ascontiguousarray(values[np.ix_(self.order, rest)])
        self._single = self.rest.astype(np.float32)
        key = np.stack([fold[self.order], pattern[self.order]])
        cut = np.flatnonzero((np.diff(key, axis=1) != 0).any(axis=0)) + 1
        self.pieces = tuple(
            _piece(values, local, self.order, int(a), int(b), int(key[0, a]))
            for a, b in zip(np.r_[0, cut], np.r_[cut, self.n], strict=True)
            if b > a
        )
        numbers = key[0]
        self.folds = tuple(
            slice(int(np.searchsorted(numbers, k)), int(np.searchsorted(numbers, k, side="right"))) for k in range(n_folds + 1)
        )

    @property
    def p(self) -> int:
        return self.columns.size

    def predictor(self, theta: np.ndarray, own: np.ndarray) -> np.ndarray:
        """(m, n) linear predictors of parameters (m, p + h + 1) or, one for each fold, (folds + 1, m, p + h + 1); `own` (n, h) are
        columns of one unit, and the intercept comes last."""
        by_fold = theta if theta.ndim == 3 else None
        m = theta.shape[-2]
        eta = np.empty((m, self.n))
        places = slice(self.n_local, self.p)
        for k, part in enumerate(self.folds):
            one = theta if by_fold is None else by_fold[k]
            eta[:, part] = one[:, places] @ self.rest[part].T + one[:, -1:]
            if own.shape[1]:
                eta[:, part] += one[:, self.p : -1] @ own[part].T
        if self.n_local and theta[..., : self.n_local].any():
            for piece in self.pieces:
                one = theta if by_fold is None else by_fold[piece.fold]
                eta[:, piece.rows] += one[:, piece.live] @ piece.local.T
        return eta

    def back(self, residual: np.ndarray, own: np.ndarray) -> np.ndarray:
        """(folds + 1, m, p + h + 1) sums of columns times residuals (m, n), over each fold."""
        m, h = len(residual), own.shape[1]
        total = np.zeros((self.n_folds + 1, m, self.p + h + 1))
        for k, part in enumerate(self.folds):
            r = residual[:, part]
            total[k, :, self.n_local : self.p] = r @ self.rest[part]
            total[k, :, self.p : -1] = r @ own[part]
            total[k, :, -1] = r.sum(axis=1)
        for piece in self.pieces if self.n_local else ():
            total[piece.fold][:, piece.live] += residual[:, piece.rows] @ piece.local
        return total

    def grams(self, weights: np.ndarray, own: np.ndarray, wanted: np.ndarray) -> np.ndarray:
        """(folds + 1, q, q) sums of products of columns times weights (n,), over each fold: products in float32, their sums over pieces in float64.

        Parameters
        ----------
        own : (n, h) float32 array
        wanted : (q,) int array
            Parameters, ascending; the intercept is the last.
        """
        h = own.shape[1]
        size = self.p + h + 1
        rest, root = self._single, np.sqrt(weights).astype(np.float32)
        if not (wanted < self.n_local).any():
            columns = wanted[wanted < self.p] - self.n_local
            others = wanted[(wanted >= self.p) & (wanted < size - 1)] - self.p
            result = np.zeros((self.n_folds + 1, wanted.size, wanted.size))
            for k, part in enumerate(self.folds):
                A = np.hstack([rest[part][:, columns], own[part][:, others], np.ones((part.stop - part.start, 1), np.float32)])
                A *= root[part, None]
                result[k] = A.T @ A
            return result if wanted[-1] == size - 1 else result[:, :-1, :-1]
        total = np.zeros((self.n_folds + 1, size, size))
        common = np.arange(self.n_local, size)
        for piece in self.pieces:
            part = piece.rows
            A = np.empty((part.stop - part.start, piece.live.size + common.size), np.float32)
            A[:, : piece.live.size] = piece.single
            A[:, piece.live.size : piece.live.size + self.p - self.n_local] = rest[part]
            A[:, A.shape[1] - h - 1 : -1] = own[part]
            A[:, -1] = 1.0
            A *= root[part, None]
            places = np.concatenate([piece.live, common])
            total[piece.fold][np.ix_(places, places)] += A.T @ A
        return total[np.ix_(np.arange(self.n_folds + 1), wanted, wanted)]


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
        common = design.of(self.labels)
        values = common.dense()[self.index] if self.labels else np.zeros((self.index.size, 0))
        self.rows = FoldRows(values, fold[self.index], n_folds, [np.arange(s.start, s.stop) for s in common.slices.values()])
        self.at = self.index[self.rows.order]
        """(n,) int array, the bin of each sorted row."""

    def columns(self, design: Design) -> np.ndarray:
        """Columns of a design that has the same terms, in the order of the rows' columns."""
        parts = [np.arange(design.slices[label].start, design.slices[label].stop) for label in self.labels]
        return np.concatenate([np.zeros(0, int), *parts])[self.rows.columns]


def _local_term(values: np.ndarray, terms: Sequence[np.ndarray]) -> np.ndarray:
    """Columns of the largest term that is mostly zero."""
    best = np.zeros(0, int)
    for columns in terms:
        if columns.size > max(best.size, FEWEST_LOCAL - 1) and (values[:, columns] != 0).mean() <= LOCAL:
            best = columns
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


def _piece(values: np.ndarray, local: np.ndarray, order: np.ndarray, start: int, stop: int, fold: int) -> Piece:
    part = values[np.ix_(order[start:stop], local)] if local.size else np.zeros((stop - start, 0))
    live = np.flatnonzero((part != 0).any(axis=0))
    kept = np.ascontiguousarray(part[:, live])
    return Piece(slice(start, stop), fold, live, kept, kept.astype(np.float32))
