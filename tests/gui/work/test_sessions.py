"""Several recordings in the window: sessions added, renamed and removed, saved with the project and found again one by one."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.export.nwb import write_nwb
from glmgui.actions.table import ACTIONS
from glmgui.notices import notices


@pytest.fixture(scope="module")
def files(small_recording, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    write_nwb(small_recording, folder / "Tag 1.nwb")
    write_nwb(replace(small_recording, events={}), folder / "日2.nwb")
    write_nwb(replace(small_recording, trials={}, events={}, epochs={"all": small_recording.epochs["all"]}), folder / "3.nwb")
    return folder


@pytest.fixture
def two(window, files, small_analysis, tmp_path, qtbot):
    """A window with two sessions from a folder of their own."""
    work = tmp_path / "work"
    shutil.copytree(files, work)
    window.work.opening.open(work / "Tag 1.nwb")
    qtbot.waitUntil(lambda: window.document.recording is not None, timeout=30_000)
    window.document.edit(small_analysis.with_(recording=window.document.analysis.recording), "Use the small analysis")
    window.work.questions.next_path = work / "日2.nwb"
    window.action("add_session").trigger()
    qtbot.waitUntil(lambda: len(window.document.recording.sessions) == 2, timeout=30_000)
    return window, work


def sessions_of(window):
    return [session.name for session in window.document.recording.sessions]


def test_a_session_is_added_renamed_and_removed(two, qtbot):
    window, work = two
    shown = window.panels["data"].sessions
    assert "add_session" in {record.name for record in ACTIONS}
    assert sessions_of(window) == ["Tag 1", "日2"]
    assert shown.view.topLevelItemCount() == 2
    assert shown.view.isVisibleTo(shown)
    assert [one.session for one in window.document.analysis.more_recordings] == ["日2"]
    time = window.document.analysis.time.with_(epochs=("日2",))
    window.document.edit(window.document.analysis.with_(time=time), "Use one session")
    shown.view.topLevelItem(1).setText(0, "Tag 2")
    qtbot.waitUntil(lambda: sessions_of(window) == ["Tag 1", "Tag 2"], timeout=30_000)
    assert window.document.analysis.time.epochs == ("Tag 2",)
    epochs = window.panels["data"].epochs
    qtbot.waitUntil(lambda: "Tag 2" in {row.name for row in epochs._rows}, timeout=30_000)
    shown.view.setCurrentItem(shown.view.topLevelItem(0))
    shown.remove.click()
    qtbot.waitUntil(lambda: not window.document.recording.sessions, timeout=30_000)
    assert window.document.recording.path == work / "日2.nwb"
    assert not window.document.analysis.more_recordings
    assert not shown.view.isVisibleTo(shown)


def test_what_cannot_be_joined_or_named_changes_nothing(two, qtbot):
    window, work = two
    shown, told = window.panels["data"].sessions, []
    notices().noticed.connect(told.append)
    before = window.document.recording
    with qtbot.waitSignal(window.jobs.failed, timeout=30_000):
        window.work.sessions.add(work / "日2.nwb")
    with qtbot.waitSignal(window.jobs.failed, timeout=30_000):
        shown.view.topLevelItem(1).setText(0, "Tag 1")
    assert shown.view.topLevelItem(1).text(0) == "日2"
    assert window.document.recording is before
    said = " ".join(str(getattr(notice, "text", notice)) for notice in told)
    assert "is there twice" in said
    assert "two sessions are called 'Tag 1'" in said


def test_a_project_with_sessions_opens_again_and_asks_for_each_that_is_missing(two, tmp_path, qtbot):
    window, work = two
    questions = window.work.questions
    window.work.sessions.add(work / "3.nwb")
    qtbot.waitUntil(lambda: len(sessions_of(window)) == 3, timeout=30_000)
    analysis, recording = window.document.analysis, window.document.recording
    questions.next_path = work / "project.glm"
    with qtbot.waitSignal(window.work.saving.saved, timeout=30_000):
        window.work.saving.save_as()
    questions.next_path = None
    window.document.open(None, Analysis())
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.work.opening.open(work / "project.glm")
    assert sessions_of(window) == ["Tag 1", "日2", "3"]
    assert window.document.recording.sha256 == recording.sha256
    assert window.document.analysis == analysis
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("Tag 1.nwb", "3.nwb"):
        shutil.move(work / name, elsewhere / name)
    asked = []

    def locate(missing, name):
        asked.append((missing.name, name))
        return elsewhere / missing.name

    questions.locate = locate
    window.document.open(None, Analysis())
    with qtbot.waitSignal(window.work.opening.opened, timeout=60_000):
        window.work.opening.open(work / "project.glm")
    assert asked == [("Tag 1.nwb", "Tag 1"), ("3.nwb", "3")]
    assert window.document.recording.sha256 == recording.sha256
    window.document.open(None, Analysis())
    analysis.with_(more_recordings=analysis.more_recordings[:1]).save(work / "a.toml")
    asked.clear()
    with qtbot.waitSignal(window.work.opening.opened, timeout=60_000):
        window.work.opening.open(work / "a.toml")
    assert asked == [("Tag 1.nwb", "Tag 1.nwb")]
    assert sessions_of(window) == ["Tag 1", "日2"]


def test_undo_takes_a_session_out_again(two, qtbot):
    window, _ = two
    window.action("undo").trigger()
    assert not window.document.recording.sessions
    assert not window.document.analysis.more_recordings
    assert "Add session" in window.document.redo_text
    window.action("redo").trigger()
    assert sessions_of(window) == ["Tag 1", "日2"]
    assert len(window.document.analysis.more_recordings) == 1
