"""Spikes around events: the times of each spike from its event, and mean rates for each condition of the trials."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.binned import count_bin_width
from glmengine.recording.described.spike_times import counted_times, piece_of, recorded_pieces
from glmengine.recording.events import as_label, event_times, values_at
from glmengine.recording.observed import recorded_words
from glmengine.sentences import numbered
from glmengine.timegrid.counts import frames_per_bin
from glmengine.timegrid.intervals import TOUCHING, as_pairs, merge

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording

MOST_CONDITIONS = 8
"""Different numbers of a property up to which each is a condition; of more, thirds are made."""

EVERY, MISSING = "all", "no value"
_MOST_BINS = 5000


@dataclass(frozen=True, eq=False)
class PeriEvent:
    """What units do around events.

    Attributes
    ----------
    rates : Dataset
        ``rate`` and its ``error`` (unit, condition, time_s) in Hz: mean over events, and the standard deviation between them over the
        root of their number (NaN for one event); ``events`` (unit, condition): how many.
    events : Dataset
        ``condition`` (event), over the coordinate ``event``: their times in s, in order.
    notes : tuple of str
        What was left out or put together.
    """

    rates: xr.Dataset
    events: xr.Dataset
    notes: tuple[str, ...] = ()


def peri_event(
    recording: Recording,
    pieces: np.ndarray,
    event: str,
    units: Sequence[str] | None = None,
    *,
    by: str = "",
    before: float = 0.5,
    after: float = 1.0,
    bin_size: float = 0.02,
    smoothing: float = 0.0,
) -> PeriEvent:
    """Mean rates around events (the peri-event time histogram), for each condition.

    Parameters
    ----------
    recording : Recording
    pieces : (S, 2) array
        Start and stop in seconds of the time that is taken; an event counts where its whole window lies in one stretch.
    event : str
        As for `glmengine.recording.events.event_times`: an event, or ``TABLE.start``, ``TABLE.stop``, ``TABLE.COLUMN`` of trials.
    units : sequence of str, optional
        All where None.
    by : str
        A property of the trials (``TABLE.COLUMN``) whose values are the conditions; of more than 8 different numbers thirds are made.
    before, after : float
        Window in seconds.
    bin_size : float
        In seconds.
    smoothing : float
        Standard deviation in seconds of a Gaussian; 0 for none.

    Raises
    ------
    GlmError
        If there is no such event, property or unit, the window holds no whole bin, no event is left, or counts that came in bins cannot
        be made into these.
    """
    import xarray as xr
    from scipy.ndimage import gaussian_filter1d

    n_bins = _bins(before, after, bin_size, smoothing)
    if recording.counts is not None and not frames_per_bin(bin_size, count_bin_width(recording)):
        width = count_bin_width(recording)
        raise GlmError(
            f"{recording.name}: its counts came in bins of {width:g} s; use a whole multiple of that", field="bin_size"
        )
    whole = merge(as_pairs(pieces))
    found = event_times(recording, event, field="event")
    labels, notes = _conditions(
        np.full(len(found.times), EVERY, object) if not by else values_at(recording, found, by, field="by")
    )
    kept = _whole_windows(whole, found.times, before, after)
    if not kept.any():
        raise GlmError(
            f"no '{event}' has its whole window in the time that is used; choose a shorter window or more epochs", field="event"
        )
    if not kept.all():
        notes.append(
            f"{numbered(int((~kept).sum()), 'event')} of {len(kept):,} left out: their windows reach beyond the time that is used."
        )
    times, labels = found.times[kept], labels[kept]
    conditions = _ordered(labels)
    names = recording.unit_names if units is None else tuple(units)
    rate, error = (np.full((len(names), len(conditions), n_bins), np.nan) for _ in range(2))
    number = np.zeros((len(names), len(conditions)), np.int64)
    for row, unit in enumerate(names):
        seen = _whole_windows(recorded_pieces(recording, unit, whole), times, before, after)
        counts = _counts(recording, unit, times, before, n_bins, bin_size) / bin_size
        if smoothing > 0:
            counts = gaussian_filter1d(counts, smoothing / bin_size, axis=1, mode="nearest")
        for column, condition in enumerate(conditions):
            own = counts[seen & (labels == condition)]
            number[row, column] = len(own)
            if len(own):
                rate[row, column] = own.mean(axis=0)
            if len(own) > 1:
                error[row, column] = own.std(axis=0, ddof=1) / np.sqrt(len(own))
    words, dims = recorded_words(recording), ("unit", "condition", "time_s")
    rates = xr.Dataset(
        {
            "rate": (dims, rate, {"unit": words.unit, "long_name": words.rate}),
            "error": (dims, error, {"unit": words.unit, "long_name": "standard error of the mean over events"}),
            "events": (dims[:2], number, {"long_name": "events"}),
        },
        {
            "unit": list(names),
            "condition": conditions,
            "time_s": ("time_s", (np.arange(n_bins) + 0.5) * bin_size - before, {"unit": "s", "long_name": f"time from {event}"}),
        },
        {"event": event, "by": by},
    )
    events = xr.Dataset(
        {"condition": (("event",), labels.astype(str))},
        {"event": ("event", times, {"unit": "s", "long_name": "time of the event"})},
    )
    return PeriEvent(rates, events, tuple(notes))


def spikes_around(
    recording: Recording, unit: str, events: np.ndarray, before: float, after: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What one unit did around events at ascending times (N,) in s: number of the event, time from it (s), and what was counted then."""
    times, counted = counted_times(recording, unit)
    first, last = np.searchsorted(times, events - before), np.searchsorted(times, events + after)
    n = last - first
    place = np.arange(n.sum()) + np.repeat(first - np.cumsum(n) + n, n)
    event = np.repeat(np.arange(len(events)), n)
    return event, times[place] - events[event], counted[place]


