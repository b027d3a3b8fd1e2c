"""Difference between the held-out scores of two fits, over units or over the folds of one unit, with one test and its interval."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from glmengine.analysis.wording import share_text
from glmengine.inference.signed_rank import shift_interval, signed_rank, smallest_p
from glmengine.selection.comparison import weighted_interval
from glmengine.sentences import listed, numbered

LEVEL = 0.05
"""At which a difference is decided."""
_LIMITED = 0.01
"""Least possible p from which on it is said, as it limits what the test can find."""


@dataclass(frozen=True)
class PairedDifference:
    """Held-out deviance explained of one fit less that of another.

    Over units the estimate, the interval and p are of one test, the signed-rank test. Over the folds of a unit the estimate is the difference of its
    scores, and the interval decides: it knows that folds share training data, which no rank test of folds does.

    Attributes
    ----------
    name, other : str
        Names of the two fits.
    obstacle : str
        Why the scores cannot be compared, in words; empty where they can.
    caution : str
        What to keep in mind where they can.
    n_units, n_better, n_worse : int
        Units (or folds) that both scored, and those of them in which the fit is above and below the other.
    difference, low, high : float
        Over units of Hodges and Lehmann (1963), over folds pooled; and its 95 % interval, NaN for too few.
    p : float
        Two-sided signed-rank test over units; NaN over folds.
    over : str
        What they are: ``unit`` or ``fold``.
    decided : (int, int) or None
        For how many units the fit is better, and worse, beyond the interval over their own folds; None where that is not known.
    """

    name: str
    other: str
    obstacle: str = ""
    caution: str = ""
    n_units: int = 0
    n_better: int = 0
    n_worse: int = 0
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    over: str = "unit"
    decided: tuple[int, int] | None = None

    @property
    def verdict(self) -> int:
        """1 where the fit is better than the other, -1 where it is worse, 0 where the two are not told apart."""
        if self.over == "fold":
            return int(self.low > 0) - int(self.high < 0)
        return int(math.copysign(1, self.difference)) if self.p < LEVEL and self.difference else 0

    @property
    def sentence(self) -> str:
        """All of it in words, the higher of the two first."""
        if self.obstacle:
            return f"'{self.name}' cannot be compared with '{self.other}': {self.obstacle}."
        if not (self.n_better or self.n_worse):
            return f"'{self.name}' and '{self.other}' score the same in {numbered(self.n_units, self.over)}.{self._more}"
        first, second = (self.other, self.name) if self.difference < 0 else (self.name, self.other)
        said = (
            f"'{first}' is better than '{second}':"
            if self.verdict
            else f"'{first}' and '{second}' are not told apart: '{first}' is"
        )
        return f"{said} {self.numbers}.{self._more}"

    @property
    def numbers(self) -> str:
        """The difference without its sign, its interval and the test, in words."""
        turned = self.difference < 0
        low, high = (-self.high, -self.low) if turned else (self.low, self.high)
        count = self.n_worse if turned else self.n_better
        ends = f", 95 % interval {share_text(low)} to {share_text(high)}" if np.isfinite(low) and np.isfinite(high) else ""
        said = f"higher in {count} of {numbered(self.n_units, self.over)}, by {share_text(abs(self.difference))}"
        if self.over == "fold":
            return f"{said}{ends}" if ends else f"{said}; an interval needs 2 folds or more"
        said += f" (Hodges-Lehmann){ends}"
        if self.n_units < 2:
            return f"{said}; a test needs 2 units or more"
        p = f"p = {self.p:.3g}" if self.p >= 1e-4 else "p < 0.0001"
        least, n = self.least_p, self.n_better + self.n_worse
        limit = f" ({numbered(n, 'unit')} cannot give less than {least:#.3g})" if least >= _LIMITED else ""
        return f"{said}; signed rank, two-sided: {p}{limit}"

    @property
    def least_p(self) -> float:
        """The least two-sided p of a signed-rank test with as many differences other than 0: 2/2^n, 1 at most."""
        return min(1.0, 2.0 * float(smallest_p(self.n_better + self.n_worse)))

    @property
    def _more(self) -> str:
        return self._unit_by_unit + (f" {self.caution}." if self.caution else "")

    @property
    def _unit_by_unit(self) -> str:
        if self.decided is None or self.over != "unit" or self.n_units < 2:
            return ""
        counts = [
            f"'{name}' is better in {count}" for name, count in zip((self.name, self.other), self.decided, strict=True) if count
        ]
        rest = self.n_units - sum(self.decided)
        said = [*counts, f"{rest} are undecided" if counts and rest else "none is decided" if rest else ""]
        return f" Unit by unit, from the 95 % intervals over folds: {listed(one for one in said if one)}."


def difference_over_units(name: str, other: str, gains: np.ndarray, caution: str = "") -> PairedDifference:
    """What the gains of units tell; those that are NaN are left out."""
    gains = gains[np.isfinite(gains)]
    if not gains.size:
        return PairedDifference(name, other, "no unit has a score under both")
    p = min(1.0, 2.0 * float(min(signed_rank(gains), signed_rank(-gains))))
    better, worse = int((gains > 0).sum()), int((gains < 0).sum())
    return PairedDifference(name, other, "", caution, gains.size, better, worse, *shift_interval(gains), p)


def difference_over_folds(name: str, other: str, gains: np.ndarray, weights: np.ndarray, caution: str = "") -> PairedDifference:
    """What the gains of one unit in its folds tell, each counting as its weight does; those that are NaN are left out."""
    known = np.isfinite(gains)
    difference, low, high = (float(value) for value in weighted_interval(gains, weights))
    better, worse = int((gains[known] > 0).sum()), int((gains[known] < 0).sum())
    return PairedDifference(name, other, "", caution, int(known.sum()), better, worse, difference, low, high, over="fold")
