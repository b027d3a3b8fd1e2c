"""The menu 'Add term' offers what the recording allows, and each kind is drawn, described and edited."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QComboBox, QMenu

from glmengine.analysis import default_terms as defaults
from glmengine.design.term_words import describe
from glmgui.panels.features import add_menu
from glmgui.panels.features.panel import FeaturesPanel


@pytest.fixture(scope="module")
def task():
    from glmengine.simulation.catalogue import sample

    return sample("decision-task")


@pytest.fixture
def panel(qtbot, document, jobs, task):
    from glmgui.work.opening import first_analysis

    made = FeaturesPanel(document, jobs)
    qtbot.addWidget(made)
    made.resize(1300, 650)
    made.show()
    document.open(task, first_analysis(task))
    return made


def choose(panel, path: str) -> None:
    menu = panel.terms.add.menu()
    menu.aboutToShow.emit()
    *above, last = path.split("/")
    for title in above:
        menu = next(action.menu() for action in menu.actions() if action.text() == title)
        menu.aboutToShow.emit()
    next(action for action in menu.actions() if action.text() == last).trigger()


def entries(recording) -> dict[str, tuple[bool, str]]:
    """Title of each entry: whether it can be chosen, and its tooltip."""
    menu = QMenu()
    add_menu.fill(menu, recording, lambda term: None)
    return {action.text(): (action.isEnabled(), action.toolTip()) for action in menu.actions() if action.text()}


def test_every_entry_says_what_it_is_for_or_why_it_is_off(task, small_recording, qapp):
    for recording in (task, small_recording):
        for title, (enabled, help_text) in entries(recording).items():
            assert help_text != title, title
            assert len(help_text) > 20, title
            assert enabled or "recording" in help_text or "trials" in help_text or "takes" in help_text, title
    assert not entries(small_recording)["Kernel around an event"][0]
    assert entries(task)["Kernel around an event"][0]


def test_properties_with_a_few_values_make_conditions(task):
    assert "trials.choice" in defaults.conditions_for(task, "choice")
    assert "trials.reaction_time" not in defaults.conditions_for(task, "choice")


def test_a_kernel_around_an_event_is_drawn_with_its_time(qtbot, panel, document):
    choose(panel, "Kernel around an event/choice")
    term = document.analysis.terms[0]
    assert (term.events, term.before, term.after) == ("choice", defaults.EVENT_BEFORE, defaults.EVENT_AFTER)
    x = panel.basis.lines.curves[0].x
    assert x.min() < 0 < x.max()
    assert (x.min(), x.max()) == pytest.approx((-1000 * term.before, 1000 * term.after), abs=20)
    assert panel.basis.lines.x_axis.unit == "ms"
    qtbot.waitUntil(lambda: bool(panel.features.lines.curves), timeout=10_000)
    assert any(np.nanmax(curve.y) > 0 for curve in panel.features.lines.curves), "no event in the stretch that is shown"
    assert not panel.terms.cards[0].fault


def test_one_kernel_for_each_condition(qtbot, panel, document):
    choose(panel, "Kernel around an event, per condition/stimulus/by trials.side")
    term = document.analysis.terms[0]
    assert term.by == "trials.side"
    assert describe(term, 5) == "kernel 0 to +0.8\u2009s: 10 per side"
    assert describe(term.with_(conditions=("left", "right")), 5).endswith("20 columns")
    qtbot.waitUntil(lambda: panel.features.shown is panel.features.image, timeout=10_000)
    assert not panel.terms.cards[0].fault


def test_a_choice_that_may_be_left_open_can_be_taken_back(panel, document):
    choose(panel, "Kernel around an event, per condition/stimulus/by trials.side")
    box = panel.editor.form.editor("by").findChild(QComboBox)
    assert box.currentText() == "trials.side"
    box.setCurrentIndex(0)
    box.activated.emit(0)
    assert document.analysis.terms[0].by == ""
    assert "none" in box.currentText()
    at = box.findText("trials.choice")
    box.setCurrentIndex(at)
    box.activated.emit(at)
    assert document.analysis.terms[0].by == "trials.choice"
    box.lineEdit().setText("")
    box.lineEdit().editingFinished.emit()
    assert document.analysis.terms[0].by == ""


def test_the_form_of_an_event_shows_no_window_that_is_not_used(panel):
    choose(panel, "Kernel around an event/stimulus")
    names = {box.objectName() for box in panel.editor.findChildren(QComboBox)}
    assert "term_events" in names
    fields = panel.editor.form.editor("basis")._form._editors
    assert not set(fields) & {"window", "delay", "direction", "present", "bounds"}


def test_columns_computed_elsewhere_are_drawn_on_the_recording(qtbot, panel, document):
    choose(panel, "Columns computed elsewhere/wheel")
    assert document.analysis.terms[0].variables == ("wheel",)
    assert describe(document.analysis.terms[0], 5) == "1 covariate as columns"
    assert panel.basis.shown is panel.basis.empty
    qtbot.waitUntil(lambda: bool(panel.features.lines.curves), timeout=10_000)


def test_a_name_that_the_recording_lacks_is_said_on_the_card(panel, document):
    choose(panel, "Columns computed elsewhere/wheel")
    term = document.analysis.terms[0]
    document.edit(document.analysis.with_(terms=(term.with_(variables=("wheel", "absent")),)), "Edit file")
    assert "absent" in panel.terms.cards[0].fault
    document.edit(document.analysis.with_(terms=(term.with_(gain="nothing"),)), "Edit file")
    assert "nothing" in panel.terms.cards[0].fault
