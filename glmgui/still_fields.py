"""Fields that the wheel changes only once they have the focus: else scrolling a page would change what the mouse passes over."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QPaintEvent, QPalette, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

_BESIDE_ICON = 4  # pixels that a style keeps between icon and text


class NoWheel:
    """Mixed into fields: the wheel is left to what scrolls around them until they are clicked or reached with the Tab key."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # as Qt makes them, the wheel itself gives them the focus

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class StillCombo(NoWheel, QComboBox):
    """A combo box; where there is no room for all of its text this ends with three dots, and the whole comes before its tooltip."""

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isEditable():
            super().paintEvent(event)
            return
        option = self._option()
        option.currentText = self._shown(option)
        painter = QStylePainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and not self.isEditable() and self.is_cut:
            QToolTip.showText(event.globalPos(), "\n".join(filter(None, (self.currentText(), self.toolTip()))), self)
            return True
        return super().event(event)

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for all of the text."""
        return self._shown(self._option()) != self.currentText()

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return option

    def _shown(self, option: QStyleOptionComboBox) -> str:
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        room -= option.iconSize.width() + _BESIDE_ICON if not option.currentIcon.isNull() else 0
        # one pixel is kept on either side of the text
        return option.fontMetrics.elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room - 2)


class StillSpin(NoWheel, QSpinBox):
    """A spin box of whole numbers."""


class StillDouble(NoWheel, QDoubleSpinBox):
    """A spin box of numbers with a fixed count of digits."""


class StillSlider(NoWheel, QSlider):
    """A slider from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
