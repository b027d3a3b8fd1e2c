"""What is a generalized linear model? The tuning curve as its simplest case, and why not ordinary regression."""

from __future__ import annotations

import numpy as np
import pytest

from glmengine.simulation.catalogue import sample

UNIT = "hd1"


@pytest.fixture(scope="module")
def session():
    return sample("head-direction-place")


@pytest.fixture(scope="module")
def result(session, ask):
    return ask("vocabulary", session, units=(UNIT,))


@pytest.fixture(scope="module")
def counts(session):
    edges = np.linspace(0.0, session.duration, round(session.duration / 0.02) + 1)
    return np.histogram(session.spikes[session.unit_names.index(UNIT)].t, edges)[0]


def test_the_weights_of_indicators_are_the_tuning_curve(session, result, counts):
    box = np.floor(session.covariates["head_direction"].data.values / (2 * np.pi / 12)).astype(int)
    counted = [counts[box == k].mean() / 0.02 for k in range(12)]
    weights = result.coefficients.sel(unit=UNIT).values + float(result.intercepts.sel(unit=UNIT))
    np.testing.assert_allclose(np.exp(weights) / 0.02, counted, rtol=1e-6)


def test_the_variance_of_counts_is_their_mean_wherever_the_rate_is(session, result, counts):
    rate = result.predict(session).sel(unit=UNIT).values
    for low, high in ((0.0, 2.0), (2.0, 5.0), (5.0, 50.0)):
        inside = counts[(rate >= low) & (rate < high)]
        assert len(inside) > 5000
        assert abs(inside.var() / inside.mean() - 1) < 0.1


def test_boxes_alone_describe_a_real_head_direction_cell(shared_data, ask):
    import glmengine as ge

    thalamus = ge.open_recording(shared_data / "head-direction-npz")
    result = ask("vocabulary", thalamus, units=thalamus.unit_names[7:8])
    assert float(result.scores["deviance_explained_heldout"][0]) > 0.5


def test_ordinary_regression_predicts_negative_rates(session, ask):
    linear = ask("vocabulary/linear", session, units=(UNIT,))
    assert float(linear.predict(session).min()) < -1.0
