"""Convolution of counts and signals with kernels over lags, within pieces of time.

The rows are cut into tiles of a few bins. What one bin adds to all rows of a tile is then one stretch of numbers, ready in a bank, and
a filtered tile is a product with that bank: with the few bins that hold spikes as a sparse matrix, or with all bins as a dense one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glmengine.threads import workers

_SPARSE_SHARE = 0.1
"""Share of nonzero bins up to which going from spike to spike is faster than multiplying every bin (measured with 20 to 250 lags)."""

_LARGEST_TILE = 16
"""Bins in a tile: longer ones multiply more zeros, shorter ones in smaller products (8 to 32 measured)."""

_BANK_NUMBERS = 2**15
"""Numbers in a bank, 256 kB, which stays in the cache."""

_STRETCH_NUMBERS = 2**18
"""Filtered numbers made at a time, 2 MB: with their copy in order they stay in the cache."""

_THREADED = 8
"""Stretches from which on they are divided among threads."""


def convolve_pieces(
    signal: np.ndarray, lags: np.ndarray, kernel: np.ndarray, offsets: np.ndarray, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Each channel of `signal` filtered by each kernel.

    Row t of the output is the sum over lags l of ``kernel[l] * signal[t - l]``, all within t's piece; it is NaN where the window leaves
    the piece or holds what is not finite.

    Parameters
    ----------
    signal : (T, C) array
        Any real dtype; only the rows that are needed become float64.
    lags : (L,) consecutive ascending int
        1 is the bin before the present one, 0 the present one, negative ones lie ahead.
    kernel : (L, n) array
    offsets : (S + 1,) int
        Row at which each piece begins; the last is T.
    start, stop : int
        Rows wanted.

    Returns
    -------
    (stop - start, C * n) float64 array
        Channel-major: all kernels of the first channel first.
    """
    stop = len(signal) if stop is None else stop
    channels, n = signal.shape[1], kernel.shape[1]
    out = np.empty((stop - start, channels * n))
    if not out.size:
        return out
    # the shapes first: a window of a minute at 1 ms has an identity of 29 GB
    if n == len(lags) and np.array_equal(kernel, np.eye(n)):
        fill: Callable[[np.ndarray, np.ndarray], None] = _lagged
        rows = max(64, _STRETCH_NUMBERS // (channels * n))
    else:
        bank = _Bank.of(kernel)
        fill = bank.fill
        rows = -(-max(64, _STRETCH_NUMBERS // (channels * n)) // bank.tile) * bank.tile

    def stretch(begin: int) -> None:
        end = min(begin + rows, stop)
        _stretch(signal, lags, fill, offsets, begin, out[begin - start : end - start])

    begins = list(range(start, stop, rows))
    with workers(np.inf if len(begins) >= _THREADED else 0) as pool:
        for _ in pool.map(stretch, begins):
            pass
    return out


def _stretch(
    signal: np.ndarray,
    lags: np.ndarray,
    fill: Callable[[np.ndarray, np.ndarray], None],
    offsets: np.ndarray,
    start: int,
    out: np.ndarray,
) -> None:
    """Write the rows from `start` on, as many as `out` (R, C * n) has."""
    total, channels = signal.shape
    first, last = int(lags[0]), int(lags[-1])
    stop = start + len(out)
    inside = full_window(lags, offsets, start, stop)
    if not inside.any():
        out[:] = np.nan
        return
    # one stretch for all pieces: rows whose window crosses a border are computed too, and thrown away
    low, high = start - last, stop - first
    part = signal[max(low, 0) : max(min(high, total), 0)]
    before, after = max(-low, 0), max(high - total, 0)
    if before or after:
        part = np.concatenate([np.zeros((before, channels), part.dtype), part, np.zeros((after, channels), part.dtype)])
    filtered = out.reshape(len(out), channels, -1)
    bad = None if part.dtype.kind in "bui" else ~np.isfinite(part)
    if bad is not None and bad.any():
        fill(np.where(bad, 0.0, part), filtered)
        seen = np.cumsum(np.concatenate([np.zeros((1, channels), np.int64), bad]), axis=0)
        filtered[seen[len(lags) :] > seen[: len(out)]] = np.nan
    else:
        fill(part, filtered)
    if not inside.all():
        out[~inside] = np.nan


def full_window(lags: np.ndarray, offsets: np.ndarray, start: int = 0, stop: int | None = None) -> np.ndarray:
    """(stop - start,) bool, True where all lags of the row lie in its own piece."""
    offsets = np.asarray(offsets, np.int64)
    stop = int(offsets[-1]) if stop is None else stop
    rows = np.arange(start, stop)
    piece = np.searchsorted(offsets, rows, side="right") - 1
    first, last = int(lags[0]), int(lags[-1])
    return (rows - last >= offsets[piece]) & (rows - first < offsets[piece + 1])


def offsets_of(times: np.ndarray | None, rows: int, epochs: np.ndarray | None, bin_size: float) -> np.ndarray:
    """Rows at which pieces begin for `rows` bins; `epochs` (S, 2) in seconds, `times` of the rows, or bins from time 0.

    A bin that lies in no epoch belongs to the epoch before it as little as to the next: it is a piece of its own.
    """
    if epochs is None or not rows:
        return np.array([0, rows])
    epochs = np.asarray(epochs, float).reshape(-1, 2)
    times = (np.arange(rows) + 0.5) * bin_size if times is None else np.asarray(times, float)
    number = np.searchsorted(epochs[:, 0], times, side="right")
    inside = (number > 0) & (times <= epochs[np.maximum(number - 1, 0), 1])
    number = np.where(inside, 2 * number, 2 * number + 1)
    breaks = np.flatnonzero(np.diff(number)) + 1
    return np.concatenate([[0], breaks, [rows]])


@dataclass(frozen=True)
class _Bank:
    """What each bin of the tiles that a tile looks back on adds to it.

    Attributes
    ----------
    tile : int
        Bins in a tile, B.
    parts : (K, B, B * n) array
        For each of the K tiles that the windows of a tile's rows reach into, oldest first, and each bin in it: what it adds.
    """

    tile: int
    parts: np.ndarray

    @classmethod
    def of(cls, kernel: np.ndarray) -> _Bank:
        """The bank of a kernel (L, n)."""
        length, n = kernel.shape
        tile = min(_LARGEST_TILE, max(length // 4, 1))
        while tile > 1 and (length + tile) * tile * n > _BANK_NUMBERS:
            tile //= 2
        reached = -(-(length - 1) // tile) + 1
        bank = np.zeros((reached * tile, tile, n))
        for row in range(tile):
            bank[row : row + length, row] = kernel[::-1]
        return cls(tile, bank.reshape(reached, tile, tile * n))

    def fill(self, part: np.ndarray, out: np.ndarray) -> None:
        """Write the filtered rows (R, C, n) of a signal (R + L - 1, C)."""
        rows, channels, n = out.shape
        reached, tile = self.parts.shape[:2]
        wanted = -(-rows // tile)
        tiles = wanted + reached - 1
        sparse = np.count_nonzero(part) <= _SPARSE_SHARE * part.size
        series = np.zeros((channels, tiles * tile), part.dtype if sparse else np.float64)
        series[:, : len(part)] = part.T
        made = (self._from_spikes if sparse else self._from_all)(series, wanted)
        # all kernels of a bin are moved as one thing: twice as fast as number by number
        together = np.dtype((np.void, 8 * n))
        out.reshape(rows, channels * n).view(together)[:] = made.reshape(channels, -1).view(together).T[:rows]

    def _from_spikes(self, series: np.ndarray, wanted: int) -> np.ndarray:
        """Filtered tiles (C * wanted, B * n) of series (C, tiles * B) that are zero in most bins."""
        from scipy.sparse import csr_array

        (reached, tile, size), (channels, length) = self.parts.shape, series.shape
        spikes = np.flatnonzero(series).astype(np.int32)
        firsts = np.arange(channels, dtype=np.int32)[:, None] * length + np.arange(wanted, dtype=np.int32) * tile
        low, high = np.searchsorted(spikes, np.stack([firsts, firsts + reached * tile]).reshape(2, -1)).astype(np.int32)
        # a row of the matrix is a tile of one channel; its columns are the bins that its windows reach, which other rows' do as well
        number = high - low
        ends = np.cumsum(number, dtype=np.int32)
        which = np.arange(ends[-1], dtype=np.int32) + np.repeat(high - ends, number)
        columns = spikes[which] - np.repeat(firsts.ravel(), number)
        pointers = np.concatenate([np.zeros(1, np.int32), ends])
        weights = series.ravel()[spikes].astype(np.float64)[which]
        matrix = csr_array((weights, columns, pointers), shape=(channels * wanted, reached * tile))
        return matrix @ self.parts.reshape(reached * tile, size)

    def _from_all(self, series: np.ndarray, wanted: int) -> np.ndarray:
        """The same of any series."""
        reached, tile, size = self.parts.shape
        windows = np.lib.stride_tricks.sliding_window_view(series, reached * tile, axis=1)[:, ::tile][:, :wanted]
        return np.ascontiguousarray(windows).reshape(-1, reached * tile) @ self.parts.reshape(reached * tile, size)


def _lagged(part: np.ndarray, out: np.ndarray) -> None:
    """Write the windows themselves (R, C, L), youngest bin first: raw lags."""
    out[:] = np.lib.stride_tricks.sliding_window_view(part, out.shape[2], axis=0)[:, :, ::-1]
