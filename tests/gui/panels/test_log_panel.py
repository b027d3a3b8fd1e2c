"""The log lists what was said while it was hidden when it is looked at, in order, and no more than it keeps."""

from __future__ import annotations

import pytest

from glmgui.panels.log import LogPanel


@pytest.fixture
def panel(qtbot, document, jobs) -> LogPanel:
    panel = LogPanel(document, jobs)
    qtbot.addWidget(panel)
    return panel


def test_steps_that_nobody_sees_make_no_rows_until_the_log_is_shown(panel, jobs):
    before = panel.list.topLevelItemCount()
    for number in range(3):
        jobs.logged.emit(f"step {number}")
    assert panel.list.topLevelItemCount() == before
    panel.show()
    said = [panel.list.topLevelItem(at).text(2) for at in range(panel.list.topLevelItemCount())]
    assert said[-3:] == ["step 0", "step 1", "step 2"]
    jobs.logged.emit("step 3")  # seen at once
    assert panel.list.topLevelItem(panel.list.topLevelItemCount() - 1).text(2) == "step 3"


def test_the_text_of_a_hidden_log_is_whole_and_what_was_cleared_is_gone(panel, jobs):
    jobs.logged.emit("a step")
    assert "a step" in panel.text
    jobs.logged.emit("another")
    panel.findChild(object, "log_clear").click()
    assert panel.text == ""


def test_a_hidden_log_keeps_no_more_than_a_shown_one(panel, jobs):
    for number in range(2100):
        jobs.logged.emit(f"step {number}")
    assert "step 99\n" not in panel.text
    assert "step 2099" in panel.text
