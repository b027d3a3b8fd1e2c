"""The clock of frames: their mean step and even times, from time stamps that are rounded, jittered, drifting, or lack some."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LONGEST_ROUNDED = 20.5
"""Steps in the longest gap whose dropped frames are counted by rounding."""

SLACK = 0.75
"""Steps by which a frame may lie beside its bin's middle before bins are moved: more than a half, so that jitter about an edge does not count."""

NO_MATTER = 0.05
"""Steps that bins may come to lie beside their frames in the course of a series for the sake of a round number."""

LOOSEST = 0.3
"""Steps by which the first frame behind a gap may lie beside its place before the bins are found anew."""

MOST_SHARED = 1 / 3
"""Share of the stamps that may be the same as the one before where steps are looked at one by one."""

FEWEST_EVEN = 100
"""Steps that tell whether stamps go on evenly."""

OTHER_RATE = 1.5
"""Times by which steps are longer or shorter that come at another rate."""

NEIGHBOURS = 25
"""Frames whose middle phase says where the bins lie from one of them on."""


@dataclass(frozen=True)
class FrameClock:
    """Where the bins of counts or responses lie that came with time stamps.

    Attributes
    ----------
    step : float
        Seconds from one frame to the next, over the whole series; NaN with fewer than two frames.
    times : (N,) array
        The middle of the bin of each frame, in seconds: its stamp less jitter and rounding. Equal steps within a run; two frames share
        a bin where the clock has gained one.
    runs : (R + 1,) array
        The first frame of each stretch without holes, and N.
    jitter : float
        Seconds between a stamp and its bin's middle, the largest.
    dropped : int
        Frames that are missing in gaps of a whole number of steps.
    """

    step: float
    times: np.ndarray
    runs: np.ndarray
    jitter: float
    dropped: int


def frame_clock(stamps: np.ndarray) -> FrameClock:
    """The clock behind ascending time stamps (N,) in seconds."""
    stamps = np.asarray(stamps, dtype=np.float64)
    if len(stamps) < 2:
        return FrameClock(float("nan"), stamps, np.arange(len(stamps) + 1), 0.0, 0)
    if mostly_shared(stamps):
        return _even_clock(stamps)
    step, number, loose = _mean_step(stamps)
    for _ in range(2):
        order = np.concatenate([[0], np.cumsum(number)])
        gap = np.concatenate([[False], number > 1])
        phase = (stamps - stamps[0]) / step - order
        base, begins = _phases(phase, gap, number, loose)
        back = np.rint(np.diff(base))
        wrong = gap[1:] & (back < 0)
        if not wrong.any():
            break
        # what looked like a gap was a late frame: those behind it are in step without it
        number = np.where(wrong, number + back, number)
        step, loose = _mean(np.diff(stamps), number, step)
    jitter = step * float(np.abs(phase - base).max())
    # a step that differs by this moves no frame by more than it is off itself, nor by what would matter
    exact = _simplest(step, min(jitter, NO_MATTER * step) / len(stamps))
    anchor = np.maximum.accumulate(np.where(begins, np.arange(len(stamps)), 0))
    place = order + base
    times = stamps[0] + place[anchor] * step + (place - place[anchor]) * exact
    dropped = int((number - 1)[(number < LONGEST_ROUNDED) & ~begins[1:]].sum())
    return FrameClock(exact, np.round(times, 9), np.append(np.flatnonzero(begins | gap), len(stamps)), jitter, dropped)


def mostly_shared(stamps: np.ndarray) -> bool:
    """Whether so many of ascending stamps (N,) are the same as the one before that they tell no single steps."""
    return bool(np.mean(np.diff(stamps) <= 0) > MOST_SHARED) if len(stamps) > 1 else False


def is_rounded(stamps: np.ndarray) -> bool:
    """Whether ascending stamps (N,) go on evenly but for rounding, which may be coarser than their steps: none is a unit of it off its place."""
    steps = np.diff(stamps)
    if len(steps) < FEWEST_EVEN or not (steps >= 0).all() or not (steps > 0).any():
        return False
    slope, first = np.polyfit(np.arange(len(stamps)), stamps - stamps[0], 1)
    return bool(np.abs(stamps - stamps[0] - first - slope * np.arange(len(stamps))).max() <= steps[steps > 0].min())


def rate_change(stamps: np.ndarray) -> tuple[float, float, float] | None:
    """When frames with ascending stamps (N,) begin to come at another rate, to a hundred of them, and the steps before and after; None where they do
    not.

    Frames that are missing here and there change no median of a hundred steps.
    """
    steps = np.diff(stamps)
    blocks = len(steps) // FEWEST_EVEN
    if blocks < 2:
        return None
    middle = np.median(steps[: blocks * FEWEST_EVEN].reshape(blocks, FEWEST_EVEN), axis=1)
    if not middle.min() > 0:  # rounded more coarsely than they come
        return None
    for at in range(1, blocks):
        before, after = float(np.median(middle[:at])), float(middle[at])
        if max(before, after) > OTHER_RATE * min(before, after):
            # a block in which it changes has the steps of either
            after = float(middle[min(at + 1, blocks - 1)])
            return float(stamps[at * FEWEST_EVEN]), before, after
    return None


