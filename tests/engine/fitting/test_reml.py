"""Strengths found by marginal likelihood through `ge.fit` and `ge.cross_validate`: the optimum, families, masks, folds, and refusals."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.basis import BSpline
from glmengine.errors import GlmError

N = 3000


def columns(x: np.ndarray, n: int = 10) -> np.ndarray:
    return np.asarray(BSpline(n=n, bounds=(0, 1)).evaluate(x))


@pytest.fixture(scope="module")
def tuned() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A design of ten splines, a predictor that bends, and one that is flat."""
    x = np.random.default_rng(0).uniform(0, 1, N)
    return columns(x), -1.0 + np.sin(5 * x), np.full(N, -0.5)


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian", "gamma", "negative_binomial"])
def test_what_bends_keeps_its_bend_and_what_is_flat_becomes_flat(tuned, family):
    X, bent, flat = tuned
    eta, rng = np.column_stack([bent, *[flat] * 20]), np.random.default_rng(1)
    draw = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.uniform(size=eta.shape) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=eta.shape),
        "gamma": lambda: rng.gamma(2.0, np.exp(eta) / 2.0),
        "negative_binomial": lambda: rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(eta))),
    }[family]
    fit = ge.fit(
        X,
        draw().astype(float),
        family=family,
        link="log" if family == "gamma" else None,
        penalty=ge.Smoothness(),
        strength="reml",
    )
    assert fit.converged.all()
    assert fit.found.settled.all()
    edf = fit.column_edf.sum(axis=0)
    assert 3.0 < edf[0] < 9.0
    assert np.median(edf[1:]) < 1.5  # straight, and now and then a bend of the noise
    found = X @ fit.coef[:, 0] + fit.intercept[0]
    assert np.corrcoef(found, bent)[0, 1] > 0.97


def test_a_fit_at_the_strengths_that_were_found_is_the_same(tuned):
    X, bent, _ = tuned
    y = np.random.default_rng(2).poisson(np.exp(bent)).astype(float)
    searched = ge.fit(X, y, penalty=ge.Smoothness(), strength="reml")
    given = ge.fit(X, y, penalty=ge.Smoothness(float(searched.found.strengths[0, 0])))
    np.testing.assert_allclose(X @ searched.coef + searched.intercept, X @ given.coef + given.intercept, atol=1e-8)
    np.testing.assert_allclose(searched.edf, given.edf, rtol=1e-6)
    np.testing.assert_allclose(searched.standard_errors, given.standard_errors, rtol=1e-5)


def test_units_of_a_population_are_found_as_if_alone(tuned):
    X, bent, flat = tuned
    Y = np.random.default_rng(3).poisson(np.exp(np.column_stack([bent, flat, bent + 1]))).astype(float)
    Y[::3, 1] = np.nan
    together = ge.fit(X, np.column_stack([Y, np.zeros(N), np.full(N, np.nan)]), penalty=ge.Smoothness(), strength="reml")
    assert together.status.tolist() == ["ok", "ok", "ok", "silent", "no data"]
    assert np.isnan(together.found.strengths[:, 3:]).all()
    for m in range(3):
        alone = ge.fit(X, Y[:, m], penalty=ge.Smoothness(), strength="reml")
        np.testing.assert_allclose(np.log(together.found.strengths[0, m]), np.log(alone.found.strengths[0, 0]), atol=5e-3)
        np.testing.assert_allclose(together.coef[:, m], alone.coef[:, 0], atol=2e-3)


def test_a_mask_gives_each_unit_the_parts_that_it_has(tuned):
    X, bent, _ = tuned
    both = np.hstack([X, columns(np.random.default_rng(4).uniform(0, 1, N))])
    Y = np.random.default_rng(5).poisson(np.exp(np.column_stack([bent, bent]))).astype(float)
    mask = np.ones((20, 2), bool)
    mask[10:, 1] = False
    fit = ge.fit(both, Y, penalty=ge.Ridge(), strength="reml", mask=mask)
    alone = ge.fit(X, Y[:, 1], penalty=ge.Ridge(), strength="reml")
    assert (fit.coef[10:, 1] == 0).all()
    np.testing.assert_allclose(fit.coef[:10, 1], alone.coef[:, 0], atol=1e-4)


