"""`fit` against other libraries, to 1e-6 of the larger of coefficient and standard error."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.fitting.fit import fit
from glmengine.models import NoPenalty, Ridge

PAIRS = [
    ("poisson", "log"),
    ("poisson", "softplus"),
    ("poisson", "identity"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("gaussian", "identity"),
    ("gaussian", "log"),
    ("gaussian", "softplus"),
    ("gamma", "log"),
    ("gamma", "inverse"),
    ("gamma", "softplus"),
    ("gamma", "identity"),
]


def simulated(family: str, link: str, seed: int = 0, T: int = 3000, P: int = 5):
    """A design and observations drawn from the model, inside the link's domain."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-1, 1, (T, P))
    coef = 0.3 * rng.normal(size=P)
    eta = X @ coef + (1.5 if link in ("identity", "inverse", "softplus") else 0.2)
    if link in ("identity", "inverse"):
        eta = np.maximum(eta, 0.3)
    mean = {
        "log": np.exp,
        "softplus": lambda e: np.logaddexp(0, e),
        "identity": lambda e: e,
        "inverse": lambda e: 1 / e,
        "logit": lambda e: 1 / (1 + np.exp(-e)),
        "probit": lambda e: __import__("scipy.stats").stats.norm.cdf(e),
    }[link](eta)
    if family == "poisson":
        return X, rng.poisson(mean).astype(float)
    if family == "bernoulli":
        return X, (rng.random(T) < mean).astype(float)
    if family == "gaussian":
        return X, mean + 0.5 * rng.normal(size=T)
    return X, rng.gamma(3.0, mean / 3.0)


def statsmodels_family(family: str, link: str):
    import statsmodels.api as sm

    class Softplus(sm.families.links.Link):
        def __call__(self, p):
            return p + np.log(-np.expm1(-p))

        def inverse(self, z):
            return np.logaddexp(0, z)

        def deriv(self, p):
            return 1 / -np.expm1(-p)

        def inverse_deriv(self, z):
            return 1 / (1 + np.exp(-z))

    links = sm.families.links
    made = {
        "log": links.Log,
        "softplus": Softplus,
        "identity": links.Identity,
        "inverse": links.InversePower,
        "logit": links.Logit,
        "probit": links.Probit,
    }[link]()
    kinds = {
        "poisson": sm.families.Poisson,
        "bernoulli": sm.families.Binomial,
        "gaussian": sm.families.Gaussian,
        "gamma": sm.families.Gamma,
    }
    return kinds[family](made, check_link=False)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_every_family_and_link_agrees_with_statsmodels(family, link):
    sm = pytest.importorskip("statsmodels.api")
    X, y = simulated(family, link)
    ours = fit(X, y, family, link, NoPenalty())
    theirs = sm.GLM(y, sm.add_constant(X), family=statsmodels_family(family, link)).fit(tol=1e-14, maxiter=300)
    assert ours.converged.all(), (ours.status, ours.decrement)
    params = np.concatenate([ours.intercept, ours.coef[:, 0]])
    errors = np.concatenate([ours.intercept_se, ours.standard_errors[:, 0]])
    scale = np.maximum(np.abs(theirs.params), theirs.bse)
    assert np.max(np.abs(params - theirs.params) / scale) < 1e-6
    assert np.allclose(errors, theirs.bse, rtol=2e-6)
    assert np.allclose(ours.covariance(0), theirs.cov_params(), rtol=2e-5, atol=1e-9)
    assert ours.deviance[0] == pytest.approx(theirs.deviance, rel=1e-9)
    assert ours.null_deviance[0] == pytest.approx(theirs.null_deviance, rel=1e-8)
    assert ours.dispersion[0] == pytest.approx(theirs.scale, rel=1e-7)
    assert ours.edf[0] == pytest.approx(6.0, abs=1e-9)
    if family in ("poisson", "bernoulli"):
        assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-10)
        assert ours.aic[0] == pytest.approx(theirs.aic, rel=1e-10)
        assert ours.bic[0] == pytest.approx(theirs.bic_llf, rel=1e-10)
        assert ours.pseudo_r2("mcfadden")[0] == pytest.approx(1 - theirs.llf / theirs.llnull, rel=1e-8)


