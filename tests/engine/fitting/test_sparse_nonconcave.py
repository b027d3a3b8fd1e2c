"""Penalties that make zeros where the likelihood is not concave: the optimum is reached, and said to be, in a few steps."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.fitting.fit import fit
from glmengine.models import ElasticNet, GroupLasso, Lasso, get_family, get_link

PENALTIES = [Lasso(0.003), ElasticNet(0.01, ratio=0.3), GroupLasso(0.003, groups=[list(range(6))])]


@pytest.mark.parametrize("penalty", PENALTIES, ids=lambda penalty: penalty.name)
@pytest.mark.parametrize("seed", [2, 5, 6])
def test_a_gamma_with_the_identity_link_reaches_its_optimum(penalty, seed):
    rng = np.random.default_rng(seed)
    X = np.abs(rng.normal(size=(150, 6)))
    mean = 0.05 + X @ np.array([0.4, 0.1, 0.0, 0.3, 0.2, 0.05])
    y = rng.gamma(0.3, mean / 0.3)
    found = fit(X, y, "gamma", "identity", penalty)
    assert found.converged.all()
    assert found.iterations[0] <= 40
    # stationary by the formulas of the family alone
    coef = found.coef[:, 0]
    eta = X @ coef + found.intercept[0]
    score = get_family("gamma").evaluate(eta, y, get_link("identity"))[1]
    slope = X.T @ score / 150
    assert abs(score.mean()) < 1e-8
    if penalty.name == "group_lasso":
        assert np.allclose(slope, -0.003 * np.sqrt(6) * coef / np.linalg.norm(coef), atol=1e-8)
        return
    ratio = getattr(penalty, "ratio", 1.0)
    slope += penalty.strength * (1 - ratio) * coef
    most = penalty.strength * ratio
    assert np.allclose(slope[coef != 0], -most * np.sign(coef[coef != 0]), atol=1e-8)
    assert (np.abs(slope[coef == 0]) <= most + 1e-8).all()


@pytest.mark.parametrize("seed", [87, 88, 140])
def test_a_gaussian_with_the_log_link_whose_likelihood_bends_down_where_the_penalty_does_not(seed):
    rng = np.random.default_rng(seed)
    X = rng.gamma(0.5, size=(80, 5))
    y = np.exp(X @ rng.normal(size=5) * 0.4) + 8 * rng.normal(size=80)
    found = fit(X, y, "gaussian", "log", ElasticNet(0.05, ratio=0.1))
    assert found.converged.all()
    assert found.iterations[0] <= 50


@pytest.mark.parametrize("link", ["log", "softplus"])
@pytest.mark.parametrize("penalty", [Lasso(1e-3), GroupLasso(2e-2, groups=[[0, 1, 2], [3, 4, 5]])], ids=lambda one: one.name)
@pytest.mark.parametrize("intercept", [True, False])
def test_a_gaussian_with_a_curved_link_is_not_called_stopped_at_its_optimum(link, penalty, intercept):
    """Close to it the expected second derivatives alone led back and forth: where there is no intercept, and where a group bends more than the rows."""
    for seed in (1, 6, 10, 11, 13, 25):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(80, 6))
        y = np.exp(X @ (rng.normal(size=6) * 0.4) - rng.choice([0, 2])) + rng.normal(size=80) * rng.choice([0.5, 2.0])
        found = fit(X, y, "gaussian", link, penalty, intercept=intercept)
        assert found.status[0] == "ok", seed
        coef = found.coef[:, 0]
        score = get_family("gaussian").evaluate(X @ coef + found.intercept[0], y, get_link(link))[1]
        slope = X.T @ score / 80
        assert abs(score.mean()) < 1e-8 or not intercept
        if penalty.name == "lasso":
            assert np.allclose(slope[coef != 0], -1e-3 * np.sign(coef[coef != 0]), atol=1e-7)
            continue
        for group in (slice(0, 3), slice(3, 6)):
            length, most = np.linalg.norm(coef[group]), 2e-2 * np.sqrt(3)
            if length:
                assert np.allclose(slope[group], -most * coef[group] / length, atol=1e-7), seed
            else:
                assert np.linalg.norm(slope[group]) <= most + 1e-8
