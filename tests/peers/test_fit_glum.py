"""Penalised fits against glum, for every family, link and penalty that it has."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.models.penalties import difference_matrix

glum = pytest.importorskip("glum")

from tests.peers.fitting_data import P, assert_no_worse, assert_same_coefficients, simulate  # noqa: E402

PAIRS = [("poisson", "log"), ("bernoulli", "logit"), ("gaussian", "identity"), ("gamma", "log"), ("negative_binomial", "log")]
NAMES = {"bernoulli": "binomial", "gaussian": "normal"}


def reference(family: str, link: str, X, y, alpha: float, ratio: float, theta: float = 1.0, **more):
    """glum at a tolerance that reaches our objective."""
    name = glum.NegativeBinomialDistribution(theta) if family == "negative_binomial" else NAMES.get(family, family)
    return glum.GeneralizedLinearRegressor(
        family=name, link=link, alpha=alpha, l1_ratio=ratio, gradient_tol=1e-11, max_iter=10_000, max_inner_iter=100_000, **more
    ).fit(X, y)


def alpha_of(family: str, strength: float) -> float:
    """Our loss of the Gaussian is the squared error, theirs half of it."""
    return strength / 2 if family == "gaussian" else strength


def fit(family, link, X, y, penalty):
    return ge.fit(X, y, family=family, link=link, penalty=penalty)


@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_ridge(family, link):
    X, y = simulate(family, link)
    ours = fit(family, link, X, y, ge.Ridge(0.05))
    theta = ours.dispersion[0] if family == "negative_binomial" else 1.0
    theirs = reference(family, link, X, y, alpha_of(family, 0.05), 0.0, theta)
    assert_same_coefficients(ours, theirs.coef_, theirs.intercept_)


@pytest.mark.parametrize("ratio", [1.0, 0.4])
@pytest.mark.parametrize(("family", "link"), PAIRS)
def test_lasso_and_elastic_net(family, link, ratio):
    X, y = simulate(family, link)
    penalty = ge.Lasso(0.05) if ratio == 1.0 else ge.ElasticNet(0.05, ratio)
    ours = fit(family, link, X, y, penalty)
    theta = ours.dispersion[0] if family == "negative_binomial" else 1.0
    theirs = reference(family, link, X, y, alpha_of(family, 0.05), ratio, theta)
    assert ours.converged.all()
    np.testing.assert_allclose(ours.coef[:, 0], theirs.coef_, atol=1e-6)
    np.testing.assert_array_equal(ours.coef[:, 0] == 0, theirs.coef_ == 0)

    def objective(coef, intercept):
        from glmengine.models import get_family
        from glmengine.models.penalties import Columns

        kind = get_family(family)
        return float(
            np.mean(kind.evaluate(X @ coef + intercept, y, kind.link(link), theta)[0]) + penalty.resolve(Columns(P)).value(coef)
        )

    assert_no_worse(objective(ours.coef[:, 0], ours.intercept[0]), objective(theirs.coef_, theirs.intercept_))


def test_smoothness_is_a_matrix_penalty():
    X, y = simulate("poisson")
    ours = ge.fit(X, y, penalty=ge.Smoothness(0.3))
    theirs = reference("poisson", "log", X, y, 0.3, 0.0, P2=difference_matrix((P,)) + 1e-12 * np.eye(P))
    assert_same_coefficients(ours, theirs.coef_, theirs.intercept_)


def test_a_ridge_of_its_own_for_each_term_is_a_diagonal_penalty():
    X, y = simulate("poisson")
    ours = ge.fit(X, y, penalty=ge.GroupLasso(0.0) + ge.ElasticNet(0.1, 0.0))
    theirs = reference("poisson", "log", X, y, 0.1, 0.0)
    assert_same_coefficients(ours, theirs.coef_, theirs.intercept_)
