"""The base of all plots: title, numbers under the mouse, and the menu that saves the figure or its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from qtpy.QtGui import QContextMenuEvent, QPalette, QPen, QShowEvent
from qtpy.QtWidgets import (
    QGraphicsTextItem,
    QHBoxLayout,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from glmengine.errors import GlmError
from glmengine.figures.drawing import Drawing, FigureOf, Lines
from glmengine.sentences import as_shown
from glmgui import theme
from glmgui.drawings.series import Axis, Curve, Table
from glmgui.figure_desk import figure_desk
from glmgui.file_dialogs import file_to_save
from glmgui.notices import notices
from glmgui.plots import style
from glmgui.plots.axis import QuietAxis
from glmgui.plots.axis_labels import label_axes, paint_axes
from glmgui.plots.export import copy_numbers, copy_plot, plot_writer, save_made_numbers
from glmgui.plots.plot_item import PlainPlotItem
from glmgui.plots.read_out import ReadOut
from glmgui.slow_disks import writable_folder
from glmgui.widgets.sizes import LeastHeight
from glmgui.widgets.texts import TwoLines

_LEAST_TITLE = 60
_LEAST_WIDTH, _LEAST_HEIGHT, _LEAST_WITHOUT_AXIS = (
    120,
    110,
    70,
)  # of the view: a curve is told from a line beside numbers and words
_MOST_COPIED = 100_000  # rows on the clipboard


class Plot(QWidget):
    """A titled drawing area; subclasses fill `layout_item`, and implement `numbers`, `_restyle` and `_readout`.

    Parameters
    ----------
    title : str
        What is drawn; also the proposed file name.
    name : str
        Object name, and the name that screen readers say where `title` is empty.
    """

    def __init__(self, title: str = "", name: str = "plot", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._greyed = self._outdated = self._shares_axis = self._on_paper = False
        self.figure: FigureOf | None = None  # the figure of the result that shows the same
        self._waits_for = ""  # what is being done for another drawing
        self.subject = ""  # of whom it is drawn ("unit 3"), for the names of files
        self._title = TwoLines(self)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._title.setMinimumWidth(_LEAST_TITLE)  # a long one takes two lines, and does not make the plot wide
        self._read = ReadOut(self, f"{name}_read_out")
        self._save = QToolButton(self)
        self._save.setObjectName(f"{name}_save")
        self._save.setIcon(theme.icon("figure"))
        self._save.setIconSize(QSize(14, 14))
        self._save.setAutoRaise(True)
        self._save.setToolTip("A figure of this for paper; the arrow beside it saves what is seen, or its numbers")
        self._save.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self._save.clicked.connect(self.ask_for_figure)
        menu = QMenu(self._save)
        self._fill_menu(menu)
        self._save.setMenu(menu)
        self.view = pg.GraphicsLayoutWidget(self)
        self.view.setObjectName(f"{name}_view")
        self.view.ci.layout.setContentsMargins(4, 7, 16, 2)  # above: half a number that stands at the end of the axis
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.view.setMinimumWidth(_LEAST_WIDTH)
        self._least_height = LeastHeight(self.view, _LEAST_HEIGHT)
        self.view.viewport().installEventFilter(self)
        self.layout_item = self.view.ci
        self.scene = self.view.scene()
        self.scene.sigMouseMoved.connect(self._mouse_moved)

        header = QHBoxLayout()
        header.setContentsMargins(6, 2, 2, 0)
        header.setSpacing(6)
        header.addWidget(self._title)
        header.addStretch(1)
        self.header = header
        header.addWidget(self._save)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(header)
        box.addWidget(self.view, 1)
        self.box = box
        self.set_title(title)
        self.colours = style.from_palette(self.palette())
        self.view.setBackground(self.colours.ground)

    # What subclasses say

    def numbers(self) -> Table:
        """Everything that is drawn, as columns of numbers with units in their headings."""
        raise NotImplementedError

    def numbers_maker(self) -> Callable[[], Table]:
        """What gives the numbers that are drawn now, without the plot: where they are many, in the worker."""
        return partial(dict, self.numbers())

    def rows_at_least(self) -> int:
        """How many rows of numbers there are no fewer of, known without making them."""
        return 0

    def drawing(self) -> Drawing:
        """What is drawn as plain data, of which a figure for paper is made: where a plot does not say it, its numbers over the first of them."""
        columns = {name: values for name, values in self.numbers().items() if np.asarray(values).dtype.kind in "fiu"}
        x_name, *names = columns or {"": ()}
        curves = [Curve(name if len(names) > 1 else "", columns[x_name], columns[name], look="dots") for name in names]
        y_name = names[0] if len(names) == 1 else ""
        return Lines(self.objectName(), self.title, Axis(x_name), Axis(y_name), list(curves), figure=self.figure)

    def _restyle(self) -> None:
        """Paint everything again with `self.colours`."""

    def _readout(self, at: QPointF) -> str:
        """The numbers at a point of the scene, empty where there are none."""
        return ""

    # Titles, greying

    @property
    def title(self) -> str:
        """As it was given; products of terms are shown with their sign."""
        return self._named

    def set_title(self, title: str) -> None:
        self._named = title
        shown = as_shown(title)
        self._title.setText(self._waits_for or shown)
        self._title.setToolTip(shown)
        self.view.setAccessibleName(shown or self.objectName())
        self._save.setAccessibleName(f"Save {shown or 'figure'}")

    def say_waiting(self, said: str) -> None:
        """Say in the place of the title what is being done for another drawing, also where nothing can be done with this one; nothing once it is there."""
        if said == self._waits_for:
            return
        self._waits_for = said
        palette = QPalette()
        if said:
            ink = self._title.palette().color(QPalette.ColorGroup.Active, QPalette.ColorRole.WindowText)
            palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole.WindowText, ink)
        self._title.setPalette(palette)
        self._title.setText(said or as_shown(self._named))

    @property
    def greyed(self) -> bool:
        return self._greyed

    def set_greyed(self, greyed: bool) -> None:
        """Draw pale what answers an earlier question."""
        self._greyed = greyed
        for item in self._plot_items():
            item.vb.childGroup.setOpacity(style.GREYED if greyed else 1.0)

    def _plot_items(self) -> list[pg.PlotItem]:
        return [item for item in self.layout_item.items if isinstance(item, pg.PlotItem)]

    def show_all(self) -> None:
        """Zoom out to everything that is drawn."""
        for item in self._plot_items():
            item.enableAutoRange()

    # Saving

    def _fill_menu(self, menu: QMenu) -> None:
        # no lambda: it would hold the plot, whose parts would then be taken away in any order
        menu.addAction("Save figure for paper\u2026", self.ask_for_figure).setToolTip(
            "Size in millimetres, font, style; PDF, SVG, PNG or TIFF"
        )
        menu.addAction("Save figure as on screen\u2026", self.ask_and_save_figure).setToolTip("What is seen, as SVG, PDF or PNG")
        menu.addAction("Save numbers\u2026", self.ask_and_save_numbers).setToolTip("CSV with units in the headings")
        menu.addSeparator()
        menu.addAction("Copy figure", self.copy_figure).setToolTip("What is seen, as a picture on the clipboard")
        menu.addAction("Copy numbers", self.copy_numbers).setToolTip("What is drawn, as a spreadsheet takes it")
        menu.addSeparator()
        menu.addAction("Show everything (double click)", self.show_all)

    def ask_for_figure(self) -> None:
        """Say that a figure for paper is wanted."""
        figure_desk().asked.emit(self)

    def copy_figure(self) -> None:
        """Put what is seen on the clipboard, on white."""
        copy_plot(self)

    def copy_numbers(self) -> None:
        """Put the numbers that are drawn on the clipboard; very many are better saved."""
        many = self.rows_at_least() > _MOST_COPIED
        table = {} if many else self.numbers()
        if many or max(map(len, table.values()), default=0) > _MOST_COPIED:
            notices().tell("warning", f"more than {_MOST_COPIED:,} rows are not copied; save the numbers as CSV", title="Copy")
        else:
            copy_numbers(table)

    def ask_and_save_figure(self) -> None:
        """Ask for a name and save the figure there."""
        kinds = "SVG, text stays text (*.svg);;PDF, text stays text (*.pdf);;PNG, 300 dpi (*.png)"
        path, kind = file_to_save(self, "Save figure", self._proposed_path(".svg"), kinds)
        if path:
            if not Path(path).suffix:
                path += f".{kind[:3].lower()}"
            try:
                self._hand_in(Path(path), plot_writer(self, path))
            except GlmError as error:
                notices().tell_error(error, "Export")

    def ask_and_save_numbers(self) -> None:
        """Ask for a name and save the numbers there."""
        path, _ = file_to_save(self, "Save numbers", self._proposed_path(".csv"), "CSV (*.csv)")
        if path:
            if not Path(path).suffix:
                path += ".csv"
            self._hand_in(Path(path), partial(save_made_numbers, self.numbers_maker(), path))

    def _hand_in(self, path: Path, write: Callable[[], Path]) -> None:
        """Have a file written in the worker of the window."""
        figure_desk().file_asked.emit(self, path, write)

    @property
    def proposed_name(self) -> str:
        """For a file, without an ending: what is drawn and of whom."""
        what = self.title or self.objectName()
        words = what if f" {self.subject} " in f" {what} " else f"{self.subject} {what}"  # unit 1 is not in unit 12
        text = "".join(letter if letter.isalnum() else "_" for letter in words)
        return "_".join(part for part in text.split("_") if part).lower() or "figure"

    def _proposed_path(self, ending: str) -> str:
        """In the folder that the window saves to."""
        where = figure_desk().folder
        return str(writable_folder(where() if where is not None else None) / f"{self.proposed_name}{ending}")

    @contextmanager
    def painted_for_paper(self, scale: float = 1.0) -> Iterator[None]:
        """Black on white and not greyed while the block runs; `scale` is pixels of the figure a pixel of the screen."""
        screen, greyed = self.colours, self._greyed
        self._on_paper = True
        self._apply(style.on_paper())
        self.set_greyed(False)
        for item in self._plot_items() if self._shares_axis else ():
            item.showAxis("bottom")
        self._export_mode(True, {"antialias": True, "resolutionScale": scale})
        if scale != 1.0:
            self._widen_lines(scale)
        try:
            yield
        finally:
            self._export_mode(False, {})
            for item in self._plot_items() if self._shares_axis else ():
                item.hideAxis("bottom")
            self._on_paper = False
            self._apply(screen)
            self.set_greyed(greyed)

    def share_time_axis(self) -> None:
        """Leave the lower axis to the plot below, which shows the same times; a figure of this plot alone has it."""
        for item in self._plot_items():
            item.hideAxis("bottom")
        self._least_height.suit(_LEAST_WITHOUT_AXIS)
        self._shares_axis = True

    def _export_mode(self, on: bool, options: dict[str, object]) -> None:
        for item in self.scene.items():
            if isinstance(item, pg.GraphicsItem):
                item.setExportMode(on, options)

    def _widen_lines(self, scale: float) -> None:
        """Lines of cosmetic width stay one pixel of the figure wide otherwise; `_apply` undoes this."""
        for item in self.scene.items():
            if isinstance(item, pg.PlotDataItem | pg.PlotCurveItem):
                if item.opts["pen"] is not None:
                    item.setPen(_wider(item.opts["pen"], scale))
            elif isinstance(item, QuietAxis):
                item.set_colours(_wider(item.pen(), scale), self.colours.ink)
            elif isinstance(item, pg.InfiniteLine):
                item.setPen(_wider(item.pen, scale))

    # Events

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.open_menu(event.globalPos())

    def open_menu(self, position: QPoint) -> None:
        self._save.menu().popup(position)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "colours"):
            if self.isVisible():
                self._follow_look()
            else:
                self._outdated = True

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange and hasattr(self, "colours"):
            self._apply(self.colours)
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._outdated:  # to paint plots that nobody sees would make a change of colours slow
            self._follow_look()

    def _follow_look(self) -> None:
        self._outdated = False
        for item in self.scene.items():
            if isinstance(item, QGraphicsTextItem) and item.font() != self.font():
                item.setFont(self.font())
            elif isinstance(item, QuietAxis):
                item.forget_label()  # which is written anew with the colours
        self._save.setIcon(theme.icon("figure"))
        self._apply(style.from_palette(self.palette()))

    def eventFilter(self, watched, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Leave:
            self._read.say("")
        elif event.type() == QEvent.Type.MouseButtonDblClick:
            self.show_all()
        elif event.type() == QEvent.Type.ContextMenu:
            self.open_menu(event.globalPos())
            return True
        return super().eventFilter(watched, event)

    def _mouse_moved(self, at) -> None:
        self._read.say(as_shown(self._readout(QPointF(at))), self._save)

    def _apply(self, colours: style.Colours) -> None:
        self.colours = colours
        self.view.setBackground(colours.ground)
        for item in self._plot_items():
            paint_axes(item, colours)
        self._restyle()

    # Help for subclasses

    def line_width(self, pixels: float) -> float:
        """The width of a pen for a line of so many pixels of the desktop: lines of pyqtgraph are drawn in those of the screen, which may be smaller."""
        return pixels if self._on_paper else pixels * self.devicePixelRatioF()

    def add_area(self, row: int, column: int, x_axis: Axis, y_axis: Axis, *, mouse: bool = True) -> pg.PlotItem:
        """A new area with labelled axes, in a cell of the layout."""
        item = PlainPlotItem()
        self.layout_item.addItem(item, row, column)
        item.hideButtons()
        item.setMouseEnabled(mouse, mouse)
        item.vb.setDefaultPadding(0.03)
        label_axes(item, x_axis, y_axis)
        paint_axes(item, self.colours)
        if not mouse:  # lets the wheel scroll what the plot lies in
            item.vb.wheelEvent = lambda event, axis=None: event.ignore()
        return item


def _wider(pen: object, scale: float) -> QPen:
    wide = QPen(pg.mkPen(pen))
    wide.setWidthF(max(wide.widthF(), 1.0) * scale)
    return wide
