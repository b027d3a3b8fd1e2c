"""What the Linux installers put where, with a stand-in for the frozen program, and that they take all of it away again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

INSTALLER = Path(__file__).resolve().parents[1] / "installer"
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the installers are those for Linux")


@pytest.fixture
def tree(tmp_path):
    """An unpacked archive as `build.sh` makes it, the program being a script that says its version."""
    root = tmp_path / "unpacked archive"
    (root / "program").mkdir(parents=True)
    for name in ("glmgui", "glmengine"):
        (root / "program" / name).write_text(f"#!/bin/sh\necho {name} 9.9\n")
        (root / "program" / name).chmod(0o755)
    for place, source in (("applications", "glmgui.desktop"), ("mime/packages", "glmgui.xml")):
        (root / "share" / place).mkdir(parents=True)
        (root / "share" / place / source).write_bytes((INSTALLER / "linux" / source).read_bytes())
    for name in ("setup.sh", "uninstall.sh"):
        (root / name).write_bytes((INSTALLER / "linux" / name).read_bytes())
    return root


def run(*command, home: Path, tools: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(home), "PATH": os.pathsep.join(map(str, filter(None, [tools, os.environ["PATH"]])))}
    return subprocess.run(["sh", *map(str, command)], capture_output=True, text=True, env=environment, check=False)


def files_in(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or path.is_file()}


def test_a_user_installs_replaces_and_removes_the_program(tree, tmp_path):
    home = tmp_path / "a user's home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "own").write_text("mine")
    first = run(tree / "setup.sh", "--prefix", home, home=home)
    assert first.returncode == 0, first.stderr
    assert subprocess.check_output([home / "bin" / "glmengine"], text=True) == "glmengine 9.9\n"
    assert f"Exec={home}/bin/glmgui %f" in (home / "share/applications/glmgui.desktop").read_text()
    (tree / "program" / "glmgui").write_text("#!/bin/sh\necho glmgui 10\n")
    assert run(tree / "setup.sh", "--prefix", home, home=home).returncode == 0
    assert subprocess.check_output([home / "bin" / "glmgui"], text=True) == "glmgui 10\n"
    assert not list(home.glob("lib/glmgui.*"))
    gone = run(home / "lib/glmgui/uninstall.sh", home=home)
    assert gone.returncode == 0, gone.stderr
    assert files_in(home) == {Path("bin/own")}
    assert not (home / "share").exists()


@pytest.mark.parametrize("others", [False, True])
def test_what_the_tools_of_the_desktop_make_goes_too(tree, tmp_path, others):
    """Unless another program's file types and menu entries are there."""
    home, tools = tmp_path / "home", tmp_path / "tools"
    tools.mkdir()
    made = {
        "update-desktop-database": 'ls "$2" | grep -v cache >"$2/mimeinfo.cache"',
        "update-mime-database": 'rm -rf "$1/application"; [ -d "$1/packages" ] || exit 1; mkdir "$1/application"; '
        'for each in "$1/packages/"*.xml; do [ -e "$each" ] && cp "$each" "$1/application"; done; touch "$1/globs2" "$1/mime.cache"',
        "gtk-update-icon-cache": 'touch "$4/icon-theme.cache"',
    }
    for name, text in made.items():
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    (home / "share/icons/hicolor").mkdir(parents=True)
    if others:
        for name in ("applications/other.desktop", "mime/packages/other.xml", "icons/hicolor/other.svg"):
            (home / "share" / name).parent.mkdir(parents=True, exist_ok=True)
            (home / "share" / name).write_text("other")
    assert run(tree / "setup.sh", "--prefix", home, home=home, tools=tools).returncode == 0
    assert (home / "share/mime/application/glmgui.xml").is_file()
    assert run(home / "lib/glmgui/uninstall.sh", home=home, tools=tools).returncode == 0
    left = {path.name for path in files_in(home)}
    caches = {"mimeinfo.cache", "globs2", "mime.cache", "icon-theme.cache"}
    assert left == ({"other.desktop", "other.xml", "other.svg", *caches} if others else set())
    if others:
        assert (home / "share/applications/mimeinfo.cache").read_text() == "other.desktop\n"
        assert [path.name for path in (home / "share/mime/application").iterdir()] == ["other.xml"]


def test_a_program_that_does_not_start_is_said(tree, tmp_path):
    (tree / "program" / "glmgui").write_text("#!/bin/sh\necho 'glmgui: no library' >&2\nexit 1\n")
    tried = run(tree / "setup.sh", "--prefix", tmp_path / "there", home=tmp_path)
    assert tried.returncode == 1
    assert "no library" in tried.stderr
    assert "does not start" in tried.stderr


def test_a_place_that_cannot_be_made_is_said(tree, tmp_path):
    (tmp_path / "file").write_text("")
    tried = run(tree / "setup.sh", "--prefix", tmp_path / "file" / "there", home=tmp_path)
    assert tried.returncode == 1
    assert "another folder with --prefix" in tried.stderr


def test_the_dependencies_of_the_package_are_named_or_refused(tmp_path):
    def depends(*libraries: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "needed").write_text("\n".join(["glibc 2.35", *libraries]) + "\n")
        command = [sys.executable, INSTALLER / "linux" / "packages.py", tmp_path / "needed"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    known = depends("libc.so.6", "libGL.so.1", "libxcb.so.1")
    assert known.returncode == 0
    assert {"libc6 (>= 2.35)", "libgl1", "libxcb1"} <= {part.strip() for part in known.stdout.split(",")}
    unknown = depends("libnobody.so.7")
    assert unknown.returncode == 1
    assert "libnobody.so.7" in unknown.stderr
