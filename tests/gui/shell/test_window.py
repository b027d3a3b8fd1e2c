"""The window as a user meets it: steps, actions, fits that can be stopped, errors beside their cause, a clean end."""

from __future__ import annotations

import threading
from itertools import count
from pathlib import Path

import pytest
from qtpy.QtCore import QEvent, QMimeData, QObject, QPoint, QPointF, QSettings, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QScrollBar,
)

import glmengine
from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmgui import theme
from glmgui.actions.palette import CommandPalette
from glmgui.actions.table import ACTIONS, TOOLBAR_LEFT, TOOLBAR_RIGHT
from glmgui.dialogs.export import plots_on_screen
from glmgui.dialogs.guide import GuideWindow
from glmgui.notices import notices
from glmgui.settings import Settings
from glmgui.shell import notice_bar
from glmgui.shell.window import MainWindow
from glmgui.steps import STEPS
from glmgui.work.use_cases import ENGINE
from tests.gui.conftest import MOST_STEPS_AFTER, Steps

STEP_NAMES = tuple(step.name for step in STEPS)


def idle(window) -> bool:
    return not window.document.busy


@pytest.fixture
def opened(window, small_recording, small_analysis, qtbot):
    """The window with the small recording and its analysis, not fitted."""
    window.document.open(small_recording, small_analysis)
    qtbot.waitUntil(lambda: window.work.size.estimate is not None)
    return window


@pytest.fixture
def slow_run(monkeypatch, small_result):
    """In the place of the engine's run: thirty seconds that report, listen and can be stopped."""
    steps = Steps(whole=small_result, partial=small_result)
    monkeypatch.setattr(glmengine, "run", lambda analysis, recording, context: steps(context), raising=False)
    return steps


# Actions


def test_the_table_of_actions_is_consistent():
    names = [record.name for record in ACTIONS]
    shortcuts = [record.shortcut for record in ACTIONS if record.shortcut]
    assert len(set(names)) == len(names)
    assert len(set(shortcuts)) == len(shortcuts)
    assert {*TOOLBAR_LEFT, *TOOLBAR_RIGHT} - {""} <= set(names)
    assert all(record.help for record in ACTIONS)


def test_every_action_is_in_a_menu(window):
    inside: set[str] = set()

    def walk(menu):
        for action in menu.actions():
            inside.add(action.objectName())
            if action.menu() is not None:
                walk(action.menu())

    for action in window.menuBar().actions():
        walk(action.menu())
    assert {f"action_{record.name}" for record in ACTIONS} <= inside


def test_what_cannot_be_done_is_switched_off_and_says_why(window, small_recording, small_analysis):
    assert "Fit a model first" in window.action("export_report").toolTip()
    assert "methods" in window.action("export_report").toolTip()
    for name in ("fit", "undo", "redo", "save", "export_coefficients", "copy_methods", "stop", "cancel"):
        assert not window.action(name).isEnabled(), name
    assert "Open a recording" in window.action("fit").toolTip()
    window.document.open(small_recording, Analysis())
    assert "Add a term" in window.action("fit").toolTip()
    window.document.edit(small_analysis, "Add a term")
    assert window.action("fit").isEnabled()
    assert "Add a term" in window.action("undo").toolTip()


def test_the_palette_finds_actions_by_their_words_and_runs_them(window, qtbot):
    palette = CommandPalette([window.action(record.name) for record in ACTIONS], window)
    qtbot.addWidget(palette)
    palette.show()
    qtbot.keyClicks(palette.line, "dark")
    assert palette.titles[0] == "Dark"
    was = window.dark
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.dark != was
    assert not palette.isVisible()


# Look and layout


def test_it_fits_a_small_screen(opened, small_result):
    opened.document.set_result(small_result)
    for step in STEP_NAMES:
        opened.show_step(step)
        needed = opened.minimumSizeHint()
        assert needed.width() <= 1366, step
        assert needed.height() <= 768, step


