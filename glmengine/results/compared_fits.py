"""Held-out scores of several kept fits, unit by unit, their paired differences, and which of them is best."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.analysis.analysis import Analysis, Model
from glmengine.analysis.difference import differences
from glmengine.analysis.wording import share_text
from glmengine.context import SILENT, Context, Progress
from glmengine.inference.signed_rank import signed_rank, smallest_p
from glmengine.selection.comparison import interval
from glmengine.sentences import as_shown, listed, numbered, percent

if TYPE_CHECKING:
    from glmengine.results.kept_fits import KeptFit
    from glmengine.results.result import Result

_QUOTED = re.compile(r"'[^']*'")
_SCORE = "deviance_explained_heldout"
_MOST_OTHER_BINS = 0.01
"""Share of the held-out bins that two fits may differ in, as terms with a past lose the first bins, and be compared with a caution."""
LEVEL = 0.05
"""At which a difference is called significant."""
_LIMITED = 0.01
"""Least possible p from which on it is said, as it limits what the test can find."""


@dataclass(frozen=True)
class PairedDifference:
    """Held-out deviance explained of one fit less that of the first, over the units that both scored; of a single unit, over its folds.

    Attributes
    ----------
    name, other : str
        Names of the fit and of the first.
    obstacle : str
        Why the scores cannot be compared, in words; empty where they can.
    caution : str
        What to keep in mind where they can.
    n_units, n_better, n_worse : int
        Units (or folds) that both scored, and those of them in which the fit is above and below the first.
    mean, low, high : float
        Mean difference over them and its 95 % interval from Student's t, over folds widened as of
        `glmengine.selection.comparison.interval`; NaN for fewer than one and two units.
    p : float
        Two-sided signed-rank test over them, which takes them for independent.
    over : str
        What they are: ``unit`` or ``fold``.
    """

    name: str
    other: str
    obstacle: str = ""
    caution: str = ""
    n_units: int = 0
    n_better: int = 0
    n_worse: int = 0
    mean: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    over: str = "unit"

    @property
    def sentence(self) -> str:
        """All of it in words, the better of the two first."""
        if self.obstacle:
            return f"'{self.name}' cannot be compared with '{self.other}': {self.obstacle}."
        if not (self.n_better or self.n_worse):
            return f"'{self.name}' and '{self.other}' score the same in {numbered(self.n_units, self.over)}.{self._more}"
        if self.mean < 0:
            better, other, count, low, high = self.other, self.name, self.n_worse, -self.high, -self.low
        else:
            better, other, count, low, high = self.name, self.other, self.n_better, self.low, self.high
        gain = f"'{better}' is better than '{other}' in {count} of {numbered(self.n_units, self.over)}"
        gain += f"; mean difference {share_text(abs(self.mean))}"
        if self.n_units < 2:
            return f"{gain}; a test needs 2 {self.over}s or more.{self._more}"
        p = f"p = {self.p:.3g}" if self.p >= 1e-4 else "p < 0.0001"
        least = self.least_p
        limit = (
            f" ({numbered(self.n_better + self.n_worse, self.over)} cannot give less than {least:#.3g})"
            if least >= _LIMITED
            else ""
        )
        wide = " (widened, as folds share training data)" if self.over == "fold" else ""
        return f"{gain}, 95 % interval {share_text(low)} to {share_text(high)}{wide}; signed rank, two-sided: {p}{limit}.{self._more}"

    @property
    def least_p(self) -> float:
        """The least two-sided p of a signed-rank test with as many differences other than 0: 2/2^n, 1 at most."""
        return min(1.0, 2.0 * float(smallest_p(self.n_better + self.n_worse)))

    @property
    def _more(self) -> str:
        return f" {self.caution}." if self.caution else ""


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
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    scores: np.ndarray
    differences: tuple[PairedDifference, ...]
    from_best: tuple[PairedDifference, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Which fit is best, how it differs from each of the others, which cannot be compared, and what the numbers are of."""
        said = [self._verdict, *(one.sentence for one in self.from_best)]
        said += [one.sentence for one in self.differences if one.obstacle]
        said += [self._what_to_report]
        return tuple(_QUOTED.sub(lambda name: as_shown(name[0]), sentence) for sentence in (*said, self._reason) if sentence)

    @property
    def _verdict(self) -> str:
        if not self.from_best:
            return ""
        best, median = self.from_best[0].name, float(np.nanmax(self.medians))
        n = int(np.isfinite(self.scores[self.comparable]).all(axis=0).sum())
        of = f", median over {numbered(n, 'unit')}" if n > 1 else ""
        said = f"Best: '{best}', held-out deviance explained {share_text(median)}{of}."
        alike = [f"'{one.other}'" for one in self.from_best if not one.obstacle and not one.low > 0]
        if not alike:
            others = f"'{self.from_best[0].other}'" if len(self.from_best) == 1 else "each of the others"
            return f"{said} It is better than {others}: the 95 % interval of the difference is above 0."
        return f"{said} It is not told apart from {listed(alike)}: no 95 % interval of the difference lies above 0."

    @property
    def _what_to_report(self) -> str:
        """What may be written where the test over folds can never be significant, as there are so few."""
        short = [one for one in self.from_best if not one.obstacle and one.over == "fold" and one.least_p >= LEVEL]
        if not short:
            return ""
        least = short[0].least_p
        return (
            f"Report the 95 % interval over folds: the signed-rank p can never be below {least:#.3g} with {numbered(short[0].n_better + short[0].n_worse, 'fold')}, "
            "however clear the difference; more folds, as of blocks interleaved over the session, are the remedy where a p is wanted."
        )

    @property
    def _reason(self) -> str:
        """Why a mean difference need not be that of the scores shown."""
        if any(one.over == "fold" and not one.obstacle for one in self.from_best):
            return (
                "Differences are means over folds; the scores shown are of all held-out time together, in which a fold with more deviance "
                "counts more. The two need not agree."
            )
        many = any(one.n_units > 1 for one in self.from_best)
        return "Differences are means over units, the bars medians. The two need not agree." if many else ""

    @property
    def comparable(self) -> np.ndarray:
        """(F,) whether the scores of a fit can be seen beside those of the first."""
        return np.array([True, *(not one.obstacle for one in self.differences)][: len(self.names)], bool)

    @property
    def best(self) -> np.ndarray:
        """(U,) number of the fit with the highest score among the comparable; -1 where fewer than two have one."""
        scores = np.where(self.comparable[:, None] & np.isfinite(self.scores), self.scores, -np.inf)
        contested = np.isfinite(scores).sum(axis=0) > 1
        return np.where(contested, scores.argmax(axis=0), -1) if len(self.names) else np.zeros(0, int)

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

    @classmethod
    def of(cls, fit: KeptFit, result: Result) -> _Scored:
        units = [str(unit) for unit in result.scores["unit"].values]
        held_out = result.scores[_SCORE].values if _SCORE in result.scores else np.full(len(units), np.nan)
        folds = result.fold_scores
        known = [] if folds is None else folds["unit"].values
        bins, by_fold = (
            {str(unit): np.asarray(folds[name].sel(unit=unit).values, np.float64) for unit in known}
            for name in ("bins", "deviance_explained")
        )
        return cls(fit, dict(zip(units, map(float, held_out), strict=True)), bins, by_fold)

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
    )
    medians = compared.medians
    rivals = np.flatnonzero(np.isfinite(medians))
    if len(rivals) < 2:
        return compared
    best = int(rivals[medians[rivals].argmax()])
    return replace(compared, from_best=tuple(_difference(scored[at], scored[best]) for at in rivals if at != best))


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
            return paired_difference(*names, ours - theirs, caution, "fold")
    return paired_difference(*names, gains, caution)


def paired_difference(name: str, other: str, gains: np.ndarray, caution: str = "", over: str = "unit") -> PairedDifference:
    """What gains over units, or over what else `over` says, tell; those that are NaN are left out."""
    gains = gains[np.isfinite(gains)]
    if not gains.size:
        return PairedDifference(name, other, f"no {over} has a score under both")
    mean, low, high = (float(value[0]) for value in interval(gains[None], overlapping=over == "fold"))
    p = min(1.0, 2.0 * float(min(signed_rank(gains), signed_rank(-gains))))
    better, worse = int((gains > 0).sum()), int((gains < 0).sum())
    return PairedDifference(name, other, "", caution, gains.size, better, worse, mean, low, high, p, over)


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
