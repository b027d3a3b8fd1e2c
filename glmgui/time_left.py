"""The time that a piece of work still takes, from the shares of it that were done when."""

from __future__ import annotations

import math
from collections import deque

_AFTER_SECONDS = 0.5
_LEAST_WHOLE = 3.0
"""Seconds that work is to take in all: of less it would be over before its pace is known, and nobody reads what is left."""

_LEAST_SHARE = 0.02
_EARLY_SHARE, _EARLY_SECONDS = 0.07, 20.0  # what comes first is slow where libraries are loaded or passes compiled on the way
_LEAST_WINDOW = 2.0  # s
_WINDOW = 0.25  # of the time that has passed
_STANDS, _STANDS_SHARE, _STANDS_SECONDS = 4.0, 0.1, 3.0
"""Nothing comes on after so many times the pause between reports, so much of the time so far, and so many seconds."""

_LEAP = 4.0  # times the pace so far
_SETTLING, _SETTLING_SHARE = 1.0, 0.1
"""Seconds, and share of the time so far where that is less, in which what is named follows what is reckoned."""


class TimeLeft:
    """Estimates while reports come in.

    A share is planned by the engine before anything has run, so one stage may take longer for its share than another. The pace since the
    beginning knows the stages that are over, the pace of late the one that runs; what is to come is reckoned with their geometric mean,
    which is wrong by the square root of what either is wrong by. What is named follows it gently and counts down between reports. While nothing
    comes on for long, the pace of before says nothing of the time left, and none is named.
    """

    def __init__(self) -> None:
        self._reports: deque[tuple[float, float]] = deque([(0.0, 0.0)])
        self._stage = ""
        self._named: tuple[float, float] | None = None  # when, and the seconds left then
        self._named_after = 0.0  # the report after which that was

    def report(self, elapsed: float, share: float, stage: str = "") -> None:
        """Take note that after `elapsed` seconds this share, 0 to 1, was done, and that the work is in this stage."""
        if stage != self._stage:
            goes_on = _kind(stage) == _kind(self._stage)
            self._stage = stage
            when, before = self._reports[-1]
            # between two stages the share may leap, where the work turned out less than was planned: that is no pace
            leaps = share > before and (share - before) * elapsed > _LEAP * share * (elapsed - when)
            if leaps or not goes_on:
                self._reports = deque([(elapsed, min(share, 1.0)) if leaps else (when, before)])
        if share > self._reports[-1][1]:
            self._reports.append((elapsed, min(share, 1.0)))
            while len(self._reports) > 2 and self._reports[1][0] < elapsed - self._window(elapsed):
                self._reports.popleft()

    def seconds(self, elapsed: float) -> float | None:
        """The seconds left after `elapsed`; None where it is too early to say, where nothing has come on for long, and of work that looks to be over
        within three seconds."""
        share = self._reports[-1][1]
        least = _EARLY_SHARE if elapsed < _EARLY_SECONDS else _LEAST_SHARE
        if elapsed < _AFTER_SECONDS or share < least or self._stands(elapsed):
            return None
        reckoned = self._reckoned(elapsed, share)
        if self._named is None:
            if elapsed + reckoned < _LEAST_WHOLE:
                return None
            named = reckoned
        else:
            when, before = self._named
            step = max(elapsed - when, 0.0)
            expected = max(before - step, 0.0)
            settling = min(_SETTLING, _SETTLING_SHARE * elapsed)
            named = expected + (1.0 - math.exp(-step / settling)) * (reckoned - expected)
            if self._named_after == self._reports[-1][0]:  # a bar that stands is no reason to name more
                named = min(named, before)
        self._named, self._named_after = (elapsed, named), self._reports[-1][0]
        return named

    def _due(self) -> float:
        """Seconds from one report to the next, of late."""
        return (self._reports[-1][0] - self._reports[0][0]) / max(len(self._reports) - 1, 1)

    def _stands(self, elapsed: float) -> bool:
        pause = elapsed - self._reports[-1][0]
        return pause > max(_STANDS * self._due(), _STANDS_SHARE * elapsed, _STANDS_SECONDS)

    def _reckoned(self, elapsed: float, share: float) -> float:
        begun, share_then = self._reports[0]
        # a report that is late counts only from when the next was due: else the pace would fall between any two
        last = self._reports[-1][0]
        due = self._due()
        until = last if elapsed - last < 2 * due else elapsed - due
        overall = share / max(until, 1e-9)
        recent = (share - share_then) / max(until - begun, 1e-9) if share > share_then else overall
        left = (1.0 - share) / math.sqrt(overall * recent)
        return max(left - min(elapsed - last, due), 0.0)

    @staticmethod
    def _window(elapsed: float) -> float:
        return max(_LEAST_WINDOW, _WINDOW * elapsed)


def _kind(stage: str) -> str:
    """What stages have in common that come again and again, as for each strength ("Cross-validating, strength 0.1"): each begins slowly, so that
    one alone tells no pace."""
    return stage.partition(",")[0]
