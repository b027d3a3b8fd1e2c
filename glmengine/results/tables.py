"""Scores, coefficients and term tests of a fit as labelled arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.design.splits import Split
    from glmengine.fitting.fit_result import Fit
    from glmengine.fitting.held_out_scores import CrossValidation

SCORES: dict[str, tuple[str, str]] = {
    "n_spikes": ("spikes", "spikes in the bins fitted"),
    "n_bins": ("bins", "bins fitted"),
    "rate_hz": ("Hz", "mean rate in the bins fitted"),
    "strength": ("", "penalty strength"),
    "deviance_explained_heldout": ("", "deviance explained on held-out time, against the mean rate of the training time"),
    "bits_per_spike_heldout": ("bits/spike", "gain in log-likelihood on held-out time over the mean rate of the training time"),
    "deviance_explained_fit": ("", "deviance explained in the bins fitted"),
    "log_likelihood": ("nats", "log-likelihood of the bins fitted, factorials included"),
    "aic": ("", "Akaike's information criterion, with the effective degrees of freedom"),
    "bic": ("", "Bayesian information criterion, with the effective degrees of freedom"),
    "edf": ("", "effective degrees of freedom"),
    "dispersion": ("", "dispersion of the family"),
    "converged": ("", "whether the optimum was reached"),
    "decrement": ("", "half the Newton decrement at the end"),
    "status": ("", "ok, silent, no data, separated or stopped"),
}
"""Unit of measure and meaning of each column of the score table."""


def coefficient_arrays(prepared: Prepared, fit: Fit) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray, xr.DataArray]:
    """Coefficients and standard errors (feature, unit), intercepts and theirs (unit); of a family of classes (feature, class, unit) and (class, unit)."""
    import xarray as xr

    coords: dict[str, Any] = {**feature_coords(prepared.design.columns), "unit": list(prepared.units)}
    classes = {"class": np.arange(fit.n_classes)} if fit.assembly.family.by_class else {}
    dims, units = (*classes, "unit"), {**classes, "unit": coords["unit"]}
    shape = (prepared.design.n_columns, *(fit.n_classes for _ in classes), len(prepared.units))
    arrays = [np.array(values, np.float64).reshape(shape) for values in (fit.coef, fit.standard_errors)]
    vectors = [np.array(values, np.float64) for values in (fit.intercept, fit.intercept_se)]
    coefficients, errors = (
        xr.DataArray(array, {**coords, **classes}, ("feature", *dims), name)
        for array, name in zip(arrays, ("coefficients", "standard_errors"), strict=True)
    )
    intercepts, ends = (
        xr.DataArray(vector, units, dims, name) for vector, name in zip(vectors, ("intercepts", "intercept_errors"), strict=True)
    )
    return coefficients, errors, intercepts, ends


def feature_coords(columns: pd.DataFrame) -> dict[str, Any]:
    """Names of the columns of a design, and what each is, as coordinates."""
    coords: dict[str, Any] = {"feature": _texts(columns.index)}
    for name in columns.columns:
        values = columns[name].to_numpy()
        coords[str(name)] = ("feature", values if values.dtype.kind in "biuf" else _texts(values))
    return coords


def covariance_array(prepared: Prepared, fit: Fit) -> xr.DataArray:
    """Covariance of the intercept (first) and the coefficients of each unit: (unit, parameter, parameter_)."""
    import xarray as xr

    size = prepared.design.n_columns + 1
    names = ["intercept", *_texts(prepared.design.columns.index)]
    coords = {"unit": list(prepared.units), "parameter": names, "parameter_": names}
    return xr.DataArray(fit.covariances.reshape(-1, size, size), coords, ("unit", "parameter", "parameter_"), "covariance")


def cv_dataset(prepared: Prepared, split: Split | None, cross_validation: CrossValidation | None) -> xr.Dataset | None:
    """Held-out scores (fold, strength, unit) with deviances, and the stretches of time that each fold holds out; None without folds."""
    import xarray as xr

    if cross_validation is None or split is None:
        return None
    scores = cross_validation.scores
    coords = {
        "fold": np.asarray(scores["fold"].values),
        "strength": np.asarray(scores["strength"].values, np.float64),
        "unit": list(prepared.units),
    }
    dims = ("fold", "strength", "unit")
    arrays = {
        "scores": (cross_validation.scores, "mean held-out log-likelihood per bin"),
        "deviance": (cross_validation.deviance, "deviance of the model on the fold"),
        "null_deviance": (cross_validation.null_deviance, "deviance of the training mean on the fold"),
    }
    variables: dict[str, Any] = {
        name: (dims, np.asarray(values, np.float64), {"long_name": text}) for name, (values, text) in arrays.items()
    }
    variables["best_strength"] = (
        "unit",
        np.asarray(cross_validation.best_strength, np.float64),
        {"long_name": "strength that was chosen"},
    )
    if cross_validation.nested is not None:
        variables["nested_strength"] = (
            ("fold", "unit"),
            np.asarray(cross_validation.nested.strength.values, np.float64),
            {"long_name": "strength that the other folds chose among themselves"},
        )
    fold, times = split.intervals(prepared.grid)
    variables |= {
        "interval_fold": ("interval", fold, {"long_name": "fold that the stretch is held out of"}),
        "interval_start": ("interval", times[:, 0], {"long_name": "start of the held-out stretch", "units": "s"}),
        "interval_stop": ("interval", times[:, 1], {"long_name": "end of the held-out stretch", "units": "s"}),
        "fold_name": ("fold", [split.names[int(number)] for number in coords["fold"]], {"long_name": "name of the fold"}),
    }
    return xr.Dataset(variables, coords)


def term_tests(prepared: Prepared, fit: Fit) -> xr.Dataset:
    """Wald test (term, unit) of each term of the design; NaN for what is seen through averages of the very spikes that are fitted,
    which would call pure noise needed."""
    terms = prepared.design.terms
    tests = fit.wald().sel(term=[term.label for term in terms])
    chosen = [term.kind == "receptive_field" and term.space == "sta" for term in terms]
    return tests.where(~np.array(chosen)[:, None]) if any(chosen) else tests


def smoothing_table(prepared: Prepared, fit: Fit) -> xr.Dataset | None:
    """Strengths (part, unit) that were found by marginal likelihood, and effective degrees of freedom (term, unit); None where none were."""
    import xarray as xr

    found = fit.found
    if found is None:
        return None
    labels = [term.label for term in prepared.design.terms]
    edf = np.stack([fit.column_edf[np.asarray(prepared.design.groups[label])].sum(axis=0) for label in labels])
    edf = np.where(np.isfinite(np.asarray(fit.edf, np.float64)), edf, np.nan)
    return xr.Dataset(
        {
            "strength": (
                ("part", "unit"),
                found.strengths,
                {"long_name": "strength of the penalty, found by marginal likelihood"},
            ),
            "at_limit": (
                ("part", "unit"),
                found.at_limit,
                {"long_name": "the end of the range was reached: as smooth, or as free, as it can be"},
            ),
            "edf": (("term", "unit"), edf, {"long_name": "effective degrees of freedom"}),
            "settled": ("unit", found.settled, {"long_name": "the marginal likelihood is at its highest"}),
        },
        {"part": list(found.labels), "term": labels, "unit": list(prepared.units)},
    )


def score_table(prepared: Prepared, fit: Fit, cross_validation: CrossValidation | None) -> xr.Dataset:
    """One row per unit of everything in `SCORES`."""
    import xarray as xr

    units = len(prepared.units)
    counts = prepared.counts[np.asarray(prepared.design.valid)]
    bins = np.isfinite(counts).sum(axis=0)
    # of class numbers the bins that have one
    spikes = bins.astype(float) if fit.assembly.family.by_class else np.nansum(counts, axis=0, dtype=np.float64)
    missing = np.full(units, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1.0 - np.asarray(fit.deviance, np.float64) / np.asarray(fit.null_deviance, np.float64)
        rate = spikes / (bins * prepared.grid.bin_size)
    values = {
        "n_spikes": spikes,
        "n_bins": bins.astype(np.int64),
        "rate_hz": rate,
        "strength": np.broadcast_to(np.asarray(fit.strength, np.float64), (units,)).copy(),
        "deviance_explained_heldout": missing if cross_validation is None else _vector(cross_validation.deviance_explained),
        "bits_per_spike_heldout": missing if cross_validation is None else _vector(cross_validation.bits_per_spike),
        "deviance_explained_fit": np.where(np.isfinite(explained), explained, np.nan),
        "log_likelihood": _vector(fit.log_likelihood),
        "aic": _vector(fit.aic),
        "bic": _vector(fit.bic),
        "edf": _vector(fit.edf),
        "dispersion": _vector(fit.dispersion),
        "converged": np.asarray(fit.converged, bool),
        "decrement": _vector(fit.decrement),
        "status": np.array([str(status) for status in np.asarray(fit.status)]),
    }
    variables = {name: ("unit", values[name], {"unit": unit, "long_name": text}) for name, (unit, text) in SCORES.items()}
    nested = None if cross_validation is None else cross_validation.nested
    if nested is not None:
        for name in ("deviance_explained", "bits_per_spike"):
            unit, text = SCORES[f"{name}_heldout"]
            about = {"unit": unit, "long_name": f"{text}, at the strength that the other folds chose"}
            variables[f"{name}_nested"] = ("unit", _vector(getattr(nested, name)), about)
    return xr.Dataset(variables, {"unit": list(prepared.units)})


def _vector(values: Any) -> np.ndarray:
    return np.array(values, np.float64)


def _texts(values: Any) -> np.ndarray:
    return np.array(["" if value is None else str(value) for value in values], dtype=str)
