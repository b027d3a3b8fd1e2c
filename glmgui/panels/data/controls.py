"""Number fields that may stay empty, and words for screen readers from a parameter's description."""

from __future__ import annotations

from qtpy.QtCore import QLocale
from qtpy.QtGui import QDoubleValidator, QValidator
from qtpy.QtWidgets import QLineEdit, QWidget

from glmengine.spec import Spec
from glmgui.widgets.sizes import keep_wide


class _NumberOrNothing(QDoubleValidator):
    """Takes an empty field for what it is: to Qt it is a number half typed, which the field would keep back and a fit or undo stumble over."""

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if not text.strip():
            return QValidator.State.Acceptable, text, position
        return super().validate(text, position)


def number_field(name: str, parent: QWidget) -> QLineEdit:
    """A short field for a number that may be left empty."""
    field = QLineEdit(parent)
    field.setObjectName(name)
    validator = _NumberOrNothing(field)
    validator.setLocale(QLocale.c())
    field.setValidator(validator)
    field.setPlaceholderText("any")
    keep_wide(field, 44, 54)
    return field


def number_in(field: QLineEdit) -> float | None:
    """What stands in it, None where it is empty or no number yet."""
    text = field.text().strip()
    number, good = QLocale.c().toDouble(text)
    return number if text and good else None


def describe(control: QWidget, spec: type[Spec], field: str) -> None:
    """The tooltip and the screen reader's words come from the parameter's own description."""
    info = spec.model_fields[field]
    control.setToolTip(info.description)
    control.setAccessibleName(info.title)
    control.setAccessibleDescription(info.description)
