"""Figures and files that plots ask for, taken by the window in which they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from glmgui.figure_desk import figure_desk
from glmgui.settings import Settings

if TYPE_CHECKING:
    from glmgui.plots.base import Plot


class FigureRequests(QObject):
    """Answers the plots that are in a window, or in a dialog over it.

    Parameters
    ----------
    window : QWidget
    make_figure : callable
        Makes a figure of a plot.
    write_file : callable
        Lets the worker write what a plot shows to a path.
    settings : Settings
        In which the folder of the last file is kept.
    """

    def __init__(
        self,
        window: QWidget,
        make_figure: Callable[[Plot], object],
        write_file: Callable[[Path, Callable[[], Path]], object],
        settings: Settings,
    ) -> None:
        super().__init__(window)
        self._window, self._make_figure, self._write_file = window, make_figure, write_file
        desk = figure_desk()
        desk.asked.connect(self._figure_asked)
        desk.file_asked.connect(self._file_asked)
        desk.folder = partial(getattr, settings, "save_folder")

    def _figure_asked(self, plot: Plot) -> None:
        if self._has_within(plot):
            self._make_figure(plot)

    def _file_asked(self, plot: Plot, path: Path, write: Callable[[], Path]) -> None:
        if self._has_within(plot):
            self._write_file(path, write)

    def _has_within(self, plot: Plot) -> bool:
        within: QWidget | None = plot
        while within is not None and within is not self._window:
            within = within.parentWidget()
        return within is self._window
