"""Forms made from the description of a parameter set: controls with labels, help as tooltips, faults beside their cause.

    form = SpecForm(Time, fields=("bin_size", "max_gap"))
    form.set_context({"epochs": ["all", "run"], "variables": [...]})
    form.set_value(analysis.time)
    form.edited.connect(lambda time: document.edit(analysis.with_(time=time), "Change bin size"))
    form.show_error("bin_size", "0.5 s is longer than any epoch")

A field's annotation decides its control: numbers become spin boxes (with a slider where both ends are known, in powers of ten where
the field says `log`), literals combo boxes, names of things in the recording searchable lists, optional values a tick "automatic" with the
control, nested specs a form in the form, a union of specs a combo box that switches the form below it, a tuple of specs a
list of forms with buttons to add and remove.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from qtpy.QtCore import QCoreApplication, QEvent, Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QScrollArea, QSizePolicy, QToolButton, QWidget

from glmengine.errors import GlmError
from glmengine.sentences import capitalised
from glmengine.spec import Spec
from glmgui.forms.description import Choices, extra_of, help_of, in_words
from glmgui.forms.editors import Editor, NamesEditor
from glmgui.forms.guess import GuessLine
from glmgui.forms.nested import Admit, Begin, Making, Wide, make_editor
from glmgui.forms.numbers import NumberBox
from glmgui.forms.pending import Refusal
from glmgui.widgets.form_scroll import hold_still
from glmgui.widgets.texts import hint


class SpecForm(Refusal, QWidget):
    """Edits one spec.

    Parameters
    ----------
    spec_type : type of Spec
    parent : QWidget, optional
    fields : sequence of str, optional
        Only these, in this order; all that are not hidden where not given.
    admit : callable, optional
        Called with a spec's class and a field's name: whether the form shows that field; with an empty name: whether unions of specs
        offer the class. Holds for the forms inside this one too.
    begin : callable, optional
        Called with a spec's class: what a new item of a list begins with; else, or where it gives None, one like the last, or the first names.
    name : str
        Prefix of the controls' object names; control `bin_size` is then called ``<name>_bin_size``.

    Signals
    -------
    edited : Spec
        The new value, each time an edit makes a valid one. An edit that does not is answered with a message beside its cause.
    """

    edited = Signal(object)

    def __init__(
        self,
        spec_type: type[Spec],
        parent: QWidget | None = None,
        *,
        fields: Sequence[str] | None = None,
        admit: Admit | None = None,
        begin: Begin | None = None,
        name: str = "",
    ) -> None:
        super().__init__(parent)
        self._type, self._admit, self._begin = spec_type, admit, begin
        self._value: Spec | None = None
        self._kept: Spec | None = None
        self._choices: Choices = {}
        self._editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._titles: dict[str, str] = {}
        self._messages: dict[str, QLabel] = {}
        self._notes: dict[str, QLabel] = {}
        self._guesses: dict[str, GuessLine] = {}
        self._rows: dict[str, int] = {}  # the first of five that each field has: label, editor, message, guess and note
        self._next_row = 0
        self._name = name or spec_type.__name__.lower()
        self.setObjectName(f"{self._name}_form")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._more: QToolButton | None = None
        self._advanced: list[Editor] = []
        self._applying: dict[str, dict[str, tuple[Any, ...]]] = {}
        self._build(fields)
        self._general = _message_label(self, f"{self._name}_message")
        self._grid.addWidget(self._general, self._next_row, 0, 1, 2)

    @property
    def spec_type(self) -> type[Spec]:
        return self._type

    @property
    def value(self) -> Spec | None:
        """The last valid value, None before `set_value`."""
        return self._value

    def set_value(self, spec: Spec) -> None:
        """Show `spec`; a control that shows its value already is left alone, so that typing is not disturbed."""
        if type(spec) is not self._type:
            raise TypeError(f"this form edits {self._type.__name__}, not {type(spec).__name__}")
        before, self._value, self._kept, self.refused = self._value, spec, spec, ""
        for field, editor in self._editors.items():
            value = getattr(spec, field)
            if before is None or value != getattr(before, field) or self._says(editor) != value:
                editor.set_value(value)
        self._show_what_applies()
        self._show_guesses()
        self.clear_errors()

    def refuse(self, message: str, kept: Spec) -> None:
        """Say that the value last edited is not taken by whoever listens, who holds to `kept`."""
        self.refused, self._kept = message, kept

    def take_back(self) -> None:
        """Show again what was taken last."""
        if self._kept is not None:
            self.set_value(self._kept)

    def set_context(self, choices: Choices) -> None:
        """Names that the recording offers, by kind: variables, covariates, epochs, events, units, trials, sessions.

        Under ``"of the variable"`` stands that variable's unit of measure, for fields that are given in it.
        """
        self._choices = choices
        for field, editor in self._editors.items():
            editor.set_context(choices)
            unit = extra_of(self._type.model_fields[field], "unit")
            if unit.startswith("of the"):
                self._labels[field].setText(_labelled(self._titles[field], next(iter(choices.get(unit, ())), "")))
        self._show_what_applies()

    def show_error(self, field: str, message: str) -> bool:
        """Show a message beside the control of `field` (a dotted path); at the foot of the form where there is no such control.

        Returns False in that last case, so that a caller with a better place can use it.
        """
        head, _, rest = field.partition(".")
        editor = self._editors.get(head)
        if editor is not None:
            if not (rest and editor.show_error(rest, message)):
                _show(self._messages[head], message)
                if editor in self._advanced and self._more is not None:
                    self._more.setChecked(True)
            return True
        _show(self._general, message)
        return False

    def clear_errors(self) -> None:
        """Take away every message."""
        for label in (*self._messages.values(), self._general):
            if not label.isHidden():
                hold_still(label)
                label.hide()
        for editor in self._editors.values():
            editor.clear_errors()

    def set_notes(self, notes: Mapping[str, str]) -> None:
        """Say quietly, below the controls of these fields, what their present values are for; elsewhere nothing."""
        for field in notes:
            if field not in self._notes:
                self._notes[field] = hint("", self)
                self._notes[field].setObjectName(f"{self._name}_{field}_note")
                self._grid.addWidget(self._notes[field], self._rows[field] + 4, 0, 1, 2)
        for field, label in self._notes.items():
            label.setText(notes.get(field, ""))
            label.setVisible(bool(label.text()) and not self._editors[field].isHidden())

    def editor(self, field: str) -> Editor:
        """The editor of one field."""
        return self._editors[field]

    def unfold(self, control: QWidget) -> None:
        """Show the options below "More options" where a control is one of them."""
        if self._more is not None and any(editor.isAncestorOf(control) for editor in self._advanced):
            self._more.setChecked(True)

    # Building

    def _build(self, fields: Sequence[str] | None) -> None:
        described = self._type.model_fields
        in_order = (
            fields if fields is not None else sorted(described, key=lambda field: bool(extra_of(described[field], "advanced")))
        )
        for field in in_order:
            info = described[field]
            if extra_of(info, "hidden") or (fields is None and not info.title):
                continue
            if self._admit is not None and not self._admit(self._type, field):
                continue
            self._add(field, info)

    def _add(self, field: str, info: FieldInfo) -> None:
        editor = make_editor(info.annotation, info, Making(SpecForm, self._admit, self._begin), f"{self._name}_{field}", self)
        title, help_text = info.title or in_words(field), help_of(info)
        editor.describe(title, help_text, f"{self._name}_{field}")
        unit = extra_of(info, "unit")
        for control in editor.controls():
            if isinstance(control, NumberBox):
                control.unit = unit
        self._titles[field] = title
        label = QLabel(_labelled(title, "" if unit.startswith("of the") else unit), self)
        label.setToolTip(help_text)
        label.setBuddy(next(iter(editor.controls()), editor))
        message = _message_label(self, f"{self._name}_{field}_message")
        advanced = bool(extra_of(info, "advanced"))
        if advanced and self._more is None:
            self._add_more_button()
        row, self._next_row = self._next_row, self._next_row + 5
        wide = isinstance(editor, Wide)
        if wide:
            self._grid.addWidget(label, row, 0, 1, 2)
            self._grid.addWidget(editor, row + 1, 0, 1, 2)
            label.setVisible(not getattr(editor, "says_its_title", False))
        else:
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            # a layout with a text that wraps answers -1 while that text is hidden, as the one below a list of names is at first
            wraps = isinstance(editor, NamesEditor) or editor.hasHeightForWidth()
            label.setMinimumHeight(0 if wraps else editor.sizeHint().height())
            self._grid.addWidget(editor, row, 1)
        self._rows[field] = row
        self._grid.addWidget(message, row + 2, 0 if wide else 1, 1, 2 if wide else 1)
        self._editors[field], self._labels[field], self._messages[field] = editor, label, message
        if extra_of(info, "guessed"):
            self._add_guess(field, title, unit, row + 3)
        if extra_of(info, "applies") or extra_of(info, "choices") == "sessions":
            self._applying[field] = extra_of(info, "applies") or {}
        editor.changed.connect(lambda: self._edited(field))
        if advanced:
            self._advanced += [editor]
            editor.hide()
            label.hide()

    def _add_guess(self, field: str, title: str, unit: str, row: int) -> None:
        why = self._type.model_fields[extra_of(self._type.model_fields[field], "guessed")].description or ""
        line = GuessLine(title, why, unit, f"{self._name}_{field}", self)
        line.confirmed.connect(lambda: self._edited(field, confirmed=True))
        self._grid.addWidget(line, row, 0, 1, 2)
        self._guesses[field] = line

    def _add_more_button(self) -> None:
        self._more = QToolButton(self)
        self._more.setObjectName(f"{self._name}_more")
        self._more.setText("More options")
        self._more.setAccessibleName("More options")
        self._more.setCheckable(True)
        self._more.setAutoRaise(True)
        self._more.setArrowType(Qt.ArrowType.RightArrow)
        self._more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._more.toggled.connect(self._show_advanced)
        self._grid.addWidget(self._more, self._next_row, 0, 1, 2)
        self._next_row += 1

    def _show_advanced(self, shown: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for field, editor in self._editors.items():
            if editor in self._advanced:
                self._show_field(field, shown and self._applies(field))

    def _show_field(self, field: str, shown: bool) -> None:
        editor = self._editors[field]
        editor.setVisible(shown)
        if field in self._notes:
            self._notes[field].setVisible(shown and bool(self._notes[field].text()))
        self._labels[field].setVisible(shown and not getattr(editor, "says_its_title", False))

    def _applies(self, field: str) -> bool:
        """Whether the other fields have values at which this one matters, and the recording has sessions where it is about them."""
        if extra_of(self._type.model_fields[field], "choices") == "sessions" and len(self._choices.get("sessions", ())) < 2:
            return False
        for other, values in self._applying.get(field, {}).items():
            value = getattr(self._value, other, None)
            if not (value in values if values else bool(value)):
                return False
        return True

    def _show_what_applies(self) -> None:
        unfolded = self._more is not None and self._more.isChecked()
        for field in self._applying:
            self._show_field(field, self._applies(field) and (unfolded or self._editors[field] not in self._advanced))

    def _show_guesses(self) -> None:
        for field, line in self._guesses.items():
            value = getattr(self._value, field)
            line.say(value if value == getattr(self._value, extra_of(self._type.model_fields[field], "guessed")) else None)

    # Editing

    @staticmethod
    def _says(editor: Editor) -> Any:
        try:
            return editor.value()
        except GlmError:
            return PydanticUndefined

    def _edited(self, field: str, *, confirmed: bool = False) -> None:
        if self._value is None:
            return
        self.clear_errors()
        self.refused = ""
        values = {name: getattr(self._value, name) for name in self._type.model_fields}
        for name, editor in self._editors.items():
            try:
                values[name] = editor.value()
            except GlmError as error:
                if not (error.field and editor.show_error(error.field, error.message)):
                    _show(self._messages[name], error.message)
                self.refused = f"{self._titles[name]}: {error.message}"
                return
        if field in self._guesses and (confirmed or values[field] != getattr(self._value, field)):
            values[extra_of(self._type.model_fields[field], "guessed")] = None
        try:
            made = self._type(**values)
        except GlmError as error:
            said = _without_place(error, self._type)
            self.show_error(error.field or field, said)
            self.refused = f"{self._titles[field]}: {said}"
            return
        if made != self._value:
            self._value = self._kept = made
            self._show_what_applies()
            self._show_guesses()
            self.edited.emit(made)


def reveal(root: QWidget, name: str) -> bool:
    """Unfold, scroll to and put the cursor into the control of this name inside `root`; False where there is none, or it does not apply."""
    control = root.findChild(QWidget, name) or root.findChild(QWidget, f"{name}_editor")
    if control is None:
        return False
    if not control.isEnabled():  # a value that is left to the program: its tick
        control = root.findChild(QWidget, f"{name}_automatic") or control
    if control.focusPolicy() == Qt.FocusPolicy.NoFocus:  # several controls in one
        control = next((one for one in control.findChildren(QWidget) if one.focusPolicy() & Qt.FocusPolicy.TabFocus), control)
    above = control.parentWidget()
    while above is not None and above is not root.window():
        if (unfold := getattr(above, "unfold", None)) is not None:  # a form, or what folds a form away
            unfold(control)
        if isinstance(above, QScrollArea):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)  # where it is is known once it is laid out
            above.ensureWidgetVisible(control)
        above = above.parentWidget()
    control.setFocus(Qt.FocusReason.ShortcutFocusReason)
    return control.isVisible()


def _without_place(error: GlmError, spec_type: type[Spec]) -> str:
    """The sentence without the name of the class and the field, which stand beside it already."""
    text = error.message.removeprefix(f"{spec_type.__name__}: ")
    if error.field:
        text = text.removeprefix(f"field '{error.field}': ")
    return capitalised(text)


def _labelled(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _message_label(parent: QWidget, name: str) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setProperty("fault", True)  # its colour follows the look
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    label.hide()
    return label


def _show(label: QLabel, message: str) -> None:
    hold_still(label)
    label.setText(f"\u2716 {message}")
    label.setAccessibleName(f"Error: {message}")
    label.show()
