"""Fields that the wheel changes only once they have the focus: else scrolling a page would change what the mouse passes over."""

from __future__ import annotations

import re

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QPaintEvent, QPalette, QValidator, QWheelEvent
from qtpy.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QSlider,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QToolTip,
    QWidget,
)

from glmgui.range_note import RangeNote
from glmgui.typed_numbers import number_in

_WHOLE = re.compile(r"[+-]?\d+")
_NO_END = 1e9  # an end of a range that stands for none
_BESIDE_ICON = 4  # pixels that a style keeps between icon and text


class NoWheel:
    """Mixed into fields: the wheel is left to what scrolls around them until they are clicked or reached with the Tab key."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # as Qt makes them, the wheel itself gives them the focus

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class StillCombo(NoWheel, QComboBox):
    """A combo box; where there is no room for all of its text this ends with three dots, and the whole comes before its tooltip."""

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.isEditable():
            super().paintEvent(event)
            return
        option = self._option()
        option.currentText = self._shown(option)
        painter = QStylePainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and not self.isEditable() and self.is_cut:
            QToolTip.showText(event.globalPos(), "\n".join(filter(None, (self.currentText(), self.toolTip()))), self)
            return True
        return super().event(event)

    @property
    def is_cut(self) -> bool:
        """Whether there is no room for all of the text."""
        return self._shown(self._option()) != self.currentText()

    def _option(self) -> QStyleOptionComboBox:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        return option

    def _shown(self, option: QStyleOptionComboBox) -> str:
        field = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, self).width()
        room -= option.iconSize.width() + _BESIDE_ICON if not option.currentIcon.isNull() else 0
        # one pixel is kept on either side of the text
        return option.fontMetrics.elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room - 2)


class SaysRange:
    """Mixed into fields for numbers: one outside the range can be typed, is not taken, and a note beside the field says which are."""

    _note: RangeNote | None = None
    _wanted = "a number"

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self.setKeyboardTracking(False)  # else the digits that are in the range are taken on the way to one that is not

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """What is not taken can be typed all the same: of ``0,005`` and ``5 ms``, letter by letter, Qt would make 5."""
        state, text, position = super().validate(text, position)
        return (QValidator.State.Intermediate if state == QValidator.State.Invalid else state), text, position

    def fixup(self, text: str) -> str:
        """Called by Qt where what was typed is not taken; what stood there before comes back then."""
        typed, number = self._bare(text), self._number(text)
        if typed and not (number is not None and self.minimum() <= number <= self.maximum()):
            before, self._note = self._note, None
            if before is not None:
                before.hide()
                before.deleteLater()  # also where it was never seen
            self._note = RangeNote(self)
            self._note.gone.connect(self._forget_note)
            said = f"{typed} is not taken: " if number is not None else f"'{typed}' is not taken: {self._wanted} "
            self._note.say(said + self.range_in_words)
        return super().fixup(text)

    @property
    def range_in_words(self) -> str:
        """Which numbers it takes."""
        low, high, unit = f"{self.minimum():.10g}", f"{self.maximum():.10g}", self.suffix()
        if self.maximum() >= _NO_END:
            return f"at least {low}{unit}"
        return f"at most {high}{unit}" if self.minimum() <= -_NO_END else f"from {low} to {high}{unit}"

    @property
    def said_of_range(self) -> str:
        """What the note says now; empty where there is none."""
        return self._note.text() if self._note is not None else ""

    def _forget_note(self) -> None:
        self._note = None

    def _bare(self, text: str) -> str:
        """The number without the unit of measure behind it."""
        return text.removesuffix(self.suffix()).strip()

    def _number(self, text: str) -> float | None:
        """The number that a text stands for; None where it stands for none."""
        return number_in(self._bare(text))


class StillSpin(SaysRange, NoWheel, QSpinBox):
    """A spin box of whole numbers."""

    _wanted = "a whole number"

    def _number(self, text: str) -> float | None:
        bare = self._bare(text)
        return float(bare) if _WHOLE.fullmatch(bare) else None


class StillDouble(SaysRange, NoWheel, QDoubleSpinBox):
    """A spin box of numbers with a fixed count of digits."""


class StillSlider(NoWheel, QSlider):
    """A slider from left to right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
