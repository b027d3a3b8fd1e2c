"""Fits that begin at the optimum of a sample of the rows end where others do."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.backend.formulas import Losses
from glmengine.backend.row_samples import chosen_rows, squared_distances
from glmengine.solvers import smooth


@pytest.mark.parametrize("family", ["poisson", "bernoulli", "gaussian"])
def test_the_optimum_is_that_of_all_rows(family, monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24_000, 20)) * np.geomspace(0.2, 5, 20)
    eta = X @ (0.2 * rng.normal(size=(20, 5)) / np.geomspace(0.2, 5, 20)[:, None]) - 0.5
    Y = {
        "poisson": lambda: rng.poisson(np.exp(eta)),
        "bernoulli": lambda: rng.random(eta.shape) < 1 / (1 + np.exp(-eta)),
        "gaussian": lambda: eta + rng.normal(size=eta.shape),
    }[family]().astype(float)
    Y[::16, 3] = 0.0  # the sample has next to nothing of one unit, and for spikes no event
    Y[:5000, 4] = np.nan
    begun: list[int] = []
    from_sample = smooth._from_sample

    def counted(problem, stride, theta, context):
        begun.append(stride)
        return from_sample(problem, stride, theta, context)

    monkeypatch.setattr(smooth, "_from_sample", counted)
    whole = ge.fit(X, Y, family=family, penalty=ge.Ridge(1e-4))
    assert not begun
    monkeypatch.setattr(smooth, "SAMPLED_WORK", 1e6)
    sampled = ge.fit(X, Y, family=family, penalty=ge.Ridge(1e-4))
    assert begun == [16]
    assert sampled.converged.all()
    np.testing.assert_allclose(sampled.predict(X), whole.predict(X), rtol=1e-8, atol=1e-10)
    unpenalised = ge.fit(X, Y, family=family, penalty=ge.NoPenalty())
    assert len(begun) == 1  # a sample may lack what holds a coefficient
    assert unpenalised.converged.all()


def test_a_sample_that_knows_the_events_of_all_rows_lies_nearer(monkeypatch):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(64_000, 20))
    Y = rng.poisson(np.exp(X @ (0.2 * rng.normal(size=(20, 4))) - 3.5)).astype(float)
    monkeypatch.setattr(smooth, "SAMPLED_WORK", 1e6)
    knowing = ge.fit(X, Y, penalty=ge.Ridge(1e-4))
    monkeypatch.setattr(Losses, "is_linear", False)
    alone = ge.fit(X, Y, penalty=ge.Ridge(1e-4))
    assert knowing.trace[0]["decrement"] < 0.5 * alone.trace[0]["decrement"]
    np.testing.assert_allclose(knowing.objective, alone.objective, rtol=1e-12)


def evenly(distance, count):
    rows = np.linspace(0, distance.size, count, endpoint=False).astype(int)
    return rows, np.full(count, distance.size / count)


def test_a_sample_keeps_the_rows_that_carry_the_rare_columns(monkeypatch):
    """Pasts of neighbours that hardly spike: an even sample has next to none of them."""
    rng = np.random.default_rng(2)
    events = rng.random((64_000, 20)) < np.geomspace(3e-4, 0.05, 20)
    past = np.apply_along_axis(lambda column: np.convolve(column, np.exp(-np.arange(20) / 5.0))[: column.size], 0, events)
    Y = rng.poisson(np.exp(past @ rng.normal(size=(20, 4)) - 3.0)).astype(float)
    monkeypatch.setattr(smooth, "SAMPLED_WORK", 1e6)
    begun = ge.fit(past, Y, penalty=ge.Ridge(1e-5))
    monkeypatch.setattr("glmengine.backend.row_samples.chosen_rows", evenly)
    even = ge.fit(past, Y, penalty=ge.Ridge(1e-5))
    assert begun.trace[0]["decrement"] < 0.2 * even.trace[0]["decrement"]
    np.testing.assert_allclose(begun.objective, even.objective, rtol=1e-12)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda X: X, id="normal"),
        pytest.param(lambda X: np.where(np.arange(len(X))[:, None] == 7, 1e9, X), id="one far away"),
        pytest.param(np.ones_like, id="all the same"),
        pytest.param(np.zeros_like, id="zeros"),
        pytest.param(lambda X: 1e200 * X, id="too large for squares"),
    ],
)
def test_rows_stand_for_all(change):
    X = change(np.random.default_rng(3).normal(size=(4000, 6)))
    rows, weights = chosen_rows(squared_distances(X)[:3900], 300)
    assert rows.size == np.unique(rows).size == 300
    assert rows.max() < 3900
    assert (np.diff(rows) > 0).all()
    assert weights.min() >= 1.0
    assert weights.max() <= 2.1 * 3900 / 300
    assert weights.sum() == pytest.approx(3900, rel=0.1)
    if X.max() == 1e9:
        assert weights[rows == 7] == 1.0
