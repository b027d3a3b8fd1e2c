"""Epochs of a simulated session: all of it, and its halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pynapple as nap


def whole_and_halves(seconds: float) -> dict[str, nap.IntervalSet]:
    """``all``, ``first half`` and ``second half`` of a session of so many seconds that begins at 0."""
    import pynapple as nap

    return {
        "all": nap.IntervalSet(0.0, seconds),
        "first half": nap.IntervalSet(0.0, seconds / 2),
        "second half": nap.IntervalSet(seconds / 2, seconds),
    }
