"""Fits without a finite optimum say so, also where many columns share the way there: beside a linear program that decides it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

import glmengine as ge


def is_separated(X, y, binary):
    """Whether some direction raises the likelihood for ever (Konis 2007, D.Phil. thesis, University of Oxford; Correia et al. 2019)."""
    A = np.column_stack([np.ones(len(y)), X])
    A = A / np.maximum(np.abs(A).max(axis=0), 1e-300)
    fixed, falling = (A[:0], np.where(y > 0, -1, 1)[:, None] * A) if binary else (A[y > 0], A[y == 0])
    equal = {"A_eq": fixed, "b_eq": np.zeros(len(fixed))} if len(fixed) else {}
    found = linprog(
        falling.sum(axis=0), A_ub=falling, b_ub=np.zeros(len(falling)), bounds=[(-1, 1)] * A.shape[1], method="highs", **equal
    )
    return -found.fun > 1e-7


def draw(kind, n, p, rate, seed, binary=False):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) if kind == "normal" else (rng.random((n, p)) < 0.2).astype(float)
    y = (rng.random(n) < rate) if binary else rng.poisson(rate, n)
    y[:2] = 0, 1
    return X, y.astype(float)


SHAPES = [(20, 50), (20, 19), (20, 8), (60, 12), (300, 280)]


@pytest.mark.parametrize(("n", "p"), SHAPES)
@pytest.mark.parametrize("kind", ["normal", "on and off"])
@pytest.mark.parametrize("family", ["poisson", "bernoulli"])
def test_separation_is_said_where_a_linear_program_finds_it(n, p, kind, family):
    binary = family == "bernoulli"
    for seed, rate in ((0, 0.3), (1, 0.7)):
        X, y = draw(kind, n, p, rate, seed, binary)
        found = ge.fit(X, y, family, penalty=None)
        assert (found.status[0] == "separated") == is_separated(X, y, binary), (seed, rate)
        assert found.converged[0] == (found.status[0] == "ok")
        if found.status[0] == "separated":
            assert any("add a penalty" in note for note in found.notes)
        assert ge.fit(X, y, family, penalty=ge.Ridge(1e-3)).status[0] == "ok"


@pytest.mark.parametrize(("family", "link"), [("poisson", "softplus"), ("negative_binomial", "log"), ("bernoulli", "probit")])
def test_other_links_and_families_say_so_too(family, link):
    X, y = draw("normal", 20, 50, 0.5, 3, family == "bernoulli")
    assert ge.fit(X, y, family, link, penalty=None).status[0] == "separated"


def test_as_many_columns_as_bins_with_a_spike_in_each_are_a_finite_perfect_fit():
    X, y = draw("normal", 20, 50, 1.0, 4)
    found = ge.fit(X, y + 1.0, penalty=None)
    assert found.status[0] == "ok"
    np.testing.assert_allclose(found.predict(X)[:, 0], y + 1.0, rtol=1e-6)
    assert any("Not determined by the data" in note for note in found.notes)


def test_rows_that_are_far_away_and_balance_each_other_are_at_an_optimum():
    # two rows without a spike far outside, on either side of the same line: their predictor is finite, though next to nothing
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    X = np.column_stack([np.append(x, [-30.0, -30.0]), np.append(np.zeros(400), [1.0, -1.0])])
    y = np.append(rng.poisson(np.exp(x)), [0, 0]).astype(float)
    assert not is_separated(X, y, False)
    found = ge.fit(X, y, penalty=None)
    assert found.status[0] == "ok"
    assert abs(found.coef[1, 0]) < 1e-3
