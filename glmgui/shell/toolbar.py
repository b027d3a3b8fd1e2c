"""The toolbar of the window."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QToolBar, QToolButton, QWidget

from glmgui.widgets.sizes import scaled

_WORDS_FROM = {
    "tool_save": 1200,
    "tool_undo": 1200,
    "tool_redo": 1200,
    "tool_live": 1100,
    "tool_palette": 1100,
    "tool_open": 950,
    "tool_fit": 800,
}
"""Pixels, with text of the usual size, in which there is room beside the words of a button for what is being done."""


class Toolbar(QToolBar):
    """Buttons with words; in a narrow window those whose icon says enough are without: what is being done has their room."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Actions", parent)
        self.setObjectName("toolbar")
        self.setMovable(False)
        self.toggleViewAction().setEnabled(False)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._fit()
        super().resizeEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        for name, room in _WORDS_FROM.items():
            narrow = self.width() < scaled(room)
            style = Qt.ToolButtonStyle.ToolButtonIconOnly if narrow else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
            button = self.findChild(QToolButton, name)
            if button is not None and button.toolButtonStyle() != style:
                button.setToolButtonStyle(style)
