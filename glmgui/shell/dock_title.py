"""The bar above a panel: its name, the way to its page of the guide, and the two buttons of a dock."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QStyle, QToolButton, QWidget

from glmgui.widgets.texts import ElidedLabel


class DockTitle(QWidget):
    """A title that can be dragged like the one that Qt makes.

    Signals
    -------
    help_asked
    """

    help_asked = Signal()

    def __init__(self, dock: QDockWidget, about: str) -> None:
        super().__init__(dock)
        self.setObjectName(f"{dock.objectName()}_title")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        name = QLabel(dock.windowTitle(), self)
        said = ElidedLabel(about, self)
        said.setForegroundRole(said.palette().ColorRole.PlaceholderText)
        help_ = self._button("?", f"{dock.objectName()}_help", f"The page of the guide about {dock.windowTitle()}")
        help_.clicked.connect(self.help_asked)
        style = self.style()
        float_ = self._button("", f"{dock.objectName()}_float", f"Put {dock.windowTitle()} into a window of its own, or back")
        float_.setIcon(style.standardIcon(QStyle.StandardPixmap.SP_TitleBarNormalButton))
        float_.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        close = self._button("", f"{dock.objectName()}_close", f"Close {dock.windowTitle()}")
        close.setIcon(style.standardIcon(QStyle.StandardPixmap.SP_TitleBarCloseButton))
        close.clicked.connect(dock.close)
        box = QHBoxLayout(self)
        box.setContentsMargins(8, 2, 4, 2)
        box.setSpacing(2)
        box.addWidget(name)
        box.addSpacing(10)
        box.addWidget(said, 1)
        for part in (help_, float_, close):
            box.addWidget(part)

    def _button(self, text: str, name: str, tooltip: str) -> QToolButton:
        made = QToolButton(self)
        made.setText(text)
        made.setObjectName(name)
        made.setToolTip(tooltip)
        made.setAccessibleName(tooltip)
        made.setAutoRaise(True)
        return made
