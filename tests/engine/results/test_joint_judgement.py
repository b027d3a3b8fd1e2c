"""The verdict on a model knows of its simulated spikes, and counts of few values are judged by chance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from glmengine.analysis.remedies import Advice
from glmengine.goodness.judgement import NOTHING_ELSE, Finding, Judgement
from glmengine.results.joint_judgement import joint_judgement
from glmengine.simulation.likeness import inside, inside_words, too_few


def goodness(judgement):
    return SimpleNamespace(summary=xr.Dataset({"judgement": ("unit", np.array([judgement.to_text()]))}, {"unit": ["a"]}))


def simulated(p):
    return SimpleNamespace(likeness=xr.Dataset({"p": ("unit", [p])}, {"unit": ["a"]}))


def test_no_model_passes_whose_simulated_spikes_are_unlike_the_recorded_ones():
    right, wrong = Judgement("Inside."), Judgement("Inside.", findings=(Finding("It drifts.", Advice("a slow term")),))
    for seen in (None, simulated(0.4), SimpleNamespace(likeness=None)):
        same = joint_judgement(goodness(right), seen, "a")
        assert same.adequate
        assert NOTHING_ELSE in same.verdict
    unlike = joint_judgement(goodness(right), simulated(0.02), "a")
    assert not unlike.adequate
    assert NOTHING_ELSE not in unlike.verdict
    assert "But its simulated spikes are unlike the recorded ones" in unlike.verdict
    both = joint_judgement(goodness(wrong), simulated(0.02), "a")
    assert "It drifts. Its simulated spikes" in both.verdict
    assert both.try_next == "a slow term"
    assert not joint_judgement(goodness(Judgement("Not judged", judged=False)), simulated(0.02), "a").adequate


@pytest.mark.parametrize(
    ("n", "total", "few"), [(3, 4, False), (2, 4, False), (1, 4, True), (37, 40, False), (30, 40, True), (0, 0, False)]
)
def test_how_many_lie_inside_is_judged_by_chance(n, total, few):
    assert too_few(n, total) == few


def test_few_values_are_counted():
    arrays = xr.Dataset(
        {
            "data": (("unit", "lag"), [[1.0, 2.0, 9.0, np.nan]]),
            "low": (("unit", "lag"), [[0.0] * 4]),
            "high": (("unit", "lag"), [[5.0] * 4]),
        },
        {"unit": ["a"]},
    )
    assert inside(arrays, "a") == (2, 3)
    assert inside_words(2, 3) == "2 of 3"
    assert inside_words(90, 100) == "90 % of 100"


def test_two_remedies_of_the_same_step_are_said_once():
    two = (
        Finding("x", Advice("narrower bins", ", or the Bernoulli family")),
        Finding("y", Advice("narrower bins", " (within one of 10 ms no history can act)")),
    )
    assert Judgement("", findings=two).try_next == "narrower bins, or the Bernoulli family"
    other = (Finding("x", Advice("add 'a, or b' as a variable")), Finding("y", Advice("add 'a, or c' as a variable")))
    assert len(Judgement("", findings=other).remedies) == 2


def test_judgements_of_older_files_open_with_their_words():
    older = (
        '{"said": "Outside.", "judged": true, "rejected": true, "findings": [{"what": "It drifts.", "remedy": "a slow term, or less time", '
        '"edit": {"kind": "slow_drift", "name": "", "seconds": 0.0}}, {"what": "Odd.", "remedy": "", "edit": null}]}'
    )
    found = Judgement.from_text(older)
    assert found.try_next == "a slow term, or less time"
    assert [one.said for one in found.edits] == ["Add a slow drift term"]
    assert Judgement.from_text(found.to_text()) == found
