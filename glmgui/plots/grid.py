"""A page of drawings that scrolls: two plots a row, three of as many on a large screen; a wide one takes the room of two."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from qtpy.QtCore import QEvent, Qt, QTimer
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from glmgui.drawings.curves import Drawing
from glmgui.plots.base import Plot
from glmgui.plots.drawn import draw
from glmgui.widgets.sizes import scaled
from glmgui.widgets.texts import hint

_HEIGHT = 236
_WIDE_HEIGHT = 301
_THREE_A_ROW = 1500  # pixels of usual text from which on a row has room for three
_HIGH, _WIDE_HIGH = 0.42, 0.36  # heights of a plot and of a wide one over their widths where those are large
_STEP = 20  # pixels in which heights grow, so that few changes of the width move anything


class PlotGrid(QWidget):
    """Draws into the plots that are there where they fit: making them anew is slow.

    One plot is filled or made in each turn of the event loop, those in view first, so that the window stays free meanwhile.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}_view")
        self._plots: dict[str, Plot] = {}
        self._drawings: tuple[Drawing, ...] = ()
        self._cells: dict[str, tuple[int, int, int]] = {}  # row, column and how many columns
        self._a_row = 2
        self._waiting: list[Drawing] = []
        self._subject = ""
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._fill_next)
        self._greyed = False
        self._page = QWidget(self)
        self._grid = QGridLayout(self._page)
        self._grid.setContentsMargins(4, 4, 4, 4)
        self._grid.setSpacing(8)
        self._none = hint("", self._page)
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
        """Whether every plot has been made, and filled with what was asked for last."""
        return not self._waiting

    def show_drawings(self, drawings: Sequence[Drawing], subject: str, none: str = "") -> None:
        """Draw these; `subject` is of whom they are, `none` what to say where there are none."""
        self._none.setText("" if drawings else none)
        self._subject = subject
        self._drawings = tuple(drawings)
        cells = self._cells
        self._place()
        for name in self._plots.keys() - self._cells.keys():
            self._drop(self._plots.pop(name))
        self._lay_moved(cells)
        self._suit_heights()
        late = {drawing.name for drawing in self._waiting}  # they come first: drawings may follow faster than they are filled
        self._waiting = sorted(drawings, key=lambda drawing: drawing.name not in late)
        self._fill_next()

    def clear(self) -> None:
        self._waiting.clear()
        for plot in self._plots.values():
            self._drop(plot)
        self._drawings = ()
        self._plots = {}
        self._cells = {}

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._places_a_row != self._a_row:
            cells = self._cells
            self._place()
            self._lay_moved(cells)
        self._suit_heights()

    @property
    def _places_a_row(self) -> int:
        """Three on a large screen, where there are as many to be filled: beside one or two plots the third would be empty."""
        filled = sum(_places(drawing) for drawing in self._drawings)
        return 3 if self.width() >= scaled(_THREE_A_ROW) and filled > 2 else 2

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_drawings"):  # labels below a plot need more of it
            self._suit_heights()

    def _suit_heights(self) -> None:
        rows: dict[int, int] = {}
        for drawing in self._drawings:
            height, row = self._height_of(drawing), self._cells[drawing.name][0]
            rows[row] = max(rows.get(row, 0), height)
            if drawing.name in self._plots:
                self._suit_height(drawing)
        # also of plots that are made later: the first would fill the page
        for row in range(max(self._grid.rowCount(), len(rows))):
            self._grid.setRowMinimumHeight(row, rows.get(row, 0))

    def set_greyed(self, greyed: bool) -> None:
        """Draw pale what answers an earlier question."""
        self._greyed = greyed
        for plot in self._plots.values():
            plot.set_greyed(greyed)

    def _fill_next(self) -> None:
        if self._waiting:
            drawing = min(self._waiting, key=self._is_out_of_view)
            self._waiting.remove(drawing)
            self._fill(drawing)
            if self._waiting:
                self._turn.start()

    def _is_out_of_view(self, drawing: Drawing) -> bool:
        """Whether it is in a plot that is scrolled away; where one that has to be made will be is not known yet."""
        plot = self._plots.get(drawing.name)
        return plot is not None and plot.visibleRegion().isEmpty()

    def _fill(self, drawing: Drawing) -> None:
        before = self._plots.get(drawing.name)
        plot = draw(drawing, before)
        if before is not None and plot is not before:
            self._drop(before)
        plot.set_greyed(self._greyed)
        plot.subject = self._subject
        self._plots[drawing.name] = plot
        self._suit_height(drawing)
        if plot is not before:
            self._lay(drawing.name)

    def _lay(self, name: str) -> None:
        row, column, columns = self._cells[name]
        self._grid.addWidget(self._plots[name], row, column, 1, columns)

    def _lay_moved(self, before: dict[str, tuple[int, int, int]]) -> None:
        """Put plots into their new cells at once, also those that are filled later: no two lie in one."""
        for name in self._plots:
            if self._cells[name] != before[name]:
                self._lay(name)

    def _height_of(self, drawing: Drawing) -> int:
        """A plot is not much wider than high, also on a large screen."""
        width = self.width() / self._a_row
        least, wanted = (_WIDE_HEIGHT, _WIDE_HIGH * 2 * width) if drawing.wide else (_HEIGHT, _HIGH * width)
        return max(scaled(least), int(wanted) // _STEP * _STEP)

    def _suit_height(self, drawing: Drawing) -> None:
        height = self._height_of(drawing)
        plot = self._plots[drawing.name]
        if plot.minimumHeight() != height:
            plot.setMinimumHeight(height)

    def _drop(self, plot: Plot) -> None:
        self._grid.removeWidget(plot)
        plot.hide()
        plot.deleteLater()

    def _place(self) -> None:
        """Say in which row and column each drawing goes: the first place that has room for it."""
        self._cells = {}
        self._a_row = self._places_a_row
        taken: set[tuple[int, int]] = set()
        for drawing in self._drawings:
            parts = _places(drawing)
            row, column = next(
                (row, column)
                for row in count()
                for column in range(self._a_row - parts + 1)
                if not any((row, column + part) in taken for part in range(parts))
            )
            taken |= {(row, column + part) for part in range(parts)}
            self._cells[drawing.name] = (row, column, parts)
        for part in range(3):
            self._grid.setColumnStretch(part, 1 if part < self._a_row else 0)
        self._grid.addWidget(self._none, 1 + max((row for row, _ in taken), default=-1), 0, 1, self._a_row)


def _places(drawing: Drawing) -> int:
    """Of a row that it takes."""
    return 2 if drawing.wide else 1
