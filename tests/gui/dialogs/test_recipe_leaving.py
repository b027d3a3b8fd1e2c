"""Leaving the dialog about the arrays of a file asks before entries are lost; the preview counts trials and events."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from glmengine.io.recipe_assistant import assist
from glmgui.dialogs.questions import Dialogs
from glmgui.dialogs.recipe import RecipeDialog


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(0)
    starts = np.arange(1.0, 90, 4)
    licks = np.sort(rng.uniform(0, 100, 40))
    np.savez(tmp_path / "a.npz", spikes=np.sort(rng.uniform(0, 100, 500)), tStart=starts, tEnd=starts + 2, lick_times=licks)
    return tmp_path / "a.npz"


def test_escape_asks_before_entries_are_lost(qtbot, path):
    """All that was entered was gone with one press of Escape."""
    asked, may = [], [False, True]
    dialog = RecipeDialog(assist(path), may_lose=lambda over: asked.append(over) or may.pop(0))
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.editor.setPlainText(dialog.text + "\n# mine\n")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert asked == [dialog, dialog]


def test_escape_does_not_ask_where_nothing_was_changed(qtbot, path):
    dialog = RecipeDialog(assist(path), may_lose=lambda over: pytest.fail("there is nothing to lose"))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


@pytest.mark.parametrize(("button", "lost"), [("Leave it", True), ("Go on", False)])
def test_the_question_has_two_answers(qtbot, button, lost):
    def answer():
        box = next(one for one in QApplication.topLevelWidgets() if isinstance(one, QMessageBox) and one.isVisible())
        next(one for one in box.buttons() if one.text() == button).click()

    QTimer.singleShot(50, answer)
    assert Dialogs(None).may_lose_entries(None) is lost


def test_the_preview_says_how_many_trials_and_events_there_are(qtbot, jobs, path):
    dialog = RecipeDialog(assist(path), jobs=jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: "Events: 40 lick_times." in dialog.preview.said.text(), timeout=20_000)
    assert "Trials: 23 trials." in dialog.preview.said.text()
