"""Files without a standard: the window shows what is in them, asks what it is, and remembers the answer."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtWidgets import QPushButton

from glmengine.assisting import assist, remembered_recipe
from glmengine.opening import open_recording
from glmengine.recipes import Recipe
from glmgui.dialogs.recipe import RecipeDialog
from glmgui.unattended import wait_until


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
    window.session.questions.recipe = lambda assistance, text, fault: (
        asked.append((assistance.remembered, fault))
        or (text + "\nnonsense = 1\n" if len(asked) == 1 else assistance.recipe.replace('name = "x"', 'name = "place"'))
    )
    window.session.open(arrays)
    wait_until(
        lambda: window.session.document.recording is not None and "place" in window.session.document.recording.covariates,
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
    window.session.questions.recipe = lambda assistance, text, fault: None
    before = window.session.document.recording
    window.session.open(arrays)
    wait_until(lambda: not window.session.jobs.busy, 30, "looking at the file")
    assert window.session.document.recording is before
