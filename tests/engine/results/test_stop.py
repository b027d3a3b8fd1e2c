"""What is still done after the caller asked to stop and keep, counted in looks at the context and in calls, not in seconds."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine import analysis_run
from glmengine.backend.formulas import RowWeights
from glmengine.backend.numpy_operations import PIECE_PRODUCTS, NumpyOperations
from glmengine.backend.observations import Observations
from glmengine.backend.operations import ALL_ROWS, View
from glmengine.backend.row_sources import ArrayRows
from glmengine.backend.rows import Rows
from glmengine.context import Context
from glmengine.results import curves
from glmengine.selection import predictions


class Stopping(Context):
    """Wants to stop from a look on, and counts the looks before and after."""

    def __init__(self, after: int = 2**62) -> None:
        self.after, self.looks, self.later = after, 0, 0

    def check(self) -> None:
        self.looks += 1
        self.later += self.looks > self.after

    @property
    def stopping(self) -> bool:
        return self.looks >= self.after


def _numbers(n: int = 30_000, features: int = 24, units: int = 12) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, features))
    return X, rng.poisson(np.exp(0.1 * X @ rng.normal(size=(features, units)) - 1.5)).astype(float)


@pytest.fixture(scope="module")
def validate():
    """Cross-validates many rows with a penalty, as a context lets it."""
    X, Y = _numbers(60_000)
    return lambda penalty, context: ge.cross_validate(
        X, Y, penalty=penalty, strengths=[1e-1, 1e-2, 1e-3], folds=4, context=context
    )


@pytest.fixture(scope="module", params=["ridge", "lasso"])
def whole(request, validate):
    """A penalty, and how often a cross-validation with it looks that is not stopped."""
    context = Stopping()
    validate(request.param, context)
    return request.param, context.looks


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_cross_validation_is_left_in_the_middle_of_a_pass(whole, validate, share):
    penalty, looks = whole
    stopped = Stopping(after=int(share * looks))
    found = validate(penalty, stopped)
    # what is left are a few passes over the rows, of two pieces each, to say what the parameters kept are worth
    assert stopped.later <= 12 < 0.2 * looks
    assert np.isfinite(found.scores.values).any()


class StoppingAt(Context):
    """Wants to stop from the second look on after a stage is told."""

    def __init__(self, stage: str) -> None:
        self.stage, self.told, self.looks = stage, False, 0

    def report(self, progress):
        self.told |= progress.stage == self.stage

    def check(self) -> None:
        self.looks += self.told

    @property
    def stopping(self) -> bool:
        return self.looks >= 2


@pytest.mark.parametrize("family", ["poisson", "gaussian"])
def test_a_strength_that_is_stopped_on_its_way_is_not_scored_beside_those_that_were_not(family):
    X, Y = _numbers(60_000)
    context = StoppingAt("Cross-validating, strength 0.01")
    common = {"penalty": "ridge", "folds": 4, "coefs": True, "family": family}
    found = ge.cross_validate(X, Y, strengths=[1e-1, 1e-2, 1e-3], context=context, **common)
    assert context.stopping
    assert np.isnan(found.scores.values[:, 1:]).all()
    assert np.isnan(found.coefs.values[:, 1:]).all()
    assert (found.best_strength == 0.1).all()
    alone = ge.cross_validate(X, Y, strengths=[1e-1], **common)
    np.testing.assert_allclose(found.scores.values[:, 0], alone.scores.values[:, 0], rtol=1e-9)


def test_the_first_strength_is_scored_even_where_it_is_stopped(validate):
    context = StoppingAt("Cross-validating, strength 0.1")
    found = validate("ridge", context)
    assert context.stopping
    assert not found.converged.values.all()
    assert np.isfinite(found.scores.values[:, 0]).all()
    assert np.isnan(found.scores.values[:, 1:]).all()


def test_strengths_by_marginal_likelihood_are_left_in_the_middle_of_a_pass():
    X, Y = _numbers()
    whole = Stopping()
    ge.fit(X, Y, penalty="ridge", strength="reml", context=whole)
    stopped = Stopping(after=whole.looks // 2)
    found = ge.fit(X, Y, penalty="ridge", strength="reml", context=stopped)
    assert not found.converged.all()
    assert np.isfinite(found.coef).all()
    assert stopped.later <= 0.25 * whole.looks


@pytest.mark.parametrize("columns", [4, 40, 400])
def test_between_two_looks_few_products_are_made_however_many_columns_there_are(columns):
    n, features = 20_000, 32
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, size=(1, n)).astype(float)
    observations = Observations(counts, np.ones((1, n)))
    rows = Rows(ArrayRows(rng.normal(size=(n, features))), None, observations, columns=columns, memory=1e9, centred=True)
    context = Stopping()
    operations = NumpyOperations(rows, context)
    view = View(np.zeros(columns, int), np.full(columns, ALL_ROWS))
    theta = rng.normal(size=(columns, rows.size)) * 0.01
    together = operations.grams(RowWeights(), view, theta)
    assert columns * n * features**2 / context.looks <= 4 * PIECE_PRODUCTS
    np.testing.assert_allclose(together, np.broadcast_to(together[:1], together.shape), rtol=1e-12, atol=1e-9)


def test_after_a_stop_no_bands_are_simulated_and_the_fit_is_the_mean_of_the_folds(small_analysis, small_recording, monkeypatch):
    monkeypatch.setattr(analysis_run, "_GRACE", 0.0)
    simulated = []
    sup_t = curves.sup_t
    monkeypatch.setattr(curves, "sup_t", lambda *given, **more: simulated.append(1) or sup_t(*given, **more))
    whole = Stopping()
    ge.run(small_analysis, small_recording, whole)
    assert simulated
    simulated.clear()
    stopped = Stopping(after=int(0.3 * whole.looks))
    result = ge.run(small_analysis, small_recording, stopped)
    assert not simulated
    assert np.isnan(result.standard_errors.values).all()
    assert np.abs(result.coefficients.values).max() > 0
    assert any("standard errors" in note for note in result.notes)
    assert any("cross-validation was stopped" in note for note in result.notes)
    assert stopped.later <= 0.4 * whole.looks


def test_after_a_stop_neither_bands_of_tuning_nor_correlations_of_rates_are_made(small_analysis, small_recording, monkeypatch):
    monkeypatch.setattr(analysis_run, "_GRACE", 0.0)
    smoothed = []
    correlations = predictions._correlations
    monkeypatch.setattr(predictions, "_correlations", lambda *given: smoothed.append(1) or correlations(*given))
    whole = Stopping()
    complete = ge.run(small_analysis, small_recording, whole)
    assert len(smoothed) == len(complete.units)
    assert np.isfinite(complete.curves["head_direction"]["tuning_low"].values).any()
    smoothed.clear()
    result = ge.run(small_analysis, small_recording, Stopping(after=int(0.3 * whole.looks)))
    assert not smoothed
    assert np.isnan(result.curves["head_direction"]["tuning_low"].values).all()
    assert np.isfinite(result.curves["head_direction"]["tuning_hz"].values).any()
    assert np.isnan(result.fold_scores["correlation"].values).all()


def test_predictions_of_held_out_time_are_told_of(small_analysis, small_recording):
    stages = set()

    class Telling(Context):
        def report(self, progress):
            stages.add(progress.stage)

    ge.run(small_analysis, small_recording, Telling())
    assert {"Predicting held-out time", "Response curves", "Standard errors"} <= stages


def test_a_unit_without_folds_that_is_stopped_is_left_at_its_mean_rate():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(400, 2)), rng.poisson(3.0, (400, 1)).astype(float)
    nothing = np.zeros((2, 1)), np.array([np.nan])
    stopped = ge.CallbackContext(stopped=lambda: True)
    found = ge.fit(X, y, start=nothing, context=stopped)
    assert found.intercept[0] == pytest.approx(np.log(y.mean()), abs=0.2)
    assert ge.fit(X, y, start=nothing).converged.all()


@pytest.mark.parametrize("penalty", ["ridge", "lasso"])
def test_a_last_fit_that_is_stopped_at_once_still_comes_to_where_the_folds_lead(
    small_analysis, small_recording, monkeypatch, penalty
):
    """Of the fit that was broken off there is no objective, which is not one of 0."""
    monkeypatch.setattr(analysis_run, "_GRACE", 1e9)  # what is still made after a stop has time to end
    asked = small_analysis.with_(model=small_analysis.model.with_(penalty=penalty, strengths=(1e-2, 1e-3)))
    context = StoppingAt("Fitting 3 units")
    stopped, whole = ge.run(asked, small_recording, context), ge.run(asked, small_recording)
    assert context.stopping
    assert stopped.scores["converged"].values.all()
    np.testing.assert_allclose(stopped.scores["log_likelihood"].values, whole.scores["log_likelihood"].values, rtol=1e-6)
