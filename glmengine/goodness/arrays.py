"""The checks of all units put together as labelled arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.analysis.time_grid import bins_can_be_narrower
from glmengine.analysis.wording import words_of
from glmengine.goodness.checks import N_APART, N_BLOCKS, N_TENTHS, QUANTILES, Lengths, UnitChecks
from glmengine.goodness.dispersion import index_meaning
from glmengine.goodness.goodness import Goodness
from glmengine.goodness.mismatch import Grouping, Mismatch
from glmengine.goodness.verdict import Setting, Verdict, verdict

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared
    from glmengine.fitting.coefficients import Coefficients


def goodness_of(
    prepared: Prepared,
    model: Coefficients,
    units: tuple[str, ...],
    found: Sequence[UnitChecks],
    groupings: Sequence[Grouping],
    blocks: np.ndarray,
    lengths: Lengths,
    correlations: tuple[np.ndarray, np.ndarray] | None,
    *,
    held_out: bool,
) -> Goodness:
    """Label what was found of each unit, and say it in words."""
    from scipy.special import ndtri

    bin_size, unit = prepared.grid.bin_size, list(units)
    words = words_of(model.analysis.model)
    starts, stops = _spans(prepared, blocks)
    time = {"block": np.arange(N_BLOCKS), "start_s": ("block", starts), "stop_s": ("block", stops)}
    most = max((len(one.centre) for one in groupings), default=0)
    centre = np.full((len(groupings), most), np.nan)
    for row, one in enumerate(groupings):
        centre[row, : len(one.centre)] = one.centre
    names = np.array([one.name for one in groupings], dtype=str)
    by_covariate = [_grouped([checks.covariates[at] for checks in found], bin_size, most) for at in range(len(groupings))]
    none = {key: np.empty((len(unit), 0, most)) for key in _COLUMNS.values()}  # a recording may have no covariates
    stacked = {key: np.stack([one[key] for one in by_covariate], axis=1) for key in none} if by_covariate else none
    lag, apart = np.arange(1, lengths.lags + 1) * bin_size, np.arange(1, N_APART + 1)
    first, last = found[0].bands.first * bin_size, found[0].bands.last * bin_size
    influence = pairs = None
    if all(checks.influence is not None for checks in found):
        influence = _dataset(
            {
                "distance": (("unit", "block"), _each(found, "influence.distance")),
                "p": (("unit", "block"), _each(found, "influence.p")),
            },
            {"unit": unit, **time},
        )
    if correlations is not None:
        offsets = np.arange(-lengths.pair_lags, lengths.pair_lags + 1) * bin_size
        pairs = _dataset(
            {name: (("unit", "other", "lag"), values) for name, values in zip(("correlation", "z"), correlations, strict=True)},
            {"unit": unit, "other": unit, "lag": ("lag", offsets, {"unit": "s"})},
        )
    calibration = _grouped([checks.calibration for checks in found], bin_size, N_TENTHS)
    return Goodness(
        summary=_summary(prepared, model, units, found, groupings, (starts, stops), pairs, held_out=held_out),
        rescaling=_dataset(
            {
                "share": (("unit", "quantile"), _each(found, "distribution", 0)),
                "low": (("unit", "quantile"), _each(found, "distribution", 1)),
                "high": (("unit", "quantile"), _each(found, "distribution", 2)),
                "interval": (("unit", "quantile"), _each(found, "intervals")),
                "correlation": (("unit", "apart"), _each(found, "apart", 0)),
                "correlation_half": (("unit", "apart"), _each(found, "apart", 1)),
            },
            {"unit": unit, "quantile": QUANTILES, "exponential": ("quantile", -np.log1p(-QUANTILES)), "apart": apart},
        ),
        residuals=_dataset(
            {"residual": (("unit", "quantile"), _each(found, "residual_quantiles"))},
            {"unit": unit, "quantile": QUANTILES, "normal": ("quantile", ndtri(QUANTILES))},
        ),
        covariates=_dataset(
            {name: (("unit", "covariate", "group"), values) for name, values in stacked.items()},
            {"unit": unit, "covariate": names, "group": np.arange(most), "centre": (("covariate", "group"), centre)},
        ),
        time=_dataset(
            {
                name: (("unit", "block"), values)
                for name, values in _grouped([checks.time for checks in found], bin_size, N_BLOCKS).items()
            },
            {"unit": unit, **time},
        ),
        lags=_dataset(
            {
                "correlation": (("unit", "lag"), _each(found, "lags.correlation")),
                "correlation_half": (("unit", "lag"), _each(found, "lags.half")),
                "ratio": (("unit", "lag"), _each(found, "lags.ratio")),
                "z": (("unit", "lag"), _each(found, "lags.z")),
                "band_ratio": (("unit", "band"), _each(found, "bands.ratio")),
                "band_z": (("unit", "band"), _each(found, "bands.z")),
            },
            {
                "unit": unit,
                "lag": ("lag", lag, {"unit": "s"}),
                "band": np.arange(len(first)),
                "first_s": ("band", first),
                "last_s": ("band", last),
            },
        ),
        calibration=_dataset(
            {name: (("unit", "tenth"), values, {"unit": words.unit}) for name, values in calibration.items()},
            {"unit": unit, "tenth": np.arange(N_TENTHS)},
        ),
        dispersion=_dataset(
            {
                "ratio": (("unit", "window"), np.stack([checks.windows[:, 0] for checks in found])),
                "ratio_error": (("unit", "window"), np.stack([checks.windows[:, 1] for checks in found])),
            },
            {"unit": unit, "window": ("window", lengths.widths * bin_size, {"unit": "s"})},
        ),
        influence=influence,
        pairs=pairs,
    )


def _spans(prepared: Prepared, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Beginning and end (s) of each block of time."""
    starts, stops = np.full(N_BLOCKS, np.nan), np.full(N_BLOCKS, np.nan)
    for block in range(N_BLOCKS):
        rows = np.flatnonzero(blocks == block)
        if len(rows):
            starts[block], stops[block] = prepared.grid.starts_at(rows[0]), prepared.grid.stops_at(rows[-1])
    return starts, stops


