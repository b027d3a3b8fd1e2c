"""Samples brought into time order, one at a time, with a note on what was out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glmengine.io.clocks import inside
from glmengine.io.raw import RawSeries
from glmengine.sentences import numbered
from glmengine.timegrid.frames import given_twice, is_rounded, mostly_shared

ANEW = 0.2
"""Share of all the time by which a clock must go back for it to have begun anew."""

IN_NO_ORDER = 0.1
"""Share of the steps that go back from which on nothing began anew there: the samples are in no order."""


def in_time_order(series: RawSeries, near: tuple[float, float], notes: list[str], *, frames: bool = False) -> RawSeries:
    """The series with its samples in time order, one at a time; of `frames`, which all count, also those whose stamps were rounded to one."""
    times, values = series.times, series.values
    kept = inside(times, near)
    if not kept.all():
        notes.append(
            f"{series.name}: {numbered((~kept).sum(), 'sample')} with a time that is no number or lies far outside the recording left out."
        )
        times, values = times[kept], values[kept]
    steps = np.diff(times)
    if (steps < 0).any():
        places = numbered(int((steps < 0).sum()), "place")
        back = -float(steps.min())
        if (steps <= 0).all():
            notes.append(
                f"{series.name}: its times go down from the first row to the last, and were turned round, as if rows were written from the last to "
                "the first; if they are what was left of the time, write them as they rise: what came before and after is else mixed up."
            )
        else:
            notes.append(f"{series.name}: its times went backwards in {places}, by up to {back:.3g} s; they were sorted.")
        if np.mean(steps < 0) < IN_NO_ORDER:
            notes += begun_anew(series.name, back, [times])
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    # closer than a nanosecond is one time
    same = repeats(np.round(times, 9))
    kept = frames and same.any() and not _are_copies(values, same)
    if kept and (is_rounded(times) or not (mostly_shared(times) or given_twice(times, same))):
        notes.append(
            f"{series.name}: {numbered(same.sum(), 'sample')} at the time of the one before, with other values: all are kept, as frames whose times "
            "were rounded."
        )
    elif same.any():
        notes.append(f"{series.name}: {numbered(same.sum(), 'sample')} at a repeated time left out.")
        times, values = times[~same], values[~same]
    return replace(series, times=times, values=values)


def _are_copies(values: np.ndarray, same: np.ndarray) -> bool:
    """Whether samples (T, ...) at a repeated time, `same`, have the values of the one before."""
    rows = values.reshape(len(values), -1)
    places = np.flatnonzero(same)
    return bool(np.array_equal(rows[places], rows[places - 1], equal_nan=values.dtype.kind == "f"))


def begun_anew(name: str, back: float, times: Sequence[np.ndarray]) -> list[str]:
    """What is to be said where times went back by a good part of all the time: a clock that began anew, not one that is unsteady."""
    last, first = max(float(one.max()) for one in times), min(float(one.min()) for one in times)
    if back <= ANEW * (last - first):
        return []
    return [
        f"{name}: the clock went back by {back:.6g} s of {last - first:.6g} s, as if it had begun anew: what was recorded before and after is "
        "now mixed up. Cut the recording there, and open its parts as sessions."
    ]


def repeats(times: np.ndarray) -> np.ndarray:
    """(N,) bool, True where a sorted time is the same as the one before."""
    same = np.zeros(len(times), dtype=bool)
    same[1:] = np.diff(times) <= 0
    return same
