"""The summary of a recording for lists and plots: units, covariates, epochs and events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.recording.events import own_events
from glmengine.recording.observed import SPIKES, Words, recorded_words
from glmgui.drawings.activity_levels import ActivityLevels, levels_of_spikes, levels_of_traces
from glmgui.drawings.binned_units import spike_times, sums_in_stretches
from glmgui.drawings.extremes import Extremes, extremes_of, thinned, turning_extremes

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate, Recording

SPARK_BINS = 60
MOST_POINTS = 4_000_000  # of a covariate, that are kept to be drawn
MOST_DOTS = 20_000  # spikes of one unit on a covariate
MOST_COMPONENTS = 6  # of a covariate that are drawn over time
MOST_SPIKES = 20_000_000  # that are listed one by one where units come as counts
FEW_VALUES = 8
_GAP_PERIODS = 10


@dataclass(frozen=True, eq=False)
class UnitRow:
    """One unit.

    Attributes
    ----------
    name : str
    n_spikes : float
        Of a signal its sum; NaN before they are counted.
    rate : float
        The same per second (Hz) in which it was recorded.
    activity : (SPARK_BINS,) float
        Share of its busiest bin in each of equally long stretches of the recording.
    times : (n,) float
        Spike times in s; for units that come as counts, the bins' times as often as they count; none where there are `Traces`.
    extra : tuple of str
        What the file says of it, one text a metadata column.
    """

    name: str
    n_spikes: float
    rate: float
    activity: np.ndarray
    times: np.ndarray
    extra: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Traces:
    """Signals, or counts too high to be drawn as spikes: times (T,) in s and values (T, M) of whatever kind the recording has them in."""

    times: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of one unit on a covariate: times (n,) in s and values (n, c), NaN where it is not known."""

    unit: str
    times: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class UnitColumn:
    """A column of the table of units: its different values as text, and their range where they are numbers (NaN for words)."""

    name: str
    values: tuple[str, ...]
    low: float
    high: float

    @property
    def by_value(self) -> bool:
        """Whether units are better chosen by its values than by limits."""
        return np.isnan(self.low) or len(self.values) <= FEW_VALUES


@dataclass(frozen=True)
class CovariateRow:
    """One covariate: sampling rate (Hz), share of the recording in which it is valid, and its range (NaN without valid samples)."""

    name: str
    unit: str
    kind: str
    components: tuple[str, ...]
    sampling: float
    valid: float
    low: float
    high: float
    description: str


@dataclass(frozen=True)
class EpochRow:
    """One named set of intervals, or of moments: ``kind`` is epoch, trials or event."""

    name: str
    kind: str
    pieces: tuple[tuple[float, float], ...]

    n_moments: int = 0

    @property
    def count(self) -> int:
        return self.n_moments if self.kind == "event" else len(self.pieces)

    @property
    def seconds(self) -> float:
        return sum(stop - start for start, stop in self.pieces)


@dataclass(frozen=True)
class Summary:
    """Everything the data panel lists; before `levels` are there, the spikes are not counted yet."""

    units: tuple[UnitRow, ...]
    headings: tuple[str, ...]
    covariates: tuple[CovariateRow, ...]
    epochs: tuple[EpochRow, ...]
    events: tuple[tuple[str, int], ...]
    span: tuple[float, float]
    columns: tuple[UnitColumn, ...] = ()
    words: Words = SPIKES
    traces: Traces | None = None
    levels: ActivityLevels | None = None

    @property
    def is_counted(self) -> bool:
        return self.levels is not None


def outline(recording: Recording, context: Context = SILENT) -> Summary:
    """What can be listed of a recording before its spikes are counted."""
    everything = recording.epochs["all"]
    span = (float(everything.start[0]), float(everything.end[-1]))
    if span[1] <= span[0]:
        span = (span[0], span[0] + 1.0)
    headings, extras = _metadata(recording)
    context.check()
    epochs = [EpochRow(name, "epoch", pieces_of(value)) for name, value in recording.epochs.items()]
    epochs += [EpochRow(name, "trials", pieces_of(value)) for name, value in recording.trials.items()]
    unknown = float("nan")
    covariates = []
    for covariate in recording.covariates.values():
        context.check()
        covariates.append(covariate_row(covariate, recording.duration))
    return Summary(
        tuple(
            UnitRow(name, unknown, unknown, np.zeros(SPARK_BINS), np.empty(0), extra)
            for name, extra in zip(recording.unit_names, extras, strict=True)
        ),
        headings,
        tuple(covariates),
        tuple(epochs),
        tuple((name, len(recording.events[name])) for name in own_events(recording)),
        span,
        unit_columns(recording),
        recorded_words(recording),
    )


