"""Icons are drawn when they are first painted, once for each size and mode."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtGui import QColor, QIcon

from glmgui.painted_icon import painted_icon


def test_an_icon_is_drawn_when_it_is_first_painted_and_once(qapp):
    drawn = []

    def draw(painter, place, mode):
        drawn.append((place.width(), mode))
        painter.fillRect(place, QColor("#ff0000" if mode == QIcon.Mode.Disabled else "#00ff00"))

    icon = painted_icon(draw)
    assert drawn == []
    size = QSize(20, 20)
    for _ in range(2):
        assert icon.pixmap(size).toImage().pixelColor(10, 10) == QColor("#00ff00")
    assert icon.pixmap(size, QIcon.Mode.Disabled).toImage().pixelColor(10, 10) == QColor("#ff0000")
    assert drawn == [(20.0, QIcon.Mode.Normal), (20.0, QIcon.Mode.Disabled)]
    assert QIcon(icon).pixmap(QSize(32, 32)).width() == 32
