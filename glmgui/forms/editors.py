"""Editors of one value each: choices, names, lists of names, texts, files (numbers: `glmgui.forms.numbers`).

Every editor has `changed`, `value()` (raises `GlmError` where what stands in it is no value), `set_value`, `set_context` for choices that
come from the recording, and `show_error(path, message)`, whose path is empty when the message is for the editor itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QEvent, QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from glmgui.file_dialogs import file_to_open
from glmgui.forms.combos import QuietCombo, SearchedCombo
from glmgui.forms.description import Choices, in_words
from glmgui.forms.ticks import TICKED, UNTICKED, TickList
from glmgui.widgets.controls import small_button
from glmgui.widgets.layout import row
from glmgui.widgets.tables import fit_rows, row_height

_MOST_ROWS = 6
_FEWEST_ALL = 4  # names of which all are ticked at once
_COLUMN = re.compile(r"\[\d+\]$")
_NOT_CHOSEN = "choose\u2026"
_NONE = "\u2013 none \u2013"


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
    """One name out of those that the recording offers, or none where it is `optional`; a name that it lacks is kept and shown."""

    def __init__(self, kind: str, parent: QWidget | None = None, *, optional: bool = False) -> None:
        super().__init__(parent)
        self._kind, self._optional = kind, optional
        self._names: tuple[str, ...] = ()
        self._value = ""
        self._box = SearchedCombo(self)
        self._box.lineEdit().setPlaceholderText(_NOT_CHOSEN)
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
        names = [*([""] if self._optional else []), *self._names]
        if self._value and self._value not in names:
            names.append(self._value)
        with QSignalBlocker(self._box):
            if names != [self._box.itemData(at) for at in range(self._box.count())]:
                self._box.clear()
                for name in names:
                    self._box.addItem(name or _NONE, name)
            self._box.setCurrentIndex(names.index(self._value) if self._value in names else -1)

    def _chosen(self, *_: object) -> None:
        chosen = self._box.currentData()
        if chosen is not None and chosen != self._value:
            self._value = chosen
            self.changed.emit()

    def _typed(self) -> None:
        text = self._box.lineEdit().text().strip()
        if text == _NONE or (not text and self._optional):
            text = ""
        elif not text:
            self._box.lineEdit().setText(self._value)  # a name there must be: the one that is held goes on being shown
            return
        if text != self._value:
            self._value = text
            self._fill()
            self.changed.emit()


class NamesEditor(Editor):
    """Any number of the names that the recording offers, as a list with ticks."""

    def __init__(self, kind: str, *, empty_means: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind, self._value = kind, ()
        self._names: tuple[str, ...] = ()
        self._list = TickList(self)
        self._list.setAlternatingRowColors(True)
        fit_rows(self._list)
        self._none = QLabel(empty_means, self)
        self._none.setWordWrap(True)
        self._none.setForegroundRole(self.palette().ColorRole.PlaceholderText)
        self._none.setVisible(bool(empty_means))
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(2)
        box.addWidget(self._list)
        self._all = small_button("tick all", "", "Tick all; Shift and a click tick all from the last one to this", self)
        self._clear = small_button("untick all", "", "Take every tick away", self)
        self._all.clicked.connect(self._tick_all)
        self._clear.clicked.connect(lambda: self._list.tick(range(self._list.count()), UNTICKED))
        box.addLayout(row(self._all, self._clear, None))
        box.addWidget(self._none)
        self._list.ticked.connect(self._ticked)
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

    def describe(self, title: str, help_text: str, name: str) -> None:
        super().describe(title, help_text, name)
        for control, end in ((self._all, "all"), (self._clear, "none")):
            control.setObjectName(f"{name}_{end}")
            control.setAccessibleName(f"{title}: {control.text()}")

    def _fill(self) -> None:
        names = [*self._names, *(name for name in self._value if name not in self._names)]
        with QSignalBlocker(self._list):
            if [self._list.item(at).text() for at in range(self._list.count())] != names:
                self._list.clear()
                for name in names:
                    item = QListWidgetItem(name, self._list)
                    item.setFlags(Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
            for at, name in enumerate(names):
                self._list.item(at).setCheckState(Qt.CheckState.Checked if name in self._value else Qt.CheckState.Unchecked)
        self._fit_height()
        for control in (self._all, self._clear):
            control.setVisible(len(names) >= _FEWEST_ALL)
        self._none.setVisible(bool(self._none.text()) and not self._value)
        ticked = [at for at, name in enumerate(names) if name in self._value]
        if ticked and not self._list.hasFocus():  # what somebody ticks must not move away under the mouse
            self._list.scrollToItem(self._list.item(ticked[0]), QAbstractItemView.ScrollHint.PositionAtTop)

    def _tick_all(self) -> None:
        """All but the columns of an array (``a[0]``) that stands in the list as a whole."""
        names = [self._list.item(at).text() for at in range(self._list.count())]
        wholes = [(at, _COLUMN.sub("", name)) for at, name in enumerate(names)]
        self._list.tick([at for at, whole in wholes if whole == names[at] or whole not in names], TICKED)

    def _fit_height(self) -> None:
        self._list.setFixedHeight(min(max(self._list.count(), 1), _MOST_ROWS) * row_height(self._list) + 6)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_list"):
            self._fit_height()

    def _ticked(self, *_: object) -> None:
        items = [self._list.item(at) for at in range(self._list.count())]
        ticked = [item.text() for item in items if item.checkState() == Qt.CheckState.Checked]
        kept = [name for name in self._value if name in ticked]  # in the order in which they were given
        self._value = (*kept, *(name for name in ticked if name not in kept))
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
            self._line.setCursorPosition(0)  # a long text is read from its beginning

    def controls(self) -> Sequence[QWidget]:
        return (self._line,)

    def _finished(self) -> None:
        if self._line.text().strip() != self._shown:
            self._shown = self._line.text().strip()
            self.changed.emit()


class FileEditor(TextEditor):
    """The path of a file, typed or chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("no file yet", parent)
        self._choose = QPushButton("choose\u2026", self)
        self.layout().addWidget(self._choose)
        self._choose.clicked.connect(self._asked)

    def controls(self) -> Sequence[QWidget]:
        return (self._line, self._choose)

    def _asked(self) -> None:
        path = file_to_open(self, "Choose a file", self.value())
        if path:
            self._line.setText(path)
            self._finished()


