"""Time rescaling: intervals against arithmetic by hand, and the level of the test whatever the bins and the stretches are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from glmengine.goodness.observations import Series, run_numbers
from glmengine.goodness.rescaling import (
    Intervals,
    censored_test,
    distribution_curve,
    interval_correlation,
    interval_quantiles,
    rescaled_intervals,
    uniform_test,
)
from glmengine.models import get_family


def series_of(family: str, observed, expected, segment=None, dispersion: float = 1.0, kept=None) -> Series:
    """Bins of one unit; NaN in `observed` are not judged, and not passed either unless `kept` says so."""
    own = get_family(family)
    observed, expected = np.asarray(observed, float), np.asarray(expected, float)
    segment = np.zeros(len(observed), int) if segment is None else np.asarray(segment)
    kept = np.isfinite(observed) if kept is None else kept
    expected = np.where(np.isfinite(observed), expected, np.nan)
    variance = np.asarray(own.variance(expected, dispersion if own.estimates_dispersion else None))
    if own.free_scale:
        variance = variance * dispersion
    return Series(observed, expected, variance, run_numbers(kept, segment), own, dispersion, 0.001)


class _Halves:
    """Draws one half, always."""

    def random(self, size):
        return np.full(size, 0.5)


def test_intervals_by_hand():
    observed = [1, 0, 0, 1, 0, np.nan, 0, 1, 0, 1]
    expected = [0.2, 0.1, 0.3, 0.4, 0.1, 0.9, 0.5, 0.2, 0.1, 0.6]
    found = rescaled_intervals(series_of("poisson", observed, expected, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1]), _Halves())
    # from the middle of a spike's bin to the middle of the next one's; cut off by the missing bin, and by the second stretch
    np.testing.assert_allclose(found.length, [0.1 + 0.1 + 0.3 + 0.2, 0.2 + 0.1, 0.1, 0.3])
    np.testing.assert_array_equal(found.complete, [True, False, False, False])


def test_intervals_of_spike_or_none_by_hand():
    """Haslinger, Pipa & Brown 2010, eq. 8 and 9: hazards -log(1 - p), and -log(1 - r p) for the bin of the spike."""
    p = np.array([0.3, 0.1, 0.2, 0.4, 0.5])
    found = rescaled_intervals(series_of("bernoulli", [1, 0, 0, 1, 0], p), _Halves())
    expected = -np.log(0.9) - np.log(0.8) - np.log(1 - 0.5 * 0.4)
    np.testing.assert_allclose(found.length, [expected, -np.log(0.5)])
    np.testing.assert_array_equal(found.complete, [True, False])


def test_bins_in_which_it_cannot_fire_are_passed():
    observed = np.array([1, np.nan, np.nan, 0, 1, 0.0])
    found = rescaled_intervals(series_of("poisson", observed, np.full(6, 0.2), kept=np.ones(6, bool)), _Halves())
    np.testing.assert_allclose(found.length, [0.1 + 0.2 + 0.1, 0.1 + 0.2])
    np.testing.assert_array_equal(found.complete, [True, False])


def test_without_cut_off_intervals_it_is_the_plain_test():
    length = np.random.default_rng(0).exponential(1.1, 300)
    found = censored_test(Intervals(length, np.ones(300, bool), np.zeros(300, int)))
    plain = stats.kstest(length, "expon")
    assert found.statistic == pytest.approx(plain.statistic, abs=1e-12)
    assert found.p == pytest.approx(plain.pvalue, rel=0.05)
    share, low, high = distribution_curve(Intervals(length, np.ones(300, bool), np.zeros(300, int)), np.array([0.5]), found.band)
    assert share[0] == pytest.approx(np.mean(length <= np.log(2)), abs=1e-12)
    np.testing.assert_allclose([low[0], high[0]], [0.5 - found.band, 0.5 + found.band])
    assert uniform_test(-np.expm1(-length)).statistic == pytest.approx(plain.statistic, abs=1e-12)


def test_quantiles_with_cut_off_intervals_are_the_exponentials():
    rng = np.random.default_rng(1)
    length, cut = rng.exponential(1.0, 40_000), rng.uniform(0.0, 3.0, 40_000)
    intervals = Intervals(np.minimum(length, cut), length <= cut, np.zeros(40_000, int))
    at = np.array([0.1, 0.5, 0.8])
    np.testing.assert_allclose(interval_quantiles(intervals, at), -np.log1p(-at), rtol=0.03)


def test_correlation_pairs_stay_within_a_stretch():
    rng = np.random.default_rng(2)
    length, complete = rng.exponential(1.0, 60), np.ones(60, bool)
    run = np.repeat(np.arange(6), 10)
    complete[9::10] = False
    found, half = interval_correlation(Intervals(length, complete, run), 3)
    z = stats.norm.ppf(-np.expm1(-length)).reshape(6, 10)
    pairs = (z[:, :8] * z[:, 1:9]).ravel()
    assert found[0] == pytest.approx(pairs.mean())
    assert half[0] == pytest.approx(1.959963984540054 / np.sqrt(48))


@pytest.mark.parametrize("piece", [4000, 40])
@pytest.mark.parametrize(("family", "dispersion"), [("poisson", 1.0), ("bernoulli", 1.0), ("negative_binomial", 0.5)])
def test_the_true_model_is_rejected_as_often_as_said(family, dispersion, piece):
    """In bins that often hold several spikes, and in stretches that hold one or two."""
    rng = np.random.default_rng(3)
    bins, repeats, rejected = 4000, 300, 0
    segment = np.arange(bins) // piece
    for _ in range(repeats):
        mean = np.clip(0.1 * np.exp(np.cumsum(rng.normal(0, 0.02, bins))), 0.005, 0.8)
        if family == "bernoulli":
            observed = rng.random(bins) < mean
        else:
            gain = rng.gamma(1 / dispersion, dispersion, bins) if family == "negative_binomial" else 1.0
            observed = rng.poisson(mean * gain)
        rejected += censored_test(rescaled_intervals(series_of(family, observed, mean, segment, dispersion), rng)).p < 0.05
    low, high = stats.binom.ppf([0.001, 0.999], repeats, 0.05)
    assert low <= rejected <= high


def test_a_model_without_refractoriness_is_rejected():
    rng = np.random.default_rng(4)
    observed, wait = np.zeros(30_000), 0
    for row, drawn in enumerate(rng.random(30_000)):
        wait -= 1
        if wait <= 0 and drawn < 0.05:
            observed[row], wait = 1.0, 6
    series = series_of("poisson", observed, np.full(30_000, observed.mean()))
    assert censored_test(rescaled_intervals(series, rng)).p < 1e-4
