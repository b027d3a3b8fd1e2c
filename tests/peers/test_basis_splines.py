"""Splines agree with SciPy's and patsy's, to 1e-10."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import BSpline as SciPySpline

import glmengine as ge

patsy = pytest.importorskip("patsy")
X = np.sort(np.random.default_rng(0).uniform(-2, 5, 200))
BOUNDS = (-2.0, 5.0)
INNER = (-1.0, 0.5, 3.0)


@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_b_splines_and_scipy(order):
    n = order + 5
    inner = np.linspace(*BOUNDS, n - order + 2)
    knots = np.concatenate([np.repeat(BOUNDS[0], order - 1), inner, np.repeat(BOUNDS[1], order - 1)])
    theirs = SciPySpline(knots, np.eye(n), order - 1)(X)
    np.testing.assert_allclose(ge.basis.BSpline(n=n, order=order, bounds=BOUNDS).evaluate(X), theirs, atol=1e-10)


def test_b_splines_with_given_knots_and_patsy():
    ours = ge.basis.BSpline(n=7, placement="given", inner_knots=INNER, bounds=BOUNDS)
    theirs = patsy.dmatrix(
        "bs(x, knots=k, degree=3, include_intercept=True, lower_bound=-2, upper_bound=5) - 1", {"x": X, "k": INNER}
    )
    np.testing.assert_allclose(ours.evaluate(X), np.asarray(theirs), atol=1e-10)


def test_natural_splines_and_patsy():
    ours = ge.basis.NaturalSpline(n=5, placement="given", inner_knots=INNER, bounds=BOUNDS)
    theirs = patsy.dmatrix("cr(x, knots=k, lower_bound=-2, upper_bound=5) - 1", {"x": X, "k": INNER})
    np.testing.assert_allclose(ours.evaluate(X), np.asarray(theirs), atol=1e-10)


def test_cyclic_splines_span_those_of_patsy():
    """Patsy's cyclic cubic splines are in cardinal form: another basis of the same functions."""
    ours = ge.basis.CyclicBSpline(n=8, bounds=BOUNDS).evaluate(X)
    knots = np.linspace(*BOUNDS, 9)[1:-1]
    theirs = np.asarray(patsy.dmatrix("cc(x, knots=k, lower_bound=-2, upper_bound=5) - 1", {"x": X, "k": knots}))
    left = theirs - ours @ np.linalg.lstsq(ours, theirs, rcond=None)[0]
    assert theirs.shape == ours.shape
    assert np.abs(left).max() < 1e-10
