"""The model page: formula, strengths on sliders, the split on the time line, and what a fit would take."""

import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QGuiApplication
from qtpy.QtWidgets import QLabel

from glmengine.analysis.default_terms import history_term
from glmengine.design.fit_size import Estimate, estimate
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.panels.model import ModelPanel
from glmgui.panels.model.strength_view import spaced
from glmgui.plots.timeline import joined_to_draw


@pytest.fixture
def jobs(qtbot):
    made = Jobs()
    yield made
    assert made.close()


@pytest.fixture
def panel(qtbot, jobs, small_recording, small_analysis):
    document = Document()
    made = ModelPanel(document, jobs)
    qtbot.addWidget(made)
    made.show()
    made.document = document
    made.show()
    document.open(small_recording, small_analysis)
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    return made


def settled(panel, qtbot, jobs, **changes):
    analysis = panel.document.analysis
    panel.document.edit(analysis.with_(**changes), "change")
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)


def test_the_formula_follows_the_terms_and_is_copied(panel, qtbot, jobs):
    label = panel.document.analysis.terms[0].label
    assert label.partition(" x ")[0] in panel.formula.text.text()
    as_text, as_latex = panel.formula.copy.menu().actions()
    as_text.trigger()
    assert QGuiApplication.clipboard().text().startswith("log rate = intercept + ")
    as_latex.trigger()
    assert QGuiApplication.clipboard().text().startswith("\\mathrm{log\\ rate} = \\beta_0 + ")
    settled(panel, qtbot, jobs, terms=())
    assert "Features step" in panel.formula.text.text()
    assert not panel.formula.copy.isEnabled()


def test_a_slider_moves_a_strength_and_the_words_follow(panel, qtbot, jobs):
    model = panel.document.analysis.model
    settled(panel, qtbot, jobs, model=model.with_(penalty="smoothness", strengths=(1e-3,)))
    before = panel.strength.words.text()
    assert before.startswith("0.001 is ")
    box, slider = panel.strength.weakest.controls()
    slider.setValue(slider.maximum())
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    assert panel.document.analysis.model.strengths == (100.0,)
    assert panel.strength.words.text().startswith("100 is strong")
    box.setValue(0.0)
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    assert panel.document.analysis.model.strengths == (0.0,)
    panel.strength.count.setValue(1)
    assert panel.model.editor("strengths").value() == (0.0,)


def test_the_two_sliders_of_several_strengths_are_their_ends_and_push_each_other(panel, qtbot, jobs):
    settled(panel, qtbot, jobs, model=panel.document.analysis.model.with_(strengths=(1e-6, 1e-5, 1e-4)))
    box, _ = panel.strength.weakest.controls()
    box.setValue(1e-2)
    strengths = panel.document.analysis.model.strengths
    assert (strengths[0], strengths[-1], len(strengths)) == (1e-2, 0.1, 3)
    panel.strength.count.setValue(5)
    assert len(panel.document.analysis.model.strengths) == 5
    panel.strength.count.setValue(1)
    assert len(panel.document.analysis.model.strengths) == 1
    assert panel.strength.strongest.isHidden()


