"""Code that an analysis names is run only after a yes: from an opened file, a project, or typed in the form."""

from __future__ import annotations

import sys

import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.analysis.terms import CovariateTerm, Factor
from glmengine.basis import BSpline, Custom, code_allowed
from glmgui.work.permission import functions_of

MODULE = "glm_functions_of_a_stranger"


@pytest.fixture
def stranger(tmp_path, monkeypatch):
    """A module that leaves a mark when it is imported; gives the mark's path."""
    folder, mark = tmp_path / "code", tmp_path / "mark"
    folder.mkdir()
    (folder / f"{MODULE}.py").write_text(
        f"from pathlib import Path\nimport numpy as np\nPath({str(mark)!r}).write_text('imported')\n"
        "def bumps(x):\n    return np.stack([np.cos(x), np.sin(x)], axis=1)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(folder))
    yield mark
    sys.modules.pop(MODULE, None)


def analysis_with(function: str) -> Analysis:
    basis = Custom(function=function, n=2, bounds=(0.0, 7.0))
    return Analysis(terms=(CovariateTerm(factors=(Factor(variable="head_direction", basis=basis),)),))


@pytest.fixture
def asking(questions):
    """Answers and what was asked."""

    class Asking:
        answer, asked = False, []

    asking = Asking()
    asking.asked = []

    def run_code(names):
        asking.asked.append(list(names))
        return asking.answer

    questions.run_code = run_code
    return asking


@pytest.fixture
def opened(window, small_recording, asking, qtbot, tmp_path, stranger, at_rest):
    """The window in which a file that names a function was opened, unanswered until the events are run."""
    path = tmp_path / "theirs.toml"
    analysis_with(f"{MODULE}:bumps").save(path)
    window.document.open(small_recording, Analysis())
    window.show_step("features")

    def open_it():
        window.work.opening.open(path)
        qtbot.waitUntil(lambda: bool(window.document.analysis.terms), timeout=10_000)
        qtbot.waitUntil(lambda: bool(asking.asked), timeout=10_000)
        at_rest(window)  # previews and the estimate are drawn, or refused

    return window, open_it


def test_every_function_is_found_wherever_it_stands():
    nested = CovariateTerm(
        factors=(Factor(variable="a", basis=BSpline()), Factor(variable="b", basis=Custom(function="one:f", bounds=(0, 1))))
    )
    twice = CovariateTerm(name="again", factors=(Factor(variable="a", basis=Custom(function="one:f", bounds=(0, 1))),))
    unnamed = CovariateTerm(name="none", factors=(Factor(variable="a", basis=Custom(bounds=(0, 1))),))
    assert functions_of(Analysis(terms=(nested, twice, unnamed))) == ["one:f"]


def test_a_no_imports_nothing_and_is_asked_again_only_at_the_fit(opened, asking, stranger, at_rest):
    window, open_it = opened
    open_it()
    assert asking.asked == [[f"{MODULE}:bumps"]]
    assert not stranger.exists()
    assert MODULE not in sys.modules
    window.document.edit(window.document.analysis.with_(seed=2), "Change seed")
    at_rest(window)
    assert len(asking.asked) == 1  # a no is not worn down
    window.action("fit").trigger()
    at_rest(window)
    assert len(asking.asked) == 2
    assert not window.document.busy
    assert not stranger.exists()


def test_a_yes_runs_it_draws_it_and_ends_with_the_window(opened, asking, stranger, qtbot):
    window, open_it = opened
    asking.answer = True
    open_it()
    panel = window.panels["features"]
    qtbot.waitUntil(stranger.exists)
    qtbot.waitUntil(lambda: panel.basis.shown is panel.basis.lines, timeout=10_000)
    qtbot.waitUntil(lambda: panel.features.shown is panel.features.lines, timeout=10_000)
    assert panel.terms.cards[0].fault == ""
    with qtbot.waitSignal(window.work.fitting.fitted, timeout=60_000):
        window.action("fit").trigger()
    assert len(asking.asked) == 1
    window.work.questions.unsaved = lambda project: "discard"
    assert window.close()
    assert not code_allowed(f"{MODULE}:bumps")


def test_a_name_that_is_typed_is_asked_about_too(window, small_recording, asking, stranger, qtbot):
    window.document.open(small_recording, Analysis())
    window.document.edit(analysis_with(f"{MODULE}:bumps"), "Choose a function")
    qtbot.waitUntil(lambda: bool(asking.asked))
    assert not stranger.exists()


def test_the_dialog_refuses_by_default(jobs, qtbot, monkeypatch):
    from qtpy.QtWidgets import QMessageBox

    from glmgui.dialogs.questions import Dialogs

    shown = {}

    def execute(box):
        shown.update(default=box.defaultButton().text(), escape=box.escapeButton().text(), text=box.informativeText())
        box.escapeButton().click()

    monkeypatch.setattr(QMessageBox, "exec", execute)
    assert not Dialogs(jobs).run_code(["somewhere:function"])
    assert "somewhere:function" in shown["text"]
    assert "not" in shown["default"]
    assert shown["default"] == shown["escape"]


def test_a_function_never_runs_on_the_main_thread(window, small_recording, asking, tmp_path, monkeypatch, qtbot):
    import threading

    folder = tmp_path / "threads"
    folder.mkdir()
    (folder / "glm_where_it_runs.py").write_text(
        "import threading\nimport numpy as np\nran = []\n"
        "def bumps(x):\n    ran.append(threading.get_ident())\n    return np.stack([np.cos(x), np.sin(x)], axis=1)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(folder))
    asking.answer = True
    window.document.open(small_recording, analysis_with("glm_where_it_runs:bumps"))
    window.show_step("features")
    panel = window.panels["features"]
    qtbot.waitUntil(lambda: panel.basis.shown is panel.basis.lines and bool(panel.basis.lines.curves), timeout=10_000)
    qtbot.waitUntil(lambda: bool(panel.features.lines.curves), timeout=10_000)
    ran = sys.modules.pop("glm_where_it_runs").ran
    assert ran
    assert threading.get_ident() not in ran
