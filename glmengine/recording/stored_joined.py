"""Series of several sessions that stay in their files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from glmengine.recording.stored import StoredSeries

if TYPE_CHECKING:
    from glmengine.recording.recording import Covariate


@dataclass(frozen=True, eq=False)
class LoadedSeries:
    """The series of a session that is in memory: times (n,) in seconds and values (n, ...)."""

    times: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.times)

    def rows_between(self, first: float, last: float) -> tuple[int, int]:
        low, high = np.searchsorted(self.times, [first, last])
        return max(int(low) - 1, 0), min(int(high) + 1, len(self))

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        return self.times[first:last], self.values[first:last]

    def only(self, column: int) -> LoadedSeries:
        return LoadedSeries(self.times, self.values.reshape(len(self), -1)[:, column])


ShiftedSeries = tuple[StoredSeries | LoadedSeries, float]


@dataclass(frozen=True, eq=False)
class JoinedSeries(StoredSeries):
    """Series one after the other.

    Attributes
    ----------
    parts : tuple of (StoredSeries or LoadedSeries, float)
        Each session's own, in the order of time, and the seconds that are added to its times.
    """

    parts: tuple[ShiftedSeries, ...] = ()

    @classmethod
    def of(cls, covariates: Sequence[tuple[Covariate, float]]) -> Self:
        """Join the series of covariates, at least one of which stays in its file; with each the seconds to add."""
        parts: list[ShiftedSeries] = []
        seen, support = [], []
        for covariate, shift in covariates:
            stored = covariate.stored
            times, values = covariate.seen()
            if stored is None:
                parts.append((LoadedSeries(np.asarray(times, np.float64), np.asarray(values, np.float64)), shift))
                support.append(np.asarray(covariate.data.time_support.values) + shift)
            else:
                parts.append((stored, shift))
                support.append(np.asarray(stored.intervals().values) + shift)
            seen.append((times + shift, values))
        first = next(covariate.stored for covariate, _ in covariates if covariate.stored is not None)
        pieces = np.concatenate(support)
        return cls(
            path=first.path,
            place=first.place,
            shape=(sum(len(part) for part, _ in parts), *first.shape[1:]),
            start=float(pieces[0, 0]),
            stop=float(pieces[-1, 1]),
            period=float(np.median([covariate.period for covariate, _ in covariates])),
            regular=False,
            components=first.components,
            column=first.column,
            seen=(np.concatenate([times for times, _ in seen]), np.concatenate([values for _, values in seen])),
            support=pieces,
            parts=tuple(parts),
        )

    def only(self, column: int) -> JoinedSeries:
        return replace(
            self,
            column=column,
            components=(),
            seen=self.seen_of(column),
            parts=tuple((part.only(column), shift) for part, shift in self.parts),
        )

    def rows_between(self, first: float, last: float) -> tuple[int, int]:
        ranges, before = [], 0
        for part, shift in self.parts:
            low, high = part.rows_between(first - shift, last - shift)
            if high > low:
                ranges.append((before + low, before + high))
            before += len(part)
        return (ranges[0][0], ranges[-1][1]) if ranges else (0, 0)

    def read(self, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        found, before = [], 0
        for part, shift in self.parts:
            low, high = max(first - before, 0), min(last - before, len(part))
            if high > low:
                times, values = part.read(low, high)
                found.append((np.round(times + shift, 9) if shift else times, values))
            before += len(part)
        if not found:
            return self.parts[0][0].read(0, 0)
        return np.concatenate([times for times, _ in found]), np.concatenate([values for _, values in found])
