"""Response curves: effect of a term with the others at their mean, and tuning as predicted and as counted.

Each curve is a Dataset over units and the variables of a term, on bins of the variables:

==================================  =============================================================================================
``effect_link``, ``_low, _high``    linear predictor with the other terms at their mean contribution, and its 95 % interval
``.._low_simultaneous, ..``         the band that holds the whole curve with 95 % (see `glmengine.inference.simultaneous`), for the rate too
``effect_hz``                       the same as a rate in Hz, with ``effect_low`` and ``effect_high`` transformed from the link scale
``tuning_hz``                       mean rate that the whole model predicts in the bin, with ``tuning_low`` and ``tuning_high`` (delta method
                                    on the link scale)
``data_hz``                         spikes in the bin over the time spent there
``occupancy_s``                     that time
==================================  =============================================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.context import SILENT, Context, Progress, checked, parts_by_work
from glmengine.design.chunks import as_slice, row_chunks
from glmengine.design.unit_columns import UnitColumns, predictors, unit_columns
from glmengine.inference.simultaneous import DRAWS, sup_t
from glmengine.recording.joining import session_labels
from glmengine.recording.observed import SPIKES, Words
from glmengine.results.curve_bins import Drawn, drawn_curves
from glmengine.results.posterior import Z95, Posterior
from glmengine.threads import quiet_blas_for, workers

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.design.prepare import Prepared

_MOST_WORK = 1.5e10  # products spent on the bands of tuning, some ten seconds
_RATE_WORK = 25.0  # what a rate of a bin takes, in such products
_BAND_WORK = 2e6  # and the band of the whole curve of a unit, which is simulated
_MOST_NUMBERS = 5e7  # kept while they are summed, 400 MB


@dataclass
class _Curve:
    """One curve while the rows go by."""

    drawn: Drawn
    spikes: np.ndarray  # (K, M)
    seconds: np.ndarray  # (K, M) where the unit's count is known
    time: np.ndarray  # (K,)
    rate: np.ndarray  # (K, M) summed expected counts
    gradient: list[np.ndarray] | None  # of each unit (K, 1 + its columns) their derivatives, summed over some of the rows
    thinned: np.ndarray  # (K,) the number of those rows


def response_curves(
    prepared: Prepared,
    posterior: Posterior,
    context: Context = SILENT,
    *,
    words: Words = SPIKES,
    only: str | None = None,
    simultaneous: bool = True,
) -> tuple[dict[str, xr.Dataset], list[str]]:
    """Curves of every covariate term and precomputed column, by label (see `glmengine.results.curve_bins`), and notes on what was left out.

    Parameters
    ----------
    prepared : Prepared
        What was fitted; the curves are made over its valid rows.
    posterior : Posterior
    words : Words
        What the observations are called.
    only : str, optional
        The label of the one term that is wanted.
    simultaneous : bool
        Whether the bands that hold whole curves, which are simulated, are made; NaN otherwise.
    """
    with quiet_blas_for(prepared.design.n_columns):
        return _curves(prepared, posterior, context, words, only, simultaneous=simultaneous)


def _curves(
    prepared: Prepared, posterior: Posterior, context: Context, words: Words, only: str | None, *, simultaneous: bool
) -> tuple[dict[str, xr.Dataset], list[str]]:
    driving = unit_columns(prepared.design, prepared.units)
    curves, notes = _begin(prepared, posterior, driving, only)
    if not curves:
        return {}, notes
    stride = _stride(prepared, curves)
    design = prepared.design
    sums, rows = np.zeros(design.n_columns), 0
    summing, *drawing = parts_by_work(
        context,
        [_summing_work(prepared, curves, stride), *(_BAND_WORK * len(prepared.units) for _ in curves)],
        ["Response curves"] * (1 + len(curves)),
    )
    for start, stop in row_chunks(design, len(prepared.units)):
        context.check()
        part = summing.part(start / max(design.n_rows, 1), stop / max(design.n_rows, 1))
        if context.stopping:  # the bands of tuning are most of the work; the curves themselves are kept
            for curve in curves:
                curve.gradient = None
        kept = np.flatnonzero(design.valid[start:stop])
        if not len(kept):
            continue
        features = [np.asarray(block.seen(start, stop))[as_slice(kept)] for block in design.blocks]
        sums, rows = sums + np.concatenate([values.sum(axis=0) for values in features]), rows + len(kept)
        _add(curves, prepared, posterior, driving, features, start + kept, stride, part)
    means = sums / max(rows, 1)
    if stride > 1:
        notes.append(f"The bands of tuning curves were made from every {stride}th bin, to save time.")
    return {
        curve.drawn.label: _dataset(curve, prepared, posterior, driving, means, words, part, simultaneous=simultaneous)
        for curve, part in zip(curves, drawing, strict=True)
    }, notes


def _begin(
    prepared: Prepared, posterior: Posterior, driving: list[UnitColumns], only: str | None
) -> tuple[list[_Curve], list[str]]:
    units, curves = len(prepared.units), []
    found, notes = drawn_curves(prepared, only)
    for drawn in found:
        size = int(np.prod(drawn.shape))
        numbers = size * sum(1 + one.numbers.size for one in driving)
        keep = posterior.covariance is not None and numbers <= _MOST_NUMBERS
        if not keep and posterior.covariance is not None:
            notes.append(f"The tuning curves of '{drawn.label}' have no bands, which would have taken {numbers * 8e-9:.1f} GB.")
        gradient = [np.zeros((size, 1 + one.numbers.size)) for one in driving] if keep else None
        spikes, seconds, rate = (np.zeros((size, units)) for _ in range(3))
        curves.append(_Curve(drawn, spikes, seconds, np.zeros(size), rate, gradient, np.zeros(size)))
    return curves, notes


def _stride(prepared: Prepared, curves: list[_Curve]) -> int:
    """Every how many rows the derivatives are summed, so that the work stays bounded."""
    banded = sum(curve.gradient is not None for curve in curves)
    work = float(prepared.design.valid.sum()) * (prepared.design.n_columns + 1) * len(prepared.units) * banded
    return max(1, int(np.ceil(work / _MOST_WORK)))


def _summing_work(prepared: Prepared, curves: list[_Curve], stride: int) -> float:
    """What the sums over rows take, in products."""
    units = len(prepared.units)
    products = sum(total.shape[1] for curve in curves for total in curve.gradient or ()) / stride
    return float(prepared.design.valid.sum()) * (products + units * _RATE_WORK * len(curves))


def _add(
    curves: list[_Curve],
    prepared: Prepared,
    posterior: Posterior,
    driving: list[UnitColumns],
    features: list[np.ndarray],
    rows: np.ndarray,
    stride: int,
    context: Context,
) -> None:
    """Add the valid `rows` (row numbers, with their features in each block) to the sums, telling `context` how far it is."""
    from scipy.sparse import csc_matrix

    context.report(Progress("", 0.0))
    eta = predictors(features, driving, posterior.coef)
    mean, slope, _ = posterior.link.slopes(eta + posterior.intercept)
    counts = np.asarray(prepared.counts[rows], np.float64)
    known = np.isfinite(counts)
    counts = np.where(known, counts, 0.0)
    if prepared.refractory is not None:  # the unit was seen to be silent there, and the model says that it must be
        quiet = prepared.refractory[rows]
        known, mean, slope = known | quiet, np.where(quiet, 0.0, mean), np.where(quiet, 0.0, slope)
    thinned = rows % stride == 0
    for number, curve in enumerate(curves):
        place = curve.drawn.rows[rows]
        inside = place >= 0
        here, size = place[inside], len(curve.time)
        curve.time += np.bincount(here, minlength=size) * prepared.grid.bin_size
        total = csc_matrix((np.ones(len(here)), here, np.arange(len(here) + 1)), shape=(size, len(here)))
        curve.spikes += total @ counts[inside]
        curve.seconds += (total @ known[inside].astype(np.float64)) * prepared.grid.bin_size
        curve.rate += total @ mean[inside]
        if curve.gradient is None:
            continue
        share = context.part(number / len(curves), (number + 1) / len(curves))
        _add_derivatives(curve, driving, features, slope, np.where(thinned, place, -1), share)


def _add_derivatives(
    curve: _Curve,
    driving: list[UnitColumns],
    features: list[np.ndarray],
    slope: np.ndarray,
    place: np.ndarray,
    context: Context,
) -> None:
    """Add the derivatives of the expected counts, whose slopes are (n, M), in rows whose bins are `place` (n,), -1 for none."""
    from scipy.sparse import csc_matrix

    size, part = len(curve.time), place >= 0
    here, pointers = place[part], np.arange(np.count_nonzero(part) + 1)
    if not part.all():
        features, slope = [values[part] for values in features], slope[part]
    curve.thinned += np.bincount(here, minlength=size)

    def add_of(unit: int) -> None:
        total = curve.gradient[unit]
        weights = csc_matrix((slope[:, unit], here, pointers), shape=(size, len(here)))
        total[:, 0] += np.bincount(here, weights=slope[:, unit], minlength=size)
        for block, own, at in driving[unit].parts:
            total[:, 1:][:, at] += weights @ features[block][:, own]

    with workers(len(here) * sum(one.numbers.size for one in driving)) as pool:
        for unit, _ in enumerate(pool.stream(add_of, range(slope.shape[1]))):
            context.check()
            context.report(Progress("", (unit + 1) / slope.shape[1]))


def _dataset(
    curve: _Curve,
    prepared: Prepared,
    posterior: Posterior,
    driving: list[UnitColumns],
    means: np.ndarray,
    words: Words,
    context: Context,
    *,
    simultaneous: bool,
) -> xr.Dataset:
    import xarray as xr

    bin_size, units = prepared.grid.bin_size, len(prepared.units)
    shape = curve.drawn.shape
    names = [_free_name(axis.name) for axis in curve.drawn.axes]
    with np.errstate(divide="ignore", invalid="ignore"):
        data = curve.spikes / curve.seconds
        steps = curve.time / bin_size
        predicted = curve.rate / np.round(steps)[:, None] / bin_size
    data[curve.seconds == 0], predicted[curve.time == 0] = np.nan, np.nan

    link, hertz = _effects(curve, posterior, driving, means, context, simultaneous=simultaneous), {}
    tuning = _tuning_bands(curve, posterior, driving, predicted, bin_size, context)
    hertz["middle"] = posterior.link.mean(link["middle"]) / bin_size
    for band in ("", "_simultaneous"):
        ends = posterior.interval(link[f"low{band}"], link[f"high{band}"])
        hertz[f"low{band}"], hertz[f"high{band}"] = (end / bin_size for end in ends)
    arrays = {
        "effect_link": (link["middle"], words.predictor, "linear predictor, other terms at their mean"),
        "effect_link_low": (link["low"], words.predictor, "lower end of its 95 % interval"),
        "effect_link_high": (link["high"], words.predictor, "upper end of its 95 % interval"),
        "effect_link_low_simultaneous": (
            link["low_simultaneous"],
            words.predictor,
            "lower end of the 95 % band of the whole curve",
        ),
        "effect_link_high_simultaneous": (
            link["high_simultaneous"],
            words.predictor,
            "upper end of the 95 % band of the whole curve",
        ),
        "effect_hz": (hertz["middle"], words.unit, f"{words.rate}, other terms at their mean"),
        "effect_low": (hertz["low"], words.unit, "lower end of its 95 % interval"),
        "effect_high": (hertz["high"], words.unit, "upper end of its 95 % interval"),
        "effect_low_simultaneous": (hertz["low_simultaneous"], words.unit, "lower end of the 95 % band of the whole curve"),
        "effect_high_simultaneous": (hertz["high_simultaneous"], words.unit, "upper end of the 95 % band of the whole curve"),
        "tuning_hz": (predicted.T, words.unit, f"mean {words.rate} predicted by the model"),
        "tuning_low": (tuning[0], words.unit, "lower end of its 95 % interval"),
        "tuning_high": (tuning[1], words.unit, "upper end of its 95 % interval"),
        "data_hz": (data.T, words.unit, f"observed {words.rate}"),
    }
    having = units_with(curve.drawn, prepared)[:, None]
    variables = {
        name: (("unit", *names), np.where(having, values, np.nan).reshape(units, *shape), {"unit": unit, "long_name": text})
        for name, (values, unit, text) in arrays.items()
    }
    variables["occupancy_s"] = (tuple(names), curve.time.reshape(shape), {"unit": "s", "long_name": "time spent"})
    coords: dict[str, Any] = {"unit": list(prepared.units)}
    for name, axis in zip(names, curve.drawn.axes, strict=True):
        coords[name] = (
            name,
            axis.values,
            {"unit": axis.unit, "long_name": axis.name, **session_labels(prepared.recording, axis.name)},
        )
    return xr.Dataset(variables, coords, {"term": curve.drawn.label, **curve.drawn.attrs})


def units_with(drawn: Drawn, prepared: Prepared) -> np.ndarray:
    """(M,) bool, the units that have the term of a curve: not those that chose another setting of it."""
    mask = prepared.design.mask(prepared.units)
    return np.ones(len(prepared.units), bool) if mask is None else mask[drawn.where].any(axis=0)


def effect_rows(drawn: Drawn, means: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a curve is of intercept and coefficients: rows (K, P + 1), what they have in common (P + 1,), and the places (p,) of the term's own.

    Parameters
    ----------
    drawn : Drawn
    means : (P,) array
        Of the columns of the design over the rows that were fitted.
    """
    own = np.arange(len(means))[drawn.where] + 1
    level = np.concatenate([[1.0], means])
    level[own] = 0.0
    rows = np.broadcast_to(level, (len(drawn.columns), len(level))).copy()
    rows[:, own] = drawn.columns
    return rows, level, own


