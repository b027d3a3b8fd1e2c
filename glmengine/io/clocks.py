"""Times that can be true: those near the spikes, and the series that share their clock."""

from __future__ import annotations

import numpy as np

from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.recipe.names import BUSIEST, LONGEST, SELDOM
from glmengine.sentences import listed, numbered

FAR_SPANS, FAR_SECONDS = 10.0, 3600.0
"""A time further from the middle of the recording than so many spans and so many seconds is a sentinel, not a time."""


NEARLY_ALL = 0.9
FEWEST = 20
"""Spikes that must be there before it is asked where they lie."""

UNITS = {"ms": (1e3, "milliseconds"), "us": (1e6, "microseconds")}
ALIKE = 2.5
"""Factor by which the ends of two stretches may be off the ratio of two units: a session need not begin and end with its tracking."""


def plausible_span(raw: RawRecording) -> tuple[float, float]:
    """The stretch of time outside which a time is a sentinel: around the spikes, and around what is measured at the same time."""
    units = [times for times in raw.spikes or () if len(times)]
    if not units and raw.counts is not None:
        units = [raw.counts.times]
    middles = [middle for item in raw.series if (middle := _middle_of(item.times)) is not None]
    window = _middle_of(np.concatenate(units)) if units else None
    if window is None:
        window = (min(low for low, _ in middles), max(high for _, high in middles)) if middles else (-np.inf, np.inf)
        if not np.isfinite(window).all():
            return window
    reach = _reach_around(window)
    for low, high in middles:
        if low <= reach[1] and high >= reach[0]:
            window = min(window[0], low), max(window[1], high)
    return _reach_around(window)


def _middle_of(times: np.ndarray) -> tuple[float, float] | None:
    """What nine tenths of some times lie between, None where there is none."""
    finite = times[np.isfinite(times)]
    return tuple(map(float, np.quantile(finite, [0.05, 0.95]))) if len(finite) else None


def _reach_around(window: tuple[float, float]) -> tuple[float, float]:
    reach = FAR_SPANS * (window[1] - window[0]) + FAR_SECONDS
    return window[0] - reach, window[1] + reach


def clock_doubts(raw: RawRecording) -> list[str]:
    """What is to be said where times cannot be true beside each other, or the units' by themselves, and what to do."""
    return _clocks_apart(raw) or _rates_that_no_unit_has(raw)


def _rates_that_no_unit_has(raw: RawRecording) -> list[str]:
    """Spikes that come so seldom over so long a time, or so fast, that their unit of time must be another."""
    units = [np.asarray(times, dtype=np.float64) for times in raw.spikes or () if len(times)]
    spikes = np.concatenate(units) if units else np.empty(0)
    spikes = spikes[np.isfinite(spikes)]
    if len(spikes) < FEWEST:
        return []
    low, high = np.quantile(spikes, [0.01, 0.99])
    rate = float(np.median([len(times) for times in units])) / max(high - low, 1e-9)
    if not (high - low > LONGEST and rate < SELDOM) and rate < BUSIEST:
        return []
    whole = np.array_equal(spikes, np.rint(spikes))
    unit = "samples (with their rate)" if whole and rate < SELDOM else "milliseconds" if rate * 1e3 < BUSIEST else "another unit"
    return [
        f"The units would fire at {rate:.2g} Hz over {high - low:,.6g} s, as if their times were in {unit} and not in seconds. If so, give the "
        "time_unit under [spikes] in a recipe (a file of any format can be opened with one: File, Correct recording), or correct the sampling rate, or write the file again in seconds."
    ]


