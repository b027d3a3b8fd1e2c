"""Units without a spike: silent where an intercept can say so, fitted as any other where only covariates can."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine import fit_path
from glmengine.fitting.fit import fit
from glmengine.models import get_family, get_link

PAIRS = [
    ("poisson", "log"),
    ("poisson", "softplus"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("negative_binomial", "log"),
]
X = np.random.default_rng(0).normal(size=(200, 3))
Y = np.column_stack([np.zeros(200), np.arange(200) % 2])


@pytest.mark.parametrize(("family", "link"), [*PAIRS, ("poisson", "identity")])
def test_with_an_intercept_they_are_silent_and_predicted_to_stay_so(family, link):
    found = fit(np.abs(X), Y, family, link)
    assert found.status.tolist() == ["silent", "ok"]
    assert found.intercept[0] == (0.0 if link == "identity" else -np.inf)
    assert np.array_equal(found.predict(np.abs(X))[:, 0], np.zeros(200))
    path = fit_path(np.abs(X), Y, family, link, strengths=[0.01])
    assert path.intercept[0, 0] == found.intercept[0]


@pytest.mark.parametrize(("family", "link"), PAIRS)
@pytest.mark.filterwarnings("error::RuntimeWarning")
@pytest.mark.parametrize("strength", [None, 0.1])
def test_without_one_the_coefficients_are_an_optimum_and_the_likelihood_theirs(family, link, strength):
    found = fit(X, Y, family, link, "ridge" if strength else None, strength=strength, intercept=False)
    assert found.status.tolist() == ["ok", "ok"]
    eta = X @ found.coef[:, 0]
    loss, score, _, _ = get_family(family).evaluate(eta, Y[:, 0], get_link(link), 1e-9)
    gradient = X.T @ score / 200 + (strength or 0.0) * found.coef[:, 0]
    assert np.abs(gradient).max() < 1e-8
    assert found.log_likelihood[0] == pytest.approx(-loss.sum(), rel=1e-6)
    assert found.coef[:, 0].any()
