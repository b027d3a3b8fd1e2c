"""The best of all subsets of the terms up to a size."""

from __future__ import annotations

from itertools import combinations
from math import comb

from glmengine.analysis.selection import MOST_SUBSETS
from glmengine.context import SILENT, Progress, Stopped, parts_by_work
from glmengine.errors import GlmError
from glmengine.inference.signed_rank import signed_rank
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.selection.search import STOPPED, Search, Step, able_units, better
from glmengine.selection.work_ahead import WorkAhead, unit_work
from glmengine.sentences import numbered


def all_subsets(nested: NestedModels, level: float, *, largest: int = 0, ahead: WorkAhead | None = None) -> Search:
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
    search, ahead = Search([frozenset()] * M), ahead or WorkAhead(SILENT)
    sizes = [[frozenset(chosen) for chosen in combinations(range(K), size)] for size in range(1, largest + 1)]
    rest = [sum(unit_work(ground, model) for model in models) for models in sizes]
    try:
        base = nested.held_out(frozenset(), range(M), ahead.part(M * unit_work(ground, frozenset()), M * sum(rest)))
        able = able_units(nested, base, level, search)
        for size, models in enumerate(sizes, start=1):
            share = ahead.part(able.size * rest[size - 1], able.size * sum(rest[size:]))
            share.report(Progress(f"Models of {numbered(size, 'term')}: {numbered(len(models), 'subset')}", 0.0))
            for model, own in zip(models, parts_by_work(share, [unit_work(ground, model) for model in models]), strict=True):
                nested.held_out(model, able, own)
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
