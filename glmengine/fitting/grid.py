"""The strengths of a cross-validation, and how its grid goes on where the best lies at one of its ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FURTHER = 6
"""Most strengths that are added at an end."""

FLAT = 1e-6
"""Change of the mean score (nats per bin) from one strength to the next below which going on is not worth while."""

LARGEST = 1e12
"""No grid goes on beyond it."""


@dataclass(frozen=True)
class Grid:
    """Strengths that were asked for, and those that may be added.

    Attributes
    ----------
    values : (S,) array
        First those asked for, as given; then those beyond the weak end, and those beyond the strong one, each from its end outwards.
    n_given, n_weaker, n_stronger : int
        How many of each.
    """

    values: np.ndarray
    n_given: int
    n_weaker: int = 0
    n_stronger: int = 0

    @classmethod
    def of(cls, given: np.ndarray, *, extends: bool) -> Grid:
        """The grid of these strengths (S,), which goes on by its own factor where it `extends`."""
        low = np.sort(given)
        weaker = stronger = np.zeros(0)
        if extends and low.size > 1:
            steps = np.arange(1, FURTHER + 1)
            if low[0] > 0:
                weaker = low[0] * (low[0] / low[1]) ** steps
                stronger = low[-1] * (low[-1] / low[-2]) ** steps
                weaker, stronger = weaker[weaker > np.finfo(float).tiny], stronger[stronger <= LARGEST]
        return cls(np.concatenate([given, weaker, stronger]), given.size, weaker.size, stronger.size)

    @property
    def goes_on(self) -> bool:
        """Whether strengths may be added."""
        return self.n_weaker + self.n_stronger > 0

    def beyond(self, weaker: bool) -> list[int]:
        """Numbers of the strengths at one end: the last two of those given, the end second, then those that may be added."""
        order = np.argsort(self.values[: self.n_given], kind="stable")
        ends = order[:2][::-1] if weaker else order[-2:]
        first, count = (self.n_given, self.n_weaker) if weaker else (self.n_given + self.n_weaker, self.n_stronger)
        return [*ends.tolist(), *range(first, first + count)]
