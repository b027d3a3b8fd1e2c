"""Bases agree with NeMoS, evaluated and convolved, to 1e-10."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge

nb = pytest.importorskip("nemos").basis
basis = ge.basis
BOUNDS = (1.0, 8.0)
BIN = 0.01


@pytest.fixture(autouse=True)
def _double():
    import jax

    with jax.enable_x64(True):
        yield


EVALUATED = [
    (basis.BSpline(n=9, bounds=BOUNDS), lambda: nb.BSplineEval(9, bounds=BOUNDS)),
    (basis.BSpline(n=7, order=2, bounds=BOUNDS), lambda: nb.BSplineEval(7, order=2, bounds=BOUNDS)),
    (basis.MSpline(n=9, bounds=BOUNDS), lambda: nb.MSplineEval(9, bounds=BOUNDS)),
    (basis.CyclicBSpline(n=9, bounds=BOUNDS), lambda: nb.CyclicBSplineEval(9, bounds=BOUNDS)),
    (basis.RaisedCosineLog(n=9, bounds=BOUNDS), lambda: nb.RaisedCosineLogEval(9, bounds=BOUNDS)),
    (basis.RaisedCosineLinear(n=9, bounds=BOUNDS), lambda: nb.RaisedCosineLinearEval(9, bounds=BOUNDS)),
    (basis.Fourier(n=3, bounds=BOUNDS), lambda: nb.FourierEval(frequencies=4, bounds=BOUNDS)),
    (
        basis.Fourier(n=3, constant=True, bounds=BOUNDS),
        lambda: nb.FourierEval(frequencies=4, bounds=BOUNDS, frequency_mask="all"),
    ),
    (basis.Identity(), nb.IdentityEval),
]


@pytest.mark.parametrize(("ours", "theirs"), EVALUATED, ids=[ours.family for ours, _ in EVALUATED])
def test_evaluated(ours, theirs):
    x = np.random.default_rng(0).uniform(1.5, 7.5, 500)
    x[[3, 40]] = np.nan
    np.testing.assert_allclose(ours.evaluate(x), np.asarray(theirs().compute_features(x)), atol=1e-10)


def test_without_bounds_they_are_those_of_the_data():
    x = np.random.default_rng(1).normal(size=300)
    np.testing.assert_allclose(basis.BSpline(n=6).evaluate(x), np.asarray(nb.BSplineEval(6).compute_features(x)), atol=1e-10)


RATES = (1.0, 3.0, 9.0)
ANTI = {"conv_kwargs": {"predictor_causality": "anti-causal"}}
CENTRED = {"conv_kwargs": {"predictor_causality": "acausal"}}
CONVOLVED = [
    (basis.BSpline(n=5, window=0.2), lambda: nb.BSplineConv(5, window_size=20)),
    (basis.MSpline(n=5, window=0.2), lambda: nb.MSplineConv(5, window_size=20)),
    (basis.CyclicBSpline(n=5, window=0.2), lambda: nb.CyclicBSplineConv(5, window_size=20)),
    (basis.RaisedCosineLog(n=5, window=0.2), lambda: nb.RaisedCosineLogConv(5, window_size=20)),
    (basis.RaisedCosineLinear(n=5, window=0.2), lambda: nb.RaisedCosineLinearConv(5, window_size=20)),
    (
        basis.OrthExponential(decay_rates=RATES, window=0.2),
        lambda: nb.OrthExponentialConv(3, window_size=20, decay_rates=np.array(RATES)),
    ),
    (basis.History(window=0.2), lambda: nb.HistoryConv(window_size=20)),
    (basis.RaisedCosineLog(n=5, window=0.2, direction="anti_causal"), lambda: nb.RaisedCosineLogConv(5, window_size=20, **ANTI)),
    (basis.RaisedCosineLog(n=5, window=0.21, direction="acausal"), lambda: nb.RaisedCosineLogConv(5, window_size=21, **CENTRED)),
    (basis.RaisedCosineLog(n=5, window=0.2, direction="acausal"), lambda: nb.RaisedCosineLogConv(5, window_size=20, **CENTRED)),
    (basis.BSpline(n=5, window=0.02, direction="acausal"), lambda: nb.BSplineConv(5, window_size=2, **CENTRED)),
]


@pytest.mark.parametrize(("ours", "theirs"), CONVOLVED, ids=[f"{ours.family}-{ours.direction}" for ours, _ in CONVOLVED])
def test_convolved_counts(ours, theirs):
    counts = np.random.default_rng(2).poisson(0.3, (200, 3))
    np.testing.assert_allclose(ours.convolve(counts, BIN), np.asarray(theirs().compute_features(counts)), atol=1e-10)


def test_convolved_within_epochs():
    import pynapple as nap

    times = np.arange(300) * BIN
    support = nap.IntervalSet([0.0, 1.5], [1.0, 2.5])
    frame = nap.TsdFrame(times, np.random.default_rng(3).normal(size=(300, 2)), time_support=support)
    ours = basis.RaisedCosineLog(n=4, window=0.1).convolve(frame, BIN)
    theirs = nb.RaisedCosineLogConv(4, window_size=10).compute_features(frame)
    np.testing.assert_allclose(ours, np.asarray(theirs.values), atol=1e-10)
