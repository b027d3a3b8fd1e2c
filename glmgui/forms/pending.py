"""Text typed into a field and not taken yet: taken before a command, or taken back, or the reason why neither was done."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from qtpy.QtWidgets import QAbstractItemView, QAbstractSpinBox, QComboBox, QLineEdit, QWidget


class Refusal:
    """Mixed into widgets that take values and may refuse one that was typed.

    Attributes
    ----------
    refused : str
        Why what is shown is not what was taken; empty where they are the same.
    """

    _refused = ""

    @property
    def refused(self) -> str:
        return self._refused

    @refused.setter
    def refused(self, why: str) -> None:
        self._refused = why
        _refusing.pop(self, None)
        if why:
            _refusing[self] = None

    def take_back(self) -> None:
        """Show again what was taken last."""
        raise NotImplementedError


_refusing: WeakKeyDictionary[Refusal, None] = WeakKeyDictionary()
"""Those that refuse something now, the first one first: to look for them among thousands of widgets at each command takes a tenth of a second."""


_refused_edits: list[str] = []
"""Why edits were refused whose fields show again what was there before; those since the last commit began."""


def edit_refused(why: str) -> None:
    """Say that an edit was refused by those who hold the value, and that its field shows what they hold: where it came from text that a
    command takes first, the command is not done."""
    _refused_edits.append(why)


def commit(control: QWidget | None) -> str:
    """Let the field with the focus take what is typed in it; the value is the reason why it cannot, empty where there is none."""
    _refused_edits.clear()
    reason = _commit(control)
    return reason or next(iter(_refused_edits), "")


def _commit(control: QWidget | None) -> str:
    if control is None:
        return ""
    view = control.parentWidget().parentWidget() if control.parentWidget() is not None else None
    if isinstance(control, QLineEdit) and isinstance(view, QAbstractItemView):
        view.setFocus()  # the editor of a cell takes its text when it loses the focus
        return ""
    if isinstance(control, QAbstractSpinBox):
        if not control.hasAcceptableInput():
            return _no_number(control, f"a number from {control.minimum():.10g} to {control.maximum():.10g}")
        control.interpretText()
    elif isinstance(control, QComboBox) and control.isEditable():
        control.lineEdit().editingFinished.emit()
    elif isinstance(control, QLineEdit) and not control.isReadOnly():
        if not control.hasAcceptableInput():
            return _no_number(control, "a number")
        control.editingFinished.emit()
    return next((reason for one in _around(control) if (reason := one.refused)), "")


def take_back(control: QWidget | None) -> None:
    """Show again what the field with the focus, and what stands around it, took last."""
    if control is None:
        return
    if isinstance(control, QAbstractSpinBox):
        control.setValue(control.value())
    for one in _around(control):
        one.take_back()


def refused_in(root: QWidget) -> str:
    """Why some field inside `root` shows what it did not take; empty where all show what they hold."""
    return next((one.refused for one in list(_refusing) if _stands_in(root, one)), "")


def _stands_in(root: QWidget, one: QWidget) -> bool:
    """Whether `one` was not hidden and is a descendant of `root`, also in a window of its own, as a dock that was taken out is."""
    try:
        part = None if one.isHidden() else one
        while part is not None and part is not root:
            part = part.parentWidget()
    except RuntimeError:  # Qt has deleted it
        return False
    return part is root


def _around(control: QWidget) -> list[Refusal]:
    """What may refuse, from the control outwards."""
    found = []
    part: QWidget | None = control
    while part is not None:
        if isinstance(part, Refusal):
            found.append(part)
        part = part.parentWidget()
    return found


def _no_number(control: QAbstractSpinBox | QLineEdit, wanted: str) -> str:
    name = control.accessibleName() or control.objectName().replace("_", " ")
    return f"{name}: '{control.text()}' is not {wanted}; correct it, or take it back with Ctrl+Z"
