"""Derived covariates and epochs of the data panel: asked for in a dialog, and each an edit of the analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu, QToolButton, QWidget

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.recording.derived.quantities import EPOCH_KINDS, AnyDerived, DrawnEpochs, TrialEpochs
from glmengine.recording.recording import Recording
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.panels.data.derived_choices import choices_for
from glmgui.panels.data.derived_dialog import DerivedDialog, derived_kinds, first_guess, title_of

Edit = Callable[[str, Callable[[Analysis], Analysis]], None]


class DerivedEdits:
    """What can be done with derived quantities.

    Parameters
    ----------
    document, jobs
    over : QWidget
        Where dialogs stand.
    known : callable
        Gives the recording with the derived quantities as last computed.
    edit : callable
        Makes an edit that has a name.
    refused : callable
        Says why something cannot be derived.
    """

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        over: QWidget,
        known: Callable[[], Recording],
        edit: Edit,
        refused: Callable[[str], None],
    ) -> None:
        self._document, self._jobs, self._over = document, jobs, over
        self._known, self._edit, self._refused = known, edit, refused

    def offer(self, beside: QToolButton, kinds: Sequence[type] = ()) -> None:
        """A menu of kinds below a button; of covariates where none are given."""
        menu = QMenu(beside)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for kind in kinds or derived_kinds():
            menu.addAction(f"{title_of(kind)}\u2026", lambda kind=kind: self.add(kind))
        menu.popup(beside.mapToGlobal(beside.rect().bottomLeft()))

    def add(
        self,
        kind: type,
        change: Callable[[Analysis, AnyDerived], Analysis] | None = None,
        text: str = "",
        **values: object,
    ) -> None:
        """Ask how new derived covariates or epochs of this kind are computed, and add them (or make the `change`, called `text`).

        `values` are there to begin with.
        """
        known, derived = self._known(), self._document.analysis.derived
        makes_epochs = kind in EPOCH_KINDS
        there = {*known.epochs, *known.trials} if makes_epochs else set(known.covariates)
        taken = there | {one.name for one in derived if isinstance(one, EPOCH_KINDS) == makes_epochs}
        try:
            guess = first_guess(kind, choices_for(known), taken, values)
        except GlmError as error:
            self._refused(error.message)
            return
        self._ask(
            guess,
            derived,
            change or (lambda analysis, value: analysis.with_(derived=(*analysis.derived, value))),
            text or ("Add derived epochs" if makes_epochs else "Add derived covariate"),
        )

    def list_trials(self, name: str) -> None:
        """Show a table of trials with their properties, of which some can be chosen as epochs."""
        self.add(TrialEpochs, trials=name)

    def name_drawn(self) -> None:
        """Make the drawn intervals named epochs, which are then used in their place."""

        def change(analysis: Analysis, value: AnyDerived) -> Analysis:
            time = analysis.time.with_(intervals=(), epochs=(value.name,))
            return analysis.with_(derived=(*analysis.derived, value), time=time)

        self.add(DrawnEpochs, change, "Name drawn intervals", intervals=self._document.analysis.time.intervals)

    def change(self, name: str, epochs: bool = False) -> None:
        """Ask how those of this name are to be computed from now on."""
        derived = self._document.analysis.derived
        for at, one in enumerate(derived):
            if one.name == name and isinstance(one, EPOCH_KINDS) == epochs:
                self._ask(
                    one,
                    derived[:at],
                    lambda analysis, value, at=at: _renamed(
                        analysis.with_(derived=(*analysis.derived[:at], value, *analysis.derived[at + 1 :])), name, value
                    ),
                    "Change derived epochs" if epochs else "Change derived covariate",
                )

    def _ask(
        self, value: AnyDerived, before: Sequence[AnyDerived], change: Callable[[Analysis, AnyDerived], Analysis], text: str
    ) -> None:
        max_gap = self._document.analysis.time.max_gap
        dialog = DerivedDialog(
            value,
            before,
            self._document.recording,
            max_gap,
            self._jobs,
            self._over,
            new=value not in self._document.analysis.derived,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._edit(text, lambda analysis: change(analysis, dialog.value)))
        dialog.open()

    def remove(self, name: str, epochs: bool = False) -> None:
        """Derive those of this name no longer, nor use them for the time."""

        def change(analysis: Analysis) -> Analysis:
            derived = tuple(one for one in analysis.derived if one.name != name or isinstance(one, EPOCH_KINDS) != epochs)
            if epochs:
                kept = tuple(one for one in analysis.time.epochs if one != name)
                return analysis.with_(derived=derived, time=analysis.time.with_(epochs=kept or ("all",)))
            conditions = tuple(condition for condition in analysis.time.conditions if condition.variable != name)
            return analysis.with_(derived=derived, time=analysis.time.with_(conditions=conditions))

        self._edit(f"Remove {name}", change)


def _renamed(analysis: Analysis, old: str, value: AnyDerived) -> Analysis:
    """The analysis in which the epochs that are used follow the new name of derived ones."""
    if value.name == old or not isinstance(value, EPOCH_KINDS):
        return analysis
    used = tuple(value.name if one == old else one for one in analysis.time.epochs)
    return analysis.with_(time=analysis.time.with_(epochs=used))
