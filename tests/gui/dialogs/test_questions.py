"""The dialogs that ask: one for every question of the use cases, with the answer that was clicked."""

from __future__ import annotations

import inspect

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QComboBox, QInputDialog

from glmgui import file_dialogs
from glmgui.dialogs.questions import Dialogs
from glmgui.tools.unattended import NoQuestions
from glmgui.work.questions import Questions


def asked_of(kind: type) -> dict[str, list[str]]:
    """The questions of a class, with the names of what they are told."""
    methods = inspect.getmembers(kind, inspect.isfunction)
    return {name: list(inspect.signature(method).parameters) for name, method in methods if not name.startswith("_")}


@pytest.mark.parametrize("answering", [Dialogs, NoQuestions])
def test_every_question_has_its_answer(answering):
    wanted, there = asked_of(Questions), asked_of(answering)
    assert {name: there.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(("number", "given"), [(0, True), (2, True), (2, False)])
def test_one_of_several_texts_is_chosen(qapp, number, given):
    seen = []

    def click() -> None:
        (dialog,) = (one for one in QApplication.topLevelWidgets() if isinstance(one, QInputDialog) and one.isVisible())
        seen.append((dialog.windowTitle(), dialog.labelText()))
        dialog.findChild(QComboBox).setCurrentIndex(number)
        dialog.accept() if given else dialog.reject()

    QTimer.singleShot(0, click)
    found = Dialogs(None).choose("Export report", "Format", ["HTML", "PDF", "all"])
    assert found == (number if given else None)
    assert seen == [("Export report", "Format:")]


def test_the_dialog_for_files_says_what_they_are_for(monkeypatch):
    seen = []
    monkeypatch.setattr(file_dialogs, "files_to_open", lambda _, title, *rest: seen.append(title) or [])
    Dialogs(None).open_paths("")
    Dialogs(None).open_paths("", "Add recordings")
    assert seen == ["Open recordings or a project", "Add recordings"]
