"""Surrogates against the data: rates, intervals, auto- and cross-correlograms, and histograms around events, with bands over repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress
from glmengine.errors import GlmError
from glmengine.recording.events import event_times
from glmengine.simulation.bands import within_band
from glmengine.simulation.surrogates import Surrogates

if TYPE_CHECKING:
    import xarray as xr

BURST = 0.01
"""Seconds up to which an interval is one of a burst."""

_MOST_PAIR_REPEATS = 50  # of which cross-correlograms are made
_MOST_PAIR_UNITS = 60


def burst_within(bin_size: float) -> float:
    """Up to how long an interval is one of a burst (s), in bins of a length: whole bins, one at least."""
    return max(1, round(BURST / bin_size)) * bin_size


@dataclass(frozen=True, eq=False)
class SurrogateComparison:
    """What surrogates share with the data; every array has ``data``, and ``mean``, ``low`` and ``high`` (95 %) over the repeats.

    Attributes
    ----------
    rate : Dataset (unit)
        Observations per second.
    isi : Dataset (unit, interval) or None
        Share of intervals of each length, in bins up to the longest; None for signals.
    autocorrelogram : Dataset (unit, lag)
        Rate this long after a spike (Hz), or the correlation of a signal with itself.
    cross_correlogram : Dataset (unit, other, lag) or None
        Rate of ``unit`` this long after a spike of ``other``; None for one unit, for signals and for very many units.
    psth : Dataset (unit, time) or None
        Rate around an event; None where none was named.
    burst : Dataset (unit) or None
        Share of intervals of 10 ms at most, or one bin where bins are longer; None for signals.
    agreement : Dataset (unit)
        Share of the values of each of them that lie within the band.
    likeness : Dataset (unit) or None
        ``p`` of the data among the repeats, see `_likeness`; None for signals, and in older files.
    """

    rate: xr.Dataset
    isi: xr.Dataset | None
    autocorrelogram: xr.Dataset
    cross_correlogram: xr.Dataset | None
    psth: xr.Dataset | None
    burst: xr.Dataset | None
    agreement: xr.Dataset
    likeness: xr.Dataset | None = None

    def datasets(self) -> dict[str, xr.Dataset]:
        """The arrays by name, those that are there."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: dataset for name, dataset in named.items() if dataset is not None}

    def partners(self, unit: str, most: int = 3) -> tuple[str, ...]:
        """At most so many other units, first those whose cross-correlogram with this one lies least within the band of the surrogates."""
        if self.cross_correlogram is None:
            return ()
        own = self.cross_correlogram.sel(unit=unit).transpose("other", "lag")
        data, low, high = (own[name].values for name in ("data", "low", "high"))
        inside = ((data >= low) & (data <= high)).mean(axis=1)
        known = np.isfinite(data).any(axis=1)
        others = [at for at, name in enumerate(own["other"].values) if str(name) != unit and known[at]]
        return tuple(str(own["other"].values[at]) for at in sorted(others, key=lambda at: inside[at])[:most])

    @classmethod
    def from_datasets(cls, datasets: Mapping[str, xr.Dataset]) -> SurrogateComparison:
        """What `datasets` gave, put together again.

        Raises
        ------
        GlmError
            If one of those that are always there is missing.
        """
        missing = [name for name in ("rate", "autocorrelogram", "agreement") if name not in datasets]
        if missing:
            raise GlmError(f"the comparison of surrogates with the data lacks '{missing[0]}'; simulate again")
        return cls(**{field.name: datasets.get(field.name) for field in fields(cls)})


@dataclass(frozen=True)
class _Trains:
    """Observations of K series (data, or repeats) of M units on one time line, stretches further apart than any lag.

    Attributes
    ----------
    place : mapping of (series, unit) to (N,) int array
        Bins with spikes on that line.
    count : mapping of the same to (N,) array
    """

    place: Mapping[tuple[int, int], np.ndarray]
    count: Mapping[tuple[int, int], np.ndarray]


