"""Lines of thousands of steep pieces, painted into pictures for paper as quickly as onto the screen."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.graphicsItems.PlotCurveItem import arrayToLineSegments
from qtpy.QtGui import QImage, QPainter, QPen
from qtpy.QtWidgets import QStyleOptionGraphicsItem, QWidget


class LongLine(pg.PlotDataItem):
    """A line interrupted where a value is missing, drawn as given: its owner shortens it to what the pixels show."""

    def __init__(self, pen: QPen) -> None:
        super().__init__(pen=pen, connect="finite", antialias=False)
        self.curve.setParentItem(None)
        self.curve = _Segments()
        self.curve.setParentItem(self)


class _Segments(pg.PlotCurveItem):
    """What is drawn of a line.

    Qt takes seconds for wide smooth lines in the units of the axes, some milliseconds for the same in pixels; both give the same picture.
    """

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self._exportOpts is False or not isinstance(painter.device(), QImage):
            super().paint(painter, option, widget)
            return
        x, y = self.getData()
        if x is None or not len(x):
            return
        world, device = painter.worldTransform(), painter.deviceTransform()
        to_world, invertible = device.inverted()
        if not invertible:
            return
        pen = QPen(self.opts["pen"])
        pen.setCosmetic(False)
        painter.save()
        screen = painter.device().width() / painter.device().devicePixelRatio()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, len(x) <= screen)  # of what fills its area nobody sees the edges
        painter.setPen(pen)
        painter.setWorldTransform(to_world * world)  # so that what is drawn next is in pixels of the picture
        segments = arrayToLineSegments(
            device.m11() * x + device.m21() * y + device.dx(),
            device.m12() * x + device.m22() * y + device.dy(),
            connect="finite",
            finiteCheck=True,
        )
        painter.drawLines(*segments.drawargs())
        painter.restore()
