"""Projects come back as they were saved, find their recordings, and survive a crash of the program."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest

from glmengine.analysis.analysis import Analysis
from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.results.result import Result
from glmgui.actions import commands
from glmgui.notices import notices
from glmgui.work.recovery import Recovery
from tests.clock import PATIENCE_S


@pytest.fixture(scope="module")
def recording_file(small_recording, tmp_path_factory):
    path = tmp_path_factory.mktemp("recordings") / "small.nwb"
    write_nwb(small_recording, path)
    return path


@pytest.fixture
def saved(window, recording_file, small_analysis, tmp_path, qtbot):
    """A window with a project in the folder ``work``, saved beside its recording; gives window, project and recording."""
    work = tmp_path / "work"
    work.mkdir()
    place = work / "small.nwb"
    shutil.copy(recording_file, place)
    window.work.opening.open(place)
    qtbot.waitUntil(lambda: window.document.recording is not None, timeout=30_000)
    window.document.edit(small_analysis.with_(recording=window.document.analysis.recording), "Use the small analysis")
    window.work.questions.next_path = work / "project.glm"
    with qtbot.waitSignal(window.work.saving.saved, timeout=30_000):
        window.work.saving.save_as()
    window.work.questions.next_path = None
    return window, work / "project.glm", place


def opened(window, path, qtbot) -> None:
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        window.work.opening.open(path)


def test_a_project_opens_as_it_was_saved(saved, qtbot):
    window, project, place = saved
    analysis = window.document.analysis
    assert not window.document.modified
    window.document.open(None, Analysis())
    opened(window, project, qtbot)
    assert window.document.analysis == analysis
    assert window.document.recording.path == place
    assert window.document.project_path == project
    assert project in [one.path for one in window.settings.recent]
    assert "project.glm" in window.windowTitle()


def test_a_result_opens_with_the_recording_that_it_was_made_of(saved, tmp_path, qtbot):
    window, _, place = saved
    window.work.fitting.fit()
    with qtbot.waitSignal(window.work.fitting.fitted, timeout=120_000):
        pass
    coefficients = window.document.result.coefficients.values
    window.document.result.save(place.with_name("result.nc"))
    window.document.open(None, Analysis())
    opened(window, place.with_name("result.nc"), qtbot)
    np.testing.assert_array_equal(window.document.result.coefficients.values, coefficients)
    assert window.document.recording.path == place
    assert not window.document.result_is_stale
    assert window.settings.recent[0].kind == "result"


def test_another_file_in_netcdf_is_told_in_a_sentence(window, tmp_path, qtbot):
    (tmp_path / "weather.nc").write_bytes(b"CDF\x01" + bytes(40))
    window.work.opening.open(tmp_path / "weather.nc")
    qtbot.waitUntil(lambda: window.notice_bar.notice is not None)
    assert "weather.nc: is not a saved" in window.notice_bar.notice.text


def test_the_result_is_saved_and_not_stale(saved, qtbot):
    window, project, _ = saved
    window.work.fitting.fit()
    with qtbot.waitSignal(window.work.fitting.fitted, timeout=120_000):
        pass
    coefficients = window.document.result.coefficients.values
    with qtbot.waitSignal(window.work.saving.saved, timeout=30_000):
        window.work.saving.save()
    window.document.open(None, Analysis())
    opened(window, project, qtbot)
    np.testing.assert_array_equal(window.document.result.coefficients.values, coefficients)
    assert not window.document.result_is_stale
    assert window.step == "results"


def test_a_folder_that_was_moved_whole_needs_no_question(saved, qtbot, tmp_path):
    window, project, _ = saved
    moved = tmp_path / "elsewhere"
    shutil.move(project.parent, moved)
    window.work.questions.locate = lambda missing, name: pytest.fail("asked")
    opened(window, moved / "project.glm", qtbot)
    assert window.document.recording.path == moved / "small.nwb"


def test_a_missing_recording_is_asked_for(saved, qtbot, tmp_path):
    window, project, place = saved
    moved = tmp_path / "moved.nwb"
    shutil.move(place, moved)
    asked = []
    window.work.questions.locate = lambda missing, name: asked.append((missing, name)) or moved
    opened(window, project, qtbot)
    assert asked == [(place, "small")]
    assert window.document.recording.path == moved


def test_a_project_opens_without_its_recording(saved, qtbot):
    window, project, place = saved
    place.unlink()
    window.work.questions.locate = lambda missing, name: None
    opened(window, project, qtbot)
    assert window.document.recording is None
    assert window.document.analysis.terms


def test_a_recording_with_other_content_is_not_taken_silently(saved, qtbot, small_recording):
    window, project, place = saved
    from dataclasses import replace

    write_nwb(replace(small_recording, name="other", events={}, epochs={"all": small_recording.epochs["all"]}), place)
    asked = []
    window.work.questions.use_other_recording = lambda found, name: asked.append(found) or True
    opened(window, project, qtbot)
    assert asked == [place]
    assert window.document.recording is not None


def test_a_damaged_project_is_refused_and_leaves_what_is_open(saved, qtbot):
    window, project, _ = saved
    content = project.read_bytes()
    project.write_bytes(content[: len(content) // 2])
    before = window.document.analysis
    with qtbot.waitSignal(window.jobs.failed, timeout=30_000):
        window.work.opening.open(project)
    assert "project.glm" in window.notice_bar.notice.text
    assert window.document.analysis == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_saving_where_nothing_can_be_written_is_said(saved, tmp_path, qtbot):
    window, _, _ = saved
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    window.work.questions.next_path = closed / "project.glm"
    window.document.edit(window.document.analysis.with_(seed=2), "Change seed")
    with qtbot.waitSignal(window.jobs.failed):
        window.work.saving.save_as()
    assert window.document.modified


def test_saving_into_a_folder_that_is_gone_is_said_and_damages_nothing(saved, tmp_path, qtbot):
    window, project, _ = saved
    content = project.read_bytes()
    window.document.edit(window.document.analysis.with_(seed=2), "Change seed")
    window.work.questions.next_path = tmp_path / "gone" / "project.glm"
    with qtbot.waitSignal(window.jobs.failed):
        window.work.saving.save_as()
    assert window.document.modified
    assert "gone" in window.notice_bar.notice.text
    assert project.read_bytes() == content


# Recovery


def files(recovery: Recovery) -> set[str]:
    return {path.suffix for path in recovery.folder.glob("*")} if recovery.folder.is_dir() else set()


def test_each_edit_is_kept_and_saving_removes_it(saved, qtbot):
    window, _, _ = saved
    recovery = window.work.recovery
    qtbot.waitUntil(lambda: files(recovery) == set())
    window.document.edit(window.document.analysis.with_(seed=7), "Change seed")
    qtbot.waitUntil(lambda: {".glm", ".json", ".lock"} <= files(recovery), timeout=5000)
    from glmengine.project.project import load_project

    assert load_project(recovery.stem.with_suffix(".glm")).analysis.seed == 7
    assert recovery.leftovers() == [], "what is still open is not offered"
    with qtbot.waitSignal(window.work.saving.saved, timeout=30_000):
        window.work.saving.save()
    assert files(recovery) == set()


def test_closing_removes_what_was_kept(saved, qtbot):
    window, _, _ = saved
    recovery = window.work.recovery
    window.document.edit(window.document.analysis.with_(seed=7), "Change seed")
    qtbot.waitUntil(lambda: ".json" in files(recovery), timeout=5000)
    window.close()
    assert files(recovery) == set()


_CRASH = """
    import os, signal, sys, time
    from qtpy.QtWidgets import QApplication
    app = QApplication([])
    from glmengine.analysis.analysis import Analysis
    from glmengine.io.opening import open_recording
    from glmgui.document import Document
    from glmgui.jobs import Jobs
    from glmgui.work.recovery import Recovery
    document, jobs = Document(), Jobs()
    recovery = Recovery(document, jobs)
    recording = open_recording(sys.argv[1])
    document.open(recording, Analysis())
    document.edit(Analysis(seed=42), "Change seed")
    end = time.monotonic() + 600
    while not recovery.stem.with_suffix(".json").exists() and time.monotonic() < end:
        app.processEvents()
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_crash_left_is_offered_and_opened(window, recording_file, tmp_path, qtbot):
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    died = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_CRASH), str(recording_file)], env=environment, timeout=PATIENCE_S
    )
    assert died.returncode == -signal.SIGKILL
    (leftover,) = window.work.recovery.leftovers()
    assert leftover.title == "small"
    offered = []
    window.work.questions.recover = lambda leftovers: offered.append(leftovers) or (leftovers[0], False)
    with qtbot.waitSignal(window.work.opening.opened, timeout=30_000):
        commands.begin(window, tmp_path / "other.csv")
    assert len(offered[0]) == 1
    assert any("other.csv was not opened, since small is being recovered" in notice.text for notice in notices().all)
    assert window.document.analysis.seed == 42
    assert window.document.recording.name == "small"
    assert window.document.modified
    qtbot.waitUntil(lambda: window.work.recovery.leftovers() == [])


