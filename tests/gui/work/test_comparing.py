"""One click fits a second model beside the one that is shown, and sets both side by side."""

from __future__ import annotations

from dataclasses import replace

import pytest

import glmengine
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline

SCORE = "deviance_explained_heldout"


@pytest.fixture
def fitted(window, small_recording, small_analysis, small_result, monkeypatch, qtbot):
    """A window with a fit of two terms; the engine answers at once."""

    def run(analysis, recording, context):
        made = {**small_result.provenance, "analysis_sha256": analysis.sha256}
        gain = 0.1 if len([term for term in analysis.terms if term.enabled]) == 1 else 0.0
        scores = small_result.scores.assign({SCORE: small_result.scores[SCORE] + gain})
        return replace(small_result, analysis=analysis, scores=scores, provenance=made)

    monkeypatch.setattr(glmengine, "run", run, raising=False)
    place = CovariateTerm(factors=(Factor(variable="position.x", basis=BSpline(n=5)),))
    window.document.open(small_recording, small_analysis.with_(terms=(*small_analysis.terms, place)))
    window.action("fit").trigger()
    qtbot.waitUntil(lambda: len(window.document.fits) == 1 and not window.document.busy)
    return window


def choose(button, text: str) -> None:
    next(action for action in button.menu().actions() if text in action.text()).trigger()


def test_a_term_is_left_out_and_both_models_stand_side_by_side(fitted, qtbot):
    button = fitted.panels["results"].compare
    assert [text.partition(" (")[0] for text in button.choices] == [
        "with the model without head_direction",
        "with the model without position.x",
        "with each term left out in turn",
        "with another model that I build\u2026",
    ]
    choose(button, "without position.x")
    document, page = fitted.document, fitted.panels["fits"]
    qtbot.waitUntil(lambda: len(document.fits) == 2)
    first, second = document.fits
    assert [term.enabled for term in second.analysis.terms] == [True, False]
    assert (document.shown_fit, document.analysis) == (first, first.analysis)
    assert fitted.step == "fits"
    qtbot.waitUntil(lambda: page.table.ticked == {first.key, second.key})
    assert page.sides.currentWidget() is page.scores
    qtbot.waitUntil(lambda: "Highest: 'head_direction'" in page.scores.words.text())
    assert "without position.x" in page.table.item(1, 2).text()
    assert "with the model without position.x (kept)" in page.compare.choices
    assert "with each term left out in turn (1 fit)" in page.compare.choices
    choose(page.compare, "without position.x")  # is there already
    choose(page.compare, "in turn")
    qtbot.waitUntil(lambda: page.scores.table.columnCount() == 4)
    assert len(page.table.ticked) == len(document.fits) == 3
    assert "with each term left out in turn (all kept)" in page.compare.choices


def test_the_next_fit_is_set_beside_the_one_before_where_the_user_builds_the_second(fitted, qtbot):
    page = fitted.panels["fits"]
    choose(page.compare, "that I build")
    assert fitted.step == "features"
    document, line = fitted.document, fitted.panels["features"].second
    assert line.isVisible()
    assert f"beside '{document.shown_fit.name}'" in line.text.text()
    document.edit(document.analysis.with_(terms=document.analysis.terms[:1]), "Remove term")
    fitted.action("fit").trigger()
    qtbot.waitUntil(lambda: len(page.table.ticked) == 2)
    assert fitted.step == "fits"
    assert document.shown_fit is document.fits[1]
    assert line.isHidden()
    choose(page.compare, "that I build")
    line.drop.click()
    assert line.isHidden()
    document.edit(document.analysis.with_(seed=7), "Change seed")
    fitted.action("fit").trigger()
    qtbot.waitUntil(lambda: len(document.fits) == 3 and not document.busy)
    assert fitted.step != "fits", "the next fit is compared with none"


def test_where_nothing_can_be_compared_the_button_says_why(window, fitted, qtbot):
    document, button = window.document, window.panels["results"].compare
    now = document.analysis
    unscored = now.with_(validation=now.validation.with_(folds=0), model=now.model.with_(strengths=(1e-3,)))
    document.edit(unscored, "Change validation")
    window.action("fit").trigger()
    qtbot.waitUntil(lambda: len(document.fits) == 2)
    assert not button.isEnabled()
    assert "number of folds" in button.toolTip()
