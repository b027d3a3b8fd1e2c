"""The line that says of terms which are changed with what the next fit is compared."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from glmengine.sentences import as_shown
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import row
from glmgui.widgets.texts import Sentences

_SAID = "The second model: change the terms, then press Fit (Ctrl+R). It is then set beside '{}', on the same held-out time."


class SecondModel(QWidget):
    """There while a fit is waited for that is to be compared with one that is kept.

    Signals
    -------
    dropped
        The next fit is to be compared with none.
    """

    dropped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("second_model")
        self.text = Sentences("", self)
        self.text.setObjectName("second_model_text")
        self.drop = small_button("Do not compare", "second_model_drop", "Fit without setting the two side by side", self)
        self.setLayout(row(self.text, self.drop))
        self.layout().setStretch(0, 1)
        self.drop.clicked.connect(self.dropped)
        self.hide()

    def say(self, name: str) -> None:
        """Say with which fit the next one is compared; nothing for none."""
        self.text.setText(_SAID.format(as_shown(name)) if name else "")
        self.setVisible(bool(name))
