"""A page of drawings that scrolls: two plots a row, wide ones alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from glmgui.drawings.curves import Drawing
from glmgui.plots.base import Plot
from glmgui.plots.drawn import draw
from glmgui.widgets.texts import hint

_HEIGHT = 230
_WIDE_HEIGHT = 295


class PlotGrid(QWidget):
    """Draws into the plots that are there where they fit: making them anew is slow.

    Of plots that have to be made, one is made in each turn of the event loop, so that the window stays free meanwhile.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}_view")
        self._plots: dict[str, Plot] = {}
        self._cells: dict[str, tuple[int, int]] = {}
        self._waiting: deque[Drawing] = deque()
        self._subject = ""
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._make_next)
        self._greyed = False
        self._page = QWidget(self)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setSpacing(8)
        self._none = hint("", self._page)
        for part in range(2):
            self._grid.setColumnStretch(part, 1)
        scroll = QScrollArea(self)
        scroll.setObjectName(f"{name}_scroll")
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._page)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(scroll)

    @property
    def plots(self) -> tuple[Plot, ...]:
        return tuple(self._plots[name] for name in self._cells if name in self._plots)

    @property
    def is_complete(self) -> bool:
        """Whether every plot has been made."""
        return not self._waiting

    def show_drawings(self, drawings: Sequence[Drawing], subject: str, none: str = "") -> None:
        """Draw these; `subject` is of whom they are, `none` what to say where there are none."""
        self._none.setText("" if drawings else none)
        self._subject = subject
        self._place(drawings)
        before, self._plots = self._plots, {}
        self._waiting.clear()
        for drawing in drawings:
            if drawing.name in before:
                self._take(drawing, draw(drawing, before.pop(drawing.name)))
            else:
                self._waiting.append(drawing)
        for plot in before.values():
            self._drop(plot)
        self._make_next()

    def clear(self) -> None:
        self._waiting.clear()
        for plot in self._plots.values():
            self._drop(plot)
        self._plots = {}
        self._cells = {}

    def set_greyed(self, greyed: bool) -> None:
        """Draw pale what answers an earlier question."""
        self._greyed = greyed
        for plot in self._plots.values():
            plot.set_greyed(greyed)

    def _make_next(self) -> None:
        if self._waiting:
            drawing = self._waiting.popleft()
            self._take(drawing, draw(drawing))
            if self._waiting:
                self._turn.start()

    def _take(self, drawing: Drawing, plot: Plot) -> None:
        plot.set_greyed(self._greyed)
        plot.subject = self._subject
        self._plots[drawing.name] = plot
        row, column = self._cells[drawing.name]
        plot.setMinimumHeight(_WIDE_HEIGHT if drawing.wide else _HEIGHT)
        self._grid.addWidget(plot, row, column, 1, 2 if drawing.wide else 1)

    def _drop(self, plot: Plot) -> None:
        self._grid.removeWidget(plot)
        plot.hide()
        plot.deleteLater()

    def _place(self, drawings: Sequence[Drawing]) -> None:
        """Say in which row and column each drawing goes: two a row, a wide one alone."""
        self._cells = {}
        row = column = 0
        for drawing in drawings:
            if drawing.wide and column:
                row, column = row + 1, 0
            self._cells[drawing.name] = (row, column)
            column += 2 if drawing.wide else 1
            if column >= 2:
                row, column = row + 1, 0
        self._grid.addWidget(self._none, row + 1, 0, 1, 2)
