"""A fit does not depend on units of measure, order, company, or how a recording is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmengine.backend.row_sources import ArrayRows
from glmengine.fitting.cross_validation import cross_validate
from glmengine.fitting.fit import fit
from glmengine.models import NoPenalty, Ridge


@pytest.fixture(scope="module")
def population():
    rng = np.random.default_rng(11)
    X = rng.normal(size=(4000, 6))
    Y = rng.poisson(np.exp(X @ (0.3 * rng.normal(size=(6, 3))) - 1.5)).astype(float)
    return X, Y


def same(a, b, tolerance=1e-8):
    scale = np.maximum(np.abs(np.nan_to_num(a)), 1.0)
    assert np.array_equal(np.isnan(a), np.isnan(b))
    finite = np.isfinite(a)
    assert np.array_equal(a[~finite], b[~finite], equal_nan=True)
    assert np.max(np.abs(a[finite] - b[finite]) / scale[finite], initial=0.0) < tolerance


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.float32])
@pytest.mark.parametrize(
    ("family", "penalty"),
    [("poisson", "ridge"), ("poisson", "lasso"), ("gaussian", "ridge"), ("negative_binomial", "ridge"), ("bernoulli", "ridge")],
)
def test_the_type_of_the_observations_does_not_matter(population, dtype, family, penalty):
    X, Y = population[0], np.minimum(population[1], 1.0) if family == "bernoulli" else population[1]
    weights = np.random.default_rng(1).uniform(0.5, 2.0, Y.shape)
    small, large = (fit(X, y, family=family, penalty=penalty, strength=1e-3, weights=weights) for y in (Y.astype(dtype), Y))
    same(small.coef, large.coef, 1e-9)
    same(small.standard_errors, large.standard_errors, 1e-9)
    same(small.log_likelihood, large.log_likelihood, 1e-9)


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_units_of_a_covariate_change_only_its_unit(population, factor):
    X, Y = population
    scale = np.array([1, factor, 1, 1 / factor, 1, 1])
    plain, scaled = fit(X, Y, penalty=None), fit(X * scale, Y, penalty=None)
    assert scaled.converged.all()
    same(plain.coef, scaled.coef * scale[:, None])
    same(plain.intercept, scaled.intercept)
    same(plain.standard_errors, scaled.standard_errors * scale[:, None])
    same(plain.deviance, scaled.deviance)


@pytest.mark.parametrize("factor", [1e6, 1e-6])
def test_units_of_collinear_columns_change_only_their_unit(population, factor):
    X, Y = population
    X = np.column_stack([X, X[:, 0] - 2 * X[:, 1]])
    scale = np.array([1, 1, 1, 1, 1, 1, factor])
    plain, scaled = fit(X, Y, penalty=None), fit(X * scale, Y, penalty=None)
    same(plain.coef, scaled.coef * scale[:, None], 1e-6)
    assert np.isnan(plain.standard_errors[[0, 1, 6]]).all()
    assert np.isfinite(plain.standard_errors[2:6]).all()
    assert any("x6" in note for note in plain.notes)
    # the smallest norm in standardised columns: nothing left along the direction in which the predictor does not change
    null = np.array([1, -2, 0, 0, 0, 0, -1]) * X.std(axis=0) ** 2
    assert np.max(np.abs(plain.coef.T @ null) / np.linalg.norm(null)) < 1e-7


def test_a_large_offset_of_a_covariate_changes_only_the_intercept(population):
    X, Y = population
    plain, moved = fit(X, Y, penalty=Ridge(1e-3)), fit(X + 1e4, Y, penalty=Ridge(1e-3))
    same(plain.coef, moved.coef, 1e-8)
    same(plain.intercept, moved.intercept + moved.coef.sum(axis=0) * 1e4, 1e-6)


def test_order_of_units_columns_and_rows_does_not_matter(population):
    X, Y = population
    plain = fit(X, Y, penalty=Ridge(1e-3))
    rng = np.random.default_rng(0)
    rows, columns, units = rng.permutation(len(X)), rng.permutation(6), rng.permutation(3)
    mixed = fit(X[rows][:, columns], Y[rows][:, units], penalty=Ridge(1e-3))
    same(plain.coef[columns][:, units], mixed.coef)
    same(plain.standard_errors[columns][:, units], mixed.standard_errors)


def test_company_does_not_matter(population):
    X, Y = population
    rng = np.random.default_rng(1)
    company = np.column_stack([Y, np.zeros(len(Y)), np.full(len(Y), np.nan), rng.poisson(5.0, len(Y))])
    company[::7, 2] = np.nan
    together = fit(X, company, penalty=Ridge(1e-3))
    assert together.status.tolist() == ["ok", "ok", "ok", "silent", "no data", "ok"]
    for unit in range(6):
        alone = fit(X, company[:, unit], penalty=Ridge(1e-3))
        for name in (
            "coef",
            "intercept",
            "objective",
            "standard_errors",
            "intercept_se",
            "log_likelihood",
            "deviance",
            "edf",
            "n_valid",
            "aic",
        ):
            same(np.atleast_1d(getattr(alone, name).T[0]), np.atleast_1d(getattr(together, name).T[unit]))
        assert alone.status[0] == together.status[unit]
        assert alone.converged[0] == together.converged[unit]


def test_company_does_not_matter_in_cross_validation(population):
    X, Y = population
    company = np.column_stack([Y, np.zeros(len(Y))])
    company[:500, 1] = np.nan
    company[100:300, 0] = np.nan
    options = {"strengths": [1e-4, 1e-2], "folds": 4}
    together = cross_validate(X, company, **options)
    for unit in range(4):
        alone = cross_validate(X, company[:, unit], **options)
        same(alone.scores.values[..., 0], together.scores.values[..., unit])
        same(alone.deviance_explained, together.deviance_explained[[unit]])


def test_silent_and_empty_units_are_named_and_harmless(population):
    X, Y = population
    found = fit(X, np.column_stack([Y[:, 0], np.zeros(len(Y)), np.full(len(Y), np.nan)]), unit_names=["a", "b", "c"])
    assert found.status.tolist() == ["ok", "silent", "no data"]
    assert (found.coef[:, 1] == 0).all()
    assert found.intercept[1] == -np.inf
    assert found.converged.tolist() == [True, True, False]
    assert np.isnan(found.coef[:, 2]).all()
    assert np.isnan(found.standard_errors[:, 1:]).all()
    assert any("b" in note and "spikes" in note for note in found.notes)
    assert (found.predict(X)[:, 1] == 0).all()


def test_missing_rows_are_as_if_they_were_not_there(population):
    X, Y = population
    holes_x, holes_y = X.copy(), Y.copy()
    holes_x[10:400, 3] = np.nan
    holes_y[900:1500, 1] = np.nan
    found = fit(holes_x, holes_y, penalty=Ridge(1e-3))
    for unit in range(3):
        keep = np.isfinite(holes_x).all(axis=1) & np.isfinite(holes_y[:, unit])
        alone = fit(X[keep], Y[keep, unit], penalty=Ridge(1e-3))
        for name in (
            "coef",
            "standard_errors",
            "intercept",
            "objective",
            "log_likelihood",
            "deviance",
            "null_deviance",
            "edf",
            "n_valid",
            "bic",
        ):
            same(getattr(alone, name).T[0], getattr(found, name).T[unit])


def test_reading_in_pieces_changes_nothing(population):
    X, Y = population
    X, Y = np.tile(X, (20, 1)), np.tile(Y, (20, 1))
    whole, pieces = (fit(X, Y, penalty=Ridge(1e-3), solver="newton", memory=memory) for memory in (2.0, 1e-6))
    assert whole.parts[0].problem.rows.resident
    assert not pieces.parts[0].problem.rows.resident
    assert pieces.parts[0].problem.rows.n_chunks > 1
    for name in ("coef", "standard_errors", "deviance"):
        same(getattr(whole, name), getattr(pieces, name), 1e-12)


def test_cutting_a_recording_and_weighting_its_parts_is_the_whole(population):
    X, Y = population
    half = np.zeros(len(X))
    half[:2000] = 1
    joined = fit(np.concatenate([X[:2000], X[2000:]]), np.concatenate([Y[:2000], Y[2000:]]), penalty=Ridge(1e-2))
    same(fit(X, Y, penalty=Ridge(1e-2)).coef, joined.coef, 1e-12)
    same(fit(X, Y, penalty=Ridge(1e-2), weights=half).coef, fit(X[:2000], Y[:2000], penalty=Ridge(1e-2)).coef)


def test_two_fits_are_the_same_bit_for_bit(population):
    X, Y = population
    one, two = fit(X, Y), fit(X, Y)
    assert np.array_equal(one.coef, two.coef)
    assert np.array_equal(one.standard_errors, two.standard_errors)


@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_every_solver_reaches_the_same_optimum(population, solver):
    X, Y = population
    for penalty in (NoPenalty(), Ridge(1e-3)):
        other = fit(X, Y, penalty=penalty, solver=solver)
        assert other.converged.all()
        same(fit(X, Y, penalty=penalty).coef, other.coef, 1e-7)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10_000),
    T=st.integers(40, 300),
    P=st.integers(1, 6),
    rate=st.floats(0.02, 5.0),
    strength=st.sampled_from([0.0, 1e-6, 1e-2, 10.0]),
)
def test_the_gradient_vanishes_at_what_is_called_converged(seed, T, P, rate, strength):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(T, P)) * 10.0 ** rng.integers(-3, 4, P)
    y = rng.poisson(rate * np.exp(0.5 * rng.normal(size=T))).astype(float)
    found = fit(X, y, penalty=Ridge(strength))
    if found.status[0] == "silent":
        assert y.sum() == 0
        return
    if found.status[0] == "separated":
        assert strength == 0
        return
    assert found.converged[0]
    mean = np.exp(X @ found.coef[:, 0] + found.intercept[0])
    design = np.column_stack([X, np.ones(T)])
    gradient = design.T @ (mean - y) / T + np.append(strength * found.coef[:, 0], 0.0)
    hessian = (design * mean[:, None]).T @ design / T + np.diag(np.append(np.full(P, strength), 0.0))
    size = np.sqrt(np.diagonal(hessian))
    half = 0.5 * (gradient / size) @ np.linalg.lstsq(hessian / np.outer(size, size), gradient / size, rcond=None)[0]
    assert half <= 1e-16 * max(1.0, found.null_deviance[0] / T) * 1.5


def test_columns_are_read_as_they_are_needed():
    X = np.arange(12, dtype=np.float32).reshape(4, 3)
    part = ArrayRows(X, np.array([2, 0])).chunk(1, 3)
    assert part.dtype == np.float64
    assert part.tolist() == [[5.0, 3.0], [8.0, 6.0]]


@pytest.mark.parametrize("scale", [1e-290, 1e-200, 1e-100, 1e100, 1e200, 1e290])
def test_a_column_of_any_size_is_fitted_as_one_of_size_1_and_said(scale):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(2000, 2))
    y = rng.poisson(np.exp(0.5 * x[:, 0] - 0.3 * x[:, 1] - 1)).astype(float)
    plain, found = fit(x, y, penalty=None), fit(x * [scale, 1.0], y, penalty=None)
    assert found.status[0] == "ok"
    np.testing.assert_allclose(found.predict(x * [scale, 1.0]), plain.predict(x), rtol=1e-12)
    np.testing.assert_allclose(found.coef[0] * scale, plain.coef[0], rtol=1e-9)
    np.testing.assert_allclose(found.standard_errors[0] * scale, plain.standard_errors[0], rtol=1e-9)
    assert any("Values of a size far from 1: x0" in note for note in found.notes)
    # a penalty on coefficients in this unit holds them at 0, or not at all
    beside = x[:, 1:] if scale < 1 else x
    held = fit(beside, y, penalty=Ridge(0.0 if scale > 1 else 1e-4))
    ridge = fit(x * [scale, 1.0], y, penalty=Ridge(1e-4 if scale < 1 else 1e-30))
    np.testing.assert_allclose(ridge.predict(x * [scale, 1.0]), held.predict(beside), rtol=1e-9)


@pytest.mark.parametrize(
    "column",
    [1000 * np.arange(500) + 2**60, 5e-324 * (np.arange(500) % 2), 1e15 + np.sin(np.arange(500))],
    ids=["clock", "denormal", "far"],
)
def test_what_varies_by_no_more_than_its_rounding_is_left_out_and_not_called_constant(column):
    rng = np.random.default_rng(9)
    x, y = rng.normal(size=500), rng.poisson(1.0, 500)
    found = fit(np.column_stack([x, column]), y)
    assert found.status[0] == "ok"
    assert found.coef[1, 0] == 0
    assert any("no more than the rounding of such numbers: x1" in note for note in found.notes)
    assert not any("constant" in note for note in found.notes)


def test_one_value_a_million_times_the_others_is_fitted_as_any_other():
    # where the sample of rows that tells a column's size does not hold it, and float32 would lose the others beside it
    rng = np.random.default_rng(10)
    x = np.ones(40_000)
    x[7_777], x[1::2] = 1e6, 0.0
    y = rng.poisson(0.5 + 0.25 * (x > 0), x.size)
    y[7_777] = 3
    found = fit(x, y, penalty=None)
    expected = fit(x / 1e6, y, penalty=None)
    assert found.status[0] == expected.status[0] == "ok"
    np.testing.assert_allclose(found.predict(x), expected.predict(x / 1e6), rtol=1e-6)
    residual = y - found.predict(x)[:, 0]
    assert abs(residual.sum()) < 1e-6 * y.sum()
    assert abs(residual @ x) < 1e-6 * (y @ x)
