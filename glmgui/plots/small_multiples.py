"""Small multiples: one small drawing a unit, of which only those in view are painted, scrolled and selected from."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPen, QResizeEvent
from qtpy.QtWidgets import QHBoxLayout, QScrollBar, QStyleOptionGraphicsItem, QWidget

from glmengine.figures.drawing import FigureOf
from glmgui.drawings.population import CurvePanel, MapPanel, Panel
from glmgui.drawings.series import Table
from glmgui.plots import style
from glmgui.plots.base import Plot
from glmgui.plots.small_cells import CellPainter, Scale, mark_colour, scale_of
from glmgui.plots.style import transparent
from glmgui.widgets.sizes import scaled

_LEAST_WIDTH, _HEIGHT, _SQUARE = 132.0, 104.0, 128.0
_WIDEST = 480.0
_GAP = 4.0
_STEPS_A_NOTCH = 0.5


class _Sheet(pg.GraphicsWidget):
    """The part of the sheet that is in view; paints through its plot, which knows what is where."""

    def __init__(self, plot: SmallMultiples) -> None:
        super().__init__()
        self._plot = plot

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        self._plot.paint_cells(painter, QRectF(self.rect()))

    def mouseClickEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self._plot.clicked(event.pos(), event.modifiers())

    def mouseDragEvent(self, event) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self._plot.dragged(event.buttonDownPos(), event.pos(), event.isFinish(), event.modifiers())

    def wheelEvent(self, event) -> None:
        self._plot.scroll_by(event.delta())
        event.accept()


class SmallMultiples(Plot):
    """A cell a unit, as many in a row as there is room for.

    Signals
    -------
    chosen : (tuple of str, str or None)
        The set of units that was selected, and the one of them that was pointed at.
    """

    chosen = Signal(object, object)

    def __init__(self, title: str = "", *, name: str = "small_multiples", parent: QWidget | None = None) -> None:
        super().__init__(title, name, parent)
        self._panel: Panel | None = None
        self._painter: CellPainter | None = None
        self._units: tuple[str, ...] = ()
        self._order = np.empty(0, int)
        self._said: tuple[str, ...] = ()
        self._scales: list[Scale | None] = []
        self._common = False
        self._marked: frozenset[str] = frozenset()
        self._unit: str | None = None
        self._band: QRectF | None = None
        self._sheet = _Sheet(self)
        self.layout_item.addItem(self._sheet, 0, 0)
        self.layout_item.layout.setContentsMargins(0, 0, 0, 0)
        self.bar = QScrollBar(Qt.Orientation.Vertical, self)
        self.bar.setObjectName(f"{name}_bar")
        self.bar.valueChanged.connect(lambda _: self._sheet.update())
        self.box.removeWidget(self.view)
        beside = QHBoxLayout()
        beside.setSpacing(0)
        beside.addWidget(self.view, 1)
        beside.addWidget(self.bar)
        self.box.addLayout(beside, 1)
        self.view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.installEventFilter(self)

    # What is drawn

    def show_panel(self, panel: Panel, units: Sequence[str], order: np.ndarray, said: Sequence[str], *, common: bool) -> None:
        """Draw these units.

        Parameters
        ----------
        panel : CurvePanel or MapPanel
        units : (M,) str
            Names of its rows.
        order : (n,) int
            Rows in the order in which they are drawn.
        said : (M,) str
            A few words beside the name of each.
        common : bool
            One scale for all, else each unit its own.
        """
        self.figure = FigureOf("units", term=panel.label.removesuffix(": data").removesuffix(": model"))
        if not np.array_equal(order, self._order):  # another order is read from its beginning
            self.bar.setValue(0)
        if panel is not self._panel:
            self._painter = CellPainter(panel, self.colours)
        self._panel, self._units, self._order, self._said = panel, tuple(units), np.asarray(order, int), tuple(said)
        whole = scale_of(panel, self._order) if common else None
        own = (scale_of(panel, np.array([unit])) for unit in range(len(units)))
        self._scales = [None if scale is None else whole or scale for scale in own]
        self._common = common
        self.set_title(panel.label)
        self.view.setAccessibleDescription(f"{panel.label} of {len(order)} units; arrow keys, Space and Ctrl+A select")
        self._lay_out()

    def set_selected(self, units: Sequence[str], unit: str | None) -> None:
        """Mark the set, and the one unit of it that is pointed at."""
        moved = unit != self._unit
        self._marked, self._unit = frozenset(units), unit
        if moved and unit in self.shown:
            self._bring_in(self.shown.index(unit))
        self._sheet.update()

    @property
    def shown(self) -> list[str]:
        return [self._units[at] for at in self._order]

    @property
    def columns(self) -> int:
        """Cells in a row: as large as they can be where all are in view, else as many as there is room for."""
        area = self._sheet.rect()
        least = scaled(_SQUARE if self._is_square else _LEAST_WIDTH)
        most, fewest = max(1, int(area.width() // least)), max(1, math.ceil(area.width() / _WIDEST))
        for columns in range(fewest, most):
            rows = -(-len(self._order) // columns)
            if rows * (self._height(area.width() / columns) + _GAP) <= area.height():
                return columns
        return most

    def _height(self, width: float) -> float:
        """Of a cell so wide."""
        return max(0.95 * width, scaled(_SQUARE)) if self._is_square else max(0.66 * width, scaled(_HEIGHT))

    @property
    def _is_square(self) -> bool:
        panel = self._panel
        return panel is not None and (panel.polar if isinstance(panel, CurvePanel) else panel.equal)

    def cell(self, place: int) -> QRectF:
        """Where the cell at a place of the order is, on the sheet as it is scrolled now."""
        columns = self.columns
        width = self._sheet.rect().width() / columns
        height = self._height(width) + _GAP
        row, column = divmod(place, columns)
        return QRectF(column * width, row * height - self.bar.value(), width, height).adjusted(0, 0, -_GAP, -_GAP)

    def in_view(self) -> range:
        """Places of the cells that can be seen."""
        if not len(self._order):
            return range(0)
        step = self.cell(0).height() + _GAP
        first = int(self.bar.value() // step) * self.columns
        last = math.ceil((self.bar.value() + self._sheet.rect().height()) / step) * self.columns
        return range(first, min(last, len(self._order)))

    def _lay_out(self) -> None:
        rows = -(-len(self._order) // self.columns)
        step = self.cell(0).height() + _GAP
        seen = self._sheet.rect().height()
        self.bar.setPageStep(int(seen))
        self.bar.setSingleStep(int(step * _STEPS_A_NOTCH))
        self.bar.setRange(0, max(0, math.ceil(rows * step - seen)))
        self._sheet.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        with QSignalBlocker(self.bar):
            self._lay_out()

    def show_all(self) -> None:
        """A double click, which shows everything of other plots, selects here as a click does."""

    def scroll_by(self, delta: int) -> None:
        self.bar.setValue(self.bar.value() - round(delta / 120 * 2 * self.bar.singleStep()))

    def _bring_in(self, place: int) -> None:
        cell = self.cell(place)
        if cell.top() < 0:
            self.bar.setValue(self.bar.value() + math.floor(cell.top()))
        elif cell.bottom() > self._sheet.rect().height():
            self.bar.setValue(self.bar.value() + math.ceil(cell.bottom() + _GAP - self._sheet.rect().height()))

    # Painting

    def paint_cells(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is in view; called by the sheet."""
        if self._panel is None or self._painter is None:
            return
        painter.save()
        painter.setClipRect(area)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPointSizeF(max(0.82 * font.pointSizeF(), 7.0))
        for place in self.in_view():
            self._paint_cell(painter, self.cell(place), int(self._order[place]), font)
        if self._band is not None:
            colour = mark_colour(self.colours)
            painter.setPen(QPen(colour, 1, Qt.PenStyle.DashLine))
            painter.setBrush(transparent(colour, 30))
            painter.drawRect(self._band)
        painter.restore()

    def _paint_cell(self, painter: QPainter, cell: QRectF, unit: int, font: QFont) -> None:
        name, marked = self._units[unit], self._units[unit] in self._marked
        colour = mark_colour(self.colours)
        bold = QFont(font)
        bold.setBold(marked)
        painter.setFont(bold)
        metrics = QFontMetricsF(bold)
        line = metrics.height()
        if marked:
            painter.setPen(QPen(colour, 2 if name == self._unit else 1))
            painter.setBrush(transparent(colour, 22))
            painter.drawRect(cell.adjusted(1, 1, -1, -1))
        painter.setPen(QPen(self.colours.ink))
        title = metrics.elidedText(f"{'✓ ' if marked else ''}{name}", Qt.TextElideMode.ElideRight, 0.6 * cell.width())
        painter.drawText(QPointF(cell.left() + 5, cell.top() + metrics.ascent() + 1), title)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        room = cell.width() - 14 - QFontMetricsF(bold).horizontalAdvance(title)
        said = metrics.elidedText(self._said[unit], Qt.TextElideMode.ElideRight, room)
        painter.setPen(QPen(self.colours.muted))
        painter.drawText(QPointF(cell.right() - 5 - metrics.horizontalAdvance(said), cell.top() + metrics.ascent() + 1), said)
        inner = cell.adjusted(2, line + 2, -2, -2)
        scale = self._scales[unit]
        if scale is None:
            painter.drawText(inner, Qt.AlignmentFlag.AlignCenter, "not in its model")
            return
        painter.setOpacity(style.GREYED if self.greyed else 1.0)
        if self._is_polar:
            inner = inner.adjusted(0, 0, 0, -line)
        self._painter.paint(painter, inner, unit, scale, ticks=True)
        painter.setOpacity(1.0)
        if self._is_polar:
            painter.setPen(QPen(self.colours.muted))
            reach = self._panel.y_axis.value(scale.high)
            below = QRectF(cell.left(), cell.bottom() - line - 2, cell.width(), line)
            painter.drawText(below, Qt.AlignmentFlag.AlignCenter, f"outer circle {reach}")

    @property
    def _is_polar(self) -> bool:
        return isinstance(self._panel, CurvePanel) and self._panel.polar

    def set_greyed(self, greyed: bool) -> None:
        super().set_greyed(greyed)
        self._sheet.update()

    def _restyle(self) -> None:
        if self._panel is not None:
            self._painter = CellPainter(self._panel, self.colours)
            self._sheet.update()

    # Numbers

    def numbers(self) -> Table:
        panel = self._panel
        if panel is None:
            return {}
        names = np.array(self.shown, dtype=object)
        if isinstance(panel, MapPanel):
            x, y = (axis.ravel() for axis in np.meshgrid(panel.x, panel.y, indexing="ij"))
            return {
                "unit": np.repeat(names, x.size),
                panel.x_axis.text: np.tile(panel.x_axis.column(x), len(names)),
                panel.y_axis.text: np.tile(panel.y_axis.column(y), len(names)),
                panel.value_axis.text: panel.values[self._order].reshape(-1),
            }
        unit = f" ({panel.y_axis.unit})" if panel.y_axis.unit else ""
        parts = {"model": panel.model, "low": panel.low, "high": panel.high}
        parts |= {"data": panel.data} if panel.data is not None else {}
        return {
            "unit": np.repeat(names, len(panel.x)),
            panel.x_axis.text: np.tile(panel.x_axis.column(panel.x), len(names)),
            **{f"{name}{unit}": values[self._order].reshape(-1) for name, values in parts.items()},
        }

    # Selecting

    def _at(self, point: QPointF) -> int | None:
        return next((place for place in self.in_view() if self.cell(place).contains(point)), None)

    def clicked(self, point: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        """One unit, one more or less with Ctrl, all up to it with Shift."""
        place = self._at(point)
        if place is None:
            return
        name = self.shown[place]
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self._toggle(name)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier and self._unit in self.shown:
            ends = sorted((place, self.shown.index(self._unit)))
            self.chosen.emit(tuple(self.shown[ends[0] : ends[1] + 1]), self._unit)
        else:
            self.chosen.emit((name,), name)

    def dragged(self, start: QPointF, stop: QPointF, ended: bool, modifiers: Qt.KeyboardModifier) -> None:
        """All cells that the rectangle touches; added to the set with Ctrl or Shift."""
        rectangle = QRectF(start, stop).normalized().adjusted(-1, -1, 1, 1)  # one without height touches nothing
        self._band = None if ended else rectangle
        if ended:
            touched = [self.shown[place] for place in self.in_view() if self.cell(place).intersects(rectangle)]
            more = modifiers & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
            if touched:
                self.chosen.emit(tuple({*touched, *(self._marked if more else ())}), None)
        self._sheet.update()

    def _toggle(self, name: str) -> None:
        changed = self._marked ^ {name}
        if changed:
            self.chosen.emit(tuple(changed), name if name in changed else None)

    def eventFilter(self, watched, event: QEvent) -> bool:
        if watched is self.view and event.type() == QEvent.Type.KeyPress and self._key(event):
            return True
        return super().eventFilter(watched, event)

    def _key(self, event: QKeyEvent) -> bool:
        shown = self.shown
        if not shown:
            return False
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -self.columns,
            Qt.Key.Key_Down: self.columns,
            Qt.Key.Key_Home: -len(shown),
            Qt.Key.Key_End: len(shown),
        }
        if event.key() in steps and not event.modifiers() & Qt.KeyboardModifier.AltModifier:
            at = shown.index(self._unit) if self._unit in shown else 0
            to = min(max(at + steps[event.key()], 0), len(shown) - 1)
            more = self._marked if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else ()
            self.chosen.emit(tuple({shown[to], *more}), shown[to])
            return True
        if event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.chosen.emit(tuple(shown), None)
            return True
        if event.key() == Qt.Key.Key_Space and self._unit is not None:
            self._toggle(self._unit)
            return True
        return False

    def _readout(self, at: QPointF) -> str:
        point = self._sheet.mapFromScene(at)
        place = self._at(point)
        if place is None or self._painter is None or self._panel is None:
            return ""
        unit = int(self._order[place])
        head = f"unit {self._units[unit]}  {self._said[unit]}".rstrip()
        if self._is_polar or self._scales[unit] is None:
            return head
        font = QFont(self.font())
        font.setPointSizeF(max(0.82 * font.pointSizeF(), 7.0))
        line = QFontMetricsF(font).height()
        inner = self.cell(place).adjusted(2, line + 2, -2, -2)
        shares = self._painter.place(inner, point, ticks=True, painter_font_height=line)
        if shares is None:
            return head
        panel = self._panel
        column = min(int(shares[0] * len(panel.x)), len(panel.x) - 1)
        if isinstance(panel, MapPanel):
            row = min(int(shares[1] * len(panel.y)), len(panel.y) - 1)
            value, where = panel.values[unit, column, row], f", {panel.y_axis.label} {panel.y_axis.value(panel.y[row])}"
            said = panel.value_axis
        else:
            value, where, said = panel.model[unit, column], "", panel.y_axis
        shown = "no data" if np.isnan(value) else said.value(float(value))
        return f"{head}  –  {panel.x_axis.label} {panel.x_axis.value(panel.x[column])}{where}:  {shown}"
