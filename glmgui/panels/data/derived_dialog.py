"""The dialog for one derived covariate or one set of derived epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args, get_origin

from qtpy.QtWidgets import QDialog, QHBoxLayout, QWidget

from glmengine.context import Context
from glmengine.errors import GlmError
from glmengine.recording.derived.quantities import EPOCH_KINDS, AnyDerived, DrawnEpochs, ThresholdEpochs, TrialEpochs
from glmengine.recording.recording import Recording
from glmengine.spec import Spec
from glmgui.forms import pending
from glmgui.forms.form import SpecForm
from glmgui.jobs import Jobs
from glmgui.panels.data.derived_choices import choices_for, values_asked
from glmgui.panels.data.derived_preview import Preview, PreviewPane, preview
from glmgui.screen_room import resize_on_screen
from glmgui.widgets.controls import button
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.layout import column, row
from glmgui.widgets.messages import MessageLine
from glmgui.widgets.page import ExplainsWords
from glmgui.widgets.texts import hint

_USE_OF_EPOCHS = " Tick them in the list of epochs to use only that time; models can also be fitted and tested on them, and terms restricted to them."


def derived_kinds() -> tuple[type[Spec], ...]:
    """The classes of derived covariates that the engine has."""
    return tuple(kind for kind in get_args(get_args(AnyDerived)[0]) if kind not in EPOCH_KINDS)


def first_guess(
    kind: type[Spec], choices: Mapping[str, list[str]], taken: set[str], given: Mapping[str, object] | None = None
) -> Spec:
    """A derived covariate of this kind with its inputs `given` or filled in as far as the recording allows, and a free name.

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
                raise GlmError(f"{title_of(kind)}: this recording has no {source} to compute it from; choose another kind")
            first = choices[source][0]
            values[name] = (first,) if get_origin(info.annotation) is tuple else first
    if kind is DrawnEpochs:
        start, stop = choices["span"]
        values["intervals"] = ((float(start), float(stop)),)
    if kind is ThresholdEpochs:
        values |= _running_guess(choices["variables"])
    base = str(kind.model_fields["name"].default or kind.model_fields["kind"].default)
    values["name"] = next(word for word in (base, *(f"{base}_{number}" for number in range(2, 1000))) if word not in taken)
    return kind(**{**values, **(given or {})})


def _running_guess(variables: Sequence[str]) -> dict[str, object]:
    """Running above 5 per second of a speed where there is one; of anything else above zero."""
    speed = next((name for name in variables if "speed" in name.lower() or "velocity" in name.lower()), None)
    return {"source": speed, "above": 5.0} if speed else {"above": 0.0}


def title_of(kind: type[Spec]) -> str:
    """What the kind is, in a few words: the first sentence of its description."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")


class DerivedDialog(ExplainsWords, QDialog):
    """Shows the form, and beside it what it comes to; `value` is what the form says when accepted.

    Parameters
    ----------
    value : spec
    before : sequence of spec
        The derived covariates and epochs that are computed before this one.
    recording : Recording
        Without derived covariates.
    max_gap : float or None
    jobs : Jobs
    new : bool
        Whether the recording has none of this name so far.
    """

    def __init__(
        self,
        value: AnyDerived,
        before: Sequence[AnyDerived],
        recording: Recording,
        max_gap: float | None,
        jobs: Jobs,
        parent: QWidget | None = None,
        *,
        new: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("derived_dialog")
        makes_epochs = isinstance(value, EPOCH_KINDS)
        self.setWindowTitle("Derived epochs" if makes_epochs else "Derived covariate")
        self._value, self._before, self._recording = value, tuple(before), recording
        self._max_gap, self._jobs, self._open = max_gap, jobs, True
        self._known = recording  # with what was computed before, once that is known
        self.form = SpecForm(type(value), self)
        self.form.set_value(value)
        self._offer_names()
        self.message = MessageLine("derived_message", self)
        self.preview = PreviewPane(self)
        word = "Use it" if new else "Change it"
        self.use = button(word, "derived_use", "Derive it as it is shown here, from now on and in each recording", self)
        leave = button("Cancel", "derived_cancel", "Leave everything as it is", self)
        self.use.setDefault(True)
        self.use.clicked.connect(self.accept)
        leave.clicked.connect(self.reject)
        holder = QWidget(self)
        column(holder, margins=0).addWidget(self.form)
        holder.layout().addStretch(1)  # the form keeps its height
        form = FormScroll(holder, "derived_form_scroll", self)
        sides = QHBoxLayout()
        sides.setSpacing(12)
        sides.addWidget(form, 2)
        sides.addWidget(self.preview, 3)
        box = column(self, margins=12, spacing=10)
        box.addWidget(hint(f"{title_of(type(value))}." + (_USE_OF_EPOCHS if makes_epochs else ""), self))
        box.addLayout(sides, 1)
        box.addWidget(self.message)
        box.addLayout(row(None, leave, self.use))
        self.form.edited.connect(self._edited)
        resize_on_screen(self, 1040, 560)
        self.finished.connect(self._closed)
        self._ask()

    @property
    def value(self) -> AnyDerived:
        return self._value

    def accept(self) -> None:
        """Take what is typed, unless some of it cannot be taken."""
        reason = pending.commit(self.focusWidget()) or pending.refused_in(self.form)
        if reason:
            self.message.show_error(reason)
            return
        super().accept()

    def _edited(self, value: AnyDerived) -> None:
        self._value = _without_old_values(value, self._value)
        if self._value is not value:
            self.form.set_value(self._value)
        self._offer_names()
        self._ask()

    def _offer_names(self) -> None:
        self.form.set_context(choices_for(self._known, self._value))
        if isinstance(self._value, TrialEpochs):
            self.form.editor("where").set_item_contexts(values_asked(self._known, self._value))

    def _ask(self) -> None:
        value, before, recording, max_gap = self._value, self._before, self._recording, self._max_gap

        def work(context: Context) -> tuple[Recording, Preview]:
            from glmengine.recording.derived.quantities import compute_derived

            known = compute_derived(before, recording, max_gap, context=context)
            context.check()
            return known, preview((), value, known, max_gap)

        self._jobs.submit("Computing a preview", work, self._show, self._refused, key="data-derived-preview", quiet=True)

    def _show(self, found: tuple[Recording, Preview]) -> None:
        if self._open:
            known, shown = found
            self.message.clear()
            self.form.clear_errors()
            self._admit(shown.kept is None or bool(shown.kept.any()))
            self.preview.show_preview(shown)
            if known is not self._known:
                self._known = known
                self._offer_names()

    def _refused(self, error: Exception) -> None:
        if not self._open:
            return
        field, message = getattr(error, "field", ""), getattr(error, "message", str(error))
        place = ".".join(field.split(".")[2:])
        if place:
            self.form.show_error(place, message)
        self.preview.show_nothing("Nothing to show yet.")
        self._admit(False)
        self.message.show_error(message)  # the control at fault may be out of sight

    def _admit(self, sound: bool) -> None:
        self.use.setEnabled(sound)

    def _closed(self, *_: object) -> None:
        self._open = False


def _without_old_values(value: AnyDerived, before: AnyDerived) -> AnyDerived:
    """`value`, whose conditions on trials lose the values of a property that was changed for another."""
    if not isinstance(value, TrialEpochs) or len(value.where) != len(before.where):
        return value
    rules = tuple(
        new if new.property == old.property else new.with_(one_of=(), at_least=None, at_most=None)
        for new, old in zip(value.where, before.where, strict=True)
    )
    return value if rules == value.where else value.with_(where=rules)
