"""Penalties of differences that lie far above the loss, as columns in small units of measure have them, against an independent minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit

import glmengine as ge


def softplus(eta, y):
    mean, slope = np.logaddexp(0, eta), expit(eta)
    bend = slope * expit(-eta)
    return mean - y * np.log(mean), slope * (1 - y / mean), bend * (1 - y / mean) + y * (slope / mean) ** 2


LOSSES = {
    ("poisson", "log"): lambda eta, y: (np.exp(eta) - y * eta, np.exp(eta) - y, np.exp(eta)),
    ("poisson", "softplus"): softplus,
    ("bernoulli", "logit"): lambda eta, y: (np.logaddexp(0, eta) - y * eta, expit(eta) - y, expit(eta) * expit(-eta)),
    ("gaussian", "identity"): lambda eta, y: ((y - eta) ** 2, 2 * (eta - y), np.full_like(eta, 2.0)),
    ("gamma", "log"): lambda eta, y: (y * np.exp(-eta) + eta, 1 - y * np.exp(-eta), y * np.exp(-eta)),
}


def differences(P, circular):
    """(r, P) matrix of second differences."""
    rows = np.diff(np.eye(P), 2, axis=0)
    return np.roll(np.eye(P), 1, 0) - 2 * np.eye(P) + np.roll(np.eye(P), -1, 0) if circular else rows


def minimum(X, y, loss, D):
    """The least mean loss plus |D w|^2 / 2, by a trust region in directions that are either not penalised or all penalised alike."""
    n, P = X.shape
    _, size, rows = np.linalg.svd(D)
    size = np.r_[size, np.zeros(P - size.size)]
    kept = size > 1e-9 * size.max()
    A = np.column_stack([X @ (rows[kept].T / size[kept]), X @ rows[~kept].T, np.ones(n)])
    pull = np.r_[np.ones(kept.sum()), np.zeros(A.shape[1] - kept.sum())]
    scale = np.sqrt(np.mean(A**2, axis=0) + pull)
    A, pull = A / scale, pull / scale**2

    def value(t):
        return np.mean(loss(A @ t, y)[0]) + 0.5 * t @ (pull * t)

    def slope(t):
        return A.T @ loss(A @ t, y)[1] / n + pull * t

    def bend(t):
        return A.T @ (A * loss(A @ t, y)[2][:, None]) / n + np.diag(pull + 1e-15)

    start = np.zeros(A.shape[1])
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return minimize(value, start, jac=slope, hess=bend, method="trust-exact", options={"gtol": 1e-11, "maxiter": 500}).fun


def drawn(seed, family):
    """A design (n, P) and observations: bins some of which no sample visits, functions of a part of their range, or plain columns, in some unit."""
    rng = np.random.default_rng(seed)
    P, n = int(rng.choice([6, 12, 20, 30])), int(rng.choice([200, 400]))
    kind = rng.choice(["bins", "functions", "columns"])
    if kind == "bins":
        visited = rng.choice(P, max(3, int(P * rng.choice([0.3, 0.6, 1.0]))), replace=False)
        where = rng.choice(visited, n)
        X, eta = np.eye(P)[where], rng.uniform(0.2, 1.5) * np.sin(5 * where / P) - 0.5
    elif kind == "functions":
        low = rng.uniform(0, 0.6)
        x = rng.uniform(low, low + 0.4, n)
        X, eta = ge.basis.BSpline(n=P, order=4, bounds=(0, 1.3)).evaluate(x), 2 * (x - 0.5)
    else:
        X = rng.normal(size=(n, P))
        X[:, 1] = X[:, 0] if rng.random() < 0.5 else X[:, 1]
        eta = 0.3 * X[:, 0] - 0.2 * X[:, 2]
    X = X * 10.0 ** rng.choice([0, -2, -4, -6, 2]) * 10.0 ** (rng.uniform(-2, 2, P) if rng.random() < 0.25 else np.zeros(P))
    if family == "gaussian":
        return X, eta + rng.normal(size=n)
    if family == "gamma":
        return X, rng.gamma(2.0, np.exp(eta) / 2)
    return X, (rng.poisson(np.exp(eta)) if family == "poisson" else rng.random(n) < expit(eta)).astype(float)


@pytest.mark.parametrize(("family", "link"), LOSSES)
def test_the_optimum_is_found_in_any_unit_of_measure(family, link):
    loss = LOSSES[family, link]
    for seed in range(20, 45):
        X, y = drawn(seed, family)
        strength, circular = 10.0 ** np.random.default_rng(seed).uniform(-6, 3), seed % 5 == 0
        found = ge.fit(X, y, family=family, link=link, penalty=ge.Smoothness(strength, circular=circular))
        best = minimum(X, y, loss, np.sqrt(strength) * differences(X.shape[1], circular))
        assert found.status[0] == "ok", seed
        assert found.objective[0] <= best + 1e-9 * max(1.0, abs(best)), seed
        # the penalty as the sum of squares that it is
        coef = found.coef[:, 0]
        bend = np.roll(coef, 1) - 2 * coef + np.roll(coef, -1) if circular else np.diff(coef, 2)
        here = np.mean(loss(X @ coef + found.intercept[0], y)[0]) + 0.5 * strength * bend @ bend
        assert here == pytest.approx(found.objective[0], abs=1e-9 * max(1.0, abs(best))), seed


def test_bins_in_thousandths_of_a_unit_of_which_few_are_visited():
    """A penalty whose parts add up to 1e9 and whose sum is next to nothing: the rounding of the parts is no slope."""
    D = np.sqrt(29.0) * differences(20, False)
    for seed in (0, 2, 7, 14, 24, 37):
        rng = np.random.default_rng(seed)
        where = rng.choice(rng.choice(20, 6, replace=False), 400)
        X, y = 1e-4 * np.eye(20)[where], rng.gamma(2.0, np.exp(0.5 * rng.normal(size=20))[where] / 2)
        found = ge.fit(X, y, family="gamma", link="log", penalty=ge.Smoothness(29.0))
        assert found.status[0] == "ok", seed
        assert found.objective[0] <= minimum(X, y, LOSSES["gamma", "log"], D) + 1e-10, seed
