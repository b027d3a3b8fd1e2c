"""Receptive fields as functions of channel and lag, with 95 % bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.design.blocks.receptive_field import extent
from glmengine.recording.observed import SPIKES, Words
from glmengine.results.posterior import Z95, Posterior

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.terms import ReceptiveFieldTerm
    from glmengine.design.prepare import Prepared


def field_filters(term: ReceptiveFieldTerm, prepared: Prepared, posterior: Posterior, words: Words = SPIKES) -> xr.Dataset:
    """The field of each unit.

    Returns
    -------
    Dataset (unit, channel, lag_s)
        ``filter``, ``low``, ``high``: what one unit of the stimulus in one channel adds to the linear predictor that much later.
        The attribute ``shape`` is the extent of the channels in space (rows, columns).
    """
    import xarray as xr

    covariate = prepared.recording.covariates[term.variable]
    lags, kernel = term.basis.kernel(prepared.grid.bin_size)
    channels = covariate.components
    places = np.arange(prepared.design.n_columns)[prepared.design.slices[term.label]]
    n, units = kernel.shape[1], len(prepared.units)
    projection = np.array(term.projection, np.float64).T if term.projection else None  # (C, k)
    middle, spread = (np.full((units, len(channels), len(lags)), np.nan) for _ in range(2))
    for unit, name in enumerate(prepared.units):
        if projection is None:
            weights = posterior.coef[places, unit].reshape(len(channels), n)
            middle[unit] = weights @ kernel.T
            for channel in range(len(channels)):
                own = places[channel * n : (channel + 1) * n]
                spread[unit, channel] = _spread(kernel, posterior.block(unit, own))
            continue
        seen = [term.projected.index(name)] if term.space == "sta" and name in term.projected else range(len(term.projected))
        if term.space == "sta" and name not in term.projected:
            continue
        through = projection[:, list(seen)]  # (C, s)
        own = np.concatenate([places[k * n : (k + 1) * n] for k in seen])
        covariance = posterior.block(unit, own)
        middle[unit] = through @ posterior.coef[own, unit].reshape(-1, n) @ kernel.T
        for channel in range(len(channels)):
            spread[unit, channel] = _spread(np.kron(through[channel], kernel), covariance)
    attrs = {"unit": f"{words.predictor} per {covariate.unit or 'unit of ' + term.variable} and bin", "long_name": "filter"}
    arrays = {"filter": middle, "low": middle - spread, "high": middle + spread}
    coords: dict[str, Any] = {
        "unit": list(prepared.units),
        "channel": list(channels),
        "lag_s": (
            "lag_s",
            np.asarray(lags, np.float64) * prepared.grid.bin_size,
            {"unit": "s", "long_name": f"time after {term.variable}"},
        ),
    }
    shape = extent(covariate)
    return xr.Dataset(
        {name: (("unit", "channel", "lag_s"), values, attrs) for name, values in arrays.items()},
        coords,
        {"term": term.label, "shape": np.array(shape, np.int64)},
    )


def _spread(shape: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    """Half widths (L,) of the bands of `shape` (L, p) times coefficients with this covariance."""
    return Z95 * np.sqrt(np.maximum(np.einsum("lp,pq,lq->l", shape, covariance, shape, optimize=True), 0.0))
