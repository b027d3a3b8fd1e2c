"""The desk where plots hand in that a figure for paper, or a file of what is seen, is wanted of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from qtpy.QtCore import QObject, Signal


class FigureDesk(QObject):
    """Plots know neither who makes figures nor the worker that writes files; the window that they are in takes the order.

    Signals
    -------
    asked : Plot
        A figure of this plot is wanted.
    file_asked : (Plot, Path, function)
        What a plot showed is to be written to a file, which the function does, in any thread.
    """

    asked = Signal(object)
    file_asked = Signal(object, object, object)

    folder: Callable[[], str] | None = None
    """Says where the window would save a file; None where no window does."""


@cache
def figure_desk() -> FigureDesk:
    """The one of this program."""
    return FigureDesk()
