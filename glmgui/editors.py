"""Controls that edit one value each: a number, a choice, a list of names; forms are put together from them.

Every editor has `changed`, `value()` (raises `GlmError` where what stands in it is no value), `set_value`, `set_context` for choices that
come from the recording, and `show_error(path, message)`, whose path is empty when the message is for the editor itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QLocale, QSignalBlocker, QSize, Qt, Signal
from qtpy.QtGui import QValidator, QWheelEvent
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QCompleter,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from glmengine.errors import GlmError

Choices = Mapping[str, Sequence[str]]
_STEPS = 400
_UNBOUNDED = 1e12
_ROW_HEIGHT = 21
_NUMBER_BEGUN = re.compile(r"[+-]?\d*\.?\d*([eE][+-]?\d*)?")


class Editor(QWidget):
    """Base of all editors; a concrete one fills itself and implements `value` and `set_value`."""

    changed = Signal()

    def value(self) -> Any:
        """What the control says now.

        Raises
        ------
        GlmError
            If it is no value; `field` says where inside the editor.
        """
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Show a value without emitting `changed`."""
        raise NotImplementedError

    def set_context(self, choices: Choices) -> None:
        """Take the names that the recording offers, by kind (``"variables"``, ``"units"``, ...)."""

    def show_error(self, path: str, message: str) -> bool:
        """Show a message beside the part at `path`; False if there is no such part, and the caller should show it."""
        return False

    def clear_errors(self) -> None:
        """Take away messages inside this editor."""

    def describe(self, title: str, help_text: str, name: str) -> None:
        """Give every control inside a name for screen readers and tests, and a tooltip."""
        self.setObjectName(name)
        for position, control in enumerate(self.controls()):
            control.setObjectName(name if position == 0 else f"{name}_{position}")
            control.setAccessibleName(title)
            control.setAccessibleDescription(help_text)
            control.setToolTip(help_text)
        self.setObjectName(f"{name}_editor")

    def controls(self) -> Sequence[QWidget]:
        """The controls that take focus, the main one first."""
        return ()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """No `changed` while the block runs."""
        with QSignalBlocker(self):
            yield

    def _row(self, *widgets: QWidget, stretch: int = 0) -> None:
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        for position, widget in enumerate(widgets):
            box.addWidget(widget, 1 if position == stretch else 0)


class _NoWheel:
    """Spin boxes and combo boxes leave the wheel to the panel that scrolls unless they were clicked first."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class NumberBox(_NoWheel, QDoubleSpinBox):
    """A spin box for real numbers of any size: shows and takes ``1e-4``, with a point in any locale."""

    def __init__(self, low: float = -_UNBOUNDED, high: float = _UNBOUNDED, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(15)
        self.setLocale(QLocale.c())
        self.setRange(low, high)
        self.setStepType(QAbstractSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(76)

    def textFromValue(self, value: float) -> str:
        return _plain(value, 7)

    def valueFromText(self, text: str) -> float:
        if text == self.textFromValue(self.value()):
            return self.value()  # what is shown is rounded; leaving the field must not round the value
        try:
            return float(text)
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        try:
            number = float(text)
        except ValueError:
            begun = _NUMBER_BEGUN.fullmatch(text.strip())
            return (QValidator.State.Intermediate if begun else QValidator.State.Invalid), text, position
        inside = self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        step = 10.0 ** (math.floor(math.log10(abs(self.value()))) - 1) if self.value() else 0.1
        moved = float(f"{self.value() + steps * step:.6g}")
        self.setValue(moved if self.minimum() <= moved <= self.maximum() else self.value())


class WholeBox(_NoWheel, QSpinBox):
    """A spin box for whole numbers."""

    def __init__(self, low: int, high: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(low, high)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(64)


class QuietCombo(_NoWheel, QComboBox):
    """A combo box that a scrolling panel does not change by accident; long lists can be searched by typing."""

    def __init__(self, parent: QWidget | None = None, *, searchable: bool = False) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        if searchable:
            self.setEditable(True)
            self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
            completer = QCompleter(self.model(), self)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
            self.setCompleter(completer)


class NumberEditor(Editor):
    """A number; with both ends known (or in powers of ten) also a slider.

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
        self._span = self._slider_span(low, high, typical)
        self._slider: QSlider | None = None
        if self._span is not None:
            self._slider = _Slider(self)
            self._slider.setRange(0, int(self._span[1] - self._span[0]) if whole else _STEPS)
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
        if self._whole:
            value: float = int(low) + position
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
        if self._whole:
            position = int(value - low)
        elif self._log:
            position = round(_STEPS * math.log(max(value, low) / low) / math.log(high / low))
        else:
            position = round(_STEPS * (value - low) / (high - low))
        with QSignalBlocker(self._slider):
            self._slider.setValue(position)


