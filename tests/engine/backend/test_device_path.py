"""The compiled steps that a GPU would run give the same optimum as the processor's own threads, which replace them on a CPU."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend import jax_runtime as runtime


@pytest.fixture
def as_on_a_device(monkeypatch):
    return lambda: monkeypatch.setattr(runtime, "on_cpu", lambda: False)


@pytest.mark.parametrize(
    ("family", "penalty"),
    [("poisson", ge.Ridge(1e-4)), ("poisson", ge.NoPenalty()), ("bernoulli", ge.Smoothness(1e-2)), ("gaussian", ge.Ridge(1e-3))],
)
@pytest.mark.parametrize("M", [1, 4])
def test_rates_and_errors_are_the_same(as_on_a_device, family, penalty, M):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30_000, 40)) * np.geomspace(0.1, 10, 40)
    eta = X @ (rng.normal(size=(40, M)) * 0.1 / np.geomspace(0.1, 10, 40)[:, None]) - 1.0
    Y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.random(eta.shape) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=eta.shape),
    }[family]().astype(float)
    Y[:100, 0] = np.nan
    by_threads = ge.fit(X, Y, family=family, penalty=penalty)
    errors = by_threads.standard_errors
    as_on_a_device()
    by_steps = ge.fit(X, Y, family=family, penalty=penalty)
    assert by_threads.converged.all()
    assert by_steps.converged.all()
    np.testing.assert_allclose(by_steps.predict(X), by_threads.predict(X), rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(by_steps.standard_errors, errors, rtol=1e-7)


def test_folds_too(as_on_a_device):
    rng = np.random.default_rng(6)
    X = rng.normal(size=(20_000, 30))
    y = rng.poisson(np.exp(0.1 * X.sum(axis=1) - 1)).astype(float)
    first = ge.cross_validate(X, y, strengths=[1e-4, 1e-2])
    as_on_a_device()
    second = ge.cross_validate(X, y, strengths=[1e-4, 1e-2])
    np.testing.assert_allclose(second.scores.values, first.scores.values, rtol=1e-9)
