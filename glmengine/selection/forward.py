"""Forward selection of terms on held-out time (Hardcastle et al. 2017), and backward elimination."""

from __future__ import annotations

import numpy as np

from glmengine.context import SILENT, Context, Progress, Stopped, parts_by_work
from glmengine.inference.signed_rank import signed_rank
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.selection.search import STOPPED, Search, Step, able_units, better, by_model, hopeless
from glmengine.selection.step_tests import FoldRanks, Proposal, StepTest
from glmengine.selection.work_ahead import (
    SCORE_TEST,
    WorkAhead,
    reductions_ahead,
    rounds_ahead,
    unit_work,
    work_of,
)
from glmengine.sentences import numbered

_NOTHING: Model = frozenset()


def forward(
    nested: NestedModels,
    level: float,
    *,
    largest: int = 0,
    last: Model = _NOTHING,
    prune: bool = True,
    test: StepTest | None = None,
    context: Context = SILENT,
    ahead: WorkAhead | None = None,
) -> Search:
    """Add to each unit's model the term that gains most on held-out time, as long as a test says that it does.

    Each round fits every candidate once for all units that still ask for it.

    Parameters
    ----------
    nested : NestedModels
    level : float
        Of the one-sided signed-rank test over folds.
    largest : int
        The most terms that are added; 0 for no limit.
    last : Model
        Candidates that a unit comes to when none of the others is added any more.
    prune : bool
        Leave out candidates whose score test at the smaller model is no larger than chance gives.
    test : StepTest, optional
        Another one in place of the signed-rank test.
    context : Context, optional
    ahead : WorkAhead, optional
        Where more comes after the search: what of the whole it is a part of.

    Returns
    -------
    Search
        Where the caller wanted to stop and keep, of the rounds that were finished.
    """
    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    search = Search([frozenset()] * M)
    first = ground.everything - last
    most = min(largest or K, K)
    rounds = most + bool(first and last)
    offered = [first or last] * M
    ahead, test = ahead or WorkAhead(context), test or FoldRanks(level)
    try:
        later = rounds_ahead(ground, search.models, rounds, begun=False, tests=prune and nested.prunes)
        base = nested.held_out(_NOTHING, range(M), ahead.part(M * unit_work(ground, _NOTHING), later))
        asking = able_units(nested, base, level, search, by_folds=test.by_folds)
        for number in range(1, rounds + 1):
            if not asking.size:
                break
            took = _round(nested, search, asking, offered, number, rounds, test, prune, ahead)
            going_on = []
            for unit in asking.tolist():
                enough = unit not in took or offered[unit] <= search.models[unit]
                if enough and offered[unit] == first and last:
                    offered[unit] = last
                elif enough:
                    continue
                if len(search.models[unit]) < most:
                    going_on.append(unit)
            asking = np.array(going_on, int)
    except Stopped:
        search.notes.append(STOPPED)
    return search


def _round(
    nested: NestedModels,
    search: Search,
    asking: np.ndarray,
    offered: list[Model],
    number: int,
    rounds: int,
    test: StepTest,
    prune: bool,
    ahead: WorkAhead,
) -> set[int]:
    """One addition to each unit that asks for it, of those that it is offered; the units that took it. Nothing of `search` is changed before
    the round is done."""
    ground = nested.ground
    stage = f"Round {number}: {numbered(asking.size, 'unit')}"
    applies = np.array([ground.applies(k) for k in range(len(ground.candidates))])
    groups = list(by_model(search.models, asking).items())
    tests = prune and nested.prunes
    later = rounds_ahead(ground, [search.models[unit] for unit in asking.tolist()], rounds - number, begun=True, tests=tests)
    pruned: set[tuple[int, int]] = set()
    if tests:
        to_try = work_of(ground, [(model | {k}, units.size) for model, units in groups for k in ground.everything - model])
        work = SCORE_TEST * asking.size * unit_work(ground, ground.everything)
        share = ahead.part(work, to_try + later)
        share.report(Progress(stage, 0.0))
        for place, (model, units) in enumerate(groups):
            left = sorted(frozenset().union(*(offered[unit] for unit in units.tolist())) - model)
            pruned |= hopeless(nested, model, units, left, share.part(place / len(groups), (place + 1) / len(groups)))
    wanted: dict[Model, list[tuple[int, int]]] = {}
    for model, units in groups:
        for k in range(len(applies)):
            for unit in units.tolist():
                if k in offered[unit] - model and applies[k, unit] and (unit, k) not in pruned:
                    wanted.setdefault(model | {k}, []).append((unit, k))
    asked: dict[int, list[Model]] = {}
    for model, pairs in wanted.items():
        for unit, _ in pairs:
            asked.setdefault(unit, []).append(model)
    work = [len(pairs) * unit_work(ground, model) for model, pairs in wanted.items()]
    share = ahead.part(sum(work), later)
    share.report(Progress(stage, 0.0))
    nested.ahead(asked, share)
    tried: dict[int, list[tuple[float, int, HeldOut]]] = {}
    for (model, pairs), own in zip(wanted.items(), parts_by_work(share, work), strict=True):
        found = nested.held_out(model, list(dict.fromkeys(unit for unit, _ in pairs)), own)
        for unit, k in pairs:
            now = nested.held_out(search.models[unit], [unit])[unit]
            tried.setdefault(unit, []).append((better(found[unit], now), k, found[unit]))
    proposals, best = [], {}
    for unit, options in tried.items():
        gain, k, found = max(options, key=lambda option: (option[0], -option[1]))
        base = search.models[unit]
        against = tuple(sorted(j for j in offered[unit] - base if applies[j, unit]))
        by_fold = found.per_bin - nested.held_out(base, [unit])[unit].per_bin
        proposals.append(Proposal(unit, k, base, against, by_fold))
        best[unit] = gain
    share = ahead.part(test.work(proposals) * asking.size * unit_work(ground, ground.everything), later)
    judged = test.judge(nested, proposals, share)
    search.pruned |= {(unit, number, k) for unit, k in pruned if applies[k, unit] and k in offered[unit]}
    took = set()
    for one, found in zip(proposals, judged, strict=True):
        unit, k = one.unit, one.candidate
        search.gains |= {(unit, number, other): gain for gain, other, _ in tried[unit]}
        search.steps.append(
            Step(unit, number, k, best[unit], found.p, found.taken, tuple(one.by_fold.tolist()), shifted=found.gains)
        )
        if found.taken:
            search.models[unit] |= {k}
            search.order[unit, k] = number
            took.add(unit)
    return took


