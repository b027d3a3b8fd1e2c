"""Rao's score test against the likelihood ratio it approximates, and against its distribution where nothing is there."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.inference.score_test import SmallerFit, score_tests
from glmengine.models import get_family


def score_of(X, y, fit, columns, groups, family):
    one = SmallerFit(fit.coef[:, 0], float(fit.intercept[0]), columns, float(fit.dispersion[0]))
    halves = np.array_split(np.arange(len(X)), 3)
    return score_tests(((X[part], y[part]) for part in halves), one, groups, get_family(family), get_family(family).link())


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "negative_binomial"])
def test_score_test_is_near_the_likelihood_ratio(family):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(4000, 6))
    eta = 0.4 * X[:, 0] + 0.06 * X[:, 3]
    y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.random(4000) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: 3.0 * eta + 2.0 * rng.normal(size=4000),
        "negative_binomial": lambda: rng.poisson(np.exp(eta) * rng.gamma(2.0, 0.5, 4000)),
    }[family]().astype(float)
    columns = np.array([True, True, False, False, False, False])
    smaller = ge.fit(X, y, family=family, penalty=None, mask=columns)
    groups = [np.array([2, 3]), np.array([4, 5])]
    statistic, df = score_of(X, y, smaller, columns, groups, family)
    np.testing.assert_array_equal(df, [2, 2])
    for number, group in enumerate(groups):
        mask = columns.copy()
        mask[group] = True
        larger = ge.fit(X, y, family=family, penalty=None, mask=mask)
        ratio = larger.likelihood_ratio(smaller)
        expected = float(ratio["statistic"][0])
        assert statistic[number] == pytest.approx(expected, rel=0.06, abs=0.05)


def test_score_test_of_collinear_and_absent_columns():
    rng = np.random.default_rng(4)
    X = rng.normal(size=(500, 3))
    X = np.column_stack([X, X[:, 2], X[:, 0], np.full(500, 2.0)])
    y = rng.poisson(1.0, 500).astype(float)
    columns = np.array([True, False, False, False, False, False])
    smaller = ge.fit(X, y, penalty=None, mask=columns)
    statistic, df = score_of(X, y, smaller, columns, [np.array([2, 3]), np.array([2]), np.array([4]), np.array([5])], "poisson")
    np.testing.assert_array_equal(df, [1, 1, 0, 0])  # twice the same column; the fit's own column; a constant
    assert statistic[0] == pytest.approx(statistic[1])


def test_score_test_is_chi_squared_where_nothing_is_there():
    from scipy.stats import kstest

    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 4))
    y = rng.poisson(np.exp(0.3 * X[:, 0])[:, None] * np.ones(200)).astype(float)
    columns = np.array([True, False, False, False])
    fit = ge.fit(X, y, penalty=None, mask=np.repeat(columns[:, None], 200, axis=1))
    found = []
    for unit in range(200):
        one = SmallerFit(fit.coef[:, unit], float(fit.intercept[unit]), columns, 1.0)
        found.append(
            score_tests([(X, y[:, unit])], one, [np.array([1, 2, 3])], get_family("poisson"), get_family("poisson").link())[0][0]
        )
    assert kstest(found, "chi2", args=(3,)).pvalue > 0.01
