"""Many small points of one colour, painted in one stroke."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from pyqtgraph.functions import arrayToQPolygonF
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen


class PointsItem(pg.GraphicsObject):
    """Points (n,) in the units of the axes, `size` pixels wide; NaN is left out.

    pyqtgraph's scatter plot looks each symbol up one by one: thousands of spikes would hold up the window at every movement.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray, colour: QColor, size: float) -> None:
        super().__init__()
        x, y = np.asarray(x, float), np.asarray(y, float)
        known = np.isfinite(x) & np.isfinite(y)
        self._x, self._y = x[known], y[known]
        self._ascends = bool((np.diff(self._x) >= 0).all())  # over time: those out of view are passed over
        self._pen = QPen(colour, size)
        self._pen.setCosmetic(True)
        self._pen.setCapStyle(Qt.PenCapStyle.SquareCap)

    def getData(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn."""
        return self._x, self._y

    def boundingRect(self) -> QRectF:
        if not len(self._x):
            return QRectF()
        left, right, low, high = self._x.min(), self._x.max(), self._y.min(), self._y.max()
        width, height = (self.pixelWidth() or 0.0) * self._pen.widthF(), (self.pixelHeight() or 0.0) * self._pen.widthF()
        return QRectF(left - width, low - height, right - left + 2 * width, high - low + 2 * height)

    def dataBounds(self, ax: int, frac: float = 1.0, orthoRange: object = None) -> tuple[float, float] | None:
        values = self._y if ax else self._x
        return (float(values.min()), float(values.max())) if len(values) else None

    def pixelPadding(self) -> float:
        return self._pen.widthF()

    def viewTransformChanged(self) -> None:
        super().viewTransformChanged()
        self.prepareGeometryChange()

    def paint(self, painter: QPainter, *_: object) -> None:
        x, y = self._x, self._y
        if self._ascends:
            first, last = np.searchsorted(x, self.getViewBox().viewRange()[0])
            x, y = x[first:last], y[first:last]
        if not len(x):
            return
        exported = getattr(self, "_exportOpts", False)
        pen = QPen(self._pen)
        if painter.opacity() < 1:  # pale points over each other would add up to the full colour
            pen.setColor(_mixed(pen.color(), self.getViewWidget().backgroundBrush().color(), painter.opacity()))
            painter.setOpacity(1.0)
        if exported:  # round, whatever it takes
            pen.setWidthF(pen.widthF() * exported.get("resolutionScale", 1.0))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawPoints(arrayToQPolygonF(x, y))
            return
        # squares on whole pixels take a tenth of the time of round ones with smooth edges
        places = painter.transform().map(arrayToQPolygonF(x, y))
        painter.resetTransform()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        pen.setWidthF(
            pen.widthF() * painter.device().devicePixelRatioF()
        )  # cosmetic ones are as wide on every screen, in its own pixels
        painter.setPen(pen)
        painter.drawPoints(places)


def _mixed(colour: QColor, ground: QColor, share: float) -> QColor:
    """What a colour of this opacity looks like on a ground."""
    parts = zip(colour.getRgb()[:3], ground.getRgb()[:3], strict=True)
    return QColor(*(round(share * own + (1 - share) * below) for own, below in parts))