def summarise(recording: Recording, context: Context = SILENT) -> Summary:
    """The lists of the data panel for `recording`; its mean rates, by which units may be chosen, are known from then on."""
    return counted(outline(recording, context), recording, context)


def counted(listed: Summary, recording: Recording, context: Context = SILENT) -> Summary:
    """The outline of a recording with its spikes counted."""
    _ = recording.mean_rates
    context.check()
    span, extras = listed.span, [unit.extra for unit in listed.units]
    traces = _traces(recording)
    context.check()
    if traces is None:
        spikes = _spike_times(recording, context)
        levels = levels_of_spikes(spikes, span, context)
        units = tuple(
            _unit(name, times, span, rate, extra)
            for name, times, rate, extra in zip(recording.unit_names, spikes, recording.mean_rates, extras, strict=True)
        )
    else:
        levels = levels_of_traces(traces.times, traces.values, span, context)
        context.check()
        sums, known = sums_in_stretches(traces.times, traces.values, SPARK_BINS, span)
        units = tuple(
            _traced(name, sums[:, at], known[:, at], recording.mean_rates[at], extras[at])
            for at, name in enumerate(recording.unit_names)
        )
    return replace(listed, units=units, traces=traces, levels=levels)


def unit_columns(recording: Recording) -> tuple[UnitColumn, ...]:
    """What units can be chosen by; columns that hold nothing are left out."""
    from glmengine.recording.events import as_label

    table, found = recording.unit_table, []
    for at, name in enumerate(() if table is None else table.columns):
        texts = {text for text in map(as_label, table.iloc[:, at].to_numpy(dtype=object)) if text}
        try:
            numbers = sorted((float(text), text) for text in texts)
            low, high = (numbers[0][0], numbers[-1][0]) if numbers else (float("nan"), float("nan"))
            values = tuple(text for _, text in numbers)
        except ValueError:
            low, high, values = float("nan"), float("nan"), tuple(sorted(texts))
        if values:
            found.append(UnitColumn(str(name), values, low, high))
    return tuple(found)


def covariate_row(covariate: Covariate, duration: float) -> CovariateRow:
    """What is listed of one covariate in a recording of `duration` s."""
    times, values = covariate.seen()
    values = values.reshape(len(times), -1)
    finite = np.isfinite(values).all(axis=1) if values.dtype.kind == "f" else np.ones(len(times), bool)
    good_times = times[finite]
    period = covariate.period
    covered = 0.0
    if len(good_times) > 1 and period > 0:
        steps = np.diff(good_times)
        covered = float(steps[steps <= _GAP_PERIODS * period * 1.001].sum()) + period
    if covariate.stored is not None:
        covered = float(finite.mean()) * (covariate.stored.stop - covariate.stored.start)
    good = values[finite]
    low, high = (float(good.min()), float(good.max())) if good.size else (float("nan"), float("nan"))
    return CovariateRow(
        covariate.name,
        covariate.unit,
        covariate.kind,
        covariate.components,
        1 / period if period > 0 else float("nan"),
        min(covered / duration, 1.0) if duration > 0 else 0.0,
        low,
        high,
        covariate.description,
    )


