"""Standard errors, degrees of freedom and dispersion against independent formulas."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.errors import GlmError
from glmengine.fitting.fit import fit
from glmengine.models import NoPenalty, Ridge


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(41)
    X = rng.normal(size=(1500, 4)) * [1.0, 5.0, 0.1, 1.0] + [0.0, 3.0, 0.0, -1.0]
    y = rng.poisson(np.exp(0.3 * X[:, 0] - 1.0)).astype(float)
    return X, y


def test_penalised_covariances_are_the_textbook_ones(data):
    X, y = data
    strength = 0.05
    found = fit(X, y, penalty=Ridge(strength))
    design = np.column_stack([np.ones(len(X)), X])
    mean = found.predict(X)[:, 0]
    information = (design * mean[:, None]).T @ design
    whole = information + len(y) * strength * np.diag([0, 1, 1, 1, 1])
    inverse = np.linalg.inv(whole)
    assert np.allclose(found.covariance(0), inverse, rtol=1e-8, atol=1e-14)
    assert np.allclose(found.covariance(0, "frequentist"), inverse @ information @ inverse, rtol=1e-8, atol=1e-14)
    scores = design * (mean - y)[:, None]
    assert np.allclose(found.covariance(0, "sandwich"), inverse @ (scores.T @ scores) @ inverse, rtol=1e-7, atol=1e-14)
    assert np.allclose(found.covariance(0, "observed"), inverse, rtol=1e-8)  # the canonical link: the two are the same
    assert found.edf[0] == pytest.approx(np.trace(inverse @ information), rel=1e-9)
    assert found.intercept_se[0] == pytest.approx(np.sqrt(inverse[0, 0]), rel=1e-8)
    with pytest.raises(GlmError, match="covariance"):
        found.covariance(0, "wishful")


def test_sandwich_is_that_of_statsmodels(data):
    sm = pytest.importorskip("statsmodels.api")
    X, y = data
    theirs = sm.GLM(y, sm.add_constant(X), family=sm.families.Poisson()).fit(tol=1e-14, cov_type="HC0")
    assert np.allclose(fit(X, y, penalty=None).covariance(0, "sandwich"), theirs.cov_params(), rtol=1e-6, atol=1e-12)


def test_gaussian_ridge_has_the_degrees_of_freedom_of_its_smoother(data):
    X, _ = data
    rng = np.random.default_rng(0)
    y = X[:, 0] + rng.normal(size=len(X))
    found = fit(X, y, "gaussian", penalty=Ridge(0.2))
    centred = X - X.mean(axis=0)
    # the loss is the squared error, so the penalty acts as n a / 2 on the sum of squares
    smoother = centred @ np.linalg.solve(centred.T @ centred + len(y) * 0.1 * np.eye(4), centred.T)
    edf = 1 + np.trace(smoother)
    assert found.edf[0] == pytest.approx(edf, rel=1e-9)
    residual = y - found.predict(X)[:, 0]
    assert found.dispersion[0] == pytest.approx(residual @ residual / (len(y) - edf), rel=1e-9)
    inverse = np.linalg.inv(centred.T @ centred + len(y) * 0.1 * np.eye(4)) * found.dispersion[0]
    assert np.allclose(found.covariance(0)[1:, 1:], inverse, rtol=1e-8)


def test_directions_without_data_have_no_standard_error_but_rates_have_one(data):
    X, y = data
    twice = np.column_stack([X, X[:, 0]])
    found, plain = fit(twice, y, penalty=NoPenalty()), fit(X, y, penalty=NoPenalty())
    assert np.isnan(found.standard_errors[[0, 4], 0]).all()
    assert np.allclose(found.standard_errors[1:4, 0], plain.standard_errors[1:, 0], rtol=1e-8)
    assert found.coef[0, 0] == pytest.approx(found.coef[4, 0], rel=1e-7)  # the smallest norm shares equally
    assert found.edf[0] == pytest.approx(5.0)
    at = np.array([1.0, 0.3, 2.0, 0.1, -1.0])
    at_twice = np.append(at, at[1])
    assert at_twice @ found.covariance(0) @ at_twice == pytest.approx(at @ plain.covariance(0) @ at, rel=1e-8)


def test_standard_errors_hold_under_repetition():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(600, 3))
    truth = np.array([0.4, -0.3, 0.0])
    mean = np.exp(X @ truth - 0.5)
    Y = rng.poisson(np.repeat(mean[:, None], 400, axis=1)).astype(float)
    found = fit(X, Y, penalty=NoPenalty())
    z = (found.coef - truth[:, None]) / found.standard_errors
    assert np.abs(z.mean()) < 0.1
    assert 0.92 < z.std() < 1.08


def test_numbers_of_a_silent_unit_are_those_of_a_certain_prediction(data):
    X, y = data
    found = fit(X, np.column_stack([y, np.zeros_like(y)]))
    assert found.log_likelihood[1] == 0
    assert found.deviance[1] == 0
    assert found.edf[1] == 0
    assert np.isnan(found.covariance(1)).all()
    assert np.isfinite(found.covariance("0")).all()


def test_pseudo_r2_names(data):
    X, y = data
    found = fit(X, y)
    assert found.pseudo_r2()[0] == pytest.approx(1 - found.deviance[0] / found.null_deviance[0])
    assert 0 < found.pseudo_r2("mcfadden")[0] < found.pseudo_r2("cohen")[0]
    with pytest.raises(GlmError, match="pseudo-R2"):
        found.pseudo_r2("adjusted")


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Poisson counts drawn from the model itself: 95 % intervals of coefficients and rates hold the truth in 95 % of 400 units."""
    rng = np.random.default_rng(11)
    rows, columns, units = 3000, 6, 400
    X = rng.normal(size=(rows, columns))
    truth = rng.normal(scale=0.25, size=(columns, units))
    Y = rng.poisson(np.exp(-1.0 + X @ truth))
    fitted = fit(X, Y, penalty=NoPenalty())
    reach = 1.96 * np.asarray(fitted.standard_errors)
    covered = np.abs(np.asarray(fitted.coef) - truth) <= reach
    # 2,400 intervals: three standard errors of a share of 0.95 are 0.013
    assert abs(covered.mean() - 0.95) < 0.014
    point = np.concatenate([[1.0], rng.normal(size=columns)])
    inside = 0
    for unit in range(units):
        spread = np.sqrt(point @ np.asarray(fitted.covariance(unit)) @ point)
        predicted = fitted.intercept[unit] + point[1:] @ np.asarray(fitted.coef)[:, unit]
        inside += abs(predicted - (-1.0 + point[1:] @ truth[:, unit])) <= 1.96 * spread
    assert abs(inside / units - 0.95) < 0.033


