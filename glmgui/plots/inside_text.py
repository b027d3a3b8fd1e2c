"""Text at a point of a plot that stays inside the plot's area, whose edge would cut it."""

from __future__ import annotations

import pyqtgraph as pg
from qtpy.QtCore import QPointF


class InsideText(pg.TextItem):
    """Text anchored at a point; where it would reach over an edge of the area it is moved inward, as long as its point can be seen."""

    def updateTransform(self, force: bool = False) -> None:
        super().updateTransform(force)
        self.updateTextPos()

    def updateTextPos(self) -> None:
        own = self.textItem.boundingRect()
        place = QPointF(-own.width() * self.anchor.x(), -own.height() * self.anchor.y())
        area = self.getViewBox()
        if isinstance(area, pg.ViewBox):
            room, point = area.sceneBoundingRect(), self.scenePos()
            if room.adjusted(-1, -1, 1, 1).contains(point):
                text = own.translated(point + place)
                place += QPointF(
                    _inward(text.left(), text.right(), room.left(), room.right()),
                    _inward(text.top(), text.bottom(), room.top(), room.bottom()),
                )
        if place != self.textItem.pos():  # each move asks for another painting
            self.textItem.setPos(place)


def _inward(low: float, high: float, least: float, most: float) -> float:
    """How far a stretch has to move to lie between two ends; to the first of them where it is longer than there is room."""
    return max(least - low, 0.0) or max(min(most - high, 0.0), least - low)
