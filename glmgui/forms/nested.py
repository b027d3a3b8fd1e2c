"""Editors with forms inside, and the choice of an editor for each kind of parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import QEvent, QSignalBlocker, Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from glmengine.errors import GlmError
from glmengine.spec import Spec
from glmgui.forms.basis_icons import SIZE, icon_of
from glmgui.forms.combos import QuietCombo
from glmgui.forms.description import (
    Choices,
    extra_of,
    first_value,
    help_of,
    members_of,
    options_of,
    switched,
    tag_field,
    title_of,
    unwrapped,
)
from glmgui.forms.editors import (
    BoolEditor,
    ChoiceEditor,
    Editor,
    FileEditor,
    NameEditor,
    NamesEditor,
    OptionalEditor,
    TextEditor,
)
from glmgui.forms.numbers import NumberEditor, NumbersEditor, PairEditor
from glmgui.widgets.layout import Framed

_NONE_GIVEN = "\u2013 {} \u2013"
Admit = Callable[[type[Spec], str], bool]
Begin = Callable[[type[Spec]], Spec | None]


class Form(Protocol):
    """A form as the editors that have one inside see it; `glmgui.forms.form.SpecForm` is one."""

    edited: Any

    @property
    def spec_type(self) -> type[Spec]:
        """What it edits."""

    @property
    def value(self) -> Spec | None:
        """The last valid value."""

    def set_value(self, spec: Spec) -> None:
        """Show a value."""

    def set_context(self, choices: Choices) -> None:
        """Take the names that the recording offers."""

    def show_error(self, field: str, message: str) -> bool:
        """Show a message beside a field."""

    def clear_errors(self) -> None:
        """Take every message away."""


@dataclass(frozen=True)
class Making:
    """What editors with forms inside need to make them.

    Attributes
    ----------
    form : callable
        Makes a form of a parameter set; given, since forms are made of editors and editors of forms.
    admit : callable or None
        Which fields are shown and which kinds are offered, see `glmgui.forms.form.SpecForm`.
    begin : callable or None
        What a new item of a list begins with, see there too.
    """

    form: Callable[..., Form]
    admit: Admit | None = None
    begin: Begin | None = None


class Wide(Editor):
    """An editor that takes the whole width of a form, below its label."""


class _Nested(Wide):
    """A spec inside a spec."""

    def __init__(self, spec_type: type[Spec], making: Making, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = making.form(spec_type, self, admit=making.admit, name=name)
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


class UnionEditor(Wide):
    """One of several kinds of spec: a combo box with the kinds, the form of the chosen one below it.

    On a switch, parameters that both kinds have keep their values.
    """

    says_its_title = True

    def __init__(self, members: Sequence[type[Spec]], making: Making, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all, self._making, self._name = tuple(members), making, name
        self._choices: Choices = {}
        self._form: Form | None = None
        self._title = QLabel(self)
        self._box = QuietCombo(self)
        self._box.setObjectName(f"{name}_{tag_field(members[0])}")
        for member in self._all:
            if making.admit is None or making.admit(member, ""):
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
            self._draw(self._box.count() - 1)
            self._box.setItemData(
                self._box.count() - 1, (member.__doc__ or "").strip().partition("\n\n")[0], Qt.ItemDataRole.ToolTipRole
            )

    def _draw(self, at: int) -> None:
        """Beside the name of a family of functions what they look like."""
        icon = icon_of(self._box.itemData(at), self.palette())
        if icon is not None:
            self._box.setIconSize(SIZE)
            self._box.setItemIcon(at, icon)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for at in range(self._box.count()):
                self._draw(at)

    def _switched(self, *_: object) -> None:
        member = self._box.currentData()
        try:
            made = switched(self.value(), member, self._choices)
        except GlmError as error:
            if self._form is not None:  # the kind that is held goes on being shown
                with QSignalBlocker(self._box):
                    self._box.setCurrentIndex(self._box.findData(self._form.spec_type))
            self.show_error("", error.message)
            return
        self._show(made)
        self.changed.emit()

    def _show(self, value: Spec) -> None:
        if self._form is None or self._form.spec_type is not type(value):
            if self._form is not None:
                self._grid.removeWidget(self._form)
                self._form.hide()
                self._form.deleteLater()
            self._form = self._making.form(type(value), self, admit=self._making.admit, name=self._name)
            self._form.set_context(self._choices)
            self._form.edited.connect(lambda _: self.changed.emit())
            self._grid.addWidget(self._form, 1, 0, 1, 2)
        self._form.set_value(value)


class ListEditor(Wide):
    """Any number of specs of one kind or of several, each with its form; buttons add and remove."""

    def __init__(self, item: Any, info: FieldInfo, making: Making, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item, self._info, self._making, self._name = item, info, making, name
        self._least = next((rule.min_length for rule in info.metadata if hasattr(rule, "min_length")), 0)
        self._rows: list[tuple[Framed, Editor]] = []
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
        frame = Framed(self)
        editor = make_editor(self._item, self._info, self._making, f"{self._name}_{len(self._rows)}", frame)
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

    def _remove(self, frame: Framed) -> None:
        if len(self._rows) > self._least:
            kept = [editor.value() for other, editor in self._rows if other is not frame]
            self.set_value(kept)
            self.changed.emit()

    def _add_one(self) -> None:
        members = members_of(self._item)
        begin = self._making.begin
        try:
            like = begin(members[0]) if begin is not None else self._rows[-1][1].value() if self._rows else None
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


def make_editor(annotation: Any, info: FieldInfo, making: Making, name: str, parent: QWidget | None = None) -> Editor:
    """The editor for a value of this type, described by `info`."""
    annotation, rules = unwrapped(annotation)
    rules = [*rules, *info.metadata]
    options = [option for option in options_of(annotation) if option is not type(None)]
    if len(options) < len(options_of(annotation)):
        inner = make_editor(options[0] if len(options) == 1 else Union[tuple(options)], info, making, name)  # noqa: UP007
        return OptionalEditor(inner, first_value(options[0], info, rules), parent, empty=extra_of(info, "empty") or "automatic")
    specs = members_of(annotation)
    if len(specs) > 1:
        return UnionEditor(specs, making, name, parent)
    if specs:
        return _Nested(specs[0], making, name, parent)
    if get_origin(annotation) is Literal:
        return ChoiceEditor(get_args(annotation), {"": _NONE_GIVEN.format(extra_of(info, "empty"))}, parent=parent)
    if get_origin(annotation) in (tuple, list):
        return _tuple_editor(get_args(annotation), info, making, name, parent)
    return _plain_editor(annotation, info, rules, parent)


def _tuple_editor(parts: Sequence[Any], info: FieldInfo, making: Making, name: str, parent: QWidget | None) -> Editor:
    if len(parts) == 2 and parts[1] is not Ellipsis:
        return PairEditor(parent)
    item, _ = unwrapped(parts[0])
    if members_of(item):
        return ListEditor(parts[0], info, making, name, parent)
    if item is str:
        kind = extra_of(info, "choices")
        required = any(getattr(rule, "min_length", 0) for rule in info.metadata)
        return (
            NamesEditor(kind, empty_means="" if required else info.description or "", parent=parent)
            if kind
            else _Words(_says_empty(info), parent=parent)
        )
    return NumbersEditor(_says_empty(info), pairs=get_origin(item) is tuple, whole=item is int, parent=parent)


def _says_empty(info: FieldInfo) -> str:
    """What a line in which nothing stands means, where its description says so."""
    return extra_of(info, "empty") if info.default in ("", ()) and extra_of(info, "empty") != "automatic" else ""


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
    if extra_of(info, "choices") == "file":
        return FileEditor(parent=parent)
    if extra_of(info, "choices"):
        return NameEditor(extra_of(info, "choices"), parent, optional=info.default == "")
    return TextEditor(_says_empty(info), parent=parent)


class _Words(TextEditor):
    """Words with commas between them."""

    def value(self) -> tuple[str, ...]:
        return tuple(word.strip() for word in self._line.text().split(",") if word.strip())

    def set_value(self, value: Sequence[str]) -> None:
        super().set_value(", ".join(value))