def test_a_column_that_only_others_may_use_hides_no_intercept():
    rng = np.random.default_rng(8)
    X = rng.normal(size=(500, 6)) + 1.0
    Y = rng.poisson(1.0, (500, 3)).astype(float)
    mask = np.ones((6, 3), bool)
    mask[[0, 1, 2], [0, 1, 2]] = False
    whole = fit(X, Y, penalty=Ridge(1e-3), mask=mask)
    assert len(whole.parts) == 1, "the units share their columns"
    for unit in range(3):
        alone = fit(X[:, mask[:, unit]], Y[:, unit], penalty=Ridge(1e-3))
        assert whole.intercept_se[unit] == pytest.approx(alone.intercept_se[0], rel=1e-6)
        assert whole.standard_errors[mask[:, unit], unit] == pytest.approx(alone.standard_errors[:, 0], rel=1e-6)
        assert np.isnan(whole.standard_errors[~mask[:, unit], unit]).all()


@pytest.mark.parametrize("family", ["gaussian", "gamma"])
def test_mcfadden_compares_the_likelihoods_that_are_reported(family):
    rng = np.random.default_rng(5)
    X = rng.normal(size=(400, 2))
    y = rng.gamma(2.0, np.exp(0.4 * X[:, 0]))
    link = "log" if family == "gamma" else None
    found = fit(X, y, family, link, penalty=None)
    alone = fit(np.zeros((400, 1)), y, family, link, penalty=None)
    assert found.pseudo_r2("mcfadden")[0] == pytest.approx(1 - found.log_likelihood[0] / alone.log_likelihood[0], rel=1e-9)
