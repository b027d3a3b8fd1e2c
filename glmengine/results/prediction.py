"""Predictions and scores of a fitted model on new data, with the features frozen at the fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.measures import refuse_other_measures
from glmengine.analysis.wording import words_of
from glmengine.context import SILENT, Context, Progress
from glmengine.design.chunks import row_chunks
from glmengine.design.fitted_sessions import FittedSession, as_session, with_units
from glmengine.design.prepare import prepare_again
from glmengine.errors import GlmError
from glmengine.models import get_family
from glmengine.results.posterior import Z95, Posterior
from glmengine.sentences import listed

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.analysis.analysis import Analysis
    from glmengine.analysis.terms import AnyTerm
    from glmengine.design.design import Design
    from glmengine.design.prepare import Prepared
    from glmengine.recording.recording import Recording


@dataclass(frozen=True, eq=False)
class FittedModel:
    """What predictions and scores need of a fit.

    Attributes
    ----------
    analysis : Analysis
        Its time, derived covariates and model.
    terms : tuple of terms
        Frozen ones.
    units : tuple of str
        Names of the M units.
    features : tuple of str
        Labels of the P columns of the design.
    posterior : Posterior
        Coefficients (P, M), intercepts (M,), covariances and link.
    rate_hz, dispersion : (M,) array
        Mean rate of the data that were fitted, against which scores are, and the dispersion of the family.
    sessions : tuple of FittedSession
        Of a fit of several.
    measures : mapping of str to str
        Units of measure of the covariates, where known.
    """

    analysis: Analysis
    terms: tuple[AnyTerm, ...]
    units: tuple[str, ...]
    features: tuple[str, ...]
    posterior: Posterior
    rate_hz: np.ndarray
    dispersion: np.ndarray
    sessions: tuple[FittedSession, ...]
    measures: Mapping[str, str]


def predict(
    model: FittedModel,
    recording: Recording,
    epochs: Any,
    *,
    units: Sequence[str] | None,
    bands: bool,
    context: Context | None,
) -> xr.DataArray | xr.Dataset:
    """Expected rates; see `Result.predict`.

    Of some `units` nothing but their own columns is made: neither the history of the others nor the averages that the others see
    a stimulus through.
    """
    import xarray as xr

    context = context or SILENT
    if bands and model.posterior.covariance is None:
        raise GlmError(
            "bands: this result was saved without its covariance, which would have been too large; predict without bands"
        )
    chosen = model.units if units is None else _known(model, units)
    recording = as_session(recording, model.sessions, model.terms, model.units)
    prepared = prepare_again(
        model.analysis,
        model.terms if units is None else tuple(_of_units(term, chosen) for term in model.terms),
        chosen,
        recording,
        epochs,
        conditions=False,
        counts=False,
        context=context.part(0.0, 0.3),
    )
    design, bin_size = prepared.design, prepared.grid.bin_size
    posterior = _posterior_of(model, design, chosen)
    _same_measures(model, prepared.recording)
    shape = (len(chosen), prepared.grid.n_bins)
    arrays = {name: np.full(shape, np.nan) for name in (("rate", "low", "high") if bands else ("rate",))}
    for start, stop in row_chunks(design, len(chosen)):
        context.check()
        context.report(Progress("Predicting", 0.3 + 0.7 * start / max(shape[1], 1)))
        features = np.asarray(design.chunk(start, stop))
        eta = _linear(posterior, features)
        arrays["rate"][:, start:stop] = posterior.link.mean(eta).T / bin_size
        if bands:
            rows = np.column_stack([np.ones(len(features)), features])
            for unit in range(shape[0]):
                spread = Z95 * np.sqrt(posterior.variance(rows, unit))
                ends = posterior.interval(eta[:, unit] - spread, eta[:, unit] + spread)
                arrays["low"][unit, start:stop], arrays["high"][unit, start:stop] = ends[0] / bin_size, ends[1] / bin_size
    if prepared.refractory is not None:
        quiet = prepared.refractory.T & design.valid
        for values in arrays.values():
            values[quiet] = 0.0
    for at, unit in enumerate(chosen):
        recorded = prepared.recording.recorded
        if unit in recorded:  # what it would have done elsewhere is not known
            away = prepared.grid.outside(recorded[unit])
            for values in arrays.values():
                values[at, away] = np.nan
    coords = {"unit": list(chosen), "time": ("time", prepared.grid.centres, {"unit": "s", "long_name": "bin centre"})}
    words = words_of(model.analysis.model)
    attrs = {"unit": words.unit, "long_name": f"expected {words.rate}"}
    dataset = xr.Dataset({name: (("unit", "time"), values, attrs) for name, values in arrays.items()}, coords)
    return dataset if bands else dataset["rate"]


def prepared_for(
    model: FittedModel, recording: Recording, epochs: Any, *, counts: bool, conditions: bool, context: Context = SILENT
) -> Prepared:
    """The features of the fit on a recording, for all of its units; those that it lacks are taken for never recorded.

    Raises
    ------
    GlmError
        If the recording's features are not those of the fit, or its covariates have other units of measure.
    """
    recording = as_session(recording, model.sessions, model.terms, model.units)
    recording = _with_missing_units(model, recording)
    prepared = prepare_again(
        model.analysis, model.terms, model.units, recording, epochs, conditions=conditions, counts=counts, context=context
    )
    _posterior_of(model, prepared.design, model.units)
    _same_measures(model, prepared.recording)
    return prepared


def score(model: FittedModel, recording: Recording, epochs: Any, *, context: Context | None) -> xr.Dataset:
    """Log-likelihoods and deviances per unit; see `Result.score`."""
    import xarray as xr

    context = context or SILENT
    prepared = prepared_for(model, recording, epochs, counts=True, conditions=True, context=context.part(0.0, 0.3))
    posterior = _posterior_of(model, prepared.design, model.units)
    family = get_family(model.analysis.model.family)
    mean = model.rate_hz * prepared.grid.bin_size
    dispersion = model.dispersion if family.estimates_dispersion or family.free_scale else None
    names = ("n_spikes", "n_bins", "log_likelihood", "deviance", "null_log_likelihood", "null_deviance")
    sums = {name: np.zeros(len(model.units)) for name in names}
    total = prepared.grid.n_bins
    for start, stop in row_chunks(prepared.design, len(model.units)):
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
    return xr.Dataset({name: ("unit", values) for name, values in columns.items()}, {"unit": list(model.units)})


def _linear(posterior: Posterior, features: np.ndarray) -> np.ndarray:
    """Linear predictor (t, M) of features (t, P); a silent unit's stays at minus infinity."""
    return features @ posterior.coef + posterior.intercept