def test_every_control_has_a_name_for_screen_readers(opened, small_result, at_rest):
    opened.document.set_result(small_result)
    kinds = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)
    for step in STEP_NAMES:
        opened.show_step(step)
        at_rest(opened)
        nameless = []
        for widget in opened.findChildren(kinds):
            own = widget.parent() is not None and isinstance(widget.parent(), QAbstractSpinBox | QComboBox)
            internal = widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar) or own
            if widget.isVisible() and not internal and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                text = widget.text() if isinstance(widget, QAbstractButton) else ""
                if not (widget.accessibleName() or text):
                    nameless.append(f"{type(widget).__name__} {widget.objectName()}")
        assert not nameless, step


def test_a_step_takes_the_place_of_the_one_before(window):
    for step in (*STEP_NAMES[1:], STEP_NAMES[0]):
        window.show_step(step)
        shown = [name for name in STEP_NAMES if not window.docks[name].isHidden()]
        assert shown == [step]
        assert window.rail.buttons[step].isChecked()


def test_steps_that_were_put_beside_each_other_stay(window, qtbot):
    window.show_step("features")
    window.docks["results"].setFloating(True)
    window.docks["results"].show()
    window.show_step("model")
    assert not window.docks["results"].isHidden()
    assert window.docks["features"].isHidden()


def test_the_start_page_stands_where_the_last_step_was_closed(window, qtbot):
    window.show_step("features")
    window.docks["features"].titleBarWidget().findChild(object, "dock_features_close").click()
    qtbot.waitUntil(lambda: window.start_is_shown)
    window.show_step("model")
    qtbot.wait(50)
    assert not window.start_is_shown


def test_a_step_in_a_window_of_its_own_lies_aside_with_a_frame_and_comes_back(window, qtbot):
    window.show_step("features")
    dock = window.docks["features"]
    before = dock.mapToGlobal(QPoint(0, 0))
    apart = dock.titleBarWidget().findChild(object, "dock_features_float")
    apart.click()
    qtbot.waitUntil(lambda: window.start_is_shown)  # nothing else is left
    assert dock.isFloating()
    assert dock.isVisible()
    assert not dock.windowFlags() & Qt.WindowType.FramelessWindowHint
    assert dock.mapToGlobal(QPoint(0, 0)) != before
    window.show_step("model")
    assert dock.isVisible()
    apart.click()
    assert not dock.isFloating()
    window.show_step("features")
    assert dock.isVisible()
    assert window.docks["model"].isHidden()


def test_an_empty_step_says_what_to_do(window):
    for step in STEP_NAMES:
        text = window.panels[step].empty.text
        assert window.panels[step].empty.isVisibleTo(window.panels[step])
        assert "open" in text.lower(), text


def test_the_layout_is_remembered_and_can_be_reset(window, settings, questions, qapp):
    window.toggle_log()
    assert window.log_is_shown
    window.close()
    again = MainWindow(settings, questions)
    try:
        assert again.log_is_shown
        again.reset_layout()
        assert not again.log_is_shown
    finally:
        again.close()


def test_damaged_settings_do_not_stop_the_program(qapp, tmp_path, questions):
    path = tmp_path / "broken.ini"
    store = QSettings(str(path), QSettings.Format.IniFormat)
    store.setValue("layout/version", "1")
    store.setValue("layout/geometry", b"nonsense")
    store.setValue("layout/state", 12)
    store.setValue("recent", {"a": 1})
    store.setValue("look", 7)
    store.sync()
    window = MainWindow(Settings(path), questions)
    assert window.settings.recent == ()
    window.close()
    path.write_bytes(b"\x00\xff garbage [[[")
    window = MainWindow(Settings(path), questions)
    window.close()


def test_a_message_that_is_open_takes_the_colours_of_the_other_look(window):
    window.set_dark(False)
    notices().tell("error", "too bright")
    bar = window.notice_bar
    light = bar.styleSheet()
    window.set_dark(True)
    assert theme.current().raised in bar.styleSheet()
    assert bar.styleSheet() != light
    window.set_dark(False)
    assert bar.styleSheet() == light


def colours_at_edge(widget) -> set[str]:
    """Of its left edge, where a bar tells by a colour how grave it is."""
    picture = widget.grab().toImage()
    return {picture.pixelColor(1, row).name() for row in range(picture.height())}


def test_a_message_has_the_colour_of_its_level(window):
    for level, colour in (("error", "error"), ("warning", "warning"), ("error", "error")):
        notices().tell(level, f"a message of level {level}")
        assert getattr(theme.current(), colour) in colours_at_edge(window.notice_bar)