def _each(found: Sequence[UnitChecks], path: str, item: int | None = None) -> np.ndarray:
    """One attribute of every unit, stacked."""
    rows: list[Any] = list(found)
    for name in path.split("."):
        rows = [getattr(row, name) for row in rows]
    return np.stack([np.asarray(row if item is None else row[item], np.float64) for row in rows])


def _grouped(rows: Sequence[Mismatch], bin_size: float, most: int) -> dict[str, np.ndarray]:
    """Columns (unit, group) of mismatches, rates per second, filled up with NaN to `most` groups."""
    columns: dict[str, np.ndarray] = {}
    for name, column in _COLUMNS.items():
        values = np.full((len(rows), most), np.nan)
        for at, row in enumerate(rows):
            own = getattr(row, name)
            with np.errstate(divide="ignore", invalid="ignore"):
                own = own / (row.n_bins * bin_size) if column != name else own
            values[at, : len(own)] = own
        columns[column] = values
    return columns


_COLUMNS = {name: name for name in ("n_bins", "observed", "expected", "z", "residual", "residual_half")} | {
    name: f"{name}_hz" for name in ("observed", "expected")
}
"""Names of the columns of mismatches, in which observed and expected amounts are rates."""


def _summary(
    prepared: Prepared,
    model: Coefficients,
    units: tuple[str, ...],
    found: Sequence[UnitChecks],
    groupings: Sequence[Grouping],
    spans: tuple[np.ndarray, np.ndarray],
    pairs: xr.Dataset | None,
    *,
    held_out: bool,
) -> xr.Dataset:
    others = len(prepared.recording.unit_names) > 1
    width = prepared.grid.bin_size
    narrower = bins_can_be_narrower(width, prepared.recording)
    setting = Setting.of(prepared.design.terms, model, groupings, spans, width, has_others=others, bins_can_be_narrower=narrower)
    rows = []
    for at, checks in enumerate(found):
        scores = None if pairs is None else np.asarray(pairs["z"].values[at])
        rows.append(verdict(checks, setting, scores, units))
    columns = {field.name: np.array([getattr(row, field.name) for row in rows]) for field in fields(Verdict)}
    summary = _dataset({name: ("unit", values) for name, values in columns.items()}, {"unit": list(units)})
    summary["index"].attrs["long_name"] = index_meaning(model.family)
    summary.attrs["held_out"] = int(held_out)
    return summary


def _dataset(variables: dict[str, Any], coords: dict[str, Any]) -> xr.Dataset:
    import xarray as xr

    return xr.Dataset(variables, coords)
