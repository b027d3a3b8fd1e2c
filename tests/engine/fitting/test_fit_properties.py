"""Properties that hold for any data: the optimum of every family and link is stationary, and none of its neighbours is lower."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmengine as ge
from glmengine.models import get_family
from glmengine.models.penalties import Columns

COMBINATIONS = [
    ("poisson", "log"),
    ("poisson", "softplus"),
    ("bernoulli", "logit"),
    ("bernoulli", "probit"),
    ("gaussian", "identity"),
    ("gaussian", "log"),
    ("gamma", "log"),
    ("gamma", "softplus"),
    ("negative_binomial", "log"),
]
PENALTIES = [
    ge.Ridge(0.03),
    ge.ElasticNet(0.03),
    ge.GroupLasso(0.03, groups=[[0, 2], [1]]),
    ge.Smoothness(0.1) + ge.Ridge(1e-3),
    ge.Lasso(0.02) + ge.Smoothness(0.1),
]


def observations(family, eta, rng):
    mean = np.exp(np.clip(eta, -3, 2))
    return {
        "poisson": lambda: rng.poisson(mean),
        "bernoulli": lambda: rng.random(eta.shape) < mean / (1 + mean),
        "gaussian": lambda: mean + rng.normal(size=eta.shape),
        "gamma": lambda: rng.gamma(2.0, mean / 2) + 1e-6,
        "negative_binomial": lambda: rng.poisson(rng.gamma(1.0, mean)),
    }[family]().astype(float)


@settings(max_examples=25, deadline=None)
@given(
    combination=st.sampled_from(COMBINATIONS),
    penalty=st.sampled_from(PENALTIES),
    seed=st.integers(0, 2**31),
    weighted=st.booleans(),
    shifted=st.booleans(),
    scale=st.sampled_from([0.1, 1.0, 10.0]),
)
def test_no_neighbour_of_the_optimum_is_lower(combination, penalty, seed, weighted, shifted, scale):
    name, link = combination
    rng = np.random.default_rng(seed)
    X = scale * rng.normal(size=(120, 3))
    y = observations(name, 0.3 + X @ (np.array([0.4, -0.3, 0.0]) / scale), rng)
    if name in ("poisson", "bernoulli", "negative_binomial") and (not y.any() or y.all()):
        return
    weights = rng.integers(1, 4, 120).astype(float) if weighted else None
    offset = 0.3 * rng.normal(size=120) if shifted else None
    fit = ge.fit(X, y, name, link, penalty=penalty, weights=weights, offset=offset)
    if fit.status[0] != "ok":
        assert not fit.converged[0]
        return
    family = get_family(name)
    resolved = penalty.resolve(Columns(3))

    def objective(w, b, a):
        eta = X @ w + b + (0 if offset is None else offset)
        loss = family.evaluate(eta, y, family.link(link), a)[0]
        if family.estimates_dispersion:
            loss = loss + family.dispersion_loss(y, a)
        return np.average(loss, weights=weights) + float(resolved.value(w))

    w, b = fit.coef[:, 0], fit.intercept[0]
    a = fit.dispersion[0] if family.estimates_dispersion else None
    best = objective(w, b, a)
    assert best == pytest.approx(fit.objective[0], rel=1e-9, abs=1e-12)
    for size in (1e-2, 1e-4):
        for _ in range(15):
            step = size * rng.normal(size=4) / [scale, scale, scale, 1]
            there = a if a is None else a * np.exp(size * rng.normal())
            assert objective(w + step[:3], b + step[3], there) > best - 1e-12 * max(1, abs(best))


@settings(max_examples=12, deadline=None)
@given(
    combination=st.sampled_from(COMBINATIONS),
    penalty=st.sampled_from(PENALTIES[:3]),
    seed=st.integers(0, 2**31),
)
def test_rows_count_as_often_as_their_weight_says_and_not_at_all_without_one(combination, penalty, seed):
    name, link = combination
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(100, 3))
    y = observations(name, 0.3 + X @ [0.4, -0.3, 0.0], rng)
    weights = rng.integers(0, 3, 100)
    rows = np.repeat(np.arange(100), weights)
    spoiled = y.copy()
    spoiled[weights == 0] = np.nan
    one = ge.fit(X, y, name, link, penalty=penalty, weights=weights)
    other = ge.fit(X[rows], y[rows], name, link, penalty=penalty)
    third = ge.fit(X, spoiled, name, link, penalty=penalty, weights=weights)
    if one.status[0] != "ok":
        return
    for fit in (other, third):
        assert fit.status[0] == "ok"
        assert fit.objective == pytest.approx(one.objective, rel=1e-9, abs=1e-12)
        assert fit.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-6)
        assert fit.edf == pytest.approx(one.edf, rel=1e-4)
        assert fit.n_valid == pytest.approx(one.n_valid)