def test_an_error_that_was_read_goes_once_something_else_is_asked_or_done(window, small_recording, small_analysis, monkeypatch):
    window.document.open(small_recording, small_analysis)
    bar, seeds = window.notice_bar, count(1)

    def later() -> None:
        monkeypatch.setattr(notice_bar, "READ_SECONDS", -1.0)

    for then in (
        lambda: window.document.edit(small_analysis.with_(seed=(seed := next(seeds))), f"Seed {seed}"),
        window.document.undo,
        lambda: window.jobs.started.emit("Another fit"),
    ):
        monkeypatch.undo()
        notices().tell("error", "nothing is left to fit", title="Fit")
        then()
        assert bar.notice is not None, "it may come while what it is about is still being changed"
        later()
        then()
        assert bar.notice is None
    monkeypatch.undo()
    notices().tell("error", "nothing is left to fit", title="Fit")
    window.jobs.started.emit("Fit")
    assert bar.notice is None, "the same is tried again"


def test_saving_is_said_in_the_place_of_what_was_said_before(window, small_recording, small_analysis, questions, tmp_path, qtbot):
    window.document.open(small_recording, small_analysis)
    notices().tell("info", "written to figure.pdf", title="Export", written=tmp_path)
    questions.next_path = tmp_path / "kept.glm"
    window.action("save").trigger()
    qtbot.waitUntil(lambda: window.notice_bar.notice is not None and window.notice_bar.notice.title == "Save")
    assert "kept.glm" in window.notice_bar.notice.text


def test_a_right_click_beside_the_pages_lists_no_names_of_the_program_itself(window):
    assert window.createPopupMenu() is None


class StyleChanges(QObject):
    """Counts how often Qt styles a widget anew."""

    def __init__(self, widget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched, event):
        self.count += event.type() == QEvent.Type.StyleChange
        return False


def test_another_look_styles_what_is_seen_once_and_at_once_and_the_rest_later(window, qtbot):
    window.show_step("features")
    window.show_step("data")
    seen, hidden = window.docks["data"], window.docks["features"]
    deep = window.panels["data"].findChildren(QLabel)[-1]
    light = seen.styleSheet()
    heard = StyleChanges(deep)
    window.set_dark(True)
    assert 1 <= heard.count <= 2  # a sheet of the application styles each widget once for every widget around it, here ten times
    assert seen.styleSheet() != light
    assert hidden.styleSheet() == light
    qtbot.waitUntil(lambda: hidden.styleSheet() == seen.styleSheet())
    window.set_dark(False)
    assert hidden.styleSheet() != light
    window.show_step("features")
    assert hidden.styleSheet() == light


def test_what_comes_into_the_window_later_has_the_present_look(window):
    window.set_dark(True)
    dialog = QDialog(window)
    dialog.show()
    assert dialog.styleSheet() == window.toolbar.styleSheet() != ""
    dialog.close()
    window.set_dark(False)
    dialog.show()
    assert dialog.styleSheet() == window.toolbar.styleSheet()


def test_light_and_dark_can_be_switched(window):
    window.set_dark(True)
    assert window.dark
    assert window.settings.dark is True
    window.set_dark(False)
    assert not window.dark


# Opening


def test_the_engine_is_loaded_when_all_that_is_looked_at_is_there(window, small_recording, qtbot):
    begun = []
    window.jobs._worker.begun.connect(lambda job: begun.append(job.label))
    window.document.open(small_recording, Analysis())
    qtbot.waitUntil(lambda: begun.count("Loading libraries") == len(ENGINE))
    shown = {"Listing what was recorded", "Counting spikes", "Counting the bins that are used", "Drawing head_direction"}
    assert shown <= set(begun[: begun.index("Loading libraries")])


# Fitting


def test_a_fit_shows_its_result(opened, qtbot):
    opened.work.fitting.fit()
    with qtbot.waitSignal(opened.work.fitting.fitted, timeout=120_000):
        pass
    assert opened.document.result is not None
    assert not opened.document.result_is_stale
    assert opened.step == "results"
    assert opened.rail.buttons["results"].text().endswith("3 fitted")
    opened.document.edit(opened.document.analysis.with_(seed=5), "Change seed")
    assert opened.rail.buttons["results"].text().endswith("out of date")