@takes_only_its_kinds
def compare_surrogates(
    surrogates: Surrogates,
    event: str = "",
    *,
    window: tuple[float, float] = (-0.5, 1.0),
    longest: float = 0.2,
    pairs: bool = True,
    context: Context = SILENT,
) -> SurrogateComparison:
    """Compare surrogates with what was recorded, over the bins of the fit that have both.

    Parameters
    ----------
    surrogates : Surrogates
    event : str
        An event, or times of trials (``"trials.start"``), for the histogram around it.
    window : (float, float)
        Seconds before (negative) and after the event.
    longest : float
        Longest interval and lag, in seconds.
    pairs : bool
        With cross-correlograms of all pairs of units.
    context : Context, optional

    Returns
    -------
    SurrogateComparison
        Rates, intervals, correlograms and histograms of both, with bands over repeats.

    Raises
    ------
    GlmError
        If nothing was recorded, all repeats ran away, no bin has both, or the event is not there.
    """
    if surrogates.counts is None or not np.isfinite(surrogates.counts).any():
        raise GlmError(
            "nothing was recorded of these units, so that there is nothing to compare with; simulate units that are in the recording"
        )
    bin_size = surrogates.grid.bin_size
    counts = np.asarray(surrogates.counts, np.float64)
    seen = surrogates.fitted & (surrogates.stretch >= 0) & np.isfinite(counts).all(axis=1)
    kept = np.flatnonzero(~surrogates.ran_away)
    if not seen.any():
        raise GlmError("no bin has both surrogates and recorded counts of all units; choose other epochs")
    if not len(kept):
        raise GlmError("a unit ran away in every repeat, so that there is nothing to compare; " + str(surrogates.runaways[0]))
    n_lags = max(2, round(longest / bin_size))
    events = _event_rows(surrogates, event, context)
    if surrogates.values is not None:
        return _of_signals(surrogates, counts, seen, kept, n_lags, events, window, context)
    trains = _trains(surrogates, counts, seen, kept, n_lags)
    units, series = len(surrogates.units), len(kept) + 1
    seconds = seen.sum() * bin_size
    rate, isi, auto = np.zeros((series, units)), np.zeros((series, units, n_lags)), np.zeros((series, units, n_lags))
    for number in range(series):
        context.check()
        context.report(Progress("Comparing", 0.5 * number / series))
        for unit in range(units):
            place, count = trains.place[number, unit], trains.count[number, unit]
            rate[number, unit] = count.sum() / seconds
            isi[number, unit], auto[number, unit] = _intervals(place, count, n_lags, bin_size)
    labels = {"unit": list(surrogates.units)}
    lag = np.arange(1, n_lags + 1) * bin_size
    cross = None
    if pairs and 1 < units <= _MOST_PAIR_UNITS:
        rates = _pairs(trains, min(series, _MOST_PAIR_REPEATS + 1), units, n_lags, bin_size, context.part(0.5, 0.9))
        offsets = np.arange(-n_lags, n_lags + 1) * bin_size
        cross = _banded(rates, ("unit", "other", "lag"), labels | {"other": labels["unit"], "lag": offsets})
    short = isi[:, :, : round(burst_within(bin_size) / bin_size)].sum(axis=2)
    found = {
        "rate": _banded(rate, ("unit",), labels),
        "isi": _banded(isi, ("unit", "interval"), labels | {"interval": lag}),
        "autocorrelogram": _banded(auto, ("unit", "lag"), labels | {"lag": lag}),
        "cross_correlogram": cross,
        "psth": None if events is None else _psth(surrogates, counts, seen, kept, events, window, labels, context.part(0.9, 1.0)),
        "burst": _banded(short, ("unit",), labels),
    }
    likeness = _likeness([rate, isi, auto, short], labels)
    return SurrogateComparison(**found, agreement=_agreement(found), likeness=likeness)


def _likeness(each: Sequence[np.ndarray], labels: dict[str, Any]) -> xr.Dataset:
    """Share of all series, the data (the first) among them, that are at least as far from the rest as the data, in any of several measures.

    Of a right model the data are one more repeat, so that p is below 0.05 in 5 % at most, whereas some of many values leave their own 95 % band more often than not. How far
    a series is in a measure (S, M) or (S, M, L) is the sum of squares of its standardised values, itself standardised over the series; the largest of these counts.
    """
    import xarray as xr

    far = np.stack([_standardised((_standardised(one) ** 2).reshape(*one.shape[:2], -1).sum(axis=2)) for one in each]).max(axis=0)
    p = (far >= far[:1] - 1e-12).mean(axis=0)
    return xr.Dataset({"p": ("unit", p, {"long_name": "share of series as unlike the others as the data"})}, labels)


