"""Forms show what applies: no rank of a field that is not separable, no sessions where there is one, bounds with their unit."""

from __future__ import annotations

import pytest
from qtpy.QtWidgets import QComboBox, QLabel, QLineEdit

from glmengine.analysis.analysis import Model
from glmengine.analysis.terms import CovariateTerm, EventTerm, Factor, HistoryTerm, ReceptiveFieldTerm
from glmengine.basis import BSpline, RaisedCosineLog
from glmengine.design.term_words import equation_words, inputs_of
from glmgui.forms.form import SpecForm
from glmgui.panels.features.editor import TermEditor


def shown(form: SpecForm) -> set[str]:
    return {field for field, editor in form._editors.items() if not editor.isHidden()}


@pytest.fixture
def field_form(qtbot):
    form = SpecForm(ReceptiveFieldTerm)
    qtbot.addWidget(form)
    return form


def field_term(space: str) -> ReceptiveFieldTerm:
    return ReceptiveFieldTerm(variable="stimulus", basis=RaisedCosineLog(n=4, window=0.2), space=space)


@pytest.mark.parametrize(
    ("space", "applies"),
    [("each", ""), ("separable", "rank"), ("pca", "components"), ("sta", ""), ("given", "filter_file")],
)
def test_a_receptive_field_shows_what_belongs_to_its_space(field_form, space, applies):
    field_form.set_value(field_term(space))
    assert shown(field_form) & {"rank", "components", "filter_file"} == ({applies} if applies else set())


def test_another_space_shows_another_parameter_at_once(field_form):
    field_form.set_value(field_term("each"))
    box = field_form.editor("space").findChild(QComboBox)
    box.setCurrentIndex(box.findData("separable"))
    assert "rank" in shown(field_form)
    assert "components" not in shown(field_form)


def test_what_applies_and_is_folded_away_stays_folded_away(qtbot):
    form = SpecForm(EventTerm)
    qtbot.addWidget(form)
    term = EventTerm(events="cue", after=0.5, basis=RaisedCosineLog(n=4))
    form.set_value(term)
    form._more.setChecked(True)
    assert "conditions" not in shown(form)
    form.set_value(term.with_(by="trials.choice"))
    assert "conditions" in shown(form)
    form._more.setChecked(False)
    assert "conditions" not in shown(form)


def test_sessions_are_spoken_of_where_there_are_several(qtbot):
    form = SpecForm(Model)
    qtbot.addWidget(form)
    form.set_value(Model())
    form._more.setChecked(True)
    form.set_context({"sessions": ["monday"]})
    assert "intercept_per_session" not in shown(form)
    form.set_context({"sessions": ["monday", "tuesday"]})
    assert "intercept_per_session" in shown(form)


def test_the_family_s_own_link_is_said_and_not_left_blank(qtbot):
    form = SpecForm(Model)
    qtbot.addWidget(form)
    form.set_value(Model())
    assert "family's own" in form.editor("link").findChild(QComboBox).currentText()


def test_a_long_line_is_read_from_its_beginning(qtbot):
    form = SpecForm(Model)
    qtbot.addWidget(form)
    form.set_value(Model(strengths=tuple(10.0**-power for power in range(9))))
    assert form.editor("strengths").findChild(QLineEdit).cursorPosition() == 0


def test_bounds_stand_with_the_unit_of_their_variable(qtbot, small_recording):
    editor = TermEditor()
    qtbot.addWidget(editor)
    name = next(name for name, (covariate, _) in small_recording.variables.items() if covariate.unit)
    unit = small_recording.variables[name][0].unit
    editor.set_term(CovariateTerm(factors=(Factor(variable=name, basis=BSpline(n=6)),)), small_recording)
    assert f"Bounds ({unit})" in {label.text() for label in editor.findChildren(QLabel)}


@pytest.mark.parametrize(
    ("model", "left"),
    [
        (Model(), "log of the expected count in a bin"),
        (Model(family="bernoulli"), "logit of the probability that a bin holds a spike"),
        (Model(family="gaussian"), "expected activity in a bin"),
        (Model(family="gamma", link="inverse"), "1 / (expected activity in a bin)"),
        (Model(link="softplus"), "inverse softplus of the expected count in a bin"),
    ],
)
def test_the_equation_is_that_of_the_family_and_its_link(model, left):
    assert equation_words(model)[0] == left


def test_the_table_of_terms_says_what_each_depends_on():
    by = EventTerm(events="cue", after=0.5, basis=RaisedCosineLog(n=4), by="trials.choice", weight="trials.value")
    assert inputs_of(by) == "cue for each trials.choice \u00d7 trials.value"
    assert inputs_of(field_term("each")) == "stimulus"
    gained = HistoryTerm(basis=RaisedCosineLog(n=4, window=0.1))
    assert inputs_of(gained) == "the unit's own spikes"
    tuned = CovariateTerm(factors=(Factor(variable="speed", basis=BSpline(n=6)),), gain="light", epochs=("run",))
    assert inputs_of(tuned) == "speed \u00d7 light only in run"
