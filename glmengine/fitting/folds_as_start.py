"""Where the last fit of a cross-validated model begins: at the mean of its folds, which is as near to the optimum as they are to each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.models import Penalty, get_family

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Model
    from glmengine.fitting.fit_result import Fit
    from glmengine.fitting.held_out_scores import CrossValidation


def ends_in_one_place(model: Model, penalty: Penalty) -> bool:
    """Whether the last fit has the same optimum wherever it begins, so that it may begin with the folds."""
    family = get_family(model.family)
    if family.by_class or family.estimates_dispersion or model.finds_strengths:
        return False
    return family.is_convex(family.link(model.link or None)) and penalty.is_smooth


def mean_of_folds(cross_validation: CrossValidation, *, ended: bool) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients (P, M) and intercepts (M,) of all folds in the mean, each unit at its best strength; None where they are not kept.

    Of units some fold of which has not come to its end only where it need not have `ended`.
    """
    if cross_validation.coefs is None or cross_validation.intercepts is None:
        return None
    strengths = np.asarray(cross_validation.scores["strength"].values, np.float64)
    best = np.asarray(cross_validation.best_strength, np.float64)
    at = np.argmin(np.abs(strengths[:, None] - np.where(np.isfinite(best), best, strengths.max())), axis=0)
    every = np.arange(best.size)
    coef = np.asarray(cross_validation.coefs.values)[:, at, every]
    intercept = np.asarray(cross_validation.intercepts.values)[:, at, every]
    known = np.isfinite(intercept) & np.isfinite(coef).all(axis=2)
    if ended:
        known &= (np.asarray(cross_validation.converged.values)[:, at, every] | ~known).all(axis=0)
    n = np.maximum(known.sum(axis=0), 1)
    return (
        (np.where(known[:, :, None], coef, 0.0).sum(axis=0) / n[:, None]).T,
        # a unit without a fold begins at its mean rate
        np.where(known.any(axis=0), np.where(known, intercept, 0.0).sum(axis=0) / n, np.nan),
    )


def begun_where_ended(begin: tuple[np.ndarray, np.ndarray] | None, ended: Fit | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients (P, M) and intercepts (M,) to `begin` with, and in their place those of units that an earlier fit brought to the optimum."""
    if ended is None or begin is None:
        return begin
    done = ended.converged & np.isfinite(ended.intercept)
    return np.where(done, ended.coef, begin[0]), np.where(done, ended.intercept, begin[1])


def came_further(one: Fit, other: Fit) -> bool:
    """Whether a fit has more units at the optimum than another of the same question, or else a lower objective; what was not come to has none."""
    (ours, at_ours), (theirs, at_theirs) = ((fit.objective, int(np.sum(fit.converged))) for fit in (one, other))
    if at_ours != at_theirs:
        return at_ours > at_theirs
    known, known_there = np.isfinite(ours), np.isfinite(theirs)
    if known.sum() != known_there.sum():
        return bool(known.sum() > known_there.sum())
    both = known & known_there
    return bool(ours[both].sum() < theirs[both].sum())
