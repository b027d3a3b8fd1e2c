"""Times that can be true: those near the spikes, and the series that share their clock."""

from __future__ import annotations

import numpy as np

from glmengine.io.raw import RawRecording, RawSeries

FAR_SPANS, FAR_SECONDS = 10.0, 3600.0
"""A time further from the middle of the recording than so many spans and so many seconds is a sentinel, not a time."""


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
