"""What is typed is what is fitted and saved, and one undo takes back edits of every field."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QAbstractSpinBox, QLineEdit, QWidget

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.terms import HistoryTerm
from glmengine.basis import RaisedCosineLog
from glmgui.forms import pending
from glmgui.notices import notices


@pytest.fixture
def opened(window, small_recording, small_analysis, qtbot):
    """The window with the small session, active, so that fields can have the focus."""
    window.document.open(small_recording, small_analysis)
    window.activateWindow()
    qtbot.waitUntil(lambda: not window.document.busy and window.panels["data"].isEnabled())
    qtbot.waitUntil(lambda: window.work.size.estimate is not None)
    return window


def field(window, step: str, name: str) -> QWidget:
    """A field of a step, with the focus and its text selected."""
    window.show_step(step)
    found = next(found for kind in (QLineEdit, QAbstractSpinBox) if (found := window.panels[step].findChild(kind, name)))
    found.setFocus()
    assert window.focusWidget() is found
    found.selectAll()
    return found


def type_over(control: QWidget, text: str) -> None:
    QTest.keyClick(control, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(control, text)


def text_of(control: QAbstractSpinBox | QLineEdit) -> str:
    return control.text()


def test_a_number_that_was_not_entered_is_the_one_that_is_fitted(opened, qtbot):
    type_over(field(opened, "data", "bin_size"), "0.05")
    assert opened.document.analysis.time.bin_size == 0.02
    with qtbot.waitSignal(opened.work.fitting.fitted, timeout=120_000):
        opened.action("fit").trigger()
    assert opened.document.result.analysis.time.bin_size == 0.05
    assert not opened.document.result_is_stale


@pytest.mark.parametrize(
    ("step", "name", "text", "told"),
    [
        ("data", "bin_size", "0.05", lambda analysis: analysis.time.bin_size == 0.05),
        ("data", "min_spikes", "7", lambda analysis: analysis.units.min_spikes == 7),
        ("data", "rate_from", "0.3", lambda analysis: analysis.units.min_rate == 0.3),
        ("model", "model_strengths", "1e-3, 1e-1", lambda analysis: analysis.model.strengths == (1e-3, 1e-1)),
        ("model", "validation_folds", "4", lambda analysis: analysis.validation.folds == 4),
        ("features", "term_name", "compass", lambda analysis: analysis.terms[0].name == "compass"),
    ],
)
def test_what_is_typed_is_what_is_saved(opened, questions, tmp_path, qtbot, step, name, text, told):
    questions.next_path = tmp_path / "typed.toml"
    type_over(field(opened, step, name), text)
    assert not told(opened.document.analysis)
    with qtbot.waitSignal(opened.work.exporting.exported, timeout=20_000):
        opened.action("save_analysis").trigger()
    assert told(opened.document.analysis)
    assert told(Analysis.load(tmp_path / "typed.toml"))


def test_the_name_of_a_term_is_taken_from_its_card(opened):
    opened.show_step("features")
    cards = opened.panels["features"].terms.view
    cards.setFocus()
    cards.editItem(cards.item(0))
    editor = cards.findChild(QLineEdit)
    editor.setFocus()
    editor.setText("compass")
    opened.action("guide").trigger()
    assert opened.document.analysis.terms[0].label == "compass"


@pytest.mark.parametrize(
    ("step", "name", "text", "said"),
    [
        ("data", "bin_size", "0", "Bin size"),
        ("data", "rate_from", "1e", "is not a number"),
        ("data", "intervals", "0 -", "Only (s): '0 -' is not a pair"),
        ("data", "intervals", "0 - inf", "has no end"),
        ("model", "model_strengths", "1e-3, much", "much"),
    ],
)
def test_what_cannot_be_taken_is_said_and_nothing_is_fitted(opened, qtbot, step, name, text, said):
    control = field(opened, step, name)
    before, shown = opened.document.analysis, text_of(control)
    type_over(control, text)
    told = []
    notices().noticed.connect(told.append)
    opened.action("fit").trigger()
    notices().noticed.disconnect(told.append)
    assert not opened.document.busy
    assert said in told[-1].text
    assert "Fit" in told[-1].title
    assert opened.document.analysis is before
    QTest.keyClick(control, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert text_of(control) == shown, "undo takes back what could not be taken"
    assert opened.document.analysis is before
    assert opened.action("fit").isEnabled()


def test_a_name_that_another_term_has_is_refused_before_a_command_and_stays_as_it_was(opened, qtbot):
    opened.document.edit(
        opened.document.analysis.with_(terms=(*opened.document.analysis.terms, HistoryTerm(basis=RaisedCosineLog(n=3)))),
        "Add history",
    )
    before = opened.document.analysis
    first, second = before.terms
    opened.document.select(term=1)
    for command in ("fit", "undo"):
        control = field(opened, "features", "term_name")
        shown = text_of(control)
        type_over(control, first.label)
        told = len(notices().all)
        opened.action(command).trigger()
        assert not opened.document.busy
        assert [notice.title for notice in notices().all[told:]] == (["Fit was not done"] if command == "fit" else [])
        assert opened.document.analysis == before, command
        assert (text_of(control), opened.document.analysis.terms[1].label) == (shown, second.label), command


def test_what_was_refused_is_said_no_longer_once_a_command_is_done(opened, questions, tmp_path, qtbot):
    control = field(opened, "model", "model_strengths")
    type_over(control, "1e-3, much")
    opened.action("fit").trigger()
    assert opened.notice_bar.notice.title == "Fit was not done"
    type_over(control, "0.001, 0.1")
    questions.next_path = tmp_path / "typed.toml"
    with qtbot.waitSignal(opened.work.exporting.exported, timeout=20_000):
        opened.action("save_analysis").trigger()
    assert opened.notice_bar.notice is None or "not done" not in opened.notice_bar.notice.title


@pytest.mark.parametrize("floats", [False, True])
def test_a_refused_field_stops_a_fit_wherever_the_focus_went(opened, floats):
    control = field(opened, "model", "model_strengths")
    type_over(control, "-3")
    opened.docks["model"].setFloating(floats)
    opened.show_step("data")
    before = len(notices().all)
    opened.action("fit").trigger()
    assert not opened.document.busy
    assert len(notices().all) == before + 1


def test_of_fields_that_refuse_those_in_the_window_that_are_still_there_count(qtbot):
    class Field(pending.Refusal, QWidget):
        pass

    roots = QWidget(), QWidget()
    for root in roots:
        qtbot.addWidget(root)
    fields = [Field(root) for root in (*roots, roots[0])]
    for one, why in zip(fields, ("no number", "too large", "no name"), strict=True):
        one.refused = why
    assert [pending.refused_in(root) for root in roots] == ["no number", "too large"]
    fields[0].hide()
    assert pending.refused_in(roots[0]) == "no name"
    fields[2].deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    fields[1].refused = ""
    assert [pending.refused_in(root) for root in roots] == ["", ""]


@pytest.mark.parametrize(("step", "name", "text"), [("data", "bin_size", "0.05"), ("model", "model_strengths", "0.001, 0.1")])
def test_undo_inside_a_field_is_the_undo_of_the_window(opened, step, name, text):
    control = field(opened, step, name)
    before, shown = opened.document.analysis, text_of(control)
    type_over(control, text)
    QTest.keyClick(control, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (opened.document.analysis, text_of(control)) == (before, shown), "typed, not entered"
    type_over(control, text)
    QTest.keyClick(control, Qt.Key.Key_Return)
    after, entered = opened.document.analysis, text_of(control)
    assert after != before
    QTest.keyClick(control, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (opened.document.analysis, text_of(control)) == (before, shown), "entered"
    QTest.keyClick(control, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert (opened.document.analysis, text_of(control)) == (after, entered), "done again"


def test_undo_names_its_step(opened):
    control = field(opened, "data", "bin_size")
    type_over(control, "0.05")
    QTest.keyClick(control, Qt.Key.Key_Return)
    assert opened.action("undo").text().endswith("Change bin size")
    opened.action("undo").trigger()
    assert opened.status.currentMessage() == "Taken back: Change bin size"
    assert opened.action("redo").text().endswith("Change bin size")
    assert opened.action("undo").text() == "&Undo"


@pytest.mark.parametrize("name", ["rate_from", "rate_to"])
def test_a_field_that_may_be_empty_holds_up_neither_undo_nor_a_fit(opened, name):
    before = opened.document.analysis
    opened.document.edit(before.with_(seed=9), "Change seed")
    control = field(opened, "data", name)
    assert text_of(control) == ""
    assert pending.commit(control) == ""  # as before a fit
    QTest.keyClick(control, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert opened.document.analysis == before
    type_over(control, "0.5")
    QTest.keyClick(control, Qt.Key.Key_Return)
    assert opened.document.analysis != before
    control.selectAll()
    QTest.keyClick(control, Qt.Key.Key_Delete)
    QTest.keyClick(control, Qt.Key.Key_Return)
    assert opened.document.analysis == before, "emptied again"