def _effects(
    curve: _Curve,
    posterior: Posterior,
    driving: list[UnitColumns],
    means: np.ndarray,
    context: Context,
    *,
    simultaneous: bool,
) -> dict[str, np.ndarray]:
    """(M, K) linear predictors, the ends of their 95 % intervals, and of the band that holds the whole curve."""
    rows, level, own = effect_rows(curve.drawn, means)
    columns = curve.drawn.columns
    middle = (rows[:, 1:] @ posterior.coef + posterior.intercept).T
    error = np.sqrt(
        np.stack(
            [posterior.variance(rows[:, np.append(0, one.numbers + 1)], unit, one.numbers) for unit, one in enumerate(driving)]
        )
    )
    spread, wide = Z95 * error, np.full(middle.shape, np.nan)
    if simultaneous and posterior.covariance is not None:
        # the curve by what all of its points have in common and the term's own coefficients, which are few
        apart = np.vstack([level, np.eye(len(level))[own]])
        points = np.column_stack([np.ones(len(columns)), columns])

        def standard_errors(covariance: np.ndarray) -> float:
            if context.stopping:  # the bands of points stay, those of whole curves, which are simulated, are left out
                return np.nan
            return sup_t(points, apart @ covariance @ apart.T)

        with workers(len(middle) * points.size * DRAWS) as pool:
            for unit, many in enumerate(checked(context, pool.stream(standard_errors, posterior.covariance))):
                wide[unit] = many * error[unit]
                context.report(Progress("", (unit + 1) / len(middle)))
    return {
        "middle": middle,
        "low": middle - spread,
        "high": middle + spread,
        "low_simultaneous": middle - wide,
        "high_simultaneous": middle + wide,
    }


