"""Fields: texts of combo boxes that there is no room for, and numbers outside their range."""

from __future__ import annotations

import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QHelpEvent, QIcon, QPixmap
from qtpy.QtWidgets import QLineEdit, QToolTip, QWidget

from glmengine.analysis.analysis import Time
from glmgui.forms.form import SpecForm
from glmgui.forms.numbers import NumberBox, WholeBox
from glmgui.range_note import RangeNote
from glmgui.still_fields import StillCombo, StillDouble
from glmgui.widgets.layout import column


def test_a_text_without_room_ends_with_dots_and_is_whole_in_the_tooltip(qtbot, monkeypatch):
    box = StillCombo()
    qtbot.addWidget(box)
    box.setToolTip("What is drawn")
    box.addItem("unit 20: position.x x position.y: data and model")
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda at, text, over: said.append(text))
    box.resize(box.sizeHint())
    assert not box.is_cut
    box.resize(120, box.height())
    box.grab()
    assert box.is_cut
    box.event(QHelpEvent(QHelpEvent.Type.ToolTip, QPoint(3, 3), QPoint(3, 3)))
    assert said == ["unit 20: position.x x position.y: data and model\nWhat is drawn"]
    box.setItemText(0, "unit 20")
    assert not box.is_cut
    box.setItemIcon(0, QIcon(QPixmap(64, 16)))
    box.setIconSize(QPixmap(64, 16).size())
    assert box.is_cut, "the icon takes room"


def whole() -> WholeBox:
    box = WholeBox(1, 40)
    box.setSuffix(" bins")
    return box


def real() -> NumberBox:
    box = NumberBox(1e-5, 10.0)
    box.setSuffix(" s")
    return box


def fixed() -> StillDouble:
    box = StillDouble()
    box.setRange(0.5, 20.0)
    return box


@pytest.mark.parametrize(
    ("make", "usual", "typed", "said"),
    [
        (real, 0.01, "99999", "99999 is not taken: from 1e-05 to 10 s"),
        (real, 0.01, "-1", "-1 is not taken: from 1e-05 to 10 s"),
        (whole, 5, "99999", "99999 is not taken: from 1 to 40 bins"),
        (whole, 5, "0", "0 is not taken: from 1 to 40 bins"),
        (fixed, 3.0, "900", "900 is not taken: from 0.5 to 20"),
        (lambda: NumberBox(0.0), 3.0, "-2", "-2 is not taken: at least 0"),
        (lambda: NumberBox(high=0.0), -3.0, "2", "2 is not taken: at most 0"),
        (real, 0.01, "abc", "'abc' is not taken: a number from 1e-05 to 10 s"),
        (real, 0.01, "5 cm", "'5 cm' is not taken: a number from 1e-05 to 10 s"),
        (real, 0.01, "1,000", "'1,000' is not taken: a number from 1e-05 to 10 s"),
        (real, 0.01, "20 min", "20 min is not taken: from 1e-05 to 10 s"),
        (real, 0.01, "nan", "'nan' is not taken: a number from 1e-05 to 10 s"),
        (whole, 5, "2.5", "'2.5' is not taken: a whole number from 1 to 40 bins"),
        (whole, 5, "7ms", "'7ms' is not taken: a whole number from 1 to 40 bins"),
        (fixed, 3.0, "4mm", "'4mm' is not taken: a number from 0.5 to 20"),
        (lambda: NumberBox(0.0), 3.0, "5 ms", "'5 ms' is not taken: a number at least 0"),
    ],
)
@pytest.mark.parametrize("leave", [Qt.Key.Key_Return, Qt.Key.Key_Tab])
def test_what_is_no_number_of_its_range_is_not_taken_and_the_range_is_said_beside_the_field(
    qtbot, make, usual, typed, said, leave
):
    page = QWidget()
    qtbot.addWidget(page)
    box = make()
    box.setValue(usual)
    column(page).addWidget(box)
    page.layout().addWidget(QLineEdit(page))
    page.resize(300, 200)
    with qtbot.waitExposed(page):
        page.show()
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, typed)
    assert box.cleanText() == typed
    qtbot.keyClick(box, leave)
    assert box.value() == usual
    assert box.said_of_range == said
    assert page.rect().contains(box._note.geometry())
    assert not box._note.geometry().intersects(box.geometry())
    assert box.fixup(box.text().replace(box.cleanText(), typed)) is not None  # once more while it is said
    assert box.said_of_range == said
    qtbot.waitUntil(lambda: len(page.findChildren(RangeNote)) == 1)
    box.setFocus()
    box.selectAll()
    qtbot.keyClicks(box, "1" if usual > 0 else "-1")
    assert box.said_of_range == ""
    qtbot.waitUntil(lambda: not page.findChildren(RangeNote))  # of a hundred fields each had kept a note and its timer


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("5 ms", 0.005),
        ("5ms", 0.005),
        ("250 \u00b5s", 2.5e-4),
        ("0,05", 0.05),
        ("2e1 ms", 0.02),
        ("0.5 s", 0.5),
        ("0.05 min", 3.0),
    ],
)
def test_other_units_of_time_and_a_comma_are_understood(qtbot, typed, value):
    box = real()
    qtbot.addWidget(box)
    box.setValue(0.01)
    box.selectAll()
    qtbot.keyClicks(box, typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == value
    assert box.said_of_range == ""


def test_a_field_of_a_form_knows_the_unit_beside_it(qtbot):
    form = SpecForm(Time, fields=("max_gap", "bin_size"), name="time")
    qtbot.addWidget(form)
    (box,) = form.editor("bin_size").controls()[:1]
    box.selectAll()
    qtbot.keyClicks(box, "5 ms")
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 0.005
