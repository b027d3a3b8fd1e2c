"""CPU seconds of `glmengine run` on 10 s of one unit, by phase and by library imported: what a user waits for before anything is large.

    python tests/benchmarks/cli_start.py [runs]

The commands run in processes of their own, the first of them untimed, so that caches on disk are warm. Seconds are of CPU, those of a phase
without the phases inside it.
"""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

PHASES = (
    ("open the recording", "glmengine.io.opening", "open_recording"),
    ("features and counts", "glmengine.analysis_run", "prepare"),
    ("cross-validation", "glmengine.analysis_run", "_cross_validated"),
    ("fit", "glmengine.analysis_run", "_fitted"),
    ("intervals, curves, tables", "glmengine.analysis_run", "assessed"),
    ("write result, tables, report", "glmengine.export.outputs", "write_outputs"),
    ("draw figures", "glmengine.figures", "draw"),
    ("save figures", "glmengine.figures.saving", "rendered"),
)
"""What a phase is called, and the function that is it."""

_CHILD = """
import json, sys, time
began = time.process_time()
from importlib import import_module
spent, stack = {}, []

def timed(name, function):
    def measured(*args, **options):
        start, inside = time.process_time(), [0.0]
        stack.append(inside)
        try:
            return function(*args, **options)
        finally:
            stack.pop()
            whole = time.process_time() - start
            spent[name] = spent.get(name, 0.0) + whole - inside[0]
            if stack:
                stack[-1][0] += whole
    return measured

class Finder:
    # wraps a function when its module is first imported, so that nothing is imported before the program does so
    def __init__(self, phases):
        self.phases = phases
    def find_spec(self, name, path=None, target=None):
        mine = [(phase, function) for phase, module, function in self.phases if module == name]
        if not mine:
            return None
        sys.meta_path.remove(self)
        try:
            from importlib.util import find_spec
            spec = find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module
        def exec_module(module):
            load(module)
            for phase, function in mine:
                setattr(module, function, timed(phase, getattr(module, function)))
        spec.loader.exec_module = exec_module
        return spec

sys.meta_path.insert(0, Finder(json.loads(sys.argv.pop(1))))
from glmengine.cli.main import main
code = main(sys.argv[1:])
spent["all else"] = time.process_time() - sum(spent.values())
print("PHASES" + json.dumps(spent))
sys.exit(code)
"""


def write_inputs(folder: Path) -> None:
    """A recording of 10 s and one place cell, and an analysis of 10 + 8 columns, 3 strengths, 5 folds."""
    import pynapple as nap

    import glmengine as ge
    from glmengine.export.nwb import write_nwb

    rng = np.random.default_rng(0)
    times = np.arange(0.0, 10.0, 0.02)
    position = 50 + 40 * np.sin(2 * np.pi * times / 3.3)
    counts = rng.poisson((2 + 25 * np.exp(-((position - 60) ** 2) / 200)) * 0.02)
    spikes = np.sort(np.repeat(times, counts) + rng.uniform(0.0, 0.02, counts.sum()))
    whole = nap.IntervalSet(0.0, 10.0)
    recording = ge.Recording(
        name="ten",
        unit_names=("u",),
        spikes=nap.TsGroup({0: nap.Ts(spikes, time_support=whole)}, time_support=whole),
        epochs={"all": whole},
        covariates={"position": ge.Covariate("position", nap.Tsd(times, position, time_support=whole), unit="cm")},
    )
    write_nwb(recording, folder / "ten.nwb")
    ge.Analysis.from_dict(
        {
            "time": {"bin_size": 0.005},
            "terms": [
                {"kind": "covariate", "factors": [{"variable": "position", "basis": {"family": "b_spline", "n": 10}}]},
                {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 8, "window": 0.1}},
            ],
            "model": {"strengths": [1e-4, 1e-3, 1e-2]},
            "validation": {"folds": 5},
        }
    ).save(folder / "ten.toml")


def command(folder: Path, *python: str) -> subprocess.CompletedProcess:
    run = ["run", "ten.toml", "--recording", "ten.nwb", "--out", "out"]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, *python, *run], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"the command failed:\n{done.stderr}")
    return done


def main(runs: int = 3) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_inputs(folder)
        phased = ("-c", _CHILD, json.dumps(PHASES))
        command(folder, *phased)
        spent: dict[str, list[float]] = collections.defaultdict(list)
        for _ in range(runs):
            said = command(folder, *phased).stdout
            for name, seconds in json.loads(said.rpartition("PHASES")[2]).items():
                spent[name].append(seconds)
        for name, *_ in (*PHASES, ("all else",)):
            print(f"{name:32} {min(spent.get(name, [0.0])):6.2f} s")
        print(f"{'together':32} {min(map(sum, zip(*spent.values(), strict=True))):6.2f} s")
        libraries: dict[str, float] = collections.defaultdict(float)
        for line in command(folder, "-X", "importtime", "-m", "glmengine.cli.main").stderr.splitlines():
            parts = line.removeprefix("import time:").split("|")
            if len(parts) == 3 and parts[0].strip().isdigit():
                libraries[parts[2].strip().split(".")[0]] += float(parts[0]) / 1e6
        print("\nimported (s of wall clock, in this run):")
        for name, seconds in sorted(libraries.items(), key=lambda item: -item[1])[:16]:
            print(f"  {name:30} {seconds:6.2f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
