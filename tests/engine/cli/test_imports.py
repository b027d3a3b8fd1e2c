"""What a small `run` imports: nothing that it does not use, however handy."""

from __future__ import annotations

import json
import subprocess
import sys

from glmengine.analysis.analysis import Analysis
from tests.clock import PATIENCE_S

UNUSED = (
    "jax",  # small problems compile nothing
    "scipy.interpolate",
    "scipy.optimize",
    "scipy.signal",
    "scipy.stats",
    "sklearn",
    "nemos",
    "pynwb",
    "hdmf",
    "neo",
    "dask",
    "matplotlib.pyplot",
    "qtpy",
    "PyQt6",
    "glmengine.answers",
    "glmengine.goodness.assess",
    "glmengine.selection.select",
    "glmengine.simulation.surrogates",
    "glmengine.decoding.decode",
)

LISTED = """
import json, sys
from glmengine.cli.main import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
print(json.dumps([name for name, module in sys.modules.items() if module is not None]))
sys.exit(code)
"""


def imported(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", LISTED, *arguments], cwd=folder, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_a_small_run_imports_what_it_uses(tmp_path, small_recording):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    Analysis.from_dict(
        {
            "units": {"names": ["hd"]},
            "time": {"bin_size": 0.02, "epochs": ["first"]},
            "terms": [
                {"kind": "covariate", "factors": [{"variable": "position.x", "basis": {"family": "b_spline", "n": 5}}]},
                {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.1}},
            ],
            "model": {"strengths": [1e-4, 1e-2]},
            "validation": {"folds": 3},
        }
    ).save(tmp_path / "a.toml")
    loaded = imported(tmp_path, "run", "a.toml", "--recording", "small.nwb", "--out", "out")
    assert "matplotlib.figure" in loaded
    assert sorted(loaded.intersection(UNUSED)) == []


def test_help_imports_next_to_nothing(tmp_path):
    heavy = {"numpy", "pandas", "numba", "scipy", "xarray", "matplotlib", "pydantic", "pynapple", "h5py", *UNUSED}
    assert sorted(heavy & imported(tmp_path, "--help")) == []


def test_to_inspect_a_file_needs_neither_a_fit_nor_figures(tmp_path, small_recording):
    from glmengine.export.nwb import write_nwb

    write_nwb(small_recording, tmp_path / "small.nwb")
    unused = {"matplotlib", "glmengine.fitting", "glmengine.solvers", "glmengine.analysis.analysis", *UNUSED}
    assert sorted(unused & imported(tmp_path, "inspect", "small.nwb")) == []
