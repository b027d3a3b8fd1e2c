"""Images over two axes with one colour scale, and mosaics of many small ones."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from qtpy.QtCore import QPointF, QRectF, QSizeF
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QWidget

from glmengine.figures.drawing import Images, beyond, ends_of
from glmengine.figures.radians import RADIANS
from glmengine.sentences import as_shown
from glmgui.drawings.mosaic import Mosaic
from glmgui.drawings.series import NO_AXIS, Axis, Image, Table, images_table
from glmgui.plots import style
from glmgui.plots.axis_labels import label_axes, label_text, never_scale, paint_axes
from glmgui.plots.base import Plot

_BAR_STEPS = 256
_BAR_WIDTH = 14
_BAR_ROOM = 100  # of the bar with its numbers and label
_APART = 16  # half a number that stands at the end of an axis
_ANY = 16_777_215.0  # the largest size that Qt knows
_LEAST_SIDE = 60  # pixels of a map of a long and narrow place, whose axes then show more than it


class ImagePlot(Plot):
    """One or several images side by side, one colour bar for all of them.

    Parameters
    ----------
    equal : bool
        One unit of x as long as one of y, as positions need it.
    diverging : bool
        Colours that part at zero, for values of both signs.
    bar_from : int
        Pixels that the plot is wide at least where it has its colour bar.
    """

    def __init__(
        self,
        title: str = "",
        x_axis: Axis = NO_AXIS,
        y_axis: Axis = NO_AXIS,
        value_axis: Axis = NO_AXIS,
        *,
        equal: bool = False,
        diverging: bool = False,
        mouse: bool = True,
        bar_from: int = 0,
        name: str = "image_plot",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, name, parent)
        self.x_axis, self.y_axis, self.value_axis = x_axis, y_axis, value_axis
        self._equal, self._diverging, self._mouse, self._bar_from = equal, diverging, mouse, bar_from
        self._images: tuple[Image, ...] = ()
        self._levels = (0.0, 1.0)
        self._areas: list[pg.PlotItem] = []
        self._drawn: list[pg.ImageItem] = []
        self._bar: pg.PlotItem | None = None
        self._ramp = pg.ImageItem()
        self._frame: tuple = ()
        self._fitted: QSizeF | None = None
        self.layout_item.layout.setHorizontalSpacing(_APART)
        self._moved = False

    def set_axes(self, x_axis: Axis, y_axis: Axis, value_axis: Axis, *, equal: bool) -> None:
        self.x_axis, self.y_axis, self.value_axis, self._equal = x_axis, y_axis, value_axis, equal

    def set_images(self, images: Sequence[Image], levels: tuple[float, float] | None = None) -> None:
        """Draw these; `levels` is the range of the colours, by default that of all values."""
        self._images = tuple(images)
        self._levels = levels or self._range()
        areas = (len(self._images), self._equal)
        labels = (self.x_axis, self.y_axis, self.value_axis, *(image.title for image in self._images))
        if self._frame[:1] != (areas,):  # making areas is slow, writing and filling them is not
            self._rebuild()
        elif labels != self._frame[1]:
            self._relabel()
        self._frame = (areas, labels)
        self._fill()

    def number_columns(self) -> None:
        """Write the numbers of the columns below, where their names would have no room."""
        for area in self._areas:
            area.getAxis("bottom").set_numbers(len(self.x_axis.names))

    def number_rows(self) -> None:
        """Write the numbers of the rows on the left, from 1: there is no row 0 in the margin below them."""
        for area, image in zip(self._areas, self._images, strict=True):
            area.getAxis("left").set_numbers(len(image.y))

    @property
    def images(self) -> tuple[Image, ...]:
        return self._images

    @property
    def levels(self) -> tuple[float, float]:
        """Values at the two ends of the colour bar."""
        return self._levels

    def numbers(self) -> Table:
        return images_table(self._images, self.x_axis, self.y_axis, self.value_axis)

    def drawing(self) -> Images:
        axes = (self.x_axis, self.y_axis, self.value_axis)
        return Images(
            self.objectName(),
            self.title,
            *axes,
            list(self._images),
            levels=self._levels,
            equal=self._equal,
            diverging=self._diverging,
            figure=self.figure,
        )

    def _range(self) -> tuple[float, float]:
        low, high = ends_of(self._ends)
        if np.isnan(low):
            return 0.0, 1.0
        if self._diverging:
            high = max(abs(low), abs(high))
            low = -high
        return (low, high) if high > low else (low - 0.5, low + 0.5)

    def _relabel(self) -> None:
        """Write other labels beside the areas that are there."""
        for area, image in zip(self._areas, self._images, strict=True):
            label_axes(area, self.x_axis, self.y_axis)
            self._write_title(area, image)
        if self._bar is not None:
            self._label_bar()
        self._fitted = None
        self._even_out()

    def _write_title(self, area: pg.PlotItem, image: Image) -> None:
        area.setTitle(as_shown(image.title) or None, color=self.colours.ink.name(), size=f"{self.font().pointSizeF():g}pt")

    def _rebuild(self) -> None:
        self.layout_item.clear()
        self._areas, self._drawn, self._bar, self._fitted = [], [], None, None
        colours = pg.colormap.get(style.DIVERGING_MAP if self._diverging else style.COLOUR_MAP)
        for column, image in enumerate(self._images):
            area = self.add_area(0, column, self.x_axis, self.y_axis, mouse=self._mouse)
            self._write_title(area, image)
            area.vb.setAspectLocked(self._equal)
            area.vb.sigResized.connect(self._refit)
            area.vb.sigRangeChangedManually.connect(self._was_moved)
            drawn = pg.ImageItem()
            drawn.setColorMap(colours)
            area.addItem(drawn)
            self._drawn.append(drawn)
            if column:
                area.setXLink(self._areas[0])
                area.setYLink(self._areas[0])
            self._areas.append(area)
        if self._images:
            self._add_bar(colours, len(self._images))
        if self._images and self._equal:  # takes what equal units leave over, below and beside
            self.layout_item.addItem(pg.GraphicsWidget(), 1, len(self._images) + 1)
        self._even_out()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._even_out()

    def _even_out(self) -> None:
        """Areas side by side get the same width: the layout would go by their labels; with equal units no more than what is drawn is wide."""
        grid = self.layout_item.layout
        room = _BAR_ROOM if self.view.width() >= self._bar_from else 0
        if self._bar is not None and self._bar.isVisible() != (room > 0):
            self._bar.setVisible(room > 0)
            if room > 0:  # what changes while its axes are hidden takes their room away
                for side in ("top", "bottom", "left", "right"):
                    self._bar.getAxis(side).show()
        each = QSizeF(max((self.view.width() - room) / max(len(self._areas), 1) - _APART, 60), 0.0)
        if self._equal and self._images and len(self._areas) == len(self._images):
            each = self._equal_room(each.width())
            if self._fitted is not None and _same(each, self._fitted):
                return
            self._fitted = each
        grid.setRowMinimumHeight(0, each.height())
        grid.setRowMaximumHeight(0, each.height() or _ANY)
        for column in range(grid.columnCount()):
            if column < len(self._areas):
                grid.setColumnFixedWidth(column, each.width())
            elif column == len(self._areas):
                grid.setColumnMinimumWidth(column, 0)
                grid.setColumnMaximumWidth(column, room)

    def _equal_room(self, width: float) -> QSizeF:
        """Of an area of this width, what its image fills with its axes where one unit of x is as long as one of y."""
        area, whole = self._areas[0], _united(self._images)
        beside = max(area.size().width() - area.vb.width(), 0.0)
        above = max(area.size().height() - area.vb.height(), 0.0)
        _, top, _, bottom = self.layout_item.layout.getContentsMargins()
        free = QSizeF(max(width - beside, _LEAST_SIDE), max(self.view.height() - top - bottom - above, _LEAST_SIDE))
        scale = min(free.width() / whole.width(), free.height() / whole.height())
        least_wide, least_high = (max(_LEAST_SIDE, area.getAxis(side).label_room() + 1) for side in ("bottom", "left"))
        wide = min(max(scale * whole.width(), least_wide), free.width())
        high = min(max(scale * whole.height(), least_high), free.height())
        return QSizeF(wide + beside, high + above)

    def _fill(self) -> None:
        """Put the values into the areas that are there."""
        for drawn, image in zip(self._drawn, self._images, strict=True):
            drawn.setImage(np.asarray(image.values, float), levels=self._levels, autoLevels=False)
            drawn.setRect(_extent(image))
        self.show_all()
        if self._bar is not None:
            low, high = self._levels
            self._ramp.setImage(np.linspace(low, high, _BAR_STEPS)[None, :], levels=self._levels, autoLevels=False)
            self._ramp.setRect(QRectF(0, low, 1, high - low))
            self._bar.setRange(xRange=(0, 1), yRange=(low, high), padding=0)
            self._label_bar()
        self.set_greyed(self.greyed)

    def _label_bar(self) -> None:
        """What the colours are of, and what of the values lies beyond their ends."""
        said = ", ".join(filter(None, self._beyond))
        lines = [label_text(self.value_axis, wrap=not said), escape(said)]  # two at most, for which there is room
        self._bar.setLabel("right", "<br>".join(filter(None, lines)))
        self._bar.getAxis("right").set_angles(self.value_axis.unit == RADIANS)

    @property
    def _beyond(self) -> tuple[str, str]:
        return beyond(self._ends, self._levels)

    @property
    def _ends(self) -> np.ndarray:
        """The lowest and the highest value of each image."""
        return np.array([ends_of(image.values) for image in self._images])

    def _add_bar(self, colours: pg.ColorMap, column: int) -> None:
        bar = self.add_area(0, column, NO_AXIS, NO_AXIS, mouse=False)
        bar.showAxis("right")
        for side in ("left", "bottom", "top"):
            bar.showAxis(side)
            bar.getAxis(side).setStyle(showValues=False)
            bar.getAxis(side).setTicks([])
            bar.getAxis(side).showLabel(False)
        bar.getAxis("left").setWidth(1)
        never_scale(bar.getAxis("right"))
        self._ramp = pg.ImageItem()
        self._ramp.setColorMap(colours)
        bar.addItem(self._ramp)
        bar.layout.setColumnFixedWidth(1, _BAR_WIDTH)
        bar.getAxis("top").setHeight(10)
        bar.getAxis("bottom").setHeight(10)
        self._bar = bar
        paint_axes(bar, self.colours)

    def _restyle(self) -> None:
        for area, image in zip(self._areas, self._images, strict=True):
            self._write_title(area, image)

    def _was_moved(self, *_: object) -> None:
        self._moved = True

    def _refit(self, *_: object) -> None:
        """With equal units a range that was set while the plot was small would stay too wide when it grows."""
        if self._equal and len(self._areas) == len(self._images):
            self._even_out()  # its axes take another room now
            if not self._moved:
                self.show_all()

    def show_all(self) -> None:
        self._moved = False
        for area, image in zip(self._areas, self._images, strict=True):
            area.vb.setRange(_extent(image), padding=0.02)

    def _readout(self, at: QPointF) -> str:
        for area, image in zip(self._areas, self._images, strict=True):
            if area.vb.sceneBoundingRect().contains(at):
                point, extent = area.vb.mapSceneToView(at), _extent(image)
                if not extent.contains(point):
                    return ""
                shape = np.shape(image.values)
                i = min(int((point.x() - extent.left()) / extent.width() * shape[0]), shape[0] - 1)
                j = min(int((point.y() - extent.top()) / extent.height() * shape[1]), shape[1] - 1)
                value = float(image.values[i, j])
                said = "no data" if np.isnan(value) else self.value_axis.value(value)
                where = (
                    f"{self.x_axis.label} {self.x_axis.value(image.x[i])}, {self.y_axis.label} {self.y_axis.value(image.y[j])}"
                )
                return f"{where}:  {image.title} {said}".replace(":   ", ":  ")
        return ""


class MosaicPlot(ImagePlot):
    """Every function of a two-dimensional basis as one small image, laid out as their numbers along x and y."""

    def set_mosaic(self, mosaic: Mosaic) -> None:
        """Draw its sheet."""
        self._mosaic = mosaic
        along = [Axis(f"function along {axis.label}") for axis in (mosaic.x_axis, mosaic.y_axis)]
        self.set_axes(*along, Axis("value"), equal=False)
        self.set_images([mosaic.sheet], levels=mosaic.levels)
        for side, count in (("bottom", mosaic.n_x), ("left", mosaic.n_y)):
            self._areas[0].getAxis(side).set_numbers(count)

    def numbers(self) -> Table:
        return self._mosaic.numbers()

    def _readout(self, at: QPointF) -> str:
        """Which function is under the mouse, where in it, and its value there."""
        if not self._areas or not self._areas[0].vb.sceneBoundingRect().contains(at):
            return ""
        point, mosaic = self._areas[0].vb.mapSceneToView(at), self._mosaic
        column, row = round(point.x()), round(point.y())
        if not (1 <= column <= mosaic.n_x and 1 <= row <= mosaic.n_y):
            return ""
        i, j = (
            min(int((part - tile + 0.5) * len(axis)), len(axis) - 1)
            for part, tile, axis in ((point.x(), column, mosaic.x), (point.y(), row, mosaic.y))
        )
        number = (column - 1) * mosaic.n_y + row
        x, y = mosaic.x_axis.value(mosaic.x[i]), mosaic.y_axis.value(mosaic.y[j])
        where = f"{mosaic.x_axis.label} {x}, {mosaic.y_axis.label} {y}"
        return f"function {number},  {where}:  {mosaic.values[number - 1, i, j]:.3g}"


def _united(images: Sequence[Image]) -> QRectF:
    """What all images cover together."""
    whole = _extent(images[0])
    for image in images[1:]:
        whole = whole.united(_extent(image))
    return whole


def _same(one: QSizeF, other: QSizeF) -> bool:
    return abs(one.width() - other.width()) < 1 and abs(one.height() - other.height()) < 1


def _extent(image: Image) -> QRectF:
    """Rectangle that the cells of an image cover, in the units of its axes."""
    spans = []
    for centres in (np.asarray(image.x, float), np.asarray(image.y, float)):
        step = (centres[-1] - centres[0]) / (len(centres) - 1) if len(centres) > 1 else 1.0
        spans.append((centres[0] - step / 2, step * len(centres)))
    (left, width), (bottom, height) = spans
    return QRectF(left, bottom, width, height)
