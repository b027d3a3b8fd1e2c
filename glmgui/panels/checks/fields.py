"""A line of fields with their words, which goes on in another line where there is no room."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QEvent
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QComboBox, QLabel, QWidget
from superqt.utils import QFlowLayout

from glmgui.forms.numbers import NumberBox, WholeBox
from glmgui.still_fields import StillCombo
from glmgui.widgets.layout import row
from glmgui.widgets.sizes import keep_wide

_LEAST, _WIDEST = 64, 84  # pixels of usual text, of a field for a number
_FOR_WORD = 112  # of one with a word in it where there is none


class Fields(QWidget):
    """Fields, buttons and words, one after the other; `name` begins the object names of the fields."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}_fields")
        self._name = name
        self._flow = QFlowLayout(self)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setHorizontalSpacing(10)
        self._flow.setVerticalSpacing(4)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._level()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._level()

    def _level(self) -> None:
        """Make all as high as the highest: words and boxes in one line are then at one height."""
        parts = [self._flow.itemAt(at).widget() for at in range(self._flow.count())]
        height = max(part.sizeHint().height() for part in parts)
        for part in parts:
            part.setMinimumHeight(height)

    def add(self, widget: QWidget) -> None:
        """A widget that says itself what it is."""
        self._flow.addWidget(widget)

    def add_choice(self, word: str, name: str, said: str, items: Sequence[tuple[str, object]] = ()) -> StillCombo:
        """A list of (text, data) to choose from."""
        field = StillCombo()
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for text, data in items:
            field.addItem(text, data)
        return self._place(word, name, said, field)

    def add_count(self, word: str, name: str, said: str, span: tuple[int, int], value: int) -> WholeBox:
        field = WholeBox(*span)
        field.setValue(value)
        keep_wide(field, _LEAST, _WIDEST)
        return self._place(word, name, said, field)

    def add_number(
        self, word: str, name: str, said: str, span: tuple[float, float], value: float, *, at_least: str = ""
    ) -> NumberBox:
        """A field for a number; `at_least` is the word for what its least value means, where that stands for something."""
        field = NumberBox(*span)
        field.setValue(value)
        if at_least:
            field.say_at_least(at_least)
        keep_wide(field, *((_FOR_WORD, _FOR_WORD) if at_least else (_LEAST, _WIDEST)))
        return self._place(word, name, said, field)

    def _place(self, word: str, name: str, said: str, field: QWidget) -> QWidget:
        pair = QWidget(self)
        label = QLabel(word, pair)
        label.setBuddy(field)
        field.setObjectName(f"{self._name}_{name}")
        field.setAccessibleName(word.replace("&", ""))
        field.setToolTip(said)
        label.setToolTip(said)
        pair.setLayout(row(label, field))
        self._flow.addWidget(pair)
        return field
