"""Quantile residuals, dispersion, lags, groups and drift of one unit, on data whose truth is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from glmengine.goodness.cross_correlation import PairSums
from glmengine.goodness.dispersion import dispersion, window_variances
from glmengine.goodness.drift import drift
from glmengine.goodness.influence import influence
from glmengine.goodness.lags import lag_bands, lag_residuals
from glmengine.goodness.mismatch import covariate_groups, mismatch, rate_groups
from glmengine.goodness.observations import Series, block_numbers, run_numbers
from glmengine.goodness.residuals import quantile_residuals
from glmengine.models import get_family
from glmengine.models.tails import _integrated, _summed, tails

DRAWN = {
    "poisson": lambda rng, mu, a: rng.poisson(mu),
    "bernoulli": lambda rng, mu, a: rng.random(len(mu)) < mu,
    "negative_binomial": lambda rng, mu, a: rng.poisson(mu * rng.gamma(1 / a, a, len(mu))),
    "gaussian": lambda rng, mu, a: mu + np.sqrt(a) * rng.normal(size=len(mu)),
    "gamma": lambda rng, mu, a: mu * rng.gamma(1 / a, a, len(mu)),
}


def series_of(family: str, observed, expected, a: float = 1.0, segment=None) -> Series:
    own = get_family(family)
    variance = np.asarray(own.variance(expected, a if own.estimates_dispersion else None)) * (a if own.free_scale else 1.0)
    segment = np.zeros(len(expected), int) if segment is None else segment
    return Series(
        np.asarray(observed, float), expected, variance, run_numbers(np.ones(len(expected), bool), segment), own, a, 0.01
    )


@pytest.mark.parametrize("family", DRAWN)
def test_residuals_of_the_true_model_are_normal(family):
    rng = np.random.default_rng(0)
    mu = 0.05 + 0.9 * rng.random(20_000) if family == "bernoulli" else np.exp(rng.normal(0.0, 1.0, 20_000))
    series = series_of(family, DRAWN[family](rng, mu, 0.4), mu, 0.4)
    residuals = quantile_residuals(series, rng)
    assert stats.kstest(residuals, "norm").pvalue > 0.001
    assert abs(np.corrcoef(residuals, mu)[0, 1]) < 0.03
    found = dispersion(series, residuals)
    assert found.pearson == pytest.approx(1.0, abs=0.1)
    assert abs(found.index_z) < 4.5


@pytest.mark.parametrize("family", ["poisson", "negative_binomial", "gamma", "bernoulli"])
def test_residuals_far_out_are_finite_and_in_order(family):
    observed = np.array([1.0]) if family == "bernoulli" else np.array([40.0, 400.0])
    series = series_of(family, observed, np.full(len(observed), 1e-3), 0.5)
    found = quantile_residuals(series, np.random.default_rng(0))
    assert np.isfinite(found).all()
    assert (found > 2.5).all()
    assert (np.diff(found) >= 0).all()


def test_tails_from_the_log_likelihood_alone_are_those_of_the_formulas():
    rng = np.random.default_rng(1)
    mu, y = np.exp(rng.normal(0, 1, 50)), rng.poisson(2.0, 50).astype(float)
    for name in ("poisson", "negative_binomial"):
        own, summed = tails(get_family(name), y, mu, 0.7), _summed(get_family(name), y, mu, 0.7)
        for part in ("below", "up_to", "above", "from_here"):
            np.testing.assert_allclose(getattr(summed, part), getattr(own, part), atol=1e-12)
    positive = np.exp(rng.normal(0, 1, 50))
    for name, observed in (("gamma", positive), ("gaussian", rng.normal(0, 2, 50))):
        np.testing.assert_allclose(
            _integrated(get_family(name), observed, mu, 0.7).up_to, tails(get_family(name), observed, mu, 0.7).up_to, atol=1e-6
        )


def test_more_variable_counts_are_found():
    rng = np.random.default_rng(2)
    mu = np.full(20_000, 0.5)
    series = series_of("poisson", DRAWN["negative_binomial"](rng, mu, 0.4), mu)
    found = dispersion(series, quantile_residuals(series, rng))
    assert found.index == pytest.approx(0.4, abs=0.08)
    assert found.index_z > 5


def test_windows_do_not_cross_borders():
    rng = np.random.default_rng(3)
    signs = np.tile([1.0, -1.0, -1.0, 1.0], 250)  # sums of two vanish, unless a border shifts the windows by one
    mu = np.full(1000, 1.0)
    series = series_of("gaussian", mu + signs, mu)
    assert window_variances(series, [2])[0, 0] == pytest.approx(0.0, abs=1e-12)
    shifted = series_of("gaussian", mu + signs, mu, segment=(np.arange(1000) + 1) // 2)
    assert window_variances(shifted, [2])[0, 0] == pytest.approx(2.0)
    assert np.isnan(window_variances(shifted, [4])[0, 0])
    true = series_of("poisson", rng.poisson(mu), mu)
    ratio, error = window_variances(true, [10])[0]
    assert abs(ratio - 1) < 4 * error


def test_spikes_that_follow_spikes_by_hand():
    observed = np.array([0, 1, 0, 2, 0, 0, 1, 0, 1, 0.0])
    mu = np.linspace(0.3, 1.2, 10)
    segment = np.array([0] * 5 + [1] * 5)
    found = lag_residuals(series_of("poisson", observed, mu, segment=segment), 3)
    # lag 2: from bins 1 and 6 to 3 and 8; that from bin 3 to 5 would cross the border
    expected = mu[3] + mu[8]
    assert found.ratio[1] == pytest.approx(3 / expected)
    assert found.z[1] == pytest.approx((3 - expected) / np.sqrt(expected))
    d = observed - mu
    product = sum(d[t] * d[t + 2] for t in (0, 1, 2, 5, 6, 7))
    assert found.correlation[1] == pytest.approx(product / sum(mu[t] for t in (0, 1, 2, 5, 6, 7)))


def test_bands_of_lags_find_the_refractory_time_and_keep_their_level():
    rng = np.random.default_rng(5)
    mu = np.full(40_000, 0.05)
    true = [lag_bands(series_of("poisson", rng.poisson(mu), mu), 30).z for _ in range(40)]
    assert np.abs(np.mean(true)) < 0.2
    assert np.std(true) == pytest.approx(1.0, abs=0.12)
    observed, wait = np.zeros(40_000), 0
    for row, drawn in enumerate(rng.random(40_000)):
        wait -= 1
        if wait <= 0 and drawn < 0.06:
            observed[row], wait = 1.0, 4
    bands = lag_bands(series_of("poisson", observed, np.full(40_000, observed.mean())), 30)
    assert (bands.first[:3] == [1, 2, 3]).all()
    assert (bands.last[:3] == [1, 2, 4]).all()
    assert (bands.z[:2] < -8).all()
    assert bands.ratio[0] == 0.0


def test_groups_and_mismatch_by_hand():
    rng = np.random.default_rng(6)
    from glmengine.recording.recording import Covariate

    mu = rng.uniform(0.1, 1.0, 600)
    series = series_of("poisson", rng.poisson(mu), mu)
    values = rng.normal(size=600)
    values[:50] = np.nan
    grouping = covariate_groups(Covariate("speed", data=None), values, np.ones(600, bool), most=4)
    sizes = np.bincount(grouping.number[50:])
    assert (grouping.number[:50] == -1).all()
    assert sizes.max() - sizes.min() <= 1
    residuals = quantile_residuals(series, rng)
    found = mismatch(series, residuals, grouping.number, 4)
    here = grouping.number == 2
    assert found.observed[2] == series.observed[here].sum()
    assert found.expected[2] == pytest.approx(mu[here].sum())
    assert found.z[2] == pytest.approx((series.observed[here] - mu[here]).sum() / np.sqrt(mu[here].sum()))
    assert found.residual[2] == pytest.approx(residuals[here].mean())
    assert found.p > 1e-4
    assert covariate_groups(Covariate("still", data=None), np.ones(600), np.ones(600, bool)) is None
    tenths = rate_groups(series)
    sums = np.bincount(tenths, weights=mu)
    assert len(sums) == 10
    assert sums.max() / sums.min() < 1.2


def test_drift_is_found_and_fast_variation_is_not_called_drift():
    rng = np.random.default_rng(7)
    mu = np.full(50_000, 0.1)
    level = [drift(series_of("poisson", rng.poisson(mu), mu)).p for _ in range(200)]
    assert 0.01 < np.mean(np.array(level) < 0.05) < 0.11
    slow = drift(series_of("poisson", rng.poisson(mu * np.linspace(0.6, 1.4, 50_000)), mu))
    assert slow.p < 1e-6
    assert slow.change == pytest.approx(1.4 / 0.6, rel=0.3)
    fast = np.repeat(np.exp(rng.normal(0, 0.5, 500)), 100)
    fast /= fast.mean()
    assert drift(series_of("poisson", rng.poisson(mu * fast), mu)).p > 1e-3


def test_an_odd_block_is_influential():
    rng = np.random.default_rng(8)
    x = rng.normal(size=4000)
    mu = np.exp(-1.5 + 0.3 * x)
    y = rng.poisson(mu).astype(float)
    blocks = block_numbers(np.ones(4000, bool), 20)
    X = np.column_stack([np.ones(4000), x])
    covariance = np.linalg.inv(X.T @ (mu[:, None] * X))

    def scores(observed):
        return np.stack([X[blocks == b].T @ (observed - mu)[blocks == b] for b in range(20)])

    assert influence(scores(y), covariance).p.min() > 1e-4
    y[blocks == 7] = rng.poisson(np.exp(-1.5 - 1.0 * x[blocks == 7]))
    found = influence(scores(y), covariance)
    assert np.argmax(found.distance) == 7
    assert found.p[7] < 1e-6


def test_pairs_by_hand_and_their_level():
    rng = np.random.default_rng(9)
    bins = 3000
    segment = (np.arange(bins) >= 1000).astype(int)
    mu = rng.uniform(0.05, 0.3, (3, bins))
    y = rng.poisson(mu).astype(float)
    pairs = PairSums(3, bins)
    for unit in range(3):
        pairs.keep(unit, y[unit] - mu[unit], mu[unit])
    found, z = pairs.correlations(segment, 4)
    lag = 3
    rows = [t for t in range(bins - lag) if segment[t] == segment[t + lag]]
    product = sum((y[0, t + lag] - mu[0, t + lag]) * (y[1, t] - mu[1, t]) for t in rows)
    variance = sum(mu[0, t + lag] * mu[1, t] for t in rows)
    assert z[0, 1, 4 + lag] == pytest.approx(product / np.sqrt(variance), rel=1e-4)
    assert z[1, 0, 4 - lag] == z[0, 1, 4 + lag]
    assert found[0, 1, 4 + lag] == pytest.approx(product / np.sqrt(mu[0].sum() * mu[1].sum()), rel=1e-4)
    assert np.isnan(z[1, 1]).all()
    assert np.nanmax(np.abs(z)) < 4.5


def test_a_unit_without_a_judged_bin_gives_nothing():
    mu = np.full(100, 0.2)
    series = replace(series_of("poisson", np.zeros(100), mu), observed=np.full(100, np.nan), expected=np.full(100, np.nan))
    assert np.isnan(dispersion(series, quantile_residuals(series, np.random.default_rng(0))).pearson)
    assert np.isnan(drift(series).p)
    assert np.isnan(lag_bands(series, 10).z).all()