def _tuning_bands(
    curve: _Curve,
    posterior: Posterior,
    driving: list[UnitColumns],
    predicted: np.ndarray,
    bin_size: float,
    context: Context,
) -> tuple[np.ndarray, np.ndarray]:
    """(M, K) ends of the 95 % interval of the mean predicted rate, Hz."""
    low, high = np.full(predicted.T.shape, np.nan), np.full(predicted.T.shape, np.nan)
    if curve.gradient is None:
        return low, high
    for unit, one in enumerate(driving):
        context.check()
        if context.stopping:
            break
        mean = predicted[:, unit] * bin_size
        with np.errstate(divide="ignore", invalid="ignore"):
            eta = posterior.link.eta(mean)
            slope = posterior.link.slopes(eta)[1]
            # the derivative of the mean count, carried to the link scale at that count
            gradient = curve.gradient[unit] / (curve.thinned * slope)[:, None]
            spread = Z95 * np.sqrt(posterior.variance(np.where(np.isfinite(gradient), gradient, 0.0), unit, one.numbers))
            spread[curve.thinned == 0] = np.nan
            low[unit], high[unit] = (end / bin_size for end in posterior.interval(eta - spread, eta + spread))
    empty = curve.time == 0
    low[:, empty], high[:, empty] = np.nan, np.nan
    return low, high


def _free_name(name: str) -> str:
    """A name for a dimension that no array of the dataset has."""
    taken = {"unit", "occupancy_s", "data_hz", "tuning_hz", "tuning_low", "tuning_high"}
    return f"{name}_" if name in taken or name.startswith("effect_") else name
