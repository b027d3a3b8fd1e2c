"""Times that can be true: those near the spikes, and the series that share their clock."""

from __future__ import annotations

import numpy as np

from glmengine.io.raw import RawRecording, RawSeries
from glmengine.io.recipe.names import BUSIEST, LONGEST, SELDOM
from glmengine.recording.doubt import HEADINGS, Doubt, OtherClock
from glmengine.sentences import listed, numbered

FAR_SPANS, FAR_SECONDS = 10.0, 3600.0
"""A time further from the middle of the recording than so many spans and so many seconds is a sentinel, not a time."""


NEARLY_ALL = 0.9
FEWEST = 20
"""Spikes that must be there before it is asked where they lie."""

UNITS = {"ms": (1e3, "milliseconds"), "us": (1e6, "microseconds")}

LONGER = {"min": (60.0, "minutes"), "": (3600.0, "hours")}
"""Units that are longer than a second: what recipes call them, seconds, and words."""

SHORT = 0.2
"""Share of the time in which something was measured that the spikes reach over, below which that is said."""

SLOWEST, FASTEST = 5.0, 1e-4
"""Seconds from one response to the next beyond which their unit of time is doubted: over half a day and more, and in any recording."""

ALIKE = 2.5
"""Factor by which the ends of two stretches may be off the ratio of two units: a session need not begin and end with its tracking."""

ANY_FORMAT = "a file of any format can be opened with one: File, Correct recording"


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


def clock_doubts(raw: RawRecording) -> list[Doubt]:
    """What is to be said where times cannot be true beside each other, or the units' by themselves, and what to do."""
    return _clocks_apart(raw) or _rates_that_no_unit_has(raw) or _rates_of_responses(raw) or _in_a_part_alone(raw)


def _rates_that_no_unit_has(raw: RawRecording) -> list[Doubt]:
    """Spikes that come so seldom over so long a time, or so fast, that their unit of time must be another."""
    spikes = _pooled(raw.spikes)
    if len(spikes) < FEWEST:
        return []
    low, high = np.quantile(spikes, [0.01, 0.99])
    rate = float(np.median([len(times) for times in raw.spikes or () if len(times)])) / max(high - low, 1e-9)
    if not (high - low > LONGEST and rate < SELDOM) and rate < BUSIEST:
        return []
    whole = np.array_equal(spikes, np.rint(spikes))
    unit = "samples (with their rate)" if whole and rate < SELDOM else "milliseconds" if rate * 1e3 < BUSIEST else "another unit"
    said = f"The units would fire at {rate:.2g} Hz over {high - low:,.6g} s, as if their times were in {unit} and not in seconds. If so,"
    return [
        Doubt(
            f"{said} give the time_unit under [spikes] in a recipe ({ANY_FORMAT}), or correct the sampling rate, or write the file again in seconds.",
            f"{said} choose another 'Time unit' of the spikes, or correct their 'Sampling rate'.",
            OtherClock("ms") if unit == "milliseconds" and rate * 1e3 >= SELDOM else None,
        )
    ]


def _rates_of_responses(raw: RawRecording) -> list[Doubt]:
    """Counts or responses in bins that come so seldom, or so fast, that the unit of their times must be another."""
    if raw.counts is None:
        return []
    times = np.sort(np.asarray(raw.counts.times, dtype=np.float64))
    times = times[np.isfinite(times)]
    if len(times) < FEWEST or not times[-1] > times[0]:
        return []
    step, span = float(times[-1] - times[0]) / (len(times) - 1), float(times[-1] - times[0])
    if not (step > SLOWEST and span > LONGEST) and step > FASTEST:
        return []
    slow = step > SLOWEST
    unit = ("microseconds" if step > 1e3 * SLOWEST else "milliseconds") if slow else "minutes or hours"
    said = f"The bins of its counts would be {step:.4g} s long, over {span:,.6g} s, as if their times were in {unit} and not in seconds. If so,"
    return [
        Doubt(
            f"{said} give the time_unit under [counts] in a recipe, or write the file again in seconds.",
            f"{said} choose another 'Time unit' of the units, or correct their 'Sampling rate'.",
            OtherClock("ms") if unit == "milliseconds" else None,
        )
    ]


