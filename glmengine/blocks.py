"""Blocks of a design: the columns of one term, made for any stretch of rows when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Self

import numpy as np

from glmengine.convolution import convolve_pieces, finite_window, full_window

_CHECK_NUMBERS = 2**21
"""Numbers of a block that are made at a time when it is looked through."""


@dataclass(frozen=True)
class Block(ABC):
    """Columns over T rows.

    Attributes
    ----------
    scale : (T,) array or None
        What each row is multiplied by: a gain, or 1 inside and 0 outside the epochs of the term.
    kept : (p,) int array or None
        Which of the `n_all` columns are there; all where None.
    """

    scale: np.ndarray | None
    kept: np.ndarray | None

    @property
    @abstractmethod
    def n_rows(self) -> int:
        """T."""

    @property
    @abstractmethod
    def n_all(self) -> int:
        """Number of columns before any is left out."""

    @abstractmethod
    def _plain(self, start: int, stop: int) -> np.ndarray:
        """All columns of the rows, unscaled."""

    @abstractmethod
    def _defined(self) -> np.ndarray:
        """(T,) bool, True where no unscaled column is NaN."""

    @abstractmethod
    def varying(self, rows: np.ndarray) -> np.ndarray:
        """(n_all,) bool, False for columns that are constant over `rows` (T,) bool."""

    @property
    def n_columns(self) -> int:
        return self.n_all if self.kept is None else len(self.kept)

    def chunk(self, start: int, stop: int) -> np.ndarray:
        """(stop - start, p) float64, NaN where undefined."""
        values = self._plain(start, stop)
        if self.kept is not None:
            values = values[:, self.kept]
        if self.scale is None:
            return values
        scale = self.scale[start:stop, None]
        # outside its epochs a term is nothing, known or not
        return np.where(scale == 0.0, 0.0, values * scale)

    def times(self, start: int, stop: int, coefficients: np.ndarray) -> np.ndarray:
        """(stop - start, M): the rows' columns times `coefficients` (p, M)."""
        return self.chunk(start, stop) @ coefficients

    def transposed_times(self, start: int, stop: int, residuals: np.ndarray, used: np.ndarray) -> np.ndarray:
        """(p, M): the transposed columns times `residuals` (stop - start, M), which are zero where not `used`."""
        values = self.chunk(start, stop)
        return values.T @ residuals if used.all() else values[used].T @ residuals[used]

    def valid(self) -> np.ndarray:
        """(T,) bool, True where no column is NaN."""
        fine = self._defined()
        return fine if self.scale is None else (fine & np.isfinite(self.scale)) | (self.scale == 0.0)

    def keeping(self, kept: np.ndarray) -> Self:
        """The same with some of its columns only."""
        return replace(self, kept=None if len(kept) == self.n_all else np.asarray(kept, np.int64))


