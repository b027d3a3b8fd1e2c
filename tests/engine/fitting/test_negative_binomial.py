"""The dispersion by maximum likelihood: its derivatives, its bounds, and the joint maximum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glmengine.fitting.fit import fit
from glmengine.models import get_family
from glmengine.models.rising_factorial import rising, rising_logs
from glmengine.solvers.negative_binomial import LOWEST, best_dispersion, fit_jointly

FAMILY = get_family("negative_binomial")


def simulate(a: float, T: int = 2000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mu = rng.gamma(2, 1.0, T)
    return rng.poisson(mu * rng.gamma(1 / a, a, T)).astype(float), mu


@pytest.mark.parametrize("a", [1e-3, 0.099, 0.1, 1.0, 30.0])
def test_derivatives_by_the_dispersion(a):
    y = np.concatenate([np.arange(30.0), np.linspace(0.0, 40.0, 77), [2.5e6]])
    step = 1e-4 * a
    _, first, second = rising(y, a)
    above, below = rising(y, a + step), rising(y, a - step)
    np.testing.assert_allclose(first, (above[0] - below[0]) / (2 * step), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(second, (above[1] - below[1]) / (2 * step), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("a", [1e-9, 1e-5, 0.01, 0.0999, 0.1001, 2.0, 1e4])
def test_whole_counts_are_sums_over_the_numbers_below_them(a):
    y = np.array([0, 1, 2, 5, 40, 3000])
    value, first, second = rising(y, a)
    below = [np.arange(count) for count in y]
    np.testing.assert_allclose(value, [np.log1p(a * i).sum() for i in below], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(first, [(i / (1 + a * i)).sum() for i in below], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(second, [-((i / (1 + a * i)) ** 2).sum() for i in below], rtol=1e-7, atol=1e-7)
    np.testing.assert_allclose(rising_logs(y, np.array(a)), value, rtol=1e-11, atol=1e-13)


def test_amounts_that_are_no_whole_numbers_and_huge_counts_have_their_best_dispersion_too():
    rng = np.random.default_rng(3)
    mu = rng.gamma(2, 2.0, 3000)
    y = mu * rng.gamma(1 / 0.8, 0.8, 3000) + rng.normal(size=3000) ** 2 * np.sqrt(mu) * 0.1
    for scale in (1.0, 1e7):
        amounts, means = y * scale, mu * scale
        best = best_dispersion(amounts if scale == 1 else np.round(amounts), means, np.ones(3000))
        for other in (best * 1.01, best / 1.01):
            assert FAMILY.log_likelihood(means, amounts, best).sum() > FAMILY.log_likelihood(means, amounts, other).sum()


def test_a_fit_to_amounts_is_the_joint_maximum():
    rng = np.random.default_rng(9)
    X = rng.normal(size=(500, 2))
    y = rng.gamma(0.5, 4.0, 500)
    found = fit(X, y, "negative_binomial", penalty=None, whole=False)
    assert found.converged[0]
    for other in (found.dispersion[0] * 1.02, found.dispersion[0] / 1.02):
        mean = found.predict(X)[:, 0]
        assert FAMILY.log_likelihood(mean, y, found.dispersion[0]).sum() > FAMILY.log_likelihood(mean, y, other).sum()


def test_huge_counts_neither_fill_the_memory_nor_stop_the_fit():
    rng = np.random.default_rng(2)
    found = fit(rng.normal(size=(300, 1)), rng.negative_binomial(2, 2e-9, 300), "negative_binomial")
    assert found.converged[0]
    assert found.dispersion[0] == pytest.approx(0.5, rel=0.3)


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


@pytest.mark.parametrize("link", ["log", "softplus"])
def test_separation_is_seen_though_the_dispersion_is_looked_for_in_several_fits(link):
    rng = np.random.default_rng(9)
    X = rng.normal(size=(400, 2))
    never = (X[:, 0] > 0).astype(float)
    y = rng.poisson(2.0 * rng.gamma(2.0, 0.5, 400)).astype(float)
    design = np.column_stack([never, X[:, 1]])
    split = fit(design, y * (never == 0), "negative_binomial", link, penalty=None)
    assert split.status[0] == "separated"
    assert not split.converged[0]
    assert fit(design, y, "negative_binomial", link, penalty=None).status[0] == "ok"


def test_each_unit_s_dispersion_goes_with_its_counts_whichever_way_they_lie():
    from glmengine.models import get_family

    rng = np.random.default_rng(7)
    counts, own = rng.poisson(2.0, (50, 3)).astype(float), np.array([0.1, 0.5, 2.0])
    family = get_family("negative_binomial")
    one_by_one = np.stack([family.dispersion_loss(counts[:, m], own[m]) for m in range(3)], axis=1)
    np.testing.assert_allclose(family.dispersion_loss(counts, own), one_by_one, rtol=1e-14)
    np.testing.assert_allclose(family.dispersion_loss(counts.T, own[:, None]), one_by_one.T, rtol=1e-14)
