"""Units that drift are noticed when an analysis is run, and no more once a slow term over time is in the model."""

from __future__ import annotations

import re

import numpy as np
import pynapple as nap
import pytest

import glmengine as ge


@pytest.fixture(scope="module")
def drifting():
    """600 s of two units that follow a speed; the first one falls to a third over the session, with a detour."""
    random = np.random.default_rng(3)
    times = np.arange(0, 600, 0.1)
    support = nap.IntervalSet(0, 600)
    speed = np.convolve(random.normal(size=times.size), np.ones(30) / np.sqrt(30), "same")
    passed = times / 600
    slow = np.column_stack([-1.1 * passed + 0.4 * np.sin(5 * passed), np.zeros(times.size)])
    rates = 8 * np.exp(0.3 * speed[:, None] + slow)
    spikes = {
        unit: nap.Ts(np.sort(np.repeat(times, random.poisson(0.1 * rates[:, unit])) + 0.05), time_support=support)
        for unit in range(2)
    }
    covariate = ge.Covariate("speed", nap.Tsd(times + 0.05, speed, time_support=support), "cm/s")
    return ge.Recording(
        name="drifting",
        unit_names=("falls", "steady"),
        spikes=nap.TsGroup(spikes, time_support=support),
        covariates={"speed": covariate},
        epochs={"all": support},
    )


@pytest.fixture(scope="module")
def analysis():
    term = {"kind": "covariate", "factors": [{"variable": "speed", "basis": {"family": "b_spline", "n": 5}}]}
    return ge.Analysis.from_dict(
        {"time": {"bin_size": 0.1}, "terms": [term], "model": {"strengths": [1e-4]}, "validation": {"folds": 3}}
    )


def test_a_unit_that_drifts_is_noted_with_remedies_and_a_slow_term_mends_it(drifting, analysis):
    notes = [note for note in ge.run(analysis, drifting).notes if "drifts over the session" in note]
    assert len(notes) == 1
    assert re.search(r"in falls \(\d[\d.]* times from lowest to highest\)", notes[0])
    assert "derived covariate of kind 'drift'" in notes[0]
    assert "test speed by shifts" in notes[0]
    mended = ge.run(ge.with_slow_drift(analysis, drifting), drifting)
    assert not any("drifts over the session" in note for note in mended.notes)
    assert [term.label for term in mended.terms] == ["speed", "drift"]
    curve = mended.curves["drift"]["effect_hz"].sel(unit="falls").values
    assert curve[-1] < 0.6 * curve[0]


def test_the_slow_term_is_added_once_and_is_not_tested_by_shifts(drifting, analysis):
    once = ge.with_slow_drift(analysis, drifting)
    assert ge.with_slow_drift(once, drifting) == once
    assert once.terms[-1].factors[0].basis.n == 10  # one a minute
    result = ge.run(once, drifting)
    found = result.shift_test(drifting, shifts=99)
    assert found.terms == ("speed",)
    assert (found.table["p"] == 0.01).all()
    with pytest.raises(ge.GlmError, match="'drift' has no shift test: it goes one way"):
        result.shift_test(drifting, "drift")
