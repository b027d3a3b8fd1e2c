"""Editors of numbers: boxes that take any size, sliders in powers of ten, lists and pairs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QLocale, QSignalBlocker
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import QAbstractSpinBox, QHBoxLayout, QLabel, QWidget

from glmengine.errors import GlmError
from glmengine.sentences import plain_power
from glmgui.forms.editors import Editor, TextEditor
from glmgui.still_fields import StillDouble, StillSlider, StillSpin
from glmgui.typed_numbers import number_in
from glmgui.widgets.sizes import keep_wide

_STEPS = 400
_WIDE = 100  # a range beyond which most of a slider would lie far above what is usual
_UNBOUNDED = 1e12


class NumberBox(StillDouble):
    """A spin box for real numbers of any size: shows and takes ``1e-4``, shows a point in any locale, takes other units of time (``5 ms``)."""

    _at_least = ""  # what the least value means, where it stands for something
    unit = ""  # of measure, where it stands beside the field and not in it

    def __init__(self, low: float = -_UNBOUNDED, high: float = _UNBOUNDED, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(15)
        self.setLocale(QLocale.c())
        self.setRange(low, high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        keep_wide(self, 76)

    def say_at_least(self, word: str) -> None:
        """Leave the field empty at its least value, with a word in it for what that means."""
        self._at_least = word
        self.lineEdit().setPlaceholderText(word)
        self.setValue(self.value())
        if self.value() == self.minimum():
            self.lineEdit().clear()

    def textFromValue(self, value: float) -> str:
        return "" if self._at_least and value == self.minimum() else plain(value, 7)

    def valueFromText(self, text: str) -> float:
        text = self._bare(text)
        if self._at_least and not text:
            return self.minimum()
        if text == self.textFromValue(self.value()):
            return self.value()  # what is shown is rounded; leaving the field must not round the value
        number = self._number(text)
        return self.value() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if self._at_least and not self._bare(text):
            return QValidator.State.Acceptable, text, position
        number = self._number(text)
        taken = number is not None and self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if taken else QValidator.State.Intermediate), text, position

    def _number(self, text: str) -> float | None:
        return number_in(self._bare(text), self.suffix().strip() or self.unit)

    def stepBy(self, steps: int) -> None:
        step = 10.0 ** (math.floor(math.log10(abs(self.value()))) - 1) if self.value() else 0.1
        moved = float(f"{self.value() + steps * step:.6g}")
        self.setValue(moved if self.minimum() <= moved <= self.maximum() else self.value())


class WholeBox(StillSpin):
    """A spin box for whole numbers."""

    def __init__(self, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(low, high)
        self.setKeyboardTracking(False)
        keep_wide(self, 64)


class NumberEditor(Editor):
    """A number; with both ends known (or in powers of ten) also a slider, finer towards small numbers where the range is wide.

    Parameters
    ----------
    low, high : float or None
        The bounds, None where there is none.
    open_low : bool
        The lower bound itself is not allowed (``gt``).
    whole, log : bool
        Whole numbers only; the slider moves in powers of ten.
    typical : float
        Around which the slider of an unbounded logarithmic number spans six powers of ten.
    span : (float, float), optional
        Ends of the slider, where it is not to reach from the one bound to the other.
    """

    def __init__(
        self,
        low: float | None = None,
        high: float | None = None,
        *,
        open_low: bool = False,
        whole: bool = False,
        log: bool = False,
        typical: float | None = None,
        span: tuple[float, float] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._whole, self._log = whole, log
        if whole:
            least = -(10**9) if low is None else int(low) + (1 if open_low else 0)
            self._box: WholeBox | NumberBox = WholeBox(least, 10**9 if high is None else int(high), self)
        else:
            least = -_UNBOUNDED if low is None else low
            self._box = NumberBox(least, _UNBOUNDED if high is None else high, self)
        self._span = span or self._slider_span(low, high, typical)
        self._slider: StillSlider | None = None
        self._bent = False
        if self._span is not None:
            self._slider = StillSlider(self)
            keep_wide(self._slider, 60)
            self._bent = not log and self._span[1] - self._span[0] > _WIDE
            self._slider.setRange(0, int(self._span[1] - self._span[0]) if whole and not self._bent else _STEPS)
            self._slider.valueChanged.connect(self._slid)
            self._row(self._slider, self._box)
        else:
            self._row(self._box)
        self._box.valueChanged.connect(self._typed)

    def value(self) -> float | int:
        return self._box.value()

    def set_value(self, value: float | int) -> None:
        with self.silent(), QSignalBlocker(self._box):
            if not (self._box.hasFocus() and self._box.value() == value):
                self._box.setValue(value)
            self._show_on_slider()

    def controls(self) -> Sequence[QWidget]:
        return (self._box,) if self._slider is None else (self._box, self._slider)

    def _slider_span(self, low: float | None, high: float | None, typical: float | None) -> tuple[float, float] | None:
        if self._log and not self._whole:
            top = high or (typical or 1.0) * 1e3
            return (low if low else top * 1e-5, top)
        if low is None or high is None or high - low > 10_000:
            return None
        return (self._box.minimum() if self._whole else low, high)

    def _slid(self, position: int) -> None:
        low, high = self._span
        if self._bent:
            value: float = low + (high - low) * (position / _STEPS) ** 3
            value = round(value) if self._whole else float(f"{value:.2g}")
        elif self._whole:
            value = int(low) + position
        elif self._log:
            value = float(f"{low * (high / low) ** (position / _STEPS):.2g}")
        else:
            value = float(f"{low + (high - low) * position / _STEPS:.3g}")
        with QSignalBlocker(self._box):
            self._box.setValue(value)
        self.changed.emit()

    def _typed(self) -> None:
        self._show_on_slider()
        self.changed.emit()

    def _show_on_slider(self) -> None:
        if self._slider is None:
            return
        low, high = self._span
        value = self._box.value()
        if self._bent:
            position = round(_STEPS * ((value - low) / (high - low)) ** (1 / 3))
        elif self._whole:
            position = int(value - low)
        elif self._log:
            position = round(_STEPS * math.log(max(value, low) / low) / math.log(high / low))
        else:
            position = round(_STEPS * (value - low) / (high - low))
        with QSignalBlocker(self._slider):
            self._slider.setValue(position)


class NumbersEditor(TextEditor):
    """Numbers with commas or blanks between them (``1e-5, 1e-4``); pairs as ``10 - 20, 30 - 40`` with `pairs`."""

    def __init__(self, placeholder: str = "", *, pairs: bool = False, whole: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(placeholder, parent)
        self._pairs, self._whole = pairs, whole

    def value(self) -> tuple[Any, ...]:
        text = self._line.text().strip()
        if self._pairs:
            return tuple(self._pair(part) for part in re.split(r"[,;]", text) if part.strip())
        return tuple(self._number(part) for part in re.split(r"[,;\s]+", text) if part)

    def set_value(self, value: Sequence[Any]) -> None:
        if self._pairs:
            text = ", ".join(f"{plain(start)} - {plain(stop)}" for start, stop in value)
        else:
            text = ", ".join(plain(number) for number in value)
        self._shown = text
        try:
            same = self.value() == tuple(value)
        except GlmError:
            same = False
        if not same:
            self._line.setText(text)
            self._line.setCursorPosition(0)

    def _number(self, text: str) -> float | int:
        try:
            return int(text) if self._whole else float(text)
        except ValueError:
            kind = "whole number" if self._whole else "number"
            raise GlmError(f"'{text.strip()}' is not a {kind}; write numbers with commas between them") from None

    def _pair(self, text: str) -> tuple[float, float]:
        # the minus of a number follows nothing, a blank, or an e; the one between the two follows a digit
        parts = re.split(r"(?<=[\d.])\s*(?:-|–|to)\s*", text.strip(), maxsplit=1)
        if len(parts) != 2 or not all(parts):
            raise GlmError(f"'{text.strip()}' is not a pair; write start - stop, with commas between pairs")
        return (float(self._number(parts[0])), float(self._number(parts[1])))


class PairEditor(Editor):
    """Two numbers, from and to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._low, self._high = NumberBox(parent=self), NumberBox(parent=self)
        between = QLabel("to", self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self._low, 1), (between, 0), (self._high, 1)):
            box.addWidget(widget, stretch)
        self._low.valueChanged.connect(self.changed)
        self._high.valueChanged.connect(self.changed)

    def value(self) -> tuple[float, float]:
        return (self._low.value(), self._high.value())

    def set_value(self, value: Sequence[float]) -> None:
        with QSignalBlocker(self._low), QSignalBlocker(self._high):
            self._low.setValue(value[0])
            self._high.setValue(value[1])

    def controls(self) -> Sequence[QWidget]:
        return (self._low, self._high)


def plain(value: float, digits: int = 10) -> str:
    """A number as a person writes it: ``1e-5``, not ``1e-05``."""
    return plain_power(f"{value:.{digits}g}")