def test_a_fit_can_be_cancelled_at_once(opened, slow_run, qtbot, main_thread_stays_free):
    opened.action("fit").trigger()
    qtbot.waitUntil(slow_run.begun.is_set)
    qtbot.waitUntil(lambda: opened.progress.shown)
    assert not opened.action("fit").isEnabled()
    asked = slow_run.done
    opened.progress.cancel.click()
    qtbot.waitUntil(lambda: idle(opened))
    assert slow_run.done - asked <= MOST_STEPS_AFTER
    assert opened.document.result is None
    assert not opened.progress.shown


def test_a_fit_can_be_stopped_and_kept(opened, slow_run, small_result, qtbot):
    opened.action("fit").trigger()
    qtbot.waitUntil(lambda: opened.progress.shown and opened.progress.stop.isVisible())
    opened.progress.stop.click()
    qtbot.waitUntil(lambda: idle(opened))
    assert opened.document.result is small_result


def test_progress_says_what_is_done_and_how_long_it_takes(opened, slow_run, qtbot):
    opened.action("fit").trigger()
    qtbot.waitUntil(lambda: "left" in opened.progress.bar.format())
    assert opened.progress.label.text() == "Working slowly"
    assert "left" not in opened.status.about.text(), "it is said once"
    opened.work.jobs.cancel()
    qtbot.waitUntil(lambda: idle(opened))


def test_a_refused_analysis_is_shown_where_it_can_be_put_right(opened, monkeypatch, qtbot):
    def refuse(analysis, recording, context):
        raise GlmError("strength: too large for these data; lower it", field="model.strengths")

    monkeypatch.setattr(glmengine, "run", refuse, raising=False)
    opened.work.fitting.fit()
    with qtbot.waitSignal(opened.jobs.failed):
        pass
    assert opened.step == "model"
    panel = opened.panels["model"]
    assert "too large" in panel.findChild(QLabel, "model_strengths_message").text()
    assert "too large" in opened.notice_bar.notice.text
    assert "too large" in opened.panels["log"].text
    opened.document.edit(opened.document.analysis.with_(seed=3), "Change seed")
    assert opened.document.fault == ("", "")


def test_a_fault_of_the_program_is_kept_with_its_traceback(opened, monkeypatch, qtbot):
    def broken(analysis, recording, context):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(glmengine, "run", broken, raising=False)
    opened.work.fitting.fit()
    with qtbot.waitSignal(opened.jobs.failed):
        pass
    assert "out of luck" in opened.notice_bar.notice.text
    assert "Traceback" in opened.notice_bar.notice.details
    assert "Traceback" in opened.panels["log"].text


def test_live_fit_follows_edits_and_gives_the_last_result_back(opened, small_result, qtbot):
    document = opened.document
    document.set_result(small_result)
    document.select(unit="hd")
    opened.work.live.switch(True)
    qtbot.waitUntil(lambda: document.result_is_live, timeout=60_000)
    first = document.result
    assert list(first.units) == ["hd"]
    assert not document.result_is_stale
    for size in (0.021, 0.022, 0.023, 0.024, 0.025):
        document.edit(document.analysis.with_(time=document.analysis.time.with_(bin_size=size)), "Change bin size")
    qtbot.waitUntil(lambda: document.result.analysis.time.bin_size == 0.025, timeout=60_000)
    document.select(unit="place")
    qtbot.waitUntil(lambda: list(document.result.units) == ["place"], timeout=60_000)
    opened.work.live.switch(False)
    assert document.result is small_result
    assert document.result_is_stale
    document.undo()
    assert not document.result_is_stale


def test_units_are_stepped_through(opened):
    assert opened.document.unit == "hd"
    opened.action("next_unit").trigger()
    assert opened.document.unit == "place"
    opened.action("previous_unit").trigger()
    opened.action("previous_unit").trigger()
    assert opened.document.unit == "flat"


# Opening


def test_the_status_line_says_what_is_open(opened, qtbot):
    qtbot.waitUntil(lambda: "columns" in opened.status.about.text())
    text = opened.status.about.text()
    for part in ("small", "3 units", "120 s", "20 ms", "6,000 bins", "100 % valid", "8 columns"):
        assert part in text


