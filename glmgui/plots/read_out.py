"""What is under the mouse, in words above a plot."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

from glmgui.widgets.texts import ElidedLabel

_BESIDE = 6
"""Pixels between the words and what stands beside them."""


def without_band(name: str) -> str:
    """The name of a curve without what its band is, whose ends are read beside it."""
    return name.removesuffix(" band").removesuffix(", 95 %")


class ReadOut(ElidedLabel):
    """A line at the right end of the header, which lies over the title where it needs its room: the title is known, and is back with the mouse gone."""

    def __init__(self, parent: QWidget, name: str) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAutoFillBackground(True)
        self.hide()

    def say(self, text: str, beside: QWidget | None = None) -> None:
        """Write a line to the left of a widget of the header, or take it away."""
        if text != self.text():
            self.setText(text)
        if not text or beside is None:
            self.hide()
            return
        room = beside.x() - 2 * _BESIDE
        width = min(self.fontMetrics().horizontalAdvance(text) + 2 * _BESIDE, room)
        self.setGeometry(beside.x() - _BESIDE - width, beside.y(), width, beside.height())
        self.show()
        self.raise_()
