"""Designs of local functions, as B-splines of position: rows sorted by which columns are live in them, so that products are small and dense.

Rows between the same knots have the same few columns that are not zero: in each such cell a design of 64 two-dimensional B-splines is
one of 16. Sorted by cell, and inside it by fold, rows become pieces in which a product has live columns alone, and columns of the problem
from which the piece is held out take no part. Measured with 185 columns of a problem, a pass takes a quarter of the dense one's time, and the
weighted Gram matrices a tenth.

A column that is seldom live is scaled but not centred, which would fill it; see `glmengine.backend.nonzeros`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from glmengine.backend.nonzeros import nonzeros_of
from glmengine.backend.observations import Observations
from glmengine.backend.products import add_own, weighted_grams, with_own_sums
from glmengine.backend.rows import Rows
from glmengine.basis.supports import pattern_keys, pattern_sums, together
from glmengine.threads import workers

LOCAL = (0.6, 0.45, 0.3, 0.2, 0.1)
"""Largest shares of rows in which a column is not zero, for which cells are tried; other columns are live everywhere."""

WORTH = 0.6
"""Largest share of the numbers, those of cells over all, for which sorting pays."""

MOST_CELLS, FEWEST_ROWS = 400, 48
"""Cells with fewer rows than the one are joined with others."""

PIECE_ROWS = 2048
"""Rows of a piece at most: in more of them, what is not numbers takes longer than a cache that is too small (measured of 185 columns: a pass in
float64 79 ms with so many, 90 with half as many, 130 with a quarter)."""

OVERHEAD = 60e-6
"""Seconds that a piece costs beside its products, and below what dense products cost it is not worth the while."""

HESSIANS = 0.2
"""Hessians that are made for each pass over the rows."""

FLOPS = 18e9
"""Multiplications and additions a second, for comparison with it."""


@dataclass(frozen=True)
class Cell:
    """Rows with the same live columns, sorted by fold.

    Attributes
    ----------
    rows : (c,) int array
        Numbers of the rows.
    live : (l,) int array
        Places of the columns that may be other than zero.
    X : (c, l) array
        Scaled columns; those that are live everywhere are centred too.
    own : (U, H, c) array or None
    """

    rows: np.ndarray
    live: np.ndarray
    X: np.ndarray
    own: np.ndarray | None

    @cached_property
    def single(self) -> Cell:
        """The same in float32."""
        own = None if self.own is None else self.own.astype(np.float32)
        return replace(self, X=self.X.astype(np.float32), own=own)


@dataclass(frozen=True)
class CellPiece:
    """Rows of one cell; sums are of its live columns alone, uncentred, and are settled when all are added up (`Cells.settled_...`)."""

    centre: np.ndarray
    cell: Cell
    part: slice
    y: np.ndarray
    weights: np.ndarray
    offset: np.ndarray
    fold: np.ndarray

    @classmethod
    def of(cls, centre: np.ndarray, cell: Cell, part: slice, observed: Observations) -> CellPiece:
        rows = cell.rows[part]
        y, weights = observed.y[:, rows].astype(np.float64), observed.weights[:, rows]
        return cls(centre, cell, part, y, weights, observed.offset_at(rows), observed.fold_at(rows))

    @cached_property
    def single(self) -> CellPiece:
        """The same in float32, but for what was counted."""
        weights, offset = self.weights.astype(np.float32), self.offset.astype(np.float32)
        return replace(self, cell=self.cell.single, weights=weights, offset=offset)

    def every(self, stride: int) -> CellPiece:
        """Every `stride`-th of these rows."""
        part = slice(self.part.start, self.part.stop, stride)
        taken = (values[..., ::stride] for values in (self.y, self.weights, self.offset, self.fold))
        return CellPiece(self.centre, self.cell, part, *taken)

    @property
    def rows(self) -> np.ndarray:
        return self.cell.rows[self.part]

    @property
    def own(self) -> np.ndarray | None:
        return None if self.cell.own is None else self.cell.own[:, :, self.part]

    @cached_property
    def places(self) -> np.ndarray:
        """Which of the parameters the sums are of."""
        P, H = self.centre.size, 0 if self.cell.own is None else self.cell.own.shape[1]
        return np.concatenate([self.cell.live, np.arange(P, P + H + 1)])

    def predictor(self, theta: np.ndarray, unit: np.ndarray) -> np.ndarray:
        P = self.centre.size
        X = self.cell.X[self.part]
        eta = theta[:, self.cell.live].astype(X.dtype, copy=False) @ X.T
        eta += (theta[:, -1] - theta[:, :P] @ self.centre)[:, None].astype(X.dtype, copy=False)
        return add_own(eta, self.own, theta[:, P:-1], unit)

    def back(self, residual: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """(k, places) sums."""
        return with_own_sums(residual @ self.cell.X[self.part], self.own, residual, unit)

    def grams(
        self, weights: np.ndarray, unit: np.ndarray, precision: str, signed: bool, among: np.ndarray | None = None
    ) -> np.ndarray:
        """(n, places, places) sums, of all the live columns whatever is wanted."""
        return weighted_grams(self.cell.X[self.part].T, self.own, weights, unit, precision, signed)


@dataclass(frozen=True)
class _Grouping:
    """Cells of rows: the columns that are live in some of them alone (P,) bool, live columns of each (G, P), the share of the numbers that
    is left, and the cell of each row, None where only a sample was looked at."""

    local: np.ndarray
    supports: np.ndarray
    filled: float
    cell_of: np.ndarray | None


class Cells:
    """The rows of a problem by cell.

    Attributes
    ----------
    centre : (padded,) array
        What must still be subtracted from the prepared columns, all of them: 0 for those that are live everywhere.
    """

    def __init__(self, rows: Rows, local: np.ndarray, cell_of: np.ndarray, supports: np.ndarray) -> None:
        self.rows = rows
        self.centre = np.zeros(rows.padded)
        self.centre[: rows.n_shared] = np.where(local, rows.preparation.centre / rows.preparation.scale, 0.0)
        self._local, self._cell_of, self._supports = local, cell_of, supports

    @classmethod
    def of(cls, rows: Rows) -> Cells | None:
        """None where the rows have no cells to speak of, or do not fit into memory."""
        if rows.n_shared < 8 or rows.density.mean() > WORTH or rows.n < 20 * FEWEST_ROWS:
            return None
        if not cls._worth(rows, float(rows.density.mean()), 1):  # the best there could be
            return None
        found = _best_by_sample(rows) if rows.supports is None else _best_by_structure(rows)
        if found is None or found.filled > WORTH or not cls._worth(rows, found.filled, len(found.supports)):
            return None
        if found.cell_of is not None:
            return cls(rows, found.local, found.cell_of, found.supports)
        keys = np.empty(rows.n, np.uint64)
        random = pattern_keys(int(found.local.sum()))
        start = 0
        for raw in rows.raw_shared():
            keys[start : start + len(raw)] = pattern_sums(raw[:, found.local] != 0, random)
            start += len(raw)
        return cls._with_keys(rows, found.local, keys)

    @staticmethod
    def _worth(rows: Rows, least: float, n_cells: int) -> bool:
        """Whether a pass by so many cells, of which this share of the numbers is left, saves more than its pieces cost, and fits into
        memory."""
        folds = 1 if rows.observations.fold is None else int(rows.observations.fold.max()) + 2
        pieces = n_cells * folds + rows.n / PIECE_ROWS
        P = rows.n_shared
        a_row = 4.0 * P * (1.0 - least) + HESSIANS * P**2 * (1.0 - least**2)
        saved = rows.n * rows.columns * a_row / FLOPS
        return saved >= 2.0 * OVERHEAD * pieces and 8.0 * _numbers(rows, least * rows.n_shared) <= rows.memory

    @classmethod
    def _with_keys(cls, rows: Rows, local: np.ndarray, keys: np.ndarray) -> Cells | None:
        _, first, cell_of = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) > 50 * MOST_CELLS:
            return None
        every = np.concatenate([rows.read_shared(int(row), int(row) + 1) for row in first])
        supports = (every != 0) & local
        merged, supports = _merged(supports, np.bincount(cell_of), FEWEST_ROWS)
        return None if len(supports) > MOST_CELLS else cls(rows, local, merged[cell_of], supports | ~local)

    @property
    def per_row(self) -> float:
        """Live columns of a row, on average, own ones included."""
        return self._shared_per_row + self.rows.own_padded

    @cached_property
    def _shared_per_row(self) -> float:
        sizes = np.bincount(self._cell_of, minlength=len(self._supports))
        return float(sizes @ self._supports.sum(axis=1)) / self.rows.n

    @property
    def has_single(self) -> bool:
        """Whether there is room for them in float32 too, once they are asked for."""
        return 12.0 * _numbers(self.rows, self._shared_per_row) <= self.rows.memory

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, read when first asked for."""
        rows, fold = self.rows, self.rows.observations.fold
        order = np.lexsort((np.zeros(rows.n, np.int8) if fold is None else fold, self._cell_of))
        sizes = np.bincount(self._cell_of, minlength=len(self._supports))
        ends = np.cumsum(sizes)
        place = np.empty(rows.n, np.int64)  # of a row inside its cell
        place[order] = np.arange(rows.n) - np.repeat(ends - sizes, sizes)
        lives = [np.flatnonzero(support) for support in self._supports]
        made = [np.empty((size, live.size)) for size, live in zip(sizes, lives, strict=True)]
        owns = None
        if rows.division is not None:
            owns = [np.empty((*rows.preparation.own_shape, size)) for size in sizes]
        inverse, shift = 1.0 / rows.preparation.scale, np.where(self._local, 0.0, rows.preparation.centre)

        def put(raw: np.ndarray, number: int, there: np.ndarray) -> None:
            """Rows of one cell, at their places in it."""
            if owns is not None:
                owns[number][:, :, there] = rows.preparation.own(raw)
                raw = raw[:, rows.division.shared]
            live = lives[number]
            made[number][there] = (raw[:, live] - shift[live]) * inverse[live]

        start = 0
        with workers(rows.n * rows.n_features) as pool:
            for raw in rows.raw():
                here, there = self._cell_of[start : start + len(raw)], place[start : start + len(raw)]
                sorting = np.argsort(here, kind="stable")
                cuts = np.flatnonzero(np.diff(here[sorting])) + 1
                for _ in pool.map(
                    lambda inside, raw=raw, here=here, there=there: put(raw[inside], here[inside[0]], there[inside]),
                    np.split(sorting, cuts),
                ):
                    pass
                start += len(raw)
        return [
            Cell(order[end - size : end], live, X, None if owns is None else owns[number])
            for number, (size, end, live, X) in enumerate(zip(sizes, ends, lives, made, strict=True))
            if size
        ]

    def prepared(self, columns: np.ndarray) -> Iterator[np.ndarray]:
        """(c, j) some of the shared columns, prepared, cell by cell."""
        place = np.full(self.rows.n_shared, -1)
        for cell in self.cells:
            place[:] = -1
            place[cell.live] = np.arange(cell.live.size)
            part = np.zeros((cell.rows.size, columns.size))
            there = place[columns] >= 0
            part[:, there] = cell.X[:, place[columns[there]]]
            yield part - self.centre[columns]

    @cached_property
    def pieces(self) -> list[CellPiece]:
        """All rows by cell and by fold: in a piece they are all held out or none is."""
        observed = self.rows.observations
        result: list[CellPiece] = []
        for cell in self.cells:
            fold = None if observed.fold is None else observed.fold[cell.rows]
            inside = [] if fold is None else (np.flatnonzero(np.diff(fold)) + 1).tolist()
            for begin, end in pairwise([0, *inside, cell.rows.size]):
                for start in range(begin, end, PIECE_ROWS):
                    part = slice(start, min(start + PIECE_ROWS, end))
                    result.append(CellPiece.of(self.centre, cell, part, observed))
        return result

    def settled_slopes(self, gradient: np.ndarray) -> np.ndarray:
        """Sums (K, Q) of residuals times rows, centred: of columns that were not."""
        P = self.centre.size
        gradient[:, :P] -= np.outer(gradient[:, -1], self.centre)
        return gradient

    def settled_grams(self, grams: np.ndarray) -> np.ndarray:
        """Sums (n, Q, Q) of w z z', likewise."""
        shift = np.zeros(grams.shape[1])
        shift[: self.centre.size] = self.centre
        for matrix in grams:
            cross, total = matrix[-1].copy(), matrix[-1, -1]
            cross[-1] = 0.0
            bent = np.outer(cross, shift)
            matrix[:-1, :-1] += (total * np.outer(shift, shift) - bent - bent.T)[:-1, :-1]
            matrix[-1, :-1] = matrix[:-1, -1] = (cross - total * shift)[:-1]
        return grams


