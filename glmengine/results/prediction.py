"""A fitted model on new data: expected rates with bands, and scores, with the features frozen at the fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.measures import refuse_other_measures
from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context, Progress
from glmengine.design.prepare import prepare_again
from glmengine.design.sessions import as_session, with_units
from glmengine.errors import GlmError
from glmengine.models import get_family
from glmengine.results.posterior import Z95, Posterior, row_chunks

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result


def predict(
    result: Result, recording: Recording, epochs: Any = None, *, bands: bool = False, context: Context | None = None
) -> xr.DataArray | xr.Dataset:
    """See `Result.predict`."""
    import xarray as xr

    context = context or SILENT
    if bands and result.covariance is None:
        raise GlmError(
            "bands: this result was saved without its covariance, which would have been too large; predict without bands"
        )
    posterior = Posterior.of(result)
    recording = as_session(recording, result.provenance.get("sessions", ()), result.terms, result.units)
    prepared = prepare_again(
        result.analysis,
        result.terms,
        result.units,
        recording,
        epochs,
        conditions=False,
        counts=False,
        context=context.part(0.0, 0.3),
    )
    design, bin_size = prepared.design, prepared.grid.bin_size
    _same_columns(result, design)
    _same_measures(result, prepared.recording)
    shape = (len(result.units), prepared.grid.n_bins)
    rate, low, high = (np.full(shape, np.nan) for _ in range(3))
    for start, stop in row_chunks(design):
        context.check()
        context.report(Progress("Predicting", 0.3 + 0.7 * start / max(shape[1], 1)))
        features = np.asarray(design.chunk(start, stop))
        eta = _linear(posterior, features)
        rate[:, start:stop] = posterior.link.mean(eta).T / bin_size
        if bands:
            rows = np.column_stack([np.ones(len(features)), features])
            for unit in range(shape[0]):
                spread = Z95 * np.sqrt(posterior.variance(rows, unit))
                ends = posterior.interval(eta[:, unit] - spread, eta[:, unit] + spread)
                low[unit, start:stop], high[unit, start:stop] = ends[0] / bin_size, ends[1] / bin_size
    if prepared.refractory is not None:
        quiet = prepared.refractory.T & design.valid
        rate[quiet] = low[quiet] = high[quiet] = 0.0
    coords = {"unit": list(result.units), "time": ("time", prepared.grid.centres, {"unit": "s", "long_name": "bin centre"})}
    words = words_of(result.analysis.model)
    attrs = {"unit": words.unit, "long_name": f"expected {words.rate}"}
    for at, unit in enumerate(result.units):
        if unit in recording.recorded:  # what it would have done elsewhere is not known
            away = prepared.grid.outside(recording.recorded[unit])
            rate[at, away] = low[at, away] = high[at, away] = np.nan
    arrays = {"rate": rate, "low": low, "high": high} if bands else {"rate": rate}
    dataset = xr.Dataset({name: (("unit", "time"), values, attrs) for name, values in arrays.items()}, coords)
    return dataset if bands else dataset["rate"]


def score(result: Result, recording: Recording, epochs: Any = None, *, context: Context | None = None) -> xr.Dataset:
    """See `Result.score`."""
    import xarray as xr

    context = context or SILENT
    posterior = Posterior.of(result)
    recording = as_session(recording, result.provenance.get("sessions", ()), result.terms, result.units)
    recording = _with_missing_units(result, recording)
    prepared = prepare_again(
        result.analysis,
        result.terms,
        result.units,
        recording,
        epochs,
        conditions=True,
        counts=True,
        context=context.part(0.0, 0.3),
    )
    _same_columns(result, prepared.design)
    _same_measures(result, prepared.recording)
    family = get_family(result.analysis.model.family)
    mean = np.asarray(result.scores["rate_hz"].values) * prepared.grid.bin_size
    dispersion = np.asarray(result.scores["dispersion"].values) if family.estimates_dispersion or family.free_scale else None
    names = ("n_spikes", "n_bins", "log_likelihood", "deviance", "null_log_likelihood", "null_deviance")
    sums = {name: np.zeros(len(result.units)) for name in names}
    total = prepared.grid.n_bins
    for start, stop in row_chunks(prepared.design):
        context.check()
        context.report(Progress("Scoring", 0.3 + 0.7 * start / max(total, 1)))
        kept = np.asarray(prepared.design.valid[start:stop])
        if not kept.any():
            continue
        mu = posterior.link.mean(_linear(posterior, np.asarray(prepared.design.chunk(start, stop))[kept]))
        y = prepared.counts[start:stop][kept].astype(np.float64)
        seen = np.isfinite(y)
        filled = np.where(seen, y, 0.0)
        flat = np.broadcast_to(mean, y.shape)
        sums["n_spikes"] += filled.sum(axis=0)
        sums["n_bins"] += seen.sum(axis=0)
        for prefix, expected in (("", mu), ("null_", flat)):
            with np.errstate(divide="ignore", invalid="ignore"):
                sums[f"{prefix}log_likelihood"] += np.where(seen, family.log_likelihood(expected, filled, dispersion), 0.0).sum(
                    axis=0
                )
                sums[f"{prefix}deviance"] += np.where(seen, family.deviance(expected, filled, dispersion), 0.0).sum(axis=0)
    if not sums["n_bins"].any():
        raise GlmError("no bin of these epochs has a value for every term and meets the conditions; choose other epochs")
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1.0 - sums["deviance"] / sums["null_deviance"]
        bits = (sums["log_likelihood"] - sums["null_log_likelihood"]) / (sums["n_spikes"] * np.log(2.0))
    columns = {
        "n_spikes": sums["n_spikes"],
        "n_bins": sums["n_bins"].astype(np.int64),
        "log_likelihood": sums["log_likelihood"],
        "deviance": sums["deviance"],
        "deviance_explained": np.where(np.isfinite(explained), explained, np.nan),
        "bits_per_spike": np.where(np.isfinite(bits) & family.of_spikes, bits, np.nan),
    }
    return xr.Dataset({name: ("unit", values) for name, values in columns.items()}, {"unit": list(result.units)})


def _linear(posterior: Posterior, features: np.ndarray) -> np.ndarray:
    """Linear predictor (t, M) of features (t, P); a silent unit's stays at minus infinity."""
    return features @ posterior.coef + posterior.intercept


def _same_measures(result: Result, recording: Recording) -> None:
    specs = (*result.terms, *result.analysis.time.conditions)
    refuse_other_measures(specs, recording, result.provenance.get("measures", {}))


def _with_missing_units(result: Result, recording: Recording) -> Recording:
    """The same with some of the fit's units never recorded, so that the others are scored; not where the model needs their past."""
    missing = set(result.units) - set(recording.unit_names)
    if not missing or missing == set(result.units) or any(term.kind in ("history", "coupling") for term in result.terms):
        return recording
    return with_units(recording, result.units)


def _same_columns(result: Result, design: Any) -> None:
    have, need = list(map(str, design.columns.index)), [str(name) for name in result.coefficients["feature"].values]
    if have != need:
        odd = next((name for name in need if name not in have), "their order")
        raise GlmError(
            f"the recording's features differ from those of the fit ({odd}); choose a recording with the same covariates and units",
            field="terms",
        )
