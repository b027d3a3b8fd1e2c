"""Processes that share work, from wherever they are asked for."""

from __future__ import annotations

import os
import subprocess
import sys

SCRIPT = """
import operator
from glmengine.context import SILENT
from glmengine.processes import in_processes
print("begun")
print(sorted(in_processes([4, 9], 2, None, operator.is_not, print, SILENT)))
print(__file__.endswith("plain.py"), __spec__)
"""


def test_a_script_needs_no_guard_around_its_work(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120, env=environment)
    assert done.stdout.splitlines() == ["begun", "[(0, True), (1, True)]", "True None"], done.stderr
