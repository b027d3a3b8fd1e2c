"""Comparison of models on one split: scores, paired differences with intervals, likelihood ratios and AIC."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Stopped, parts_by_work
from glmengine.inference.signed_rank import signed_rank
from glmengine.inference.tests import ratio_test
from glmengine.selection.fold_scores import fold_scores
from glmengine.selection.held_out import HeldOut
from glmengine.selection.nested_models import Ground, Model, NestedModels
from glmengine.selection.predictions import Detail, details
from glmengine.selection.whole_fits import WholeFits
from glmengine.selection.work_ahead import BIN_BY_BIN, WHOLE_FIT, unit_work

if TYPE_CHECKING:
    import xarray as xr

LEVEL = 0.95
"""Of the intervals."""

SUMMARY: dict[str, tuple[str, str]] = {
    "log_likelihood": ("nats/bin", "held-out log-likelihood per bin, over all folds"),
    "deviance_explained": ("", "held-out deviance explained, pooled over folds"),
    "bits_per_spike": ("bits/spike", "held-out gain over the training mean, pooled over folds"),
    "strength": ("", "penalty strength that is best on all folds"),
    "fit_log_likelihood": ("", "log-likelihood of all bins"),
    "edf": ("", "effective degrees of freedom"),
    "aic": ("", "Akaike's information criterion, with the effective degrees of freedom"),
    "bic": ("", "Bayesian information criterion, with the effective degrees of freedom"),
    "converged": ("", "whether the optimum was reached on all bins and without each fold"),
}

DIFFERENCES: dict[str, tuple[str, str]] = {
    "gain": ("nats/bin", "held-out log-likelihood per bin of the model less that of the other, mean over folds"),
    "low": ("nats/bin", "lower end of the 95 % interval of the gain, over folds, widened as they share training data"),
    "high": ("nats/bin", "upper end of the 95 % interval of the gain, over folds, widened as they share training data"),
    "gain_parts": ("nats/bin", "the same gain, mean over blocks of held-out time"),
    "low_parts": (
        "nats/bin",
        "lower end of the 95 % interval of the gain, over blocks of held-out time, widened as their fits share training data",
    ),
    "high_parts": (
        "nats/bin",
        "upper end of the 95 % interval of the gain, over blocks of held-out time, widened as their fits share training data",
    ),
    "p": ("", "one-sided signed-rank test over folds: p that the model is no better than the other"),
    "d_aic": ("", "AIC of the model less that of the other: below 0 the model is better"),
    "lr": ("", "likelihood ratio, where the other is nested in the model (F where the scale is estimated)"),
    "lr_df": ("", "effective degrees of freedom that the model has more"),
    "lr_p": ("", "p of the likelihood ratio, which takes bins for independent"),
}


@dataclass(frozen=True, eq=False)
class Comparison:
    """Models side by side.

    Attributes
    ----------
    scores : Dataset (model, unit, fold)
        See `glmengine.selection.fold_scores`.
    summary : Dataset (model, unit)
        Pooled scores, and what fits on all bins say.
    differences : Dataset (model, other, unit)
        Paired over folds and over blocks of time; likelihood ratios of nested models.
    """

    scores: xr.Dataset
    summary: xr.Dataset
    differences: xr.Dataset


def compare(
    nested: NestedModels,
    models: Mapping[str, Model],
    *,
    n_parts: int,
    context: Context = SILENT,
) -> Comparison:
    """Score models on the folds, and fit them on all bins.

    Parameters
    ----------
    nested : NestedModels
    models : mapping of str to Model
        The first is the one that the others are seen beside.
    n_parts : int
        Blocks of time of each fold; 0 to look at no bin, without correlations of rates and intervals over blocks.
    context : Context, optional
        Where it wants to stop and keep, the models that were come to are compared.
    """
    ground, units = nested.ground, np.arange(len(nested.ground.units))
    found, seen, fits, names = [], [], [], []
    work = comparison_work(nested, models.values(), n_parts)
    shares = parts_by_work(context, [part for of_model in work for part in of_model])
    for number, (name, model) in enumerate(models.items()):
        scored, whole, looked_at = shares[3 * number : 3 * number + 3]
        try:
            row = nested.held_out(model, units, scored)
            best = np.array([row[unit].best for unit in units])
            fitted = nested.whole_fits(model, units, best, whole)
        except Stopped:
            break
        found.append([row[unit] for unit in units])
        seen.append(_seen(ground, row, n_parts, looked_at))
        fits.append(fitted)
        names.append(name)
    scores = fold_scores(
        found, seen, models=names, units=ground.units, folds=nested.fold_names, of_spikes=ground.family.of_spikes
    )
    kept = [models[name] for name in names]
    return Comparison(
        scores,
        _summary(found, fits, names, ground.units, ground.family.of_spikes),
        _differences(found, seen, fits, kept, names, ground),
    )


def comparison_work(
    nested: NestedModels, models: Iterable[Model], n_parts: int, known: Collection[Model] = ()
) -> list[tuple[float, float, float]]:
    """Of the cross-validation of each model, as far as units' are not known (or will be, of the models `known`), of its fit on all bins, and
    of the look at its held-out rates."""
    ground = nested.ground
    units = range(len(ground.units))
    found = []
    for model in models:
        each = unit_work(ground, model)
        unknown = 0 if model in known else sum(not nested.is_known(model, unit) for unit in units)
        found.append((each * unknown, each * len(units) * WHOLE_FIT, each * len(units) * BIN_BY_BIN if n_parts else 0.0))
    return found


def _seen(ground: Ground, row: Mapping[int, HeldOut], n_parts: int, context: Context) -> list[Detail]:
    """What is seen bin by bin of a model of all units."""
    F = len(ground.split.names)
    if not n_parts:
        return [Detail(np.full(F, np.nan), np.zeros(0), np.zeros(0)) for _ in row]
    found = list(row.items())
    return details(
        ground.prepared,
        ground.split,
        ground.family,
        ground.link,
        found,
        smoothing=ground.smoothing,
        n_parts=n_parts,
        context=context,
    )


def _summary(
    found: Sequence[Sequence[HeldOut]], fits: Sequence[WholeFits], names: Sequence[str], units: Sequence[str], of_spikes: bool
) -> xr.Dataset:
    import xarray as xr

    def table(of: Callable[[HeldOut], float]) -> np.ndarray:
        return np.array([[of(one) for one in row] for row in found], np.float64).reshape(len(names), len(units))

    values = {
        "log_likelihood": table(lambda one: one.total),
        "deviance_explained": table(lambda one: one.deviance_explained),
        "bits_per_spike": table(lambda one: one.bits_per_spike(of_spikes)),
        "strength": table(lambda one: one.best),
        "fit_log_likelihood": np.array([one.log_likelihood for one in fits]),
        "edf": np.array([one.edf for one in fits]),
        "aic": np.array([one.aic for one in fits]),
        "bic": np.array([one.bic for one in fits]),
        "converged": table(lambda one: one.converged[one.counts].all()).astype(bool)
        & np.array([one.converged for one in fits], bool).reshape(len(names), len(units)),
    }
    shape = (len(names), len(units))
    return xr.Dataset(
        {name: (("model", "unit"), np.reshape(array, shape), _words(SUMMARY[name])) for name, array in values.items()},
        {"model": list(names), "unit": list(units)},
    )


def _differences(
    found: Sequence[Sequence[HeldOut]],
    seen: Sequence[Sequence[Detail]],
    fits: Sequence[WholeFits],
    models: Sequence[Model],
    names: Sequence[str],
    ground: Ground,
) -> xr.Dataset:
    import xarray as xr

    N, M, free = len(names), len(ground.units), ground.family.free_scale
    values = {name: np.full((N, N, M), np.nan) for name in DIFFERENCES}
    left, right = np.nonzero(~np.eye(N, dtype=bool))
    if left.size:
        folds = np.array([[one.per_bin for one in row] for row in found])
        by_fold = folds[left] - folds[right]  # (pairs, M, F)
        sums = np.array([[one.part_log_likelihood for one in row] for row in seen])
        weights = np.array([[one.part_weight for one in row] for row in seen])
        with np.errstate(invalid="ignore", divide="ignore"):
            by_part = (sums[left] - sums[right]) / weights[left]
        per_fold = max(by_part.shape[-1] // by_fold.shape[-1], 1)
        values["p"][left, right] = signed_rank(np.moveaxis(by_fold, 2, 0))
        values["gain"][left, right], values["low"][left, right], values["high"][left, right] = interval(by_fold, overlapping=True)
        values["gain_parts"][left, right], values["low_parts"][left, right], values["high_parts"][left, right] = interval(
            by_part, overlapping=True, per_fold=per_fold
        )
    for a in range(N):
        for b in range(N):
            if a != b:
                values["d_aic"][a, b] = fits[a].aic - fits[b].aic
            if models[b] < models[a]:
                values["lr"][a, b], values["lr_df"][a, b], values["lr_p"][a, b] = ratio_test(
                    fits[a].worth(free), fits[b].worth(free)
                )
    return xr.Dataset(
        {name: (("model", "other", "unit"), array, _words(DIFFERENCES[name])) for name, array in values.items()},
        {"model": list(names), "other": list(names), "unit": list(ground.units)},
    )


def interval(
    differences: np.ndarray, *, overlapping: bool = False, per_fold: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of paired differences and its interval from Student's t.

    Parameters
    ----------
    differences : (..., N) array
        Of N folds or blocks, NaN for those that do not count.
    overlapping : bool
        The differences come from fits that share training data, as those of folds do: the variance is widened by n_test/n_train
        (Nadeau & Bengio 2003), without which such intervals of small gains hold the mean too seldom.
    per_fold : int
        Of how many blocks the held-out time of one fit is.

    Returns
    -------
    mean, low, high : (...) array
        NaN where fewer than two count, or all are of one fold.
    """
    from scipy.special import stdtrit

    known = np.isfinite(differences)
    n = known.sum(axis=-1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(known, differences, 0.0).sum(axis=-1) / n
        square = np.where(known, (differences - mean[..., None]) ** 2, 0.0).sum(axis=-1) / (n - 1)
        share = 1.0 / n + (1.0 / (n - per_fold) if overlapping else 0.0)
        half = stdtrit(np.maximum(n - 1, 1), 0.5 + 0.5 * LEVEL) * np.sqrt(square * share)
    half = np.where(n > (per_fold if overlapping else 1), half, np.nan)
    return np.where(n > 0, mean, np.nan), mean - half, mean + half


def weighted_interval(differences: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean of differences of folds that count as their weights do, and its interval, widened as folds share training data.

    Parameters
    ----------
    differences : (..., F) array
        Of shares such as the deviance explained, NaN for folds that do not count.
    weights : (..., F) array
        What they are shares of, such as the null deviance: the mean is then the difference of the pooled shares.

    Returns
    -------
    mean, low, high : (...) array
        See `interval`.
    """
    known = np.isfinite(differences)
    weights = np.where(known, weights, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = weights * known.sum(axis=-1, keepdims=True) / weights.sum(axis=-1, keepdims=True)
        pooled = (np.where(known, differences, 0.0) * shares).sum(axis=-1, keepdims=True) / known.sum(axis=-1, keepdims=True)
        # as of a ratio (Cochran 1977): that folds weigh differently is no spread of their differences
        return interval(np.where(known, pooled + (differences - pooled) * shares, np.nan), overlapping=True)


def _words(described: tuple[str, str]) -> dict[str, str]:
    return {"units": described[0], "long_name": described[1]}
