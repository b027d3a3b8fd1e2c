"""Gaussian fits with the identity link: one exact step to the end, the optimum by the normal equations."""

from __future__ import annotations

import numpy as np

import glmengine as ge

T, P = 6_000, 30


def problem() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(T, P)) @ (np.eye(P) + 0.3 * rng.normal(size=(P, P))) + rng.normal(size=P)
    return X, X @ rng.normal(size=(P, 2)) + rng.normal(size=(T, 2))


def normal_equations(X: np.ndarray, y: np.ndarray, strength: float) -> tuple[np.ndarray, np.ndarray]:
    centre, mean = X.mean(axis=0), y.mean(axis=0)
    A = 2 * (X - centre).T @ (X - centre) / len(X) + strength * np.eye(P)
    coef = np.linalg.solve(A, 2 * (X - centre).T @ (y - mean) / len(X))
    return coef, mean - centre @ coef


def test_one_step_from_one_second_derivative():
    X, y = problem()
    fit = ge.fit(X, y, "gaussian", penalty=ge.Ridge(1e-3))
    coef, intercept = normal_equations(X, y, 1e-3)
    assert fit.converged.all()
    np.testing.assert_allclose(fit.coef, coef, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(fit.intercept, intercept, rtol=1e-11, atol=1e-12)
    assert fit.trace[-1]["passes"] == 2
    assert fit.trace[-1]["hessians"] == 2  # one for each unit


def test_folds():
    X, y = problem()
    fold = np.arange(T) % 4
    found = ge.cross_validate(X, y, "gaussian", penalty="ridge", strengths=[1e-1, 1e-3], folds=fold)
    for k in range(4):
        for s, strength in enumerate([1e-1, 1e-3]):
            coef, intercept = normal_equations(X[fold != k], y[fold != k], strength)
            error = np.mean((y[fold == k] - X[fold == k] @ coef - intercept) ** 2, axis=0)
            np.testing.assert_allclose(found.scores[k, s], -0.5 * (error + np.log(2 * np.pi)), rtol=1e-10)
