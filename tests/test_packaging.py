"""The project as a newcomer gets it: metadata, set-up, what is shipped, and an engine that needs no Qt."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import textwrap
import tomllib
from importlib import metadata, util
from pathlib import Path
from urllib.parse import unquote

import pytest

import glmengine
from glmengine.resources import resource
from tests.clock import PATIENCE_S


@pytest.fixture(scope="module")
def pyproject(project: Path) -> dict:
    return tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def bootstrap(project: Path):
    """The set-up script as a module."""
    spec = util.spec_from_file_location("bootstrap", project / "installer" / "bootstrap.py")
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_child(code: str, *, timeout: float = PATIENCE_S) -> str:
    """What `code` prints in a fresh Python; its failure is the test's."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=timeout, env={**os.environ})
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


# Any import of Qt fails, as on a machine whose graphics libraries are missing.
NO_QT = """
import sys
class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'PyQt5', 'PyQt6', 'PySide2', 'PySide6', 'qtpy', 'pyqtgraph', 'superqt'}:
            raise ImportError('no Qt here: ' + name)
sys.meta_path.insert(0, NoQt())
"""


# --- metadata


def test_the_version_is_one_everywhere(project):
    version = glmengine.__version__
    assert metadata.version("glmgui") == version
    assert f"version: {version}" in (project / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {version}" in (project / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["glmengine", "glmgui"])
def test_entry_points_lead_to_functions(name):
    (entry,) = metadata.entry_points(group="console_scripts", name=name)
    assert callable(entry.load())


def test_every_dependency_has_a_tested_version(pyproject, project):
    lines = (project / "installer" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+( ?;.*)?", pin) for pin in pins), "names and versions only"
    pinned = {canonical(pin.split("==")[0]) for pin in pins}
    assert len(pinned) == len(pins)
    table = pyproject["project"]
    wanted = [*table["dependencies"], *(name for extra in table["optional-dependencies"].values() for name in extra)]
    names = {canonical(re.match(r"[A-Za-z0-9._-]+", requirement).group()) for requirement in wanted}
    assert names <= pinned, f"not in constraints.txt: {sorted(names - pinned)}"


def test_what_is_installed_keeps_to_the_bounds_on_qt(pyproject):
    """Qt 6.11.0 and 6.11.1 break floating docks, so the upper bound must hold."""
    bounds = [text for text in pyproject["project"]["dependencies"] if text.lower().startswith("pyqt6")]
    assert bounds == ["PyQt6>=6.8,<6.11", "PyQt6-Qt6>=6.8,<6.11"]
    for name in ("PyQt6", "PyQt6-Qt6"):
        major, minor = metadata.version(name).split(".")[:2]
        assert (6, 8) <= (int(major), int(minor)) < (6, 11)


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


# --- the engine alone


def test_importing_the_engine_is_cheap():
    loaded = in_child("import glmengine, sys, json; print(json.dumps(sorted(sys.modules)))")
    heavy = {"jax", "pynapple", "pandas", "xarray", "scipy", "matplotlib", "pynwb", "qtpy", "PyQt6", "glmgui"}
    assert heavy.isdisjoint(json.loads(loaded))


def test_the_engine_works_where_qt_cannot_be_loaded(tmp_path):
    code = f"""
from glmengine.cli.main import main
def run(*arguments):
    try:
        return main(list(arguments)) or 0
    except SystemExit as stop:
        return stop.code or 0
assert run("--help") == 0
assert run("sample", "session", {str(tmp_path / "session.nwb")!r}) == 0
assert run("inspect", {str(tmp_path / "session.nwb")!r}) == 0
"""
    assert "units" in in_child(NO_QT + code, timeout=PATIENCE_S)


# --- what is shipped


def test_resources_are_found_and_the_absent_ones_named():
    assert resource("guide/index.md").is_file()
    with pytest.raises(FileNotFoundError, match="resources/no such file"):
        resource("no such file")


GUIDE = sorted(path.name for path in resource("guide").glob("*.md"))


def test_the_guide_leads_to_all_its_pages():
    index = resource("guide/index.md").read_text(encoding="utf-8")
    assert {name for name in GUIDE if f"({name})" in index} == set(GUIDE) - {"index.md"}


@pytest.mark.parametrize("page", GUIDE)
def test_links_of_the_guide_lead_somewhere(page):
    """It works offline: every link is to another page of the guide and to a heading that is there."""
    text = resource(f"guide/{page}").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)]+)\)", text):
        name, _, anchor = unquote(target).partition("#")
        other = resource(f"guide/{name}" if name else f"guide/{page}")
        if anchor:
            headings = re.findall(r"^#+ (.+)$", other.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}, target


