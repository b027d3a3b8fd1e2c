"""The written conventions, held against independent arithmetic: objective, scores, folds, statuses, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import gammaln

import glmengine as ge


def poisson_problem(seed: int = 0, rows: int = 4000, columns: int = 6, units: int = 3):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, columns))
    truth = rng.normal(scale=0.3, size=(columns, units))
    Y = rng.poisson(np.exp(-1.0 + X @ truth)).astype(float)
    return X, Y


def newton(X, y, strength, weights=None, offset=0.0, steps=60):
    """Plain dense Newton on the objective as the conventions state it; coefficients with the intercept first."""
    w = np.ones(len(y)) if weights is None else weights
    w = w / w.sum()
    A = np.column_stack([np.ones(len(y)), X])
    P = np.diag([0.0] + [strength] * X.shape[1])
    b = np.zeros(A.shape[1])
    b[0] = np.log((w @ y) / (w @ np.exp(offset * np.ones(len(y)))))
    for _ in range(steps):
        mu = np.exp(A @ b + offset)
        gradient = A.T @ (w * (mu - y)) + P @ b
        hessian = (A * (w * mu)[:, None]).T @ A + P
        b = b - np.linalg.solve(hessian, gradient)
    return b


def test_the_objective_is_the_mean_plus_the_penalty():
    X, Y = poisson_problem()
    a = 1e-2
    fit = ge.fit(X, Y, penalty=ge.Ridge(a))
    eta = fit.intercept + X @ fit.coef
    by_hand = (np.exp(eta) - Y * eta).mean(axis=0) + a / 2 * (np.asarray(fit.coef) ** 2).sum(axis=0)
    np.testing.assert_allclose(fit.objective, by_hand, rtol=1e-12)
    for unit in range(Y.shape[1]):
        b = newton(X, Y[:, unit], a)
        np.testing.assert_allclose(np.asarray(fit.coef)[:, unit], b[1:], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(np.asarray(fit.intercept)[unit], b[0], rtol=1e-9)
    assert np.all(fit.converged)


def test_weights_are_frequencies():
    X, Y = poisson_problem(rows=600, units=1)
    times = np.random.default_rng(1).integers(0, 4, size=len(X))
    weighted = ge.fit(X, Y, penalty=ge.Ridge(1e-3), weights=times.astype(float))
    repeated = ge.fit(np.repeat(X, times, axis=0), np.repeat(Y, times, axis=0), penalty=ge.Ridge(1e-3))
    np.testing.assert_allclose(weighted.coef, repeated.coef, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(weighted.standard_errors, repeated.standard_errors, rtol=1e-8)
    np.testing.assert_allclose(weighted.log_likelihood, repeated.log_likelihood, rtol=1e-9)
    np.testing.assert_allclose(weighted.aic, repeated.aic, rtol=1e-9)


def test_an_offset_enters_the_linear_predictor():
    X, Y = poisson_problem(rows=2000, units=1)
    offset = np.random.default_rng(2).normal(scale=0.5, size=len(X))
    fit = ge.fit(X, Y[:, 0], penalty=ge.Ridge(1e-3), offset=offset)
    b = newton(X, Y[:, 0], 1e-3, offset=offset)
    np.testing.assert_allclose(np.ravel(fit.coef), b[1:], rtol=1e-6, atol=1e-8)


def test_the_covariance_is_that_of_the_sum_with_the_penalty_times_T():
    X, Y = poisson_problem(units=1)
    a = 1e-2
    fit = ge.fit(X, Y, penalty=ge.Ridge(a))
    A = np.column_stack([np.ones(len(X)), X])
    mu = np.exp(A @ np.concatenate([np.ravel(fit.intercept), np.ravel(fit.coef)]))
    precision = (A * mu[:, None]).T @ A + len(X) * np.diag([0.0] + [a] * X.shape[1])
    errors = np.sqrt(np.diag(np.linalg.inv(precision)))
    np.testing.assert_allclose(np.ravel(fit.standard_errors), errors[1:], rtol=1e-7)


def test_fold_scores_are_mean_held_out_log_likelihoods_with_the_factorial():
    X, Y = poisson_problem(rows=1003)
    strengths = [1e-3, 1e-1, 1.0]
    cv = ge.cross_validate(X, Y, family="poisson", penalty="ridge", strengths=strengths, folds=5)
    assert cv.scores.dims == ("fold", "strength", "unit")
    blocks = np.array_split(np.arange(len(X)), 5)
    scores = np.empty((5, 3, Y.shape[1]))
    for fold, held in enumerate(blocks):
        train = np.setdiff1d(np.arange(len(X)), held)
        for s, a in enumerate(strengths):
            for unit in range(Y.shape[1]):
                b = newton(X[train], Y[train, unit], a)
                eta = b[0] + X[held] @ b[1:]
                y = Y[held, unit]
                scores[fold, s, unit] = (y * eta - np.exp(eta) - gammaln(y + 1)).mean()
    found = cv.scores.sel(strength=strengths).transpose("fold", "strength", "unit").values
    np.testing.assert_allclose(found, scores, rtol=1e-7, atol=1e-9)
    best = [strengths[i] for i in scores.mean(axis=0).argmax(axis=0)]
    np.testing.assert_allclose(cv.best_strength, best)


def test_a_fold_number_per_row_is_used_as_given():
    X, Y = poisson_problem(rows=900, units=1)
    folds = np.random.default_rng(3).integers(0, 3, size=len(X))
    cv = ge.cross_validate(X, Y, strengths=[1e-2], folds=folds)
    held = folds == 1
    b = newton(X[~held], Y[~held, 0], 1e-2)
    eta = b[0] + X[held] @ b[1:]
    score = (Y[held, 0] * eta - np.exp(eta) - gammaln(Y[held, 0] + 1)).mean()
    np.testing.assert_allclose(cv.scores.values[1, 0, 0], score, rtol=1e-8)


@pytest.mark.parametrize("scale", [1e6, 1e-6])
def test_the_unit_of_a_covariate_changes_only_its_coefficient(scale):
    X, Y = poisson_problem()
    plain = ge.fit(X, Y, penalty=ge.NoPenalty())
    scaled = X.copy()
    scaled[:, 2] *= scale
    fit = ge.fit(scaled, Y, penalty=ge.NoPenalty())
    coef = np.asarray(fit.coef).copy()
    coef[2] *= scale
    np.testing.assert_allclose(coef, plain.coef, rtol=1e-6, atol=1e-9)
    assert np.all(fit.converged)


def test_one_bad_unit_leaves_the_others_bit_for_bit_the_same_question():
    X, Y = poisson_problem()
    alone = ge.fit(X, Y, penalty=ge.Ridge(1e-4))
    company = np.column_stack([Y, np.zeros(len(X)), np.full(len(X), np.nan), np.random.default_rng(4).poisson(5.0, len(X))])
    fit = ge.fit(X, company, penalty=ge.Ridge(1e-4))
    np.testing.assert_allclose(np.asarray(fit.coef)[:, :3], alone.coef, rtol=1e-6, atol=1e-8)
    assert list(fit.status[3:5]) == ["silent", "no data"]
    assert np.all(np.asarray(fit.coef)[:, 3] == 0)
    assert np.asarray(fit.intercept)[3] == -np.inf
    assert fit.converged[3]
    assert np.all(np.isnan(np.asarray(fit.coef)[:, 4]))


def test_nan_in_x_masks_the_row_for_all_and_nan_in_y_for_its_unit():
    X, Y = poisson_problem(rows=1500)
    holed_X, holed_Y = X.copy(), Y.copy()
    holed_X[10:60, 1] = np.nan
    holed_Y[200:300, 0] = np.nan
    fit = ge.fit(holed_X, holed_Y, penalty=ge.Ridge(1e-3))
    rows = np.r_[0:10, 60:1500]
    other = ge.fit(X[rows], Y[rows, 1], penalty=ge.Ridge(1e-3))
    np.testing.assert_allclose(np.asarray(fit.coef)[:, 1], np.ravel(other.coef), rtol=1e-6, atol=1e-8)
    rows = np.r_[0:10, 60:200, 300:1500]
    other = ge.fit(X[rows], Y[rows, 0], penalty=ge.Ridge(1e-3))
    np.testing.assert_allclose(np.asarray(fit.coef)[:, 0], np.ravel(other.coef), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(np.asarray(fit.aic)[0], np.ravel(other.aic)[0], rtol=1e-9)


def test_collinear_columns_give_the_smallest_solution_and_no_errors_of_its_coefficients():
    X, Y = poisson_problem(columns=3, units=1)
    doubled = np.column_stack([X, X[:, 0]])
    fit = ge.fit(doubled, Y, penalty=ge.NoPenalty())
    plain = ge.fit(X, Y, penalty=ge.NoPenalty())
    coef = np.ravel(fit.coef)
    np.testing.assert_allclose(coef[[0, 3]], np.ravel(plain.coef)[0] / 2, rtol=1e-6)
    errors = np.ravel(fit.standard_errors)
    assert np.isnan(errors[[0, 3]]).all()
    assert np.isfinite(errors[[1, 2]]).all()
    np.testing.assert_allclose(errors[[1, 2]], np.ravel(plain.standard_errors)[[1, 2]], rtol=1e-6)


def test_a_perfectly_separated_unit_says_so():
    x = np.concatenate([np.full(200, -1.0), np.full(200, 1.0)])[:, None]
    y = np.concatenate([np.zeros(200), np.random.default_rng(5).poisson(1.0, 200)])
    fit = ge.fit(x, y, penalty=ge.NoPenalty())
    assert fit.status[0] == "separated"


@pytest.mark.parametrize(
    ("X", "Y", "options", "says"),
    [
        (np.ones((10, 2)), np.ones(9), {}, "9"),
        (np.eye(4), np.array([0, 1, -1, 2.0]), {}, "negative"),
        (np.eye(4), np.array([0, 1, 0.5, 2.0]), {}, "whole"),
        (np.eye(4), np.array([0, 1, np.inf, 2.0]), {}, "infinite"),
        (np.array([[np.inf], [1.0]]), np.array([0.0, 1.0]), {}, "infinite"),
        (np.eye(4), np.ones(4), {"family": "poison"}, "poisson"),
    ],
)
def test_bad_input_is_one_sentence(X, Y, options, says):
    with pytest.raises(ge.GlmError) as caught:
        ge.fit(X, Y, **options)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_negative_strength_is_refused():
    with pytest.raises(ge.GlmError):
        ge.fit(np.eye(4), np.ones(4), penalty=ge.Ridge(-1.0))


def test_the_callers_jax_stays_in_its_own_precision():
    import jax.numpy as jnp

    X, Y = poisson_problem(rows=300, units=1)
    before = jnp.zeros(1).dtype
    fit = ge.fit(X, Y)
    assert jnp.zeros(1).dtype == before
    assert np.asarray(fit.coef).dtype == np.float64


def test_the_gaussian_covariance_is_the_posterior_under_the_prior_that_the_ridge_is():
    # mean squared error + a/2 |w|^2 is -2 phi/T log posterior where w ~ normal(0, 2 phi/(a T)): conjugate, so all is known exactly
    rng = np.random.default_rng(5)
    T, a, phi = 300, 0.3, 1.7**2
    X = rng.normal(size=(T, 3)) @ [[1, 0.5, 0], [0, 1, 0.3], [0, 0, 2]]
    y = X @ [0.5, -0.2, 0.1] + np.sqrt(phi) * rng.normal(size=T)
    fit = ge.fit(X, y, "gaussian", penalty=ge.Ridge(a), intercept=False)
    precision = X.T @ X / phi + np.eye(3) * a * T / (2 * phi)
    posterior = np.linalg.inv(precision)
    assert fit.coef[:, 0] == pytest.approx(posterior @ X.T @ y / phi, rel=1e-8)
    ours = fit.covariance(0)[1:, 1:] / fit.dispersion[0] * phi
    assert ours == pytest.approx(posterior, rel=1e-8)
    # and by drawing: of truths from the prior that gave data like these, the estimate misses by that covariance
    truths = rng.normal(size=(4000, 3)) * np.sqrt(2 * phi / (a * T))
    Y = X @ truths.T + np.sqrt(phi) * rng.normal(size=(T, 4000))
    errors = ge.fit(X, Y, "gaussian", penalty=ge.Ridge(a), intercept=False).coef.T - truths
    assert np.cov(errors.T) == pytest.approx(posterior, abs=0.08 * posterior.max())


@pytest.mark.parametrize(("difference", "same"), [(1e-5, False), (1e-7, True)])
def test_columns_that_differ_by_less_than_a_millionth_are_the_same(difference, same):
    rng = np.random.default_rng(4)
    first = rng.normal(size=400)
    other = rng.normal(size=400)
    X = np.column_stack([first, first + difference * other, rng.normal(size=400)])
    y = rng.poisson(np.exp(0.3 * first + 0.2 * other - 0.5)).astype(float)
    fit = ge.fit(X, y, penalty=None)
    assert fit.converged.all()
    named = any("within a millionth" in note and "x0, x1" in note for note in fit.notes)
    assert named == same
    assert (np.isnan(fit.standard_errors[:2]) == same).all()
    seen = np.column_stack([X[:, :2].mean(axis=1), X[:, 2]] if same else [first, other, X[:, 2]])
    assert fit.objective[0] == pytest.approx(ge.fit(seen, y, penalty=None).objective[0], abs=1e-9)
