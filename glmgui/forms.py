"""Forms made from a described parameter set: its fields become labelled controls, its help tooltips, its faults messages beside them.

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

from collections.abc import Callable, Sequence
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from glmengine.errors import GlmError
from glmengine.spec import Spec
from glmgui import theme
from glmgui.editors import BoolEditor, ChoiceEditor, Editor, NameEditor, NamesEditor, OptionalEditor, QuietCombo, TextEditor
from glmgui.fields import (
    Choices,
    extra_of,
    first_value,
    help_of,
    in_words,
    members_of,
    options_of,
    switched,
    tag_field,
    title_of,
    unwrapped,
)
from glmgui.numbers import NumberEditor, NumbersEditor, PairEditor

Admit = Callable[[type[Spec], str], bool]


class SpecForm(QWidget):
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
        name: str = "",
    ) -> None:
        super().__init__(parent)
        self._type, self._admit = spec_type, admit
        self._value: Spec | None = None
        self._choices: Choices = {}
        self._editors: dict[str, Editor] = {}
        self._labels: dict[str, QLabel] = {}
        self._messages: dict[str, QLabel] = {}
        self._name = name or spec_type.__name__.lower()
        self.setObjectName(f"{self._name}_form")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._more: QToolButton | None = None
        self._advanced: list[QWidget] = []
        self._build(fields)
        self._general = _message_label(self, f"{self._name}_message")
        self._grid.addWidget(self._general, self._grid.rowCount(), 0, 1, 2)

    @property
    def value(self) -> Spec | None:
        """The last valid value, None before `set_value`."""
        return self._value

    def set_value(self, spec: Spec) -> None:
        """Show `spec`; a control that shows its value already is left alone, so that typing is not disturbed."""
        if type(spec) is not self._type:
            raise TypeError(f"this form edits {self._type.__name__}, not {type(spec).__name__}")
        before, self._value = self._value, spec
        for field, editor in self._editors.items():
            value = getattr(spec, field)
            if before is None or value != getattr(before, field) or self._says(editor) != value:
                editor.set_value(value)
        self.clear_errors()

    def set_context(self, choices: Choices) -> None:
        """Names that the recording offers, by kind: variables, covariates, epochs, events, units, trials."""
        self._choices = choices
        for editor in self._editors.values():
            editor.set_context(choices)

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
            label.hide()
        for editor in self._editors.values():
            editor.clear_errors()

    def editor(self, field: str) -> Editor:
        """The editor of one field."""
        return self._editors[field]

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
        editor = make_editor(info.annotation, info, self._admit, f"{self._name}_{field}", self)
        title, help_text = info.title or in_words(field), help_of(info)
        editor.describe(title, help_text, f"{self._name}_{field}")
        unit = extra_of(info, "unit")
        shown = f"{title} ({unit})" if unit and not unit.startswith("of the") else title
        label = QLabel(shown, self)
        label.setToolTip(help_text)
        label.setBuddy(next(iter(editor.controls()), editor))
        message = _message_label(self, f"{self._name}_{field}_message")
        advanced = bool(extra_of(info, "advanced"))
        if advanced and self._more is None:
            self._add_more_button()
        row = self._grid.rowCount()
        wide = isinstance(editor, _Wide)
        if wide:
            self._grid.addWidget(label, row, 0, 1, 2)
            self._grid.addWidget(editor, row + 1, 0, 1, 2)
            label.setVisible(not getattr(editor, "says_its_title", False))
        else:
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
            label.setMinimumHeight(editor.sizeHint().height() if not isinstance(editor, NamesEditor) else 0)
            self._grid.addWidget(editor, row, 1)
        self._grid.addWidget(message, row + 2, 0 if wide else 1, 1, 2 if wide else 1)
        self._editors[field], self._labels[field], self._messages[field] = editor, label, message
        editor.changed.connect(lambda: self._edited(field))
        if advanced:
            self._advanced += [editor, label]
            editor.hide()
            label.hide()

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
        self._grid.addWidget(self._more, self._grid.rowCount(), 0, 1, 2)

    def _show_advanced(self, shown: bool) -> None:
        self._more.setArrowType(Qt.ArrowType.DownArrow if shown else Qt.ArrowType.RightArrow)
        for widget in self._advanced:
            widget.setVisible(shown)

    # Editing

    @staticmethod
    def _says(editor: Editor) -> Any:
        try:
            return editor.value()
        except GlmError:
            return PydanticUndefined

    def _edited(self, field: str) -> None:
        if self._value is None:
            return
        self.clear_errors()
        values = {name: getattr(self._value, name) for name in self._type.model_fields}
        for name, editor in self._editors.items():
            try:
                values[name] = editor.value()
            except GlmError as error:
                if not (error.field and editor.show_error(error.field, error.message)):
                    _show(self._messages[name], error.message)
                return
        try:
            made = self._type(**values)
        except GlmError as error:
            self.show_error(error.field or field, _without_place(error, self._type))
            return
        if made != self._value:
            self._value = made
            self.edited.emit(made)


class _Wide(Editor):
    """An editor that takes the whole width of a form, below its label."""


class _Nested(_Wide):
    """A spec inside a spec."""

    def __init__(self, spec_type: type[Spec], admit: Admit | None, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = SpecForm(spec_type, self, admit=admit, name=name)
        box = QVBoxLayout(self)
        box.setContentsMargins(10, 0, 0, 0)
        box.addWidget(self._form)
        self._form.edited.connect(lambda _: self.changed.emit())

    def value(self) -> Spec:
        return self._form.value

    def set_value(self, value: Spec) -> None:
        self._form.set_value(value)

    def set_context(self, choices: Choices) -> None:
        self._form.set_context(choices)

    def show_error(self, path: str, message: str) -> bool:
        self._form.show_error(path, message)
        return True

    def clear_errors(self) -> None:
        self._form.clear_errors()

    def describe(self, title: str, help_text: str, name: str) -> None:
        self.setObjectName(f"{name}_editor")


class UnionEditor(_Wide):
    """One of several kinds of spec: a combo box with the kinds, the form of the chosen one below it.

    On a switch, parameters that both kinds have keep their values.
    """

    says_its_title = True

    def __init__(self, members: Sequence[type[Spec]], admit: Admit | None, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all, self._admit, self._name = tuple(members), admit, name
        self._choices: Choices = {}
        self._form: SpecForm | None = None
        self._title = QLabel(self)
        self._box = QuietCombo(self)
        self._box.setObjectName(f"{name}_{tag_field(members[0])}")
        for member in self._all:
            if admit is None or admit(member, ""):
                self._offer(member)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(5)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self._title, 0, 0)
        self._grid.addWidget(self._box, 0, 1)
        self._box.currentIndexChanged.connect(self._switched)

    def value(self) -> Spec:
        return self._form.value if self._form is not None else None

    def set_value(self, value: Spec) -> None:
        at = self._box.findData(type(value))
        if at < 0:
            self._offer(type(value))
            at = self._box.count() - 1
        with QSignalBlocker(self._box):
            self._box.setCurrentIndex(at)
        self._show(value)

    def set_context(self, choices: Choices) -> None:
        self._choices = choices
        if self._form is not None:
            self._form.set_context(choices)

    def show_error(self, path: str, message: str) -> bool:
        if self._form is None:
            return False
        self._form.show_error(path, message)
        return True

    def clear_errors(self) -> None:
        if self._form is not None:
            self._form.clear_errors()

    def controls(self) -> Sequence[QWidget]:
        return (self._box,)

    def describe(self, title: str, help_text: str, name: str) -> None:
        self._title.setText(title)
        self._title.setToolTip(help_text)
        self._title.setBuddy(self._box)
        self._box.setAccessibleName(title)
        self._box.setAccessibleDescription(help_text)
        self._box.setToolTip(help_text)
        self.setObjectName(f"{name}_editor")

    def _offer(self, member: type[Spec]) -> None:
        with QSignalBlocker(self._box):
            self._box.addItem(title_of(member), member)
            self._box.setItemData(
                self._box.count() - 1, (member.__doc__ or "").strip().partition("\n\n")[0], Qt.ItemDataRole.ToolTipRole
            )

    def _switched(self, *_: object) -> None:
        member = self._box.currentData()
        try:
            made = switched(self.value(), member, self._choices)
        except GlmError as error:
            self.show_error("", error.message)
            return
        self._show(made)
        self.changed.emit()

    def _show(self, value: Spec) -> None:
        if self._form is None or self._form._type is not type(value):
            if self._form is not None:
                self._grid.removeWidget(self._form)
                self._form.hide()
                self._form.deleteLater()
            self._form = SpecForm(type(value), self, admit=self._admit, name=self._name)
            self._form.set_context(self._choices)
            self._form.edited.connect(lambda _: self.changed.emit())
            self._grid.addWidget(self._form, 1, 0, 1, 2)
        self._form.set_value(value)


class ListEditor(_Wide):
    """Any number of specs of one kind or of several, each with its form; buttons add and remove."""

    def __init__(self, item: Any, info: FieldInfo, admit: Admit | None, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item, self._info, self._admit, self._name = item, info, admit, name
        self._least = next((rule.min_length for rule in info.metadata if hasattr(rule, "min_length")), 0)
        self._rows: list[tuple[QFrame, Editor]] = []
        self._choices: Choices = {}
        self._add = QPushButton(_add_text(info.title or "item"), self)
        self._add.setObjectName(f"{name}_add")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self._box.addWidget(self._add)
        self._add.clicked.connect(self._add_one)

    def value(self) -> tuple[Spec, ...]:
        return tuple(editor.value() for _, editor in self._rows)

    def set_value(self, value: Sequence[Spec]) -> None:
        while len(self._rows) > len(value):
            self._drop(len(self._rows) - 1)
        while len(self._rows) < len(value):
            self._append()
        for (_, editor), spec in zip(self._rows, value, strict=True):
            editor.set_value(spec)
        self._offer()

    def set_context(self, choices: Choices) -> None:
        self._choices = choices
        for _, editor in self._rows:
            editor.set_context(choices)
        self._offer()

    def set_item_contexts(self, choices: Sequence[Choices]) -> None:
        """Names that only the form at each position offers, besides those of the whole list."""
        for (_, editor), own in zip(self._rows, choices, strict=False):
            editor.set_context({**self._choices, **own})

    def show_error(self, path: str, message: str) -> bool:
        head, _, rest = path.partition(".")
        if head.isdigit() and int(head) < len(self._rows):
            return self._rows[int(head)][1].show_error(rest, message)
        return False

    def clear_errors(self) -> None:
        for _, editor in self._rows:
            editor.clear_errors()

    def controls(self) -> Sequence[QWidget]:
        return (self._add,)

    def describe(self, title: str, help_text: str, name: str) -> None:
        self.setObjectName(f"{name}_editor")
        self._add.setAccessibleName(self._add.text())
        self._add.setToolTip(help_text)

    def _append(self) -> None:
        frame = QFrame(self)
        frame.setFrameShape(QFrame.Shape.StyledPanel)
        editor = make_editor(self._item, self._info, self._admit, f"{self._name}_{len(self._rows)}", frame)
        editor.describe(self._info.title or "", help_of(self._info), f"{self._name}_{len(self._rows)}")
        remove = QToolButton(frame)
        remove.setText("\u2715")
        remove.setAutoRaise(True)
        remove.setToolTip("Remove")
        remove.setAccessibleName(f"Remove from {self._info.title or 'list'}")
        grid = QGridLayout(frame)
        grid.setContentsMargins(6, 4, 4, 6)
        grid.setColumnStretch(0, 1)
        grid.addWidget(editor, 0, 0)
        grid.addWidget(remove, 0, 1, Qt.AlignmentFlag.AlignTop)
        self._box.insertWidget(len(self._rows), frame)
        self._rows.append((frame, editor))
        editor.set_context(self._choices)
        editor.changed.connect(self.changed)
        remove.clicked.connect(lambda: self._remove(frame))

    def _drop(self, at: int) -> None:
        frame, _ = self._rows.pop(at)
        self._box.removeWidget(frame)
        frame.hide()
        frame.deleteLater()

    def _remove(self, frame: QFrame) -> None:
        if len(self._rows) > self._least:
            kept = [editor.value() for other, editor in self._rows if other is not frame]
            self.set_value(kept)
            self.changed.emit()

    def _add_one(self) -> None:
        members = members_of(self._item)
        try:
            like = self._rows[-1][1].value() if self._rows else None
            made = like if type(like) in members else switched(None, members[0], self._choices)
        except GlmError as error:
            self._add.setToolTip(error.message)
            return
        self.set_value([*self.value(), made])
        self.changed.emit()

    def _offer(self) -> None:
        for frame, _ in self._rows:
            frame.findChild(QToolButton, options=Qt.FindChildOption.FindDirectChildrenOnly).setVisible(
                len(self._rows) > self._least
            )


def _add_text(title: str) -> str:
    """``"Add variable"`` for a list called Variables."""
    one = title.lower()
    return f"Add {one[:-1] if one.endswith('s') and not one.endswith('ss') else one}"


def make_editor(annotation: Any, info: FieldInfo, admit: Admit | None, name: str, parent: QWidget | None = None) -> Editor:
    """The editor for a value of this type, described by `info`."""
    annotation, rules = unwrapped(annotation)
    rules = [*rules, *info.metadata]
    options = [option for option in options_of(annotation) if option is not type(None)]
    if len(options) < len(options_of(annotation)):
        inner = make_editor(options[0] if len(options) == 1 else Union[tuple(options)], info, admit, name)  # noqa: UP007
        return OptionalEditor(inner, first_value(options[0], info, rules), parent, empty=extra_of(info, "empty") or "automatic")
    specs = members_of(annotation)
    if len(specs) > 1:
        return UnionEditor(specs, admit, name, parent)
    if specs:
        return _Nested(specs[0], admit, name, parent)
    if get_origin(annotation) is Literal:
        return ChoiceEditor(get_args(annotation), parent=parent)
    if get_origin(annotation) in (tuple, list):
        return _tuple_editor(get_args(annotation), info, admit, name, parent)
    return _plain_editor(annotation, info, rules, parent)


def _tuple_editor(parts: Sequence[Any], info: FieldInfo, admit: Admit | None, name: str, parent: QWidget | None) -> Editor:
    if len(parts) == 2 and parts[1] is not Ellipsis:
        return PairEditor(parent)
    item, _ = unwrapped(parts[0])
    if members_of(item):
        return ListEditor(parts[0], info, admit, name, parent)
    if item is str:
        kind = extra_of(info, "choices")
        required = any(getattr(rule, "min_length", 0) for rule in info.metadata)
        return (
            NamesEditor(kind, empty_means="" if required else info.description or "", parent=parent)
            if kind
            else _Words(parent=parent)
        )
    return NumbersEditor(pairs=get_origin(item) is tuple, whole=item is int, parent=parent)


def _plain_editor(annotation: Any, info: FieldInfo, rules: Sequence[Any], parent: QWidget | None) -> Editor:
    if annotation is bool:
        return BoolEditor(parent=parent)
    if annotation in (int, float) or {int, float} & set(options_of(annotation)):
        low = next(
            (value for rule in rules for value in (getattr(rule, "ge", None), getattr(rule, "gt", None)) if value is not None),
            None,
        )
        high = next(
            (value for rule in rules for value in (getattr(rule, "le", None), getattr(rule, "lt", None)) if value is not None),
            None,
        )
        exclusive = any(getattr(rule, "gt", None) is not None for rule in rules)
        typical = info.default if isinstance(info.default, int | float) and info.default else None
        whole = annotation is int
        return NumberEditor(
            low, high, open_low=exclusive, whole=whole, log=bool(extra_of(info, "log")), typical=typical, parent=parent
        )
    if extra_of(info, "choices"):
        return NameEditor(extra_of(info, "choices"), parent, optional=info.default == "")
    return TextEditor(parent=parent)


class _Words(TextEditor):
    """Words with commas between them."""

    def value(self) -> tuple[str, ...]:
        return tuple(word.strip() for word in self._line.text().split(",") if word.strip())

    def set_value(self, value: Sequence[str]) -> None:
        super().set_value(", ".join(value))


def _without_place(error: GlmError, spec_type: type[Spec]) -> str:
    """The sentence without the name of the class and the field, which stand beside it already."""
    text = error.message.removeprefix(f"{spec_type.__name__}: ")
    if error.field:
        text = text.removeprefix(f"field '{error.field}': ")
    return text[:1].upper() + text[1:]


def _message_label(parent: QWidget, name: str) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
    label.hide()
    return label


def _show(label: QLabel, message: str) -> None:
    label.setStyleSheet(f"color: {theme.current().error};")
    label.setText(f"\u2716 {message}")
    label.setAccessibleName(f"Error: {message}")
    label.show()