@pytest.mark.parametrize("strength", [1e-5, 1e-2, 1.0])
def test_poisson_ridge_is_that_of_scikit_learn(strength):
    from sklearn.linear_model import PoissonRegressor

    X, y = simulated("poisson", "log", seed=1)
    theirs = PoissonRegressor(alpha=strength, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(X, y)
    ours = fit(X, y, penalty=Ridge(strength))
    scale = np.maximum(np.abs(theirs.coef_), ours.standard_errors[:, 0])
    assert np.max(np.abs(ours.coef[:, 0] - theirs.coef_) / scale) < 1e-6
    assert ours.intercept[0] == pytest.approx(theirs.intercept_, abs=1e-7)


def test_gaussian_and_gamma_ridge_are_those_of_scikit_learn():
    from sklearn import linear_model

    X, y = simulated("gaussian", "identity", seed=2)
    theirs = linear_model.Ridge(alpha=len(y) * 0.1 / 2, tol=1e-14).fit(X, y)
    assert np.allclose(fit(X, y, "gaussian", penalty=Ridge(0.1)).coef[:, 0], theirs.coef_, atol=1e-8)
    X, y = simulated("gamma", "log", seed=2)
    theirs = linear_model.GammaRegressor(alpha=0.1, solver="newton-cholesky", tol=1e-13, max_iter=1000).fit(X, y)
    assert np.allclose(fit(X, y, "gamma", "log", Ridge(0.1)).coef[:, 0], theirs.coef_, atol=1e-7)


def test_bernoulli_ridge_is_that_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    X, y = simulated("bernoulli", "logit", seed=3)
    theirs = LogisticRegression(C=1 / (len(y) * 0.01), solver="newton-cholesky", tol=1e-14, max_iter=1000).fit(X, y)
    assert np.allclose(fit(X, y, "bernoulli", penalty=Ridge(0.01)).coef[:, 0], theirs.coef_[0], atol=1e-7)


def test_ridge_without_intercept_with_weights_and_offset_is_that_of_statsmodels():
    sm = pytest.importorskip("statsmodels.api")
    X, y = simulated("poisson", "log", seed=4)
    rng = np.random.default_rng(5)
    weights, offset = rng.integers(0, 4, len(y)).astype(float), 0.3 * rng.normal(size=len(y))
    theirs = sm.GLM(y, X, family=sm.families.Poisson(), freq_weights=weights, offset=offset).fit(tol=1e-14)
    ours = fit(X, y, penalty=NoPenalty(), weights=weights, offset=offset, intercept=False)
    assert np.allclose(ours.coef[:, 0], theirs.params, atol=1e-8)
    assert np.allclose(ours.standard_errors[:, 0], theirs.bse, rtol=1e-7)
    assert ours.intercept[0] == 0
    assert np.isnan(ours.intercept_se[0])
    assert ours.deviance[0] == pytest.approx(theirs.deviance, rel=1e-10)
    assert ours.log_likelihood[0] == pytest.approx(theirs.llf, rel=1e-10)


def test_weights_count_rows():
    X, y = simulated("poisson", "log", seed=6, T=500)
    weights = np.random.default_rng(7).integers(0, 3, len(y))
    weighted = fit(X, y, penalty=Ridge(1e-3), weights=weights)
    repeated = fit(np.repeat(X, weights, axis=0), np.repeat(y, weights), penalty=Ridge(1e-3))
    for name in (
        "coef",
        "intercept",
        "objective",
        "standard_errors",
        "log_likelihood",
        "deviance",
        "edf",
        "aic",
        "bic",
        "n_valid",
    ):
        assert np.allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-9, atol=1e-9), name


def test_coupled_population_agrees_with_nemos():
    nmo = pytest.importorskip("nemos")
    import jax

    rng = np.random.default_rng(8)
    X = rng.normal(size=(4000, 12))
    Y = rng.poisson(np.exp(X @ (0.2 * rng.normal(size=(12, 3))) - 1.0)).astype(float)
    with jax.enable_x64(True):
        model = nmo.glm.PopulationGLM(
            regularizer="Ridge", regularizer_strength=1e-3, solver_name="LBFGS", solver_kwargs={"tol": 1e-12, "maxiter": 5000}
        )
        model.fit(X, Y)
        coef, intercept = np.asarray(model.coef_), np.asarray(model.intercept_)
    ours = fit(X, Y, penalty=Ridge(1e-3))
    assert np.max(np.abs(ours.coef - coef) / np.maximum(np.abs(coef), ours.standard_errors)) < 1e-6
    assert np.allclose(ours.intercept, intercept, atol=1e-6)
