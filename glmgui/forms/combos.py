"""Combo boxes of forms: as wide as the form has room for, and searched by typing where they offer much."""

from __future__ import annotations

from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QPainter, QPaintEvent
from qtpy.QtWidgets import QComboBox, QWidget
from superqt import QSearchableComboBox

from glmgui import theme
from glmgui.still_fields import NoWheel, StillCombo


class QuietCombo(StillCombo):
    """A combo box that does not grow with what it offers."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        _keep_narrow(self)


class SearchedCombo(NoWheel, QSearchableComboBox):
    """The same for a long list, which is searched by typing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.completer().setParent(self)  # else its list of names would stay on the screen when the window has gone
        _keep_narrow(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.isEnabled():  # framed as other fields are: what the style draws is not seen on a dark ground
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(theme.current().outline))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
            painter.end()


def _keep_narrow(box: QComboBox) -> None:
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(8)
