"""Goodness of fit of one unit, and what is left between units, as drawings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from glmgui.drawings.curves import Drawing, Images, Lines
from glmgui.drawings.series import TIME, Axis, Curve, Image

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.goodness.goodness import Goodness

_KS_HELP = "Intervals between spikes, measured in spikes that the model expected meanwhile. Under the true model the line runs within the band in 95 % of cases."
_QQ_HELP = "Quantiles of the residuals against those of the normal distribution, which they have under the true model. Ends that leave the dashed line: too many, or too few, extreme counts."
_APART_HELP = "Whether long rescaled intervals follow long ones. Under the true model 95 % of the points lie within the bars' reach of zero."
_CALIBRATION_HELP = (
    "The bins in ten groups by predicted rate: observed against predicted. On the dashed line the model is right on average."
)
_TIME_HELP = (
    "Mean residual in twenty stretches of the session, with its 95 % interval. A slope or a wave is a drift that the model lacks."
)
_COVARIATE_HELP = (
    "Mean residual in bins of the covariate, with its 95 % interval. Away from zero: the rate depends on it beyond the model."
)
_SPIKES_HELP = "Spikes at each lag after the unit's own spikes, over those that the model expects. Below 1: refractoriness that is missing; above 1: bursts."
_LAG_HELP = "Correlation of the residuals with themselves, with its 95 % interval around zero."
_DISPERSION_HELP = "Variance of sums over windows of time, over what the model says, with its standard error. What grows with the window is slow."
_INFLUENCE_HELP = "How far the coefficients would move without each stretch of time (Cook's distance of a block). One that stands out deserves a look at the raw data."
_PAIRS_HELP = "The strongest residual correlation of each pair within 0.1 s, as a z-score. Beyond about 4: coupling, or a common input, that the model lacks."
_Z_LIMIT = 8.0  # colours of the matrix of pairs end there


def goodness_drawings(found: Goodness, unit: str, measures: Mapping[str, str]) -> list[Drawing]:
    """Everything that was found of one unit; `measures` are the units of measure of the covariates by name."""
    one = {name: dataset.sel(unit=unit) for name, dataset in found.datasets().items()}
    drawings: list[Drawing] = [
        _ks(one["rescaling"]),
        _qq(one["residuals"]),
        _calibration(one["calibration"]),
        _time(one["time"]),
        *(_covariate(one["covariates"], name, measures.get(name, "")) for name in _covariates(one["covariates"])),
    ]
    if np.isfinite(one["lags"]["ratio"].values).any():
        drawings.append(_after_spikes(one["lags"]))
    drawings += [_autocorrelation(one["lags"]), _apart(one["rescaling"]), _dispersion(one["dispersion"])]
    if found.influence is not None and np.isfinite(one["influence"]["distance"].values).any():
        drawings.append(_influence(one["influence"]))
    return drawings


def pairs_drawing(found: Goodness) -> Images | None:
    """What is left between units, as a matrix; None of one unit."""
    if found.pairs is None:
        return None
    z = found.pairs["z"].transpose("unit", "other", "lag").values
    size = np.where(np.isfinite(z), np.abs(z), -1.0)
    strongest = np.take_along_axis(z, size.argmax(axis=2)[..., None], axis=2)[..., 0]
    np.fill_diagonal(strongest, np.nan)
    names = tuple(found.units)
    places = np.arange(1, len(names) + 1, dtype=float)
    return Images(
        "pairs",
        "Residual correlation between units",
        Axis("unit", names=names),
        Axis("other unit", names=names),
        Axis("residual correlation", "z"),
        [Image("", places, places, strongest)],
        _PAIRS_HELP,
        (-_Z_LIMIT, _Z_LIMIT),
        diverging=True,
    )


def _covariates(covariates: xr.Dataset) -> list[str]:
    """Those with a residual anywhere."""
    if not covariates.sizes["covariate"]:  # results of before have no columns then
        return []
    known = np.isfinite(covariates["residual"].transpose("covariate", "group").values).any(axis=1)
    return [str(name) for name, has in zip(covariates["covariate"].values, known, strict=True) if has]


def _diagonal(low: float, high: float) -> Curve:
    return Curve("model is right", np.array([low, high]), np.array([low, high]), look="dashed", colour="data", width=1.0)


def _ks(rescaling: xr.Dataset) -> Lines:
    x = rescaling["quantile"].values
    band = Curve("95 % band", x, x, rescaling["low"].values, rescaling["high"].values, look="dashed", colour="data", width=1.0)
    share = Curve("rescaled intervals", x, rescaling["share"].values)
    axes = Axis("quantile of the model"), Axis("share of intervals below")
    return Lines("goodness_ks", "Time rescaling (Kolmogorov-Smirnov)", *axes, [band, share], _KS_HELP)


def _qq(residuals: xr.Dataset) -> Lines:
    x = residuals["normal"].values
    dots = Curve("residuals", x, residuals["residual"].values, look="points")
    axes = Axis("normal quantile"), Axis("quantile of the residuals")
    return Lines("goodness_qq", "Quantile residuals (QQ)", *axes, [_diagonal(float(x.min()), float(x.max())), dots], _QQ_HELP)


def _apart(rescaling: xr.Dataset) -> Lines:
    y, half = rescaling["correlation"].values, rescaling["correlation_half"].values
    dots = Curve("", rescaling["apart"].values.astype(float), y, y - half, y + half, look="dots")
    axes = Axis("intervals apart"), Axis("correlation")
    return Lines("goodness_apart", "Rescaled intervals with those after them", *axes, [dots], _APART_HELP, level=True)


def _calibration(calibration: xr.Dataset) -> Lines:
    expected, observed = calibration["expected_hz"].values, calibration["observed_hz"].values
    measure = str(calibration["expected_hz"].attrs.get("unit", "Hz"))
    both = np.concatenate([expected, observed])
    both = both[np.isfinite(both)]
    ends = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
    dots = Curve("tenths of the bins", expected, observed, look="dots")
    axes = Axis("predicted rate", measure), Axis("observed rate", measure)
    return Lines("goodness_calibration", "Calibration", *axes, [_diagonal(*ends), dots], _CALIBRATION_HELP)


def _residual(x: np.ndarray, of: xr.Dataset) -> Curve:
    y, half = of["residual"].values, of["residual_half"].values
    return Curve("", x, y, y - half, y + half, look="dots")


_RESIDUAL = Axis("mean residual", "sd")


def _time(time: xr.Dataset) -> Lines:
    middle = (time["start_s"].values + time["stop_s"].values) / 2
    curves = [_residual(middle, time)]
    return Lines("goodness_time", "Residuals over time", TIME, _RESIDUAL, curves, _TIME_HELP, level=True)


def _covariate(covariates: xr.Dataset, name: str, measure: str) -> Lines:
    one = covariates.sel(covariate=name)
    known = np.isfinite(one["centre"].values)
    one = one.isel(group=known)
    curves = [_residual(one["centre"].values, one)]
    axis = Axis(name, measure)
    return Lines(f"goodness_by_{name}", f"Residuals against {name}", axis, _RESIDUAL, curves, _COVARIATE_HELP, level=True)


def _lag(lags: xr.Dataset) -> tuple[Axis, np.ndarray]:
    return Axis("lag", "ms"), 1000.0 * lags["lag"].values


def _after_spikes(lags: xr.Dataset) -> Lines:
    axis, x = _lag(lags)
    curves = [
        Curve("expected", x[[0, -1]], np.ones(2), look="dashed", colour="data", width=1.0),
        Curve("observed / expected", x, lags["ratio"].values),
    ]
    axes = axis, Axis("observed / expected")
    return Lines("goodness_after_spikes", "Spikes after the unit's own spikes", *axes, curves, _SPIKES_HELP)


def _autocorrelation(lags: xr.Dataset) -> Lines:
    axis, x = _lag(lags)
    half, zero = lags["correlation_half"].values, np.zeros(len(x))
    curves = [
        Curve("95 % of right models", x, zero, -half, half, colour="data", width=1.0),
        Curve("residuals", x, lags["correlation"].values),
    ]
    return Lines("goodness_lag", "Residuals against lag", axis, Axis("correlation"), curves, _LAG_HELP)


def _dispersion(dispersion: xr.Dataset) -> Lines:
    windows, y, error = dispersion["window"].values, dispersion["ratio"].values, dispersion["ratio_error"].values
    names = tuple(f"{1000 * window:.3g} ms" if window < 1 else f"{window:.3g} s" for window in windows)
    x = np.arange(1, len(windows) + 1, dtype=float)
    curves = [
        Curve("right model", x[[0, -1]], np.ones(2), look="dashed", colour="data", width=1.0),
        Curve("variance of sums", x, y, y - error, y + error, look="dots"),
    ]
    axes = Axis("length of the window", names=names), Axis("variance / expected")
    return Lines("goodness_dispersion", "Dispersion", *axes, curves, _DISPERSION_HELP)


def _influence(influence: xr.Dataset) -> Lines:
    middle = (influence["start_s"].values + influence["stop_s"].values) / 2
    curves = [Curve("", middle, influence["distance"].values, look="steps")]
    axes = TIME, Axis("Cook's distance")
    return Lines("goodness_influence", "Influential stretches of time", *axes, curves, _INFLUENCE_HELP, level=True)
