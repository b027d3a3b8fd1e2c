"""Every control of every page that changes the analysis is taken back by undo, which names what it takes back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QGroupBox,
    QLineEdit,
    QListView,
    QSlider,
    QToolButton,
    QWidget,
)

from glmengine.analysis.analysis import Analysis
from glmengine.results.kept_fits import keep_fit
from glmgui.step_words import change_in_words
from glmgui.steps import STEPS

CONTROLS = (QCheckBox, QGroupBox, QComboBox, QAbstractSpinBox, QSlider, QLineEdit)

MOST_STEPS = 5
"""That are made by trying one control."""

CHANGED_ELSEWHERE = {
    "format_version": "says how the file is written",
    "recording": "is what was opened",
    "more_recordings": "sessions are joined by opening files",
    "derived": "made in a dialog, see test_unit_rules_and_derived",
    "selection": "asked for at the answers and in files",
    "terms_from": "says which choice of terms made the model",
}
"""Fields of an analysis that no control of a page changes, and why."""


def values_for(control: QWidget) -> list[Any]:
    """What a user may set a control to, other than what it shows."""
    if isinstance(control, QComboBox):
        return [at for at in range(control.count()) if at != control.currentIndex()][:3]
    if isinstance(control, QAbstractSpinBox):
        return [1, -1]
    if isinstance(control, QSlider):
        return [
            min(control.value() + control.pageStep(), control.maximum()),
            max(control.value() - control.pageStep(), control.minimum()),
        ]
    if isinstance(control, QLineEdit):
        return ["0.5", "2", "1, 2", "head_direction", "words"]
    return [None]


def use(control: QWidget, value: Any) -> None:
    """As a user does it."""
    control.setFocus()
    if isinstance(control, QComboBox):
        control.setCurrentIndex(value)
        control.activated.emit(value)
    elif isinstance(control, QAbstractSpinBox):
        control.stepBy(value)
        QTest.keyClick(control, Qt.Key.Key_Return)
    elif isinstance(control, QSlider):
        control.setValue(value)
    elif isinstance(control, QLineEdit):
        control.selectAll()
        QTest.keyClicks(control, value)
        QTest.keyClick(control, Qt.Key.Key_Return)
    elif isinstance(control, QGroupBox):
        control.setChecked(not control.isChecked())
    else:
        control.click()


def controls_of(page: QWidget) -> Iterator[str]:
    """Names of all that can be set there now."""
    for one in page.findChildren(CONTROLS):
        inside = isinstance(one.parent(), QAbstractSpinBox | QComboBox)
        plain = isinstance(one, QGroupBox) and not one.isCheckable()
        if one.isVisible() and one.isEnabled() and one.objectName() and not inside and not plain:
            yield one.objectName()


def flat(spec: Any, path: str = "") -> dict[str, Any]:
    """Each parameter with the path to it, without the places in lists."""
    if isinstance(spec, dict):
        return {name: one for key, value in spec.items() for name, one in flat(value, f"{path}.{key}".strip(".")).items()}
    if isinstance(spec, list | tuple) and spec and all(isinstance(one, dict) for one in spec):
        found: dict[str, list[Any]] = {}
        for value in spec:
            for name, one in flat(value, path).items():
                found.setdefault(name, []).append(one)
        return found
    return {path: spec}


@pytest.fixture
def opened(window, small_recording, small_analysis, small_result, at_rest):
    window.document.open(small_recording, small_analysis, small_result)
    window.work.shelf.add(keep_fit(small_result, window.work.shelf.folder()), small_result)
    at_rest(window)
    return window


def test_every_control_of_every_page_is_taken_back_and_named(opened, at_rest):
    document = opened.document
    changed: dict[str, set[str]] = {}
    for step in STEPS:
        opened.show_step(step.name)
        at_rest(opened)
        page = opened.panels[step.name]
        for more in page.findChildren(QToolButton):
            if more.isCheckable() and more.isVisible() and not more.isChecked() and more.objectName().endswith("_more"):
                more.click()
        at_rest(opened)
        for name in list(dict.fromkeys(controls_of(page))):
            _try(opened, page, name, changed)
        for view in page.findChildren(QAbstractItemView):
            if view.isVisible() and view.model() is not None:
                _tick(opened, view, changed)
    fields = {path.split(".")[0] for path in changed}
    assert fields | CHANGED_ELSEWHERE.keys() == set(Analysis.model_fields), sorted(changed)
    assert not fields & CHANGED_ELSEWHERE.keys(), fields
    assert {"time.epochs", "terms.enabled"} <= changed.keys(), sorted(changed)
    for part in ("model.", "validation."):  # each step says which of many parameters it was
        said = [min(texts) for path, texts in changed.items() if path.startswith(part)]
        assert len(said) > 4, sorted(changed)
        assert len(set(said)) == len(said), said
    assert document.undo_text == ""


def _try(window, page: QWidget, name: str, changed: dict[str, set[str]]) -> None:
    """Use a control until the analysis is another, and take that back."""
    document = window.document
    before = document.analysis
    control = next((one for one in page.findChildren(CONTROLS, name) if one.isVisible()), None)
    for value in values_for(control) if control is not None else ():
        if control is None or not control.isVisible():
            break
        use(control, value)
        if document.analysis != before:
            break
        control = next((one for one in page.findChildren(CONTROLS, name) if one.isVisible()), None)
    for one in window.findChildren(QWidget):
        if hasattr(one, "take_back") and getattr(one, "refused", ""):
            one.take_back()
    _take_back(window, before, name, changed)


def _tick(window, view: QAbstractItemView, changed: dict[str, set[str]]) -> None:
    """Tick, or untick, what can be ticked in a list, until the analysis is another, and take that back."""
    before, model = window.document.analysis, view.model()
    for row in range(model.rowCount(view.rootIndex())):
        for column in range(1 if isinstance(view, QListView) else model.columnCount(view.rootIndex())):
            index = model.index(row, column, view.rootIndex())
            ticked = index.data(Qt.ItemDataRole.CheckStateRole)
            if ticked is None or not index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
                continue
            other = Qt.CheckState.Unchecked if Qt.CheckState(ticked) == Qt.CheckState.Checked else Qt.CheckState.Checked
            model.setData(index, other, Qt.ItemDataRole.CheckStateRole)
            if window.document.analysis != before:
                _take_back(window, before, view.objectName(), changed)
                return


def _take_back(window, before: Analysis, name: str, changed: dict[str, set[str]]) -> None:
    """Undo what was done with a control, if that changed anything, and take note of what it changed and what that was called."""
    document = window.document
    after = document.analysis
    if after == before:
        return
    old, new = flat(before.model_dump()), flat(after.model_dump())
    paths = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    text, action = document.undo_text, window.action("undo")
    assert len(text.split()) > 1, (name, text)
    assert action.isEnabled(), name
    assert action.text().endswith(text), name
    for path in paths:
        changed.setdefault(path, set()).add(text)
    for _ in range(MOST_STEPS):  # where several values were tried that are several steps
        action.trigger()
    assert (document.analysis, document.undo_text) == (before, ""), (name, text, window.status.currentMessage())
    document.end_merging()


def test_names_of_fits_and_fits_that_are_removed_come_back(opened):
    document = opened.document
    fit = document.fits[0]
    document.rename_fit(fit.key, "by position")
    assert document.undo_text == "Rename fit"
    opened.action("undo").trigger()
    assert [one.name for one in document.fits] == [fit.name]
    document.remove_fit(fit.key)
    assert document.fits == ()
    assert document.undo_text == "Remove fit"
    opened.action("undo").trigger()
    assert [one.name for one in document.fits] == [fit.name]


def test_an_epoch_that_is_drawn_by_mouse_is_a_step_of_its_own(opened, at_rest):
    before = opened.document.analysis
    opened.show_step("data")
    at_rest(opened)
    panel = opened.panels["data"]
    panel.epochs.draw.setChecked(True)
    panel.overview.time_line._box.drawn.emit(1.0, 5.0)
    assert opened.document.analysis.time.intervals == ((1.0, 5.0),)
    assert opened.document.undo_text == "Draw interval"
    opened.action("undo").trigger()
    assert opened.document.analysis == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"penalty": "lasso"}, "Change penalty"),
        ({"strengths": (1.0,)}, "Change strength"),
        ({"family": "gaussian", "link": "identity"}, "Change family"),
    ],
)
def test_a_step_is_called_after_the_parameter_that_was_changed(small_analysis, changes, said):
    assert change_in_words(small_analysis.model, small_analysis.model.with_(**changes)) == said


def test_a_step_inside_a_term_is_called_after_what_was_changed_in_its_functions(small_analysis):
    term = small_analysis.terms[0]
    factor = term.factors[0]
    more = term.with_(factors=(factor.with_(basis=factor.basis.with_(n=9)),))
    assert change_in_words(term, more, "head_direction") == "Change functions of head_direction"
    renamed = term.with_(name="angle")
    assert change_in_words(term, renamed, "angle") == "Change name of angle"
    fewer = small_analysis.units.with_(names=("hd",))
    assert change_in_words(small_analysis.units, fewer) == "Change units"
