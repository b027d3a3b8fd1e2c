"""Every check of a fitted model on a recording, a group of units at a time."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from glmengine.context import SILENT, Context, Progress, parts_by_work
from glmengine.design.variables import variables_of
from glmengine.errors import GlmError
from glmengine.fitting.coefficients import Coefficients
from glmengine.goodness.arrays import goodness_of
from glmengine.goodness.checks import N_APART, N_BLOCKS, N_TENTHS, QUANTILES, Lengths, UnitChecks
from glmengine.goodness.cross_correlation import PairSums
from glmengine.goodness.dispersion import dispersion, window_variances, window_widths
from glmengine.goodness.drift import drift
from glmengine.goodness.goodness import Goodness
from glmengine.goodness.influence import Influence, influence
from glmengine.goodness.lags import lag_bands, lag_residuals
from glmengine.goodness.mismatch import Grouping, covariate_groups, mismatch, rate_groups
from glmengine.goodness.observations import Series, block_numbers, observe
from glmengine.goodness.rescaling import (
    Intervals,
    KolmogorovSmirnov,
    censored_test,
    distribution_curve,
    interval_correlation,
    interval_quantiles,
    rescaled_intervals,
    uniform_test,
)
from glmengine.goodness.residuals import quantile_residuals
from glmengine.recording.binned import sample_covariate

if TYPE_CHECKING:
    from glmengine.design.prepare import Prepared
    from glmengine.fitting.out_of_fold import FoldModels

_MOST_COMPONENTS = 6  # a covariate of more (an image) is not looked at component by component
_MOST_COVARIATES = 32
_LONGEST_LAG = 0.25  # s
_MOST_LAGS = 250
_PAIR_LAG = 0.1  # s
_MOST_PAIR_LAGS = 40
_MOST_PAIR_BYTES = 2e9
_READ, _PREDICTED, _PAIRED = 0.1, 0.05, 8e-5
"""What covariates, the prediction of a unit and a lag of a pair of units take beside the checks of a unit (measured)."""

Found = TypeVar("Found")


def assess(
    prepared: Prepared,
    model: Coefficients,
    *,
    units: Sequence[str] | None = None,
    fold_models: FoldModels | None = None,
    groupings: Sequence[Grouping] | None = None,
    context: Context = SILENT,
) -> Goodness:
    """Check a fitted model against the recording that it was prepared on.

    Parameters
    ----------
    prepared : Prepared
        With counts, its units those of `model` in the same order.
    model : Coefficients
    units : sequence of str, optional
        Which to check; all where None.
    fold_models : FoldModels, optional
        Coefficients of fits that have not seen the fold that they predict.
    groupings : sequence of Grouping, optional
        As of `groupings_of`, where they were made before from the same bins.
    context : Context, optional

    Raises
    ------
    GlmError
        If a unit is not one of the model's, or no bin can be judged.
    Cancelled
        If the context says so.
    """
    chosen = _chosen(model, units)
    valid = np.asarray(prepared.design.valid)
    if not valid.any():
        raise GlmError(
            "no bin of these epochs has a value for every term and meets the conditions; choose other epochs", field="time"
        )
    lengths = _lengths(prepared)
    reading, *each, pairing = _shares(context, len(chosen), lengths, read=groupings is None)
    groupings = _used_first(prepared, groupings_of(prepared, reading) if groupings is None else groupings)
    blocks = block_numbers(valid, N_BLOCKS)
    with_influence = fold_models is None and model.covariance is not None
    n_bins = prepared.grid.n_bins
    with_pairs = len(chosen) > 1 and 8.0 * n_bins * len(chosen) <= _MOST_PAIR_BYTES
    pairs = PairSums(len(chosen), n_bins) if with_pairs else None
    size = max(1, int(model.analysis.model.memory * 1e9 / (8.0 * 8 * max(n_bins, 1))))
    found: list[UnitChecks] = []
    for first in range(0, len(chosen), size):
        group = chosen[first : first + size]
        seen = observe(
            prepared,
            model,
            group,
            fold_models=fold_models,
            blocks=blocks if with_influence else None,
            context=each[2 * first],
        )
        for at, unit in enumerate(group):
            share = each[2 * (first + at) + 1].part(0.0, 1.0, f"Checking unit {model.units[unit]}")
            share.report(Progress("", 0.0))
            series = seen.series(at)
            if pairs is not None:
                pairs.keep(first + at, series.residual, series.spread)
            moved = None
            if seen.scores is not None:
                moved = influence(seen.scores[at], model.covariance[unit])
            rng = np.random.default_rng([model.analysis.seed, zlib.crc32(model.units[unit].encode())])
            found.append(_check(series, groupings, blocks, lengths, moved, rng, share))
    correlations = None
    if pairs is not None:
        correlations = pairs.correlations(prepared.grid.segment, lengths.pair_lags, pairing)
    context.report(Progress("Verdicts", 1.0))
    names = tuple(model.units[unit] for unit in chosen)
    return goodness_of(prepared, model, names, found, groupings, blocks, lengths, correlations, held_out=fold_models is not None)


def _shares(context: Context, n_units: int, lengths: Lengths, *, read: bool) -> list[Context]:
    """Contexts for covariates, for each unit that it is predicted and that it is checked, and for pairs of units."""
    of_pairs = _PAIRED * n_units**2 * (lengths.pair_lags + 1) if n_units > 1 else 0.0
    return parts_by_work(context, [_READ * read, *[_PREDICTED, 1.0] * n_units, of_pairs])


def _chosen(model: Coefficients, units: Sequence[str] | None) -> list[int]:
    if units is None:
        return list(range(len(model.units)))
    names = [units] if isinstance(units, str) else list(dict.fromkeys(units))
    if not names:
        raise GlmError("units: the list is empty; name at least one, or leave it out for all", field="units.names")
    unknown = [name for name in names if name not in model.units]
    if unknown:
        raise GlmError(
            f"the model has no unit '{unknown[0]}'; it was fitted to: {', '.join(model.units[:12])}", field="units.names"
        )
    return [model.units.index(name) for name in names]


def _lengths(prepared: Prepared) -> Lengths:
    """Lags beyond the longest history window, or a quarter of a second, within bounds that keep this fast."""
    bin_size = prepared.grid.bin_size
    windows = [getattr(term.basis, "window", None) or 0.0 for term in prepared.design.terms if term.kind == "history"]
    longest = max([_LONGEST_LAG, *(2.0 * window for window in windows)])
    lags = int(np.clip(round(longest / bin_size), 5, _MOST_LAGS))
    pair_lags = int(np.clip(round(_PAIR_LAG / bin_size), 3, _MOST_PAIR_LAGS))
    return Lengths(lags, pair_lags, window_widths(int(prepared.design.valid.sum()) // 30))


def groupings_of(prepared: Prepared, context: Context = SILENT) -> tuple[Grouping, ...]:
    """Groups of bins by every covariate that is a number, those of the model's terms before others where there are too many."""
    recording, found = prepared.recording, []
    few = [name for name, (covariate, _) in recording.variables.items() if len(covariate.components) <= _MOST_COMPONENTS]
    used = _used(prepared)
    names = sorted(few, key=lambda name: name not in used)[:_MOST_COVARIATES]
    for place, name in enumerate(names):
        context.check()
        context.report(Progress("Reading covariates", place / len(names), name))
        covariate = recording.variable(name)
        values = sample_covariate(covariate, prepared.grid, prepared.max_gap)
        grouping = covariate_groups(covariate, values, np.asarray(prepared.design.valid))
        if grouping is not None:
            found.append(grouping)
    return tuple(found)


