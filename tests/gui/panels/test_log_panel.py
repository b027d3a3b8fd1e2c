"""The log lists what was said, in order, and no more than it keeps; steps of a job where they are asked for."""

from __future__ import annotations

import pytest
from qtpy.QtCore import Qt

from glmgui.notices import Notice
from glmgui.panels.log import LogPanel
from glmgui.panels.log.lines import MOST


@pytest.fixture
def panel(qtbot, document, jobs) -> LogPanel:
    panel = LogPanel(document, jobs)
    qtbot.addWidget(panel)
    return panel


def listed(panel: LogPanel) -> list[str]:
    return [panel.lines.index(at, 2).data() for at in range(panel.lines.rowCount())]


def test_steps_are_listed_where_they_are_asked_for_in_the_order_in_which_they_came(panel, jobs):
    before = listed(panel)
    jobs.logged.emit("step 0")
    jobs.finished.emit("A fit")
    jobs.logged.emit("step 1")
    assert listed(panel) == [*before, "A fit: done"]
    panel.steps.setChecked(True)
    assert listed(panel)[-3:] == ["step 0", "A fit: done", "step 1"]
    jobs.logged.emit("step 2")
    assert listed(panel)[-1] == "step 2"
    panel.steps.setChecked(False)
    assert listed(panel) == [*before, "A fit: done"]


def test_the_details_of_a_line_are_shown_and_what_went_wrong_has_a_word_and_a_colour(panel, qtbot):
    panel.add(Notice("error", "the file is gone", title="Open", details="line one\nline two"))
    row = panel.lines.rowCount() - 1
    sign = panel.lines.index(row, 1)
    assert "error" in sign.data()
    assert sign.data(Qt.ItemDataRole.ForegroundRole) is not None
    panel.list.setCurrentIndex(sign)
    assert panel.details.toPlainText().endswith("the file is gone\n\nline one\nline two")
    panel.findChild(object, "log_clear").click()
    assert panel.details.toPlainText() == ""
    assert panel.lines.rowCount() == 0


def test_the_text_is_whole_and_what_was_cleared_is_gone(panel, jobs):
    jobs.logged.emit("a step")
    assert "a step" in panel.text
    jobs.logged.emit("another")
    panel.findChild(object, "log_clear").click()
    assert panel.text == ""


def test_no_more_is_kept_than_the_most(panel, jobs):
    panel.steps.setChecked(True)
    for number in range(MOST + 100):
        jobs.logged.emit(f"step {number}")
    assert panel.lines.rowCount() == MOST
    assert "step 99\n" not in panel.text
    assert listed(panel)[0] == "step 100"
    assert listed(panel)[-1] == f"step {MOST + 99}"


def test_the_end_stays_in_view_unless_the_reader_is_elsewhere(panel, jobs, qtbot):
    panel.resize(600, 200)
    panel.show()
    bar = panel.list.verticalScrollBar()
    for number in range(100):
        jobs.finished.emit(f"job {number}")
    qtbot.waitUntil(lambda: bar.maximum() > 0 and bar.value() == bar.maximum())
    bar.setValue(0)
    jobs.finished.emit("one more")
    qtbot.wait(50)
    assert bar.value() == 0
