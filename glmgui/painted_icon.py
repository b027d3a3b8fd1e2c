"""Icons that are drawn when they are first painted, in each size that is asked for."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QRect, QRectF, QSize, Qt
from qtpy.QtGui import QIcon, QIconEngine, QPainter, QPixmap

Draw = Callable[[QPainter, QRectF, QIcon.Mode], None]
"""Draws an icon into a rectangle, for a mode such as disabled."""


def painted_icon(draw: Draw) -> QIcon:
    """An icon of what `draw` draws."""
    return QIcon(_PaintedEngine(draw))


class _PaintedEngine(QIconEngine):
    def __init__(self, draw: Draw) -> None:
        super().__init__()
        self._draw = draw
        self._pixmaps: dict[tuple[int, int, QIcon.Mode], QPixmap] = {}

    def clone(self) -> _PaintedEngine:
        return _PaintedEngine(self._draw)

    def isNull(self) -> bool:
        return False

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        painter.save()
        self._draw(painter, QRectF(rect), mode)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        key = (size.width(), size.height(), mode)
        if key not in self._pixmaps:
            made = QPixmap(size)
            made.fill(Qt.GlobalColor.transparent)
            painter = QPainter(made)
            self._draw(painter, QRectF(made.rect()), mode)
            painter.end()
            self._pixmaps[key] = made
        return self._pixmaps[key]
