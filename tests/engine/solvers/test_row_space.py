"""Ridges on more columns than rows: the optimum by its gradient, the same as in all coordinates."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.models import get_family
from glmengine.solvers.row_space import RowSpace

T, P = 45, 330
STRENGTH = 3e-3


def problem(family: str, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P)) + rng.normal(size=P)
    eta = (X - X.mean(0)) @ rng.normal(size=(P, 2)) * 0.06
    mu = np.exp(eta)
    y = {
        "poisson": lambda: rng.poisson(mu),
        "bernoulli": lambda: rng.random(mu.shape) < 1 / (1 + 1 / mu),
        "gaussian": lambda: eta + rng.normal(size=mu.shape),
        "gamma": lambda: rng.gamma(2.0, mu / 2.0),
        "negative_binomial": lambda: rng.poisson(mu * rng.gamma(1.0, 1.0, mu.shape)),
    }[family]()
    return X, y.astype(float)


def gradient(fit: ge.Fit, X: np.ndarray, y: np.ndarray, weights: np.ndarray, offset: float, pull: np.ndarray) -> np.ndarray:
    """(P + 1, M) of the objective in raw units, from the family's own slopes."""
    family = get_family(fit.family)
    link = family.link(fit.link)
    eta = X @ fit.coef + fit.intercept + offset
    dispersion = 1.0 if fit.dispersion is None else fit.dispersion
    slope = np.asarray(family.evaluate(eta, y, link, dispersion)[1]) * weights[:, None] / weights.sum()
    return np.vstack([X.T @ slope + pull * fit.coef, slope.sum(axis=0)])


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "gamma", "negative_binomial"])
def test_optimum(family):
    X, y = problem(family)
    rng = np.random.default_rng(0)
    weights, offset = rng.integers(0, 3, T).astype(float), 0.3
    link = "log" if family == "gamma" else None
    fit = ge.fit(X, y, family, link, ge.Ridge(STRENGTH), weights=weights, offset=np.full(T, offset))
    assert fit.converged.all()
    assert "space of the rows" in fit.solver
    assert np.abs(gradient(fit, X, y, weights, offset, STRENGTH)).max() < 2e-8


@pytest.mark.parametrize("intercept", [True, False])
def test_columns_of_any_size_and_rows_met_twice(intercept):
    X, y = problem("poisson")
    X = X * np.geomspace(1e-2, 1e2, P)
    X[:, 7] = 2.0
    X, y = np.vstack([X, X[:9]]), np.vstack([y, y[:9]])
    fit = ge.fit(X, y, penalty=ge.Ridge(STRENGTH), intercept=intercept)
    assert fit.converged.all()
    assert "space of the rows" in fit.solver
    there = gradient(fit, X, y, np.ones(len(X)), 0.0, STRENGTH) / np.append(np.abs(X).max(axis=0), 1.0)[:, None]
    assert np.abs(there[: P + intercept]).max() < 2e-8
    if intercept:
        assert (fit.coef[7] == 0).all()


def test_path_and_folds_are_those_of_all_coordinates(monkeypatch):
    X, y = problem("poisson")
    strengths = [1.0, 1e-1, 1e-2]
    within = ge.cross_validate(X, y, penalty="ridge", strengths=strengths, folds=3)
    monkeypatch.setattr(RowSpace, "serves", staticmethod(lambda problem: False))
    across = ge.cross_validate(X, y, penalty="ridge", strengths=strengths, folds=3)
    np.testing.assert_allclose(within.scores, across.scores, rtol=1e-7)


def test_units_that_may_use_different_columns_stay_where_they_are():
    X, y = problem("poisson")
    mask = np.ones((P, 2), bool)
    mask[0, 0] = False
    fit = ge.fit(X, y, penalty=ge.Ridge(STRENGTH), mask=mask)
    assert fit.converged.all()
    assert fit.coef[0, 0] == 0
    there = gradient(fit, X, y, np.ones(T), 0.0, STRENGTH)
    there[0, 0] = 0.0
    assert np.abs(there).max() < 2e-8
