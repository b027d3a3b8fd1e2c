"""What a user does at the wrong moment: cancelling, closing, editing and opening in the middle of work, on disks that fail."""

from __future__ import annotations

import sys
import threading
import time

import pytest
from qtpy.QtCore import QTimer

import glmengine
from glmengine.context import Cancelled, Progress
from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.project.project import load_project
from glmgui.document import Document
from glmgui.jobs import Jobs
from glmgui.work.project import save_project, stamp_of
from glmgui.work.recovery import Leftover, Recovery
from tests.clock import PATIENCE_S
from tests.gui.conftest import LEAST_PATIENCE_MS


@pytest.fixture
def told():
    """Every notice, as (level, text)."""
    from glmgui.notices import notices

    found: list[tuple[str, str]] = []

    def note(notice):
        found.append((notice.level, notice.text))

    notices().noticed.connect(note)
    yield found
    notices().noticed.disconnect(note)


@pytest.fixture(scope="module")
def recording_file(small_recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "small.nwb"
    write_nwb(small_recording, path)
    return path


@pytest.fixture
def opened(window, small_recording, small_analysis, qtbot):
    window.document.open(small_recording, small_analysis)
    qtbot.waitUntil(lambda: window.work.size.estimate is not None)
    return window


class SlowRun:
    """Stands for the engine's run: works until it is let go, listens, and notes what it was asked."""

    def __init__(self, result) -> None:
        self.result, self.asked, self.begun, self.free = result, [], threading.Event(), threading.Event()

    def __call__(self, analysis, recording, context):
        self.asked.append(analysis)
        self.begun.set()
        while not self.free.is_set():  # the fixture lets it go at the latest
            context.report(Progress("Fitting slowly", 0.5))
            context.check()
            if context.stopping:
                break
            time.sleep(0.005)
        return self.result


@pytest.fixture
def slow(monkeypatch, small_result):
    run = SlowRun(small_result)
    monkeypatch.setattr(glmengine, "run", run, raising=False)
    yield run
    run.free.set()


def begin_fit(window, slow, qtbot) -> None:
    window.work.fitting.fit()
    qtbot.waitUntil(slow.begun.is_set)


# Cancelling and stopping


def test_an_answer_that_was_already_there_when_cancel_was_pressed_is_not_taken(jobs, qtbot):
    answers, done = [], threading.Event()

    def work(context):
        done.set()
        return "late"

    job = jobs.submit("Work", work, answers.append)
    assert done.wait(PATIENCE_S)
    time.sleep(0.05)  # the answer waits in the queue of the main thread
    with qtbot.waitSignal(jobs.cancelled):
        job.cancel()
    assert answers == []
    assert not jobs.busy


def test_nobody_is_busy_any_more_when_the_answer_comes(jobs, qtbot):
    busy_in_answer, said = [], []
    jobs.busy_changed.connect(said.append)
    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Work", lambda context: 1, lambda _: busy_in_answer.append((jobs.busy, said[-1])))
    qtbot.waitUntil(lambda: bool(busy_in_answer))
    assert busy_in_answer == [(False, False)]


def test_foreign_code_that_leaves_the_program_is_a_failed_job(jobs, qtbot):
    with qtbot.waitSignal(jobs.failed) as failed:
        jobs.submit("Work", lambda context: sys.exit(3))
    assert "SystemExit" in failed.args[1]
    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Next", lambda context: 1)


def test_an_answer_that_fails_on_the_main_thread_leaves_the_jobs_working(jobs, qtbot):
    def fail(value):
        raise RuntimeError("in the slot")

    with qtbot.captureExceptions() as caught:
        jobs.submit("Work", lambda context: 1, fail)
        qtbot.waitUntil(lambda: not jobs.busy)
        qtbot.waitUntil(lambda: bool(caught))
    assert "in the slot" in str(caught[0][1])
    with qtbot.waitSignal(jobs.finished):
        jobs.submit("Next", lambda context: 1)


def test_stopping_with_nothing_to_keep_changes_nothing(opened, slow, qtbot):
    begin_fit(opened, slow, qtbot)
    opened.action("cancel").trigger()
    opened.action("stop").trigger()
    qtbot.waitUntil(lambda: not opened.document.busy)
    assert opened.document.result is None


def test_opening_can_be_given_up(opened, qtbot, monkeypatch, tmp_path):
    begun = threading.Event()

    def endless(path, context, **_):
        begun.set()
        while True:
            context.check()
            time.sleep(0.005)

    monkeypatch.setattr("glmgui.work.opening.open_or_assist", endless)
    before = opened.document.recording
    opened.work.opening.open(tmp_path / "large.nwb")
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(opened.jobs.cancelled):
        opened.action("cancel").trigger()
    assert opened.document.recording is before


def test_a_second_file_takes_the_place_of_one_that_is_being_opened(opened, qtbot, monkeypatch, tmp_path, recording_file):
    from glmgui.work import opening

    begun, real = threading.Event(), opening.open_or_assist

    def slow_for_large(path, context, **options):
        if path.name == "large.nwb":
            begun.set()
            while True:
                context.check()
                time.sleep(0.005)
        return real(path, context, **options)

    monkeypatch.setattr(opening, "open_or_assist", slow_for_large)
    opened.work.opening.open(tmp_path / "large.nwb")
    qtbot.waitUntil(begun.is_set)
    with qtbot.waitSignal(opened.work.opening.opened, timeout=30_000):
        opened.work.opening.open(recording_file)
    assert opened.document.recording.path == recording_file
    assert not opened.document.busy


# Edits and undo during a fit


def test_a_fit_answers_the_question_that_was_asked_whatever_was_edited_meanwhile(opened, slow, qtbot):
    asked = opened.document.analysis
    begin_fit(opened, slow, qtbot)
    opened.document.edit(asked.with_(seed=7), "Change seed")
    with qtbot.waitSignal(opened.work.fitting.fitted):
        slow.free.set()
    assert slow.asked == [asked]
    assert opened.document.result_is_stale
    opened.document.undo()
    assert not opened.document.result_is_stale
    opened.document.redo()
    assert opened.document.result_is_stale


def test_a_refusal_is_not_put_to_a_question_that_was_edited_since(opened, monkeypatch, qtbot):
    begun, go_on = threading.Event(), threading.Event()

    def refuse(analysis, recording, context):
        begun.set()
        go_on.wait(PATIENCE_S)
        raise GlmError("no such variable", field="terms.0.factors.0.variable")

    monkeypatch.setattr(glmengine, "run", refuse, raising=False)
    opened.work.fitting.fit()
    qtbot.waitUntil(begun.is_set)
    opened.document.edit(opened.document.analysis.with_(seed=3), "Change seed")
    with qtbot.waitSignal(opened.jobs.failed):
        go_on.set()
    assert opened.document.fault == ("", "")


def test_a_file_that_cannot_be_read_puts_no_fault_on_what_is_open(opened, tmp_path, qtbot):
    bad = tmp_path / "bad.toml"
    bad.write_text("[model]\nfamily = 'cauchy'\n", encoding="utf-8")
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.work.opening.open(bad)
    assert opened.document.fault == ("", "")


def test_asking_twice_fits_once(opened, slow, qtbot):
    begin_fit(opened, slow, qtbot)
    assert not opened.action("fit").isEnabled()
    opened.action("fit").trigger()
    opened.work.fitting.fit()  # another way in, which no disabled action guards
    with qtbot.waitSignal(opened.work.fitting.fitted):
        slow.free.set()
    qtbot.waitUntil(lambda: not opened.document.busy)
    assert opened.document.result is slow.result
    assert len(slow.asked) <= 2


def test_switching_live_fit_off_and_on_again_goes_on_fitting(opened, slow, qtbot):
    opened.work.live.switch(True)
    qtbot.waitUntil(slow.begun.is_set)
    opened.work.live.switch(False)
    slow.begun.clear()
    opened.work.live.switch(True)
    qtbot.waitUntil(slow.begun.is_set)
    slow.free.set()
    qtbot.waitUntil(lambda: opened.document.result_is_live)


def test_a_storm_of_edits_while_fitting_live_ends_with_the_last_of_them(
    opened, monkeypatch, small_result, qtbot, main_thread_stays_free
):
    asked, waiting = [], []

    def run(analysis, recording, context):
        asked.append(analysis)
        for _ in range(8):
            context.check()
            time.sleep(0.01)
        return small_result

    monkeypatch.setattr(glmengine, "run", run, raising=False)
    opened.work.live.switch(True)
    for seed in range(1, 120):
        opened.document.edit(opened.document.analysis.with_(seed=seed), f"Seed {seed}")
        qtbot.wait(4)
        waiting.append(len(opened.jobs._pending))
    qtbot.waitUntil(lambda: bool(asked) and asked[-1].seed == 119, timeout=10_000)
    assert max(waiting) < 20, "requests that are stale are dropped"


# Another recording while a fit runs


def test_opening_while_a_fit_runs_asks_and_keeps_fitting_if_so_wanted(opened, slow, questions, recording_file, qtbot):
    begin_fit(opened, slow, qtbot)
    asked = []
    questions.give_up_fit = lambda label: asked.append(label) or False
    opened.work.opening.open(recording_file)
    opened.action("sample").trigger()
    opened.work.opening.replace_recording(recording_file)
    assert len(asked) == 3
    assert all("Fitting" in label for label in asked)
    with qtbot.waitSignal(opened.work.fitting.fitted):
        slow.free.set()
    assert opened.document.recording.path != recording_file


def test_a_fit_that_was_given_up_never_reaches_the_recording_opened_after_it(opened, slow, questions, recording_file, qtbot):
    begin_fit(opened, slow, qtbot)
    with qtbot.waitSignal(opened.work.opening.opened, timeout=30_000):
        opened.work.opening.open(recording_file)
    qtbot.waitUntil(lambda: not opened.document.busy)
    assert opened.document.recording.path == recording_file
    assert opened.document.kept_result is None


def test_a_result_for_a_recording_that_is_gone_is_dropped(opened, slow, small_recording, qtbot, told):
    from dataclasses import replace

    begin_fit(opened, slow, qtbot)
    opened.document.set_recording(replace(small_recording, name="another"))
    slow.free.set()
    qtbot.waitUntil(lambda: any("dropped" in text for _, text in told))
    assert opened.document.kept_result is None


# Saving


def test_saving_does_not_wait_for_the_end_of_a_fit(opened, slow, questions, tmp_path, qtbot):
    begin_fit(opened, slow, qtbot)
    questions.next_path = tmp_path / "during.glm"
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    assert opened.document.busy  # the fit goes on
    assert load_project(tmp_path / "during.glm").analysis == opened.document.analysis


def test_a_save_that_fails_during_a_fit_says_so(opened, slow, questions, tmp_path, qtbot, told):
    begin_fit(opened, slow, qtbot)
    questions.next_path = tmp_path / "gone" / "during.glm"
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.action("save").trigger()
    assert [level for level, text in told if "gone" in text or "during" in text] == ["error"]
    assert opened.document.project_path is None


def test_a_full_disk_is_said_in_words_and_leaves_the_old_project_whole(opened, questions, tmp_path, qtbot, told, monkeypatch):
    questions.next_path = tmp_path / "kept.glm"
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    before = (tmp_path / "kept.glm").read_bytes()
    opened.document.edit(opened.document.analysis.with_(seed=5), "Change seed")
    import pathlib

    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", full)
    monkeypatch.setattr("zipfile.ZipFile.writestr", lambda *args, **kwargs: full(None, None))
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.action("save").trigger()
    monkeypatch.undo()
    errors = [text for level, text in told if level == "error"]
    assert len(errors) == 1
    assert "space" in errors[0]
    assert "Traceback" not in errors[0]
    assert (tmp_path / "kept.glm").read_bytes() == before
    assert opened.document.modified
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("kept")] == ["kept.glm"]


