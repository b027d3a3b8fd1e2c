"""Files without a standard: the window shows what is in them, asks what it is, and remembers the answer."""

from __future__ import annotations

import re

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QPushButton

from glmengine.io.opening import open_recording
from glmengine.io.recipe.recipe import Recipe
from glmengine.io.recipe_assistant import assist, remembered_recipe
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.dialogs.recipe_forms import array_names
from glmgui.tools.unattended import wait_until


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
        30,
        "opening",
    )
    assert [fault != "" for _, fault in asked] == [False, True]
    other = tmp_path / "another.npz"
    with np.load(arrays) as content:
        np.savez(other, **{name: content[name] + 1 for name in content.files})
    assert assist(other).remembered
    assert remembered_recipe(other).covariates[0].name == "place"


def test_leaving_the_dialog_opens_nothing(window, arrays):
    window.work.questions.recipe = lambda assistance, text, fault: None
    before = window.work.document.recording
    window.work.opening.open(arrays)
    wait_until(lambda: not window.work.jobs.busy, 30, "looking at the file")
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
    qtbot.waitUntil(lambda: re.search(r"to 0\.00\d+ s\.", dialog.preview.said.text()) is not None, timeout=20_000)


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


def test_text_and_forms_say_the_same(qtbot, arrays):
    dialog = RecipeDialog(assist(arrays))
    qtbot.addWidget(dialog)
    dialog.tabs.setCurrentIndex(1)
    recipe = Recipe.from_toml(dialog.text)
    dialog.editor.setPlainText(recipe.with_(covariates=(recipe.covariates[0].with_(name="place", unit="cm"),)).to_toml())
    dialog.tabs.setCurrentIndex(0)
    assert dialog.forms.lists.value.covariates[0].name == "place"
    dialog.forms.lists._editors["events"]._add.click()
    assert Recipe.from_toml(dialog.text).events[0].times == "t"
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
