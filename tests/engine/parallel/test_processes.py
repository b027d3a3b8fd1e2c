"""Processes that share work, from wherever they are asked for."""

from __future__ import annotations

import operator
import os
import subprocess
import sys

from glmengine.context import SILENT
from glmengine.parallel.processes import in_processes
from tests.clock import PATIENCE_S

SCRIPT = """
import operator
from glmengine.context import SILENT
from glmengine.parallel.processes import in_processes
print("begun")
print(sorted(in_processes([4, 9], 2, None, operator.is_not, print, SILENT)))
print(__file__.endswith("plain.py"), __spec__)
"""


def test_a_script_needs_no_guard_around_its_work(tmp_path):
    script = tmp_path / "plain.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)}
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE_S, env=environment)
    assert done.stdout.splitlines() == ["begun", "[(0, True), (1, True)]", "True None"], done.stderr


def test_tasks_that_come_of_others_are_done_too():
    tasks, found = [1, 2], []
    for place, _ in in_processes(tasks, 2, None, operator.is_not, print, SILENT):
        found.append(tasks[place])
        if tasks[place] < 3:
            tasks.append(tasks[place] + 2)
    assert sorted(found) == [1, 2, 3, 4]
