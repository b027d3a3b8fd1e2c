"""Long series at several levels of detail: the lowest and the highest value of ever longer groups of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_GROUP = 16  # samples of the finest level, and groups of each to one of the next
_FEWEST = 400  # of which no coarser level is made


@dataclass(frozen=True, eq=False)
class Extremes:
    """A series over ascending x with levels of detail.

    Attributes
    ----------
    x, y : (n,) float
        NaN in y leaves a gap.
    levels : tuple of ((g,), (g, 3)) arrays
        Where each group begins, and its lowest and highest value, and NaN where the line is interrupted in it, else the highest again.
    """

    x: np.ndarray
    y: np.ndarray
    levels: tuple[tuple[np.ndarray, np.ndarray], ...]

    def between(self, start: float, stop: float, most: int) -> tuple[np.ndarray, np.ndarray]:
        """x and y to draw from `start` to `stop`: the samples where they are at most `most`, else as many groups, made of a finer level."""
        first, last = _around(self.x, start, stop)
        if last - first <= most:
            return self.x[first:last], self.y[first:last]
        x, low, high, ends, _ = self._groups(start, stop, most)
        return np.repeat(x, 3), np.column_stack([low, high, np.where(np.isnan(ends), np.nan, high)]).ravel()

    @property
    def _samples(self) -> tuple[np.ndarray, np.ndarray]:
        """(n,) x and y that the groups are made of."""
        return self.x, self.y

    def _groups(self, start: float, stop: float, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """At most about `most` groups: where each begins, its lowest and highest value, NaN where it is interrupted, and where it ends."""
        samples, values = self._samples
        starts, columns = samples, (values, values, values)
        first, last = _around(starts, start, stop)
        for level in self.levels:
            if last - first <= most * _GROUP:
                break
            starts, columns = level[0], tuple(level[1].T)
            first, last = _around(starts, start, stop)
        step = -(-(last - first) // most)
        # from a multiple of the step on, so that what is drawn stands still while it is moved
        cut = np.arange(first - first % step, last, step)
        low, high, ends = (column[:last] for column in columns)
        low, high, ends = np.fmin.reduceat(low, cut), np.fmax.reduceat(high, cut), np.add.reduceat(ends, cut)
        if starts is samples:
            ends[:-1][np.isnan(values[cut[1:]])] = np.nan
        end = starts[last] if last < len(starts) else samples[-1]
        return starts[cut], low, high, ends, np.append(starts[cut[1:]], end)

    @property
    def range(self) -> tuple[float, float]:
        """Lowest and highest value; NaN where there is none."""
        known = self.levels[-1][1][:, :2] if self.levels else self.y
        known = known[np.isfinite(known)]
        return (float(known.min()), float(known.max())) if known.size else (float("nan"), float("nan"))


@dataclass(frozen=True, eq=False)
class TurningExtremes(Extremes):
    """A series of angles (rad): its levels follow it on and on around the circle, so that a group has only the angles that it came through.

    Attributes
    ----------
    start : float
        Where the circle is cut open.
    onward : ((n,), (n,)) arrays
        x and the angles, followed on and on.
    """

    start: float = 0.0
    onward: tuple[np.ndarray, np.ndarray] = (np.zeros(0), np.zeros(0))

    @property
    def _samples(self) -> tuple[np.ndarray, np.ndarray]:
        return self.onward

    def between(self, start: float, stop: float, most: int) -> tuple[np.ndarray, np.ndarray]:
        first, last = _around(self.x, start, stop)
        if last - first <= most:
            return self.x[first:last], self.y[first:last]
        x, low, high, _, after = self._groups(start, stop, most)
        turn = 2 * np.pi
        reach = high - low
        low = self.start + (low - self.start) % turn
        low, high = np.where(reach >= turn, self.start, low), np.where(reach >= turn, self.start + turn, low + reach)
        beyond = high > self.start + turn  # the rest of the arc stands at the other end of the axis
        top, rest = np.minimum(high, self.start + turn), np.where(beyond, high - turn, np.nan)
        gap = np.full(len(x), np.nan)
        y = np.column_stack([low, top, gap, np.where(beyond, self.start, np.nan), rest, gap])
        # a bar is as wide as its group, so that an angle that stays is seen too
        return np.column_stack([x, after, after, x, after, after]).ravel(), y.ravel()

    @property
    def range(self) -> tuple[float, float]:
        known = np.isfinite(self.y).any()
        return (self.start, self.start + 2 * np.pi) if known else (float("nan"), float("nan"))


def turning_extremes(x: np.ndarray, y: np.ndarray) -> TurningExtremes:
    """`extremes_of` angles (rad), interrupted in y where the line would go across the circle."""
    x, y = np.asarray(x, float), np.array(y, float)
    known = np.isfinite(y)
    onward = np.full(len(y), np.nan)
    onward[known] = np.unwrap(y[known])
    start = 0.0 if not known.any() or y[known].min() >= 0 else -np.pi
    across = np.flatnonzero(np.abs(np.diff(y)) > np.pi) + 1
    return TurningExtremes(np.insert(x, across, x[across]), np.insert(y, across, np.nan), _levels(x, onward), start, (x, onward))


def extremes_of(x: np.ndarray, y: np.ndarray) -> Extremes:
    """Make the levels of a series; takes a pass over it, so for the worker where it is long."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    return Extremes(x, y, _levels(x, y))


def _levels(x: np.ndarray, y: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    levels = []
    groups = len(y)
    low = high = y
    broken = np.isnan(y)
    broken[:-1] |= broken[1:]  # the line ends in the group before, too, where a gap begins the next
    start = x
    while groups > _FEWEST:
        cut = np.arange(0, groups, _GROUP)
        # fmin and fmax pass over what is missing
        low, high = np.fmin.reduceat(low, cut), np.fmax.reduceat(high, cut)
        broken = np.logical_or.reduceat(broken, cut)
        start, groups = start[cut], len(cut)
        levels.append((start, np.column_stack([low, high, np.where(broken, np.nan, high)])))
    return tuple(levels)


def _around(x: np.ndarray, start: float, stop: float) -> tuple[int, int]:
    """Places of the samples in a stretch and of one more on either side, to which the line leads."""
    first, last = np.searchsorted(x, (start, stop))
    return max(int(first) - 1, 0), min(int(last) + 1, len(x))


def interrupted(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The series with a NaN wherever x jumps."""
    if len(x) < 3:
        return x, y
    steps = np.diff(x)
    jumps = np.flatnonzero(steps > 1.5 * np.median(steps)) + 1
    if not len(jumps):
        return x, y
    return np.insert(x, jumps, x[jumps - 1]), np.insert(y, jumps, np.nan)


def thinned(x: np.ndarray, y: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """At most about `most` samples of x (n,) and y (n, c): of each group the lowest and the highest value; a group with a gap in it is one."""
    if len(x) <= most:
        return x, y
    cut = np.arange(0, len(x), -(-2 * len(x) // most))
    low, high = np.minimum.reduceat(y, cut, axis=0), np.maximum.reduceat(y, cut, axis=0)
    return np.repeat(x[cut], 2), np.stack([low, high], axis=1).reshape(-1, y.shape[1])
