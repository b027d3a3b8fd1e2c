"""Strengths that are asked for next, for a solver that works at several at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glmengine.context import Context


@dataclass(frozen=True)
class Ahead:
    """The strengths after the one that is asked for.

    Attributes
    ----------
    strengths : tuple of (K,) arrays
        In the order in which they will be asked for.
    together : callable
        Gives the context of so many strengths that are solved at once, the present one the first of them: else all the time that they
        take would pass for that of the first.
    """

    strengths: tuple[np.ndarray, ...]
    together: Callable[[int], Context]
