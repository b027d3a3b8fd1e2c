"""Units with spikes in a part of the session only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import glmengine as ge
from glmengine.recording.presence import presence_of, presences, while_present

SECONDS = 1000.0


def recording(**times: np.ndarray):
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    support = nap.IntervalSet(0.0, SECONDS)
    at = np.arange(0.0, SECONDS, 0.1)
    spikes = nap.TsGroup(
        {k: nap.Ts(np.sort(t), time_support=support) for k, t in enumerate(times.values())}, time_support=support
    )
    x = Covariate("x", nap.Tsd(at, np.sin(at / 3.0), time_support=support), "cm")
    return Recording("session", tuple(times), spikes=spikes, covariates={"x": x}, epochs={"all": support})


def even(start: float, stop: float, n: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(start, stop, n)


def test_a_unit_that_is_isolated_late_or_lost_early_is_noticed():
    found = recording(late=even(870, 1000, 2500), early=even(0, 300, 600), middle=even(200, 700, 900))
    late, early, middle = (presence_of(found, name) for name in found.unit_names)
    assert (late.start, late.stop) == (pytest.approx(870, abs=1), SECONDS)
    assert late.expected == pytest.approx(2500 * 870 / 130, rel=0.02)
    assert (early.start, early.stop) == (0.0, pytest.approx(300, abs=2))
    assert (middle.start, middle.stop) == (pytest.approx(200, abs=2), pytest.approx(700, abs=2))
    assert middle.silent == pytest.approx(500, abs=4)


@pytest.mark.parametrize(
    "times",
    [
        even(0, SECONDS, 3000),
        even(0, SECONDS, 12),  # too few to say
        np.concatenate([even(at, at + 5, 60, int(at)) for at in (100, 300, 500, 700)]),  # a field that is crossed now and then
        even(60, SECONDS, 25),  # a silence that chance makes
        np.zeros(0),
    ],
)
def test_a_unit_that_is_there_is_not(times):
    assert presence_of(recording(unit=times), "unit") is None


def test_what_the_file_says_itself_is_left_alone():
    import pynapple as nap

    late = recording(late=even(870, 1000, 2500))
    said = replace(late, recorded={"late": nap.IntervalSet(500.0, SECONDS)})
    assert presence_of(said, "late") is None
    assert while_present(said, presences(said, ["late"])) is said


def test_taken_while_present_its_rate_is_that_of_the_time_in_which_it_is_there():
    found = recording(late=even(700, 1000, 3000), all=even(0, SECONDS, 5000, 1))
    question = ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.5},
            "terms": [{"kind": "covariate", "factors": [{"variable": "x", "basis": {"family": "b_spline", "n": 5}}]}],
            "model": {"strengths": [1e-3]},
            "validation": {"folds": 0},
        }
    )
    plain = ge.run(question, found)
    assert float(plain.scores["rate_hz"].sel(unit="late")) == pytest.approx(3.0, rel=0.01)
    (note,) = [note for note in plain.notes if "part of the session only" in note]
    assert "late from 700" in note
    assert "only while present" in note
    present = ge.run(question.with_(units=question.units.with_(while_present=True)), found)
    assert float(present.scores["rate_hz"].sel(unit="late")) == pytest.approx(10.0, rel=0.01)
    assert float(present.scores["rate_hz"].sel(unit="all")) == float(plain.scores["rate_hz"].sel(unit="all"))
    assert any(note.startswith("Taken as recorded only while present") for note in present.notes)
    rates = present.predict(found)
    assert np.isnan(rates.sel(unit="late", time=slice(0, 690))).all()
    assert np.isfinite(rates.sel(unit="late", time=slice(710, None))).all()
