"""Counts and spike times drawn from a point-process model, bin by bin, with a seed.

The log of the expected count is a sum of tuning, the unit's own past and the other units' past.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pynapple as nap


def simulate_counts(drive: np.ndarray, kernels: np.ndarray, rng: np.random.Generator, *, most: float = 2.0) -> np.ndarray:
    """Poisson counts whose log mean is `drive` plus every unit's past counts through the kernels.

    Parameters
    ----------
    drive : (T, M) array
        Log of the expected count per bin without any past.
    kernels : (M, L, M) array
        ``kernels[source, lag - 1, target]``: what one spike adds to the log mean `lag` bins later.
    rng : Generator
    most : float
        The log of the expected count per bin never exceeds the log of this, so that excitation cannot run away.

    Returns
    -------
    (T, M) int array
    """
    n_bins, n_units = drive.shape
    n_lags = kernels.shape[1]
    counts = np.zeros((n_bins, n_units), dtype=np.int64)
    chance = rng.random((n_bins, n_units))
    ceiling = np.log(most)
    if not kernels.any():  # no bin waits for the one before it
        means = np.exp(np.minimum(drive, ceiling))
        for t, unit in np.argwhere(chance > np.exp(-means)):
            counts[t, unit] = _poisson_quantile(chance[t, unit], means[t, unit])
        return counts
    total = np.concatenate([drive, np.zeros((n_lags, n_units))])
    for t in range(n_bins):
        mean = np.exp(np.minimum(total[t], ceiling))
        for unit in np.nonzero(chance[t] > np.exp(-mean))[0]:
            counts[t, unit] = _poisson_quantile(chance[t, unit], mean[unit])
            total[t + 1 : t + 1 + n_lags] += counts[t, unit] * kernels[unit]
    return counts


def _poisson_quantile(chance: float, mean: float) -> int:
    """The least k whose distribution function is not below `chance`."""
    count, term = 0, math.exp(-mean)
    below = term
    while below < chance and term > 0.0:
        count += 1
        term *= mean / count
        below += term
    return count


def spikes_from_counts(counts: np.ndarray, bin_size: float, rng: np.random.Generator, start: float = 0.0) -> nap.TsGroup:
    """Spike times, each placed at random inside its bin, as a `TsGroup` keyed 0..M-1.

    Parameters
    ----------
    counts : (T, M) int array
    bin_size, start : float
        Seconds; `start` is where the first bin begins.
    """
    import pynapple as nap

    support = nap.IntervalSet(start, start + len(counts) * bin_size)
    trains = {}
    for unit in range(counts.shape[1]):
        rows = np.repeat(np.arange(len(counts)), counts[:, unit])
        # clear of the edges, where rounding could move a spike to the next bin
        times = start + (rows + rng.uniform(0.01, 0.99, rows.size)) * bin_size
        trains[unit] = nap.Ts(np.sort(times), time_support=support)
    return nap.TsGroup(trains, time_support=support)
