"""Scores of models per unit and fold, against the training mean and against another model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.selection.held_out import HeldOut, held_out_of
from glmengine.selection.predictions import Detail, details

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.design.splits import Split
    from glmengine.fitting.cross_validation import CrossValidation
    from glmengine.models import Family
    from glmengine.models.links import Link

SCORES: dict[str, tuple[str, str]] = {
    "log_likelihood": ("nats/bin", "held-out log-likelihood per bin"),
    "bits_per_spike": ("bits/spike", "held-out log-likelihood gained over the training mean, per spike"),
    "deviance_explained": ("", "deviance explained: 1 - deviance / deviance of the training mean"),
    "mcfadden": ("", "McFadden's pseudo-R2: 1 - log-likelihood / log-likelihood of the training mean"),
    "cohen": (
        "",
        "Cohen's pseudo-R2: share of the log-likelihood between the training mean and a perfect fit, equal to the deviance explained",
    ),
    "correlation": ("", "correlation of smoothed observed and predicted rates"),
}
"""Unit of measure and meaning of each score."""

SUMS: dict[str, tuple[str, str]] = {
    "bins": ("bins", "held-out bins"),
    "spikes": ("spikes", "held-out spikes"),
    "deviance": ("", "held-out deviance"),
    "null_deviance": ("", "held-out deviance of the training mean"),
    "null_log_likelihood": ("nats/bin", "held-out log-likelihood per bin of the training mean"),
    "strength": ("", "penalty strength, chosen on the other folds"),
}
"""The same of what scores are made of."""


def fold_scores(
    found: Sequence[Sequence[HeldOut | None]],
    seen: Sequence[Sequence[Detail | None]],
    *,
    models: Sequence[str],
    units: Sequence[str],
    folds: Sequence[str],
    of_spikes: bool,
) -> xr.Dataset:
    """Scores (model, unit, fold) of models, and what they are made of.

    Parameters
    ----------
    found, seen : sequences (model) of sequences (unit)
        None for what was not fitted, which is NaN.
    """
    import xarray as xr

    F = len(folds)
    empty = np.full(F, np.nan)

    def table(of: Callable[[HeldOut], np.ndarray]) -> np.ndarray:
        rows = [[empty if one is None else of(one) for one in row] for row in found]
        return np.array(rows, np.float64).reshape(len(models), len(units), F)

    bins, spikes = table(lambda one: one.weight), table(lambda one: one.spikes)
    total, null = table(lambda one: one.log_likelihood), table(lambda one: one.null_log_likelihood)
    deviance, null_deviance = table(lambda one: one.deviance), table(lambda one: one.null_deviance)
    with np.errstate(invalid="ignore", divide="ignore"):
        explained = 1.0 - deviance / np.where(null_deviance > 0, null_deviance, np.nan)
        values = {
            "log_likelihood": total / bins,
            "bits_per_spike": (total - null)
            / (np.where(spikes > 0, spikes, np.nan) * np.log(2.0))
            * (1.0 if of_spikes else np.nan),
            "deviance_explained": explained,
            "mcfadden": 1.0 - total / null,
            "cohen": explained,
            "correlation": np.array(
                [[empty if one is None else one.correlation for one in row] for row in seen], np.float64
            ).reshape(bins.shape),
            "bins": bins,
            "spikes": spikes,
            "deviance": deviance,
            "null_deviance": null_deviance,
            "null_log_likelihood": null / bins,
            "strength": table(lambda one: one.strength),
        }
    words = {**SCORES, **SUMS}
    dims = ("model", "unit", "fold")
    return xr.Dataset(
        {name: (dims, array, {"units": words[name][0], "long_name": words[name][1]}) for name, array in values.items()},
        {"model": list(models), "unit": list(units), "fold": list(folds)},
    )


@takes_only_its_kinds
def scores_against(scores: xr.Dataset, other: str | xr.Dataset) -> xr.Dataset:
    """The same scores against another model in the place of the training mean.

    Parameters
    ----------
    scores : Dataset (model, unit, fold)
        Of `fold_scores`, or with one model chosen.
    other : str or Dataset (unit, fold)
        The name of one of its models, or the scores of another on the same folds.

    Returns
    -------
    Dataset
        Of the units that both have. ``log_likelihood`` and ``correlation`` as differences; ``bits_per_spike`` gained over the other model; ``deviance_explained``, ``cohen``
        and ``mcfadden`` with the other model in the place of the mean.

    Raises
    ------
    GlmError
        If there is no such model, or its folds are others.
    """
    import xarray as xr

    if isinstance(other, str):
        if "model" not in scores.dims:
            raise GlmError(
                f"scores: there is no choice of models in them, and so none that is called '{other}'; give the scores of several, or other scores"
            )
        if other not in scores["model"].values:
            raise GlmError(
                f"there is no model '{other}' among those that were compared; the models are {list(scores['model'].values)}"
            )
        other = scores.sel(model=other)
    other = other.drop_vars("model", errors="ignore")
    there = set(other["unit"].values.tolist())
    shared = [unit for unit in scores["unit"].values.tolist() if unit in there]
    if not shared:
        raise GlmError("the other model was scored on other units; compare models of the same ones")
    scores, other = scores.sel(unit=shared), other.sel(unit=shared)
    same = scores["fold"].values.tolist() == other["fold"].values.tolist()
    if not same or not np.allclose(other["bins"], scores["bins"], equal_nan=True):
        raise GlmError("the other model was scored on other folds; compare models on one split")
    gained = scores["log_likelihood"] - other["log_likelihood"]
    spikes = scores["spikes"].where(scores["spikes"] > 0)
    explained = 1.0 - scores["deviance"] / other["deviance"].where(other["deviance"] > 0)
    values = {
        "log_likelihood": gained,
        "bits_per_spike": gained * scores["bins"] / (spikes * np.log(2.0)) + 0.0 * scores["bits_per_spike"],
        "deviance_explained": explained,
        "mcfadden": 1.0 - scores["log_likelihood"] / other["log_likelihood"],
        "cohen": explained,
        "correlation": scores["correlation"] - other["correlation"],
    }
    return xr.Dataset(
        {
            name: array.assign_attrs(units=SCORES[name][0], long_name=f"{SCORES[name][1]}, against another model")
            for name, array in values.items()
        }
    )


def scores_of(
    cross_validation: CrossValidation,
    prepared: Prepared,
    split: Split,
    family: Family,
    link: Link,
    *,
    smoothing: float,
    context: Context = SILENT,
) -> xr.Dataset:
    """Scores (unit, fold) of a cross-validation, each unit at its best strength.

    Without the coefficients of its fits there is no correlation of rates.
    """
    strengths = np.asarray(cross_validation.scores["strength"].values, np.float64)
    n_there, columns = cross_validation.scores.sizes["fold"], np.arange(prepared.design.n_columns)
    found = []
    for unit, strength in enumerate(np.asarray(cross_validation.best_strength, np.float64)):
        best = int(np.argmin(np.abs(strengths - (strength if np.isfinite(strength) else strengths.max()))))
        found.append(held_out_of(cross_validation, unit, np.full(n_there, best), best, len(split.names), columns))
    seen = details(prepared, split, family, link, list(enumerate(found)), smoothing=smoothing, n_parts=1, context=context)
    return fold_scores([found], [seen], models=["fit"], units=prepared.units, folds=split.names, of_spikes=family.of_spikes).isel(
        model=0, drop=True
    )