def given_twice(stamps: np.ndarray, same: np.ndarray) -> bool:
    """Whether of ascending stamps (N,) those that are the `same` as the one before are extra: the others go on as if they were not there.

    Of two frames whose stamps were rounded or late, so that they are one, the next is two steps away.
    """
    places, distinct = np.flatnonzero(same), stamps[~same]
    if not places.size or len(distinct) < FEWEST_EVEN:
        return False
    kept = np.cumsum(~same)[places] - 1
    kept = kept[(kept > 0) & (kept < len(distinct) - 1)]
    if not kept.size:
        return False
    around = distinct[kept + 1] - distinct[kept - 1]
    return bool(np.median(around) < 2.5 * np.median(np.diff(distinct)))


def _even_clock(stamps: np.ndarray) -> FrameClock:
    """The clock of stamps of which many are the same: even steps along the straight line through all."""
    places = np.arange(len(stamps))
    step, first = np.polyfit(places, stamps - stamps[0], 1)
    exact = _simplest(float(step), NO_MATTER * float(step) / len(stamps))
    times = stamps[0] + float(first) + (step - exact) * places[-1] / 2 + exact * places
    jitter = float(np.abs(stamps - times).max())
    return FrameClock(exact, np.round(times, 9), np.array([0, len(stamps)]), jitter, 0)


def _mean_step(stamps: np.ndarray) -> tuple[float, np.ndarray, float]:
    """Seconds from frame to frame over the whole series, (N - 1,) how many steps each takes, 1 or more, and how far one may be from that."""
    steps = np.diff(stamps)
    mean = float(np.median(steps))
    number = np.ones(len(steps))
    for _ in range(4):
        along = steps / mean
        beside = np.concatenate([[1.0], along, [1.0]])
        # what a late frame adds to one step it takes from the next: only what neither neighbour lacks are frames that are missing
        along = along + np.minimum(beside[:-2] - 1, 0) + np.minimum(beside[2:] - 1, 0)
        number = np.maximum(np.rint(along), 1)
        better, loose = _mean(steps, number, mean)
        if abs(better - mean) <= 1e-15 * mean:
            break
        mean = better
    return mean, number, loose


def _mean(steps: np.ndarray, number: np.ndarray, step: float) -> tuple[float, float]:
    """The mean of steps of which each is a `number` of them, about `step` seconds, and how far one may be from that, in steps."""
    single = number == 1
    loose = min(max(0.02, 4 * float(np.std(steps[single])) / step), LOOSEST) if single.any() else LOOSEST
    # a gap that is no whole number of steps says nothing of their length
    near = single | ((number < LONGEST_ROUNDED) & (np.abs(steps / step - number) <= loose))
    return (float(steps[near].sum() / number[near].sum()) if near.any() else step), loose


def _phases(phase: np.ndarray, gap: np.ndarray, number: np.ndarray, loose: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the bins lie, in steps beside the count of steps: (N,) the phase of each frame's bin, and (N,) bool where it is found anew.

    Behind a gap it is found anew where the frames no longer lie in step. Within a stretch a frame that lies far from its bin alone keeps
    it; where its neighbours lie as far, the bins follow.
    """
    ends = np.append(np.flatnonzero(gap), len(phase))
    base, begins = np.zeros(len(phase)), np.zeros(len(phase), dtype=bool)
    begins[0] = True
    now = _middle(phase, 0, ends)
    allowed = np.where(gap, loose, SLACK)
    at, reach = 1, 1024
    base[0] = now
    while at < len(phase):
        away = np.abs(phase[at : at + reach] - now) > allowed[at : at + reach]
        found = int(away.argmax()) if away.any() else len(away)
        base[at : at + found] = now
        at += found
        if found == len(away):
            reach *= 2
            continue
        moved = _middle(phase, at, ends) - now
        if gap[at]:
            now, begins[at] = now + max(moved, 1 - number[at - 1]), True
        elif moved > 0.5:  # there is room for the bins to begin anew
            now, begins[at] = now + moved, True
        elif moved < -0.5:  # there is none: two frames share a bin
            now += float(np.rint(moved))
        base[at] = now
        at, reach = at + 1, 64
    return base, begins


def _middle(phase: np.ndarray, first: int, ends: np.ndarray) -> float:
    """The median phase of the frames from `first` on, as far as there is no gap."""
    last = min(int(ends[np.searchsorted(ends, first, side="right")]), first + NEIGHBOURS)
    near = np.sort(phase[first:last])
    return float(near[len(near) // 2])


def _simplest(step: float, slack: float) -> float:
    """The step, or its rate, with the fewest digits that differs from it by at most `slack`: frames that are stamped in whole milliseconds
    may well be 30 a second."""
    slack = max(slack, 1e-12 * step)
    for digits in range(13):
        for candidate in (float(f"{step:.{digits}e}"), 1.0 / float(f"{1.0 / step:.{digits}e}")):
            if abs(candidate - step) <= slack:
                return candidate
    return step
