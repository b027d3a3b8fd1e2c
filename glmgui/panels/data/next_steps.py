"""What comes after the recording is open: terms of one's own, or the answers at once."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from glmgui.widgets import button, column, heading, hint, primary_button


class NextSteps(QWidget):
    """Two buttons, and what they are for.

    Signals
    -------
    action_asked : str
        A button stands for the action of this name.
    """

    action_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("next_steps")
        self.answers = primary_button(
            "What drives these units?",
            "data_find_answers",
            "Tries what the recording has for every unit, says what each depends on, and how sure that is",
            self,
        )
        self.features = button(
            "Say what the units may depend on",
            "data_to_features",
            "Make a model of your own, in the Features step  (Ctrl+2)",
            self,
        )
        box = column(self, margins=4)
        box.addWidget(heading("Next", self))
        box.addWidget(self.features)
        box.addWidget(hint("or have it found at once:", self))
        box.addWidget(self.answers)
        self.answers.clicked.connect(lambda: self.action_asked.emit("find_answers"))
        self.features.clicked.connect(lambda: self.action_asked.emit("show_features"))