def backward(nested: NestedModels, level: float, *, ahead: WorkAhead | None = None) -> Search:
    """Take out of each unit's model the term that is missed least, as long as a signed-rank test over folds does not say that it is.

    Parameters and returns as of `forward`.
    """
    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    applies = np.array([ground.applies(k) for k in range(K)])
    search = Search([frozenset(np.flatnonzero(applies[:, unit]).tolist()) for unit in range(M)])
    ahead = ahead or WorkAhead(SILENT)
    try:
        first = M * unit_work(ground, ground.everything)
        later = first * (1 + K + reductions_ahead(K))
        base = nested.held_out(_NOTHING, range(M), ahead.part(M * unit_work(ground, _NOTHING), later))
        asking = able_units(nested, base, level, search)
        for unit in set(range(M)) - set(asking.tolist()):
            search.models[unit] = frozenset()
        for number in range(1, K + 1):
            if not asking.size:
                break
            asking = _reduction(nested, search, asking, number, level, ahead)
    except Stopped:
        search.notes.append(STOPPED)
    return search


def _reduction(
    nested: NestedModels, search: Search, asking: np.ndarray, number: int, level: float, ahead: WorkAhead
) -> np.ndarray:
    """One term less for each unit that does not miss it; the units that go on."""
    groups = by_model(search.models, asking)
    wanted: dict[Model, list[int]] = {}
    for model, units in groups.items():
        wanted.setdefault(model, []).extend(units.tolist())
        for k in model:
            wanted.setdefault(model - {k}, []).extend(units.tolist())
    asked = {
        model: [unit for unit in dict.fromkeys(units) if not nested.is_known(model, unit)] for model, units in wanted.items()
    }
    work = [len(units) * unit_work(nested.ground, model) for model, units in asked.items()]
    K = len(nested.ground.candidates) + 1 - number
    share = ahead.part(sum(work), asking.size * unit_work(nested.ground, nested.ground.everything) * reductions_ahead(K))
    share.report(Progress(f"Round {number}: {numbered(asking.size, 'unit')}", 0.0))
    for (model, units), own in zip(asked.items(), parts_by_work(share, work), strict=True):
        nested.held_out(model, units, own)
    going_on = []
    for unit in asking.tolist():
        model = search.models[unit]
        if not model:
            continue
        now = nested.held_out(model, [unit])[unit]
        rest = {k: nested.held_out(model - {k}, [unit])[unit] for k in sorted(model)}
        search.gains |= {(unit, number, k): better(now, less) for k, less in rest.items()}
        k = min(rest, key=lambda k: (better(now, rest[k]), k))
        by_fold = now.per_bin - rest[k].per_bin
        p = float(signed_rank(by_fold))
        search.steps.append(Step(unit, number, k, better(now, rest[k]), p, p >= level, tuple(by_fold.tolist())))
        if p >= level:
            search.models[unit] = model - {k}
            going_on.append(unit)
    return np.array(going_on, int)