def _known(model: FittedModel, units: Sequence[str]) -> tuple[str, ...]:
    """The names of `units`, once each, all of them fitted."""
    chosen = (units,) if isinstance(units, str) else tuple(dict.fromkeys(units))
    unknown = [name for name in chosen if name not in model.units]
    if unknown or not chosen:
        what = f"'{unknown[0]}' was not fitted" if unknown else "none is named"
        raise GlmError(f"units: {what}; the result has: {listed(model.units)}", field="units")
    return chosen


def _of_units(term: AnyTerm, units: Sequence[str]) -> AnyTerm:
    """The term without the spike-triggered averages that only other units see the stimulus through; one is kept to judge its rows."""
    if term.kind != "receptive_field" or term.space != "sta":
        return term
    kept = [number for number, name in enumerate(term.projected) if name in units] or [0]
    projected, projection = (tuple(values[number] for number in kept) for values in (term.projected, term.projection))
    return term.with_(projected=projected, projection=projection)


def _posterior_of(model: FittedModel, design: Design, units: Sequence[str]) -> Posterior:
    """The posterior of `units` over the columns of `design`.

    Raises
    ------
    GlmError
        If a column is not one that was fitted, or one that the units need is not there.
    """
    have = list(map(str, design.columns.index))
    if have == list(model.features) and tuple(units) == model.units:
        return model.posterior
    everyone = tuple(units) == model.units
    place = {name: number for number, name in enumerate(model.features)}
    columns = np.array([model.units.index(name) for name in units])
    known = [place[name] for name in have if name in place]
    left = np.setdiff1d(np.arange(len(model.features)), known)
    needed = left if everyone else left[(model.posterior.coef[np.ix_(left, columns)] != 0).any(axis=1)]
    if everyone or len(known) < len(have) or len(needed):
        odd = next((model.features[number] for number in needed), "their order")
        raise GlmError(
            f"the recording's features differ from those of the fit ({odd}); choose a recording with the same covariates and units",
            field="terms",
        )
    return model.posterior.part(np.array(known, np.int64), columns)


def _same_measures(model: FittedModel, recording: Recording) -> None:
    refuse_other_measures((*model.terms, *model.analysis.time.conditions), recording, model.measures)


def _with_missing_units(model: FittedModel, recording: Recording) -> Recording:
    """The same with some of the fit's units never recorded, so that the others are scored; not where the model needs their past."""
    missing = set(model.units) - set(recording.unit_names)
    if not missing or missing == set(model.units) or any(term.kind in ("history", "coupling") for term in model.terms):
        return recording
    return with_units(recording, model.units)