def test_left_and_below_the_units_that_are_fitted_are_counted_alike(opened):
    assert opened.rail.buttons["data"].text().endswith("\n3 units")
    analysis = opened.document.analysis
    opened.document.edit(analysis.with_(units=analysis.units.with_(names=("hd",))), "Choose units")
    assert opened.rail.buttons["data"].text().endswith("\n1 of 3 units")
    assert "1 of 3 units" in opened.status.about.text()


def test_while_a_job_runs_empty_pages_say_what_it_is_and_what_comes_of_it(opened, slow_run, qtbot):
    panels, document = opened.panels, opened.document
    pages = [panels[name] for name in ("results", "checks", "fits", "population")]
    usual = [page.empty.title for page in pages]
    opened.work.fitting.fit()
    qtbot.waitUntil(lambda: document.doing[0] != "")
    assert {page.empty.title for page in pages} == {document.doing[0]}
    assert document.doing[0].startswith("Fitting ")
    assert all("As soon as the fit is done" in page.empty.text for page in pages)
    assert not any(page.empty.choices for page in pages)
    opened.jobs.cancel()
    qtbot.waitUntil(lambda: idle(opened))
    assert [page.empty.title for page in pages] == usual
    assert all("&Fit" in page.empty.choices for page in pages)


def test_while_a_recording_is_opened_no_page_asks_for_one(window, qtbot):
    pages = [window.panels[name] for name in ("data", "features", "model", "answers")]
    usual = [(page.empty.title, page.empty.text, page.empty.choices) for page in pages]
    assert all("Open the sample session" in choices for _, _, choices in usual)
    window.jobs.submit("Opening rat7.nwb", lambda context: Steps()(context), lambda _: None)
    qtbot.waitUntil(lambda: window.document.doing[0] != "")
    assert {page.empty.title for page in pages} == {"Opening rat7.nwb"}
    assert not any(page.empty.choices for page in pages)
    window.jobs.cancel()
    qtbot.waitUntil(lambda: idle(window))
    assert [(page.empty.title, page.empty.text, page.empty.choices) for page in pages] == usual


def test_while_answers_are_found_no_page_denies_it_and_their_own_folds_are_said(
    window, small_recording, monkeypatch, qtbot, at_rest
):
    document, answers = window.document, window.work.answers
    document.open(small_recording, Analysis())
    window.show_step("answers")
    at_rest(window)
    monkeypatch.setattr("glmengine.answers.explain.explain", lambda *_, context, **more: Steps()(context))
    answers.find()
    qtbot.waitUntil(lambda: document.doing[0] != "")
    folds = answers.question.selection.folds
    assert folds != document.analysis.validation.folds
    for name in ("results", "checks", "fits", "population"):
        empty = window.panels[name].empty
        assert empty.title == "Finding the answers of 3 units"
        assert f"settings of their own ({folds} folds" in empty.text
    meanwhile = window.panels["model"].meanwhile
    assert f"({folds} folds" in meanwhile.text()
    answers.cancel()
    qtbot.waitUntil(lambda: idle(window))
    assert meanwhile.isHidden()


def test_a_file_that_is_no_recording_says_so_and_leaves_what_is_open(opened, tmp_path, qtbot):
    path = tmp_path / "notes.nwb"
    path.write_text("this is a text")
    before = opened.document.recording
    opened.work.opening.open(path)
    with qtbot.waitSignal(opened.jobs.failed, timeout=30_000):
        pass
    assert "notes.nwb" in opened.notice_bar.notice.text
    assert opened.document.recording is before


@pytest.mark.parametrize(("own", "begins_with"), [(0.005, 0.01), (0.01, 0.01), (0.02, 0.02), (0.004, 0.004)])
def test_counts_begin_with_bins_that_they_can_be_put_into(own, begins_with, small_recording):
    import numpy as np
    import pynapple as nap

    from glmengine.recording.recording import Recording
    from glmgui.work.opening import first_analysis

    times = own / 2 + own * np.arange(100)
    counts = nap.TsdFrame(times, np.ones((100, 1)), columns=["a"])
    recording = Recording("counts", ("a",), counts=counts, epochs={"all": counts.time_support})
    assert first_analysis(recording).time.bin_size == pytest.approx(begins_with)
    assert first_analysis(small_recording).time.bin_size == 0.01