class OptionalEditor(Editor):
    """A value that may be left to the program: a tick that says whether it is given, and its editor."""

    def __init__(self, inner: Editor, otherwise: Any, parent: QWidget | None = None, *, empty: str = "automatic") -> None:
        super().__init__(parent)
        self._tick = QCheckBox(empty, self)
        self._inner = inner
        inner.set_value(otherwise)
        inner.setParent(self)
        policy = inner.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what stands below is not moved by the tick
        inner.setSizePolicy(policy)
        box = QHBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self._tick)
        box.addWidget(inner, 1)
        self._tick.setChecked(True)
        self._offer(False)
        self._tick.toggled.connect(self._switched)
        self._inner.changed.connect(self.changed)

    def value(self) -> Any:
        return None if self._tick.isChecked() else self._inner.value()

    def set_value(self, value: Any) -> None:
        with self.silent():
            with QSignalBlocker(self._tick):
                self._tick.setChecked(value is None)
            self._offer(value is not None)
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
        self._tick.setAccessibleName(f"{title}: {self._tick.text()}")
        self._tick.setToolTip(help_text)

    def _offer(self, given: bool) -> None:
        """Show the editor of a value that counts; a number beside the tick that leaves it to the program would be read as that."""
        self._inner.setEnabled(given)
        self._inner.setVisible(given)

    def _switched(self, automatic: bool) -> None:
        self._offer(not automatic)
        self.changed.emit()