def _in_a_part_alone(raw: RawRecording) -> list[Doubt]:
    """What is to be said where all spikes lie in a small part of the time in which something was measured: counted in minutes or hours they
    do, or where the times of what was measured count its samples."""
    spikes = _pooled(raw.spikes)
    series = {item.name: times[np.isfinite(times)] for item in raw.series if len(times := np.asarray(item.times, np.float64)) > 1}
    if len(spikes) < FEWEST or not any(len(times) for times in series.values()):
        return []
    own, (low, high) = np.quantile(spikes, [0.0, 1.0]), _ends(series)
    if own[1] - own[0] >= SHORT * (high - low) or own[0] > high or own[1] < low:
        return []
    unit, words = next(
        (
            (unit, words)
            for unit, (factor, words) in LONGER.items()
            if 0.8 < (high - low) / (factor * (own[1] - own[0])) < 1.25 and own[1] < 2 * high / factor
        ),
        ("", ""),
    )
    said = (
        f"All spikes lie in {100 * (own[1] - own[0]) / (high - low):.2g} % of the time in which {listed(list(series), 4)} was recorded, from {own[0]:.6g} to "
        f"{own[1]:.6g} of {low:.6g} to {high:.6g} s" + (f", as if they were in {words}" if words else "")
    )
    check = (
        "Check the unit of both clocks, and whether the times of what was measured count its samples; where the units were recorded for a part "
        "alone, use that part: the rest would count as silence."
    )
    in_recipe = f' (time_unit = "{unit}" under [spikes] in a recipe)' if unit else ""
    return [
        Doubt(
            f"{said}{in_recipe}. {check}",
            f"{said}{f' (Time unit {words!r} of the spikes)' if unit else ''}. {check}",
            OtherClock(unit, ("units",)) if unit else None,
        )
    ]


def _pooled(trains: list[np.ndarray] | None) -> np.ndarray:
    """All spike times, without those that are no numbers."""
    units = [np.asarray(times, dtype=np.float64) for times in trains or () if len(times)]
    spikes = np.concatenate(units) if units else np.empty(0)
    return spikes[np.isfinite(spikes)]


def _ends(series: dict[str, np.ndarray]) -> tuple[float, float]:
    known = [times for times in series.values() if len(times)]
    return min(float(times.min()) for times in known), max(float(times.max()) for times in known)


def _clocks_apart(raw: RawRecording) -> list[Doubt]:
    """What is to be said where the units' times and those of what was recorded beside them cannot be of one clock, and what to do.

    That is so where nearly all spikes lie outside what else was recorded, or that outside the spikes: counted in milliseconds the times
    of one session reach a thousand times as far as in seconds.
    """
    spikes = _pooled(raw.spikes)
    one, part = "spike", "spikes"
    if not len(spikes) and raw.counts is not None:
        spikes, one, part = _pooled([raw.counts.times]), "sample", "counts"
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
        said = (
            f"Only {within:,} of {numbered(len(spikes), one)} lie in the time in which anything else was recorded ({low:.6g} to "
            f"{high:.6g} s); they lie from {spikes.min():.6g} to {spikes.max():.6g} s. Check the unit and the start of both clocks:"
        )
        return [
            Doubt(
                f"{said} a recipe can give a time_unit and an offset.",
                f"{said} each has a 'Time unit', and an 'Offset' below 'More options'.",
            )
        ]
    notes = []
    for (unit, of_spikes), names in apart.items():
        times = np.concatenate([others[name] for name in names])
        low, high = float(times.min()), float(times.max())
        within = int(((spikes >= low) & (spikes <= high)).sum())
        own_times = f"the {one} times"
        slow, of = (own_times, f"[{part}]") if of_spikes else (listed(names, 4), _headings(names))
        words = UNITS[unit][1]
        said = (
            f"{within:,} of {numbered(len(spikes), one)} lie in the time of {listed(names, 4)} ({low:.6g} to {high:.6g} s); they lie from "
            f"{spikes.min():.6g} to {spikes.max():.6g} s, as if {slow} were in {words} and the others in seconds. If so,"
        )
        notes.append(
            Doubt(
                f'{said} say time_unit = "{unit}" under {of} in a recipe ({ANY_FORMAT}), or write the file again in seconds.',
                f"{said} choose the 'Time unit' {words} of {slow if not of_spikes else 'the units'}.",
                OtherClock(unit, ("units",) if of_spikes else tuple(names)),
            )
        )
    return notes


def _headings(names: list[str]) -> str:
    """Where in a recipe things of these names, as `_recorded_beside` has them, are said."""
    kinds = {name.partition(" ")[0] for name in names}
    found = [f"[[{heading}]]" for kind, heading in HEADINGS.items() if kind in kinds]
    found += ["[[covariates]]"] if kinds - set(HEADINGS) else []
    return f"{listed(found)} with {'its name' if len(names) == 1 else 'their names'}"


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
