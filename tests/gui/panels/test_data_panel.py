"""The data panel lists what was recorded, and every tick, drag and condition becomes an edit of the analysis."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QToolButton

from glmengine.analysis.analysis import Analysis, Condition, Time
from glmengine.recording.derived.position import position_covariates
from glmengine.recording.derived.quantities import Speed
from glmengine.recording.doubt import Doubt
from glmengine.recording.observed import SIGNAL
from glmgui.drawings.summary import series_to_draw, summarise
from glmgui.notices import notices
from glmgui.panels.data import DataPanel
from glmgui.panels.data.moving import MovingDialog, only_while_moving
from glmgui.work.selected_units import fit_only
from tests.clock import PATIENCE_S


@pytest.fixture
def panel(qtbot, document, jobs, small_recording):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(small_recording, Analysis())
    qtbot.waitUntil(lambda: panel._used is not None and jobs.idle, timeout=10_000)
    return panel


def settled(qtbot, panel) -> None:
    qtbot.waitUntil(lambda: not panel._jobs._pending, timeout=10_000)


def test_without_a_recording_it_says_what_to_do(qtbot, document, jobs):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    assert panel._stack.currentWidget() is panel.empty
    assert "Ctrl+O" in panel.empty.text


def test_its_lists_rest_while_nobody_sees_them(qtbot, panel, document, monkeypatch):
    drawn = []
    show = panel.overview.set_epochs
    monkeypatch.setattr(panel.overview, "set_epochs", lambda *given: (drawn.append(given[2]), show(*given)))
    panel.hide()
    for epochs in (("first",), ("first", "second"), ("second",)):
        document.edit(document.analysis.with_(time=document.analysis.time.with_(epochs=epochs)), "Choose epochs")
    settled(qtbot, panel)
    assert not drawn
    assert panel.time_form.bin_size.value() == document.analysis.time.bin_size
    panel.show()
    assert drawn == [("second",)]  # once, as it is now


def test_the_summary_counts_what_is_there(small_recording):
    summary = summarise(small_recording)
    spikes = {unit.name: unit.n_spikes for unit in summary.units}
    assert spikes == {name: len(small_recording.spikes[at]) for at, name in enumerate(small_recording.unit_names)}
    assert summary.units[0].rate == pytest.approx(spikes["hd"] / 120.0)
    direction = next(row for row in summary.covariates if row.name == "head_direction")
    assert direction.unit == "rad"
    assert direction.sampling == pytest.approx(50.0)
    assert direction.valid == pytest.approx(1.0)
    assert [epoch.name for epoch in summary.epochs] == ["all", "first", "second"]
    assert summary.epochs[1].seconds == pytest.approx(60.0)


def test_gaps_count_as_invalid_and_are_not_drawn_over(small_recording):
    covariate = small_recording.covariates["head_direction"]
    times, values = covariate.data.t, covariate.data.values
    kept = (times < 30) | (times > 60)
    import pynapple as nap

    gappy = replace(covariate, data=nap.Tsd(times[kept], values[kept]))
    row = next(one for one in summarise(small_recording.with_covariates(gappy)).covariates if one.name == "head_direction")
    assert row.valid == pytest.approx(0.75, abs=0.01)
    drawn_times, drawn = series_to_draw(gappy)
    assert np.isnan(drawn[np.searchsorted(drawn_times, 60.0)]).all()


def test_angles_are_not_drawn_across_the_circle(small_recording):
    _, values = series_to_draw(small_recording.covariates["head_direction"])
    steps = np.abs(np.diff(values[:, 0]))
    assert np.nanmax(steps) <= np.pi


def test_steps_are_drawn_as_held_values(small_recording):
    from dataclasses import replace

    import pynapple as nap

    step = replace(
        small_recording.covariates["head_direction"],
        kind="step",
        data=nap.Tsd(np.array([0.0, 1.0, 2.0]), np.array([3.0, 5.0, 4.0])),
    )
    times, values = series_to_draw(step)
    assert times.tolist() == [0, 1, 1, 2, 2]
    assert values[:, 0].tolist() == [3, 3, 5, 5, 4]


def test_a_position_is_known_by_its_name_or_its_components(small_recording):
    from dataclasses import replace

    assert [covariate.name for covariate in position_covariates(small_recording)] == ["position"]
    stimulus = replace(small_recording.covariates["head_direction"], name="stimulus", kind="continuous")
    track = replace(stimulus, name="track_position")
    more = small_recording.with_covariates(stimulus, track)
    assert {covariate.name for covariate in position_covariates(more)} == {"position", "track_position"}


def test_the_first_term_is_a_click_away_as_long_as_there_is_none(panel, qtbot):
    document, first = panel._document, panel.next_steps.first
    assert not document.analysis.terms
    assert first.isVisible()
    assert first.text() == "Place: position.x \u00d7 position.y"
    with qtbot.waitSignal(panel.action_asked) as asked:
        first.click()
    assert asked.args == ["show_features"]
    (term,) = document.analysis.terms
    assert [one.variable for one in term.factors] == ["position.x", "position.y"]
    assert document.term == 0
    assert not first.isVisible()
    document.undo()
    assert first.isVisible()


def test_doubts_about_a_recording_stand_on_the_page_and_its_other_notes_behind_a_button(panel, qtbot):
    doubt = Doubt("The units would fire at 0.003 Hz over 1,200,000 s, as if their times were in milliseconds and not in seconds.")
    steps = panel.next_steps
    steps.say_notes(["A gap was found.", doubt, "No spikes in unit 6."])
    assert steps.doubts.text == doubt
    assert steps.correct.isVisible()
    assert steps.notes.button.text() == "\u26a0 2 notes"
    assert steps.notes.line.text == ""
    steps.notes.button.click()
    assert steps.notes.line.text == "A gap was found.\nNo spikes in unit 6."
    with qtbot.waitSignal(panel.action_asked) as asked:
        steps.correct.click()
    assert asked.args == ["correct"]
    steps.say_notes(())
    assert not any(one.isVisible() for one in (steps.doubts, steps.correct, steps.notes.button, steps.notes.line))


def test_units_are_sorted_by_value_and_filtered_by_any_column(panel):
    view = panel.units.view
    view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    counts = [int(view.model().index(at, 1).data().replace(",", "")) for at in range(view.model().rowCount())]
    assert counts == sorted(counts, reverse=True)
    panel.units._filter.setText("ca1")
    assert {view.model().index(at, 0).data() for at in range(view.model().rowCount())} == {"place", "flat"}


def test_no_number_of_a_unit_is_cut(panel):
    table = panel.units
    first, *others = table.model.rows
    table.set_units(table.model.rows, (), SIGNAL)
    table.fill((replace(first, n_spikes=-1.234e150, rate=-1.23e-110), *others))
    for part in (1, 2):
        assert table.view.columnWidth(part) >= table.view.sizeHintForColumn(part)


def test_ticks_choose_the_units_that_are_fitted(panel, document):
    model = panel.units.model
    model.setData(model.index(1, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert document.analysis.units.names == ("hd", "flat")
    assert document.undo_text == "Choose units"
    model.setData(model.index(1, 0), Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    assert document.analysis.units.names == (), "all ticked is written as all"
    panel.units._filter.setText("ca1")
    panel.units.model.tick(panel.units._shown(), False)
    assert document.analysis.units.names == ("hd",)
    panel.units.model.tick({"hd"}, False)
    assert document.analysis.units.names == ("hd",), "the last tick stays"
    document.undo()
    assert set(model.ticked) == {"hd", "place", "flat"}


def test_unticking_all_leaves_what_is_selected(panel, document):
    told = []
    notices().noticed.connect(lambda notice: told.append(notice.text))
    document.select(unit="place")
    panel.findChild(QToolButton, "units_untick_shown").click()
    assert document.analysis.units.names == ("place",)
    assert "place: selected" in told[-1]
    model = panel.units.model
    model.setData(model.index(1, 0), Qt.CheckState.Unchecked.value, Qt.ItemDataRole.CheckStateRole)
    assert document.analysis.units.names == ("place",)
    assert "One unit at least" in told[-1]


def test_one_click_fits_only_the_selected_units(panel, document):
    panel.action_asked.connect(lambda name: {"fit_only_selected": fit_only}[name](document))
    document.select(unit="flat", units=("flat", "hd"))
    panel.findChild(QToolButton, "units_only_selected").click()
    assert set(document.analysis.units.names) == {"flat", "hd"}
    assert document.undo_text == "Fit only 2 units", "as with the menu"
    document.select(unit="place", units=("place", "flat", "hd"))
    panel.findChild(QToolButton, "units_only_selected").click()
    assert document.analysis.units.names == (), "all of them, by name or not"
    document.select(unit="place", units=("place",))
    (only,) = [action for action in panel.units.view.actions() if action.text() == "Fit only the selected units"]
    only.trigger()
    assert document.analysis.units.names == ("place",)


def test_a_row_selects_the_unit_and_follows_the_selection(panel, document):
    document.select(unit="place")
    assert panel.units.view.currentIndex().siblingAtColumn(0).data() == "place"
    assert panel.overview.raster._selected == "place"
    panel.units.view.selectRow(0)
    assert document.unit == panel.units.view.model().index(0, 0).data()


def test_epochs_and_the_whole_exclude_each_other(panel, document):
    items = [panel.epochs.view.topLevelItem(at) for at in range(3)]
    items[1].setCheckState(0, Qt.CheckState.Checked)
    assert document.analysis.time.epochs == ("first",)
    assert items[0].checkState(0) == Qt.CheckState.Unchecked
    items[2].setCheckState(0, Qt.CheckState.Checked)
    assert document.analysis.time.epochs == ("first", "second")
    items[0].setCheckState(0, Qt.CheckState.Checked)
    assert document.analysis.time.epochs == ("all",)
    items[0].setCheckState(0, Qt.CheckState.Unchecked)
    assert document.analysis.time.epochs == ("all",), "some time has to be used"


def test_drawn_intervals_become_part_of_the_analysis_and_can_be_cleared(qtbot, panel, document):
    panel.epochs.draw.setChecked(True)
    assert panel.overview.time_line._box.drawing
    panel.overview.time_line._add_interval(10.0, 40.0)
    assert document.analysis.time.intervals == ((10.0, 40.0),)
    assert not panel.epochs.draw.isChecked()
    settled(qtbot, panel)
    assert panel.time_form.share.text() == "25.0 % of the recording is used: 30.0\u2009s, 3,000 bins of 10\u2009ms."
    panel.epochs.clear.click()
    assert document.analysis.time.intervals == ()


def test_only_while_moving_adds_speed_and_a_condition_in_one_step(qtbot, panel, document):
    qtbot.mouseClick(panel.time_form.moving, Qt.MouseButton.LeftButton)
    dialog = next(widget for widget in panel.findChildren(MovingDialog) if widget.isVisible())
    assert dialog.threshold.suffix() == " cm/s"
    dialog.threshold.setValue(20.0)
    dialog.accept()
    assert document.analysis.derived == (Speed(name="speed", source="position", smoothing=0.1),)
    assert document.analysis.time.conditions == (Condition(variable="speed", above=20.0),)
    settled(qtbot, panel)
    share = panel._used.time.n_used / panel._used.time.n_bins
    assert 0.02 < share < 0.98
    assert f"{100 * share:.1f} % of the 12,000 bins in the ticked epochs meet the conditions" in panel.time_form.share.text()
    assert panel.time_form.rows[0]._unit.text() == "cm/s"
    rows = [panel.covariates.view.item(at, 0).text() for at in range(panel.covariates.view.rowCount())]
    assert "speed, derived" in rows
    document.undo()
    assert document.analysis == Analysis()


def test_moving_again_changes_the_threshold_instead_of_adding_another():
    once = only_while_moving(Analysis(), "position", 5.0, 0.1, is_speed=False)
    twice = only_while_moving(once, "position", 8.0, 0.2, is_speed=False)
    assert len(twice.derived) == 1
    assert twice.time.conditions == (Condition(variable="speed", above=8.0),)
    measured = only_while_moving(Analysis(), "velocity", 3.0, 0.1, is_speed=True)
    assert measured.derived == ()
    assert measured.time.conditions == (Condition(variable="velocity", above=3.0),)


def test_a_condition_is_edited_in_its_row_and_says_what_is_wrong(qtbot, panel, document):
    qtbot.mouseClick(panel.time_form.add, Qt.MouseButton.LeftButton)
    assert len(document.analysis.time.conditions) == 1
    row = panel.time_form.rows[0]
    row.variable.setCurrentText("position.x")
    row.variable.activated.emit(row.variable.currentIndex())
    row.above.setText("10")
    row.above.editingFinished.emit()
    assert document.analysis.time.conditions == (Condition(variable="position.x", above=10.0),)
    row.below.setText("5")
    row.below.editingFinished.emit()
    assert "can never hold" in row.message.text
    assert document.analysis.time.conditions[0].below is None, "what is wrong is not taken over"
    row.below.setText("90")
    row.below.editingFinished.emit()
    assert document.analysis.time.conditions == (Condition(variable="position.x", above=10.0, below=90.0),)
    assert row.message.text == ""


def test_the_bin_size_is_edited_and_what_cannot_be_binned_is_said(qtbot, panel, document):
    panel.time_form.bin_size.setValue(0.02)
    assert document.analysis.time.bin_size == 0.02
    settled(qtbot, panel)
    assert "6,000 bins of 20\u2009ms" in panel.time_form.share.text()
    document.edit(document.analysis.with_(time=Time(conditions=(Condition(variable="absent", above=1.0),))), "Edit file")
    settled(qtbot, panel)
    assert "absent" in panel.time_form.message.text or "absent" in panel.time_form.rows[0].message.text
    document.undo()
    settled(qtbot, panel)
    assert panel.time_form.message.text == ""


def test_what_the_engine_refused_stands_at_its_condition(qtbot, panel, document):
    document.edit(only_while_moving(document.analysis, "position", 5.0, 0.1, is_speed=False), "Use only moving")
    settled(qtbot, panel)
    document.set_fault("time.conditions.0.above", "no bin is left")
    assert panel.time_form.rows[0].message.text == "no bin is left"
    document.set_fault("time.bin_size", "too narrow")
    assert panel.time_form.message.text == "too narrow"


def test_a_derived_covariate_can_be_removed_with_its_condition(qtbot, panel, document):
    document.edit(only_while_moving(document.analysis, "position", 5.0, 0.1, is_speed=False), "Use only moving")
    settled(qtbot, panel)
    panel.covariates.select("speed")
    assert panel.covariates._remove.isVisibleTo(panel)
    panel.covariates._remove.click()
    assert document.analysis.derived == ()
    assert document.analysis.time.conditions == ()


def test_every_control_that_takes_focus_has_a_name(panel):
    QApplication.processEvents()
    nameless = [
        widget
        for widget in panel.findChildren(object)
        if getattr(widget, "focusPolicy", lambda: Qt.FocusPolicy.NoFocus)() & Qt.FocusPolicy.TabFocus
        and widget.isVisibleTo(panel)
        and not (widget.accessibleName() or getattr(widget, "text", lambda: "")())
        and type(widget).__name__
        in (
            "QLineEdit",
            "QComboBox",
            "QSpinBox",
            "QDoubleSpinBox",
            "QToolButton",
            "QPushButton",
            "QTableView",
            "QTableWidget",
            "QTreeWidget",
        )
        and widget.objectName() != "qt_spinbox_lineedit"
    ]
    assert not [widget.objectName() or type(widget).__name__ for widget in nameless]


def test_nothing_is_said_or_edited_before_the_recording_is_read(qtbot, document, jobs, small_recording):
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.show()
    document.open(small_recording, Analysis())
    assert not panel._content.isEnabled()
    assert panel.covariates._none.isHidden()
    qtbot.waitUntil(lambda: panel.units.model.rowCount() > 0, timeout=20_000)
    assert panel._content.isEnabled()


def test_what_is_known_is_listed_while_the_spikes_are_counted(qtbot, document, jobs, small_recording, monkeypatch):
    from glmgui.panels.data import panel as module

    go_on, counted = threading.Event(), module.counted
    monkeypatch.setattr(module, "counted", lambda *asked: go_on.wait(PATIENCE_S) and counted(*asked))
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(small_recording, Analysis())
    said = {plot.objectName(): words for plot, words in panel.overview._waiting.items()}
    assert said["raster_plot"].isVisible()
    assert said["raster_plot"].text() == "Counting the spikes of 3 units\u2026"
    assert said["covariate_plot"].text() == "Reading 2 covariates\u2026"
    assert "Counting" in panel.time_form.share.text()
    qtbot.waitUntil(lambda: bool(panel.overview.covariate.curves))
    assert not said["covariate_plot"].isVisible()
    assert panel._content.isEnabled()
    assert [panel.units.model.index(0, at).data() for at in range(3)] == ["hd", "\u2026", "\u2026"]
    assert panel.covariates.view.rowCount() == 2
    assert said["raster_plot"].isVisible()
    go_on.set()
    qtbot.waitUntil(lambda: jobs.idle)
    assert panel.units.model.index(0, 1).data() == f"{len(small_recording.spikes[0]):,}"
    assert not any(words.isVisible() for words in said.values())
    panel.pages.setCurrentWidget(panel.pages.tuning)
    assert panel.pages.tuning._waiting.text() == "Counting for unit hd\u2026"
    qtbot.waitUntil(lambda: bool(panel.pages.tuning.plots))
    assert not panel.pages.tuning._waiting.isVisible()


def test_a_recording_that_cannot_be_listed_says_so(qtbot, document, jobs, small_recording, monkeypatch):
    from glmgui.panels.data import panel as module

    def fails(recording, context):
        raise ValueError("no such column")

    monkeypatch.setattr(module, "outline", fails)
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    document.open(small_recording, Analysis())
    qtbot.waitUntil(panel._content.isEnabled, timeout=20_000)
    assert "no such column" in notices().all[-1].text


def test_names_of_units_are_read_whole_in_the_table(qtbot, document, jobs, small_recording):
    from dataclasses import replace

    names = ("right choice", *small_recording.unit_names[1:])
    table = small_recording.unit_table
    named = replace(small_recording, unit_names=names, unit_table=None if table is None else table.set_axis(list(names)))
    panel = DataPanel(document, jobs)
    qtbot.addWidget(panel)
    panel.resize(1366, 640)
    panel.show()
    document.open(named, Analysis())
    qtbot.waitUntil(lambda: panel.units.model.rowCount() > 0, timeout=20_000)
    needed = panel.units.view.fontMetrics().horizontalAdvance("right choice")
    assert panel.units.view.columnWidth(0) > needed


def test_units_are_used_only_while_present_by_a_tick(panel, document):
    box = panel.time_form.while_present
    box.click()
    assert document.analysis.units.while_present
    document.undo()
    assert not box.isChecked()
