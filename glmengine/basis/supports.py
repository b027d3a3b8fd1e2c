"""Where columns may be other than zero: cells of rows in which the same ones are live, known from knots, categories and events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_PATTERNS = 20_000
"""Cells beyond which rows are not told apart any more."""

MOST_MARKS = 2**26
"""Columns of all cells together beyond which products of columns are only known by how often they are other than zero."""


@dataclass(frozen=True)
class Supports:
    """Which of p columns may be other than zero in which of n rows.

    Attributes
    ----------
    cell : (n,) int array
        Cell that each row lies in.
    live : (G, p) bool array
        Columns that may be other than zero in the rows of each cell; the others are zero there, exactly.
    shares : (p,) array
        Share of the rows in which each column is other than zero, which may be less than what the cells say.
    """

    cell: np.ndarray
    live: np.ndarray
    shares: np.ndarray

    @classmethod
    def of(cls, cell: np.ndarray, live: np.ndarray, shares: np.ndarray | None = None) -> Supports:
        """Those of cells, whose shares are counted where they are not given."""
        if shares is None:
            shares = np.bincount(cell, minlength=len(live)) @ live / max(cell.size, 1)
        return cls(cell, live, shares)

    @classmethod
    def everywhere(cls, n: int, shares: np.ndarray) -> Supports:
        """Columns of which no rows are known to be free: one cell."""
        return cls(np.zeros(n, np.int32), np.ones((1, shares.size), bool), shares)

    @classmethod
    def of_patterns(cls, there: np.ndarray) -> Supports:
        """Those of columns that are known to be there or not, (n, p) bool, as the epochs of a few conditions are."""
        keys = pattern_sums(there, pattern_keys(there.shape[1]))
        _, first, cell = np.unique(keys, return_index=True, return_inverse=True)
        if first.size > MOST_PATTERNS:
            return cls.everywhere(len(there), there.mean(axis=0))
        return cls.of(cell.astype(np.int32), there[first])

    def columns(self, chosen: np.ndarray) -> Supports:
        """Those of some of the columns."""
        return Supports(self.cell, self.live[:, chosen], self.shares[chosen])

    def where(self, inside: np.ndarray) -> Supports:
        """The same for columns that are zero outside the rows `inside` (n,) bool."""
        if inside.all():
            return self
        cell = np.where(inside, self.cell, len(self.live)).astype(np.int32)
        live = np.vstack([self.live, np.zeros((1, self.live.shape[1]), bool)])
        return Supports(cell, live, np.minimum(self.shares, np.bincount(cell, minlength=len(live)) @ live / max(cell.size, 1)))

    def times(self, other: Supports) -> Supports:
        """Those of all products of two columns, the other's fastest."""
        G, H = len(self.live), len(other.live)
        if G * H * self.shares.size * other.shares.size > MOST_MARKS:
            return Supports.everywhere(self.cell.size, np.outer(self.shares, other.shares).ravel())
        live = (self.live[:, None, :, None] & other.live[None, :, None, :]).reshape(G * H, -1)
        return Supports.of(self.cell * H + other.cell, live)


def together(parts: Sequence[Supports]) -> tuple[np.ndarray, np.ndarray] | None:
    """Cells (n,) of rows by which columns of all parts are live, and these (G, p), side by side; None where they are too many."""
    cell, live = parts[0].cell.astype(np.int64), parts[0].live
    for part in parts[1:]:
        codes, cell = np.unique(cell * len(part.live) + part.cell, return_inverse=True)
        if codes.size > MOST_PATTERNS:
            return None
        live = np.hstack([live[codes // len(part.live)], part.live[codes % len(part.live)]])
    return cell, live


def pattern_keys(n: int) -> np.ndarray:
    """(n,) random numbers whose sums tell the subsets of n columns apart."""
    return np.random.default_rng(n).integers(1, 2**63, n, dtype=np.uint64)


def pattern_sums(there: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """(n,) sums of the keys (p,) of the columns that are there, (n, p) bool: as `there @ keys`, which takes four times as long."""
    return np.einsum("ij,j->i", there, keys)


def first_live(u: np.ndarray, knots: np.ndarray, order: int) -> np.ndarray:
    """The first of the `order` splines that are not zero at `u`, inside the knots: that of the interval, which begins with its knot."""
    return np.clip(np.searchsorted(knots, np.nan_to_num(u), side="right") - order, 0, len(knots) - 2 * order)


def between_knots(u: np.ndarray, knots: np.ndarray, order: int) -> Supports:
    """Those of splines of an order at `u`, inside the knots: `order` of them in each interval. Samples that are not defined lie in the first."""
    n = len(knots) - order
    live = np.arange(n) - np.arange(n - order + 1)[:, None]
    return Supports.of(first_live(u, knots, order).astype(np.int32), (live >= 0) & (live < order))


def between_edges(u: np.ndarray, low: np.ndarray, high: np.ndarray) -> Supports:
    """Those of functions that are zero outside `low` to `high`, (p,) each, at `u`."""
    edges = np.unique(np.concatenate([low, high]))
    cell = np.clip(np.searchsorted(edges, np.nan_to_num(u), side="right"), 0, edges.size).astype(np.int32)
    begin, end = np.append(-np.inf, edges), np.append(edges, np.inf)  # of cell 0, ...
    live = (low < end[:, None]) & (high > begin[:, None])
    return Supports.of(cell, live)


Placed = tuple[np.ndarray, Supports]
"""Supports, and which columns of a design (p,) they are of."""


def of_columns(placed: Sequence[Placed], columns: np.ndarray) -> list[Placed]:
    """What is known of some columns of a design, numbered as they are given."""
    largest = max([int(columns.max(initial=-1)), *(int(where.max(initial=-1)) for where, _ in placed)])
    number = np.full(largest + 1, -1)
    number[columns] = np.arange(columns.size)
    found = []
    for where, part in placed:
        kept = np.flatnonzero(number[where] >= 0)
        if kept.size:
            found.append((number[where[kept]], part.columns(kept)))
    return found
