"""Fits whose first passes over the rows are made in float32 end where others do."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend import choice
from glmengine.solvers import descent, newton
from glmengine.solvers.problem import Objective


def columns(kind: str, rng: np.random.Generator, T: int = 24_000, P: int = 16) -> np.ndarray:
    X = rng.normal(size=(T, P))
    if kind == "on scales far apart":
        return X * np.geomspace(1e-4, 1e4, P)
    if kind == "far from zero":
        return X + 1e5
    if kind == "nearly the same":  # what float32 cannot tell apart
        X[:, 1] = X[:, 0] + 1e-5 * X[:, 1]
        X[:, 2] = X[:, 0] + 1e-7 * X[:, 2]
    return X


@pytest.mark.parametrize(("solver", "backend"), [("auto", "JAX"), ("lbfgs", "JAX"), ("auto", "NumPy")])
@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
@pytest.mark.parametrize("kind", ["plain", "on scales far apart", "far from zero", "nearly the same"])
def test_the_optimum_is_that_of_float64(kind, family, solver, backend, monkeypatch):
    rng = np.random.default_rng(0)
    X = columns(kind, rng)
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    eta = z @ (0.3 * rng.normal(size=(16, 4))) - 1.0
    Y = (rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(eta.shape) < 1 / (1 + np.exp(-eta))).astype(float)
    Y[:5000, 3] = np.nan
    seen: list[str] = []
    evaluate = Objective.evaluate

    def noted(self, theta, columns, precision="float64"):
        seen.append(precision)
        return evaluate(self, theta, columns, precision)

    monkeypatch.setattr(choice, "LINEAR_ELEMENTS", 0 if backend == "JAX" else 1e9)
    monkeypatch.setattr(Objective, "evaluate", noted)
    options = {"family": family, "penalty": ge.Ridge(1e-6), "solver": solver}
    expected = ge.fit(X, Y, **options)
    assert set(seen) == {"float64"}  # too little work
    monkeypatch.setattr(descent, "SINGLE_WORK", 0.0)
    seen.clear()
    found = ge.fit(X, Y, **options)
    assert seen[0] == "float32"
    assert found.backend.startswith(backend)
    assert seen[-1] == "float64"
    assert found.converged.all() == expected.converged.all()
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-12)
    np.testing.assert_allclose(found.predict(X), expected.predict(X), rtol=1e-8 if expected.converged.all() else 1e-5)
    assert len(found.trace) <= 2 * len(expected.trace)  # no long search for what float32 cannot see


def test_a_loss_that_observations_enter_otherwise_stays_in_float64(monkeypatch):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(6000, 6))
    Y = rng.gamma(3.0, np.exp(X @ (0.2 * rng.normal(size=(6, 3)))) / 3.0)
    monkeypatch.setattr(choice, "ELEMENTS", 0)
    monkeypatch.setattr(descent, "SINGLE_WORK", 1.0)
    seen: list[str] = []
    evaluate = Objective.evaluate

    def noted(self, theta, columns, precision="float64"):
        seen.append(precision)
        return evaluate(self, theta, columns, precision)

    monkeypatch.setattr(Objective, "evaluate", noted)
    monkeypatch.setattr(newton, "SMALL", 0.0)
    assert ge.fit(X, Y, family="gamma", penalty=ge.Ridge(1e-4)).converged.all()
    assert set(seen) == {"float64"}
