"""All numbers of each unit in one table: scores, tuning, filters, coupling, and what the recording says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context
from glmengine.results.tables import SCORES
from glmengine.results.tuning_numbers import tuning_numbers

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.recording import Recording
    from glmengine.results.result_data import ResultData

_TITLES = {
    "n_spikes": "spikes",
    "n_bins": "bins",
    "rate_hz": "mean rate",
    "deviance_explained_heldout": "deviance explained, held out",
    "bits_per_spike_heldout": "information, held out",
    "deviance_explained_nested": "deviance explained, nested",
    "bits_per_spike_nested": "information, nested",
    "deviance_explained_test": "deviance explained, test epochs",
    "bits_per_spike_test": "information, test epochs",
    "deviance_explained_fit": "deviance explained, fitted",
    "log_likelihood": "log-likelihood",
    "aic": "AIC",
    "bic": "BIC",
    "edf": "effective parameters",
    "strength": "penalty strength",
}
"""Of scores, short enough for an axis."""

_Column = tuple[str, np.ndarray, dict[str, Any]]


def unit_numbers(result: ResultData, recording: Recording | None = None, context: Context = SILENT) -> xr.Dataset:
    """One row a unit, one variable a number or text.

    Parameters
    ----------
    result : Result
    recording : Recording, optional
        That which was fitted; its table of units (region, depth) is joined on.
    context : Context, optional
        Asked before the curves of each term.

    Returns
    -------
    Dataset (unit)
        The scores by their names; ``TERM: preferred`` and the others of `tuning_numbers` by the label of a curve; ``TERM: peak`` and
        ``TERM: peak_lag`` of a filter; ``coupling_in`` and ``coupling_out``; the columns of the table of units, those whose name is taken as
        ``unit table: NAME``. Attributes ``unit``, ``long_name``, and ``circular`` = 1 for angles.
    """
    import xarray as xr

    columns: dict[str, _Column] = {}
    for name, values in result.scores.data_vars.items():
        unit = str(values.attrs.get("unit", SCORES.get(str(name), ("", ""))[0]))
        title = _TITLES.get(str(name), str(name).replace("_", " "))
        columns[str(name)] = ("unit", values.values, {"unit": "" if unit == title else unit, "long_name": title})
    for label, curve in result.curves.items():
        context.check()
        for name, values in tuning_numbers(curve).data_vars.items():
            columns[f"{label}: {name}"] = ("unit", values.values, {**values.attrs, "long_name": f"{label}: {values.long_name}"})
    for label, filters in result.filters.items():
        if "source" not in filters["filter"].dims:
            columns |= _of_filter(label, filters)
    columns |= _of_coupling(result)
    if recording is not None and recording.unit_table is not None:
        columns |= _of_table(result, recording, set(columns))
    return xr.Dataset(columns, {"unit": list(result.units)})


def _of_filter(label: str, filters: xr.Dataset) -> dict[str, _Column]:
    """The greatest excursion of each unit's filter, with its sign, and its lag."""
    others = [str(name) for name in filters["filter"].dims if name not in ("unit", "lag_s")]
    values = np.asarray(filters["filter"].transpose("unit", *others, "lag_s").values, np.float64)
    values = values.reshape(len(values), -1)
    at = np.nan_to_num(np.abs(values), nan=-1.0).argmax(axis=1)
    known = np.isfinite(values).any(axis=1)
    peak = np.where(known, values[np.arange(len(values)), at], np.nan)
    lags = np.asarray(filters["lag_s"].values, np.float64)
    lag = np.where(known, lags[at % len(lags)], np.nan)
    unit = str(filters["filter"].attrs.get("unit", ""))
    return {
        f"{label}: peak": ("unit", peak, {"unit": unit, "long_name": f"{label}: peak of the filter"}),
        f"{label}: peak_lag": ("unit", lag, {"unit": "s", "long_name": f"{label}: lag of the peak"}),
    }


def _of_coupling(result: ResultData) -> dict[str, _Column]:
    """Sums of the absolute strengths of all filters into a unit, and out of it."""
    coupling = result.coupling
    if coupling is None:
        return {}
    strength = np.abs(np.nan_to_num(coupling["strength"].transpose("unit", "source").values))
    sources = [str(name) for name in coupling["source"].values]
    sent = dict(zip(sources, strength.sum(axis=0), strict=True))
    received = dict(zip((str(name) for name in coupling["unit"].values), strength.sum(axis=1), strict=True))
    unit = str(coupling["strength"].attrs.get("unit", ""))
    return {
        name: (
            "unit",
            np.array([sums.get(one, np.nan) for one in result.units], np.float64),
            {"unit": unit, "long_name": text},
        )
        for name, sums, text in (
            ("coupling_in", received, "coupling in, sum of absolute strengths"),
            ("coupling_out", sent, "coupling out, sum of absolute strengths"),
        )
    }


def _of_table(result: ResultData, recording: Recording, taken: set[str]) -> dict[str, _Column]:
    if not set(result.units) <= set(recording.unit_table.index):  # of another recording
        return {}
    table = recording.unit_table.loc[list(result.units)]
    found: dict[str, _Column] = {}
    for at, heading in enumerate(table.columns):
        column = table.iloc[:, at]
        name = str(heading) if str(heading) not in {*taken, "unit"} else f"unit table: {heading}"
        if column.dtype.kind in "biuf":
            values = column.to_numpy(np.float64)
        else:
            values = np.array(["" if value is None or value != value else str(value) for value in column], dtype=str)
        found[name] = ("unit", values, {"unit": "", "long_name": str(heading)})
    return found