def test_a_dropped_file_is_opened(window, tmp_path, monkeypatch, qtbot):
    asked: list[Path] = []
    monkeypatch.setattr(window.work.opening, "open", lambda path, then: asked.append(path))
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / "a.nwb"))])
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    window.dropEvent(event)
    qtbot.waitUntil(lambda: asked == [tmp_path / "a.nwb"])


def test_recent_files_are_listed_without_those_that_are_gone(window, tmp_path, qtbot):
    for name in ("one.glm", "two.glm", "three.glm"):
        (tmp_path / name).write_text("x")
        window.settings.add_recent(tmp_path / name)
    (tmp_path / "two.glm").unlink()
    window.settings.add_recent(tmp_path / "one.glm")
    window.work.recent.look()
    qtbot.waitUntil(lambda: [one.path.name for one in window.work.recent.entries] == ["one.glm", "three.glm"])


# Closing


def test_closing_in_the_middle_of_a_fit_asks_and_ends_cleanly(opened, slow_run, questions, qtbot):
    opened.action("fit").trigger()
    qtbot.waitUntil(slow_run.begun.is_set)
    questions.stop_running = lambda label: False
    assert not opened.close()
    assert opened.isVisible()
    assert opened.document.busy
    questions.stop_running = lambda label: True
    assert opened.close()
    assert slow_run.done < 3000
    assert not opened.left_running


def test_closing_with_unsaved_changes_asks(opened, questions, tmp_path, qtbot):
    opened.document.edit(opened.document.analysis.with_(seed=4), "Change seed")
    questions.unsaved = lambda project: "cancel"
    assert not opened.close()
    questions.unsaved = lambda project: "save"
    questions.next_path = tmp_path / "kept.glm"
    with qtbot.waitSignal(opened.closed, timeout=30_000):
        opened.close()
    from glmengine.project.project import load_project

    assert load_project(tmp_path / "kept.glm").analysis.seed == 4


def test_closing_is_not_asked_where_nothing_is_lost(window, questions):
    questions.unsaved = lambda project: pytest.fail("asked")
    questions.stop_running = lambda label: pytest.fail("asked")
    assert window.close()


# Guide and errors


def test_the_guide_has_every_page_and_finds_words(window, qtbot, project):
    guide = GuideWindow(window)
    qtbot.addWidget(guide)
    pages = {guide.contents.item(at).data(Qt.ItemDataRole.UserRole) for at in range(guide.contents.count())}
    course = {f"../analyses/{path.parent.name}/page.md" for path in (project / "resources").glob("analyses/*/page.md")}
    assert pages == {path.name for path in (project / "resources" / "guide").glob("*.md")} | course
    for page in pages:
        guide.show_page(page)
        assert len(guide.page.toPlainText()) > 200, page
        assert guide.contents.currentItem().data(Qt.ItemDataRole.UserRole) == page
    guide.show_page("index.md")
    guide.search.setText("ridge")
    assert guide.find_next()
    assert guide.page.textCursor().selectedText().lower() == "ridge"
    guide.search.setText("no such words anywhere")
    assert not guide.find_next()


def test_f1_opens_the_page_of_the_step(opened):
    opened.show_step("model")
    opened.action("guide").trigger()
    assert opened._guide.page.source().fileName() == "model.md"


def test_an_exception_in_a_slot_is_a_notice(window, qtbot):
    import sys

    from glmgui.notices import install_hooks

    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    try:
        install_hooks()
        with qtbot.waitSignal(notices().noticed) as caught:
            sys.excepthook(ValueError, ValueError("lost?"), None)
        assert "lost?" in caught.args[0].text
        thread = threading.Thread(target=lambda: 1 / 0)
        with qtbot.waitSignal(notices().noticed) as caught:
            thread.start()
            thread.join()
        assert "ZeroDivisionError" in caught.args[0].text
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
        from qtpy.QtCore import qInstallMessageHandler

        qInstallMessageHandler(None)


def test_redo_has_the_keys_of_other_programs_too(window):
    keys = {shortcut.toString() for shortcut in window.action("redo").shortcuts()}
    assert keys == {"Ctrl+Shift+Z", "Ctrl+Y"}