def test_what_a_crash_left_is_asked_about_before_the_file_that_is_opened(window, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(window.work.recovery, "leftovers", lambda: ["one"])
    window.work.questions.recover = lambda leftovers: asked.append("recovery") or (None, False)
    monkeypatch.setattr(window.work.opening, "open", lambda file: asked.append(file.name))
    commands.begin(window, tmp_path / "table.csv")
    assert asked == ["recovery", "table.csv"]


def test_a_damaged_recovery_file_is_passed_over(window):
    recovery = window.work.recovery
    recovery.folder.mkdir(parents=True, exist_ok=True)
    (recovery.folder / "1-2.json").write_text("{broken")
    (recovery.folder / "1-2.glm").write_bytes(b"no zip")
    assert recovery.leftovers() == []


def test_an_analysis_file_with_an_unknown_field_is_refused(saved, tmp_path, qtbot):
    window, _, _ = saved
    path = tmp_path / "bad.toml"
    path.write_text('format_version = 1\nsurprise = "yes"\n')
    with qtbot.waitSignal(window.jobs.failed):
        window.work.opening.open(path)
    assert "surprise" in window.notice_bar.notice.text
    with pytest.raises(GlmError, match="surprise"):
        Analysis.load(path)


def test_an_analysis_file_is_put_to_the_open_recording_as_one_edit(saved, tmp_path, qtbot):
    window, _, _ = saved
    before = window.document.analysis
    path = tmp_path / "other.toml"
    before.with_(seed=11, recording=Analysis().recording).save(path)
    window.work.opening.open(path)
    qtbot.waitUntil(lambda: window.document.analysis.seed == 11)
    assert window.document.analysis.recording == before.recording
    assert "other.toml" not in (window.notice_bar.notice.text if window.notice_bar.notice else "")  # it names no recording
    window.document.undo()
    assert window.document.analysis == before


def test_an_analysis_of_another_recording_says_so_where_it_is_put_to_the_open_one(saved, tmp_path, qtbot):
    window, _, _ = saved
    before = window.document.analysis
    path = tmp_path / "day1.toml"
    before.with_(seed=12, recording=before.recording.with_(path=str(tmp_path / "day1.csv"), sha256="0" * 64)).save(path)
    window.work.opening.open(path)
    qtbot.waitUntil(lambda: window.document.analysis.seed == 12)
    assert window.document.analysis.recording == before.recording
    name = window.document.recording.name
    said = [notice.text for notice in notices().all]
    told = next(text for text in said if text.startswith(f"day1.toml was made for day1.csv; it is put to {name}, which is open"))
    assert "Ctrl+Z" in told
    assert "Replace recording" in told


def test_a_fit_that_ended_while_the_worker_was_busy_is_kept_with_the_edit_that_followed(
    document, jobs, small_recording, small_analysis, small_result, tmp_path, qtbot
):
    recovery = Recovery(document, jobs, tmp_path)
    document.open(small_recording, small_analysis)
    go_on = threading.Event()
    jobs.submit("Busy", lambda context: go_on.wait(PATIENCE_S))
    document.set_result(small_result)
    recovery.keep()
    document.edit(small_analysis.with_(seed=3), "Change seed")
    recovery.keep()
    go_on.set()
    qtbot.waitUntil(lambda: not jobs.busy and not jobs.is_pending("recovery"))
    (kept,) = tmp_path.glob("*.nc")
    assert Result.load(kept).coefficients.equals(small_result.coefficients)
    kept.unlink()
    document.edit(small_analysis.with_(seed=4), "Change seed again")
    recovery.keep()
    qtbot.waitUntil(lambda: not jobs.is_pending("recovery"))
    assert not kept.exists(), "what is kept already is not written again"
    recovery.clear()
    qtbot.waitUntil(lambda: not jobs.is_pending("recovery"))


_TOLD_TO_END = """
    import os, signal, sys
    from glmgui import app
    app.prepare_process()
    qt = app.make_application(False)
    from qtpy.QtCore import QTimer
    from glmengine.analysis.analysis import Analysis
    from glmgui.settings import Settings
    from glmgui.shell.window import MainWindow
    from glmgui.tools.unattended import NoQuestions
    window = MainWindow(Settings(), NoQuestions())
    app._end_on_signals(qt, window)
    def begin():
        if sys.argv[2] == "edited":
            window.document.edit(Analysis(seed=42), "Change seed")
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
    QTimer.singleShot(0, begin)
    app.leave(qt.exec())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("edited", [True, False])
def test_a_request_to_end_keeps_what_is_unsaved_and_says_so(name, edited, tmp_path):
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_STATE_HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_TOLD_TO_END), name, "edited" if edited else "as it was"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 128 + getattr(signal, name)
    assert ("unsaved changes are kept" in ended.stderr) == edited
    assert len(list((tmp_path / "glmgui" / "recovery").glob("*.glm"))) == edited