def _bins(before: float, after: float, bin_size: float, smoothing: float) -> int:
    """How many bins the window has."""
    known = np.isfinite([before, after, bin_size, smoothing]).all() and bin_size > 0 and smoothing >= 0
    n_bins = round((before + after) / bin_size) if known else 0
    if not 2 <= n_bins <= _MOST_BINS:
        raise GlmError(
            f"a window of {before:g} s before and {after:g} s after in bins of {bin_size:g} s cannot be drawn; it needs 2 to {_MOST_BINS} bins",
            field="bin_size",
        )
    return n_bins


def _counts(recording: Recording, unit: str, events: np.ndarray, before: float, n_bins: int, bin_size: float) -> np.ndarray:
    """(N, K) what was counted in each bin of each event's window; NaN in bins of counts of which none is known."""
    event, offset, counted = spikes_around(recording, unit, events, before, n_bins * bin_size - before)
    at = np.floor(np.round((offset + before) / bin_size, 6)).astype(np.int64)
    inside = (at >= 0) & (at < n_bins)
    place, size = event[inside] * n_bins + at[inside], len(events) * n_bins
    sums = np.bincount(place, weights=counted[inside], minlength=size)
    if recording.counts is not None:  # the windows lie anywhere between the frames: so many, by their mean, make a bin
        frames = np.bincount(place, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            sums = sums / frames * (bin_size / count_bin_width(recording))
    return sums.reshape(len(events), n_bins)


def _whole_windows(pieces: np.ndarray, times: np.ndarray, before: float, after: float) -> np.ndarray:
    """(N,) bool, whether the window around each time lies in one of the stretches."""
    at = piece_of(pieces, times - before + TOUCHING)
    return (at >= 0) & (times + after <= pieces[np.maximum(at, 0), 1] + TOUCHING) if len(pieces) else np.zeros(len(times), bool)


def _conditions(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """(N,) the condition of each event as text, and a note where numbers were put together in thirds."""
    labels = np.array([as_label(value) or MISSING for value in values], dtype=object)
    known = labels != MISSING
    try:
        numbers = np.array([float(label) for label in labels[known]])
    except ValueError:
        return labels, []
    if len(np.unique(numbers)) <= MOST_CONDITIONS:
        return labels, []
    low, high = np.quantile(numbers, (1 / 3, 2 / 3))
    thirds = np.array([f"up to {low:.4g}", f"{low:.4g} to {high:.4g}", f"above {high:.4g}"], dtype=object)
    labels[known] = thirds[(numbers > low).astype(int) + (numbers > high)]
    return labels, [f"Of {len(np.unique(numbers))} different values thirds were made."]


def _ordered(labels: np.ndarray) -> list[str]:
    """The different conditions: numbers by size, words by the alphabet, thirds from low to high, what is missing last."""

    def rank(label: str) -> tuple[int, float, str]:
        if label == MISSING:
            return (3, 0.0, "")
        for place, word in ((-1, "up to "), (1, "above ")):
            if label.startswith(word):
                return (0, float("inf") * place, "")
        try:
            return (0, float(label.partition(" to ")[0]), "")
        except ValueError:
            return (1, 0.0, label)

    return sorted(set(labels), key=rank)