@pytest.mark.parametrize(("page", "fewest"), [("resources/guide/carrying-on.md", 50), ("README.md", 15)])
def test_files_that_are_named_to_those_who_add_to_the_program_are_there(page, fewest, project):
    named = re.findall(
        r"(?<![\w/])((?:glmengine|glmgui|tests|resources|installer)/[\w./-]+)", (project / page).read_text(encoding="utf-8")
    )
    assert len(named) > fewest
    assert [name for name in named if not (project / name).exists() and "NAME" not in name] == []


def test_the_analysis_in_the_guide_is_a_valid_one():
    text = resource("guide/command-line.md").read_text(encoding="utf-8")
    example = textwrap.dedent(re.search(r"^    format_version = 1$.*?(?=^\S)", text, re.MULTILINE | re.DOTALL).group())
    analysis = glmengine.Analysis.from_dict(tomllib.loads(example), "guide")
    assert analysis.time.bin_size == 0.02
    assert [term.label for term in analysis.terms] == ["head_direction"]
    assert analysis.terms[0].factors[0].basis.n == 12


def test_the_guide_names_every_command():
    text = resource("guide/command-line.md").read_text(encoding="utf-8")
    said = in_child("from glmengine.cli.main import main; main(['--help'])")
    commands = re.findall(r"^    (\w+)(?:  |$)", said, re.MULTILINE)
    assert {"inspect", "run", "predict"} <= set(commands)
    assert [name for name in commands if f"`glmengine {name}" not in text] == []


# --- set-up


def test_another_python_gets_one_sentence(bootstrap):
    for version in ((3, 10), (3, 14)):
        with pytest.raises(bootstrap.Problem, match=r"Python 3\.11, 3\.12 or 3\.13 is needed") as caught:
            bootstrap.check_machine(version)
        assert "\n" not in str(caught.value)
    bootstrap.check_machine((3, 12), libc=("glibc", "2.36"), free=1e12)


def test_supported_pythons_are_those_of_the_metadata(bootstrap, pyproject):
    low, high = bootstrap.SUPPORTED[0], bootstrap.SUPPORTED[-1]
    assert pyproject["project"]["requires-python"] == f">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"


def test_old_c_library_and_full_disk_are_named(bootstrap, tmp_path, monkeypatch):
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "none")
    monkeypatch.setattr(bootstrap, "LINUX", True)
    with pytest.raises(bootstrap.Problem, match=r"glibc 2\.31.*Debian 12"):
        bootstrap.check_machine((3, 11), libc=("glibc", "2.31"), free=1e12)
    with pytest.raises(bootstrap.Problem, match="make room"):
        bootstrap.check_machine((3, 11), libc=("glibc", "2.36"), free=1e9)


def test_missing_libraries_are_named_with_the_command(bootstrap, monkeypatch):
    if not sys.platform.startswith("linux") or not bootstrap.shutil.which("apt-get"):
        pytest.skip("the command is given for Debian and Ubuntu")
    monkeypatch.setattr(bootstrap, "missing_libraries", lambda screen: ["libEGL.so.1", "libxcb-cursor.so.0"])
    monkeypatch.setattr(bootstrap, "has_fonts", lambda: False)
    monkeypatch.setattr(bootstrap.os, "geteuid", lambda: 1000)
    with pytest.raises(bootstrap.Problem) as caught:
        bootstrap.provide_libraries(screen=True)
    assert "libEGL.so.1, libxcb-cursor.so.0" in str(caught.value)
    assert str(caught.value).endswith("apt-get install -y --no-install-recommends fonts-dejavu-core libegl1 libxcb-cursor0")


def test_the_stamp_counts_only_for_what_it_was_made_of(bootstrap, tmp_path, monkeypatch):
    (tmp_path / "installer").mkdir()
    for name in ("pyproject.toml", "installer/constraints.txt", "python", "glmgui"):
        (tmp_path / name).write_text("first", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "PROJECT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "python")
    assert bootstrap.installed_extras() is None
    stamp = {"hash": bootstrap.wanted(), "extras": ["test"]}
    (tmp_path / "stamp.json").write_text(json.dumps(stamp), encoding="utf-8")
    assert bootstrap.installed_extras() == {"test"}
    (tmp_path / "installer" / "constraints.txt").write_text("second", encoding="utf-8")
    assert bootstrap.installed_extras() is None
    (tmp_path / "stamp.json").write_text("not json", encoding="utf-8")
    assert bootstrap.installed_extras() is None


def test_a_failure_ends_with_one_line_and_exit_1(bootstrap, monkeypatch, capsys):
    def fail():
        raise bootstrap.Problem("something is missing; get it there")

    monkeypatch.setattr(bootstrap, "check_machine", fail)
    assert bootstrap.main(["test"]) == 1
    assert capsys.readouterr().err == "Cannot go on: something is missing; get it there\n"