def _clocks_apart(raw: RawRecording) -> list[str]:
    """What is to be said where the units' times and those of what was recorded beside them cannot be of one clock, and what to do.

    That is so where nearly all spikes lie outside what else was recorded, or that outside the spikes: counted in milliseconds the times
    of one session reach a thousand times as far as in seconds.
    """
    units = [np.asarray(times, dtype=np.float64) for times in raw.spikes or () if len(times)]
    units = units or ([raw.counts.times] if raw.counts is not None else [])
    spikes = np.concatenate(units) if units else np.empty(0)
    spikes = spikes[np.isfinite(spikes)]
    others = {name: times for name, times in _recorded_beside(raw).items() if len(times) > 1}
    if len(spikes) < FEWEST or not others:
        return []
    own = _middle_of(spikes)
    apart: dict[tuple[str, bool], list[str]] = {}
    for name, times in others.items():
        said = _unit_of_ratio(own, _middle_of(times))
        if said is not None:
            apart.setdefault(said, []).append(name)
    if not apart:
        low, high = min(times.min() for times in others.values()), max(times.max() for times in others.values())
        within = int(((spikes >= low) & (spikes <= high)).sum())
        if within >= (1 - NEARLY_ALL) * len(spikes):
            return []
        return [
            f"Only {within:,} of {numbered(len(spikes), 'spike')} lie in the time in which anything else was recorded ({low:.6g} to "
            f"{high:.6g} s); they lie from {spikes.min():.6g} to {spikes.max():.6g} s. Check the unit and the start of both clocks: a recipe "
            "can give a time_unit and an offset."
        ]
    notes = []
    for (unit, of_spikes), names in apart.items():
        times = np.concatenate([others[name] for name in names])
        low, high = float(times.min()), float(times.max())
        within = int(((spikes >= low) & (spikes <= high)).sum())
        slow, of = ("the spike times", "[spikes]") if of_spikes else (listed(names, 4), "[[covariates]] with its name")
        notes.append(
            f"{within:,} of {numbered(len(spikes), 'spike')} lie in the time of {listed(names, 4)} ({low:.6g} to {high:.6g} s); they lie from "
            f"{spikes.min():.6g} to {spikes.max():.6g} s, as if {slow} were in {UNITS[unit][1]} and the others in seconds. If so, say "
            f'time_unit = "{unit}" under {of} in a recipe (a file of any format can be opened with one: File, Correct recording), or write the file again in seconds.'
        )
    return notes


def _recorded_beside(raw: RawRecording) -> dict[str, np.ndarray]:
    """Times of everything but the units, by name; those of series that are in counts' place too."""
    found: dict[str, np.ndarray] = {item.name: item.times for item in raw.series}
    found |= {f"epoch {name}": np.ravel(pairs) for name, pairs in raw.epochs.items()}
    found |= {f"trials {name}": np.concatenate([table.start, table.stop]) for name, table in raw.trials.items()}
    found |= {f"events {name}": np.ravel(times) for name, times in raw.events.items()}
    numbers = {name: np.asarray(times, dtype=np.float64) for name, times in found.items()}
    return {name: times[np.isfinite(times)] for name, times in numbers.items()}


def _unit_of_ratio(spikes: tuple[float, float], other: tuple[float, float]) -> tuple[str, bool] | None:
    """The unit in which one of two stretches is counted while the other is in seconds, and whether that one is the spikes'; None where
    they overlap, or lie apart for another reason."""
    if other[1] > other[0] and min(spikes[1], other[1]) - max(spikes[0], other[0]) > 0.05 * max(
        spikes[1] - spikes[0], other[1] - other[0]
    ):
        return None
    if min(spikes[1], other[1]) <= 0:
        return None
    for of_spikes, ratio in ((True, spikes[1] / other[1]), (False, other[1] / spikes[1])):
        for unit, (factor, _) in UNITS.items():
            if 1 / ALIKE < ratio / factor < ALIKE:
                return unit, of_spikes
    return None


def series_of_this_clock(series: list[RawSeries], near: tuple[float, float], notes: list[str]) -> list[RawSeries]:
    """The series that share the units' time; the others would make the recording years long."""
    kept = []
    for item in series:
        middle = _middle_of(item.times)
        if middle is not None and (middle[0] > near[1] or middle[1] < near[0]):
            notes.append(
                f"{item.name} was left out: its times ({middle[0]:.6g} to {middle[1]:.6g} s) lie far from those of the units, "
                "as if on another clock."
            )
        else:
            kept.append(item)
    return kept


def inside(times: np.ndarray, near: tuple[float, float]) -> np.ndarray:
    """Which times lie in a plausible span, both ends with it; NaN never does."""
    with np.errstate(invalid="ignore"):
        return (times >= near[0]) & (times <= near[1])
