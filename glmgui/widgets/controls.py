"""Buttons with names for tests and screen readers, and lists of choices that are filled again."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, QSize, Qt
from qtpy.QtGui import QPaintEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QPushButton,
    QStyle,
    QStyleOptionToolButton,
    QStylePainter,
    QToolButton,
    QWidget,
)

_ROOM_FOR_ARROW = "\u2003"  # as wide as the letters are high


def button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QPushButton:
    """A push button with a name for tests and screen readers."""
    made = QPushButton(text, parent)
    made.setObjectName(name)
    made.setToolTip(tooltip)
    made.setAccessibleName(text.rstrip("\u2026"))
    made.setAccessibleDescription(tooltip)
    return made


def primary_button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QPushButton:
    """The one push button of a page that most will want next; larger, and in the colour of what is chosen."""
    made = button(text, name, tooltip, parent)
    made.setProperty("primary", True)
    return made


def small_button(text: str, name: str, tooltip: str, parent: QWidget | None = None) -> QToolButton:
    """A small button for a row of them; the tooltip is what screen readers say where `text` is a symbol."""
    made = QToolButton(parent)
    made.setText(text)
    made.setObjectName(name)
    made.setToolTip(tooltip)
    made.setAccessibleName(tooltip)
    made.setAutoRaise(len(text) == 1)  # words need a frame to be seen as buttons
    return made


class MenuButton(QToolButton):
    """A button that opens its menu wherever it is clicked; its arrow, which the style puts into the corner, has room beside the words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)

    def sizeHint(self) -> QSize:
        wanted = super().sizeHint()
        return QSize(wanted.width() + self.fontMetrics().horizontalAdvance(_ROOM_FOR_ARROW), wanted.height())

    minimumSizeHint = sizeHint

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionToolButton()
        self.initStyleOption(option)
        option.text += _ROOM_FOR_ARROW
        painter.drawComplexControl(QStyle.ComplexControl.CC_ToolButton, option)
        painter.end()


def allow(control: QAbstractButton, can: bool, why_not: str) -> None:
    """Switch a button on or off; while it is off its tooltip says first why."""
    usual = control.property("usual_tooltip")
    if usual is None:
        usual = control.toolTip()
        control.setProperty("usual_tooltip", usual)
    control.setEnabled(can)
    control.setToolTip(usual if can else f"{why_not}\n{usual}")


def refill(field: QComboBox, items: Sequence[tuple[str, str]]) -> None:
    """Other things to choose from; what was chosen stays where it is among them."""
    before = field.currentData()
    with QSignalBlocker(field):
        field.clear()
        for text, data in items:
            field.addItem(text, data)
        field.setCurrentIndex(max(field.findData(before), 0))
