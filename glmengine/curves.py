"""Response curves: effect of a term with the others at their mean, and tuning as predicted and as counted.

Each curve is a Dataset over units and the variables of a term, on bins of the variables:

==================================  =============================================================================================
``effect_link``, ``_low, _high``    linear predictor with the other terms at their mean contribution, and its 95 % interval
``effect_hz``                       the same as a rate in Hz, with ``effect_low`` and ``effect_high`` transformed from the link scale
``tuning_hz``                       mean rate that the whole model predicts in the bin, with ``tuning_low`` and ``tuning_high`` (delta method
                                    on the link scale)
``data_hz``                         spikes in the bin over the time spent there
``occupancy_s``                     that time
==================================  =============================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context, Progress
from glmengine.joint import joint_columns
from glmengine.posterior import Z95, Posterior, row_chunks

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.preparing import Prepared
    from glmengine.recording import Covariate
    from glmengine.terms import CovariateTerm

POINTS = {1: 48, 2: 24}
"""Bins per variable, by the number of variables."""

_MOST_WORK = 1.5e10  # products spent on the bands of tuning, some ten seconds
_MOST_NUMBERS = 5e7  # kept while they are summed, 400 MB


@dataclass(frozen=True)
class Axis:
    """Bins of one variable.

    Attributes
    ----------
    name, unit : str
    values : (K,) array
        Bin centres, or the categories.
    edges : (K + 1,) array or None
        None for categories.
    """

    name: str
    unit: str
    values: np.ndarray
    edges: np.ndarray | None

    @classmethod
    def of(cls, covariate: Covariate, basis: Any, x: np.ndarray, points: int) -> Axis:
        """Bins for a variable whose samples on the valid rows are `x`: its bounds, as far as there are data; the whole circle for angles."""
        x = x[np.isfinite(x)]
        if covariate.kind == "category":
            return cls(covariate.name, covariate.unit, np.unique(x), None)
        bounds = getattr(basis, "bounds", None)
        low, high = (float(x.min()), float(x.max())) if bounds is None else (float(bounds[0]), float(bounds[1]))
        if bounds is not None and not basis.circular:
            low, high = max(low, float(x.min())), min(high, float(x.max()))
        if not high > low:
            return cls(covariate.name, covariate.unit, np.unique(x), None)
        edges = np.linspace(low, high, points + 1)
        return cls(covariate.name, covariate.unit, (edges[1:] + edges[:-1]) / 2, edges)

    def bin_of(self, x: np.ndarray) -> np.ndarray:
        """(N,) which bin each value lies in, -1 for none."""
        if self.edges is None:
            place = np.clip(np.searchsorted(self.values, x), 0, len(self.values) - 1)
            return np.where(self.values[place] == x, place, -1)
        low, high = self.edges[0], self.edges[-1]
        with np.errstate(invalid="ignore"):
            inside = (x >= low) & (x <= high)
            position = np.floor((x - low) / (high - low) * len(self.values))
        return np.where(inside, np.clip(np.nan_to_num(position), 0, len(self.values) - 1), -1).astype(np.int64)


@dataclass
class _Curve:
    """One term on its bins while the rows go by."""

    term: CovariateTerm
    axes: tuple[Axis, ...]
    rows: np.ndarray  # (T,) bin of each row, -1 for none
    spikes: np.ndarray  # (K, M)
    seconds: np.ndarray  # (K, M) where the unit's count is known
    time: np.ndarray  # (K,)
    rate: np.ndarray  # (K, M) summed expected counts
    gradient: np.ndarray | None  # (M, K, P + 1) their derivatives, summed over some of the rows
    thinned: np.ndarray  # (K,) the number of those rows


def response_curves(
    prepared: Prepared, posterior: Posterior, context: Context = SILENT
) -> tuple[dict[str, xr.Dataset], list[str]]:
    """Curves of every covariate term of one or two variables, by term label, and notes on what was left out.

    Parameters
    ----------
    prepared : Prepared
        What was fitted; the curves are made over its valid rows.
    posterior : Posterior
    """
    curves, notes = _begin(prepared, posterior)
    if not curves:
        return {}, notes
    stride = _stride(prepared, curves)
    design = prepared.design
    sums, rows = np.zeros(design.n_columns), 0
    for start, stop in row_chunks(design):
        context.check()
        context.report(Progress("Response curves", start / max(design.n_rows, 1)))
        kept = np.flatnonzero(design.valid[start:stop])
        if not len(kept):
            continue
        features = np.asarray(design.chunk(start, stop))[kept]
        sums, rows = sums + features.sum(axis=0), rows + len(kept)
        _add(curves, prepared, posterior, features, start + kept, stride)
    means = sums / max(rows, 1)
    if stride > 1:
        notes.append(f"The bands of tuning curves were made from every {stride}th bin, to save time.")
    return {curve.term.label: _dataset(curve, prepared, posterior, means) for curve in curves}, notes


def term_columns(term: CovariateTerm, values: Sequence[np.ndarray]) -> np.ndarray:
    """(N, p) features of a frozen term at N points; `values` holds one (N,) array per factor."""
    return joint_columns(term.factors, values)


def _begin(prepared: Prepared, posterior: Posterior) -> tuple[list[_Curve], list[str]]:
    design, recording, units = prepared.design, prepared.recording, len(prepared.units)
    curves, notes = [], []
    for term in design.terms:
        if term.kind != "covariate" or term.label not in design.slices:
            continue
        if len(term.factors) > 2:
            notes.append(f"No curve is made of '{term.label}', which has more than two variables; predictions contain it.")
            continue
        axes, rows = [], np.zeros(design.n_rows, np.int64)
        for factor in term.factors:
            covariate = recording.variable(factor.variable)
            x = prepared.grid.sample(covariate, None)
            axis = Axis.of(covariate, factor.basis, x[design.valid], POINTS[len(term.factors)])
            place = axis.bin_of(x)
            rows = np.where((rows >= 0) & (place >= 0), rows * len(axis.values) + place, -1)
            axes.append(axis)
        size = int(np.prod([len(axis.values) for axis in axes]))
        numbers = units * size * (design.n_columns + 1)
        keep = posterior.covariance is not None and numbers <= _MOST_NUMBERS
        if not keep and posterior.covariance is not None:
            notes.append(f"The tuning curves of '{term.label}' have no bands, which would have taken {numbers * 8e-9:.1f} GB.")
        gradient = np.zeros((units, size, design.n_columns + 1)) if keep else None
        spikes, seconds, rate = (np.zeros((size, units)) for _ in range(3))
        curves.append(_Curve(term, tuple(axes), rows, spikes, seconds, np.zeros(size), rate, gradient, np.zeros(size)))
    return curves, notes


def _stride(prepared: Prepared, curves: list[_Curve]) -> int:
    """Every how many rows the derivatives are summed, so that the work stays bounded."""
    banded = sum(curve.gradient is not None for curve in curves)
    work = float(prepared.design.valid.sum()) * (prepared.design.n_columns + 1) * len(prepared.units) * banded
    return max(1, int(np.ceil(work / _MOST_WORK)))


def _add(
    curves: list[_Curve], prepared: Prepared, posterior: Posterior, features: np.ndarray, rows: np.ndarray, stride: int
) -> None:
    """Add the valid `rows` (row numbers, with their features) to the sums."""
    from scipy.sparse import csc_matrix

    mean, slope, _ = posterior.link.slopes(features @ posterior.coef + posterior.intercept)
    counts = np.asarray(prepared.counts[rows], np.float64)
    known = np.isfinite(counts)
    counts = np.where(known, counts, 0.0)
    thinned = rows % stride == 0
    for curve in curves:
        place = curve.rows[rows]
        inside = place >= 0
        here, size = place[inside], len(curve.time)
        curve.time += np.bincount(here, minlength=size) * prepared.grid.bin_size
        total = csc_matrix((np.ones(len(here)), here, np.arange(len(here) + 1)), shape=(size, len(here)))
        curve.spikes += total @ counts[inside]
        curve.seconds += (total @ known[inside].astype(np.float64)) * prepared.grid.bin_size
        curve.rate += total @ mean[inside]
        if curve.gradient is None:
            continue
        part = inside & thinned
        here, selected = place[part], features[part]
        pointers = np.arange(len(here) + 1)
        curve.thinned += np.bincount(here, minlength=size)
        for unit in range(slope.shape[1]):
            weights = csc_matrix((slope[part, unit], here, pointers), shape=(size, len(here)))
            curve.gradient[unit, :, 0] += np.bincount(here, weights=slope[part, unit], minlength=size)
            curve.gradient[unit, :, 1:] += weights @ selected


def _dataset(curve: _Curve, prepared: Prepared, posterior: Posterior, means: np.ndarray) -> xr.Dataset:
    import xarray as xr

    bin_size, units = prepared.grid.bin_size, len(prepared.units)
    shape = tuple(len(axis.values) for axis in curve.axes)
    names = [_free_name(axis.name) for axis in curve.axes]
    with np.errstate(divide="ignore", invalid="ignore"):
        data = curve.spikes / curve.seconds
        steps = curve.time / bin_size
        predicted = curve.rate / np.round(steps)[:, None] / bin_size
    data[curve.seconds == 0], predicted[curve.time == 0] = np.nan, np.nan

    link, hertz, tuning = _effects(curve, prepared, posterior, means), {}, _tuning_bands(curve, posterior, predicted, bin_size)
    for name, values in link.items():
        hertz[name] = posterior.link.mean(values) / bin_size
    if posterior.link.name == "inverse":  # it turns the order round
        hertz["low"], hertz["high"], tuning = hertz["high"], hertz["low"], tuning[::-1]
    arrays = {
        "effect_link": (link["middle"], "", "linear predictor, other terms at their mean"),
        "effect_link_low": (link["low"], "", "lower end of its 95 % interval"),
        "effect_link_high": (link["high"], "", "upper end of its 95 % interval"),
        "effect_hz": (hertz["middle"], "Hz", "rate, other terms at their mean"),
        "effect_low": (hertz["low"], "Hz", "lower end of its 95 % interval"),
        "effect_high": (hertz["high"], "Hz", "upper end of its 95 % interval"),
        "tuning_hz": (predicted.T, "Hz", "mean rate predicted by the model"),
        "tuning_low": (tuning[0], "Hz", "lower end of its 95 % interval"),
        "tuning_high": (tuning[1], "Hz", "upper end of its 95 % interval"),
        "data_hz": (data.T, "Hz", "observed rate"),
    }
    variables = {
        name: (("unit", *names), np.ascontiguousarray(values).reshape(units, *shape), {"unit": unit, "long_name": text})
        for name, (values, unit, text) in arrays.items()
    }
    variables["occupancy_s"] = (tuple(names), curve.time.reshape(shape), {"unit": "s", "long_name": "time spent"})
    coords: dict[str, Any] = {"unit": list(prepared.units)}
    for name, axis in zip(names, curve.axes, strict=True):
        coords[name] = (name, axis.values, {"unit": axis.unit, "long_name": axis.name})
    return xr.Dataset(variables, coords, {"term": curve.term.label})


def _effects(curve: _Curve, prepared: Prepared, posterior: Posterior, means: np.ndarray) -> dict[str, np.ndarray]:
    """(M, K) linear predictors and the ends of their 95 % intervals."""
    mesh = np.meshgrid(*(axis.values for axis in curve.axes), indexing="ij")
    block = term_columns(curve.term, [points.ravel() for points in mesh])
    where = prepared.design.slices[curve.term.label]
    rows = np.broadcast_to(np.concatenate([[1.0], means]), (len(block), len(means) + 1)).copy()
    functions = prepared.design.columns["function"].to_numpy()[where].astype(np.int64)
    rows[:, np.arange(len(means))[where] + 1] = block[:, functions]
    middle = (rows[:, 1:] @ posterior.coef + posterior.intercept).T
    spread = Z95 * np.sqrt(np.stack([posterior.variance(rows, unit) for unit in range(len(middle))]))
    return {"middle": middle, "low": middle - spread, "high": middle + spread}


def _tuning_bands(curve: _Curve, posterior: Posterior, predicted: np.ndarray, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
    """(M, K) ends of the 95 % interval of the mean predicted rate, Hz."""
    low, high = np.full(predicted.T.shape, np.nan), np.full(predicted.T.shape, np.nan)
    if curve.gradient is None:
        return low, high
    for unit in range(predicted.shape[1]):
        mean = predicted[:, unit] * bin_size
        with np.errstate(divide="ignore", invalid="ignore"):
            eta = posterior.link.eta(mean)
            slope = posterior.link.slopes(eta)[1]
            # the derivative of the mean count, carried to the link scale at that count
            gradient = curve.gradient[unit] / (curve.thinned * slope)[:, None]
            spread = Z95 * np.sqrt(posterior.variance(np.where(np.isfinite(gradient), gradient, 0.0), unit))
            spread[curve.thinned == 0] = np.nan
            low[unit], high[unit] = posterior.link.mean(eta - spread) / bin_size, posterior.link.mean(eta + spread) / bin_size
    empty = curve.time == 0
    low[:, empty], high[:, empty] = np.nan, np.nan
    return low, high


def _free_name(name: str) -> str:
    """A name for a dimension that no array of the dataset has."""
    taken = {"unit", "occupancy_s", "data_hz", "tuning_hz", "tuning_low", "tuning_high"}
    return f"{name}_" if name in taken or name.startswith("effect_") else name