@dataclass(frozen=True)
class EvaluatedBlock(Block):
    """The product of bases evaluated on variables, the last factor's functions fastest.

    Attributes
    ----------
    bases : sequence of Basis
        Frozen.
    values : sequence of (T,) arrays
    """

    bases: Sequence[Any]
    values: Sequence[np.ndarray]

    @property
    def n_rows(self) -> int:
        return len(self.values[0])

    @property
    def n_all(self) -> int:
        return int(np.prod([basis.n_functions for basis in self.bases]))

    def _plain(self, start: int, stop: int) -> np.ndarray:
        return product([basis.evaluate(x[start:stop]) for basis, x in zip(self.bases, self.values, strict=True)])

    def _defined(self) -> np.ndarray:
        fine = np.ones(self.n_rows, bool)
        for basis, x in zip(self.bases, self.values, strict=True):
            fine &= basis.defined(x)
        return fine

    def varying(self, rows: np.ndarray) -> np.ndarray:
        low, high = np.full(self.n_all, np.inf), np.full(self.n_all, -np.inf)
        step = max(256, _CHECK_NUMBERS // self.n_all)
        whole = replace(self, kept=None)
        for start in range(0, self.n_rows, step):
            used = rows[start : start + step]
            if used.any():
                part = whole.chunk(start, min(start + step, self.n_rows))[used]
                low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
        return high - low > 1e-12 * np.maximum(np.abs(low), np.abs(high))


@dataclass(frozen=True)
class ConvolvedBlock(Block):
    """Channels filtered by kernels over lags, channel-major.

    Attributes
    ----------
    signal : (T, C) array
        Kept in its own type; several blocks may share one.
    lags : (L,) int
    kernel : (L, n) array
    offsets : (S + 1,) int
        Row at which each piece begins.
    """

    signal: np.ndarray
    lags: np.ndarray
    kernel: np.ndarray
    offsets: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.signal)

    @property
    def n_all(self) -> int:
        return self.signal.shape[1] * self.kernel.shape[1]

    def _plain(self, start: int, stop: int) -> np.ndarray:
        return convolve_pieces(self.signal, self.lags, self.kernel, self.offsets, start, stop)

    def chunk(self, start: int, stop: int) -> np.ndarray:
        # channels of which nothing is kept (silent units) are not filtered at all
        n = self.kernel.shape[1]
        if self.kept is None:
            return super().chunk(start, stop)
        channels, place = np.unique(self.kept // n, return_inverse=True)
        if len(channels) == self.signal.shape[1]:
            return super().chunk(start, stop)
        low, high = max(start - int(self.lags[-1]), 0), min(stop - int(self.lags[0]), self.n_rows)
        low, high = min(low, start), max(high, stop)
        offsets = np.unique(np.clip(self.offsets, low, high)) - low
        part = replace(
            self,
            signal=self.signal[low:high, channels],
            offsets=offsets,
            scale=None if self.scale is None else self.scale[low:high],
            kept=place * n + self.kept % n,
        )
        values = Block.chunk(part, start - low, stop - low)
        if low > 0 or high < self.n_rows:  # a piece that was cut at `low` or `high` is longer than it looks, but not for these rows
            inside = full_window(self.lags, self.offsets, start, stop)
            if self.scale is not None:
                inside |= self.scale[start:stop] == 0.0
            values[~inside] = np.nan
        return values

    def _defined(self) -> np.ndarray:
        return full_window(self.lags, self.offsets) & finite_window(self.signal, self.lags)

    def varying(self, rows: np.ndarray) -> np.ndarray:
        reach = _within_reach(rows, self.lags)
        least = np.iinfo(self.signal.dtype).max if self.signal.dtype.kind in "iu" else np.inf
        step = max(1024, _CHECK_NUMBERS // max(self.signal.shape[1], 1))
        low = np.full(self.signal.shape[1], least, np.float64)
        high = -low
        for start in range(0, self.n_rows, step):
            part = self.signal[start : start + step][reach[start : start + step]]
            if len(part):
                low, high = np.minimum(low, part.min(axis=0)), np.maximum(high, part.max(axis=0))
        changes = high > low
        if self.scale is not None and rows.any():
            # a constant signal times a changing gain changes, unless the signal is zero
            changes = changes & (np.nanmax(np.abs(self.scale[rows])) > 0) | (high != 0) & (self.scale[rows].max() > self.scale[rows].min())
        return np.repeat(changes, self.kernel.shape[1]) & np.tile(self.kernel.any(axis=0), self.signal.shape[1])


@dataclass(frozen=True)
class GivenBlock(Block):
    """Columns that are there already.

    Attributes
    ----------
    columns : (T, p) array
    """

    columns: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.columns)

    @property
    def n_all(self) -> int:
        return self.columns.shape[1]

    def _plain(self, start: int, stop: int) -> np.ndarray:
        return np.asarray(self.columns[start:stop], np.float64)

    def _defined(self) -> np.ndarray:
        return np.isfinite(self.columns).all(axis=1)

    def varying(self, rows: np.ndarray) -> np.ndarray:
        whole = replace(self, kept=None)
        part = whole.chunk(0, self.n_rows)[rows]
        return part.max(axis=0) > part.min(axis=0) if len(part) else np.zeros(self.n_all, bool)


def product(parts: Sequence[np.ndarray]) -> np.ndarray:
    """(T, p1 * p2 * ...) products of columns, the last factor's fastest."""
    return reduce(lambda left, right: (left[:, :, None] * right[:, None, :]).reshape(len(left), left.shape[1] * right.shape[1]), parts)


def _within_reach(rows: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """(T,) bool, True for bins that lie at some lag of one of `rows`."""
    total = len(rows)
    sums = np.concatenate([[0], np.cumsum(rows)])
    bins = np.arange(total)
    low, high = np.clip(bins + int(lags[0]), 0, total), np.clip(bins + int(lags[-1]) + 1, 0, total)
    return sums[high] > sums[low]
