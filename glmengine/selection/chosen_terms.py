"""The terms chosen for each unit: which hold against the smallest model, over all units too, and what each adds to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.selection import Selection, tried_last
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.inference.signed_rank import signed_rank, smallest_p
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.selection.search import Search
from glmengine.selection.step_tests import Proposal, StepTest
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    import xarray as xr

_TABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "chosen": (("term", "unit"), "whether the term is in the unit's model"),
    "order": (("term", "unit"), "round in which the term came in"),
    "added": (
        ("term", "unit"),
        "held-out deviance explained that the term adds when it comes in, to the terms before it; of one that was not chosen what it would add to those that were, where that was tried",
    ),
    "missed": (
        ("term", "unit"),
        "held-out deviance explained that a model with terms that are tried last loses without this one",
    ),
    "missed_p": (("term", "unit"), "test by signed ranks over folds, or by shifts in time: p that it is not missed there"),
    "last": (("term",), "whether the term is tried when none of the others adds anything any more"),
    "p": (
        ("unit",),
        "test against the smallest model, without terms that are tried last where there are others: of all by signed ranks over folds, or of the first by shifts in time",
    ),
    "q": (("unit",), "false discovery rate of p over units (Benjamini & Hochberg)"),
    "last_p": (("unit",), "one-sided signed-rank test over folds of the terms alone that are tried last, where there are others"),
    "deviance_explained": (("unit",), "held-out deviance explained by the model"),
    "last_explained": (("unit",), "held-out deviance explained by the terms alone that are tried last, where there are others"),
    "model": (("unit",), "the model chosen"),
}


@dataclass(frozen=True)
class Verdicts:
    """What holds of the models that a search came to.

    Attributes
    ----------
    p : (M,) array
        Of the terms that are judged: those that are tried last where only they are left, else the others where there are any.
    q : (M,) array
        Its false discovery rate over units.
    weak, common : (M,) bool array
        Terms do not beat the smallest model, or not beyond what comes by chance among so many units.
    only_last : (M,) bool array
        Of these, units that keep the terms that are tried last.
    """

    p: np.ndarray
    q: np.ndarray
    weak: np.ndarray
    common: np.ndarray
    only_last: np.ndarray

    @property
    def nothing(self) -> np.ndarray:
        """(M,) bool, units that keep no term."""
        return (self.weak | self.common) & ~self.only_last


def judge(p: np.ndarray, last_p: np.ndarray, level: float, *, over_units: bool) -> Verdicts:
    """Judge models by the tests of their terms against the smallest model.

    Parameters
    ----------
    p : (M,) array
        NaN for units without a term.
    last_p : (M,) array
        Of the terms alone that are tried last; NaN for units that have none of them beside others.
    level : float
    over_units : bool
        The false discovery rate over units has to be below the level too.
    """

    def over_all(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q = false_discovery_rate(np.where(np.isfinite(values), values, 1.0))
        return q, np.isfinite(values) & (values < level) & ~(q < level) & over_units

    weak = np.isfinite(p) & ~(p < level)
    _, common = over_all(p)
    falls = (weak | common) & (last_p < level)
    left = np.where(falls, last_p, p)
    q, still = over_all(left)
    return Verdicts(left, q, weak, common | still, falls & ~still)


def chosen_terms(nested: NestedModels, search: Search, selection: Selection, test: StepTest) -> tuple[xr.Dataset, list[str]]:
    """The model of each unit, if it beats the constant rate (or what is always in), and what to say of those that do not; `test` judged the steps.

    Of a model with terms that are tried last the others are judged, by themselves; where they do not hold, those that are tried last may.
    """
    import xarray as xr

    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    last, base = tried_last(selection, ground.names), frozenset[int]()

    def against_base(unit: int, model: Model) -> float:
        return float(signed_rank(nested.held_out(model, [unit])[unit].per_bin - nested.held_out(base, [unit])[unit].per_bin))

    columns = {name: np.full([{"term": K, "unit": M}[dim] for dim in dims], np.nan) for name, (dims, _) in _TABLE.items()}
    found = {
        unit: model
        for unit, model in enumerate(search.models)
        if model and nested.is_known(model, unit) and nested.is_known(base, unit)
    }
    for unit, model in found.items():
        first = search.first_shift_p(unit)
        columns["p"][unit] = against_base(unit, model - last or model) if first is None else first
        if model & last and model - last:
            columns["last_p"][unit] = against_base(unit, model & last)
            columns["last_explained"][unit] = nested.held_out(model & last, [unit])[unit].deviance_explained
    held = judge(columns["p"], columns["last_p"], selection.level, over_units=selection.over_units)
    columns |= {"p": held.p, "q": held.q, "chosen": np.zeros((K, M), bool), "last": np.array([k in last for k in range(K)])}
    models = {unit: model & last if held.only_last[unit] else model for unit, model in found.items() if not held.nothing[unit]}
    beside: list[Proposal] = []
    for unit, model in models.items():
        own = nested.held_out(model, [unit])[unit]
        columns["deviance_explained"][unit] = own.deviance_explained
        columns["chosen"][sorted(model), unit] = True
        for k in model:
            columns["order"][k, unit] = search.order.get((unit, k), np.nan)
        if not (model & last and model - last):
            continue
        for k in model:
            less = nested.held_out(model - {k}, [unit])[unit]
            columns["missed"][k, unit] = own.deviance_explained - less.deviance_explained
            beside.append(Proposal(unit, k, model - {k}, (k,), own.per_bin - less.per_bin))
    for one, found_p in zip(beside, test.judge(nested, beside), strict=True):
        columns["missed_p"][one.candidate, one.unit] = found_p.p
    for unit in range(M):
        for k, gain in _added(nested, unit, models.get(unit, base), columns["order"][:, unit], last).items():
            columns["added"][k, unit] = gain
    columns["model"] = np.array([ground.name(models.get(unit, base)) for unit in range(M)])
    dataset = xr.Dataset(
        {name: (dims, columns[name], {"long_name": text}) for name, (dims, text) in _TABLE.items()},
        {"term": list(ground.names), "unit": list(ground.units)},
    )
    return dataset, taken_back(held, ground.units, len(nested.fold_names), selection.level)


def _added(nested: NestedModels, unit: int, model: Model, order: np.ndarray, last: Model) -> dict[int, float]:
    """What each term of a model adds to those before it, and each other candidate to all of them, or else to all but those that are tried last.

    Of models that were fitted already; NaN where one of them was not.
    """

    def explained(terms: Model) -> float:
        return nested.held_out(terms, [unit])[unit].deviance_explained if nested.is_known(terms, unit) else np.nan

    found = {}
    for k in nested.ground.everything - model:
        gains = [explained(whole | {k}) - explained(whole) for whole in (model, model - last)]
        found[k] = next((gain for gain in gains if np.isfinite(gain)), np.nan)
    if not np.isfinite(order[sorted(model)]).all():
        return found
    before: Model = frozenset()
    for k in sorted(model, key=lambda k: order[k]):
        found[k] = explained(before | {k}) - explained(before)
        before |= {k}
    return found


def taken_back(held: Verdicts, units: Sequence[str], n_folds: int, level: float) -> list[str]:
    """Which units have no terms after all, and whether the folds are too few to say so of one among many."""

    said = []
    for which, why in (
        (held.weak, "for the model as a whole is not better than the smallest one"),
        (held.common, f"as so small a p comes by chance among {len(units)} units"),
    ):
        names = [name + (" (not what is tried last)" if stays else "") for name, stays in zip(units, held.only_last, strict=True)]
        if which.any():
            said.append(f"Taken back, {why}: {listed([names[unit] for unit in np.flatnonzero(which)])}.")
    if held.common.any():
        least = float(smallest_p(n_folds))
        by_folds = np.isclose(held.p[held.common], least, rtol=1e-6).any()  # p of shifts are not so limited
        if by_folds and least * len(units) >= level:
            said.append(
                f"{numbered(n_folds, 'fold')} give a p of {least:.2g} at best, too much for one unit alone among {len(units)}; "
                "with more folds a single unit can be found."
            )
    return said
