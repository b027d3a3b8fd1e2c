"""Contribution of each term: alone, dropped, unique and shared held-out deviance."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Stopped, parts_by_work
from glmengine.inference.multiplicity import false_discovery_rate
from glmengine.inference.signed_rank import signed_rank
from glmengine.selection.comparison import comparison_work, weighted_interval
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Ground, Model, NestedModels

if TYPE_CHECKING:
    import xarray as xr

MOST_FOR_COMMONALITY = 4
"""Candidates up to which all of their subsets are fitted."""

WORDS: dict[str, str] = {
    "full": "held-out deviance explained by all terms",
    "alone": "held-out deviance explained by the term alone, beyond what is always in",
    "dropped": "held-out deviance explained by all terms but this one",
    "unique": "held-out deviance explained that is lost when the term is dropped",
    "unique_low": "lower end of its 95 % interval, over folds, widened as they share training data",
    "unique_high": "upper end of its 95 % interval, over folds, widened as they share training data",
    "shared": "alone less unique: what other terms explain as well (below 0: the term explains more beside the others)",
    "p": "one-sided signed-rank test over folds: p that the term is not missed when it is dropped",
    "q": "false discovery rate of p over all units and terms (Benjamini & Hochberg)",
}


def contributions(nested: NestedModels, context: Context = SILENT) -> xr.Dataset:
    """What each candidate contributes to each unit.

    Returns
    -------
    Dataset (term, unit)
        The variables of `WORDS`, in shares of the deviance of the training mean. NaN for terms that a unit does not have, and for what
        was not come to before the caller wanted to stop.
    """
    import xarray as xr

    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    values = {name: np.full((K, M), np.nan) for name in WORDS}
    everything, base = ground.everything, frozenset[int]()
    known = _known(nested, contributing_models(ground), context)
    for k in range(K):
        for m in np.flatnonzero(ground.applies(k)).tolist():
            full, less, alone, bare = (known.get((model, m)) for model in (everything, everything - {k}, frozenset([k]), base))
            if full is not None:
                values["full"][k, m] = full.deviance_explained
            if alone is not None and bare is not None:
                values["alone"][k, m] = alone.deviance_explained - bare.deviance_explained
            if full is None or less is None:
                continue
            values["dropped"][k, m] = less.deviance_explained
            values["unique"][k, m] = full.deviance_explained - less.deviance_explained
            values["p"][k, m] = signed_rank(full.per_bin - less.per_bin)
            _, values["unique_low"][k, m], values["unique_high"][k, m] = _of_folds(full, less)
    values["shared"] = values["alone"] - values["unique"]
    values["q"] = false_discovery_rate(values["p"])
    return xr.Dataset(
        {name: (("term", "unit"), array, {"long_name": WORDS[name]}) for name, array in values.items()},
        {"term": list(ground.names), "unit": list(ground.units)},
    )


def commonality(nested: NestedModels, context: Context = SILENT) -> xr.Dataset | None:
    """The explained deviance in parts: what each set of terms, and no fewer of them, have in common (Newton & Spurrell 1967).

    Returns
    -------
    Dataset (part, unit) or None
        ``deviance``: parts sum to the deviance explained by all terms beyond what is always in; those of several terms may be below 0. None
        for more than `MOST_FOR_COMMONALITY` candidates, and where the caller wanted to stop.
    """
    import xarray as xr

    ground = nested.ground
    M = len(ground.units)
    subsets = common_models(ground)
    if not subsets:
        return None
    known = _known(nested, subsets, context)
    if len(known) < len(subsets) * M:
        return None
    explained = {model: np.array([known[model, m].deviance_explained for m in range(M)]) for model in subsets}
    parts = {}
    for part in subsets[1:]:
        rest = ground.everything - part
        parts[ground.name(part)] = sum(  # inclusion and exclusion: what is lost with every subset of the part
            (-1.0) ** (len(some) + 1) * explained[rest | some]
            for size in range(len(part) + 1)
            for some in map(frozenset, combinations(sorted(part), size))
        )
    return xr.Dataset(
        {
            "deviance": (
                ("part", "unit"),
                np.array(list(parts.values())),
                {"long_name": "held-out deviance explained that these terms, and no fewer of them, have in common"},
            )
        },
        {"part": list(parts), "unit": list(ground.units)},
    )


def contributing_models(ground: Ground) -> list[Model]:
    """The models that contributions are taken from: nothing, everything, all but one term, one term."""
    K, everything = len(ground.candidates), ground.everything
    return [frozenset(), everything, *(everything - {k} for k in range(K)), *(frozenset([k]) for k in range(K))]


def common_models(ground: Ground) -> list[Model]:
    """All subsets of the candidates, where they are few enough."""
    K = len(ground.candidates)
    sizes = range(K + 1) if 2 <= K <= MOST_FOR_COMMONALITY else ()
    return [frozenset(chosen) for size in sizes for chosen in combinations(range(K), size)]


def _known(nested: NestedModels, models: list[Model], context: Context) -> dict[tuple[Model, int], HeldOut]:
    """Those of the models that were come to, for all units."""
    units, found = range(len(nested.ground.units)), {}
    models = list(dict.fromkeys(models))
    work = [scored for scored, _, _ in comparison_work(nested, models, 0)]
    for model, share in zip(models, parts_by_work(context, work), strict=True):
        try:
            row = nested.held_out(model, units, share)
        except Stopped:
            break
        found.update({(model, unit): one for unit, one in row.items()})
    return found


def _of_folds(full: HeldOut, less: HeldOut) -> tuple[float, float, float]:
    """Difference of the deviance explained and its interval, of folds of which each counts as its null deviance does."""
    with np.errstate(invalid="ignore", divide="ignore"):
        differences = (less.deviance - full.deviance) / full.null_deviance
    here = full.counts & less.counts
    mean, low, high = weighted_interval(np.where(here, differences, np.nan), full.null_deviance)
    return float(mean), float(low), float(high)
