"""The form of the chosen term."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QWidget

from glmengine.analysis.advice import TERMS
from glmengine.analysis.default_terms import default_basis
from glmengine.basis import Basis
from glmengine.design.term_words import kind_words
from glmengine.errors import GlmError
from glmengine.recording.recording import Recording
from glmengine.sentences import capitalised
from glmengine.spec import Spec
from glmgui.forms.description import extra_of
from glmgui.forms.form import SpecForm
from glmgui.forms.names import choices_in
from glmgui.widgets.layout import column
from glmgui.widgets.texts import heading, hint

_ELSEWHERE = ("kind", "enabled")  # the card's tick says whether a term is in the model


class TermEditor(QWidget):
    """Shows one term; says when it was changed, changes nothing itself."""

    edited = Signal(object)  # the new term

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("term_editor")
        self._form: SpecForm | None = None
        self._term: Spec | None = None
        self._recording: Recording | None = None
        self._title = heading("", self)
        self._box = column(self, spacing=8)
        self._advice = hint("", self)
        self._advice.setObjectName("term_advice")
        self._box.addWidget(self._title)
        self._box.addWidget(self._advice)
        self._box.addStretch(1)

    @property
    def form(self) -> SpecForm | None:
        return self._form

    def set_term(self, term: Spec, recording: Recording) -> None:
        """Show `term`; its inputs are offered from `recording`."""
        if self._form is None or self._term is None or type(self._term) is not type(term):
            self._replace_form(type(term))
        if recording is not self._recording:
            self._recording = recording
            self._form.set_context(choices_in(recording))
        self._term = term
        self._title.setText(capitalised(kind_words(term.kind)))
        self._advice.setText(TERMS[term.kind].text)
        if self._form.value != term:
            self._form.set_value(term)
        self._say_units(term)

    def show_error(self, field: str, message: str) -> bool:
        """Show a message beside the control of `field`, a path inside the term; False where there is no such control."""
        return self._form is not None and bool(field) and self._form.show_error(field, message)

    def clear_errors(self) -> None:
        if self._form is not None:
            self._form.clear_errors()

    def _say_units(self, term: Spec) -> None:
        """Each variable's unit of measure, beside what is given in it."""
        if not hasattr(term, "factors"):
            return
        known = self._recording.variables
        units = [known[one.variable][0].unit if one.variable in known else "" for one in term.factors]
        self._form.editor("factors").set_item_contexts([{"of the variable": [unit]} if unit else {} for unit in units])

    def _replace_form(self, kind: type[Spec]) -> None:
        if self._form is not None:
            self._box.removeWidget(self._form)
            self._form.hide()
            self._form.deleteLater()
        fields = [name for name in kind.model_fields if name not in _ELSEWHERE]
        # what it depends on comes first, then its name, then what is seldom changed
        fields.sort(key=lambda name: (bool(extra_of(kind.model_fields[name], "advanced")), name == "name"))
        self._form = SpecForm(kind, self, fields=fields, admit=admitted(kind), name="term")
        if self._recording is not None:
            self._form.set_context(choices_in(self._recording))
        self._form.edited.connect(self._edited)
        self._box.insertWidget(2, self._form)

    def _edited(self, term: Spec) -> None:
        before, self._term = self._term, term
        try:
            suited = with_suited_bases(before, term, self._recording)
        except GlmError:
            suited = term  # an unknown variable: the message comes with the preview
        if suited != term:
            self._term = suited
            self._form.set_value(suited)
        self.edited.emit(self._term)


_OF_KERNELS = Basis.kernel_fields
_OF_VARIABLES = Basis.variable_fields


def admitted(kind: type[Spec]) -> Callable[[type[Spec], str], bool]:
    """Which bases a term can take and which of their parameters it uses: those of a function, or of a kernel over the past."""
    of_variable = "factors" in kind.model_fields
    use, unused = ("evaluates", _OF_KERNELS) if of_variable else ("convolves", _OF_VARIABLES)
    if "before" in kind.model_fields:  # an event's kernels last from before to after it
        unused = (*_OF_VARIABLES, *_OF_KERNELS)

    def admit(spec: type[Spec], field: str) -> bool:
        if not issubclass(spec, Basis):
            return True
        return field not in unused if field else getattr(spec, use)

    return admit


def with_suited_bases(before: Spec | None, term: Spec, recording: Recording | None) -> Spec:
    """The term with a fresh basis wherever another variable was chosen, and with a new variable for a factor that was added.

    An angle wants a cyclic basis and a speed bounds of its own: those of the variable before would be wrong.
    """
    old, new = getattr(before, "factors", ()), getattr(term, "factors", ())
    if recording is None or not new or not old or len(new) < len(old):
        return term
    field = len(new) > 1
    factors = list(new)
    for at, factor in enumerate(factors):
        if at >= len(old):
            factor = factor.with_(variable=partner(recording, [one.variable for one in factors[:at]]))
            factors[at] = factor.with_(basis=default_basis(recording, factor.variable, field=field))
        elif factor.variable != old[at].variable and factor.basis == old[at].basis:
            factors[at] = factor.with_(basis=default_basis(recording, factor.variable, field=field))
    return term.with_(factors=tuple(factors)) if tuple(factors) != new else term


def partner(recording: Recording, taken: list[str]) -> str:
    """The variable that goes best with those `taken`: another component of the same covariate, else the next one."""
    names = list(recording.variables)
    free = [name for name in names if name not in taken] or names
    same = [name for name in free if name.rpartition(".")[0] and name.rpartition(".")[0] == taken[-1].rpartition(".")[0]]
    return (same or free)[0]
