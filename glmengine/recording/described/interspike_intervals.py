"""Intervals between spikes: their histogram, those shorter than a refractory period, and the contamination that these speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.described.spike_times import counted_times, piece_of, recorded_pieces
from glmengine.sentences import numbered, percent
from glmengine.timegrid.intervals import as_pairs, merge

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording

REFRACTORY = (0.001, 0.002)
"""Seconds below which an interval is counted as a violation."""

_ALL = 0.95  # contamination above which there is none of the cell to be seen

SOURCE = "Llobet, Wyngaard and Barbour 2022, bioRxiv 2022.02.08.479192"


def interspike_intervals(
    recording: Recording,
    pieces: np.ndarray,
    units: Sequence[str] | None = None,
    *,
    longest: float = 0.1,
    bin_size: float = 0.001,
    refractory: Sequence[float] = REFRACTORY,
) -> xr.Dataset:
    """Intervals between successive spikes of each unit that lie in one stretch of time.

    Parameters
    ----------
    recording : Recording
    pieces : (S, 2) array
        Start and stop in seconds of the time that is taken.
    units : sequence of str, optional
        All where None.
    longest, bin_size : float
        End of the histogram and width of its bins, in seconds.
    refractory : sequence of float
        Refractory periods, in seconds.

    Returns
    -------
    Dataset
        ``intervals`` (unit, interval_s): how many in each bin, named by its centre; ``beyond`` (unit): how many are longer.
        ``spikes``, ``seconds``, ``median_s`` and ``cv`` (standard deviation over mean) (unit).
        ``violations`` and ``share`` (unit, below_s): intervals shorter than a refractory period, and their share of all.
        ``contamination`` (unit, below_s): the share F of spikes that come from elsewhere, by Llobet et al. 2022: N spikes in T seconds, of
        which F N come at random (from many cells, or noise), give (1 - (1 - F)^2) N^2 tau / T violations of tau; so F = 1 - sqrt(1 - n T /
        (N^2 tau)), and 1 where there are as many as a train without any refractory period has. (Hill, Mehta and Kleinfeld 2011, J.
        Neurosci. 31, take one single other cell.)

    Raises
    ------
    GlmError
        If the units came as counts, a unit is unknown, or the histogram has no whole bin.
    """
    import xarray as xr

    if recording.spikes is None:
        raise GlmError(
            f"{recording.name}: its units came as counts in bins, between which intervals are not known; open a recording with spike times"
        )
    n_bins = round(longest / bin_size) if bin_size > 0 and np.isfinite(longest) else 0
    if not 1 <= n_bins <= 100_000:
        raise GlmError(f"intervals up to {longest:g} s in bins of {bin_size:g} s make no histogram; choose narrower bins")
    names = recording.unit_names if units is None else tuple(units)
    whole = merge(as_pairs(pieces))
    periods = np.asarray(refractory, np.float64)
    histogram = np.zeros((len(names), n_bins), np.int64)
    violations = np.zeros((len(names), len(periods)), np.int64)
    share, contamination = (np.full(violations.shape, np.nan) for _ in range(2))
    spikes, beyond = (np.zeros(len(names), np.int64) for _ in range(2))
    seconds, median, cv = np.zeros(len(names)), np.full(len(names), np.nan), np.full(len(names), np.nan)
    for row, unit in enumerate(names):
        own = recorded_pieces(recording, unit, whole)
        times, _ = counted_times(recording, unit)
        piece = piece_of(own, times)
        times, piece = times[piece >= 0], piece[piece >= 0]
        gaps = np.round(np.diff(times), 9)[piece[1:] == piece[:-1]]  # to the nanosecond: 2 ms are not below 2 ms
        spikes[row], seconds[row] = len(times), float((own[:, 1] - own[:, 0]).sum())
        at = np.floor(np.round(gaps / bin_size, 6)).astype(np.int64)
        histogram[row] = np.bincount(at[at < n_bins], minlength=n_bins)
        beyond[row] = int((at >= n_bins).sum())
        violations[row] = [(gaps < period).sum() for period in periods]
        contamination[row] = contamination_of(violations[row], spikes[row], seconds[row], periods)
        if len(gaps):
            share[row], median[row] = violations[row] / len(gaps), np.median(gaps)
            cv[row] = gaps.std() / gaps.mean() if gaps.mean() > 0 else np.nan
    one, periodic = ("unit",), ("unit", "below_s")
    return xr.Dataset(
        {
            "intervals": (("unit", "interval_s"), histogram, {"long_name": "intervals"}),
            "beyond": (one, beyond, {"long_name": f"intervals of {longest:g} s and longer"}),
            "spikes": (one, spikes, {"long_name": "spikes"}),
            "seconds": (one, seconds, {"unit": "s", "long_name": "time"}),
            "median_s": (one, median, {"unit": "s", "long_name": "median interval"}),
            "cv": (one, cv, {"long_name": "coefficient of variation"}),
            "violations": (periodic, violations, {"long_name": "shorter intervals"}),
            "share": (periodic, share, {"long_name": "share of shorter intervals"}),
            "contamination": (periodic, contamination, {"long_name": "estimated share of foreign spikes", "source": SOURCE}),
        },
        {
            "unit": list(names),
            "interval_s": (
                "interval_s",
                (np.arange(n_bins) + 0.5) * bin_size,
                {"unit": "s", "long_name": "interval between spikes"},
            ),
            "below_s": ("below_s", periods, {"unit": "s", "long_name": "refractory period"}),
        },
    )


def contamination_of(violations: np.ndarray, spikes: int, seconds: float, refractory: np.ndarray) -> np.ndarray:
    """Estimated share of foreign spikes, of the shape of `refractory` (s); NaN without spikes (see `interspike_intervals`)."""
    if not spikes:
        return np.full(np.shape(refractory), np.nan)
    return 1 - np.sqrt(np.clip(1 - violations * seconds / (float(spikes) ** 2 * refractory), 0.0, 1.0))


def intervals_in_words(found: xr.Dataset, unit: str) -> str:
    """``1,204 spikes. Intervals: 0 below 1 ms (...), 3 below 2 ms (0.25 %; contamination about 4.1 %). Median 126.6 ms.``"""
    one = found.sel(unit=unit)
    parts = []
    for period in one["below_s"].values:
        at = one.sel(below_s=period)
        if not np.isfinite(at["share"]):
            continue
        share = float(at["contamination"])
        foreign = "as many as without a refractory period" if share > _ALL else f"contamination about {percent(share, 1)}"
        parts.append(f"{int(at['violations']):,} below {period * 1000:g} ms ({percent(float(at['share']), 2)}; {foreign})")
    counted = numbered(int(one["spikes"]), "spike")
    if not parts:
        return f"{counted}: no interval between two spikes."
    return f"{counted}. Intervals: {', '.join(parts)}. Median {float(one['median_s']) * 1000:.4g} ms."