class _Slider(_NoWheel, QSlider):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumWidth(60)


class BoolEditor(Editor):
    """A check box."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QCheckBox(text, self)
        self._row(self._box)
        self._box.toggled.connect(self.changed)

    def value(self) -> bool:
        return self._box.isChecked()

    def set_value(self, value: bool) -> None:
        with self.silent():
            self._box.setChecked(bool(value))

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)


class ChoiceEditor(Editor):
    """One of a few fixed values."""

    def __init__(self, values: Sequence[Any], titles: Mapping[Any, str] | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QuietCombo(self)
        for value in values:
            self._box.addItem((titles or {}).get(value) or in_words(str(value)), value)
        self._row(self._box)
        self._box.currentIndexChanged.connect(self.changed)

    def value(self) -> Any:
        return self._box.currentData()

    def set_value(self, value: Any) -> None:
        with self.silent():
            self._box.setCurrentIndex(self._box.findData(value))

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)


class NameEditor(Editor):
    """One name out of those that the recording offers; a name that it lacks is kept and shown."""

    def __init__(self, kind: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = kind
        self._names: tuple[str, ...] = ()
        self._value = ""
        self._box = QuietCombo(self, searchable=True)
        self._row(self._box)
        self._box.activated.connect(self._chosen)
        self._box.lineEdit().editingFinished.connect(self._typed)

    def value(self) -> str:
        return self._value

    def set_value(self, value: str) -> None:
        self._value = value
        with self.silent():
            self._fill()

    def set_context(self, choices: Choices) -> None:
        names = tuple(choices.get(self._kind, ()))
        if names != self._names:
            self._names = names
            with self.silent():
                self._fill()

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)

    def _fill(self) -> None:
        names = list(self._names)
        if self._value and self._value not in names:
            names.append(self._value)
        with QSignalBlocker(self._box):
            if names != [self._box.itemText(at) for at in range(self._box.count())]:
                self._box.clear()
                self._box.addItems(names)
            self._box.setCurrentIndex(names.index(self._value) if self._value in names else -1)

    def _chosen(self, *_: object) -> None:
        if self._box.currentText() != self._value:
            self._value = self._box.currentText()
            self.changed.emit()

    def _typed(self) -> None:
        text = self._box.lineEdit().text().strip()
        if text and text != self._value:
            self._value = text
            self._fill()
            self.changed.emit()


class NamesEditor(Editor):
    """Any number of the names that the recording offers, as a list with ticks."""

    def __init__(self, kind: str, *, empty_means: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._value = kind, ()
        self._names: tuple[str, ...] = ()
        self._list = QListWidget(self)
        self._list.setAlternatingRowColors(True)
        self._none = QLabel(empty_means, self)
        self._none.setWordWrap(True)
        self._none.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._none.setVisible(bool(empty_means))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self._list)
        box.addWidget(self._none)
        self._list.itemChanged.connect(self._ticked)
        self._fill()

    def value(self) -> tuple[str, ...]:
        return self._value

    def set_value(self, value: Sequence[str]) -> None:
        self._value = tuple(value)
        self._fill()

    def set_context(self, choices: Choices) -> None:
        self._names = tuple(choices.get(self._kind, ()))
        self._fill()

    def controls(self) -> Sequence[QWidget]:
        return (self._list,)

    def _fill(self) -> None:
        names = [*self._names, *(name for name in self._value if name not in self._names)]
        with QSignalBlocker(self._list):
            if [self._list.item(at).text() for at in range(self._list.count())] != names:
                self._list.clear()
                for name in names:
                    item = QListWidgetItem(name, self._list)
                    item.setSizeHint(QSize(60, _ROW_HEIGHT))
                    item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            for at, name in enumerate(names):
                self._list.item(at).setCheckState(Qt.CheckState.Checked if name in self._value else Qt.CheckState.Unchecked)
        self._list.setFixedHeight(min(max(len(names), 1), 6) * _ROW_HEIGHT + 6)
        self._none.setVisible(bool(self._none.text()) and not self._value)

    def _ticked(self, *_: object) -> None:
        items = [self._list.item(at) for at in range(self._list.count())]
        self._value = tuple(item.text() for item in items if item.checkState() == Qt.CheckState.Checked)
        self._none.setVisible(bool(self._none.text()) and not self._value)
        self.changed.emit()


class TextEditor(Editor):
    """A line of text."""

    def __init__(self, placeholder: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        self._line.setPlaceholderText(placeholder)
        self._row(self._line)
        self._line.editingFinished.connect(self._finished)
        self._shown = ""

    def value(self) -> Any:
        return self._line.text().strip()

    def set_value(self, value: Any) -> None:
        self._shown = str(value)
        if self._line.text().strip() != self._shown:
            self._line.setText(self._shown)

    def controls(self) -> Sequence[QWidget]:
        return (self._line,)

    def _finished(self) -> None:
        if self._line.text().strip() != self._shown:
            self._shown = self._line.text().strip()
            self.changed.emit()


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
            text = ", ".join(f"{_plain(start)} - {_plain(stop)}" for start, stop in value)
        else:
            text = ", ".join(_plain(number) for number in value)
        self._shown = text
        try:
            same = self.value() == tuple(value)
        except GlmError:
            same = False
        if not same:
            self._line.setText(text)

    def _number(self, text: str) -> float | int:
        try:
            return int(text) if self._whole else float(text)
        except ValueError:
            kind = "whole number" if self._whole else "number"
            raise GlmError(f"'{text.strip()}' is not a {kind}; write numbers with commas between them") from None

    def _pair(self, text: str) -> tuple[float, float]:
        # the minus of a number follows nothing, a blank, or an e; the one between the two follows a digit
        parts = re.split(r"(?<=[\d.])\s*(?:-|–|to)\s*", text.strip(), maxsplit=1)
        if len(parts) != 2:
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


class OptionalEditor(Editor):
    """A value that may be left to the program: a tick that says whether it is given, and its editor."""

    def __init__(self, inner: Editor, otherwise: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tick = QCheckBox("automatic", self)
        self._inner = inner
        inner.set_value(otherwise)
        inner.setParent(self)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self._tick)
        box.addWidget(inner, 1)
        self._tick.setChecked(True)
        self._inner.setEnabled(False)
        self._tick.toggled.connect(self._switched)
        self._inner.changed.connect(self.changed)

    def value(self) -> Any:
        return None if self._tick.isChecked() else self._inner.value()

    def set_value(self, value: Any) -> None:
        with self.silent():
            with QSignalBlocker(self._tick):
                self._tick.setChecked(value is None)
            self._inner.setEnabled(value is not None)
            if value is not None:
                self._inner.set_value(value)

    def set_context(self, choices: Choices) -> None:
        self._inner.set_context(choices)

    def show_error(self, path: str, message: str) -> bool:
        return self._inner.show_error(path, message)

    def clear_errors(self) -> None:
        self._inner.clear_errors()

    def controls(self) -> Sequence[QWidget]:
        return (self._tick, *self._inner.controls())

    def describe(self, title: str, help_text: str, name: str) -> None:
        self._inner.describe(title, help_text, name)
        self.setObjectName(f"{name}_optional")
        self._tick.setObjectName(f"{name}_automatic")
        self._tick.setAccessibleName(f"{title}: automatic")
        self._tick.setToolTip(help_text)

    def _switched(self, automatic: bool) -> None:
        self._inner.setEnabled(not automatic)
        self.changed.emit()


def in_words(name: str) -> str:
    """``"raised_cosine_log"`` as a person writes it; ``"b_spline"`` is a B-spline."""
    words = re.sub(r"\b([a-z]) spline", lambda found: f"{found[1].upper()}-spline", name.replace("_", " ").strip())
    return words[:1].upper() + words[1:]


def _plain(value: float, digits: int = 10) -> str:
    """A number as a person writes it: ``1e-5``, not ``1e-05``."""
    return re.sub(r"e([+-])0*(\d)", lambda found: f"e{found[1].replace('+', '')}{found[2]}", f"{value:.{digits}g}")
