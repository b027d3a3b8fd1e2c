"""Results of blocks of units, fitted apart, as one result of all units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from glmengine.results.tables import feature_coords

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.design import Design
    from glmengine.results.result import Result

Labelled = TypeVar("Labelled", "xr.Dataset", "xr.DataArray")

LARGEST_COVARIANCE = 256e6
"""Bytes of the covariances of all units together that are kept with a result."""


def with_all_features(result: Result, design: Design, n_units: int) -> Result:
    """The result of a block of units with the features of the whole design, of which those of other units' own past are zero for the block.

    Parameters
    ----------
    result : Result
    design : Design
        Of all units.
    n_units : int
        How many that are: covariances that are too large for all of them are left out.
    """
    names = feature_coords(design.columns)
    if list(names["feature"]) == list(result.coefficients["feature"].values):
        return _without_large(result, n_units)
    bare = [name for name in result.coefficients.coords if name not in result.coefficients.dims]

    def padded(array: xr.DataArray, fill: float) -> xr.DataArray:
        return array.drop_vars(bare).reindex(feature=names["feature"], fill_value=fill).assign_coords(names)

    covariance = result.covariance
    if covariance is not None:
        labels = ["intercept", *names["feature"]]
        unknown = covariance[:, 0, 0].isnull()
        wider = covariance.reindex(parameter=labels, parameter_=labels, fill_value=0.0)
        covariance = wider.where(~unknown).transpose(*covariance.dims)
    wide = replace(
        result,
        coefficients=padded(result.coefficients, 0.0),
        standard_errors=padded(result.standard_errors, np.nan),
        covariance=covariance,
    )
    return _without_large(wide, n_units)


def joined_units(parts: Sequence[Result]) -> Result:
    """One result of the units of all parts, which answer the same question to the same recording and have the same features.

    Parameters
    ----------
    parts : sequence of Result
        In the order of their units.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    units = [unit for part in parts for unit in part.units]

    def along(name: str) -> Any:
        return _along_units([getattr(part, name) for part in parts], units)

    def by_label(name: str) -> dict[str, xr.Dataset]:
        each = [getattr(part, name) for part in parts]
        return {
            label: _along_units([one.get(label) for one in each], units)
            for label in dict.fromkeys(label for one in each for label in one)
        }

    covariances = [part.covariance for part in parts]
    return replace(
        first,
        coefficients=along("coefficients"),
        standard_errors=along("standard_errors"),
        intercepts=along("intercepts"),
        intercept_errors=along("intercept_errors"),
        scores=along("scores"),
        curves=by_label("curves"),
        filters=by_label("filters"),
        coupling=along("coupling"),
        cv=_cross_validations([part.cv for part in parts], units),
        covariance=None if any(one is None for one in covariances) else _along_units(covariances, units),
        sessions=along("sessions"),
        tests=along("tests"),
        smoothing=along("smoothing"),
        fold_scores=along("fold_scores"),
        provenance={
            **first.provenance,
            "solver": "; ".join(dict.fromkeys(str(part.provenance["solver"]) for part in parts)),
            "backend": "; ".join(dict.fromkeys(str(part.provenance["backend"]) for part in parts)),
            "iterations": [count for part in parts for count in part.provenance["iterations"]],
            "seconds": round(sum(part.seconds for part in parts), 3),
        },
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _along_units(found: Sequence[Labelled | None], units: Sequence[str]) -> Labelled | None:
    """Arrays of blocks of units one after the other; what a block does not have is missing for its units."""
    import xarray as xr

    there = [one for one in found if one is not None]
    if not there:
        return None
    # what does not depend on units (edges of bins, time spent) is that of the first
    more = {"data_vars": "minimal"} if isinstance(there[0], xr.Dataset) else {}
    whole = xr.concat(there, "unit", join="exact", coords="minimal", compat="override", combine_attrs="override", **more)  # type: ignore[call-overload]
    return whole if len(there) == len(found) else whole.reindex(unit=list(units))


def _cross_validations(found: Sequence[xr.Dataset | None], units: Sequence[str]) -> xr.Dataset | None:
    """Those of blocks whose grids of strengths may have gone on differently: a strength that was not tried for a unit has no score."""
    there = [one for one in found if one is not None]
    if not there:
        return None
    tried = [one["strength"].values.tolist() for one in there]
    every = list(dict.fromkeys(value for one in tried for value in one))
    if any(one != tried[0] for one in tried):
        every = sorted(every, reverse=tried[0][0] > tried[0][-1])
    return _along_units([one.reindex(strength=every) for one in there], units)


def _without_large(result: Result, n_units: int) -> Result:
    covariance = result.covariance
    if covariance is None or covariance.nbytes / len(result.units) * n_units <= LARGEST_COVARIANCE:
        return result
    return replace(result, covariance=None)
