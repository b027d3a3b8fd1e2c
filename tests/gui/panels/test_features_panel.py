"""The features panel: terms begin with sensible settings, every click is an edit, and pictures follow the controls."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QMenu, QPushButton

from glmengine.analysis import default_terms as defaults
from glmengine.analysis.analysis import Analysis, Time
from glmengine.analysis.terms import CouplingTerm, CovariateTerm, EventTerm, Factor, HistoryTerm
from glmengine.basis import BSpline, CyclicBSpline, RaisedCosineLog
from glmengine.design.term_size import known_columns
from glmengine.design.term_words import describe
from glmgui.panels.features import FeaturesPanel
from glmgui.panels.features.editor import partner, with_suited_bases
from glmgui.panels.features.preview_jobs import Ranges, basis_drawing, features_on_recording, is_quick
from glmgui.panels.features.previews import Features
from glmgui.widgets.form_scroll import FormScroll
from tests.clock import PATIENCE_S


@pytest.fixture
def panel(qtbot, document, jobs, small_recording):
    panel = FeaturesPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(small_recording, Analysis(time=Time(bin_size=0.02)))
    return panel


def settled(qtbot, panel) -> None:
    qtbot.waitUntil(lambda: not panel._jobs._pending, timeout=10_000)


def actions(menu: QMenu) -> dict[str, object]:
    """Every entry of a menu by its text, those of submenus behind a slash."""
    found = {}
    for action in menu.actions():
        if action.menu() is not None:
            found |= {f"{action.text()}/{text}": entry for text, entry in actions(action.menu()).items()}
        elif not action.isSeparator():
            found[action.text()] = action
    return found


def choose(panel, text: str) -> None:
    menu = panel.terms.add.menu()
    menu.aboutToShow.emit()
    actions(menu)[text].trigger()


def test_a_signal_is_filtered_by_a_term_of_its_own(qtbot, panel, document):
    choose(panel, "Filter of a signal over time/position.x")
    (term,) = document.analysis.terms
    assert (term.kind, term.variable) == ("filter", "position.x")
    assert term.basis.window == defaults.HISTORY_WINDOW
    settled(qtbot, panel)
    assert len(panel.basis.lines.curves) == defaults.for_bins(defaults.filter_term("speed"), 0.02).basis.n
    assert len(panel.features.lines.curves) == defaults.for_bins(defaults.filter_term("speed"), 0.02).basis.n
    menu = panel.terms.add.menu()
    assert "Filter of a signal over time/head_direction" not in actions(menu), "an angle cannot be filtered as a number"


def test_suggestions_stay_until_they_are_taken(qtbot, panel, document):
    suggested = panel.suggestions
    panel.empty.findChild(QPushButton, "features_empty_choice_0").click()
    settled(qtbot, panel)
    texts = suggested.texts
    assert texts[0] == "Tuning to head_direction"
    assert "Tuning to speed, from position" in texts
    assert not any("Place" in text or "direction of movement" in text for text in texts)
    place = panel.pictures.mapTo(panel, panel.pictures.rect().topLeft())
    suggested.findChild(QPushButton, "suggestion_0").click()
    assert [term.label for term in document.analysis.terms][1:] == ["head_direction"]
    assert "Tuning to head_direction" not in suggested.texts
    assert panel.pictures.mapTo(panel, panel.pictures.rect().topLeft()) == place
    document.undo()
    assert suggested.texts == texts


def test_what_is_left_out_of_the_model_is_not_said_to_be_in_it(qtbot, panel, document, monkeypatch):
    suggested = panel.suggestions
    monkeypatch.setattr(suggested, "choices", dict)
    panel.empty.findChild(QPushButton, "features_empty_choice_0").click()
    settled(qtbot, panel)
    assert suggested.said == "All that is usual is in the model; 'Add term' has more."
    (term,) = document.analysis.terms
    document.edit(document.analysis.with_(terms=(term.with_(enabled=False),)), "Leave out")
    settled(qtbot, panel)
    assert suggested.said == "All that is usual is in the list, some of it left out of the model; 'Add term' has more."


def test_speed_is_derived_and_used_with_one_click(qtbot, panel, document):
    text = "Tuning to speed, from position"
    assert text in [one.text() for one in panel.empty.findChildren(QPushButton)]
    next(one for one in panel.empty.findChildren(QPushButton) if one.text() == text).click()
    qtbot.waitUntil(lambda: bool(document.analysis.terms))
    assert [one.kind for one in document.analysis.derived] == ["speed"]
    (term,) = document.analysis.terms
    assert term.factors[0].variable == "speed"
    assert term.factors[0].basis.bounds[1] > 10
    settled(qtbot, panel)
    assert panel.message.text == ""
    assert panel.terms.cards[0].fault == ""
    assert len(panel.features.lines.curves) == 10
    assert text not in panel.suggestions.texts
    document.undo()
    assert document.analysis.derived == document.analysis.terms == ()


def test_without_terms_it_says_how_to_begin(panel, document):
    assert panel._stack.currentWidget() is panel.empty
    assert "Add term" in panel.empty.text
    document.open(None, Analysis())
    assert "Open a recording" in panel.empty.text
    assert not panel.terms.isVisibleTo(panel)


def test_the_usual_beginnings_are_one_click_away(qtbot, panel, document):
    buttons = {button.text(): button for button in panel.empty.findChildren(QPushButton)}
    first = ["Place: position.x \u00d7 position.y", "Tuning to head_direction"]
    assert list(buttons) == [*first, "Tuning to speed, from position", "Own spike history"]
    qtbot.mouseClick(buttons["Tuning to head_direction"], Qt.MouseButton.LeftButton)
    assert [term.label for term in document.analysis.terms] == ["head_direction"]
    document.undo()
    assert panel._stack.currentWidget() is panel.empty
    assert len([button for button in panel.empty.findChildren(QPushButton) if button.isVisibleTo(panel)]) == 4


def test_the_form_is_never_cut_off(qtbot, panel):
    choose(panel, "Place: position.x \u00d7 position.y")
    scroll = panel.findChild(FormScroll, "term_scroll")
    qtbot.waitUntil(lambda: scroll.viewport().width() >= panel.editor.minimumSizeHint().width(), timeout=5_000)


def test_the_preview_begins_where_the_conditions_are_met(small_recording):
    from glmengine.analysis.analysis import Condition

    term = defaults.tuning_term(small_recording, "head_direction")
    when = Time(bin_size=0.02, conditions=(Condition(variable="position.x", below=10.0),))
    times = features_on_recording(term, small_recording, when, None).times
    first_low = small_recording.covariates["position"].data.t[
        np.argmax(small_recording.covariates["position"].data.values[:, 0] < 10)
    ]
    assert times[0] <= first_low <= times[-1]


def test_an_angle_begins_with_a_cyclic_basis_over_the_circle(panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    (term,) = document.analysis.terms
    basis = term.factors[0].basis
    assert isinstance(basis, CyclicBSpline)
    assert basis.bounds == (0.0, 2 * math.pi)
    assert document.term == 0
    assert document.undo_text == "Add head_direction"


def test_a_position_begins_with_a_product_of_splines_over_the_data(panel, document, small_recording):
    choose(panel, "Place: position.x \u00d7 position.y")
    (term,) = document.analysis.terms
    assert [factor.variable for factor in term.factors] == ["position.x", "position.y"]
    values = small_recording.covariates["position"].data.values
    for column, factor in enumerate(term.factors):
        assert isinstance(factor.basis, BSpline)
        low, high = factor.basis.bounds
        assert low <= values[:, column].min() < values[:, column].max() <= high
        assert high - low < 1.05 * np.ptp(values[:, column])


def test_history_and_coupling_begin_with_a_short_log_stretched_window(panel, document):
    choose(panel, "Own spike history")
    choose(panel, "Coupling: spikes of the other units")
    history, coupling = document.analysis.terms
    assert isinstance(history, HistoryTerm)
    assert isinstance(coupling, CouplingTerm)
    for term in (history, coupling):
        assert isinstance(term.basis, RaisedCosineLog)
        assert 0.1 <= term.basis.window <= 0.2


def test_terms_with_the_same_input_get_names_of_their_own(panel, document):
    choose(panel, "Tuning to a variable/position.x")
    choose(panel, "Tuning to a variable/position.x")
    assert [term.label for term in document.analysis.terms] == ["position.x", "position.x 2"]


def test_cards_are_switched_moved_copied_renamed_and_removed(qtbot, panel, document):
    for text in ("Tuning to a variable/head_direction", "Own spike history"):
        choose(panel, text)

    def labels():
        return [term.label for term in document.analysis.terms]

    panel.terms.view.item(0).setCheckState(Qt.CheckState.Unchecked)
    assert [term.enabled for term in document.analysis.terms] == [False, True]
    panel.terms.up.click()
    assert labels() == ["history", "head_direction"]
    assert document.term == 0, "the chosen term stays chosen"
    panel.terms.copy.click()
    assert labels() == ["history", "history 2", "head_direction"]
    assert document.term == 1
    panel.terms.view.item(1).setText("slow history")
    assert labels() == ["history", "slow history", "head_direction"]
    panel.terms.view.item(1).setText("history")
    assert labels() == ["history", "slow history", "head_direction"]
    assert "two terms are called 'history'" in panel.message.text
    panel.terms.remove.click()
    assert labels() == ["history", "head_direction"]
    for _ in range(5):
        document.undo()
    assert labels() == ["head_direction", "history"]
    assert all(term.enabled for term in document.analysis.terms)


def test_a_copy_is_called_by_what_it_depends_on(panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    panel.terms.copy.click()
    assert [term.label for term in document.analysis.terms] == ["head_direction", "head_direction 2"]
    variable = panel.editor.form.findChild(QComboBox, "term_factors_0_variable")
    variable.setCurrentText("speed")
    variable.lineEdit().editingFinished.emit()
    assert [term.label for term in document.analysis.terms] == ["head_direction", "speed"]
    panel.terms.renamed.emit(1, "how fast")
    variable.setCurrentText("position.x")
    variable.lineEdit().editingFinished.emit()
    assert document.analysis.terms[1].label == "how fast"


def test_dragging_a_card_reorders_the_terms(panel, document):
    for text in ("Tuning to a variable/head_direction", "Own spike history", "Tuning to a variable/position.x"):
        choose(panel, text)
    from qtpy.QtCore import QModelIndex

    panel.terms.view.model().moveRow(QModelIndex(), 2, QModelIndex(), 0)
    assert [term.label for term in document.analysis.terms] == ["position.x", "head_direction", "history"]


def test_the_basis_is_drawn_anew_as_soon_as_a_parameter_changes(panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    before = panel.basis.lines.curves
    assert len(before) == document.analysis.terms[0].factors[0].basis.n
    assert panel.basis.lines.x_axis.text == "head_direction (rad)"
    editor = panel.editor.form.editor("factors")
    number = next(box for box in editor.findChildren(object) if box.objectName().endswith("basis_n"))
    number.setValue(7)
    assert document.analysis.terms[0].factors[0].basis.n == 7
    assert len(panel.basis.lines.curves) == 7, "at once, without waiting for a job"


def test_functions_of_the_past_are_drawn_in_the_measure_of_the_filters(panel, document):
    choose(panel, "Own spike history")
    lines = panel.basis.lines
    assert lines.x_axis.unit == "ms"
    assert np.isclose(max(curve.x.max() for curve in lines.curves), 1000 * document.analysis.terms[0].basis.window, rtol=0.2)


def test_a_place_is_drawn_as_images_one_a_function(panel, document):
    choose(panel, "Place: position.x \u00d7 position.y")
    assert panel.basis.shown is panel.basis.mosaic
    count = math.prod(factor.basis.n for factor in document.analysis.terms[0].factors)
    assert len(set(panel.basis.mosaic.numbers()["image"])) == count


def place(n: int) -> CovariateTerm:
    """A place with so many functions along either axis."""
    names = ("position.x", "position.y")
    return CovariateTerm(factors=tuple(Factor(variable=name, basis=BSpline(n=n, bounds=(0.0, 100.0))) for name in names))


def test_forty_thousand_functions_are_drawn_by_the_worker(qtbot, panel, document, monkeypatch):
    from glmgui.panels.features import panel as module

    threads = []

    def drawn(*arguments):
        threads.append(threading.get_ident())
        return basis_drawing(*arguments)

    monkeypatch.setattr(module, "basis_drawing", drawn)
    document.edit(document.analysis.with_(terms=(place(200),)), "Add place")
    settled(qtbot, panel)
    assert threads
    assert threading.get_ident() not in threads
    assert panel.basis.shown is panel.basis.mosaic
    assert "40,000 functions" in panel.basis.mosaic.title
    sheet = panel.basis.mosaic.images[0].values
    assert max(sheet.shape) < 1500
    assert panel.features.image.images[0].values.shape[1] <= 1000
    assert "40,000 columns" in panel.features.image.title


def test_each_of_many_functions_is_seen_in_its_tile(small_recording):
    drawn = {}

    class Taker:
        def show_product(self, mosaic, title):
            drawn.update(mosaic=mosaic)

    basis_drawing(place(60), small_recording, 0.02, Ranges())(Taker())
    values = drawn["mosaic"].values
    assert len(values) == 3600
    assert (np.nanmax(values, axis=(1, 2)) > 0.2).all()


def test_only_what_follows_a_slider_is_computed_at_once():
    assert is_quick(place(8))
    assert not is_quick(place(40))
    assert is_quick(CovariateTerm(factors=(Factor(variable="speed", basis=BSpline(n=200, bounds=(0.0, 100.0))),)))


def test_features_are_drawn_on_the_recording(qtbot, panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    settled(qtbot, panel)
    assert panel.features.shown is panel.features.lines
    first = panel.features.lines.curves[0]
    assert first.x[-1] - first.x[0] == pytest.approx(10.0, abs=0.1)
    total = sum(np.asarray(curve.y) for curve in panel.features.lines.curves)
    np.testing.assert_allclose(total[np.isfinite(total)], 1.0, atol=1e-9)
    panel.features._slider.setValue(900)
    settled(qtbot, panel)
    assert panel.features.lines.curves[0].x[0] > 80
    choose(panel, "Place: position.x \u00d7 position.y")
    settled(qtbot, panel)
    assert panel.features.shown is panel.features.image


def test_history_is_that_of_the_selected_unit(qtbot, panel, document):
    choose(panel, "Own spike history")
    count = document.analysis.terms[0].basis.n
    for unit in ("place", "hd"):
        document.select(unit=unit)
        settled(qtbot, panel)
        assert panel.features.lines.title == f"{count} columns of unit {unit} over time"
        assert len(panel.features.lines.curves) == count


def test_columns_of_coupling_are_those_from_all_units(qtbot, panel, document):
    """Each unit has those of the others: the list of terms counts these."""
    choose(panel, "Coupling: spikes of the other units")
    settled(qtbot, panel)
    count = document.analysis.terms[0].basis.n * len(document.recording.unit_names)
    shown = panel.features.shown
    assert shown.title == f"{count} columns from all units over time"


def test_a_stretch_outside_the_epochs_says_so(qtbot, panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    document.edit(document.analysis.with_(time=document.analysis.time.with_(epochs=("first",))), "Choose epochs")
    panel.features._slider.setValue(900)
    settled(qtbot, panel)
    assert panel.features.shown is panel.features.empty
    assert "No bin" in panel.features.empty.text


def test_a_drag_that_outruns_the_worker_drops_stale_requests(qtbot, panel, document, monkeypatch):
    from glmgui.panels.features import panel as module

    calls, dragged = [], threading.Event()

    def slow(term, recording, when, start, unit, context):
        calls.append(term.factors[0].basis.n)
        dragged.wait(PATIENCE_S)
        return Features(np.arange(3.0), np.zeros((3, 1)), np.ones(1), ["a"])

    choose(panel, "Tuning to a variable/head_direction")
    settled(qtbot, panel)
    monkeypatch.setattr(module, "features_on_recording", slow)
    term = document.analysis.terms[0]
    for n in range(5, 25):
        factor = term.factors[0].with_(basis=term.factors[0].basis.with_(n=n))
        document.edit(document.analysis.with_(terms=(term.with_(factors=(factor,)),)), "Change head_direction")
    dragged.set()
    settled(qtbot, panel)
    assert calls[-1] == 24
    assert len(calls) <= 3, "most of the twenty requests were dropped"


def test_another_variable_brings_a_basis_that_suits_it(small_recording):
    before = defaults.tuning_term(small_recording, "position.x")
    chosen = before.with_(factors=(before.factors[0].with_(variable="head_direction"),))
    suited = with_suited_bases(before, chosen, small_recording)
    assert isinstance(suited.factors[0].basis, CyclicBSpline)
    kept = before.with_(factors=(before.factors[0].with_(basis=BSpline(n=5, bounds=(0.0, 50.0))),))
    assert with_suited_bases(before, kept, small_recording) == kept, "a basis that was changed by hand is left alone"


def test_a_second_factor_is_the_other_component(small_recording):
    before = defaults.tuning_term(small_recording, "position.x")
    doubled = before.with_(factors=(before.factors[0], before.factors[0]))
    suited = with_suited_bases(before, doubled, small_recording)
    assert [factor.variable for factor in suited.factors] == ["position.x", "position.y"]
    assert partner(small_recording, ["head_direction"]) in small_recording.variables


def test_bounds_left_to_the_data_are_drawn_over_the_data(panel, document, small_recording):
    values = small_recording.covariates["position"].data.values
    document.edit(
        document.analysis.with_(
            terms=(
                CovariateTerm(factors=(Factor(variable="position.x", basis=BSpline(n=6)),)),
                CovariateTerm(factors=tuple(Factor(variable=f"position.{name}", basis=BSpline(n=5)) for name in "xy")),
            )
        ),
        "Edit file",
    )
    document.select(term=0)
    x = panel.basis.lines.curves[0].x
    assert (x[0], x[-1]) == (values[:, 0].min(), values[:, 0].max())
    document.select(term=1)
    y = panel.basis.mosaic.numbers()["position.y (cm)"]
    assert (y.min(), y.max()) == (values[:, 1].min(), values[:, 1].max())


def test_any_two_variables_can_be_joined(panel, document):
    menu = panel.terms.add.menu()
    menu.aboutToShow.emit()
    joint = next(action.menu() for action in menu.actions() if action.text().startswith("Joint"))
    partners = next(action.menu() for action in joint.actions() if action.text() == "head_direction")
    partners.aboutToShow.emit()
    next(action for action in partners.actions() if action.text().endswith("position.y")).trigger()
    assert [factor.variable for factor in document.analysis.terms[0].factors] == ["head_direction", "position.y"]


def test_what_is_wrong_stands_on_the_card_and_goes_away(qtbot, panel, document):
    wrong = CovariateTerm(factors=(Factor(variable="absent", basis=BSpline(n=6)),))
    document.edit(document.analysis.with_(terms=(wrong,)), "Edit file")
    settled(qtbot, panel)
    assert "absent" in panel.terms.cards[0].fault
    right = defaults.tuning_term(document.recording, "position.x")
    document.edit(document.analysis.with_(terms=(right,)), "Repair")
    settled(qtbot, panel)
    assert panel.terms.cards[0].fault == ""
    assert panel.message.text == ""


def test_what_the_engine_refused_stands_beside_its_field(qtbot, panel, document):
    choose(panel, "Tuning to a variable/head_direction")
    choose(panel, "Own spike history")
    settled(qtbot, panel)
    document.set_fault("terms.0.factors.0.basis.n", "too many functions")
    assert panel.terms.cards[0].fault == "too many functions"
    assert panel.terms.cards[1].fault == ""
    document.select(term=0)
    settled(qtbot, panel)
    said = [label.text() for label in panel.editor.findChildren(QLabel) if label.isVisibleTo(panel)]
    assert any("too many functions" in text for text in said)
    document.set_fault("", "")
    assert panel.terms.cards[0].fault == ""


def test_cards_say_what_a_term_is(small_recording):
    field = defaults.field_term(small_recording, ("position.x", "position.y"))
    n = defaults.N_FIELD
    assert describe(field, 3) == f"2-D tuning: B-spline, {n} \u00d7 {n} = {n * n} columns"
    assert describe(defaults.tuning_term(small_recording, "head_direction"), 3) == "tuning: cyclic B-spline, 12 columns"
    assert describe(defaults.history_term(), 3) == "own past 0.15\u2009s: 8 columns"
    assert describe(defaults.coupling_term(), 3) == "others' past 0.1\u2009s: 5 \u00d7 2 units = 10 columns"
    assert known_columns(defaults.coupling_term().with_(include_self=True), 3) == 15


def test_bounds_are_rounded_outwards():
    import pynapple as nap

    from glmengine.recording.recording import Covariate

    values = np.array([0.123456, 98.7654321])
    low, high = defaults.data_bounds(Covariate("x", nap.Tsd(np.arange(2.0), values)))
    assert (low, high) == (0.0, 99.0)
    assert defaults.data_bounds(Covariate("x", nap.Tsd(np.arange(2.0), np.full(2, np.nan)))) is None


@pytest.mark.parametrize("past", [False, True])
def test_every_family_that_is_offered_is_drawn_or_says_what_it_needs(qtbot, panel, document, past):
    choose(panel, "Own spike history" if past else "Tuning to a variable/position.x")
    settled(qtbot, panel)
    union = next(box for box in panel.editor.findChildren(QComboBox) if box.objectName().endswith("_family"))
    families = [union.itemText(at) for at in range(union.count())]
    assert len(families) >= 3
    for at in range(union.count()):
        union.setCurrentIndex(at)
        settled(qtbot, panel)
        shown = panel.basis.shown in (panel.basis.lines, panel.basis.mosaic) and len(panel.basis.lines.curves) > 0
        said = panel.terms.cards[0].fault or panel.basis.empty.text
        assert shown or said, families[at]


def test_terms_that_say_the_same_are_told_before_a_fit(qtbot, panel, document):
    check = panel.check
    assert not check.ask.isEnabled(), "there is nothing to check"
    tuning = CovariateTerm(factors=(Factor(variable="head_direction", basis=CyclicBSpline(n=6)),))
    document.edit(document.analysis.with_(terms=(tuning, tuning.with_(name="heading"))), "Add")
    qtbot.mouseClick(check.ask, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(check.report.isVisible, timeout=20_000)
    assert check.verdict.text() == "Some terms cannot be told apart with these data."
    assert "12 columns, 5 independent" in check.numbers.text()
    assert check.report.toPlainText().startswith("The terms 'head_direction' and 'heading' carry the same information")
    document.edit(document.analysis.with_(terms=(tuning,)), "Remove")
    assert not check.report.isVisible(), "the answer was to another question"
    assert not check.verdict.isVisible()


def test_a_check_that_fails_says_why_and_one_that_is_late_says_nothing(qtbot, panel, document):
    check = panel.check
    wrong = HistoryTerm(basis=RaisedCosineLog(n=3, window=0.001))
    document.edit(document.analysis.with_(terms=(wrong,)), "Add")
    check.check()
    qtbot.waitUntil(lambda: bool(check.message.text), timeout=20_000)
    assert "shorter than a bin" in check.message.text
    good = wrong.with_(basis=RaisedCosineLog(n=3, window=0.1))
    document.edit(document.analysis.with_(terms=(good,)), "Change")
    assert not check.message.text
    check.check()
    document.edit(document.analysis.with_(terms=(good, wrong.with_(name="other", enabled=False))), "Change")
    settled(qtbot, panel)
    qtbot.wait(50)
    assert not check.verdict.isVisible()


def test_a_live_fit_is_seen_where_the_slider_is(qtbot, document, jobs, small_recording, small_analysis, small_result):
    """The curves once stood in another step, out of sight of whoever moved the slider."""
    panel = FeaturesPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1300, 650)
    panel.show()
    document.open(small_recording, small_analysis)
    assert not panel.live.isVisible()
    unit = small_result.units[1]
    document.select(unit=unit)
    document.set_live_result(small_result)
    assert panel.live.isVisible()
    assert not panel.features.isVisible()
    assert panel.live.height() > 200
    assert panel.live.plot.title.startswith(f"Live fit of unit {unit}")
    drawn = panel.live.plot
    document.select(unit=small_result.units[0])
    assert panel.live.plot is drawn, "filled anew, not made anew"
    assert small_result.units[0] in drawn.title
    panel.edits.add(defaults.history_term())
    assert panel.live._none.isVisible(), "the live fit has not seen the new term yet"
    document.set_live_result(None)
    assert not panel.live.isVisible()
    assert panel.features.isVisible()


@pytest.mark.parametrize(("bin_size", "history", "coupling"), [(0.001, 8, 5), (0.01, 5, 4), (0.02, 3, 2)])
def test_kernels_that_one_bin_cannot_tell_apart_are_not_offered(bin_size, history, coupling):
    """In bins of 10 ms the first kernels of a history were once copies of each other, and the check of the terms said so."""
    terms = [defaults.for_bins(term, bin_size) for term in (defaults.history_term(), defaults.coupling_term())]
    assert [term.basis.n for term in terms] == [history, coupling]
    for term in terms:
        kernels = term.basis.kernel(bin_size)[1]
        assert np.linalg.matrix_rank(kernels, tol=1e-3) == term.basis.n


@pytest.mark.parametrize("bin_size", [0.05, 0.1, 1.0])
def test_wide_bins_get_a_window_of_some_of_them(bin_size):
    for term in (defaults.history_term(), defaults.filter_term("speed")):
        suited = defaults.for_bins(term, bin_size)
        assert len(suited.basis.kernel(bin_size)[0]) >= 3
        assert suited.basis.n >= 2


def test_terms_without_a_window_stay_as_they_are(small_recording):
    for term in (
        defaults.tuning_term(small_recording, "position.x"),
        EventTerm(events="cue", after=0.5, basis=RaisedCosineLog(n=4)),
    ):
        assert defaults.for_bins(term, 0.01) == term


def test_a_live_fit_of_a_long_recording_is_drawn_from_some_of_it_first(
    qtbot, document, jobs, small_recording, small_analysis, monkeypatch
):
    """All of the time follows when nothing is changed for a moment; going back to what is known asks nothing."""
    import glmengine.results.sketch as sketches
    from glmgui.work.live_fit import LiveFit

    monkeypatch.setattr(sketches, "is_short", lambda *_, **__: False)
    panel = FeaturesPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1300, 650)
    panel.show()
    document.open(small_recording, small_analysis)
    live, seen = LiveFit(document, jobs), []
    document.changed.connect(lambda what: seen.append(panel.live.said.text()) if "live" in what else None)
    live.switch(True)
    qtbot.waitUntil(lambda: document.live_sketch is not None)
    assert panel.live.isVisible()
    assert panel.live.plot.title.startswith("Live fit of unit hd")
    assert panel.live.said.text().startswith("From 120 of 120")
    qtbot.waitUntil(lambda: document.result_is_live and document.live_score is not None)
    assert document.live_sketch is None
    assert panel.live.said.text().startswith("Held out: ")
    assert any("The held-out score follows" in text for text in seen)
    known = document.result
    document.edit(document.analysis.with_(seed=5), "Seed")
    qtbot.waitUntil(lambda: document.live_sketch is not None)
    document.undo()
    qtbot.waitUntil(lambda: document.live_sketch is None)
    assert document.result is known
    live.switch(False)
    assert document.live_sketch is None
    assert document.live_score is None
    assert not panel.live.isVisible()
