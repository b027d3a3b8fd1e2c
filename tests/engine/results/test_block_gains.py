"""Blocks of terms are switched on and off on one split, and each has its gain."""

from __future__ import annotations

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline


@pytest.fixture(scope="module")
def question(small_analysis):
    """Three terms, of which head direction drives the one unit and position the other."""
    x, y = (CovariateTerm(factors=(Factor(variable=f"position.{name}", basis=BSpline(n=5)),)) for name in "xy")
    return small_analysis.with_(terms=(*small_analysis.terms, x, y), model=small_analysis.model.with_(strengths=(1e-3,)))


@pytest.fixture(scope="module")
def found(question, small_recording):
    labels = [term.label for term in question.terms]
    return ge.block_gains(question, small_recording, {"head": labels[:1], "where": labels[1:]}, folds=3)


def test_the_models_are_those_of_the_blocks_in_their_order(found):
    assert found.blocks == ("head", "where")
    assert found.models == ("constant", "head", "+ where", "all without head")
    assert found.scores.shape == (4, len(found.units))


def test_gains_are_differences_of_the_models_on_one_split(found, question, small_recording):
    np.testing.assert_allclose(found.added.sum(axis=0), found.scores[2] - found.scores[0])
    np.testing.assert_allclose(found.missed[1], found.added[1])  # the last that was switched on
    np.testing.assert_allclose(found.missed[0], found.scores[2] - found.scores[3])
    labels = [term.label for term in question.terms]
    selection = ge.Selection(method="none", folds=3, models=({"terms": labels[:1]}, {"terms": labels}))
    other = ge.compare_models(question.with_(selection=selection), small_recording)
    np.testing.assert_allclose(found.scores[1], other.summary["deviance_explained"].values[1])


def test_each_block_is_said_in_words(found):
    assert len(found.sentences) == 2
    assert found.sentences[0].startswith("head: 'head' and 'constant' are not told apart: 'head' is higher in 3 of 3 units")
    assert "cannot give less than 0.250" in found.sentences[0]
    assert "Without it the others together explain 0.0022 more" in found.sentences[0]


def test_stopped_early_it_gives_the_models_that_were_come_to(question, small_recording):
    labels = [term.label for term in question.terms]
    heard = []

    def stop() -> bool:
        return bool(heard) and heard[-1].fraction > 0.5

    found = ge.block_gains(
        question,
        small_recording,
        {"head": labels[:1], "where": labels[1:]},
        folds=3,
        context=ge.CallbackContext(heard.append, stopped=stop),
    )
    assert np.isfinite(found.scores[0]).any()
    assert np.isnan(found.scores[-1]).all()
    assert any("stopped" in note.lower() for note in found.notes)


def test_blocks_that_name_no_term_are_refused(question, small_recording):
    with pytest.raises(ge.GlmError, match="'speed', which is no term"):
        ge.block_gains(question, small_recording, {"speed": ("speed",)}, folds=3)
    with pytest.raises(ge.GlmError, match="no block"):
        ge.block_gains(question, small_recording, {})


def test_the_gains_of_some_units_are_theirs_alone(found):
    some = found.of_units(found.units[1:])
    assert some.units == found.units[1:]
    np.testing.assert_array_equal(some.added, found.added[:, 1:])
    assert some.median_added[0] == pytest.approx(np.median(found.added[0, 1:]))
    assert found.of_units(("nobody",)) is found