def test_closing_with_save_asks_nothing_else(opened, questions, tmp_path, qtbot):
    opened.document.edit(opened.document.analysis.with_(seed=4), "Change seed")
    questions.unsaved = lambda project: "save"
    questions.next_path = tmp_path / "kept.glm"
    questions.stop_running = lambda label: pytest.fail(f"asked whether to give up {label}")
    with qtbot.waitSignal(opened.closed, timeout=30_000):
        opened.close()
    assert (tmp_path / "kept.glm").exists()


def test_a_save_that_fails_keeps_the_window_open(opened, questions, tmp_path, qtbot, at_rest):
    opened.document.edit(opened.document.analysis.with_(seed=4), "Change seed")
    questions.unsaved = lambda project: "save"
    questions.next_path = tmp_path / "gone" / "kept.glm"
    with qtbot.waitSignal(opened.jobs.failed, timeout=30_000):
        opened.close()
    at_rest(opened)
    assert opened.isVisible()
    assert opened.document.modified


def test_two_windows_on_one_project_do_not_lose_each_others_changes(opened, questions, tmp_path, qtbot, small_analysis):
    path = tmp_path / "shared.glm"
    questions.next_path = path
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    theirs = small_analysis.with_(seed=99)
    time.sleep(0.02)
    save_project(path, theirs, None, opened.document.recording)  # the other window
    opened.document.edit(opened.document.analysis.with_(seed=5), "Change seed")
    asked = []
    questions.overwrite_changed = lambda found: asked.append(found) or False
    questions.next_path = tmp_path / "mine.glm"
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    assert asked == [path]
    assert load_project(path).analysis.seed == 99
    assert load_project(tmp_path / "mine.glm").analysis.seed == 5
    # its own saves are nobody else's
    opened.document.edit(opened.document.analysis.with_(seed=6), "Change seed again")
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    assert len(asked) == 1
    # also one that was written, and cancelled before the window heard of it
    opened.document.edit(opened.document.analysis.with_(seed=7), "Change seed once more")
    opened.action("save").trigger()
    mine, saving = tmp_path / "mine.glm", opened.work.saving
    # the worker writes, and the window does not listen
    while load_project(mine).analysis.seed != 7 or saving._written != (mine, stamp_of(mine)):
        time.sleep(0.01)
    opened.jobs.cancel()
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    assert len(asked) == 1
    # who says no, and then takes the same name, is asked by the dialog of names alone
    save_project(tmp_path / "mine.glm", theirs, None, opened.document.recording)
    with qtbot.waitSignal(opened.work.saving.saved, timeout=10_000):
        opened.action("save").trigger()
    assert asked == [path, tmp_path / "mine.glm"]


