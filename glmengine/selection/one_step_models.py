"""Nested models of many units at once by shared sums: strengths by marginal likelihood, folds by Newton steps from the fit of all bins.

The models of a unit have some of its columns each. They are fitted side by side: one pass over the rows gives the gradients of all of
them (`glmengine.selection.unit_models`). The strengths of the penalties are those that marginal likelihood finds in all rows, one a term.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

import numpy as np

from glmengine.context import SILENT, Context, Progress, Stopped, Together
from glmengine.selection.fold_rows import SharedRows
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Ground, Model, NestedModels
from glmengine.selection.unit_models import SharedGround, UnitModels
from glmengine.selection.whole_fits import Whole, WholeFits
from glmengine.threads import workers

APPROXIMATIONS = (
    "Penalty strengths are those of the highest marginal likelihood; the strengths of the analysis are not tried.",
    "Models without a fold are reached by one Newton step from the fit of all bins, by further ones where that step changes the rate much.",
    "The Hessians of fits are sums of products in float32; gradients and scores are float64.",
)
"""What a reader of the scores should know."""


def suits(ground: Ground, n_units: int = 1) -> bool:
    """Whether models can be fitted so: counts of known scale, penalties whose strength can be found, rows that fit in memory."""
    family = ground.family
    if family.by_class or family.estimates_dispersion or family.free_scale or not family.of_spikes:
        return False
    if ground.penalty.name not in ("ridge", "smoothness"):
        return False
    T, P = ground.prepared.design.shape
    return 8.0 * T * (P / max(n_units, 1) + 64) <= 0.4e9 * ground.memory


class OneStepModels(NestedModels):
    """The models of a `Ground` by shared sums.

    Parameters
    ----------
    ground : Ground
        See `suits`.
    shared : SharedRows, optional
        Of all units of the population, where the ground has some of them.
    """

    prunes: ClassVar[bool] = False

    def __init__(self, ground: Ground, shared: SharedRows | None = None) -> None:
        super().__init__(ground)
        rows = shared or SharedRows(ground.prepared.design, ground.split.fold, len(ground.split.names))
        self._common = SharedGround(ground, rows)
        self._units: dict[int, UnitModels] = {}

    def ahead(self, wanted: Mapping[int, Iterable[Model]], context: Context = SILENT) -> None:
        """Fit models of units that will be asked for, those of a unit side by side, units on all cores."""
        asked = {unit: [m for m in dict.fromkeys(models) if (m, unit) not in self._known] for unit, models in wanted.items()}
        asked = {unit: models for unit, models in asked.items() if models}
        shares = Together(context, [float(len(models)) for models in asked.values()])
        with workers() as pool:
            found = pool.map(
                lambda item: self._solve(item[1][0], item[1][1], shares.part(item[0])), list(enumerate(asked.items()))
            )
            for number, (unit, held_out) in enumerate(zip(asked, found, strict=True)):
                self._known.update({(model, unit): one for model, one in held_out.items()})
                shares.part(number).report(Progress(f"{self.ground.units[unit]}: {len(held_out)} models", 1.0))
        if context.stopping:
            raise Stopped

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.ground.notes, *APPROXIMATIONS)

    def held_out(self, model: Model, units: Iterable[int], context: Context = SILENT) -> dict[int, HeldOut]:
        units = list(units)
        self.ahead({unit: [model] for unit in units}, context)
        return {unit: self._known[model, unit] for unit in units}

    def whole_fits(self, model: Model, units: np.ndarray, strength: np.ndarray, context: Context = SILENT) -> WholeFits:
        """The model of these units on all bins, at the strengths that marginal likelihood finds, as far as comparisons need it."""
        self.held_out(model, units.tolist(), context)
        return WholeFits.of_units([self._unit(unit).whole(model) for unit in units.tolist()])

    def whole(self, model: Model, unit: int) -> Whole | None:
        """The model of a unit at the optimum of all bins; None for a unit without a spike."""
        self.held_out(model, [unit])
        return self._unit(unit).exact(model)

    def residuals(self, asked: Sequence[tuple[Model, int]]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        self.ahead(_by_unit(asked))
        with workers() as pool:
            yield from pool.stream(lambda one: self._unit(one[1]).residual(one[0]), asked)

    def _unit(self, unit: int) -> UnitModels:
        if unit not in self._units:
            self._units[unit] = UnitModels.of(self._common, unit)
        return self._units[unit]

    def _solve(self, unit: int, models: list[Model], context: Context) -> dict[Model, HeldOut]:
        context.check()
        return {} if context.stopping else self._unit(unit).solve(models, context)


def _by_unit(asked: Sequence[tuple[Model, int]]) -> dict[int, list[Model]]:
    found: dict[int, list[Model]] = {}
    for model, unit in asked:
        found.setdefault(unit, []).append(model)
    return found
