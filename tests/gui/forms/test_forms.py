"""Forms show every kind of field, give back a new spec at each valid edit, and put messages beside their causes."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QMenu,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from glmengine.errors import GlmError
from glmengine.spec import Spec, param
from glmgui.forms.form import SpecForm
from glmgui.forms.numbers import NumberBox
from glmgui.widgets.controls import MenuButton


class Spline(Spec):
    family: Literal["spline"] = "spline"
    n: int = param(8, title="Functions", help="How many.", ge=2, le=40)
    order: int = param(4, title="Order", help="Order of the pieces.", ge=1, le=6)
    bounds: tuple[float, float] | None = param(None, title="Bounds", help="Range of the covariate.")


class Cosine(Spec):
    family: Literal["raised_cosine"] = "raised_cosine"
    n: int = param(5, title="Functions", help="How many.", ge=2, le=40)
    window: float = param(0.1, title="Window", help="How far back.", unit="s", gt=0, le=5, log=True)


class Custom(Spec):
    family: Literal["custom"] = "custom"
    expression: str = param(title="Expression", help="Needs to be written.", min_length=1)


class Part(Spec):
    variable: str = param(title="Variable", help="Which.", choices="variables", min_length=1)
    basis: Annotated[Spline | Cosine | Custom, Field(discriminator="family")] = param(title="Basis", help="Functions.")


class Whole(Spec):
    name: str = param("", title="Name", help="Free text.")
    use: bool = param(True, title="Use it", help="Whether.")
    size: float = param(0.01, title="Bin size", help="Width.", unit="s", gt=0, le=10, log=True)
    gap: float | None = param(None, title="Gap", help="Longest.", unit="s", gt=0, advanced=True)
    strengths: tuple[float, ...] = param((1e-5, 1e-2), title="Strengths", help="To try.", min_length=1)
    intervals: tuple[tuple[float, float], ...] = param((), title="Intervals", help="Pieces.", unit="s")
    epochs: tuple[str, ...] = param(("all",), title="Epochs", help="Names.", choices="epochs")
    parts: tuple[Part, ...] = param(title="Parts", help="One or more.", min_length=1)
    secret: int = param(0, title="Secret", help="Not shown.", hidden=True)

    @model_validator(mode="after")
    def _gap_is_longer(self):
        if self.gap is not None and self.gap < self.size:
            raise GlmError("the gap is shorter than a bin; make it longer", field="gap")
        return self


CHOICES = {"variables": ["speed", "position.x"], "epochs": ["all", "run", "sleep"]}


@pytest.fixture
def form(qtbot) -> SpecForm:
    made = SpecForm(Whole)
    qtbot.addWidget(made)
    made.set_context(CHOICES)
    made.set_value(Whole(parts=(Part(variable="speed", basis=Spline()),)))
    made.show()
    return made


def control(form: QWidget, name: str, kind: type = QWidget):
    found = form.findChild(kind, name)
    assert found is not None, name
    return found


def shown_messages(form: QWidget) -> list[str]:
    return [label.text() for label in form.findChildren(QLabel) if label.objectName().endswith("_message") and label.isVisible()]


def test_each_kind_of_field_has_its_control(form):
    assert control(form, "whole_name", QLineEdit)
    assert control(form, "whole_use", QCheckBox).isChecked()
    assert control(form, "whole_size", QDoubleSpinBox).value() == 0.01
    assert control(form, "whole_epochs", QListWidget).count() == 3
    assert control(form, "whole_parts_0_variable", QComboBox).currentText() == "speed"
    assert control(form, "whole_parts_0_basis_family", QComboBox).count() == 3
    assert control(form, "whole_parts_0_basis_n", QSpinBox).value() == 8
    assert form.findChild(QWidget, "whole_secret") is None


def test_every_control_that_takes_focus_has_a_name_for_screen_readers(form):
    for widget in form.findChildren((QComboBox, QSpinBox, QDoubleSpinBox, QSlider, QCheckBox, QListWidget)):
        if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            assert widget.accessibleName(), widget.objectName()


def test_an_edit_gives_the_whole_new_value(form, qtbot):
    with qtbot.waitSignal(form.edited) as caught:
        control(form, "whole_size", QDoubleSpinBox).setValue(0.02)
    assert caught.args[0] == form.value
    assert form.value.size == 0.02
    assert form.value.parts[0].variable == "speed"


def test_a_slider_moves_in_powers_of_ten(form):
    slider = control(form, "whole_size_1", QSlider)
    slider.setValue(slider.maximum())
    assert form.value.size == 10
    slider.setValue(slider.maximum() // 2)
    low = 10 * 1e-5
    assert form.value.size == pytest.approx((low * 10) ** 0.5, rel=0.1)


def test_switching_the_family_keeps_what_both_have(form):
    control(form, "whole_parts_0_basis_n", QSpinBox).setValue(12)
    family = control(form, "whole_parts_0_basis_family", QComboBox)
    family.setCurrentIndex(1)
    assert form.value.parts[0].basis == Cosine(n=12)
    control(form, "whole_parts_0_basis_window", QDoubleSpinBox).setValue(0.5)
    assert form.value.parts[0].basis == Cosine(n=12, window=0.5)


def test_a_kind_whose_value_cannot_be_guessed_says_so_and_changes_nothing(form):
    before = form.value
    control(form, "whole_parts_0_basis_family", QComboBox).setCurrentIndex(2)
    assert form.value == before
    assert len(shown_messages(form)) == 1


def test_only_admitted_kinds_are_offered(qtbot):
    form = SpecForm(Part, admit=lambda member, field: member is not Spline)
    qtbot.addWidget(form)
    form.set_value(Part(variable="speed", basis=Cosine()))
    family = form.findChild(QComboBox, "part_basis_family")
    assert [family.itemText(at) for at in range(family.count())] == ["Raised cosine", "Custom"]


def test_an_optional_value_is_automatic_until_it_is_given(form):
    tick = control(form, "whole_parts_0_basis_bounds_automatic", QCheckBox)
    high = control(form, "whole_parts_0_basis_bounds_1", QDoubleSpinBox)
    assert tick.isChecked()
    assert high.isHidden() or high.parentWidget().isHidden(), "a number that does not count is not shown"
    tick.click()
    assert high.isVisibleTo(form)
    high.setValue(30.0)
    assert form.value.parts[0].basis.bounds == (0.0, 30.0)
    tick.click()
    assert form.value.parts[0].basis.bounds is None
    assert not high.isVisibleTo(form)


def test_a_number_whose_least_value_stands_for_something_is_left_empty_with_a_word(qtbot):
    box = NumberBox(0.0, 100.0)
    qtbot.addWidget(box)
    box.setValue(0.0)
    box.say_at_least("automatic")
    line = box.lineEdit()
    assert (line.text(), line.placeholderText()) == ("", "automatic")
    line.selectAll()
    qtbot.keyClicks(line, "2.5")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert (box.value(), line.text()) == (2.5, "2.5")
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Backspace)
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert (box.value(), line.text()) == (0.0, "")


def test_lists_of_numbers_and_of_pairs_are_typed(form, qtbot):
    line = control(form, "whole_strengths", QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "1e-6, 0.5 2")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.value.strengths == (1e-6, 0.5, 2.0)
    line = control(form, "whole_intervals", QLineEdit)
    qtbot.keyClicks(line, "-1 - 2.5, 10-20, 1e-2 - 3e1")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.value.intervals == ((-1.0, 2.5), (10.0, 20.0), (0.01, 30.0))


def test_what_is_no_number_is_said_beside_the_field_and_not_taken(form, qtbot):
    before = form.value
    line = control(form, "whole_strengths", QLineEdit)
    line.selectAll()
    qtbot.keyClicks(line, "1, many")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert form.value == before
    assert "'many' is not a number" in control(form, "whole_strengths_message", QLabel).text()


def test_names_are_ticked_and_unknown_ones_kept(form):
    names = control(form, "whole_epochs", QListWidget)
    names.item(1).setCheckState(Qt.CheckState.Checked)
    assert form.value.epochs == ("all", "run")
    form.set_value(form.value.with_(epochs=("lost",)))
    assert names.item(3).text() == "lost"
    assert names.item(3).checkState() == Qt.CheckState.Checked


def test_items_are_added_and_removed_but_not_below_the_least(form):
    control(form, "whole_parts_add").click()
    assert len(form.value.parts) == 2
    editor = form.editor("parts")
    editor._remove(editor._rows[0][0])
    assert len(form.value.parts) == 1
    editor._remove(editor._rows[0][0])
    assert len(form.value.parts) == 1


def test_a_fault_found_by_validation_stands_beside_its_field(form):
    control(form, "whole_more").click()
    control(form, "whole_gap_automatic", QCheckBox).click()
    control(form, "whole_gap", QDoubleSpinBox).setValue(0.001)
    assert form.value.gap != 0.001
    assert "shorter than a bin" in control(form, "whole_gap_message", QLabel).text()
    control(form, "whole_gap", QDoubleSpinBox).setValue(0.5)
    assert form.value.gap == 0.5
    assert shown_messages(form) == []


def test_errors_from_the_engine_find_their_control_by_path(form):
    assert form.show_error("parts.0.basis.n", "more functions than samples")
    assert "more functions" in control(form, "whole_parts_0_basis_n_message", QLabel).text()
    assert not form.show_error("nowhere", "something")
    assert "something" in control(form, "whole_message", QLabel).text()


def test_showing_a_value_emits_nothing(form, qtbot):
    with qtbot.assertNotEmitted(form.edited, wait=200):
        form.set_value(
            Whole(size=1.0, parts=(Part(variable="position.x", basis=Cosine()), Part(variable="speed", basis=Spline())))
        )
    assert control(form, "whole_parts_1_variable", QComboBox).currentText() == "speed"


@pytest.mark.parametrize(("text", "value"), [("1e-5", 1e-5), ("2.5", 2.5), ("-3", -3.0), (".5", 0.5)])
def test_numbers_are_typed_with_a_point_and_powers(qtbot, text, value):
    box = NumberBox()
    qtbot.addWidget(box)
    box.selectAll()
    qtbot.keyClicks(box, text)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == value
    assert float(box.text()) == value


@pytest.mark.parametrize(("whole", "typed"), [(False, 0.8), (True, 8)])
def test_a_slider_of_a_wide_range_is_fine_where_numbers_are_small(qtbot, whole, typed):
    from qtpy.QtWidgets import QSlider

    from glmgui.forms.numbers import NumberEditor

    editor = NumberEditor(0, 600, whole=whole)
    qtbot.addWidget(editor)
    slider = editor.findChild(QSlider)
    editor.set_value(typed)
    place = slider.value() / slider.maximum()
    assert 0.05 < place < 0.5
    seen = []
    for position in range(slider.minimum(), slider.maximum() + 1):
        slider.setValue(position)
        seen.append(editor.value())
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 600)
    assert all(isinstance(value, int) for value in seen) == whole


def test_a_form_of_any_parameters_is_laid_out_without_a_warning(qtbot):
    """Qt warns of a label with a negative height, and says no more of whose it is."""
    import inspect

    import glmengine.basis
    import glmengine.recording.derived.quantities  # noqa: F401
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.recipe.recipe import Recipe
    from glmengine.spec import Spec
    from glmgui.forms.form import SpecForm

    def all_below(spec):
        for one in spec.__subclasses__():
            yield one
            yield from all_below(one)

    made = []
    for spec in set(all_below(Spec)) - {Analysis, Recipe}:  # which are edited in parts
        ours = spec.__module__.startswith("glmengine.")  # other tests make some of their own
        if ours and not inspect.isabstract(spec) and not any(info.is_required() for info in spec.model_fields.values()):
            form = SpecForm(spec)
            qtbot.addWidget(form)
            form.show()
            made.append(spec)
    assert len(made) > 10


def test_the_list_of_names_that_were_found_goes_with_its_field(qtbot):
    from qtpy.QtCore import QCoreApplication, QEvent
    from qtpy.QtWidgets import QApplication

    from glmgui.forms.combos import SearchedCombo

    def lists():
        return {one for one in QApplication.topLevelWidgets() if one.isVisible() and one.inherits("QListView")}

    page = QWidget()
    page.show()
    box = SearchedCombo(page)
    box.addItems(["speed", "spin"])
    box.completer().setCompletionPrefix("sp")
    box.completer().complete()
    assert len(lists()) == 1
    page.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert not lists()


def test_a_button_with_a_menu_has_room_for_its_arrow_beside_its_words(qtbot):
    words, plain = MenuButton(), QToolButton()
    for one in (words, plain):
        qtbot.addWidget(one)
        one.setText("add rule")
        one.setMenu(QMenu(one))
    assert words.text() == "add rule"
    assert words.sizeHint().width() >= plain.sizeHint().width() + 8
