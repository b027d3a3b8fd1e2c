"""Rates agree to 1e-8 whatever computes them: NumPy, or JAX as it would run on a GPU, for every solver."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import norm

import glmengine as ge
from glmengine.backend import choice
from glmengine.backend import jax_runtime as runtime
from glmengine.basis import BSpline

T, P = 20_000, 24


def design(seed: int = 0) -> np.ndarray:
    """Splines of two variables, which add up to 1 each, on scales of their own."""
    rng = np.random.default_rng(seed)
    one = rng.uniform(size=T)
    other = np.clip(0.6 * one + 0.4 * rng.uniform(size=T), 0.0, 1.0)
    columns = [np.asarray(BSpline(n=P // 2, bounds=(0, 1)).evaluate(x)) for x in (one, other)]
    return np.concatenate(columns, axis=1) * np.geomspace(0.2, 5, P)


def counts(X: np.ndarray, n_units: int = 3, seed: int = 1) -> np.ndarray:
    """(T, M) mean counts."""
    rng = np.random.default_rng(seed)
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    return np.exp(np.clip(z @ (0.3 * rng.normal(size=(P, n_units)) * (rng.random((P, n_units)) < 0.5)) - 1.0, -4.0, 1.5))


def poisson(X: np.ndarray) -> np.ndarray:
    return np.random.default_rng(2).poisson(counts(X)).astype(float)


def overdispersed(X: np.ndarray) -> np.ndarray:
    rng, mean = np.random.default_rng(3), counts(X)
    return rng.poisson(mean * rng.gamma(2.0, 0.5, mean.shape)).astype(float)


def positive(X: np.ndarray) -> np.ndarray:
    mean = counts(X)
    return mean * np.random.default_rng(4).gamma(3.0, 1 / 3, mean.shape)


def classes(X: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(5)
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    eta = np.clip(np.column_stack([z @ rng.normal(size=(P, 3)) * 0.3, np.zeros(T)]), -2.0, 2.0)
    return np.argmax(eta + rng.gumbel(size=eta.shape), axis=1).astype(float)


def at_the_edge(X: np.ndarray) -> np.ndarray:
    """Counts whose mean is linear in what was observed, and 0 in some rows at the optimum."""
    x = (X[:, 0] - X[:, 0].min()) / np.ptp(X[:, 0])
    return np.random.default_rng(6).poisson(np.maximum(3.0 * x - 1.2, 0.0))[:, None].astype(float)


GROUPS = (range(8), range(8, 16), range(16, P))
WORKS = {
    "none": (poisson, {"penalty": ge.NoPenalty()}),
    "ridge": (poisson, {"penalty": ge.Ridge(1e-3)}),
    "ridge without Hessians": (poisson, {"penalty": ge.Ridge(1e-3), "solver": "lbfgs"}),
    "ridge by Newton": (poisson, {"penalty": ge.Ridge(1e-3), "solver": "newton"}),
    "smoothness": (poisson, {"penalty": ge.Smoothness(1e-2)}),
    "lasso": (poisson, {"penalty": ge.Lasso(5e-3)}),
    "elastic net": (poisson, {"penalty": ge.ElasticNet(5e-3, 0.5)}),
    "group lasso": (poisson, {"penalty": ge.GroupLasso(5e-3, GROUPS)}),
    "negative binomial": (overdispersed, {"penalty": ge.Ridge(1e-4), "family": "negative_binomial"}),
    "negative binomial, lasso": (overdispersed, {"penalty": ge.Lasso(5e-3), "family": "negative_binomial"}),
    "gamma": (positive, {"penalty": ge.Ridge(1e-4), "family": "gamma"}),
    "gamma, lasso": (positive, {"penalty": ge.Lasso(5e-3), "family": "gamma"}),
    "Gaussian": (positive, {"penalty": ge.Lasso(5e-3), "family": "gaussian"}),
    "classes": (classes, {"penalty": ge.NoPenalty(), "family": "categorical"}),
    "classes, ridge": (classes, {"penalty": ge.Ridge(1e-3), "family": "categorical"}),
    "classes, lasso": (classes, {"penalty": ge.Lasso(5e-3), "family": "categorical"}),
    "classes, group lasso": (classes, {"penalty": ge.GroupLasso(5e-3, GROUPS), "family": "categorical"}),
    "strength found": (poisson, {"penalty": ge.Smoothness(), "strength": "reml"}),
}


def rates(X, y, monkeypatch, **options) -> tuple[ge.Fit, np.ndarray, ge.Fit, np.ndarray]:
    """Fits in NumPy, and as on a device, and what they predict."""
    with monkeypatch.context() as context:
        context.setattr(choice, "FEWEST", y.size)
        here = ge.fit(X, y, **options)
        expected = here.predict(X)
    with monkeypatch.context() as context:
        context.setattr(runtime, "on_cpu", lambda: False)
        there = ge.fit(X, y, **options)
        found = there.predict(X)
    assert here.converged.all()
    assert there.converged.all()
    return here, expected, there, found


@pytest.mark.parametrize("name", WORKS)
def test_rates_agree_between_backends(name, monkeypatch):
    observed, options = WORKS[name]
    X = design()
    here, expected, there, found = rates(X, observed(X), monkeypatch, **options)
    assert here.backend.startswith("NumPy")
    assert there.backend.startswith("JAX")
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


def test_rates_agree_at_the_edge_of_a_link(monkeypatch):
    X = design()[:, [0, 3, 6, 9, 15]]
    _, expected, _, found = rates(X, at_the_edge(X), monkeypatch, penalty=ge.NoPenalty(), link="identity")
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
    assert expected.min() < 1e-5  # it is there


@pytest.mark.parametrize("penalty", [ge.Lasso(1e-3), ge.GroupLasso(1e-3, (range(64), range(64, 76))), ge.ElasticNet(1e-3, 0.5)])
def test_rates_of_a_place_cell_agree_where_columns_overlap(penalty, monkeypatch):
    rng = np.random.default_rng(7)
    a = np.exp(-1 / 500)
    x, y, head = norm.cdf(lfilter([np.sqrt(1 - a * a)], [1, -a], rng.normal(size=(3, 30_000))))
    one, other = (np.asarray(BSpline(n=8, bounds=(0, 1)).evaluate(values)) for values in (x, y))
    place = (one[:, :, None] * other[:, None, :]).reshape(len(x), 64)
    X = np.concatenate([place, np.asarray(BSpline(n=12, bounds=(0, 1)).evaluate(head))], axis=1)
    rate = 80 * np.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) / (2 * 0.12**2)) * (0.5 + head) + 0.3
    _, expected, _, found = rates(X, rng.poisson(rate * 0.01)[:, None].astype(float), monkeypatch, penalty=penalty)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
