"""Time rescaling: the Kolmogorov-Smirnov test of rescaled intervals in discrete time, their quantiles and their autocorrelation.

Under the true model the intervals between spikes, in units of the expected count, are exponential with mean 1 (Brown et al. 2002). In bins
that is biased; drawing where in its bin a spike lies makes it exact (Haslinger, Pipa & Brown 2010). An interval that the end of a stretch cuts
off is not thrown away, which would leave too many short ones, but taken as longer than what was seen of it (Kaplan & Meier).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.goodness.observations import Series

CRITICAL = 1.3580986393225505
"""95 % point of Kolmogorov's distribution."""

_SURE = 100.0
"""Hazard of a bin that is sure to hold a spike, in place of an infinite one."""


@dataclass(frozen=True)
class Intervals:
    """Rescaled intervals of one unit, in the order of time.

    Attributes
    ----------
    length : (N,) array
        In units of the expected count.
    complete : (N,) bool
        False for one that the end of a stretch cuts off.
    run : (N,) int
        The stretch that it lies in.
    """

    length: np.ndarray
    complete: np.ndarray
    run: np.ndarray


@dataclass(frozen=True)
class KolmogorovSmirnov:
    """The test of rescaled intervals (or of probability transforms).

    Attributes
    ----------
    statistic : float
        Largest difference of the two distribution functions, in units of which `band` is the 95 % point.
    band, p : float
    n : int
        Intervals, those cut off among them.
    n_cut : int
    """

    statistic: float
    band: float
    p: float
    n: int
    n_cut: int


