"""A batch of 40 recordings x 20 units that is killed three times, and one on a cluster that loses a worker, against one that nothing interrupts.

    python tests/studies/interrupted_batch.py [--recordings 40] [--units 20] [--seconds 60] [--seed 0]

Prints a line for each run and ends with 1 where a number of any recording is another one. Needs Dask (`pip install glmgui[cluster]`).
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from glmengine.analysis.analysis import Analysis
from glmengine.batch.finished import MARK
from glmengine.errors import GlmError
from glmengine.export.nwb import write_nwb
from glmengine.results.result import Result

PROJECT = Path(__file__).resolve().parents[2]
KILLS, PROCESSES = 3, 2
TABLES = ("scores.csv", "groups.csv")


def main() -> int:
    """Make the recordings, run the three batches, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in (("recordings", 40), ("units", 20), ("seconds", 60), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        given = [_recording(root / f"day{day:02d}.nwb", asked.units, asked.seconds, day) for day in range(asked.recordings)]
        _question().save(root / "analysis.toml")
        whole, killed, cluster = (root / name for name in ("whole", "killed", "cluster"))
        began = time.perf_counter()
        _batch(root, given, whole).wait()
        print(
            f"uninterrupted, {PROCESSES} processes: {_marks(whole)} recordings, {time.perf_counter() - began:.0f} s", flush=True
        )
        moments = sorted(rng.choice(np.arange(1, asked.recordings), KILLS, replace=False).tolist())
        for moment in moments:
            _kill(_batch(root, given, killed), killed, moment, float(rng.uniform(0, 2)))
        _batch(root, given, killed).wait()
        print(f"killed with {', '.join(map(str, moments))} done, and gone on with: {_marks(killed)} recordings", flush=True)
        lost = _on_cluster(root, given, cluster, int(rng.integers(1, asked.recordings)))
        print(f"cluster of {PROCESSES} workers, one killed with {lost} done: {_marks(cluster)} recordings", flush=True)
        differences = [*_differences(whole, killed), *_differences(whole, cluster)]
    print("\n".join(differences) or f"the same to the last bit: coefficients of all recordings, {' and '.join(TABLES)}")
    return 1 if differences else 0


def _question() -> Analysis:
    direction = {"kind": "covariate", "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 8}}]}
    past = {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 3, "window": 0.2}}
    validation = {"folds": 3}
    model = {"strengths": [1e-4, 1e-2]}
    return Analysis.from_dict({"time": {"bin_size": 0.02}, "terms": [direction, past], "model": model, "validation": validation})


def _recording(path: Path, units: int, seconds: int, seed: int) -> Path:
    """Head-direction cells of two regions under a random walk of the direction."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng, step = np.random.default_rng(seed), 0.02
    times = np.arange(0.0, seconds, step)
    direction = np.mod(np.cumsum(rng.normal(0, 0.15, times.size)), 2 * np.pi)
    support, names = nap.IntervalSet(0.0, float(seconds)), tuple(f"u{unit}" for unit in range(units))
    spikes = {}
    for unit, preferred in enumerate(rng.uniform(0, 2 * np.pi, units)):
        counts = rng.poisson(15 * np.exp(1.5 * (np.cos(direction - preferred) - 1)) * step)
        spikes[unit] = nap.Ts(np.sort(np.repeat(times, counts) + rng.uniform(0, step, counts.sum())), time_support=support)
    table = pd.DataFrame({"region": ["ADN" if unit % 2 else "PoS" for unit in range(units)]}, index=list(names))
    seen = Covariate("head_direction", nap.Tsd(times, direction, time_support=support), "rad", "angle")
    made = Recording(
        name=path.stem,
        unit_names=names,
        spikes=nap.TsGroup(spikes, time_support=support),
        unit_table=table,
        covariates={"head_direction": seen},
        epochs={"all": support},
    )
    write_nwb(made, path)
    return path


def _batch(root: Path, given: list[Path], out: Path, *how: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "glmengine", "batch", root / "analysis.toml", *given, "--out", out, "--no-figures"]
    how = how or ("--workers", str(PROCESSES))
    with open(root / "said.txt", "ab") as said:
        return subprocess.Popen(
            [*map(str, command), *how, "--group-by", "region"],
            env=_environment(),
            stdout=said,
            stderr=said,
            start_new_session=True,
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT)}


def _marks(out: Path) -> int:
    return len(list(out.glob(f"*/{MARK}")))


def _kill(batch: subprocess.Popen[bytes], out: Path, moment: int, later: float) -> None:
    """Kill a batch and its processes some seconds after so many recordings are done."""
    _wait_for(batch, out, moment)
    time.sleep(later)
    os.killpg(batch.pid, signal.SIGKILL)
    batch.wait()


def _wait_for(batch: subprocess.Popen[bytes], out: Path, moment: int) -> None:
    while _marks(out) < moment and batch.poll() is None:
        time.sleep(0.02)


def _on_cluster(root: Path, given: list[Path], out: Path, moment: int) -> int:
    """The batch on a scheduler and workers of this machine, one of which is killed; how many recordings were done then."""
    place = root / "scheduler.json"

    def dask(*command: object) -> subprocess.Popen[bytes]:
        with open(root / "dask.txt", "ab") as said:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, command)], env=_environment(), stdout=said, stderr=said, cwd=root
            )

    begun = [dask("scheduler", "--scheduler-file", place, "--port", 0, "--no-dashboard", "--host", "127.0.0.1")]
    try:
        for _ in range(PROCESSES):
            begun.append(dask("worker", "--scheduler-file", place, "--nthreads", 1, "--no-nanny", "--no-dashboard"))
        while not place.exists():
            time.sleep(0.1)
        address = json.loads(place.read_text(encoding="utf-8"))["address"]
        batch = _batch(root, given, out, "--scheduler", address)
        _wait_for(batch, out, moment)
        done = _marks(out)
        begun[-1].kill()
        batch.wait()
        return done
    finally:
        for process in begun:
            process.terminate()
            process.wait()


def _differences(one: Path, other: Path) -> list[str]:
    found = [f"{other.name}: {name} differs" for name in TABLES if (one / name).read_bytes() != (other / name).read_bytes()]
    for folder in sorted(path.parent for path in one.glob(f"*/{MARK}")):
        try:
            first, second = (Result.load(place / folder.name / "result.nc") for place in (one, other))
        except GlmError as error:  # absent or damaged
            found.append(f"{other.name}: {folder.name}: {error}")
            continue
        if not np.array_equal(first.coefficients.values, second.coefficients.values):
            found.append(f"{other.name}: {folder.name}: coefficients differ")
    return found


if __name__ == "__main__":
    sys.exit(main())