def test_each_fold_finds_its_own_strengths(tuned):
    X, bent, flat = tuned
    Y = np.random.default_rng(6).poisson(np.exp(np.column_stack([bent, flat]))).astype(float)
    found = ge.cross_validate(X, Y, penalty=ge.Smoothness(), strengths="reml", folds=4)
    assert found.scores.sizes == {"fold": 4, "strength": 1, "unit": 2}
    assert found.deviance_explained[0] > 0.1
    assert abs(found.deviance_explained[1]) < 0.01
    grid = ge.cross_validate(X, Y, penalty=ge.Smoothness(), strengths=[1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100], folds=4)
    assert float(found.scores.mean("fold").sum()) > float(grid.scores.mean("fold").max("strength").sum()) - 2e-3


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"penalty": "lasso"}, "needs ridge or smoothness"),
        ({"penalty": "none"}, "nothing is penalised"),
        ({"strength": "best"}, "is not a number; give one, or 'reml'"),
        ({"family": "categorical"}, "by cross-validation"),
    ],
)
def test_what_has_no_marginal_likelihood_is_refused_in_a_sentence(tuned, options, says):
    X, _, _ = tuned
    with pytest.raises(GlmError, match=says):
        ge.fit(X, np.arange(N) % 2, **{"penalty": "smoothness", "strength": "reml", **options})


def test_stopping_keeps_what_there_is(tuned):
    X, bent, _ = tuned
    y = np.random.default_rng(7).poisson(np.exp(bent)).astype(float)

    class Stopped(ge.Context):
        stopping = True

    fit = ge.fit(X, y, penalty=ge.Smoothness(), strength="reml", context=Stopped())
    assert not fit.converged.any()
    assert np.isfinite(fit.coef).all()


def test_columns_that_each_unit_has_for_itself_are_found_in_one_batch(tuned):
    X, bent, _ = tuned
    rng = np.random.default_rng(8)
    own = [columns(rng.uniform(0, 1, N), 5) for _ in range(3)]
    Y = np.column_stack([rng.poisson(np.exp(bent + 1.5 * part[:, 2])) for part in own]).astype(float)
    mask = np.zeros((25, 3), bool)
    mask[:10] = True
    for m in range(3):
        mask[10 + 5 * m : 15 + 5 * m, m] = True
    fit = ge.fit(np.hstack([X, *own]), Y, penalty=ge.Ridge(), strength="reml", mask=mask)
    for m in range(3):
        alone = ge.fit(np.hstack([X, own[m]]), Y[:, m], penalty=ge.Ridge(), strength="reml")
        np.testing.assert_allclose(fit.coef[:10, m], alone.coef[:10, 0], atol=1e-3)
        np.testing.assert_allclose(fit.coef[10 + 5 * m : 15 + 5 * m, m], alone.coef[10:, 0], atol=1e-3)


def test_a_unit_whose_predictor_overflows_spoils_no_other(tuned):
    X, bent, _ = tuned
    y = np.random.default_rng(9).poisson(np.exp(bent)).astype(float)
    start = np.zeros((10, 2)), np.array([750.0, 0.0])  # exp overflows there
    fit = ge.fit(X, np.column_stack([y, y]), penalty=ge.Smoothness(), strength="reml", start=start)
    alone = ge.fit(X, y, penalty=ge.Smoothness(), strength="reml")
    assert fit.found.settled[1]
    np.testing.assert_allclose(fit.coef[:, 1], alone.coef[:, 0], atol=1e-4)
    assert fit.found.settled[0] or any("not reached" in note for note in fit.notes)