def series_to_draw(covariate: Covariate) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) and values (n, c) of a covariate, of very many samples the extremes; NaN where a line must not be drawn.

    Lines are not drawn over gaps, nor from one side of the circle to the other, nor between the stretches that are known of a series
    that stays in its file.
    """
    times, values = _seen(covariate)
    if covariate.kind == "angle":
        values[1:][(np.abs(np.diff(values, axis=0)) > np.pi).any(axis=1)] = np.nan
    if covariate.kind in ("step", "category"):  # a value holds until the next one
        times, values = np.repeat(times, 2)[1:], np.repeat(values, 2, axis=0)[:-1]
    return thinned(times, values, MOST_POINTS)


def _seen(covariate: Covariate) -> tuple[np.ndarray, np.ndarray]:
    """Times (n,) and values (n, c) of a covariate, NaN after each gap."""
    times, values = covariate.seen()
    values = np.array(values, float).reshape(len(times), -1)
    values[1:][np.diff(times) > _GAP_PERIODS * covariate.period] = np.nan
    return times, values


def detail_to_draw(covariate: Covariate, context: Context = SILENT) -> tuple[Extremes, ...]:
    """The components of a covariate that are drawn over time, at all levels of detail."""
    turning = covariate.kind == "angle"
    times, values = _seen(covariate) if turning else series_to_draw(covariate)
    found = []
    for at in range(min(values.shape[1], MOST_COMPONENTS)):
        context.check()
        found.append((turning_extremes if turning else extremes_of)(times, values[:, at]))
    return tuple(found)


def spikes_to_draw(recording: Recording, covariate: str, unit: str | None, max_gap: float | None) -> Spikes | None:
    """The spikes of a unit on a covariate of the recording; None without a unit. Of very many every second, third, ... one."""
    if unit is None:
        return None
    from glmengine.recording.described.spike_times import counted_times
    from glmengine.recording.events import covariate_at

    times, counted = counted_times(recording, unit)
    times = times[counted > 0]
    times = times[:: max(1, -(-len(times) // MOST_DOTS))]
    names = recording.covariates[covariate].variables[:MOST_COMPONENTS]
    return Spikes(unit, times, np.column_stack([covariate_at(recording, times, name, max_gap) for name in names]))


def _unit(name: str, times: np.ndarray, span: tuple[float, float], rate: float, extra: tuple[str, ...]) -> UnitRow:
    counts, _ = np.histogram(times, bins=SPARK_BINS, range=span)
    activity = counts / max(counts.max(), 1)
    return UnitRow(name, len(times), float(rate), activity, times, extra)


def _traced(name: str, sums: np.ndarray, known: np.ndarray, rate: float, extra: tuple[str, ...]) -> UnitRow:
    mean = np.where(known > 0, sums / np.maximum(known, 1), np.nan)
    low, high = (float(np.nanmin(mean)), float(np.nanmax(mean))) if known.any() else (0.0, 0.0)
    activity = np.nan_to_num((mean - min(low, high)) / max(high - low, 1e-300))
    return UnitRow(name, float(sums.sum()), float(rate), activity, np.empty(0), extra)


def _traces(recording: Recording) -> Traces | None:
    """The values of units that are no spikes, or too many of them for a list of their times."""
    if recording.counts is None:
        return None
    values = np.asarray(recording.counts.values)
    values = values.reshape(len(values), -1)
    if recorded_words(recording).per_spike and np.nansum(values, dtype=np.float64) <= MOST_SPIKES:
        return None
    return Traces(np.asarray(recording.counts.t, float), values)


def _spike_times(recording: Recording, context: Context) -> list[np.ndarray]:
    if recording.spikes is not None:
        return [np.asarray(recording.spikes[index].t, float) for index in range(len(recording.unit_names))]
    counts = np.asarray(recording.counts.values)
    return spike_times(np.asarray(recording.counts.t, float), counts.reshape(len(counts), -1), context)


def _metadata(recording: Recording) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    table = recording.unit_table
    if table is None or not len(table.columns):
        return (), [()] * len(recording.unit_names)
    headings = tuple(str(heading) for heading in table.columns)
    return headings, [tuple(_text(value) for value in values) for values in table.itertuples(index=False, name=None)]


def _text(value: object) -> str:
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.6g}"
    return "" if value is None else str(value)


def pieces_of(intervals) -> tuple[tuple[float, float], ...]:
    """Start and stop (s) of each interval."""
    return tuple((float(start), float(stop)) for start, stop in zip(intervals.start, intervals.end, strict=True))
