"""Gram matrices of lagged counts, which hardly change from one pair of lags to the next.

What two units' counts at lags l and m have in common depends on m - l alone but for the borders of the stretches of rows: from one pair of lags
to the next, both a bin further, each stretch gains a bin at its start and loses one at its end. So cross-correlograms, which go from
spike to spike, and a correction at the borders give the Gram matrix of all lags, and two small products that of the kernels.

Measured on a busy machine: 100 units at 5 Hz in 3,600,000 bins of 1 ms, 800 columns, in 22 s instead of 128; 20 such units in bins of 10 ms
in 0.9 s instead of 0.5: there the dense product is faster, and `lagged_cost` says so (`tests/benchmarks/structured_speed.py`).
"""

from __future__ import annotations

import numpy as np

_LARGEST_TABLE = 2**24
"""Numbers in a table of products of kernels, 128 MB; larger ones (hundreds of raw lags) are left to the dense product."""

_PER_PAIR, _PER_ROW, _PER_SPIKE, _PER_BORDER = 1e-8, 4e-9, 1e-8, 5e-8
_PER_PRODUCT, _PER_COLUMN = 1.2e-11, 3e-9
"""Seconds, measured: per pair of spikes, row and spike at each lag, pair of spikes at a border; per product and number of the dense way."""


def lagged_moments(counts: np.ndarray, lags: np.ndarray, kernel: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """X' X and the sums of the columns of X over some rows, X the counts filtered by kernels.

    Parameters
    ----------
    counts : (T, C) integers
    lags : (L,) consecutive ascending int
    kernel : (L, n) array
    rows : (T,) bool
        Rows that count; the windows of each must lie inside the counts.

    Returns
    -------
    (C * n, C * n) and (C * n,) arrays, channel-major.
    """
    from scipy.sparse import csr_array

    channels, (length, n) = counts.shape[1], kernel.shape
    if not rows.any():
        return np.zeros((channels * n, channels * n)), np.zeros(channels * n)
    where = np.flatnonzero(counts.ravel()).astype(np.int64)
    data, row, column = counts.ravel()[where].astype(np.float64), where // channels, where % channels
    spikes = csr_array((data, (row, column)), shape=counts.shape)
    seen = np.zeros(len(rows), bool)  # where the bin at the first lag of a row that counts lies
    used = np.flatnonzero(rows) - int(lags[0])
    seen[used] = True
    kept = seen[row]
    first = csr_array((data[kept], (column[kept], row[kept])), shape=(channels, len(counts)))
    square = kernel[:, None, :, None] * kernel[None, :, None, :]  # (L, L, n, n)
    common, summed, after = np.empty((length, channels**2)), np.empty((length, n * n)), []
    for distance in range(length):  # of the second lag from the first
        along = square[np.arange(length - distance), np.arange(distance, length)].reshape(-1, n * n)
        summed[distance] = along.sum(axis=0)
        after.append(along[::-1].cumsum(axis=0)[::-1][1:])  # over the pairs of lags that come after each
        pointers = np.concatenate([np.zeros(distance, spikes.indptr.dtype), spikes.indptr[: len(counts) + 1 - distance]])
        moved = csr_array((spikes.data[: pointers[-1]], spikes.indices[: pointers[-1]], pointers), shape=counts.shape)
        common[distance] = (first @ moved).toarray().ravel()
    edges = _at_edges(spikes, rows, int(lags[0]), length)
    gained = _gained(*edges, channels, length)
    same = np.multiply.outer(common[0], summed[0]) + gained[:, : length - 1] @ after[0]
    apart = common[1:].T @ summed[1:] + gained[:, length - 1 :] @ np.concatenate([*after[1:], np.zeros((0, n * n))])
    same, apart = (part.reshape(channels, channels, n, n) for part in (same, apart))
    whole = same + apart + apart.transpose(1, 0, 3, 2)
    change = np.asarray(edges[0].sum(axis=0) - edges[1].sum(axis=0)).reshape(length - 1, channels)
    lagged = np.asarray(first.sum(axis=1)).ravel() + np.concatenate([np.zeros((1, channels)), np.cumsum(change, axis=0)])
    return whole.transpose(0, 2, 1, 3).reshape(channels * n, channels * n), (lagged.T @ kernel).ravel()


def lagged_cost(counts: np.ndarray, length: int, n: int, rows: np.ndarray) -> float:
    """How long `lagged_moments` takes as a share of the dense product; infinite where it needs too much memory or is not exact."""
    total, channels = counts.shape
    if (
        counts.dtype.kind not in "iu"
        or length**2 * n**2 > _LARGEST_TABLE
        or channels**2 * length * n**2 > 2**31
        or not rows.any()
    ):
        return np.inf
    spikes = float(np.count_nonzero(counts))
    density = spikes / total
    runs = 2.0 * (np.count_nonzero(np.diff(rows.astype(np.int8)) > 0) + 1)
    own = length * (_PER_PAIR * spikes * density + _PER_ROW * total + _PER_SPIKE * spikes)
    own += _PER_BORDER * runs * (density * length) ** 2
    columns = channels * n
    return own / (rows.sum() * (_PER_PRODUCT * columns**2 + _PER_COLUMN * columns))


def _at_edges(spikes, rows: np.ndarray, first: int, length: int):
    """Counts at each lag but the last, seen from the bin before each stretch of rows and from the last one of each: sparse (S, (L - 1) C)."""
    steps = np.flatnonzero(np.diff(np.concatenate([[0], rows.astype(np.int8), [0]])))
    lags = 1 + first + np.arange(length - 1)
    return tuple(
        spikes[(edges[:, None] - lags).ravel()].reshape(len(edges), lags.size * spikes.shape[1]).tocsr()
        for edges in (steps[::2], steps[1::2])
    )


def _gained(starts, stops, channels: int, length: int):
    """What the stretches of rows gain at their starts less what they lose at their ends when both lags are a bin further.

    Sparse (C * C, L (L - 1) / 2): two channels by the first lag, for each distance of the second from it one after the other.
    """
    from scipy.sparse import coo_array, csr_array, vstack

    change = coo_array(vstack([starts, -1.0 * stops]).T.tocsr() @ vstack([starts, stops]).tocsr())
    (lag, one), (other_lag, other) = np.divmod(change.row, channels), np.divmod(change.col, channels)
    distance = other_lag.astype(np.int64) - lag
    ahead = distance >= 0
    begins = np.concatenate([[0], np.cumsum(np.arange(length - 1, 0, -1))])
    place = (one.astype(np.int64) * channels + other)[ahead], (begins[np.maximum(distance, 0)] + lag)[ahead]
    return csr_array((change.data[ahead], place), shape=(channels**2, length * (length - 1) // 2))
