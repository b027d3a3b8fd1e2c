"""A population of place cells with their own history through `ge.run`, cross-validated: seconds and peak memory of the whole process.

python tests/benchmarks/population.py                      # 37 units, 69,000 bins, position alone, then with own history
python tests/benchmarks/population.py --units 49 --bins 292000 --bin-size 0.005
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def recording(units: int, bins: int, bin_size: float) -> object:
    """Units with a place field each on a walk through a square box, spikes drawn bin by bin."""
    import pynapple as nap

    import glmengine as ge

    rng = np.random.default_rng(0)
    seconds = bins * bin_size
    times = np.arange(0, seconds, 1 / 30)
    place = 100 * np.abs((np.cumsum(0.02 * rng.normal(size=(times.size, 2)), axis=0) % 2) - 1)
    whole = nap.IntervalSet(0, seconds)
    at = np.minimum(((np.arange(bins) + 0.5) * bin_size * 30).astype(int), times.size - 1)
    spikes = {}
    for unit in range(units):
        rate = 1.0 + 12.0 * np.exp(-((place[at] - 100 * rng.uniform(size=2)) ** 2).sum(axis=1) / 400.0)
        counts = rng.poisson(rate * bin_size)
        spikes[unit] = nap.Ts(np.sort(np.repeat(np.arange(bins) * bin_size, counts) + bin_size * rng.uniform(size=counts.sum())))
    position = ge.Covariate(
        "position", nap.TsdFrame(times, place, columns=["x", "y"], time_support=whole), unit="cm", kind="continuous"
    )
    return ge.Recording(
        "population",
        tuple(str(unit) for unit in range(units)),
        spikes=nap.TsGroup(spikes, time_support=whole),
        covariates={"position": position},
        epochs={"all": whole},
    )


def analysis(bin_size: float, folds: int, *, history: bool) -> object:
    """8 x 8 B-splines of position, and eight raised cosines of the unit's past."""
    import glmengine as ge

    square = ge.basis.BSpline(n=8)
    factors = tuple(ge.Factor(variable=f"position.{axis}", basis=square) for axis in "xy")
    terms: list[object] = [ge.CovariateTerm(factors=factors)]
    if history:
        terms.append(ge.HistoryTerm(basis=ge.basis.RaisedCosineLog(n=8, window=0.25)))
    return ge.Analysis(time=ge.Time(bin_size=bin_size), terms=tuple(terms), validation=ge.Validation(folds=folds))


def child(options: argparse.Namespace) -> None:
    import glmengine as ge

    made = recording(options.units, options.bins, options.bin_size)
    began, used = time.perf_counter(), time.process_time()
    result = ge.run(analysis(options.bin_size, options.folds, history=options.history), made)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    score = float(result.scores["deviance_explained_heldout"].median())
    print(f"{seconds:8.1f} s {cpu:8.1f} CPU s {peak:6.2f} GB, converged {result.converged}, held out {score:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=37)
    parser.add_argument("--bins", type=int, default=69_000)
    parser.add_argument("--bin-size", type=float, default=0.02)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--history", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    for name, more in (("position", []), ("position and own history", ["--history"])):
        print(f"{name:26}", end="", flush=True)
        subprocess.run([sys.executable, __file__, "--child", *sys.argv[1:], *more], check=True)


if __name__ == "__main__":
    main()
