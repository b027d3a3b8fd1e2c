"""Fits that are asked for while another runs wait for it; the one that runs shows its units as they are found."""

from __future__ import annotations

import re
import threading
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtWidgets import QLabel, QProgressBar

import glmengine
from glmengine.context import Progress, UnitsFound
from glmgui.turns import in_later_turn
from glmgui.work.runs import CANCELLED, DONE, FAILED, RUNNING, STOPPED, WAITING, Runs
from tests.gui.conftest import opened_window

UNITS = ("hd", "place", "flat")


class Stepwise:
    """In the place of the engine: goes on when it is let, and says what it is told to say."""

    def __init__(self, result) -> None:
        self.result, self.asked, self.first, self.told = result, [], [], threading.Event()
        self.go_on = threading.Semaphore(0)

    def __call__(self, analysis, recording, context):
        self.asked.append(analysis.seed)
        context.tell(UnitsFound(UNITS))
        context.tell(UnitsFound(("place",), strength=np.array([0.01]), deviance_explained=np.array([0.25])))
        context.report(Progress("Fitting slowly", 0.25))
        self.told.set()
        while not self.go_on.acquire(timeout=0.01):
            context.check()
            if context.stopping:
                break
        self.first.append(context.first_unit)
        if analysis.seed == 99:
            raise glmengine.GlmError("no such seed")
        made = {**self.result.provenance, "analysis_sha256": analysis.sha256}
        return replace(self.result, analysis=analysis, provenance=made)


@pytest.fixture
def engine(monkeypatch, small_result):
    made = Stepwise(small_result)
    monkeypatch.setattr(glmengine, "run", made, raising=False)
    yield made
    made.go_on.release(50)


@pytest.fixture
def opened(window, small_recording, small_analysis):
    window.document.open(small_recording, small_analysis)
    return window


def ask(window, *seeds: int) -> None:
    for seed in seeds:
        window.document.edit(window.document.analysis.with_(seed=seed), f"Seed {seed}")
        window.action("fit").trigger()


def states(window) -> list[str]:
    return [run.state for run in window.work.fitting.runs.all]


def test_fits_wait_for_each_other_and_each_ends_on_the_shelf(opened, engine, qtbot):
    ask(opened, 1, 2, 3)
    assert states(opened) == [RUNNING, WAITING, WAITING]
    assert not opened.action("fit").isEnabled()  # this question waits already
    qtbot.waitUntil(lambda: opened.progress.shown)
    assert "(+2)" in opened.progress.label.text()
    engine.go_on.release(3)
    qtbot.waitUntil(lambda: states(opened) == [DONE] * 3)
    assert engine.asked == [1, 2, 3]
    assert [fit.analysis.seed for fit in opened.document.fits] == [1, 2, 3]
    qtbot.waitUntil(lambda: opened.action("fit").isEnabled())


def test_runs_that_wait_are_reordered_and_taken_out(opened, engine, qtbot):
    ask(opened, 1, 2, 3, 4)
    table, view = opened.panels["fits"].runs.table, opened.panels["fits"].runs
    opened.show_step("fits")
    assert table.rowCount() == 4
    table.selectRow(3)
    view.sooner.click()
    assert view.number == opened.work.fitting.runs.waiting[1].number
    view.sooner.click()
    assert not view.sooner.isEnabled()
    table.selectRow(2)
    view.remove.click()  # seed 2
    engine.go_on.release(3)
    qtbot.waitUntil(lambda: states(opened) == [DONE] * 3)
    assert engine.asked == [1, 4, 3]
    view.tidy.click()
    assert view.isHidden()
    assert len(opened.document.fits) == 3


def test_cancelling_gives_up_the_run_and_goes_on_with_the_next(opened, engine, qtbot):
    ask(opened, 1, 2)
    qtbot.waitUntil(engine.told.is_set)
    opened.action("cancel").trigger()
    qtbot.waitUntil(lambda: states(opened) == [CANCELLED, RUNNING])
    qtbot.waitUntil(lambda: engine.asked == [1, 2])
    qtbot.waitUntil(lambda: opened.work.jobs.current is not None)
    opened.work.jobs.stop_and_keep()
    qtbot.waitUntil(lambda: states(opened) == [CANCELLED, STOPPED])
    assert [fit.analysis.seed for fit in opened.document.fits] == [2]


def test_a_cancelled_question_can_be_asked_again_at_once(opened, engine, qtbot):
    ask(opened, 1)
    qtbot.waitUntil(engine.told.is_set)
    opened.action("cancel").trigger()
    opened.work.fitting.fit()
    qtbot.waitUntil(lambda: states(opened) == [CANCELLED, RUNNING])


def test_a_run_that_fails_says_why_and_the_next_begins(opened, engine, qtbot):
    ask(opened, 99, 2)
    engine.go_on.release(2)
    qtbot.waitUntil(lambda: states(opened) == [FAILED, DONE])
    assert opened.panels["fits"].runs.table.item(0, 3).text() == "no such seed"


