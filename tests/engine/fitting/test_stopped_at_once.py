"""Fits that are stopped as they begin keep where they were to begin, or what the folds have found."""

import numpy as np
import pytest

import glmengine as ge
from glmengine import analysis_run
from glmengine.context import CallbackContext

RNG = np.random.default_rng(0)
X = RNG.normal(size=(500, 3))
Y = RNG.poisson(np.exp(0.3 * X[:, :2])).astype(float)
Y[:200, 0] = np.nan  # so that the units share no batch
Y[300:, 1] = np.nan


class Stopping(CallbackContext):
    """Wants to stop and keep from the first."""

    stopping = True


@pytest.mark.parametrize("mask", [None, np.array([[1, 1], [1, 0], [1, 1]], bool)])
def test_units_that_were_not_begun_keep_their_start(mask):
    """They had coefficients of zero, beside the held-out scores of the model that was to be begun with."""
    admitted = np.ones((3, 2), bool) if mask is None else mask
    start = admitted * np.arange(6.0).reshape(3, 2) / 10, np.array([-0.1, 0.2])
    fit = ge.fit(X, Y, start=start, mask=mask, context=Stopping())
    np.testing.assert_array_equal(fit.coef, start[0])
    np.testing.assert_allclose(fit.intercept, start[1])
    assert not np.any(fit.converged)
    without = ge.fit(X, Y, context=Stopping())
    np.testing.assert_array_equal(without.coef, 0.0)


def test_a_stop_as_the_last_fit_begins_keeps_what_the_folds_found(small_recording, small_analysis, monkeypatch):
    """Its curves were flat, beside held-out scores of quite another model."""
    context, real = Stopping(), analysis_run._fitted
    context.stopping = False

    def begun(*given, **named):
        context.stopping = True
        return real(*given, **named)

    monkeypatch.setattr(analysis_run, "_fitted", begun)
    monkeypatch.setattr(analysis_run, "_GRACE", 0.0)
    stopped = ge.run(small_analysis, small_recording, context=context)
    monkeypatch.undo()
    whole = ge.run(small_analysis, small_recording)
    far = np.abs(stopped.coefficients.values - whole.coefficients.values).max(axis=0)
    assert (far < 0.5 * np.abs(whole.coefficients.values).max(axis=0)).all()
