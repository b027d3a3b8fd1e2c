"""The command `glmgui` ends with the right code and one clear line, and its report holds no data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from glmgui.app import main
from glmgui.tools.diagnostics import diagnostics_text, versions
from tests.clock import PATIENCE_S


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "glmgui", *arguments],
        env={**{name: value for name, value in os.environ.items() if environment.get(name) != ""}, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )


def test_version_and_help():
    from glmengine import __version__

    assert run("--version").stdout.strip() == f"glmgui {__version__}"
    for option in ("--demo", "--self-test", "--screenshots"):
        assert option in run("--help").stdout


def test_wrong_usage_ends_with_2():
    assert run("--no-such-option").returncode == 2
    assert run("--demo", "--self-test").returncode == 2


@pytest.mark.parametrize(("option", "value", "said"), [("--size", "wide", "1366x768"), ("--scale", "9", "0.5 to 4")])
def test_what_a_picture_cannot_have_is_wrong_usage(option, value, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--screenshots", "x", option, value])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_absent_ends_with_1_and_one_line():
    ended = run("/no/such/file.nwb")
    assert ended.returncode == 1
    assert ended.stderr.strip() == "glmgui: /no/such/file.nwb: there is no such file; check the path"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="screens are named by DISPLAY on Linux only")
def test_without_a_screen_it_says_what_to_do():
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    ended = subprocess.run([sys.executable, "-m", "glmgui"], env=environment, capture_output=True, text=True, timeout=PATIENCE_S)
    assert ended.returncode == 1
    assert "there is no screen" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1


def test_screenshots_into_a_place_that_cannot_be_are_refused(tmp_path):
    (tmp_path / "file").write_text("in the way")
    ended = run("--screenshots", str(tmp_path / "file" / "folder"))
    assert ended.returncode == 1
    assert "cannot be made" in ended.stderr


def test_the_entry_point_sets_the_binding_before_qt_is_imported():
    code = "import sys, glmgui.app; assert not any(name.startswith(('PyQt', 'qtpy', 'jax')) for name in sys.modules), 'imported too early'"
    assert subprocess.run([sys.executable, "-c", code], timeout=PATIENCE_S).returncode == 0


def test_diagnostics_hold_versions_and_the_log_but_no_data(window, small_recording, small_analysis, qapp):
    window.document.open(small_recording, small_analysis)
    text = diagnostics_text(window.panels["log"].text)
    for name, version in versions().items():
        assert f"{name}: {version}" in text
    assert "Log of this session" in text
    assert "head_direction" not in text


def test_diagnostics_tell_of_faults_and_their_places_but_no_names_that_notes_and_errors_hold(window, qapp, tmp_path, monkeypatch):
    from glmengine.errors import GlmError
    from glmgui.notices import notices
    from glmgui.tools import diagnostics

    notices().tell("info", "Left out: silent in the time used: secret_cell", title="secret_recording.nwb")
    notices().tell_error(
        GlmError("secret_track.csv, line 7: column secret_x holds no number", field="terms.secret_x"), "Opening secret.csv"
    )
    try:
        {}["secret_key"]
    except KeyError as error:
        notices().tell_error(error)
    kept = tmp_path / "glmgui.log"
    kept.write_text(
        "2026-11-01 10:00:00,123 INFO glmgui: secret_day1.csv: 3 rows of secret_y\n"
        "2026-11-01 10:00:01,123 ERROR glmgui: Fault in the program: ValueError: secret_unit\n"
        "Traceback (most recent call last):\n"
        '  File "/home/secret/lib/site-packages/glmengine/run.py", line 12, in run\n'
        "    model(secret_unit)\n"
        '  File "/home/secret/model.py", line 3, in secretly\n'
        "ValueError: secret_unit\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(diagnostics, "log_file", lambda: kept)
    text = diagnostics_text(window.panels["log"].text)
    assert "secret" not in text
    assert "KeyError" in text
    assert "test_app.py" not in text
    assert "glmengine/run.py, line 12, in run" in text
    assert "2026-11-01 10:00:01,123 ERROR glmgui: ValueError" in text
    assert "a file of the user" in text


def test_leaving_ends_the_process_with_its_code_after_all_is_written():
    script = "import logging, sys; from glmgui import app; print('said'); sys.stderr.write('told'); app.leave(3)"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (3, "said\n", "told")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_leaving_says_by_its_code_that_what_was_said_is_lost():
    script = "from glmgui import app; print('said'); app.leave(0)"
    with open("/dev/full", "w", encoding="utf-8") as full:
        assert subprocess.run([sys.executable, "-c", script], stdout=full).returncode == 1
