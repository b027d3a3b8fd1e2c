"""Rules that choose units by rate and by what the file says of them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from glmengine.analysis.units import UnitRule, UnitSelection
from glmengine.errors import GlmError
from glmgui.drawings.summary import UnitColumn
from glmgui.forms.numbers import plain
from glmgui.forms.pending import Refusal
from glmgui.panels.data.controls import describe, number_field, number_in
from glmgui.widgets.controls import MenuButton, small_button
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine

_LONGEST = 24


class UnitRules(Refusal, QWidget):
    """The rate, and a row for each rule on a column; what is wrong with them stands below."""

    rules_changed = Signal(object)  # UnitSelection, of which only the rules differ

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("unit_rules")
        self._columns: tuple[UnitColumn, ...] = ()
        self._units = UnitSelection()
        self._rows: list[RuleRow] = []
        self.low, self.high = number_field("rate_from", self), number_field("rate_to", self)
        describe(self.low, UnitSelection, "min_rate")
        describe(self.high, UnitSelection, "max_rate")
        self.add = MenuButton(self)
        self.add.setText("add rule")
        self.add.setObjectName("unit_rule_add")
        self.add.setToolTip("Fit only units of which the file says something (region, quality)")
        self.add.setAccessibleName(self.add.toolTip())
        self._menu = QMenu(self.add)
        self.add.setMenu(self._menu)
        self.message = MessageLine("unit_rules_message", self)
        self._holder = QVBoxLayout()
        self._holder.setSpacing(2)
        box = column(self, margins=0, spacing=2)
        box.addLayout(
            row(QLabel("Mean rate from", self), self.low, QLabel("to", self), self.high, QLabel("Hz", self), None, self.add)
        )
        box.addLayout(self._holder)
        box.addWidget(self.message)
        for field in (self.low, self.high):
            field.editingFinished.connect(self._rate_edited)

    @property
    def rows(self) -> Sequence[RuleRow]:
        return tuple(self._rows)

    def set_columns(self, columns: tuple[UnitColumn, ...]) -> None:
        """Take what the table of units holds."""
        self._columns = columns
        self._menu.clear()
        for one in columns:
            self._menu.addAction(one.name, lambda one=one: self._added(one))
        self.add.setEnabled(bool(columns))
        self.add.setToolTip(
            "Fit only units of which the file says something (region, quality)"
            if columns
            else "The file says nothing of its units beyond their spikes"
        )
        self._rebuild()

    def set_units(self, units: UnitSelection) -> None:
        """Show these rules."""
        self._units, self.refused = units, ""
        for field, value in ((self.low, units.min_rate), (self.high, units.max_rate)):
            if not field.hasFocus() or number_in(field) != value:
                with QSignalBlocker(field):
                    field.setText("" if value is None else plain(value))
        self.message.clear()
        self._rebuild()

    def take_back(self) -> None:
        """Show again what was taken last."""
        for field in self.findChildren(QLineEdit):
            field.clear()
        self.set_units(self._units)

    def show_fault(self, field: str, message: str) -> None:
        self.message.show_error(message)

    def _rebuild(self) -> None:
        if [rule.column for rule in self._units.where] != [shown.column for shown in self._rows]:
            for old in self._rows:
                self._holder.removeWidget(old)
                old.hide()
                old.deleteLater()
            self._rows = []
            for at, rule in enumerate(self._units.where):
                made = RuleRow(at, rule.column, self)
                made.edited.connect(self._edited)
                made.removed.connect(self._removed)
                self._holder.addWidget(made)
                self._rows.append(made)
        known = {one.name: one for one in self._columns}
        for shown, rule in zip(self._rows, self._units.where, strict=True):
            shown.set_rule(rule, known.get(rule.column))

    def _change(self, **changes: object) -> None:
        try:
            units = self._units.with_(**changes)
        except GlmError as error:
            self.message.show_error(error.message)
            self.refused = error.message
            return
        self.message.clear()
        self.refused = ""
        if units != self._units:
            self.rules_changed.emit(units)

    def _rate_edited(self) -> None:
        self._change(min_rate=number_in(self.low), max_rate=number_in(self.high) or None)

    def _added(self, chosen: UnitColumn) -> None:
        if chosen.by_value:
            rule = UnitRule(column=chosen.name, one_of=chosen.values)
        else:
            rule = UnitRule(column=chosen.name, at_least=chosen.low)
        self._change(where=(*self._units.where, rule))

    def _edited(self, at: int, changes: dict[str, object]) -> None:
        rules = self._units.where
        try:
            rule = rules[at].with_(**changes)
        except GlmError as error:
            self.message.show_error(error.message)
            self.refused = error.message
            return
        self._change(where=(*rules[:at], rule, *rules[at + 1 :]))

    def _removed(self, at: int) -> None:
        self._change(where=self._units.where[:at] + self._units.where[at + 1 :])


class RuleRow(QWidget):
    """One rule: its column, and either the values that are admitted or the limits."""

    edited = Signal(int, object)  # position, changed fields of the UnitRule
    removed = Signal(int)

    def __init__(self, at: int, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._at, self.column = at, name
        self.setObjectName(f"unit_rule_{at}")
        self.values = MenuButton(self)
        self.values.setObjectName(f"unit_rule_{at}_values")
        describe(self.values, UnitRule, "one_of")
        self._menu = QMenu(self.values)
        self.values.setMenu(self._menu)
        self.low, self.high = number_field(f"unit_rule_{at}_low", self), number_field(f"unit_rule_{at}_high", self)
        describe(self.low, UnitRule, "at_least")
        describe(self.high, UnitRule, "at_most")
        self._from, self._to = QLabel("from", self), QLabel("to", self)
        remove = small_button("\u2715", f"unit_rule_{at}_remove", f"Remove the rule on {name}", self)
        label = QLabel(f"and {name}", self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        box = column(self, margins=0)
        box.addLayout(row(label, self.values, self._from, self.low, self._to, self.high, None, remove))
        for field in (self.low, self.high):
            field.editingFinished.connect(self._limits_edited)
        remove.clicked.connect(lambda: self.removed.emit(self._at))

    def set_rule(self, rule: UnitRule, known: UnitColumn | None) -> None:
        by_value = bool(rule.one_of)
        self.values.setVisible(by_value)
        for part in (self._from, self.low, self._to, self.high):
            part.setVisible(not by_value)
        for field, value in ((self.low, rule.at_least), (self.high, rule.at_most)):
            if not field.hasFocus() or number_in(field) != value:
                with QSignalBlocker(field):
                    field.setText("" if value is None else plain(value))
        offered = [*(known.values if known else ()), *(text for text in rule.one_of if not known or text not in known.values)]
        if [action.text() for action in self._menu.actions()] != offered:
            self._menu.clear()
            for text in offered:
                action = self._menu.addAction(text)
                action.setCheckable(True)
                action.triggered.connect(self._values_edited)
        for action in self._menu.actions():
            action.setChecked(action.text() in rule.one_of)
        said = ", ".join(rule.one_of)
        said = f"any of {len(rule.one_of)} values" if len(rule.one_of) == len(offered) > 1 else said
        self.values.setText("is " + (said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}\u2026"))

    def _values_edited(self) -> None:
        chosen = tuple(action.text() for action in self._menu.actions() if action.isChecked())
        self.edited.emit(self._at, {"one_of": chosen})

    def _limits_edited(self) -> None:
        self.edited.emit(self._at, {"at_least": number_in(self.low), "at_most": number_in(self.high)})