def _used_first(prepared: Prepared, groupings: Sequence[Grouping]) -> tuple[Grouping, ...]:
    used = _used(prepared)
    return tuple(sorted(groupings, key=lambda one: one.name not in used))


def _used(prepared: Prepared) -> set[str]:
    """Variables of the model's terms."""
    return {name for term in prepared.design.terms for name in variables_of(term)}


def _check(
    series: Series,
    groupings: Sequence[Grouping],
    blocks: np.ndarray,
    lengths: Lengths,
    moved: Influence | None,
    rng: np.random.Generator,
    context: Context,
) -> UnitChecks:
    # each takes about as long as one lag
    before, after = 3 + series.has_events + len(groupings), 4
    parts = parts_by_work(context, [*[1.0] * before, lengths.lags, *[1.0] * after])
    of_lags, left = parts[before], iter(parts)

    def told(found: Found) -> Found:
        """The same, after it was said that one more is found."""
        context.check()
        next(left).report(Progress("", 1.0))
        return found

    residuals = told(quantile_residuals(series, rng))
    used = series.used
    normal = residuals[used]
    if series.has_events:
        intervals = told(rescaled_intervals(series, rng))
        test = censored_test(intervals)
        distribution = distribution_curve(intervals, QUANTILES, test.band)
        quantiles, apart = interval_quantiles(intervals, QUANTILES), interval_correlation(intervals, N_APART)
    else:
        test, distribution, quantiles, apart = _transform(normal, series.run[used])
    n_bins = int(used.sum())
    total = float(np.nansum(series.observed))
    windows = told(window_variances(series, lengths.widths.tolist()))
    return UnitChecks(
        rate=total / (n_bins * series.bin_size) if n_bins else float("nan"),
        n_spikes=total,
        n_bins=n_bins,
        ks=test,
        distribution=distribution,
        intervals=quantiles,
        apart=apart,
        residual_quantiles=np.quantile(normal, QUANTILES) if n_bins else np.full(len(QUANTILES), np.nan),
        covariates=tuple(told(mismatch(series, residuals, one.number, len(one.centre))) for one in groupings),
        time=told(mismatch(series, residuals, blocks, N_BLOCKS)),
        lags=told(lag_residuals(series, lengths.lags, of_lags)),
        bands=told(lag_bands(series, lengths.lags)),
        calibration=told(mismatch(series, residuals, rate_groups(series, N_TENTHS), N_TENTHS)),
        dispersion=told(dispersion(series, residuals)),
        windows=windows,
        drift=told(drift(series)),
        influence=moved,
    )


def _transform(
    normal: np.ndarray, run: np.ndarray
) -> tuple[KolmogorovSmirnov, tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Of a signal: the test, distribution and correlation of its probability transforms, in place of rescaled intervals."""
    from scipy.special import ndtr

    level = ndtr(normal)
    test = uniform_test(level)
    length = -np.log1p(-np.minimum(level, 1.0 - 1e-15))
    intervals = Intervals(length, np.ones(len(length), bool), run)
    return (
        test,
        distribution_curve(intervals, QUANTILES, test.band),
        interval_quantiles(intervals, QUANTILES),
        interval_correlation(intervals, N_APART),
    )
