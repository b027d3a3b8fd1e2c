"""Where the system lacks a library that Qt needs, one sentence says which package holds it, and the program ends with 1."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from glmgui import qt_libraries
from glmgui.qt_libraries import complaint, missing_libraries
from tests.clock import PATIENCE_S

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="libraries are named so on Linux only")
ABSENT = ("libxcb-cursor.so.0", "libxcb-keysyms.so.1")


@pytest.fixture
def poor_plugin(tmp_path):
    """Qt's plugin for X11, which asks for two libraries by names that no system has."""
    place = qt_libraries._plugin("xcb")
    content = place.read_bytes()
    helper = place.parents[2] / "lib" / "libQt6XcbQpa.so.6"
    for path, found in ((place, content), (helper, helper.read_bytes())):
        for name in ABSENT:
            found = found.replace(name.encode(), name.replace("xcb", "abc").encode())
        (tmp_path / path.name).write_bytes(found)
    return tmp_path / place.name


def test_a_library_that_is_there_is_not_complained_of():
    assert complaint("offscreen") == ""
    assert complaint("no-such-platform") == ""


def test_every_library_that_is_missing_is_named(poor_plugin, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", f"{poor_plugin.parent}:{qt_libraries._plugin('xcb').parents[2] / 'lib'}")
    code = (
        f"from pathlib import Path; from glmgui.qt_libraries import missing_libraries as m; print(*m(Path({str(poor_plugin)!r})))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S).stdout.split()
    assert {name.replace("xcb", "abc") for name in ABSENT} <= set(told)


def test_the_sentence_names_the_packages(monkeypatch):
    monkeypatch.setattr(qt_libraries, "missing_libraries", lambda library: ABSENT)
    said = complaint("xcb")
    assert "libxcb-cursor.so.0, libxcb-keysyms.so.1" in said
    assert "apt install libxcb-cursor0 libxcb-keysyms1" in said
    assert "dnf install xcb-util-cursor xcb-util-keysyms" in said
    monkeypatch.setattr(qt_libraries, "missing_libraries", lambda library: ("libstrange.so.4",))
    assert "libstrange.so.4" in complaint("xcb")


def ended(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "DISPLAY")}
    return subprocess.run(
        [sys.executable, "-c", code], env={**kept, **environment}, capture_output=True, text=True, timeout=PATIENCE_S
    )


def test_the_program_ends_with_one_line(tmp_path):
    code = (
        "import sys; from glmgui import app, qt_libraries; "
        f"qt_libraries.missing_libraries = lambda library: {ABSENT!r}; sys.exit(app.main([]))"
    )
    told = ended(code, DISPLAY=":31999")
    assert told.returncode == 1
    assert len(told.stderr.strip().splitlines()) == 1
    assert told.stderr.startswith("glmgui: Qt cannot open a window")


@pytest.mark.parametrize(
    ("screens", "loaded", "ends"),
    [
        ({"WAYLAND_DISPLAY": "wayland-9"}, "nothing", True),
        ({"WAYLAND_DISPLAY": "wayland-9", "DISPLAY": ":31999"}, "nothing", True),
        ({"WAYLAND_DISPLAY": "wayland-9", "DISPLAY": ":31999"}, "xcb", False),
        ({"DISPLAY": ":31999"}, "wayland", True),
        ({"QT_QPA_PLATFORM": "wayland;xcb"}, "xcb", False),
        ({"QT_QPA_PLATFORM": "eglfs:size=800x600"}, "xcb", True),
        ({"QT_QPA_PLATFORM": "offscreen"}, "offscreen", False),
    ],
)
def test_what_is_missing_is_said_where_no_screen_that_qt_would_take_is_left(screens, loaded, ends, monkeypatch):
    from glmgui import app

    for name in ("WAYLAND_DISPLAY", "DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in screens.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(qt_libraries, "missing_libraries", lambda library: () if loaded in library.name else ABSENT)
    assert app._qt_lacks().startswith("Qt cannot open a window") == ends


def test_a_screen_that_is_not_there_is_said_on_the_terminal(tmp_path):
    if missing_libraries(qt_libraries._plugin("xcb")):
        pytest.skip("this system lacks libraries that Qt needs")
    told = ended("import sys; from glmgui import app; sys.exit(app.main([]))", DISPLAY=":31999", XDG_STATE_HOME=str(tmp_path))
    assert told.returncode == 1
    assert ":31999" in told.stderr
