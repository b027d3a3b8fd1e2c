"""Quadratics with absolute values: the conditions of an optimum, with more columns than rows, dependent columns and columns without a penalty."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.solvers.absolute_values import minimise_with_absolute_values


def quadratic(rows: int, columns: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns)) + 0.5 * rng.normal(size=(rows, 1))
    X[:, -3:] = X[:, :3]  # met twice
    y = X[:, ::7].sum(axis=1) + rng.normal(size=rows)
    return X.T @ X / rows, -X.T @ y / rows


def check_optimum(H: np.ndarray, c: np.ndarray, l1: np.ndarray, w: np.ndarray, limit: float) -> None:
    gradient = H @ w + c
    at = w != 0
    assert np.abs(gradient + l1 * np.sign(w))[at].max(initial=0.0) <= limit
    assert (np.abs(gradient) - l1)[~at].max(initial=0.0) <= limit


@pytest.mark.parametrize(("rows", "columns"), [(200, 30), (40, 60), (20, 81), (60, 300)])
@pytest.mark.parametrize("share", [0.3, 1e-2, 1e-4, 1e-7])
def test_conditions_of_an_optimum(rows, columns, share):
    H, c = quadratic(rows, columns)
    l1 = np.full(columns, share * np.abs(c).max())
    w = minimise_with_absolute_values(H, c, l1, np.zeros(columns), np.ones(columns, bool), 1e-14 * np.abs(c).max())
    check_optimum(H, c, l1, w, 1e-12 * np.abs(c).max())
    assert np.count_nonzero(w) <= rows


def test_the_way_there_does_not_matter():
    H, c = quadratic(40, 60)
    l1 = np.full(60, 0.01)
    everything, limit = np.ones(60, bool), 1e-14
    starts = [np.zeros(60), np.random.default_rng(1).normal(size=60) * 100]
    values = []
    for start in starts:
        w = minimise_with_absolute_values(H, c, l1, start, everything, limit)
        check_optimum(H, c, l1, w, 1e-12)
        values.append(0.5 * w @ H @ w + c @ w + l1 @ np.abs(w))
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_columns_without_a_penalty():
    H, c = quadratic(50, 40)
    l1 = np.full(40, 0.05)
    l1[:4] = 0.0
    w = minimise_with_absolute_values(H, c, l1, np.zeros(40), np.ones(40, bool), 1e-14)
    assert (w[:4] != 0).all()
    check_optimum(H, c, l1, w, 1e-12)


def test_wide_lasso():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 400))
    y = X[:, :10] @ rng.normal(size=10) + rng.normal(size=60)
    counts = rng.poisson(np.exp(0.2 * y)).astype(float)
    for family, observed in (("gaussian", y), ("poisson", counts)):
        for strength in (0.2, 0.02):
            fit = ge.fit(X, observed, family, penalty=ge.Lasso(strength))
            assert fit.converged.all()
            w, eta = fit.coef[:, 0], X @ fit.coef[:, 0] + fit.intercept[0]
            residual = 2 * (eta - observed) if family == "gaussian" else np.exp(eta) - observed
            gradient = X.T @ residual / 60
            assert abs(residual.mean()) < 1e-8
            assert np.abs(gradient + strength * np.sign(w))[w != 0].max() < 1e-8
            assert np.abs(gradient)[w == 0].max() < strength + 1e-8
