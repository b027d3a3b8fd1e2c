"""What a search for the terms of each unit goes through: models, steps, and candidates that were left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from glmengine.context import SILENT, Context, Stopped
from glmengine.inference.score_test import SmallerFit, score_tests
from glmengine.inference.signed_rank import smallest_p
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Model, NestedModels
from glmengine.sentences import listed
from glmengine.threads import quiet_blas

MOST_TESTED = 300
"""Columns of a design up to which a score test costs less than the fits that it saves."""

STOPPED = "The selection was stopped: the rounds that were finished until then are kept."


@dataclass(frozen=True)
class Step:
    """One decision on one unit.

    Attributes
    ----------
    unit, round, candidate : int
        Rounds count from 1.
    gain : float
        Held-out log-likelihood per bin that the candidate brings.
    p : float
        Of the test that it brings none.
    taken : bool
        Whether the model was changed.
    by_fold : tuple of float
        The gain per bin in each fold; NaN in one that does not count.
    shifted : (1 + n,) array or None
        Of a step that was tested by shifts in time, what the candidate gains and what the best of each shift does, in nats.
    """

    unit: int
    round: int
    candidate: int
    gain: float
    p: float
    taken: bool
    by_fold: tuple[float, ...] = ()
    shifted: np.ndarray | None = None


@dataclass
class Search:
    """Where a search is.

    Attributes
    ----------
    models : list of Model
        Of each unit, so far.
    steps : list of Step
    gains : dict of (unit, round, candidate) to float
        Of every candidate that was tried.
    pruned : set of (unit, round, candidate)
        Candidates that the score test left out.
    order : dict of (unit, candidate) to int
        Which came in first, second, ..., where terms come in one by one.
    notes : list of str
    """

    models: list[Model]
    steps: list[Step] = field(default_factory=list)
    gains: dict[tuple[int, int, int], float] = field(default_factory=dict)
    pruned: set[tuple[int, int, int]] = field(default_factory=set)
    order: dict[tuple[int, int], int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def first_shift_p(self, unit: int) -> float | None:
        """p of the step by which the first term came in, where that was tested by shifts in time."""
        first = next((step for step in self.steps if step.unit == unit and step.taken), None)
        return None if first is None or first.shifted is None else first.p


def able_units(
    nested: NestedModels, base: dict[int, HeldOut], level: float, search: Search, *, by_folds: bool = True
) -> np.ndarray:
    """Units with enough folds for a p below `level`, or where folds are not what steps are judged by with two; the others are named in a note."""
    n_folds = np.array([base[unit].counts.sum() for unit in range(len(nested.ground.units))])
    able = smallest_p(n_folds) < level if by_folds else n_folds > 1
    few = [name for name, enough in zip(nested.ground.units, able, strict=True) if not enough]
    if few:
        why = f" for a p below {level:g}" if by_folds else ""
        search.notes.append(
            f"Nothing is chosen for {listed(few)}: too few folds have a score (silent in the rest of the time){why}."
        )
    return np.flatnonzero(able)


def better(model: HeldOut, other: HeldOut) -> float:
    """Held-out log-likelihood per bin that a model has more."""
    return model.total - other.total


def hopeless(
    nested: NestedModels, model: Model, units: np.ndarray, candidates: list[int], context: Context = SILENT
) -> set[tuple[int, int]]:
    """Pairs (unit, candidate) whose score test at a model is no larger than chance gives.

    One step of Fisher scoring would gain at most half the statistic on the data that it is fitted to, and as many columns of noise as the
    candidate has gain half their number: what gains less cannot gain on held-out time. As the test takes bins for independent, what
    autocorrelation adds to the statistic only lets more candidates through.
    """
    ground = nested.ground
    design = ground.prepared.design
    if ground.family.by_class or design.n_columns > MOST_TESTED or not candidates:
        return set()
    known = nested.held_out(model, units, context)
    smaller = nested.fit(model, units, np.array([known[unit].best for unit in units]), context)
    found = set()
    base = ground.columns(model)
    dispersion = np.asarray(smaller.dispersion, np.float64)
    for place, unit in enumerate(units.tolist()):
        context.check()
        if context.stopping:
            raise Stopped
        if smaller.status[place] != "ok":
            continue
        own = ground.own[:, unit]
        groups = [np.flatnonzero(ground.columns(frozenset([k])) & ~base & own) for k in candidates]
        used = np.flatnonzero(own)
        where = np.full(own.size, -1)
        where[used] = np.arange(used.size)
        counts = ground.prepared.counts[:, unit]
        one = SmallerFit(
            np.asarray(smaller.coef[used, place]), float(smaller.intercept[place]), (base & own)[used], float(dispersion[place])
        )
        with quiet_blas():
            statistic, df = score_tests(
                (_known_rows(values[:, used], counts[rows]) for rows, values in design.valid_chunks()),
                one,
                [where[group] for group in groups],
                ground.family,
                ground.link,
            )
        found |= {(unit, k) for k, s, n in zip(candidates, statistic, df, strict=True) if s <= n}
    return found


def _known_rows(values: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if counts.dtype.kind != "f":
        return values, counts
    known = np.isfinite(counts)
    return values[known], counts[known]


def by_model(models: list[Model], units: np.ndarray) -> dict[Model, np.ndarray]:
    """Units that have the same model so far."""
    found: dict[Model, list[int]] = {}
    for unit in units.tolist():
        found.setdefault(models[unit], []).append(unit)
    return {model: np.array(members) for model, members in found.items()}