def test_the_skeleton_of_the_results_is_there_at_once_and_fills_in(opened, engine, qtbot):
    ask(opened, 1)
    panel = opened.panels["results"]
    assert opened.step == "results"
    assert panel._stack.currentWidget() is panel.filling
    table = panel.filling.table
    qtbot.waitUntil(lambda: table.rowCount() == 3 and table.item(1, 1).text() == "0.250")
    assert [table.item(row, 0).text() for row in range(3)] == list(UNITS)
    assert [table.item(row, 1).text() for row in (0, 2)] == ["\u2026", "\u2026"]
    assert panel.filling.said.text() == "3 units, 1 scored"
    engine.go_on.release(1)
    qtbot.waitUntil(lambda: opened.document.result is not None)
    assert panel._stack.currentWidget() is panel._content


def test_the_last_results_can_be_seen_while_the_next_fit_runs(opened, engine, small_result, qtbot):
    opened.document.set_result(small_result)
    ask(opened, 1)
    panel = opened.panels["results"]
    qtbot.waitUntil(lambda: panel.filling.back.isVisible())
    panel.filling.back.click()
    assert panel._stack.currentWidget() is panel._content
    panel.forward.click()
    assert panel._stack.currentWidget() is panel.filling


def test_the_selected_unit_is_wanted_first(opened, engine, qtbot):
    ask(opened, 1)
    qtbot.waitUntil(engine.told.is_set)
    opened.document.select(unit="place")
    engine.go_on.release(1)
    qtbot.waitUntil(lambda: engine.first == ["place"])


def test_a_fit_that_ends_as_the_window_goes_tells_nobody(qapp, settings, questions, tmp_path, small_result):
    told = []
    with opened_window(qapp, settings, questions, tmp_path) as window:
        fitting = window.work.fitting
        fitting.fitted.connect(lambda result: told.append(result))
        in_later_turn(fitting, lambda: fitting._tell(small_result, told.append))
        qapp.processEvents()
        assert told == [small_result] * 2
        in_later_turn(fitting, lambda: fitting._tell(small_result, told.append))
    qapp.processEvents()
    assert len(told) == 2


def test_opening_something_else_gives_up_the_fits_that_wait_too(opened, engine, questions, qtbot):
    ask(opened, 1, 2)
    qtbot.waitUntil(engine.told.is_set)
    questions.give_up_fit = lambda label: False
    opened.work.fitting.unless_fitting(lambda: pytest.fail("the user would rather wait"))
    assert states(opened) == [RUNNING, WAITING]
    questions.give_up_fit = lambda label: True
    done = []
    opened.work.fitting.unless_fitting(lambda: done.append(True))
    assert done
    qtbot.waitUntil(lambda: states(opened) == [CANCELLED])
    assert engine.asked == [1]


def test_what_is_told_of_a_unit_is_put_together(small_analysis, small_recording):
    runs = Runs()
    runs.add("a", small_analysis, small_recording)
    runs.begin()
    runs.take(UnitsFound(("a", "b"), strength=np.array([1.0, np.nan]), deviance_explained=np.array([0.5, np.nan])))
    runs.take(UnitsFound(("a",), status=("ok",)))
    assert (runs.units["a"].deviance_explained, runs.units["a"].status) == (0.5, "ok")
    assert not runs.units["b"].is_scored
    runs.end(DONE, 1.0)
    assert runs.units == {}


def test_the_time_left_is_said_once_and_beside_the_run_that_it_is_of(opened, engine, qtbot):
    opened.show_step("answers")
    size = opened.panels["answers"].asking.size_line
    qtbot.waitUntil(lambda: " valid" in size.text())
    assert "about" in size.text()
    assert "about" in opened.status.about.text()
    ask(opened, 1)
    opened.show_step("fits")
    table, bar = opened.panels["fits"].runs.table, opened.progress.bar
    qtbot.waitUntil(lambda: " left" in bar.format())
    assert table.item(0, 3).text() == bar.format()
    for step in ("answers", "checks", "model"):
        opened.show_step(step)
        texts = [label.text() for label in opened.findChildren(QLabel) if label.isVisible()]
        bars = [one for one in opened.findChildren(QProgressBar) if one.isVisible()]
        assert [one.objectName() for one in bars] == ["progress_bar"]
        assert not [text for text in texts if re.search(r"\d %(?! valid)|\bleft\b", text)], step
    assert "about" not in size.text()
    assert "about" not in opened.status.about.text()
    engine.go_on.release()
    qtbot.waitUntil(lambda: not opened.document.busy)
    assert "about" in size.text()
    assert "about" in opened.status.about.text()


def test_the_name_of_a_run_is_whole_where_the_words_beside_it_are_short(opened, engine, qtbot):
    ask(opened, 1, 2)
    view = opened.panels["fits"].runs
    table = view.table
    opened.show_step("fits")
    table.setFixedWidth(800)
    table.item(0, 1).setText("head_direction + position + history + coupling")
    for far in ("took 4 s", "the recording has no such covariate, and much more is to be said of that " * 3):
        table.item(0, 3).setText(far)
        view._share_room()
        widths = [table.columnWidth(part) for part in range(table.columnCount())]
        assert widths[1] >= table.sizeHintForColumn(1)
        assert sum(widths) <= table.viewport().width()
