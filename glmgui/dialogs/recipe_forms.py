"""The forms of a recipe: units, what is held trial by trial, covariates, epochs, trials and events."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from glmengine.errors import GlmError
from glmengine.io.recipe.by_trial import ADDED
from glmengine.io.recipe.guessed_rates import with_given_rate
from glmengine.io.recipe.recipe import ByTrial, Counts, Recipe, Spikes, TimeBase
from glmengine.spec import Spec
from glmgui.dialogs.recipe_beginnings import begun
from glmgui.forms.description import Choices, extra_of, switched
from glmgui.forms.form import SpecForm
from glmgui.still_fields import StillCombo
from glmgui.widgets.texts import heading

_MOST_COLUMNS = 16
_KINDS = (("spike times", Spikes), ("counts or signals per bin (calcium, dF/F)", Counts))
_LISTS = ("covariates", "epochs", "trials", "events")
_BY_TRIAL = "Times begin anew in each trial"
_BY_TRIAL_HELP = (
    "Tick this where the file has an entry for each trial and times count from the beginning of their trial: the trials are then put on one time "
    "line."
)


class RecipeForms(QWidget):
    """Edits a recipe; knows the arrays of the file by name only."""

    edited = Signal(object)  # the new Recipe

    def __init__(self, arrays: Sequence[tuple[str, ...]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("recipe_forms")
        self._arrays = tuple(arrays)
        self._choices: Choices = {"arrays": array_names(arrays)}
        self._recipe: Recipe | None = None
        self.kind = StillCombo(self)
        self.kind.setObjectName("recipe_kind")
        self.kind.setAccessibleName("What the units are")
        self.units: list[SpecForm] = []
        for text, spec in _KINDS:
            self.kind.addItem(f"The units are {text}")
            form = SpecForm(spec, self, fields=by_use(spec, _own(spec)), name=f"recipe_{spec.__name__.lower()}")
            form.set_context(self._choices)
            form.edited.connect(self._units_edited)
            self.units.append(form)
        self.by_trial = QCheckBox(_BY_TRIAL, self)
        self.by_trial.setObjectName("recipe_by_trial")
        self.by_trial.setToolTip(_BY_TRIAL_HELP)
        self.by_trial.toggled.connect(self._by_trial_toggled)
        self.trials = SpecForm(ByTrial, self, fields=by_use(ByTrial, _own(ByTrial)), name="recipe_by_trial_form")
        self.trials.set_context(self._choices)
        self.trials.edited.connect(self._trials_edited)
        self.lists = SpecForm(Recipe, fields=_LISTS, begin=self._begun, name="recipe")
        self.lists.set_context(self._choices)
        self.lists.edited.connect(self._take)
        box = QVBoxLayout(self)
        box.setSpacing(8)
        box.addWidget(heading("Units", self))
        box.addWidget(self.kind)
        for form in self.units:
            box.addWidget(form)
        box.addWidget(self.by_trial)
        box.addWidget(self.trials)
        box.addWidget(heading("What else was recorded", self))
        box.addWidget(self.lists)
        box.addStretch(1)
        self.kind.currentIndexChanged.connect(self._kind_changed)

    @property
    def recipe(self) -> Recipe | None:
        """What is shown, None before `set_recipe`."""
        return self._recipe

    def set_arrays(self, arrays: Sequence[tuple[str, ...]]) -> None:
        """Offer these from now on."""
        self._arrays = tuple(arrays)
        self._choices = {"arrays": array_names(arrays)}
        self._offer()

    def _begun(self, kind: type[Spec]) -> Spec | None:
        return begun(kind, self._arrays, self._recipe) if self._recipe is not None else None

    def _offer(self) -> None:
        """Offer the arrays of the file, and to all but the trials themselves what comes of putting these on one line."""
        self.trials.set_context(self._choices)
        added = ADDED if self._recipe is not None and self._recipe.by_trial is not None else ()
        for form in (*self.units, self.lists):
            form.set_context({"arrays": [*self._choices["arrays"], *added]})

    def set_recipe(self, recipe: Recipe) -> None:
        """Show a recipe without saying that it was edited."""
        self._recipe = recipe
        self._show_trials()
        at = self._show_held()
        self.units[at].set_value(recipe.spikes if at == 0 else recipe.counts)
        self.lists.set_value(recipe)

    def show_error(self, field: str, message: str) -> bool:
        """Beside the control of a field of the recipe; False where there is none."""
        head, _, rest = field.partition(".")
        if head in ("spikes", "counts") and rest:
            return self.units[0 if head == "spikes" else 1].show_error(rest, message)
        if head == "by_trial" and self.trials.isVisibleTo(self):
            return self.trials.show_error(rest, message)
        return head in _LISTS and self.lists.show_error(field, message)

    def _kind_changed(self, at: int) -> None:
        self._show_units(at)
        form = self.units[at]
        if form.value is None:
            try:
                form.set_value(switched(None, form.spec_type, self._choices))
            except GlmError as error:
                self._show_held()
                self.units[self.kind.currentIndex()].show_error("", error.message)
                return
        self._units_edited(form.value)

    def _show_held(self) -> int:
        """Show the kind of units that the recipe holds; its place in the list."""
        at = 0 if self._recipe is None or self._recipe.spikes is not None else 1
        with QSignalBlocker(self.kind):
            self.kind.setCurrentIndex(at)
        self._show_units(at)
        return at

    def _show_units(self, at: int) -> None:
        for number, form in enumerate(self.units):
            form.setVisible(number == at)

    def _show_trials(self) -> None:
        """Show what the recipe says of trials, and offer what comes of it."""
        self._offer()
        cut = self._recipe.by_trial if self._recipe is not None else None
        with QSignalBlocker(self.by_trial):
            self.by_trial.setChecked(cut is not None)
        self.trials.setVisible(cut is not None)
        if cut is not None:
            self.trials.set_value(cut)

    def _by_trial_toggled(self, on: bool) -> None:
        if self._recipe is None:
            return
        units = self._recipe.spikes
        times = (units.times, *units.more) if units is not None else ()
        self._take(self._recipe.with_(by_trial=ByTrial(times=times) if on else None))
        self._show_trials()

    def _trials_edited(self, cut: ByTrial) -> None:
        if self._recipe is not None:
            self._take(self._recipe.with_(by_trial=cut))

    def _units_edited(self, units: Spikes | Counts) -> None:
        if self._recipe is not None:
            spikes = isinstance(units, Spikes)
            self._take(self._recipe.with_(spikes=units if spikes else None, counts=None if spikes else units))

    def _take(self, recipe: Recipe) -> None:
        if self._recipe is None or recipe == self._recipe:
            return
        recipe = with_given_rate(self._recipe, recipe)
        # the lists know nothing of the units, nor the units of the lists
        lists = {name: getattr(recipe, name) for name in _LISTS}
        self._recipe = recipe
        if any(getattr(self.lists.value, name) != value for name, value in lists.items()) or self.lists.value != recipe:
            self.lists.set_value(recipe)
        self.edited.emit(recipe)


def _own(spec: type[Spec]) -> list[str]:
    return [name for name in spec.model_fields if name not in TimeBase.model_fields]


def by_use(spec: type[Spec], own: Sequence[str]) -> list[str]:
    """The fields of a part of a recipe as they are asked for: its arrays, then their time base, then what is seldom needed."""
    plain = [name for name in own if not extra_of(spec.model_fields[name], "advanced")]
    base = [name for name in TimeBase.model_fields if not extra_of(spec.model_fields[name], "advanced")]
    return [*plain, *base, *(name for name in spec.model_fields if name not in plain and name not in base)]


def array_names(arrays: Sequence[tuple[str, ...]]) -> list[str]:
    """The names that a recipe can use: of every array, and of each column of one that has a few."""
    names: list[str] = []
    for name, shape, *_ in arrays:
        names.append(name)
        found = re.fullmatch(r"(\d+)x(\d+)", shape)
        if found and 1 < int(found[2]) <= _MOST_COLUMNS:
            names += [f"{name}[{column}]" for column in range(int(found[2]))]
    return names


def first_recipe(arrays: Sequence[tuple[str, ...]], first_number: int) -> Recipe | None:
    """Something to correct where nothing was recognised: the first array as spike times; None without any array."""
    names = array_names(arrays)
    return Recipe(spikes=Spikes(times=names[0]), first_number=first_number) if names else None