def test_spaced_strengths_are_in_equal_steps():
    assert spaced(1e-6, 1e-2, 5) == (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    assert spaced(0.0, 1e-2, 3) == (0.0, 1e-3, 1e-2)
    assert spaced(1e-4, 1e-4, 4) == (1e-4,)


def test_without_a_penalty_there_is_no_strength_to_choose(panel, qtbot, jobs):
    model = panel.document.analysis.model
    settled(panel, qtbot, jobs, model=model.with_(penalty="none", strengths=(1e-4,)))
    assert panel.strength.words.text().startswith("No penalty")
    assert panel.strength.weakest.isHidden() or not panel.strength.weakest.isVisibleTo(panel)
    settled(panel, qtbot, jobs, model=model.with_(penalty="ridge", strength_by="marginal_likelihood"))
    assert "finds its own strength" in panel.strength.words.text()


def test_the_split_is_drawn_with_its_gaps(panel, qtbot, jobs):
    validation = panel.document.analysis.validation.with_(folds=3, gap=True)
    settled(panel, qtbot, jobs, validation=validation, terms=(*panel.document.analysis.terms, history_term()))
    drawn = panel.time_line.numbers()
    assert list(dict.fromkeys(drawn["epoch"])) == ["fold 1", "fold 2", "fold 3", "left out", "time used"]
    assert "longest window" in panel.about_time.text()


def test_the_split_of_before_is_pale_while_that_of_now_waits_for_a_fit(panel, qtbot, jobs):
    goes_on = threading.Event()
    jobs.submit("a fit", lambda context: goes_on.wait(60), lambda _: None)
    try:
        validation = panel.document.analysis.validation
        panel.document.edit(panel.document.analysis.with_(validation=validation.with_(folds=4)), "change")
        qtbot.waitUntil(lambda: panel.time_line.greyed, timeout=20_000)
        assert not panel.about_time.isEnabled()
    finally:
        goes_on.set()
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    assert not panel.time_line.greyed
    assert panel.about_time.isEnabled()
    assert "Each of 4 folds" in panel.about_time.text()


def test_what_strengths_did_before_is_not_told_of_the_terms_of_now(panel, qtbot, jobs):
    """While a fit ran the page asked for a term that was there: it said so before the terms were added."""
    terms, model = panel.document.analysis.terms, panel.document.analysis.model
    settled(panel, qtbot, jobs, terms=(), model=model.with_(penalty="ridge", strengths=(1e-3,)))
    assert "for a tuning term" in panel.strength.words.text()
    goes_on = threading.Event()
    jobs.submit("a fit", lambda context: goes_on.wait(60), lambda _: None)
    try:
        validation = panel.document.analysis.validation.with_(folds=4)
        panel.document.edit(panel.document.analysis.with_(terms=terms, validation=validation), "change")
        qtbot.waitUntil(lambda: not panel.strength.words.isEnabled(), timeout=20_000)
        assert "as soon as" in panel.strength.words.text()
    finally:
        goes_on.set()
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    assert panel.strength.words.isEnabled()
    assert panel.strength.words.text().startswith("0.001 is ")


def test_a_split_that_cannot_be_made_is_said_and_no_empty_axes_pass_for_one(panel, qtbot, jobs):
    validation = panel.document.analysis.validation
    settled(panel, qtbot, jobs, validation=validation.with_(split="trials", grouped_by="choices"))
    assert panel.time_line.isHidden()
    assert "choices" in panel.about_time.text()
    settled(panel, qtbot, jobs, validation=validation)
    assert not panel.time_line.isHidden()
    assert "cannot" not in panel.about_time.text()


def test_beside_each_choice_stands_what_it_is_for(panel, qtbot, jobs):
    note = panel.findChild(QLabel, "model_penalty_note")
    assert "coefficient" in note.text()
    model = panel.document.analysis.model
    settled(panel, qtbot, jobs, model=model.with_(penalty="smoothness"))
    assert note.text().startswith("Draws neighbouring functions")
    nested = panel.findChild(QLabel, "validation_nested_note")
    assert nested.isHidden()
    panel.validation.findChild(type(panel.validation._more), "validation_more").setChecked(True)
    assert not nested.isHidden()
    assert panel.terms.item(0, 0).toolTip().count("\n") == 1


def test_what_a_fit_takes_is_said_and_warned_of_where_it_is_much(panel, small_recording, small_analysis):
    found = estimate(small_analysis, small_recording)
    panel.show_size(found)
    assert "columns" in panel.size_line.text()
    assert not panel.too_large.text
    long = Estimate(**{**vars(found), "seconds": 7200.0, "gigabytes": 1e5, "shorter": ("fewer folds",)})
    panel.show_size(long)
    assert "2.0 h" in panel.too_large.text
    assert "fewer folds" in panel.too_large.text
    assert "100000.0 GB" in panel.too_large.text
    panel.show_size(None)
    assert not panel.size_line.text()


def test_nested_folds_and_marginal_likelihood_are_estimated_to_take_longer(small_recording, small_analysis):
    plain = estimate(small_analysis, small_recording)
    nested = estimate(small_analysis.with_(validation=small_analysis.validation.with_(nested=True)), small_recording)
    found = estimate(small_analysis.with_(model=small_analysis.model.with_(strength_by="marginal_likelihood")), small_recording)
    assert nested.seconds > plain.seconds
    assert found.seconds > plain.seconds
    assert nested.n_fits > plain.n_fits
    assert nested.shorter[0].startswith("without nested folds")
    assert any("cross-validation" in remedy for remedy in found.shorter)


def test_many_pieces_are_joined_where_no_pixel_lies_between_them():
    starts = np.arange(10_000) * 0.3
    pieces = np.column_stack([starts, starts + 0.2])
    assert len(joined_to_draw(pieces, 0.0, 3000.0, 3.0)) == 1
    few = joined_to_draw(pieces, 100.0, 110.0, 0.01)
    assert 30 <= len(few) <= 36
    np.testing.assert_allclose(few[:, 1] - few[:, 0], 0.2)
    assert len(joined_to_draw(np.zeros((0, 2)), 0.0, 1.0, 0.1)) == 0


def test_all_controls_are_reached_by_tab(panel):
    for name in ("strength_count", "strength_weakest", "formula_copy"):
        control = panel.findChild(object, name)
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus
        assert control.accessibleName()


def test_a_page_that_nobody_sees_asks_for_nothing(panel, qtbot, jobs):
    panel.hide()
    panel.document.edit(panel.document.analysis.with_(validation=panel.document.analysis.validation.with_(folds=4)), "folds")
    assert jobs.idle
    panel.show()
    qtbot.waitUntil(lambda: jobs.idle, timeout=20_000)
    assert "fold 4" in panel.time_line.numbers()["epoch"]
