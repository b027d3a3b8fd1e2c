"""Strengths by marginal likelihood beside mgcv: seconds a unit, effective degrees of freedom and curves.

    python tests/benchmarks/smoothing_speed.py [--rows 137823] [--units 37] [--peer-units 2]

Per unit a product of two splines (8 x 8), a cyclic spline (12) and a spline (6), smoothness penalties along each variable, Poisson counts. mgcv
(`bam(discrete = TRUE, nthreads = 2)`, fREML) needs Rscript with mgcv; where it is absent, or with --peer-units 0, our times stand alone. It has bases
of the same sizes, but P-splines with knots beyond the range, since given columns cannot be discretised: `edf` and `curves`, the largest
differences in percent (of the degrees of freedom; of the predictor as a share of its range), say how near the two models are.
On the same columns and penalties both agree within 1 %: `tests/peers/test_smoothing_mgcv.py`.

Measured on two idle cores: all 37 units in 6.3 s (0.21 CPU s each; 6.8 s the first time). pyGAM 0.12 (`PoissonGAM` of terms of the same sizes, one thread) takes 36 CPU s for one unit
at strengths that are given, and searches a grid of them for its own.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

import glmengine as ge  # noqa: E402 - found through the line above

SCRIPT = """
suppressMessages(library(mgcv))
folder <- commandArgs(TRUE)[1]; n <- as.integer(commandArgs(TRUE)[2]); k <- as.integer(commandArgs(TRUE)[3])
read <- function(name, columns) matrix(readBin(file.path(folder, name), "double", n * columns), n, columns, byrow = TRUE)
x <- read("covariates", 4); Y <- read("counts", k)
data <- data.frame(x = x[, 1], y = x[, 2], heading = x[, 3], speed = x[, 4])
knots <- list(heading = c(0, 2 * pi))
out <- NULL
for (unit in 1:k) {
  data$n <- Y[, unit]
  began <- proc.time()[["elapsed"]]
  fit <- bam(n ~ te(x, y, bs = "ps", k = 8) + s(heading, bs = "cp", k = 12) + s(speed, bs = "ps", k = 6),
             family = poisson, data = data, knots = knots, method = "fREML", discrete = TRUE, nthreads = 2)
  out <- rbind(out, c(proc.time()[["elapsed"]] - began, sum(fit$edf)))
  writeBin(as.numeric(predict(fit, type = "link", discrete = FALSE)[seq(1, n, by = 50)]), file.path(folder, paste0("eta", unit)))
}
write.table(out, file.path(folder, "out"), row.names = FALSE, col.names = FALSE)
"""
EVERY = 50


def data(rows: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """Covariates (T, 4) and counts (T, M) of place and direction cells in bins of 20 ms."""
    random = np.random.default_rng(0)
    walk = np.cumsum(random.normal(size=(rows, 2)) * 0.02, axis=0)
    x, y = (np.abs((walk + 0.5) % 2.0 - 1.0)).T
    heading = np.cumsum(random.normal(size=rows) * 0.1) % (2 * np.pi)
    speed = random.beta(2, 4, rows)
    eta = np.empty((rows, units))
    for unit, (a, b, c) in enumerate(random.uniform(0, 1, (units, 3))):
        bump = 2.0 * np.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.08)
        eta[:, unit] = np.log(0.06) + bump + 0.6 * np.cos(heading - 2 * np.pi * c) + 0.5 * speed
    return np.column_stack([x, y, heading, speed]), random.poisson(np.exp(eta)).astype(float)


def recording_of(covariates: np.ndarray, counts: np.ndarray) -> tuple[ge.Recording, ge.Analysis]:
    import pynapple as nap

    bin_size = 0.02
    times = (np.arange(len(counts)) + 0.5) * bin_size
    whole = nap.IntervalSet(0, len(counts) * bin_size)
    names = tuple(f"u{number}" for number in range(counts.shape[1]))
    found = {
        name: ge.Covariate(name, nap.Tsd(times, column, time_support=whole), kind="angle" if name == "heading" else "continuous")
        for name, column in zip(("x", "y", "heading", "speed"), covariates.T, strict=True)
    }
    frame = nap.TsdFrame(times, counts, time_support=whole, columns=list(names))
    recording = ge.Recording("smoothing", names, counts=frame, covariates=found, epochs={"all": whole})
    line = {"family": "b_spline", "bounds": [0.0, 1.0]}
    terms = [
        {"kind": "covariate", "name": "position", "factors": [{"variable": v, "basis": {**line, "n": 8}} for v in ("x", "y")]},
        {"kind": "covariate", "factors": [{"variable": "heading", "basis": {"family": "cyclic_b_spline", "n": 12}}]},
        {"kind": "covariate", "factors": [{"variable": "speed", "basis": {**line, "n": 6}}]},
    ]
    return recording, ge.Analysis.from_dict({"time": {"bin_size": bin_size}, "terms": terms})


def peer(covariates: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """mgcv's seconds and degrees of freedom (M, 2), and its predictors (T / EVERY, M); None where it is absent."""
    if shutil.which("Rscript") is None or not counts.shape[1]:
        return None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        covariates.tofile(folder / "covariates")
        counts.tofile(folder / "counts")
        (folder / "fit.R").write_text(SCRIPT)
        ran = subprocess.run(["Rscript", str(folder / "fit.R"), name, *map(str, counts.shape)], capture_output=True, text=True)
        if ran.returncode:
            print("mgcv:", ran.stderr.strip().splitlines()[-1])
            return None
        eta = [np.fromfile(folder / f"eta{unit + 1}") for unit in range(counts.shape[1])]
        return np.loadtxt(folder / "out", ndmin=2), np.column_stack(eta)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=137_823)
    parser.add_argument("--units", type=int, default=37)
    parser.add_argument("--peer-units", type=int, default=2)
    options = parser.parse_args()
    covariates, counts = data(options.rows, options.units)
    recording, analysis = recording_of(covariates, counts)
    design = ge.build_design(analysis, recording, ge.make_grid(analysis.time, recording), unit_names=recording.unit_names)
    for call in ("first call, compiling", "second call"):
        began, cpu = time.perf_counter(), time.process_time()
        fit = ge.fit(design, counts, penalty="smoothness", strength="reml")
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        print(f"{call}: {options.units} units in {seconds:.1f} s, {cpu / options.units:.2f} CPU s a unit", flush=True)
    print(f"settled: {int(fit.found.settled.sum())} of {options.units}; strengths of {', '.join(fit.found.labels)}")
    found = peer(covariates, counts[:, : options.peer_units])
    if found is None:
        print("mgcv is left out or not installed: nothing to set beside")
        return 0
    (took, edf), eta = found[0].T, found[1]
    ours = np.log(fit.predict(design)[::EVERY, : options.peer_units])
    print(
        f"mgcv: {took.mean():.2f} s a unit; ours {seconds / options.units:.2f} s, {took.mean() * options.units / seconds:.1f} times faster"
    )
    print(
        f"edf: {100 * np.abs(fit.edf[: edf.size] / edf - 1).max():.1f} %; curves: {100 * (np.abs(ours - eta).max(axis=0) / np.ptp(eta, axis=0)).max():.1f} %"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
