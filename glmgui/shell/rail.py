"""The rail of steps on the left, each with a word on what stands in it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtWidgets import QButtonGroup, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from glmgui import theme
from glmgui.document import Document
from glmgui.steps import Step


class StepsRail(QWidget):
    """The steps in order, each with what stands in it; picking one shows its panel."""

    picked = Signal(str)

    def __init__(self, steps: Sequence[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self._steps = tuple(steps)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QToolButton] = {}
        box = QVBoxLayout(self)
        box.setContentsMargins(4, 6, 4, 6)
        box.setSpacing(4)
        for number, step in enumerate(self._steps, start=1):
            button = QToolButton(self)
            button.setObjectName(f"step_{step.name}")
            button.setCheckable(True)
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(22, 22))
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.clicked.connect(lambda _, name=step.name: self.picked.emit(name))
            button.setProperty("title", f"{number} {step.title}")
            self._group.addButton(button)
            self.buttons[step.name] = button
            box.addWidget(button)
        box.addStretch(1)
        self.setFixedWidth(92)
        for step in self._steps:
            self._say(step, "")
        self.renew_icons()

    def set_current(self, name: str) -> None:
        self.buttons[name].setChecked(True)

    def say(self, document: Document) -> None:
        """Show a few words below the title of each step."""
        for step in self._steps:
            self._say(step, step.state(document))

    def _say(self, step: Step, state: str) -> None:
        button = self.buttons[step.name]
        title = button.property("title")
        button.setText(f"{title}\n{state}" if state else f"{title}\n\u2013")
        button.setAccessibleName(f"Step {title}{': ' + state if state else ''}")
        button.setToolTip(f"{title}  ({step.shortcut})")

    def renew_icons(self) -> None:
        """Draw all icons in the colours of the present look."""
        for step in self._steps:
            self.buttons[step.name].setIcon(theme.icon(step.icon))
