"""Simultaneous bands: limits that are known, coverage of whole curves, and their place in a result."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

import glmengine as ge
from glmengine.inference.simultaneous import sup_t


def test_one_direction_is_pointwise_and_independent_points_are_sidak():
    assert sup_t(np.array([[1.0], [2.0], [-3.0]]), np.array([[4.0]])) == pytest.approx(1.96, abs=0.06)
    for n in (5, 40):
        assert sup_t(np.eye(n), np.diag(np.arange(1.0, n + 1))) == pytest.approx(-ndtri(0.5 - 0.5 * 0.95 ** (1 / n)), abs=0.08)


def test_what_is_not_known_has_no_band():
    assert np.isnan(sup_t(np.eye(2), np.full((2, 2), np.nan)))
    assert np.isnan(sup_t(np.eye(2), np.zeros((2, 2))))
    assert sup_t(np.array([[1.0, 0.0], [0.0, 0.0]]), np.eye(2)) == pytest.approx(1.96, abs=0.06)  # a point without error


def test_whole_curves_are_covered_and_pointwise_bands_do_not():
    random = np.random.default_rng(0)
    x = random.uniform(0, 1, 1500)
    basis = ge.basis.BSpline(n=8, bounds=(0, 1))
    X, at = np.asarray(basis.evaluate(x))[:, 1:], np.asarray(basis.evaluate(np.linspace(0, 1, 60)))[:, 1:]
    truth = random.normal(0, 0.4, 7)
    Y = random.poisson(np.exp(0.3 + X @ truth)[:, None], (1500, 200))
    fit = ge.fit(X, Y, penalty=None)
    rows = np.column_stack([np.ones(60), at])
    inside = {"pointwise": [], "simultaneous": []}
    for unit in range(200):
        covariance = fit.covariance(unit)
        error = np.sqrt(np.einsum("kp,pq,kq->k", rows, covariance, rows))
        off = np.abs(at @ (fit.coef[:, unit] - truth) + fit.intercept[unit] - 0.3) / error
        inside["pointwise"].append((off < 1.96).all())
        inside["simultaneous"].append((off < sup_t(rows, covariance)).all())
    assert 0.90 <= np.mean(inside["simultaneous"]) <= 0.99  # 0.95 and three binomial errors
    assert np.mean(inside["pointwise"]) < 0.88


def test_a_result_has_bands_of_whole_curves_and_filters(small_result):
    for curve in small_result.curves.values():
        for name in ("effect_link", "effect"):
            low, wide = curve[f"{name}_low"], curve[f"{name}_low_simultaneous"]
            assert (wide < low).all()
            assert (curve[f"{name}_high_simultaneous"] > curve[f"{name}_high"]).all()
    for found in small_result.filters.values():
        here = np.isfinite(found["low"].values)
        assert (found["low_simultaneous"].values <= found["low"].values)[here].all()
        middle = 0.5 * (found["low_simultaneous"] + found["high_simultaneous"])
        np.testing.assert_allclose(middle.values[here], found["filter"].values[here], rtol=1e-9, atol=1e-12)
