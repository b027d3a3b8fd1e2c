"""How far a descent is, by its work: passes over the rows and Hessians, those that were made beside those that are expected."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from glmengine.context import Context, Progress

PASSES = 12.0
"""That a descent is expected to take from where it begins to its limit, each of all columns in the precision that it begins with (measured)."""

DOUBLE = 2.0
"""What a pass in float64 takes beside one in float32."""

BESIDE = 25
"""A pass takes what so many columns would take beside what its own take."""


class DescentWork:
    """The work of one descent in passes for all its columns, and its reports.

    Parameters
    ----------
    context : Context
        Is told of a share that never goes back.
    limit : float
        Half the Newton decrement at which the last column ends.
    n_columns : int

    Attributes
    ----------
    in_double : bool
        Whether passes are in float64 by now, after some in float32.
    """

    def __init__(self, context: Context, limit: float, n_columns: int) -> None:
        self._context, self._limit, self._n_columns = context, limit, n_columns
        self._done, self._ahead, self._share, self._first = 0.0, PASSES, 0.0, 0.0
        self.in_double = False

    def passed(self, n_columns: int) -> None:
        """A pass over the rows was made for so many columns."""
        if n_columns:
            self._done += self._pass(n_columns) * (DOUBLE if self.in_double else 1.0)

    @contextmanager
    def hessians(self, price: float, n_columns: int) -> Iterator[Callable[[float], None]]:
        """While Hessians are made that cost so many passes for so many columns: it is to be told which share of them is made."""
        work, before = price * self._pass(n_columns), self._done

        def made(share: float) -> None:
            self._done = before + share * work
            self._report((1.0 - share) * work)

        made(0.0)
        yield made
        made(1.0)

    def stands(self, decrement: float, at_work: int, detail: str) -> None:
        """Report the largest half Newton decrement of the columns that are at work, so many."""
        if math.isfinite(decrement):
            now = max(decrement, self._limit)
            self._first = max(self._first, now)
            span = math.log(self._first / self._limit)
            self._ahead = PASSES * self._pass(at_work) * (math.log(now / self._limit) / span if span > 0 else 0.0)
        self._report(detail=detail)

    def _pass(self, n_columns: int) -> float:
        """What a pass for some of the columns takes beside one for all."""
        return (BESIDE + n_columns) / (BESIDE + self._n_columns)

    def _report(self, before: float = 0.0, detail: str = "") -> None:
        """The share that is done, where so much work comes before the next step."""
        whole = self._done + before + self._ahead
        self._share = max(self._share, self._done / whole if whole > 0 else 1.0)
        self._context.report(Progress("Fitting", self._share, detail))