def _standardised(values: np.ndarray) -> np.ndarray:
    """(S, ...) less the mean over the series, over their standard deviation; 0 where all are the same."""
    spread = values.std(axis=0)
    return (values - values.mean(axis=0)) / np.where(spread > 0, spread, np.inf)


def _trains(surrogates: Surrogates, counts: np.ndarray, seen: np.ndarray, kept: np.ndarray, n_lags: int) -> _Trains:
    """Data first, then the repeats that did not run away."""
    begins = seen.copy()
    begins[1:] &= ~seen[:-1] | (surrogates.stretch[1:] != surrogates.stretch[:-1])
    line = np.where(seen, np.cumsum(seen) + np.cumsum(begins) * (n_lags + 1), -1)
    place: dict[tuple[int, int], np.ndarray] = {}
    count: dict[tuple[int, int], np.ndarray] = {}
    for unit in range(len(surrogates.units)):
        found = np.flatnonzero(seen & (counts[:, unit] > 0))
        place[0, unit], count[0, unit] = line[found], counts[found, unit]
        for number, repeat in enumerate(kept):
            where, how_many = surrogates.spikes_of(int(repeat), unit)
            inside = seen[where]
            place[number + 1, unit], count[number + 1, unit] = line[where[inside]], how_many[inside].astype(np.float64)
    return _Trains(place, count)


