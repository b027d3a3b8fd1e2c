"""The selection that an analysis asks for: models compared, contributions, and terms chosen for each unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.selection import NamedModel, Selection, models_of, tried_last
from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context, Progress, Rising, parts_by_work
from glmengine.errors import GlmError
from glmengine.fitting.uncounted_folds import uncounted_folds
from glmengine.inference.signed_rank import smallest_p
from glmengine.selection.chosen_terms import chosen_terms
from glmengine.selection.comparison import compare, comparison_work
from glmengine.selection.contributions import common_models, commonality, contributing_models, contributions
from glmengine.selection.forward import backward, forward
from glmengine.selection.group_path import group_path
from glmengine.selection.nested_models import Ground, Model, NestedModels, make_ground
from glmengine.selection.search import STOPPED, Search
from glmengine.selection.shiftable import pooled_columns
from glmengine.selection.step_tests import FoldRanks, StepTest, asks_for_shifts, fewest_shifts, step_test
from glmengine.selection.subsets import all_subsets
from glmengine.selection.term_selection import NOTES, TermSelection
from glmengine.selection.work_ahead import WorkAhead, unit_work
from glmengine.sentences import listed, numbered

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording


GROUP_PATH = 3.0
"""What the path of a group lasso takes, in cross-validations of all terms."""


@takes_only_its_kinds
def compare_models(
    analysis: Analysis,
    recording: Recording,
    models: Mapping[str, Sequence[str]] | Sequence[Sequence[str]] | None = None,
    *,
    context: Context | None = None,
) -> TermSelection:
    """Compare models that have some of the analysis's terms each, on one split of time.

    Parameters
    ----------
    analysis : Analysis
        Its selection, where it has one, says what is always in, the blocks, the folds and the models.
    recording : Recording
    models : mapping of name to terms, or sequence of terms, optional
        Terms, or blocks of them, of each model. By default those of the selection, or each term alone, all, and all but each. The constant
        rate (or what is always in) is always among them.
    context : Context, optional

    Returns
    -------
    TermSelection
        With nothing chosen.

    Raises
    ------
    GlmError
        If a term is not there, or time cannot be split.
    """
    selection = analysis.selection or Selection()
    if models is not None:
        named = models.items() if isinstance(models, Mapping) else [("", terms) for terms in models]
        selection = selection.with_(
            models=tuple(
                NamedModel(name=name, terms=(terms,) if isinstance(terms, str) else tuple(terms)) for name, terms in named
            )
        )
    return select_terms(analysis, recording, selection.with_(method="none"), context=context)


@takes_only_its_kinds
def select_terms(
    analysis: Analysis, recording: Recording, selection: Selection | None = None, *, context: Context | None = None
) -> TermSelection:
    """Find out which of the analysis's terms each unit needs.

    Parameters
    ----------
    analysis : Analysis
    recording : Recording
    selection : Selection, optional
        That of the analysis, or forward selection among all terms, where not given.
    context : Context, optional
        Hears of each round; can cancel, or stop and keep the rounds that are finished.

    Returns
    -------
    TermSelection

    Raises
    ------
    GlmError
        If a term is not there, a candidate cannot be fitted, or time cannot be split.
    Cancelled
        If the context says so.
    """
    context = context or SILENT
    selection = selection or analysis.selection or Selection()
    context.report(Progress("Making features", 0.0))
    ground = make_ground(analysis, recording, selection, context.part(0.0, 0.05))
    return select_on(ground, selection, context.part(0.05, 1.0))


def select_on(
    ground: Ground,
    selection: Selection,
    context: Context = SILENT,
    *,
    nested: NestedModels | None = None,
    detailed: bool = True,
) -> TermSelection:
    """The same on a design and a split that are made already; arguments as of `searched_on`."""
    return searched_on(ground, selection, context, nested=nested, detailed=detailed)[0]


def searched_on(
    ground: Ground,
    selection: Selection,
    context: Context = SILENT,
    *,
    nested: NestedModels | None = None,
    detailed: bool = True,
    test: StepTest | None = None,
) -> tuple[TermSelection, Search | None]:
    """The same, with the search itself.

    Parameters
    ----------
    nested : NestedModels, optional
        What fits the models.
    detailed : bool
        With correlations of rates, intervals over blocks of time, and what sets of terms have in common.
    test : StepTest, optional
        By which forward selection judges steps, where it is made already; what the selection asks for otherwise.
    """
    nested = nested or NestedModels(ground)
    unable: tuple[str, ...] = ()
    if test is None:
        test, unable = step_test_of(ground, selection)
    if test.by_folds:
        _check_folds(ground, selection)
    models = models_of(selection, ground.names)
    n_parts = selection.parts if detailed else 0
    by_search = _searched_models(selection, ground)
    ahead = WorkAhead(Rising(context), lambda: sum(_work_after(nested, models, n_parts, detailed, by_search)))
    outcome = _searched(nested, selection, test, ahead)
    work = _work_after(nested, models, n_parts, detailed)
    after = WorkAhead(ahead.context, done=ahead.done).part(sum(work))
    stages = ("Comparing models", "Contributions of terms", "What terms have in common")
    comparison, apart, together = parts_by_work(after, work, stages)
    compared = compare(nested, models, n_parts=n_parts, context=comparison)
    shares = contributions(nested, apart)
    common = commonality(nested, together) if detailed else None
    notes = [*nested.notes, *unable, *_uncounted(compared.scores, ground)]
    if ground.family.estimates_dispersion or ground.family.by_class:
        notes.append(
            f"Differences have intervals over folds alone: the {ground.family.words} family has none over blocks of time."
        )
    chosen = steps = None
    if outcome.search is not None:
        chosen, said = chosen_terms(nested, outcome.search, selection, test)
        steps = _steps(ground, outcome.search) if outcome.path is None else None
        notes += [*outcome.search.notes, *said, *_pruned_words(ground, outcome.search)]
    if not test.by_folds and outcome.search is not None:
        notes += _folds_too_few(ground, selection, test)
    if selection.last and selection.method not in ("forward", "none"):
        notes.append(f"Only forward selection tries terms last; {listed(selection.last)} took part like the others.")
    if context.stopping:
        notes.append(STOPPED)
    if selection.steps_by != "folds" and selection.method not in ("forward", "none"):
        notes.append("Only forward selection judges steps by shifts in time; they were judged by folds.")
    attributes = {**compared.scores.attrs, NOTES: "\n".join(dict.fromkeys(notes))}
    found = TermSelection(
        models=compared.scores.assign_attrs(attributes),
        summary=compared.summary,
        differences=compared.differences,
        split=_split(ground),
        contributions=shares,
        commonality=common,
        chosen=chosen,
        steps=steps,
        path=outcome.path,
    )
    return found, outcome.search


def step_test_of(ground: Ground, selection: Selection) -> tuple[StepTest, tuple[str, ...]]:
    """The test that a selection asks for, and notes on what it cannot be made of.

    Raises
    ------
    GlmError
        If there are too few shifts.
    """
    if not asks_for_shifts(selection):
        return FoldRanks(selection.level), ()
    if selection.shifts < fewest_shifts(selection.level):
        raise GlmError(
            f"{numbered(selection.shifts, 'shift')} are too few for a p below the level {selection.level:g} that holds among many units; "
            f"use {fewest_shifts(selection.level)} or more",
            field="selection.shifts",
        )
    pooled, notes = pooled_columns(ground)
    test, said = step_test(selection, pooled, ground.seed)
    return test, (*notes, *said)


def _searched_models(selection: Selection, ground: Ground) -> set[Model]:
    """The models that a search has certainly fitted to all units when it is over."""
    K, everything = len(ground.candidates), ground.everything
    if selection.method == "subsets":
        return {model for model in common_models(ground) if len(model) <= (selection.largest or K)}
    if selection.method == "backward":
        return {frozenset(), everything, *(everything - {k} for k in range(K))}
    return {frozenset(), *(frozenset([k]) for k in range(K))} if selection.method == "forward" else set()


def _work_after(
    nested: NestedModels, models: Mapping[str, Model], n_parts: int, detailed: bool, known: set[Model] | None = None
) -> list[float]:
    """Of the comparison, of the contributions and of what terms have in common, beside the models that a search will have fitted."""
    ground, seen = nested.ground, set(known or ())
    work = [sum(map(sum, comparison_work(nested, models.values(), n_parts, seen)))]
    seen |= set(models.values())
    for others in (contributing_models(ground), common_models(ground) if detailed else []):
        work.append(sum(scored for scored, _, _ in comparison_work(nested, others, 0, seen)))
        seen |= set(others)
    return work


@dataclass(frozen=True)
class _Outcome:
    """Of a search; nothing where models are compared only."""

    search: Search | None = None
    path: xr.Dataset | None = None


def _check_folds(ground: Ground, selection: Selection) -> None:
    n = len(ground.split.names)
    if selection.method != "none" and smallest_p(n) >= selection.level:
        raise GlmError(
            f"a signed-rank test over {n} folds gives a p of {float(smallest_p(n)):.2g} at best, which is not below the level {selection.level:g}; "
            f"use {int(np.floor(-np.log2(selection.level))) + 1} folds or more, another split, or a higher level",
            field="selection.folds",
        )


def _folds_too_few(ground: Ground, selection: Selection, test: StepTest) -> list[str]:
    """A note on candidates that cannot be shifted, where there are too few folds to judge them by."""
    n, names = len(ground.split.names), [name for k, name in enumerate(ground.names) if not test.shifts(k)]
    if not names or smallest_p(n) < selection.level:
        return []
    return [
        f"Not chosen for any unit, as shifts in time cannot judge {listed(names)}, and {numbered(n, 'fold')} are too few to: use more."
    ]


def _searched(nested: NestedModels, selection: Selection, test: StepTest, ahead: WorkAhead) -> _Outcome:
    ground, level, largest = nested.ground, selection.level, selection.largest
    if selection.method == "none":
        return _Outcome()
    if selection.method == "group_path":
        work = GROUP_PATH * len(ground.units) * unit_work(ground, ground.everything)
        found = group_path(nested, level, context=ahead.part(work))
        return _Outcome(found.search, found.path)
    if selection.method == "backward":
        return _Outcome(backward(nested, level, ahead=ahead))
    if selection.method == "subsets":
        return _Outcome(all_subsets(nested, level, largest=largest, ahead=ahead))
    last = tried_last(selection, ground.names)
    return _Outcome(forward(nested, level, largest=largest, last=last, prune=selection.prune, test=test, ahead=ahead))


def _steps(ground: Ground, search: Search) -> xr.Dataset:
    import xarray as xr

    K, M = len(ground.candidates), len(ground.units)
    R = max([step.round for step in search.steps] + [number for _, number, _ in (*search.gains, *search.pruned)], default=0)
    gain, p, taken = np.full((M, R), np.nan), np.full((M, R), np.nan), np.zeros((M, R), bool)
    candidate = np.full((M, R), "", dtype=f"<U{max(len(name) for name in ground.names)}")
    tried, pruned = np.full((M, R, K), np.nan), np.zeros((M, R, K), bool)
    folds = list(ground.split.names)
    by_fold = np.full((M, R, len(folds)), np.nan)
    by_shifts = np.zeros((M, R), bool)
    for step in search.steps:
        at = (step.unit, step.round - 1)
        by_fold[at], by_shifts[at] = step.by_fold, step.shifted is not None
        gain[at], p[at], taken[at], candidate[at] = step.gain, step.p, step.taken, ground.names[step.candidate]
    for (unit, number, k), value in search.gains.items():
        tried[unit, number - 1, k] = value
    for unit, number, k in search.pruned:
        pruned[unit, number - 1, k] = True
    return xr.Dataset(
        {
            "candidate": (("unit", "round"), candidate, {"long_name": "the term that was tested"}),
            "gain": (
                ("unit", "round"),
                gain,
                {"units": "nats/bin", "long_name": "held-out log-likelihood per bin that it brings"},
            ),
            "p": (("unit", "round"), p, {"long_name": "test that it brings none"}),
            "by_shifts": (
                ("unit", "round"),
                by_shifts,
                {"long_name": "whether that is by shifts in time, and not the one-sided signed-rank test over folds"},
            ),
            "taken": (("unit", "round"), taken, {"long_name": "whether the model was changed"}),
            "gains": (
                ("unit", "round", "term"),
                tried,
                {"units": "nats/bin", "long_name": "the same of every term that was tried"},
            ),
            "pruned": (("unit", "round", "term"), pruned, {"long_name": "whether the score test left the term out"}),
            "fold_gain": (
                ("unit", "round", "fold"),
                by_fold,
                {
                    "units": "nats/bin",
                    "long_name": "held-out log-likelihood per bin that the term that was tested brings in each fold",
                },
            ),
        },
        {"unit": list(ground.units), "round": np.arange(1, R + 1), "term": list(ground.names), "fold": folds},
    )


def _pruned_words(ground: Ground, search: Search) -> list[str]:
    if not search.pruned:
        return []
    by_term = {}
    for unit, _, k in sorted(search.pruned):
        by_term.setdefault(ground.names[k], []).append(ground.units[unit])
    said = "; ".join(f"{name} for {listed(dict.fromkeys(units), 8)}" for name, units in by_term.items())
    return [f"Not fitted in some round, as their score test was no larger than chance gives: {said}."]


def _uncounted(models: xr.Dataset, ground: Ground) -> tuple[str, ...]:
    """What is to be said of folds without a score, from the scores (model, unit, fold) of the models that were compared."""
    if not models.sizes["model"]:
        return ()
    lost = np.isnan(models["log_likelihood"].isel(model=0).transpose("fold", "unit").values)
    counts, fold = np.where(ground.prepared.design.valid[:, None], ground.prepared.counts, np.nan), ground.split.fold
    held = np.array([np.nansum(counts[fold == k], axis=0) for k in range(len(lost))])
    empty = lost & (held == 0) & ground.family.of_spikes
    there = np.nansum(counts, axis=0) != 0
    return uncounted_folds(ground.family, lost & ~empty & there, empty & there, ground.split.names, ground.units)


def _split(ground: Ground) -> xr.Dataset:
    import xarray as xr

    fold, times = ground.split.intervals(ground.prepared.grid)
    return xr.Dataset(
        {
            "fold": (
                "interval",
                np.array([ground.split.names[k] for k in fold]),
                {"long_name": "fold that the stretch is held out of"},
            ),
            "start": ("interval", times[:, 0], {"units": "s", "long_name": "start of the held-out stretch"}),
            "stop": ("interval", times[:, 1], {"units": "s", "long_name": "end of the held-out stretch"}),
        }
    )
