"""Files without a standard: the window shows what is in them, asks what it is, and remembers the answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import numpy as np
import pytest
import scipy.io
from pynwb import NWBHDF5IO, NWBFile, TimeSeries
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QApplication, QLabel, QLineEdit, QListWidget, QPushButton, QVBoxLayout, QWidget

from glmengine.errors import GlmError
from glmengine.io.companion_table import assist_with_companion
from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe, Spikes
from glmengine.io.recipe_assistant import assist, assist_like
from glmengine.io.remembered_recipes import remembered_recipe
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.dialogs.recipe_forms import RecipeForms, array_names
from glmgui.forms.editors import NamesEditor
from glmgui.tools.unattended import wait_until
from glmgui.widgets import form_scroll
from glmgui.widgets.form_scroll import FormScroll
from glmgui.widgets.messages import MessageLine
from tests.clock import PATIENCE_S


@pytest.fixture
def arrays(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "rat.npz"
    np.savez(path, t=np.arange(500) * 0.02, x=rng.normal(size=500), spike_times=np.sort(rng.uniform(0, 10, 100)))
    return path


@pytest.fixture
def odd(tmp_path):
    """Arrays whose names say nothing."""
    path = tmp_path / "odd.npz"
    np.savez(path, a=np.random.default_rng(1).normal(size=(50, 3)), b=np.array(["x", "y"]))
    return path


def test_the_dialog_shows_the_arrays_and_a_draft(qtbot, arrays):
    dialog = RecipeDialog(assist(arrays))
    qtbot.addWidget(dialog)
    cells = [[dialog.table.item(row, column).text() for column in range(3)] for row in range(3)]
    assert cells == [["t", "500", "numbers"], ["x", "500", "numbers"], ["spike_times", "100", "numbers"]]
    recipe = Recipe.from_toml(dialog.text)
    assert recipe.spikes.times == "spike_times"
    assert len(open_recording(arrays, recipe).spikes[0]) == 100
    dialog.editor.setPlainText("times = ")
    dialog.editor.moveCursor(dialog.editor.textCursor().MoveOperation.End)
    dialog.table.cellDoubleClicked.emit(1, 0)
    assert dialog.text == 'times = "x"'
    with qtbot.waitSignal(dialog.accepted):
        dialog.findChild(QPushButton, "recipe_use").click()


def test_a_fault_stands_in_the_dialog_until_the_text_is_edited(qtbot, odd):
    assistance = assist(odd)
    assert assistance.recipe.startswith("# Nothing here looks like")
    dialog = RecipeDialog(assistance, "[spikes]", "field 'spikes.times' is missing; add it")
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.message.isVisible()
    dialog.editor.appendPlainText("times = 'a'")
    assert not dialog.message.isVisible()


def test_the_window_opens_the_file_and_remembers_the_recipe(window, arrays, tmp_path):
    asked = []
    window.work.questions.recipe = lambda assistance, text, fault: (
        asked.append((assistance.remembered, fault))
        or (text + "\nnonsense = 1\n" if len(asked) == 1 else assistance.recipe.replace('name = "x"', 'name = "place"'))
    )
    window.work.opening.open(arrays)
    wait_until(
        lambda: window.work.document.recording is not None and "place" in window.work.document.recording.covariates,
        PATIENCE_S,
        "opening",
    )
    assert [fault != "" for _, fault in asked] == [False, True]
    other = tmp_path / "another.npz"
    with np.load(arrays) as content:
        np.savez(other, **{name: content[name] + 1 for name in content.files})
    assert assist(other).remembered
    assert remembered_recipe(other).covariates[0].name == "place"


def test_a_recording_without_its_tracking_opens_alone_and_the_next_one_with_it(window, tmp_path):
    """The recipe that was remembered named the tracking of the day before, and the next table of spikes could not be opened."""
    rng = np.random.default_rng(0)
    for day in (1, 2, 3):
        times = np.sort(rng.uniform(0, 60, 400))
        (tmp_path / f"spikes_day{day}.csv").write_text("spike_time\n" + "".join(f"{time:.6f}\n" for time in times))
    for day in (1, 3):
        (tmp_path / f"track_day{day}.csv").write_text("t,x\n" + "".join(f"{k / 10},{rng.uniform():.4f}\n" for k in range(600)))
    asked, held, document = [], [], window.work.document
    window.work.questions.recipe = lambda assistance, text, fault: asked.append((assistance, fault)) or text

    def opened(name: str) -> bool:
        return document.recording is not None and document.recording.name == name

    for day in (1, 2, 3):
        name = f"spikes_day{day}"
        window.work.opening.open(tmp_path / f"{name}.csv")
        wait_until(partial(opened, name), PATIENCE_S, "opening")
        held.append(set(document.recording.covariates))
    assert held == [{"x"}, set(), {"x"}]
    assert [found.remembered for found, _ in asked] == [False, True, True]
    assert not any(fault for _, fault in asked)
    assert asked[1][0].recipe.startswith("# Left out: x. ")


@pytest.mark.parametrize("how", ["added", "put in its place"])
def test_a_session_is_read_as_the_recording_of_the_analysis_was(window, tmp_path, how):
    """Only what was opened by hand was remembered: an analysis that came with its recipe, and the next session was drafted anew."""
    rng = np.random.default_rng(0)
    for day in (1, 2):
        np.savez(tmp_path / f"day{day}.npz", a=np.arange(500) * 0.02, b=rng.normal(size=500), c=np.sort(rng.uniform(0, 10, 100)))
    np.savez(tmp_path / "other.npz", q=np.sort(rng.uniform(0, 10, 100)))
    (tmp_path / "a.toml").write_text(
        '[recording]\npath = "day1.npz"\n[recording.recipe]\nspikes = {times = "c"}\n'
        'covariates = [{name = "odour", values = ["b"], times = "a"}]\n'
    )
    asked = []
    window.work.questions.recipe = lambda assistance, text, fault: asked.append(assistance) or text
    window.work.opening.open(tmp_path / "a.toml")
    document = window.work.document
    wait_until(lambda: document.recording is not None, PATIENCE_S, "opening")
    assert not asked
    before = document.recording
    (window.work.sessions.add if how == "added" else window.work.opening.replace_recording)(tmp_path / "day2.npz")
    wait_until(lambda: document.recording is not before, PATIENCE_S, "opening the other one")
    assert "odour" in document.recording.covariates
    assert Recipe.from_toml(asked[0].recipe).spikes.times == "c"
    assert asked[0].remembered
    assert remembered_recipe(tmp_path / "day2.npz").covariates[0].name == "odour"
    assert assist_like(assist(tmp_path / "other.npz"), document.recording) == assist(tmp_path / "other.npz")


def test_of_a_file_without_units_the_response_is_asked_for(window, tmp_path):
    """Photometry and patched cells: what the response is no NWB file says."""
    signal = np.random.default_rng(0).normal(size=400)
    file = NWBFile("a session", "x", datetime(2024, 1, 1, tzinfo=UTC))
    for name in ("dff", "isosbestic"):
        file.add_acquisition(TimeSeries(name=name, data=signal, unit="a.u.", rate=20.0, starting_time=0.0))
    with NWBHDF5IO(tmp_path / "p.nwb", "w") as io:
        io.write(file)
    asked = []
    window.work.questions.recipe = lambda assistance, text, fault: asked.append(assistance) or text
    window.work.opening.open(tmp_path / "p.nwb")
    wait_until(lambda: window.work.document.recording is not None, PATIENCE_S, "opening")
    assert [row[0] for row in asked[0].arrays] == ["acquisition/dff", "acquisition/isosbestic"]
    assert window.work.document.recording.unit_names == ("dff",)
    assert set(window.work.document.recording.covariates) == {"isosbestic"}
    assert window.work.document.analysis.model.family == "gaussian"


def test_leaving_the_dialog_opens_nothing(window, arrays):
    window.work.questions.recipe = lambda assistance, text, fault: None
    before = window.work.document.recording
    window.work.opening.open(arrays)
    wait_until(lambda: not window.work.jobs.busy, PATIENCE_S, "looking at the file")
    assert window.work.document.recording is before


def test_who_has_never_written_toml_chooses_from_lists(qtbot, jobs, arrays):
    dialog = RecipeDialog(assist(arrays), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.tabs.currentIndex() == 0
    times = dialog.forms.units[0].editor("times")
    assert times.value() == "spike_times"
    assert [times._box.itemText(at) for at in range(times._box.count())] == ["t", "x", "spike_times"]
    qtbot.waitUntil(lambda: "1 unit, 100 spikes in" in dialog.preview.said.text(), timeout=20_000)
    assert "x: " in dialog.preview.said.text()
    unit = dialog.forms.units[0].editor("time_unit")._box
    assert unit.currentText() == "seconds"
    unit.setCurrentIndex(unit.findData("ms"))
    assert Recipe.from_toml(dialog.text).spikes.time_unit == "ms"
    qtbot.waitUntil(lambda: re.search(r"to 0\.00\d+\ss\.", dialog.preview.said.text()) is not None, timeout=20_000)


def test_what_is_doubtful_in_what_a_recipe_makes_is_seen_before_it_is_opened(qtbot, jobs, tmp_path):
    times = np.arange(0, 1_200_000, 100 / 3)
    spikes = [np.arange(50.25, 1_199_000.0, 400.0), np.r_[120.5, 120.5, np.arange(130.0, 1_199_000.0, 900.0)]]
    scipy.io.savemat(tmp_path / "in_ms.mat", {"spikes": np.array(spikes, object), "t": times, "x": times % 97})
    dialog = RecipeDialog(assist(tmp_path / "in_ms.mat"), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    preview = dialog.preview
    qtbot.waitUntil(lambda: "as if their times were in milliseconds" in preview.doubts.text, timeout=20_000)
    assert "Repeated spike times left out: 1 (unit 2)" in preview.said.text()
    dialog.editor.setPlainText(re.sub(r"(?m)^(\[spikes\]|\[\[covariates\]\])$", r'\1\ntime_unit = "ms"', dialog.text))
    qtbot.waitUntil(lambda: "in 1,200.0" in preview.said.text() and preview.doubts.text == "", timeout=20_000)


def test_what_is_wrong_with_a_choice_is_said_while_it_is_made(qtbot, jobs, arrays):
    dialog = RecipeDialog(assist(arrays), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    unit = dialog.forms.units[0].editor("time_unit")._box
    unit.setCurrentIndex(unit.findData("samples"))

    def said() -> str:
        labels = [label.text() for label in dialog.forms.findChildren(QLabel) if not label.isHidden()]
        return dialog.message.text + " ".join(labels)

    qtbot.waitUntil(lambda: "sampling rate; add rate" in said(), timeout=20_000)


def test_what_a_file_was_refused_for_is_said_beside_the_choice_without_the_name_of_its_field(qtbot, jobs, arrays):
    assistance = assist(arrays)
    text = assistance.recipe.replace('"spike_times"', '"spiketimes"')
    fault = "rat.npz: field 'spikes.times': there is no array or column 'spiketimes'"
    dialog = RecipeDialog(assistance, text, fault, None, jobs)
    qtbot.addWidget(dialog)
    dialog.show()

    def said() -> list[str]:
        return [label.text() for label in dialog.forms.findChildren(QLabel) if "no array" in label.text()]

    qtbot.waitUntil(lambda: bool(said()), timeout=20_000)
    assert "rat.npz" not in said()[0], "beside a choice neither the file nor the field is named"
    assert dialog.message.text == fault


def test_text_and_forms_say_the_same(qtbot, arrays):
    dialog = RecipeDialog(assist(arrays))
    qtbot.addWidget(dialog)
    dialog.tabs.setCurrentIndex(1)
    recipe = Recipe.from_toml(dialog.text)
    dialog.editor.setPlainText(recipe.with_(covariates=(recipe.covariates[0].with_(name="place", unit="cm"),)).to_toml())
    dialog.tabs.setCurrentIndex(0)
    assert dialog.forms.lists.value.covariates[0].name == "place"
    dialog.forms.lists._editors["events"]._add.click()
    assert Recipe.from_toml(dialog.text).events[0].name == "event"
    assert Recipe.from_toml(dialog.text).covariates[0].unit == "cm"


def test_counts_are_chosen_in_place_of_spikes(qtbot, odd):
    dialog = RecipeDialog(assist(odd))
    qtbot.addWidget(dialog)
    assert array_names(assist(odd).arrays)[:4] == ["a", "a[0]", "a[1]", "a[2]"]
    dialog.forms.kind.setCurrentIndex(1)
    recipe = Recipe.from_toml(dialog.text)
    assert recipe.spikes is None
    assert recipe.counts.values == ("a",)


def test_an_answer_that_comes_after_the_dialog_is_left_is_not_shown(qtbot, jobs, arrays):
    dialog = RecipeDialog(assist(arrays), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.preview.said.text() != "", timeout=20_000)
    dialog.reject()
    before = dialog.preview.said.text()
    qtbot.waitUntil(lambda: not jobs._pending, timeout=20_000)
    qtbot.wait(50)
    assert dialog.preview.said.text() == before


@pytest.fixture
def matrices(tmp_path):
    """Two matrices of one time base, one of which lies on its side."""
    rng = np.random.default_rng(0)
    path = tmp_path / "matrices.npz"
    left, right = rng.normal(size=(500, 2)), rng.normal(size=(3, 500))
    np.savez(path, t=np.arange(500) * 0.02, left=left, right=right, spike_times=np.sort(rng.uniform(0, 10, 100)))
    return path, left, right


def test_matrices_that_are_ticked_together_stand_side_by_side(matrices):
    path, left, right = matrices
    told = '[spikes]\ntimes = "spike_times"\n[[covariates]]\nname = "p"\nvalues = ["left", "right"]\n{times}'
    for times in ('times = "t"\n', "rate = 50.0\n"):
        recording = open_recording(path, Recipe.from_toml("format_version = 1\n" + told.format(times=times)))
        np.testing.assert_array_equal(recording.covariates["p"].data.values, np.column_stack([left, right.T]))
    counted = open_recording(path, Recipe.from_toml('format_version = 1\n[counts]\nvalues = ["left", "right"]\ntimes = "t"\n'))
    assert list(counted.unit_names) == ["left_0", "left_1", "right_0", "right_1", "right_2"]


def test_lengths_are_compared_by_rows(matrices):
    path, *_ = matrices
    with pytest.raises(GlmError, match=r"differ in length \(100, 500\)"):
        open_recording(
            path,
            Recipe.from_toml(
                'format_version = 1\n[spikes]\ntimes = "t"\n[[covariates]]\nname = "p"\nvalues = ["left", "spike_times"]\nrate = 50.0\n'
            ),
        )


@pytest.mark.parametrize("from_menu", [False, True])
def test_a_second_file_is_offered_and_opened_with_the_first(qtbot, jobs, tmp_path, from_menu):
    rng = np.random.default_rng(0)
    (tmp_path / "spikes_day1.csv").write_text("\n".join(["unit,time", *(f"{at % 3},{at * 0.05:.3f}" for at in range(200))]))
    (tmp_path / "track_day1.csv").write_text("\n".join(["t,x", *(f"{at * 0.02:.2f},{rng.normal():.3f}" for at in range(500))]))
    (tmp_path / "notes.pdf").write_bytes(b"%PDF")
    dialog = RecipeDialog(assist(tmp_path / "spikes_day1.csv"), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog.likeliest.isVisible)
    menu = dialog.more.menu()
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions() if action.text()] == ["track_day1.csv", "Another file\u2026"]
    if from_menu:
        menu.actions()[0].trigger()
    else:
        assert dialog.likeliest.text() == "Add track_day1.csv"
        dialog.likeliest.click()
    qtbot.waitUntil(lambda: dialog.table.rowCount() == 4)
    assert not dialog.likeliest.isVisible(), "the recipe names it now"
    names = dialog.forms.lists.editor("covariates").findChild(QListWidget)
    shown = [names.item(at).text() for at in range(names.count())]
    assert shown[-2:] == ["track_day1.csv:t", "track_day1.csv:x"]
    (drafted,) = Recipe.from_toml(dialog.text).covariates
    assert (drafted.name, drafted.values, drafted.times) == ("x", ("track_day1.csv:x",), "track_day1.csv:t")
    qtbot.waitUntil(lambda: "x: " in dialog.preview.said.text())
    assert open_recording(tmp_path / "spikes_day1.csv", Recipe.from_toml(dialog.text)).covariates["x"].data.values.shape == (500,)


def test_a_second_file_elsewhere_is_refused(qtbot, jobs, arrays, tmp_path):
    (tmp_path / "other").mkdir()
    np.savez(tmp_path / "other" / "track.npz", x=np.arange(5.0))
    dialog = RecipeDialog(assist(arrays), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.add_file(tmp_path / "other" / "track.npz")
    qtbot.waitUntil(lambda: "another folder" in dialog.message.text)
    assert dialog.table.rowCount() == 3


def test_lists_show_what_they_hold(qtbot, jobs, arrays):
    dialog = RecipeDialog(assist(arrays), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    times = dialog.forms.units[0].editor("times")
    times._box.lineEdit().setText("")
    times._box.lineEdit().editingFinished.emit()
    assert times._box.currentText() == times.value() == "spike_times"
    values = dialog.forms.lists.editor("covariates").findChild(QListWidget)
    for at in range(values.count()):
        values.item(at).setCheckState(Qt.CheckState.Unchecked)
    held = Recipe.from_toml(dialog.text).covariates[0].values
    assert held == ("x",)
    dialog.findChild(QPushButton, "recipe_use").click()
    assert dialog.isVisible(), "what is shown is not what would be opened"
    assert dialog.message.text
    values.item(1).setCheckState(Qt.CheckState.Checked)
    with qtbot.waitSignal(dialog.accepted):
        dialog.findChild(QPushButton, "recipe_use").click()


def test_ticks_keep_the_order_that_was_given(qtbot):
    editor = NamesEditor("arrays")
    qtbot.addWidget(editor)
    editor.set_context({"arrays": ["x", "y", "z"]})
    editor.set_value(("y", "x"))
    editor._list.item(2).setCheckState(Qt.CheckState.Checked)
    assert editor.value() == ("y", "x", "z")


def test_a_kind_of_units_that_cannot_be_is_not_shown(qtbot):
    forms = RecipeForms([])
    qtbot.addWidget(forms)
    forms.set_recipe(Recipe(spikes=Spikes(times="gone")))
    forms.kind.setCurrentIndex(1)
    assert forms.kind.currentIndex() == 0
    assert forms.recipe.spikes is not None


def test_what_is_held_trial_by_trial_can_be_said(qtbot):
    forms = RecipeForms([("spikes", "(4 cells)", "cells", ""), ("length", "4", "numbers", "")])
    qtbot.addWidget(forms)
    forms.set_recipe(Recipe(spikes=Spikes(times="spikes")))
    assert not forms.trials.isVisibleTo(forms)
    forms.by_trial.click()
    assert forms.recipe.by_trial.times == ("spikes",)
    assert forms.trials.isVisibleTo(forms)
    forms.trials.edited.emit(forms.recipe.by_trial.with_(stop="length"))
    assert forms.recipe.by_trial.stop == "length"
    assert forms.show_error("by_trial.stop", "no such array")
    forms.by_trial.click()
    assert forms.recipe.by_trial is None
    assert not forms.trials.isVisibleTo(forms)


def test_a_message_moves_nothing_under_the_mouse(qtbot, monkeypatch):
    form = QWidget()
    box = QVBoxLayout(form)
    lines = [QLineEdit(form) for _ in range(12)]
    message = MessageLine("message", form)
    for at, line in enumerate(lines):
        line.setMinimumHeight(30)
        box.addWidget(line)
        if at == 2:
            box.addWidget(message)
    box.addStretch(1)
    scroll = FormScroll(form, "scroll")
    qtbot.addWidget(scroll)
    for height in (300, 700):  # with and without a scroll bar
        scroll.resize(400, height)
        scroll.show()
        qtbot.wait(20)
        monkeypatch.setattr(QApplication, "widgetAt", lambda at: lines[5])

        def place() -> int:
            return lines[5].mapTo(scroll.viewport(), lines[5].rect().topLeft()).y()

        before = place()
        message.show_error("This value is not what it should be, for reasons that take some room to say. " * 3)
        qtbot.waitUntil(lambda: lines[3].y() > lines[2].y() + 60)
        qtbot.wait(20)
        assert place() == before
        message.clear()
        qtbot.wait(20)
        assert place() == before


def test_between_two_fields_the_nearest_one_stays_where_it_is_while_a_message_comes(qtbot, monkeypatch):
    """With the mouse on its way, between fields, a message moved the field away that was clicked next."""
    form = QWidget()
    box, lines, message = QVBoxLayout(form), [QLineEdit() for _ in range(30)], MessageLine("m")
    box.setSpacing(20)
    for at, line in enumerate(lines):
        box.addWidget(line)
        if at == 2:
            box.addWidget(message)
    scroll = FormScroll(form, "scroll")
    qtbot.addWidget(scroll)
    scroll.resize(400, 300)
    scroll.show()
    qtbot.wait(20)
    below = form.mapToGlobal(lines[5].geometry().center()) - QPoint(0, lines[5].height() // 2 + 3)
    monkeypatch.setattr(QApplication, "widgetAt", lambda at: form)
    monkeypatch.setattr(form_scroll.QCursor, "pos", lambda: below)
    before = lines[5].mapTo(scroll.viewport(), lines[5].rect().topLeft()).y()
    message.show_error("This value is not what it should be, for reasons that take some room to say. " * 3)
    qtbot.waitUntil(lambda: lines[3].y() > lines[2].y() + 80)
    qtbot.wait(20)
    assert lines[5].mapTo(scroll.viewport(), lines[5].rect().topLeft()).y() == before


def test_where_nothing_is_recognised_lists_and_text_begin_with_the_same(qtbot, odd):
    dialog = RecipeDialog(assist(odd))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.forms.units[0].editor("times").value() == Recipe.from_toml(dialog.text).spikes.times == "a"
    assert "Nothing here looks like" in dialog.message.text
    assert not [
        label.text() for label in dialog.forms.findChildren(QLabel) if label.isVisible() and label.text().startswith("\u2716")
    ]


def test_lists_cannot_be_changed_while_the_text_says_nothing(qtbot, arrays):
    dialog = RecipeDialog(assist(arrays))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.tabs.setCurrentIndex(1)
    good = dialog.text
    dialog.editor.setPlainText("times = ")
    dialog.tabs.setCurrentIndex(0)
    assert not dialog.forms.isEnabled()
    dialog.tabs.setCurrentIndex(1)
    dialog.editor.setPlainText(good)
    dialog.tabs.setCurrentIndex(0)
    assert dialog.forms.isEnabled()


def test_a_table_that_was_found_beside_can_be_left_out_and_taken_again(qtbot, tmp_path):
    rng = np.random.default_rng(0)
    spikes = (f"{time:.4f},{rng.integers(1, 4)}\n" for time in np.sort(rng.uniform(0, 60, 400)))
    (tmp_path / "spikes.csv").write_text("spike_times,unit\n" + "".join(spikes))
    (tmp_path / "track.csv").write_text("t,x,y\n" + "".join(f"{0.02 * at:.2f},{at % 50}.5,{at % 30}.5\n" for at in range(3000)))
    dialog = RecipeDialog(assist_with_companion(tmp_path / "spikes.csv"))
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.title.text() == "spikes.csv, track.csv: say what their arrays are."
    assert "leave it out if it is of another recording" in dialog.said.text()
    assert Recipe.from_toml(dialog.text).covariates
    assert dialog.leave_out.text() == "Leave out track.csv"
    dialog.leave_out.click()
    assert dialog.title.text() == "spikes.csv (table): say what its arrays are."
    assert "track" not in dialog.said.text()
    assert not dialog.leave_out.isVisible()
    assert not Recipe.from_toml(dialog.text).covariates
    assert [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())] == ["spike_times", "unit"]
