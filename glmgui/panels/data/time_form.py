"""The form of the time that is used: bin size and conditions on covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QFrame, QLabel, QLineEdit, QVBoxLayout, QWidget

from glmengine.analysis.analysis import Condition, Time, UnitSelection
from glmengine.errors import GlmError
from glmgui.forms.form import SpecForm
from glmgui.forms.numbers import NumberBox, WholeBox, plain
from glmgui.forms.pending import Refusal
from glmgui.panels.data.controls import describe, number_field, number_in
from glmgui.panels.data.intervals_field import IntervalsField
from glmgui.still_fields import StillCombo
from glmgui.widgets.controls import button, small_button
from glmgui.widgets.layout import Framed, column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.sizes import keep_wide
from glmgui.widgets.texts import heading, hint

_MOVING_HELP = "Computes speed from position and uses only the bins in which it is above a threshold"


class TimeForm(QWidget):
    """Edits the bin size, the intervals, the conditions, the longest gap and the least number of spikes; the epochs are chosen elsewhere."""

    bin_size_changed = Signal(float)
    min_spikes_changed = Signal(int)
    while_present_changed = Signal(bool)
    intervals_changed = Signal(object)  # tuple of (start, stop) in s
    conditions_changed = Signal(object)  # tuple of Condition
    max_gap_changed = Signal(object)  # s, or None
    moving_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("time_form")
        self._variables: tuple[str, ...] = ()
        self._units: Mapping[str, str] = {}
        self._conditions: tuple[Condition, ...] = ()
        self._rows: list[ConditionRow] = []
        self.bin_size = NumberBox(1e-5, 10.0, self)
        self.bin_size.setObjectName("bin_size")
        self.bin_size.setSuffix(" s")
        describe(self.bin_size, Time, "bin_size")
        self.min_spikes = WholeBox(0, 1_000_000, self)
        self.min_spikes.setObjectName("min_spikes")
        self.min_spikes.setSuffix(" spikes")
        keep_wide(self.min_spikes, 96)
        describe(self.min_spikes, UnitSelection, "min_spikes")
        self.while_present = QCheckBox("only while present", self)
        self.while_present.setObjectName("while_present")
        describe(self.while_present, UnitSelection, "while_present")
        self.intervals = IntervalsField(self)
        self.moving = button(
            "Only while moving\u2026",
            "only_while_moving",
            _MOVING_HELP,
            self,
        )
        self.add = button("Add condition", "condition_add", "Use only the bins in which a covariate lies in a range", self)
        self._holder = QVBoxLayout()
        self._holder.setSpacing(6)
        self.more = SpecForm(Time, self, fields=("max_gap",), name="time")
        self.share = QLabel(self)
        self.share.setObjectName("usable_share")
        self.share.setWordWrap(True)
        self.message = MessageLine("time_message", self)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow(Time.model_fields["bin_size"].title, self.bin_size)
        form.addRow("Units with at least", self.min_spikes)
        form.addRow("", self.while_present)
        box = column(self, margins=0, spacing=6)
        box.addWidget(heading("Time that is used", self))
        box.addLayout(form)
        box.addWidget(self.intervals)
        box.addWidget(heading("Conditions", self))
        self._none = hint("No condition: every bin of the ticked epochs is used.", self)
        box.addWidget(self._none)
        box.addLayout(self._holder)
        box.addWidget(self.moving)
        box.addWidget(self.add)
        box.addWidget(self.more)
        box.addWidget(self.message)
        box.addWidget(_line(self))
        box.addWidget(self.share)
        box.addStretch(1)
        self.bin_size.valueChanged.connect(self.bin_size_changed)
        self.min_spikes.valueChanged.connect(self.min_spikes_changed)
        self.while_present.toggled.connect(self.while_present_changed)
        self.intervals.edited.connect(self.intervals_changed)
        self.moving.clicked.connect(self.moving_asked)
        self.add.clicked.connect(self._add)
        self.more.edited.connect(lambda time: self.max_gap_changed.emit(time.max_gap))

    def set_values(self, time: Time, units: UnitSelection, variables: Mapping[str, str]) -> None:
        """Show these; `variables` are the series that can carry a condition, with their units."""
        with QSignalBlocker(self.bin_size), QSignalBlocker(self.min_spikes), QSignalBlocker(self.while_present):
            self.while_present.setChecked(units.while_present)
            if self.bin_size.value() != time.bin_size:
                self.bin_size.setValue(time.bin_size)
            self.min_spikes.setValue(units.min_spikes)
        self.intervals.set_value(time.intervals)
        self.more.set_value(time)
        if time.conditions != self._conditions or dict(variables) != self._units:
            self._conditions, self._variables, self._units = time.conditions, tuple(variables), dict(variables)
            self._rebuild()
        self.add.setEnabled(bool(variables))
        self._none.setVisible(not time.conditions)

    def offer_moving(self, possible: bool) -> None:
        """Whether the recording has a position or a speed."""
        self.moving.setEnabled(possible)
        self.moving.setToolTip(
            _MOVING_HELP
            if possible
            else "No covariate of this recording is known as a position or a speed; Add condition takes any other"
        )

    def show_fault(self, field: str, message: str) -> None:
        """Show a message at the condition that is at fault (``time.conditions.1.variable``), else below the conditions."""
        parts = field.split(".")
        if parts[:2] == ["time", "conditions"] and len(parts) > 2 and parts[2].isdigit() and int(parts[2]) < len(self._rows):
            self._rows[int(parts[2])].message.show_error(message)
        elif field == "time.max_gap":
            self.more.show_error("max_gap", message)
        else:
            self.message.show_error(message)

    @property
    def rows(self) -> Sequence[ConditionRow]:
        return tuple(self._rows)

    def _rebuild(self) -> None:
        # The row that is being typed into keeps its focus: rows are only made anew when their number changes.
        if len(self._rows) != len(self._conditions):
            for old in self._rows:
                self._holder.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._rows = []
            for at in range(len(self._conditions)):
                made = ConditionRow(at, self)
                made.edited.connect(self._edited)
                made.removed.connect(self._removed)
                self._holder.addWidget(made)
                self._rows.append(made)
        for shown, condition in zip(self._rows, self._conditions, strict=True):
            shown.set_value(condition, self._variables, self._units)

    def _add(self) -> None:
        taken = {condition.variable for condition in self._conditions}
        variable = next((name for name in self._variables if name not in taken), self._variables[0])
        self.conditions_changed.emit((*self._conditions, Condition(variable=variable, above=0.0)))

    def _edited(self, at: int, condition: Condition) -> None:
        changed = (*self._conditions[:at], condition, *self._conditions[at + 1 :])
        if changed != self._conditions:
            self.conditions_changed.emit(changed)

    def _removed(self, at: int) -> None:
        self.conditions_changed.emit(self._conditions[:at] + self._conditions[at + 1 :])


class ConditionRow(Refusal, Framed):
    """One condition: variable, above, below; what is wrong with it stands under it."""

    edited = Signal(int, object)
    removed = Signal(int)

    def __init__(self, at: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at = at
        self.setObjectName(f"condition_{at}")
        self.variable = StillCombo(self)
        self.variable.setObjectName(f"condition_{at}_variable")
        self.variable.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.variable.setMinimumContentsLength(10)
        describe(self.variable, Condition, "variable")
        self.above, self.below = (self._number(name) for name in ("above", "below"))
        self._texts: dict[QLineEdit, str] = {}
        self._unit = QLabel(self)
        remove = small_button("\u2715", f"condition_{at}_remove", "Remove this condition", self)
        self.message = MessageLine(f"condition_{at}_message", self)
        box = column(self)
        box.addLayout(row(self.variable, self._unit, remove))
        box.setStretch(0, 1)
        box.addLayout(row(QLabel("above", self), self.above, QLabel("below", self), self.below))
        box.addWidget(self.message)
        self.variable.activated.connect(self._edit)
        remove.clicked.connect(lambda: self.removed.emit(self._at))

    def take_back(self) -> None:
        """Show again what was taken last."""
        for field, text in self._texts.items():
            field.setText(text)
        self.message.clear()
        self.refused = ""

    def set_value(self, condition: Condition, variables: Sequence[str], units: Mapping[str, str]) -> None:
        self.refused = ""
        with QSignalBlocker(self.variable):
            self.variable.clear()
            self.variable.addItems(list(variables))
            if condition.variable not in variables:
                self.variable.addItem(condition.variable)
            self.variable.setCurrentText(condition.variable)
        for field, limit in ((self.above, condition.above), (self.below, condition.below)):
            text = self._texts[field] = "" if limit is None else plain(limit)
            if not field.hasFocus() or number_in(field) != limit:
                field.setText(text)
        self._unit.setText(units.get(condition.variable, ""))
        if condition.variable in variables:
            self.message.clear()
        else:
            self.message.show_error(
                f"the recording has no covariate '{condition.variable}'; choose another or remove the condition"
            )

    def _number(self, name: str) -> QLineEdit:
        field = number_field(f"{self.objectName()}_{name}", self)
        keep_wide(field, 44, 200)
        describe(field, Condition, name)
        field.editingFinished.connect(self._edit)
        return field

    def _edit(self, *_) -> None:
        try:
            condition = Condition(variable=self.variable.currentText(), above=number_in(self.above), below=number_in(self.below))
        except GlmError as error:
            self.message.show_error(error.message)
            self.refused = error.message
            return
        self.message.clear()
        self.refused = ""
        self.edited.emit(self._at, condition)


def _line(parent: QWidget) -> QFrame:
    line = QFrame(parent)
    line.setFrameShape(QFrame.Shape.HLine)
    line.setForegroundRole(line.foregroundRole())
    line.setEnabled(False)
    return line
