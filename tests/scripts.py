"""Exported scripts in a fresh process, all but their figures, which other tests look at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.clock import PATIENCE_S

_WITHOUT_FIGURES = """
import functools, runpy, sys
import glmengine as ge
ge.write_outputs = functools.partial(ge.write_outputs, figures=False)
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_without_figures(script: Path, folder: Path | None = None) -> None:
    """Run the script as ``python SCRIPT`` would, in a folder, its own where none is given."""
    command = [sys.executable, "-c", _WITHOUT_FIGURES, str(script)]
    done = subprocess.run(command, cwd=folder or script.parent, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr
