"""Simulated observations for every family, and what agreement means."""

from __future__ import annotations

import numpy as np

T, P = 1500, 5
TRUE = np.array([0.4, -0.3, 0.0, 0.25, 0.1])


def simulate(family: str, link: str | None = None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A design (T, P) with correlated columns of different means and sizes, and observations (T,)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P))
    X[:, 1] += 0.5 * X[:, 0]
    X[:, 3] = 2 * X[:, 3] + 1
    eta = X @ TRUE
    if family == "bernoulli":
        return X, (rng.random(T) < 1 / (1 + np.exp(-eta))).astype(float)
    if family == "gaussian":
        mean = np.exp(eta / 2) if link == "log" else eta
        return X, mean + rng.normal(size=T)
    if family == "gamma":
        if link in ("inverse", "identity"):
            X = np.abs(X)
            mean = 1 / (0.5 + X @ np.abs(TRUE)) if link == "inverse" else 0.5 + X @ np.abs(TRUE)
        else:
            mean = np.exp(eta)
        return X, rng.gamma(3.0, mean / 3)
    if family == "negative_binomial":
        return X, rng.poisson(np.exp(eta) * rng.gamma(1 / 0.6, 0.6, T)).astype(float)
    if link == "identity":
        X = np.abs(X)
        return X, rng.poisson(0.5 + X @ np.abs(TRUE)).astype(float)
    return X, rng.poisson(np.log1p(np.exp(eta)) if link == "softplus" else np.exp(eta)).astype(float)


def classes(n: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A design (T, P) and class numbers (T,)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P)) + np.array([0, 1, 0, 0, 0])
    eta = X @ (0.5 * rng.normal(size=(P, n)))
    p = np.exp(eta)
    p /= p.sum(axis=1, keepdims=True)
    return X, (p.cumsum(axis=1) < rng.random((T, 1))).sum(axis=1)


def assert_same_coefficients(fit, coef, intercept, tolerance: float = 1e-6) -> None:
    """Within `tolerance` of max(|coefficient|, its standard error) of the first unit of `fit`."""
    ours, errors = fit.coef[:, 0], fit.standard_errors[:, 0]
    errors = np.where(np.isfinite(errors), errors, 0.0)
    far = np.abs(ours - np.ravel(coef)) / np.maximum(np.maximum(np.abs(ours), errors), 1e-300)
    assert far.max() < tolerance
    assert abs(fit.intercept[0] - float(np.ravel(intercept)[0])) < tolerance * max(
        abs(fit.intercept[0]), float(np.nan_to_num(fit.intercept_se[0])), 1e-3
    )


def assert_no_worse(ours: float, theirs: float) -> None:
    """Our objective is the lower one, to 1e-9 of max(1, |objective|)."""
    assert ours <= theirs + 1e-9 * max(1.0, abs(theirs))
