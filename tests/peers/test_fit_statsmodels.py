"""Maximum likelihood against statsmodels: coefficients, standard errors, likelihood, deviance, dispersion."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge

sm = pytest.importorskip("statsmodels.api")

from tests.peers.fitting_data import assert_same_coefficients, classes, simulate  # noqa: E402

PAIRS = [
    ("poisson", "log"),
    ("poisson", "identity"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("gaussian", "identity"),
    ("gaussian", "log"),
    ("gamma", "log"),
    ("gamma", "inverse"),
    ("gamma", "identity"),
]


def reference(family: str, link: str, **more):
    links = sm.families.links
    link = {
        "log": links.Log,
        "identity": links.Identity,
        "logit": links.Logit,
        "probit": links.Probit,
        "inverse": links.InversePower,
    }[link]()
    kind = {
        "poisson": sm.families.Poisson,
        "bernoulli": sm.families.Binomial,
        "gaussian": sm.families.Gaussian,
        "gamma": sm.families.Gamma,
    }[family]
    return kind(link=link, **more)


@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_the_same_maximum_likelihood(family, link):
    X, y = simulate(family, link)
    ours = ge.fit(X, y, family=family, link=link, penalty=ge.NoPenalty())
    with np.errstate(all="ignore"):
        theirs = sm.GLM(y, sm.add_constant(X), family=reference(family, link)).fit(tol=1e-14, maxiter=500)
    assert ours.converged.all()
    assert_same_coefficients(ours, theirs.params[1:], theirs.params[0])
    np.testing.assert_allclose(ours.standard_errors[:, 0], theirs.bse[1:], rtol=1e-6)
    assert ours.intercept_se[0] == pytest.approx(theirs.bse[0], rel=1e-6)
    assert ours.deviance[0] == pytest.approx(theirs.deviance, rel=1e-9)
    if family in ("poisson", "bernoulli"):
        assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-9)
        assert ours.aic[0] == pytest.approx(theirs.aic, rel=1e-9)
    else:
        assert ours.dispersion[0] == pytest.approx(theirs.scale, rel=1e-7)


def test_the_same_joint_maximum_of_the_negative_binomial():
    X, y = simulate("negative_binomial")
    ours = ge.fit(X, y, family="negative_binomial", penalty=ge.NoPenalty())
    theirs = sm.NegativeBinomial(y, sm.add_constant(X)).fit(method="newton", maxiter=200, disp=0, tol=1e-14)
    assert ours.converged.all()
    assert ours.dispersion[0] == pytest.approx(theirs.params[-1], rel=1e-6)
    assert_same_coefficients(ours, theirs.params[1:-1], theirs.params[0])
    assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-10)


def test_the_same_softmax():
    X, y = classes()
    ours = ge.fit(X, y, family="categorical", penalty=ge.NoPenalty())
    theirs = sm.MNLogit(3 - y, sm.add_constant(X)).fit(method="newton", disp=0, tol=1e-14)
    coef, errors = np.asarray(theirs.params)[:, ::-1], np.asarray(theirs.bse)[:, ::-1]
    assert ours.coef.shape == (X.shape[1], 4, 1)
    np.testing.assert_allclose(ours.coef[:, :3, 0], coef[1:], atol=1e-6 * errors.min())
    np.testing.assert_allclose(ours.intercept[:3, 0], coef[0], atol=1e-6 * errors.min())
    np.testing.assert_allclose(ours.standard_errors[:, :3, 0], errors[1:], rtol=1e-6)
    assert not ours.coef[:, 3].any()
    assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-10)


def test_offsets_and_weights_mean_the_same():
    X, y = simulate("poisson")
    rng = np.random.default_rng(1)
    offset, weights = rng.normal(0, 0.5, y.size), rng.integers(0, 4, y.size).astype(float)
    ours = ge.fit(X, y, penalty=ge.NoPenalty(), offset=offset, weights=weights)
    theirs = sm.GLM(y, sm.add_constant(X), family=sm.families.Poisson(), offset=offset, freq_weights=weights).fit(
        tol=1e-14, maxiter=200
    )
    assert_same_coefficients(ours, theirs.params[1:], theirs.params[0])
    np.testing.assert_allclose(ours.standard_errors[:, 0], theirs.bse[1:], rtol=1e-6)
    assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-10)


def test_without_an_intercept():
    X, y = simulate("poisson")
    ours = ge.fit(X, y, penalty=ge.NoPenalty(), intercept=False)
    theirs = sm.GLM(y, X, family=sm.families.Poisson()).fit(tol=1e-14, maxiter=200)
    assert ours.intercept[0] == 0
    np.testing.assert_allclose(ours.coef[:, 0], theirs.params, rtol=1e-7)
    np.testing.assert_allclose(ours.standard_errors[:, 0], theirs.bse, rtol=1e-6)