def _intervals(place: np.ndarray, count: np.ndarray, n_lags: int, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
    """Share of intervals of 1 .. L bins, and rate at each lag after a spike."""
    auto, isi = np.zeros(n_lags), np.zeros(n_lags)
    for order in range(1, len(place)):
        step = place[order:] - place[:-order]
        near = step <= n_lags
        if not near.any():
            break
        if order == 1:
            isi = np.bincount(step[near] - 1, minlength=n_lags) / max(len(place) - 1, 1)
        auto += np.bincount(step[near] - 1, weights=(count[order:] * count[:-order])[near], minlength=n_lags)
    return isi, auto / max(count.sum(), 1.0) / bin_size


def _pairs(trains: _Trains, series: int, units: int, n_lags: int, bin_size: float, context: Context) -> np.ndarray:
    """(K, M, M, 2 L + 1) rate of a unit at each lag after a spike of another."""
    from scipy.sparse import csr_array

    found = np.full((series, units, units, 2 * n_lags + 1), np.nan)
    length = 1 + max((int(place[-1]) for place in trains.place.values() if len(place)), default=0) + n_lags
    for number in range(series):
        context.check()
        context.report(Progress("Comparing pairs of units", number / series))
        places = [trains.place[number, unit] for unit in range(units)]
        counts = [trains.count[number, unit] for unit in range(units)]
        pointers = np.cumsum([0, *(len(place) for place in places)])
        data, columns = np.concatenate(counts), np.concatenate(places)
        total = np.array([count.sum() for count in counts])
        later = csr_array((data, columns, pointers), shape=(units, length))
        for lag in range(n_lags + 1):
            earlier = csr_array((data, columns + lag, pointers), shape=(units, length))
            product = (later @ earlier.T).toarray()
            with np.errstate(divide="ignore", invalid="ignore"):
                found[number, :, :, n_lags + lag] = product / total / bin_size
                found[number, :, :, n_lags - lag] = product.T / total / bin_size
    return found


def _psth(
    surrogates: Surrogates,
    counts: np.ndarray,
    seen: np.ndarray,
    kept: np.ndarray,
    events: np.ndarray,
    window: tuple[float, float],
    labels: dict[str, Any],
    context: Context,
) -> xr.Dataset:
    bin_size = surrogates.grid.bin_size
    offsets = np.arange(round(window[0] / bin_size), round(window[1] / bin_size))
    if len(offsets) < 1:
        raise GlmError(f"window: {window[0]:g} to {window[1]:g} s holds no bin; let it end later than it begins")
    where = events[:, None] + offsets
    inside = (where >= 0) & (where < len(seen))
    clipped = np.clip(where, 0, len(seen) - 1)
    segment = surrogates.grid.segment
    inside &= seen[clipped] & (segment[clipped] == segment[np.clip(events, 0, len(seen) - 1)][:, None])
    times = inside.sum(axis=0)
    found = np.zeros((len(kept) + 1, len(surrogates.units), len(offsets)))
    for number in range(len(kept) + 1):
        context.check()
        context.report(Progress("Comparing around events", number / (len(kept) + 1)))
        values = counts if number == 0 else surrogates.observed(int(kept[number - 1]))
        values = np.where(seen[:, None], values, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            found[number] = (values[clipped] * inside[..., None]).sum(axis=0).T / times / bin_size
    return _banded(found, ("unit", "time"), labels | {"time": offsets * bin_size})


def _event_rows(surrogates: Surrogates, event: str, context: Context) -> np.ndarray | None:
    """Rows of the bins in which the events lie."""
    if not event:
        return None
    context.report(Progress("Comparing", 0.0))
    rows = surrogates.grid.rows_of(event_times(surrogates.recording, event).times)
    rows = rows[rows >= 0]
    if not len(rows):
        raise GlmError(f"event: none of '{event}' lies in the bins that were simulated; choose another")
    return rows


def _of_signals(
    surrogates: Surrogates,
    counts: np.ndarray,
    seen: np.ndarray,
    kept: np.ndarray,
    n_lags: int,
    events: np.ndarray | None,
    window: tuple[float, float],
    context: Context,
) -> SurrogateComparison:
    units, bin_size = len(surrogates.units), surrogates.grid.bin_size
    rate, auto = np.zeros((len(kept) + 1, units)), np.full((len(kept) + 1, units, n_lags), np.nan)
    for number in range(len(kept) + 1):
        context.check()
        context.report(Progress("Comparing", number / (len(kept) + 1)))
        values = np.where(seen[:, None], counts if number == 0 else surrogates.observed(int(kept[number - 1])), np.nan)
        rate[number] = np.nanmean(values, axis=0) / bin_size
        centred = values - np.nanmean(values, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            for lag in range(1, min(n_lags, len(values) - 1) + 1):
                together = surrogates.stretch[lag:] == surrogates.stretch[:-lag]
                product = np.where(together[:, None], centred[lag:] * centred[:-lag], np.nan)
                auto[number, :, lag - 1] = np.nanmean(product, axis=0) / np.nanmean(centred**2, axis=0)
    labels = {"unit": list(surrogates.units)}
    found = {
        "rate": _banded(rate, ("unit",), labels),
        "isi": None,
        "autocorrelogram": _banded(auto, ("unit", "lag"), labels | {"lag": np.arange(1, n_lags + 1) * bin_size}),
        "cross_correlogram": None,
        "psth": None if events is None else _psth(surrogates, counts, seen, kept, events, window, labels, context),
        "burst": None,
    }
    return SurrogateComparison(**found, agreement=_agreement(found))


def _banded(values: np.ndarray, dims: tuple[str, ...], coords: dict[str, Any]) -> xr.Dataset:
    """Data (the first of `values`) beside the mean and the 95 % band of the others."""
    import xarray as xr

    low, high = np.quantile(values[1:], [0.025, 0.975], axis=0)
    arrays = {"data": values[0], "mean": values[1:].mean(axis=0), "low": low, "high": high}
    return xr.Dataset({name: (dims, array) for name, array in arrays.items()}, coords)


def _agreement(found: Mapping[str, xr.Dataset | None]) -> xr.Dataset:
    """Share of the values of each array that lie within the band, per unit."""
    import xarray as xr

    shares, units = {}, found["rate"]["unit"]
    for name, dataset in found.items():
        if dataset is None:
            continue
        inside, known = within_band(dataset.transpose("unit", ...))
        others = tuple(range(1, known.ndim))
        with np.errstate(divide="ignore", invalid="ignore"):
            shares[name] = ("unit", inside.sum(axis=others) / known.sum(axis=others))
    return xr.Dataset(shares, {"unit": units})
