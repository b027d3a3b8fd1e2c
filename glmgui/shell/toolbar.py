"""The toolbar of the window."""

from __future__ import annotations

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QToolBar, QToolButton, QWidget

from glmgui.widgets.sizes import scaled

_ROOM_FOR_WORDS = 1200  # pixels, with text of the usual size, in which there is room beside all words for what is being done
_SAID_BY_ICON = ("tool_save", "tool_undo", "tool_redo")


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
        narrow = self.width() < scaled(_ROOM_FOR_WORDS)
        style = Qt.ToolButtonStyle.ToolButtonIconOnly if narrow else Qt.ToolButtonStyle.ToolButtonTextBesideIcon
        for name in _SAID_BY_ICON:
            button = self.findChild(QToolButton, name)
            if button is not None and button.toolButtonStyle() != style:
                button.setToolButtonStyle(style)
