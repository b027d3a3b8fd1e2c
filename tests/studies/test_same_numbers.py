"""Whether the exported script, in a process of its own, and the command line's run of the exported analysis give the coefficients of a fit again.

pytest tests/studies/test_same_numbers.py -s: an hour or two. Each ready analysis and each of its variants on its sample, and the analysis that suits each sample:
fitted here as the window does it, by the script, and by `glmengine run`. Coefficients, errors, intercepts, scores and curves have to be the same to the last bit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glmengine as ge
from glmengine.analysis.templates import template_about, template_for, templates
from glmengine.export import write_outputs
from glmengine.export.recordings import save_recording
from glmengine.simulation.catalogue import SAMPLES, sample, sample_analysis

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 3600  # for one fit, on a machine that does other things too

pytestmark = pytest.mark.timeout(3 * SECONDS)


@pytest.fixture(scope="module")
def sample_file(tmp_path_factory):
    """The file of a sample, simulated once."""
    folder, kept = tmp_path_factory.mktemp("samples"), {}

    def of(name):
        if name not in kept:
            kept[name] = save_recording(sample(name), folder / f"{name}.nwb")
        return kept[name]

    return of


def in_a_process(*arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, env=environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert run.returncode == 0, run.stderr


def same(found, expected):
    """Every array of two results, to the last bit."""
    for name in ("coefficients", "standard_errors", "intercepts", "intercept_errors"):
        np.testing.assert_array_equal(getattr(found, name).values, getattr(expected, name).values, err_msg=name)
    for name, score in expected.scores.data_vars.items():
        np.testing.assert_array_equal(found.scores[name].values, score.values, err_msg=name)
    for kind in ("curves", "filters"):
        mine, theirs = getattr(found, kind), getattr(expected, kind)
        assert list(mine) == list(theirs)
        for label, held in theirs.items():
            for name in held.data_vars:
                np.testing.assert_array_equal(mine[label][name].values, held[name].values, err_msg=f"{kind} {label}: {name}")


def fitted_three_times(analysis, path, folder):
    recording = ge.open_recording(path)
    result = ge.run(analysis, recording)
    results = folder / "here"
    write_outputs(result, results, recording, figures=False)
    script = results / "script.py"
    # figures and tables say nothing of the coefficients, and take longer than many a fit
    source = script.read_text(encoding="utf-8")
    writing = '    ge.write_outputs(result, "results", recording)\n'
    assert writing in source
    script.write_text(source.replace(writing, ""), encoding="utf-8")
    for name in ("script", "command"):
        (folder / name).mkdir()
    in_a_process(script, cwd=folder / "script")
    command = ("run", results / "analysis.toml", "--recording", path, "--out", folder / "command", "--no-figures")
    in_a_process("-m", "glmengine", *command, cwd=folder / "command")
    for name in ("script", "command"):
        same(ge.Result.load(folder / name / "result.nc"), result)
    print(f"{analysis.title}: {len(result.units)} units, {result.coefficients.sizes['feature']} features: the same")


@pytest.mark.parametrize("name", templates())
def test_a_ready_analysis(name, sample_file, tmp_path):
    path = sample_file(template_about(name).sample)
    ready = template_for(name, ge.open_recording(path))
    assert ready.fits, ready.lacking
    fitted_three_times(ready.analysis, path, tmp_path)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_analysis_of_a_sample(name, sample_file, tmp_path):
    fitted_three_times(sample_analysis(name), sample_file(name), tmp_path)
