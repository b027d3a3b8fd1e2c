"""A sentence on the folds that do not count for some units of a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.selection.nested_models import Ground


def uncounted_folds(models: xr.Dataset, ground: Ground) -> list[str]:
    """Which folds of which units have no score and why, in one sentence for all units; none where every fold counts.

    Parameters
    ----------
    models : Dataset (model, unit, fold)
        Scores of the models that were compared.
    ground : Ground
    """
    if not models.sizes["model"]:
        return []
    scores = models["log_likelihood"].isel(model=0).transpose("unit", "fold").values
    there = np.nansum(np.where(ground.prepared.design.valid[:, None], ground.prepared.counts, np.nan), axis=0) != 0
    units: dict[tuple[str, ...], list[str]] = {}
    for unit, lost in enumerate(~np.isfinite(scores)):
        if lost.any() and there[unit]:
            units.setdefault(tuple(str(name) for name in models["fold"].values[lost]), []).append(ground.units[unit])
    if not units:
        return []
    family = ground.family
    what = "spikes" if family.of_spikes else "all of its classes" if family.by_class else "variation"
    each = [f"fold{'s' if len(folds) > 1 else ''} {listed(folds, 8)} of {listed(named, 8)}" for folds, named in units.items()]
    return [f"No held-out score, for want of {what} in the fold or in the rest of the time: {'; '.join(each)}."]
