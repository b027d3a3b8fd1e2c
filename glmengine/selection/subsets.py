"""The best of all subsets of the terms up to a size."""

from __future__ import annotations

from itertools import combinations
from math import comb

from glmengine.analysis.selection import MOST_SUBSETS
from glmengine.context import SILENT, Context, Progress, Stopped
from glmengine.errors import GlmError
from glmengine.inference.signed_rank import signed_rank
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.selection.search import STOPPED, Search, Step, able_units, better
from glmengine.sentences import numbered


def all_subsets(nested: NestedModels, level: float, *, largest: int = 0, context: Context = SILENT) -> Search:
    """Fit all subsets of the candidates, and keep of each unit the best one of the smallest size that none of a larger size beats.

    Sizes are gone through from the smallest: the best model of a size takes the place of what was kept if a signed-rank test over folds says that
    it is better. Parameters and returns as of `glmengine.selection.forward.forward`.

    Raises
    ------
    GlmError
        For more than `MOST_SUBSETS` models.
    """
    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    largest = min(largest or K, K)
    total = sum(comb(K, size) for size in range(largest + 1))
    if total > MOST_SUBSETS:
        raise GlmError(
            f"{K} candidates have {total:,} subsets of up to {largest}, more than {MOST_SUBSETS}; set a smaller limit, or choose forward selection",
            field="selection.largest",
        )
    search, done = Search([frozenset()] * M), 0
    try:
        base = nested.held_out(frozenset(), range(M), context.part(0.0, 1.0 / total))
        able = able_units(nested, base, level, search)
        for size in range(1, largest + 1):
            models = [frozenset(chosen) for chosen in combinations(range(K), size)]
            context.report(Progress(f"Models of {numbered(size, 'term')}: {numbered(len(models), 'subset')}", done / total))
            for model in models:
                done += 1
                nested.held_out(model, able, context.part(done / total, (done + 1) / total))
            for unit in able.tolist():
                _keep_best(nested, search, models, unit, size, level)
    except Stopped:
        search.notes.append(STOPPED)
    return search


def _keep_best(nested: NestedModels, search: Search, models: list[Model], unit: int, size: int, level: float) -> None:
    found = {model: nested.held_out(model, [unit])[unit] for model in models}
    best = max(found, key=lambda model: (found[model].total, sorted(-k for k in model)))
    now = nested.held_out(search.models[unit], [unit])[unit]
    by_fold = found[best].per_bin - now.per_bin
    p, gain = float(signed_rank(by_fold)), better(found[best], now)
    added = best - search.models[unit]
    search.steps.append(Step(unit, size, min(added or best), gain, p, p < level, tuple(by_fold.tolist())))
    if p < level:
        search.models[unit] = best
