"""What a recording lacks is found before any fit, and all of it at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CovariateTerm, EventTerm, Factor
from glmengine.analysis.units import UnitSelection
from glmengine.basis import BSpline, CyclicBSpline, RaisedCosineLinear
from glmengine.batch import preview as module
from glmengine.batch.preview import preview, preview_batch
from glmengine.context import CallbackContext
from glmengine.errors import Cancelled, GlmError


@pytest.fixture
def opens(monkeypatch, small_recording):
    """Files by name: the small recording, without its direction, and one that cannot be opened."""
    lame = replace(
        small_recording,
        name="lame",
        covariates={name: one for name, one in small_recording.covariates.items() if name != "head_direction"},
    )

    def opened(place, recipe=None, context=None):
        if str(place) == "broken":
            raise GlmError("broken: is damaged")
        return lame if str(place) == "lame" else small_recording

    monkeypatch.setattr(module, "opened", opened)


def term(variable: str, basis) -> CovariateTerm:
    return CovariateTerm(factors=(Factor(variable=variable, basis=basis),))


@pytest.fixture
def analysis() -> Analysis:
    return Analysis(terms=(term("head_direction", CyclicBSpline(n=6)), term("position.x", BSpline(n=6))))


def test_one_that_has_everything_is_ready(opens, analysis):
    found = preview(analysis, "whole")
    assert found.ready
    assert found.units == 3
    assert found.seconds == pytest.approx(120, abs=1)


def test_all_that_is_lacking_is_said_at_once(opens, analysis):
    events = EventTerm(events="reward", basis=RaisedCosineLinear(n=3))
    speed = term("speed", BSpline(n=5))
    asked = analysis.with_(terms=(*analysis.terms, speed, events), units=UnitSelection(names=("hd", "other")))
    found = preview(asked, "lame")
    assert not found.ready
    text = " ".join(found.lacks)
    for missing in ("'other'", "head_direction", "speed", "reward"):
        assert missing in text
    assert "position" not in " ".join(one.split(";")[0] for one in found.lacks)


def test_what_is_switched_off_is_not_asked_for(opens, analysis):
    first, second = analysis.terms
    assert preview(analysis.with_(terms=(first.with_(enabled=False), second)), "lame").ready


def test_no_term_and_no_such_epoch_are_lacks_too(opens, analysis):
    assert "no term" in preview(analysis.with_(terms=()), "whole").lacks[0]
    assert any("sleep" in one for one in preview(analysis.with_(time=Time(epochs=("sleep",))), "whole").lacks)


def test_one_that_cannot_be_opened_keeps_no_other(opens, analysis):
    seen = []
    found = preview_batch(analysis, ["whole", "broken", "lame"], report=seen.append)
    assert seen == found
    assert [one.ready for one in found] == [True, False, False]
    assert [one.opened for one in found] == [True, False, True]
    assert found[1].lacks == ("broken: is damaged",)
    assert found[1].units is None, "how many it has cannot be told"


def test_it_is_given_up_between_two(opens, analysis):
    seen = []
    context = CallbackContext(cancelled=lambda: bool(seen))
    with pytest.raises(Cancelled):
        preview_batch(analysis, ["whole", "broken"], report=seen.append, context=context)
    assert len(seen) == 1
