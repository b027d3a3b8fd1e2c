"""A dialog that edits how one derived covariate is computed, its form made from the parameters' own descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from qtpy.QtWidgets import QDialog, QDialogButtonBox, QWidget

from glmengine.derived import AnyDerived
from glmengine.errors import GlmError
from glmengine.spec import Spec
from glmgui.forms import SpecForm
from glmgui.widgets import MessageLine, column, hint


def derived_kinds() -> tuple[type[Spec], ...]:
    """The classes of derived covariates that the engine has."""
    union = get_args(AnyDerived)[0]
    return get_args(union) or (union,)


def first_guess(kind: type[Spec], choices: Mapping[str, list[str]], taken: set[str]) -> Spec:
    """A derived covariate of this kind with its inputs filled in as far as the recording allows, and a free name.

    Raises
    ------
    GlmError
        If the recording has nothing that it could be computed from.
    """
    values: dict[str, object] = {}
    for name, info in kind.model_fields.items():
        source = (info.json_schema_extra or {}).get("choices", "")
        if info.is_required() and source:
            if not choices.get(source):
                raise GlmError(f"{title_of(kind)}: this recording has no {source} to compute it from")
            values[name] = choices[source][0]
    base = str(kind.model_fields["name"].default or kind.model_fields["kind"].default)
    values["name"] = next(word for word in (base, *(f"{base}_{number}" for number in range(2, 1000))) if word not in taken)
    return kind(**values)


def title_of(kind: type[Spec]) -> str:
    """What the kind is, in a few words: the first sentence of its description."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")


class DerivedDialog(QDialog):
    """Shows the form; `value` is what it says when accepted."""

    def __init__(self, value: Spec, choices: Mapping[str, list[str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("derived_dialog")
        self.setWindowTitle("Derived covariate")
        self._value = value
        self.form = SpecForm(type(value), self)
        self.form.set_context(choices)
        self.form.set_value(value)
        self.message = MessageLine("derived_message", self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, self)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        box = column(self, margins=12, spacing=10)
        box.addWidget(hint(f"{title_of(type(value))}.", self))
        box.addWidget(self.form)
        box.addWidget(self.message)
        box.addWidget(buttons)
        self.form.edited.connect(self._edited)
        self.setMinimumWidth(380)

    @property
    def value(self) -> Spec:
        return self._value

    def _edited(self, value: Spec) -> None:
        self._value = value
