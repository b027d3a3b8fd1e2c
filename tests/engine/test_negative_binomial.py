"""The dispersion by maximum likelihood: its derivatives, its bounds, and the joint maximum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmengine.models import get_family
from glmengine.solvers.negative_binomial import LOWEST, _slope, _tail, best_dispersion, fit_jointly

FAMILY = get_family("negative_binomial")


def simulate(a: float, T: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mu = rng.gamma(2, 1.0, T)
    return rng.poisson(mu * rng.gamma(1 / a, a, T)).astype(float), mu


@pytest.mark.parametrize("a", [1e-3, 0.1, 1.0, 30.0])
def test_derivatives_by_the_dispersion(a):
    y, mu = simulate(0.5)
    weights = np.random.default_rng(1).random(y.size)
    step = 1e-4 * a

    def loss(a):
        return -float(weights @ FAMILY.log_likelihood(mu, y, a))

    tail = _tail(y, weights)
    slope, bend = _slope(tail, y, mu, weights, a)
    assert slope == pytest.approx((loss(a + step) - loss(a - step)) / (2 * step), rel=1e-5)
    above, below = _slope(tail, y, mu, weights, a + step)[0], _slope(tail, y, mu, weights, a - step)[0]
    assert bend == pytest.approx((above - below) / (2 * step), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.05, 5), st.integers(0, 1000), st.floats(1e-6, 1e3))
def test_the_best_dispersion_is_a_maximum_from_any_start(a, seed, start):
    y, mu = simulate(a, seed=seed)
    weights = np.ones(y.size)
    best = best_dispersion(y, mu, weights, start)
    here = FAMILY.log_likelihood(mu, y, best).sum()
    assert here >= FAMILY.log_likelihood(mu, y, best * 1.01).sum()
    assert here >= FAMILY.log_likelihood(mu, y, best / 1.01).sum()
    if a > 0.3:
        assert best == pytest.approx(a, rel=0.5)


def test_counts_no_more_variable_than_poisson_have_none():
    rng = np.random.default_rng(0)
    assert best_dispersion(rng.binomial(6, 0.5, 500).astype(float), np.full(500, 3.0), np.ones(500)) == LOWEST
    assert best_dispersion(np.zeros(10), np.full(10, 0.1), np.ones(10)) == LOWEST  # nothing is known of it
    assert best_dispersion(np.zeros(0), np.zeros(0), np.zeros(0)) == LOWEST


def test_rows_of_weight_zero_do_not_count():
    y, mu = simulate(0.5)
    weights = (np.arange(y.size) % 3 > 0).astype(float)
    spoiled = np.where(weights > 0, y, 1e5)
    assert best_dispersion(spoiled, mu, weights) == pytest.approx(
        best_dispersion(y[weights > 0], mu[weights > 0], np.ones(int(weights.sum()))), rel=1e-10
    )


def test_the_joint_fit_finds_the_fixed_point_of_each_unit():
    slopes = np.array([0.2, -0.1, 0.0])
    targets = np.array([0.5, 2.0, 0.01])

    def solve(dispersion, last):
        return np.log(dispersion)

    def best(answer, dispersion):
        return targets * np.exp(slopes * (answer - np.log(targets)))

    found = fit_jointly(solve, best, np.ones(3))
    assert found.converged.all()
    np.testing.assert_allclose(found.dispersion, targets, rtol=1e-9)
    assert found.fits <= 8
