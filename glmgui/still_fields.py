"""Fields that the wheel changes only once they have the focus: else scrolling a page would change what the mouse passes over."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QComboBox, QDoubleSpinBox, QSlider, QSpinBox, QWidget


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
    """A combo box."""


class StillSpin(NoWheel, QSpinBox):
    """A spin box of whole numbers."""


class StillDouble(NoWheel, QDoubleSpinBox):
    """A spin box of numbers with a fixed count of digits."""


class StillSlider(NoWheel, QSlider):
    """A slider from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
