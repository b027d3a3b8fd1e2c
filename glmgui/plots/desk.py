"""The desk where plots hand in that a figure for paper is wanted of them."""

from __future__ import annotations

from functools import cache

from qtpy.QtCore import QObject, Signal


class FigureDesk(QObject):
    """Plots do not know who makes figures; the window that they are in takes the order.

    Signals
    -------
    asked : Plot
        A figure of this plot is wanted.
    """

    asked = Signal(object)


@cache
def figure_desk() -> FigureDesk:
    """The one of this program."""
    return FigureDesk()
