"""The softmax: stationarity, identification, classes that never occur, collinear columns, separation."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.backend.observations import Observations
from glmengine.backend.row_sources import ArrayRows
from glmengine.backend.rows import Rows
from glmengine.solvers.categorical import minimise_categorical
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.softmax import StandardColumns

T, P, K = 1200, 5, 4
UNITS = np.array([1, 1, 100, 0.01, 1])


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(T, P)) * UNITS + [0, 3, 0, 0, 0]
    eta = X @ (0.5 * rng.normal(size=(P, K)) / UNITS[:, None])
    p = np.exp(eta - eta.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return X, (p.cumsum(axis=1) < rng.random((T, 1))).sum(axis=1)


def minimise(X, labels, weights, *arguments, intercept=True, **options):
    observations = Observations(labels.astype(float)[None], weights[None].astype(float))
    rows = Rows(ArrayRows(X), None, observations, columns=arguments[0], memory=1e9, centred=intercept)
    return minimise_categorical(StandardColumns(rows), *arguments, intercept=intercept, **options)


def probabilities(X, answer):
    eta = X @ answer.coef + answer.intercept
    p = np.exp(eta - eta.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def gradient(X, y, answer):
    residual = probabilities(X, answer) - (y[:, None] == np.arange(answer.coef.shape[1]))
    return X.T @ residual / len(X), residual.mean(axis=0)


def test_without_a_penalty_the_last_class_is_the_reference(data):
    X, y = data
    answer = minimise(X, y, np.ones(T), K)
    assert answer.converged
    assert not answer.coef[:, -1].any()
    assert answer.intercept[-1] == 0
    slope, sums = gradient(X, y, answer)
    assert np.abs(slope / UNITS[:, None]).max() < 1e-10
    assert np.abs(sums).max() < 1e-10


@pytest.mark.parametrize("strength", [1e-3, 1.0])
def test_with_ridge_coefficients_sum_to_zero(data, strength):
    X, y = data
    answer = minimise(X, y, np.ones(T), K, strength * np.eye(P))
    assert answer.converged
    assert np.abs(answer.coef.sum(axis=1) * UNITS).max() < 1e-10
    assert abs(answer.intercept.sum()) < 1e-12
    slope, sums = gradient(X, y, answer)
    assert np.abs((slope + strength * answer.coef) / UNITS[:, None]).max() < 1e-10
    assert np.abs(sums).max() < 1e-10


def test_with_lasso_stationarity_holds(data):
    X, y = data
    X = X / UNITS
    answer = minimise(X, y, np.ones(T), K, None, Sparsity(np.full(P, 0.02), (), np.zeros(0), np.ones(P)))
    slope, sums = gradient(X, y, answer)
    w = answer.coef
    assert answer.converged
    assert (w == 0).any()
    assert np.max(np.where(w != 0, np.abs(slope + 0.02 * np.sign(w)), np.maximum(np.abs(slope) - 0.02, 0))) < 1e-8
    assert np.abs(sums).max() < 1e-8


def test_a_group_is_one_term_of_one_class(data):
    X, y = data
    X = X / UNITS
    groups = (np.arange(2), np.arange(2, 5))
    answer = minimise(X, y, np.ones(T), K, None, Sparsity(np.zeros(P), groups, np.full(2, 0.1), np.ones(P)))
    slope, _ = gradient(X, y, answer)
    assert answer.converged
    zero = 0
    for group in groups:
        for k in range(K):
            w, g = answer.coef[group, k], slope[group, k]
            norm = np.linalg.norm(w)
            zero += norm == 0
            assert (np.linalg.norm(g + 0.1 * w / norm) if norm else max(np.linalg.norm(g) - 0.1, 0)) < 1e-8
    assert zero


def test_what_a_partial_penalty_leaves_free_sums_to_zero(data):
    X, y = data
    answer = minimise(X, y, np.ones(T), K, np.diag([1.0, 1, 0, 0, 1]))
    free = minimise(X, y, np.ones(T), K, np.diag([1.0, 1, 0, 0, 1]), start=(answer.coef + 1 / UNITS[:, None], answer.intercept))
    assert answer.converged
    np.testing.assert_allclose(answer.coef[2:4].sum(axis=1), 0, atol=1e-12)
    assert free.objective == pytest.approx(answer.objective, rel=1e-12)


def test_two_classes_are_the_logistic_regression(data):
    X, _ = data
    rng = np.random.default_rng(1)
    y = (rng.random(T) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    answer = minimise(X, 1 - y, np.ones(T), 2)
    p = 1 / (1 + np.exp(-(X @ answer.coef[:, 0] + answer.intercept[0])))
    assert np.abs(X.T @ (p - y) / T / UNITS).max() < 1e-10


def test_a_class_that_never_occurs_has_probability_zero(data):
    X, y = data
    kept = y != 1
    answer = minimise(X[kept], y[kept], np.ones(kept.sum()), K)
    assert answer.converged
    assert answer.intercept[1] == -np.inf
    assert np.isfinite(np.delete(answer.intercept, 1)).all()
    assert (probabilities(X, answer)[:, 1] == 0).all()


def test_collinear_columns_change_no_probability(data):
    X, y = data
    more = np.column_stack([X, X[:, 0] + X[:, 1], np.ones(T)])
    one, other = minimise(X, y, np.ones(T), K), minimise(more, y, np.ones(T), K)
    assert other.converged
    np.testing.assert_allclose(probabilities(X, one), probabilities(more, other), atol=1e-10)
    assert not other.coef[-1].any()


def test_rows_of_weight_zero_do_not_count(data):
    X, y = data
    weights = (np.arange(T) % 3 > 0).astype(float)
    labels = np.where(weights > 0, y, 0)
    one = minimise(X, labels, weights, K)
    other = minimise(X[weights > 0], y[weights > 0], np.ones(int(weights.sum())), K)
    np.testing.assert_allclose(one.coef * UNITS[:, None], other.coef * UNITS[:, None], atol=1e-9)


def test_separated_classes_are_said_to_be_so():
    x = np.linspace(-1, 1, 200)[:, None]
    answer = minimise(x, (x[:, 0] > 0).astype(int), np.ones(200), 2)
    assert answer.separated
    assert not answer.converged
    assert minimise(x, (x[:, 0] > 0).astype(int), np.ones(200), 2, np.eye(1) * 1e-3).converged


def test_without_an_intercept(data):
    X, y = data
    answer = minimise(X, y, np.ones(T), K, intercept=False)
    assert answer.converged
    assert not answer.intercept.any()
    assert np.abs(gradient(X, y, answer)[0] / UNITS[:, None]).max() < 1e-10


def test_the_covariance_is_the_inverse_information(data):
    X, y = data
    answer = minimise(X, y, np.ones(T), K)
    p = probabilities(X, answer)
    full = np.column_stack([np.ones(T), X])
    blocks = [[full.T @ (full * (p[:, a] * ((a == b) - p[:, b]))[:, None]) for b in range(K - 1)] for a in range(K - 1)]
    size = (K - 1) * (P + 1)
    ours = answer.covariance[: K - 1, :, : K - 1, :].reshape(size, size)
    expected = np.linalg.inv(np.block(blocks))
    np.testing.assert_allclose(np.sqrt(np.diag(ours)), np.sqrt(np.diag(expected)), rtol=1e-7)
    assert not answer.covariance[K - 1].any()
