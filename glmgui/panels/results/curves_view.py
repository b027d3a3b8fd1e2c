"""All the curves of one unit on one page that scrolls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from glmgui.panels.results.curve_plots import coupling_plots, filter_plots, tuning_plots
from glmgui.plots import ImagePlot, Plot
from glmgui.widgets import hint

if TYPE_CHECKING:
    from glmengine.results import Result

_HEIGHT = 230
_WIDE_PARTS = 2
_WIDE_HEIGHT = 295


class CurvesView(QWidget):
    """Two plots a row; several images side by side take a whole row."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("curves_view")
        self._plots: list[Plot] = []
        self._greyed = False
        self._page = QWidget(self)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setSpacing(8)
        self._none = hint("", self._page)
        scroll = QScrollArea(self)
        scroll.setObjectName("curves_scroll")
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(scroll)

    @property
    def plots(self) -> tuple[Plot, ...]:
        return tuple(self._plots)

    def show_unit(self, result: Result, unit: str) -> None:
        """Draw every curve of one unit."""
        self.clear()
        for label, curves in result.curves.items():
            self._plots += tuning_plots(label, curves, unit)
        for label, filters in result.filters.items():
            self._plots += filter_plots(label, filters, unit)
        if result.coupling is not None:
            self._plots += coupling_plots(result.coupling, result.units)
        self._none.setText("" if self._plots else "The model has no term with a curve: it is a constant rate.")
        at_row, at_column = 0, 0
        for plot in self._plots:
            wide = isinstance(plot, ImagePlot) and len(plot.images) >= _WIDE_PARTS
            if wide and at_column:
                at_row, at_column = at_row + 1, 0
            plot.setMinimumHeight(_WIDE_HEIGHT if wide else _HEIGHT)
            plot.set_greyed(self._greyed)
            self._grid.addWidget(plot, at_row, at_column, 1, 2 if wide else 1)
            at_column += 2 if wide else 1
            if at_column >= 2:
                at_row, at_column = at_row + 1, 0
        self._grid.addWidget(self._none, at_row + 1, 0, 1, 2)
        for column in range(2):
            self._grid.setColumnStretch(column, 1)

    def clear(self) -> None:
        for plot in self._plots:
            self._grid.removeWidget(plot)
            plot.hide()
            plot.deleteLater()
        self._plots = []

    def set_greyed(self, greyed: bool) -> None:
        self._greyed = greyed
        for plot in self._plots:
            plot.set_greyed(greyed)