def _numbers(rows: Rows, shared: float) -> float:
    """That cells keep, of so many shared columns a row, the own columns of all units, observations and weights."""
    return rows.n * (shared + rows.preparation.own_scale.size + 2.0 * len(rows.observations.y))


def live_columns(rows: Rows) -> float:
    """Columns of a row that products go through, on average: all, where rows are not sorted by cell."""
    cells = cells_of(rows)
    return float(rows.n_features) if cells is None else cells.per_row


def cells_of(rows: Rows) -> Cells | None:
    """The rows sorted by which columns are live in them, where that is worth it: on a CPU, for designs of local functions."""
    return rows.layout(_cells, observed=True)  # sorted by fold


def _cells(rows: Rows) -> Cells | None:
    return None if not rows.on_cpu or nonzeros_of(rows) is not None else Cells.of(rows)


def _best_by_structure(rows: Rows) -> _Grouping | None:
    """Cells of the blocks whose columns are live in small shares of the rows, as the blocks themselves know them."""
    best, tried = None, -1
    for share in LOCAL:
        placed = [(where, part) for where, part in rows.supports or [] if len(part.live) > 1 and part.shares.mean() <= share]
        local = np.zeros(rows.n_shared, bool)
        local[[column for where, _ in placed for column in where.tolist()]] = True
        if local.sum() < 8:
            break
        if len(placed) == tried or (found := together([part for _, part in placed])) is None:
            continue
        tried = len(placed)
        codes, cell_of = np.unique(found[0], return_inverse=True)
        supports = np.zeros((codes.size, rows.n_shared), bool)
        supports[:, np.concatenate([where for where, _ in placed])] = found[1][codes]
        merged, supports = _merged(supports, np.bincount(cell_of), FEWEST_ROWS)
        if len(supports) > MOST_CELLS:
            continue
        cell_of, supports = merged[cell_of], supports | ~local
        filled = float(np.bincount(cell_of, minlength=len(supports)) @ supports.sum(axis=1)) / (rows.n * rows.n_shared)
        if best is None or filled < best.filled:
            best = _Grouping(local, supports, filled, cell_of)
    return best


