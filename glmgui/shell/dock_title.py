"""The bar above a panel: its name, the way to its page of the guide, and the two buttons of a dock."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QSize, Qt, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from glmgui import theme
from glmgui.shell.panel_docks import PanelDock
from glmgui.widgets.texts import ElidedLabel

_ICON = 14  # pixels


class DockTitle(QWidget):
    """A title that can be dragged like the one that Qt makes.

    Signals
    -------
    help_asked
    """

    help_asked = Signal()

    def __init__(self, dock: PanelDock, about: str) -> None:
        super().__init__(dock)
        self.setObjectName(f"{dock.objectName()}_title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QLabel(dock.windowTitle(), self)
        said = ElidedLabel(about, self)
        said.setForegroundRole(said.palette().ColorRole.PlaceholderText)
        help_ = self._button("?", f"{dock.objectName()}_help", f"The page of the guide about {dock.windowTitle()}")
        help_.clicked.connect(self.help_asked)
        float_ = self._button("", f"{dock.objectName()}_float", f"Put {dock.windowTitle()} into a window of its own, or back")
        float_.clicked.connect(dock.turn_apart)
        close = self._button("", f"{dock.objectName()}_close", f"Close {dock.windowTitle()}")
        close.clicked.connect(dock.close)
        self._icons = {float_: "duplicate", close: "cancel"}
        self._draw_icons()
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 2, 4, 2)
        box.setSpacing(2)
        box.addWidget(name)
        box.addSpacing(10)
        box.addWidget(said, 1)
        for part in (help_, float_, close):
            box.addWidget(part)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_icons"):
            self._draw_icons()

    def _draw_icons(self) -> None:
        """In the colour of the text, which those of the style are not on a dark ground."""
        for button, name in self._icons.items():
            button.setIcon(theme.icon(name))
            button.setIconSize(QSize(_ICON, _ICON))

    def _button(self, text: str, name: str, tooltip: str) -> QToolButton:
        made = QToolButton(self)
        made.setText(text)
        made.setObjectName(name)
        made.setToolTip(tooltip)
        made.setAccessibleName(tooltip)
        made.setAutoRaise(True)
        return made
