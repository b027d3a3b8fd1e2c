"""A warning beside a field whose value is a guess, with a button that confirms it."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QWidget

from glmgui.widgets.controls import button
from glmgui.widgets.messages import MessageLine


class GuessLine(QWidget):
    """Says that a value is a guess, and why that matters, until it is given or confirmed."""

    confirmed = Signal()

    def __init__(self, title: str, why: str, unit: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}_guess_line")
        self._why, self._unit = why, unit
        self._said = MessageLine(f"{name}_guess", self)
        self.right = button("It is right", f"{name}_confirm", f"{title}: the value is not a guess, but what it was", self)
        self.right.clicked.connect(lambda: self.confirmed.emit())
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._said, 1)
        box.addWidget(self.right)
        self.hide()

    def say(self, value: float | None) -> None:
        """Warn of a value; of none that is a guess, say nothing."""
        self._said.set_warning(f"{value:g} {self._unit}".rstrip() + f" is a guess. {self._why}" if value is not None else "")
        self.setVisible(value is not None)