# After a crash


def crashed(folder, analysis, recording) -> Leftover:
    """What a dead process has left."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / "4242-1"
    save_project(stem.with_suffix(".glm"), analysis, None, recording)
    return Leftover(stem, "yesterday", "", 0.0)


@pytest.fixture
def lost(window, small_analysis, recording_file, tmp_path):
    """A leftover whose recording has been moved; gives it and where the recording is now."""
    import shutil

    from glmengine.io.opening import open_recording

    there = tmp_path / "there" / "small.nwb"
    there.parent.mkdir()
    shutil.copy(recording_file, there)
    recording = open_recording(there)
    left = crashed(window.work.recovery.folder, small_analysis, recording)
    now = tmp_path / "now.nwb"
    there.rename(now)
    return left, now


def test_a_recovered_session_asks_where_its_recording_is(window, lost, questions, small_analysis, qtbot):
    left, now = lost
    questions.next_path = now
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.work.opening.saved.recover(left)
    assert window.document.recording.path == now
    assert window.document.analysis.terms == small_analysis.terms
    assert window.document.modified
    assert not left.project.exists()


def test_a_recovered_session_without_its_recording_can_be_given_one_later(window, lost, questions, small_analysis, qtbot):
    left, now = lost
    questions.next_path = None
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.work.opening.saved.recover(left)
    assert window.document.recording is None
    assert window.document.analysis.terms == small_analysis.terms
    assert window.action("replace").isEnabled()
    questions.next_path = now
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.action("replace").trigger()
    assert window.document.recording.path == now
    assert window.document.analysis.terms == small_analysis.terms
    assert window.work.fitting.can_fit


def test_a_corrupt_autosave_is_refused_kept_and_leaves_what_is_open(opened, small_analysis, small_recording, qtbot, told):
    left = crashed(opened.work.recovery.folder, small_analysis, small_recording)
    left.project.write_bytes(left.project.read_bytes()[:100])
    before = opened.document.analysis
    with qtbot.waitSignal(opened.jobs.failed, timeout=10_000):
        opened.work.opening.saved.recover(left)
    assert opened.document.analysis is before
    assert [level for level, _ in told].count("error") == 1
    assert left.project.exists()


def test_an_analysis_whose_recording_has_moved_asks_for_it(window, small_analysis, recording_file, questions, tmp_path, qtbot):
    from glmengine.analysis.analysis import Source

    path = tmp_path / "place.toml"
    small_analysis.with_(recording=Source(path=str(tmp_path / "gone.nwb"))).save(path)
    questions.next_path = recording_file
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.work.opening.open(path)
    assert window.document.recording.path == recording_file
    assert window.document.analysis.terms == small_analysis.terms


def test_where_recovery_files_cannot_be_written_work_goes_on(qapp, tmp_path, small_analysis, qtbot):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    document, jobs = Document(), Jobs()
    recovery = Recovery(document, jobs, blocked / "recovery")
    document.edit(small_analysis, "Edit")
    recovery.keep()
    recovery.clear()
    assert recovery.leftovers() == []
    assert jobs.close(LEAST_PATIENCE_MS)


# Closing


def test_closing_in_the_middle_of_opening_and_of_computing_ends(opened, qtbot, monkeypatch, tmp_path):
    begun = threading.Event()

    def endless(analysis, recording, context):
        begun.set()
        time.sleep(0.5)
        raise Cancelled

    monkeypatch.setattr("glmgui.work.fit_size.estimate", endless)
    opened.document.edit(opened.document.analysis.with_(time=opened.document.analysis.time.with_(max_gap=0.7)), "Longest gap")
    qtbot.waitUntil(begun.is_set)
    opened.work.opening.open(tmp_path / "not-there.nwb")
    assert opened.close()
    assert not opened.left_running


def test_nothing_is_delivered_after_closing(qapp, qtbot):
    jobs, answers = Jobs(), []
    jobs.submit("Work", lambda context: 1, answers.append)
    assert jobs.close(LEAST_PATIENCE_MS)
    qtbot.wait(50)
    assert answers == []
    QTimer.singleShot(0, lambda: jobs.submit("After", lambda context: 1, answers.append))
    qtbot.wait(50)
    assert answers == []
