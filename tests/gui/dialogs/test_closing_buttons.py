"""The buttons that end a dialog: what leaves it first, then what is done, last and by its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from qtpy.QtWidgets import QPushButton

from glmengine.recording.derived.quantities import Speed
from glmgui.dialogs.details import DetailsDialog
from glmgui.dialogs.locate import LocateDialog
from glmgui.notices import Notice
from glmgui.panels.data.derived_dialog import DerivedDialog
from glmgui.panels.data.moving import MovingDialog

SPEED = Speed(name="speed", source="position")
ASKED = {
    "moving": lambda recording, jobs: MovingDialog(recording),
    "derived": lambda recording, jobs: DerivedDialog(SPEED, (), recording, None, jobs),
    "derived again": lambda recording, jobs: DerivedDialog(SPEED, (), recording, None, jobs, new=False),
    "details": lambda recording, jobs: DetailsDialog(Notice("error", "Something is wrong", "", "Fitting")),
    "locate": lambda recording, jobs: LocateDialog(Path("day 3/rat7.nwb"), "rat7"),
}


@pytest.mark.parametrize("name", ASKED)
def test_the_last_button_is_what_is_done(name, small_recording, jobs, qtbot):
    dialog = ASKED[name](small_recording, jobs)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: jobs.idle)
    buttons = [one for one in dialog.findChildren(QPushButton) if one.isVisible()]
    lowest = max(one.mapTo(dialog, one.rect().topLeft()).y() for one in buttons)
    last_row = [one for one in buttons if one.mapTo(dialog, one.rect().topLeft()).y() == lowest]
    last_row.sort(key=lambda one: one.mapTo(dialog, one.rect().topLeft()).x())
    assert [one.isDefault() for one in last_row] == [False] * (len(last_row) - 1) + [True]
    assert last_row[-1].text() not in ("OK", "Yes", "Close", "Cancel")
    assert all(one.accessibleDescription() for one in last_row)
