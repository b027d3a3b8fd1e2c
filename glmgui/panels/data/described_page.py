"""What pages on a recording before any model have in common: choices on top, plots below, and a question for the worker."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from glmgui.forms.numbers import NumberBox
from glmgui.laid_over import WaitingWords
from glmgui.plots import Plot
from glmgui.still_fields import StillCombo, StillSpin
from glmgui.widgets.layout import column
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.sizes import keep_wide, scaled
from glmgui.widgets.texts import hint

if TYPE_CHECKING:
    import numpy as np

    from glmengine.context import Context
    from glmengine.recording.recording import Recording
    from glmengine.timegrid.grid import TimeGrid


_LEAST_FIELD = 64
_MARGIN = 4
_ARROW = 34  # pixels of a list beside its words


@dataclass(frozen=True, eq=False)
class Asked:
    """What a page is about: a recording with its derived covariates, the bins of its time that are used, and a unit."""

    recording: Recording
    grid: TimeGrid
    used: np.ndarray
    unit: str
    max_gap: float | None


class DescribedPage(QWidget):
    """A page; subclasses say what is to be computed, in the worker, and show it.

    Signals
    -------
    choices_changed
        Another question is asked by the controls.
    """

    choices_changed = Signal()
    label = ""
    """What the worker does, in the user's words."""
    of_unit = True
    """Whether it is about the selected unit."""

    def __init__(self, name: str, none: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._recording: Recording | None = None
        self.subject = ""  # of whom it is, for figures and the names of their files
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        self.message = MessageLine(f"{name}_message", self)
        self._content = QWidget(self)
        self.box = QVBoxLayout(self._content)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(4)
        self._none = hint(none, self)
        whole = column(self, margins=_MARGIN)
        whole.addLayout(self._grid)
        whole.addWidget(self._content, 1)
        whole.addWidget(self._none)
        self._waiting = WaitingWords(self._content)
        self._waits_for = ""
        self.message.lay_over(self)
        self._none.hide()
        self._fields: list[tuple[QLabel, QWidget]] = []
        self._pairs = 2  # of a word and a field in a row

    # What subclasses say

    def offer(self, recording: Recording) -> bool:
        """Fill the choices from what the recording has; whether it has anything for this page."""
        raise NotImplementedError

    def choices(self) -> Hashable:
        """What the controls say."""
        raise NotImplementedError

    def work(self) -> Callable[[Asked, Context], Any]:
        """The question, without a widget in it."""
        raise NotImplementedError

    def show_answer(self, answer: Any) -> None:
        """Draw what `work` found."""
        raise NotImplementedError

    # What the panel asks

    def set_recording(self, recording: Recording) -> None:
        if recording is self._recording:
            return
        self._recording = recording
        has = self.offer(recording)
        self._content.setVisible(has)
        self._none.setVisible(not has)
        for label, field in self._fields:
            label.setVisible(has)
            field.setVisible(has)
        self._suit_width()
        self.message.clear()

    @property
    def has_something(self) -> bool:
        """Whether the recording has what this page is about."""
        return self._recording is not None and self._none.isHidden()

    def begin_anew(self, said: str) -> None:
        """Grey what is of another question, and say what is being done."""
        self.message.clear()
        self._enable(False)
        self.say_waiting(said)

    @property
    def waiting(self) -> str:
        """What is being done for its picture; empty where it is there."""
        return self._waits_for

    def say_waiting(self, said: str) -> None:
        """Say what is being done: in the middle of an empty page, else in the place of the title of the first picture, where it covers none of it."""
        self._waits_for = said
        plots = self._drawn()
        self._waiting.say("" if plots else said)
        for at, plot in enumerate(plots):
            plot.say_waiting("" if at else said)

    def set_subject(self, subject: str) -> None:
        """Of whom what comes next is, such as ``unit 3``."""
        self.subject = subject

    def take(self, answer: Any) -> None:
        self.say_waiting("")
        self.message.clear()
        self._enable(True)
        self.show_answer(answer)
        for plot in self._content.findChildren(Plot):
            plot.subject = self.subject

    def _drawn(self) -> list[Plot]:
        """Those that are seen, the uppermost first."""
        plots = [plot for plot in self._content.findChildren(Plot) if not plot.isHidden()]
        return sorted(plots, key=lambda plot: (plot.mapTo(self, plot.rect().topLeft()).y(), plot.x()))

    def _enable(self, enabled: bool) -> None:
        self._content.setEnabled(enabled)
        for plot in self._drawn():
            plot.set_greyed(not enabled)

    def take_fault(self, text: str) -> None:
        """Say why nothing is drawn; what stands there is of an earlier question."""
        self.say_waiting("")
        self.message.show_error(text)
        self._enable(False)

    # Controls, two pairs of a word and a field to a row where there is room

    def _place(self, word: str, field: QWidget, said: str) -> None:
        label = QLabel(word, self)
        label.setBuddy(field)
        label.setToolTip(said)
        field.setAccessibleName(f"{self.label}: {word}")
        field.setToolTip(said)
        keep_wide(field, _LEAST_FIELD)
        self._fields.append((label, field))
        self._lay_fields()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._suit_width()

    def _suit_width(self) -> None:
        """One pair to a row where two would cut off what is to be read in a list."""
        needed = [label.sizeHint().width() + _width_of_words(field) for label, field in self._fields]
        spacing, margins = self._grid.horizontalSpacing(), 2 * _MARGIN
        two = [max(needed[pair::2], default=0) for pair in (0, 1)]
        pairs = 2 if sum(two) + 3 * spacing + margins <= self.width() else 1
        if pairs != self._pairs:
            self._pairs = pairs
            self._lay_fields()

    def _lay_fields(self) -> None:
        for at, (label, field) in enumerate(self._fields):
            row, pair = divmod(at, self._pairs)
            for widget in (label, field):
                self._grid.removeWidget(widget)
            self._grid.addWidget(label, row, 2 * pair)
            self._grid.addWidget(field, row, 2 * pair + 1)
        for pair in (0, 1):
            self._grid.setColumnStretch(2 * pair + 1, int(pair < self._pairs))

    def add_choice(self, word: str, name: str, said: str, items: Sequence[tuple[str, str]] = ()) -> QComboBox:
        """A list of (text, data) to choose from."""
        field = StillCombo(self)
        field.setObjectName(name)
        field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        field.setMinimumContentsLength(5)
        for text, data in items:
            field.addItem(text, data)
        field.currentIndexChanged.connect(lambda _: self.choices_changed.emit())
        self._place(word, field, said)
        return field

    def add_number(self, word: str, name: str, said: str, span: tuple[float, float], value: float, unit: str) -> NumberBox:
        field = NumberBox(*span, self)
        field.setObjectName(name)
        field.setValue(value)
        field.setSuffix(f" {unit}")
        field.valueChanged.connect(lambda _: self.choices_changed.emit())
        self._place(word, field, said)
        return field

    def add_count(self, word: str, name: str, said: str, span: tuple[int, int], value: int) -> QSpinBox:
        field = StillSpin(self)
        field.setObjectName(name)
        field.setRange(*span)
        field.setValue(value)
        field.setKeyboardTracking(False)
        field.valueChanged.connect(lambda _: self.choices_changed.emit())
        self._place(word, field, said)
        return field


def _width_of_words(field: QWidget) -> int:
    """What a field needs to show all of what stands in it."""
    if not isinstance(field, QComboBox):
        return max(_LEAST_FIELD, field.sizeHint().width())
    widest = max((field.fontMetrics().horizontalAdvance(field.itemText(at)) for at in range(field.count())), default=0)
    return max(_LEAST_FIELD, widest + scaled(_ARROW))
