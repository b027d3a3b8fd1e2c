"""Stand-ins for Hessians are solved with as if what the problem does not hold were not there."""

import numpy as np
import pytest

import glmengine as ge
from glmengine.solvers import metrics


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_empty_rows_take_no_part_and_cost_no_eigenbasis(precision, monkeypatch):
    def never(*arguments, **options):
        raise AssertionError("an eigenbasis was made")

    monkeypatch.setattr(metrics, "eigh", never)
    rng = np.random.default_rng(0)
    root = rng.normal(size=(20, 30))
    matrix = np.zeros((24, 24))
    places = np.setdiff1d(np.arange(24), [0, 7, 22, 23])
    matrix[np.ix_(places, places)] = root @ root.T
    solve, sure = metrics.inverse(matrix, precision)
    right = rng.normal(size=24)
    expected = np.zeros(24)
    expected[places] = np.linalg.solve(root @ root.T, right[places])
    np.testing.assert_allclose(solve(right), expected, rtol=1e-9, atol=1e-12)
    assert sure


def test_a_matrix_of_zeros_has_the_inverse_zero():
    solve, _ = metrics.inverse(np.zeros((3, 3)), "float64")
    assert np.array_equal(solve(np.ones(3)), np.zeros(3))


def test_a_unit_that_may_not_use_a_few_columns_is_fitted_as_without_them():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(3_000, 30))
    y = rng.poisson(np.exp(0.2 * X[:, :10].sum(axis=1) - 1)).astype(float)
    mask = np.ones((30, 1), bool)
    mask[[2, 20]] = False
    masked = ge.fit(X, y[:, None], penalty=ge.Ridge(1e-4), mask=mask)
    alone = ge.fit(X[:, mask[:, 0]], y, penalty=ge.Ridge(1e-4))
    assert masked.converged.all()
    assert np.array_equal(masked.coef[~mask], [0.0, 0.0])
    np.testing.assert_allclose(masked.coef[mask], alone.coef[:, 0] if alone.coef.ndim > 1 else alone.coef, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(masked.standard_errors[mask], np.ravel(alone.standard_errors), rtol=1e-8)
    np.testing.assert_allclose(masked.edf, alone.edf, rtol=1e-8)
