"""Imports of the two packages: no circles, however deep they hide, nothing that is not there, and few files at the top of the engine."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.clock import PATIENCE_S

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("glmengine", "glmgui")
MOST_TOP_FILES = 10

LOWER_FLOORS = ("timegrid", "basis", "models", "recording", "io", "analysis")
LARGE_LIBRARIES = ("jax", "scipy", "sklearn", "pandas", "xarray", "pynapple", "pynwb", "h5py", "matplotlib")


def modules(root: Path) -> dict[str, Path]:
    """Every module of the packages under `root` by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports_of(name: str, path: Path, known: Mapping[str, Path]) -> set[str]:
    """Those of the `known` modules that one imports: at its top, in functions, for types alone, or by a literal name at run time."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        for target in _named(node, package):
            # the longest part that is a module: the rest is a name inside it
            while target and target not in known:
                target = target.rpartition(".")[0]
            found.add(target)
    return found - {"", name}


def _named(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*above, *([base] if base else [])])
        yield from (f"{base}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
        yield from (arg.value for arg in node.args[:1] if isinstance(arg, ast.Constant) and isinstance(arg.value, str))


def circles(graph: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """The strongly connected components of more than one module, each in order of name (Tarjan 1972)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    open_ones: list[str] = []
    found = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        open_ones.append(name)
        for other in sorted(graph[name]):
            if other not in number:
                visit(other)
            if other in open_ones:
                lowest[name] = min(lowest[name], lowest[other])
        if lowest[name] == number[name]:
            at = open_ones.index(name)
            component = tuple(sorted(open_ones[at:]))
            del open_ones[at:]
            if len(component) > 1:
                found.append(component)

    for name in graph:
        if name not in number:
            visit(name)
    return sorted(found)


def test_no_module_imports_itself_by_way_of_others():
    known = modules(ROOT)
    graph = {name: imports_of(name, path, known) for name, path in known.items()}
    assert len(graph) > 100
    edges = [f"{a} -> {b}" for one in circles(graph) for a in one for b in sorted(graph[a] & set(one))]
    assert not circles(graph), "imports within circles:\n" + "\n".join(edges)


@pytest.mark.parametrize(
    "hidden",
    [
        "import glmengine.b\n",
        "from glmengine import b\n",
        "from . import b\n",
        "from .b import name\n",
        "def f():\n    from glmengine.b import name\n",
        "class A:\n    def f(self):\n        import glmengine.b as b\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from glmengine.b import name\n",
        "from importlib import import_module\nimport_module('glmengine.b')\n",
    ],
)
def test_a_circle_is_found_wherever_it_hides(tmp_path, hidden):
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "glmengine" / "a.py").write_text(hidden)
    (tmp_path / "glmengine" / "b.py").write_text("from glmengine.c import name\n")
    (tmp_path / "glmengine" / "c.py").write_text("def f():\n    from glmengine.a import name\n")
    known = modules(tmp_path)
    graph = {name: imports_of(name, path, known) for name, path in known.items()}
    assert circles(graph) == [("glmengine.a", "glmengine.b", "glmengine.c")]


def test_an_import_in_a_function_finds_what_it_names():
    """What is imported late is missed late, perhaps by nobody but the user."""
    missing = []
    for name, path in modules(ROOT).items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in PACKAGES:
                module = import_module(node.module)
                missing += [
                    f"{name}: {node.module}.{alias.name}"
                    for alias in node.names
                    if not hasattr(module, alias.name)
                    and not (hasattr(module, "__path__") and find_spec(f"{node.module}.{alias.name}"))
                ]
    assert not missing


def test_the_lower_floors_load_no_large_library_before_it_is_used():
    """So that a command or a child process that reads a file waits for nothing else."""
    floors = [name for name in modules(ROOT) if name.split(".")[:2][-1] in LOWER_FLOORS and name.startswith("glmengine.")]
    assert len(floors) > 80
    code = f"import sys\nfrom importlib import import_module\nfor name in {floors!r}: import_module(name)\n"
    code += f"print([name for name in {LARGE_LIBRARIES!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, cwd=ROOT)
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_few_files_lie_at_the_top_of_the_engine():
    files = sorted(
        path.name for path in (ROOT / "glmengine").glob("*.py") if not path.name.startswith("__")
    )  # Python's own names
    assert len(files) <= MOST_TOP_FILES, files
