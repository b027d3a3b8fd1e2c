"""Tables as CSV: one row per thing, numbers with a point and all their digits in any locale, UTF-8."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.wording import words_of

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.results.result import Result


_OF_SPIKES = ("bits_per_spike", "bits_per_spike_heldout", "bits_per_spike_test")
_SIGNAL_NAMES = {"n_spikes": "summed_activity", "rate_hz": "activity_per_s", "n_spikes_test": "summed_activity_test"}


def coefficients_csv(result: Result) -> str:
    """The rows of `coefficient_rows` as CSV."""
    return csv_text(*coefficient_rows(result))


def coefficient_rows(result: Result) -> tuple[list[str], list[list[Any]]]:
    """Titles and rows: one row per unit and feature that the unit has: term, source, lag, function, coefficient and standard error; the intercept first, and that in each of several sessions."""
    features = result.coefficients["feature"]
    described = [
        name
        for name in result.coefficients.coords
        if name not in ("feature", "unit", "class")
        and features.coords[name].dims == ("feature",)
        and (name != "lag" or np.any(features.coords[name].values))
    ]
    rows = []
    for column, unit in enumerate(result.units):
        for predictor in result.predictors:
            intercept = (float(predictor.intercepts[column]), float(predictor.intercept_errors[column]))
            rows.append([unit, predictor.label("intercept"), *("" for _ in described), *intercept])
            for session in () if result.sessions is None else result.sessions["session"].values:
                there = result.sessions.sel(unit=unit, session=session)
                found = (float(there["intercept"]), float(there["intercept_error"]))
                rows.append([unit, f"intercept in {session}", *("" for _ in described), *found])
            for row in np.flatnonzero(own_features(result, str(unit))):
                what = [result.coefficients[name].values[row] for name in described]
                numbers = predictor.coefficients[row, column], predictor.standard_errors[row, column]
                rows.append([unit, predictor.label(str(features.values[row])), *what, *numbers])
    return ["unit", "feature", *map(str, described), "coefficient", "standard_error"], rows


def scores_csv(result: Result, scores: xr.Dataset | None = None) -> str:
    """One row per unit, one column per score, of the result or of what `Result.score` gave; those of a signal are not called after spikes."""
    scores = result.scores if scores is None else scores
    if not words_of(result.analysis.model).per_spike:
        scores = scores.drop_vars([name for name in _OF_SPIKES if name in scores])
        scores = scores.rename({name: title for name, title in _SIGNAL_NAMES.items() if name in scores})
    return table_csv(scores)


def table_csv(dataset: xr.Dataset | xr.DataArray) -> str:
    """Any labelled arrays, one row per combination of their labels (long form)."""
    columns = table_columns(dataset)
    return csv_text(list(columns), zip(*columns.values(), strict=True))


def table_columns(dataset: xr.Dataset | xr.DataArray) -> dict[str, np.ndarray]:
    """The columns of the same table, labels first."""
    import xarray as xr

    if isinstance(dataset, xr.DataArray):
        dataset = dataset.to_dataset(name=dataset.name or "value")
    dims = list(dataset.sizes)
    shape = tuple(dataset.sizes[dim] for dim in dims)
    labels = [dataset[dim].values if dim in dataset.coords else np.arange(dataset.sizes[dim]) for dim in dims]
    columns = [
        np.broadcast_to(np.expand_dims(label, tuple(d for d in range(len(dims)) if d != axis)), shape).ravel()
        for axis, label in enumerate(labels)
    ]
    names = [str(name) for name in dataset.data_vars]
    for name in dataset.data_vars:
        columns.append(dataset[name].broadcast_like(dataset).transpose(*dims).values.ravel())
    return dict(zip([*map(str, dims), *names], columns, strict=True))


def tables_by_shape(name: str, dataset: xr.Dataset) -> dict[str, xr.Dataset]:
    """The dataset by the dimensions of its arrays, with what describes these as further columns."""
    found: dict[str, xr.Dataset] = {}
    shapes = list(dict.fromkeys(array.dims for array in dataset.data_vars.values()))
    for place, dims in enumerate(shapes):
        part = dataset[[key for key, array in dataset.data_vars.items() if array.dims == dims]]
        described = [key for key, array in part.coords.items() if key not in array.dims and set(array.dims) <= set(dims)]
        found[name if place == 0 else f"{name}_{dims[-1]}"] = part.reset_coords(described)
    return found


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV of plain values; floats keep all their digits, missing numbers are empty, and no name is taken for a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    return harmless(value) if isinstance(value, str) else str(value)


def harmless(text: str) -> str:
    """The text as a spreadsheet shows it and does not run it: behind an apostrophe where it begins as a formula does and is no number."""
    if not text.startswith(("=", "+", "-", "@", "\t", "\r")):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def own_features(result: Result, unit: str) -> np.ndarray:
    """(P,) bool, the features that a unit has: a history belongs to its unit alone, and no unit drives itself by coupling unless the term says so."""
    kinds, labels = (result.coefficients[name].values.astype(str) for name in ("kind", "term"))
    own = result.coefficients["variable"].values.astype(str) == unit
    with_self = [term.label for term in result.terms if getattr(term, "include_self", False)]
    return np.where(kinds == "history", own, (kinds != "coupling") | ~own | np.isin(labels, with_self))
