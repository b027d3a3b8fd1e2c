"""Held-out scores of several kept fits, unit by unit, their paired differences, and which of them is best."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis, Model
from glmengine.analysis.difference import differences
from glmengine.analysis.wording import share_text
from glmengine.context import SILENT, Context, Progress
from glmengine.results.paired_difference import PairedDifference, difference_over_folds, difference_over_units
from glmengine.selection.comparison import weighted_interval
from glmengine.sentences import as_shown, listed, numbered, percent, unit_title

if TYPE_CHECKING:
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

_QUOTED = re.compile(r"'[^']*'")
_SCORE = "deviance_explained_heldout"
_MOST_OTHER_BINS = 0.01
"""Share of the held-out bins that two fits may differ in, as terms with a past lose the first bins, and be compared with a caution."""


def _no_folds() -> np.ndarray:
    return np.empty((0, 0, 0))


@dataclass(frozen=True, eq=False)
class ComparedFits:
    """Fits side by side.

    Attributes
    ----------
    names : tuple of str
    units : tuple of str
        Of any of the fits, in the order in which they come.
    scores : (F, U) array
        Held-out deviance explained; NaN where a fit has none for a unit.
    differences : tuple of PairedDifference
        Of each fit but the first, which says which of them can be compared.
    from_best : tuple of PairedDifference
        Of the fit with the highest median less each of the other comparable ones; empty where fewer than two can be compared.
    by_fold, weights : (F, U, K) array
        Held-out deviance explained in each fold, and the deviance of the mean there; NaN where a fit keeps none, K is 0 where none does.
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    scores: np.ndarray
    differences: tuple[PairedDifference, ...]
    from_best: tuple[PairedDifference, ...] = ()
    by_fold: np.ndarray = field(default_factory=_no_folds)
    weights: np.ndarray = field(default_factory=_no_folds)

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which fit is best over all units, how it differs from each of the others, which cannot be compared, and what the numbers are of."""
        said = [self._verdict, *(one.sentence for one in self.from_best)]
        said += [one.sentence for one in self.differences if one.obstacle]
        return _as_shown((*said, self._reason))

    def sentences_of(self, unit: str) -> tuple[str, ...]:
        """Which fit is highest for one unit, and how far it is told apart there from each of the others; empty where fewer than two scored it."""
        if unit not in self.units:
            return ()
        at = self.units.index(unit)
        highest = int(self.highest[at])
        if highest < 0:
            return ()
        name, scores = self.names[highest], self.scores[:, at]
        said = [f"{unit_title(unit)}: '{name}' is highest, {share_text(scores[highest])}."]
        for other in np.flatnonzero(self.comparable & np.isfinite(scores)):
            if other == highest:
                continue
            if not np.isfinite(self._gains(at, highest, other)).any():
                said.append(f"Whether it is told apart from '{self.names[other]}' is not known: the fits keep no scores by fold.")
                continue
            one = difference_over_folds(name, self.names[other], self._gains(at, highest, other), self.weights[highest, at])
            told = "better than" if one.verdict > 0 else "not told apart from"
            said.append(f"It is {told} '{one.other}': {one.numbers}.")
        return _as_shown((" ".join(said),))

    def _gains(self, unit: int, first: int, other: int) -> np.ndarray:
        """(K,) differences of one unit in its folds."""
        return self.by_fold[first, unit] - self.by_fold[other, unit]

    def told_apart(self, first: np.ndarray | int, other: int) -> np.ndarray:
        """(U,) 1 for the units for which one fit is better than the other beyond the 95 % interval over their folds, -1 where it is worse,
        0 where the two are not told apart, or keep no scores by fold.

        Parameters
        ----------
        first : int or (U,) int array
            Number of the fit, or of one for each unit.
        other : int
        """
        units = np.arange(len(self.units))
        if not self.by_fold.shape[-1]:
            return np.zeros(len(units), int)
        first = np.broadcast_to(first, units.shape)
        _, low, high = weighted_interval(self.by_fold[first, units] - self.by_fold[other, units], self.weights[first, units])
        return (low > 0).astype(int) - (high < 0)

    @property
    def _verdict(self) -> str:
        if not self.from_best:
            return ""
        best, median = self.from_best[0].name, float(np.nanmax(self.medians))
        n = int(np.isfinite(self.scores[self.comparable]).all(axis=0).sum())
        of = f", median over {numbered(n, 'unit')}" if n > 1 else ""
        rivals = [one for one in self.from_best if not one.obstacle]
        groups = {verdict: [f"'{one.other}'" for one in rivals if one.verdict == verdict] for verdict in (1, 0, -1)}
        clear = not groups[0] and not groups[-1]
        said = [f"{'Best' if clear else 'Highest'}: '{best}', held-out deviance explained {share_text(median)}{of}."]
        if groups[1]:
            everyone = clear and len(rivals) > 1
            said.append(f"It is better than {'each of the others' if everyone else listed(groups[1])}.")
        if groups[0]:
            said.append(f"It is not told apart from {listed(groups[0])}.")
        if groups[-1]:
            said.append(f"Unit by unit it is worse than {listed(groups[-1])}.")
        return " ".join(said)

    @property
    def _reason(self) -> str:
        """Why the difference need not be that of the medians shown."""
        many = any(one.over == "unit" and one.n_units > 1 for one in self.from_best)
        return "Differences are taken within each unit; they need not be those of the bars, which are medians." if many else ""

    @property
    def comparable(self) -> np.ndarray:
        """(F,) whether the scores of a fit can be seen beside those of the first."""
        return np.array([True, *(not one.obstacle for one in self.differences)][: len(self.names)], bool)

    @property
    def highest(self) -> np.ndarray:
        """(U,) number of the fit with the highest score among the comparable; -1 where fewer than two have one."""
        scores = np.where(self.comparable[:, None] & np.isfinite(self.scores), self.scores, -np.inf)
        contested = np.isfinite(scores).sum(axis=0) > 1
        return np.where(contested, scores.argmax(axis=0), -1) if len(self.names) else np.zeros(0, int)

    @property
    def best(self) -> np.ndarray:
        """(U,) number of the fit that is told apart from, and above, every other comparable fit of the unit; -1 where none is."""
        highest = self.highest
        wins = highest >= 0
        for other in np.flatnonzero(self.comparable):
            contested = (highest != other) & np.isfinite(self.scores[other])
            wins &= ~contested | (self.told_apart(highest, other) > 0)
        return np.where(wins, highest, -1)

    @property
    def medians(self) -> np.ndarray:
        """(F,) medians over the units that all comparable fits scored; NaN for the other fits, and where there is no such unit."""
        kept = self.comparable
        medians = np.full(len(self.names), np.nan)
        common = np.isfinite(self.scores[kept]).all(axis=0)
        if common.any():
            medians[kept] = np.median(self.scores[np.ix_(kept, common)], axis=1)
        return medians


@dataclass(frozen=True, eq=False)
class _Scored:
    """What of a fit is compared, without the rest of its result."""

    fit: KeptFit
    scores: dict[str, float]
    bins: dict[str, np.ndarray]  # held-out bins of each fold, by unit; empty where the result keeps no scores by fold
    by_fold: dict[str, np.ndarray]  # deviance explained of each fold, by unit
    weights: dict[str, np.ndarray]  # deviance of the training mean in each fold, by unit

    @classmethod
    def of(cls, fit: KeptFit, result: Result) -> _Scored:
        units = [str(unit) for unit in result.scores["unit"].values]
        held_out = result.scores[_SCORE].values if _SCORE in result.scores else np.full(len(units), np.nan)
        folds = result.fold_scores
        known = [] if folds is None else folds["unit"].values
        bins, by_fold, weights = (
            {str(unit): np.asarray(folds[name].sel(unit=unit).values, np.float64) for unit in known}
            for name in ("bins", "deviance_explained", "null_deviance")
        )
        return cls(fit, dict(zip(units, map(float, held_out), strict=True)), bins, by_fold, weights)

    @property
    def is_scored(self) -> bool:
        return any(map(math.isfinite, self.scores.values()))


def compare_fits(fits: Sequence[KeptFit], context: Context = SILENT) -> ComparedFits:
    """Set the held-out scores of fits side by side; of their results one at a time is in memory.

    Parameters
    ----------
    fits : sequence of KeptFit
        The first is the one that the others are compared with.
    context : Context, optional

    Raises
    ------
    GlmError
        If the result of a fit is gone or damaged.
    """
    scored = []
    for number, fit in enumerate(fits):
        context.check()
        context.report(Progress("Scores of the fits", number / len(fits)))
        scored.append(_Scored.of(fit, fit.load()))
    units = tuple(dict.fromkeys(unit for one in scored for unit in one.scores))
    scores = np.array([[one.scores.get(unit, math.nan) for unit in units] for one in scored], np.float64)
    compared = ComparedFits(
        tuple(fit.name for fit in fits),
        units,
        scores.reshape(len(fits), len(units)),
        tuple(_difference(scored[0], one) for one in scored[1:]),
        by_fold=_of_folds([one.by_fold for one in scored], units),
        weights=_of_folds([one.weights for one in scored], units),
    )
    medians = compared.medians
    rivals = np.flatnonzero(np.isfinite(medians))
    if len(rivals) < 2:
        return compared
    best = int(rivals[medians[rivals].argmax()])
    from_best = []
    for at in rivals[rivals != best]:
        told = compared.told_apart(best, at)
        decided = (int((told > 0).sum()), int((told < 0).sum())) if compared.by_fold.shape[-1] else None
        from_best.append(replace(_difference(scored[at], scored[best]), decided=decided))
    return replace(compared, from_best=tuple(from_best))


def _difference(first: _Scored, one: _Scored) -> PairedDifference:
    names = one.fit.name, first.fit.name
    obstacle = _obstacle(first, one)
    if obstacle:
        return PairedDifference(*names, obstacle)
    shared = [unit for unit in first.scores if unit in one.scores]
    gains = np.array([one.scores[unit] - first.scores[unit] for unit in shared], np.float64)
    if not np.isfinite(gains).any():
        return PairedDifference(*names, "no unit has a held-out score in both")
    share, caution = _other_bins(first, one), ""
    if share > _MOST_OTHER_BINS:
        return PairedDifference(
            *names, f"{percent(share)} of the held-out bins are others, since the terms of the two can use other time"
        )
    if share:
        caution = (
            f"{percent(max(share, 0.0001), 2)} of the held-out bins are others, since the terms of the two can use other time"
        )
    scored = [unit for unit, gain in zip(shared, gains, strict=True) if np.isfinite(gain)]
    if len(scored) == 1 and scored[0] in first.by_fold and scored[0] in one.by_fold:
        ours, theirs = one.by_fold[scored[0]], first.by_fold[scored[0]]
        if ours.shape == theirs.shape and np.isfinite(ours - theirs).sum() > 1:
            return difference_over_folds(*names, ours - theirs, first.weights[scored[0]], caution)
    return difference_over_units(*names, gains, caution)


def _of_folds(fits: Sequence[dict[str, np.ndarray]], units: Sequence[str]) -> np.ndarray:
    """(F, U, K) values of the folds of each unit; NaN where there are none, or fewer."""
    K = max((len(values) for fit in fits for values in fit.values()), default=0)
    found = np.full((len(fits), len(units), K), np.nan)
    for number, fit in enumerate(fits):
        for at, unit in enumerate(units):
            values = fit.get(unit, ())
            found[number, at, : len(values)] = values
    return found


def _as_shown(sentences: Sequence[str]) -> tuple[str, ...]:
    return tuple(_QUOTED.sub(lambda name: as_shown(name[0]), sentence) for sentence in sentences if sentence)


def _obstacle(first: _Scored, one: _Scored) -> str:
    for scored in (first, one):
        if not scored.is_scored:
            return f"'{scored.fit.name}' has no held-out score; fit it with folds"
    if first.fit.recording_key != one.fit.recording_key:
        return f"they are of other recordings ({first.fit.recording_name} and {one.fit.recording_name})"
    others = differences(_split_of(first.fit.analysis), _split_of(one.fit.analysis))
    return f"the held-out time or what is scored on it is another ({'; '.join(others)})" if others else ""


def _split_of(analysis: Analysis) -> Analysis:
    """Of a question only what decides which bins are held out, and what deviance is."""
    validation = analysis.validation
    return Analysis(
        time=analysis.time,
        derived=analysis.derived if analysis.time.conditions else (),
        model=Model(family=analysis.model.family, strengths=(1.0,)),
        validation=validation.with_(nested=False, smoothing=type(validation)().smoothing),
        seed=analysis.seed if validation.balanced else 0,
    )


def _other_bins(first: _Scored, one: _Scored) -> float:
    """Largest share over units of held-out bins by which the folds of the two differ; all of them where the numbers of folds do."""
    shares = [0.0]
    for unit in first.bins.keys() & one.bins.keys():
        ours, theirs = np.nan_to_num(first.bins[unit]), np.nan_to_num(one.bins[unit])
        if ours.shape != theirs.shape:
            return 1.0
        shares.append(float(np.abs(ours - theirs).sum() / max(ours.sum(), theirs.sum(), 1.0)))
    return max(shares)