def test_figures_are_named_after_the_unit_too(qtbot):
    from glmgui.plots import Axis, LinePlot

    plot = LinePlot("position: data and model", Axis("x"), Axis("y"))
    qtbot.addWidget(plot)
    plot.subject = "unit 7"
    assert plot.proposed_name == "unit_7_position_data_and_model"


def test_that_methods_were_copied_is_seen(opened, small_result, qtbot):
    opened.document.open(opened.document.recording, small_result.analysis, small_result)
    opened.show_step("results")
    opened.panels["results"].methods.click()
    qtbot.waitUntil(lambda: opened.notice_bar.isVisible() and "on the clipboard" in opened.notice_bar.notice.text)


def test_who_opens_the_window_for_the_first_time_has_buttons_to_begin_with(window, questions, qtbot):
    from qtpy.QtWidgets import QPushButton

    asked = []
    questions.open_paths = lambda folder: asked.append(folder) or []
    window.show_step("data")
    buttons = {button.text(): button for button in window.panels["data"].empty.findChildren(QPushButton)}
    assert set(buttons) == {"Open a recording\u2026", "Open the sample session"}
    assert all(button.isVisible() for button in buttons.values())
    buttons["Open a recording\u2026"].click()
    assert asked


def test_every_sample_can_be_opened_from_the_menu(window, qtbot):
    from glmengine.simulation.catalogue import SAMPLES

    helps = next(action.menu() for action in window.menuBar().actions() if "Help" in action.text())
    others = next(action.menu() for action in helps.actions() if action.text() == "&Other samples")
    others.aboutToShow.emit()
    assert [action.text() for action in others.actions()] == list(SAMPLES)
    assert all(action.toolTip() for action in others.actions())
    next(action for action in others.actions() if action.text() == "current-injection").trigger()
    qtbot.waitUntil(lambda: window.document.recording is not None, timeout=60_000)
    assert window.document.recording.name == "current-injection"
    assert window.document.analysis.terms


def test_a_figure_that_is_scrolled_out_of_sight_can_be_exported(
    window, small_recording, small_analysis, small_result, qtbot, at_rest
):
    window.document.open(small_recording, small_analysis, small_result)
    window.resize(1024, 420)
    window.show_step("results")
    window.panels["results"].show_page(0)
    curves = window.panels["results"].curves
    qtbot.waitUntil(lambda: curves.is_complete)
    at_rest(window)
    hidden = [plot for plot in curves.plots if plot.visibleRegion().isEmpty()]
    assert set(curves.plots) <= set(plots_on_screen(window))
    if hidden:
        seen = [plot for plot in plots_on_screen(window) if not plot.visibleRegion().isEmpty()]
        assert plots_on_screen(window)[: len(seen)] == seen
    window.panels["results"].show_page(3)
    assert not set(curves.plots) & set(plots_on_screen(window))


def test_the_rail_says_what_is_coming(window, small_recording, small_analysis, monkeypatch):
    window.document.open(small_recording, small_analysis)
    work, buttons = window.work, window.rail.buttons

    def said(step):
        return buttons[step].text().partition("\n")[2]

    before = {step: said(step) for step in ("results", "checks", "answers", "batch")}
    monkeypatch.setattr(type(work.answers), "running", property(lambda self: True))
    monkeypatch.setattr(type(work.answers), "n_answered", property(lambda self: (2, 19)))
    work.answers.changed.emit()
    assert said("answers") == "2 of 19…"
    assert buttons["answers"].accessibleName().endswith("2 of 19…")
    monkeypatch.setattr(type(work.checks), "job_of", lambda self, kind: object() if kind == "tests" else None)
    work.checks.changed.emit("tests")
    assert said("checks") == "checking…"
    monkeypatch.undo()
    work.answers.changed.emit()
    assert {step: said(step) for step in before} == before


def test_the_rail_counts_the_units_of_a_fit_that_runs(window, small_recording, small_analysis, qtbot):
    window.document.open(small_recording, small_analysis)
    seen = []
    window.work.fitting.runs.changed.connect(lambda: seen.append(window.rail.buttons["results"].text()))
    window.work.fitting.fit()
    qtbot.waitUntil(lambda: window.document.result is not None, timeout=60_000)
    assert any("…" in text for text in seen)
    qtbot.waitUntil(lambda: "…" not in window.rail.buttons["results"].text())
