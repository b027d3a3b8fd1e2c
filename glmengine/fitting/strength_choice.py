"""The choice of a strength from the scores of a cross-validation: the best, or the largest within one standard error; per unit or for all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.errors import GlmError

TIE = 1e-12
"""Mean scores this close are equal; the stronger penalty is taken."""

RULES = ("best", "one_standard_error")


@dataclass(frozen=True)
class StrengthChoice:
    """How a strength is chosen.

    Attributes
    ----------
    rule : str
        ``"best"``: the highest mean score over folds. ``"one_standard_error"``: the largest strength whose mean score is at most one standard
        error below that; the standard error over the folds at the best strength, their standard deviation (n - 1) over the root of their
        number (Breiman et al. 1984; Hastie, Tibshirani & Friedman 2009, section 7.10; ``lambda.1se`` of glmnet).
    one_for_all : bool
        One strength for all units, by the mean of their scores, in place of one for each.
    """

    rule: str = "best"
    one_for_all: bool = False

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise GlmError(
                f"rule: there is no choice of strength {self.rule!r}; choose {' or '.join(RULES)}", field="model.strength_rule"
            )

    def of(self, scores: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        """(M,) number of the strength chosen of S strengths by scores (F, S, M); -1 for units without a score."""
        if not self.one_for_all:
            return self._of_each(scores, strengths)
        found = self._of_each(over_units(scores)[:, :, None], strengths)[0]
        return np.where(np.isfinite(mean_scores(scores)).any(axis=0), found, -1)

    def best(self, scores: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        """(M,) the same by the best score, whatever the rule: where a grid has its summit."""
        return StrengthChoice("best", self.one_for_all).of(scores, strengths)

    def _of_each(self, scores: np.ndarray, strengths: np.ndarray) -> np.ndarray:
        mean = mean_scores(scores)
        best = _largest_within(mean, strengths, np.full(mean.shape[1], TIE))
        if self.rule == "best":
            return best
        return _largest_within(mean, strengths, np.maximum(TIE, _standard_errors(scores, best)))


BEST_OF_EACH = StrengthChoice()


def mean_scores(scores: np.ndarray) -> np.ndarray:
    """(S, M) means over the folds of scores (F, S, M); NaN at strengths that were tried on fewer folds than others."""
    usable = np.isfinite(scores)
    counts = usable.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(counts == counts.max(axis=0), np.where(usable, scores, 0.0).sum(axis=0) / counts, np.nan)


def over_units(scores: np.ndarray) -> np.ndarray:
    """(F, S) means of scores (F, S, M) over the units that have one in the fold; NaN at strengths that fewer of them have than others."""
    usable = np.isfinite(scores)
    counts = usable.sum(axis=2)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = counts == counts.max(axis=1, keepdims=True)
        return np.where(whole, np.where(usable, scores, 0.0).sum(axis=2) / counts, np.nan)


def _largest_within(mean: np.ndarray, strengths: np.ndarray, slack: np.ndarray) -> np.ndarray:
    """(M,) number of the largest strength whose mean score (S, M) is at most `slack` (M,) below the highest; -1 where there is none."""
    chosen = np.full(mean.shape[1], -1)
    for unit, column in enumerate(mean.T):
        if np.isfinite(column).any():
            near = np.flatnonzero(column >= np.nanmax(column) - slack[unit])
            chosen[unit] = near[np.argmax(strengths[near])]
    return chosen


def _standard_errors(scores: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(M,) standard error over folds of the mean of scores (F, S, M) at strengths number `at`; 0 where there is one fold or none."""
    chosen = scores[:, np.maximum(at, 0), np.arange(at.size)]
    usable = np.isfinite(chosen)
    n = usable.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centre = np.where(usable, chosen, 0.0).sum(axis=0) / n
        spread = np.where(usable, (chosen - centre) ** 2, 0.0).sum(axis=0) / (n - 1)
        return np.where(n > 1, np.sqrt(spread / n), 0.0)
