"""Widgets side by side, or one above the other."""

from __future__ import annotations

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from glmgui.widgets.sizes import scaled


def row(*widgets: QWidget | None, spacing: int = 4) -> QHBoxLayout:
    """Widgets side by side; None is a space that grows."""
    box = QHBoxLayout()
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(spacing)
    for widget in widgets:
        if widget is None:
            box.addStretch(1)
        else:
            box.addWidget(widget)
    return box


def column(parent: QWidget, *, margins: int = 6, spacing: int = 4) -> QVBoxLayout:
    """The layout of `parent`: what is added to it stands one below the other."""
    box = QVBoxLayout(parent)
    box.setContentsMargins(margins, margins, margins, margins)
    box.setSpacing(spacing)
    return box


class Framed(QFrame):
    """What has a line around it, which the style sheet draws: of that of the style edges are lost at a scale of 1.5."""


class ShownPage(QStackedLayout):
    """Pages of which one is shown, as large as that one has to be: for the least size of all of them, what stands around an empty one would scroll."""

    def minimumSize(self) -> QSize:
        shown = self.itemAt(self.currentIndex())
        return shown.minimumSize() if shown is not None else QSize()

    def heightForWidth(self, width: int) -> int:
        shown = self.itemAt(self.currentIndex())
        return shown.heightForWidth(width) if shown is not None and shown.hasHeightForWidth() else -1


class TurningSplitter(QSplitter):
    """Side by side where there is room, else one above the other; `room` is in pixels of usual text."""

    def __init__(self, room: int, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._room = room

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        turned = Qt.Orientation.Horizontal if self.width() >= scaled(self._room) else Qt.Orientation.Vertical
        if turned != self.orientation():
            self.setOrientation(turned)


class TurningRow(QWidget):
    """Two groups of controls in one line, the first one wider; in two lines where there is no room for both."""

    def __init__(self, first: QHBoxLayout, second: QHBoxLayout, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups = first, second
        self._box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(4)
        self._box.addLayout(first, 1)
        self._box.addLayout(second)

    def minimumSizeHint(self) -> QSize:
        """As wide as the wider of both."""
        widest = max(group.minimumSize().width() for group in self._groups)
        return QSize(widest, self._box.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        both = sum(group.minimumSize().width() for group in self._groups) + self._box.spacing()
        ways = QBoxLayout.Direction
        turned = ways.LeftToRight if self.width() >= both else ways.TopToBottom
        if turned != self._box.direction():
            self._box.setDirection(turned)
            self.updateGeometry()
