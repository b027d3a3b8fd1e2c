"""What the window starts without: the libraries that draw, and the short names of Qt's enumerations, of which none may be used."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_SHORT_NAMES = """
import ast, sys
from importlib import import_module
from pathlib import Path

modules = [import_module(f"PyQt6.{name}") for name in ("QtCore", "QtGui", "QtWidgets", "QtSvg", "QtTest", "QtPrintSupport")]
classes = {name: one for module in modules for name, one in vars(module).items() if isinstance(one, type)}

def bases(node):
    return [classes[base.id] for base in node.bases if isinstance(base, ast.Name) and base.id in classes]

for path in map(Path, sys.argv[1:]):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {one: node for node in tree.body if isinstance(node, ast.ClassDef) for one in ast.walk(node)}
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.attr[0].isupper()):
            continue
        known = [classes[node.value.id]] if node.value.id in classes else []
        if node.value.id in ("self", "cls") and node in own:
            known = bases(own[node])
        for one in known:
            if not hasattr(one, node.attr) and node.attr not in ("Signal", "Slot", "Property"):
                print(f"{path}:{node.lineno} {node.value.id}.{node.attr}")
"""

_START = """
from glmgui.app import prepare_process
prepare_process()
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFrame
from superqt import QSearchableComboBox
from superqt.utils import QFlowLayout
app = QApplication([])
QSearchableComboBox().setLayout(QFlowLayout())
print(hasattr(QFrame, "NoFrame"), Qt.BackgroundRole == Qt.ItemDataRole.BackgroundRole)
"""

_WINDOW = """
import sys
from glmgui.app import make_application, prepare_process
prepare_process()
app = make_application()
from glmgui.shell.window import MainWindow
window = MainWindow()
window.show()
app.processEvents()
print(sorted({"pyqtgraph", "superqt", "matplotlib", "pandas", "pynapple", "jax"} & set(sys.modules)))
hook = sys.excepthook
window.show_step("data")
window.panels["data"]
print("pyqtgraph" in sys.modules, sys.excepthook is hook, sys.modules["pyqtgraph"].getConfigOption("antialias"))
window.close()
from glmgui.app import leave
leave(0)
"""


def said_by(code: str, *arguments: str, **variables: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=environment, timeout=600
    )
    return ended.stdout.strip()


def test_no_short_name_is_used():
    assert said_by(_SHORT_NAMES, *map(str, (ROOT / "glmgui").rglob("*.py"))) == ""


def test_a_short_name_is_found(tmp_path):
    (tmp_path / "a.py").write_text(
        "class A(QFrame):\n    def a(self):\n        return self.NoFrame, QFrame.Shape.Box, QFrame.Box\n"
    )
    found = said_by(_SHORT_NAMES, str(tmp_path / "a.py")).splitlines()
    assert [line.rpartition(" ")[2] for line in found] == ["self.NoFrame", "QFrame.Box"]


def test_the_program_starts_without_them():
    assert said_by(_START) == "False True"


def test_the_window_opens_without_the_libraries_that_draw_and_keeps_its_hooks_when_they_come(tmp_path):
    said = said_by(_WINDOW, XDG_STATE_HOME=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path)).splitlines()
    assert said == ["[]", "True True True"]