def _best_by_sample(rows: Rows) -> _Grouping | None:
    """Cells of a sample of the rows of a plain matrix, by which of its seldom live columns are not zero."""
    sample = rows.sample() if rows.division is None else rows.sample()[:, rows.division.shared]
    there, best = sample != 0, None
    for share in LOCAL:
        local = rows.density <= share
        if local.sum() < 8:
            break
        least = np.where(local, rows.density, 1.0).mean()  # if no cell had a place that is not live
        if least > (WORTH if best is None else best.filled):
            continue
        supports, cell_of = _grouped(there, local, max(2, FEWEST_ROWS * len(sample) // rows.n))
        if len(supports) > MOST_CELLS:
            continue
        sizes = np.bincount(cell_of, minlength=len(supports))
        filled = float(sizes @ supports.sum(axis=1)) / sample.size
        if filled < (1.0 if best is None else best.filled):
            best = _Grouping(local, supports[sizes > 0], filled, None)
    return best


def _grouped(there: np.ndarray, local: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Live columns (G, P) bool of the cells of some rows (c, P) bool, and the cell (c,) of each row."""
    keys = np.where(local, pattern_keys(local.size), np.uint64(0))
    _, first, cell_of = np.unique(pattern_sums(there, keys), return_index=True, return_inverse=True)
    supports = there[first] & local
    sizes = np.bincount(cell_of)
    if np.count_nonzero(sizes >= fewest) > MOST_CELLS or len(first) > 50 * MOST_CELLS:  # too many, however the others are joined
        return supports, cell_of
    merged, supports = _merged(supports, sizes, fewest)
    return supports | ~local, merged[cell_of]


def _merged(supports: np.ndarray, sizes: np.ndarray, fewest: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of fewer cells each of G with live columns (G, P) becomes (G,), and the live columns of these.

    One of few rows, as those that lie on a knot, goes where its columns are live too; what is left over is one cell of its own.
    """
    large = np.flatnonzero(sizes >= fewest)
    small = np.flatnonzero(sizes < fewest)
    result = np.empty(len(supports), np.int64)
    result[large] = np.arange(large.size)
    kept = supports[large]
    missing = supports[small].astype(np.float32) @ (~kept).astype(np.float32).T if large.size else np.ones((small.size, 1))
    inside = missing == 0
    width = np.where(inside, kept.sum(axis=1) if large.size else 0, np.inf)
    has = inside.any(axis=1)
    result[small[has]] = np.argmin(width[has], axis=1)
    rest = small[~has]
    if rest.size:
        result[rest] = large.size
        kept = np.vstack([kept, supports[rest].any(axis=0)])
    return result, kept