def rescaled_intervals(series: Series, rng: np.random.Generator) -> Intervals:
    """Intervals from each spike to the next one or to the end of its stretch.

    Of a Poisson model the spikes of a bin lie anywhere in it, as they do given their number. Of the other families a bin with spikes is one
    event, whose hazard is that of any spike; the next interval begins with the next bin.
    """
    judged = series.used
    parts = series.family.divisible
    observed, expected = np.where(judged, series.observed, 0.0), np.where(judged, series.expected, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(judged, -series.family.log_likelihood(expected, np.zeros_like(expected), series.dispersion), 0.0)
    hazard = np.minimum(hazard, _SURE)
    after = np.cumsum(hazard)
    before = after - hazard
    spikes = np.flatnonzero(observed > 0)
    ends = _run_ends(series.run, after)
    if parts:
        counts = observed[spikes].astype(np.int64)
        which = np.repeat(spikes, counts)
        # sorted within each bin: bins are apart, so that one sort of all does it
        places = np.sort(np.repeat(np.arange(len(spikes)), counts) + rng.random(counts.sum()))
        events = before[which] + (places - np.floor(places)) * hazard[which]
        begins = events
    else:
        which = spikes
        events = before[which] - np.log1p(rng.random(len(which)) * np.expm1(-hazard[which]))
        begins = after[which]
    run = series.run[which]
    complete = np.zeros(len(which), bool)
    complete[:-1] = run[1:] == run[:-1]
    length = np.where(complete, np.append(events[1:], 0.0), ends[run] if len(run) else 0.0) - begins
    return Intervals(np.maximum(length, 0.0), complete, run)


def _run_ends(run: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Summed hazard at the end of each run."""
    ends = np.zeros(int(run.max(initial=-1)) + 1)
    inside = run >= 0
    np.maximum.at(ends, run[inside], after[inside])
    return ends


def censored_test(intervals: Intervals) -> KolmogorovSmirnov:
    """Kolmogorov-Smirnov test of exponential intervals of mean 1, some of which are cut off.

    The difference of the product-limit estimate and the exponential is weighted as in the bands of Hall & Wellner (1980), with the variance
    that the model itself implies; without cut-off intervals this is the plain test.
    """
    n, events = len(intervals.length), int(intervals.complete.sum())
    if events < 2:
        return KolmogorovSmirnov(np.nan, np.nan, np.nan, n, n - events)
    where, estimate, weight = _product_limit(intervals)
    exponential = np.exp(-where)
    before = np.concatenate([[1.0], estimate[:-1]])
    worst = np.maximum(np.abs(estimate - exponential), np.abs(before - exponential)) * weight
    statistic = float(worst.max())
    return _tested(statistic, n, n - events)


def uniform_test(values: np.ndarray) -> KolmogorovSmirnov:
    """Plain Kolmogorov-Smirnov test of values between 0 and 1."""
    n = len(values)
    if n < 2:
        return KolmogorovSmirnov(np.nan, np.nan, np.nan, n, 0)
    ordered = np.sort(values)
    steps = np.arange(n + 1) / n
    statistic = float(np.maximum(steps[1:] - ordered, ordered - steps[:-1]).max())
    return _tested(statistic, n, 0)


def _tested(statistic: float, n: int, n_cut: int) -> KolmogorovSmirnov:
    """Band and p-value with Stephens' (1970) correction for small numbers."""
    from scipy.special import kolmogorov

    factor = np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)
    return KolmogorovSmirnov(statistic, float(CRITICAL / factor), float(kolmogorov(statistic * factor)), n, n_cut)


def _product_limit(intervals: Intervals) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lengths of the complete intervals in order, the product-limit survivor function at each, and the weight of a difference there."""
    order = np.lexsort((~intervals.complete, intervals.length))  # at a tie the complete one first
    length, complete = intervals.length[order], intervals.complete[order]
    at_risk = np.arange(len(length), 0, -1)
    survivor = np.cumprod(np.where(complete, 1.0 - 1.0 / at_risk, 1.0))
    uncut = np.cumprod(np.where(complete, 1.0, 1.0 - 1.0 / np.maximum(at_risk, 1)))
    uncut_before = np.concatenate([[1.0], uncut[:-1]])
    grown = np.exp(np.minimum(length, 500.0))
    variance = np.cumsum(np.diff(grown, prepend=1.0) / np.maximum(uncut_before, 1e-12))
    weight = grown / (1.0 + variance)  # (1 - K)/S, 1 without cut-off intervals
    return length[complete], survivor[complete], weight[complete]


def distribution_curve(intervals: Intervals, at: np.ndarray, band: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of intervals below each quantile `at` (Q,) of the exponential, and the 95 % band of it about the model."""
    if not intervals.complete.any():
        return tuple(np.full(len(at), np.nan) for _ in range(3))
    where, estimate, weight = _product_limit(intervals)
    place = np.searchsorted(where, -np.log1p(-at), side="right") - 1
    share = np.where(place >= 0, 1.0 - estimate[np.maximum(place, 0)], 0.0)
    half = band / np.where(place >= 0, weight[np.maximum(place, 0)], 1.0)
    return share, np.clip(at - half, 0.0, 1.0), np.clip(at + half, 0.0, 1.0)


def interval_quantiles(intervals: Intervals, at: np.ndarray) -> np.ndarray:
    """(Q,) rescaled length below which a share `at` of the intervals lies, NaN beyond the longest."""
    found = np.full(len(at), np.nan)
    if intervals.complete.any():
        where, estimate, _ = _product_limit(intervals)
        place = np.searchsorted(1.0 - estimate, at - 1e-12, side="left")
        inside = place < len(where)
        found[inside] = where[place[inside]]
    return found


def interval_correlation(intervals: Intervals, n_lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of normal-transformed intervals some intervals apart (n_lags,), lag 1 first, and half its 95 % band.

    Pairs are of complete intervals of one stretch.
    """
    from scipy.special import ndtri

    level = np.clip(-np.expm1(-intervals.length), 1e-12, 1.0 - 1e-12)
    normal = ndtri(level)
    found, half = np.full(n_lags, np.nan), np.full(n_lags, np.nan)
    for lag in range(1, min(n_lags, len(normal) - 1) + 1):
        pair = intervals.complete[lag:] & (intervals.run[lag:] == intervals.run[:-lag])
        n = int(pair.sum())
        if n > 3:
            found[lag - 1] = np.mean(normal[lag:][pair] * normal[:-lag][pair])
            half[lag - 1] = 1.959963984540054 / np.sqrt(n)
    return found, half
