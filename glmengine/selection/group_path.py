"""A group lasso over terms: which come in as the penalty weakens, and how many held-out time bears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.context import SILENT, Context, Stopped
from glmengine.errors import GlmError
from glmengine.fitting.batch import column_scales
from glmengine.fitting.cross_validation import cross_validate
from glmengine.fitting.inputs import read_inputs
from glmengine.fitting.path import fit_path
from glmengine.inference.signed_rank import signed_rank
from glmengine.models import GroupLasso
from glmengine.selection.nested_models import NestedModels
from glmengine.selection.search import STOPPED, Search, able_units
from glmengine.sentences import numbered

if TYPE_CHECKING:
    import xarray as xr

N_STRENGTHS = 25
WEAKEST = 1e-3
"""Share of the strength at which the first term comes in, of the unit for which that is least, at which the path ends."""


@dataclass(frozen=True, eq=False)
class GroupPath:
    """The path, and what it chose.

    Attributes
    ----------
    path : Dataset (unit, strength, term) and (unit, strength)
        ``norm`` of the standardised coefficients of each term; mean held-out ``log_likelihood`` per bin and its standard error over folds;
        the ``chosen_strength`` of each unit. None where the caller wanted to stop before it was done.
    search : Search
    """

    path: xr.Dataset | None
    search: Search


def group_path(nested: NestedModels, level: float, *, context: Context = SILENT) -> GroupPath:
    """Fit the path and cross-validate it; the terms that are there at the strongest penalty within one standard error of the best are chosen.

    The penalty acts on standardised columns; terms that are always in are not penalised.

    Raises
    ------
    GlmError
        For families of classes.
    """
    ground = nested.ground
    K, M = len(ground.candidates), len(ground.units)
    if ground.family.by_class:
        raise GlmError("a group path of classes is not followed; choose forward selection", field="selection.method")
    search = Search([frozenset()] * M)
    groups = [np.flatnonzero(ground.columns(frozenset([k])) & ~ground.columns(frozenset())) for k in range(K)]
    design, counts = ground.prepared.design, ground.prepared.counts
    strengths = _strengths(nested, groups)
    mask = ground.columns(ground.everything)[:, None] & ground.own
    common = {
        "family": ground.family,
        "link": ground.link,
        "penalty": GroupLasso(groups=groups, standardised=True),
        "strengths": strengths,
        "mask": mask,
        "unit_names": ground.units,
        "platform": ground.platform,
        "memory": ground.memory,
    }
    stage = f"Group path: {numbered(M, 'unit')}"
    scored = cross_validate(design, counts, **common, folds=ground.split.fold, context=context.part(0.0, 0.75, stage))
    if context.stopping:
        search.notes.append(STOPPED)
        return GroupPath(None, search)
    fitted = fit_path(design, counts, **common, context=context.part(0.75, 0.95, stage))
    scales = _scales(nested)
    norms = np.stack([np.linalg.norm(fitted.coef[:, group] * scales[group, None], axis=1) for group in groups], axis=-1)
    norms = np.moveaxis(norms, 1, 0)
    order = np.argsort(-strengths)
    scores = np.asarray(scored.scores.values, np.float64)
    try:
        base = nested.held_out(frozenset(), range(M), context.part(0.95, 1.0))
    except Stopped:
        search.notes.append(STOPPED)
        return GroupPath(None, search)
    with np.errstate(invalid="ignore"):
        n = np.maximum(np.isfinite(scores).sum(axis=0), 1)
        mean = np.where(np.isfinite(scores), scores, 0.0).sum(axis=0) / n
        spread = np.where(np.isfinite(scores), (scores - mean) ** 2, 0.0).sum(axis=0)
        error = np.sqrt(spread / np.maximum(n - 1, 1) / n)
    labels = np.asarray(scored.scores["fold"].values, int)
    chosen = np.full(M, np.nan)
    for unit in able_units(nested, base, level, search).tolist():
        best = int(np.argmax(mean[:, unit]))
        within = [s for s in order if mean[s, unit] >= mean[best, unit] - error[best, unit]]
        s = int(within[0])
        model = frozenset(np.flatnonzero(norms[unit, s] > 0).tolist())
        chosen[unit] = strengths[s]
        gained = scores[:, s, unit] - base[unit].per_bin[labels]
        p = float(signed_rank(gained))
        if model and p < level:
            search.models[unit] = model
            first = {k: int(np.argmax(norms[unit, order, k] > 0)) for k in model}
            search.order |= {(unit, k): sorted(first.values()).index(first[k]) + 1 for k in model}
    return GroupPath(_dataset(nested, strengths, norms, mean, error, chosen), search)


def _strengths(nested: NestedModels, groups: list[np.ndarray]) -> np.ndarray:
    """(S,) falling: from where no term of any unit is in, to far below where the first of each unit comes in."""
    ground = nested.ground
    scales = _scales(nested)
    first = np.zeros(len(ground.units))
    counts = ground.prepared.counts
    known = np.isfinite(counts) if counts.dtype.kind == "f" else np.ones(counts.shape, bool)
    known &= ground.prepared.design.valid[:, None]
    total = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, counts, 0.0).sum(axis=0) / total
    spread = np.sqrt(np.where(known, (counts - mean) ** 2, 0.0).sum(axis=0) / total)
    slope = _slopes(nested, mean)
    covariance = ground.prepared.design.tmatvec(np.where(known, counts - mean, 0.0)) / total
    for group in groups:
        size = np.linalg.norm(
            covariance[group] * ground.own[group] / np.where(scales[group] > 0, scales[group], 1.0)[:, None], axis=0
        )
        first = np.maximum(first, size * slope / np.sqrt(group.size))
    there = first[(first > 0) & (spread > 0)]
    if not there.size:
        return np.geomspace(1.0, WEAKEST, N_STRENGTHS)
    return np.geomspace(there.max(), there.min() * WEAKEST, N_STRENGTHS)


def _slopes(nested: NestedModels, mean: np.ndarray) -> np.ndarray:
    """(M,) how much the loss at the mean rate falls with the linear predictor per count above the mean."""
    ground = nested.ground
    eta = np.asarray(ground.link.eta(np.where(mean > 0, mean, 1.0) if not ground.family.any_sign else mean), np.float64)
    mu = np.asarray(ground.link.mean(eta), np.float64)
    step = 1e-5
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = (np.asarray(ground.link.mean(eta + step)) - np.asarray(ground.link.mean(eta - step))) / (2 * step)
        slope = ground.family.loss_factor * rate / np.asarray(ground.family.variance(mu, np.ones_like(mu)))
    return np.where(np.isfinite(slope), slope, 0.0)


def _scales(nested: NestedModels) -> np.ndarray:
    """(P,) standard deviations of the columns."""
    ground = nested.ground
    return column_scales(read_inputs(ground.prepared.design, ground.prepared.counts, ground.family))


def _dataset(
    nested: NestedModels, strengths: np.ndarray, norms: np.ndarray, mean: np.ndarray, error: np.ndarray, chosen: np.ndarray
) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(
        {
            "norm": (
                ("unit", "strength", "term"),
                norms,
                {"long_name": "norm of the term's coefficients of standardised columns"},
            ),
            "log_likelihood": (
                ("unit", "strength"),
                mean.T,
                {"units": "nats/bin", "long_name": "mean held-out log-likelihood per bin"},
            ),
            "log_likelihood_error": (
                ("unit", "strength"),
                error.T,
                {"units": "nats/bin", "long_name": "its standard error over folds"},
            ),
            "chosen_strength": (
                "unit",
                chosen,
                {"long_name": "the strongest penalty within one standard error of the best"},
            ),
        },
        {"unit": list(nested.ground.units), "strength": strengths, "term": list(nested.ground.names)},
    )
