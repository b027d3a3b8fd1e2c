"""Peak memory and time of receptive fields of a long movie: python tests/benchmarks/movie_memory.py [pca|sta|separable] [--frames 40000].

The movie has 32 x 32 pixels of one byte at 60 Hz, the bins are 10 ms wide: as float64 numbers of bins 40,000 frames would be 546 MB, and
their columns for a separable field 3.3 GB. One space a process, since the peak is the process's.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import numpy as np
import pynapple as nap

import glmengine as ge
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.spike_counts import spikes_from_counts

SIDE, RATE, BIN = 32, 60.0, 0.01


def movie(n: int) -> Recording:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, size=(n, SIDE, SIDE), dtype=np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    blob = np.exp(-((rows - 10) ** 2 + (columns - 20) ** 2) / 8.0).ravel()
    drive = np.concatenate([part.reshape(len(part), -1) @ blob for part in np.array_split(frames, 50)])
    drive = (drive - drive.mean()) / drive.std()
    shown = np.minimum((np.arange(int(n / RATE / BIN)) * BIN * RATE).astype(int), n - 1)
    counts = rng.poisson(0.1 * np.exp(0.6 * np.roll(drive[shown], 5)))[:, None]
    whole = nap.IntervalSet(0.0, n / RATE)
    return Recording(
        name="movie",
        unit_names=("cell",),
        spikes=spikes_from_counts(counts, BIN, rng),
        covariates={"movie": Covariate("movie", nap.TsdTensor(t=np.arange(n) / RATE, d=frames, time_support=whole), "", "step")},
        epochs={"all": whole},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("space", nargs="?", choices=("pca", "sta", "separable"), default="separable")
    parser.add_argument("--frames", type=int, default=40_000)
    chosen = parser.parse_args()
    recording = movie(chosen.frames)
    term = {"kind": "receptive_field", "variable": "movie", "space": chosen.space}
    term |= {"basis": {"family": "raised_cosine_log", "n": 6, "window": 0.2}, "components": 20 if chosen.space == "pca" else 5}
    analysis = ge.Analysis.from_dict(
        {"time": {"bin_size": BIN}, "terms": [term], "model": {"strengths": [1.0]}, "validation": {"folds": 0}}, "benchmark"
    )
    before, began = peak(), time.perf_counter()
    result = ge.run(analysis, recording)
    print(
        f"{chosen.space}: {time.perf_counter() - began:.1f} s, peak {peak():.2f} GB ({before:.2f} GB with the movie alone), "
        f"converged {bool(result.scores['converged'].values.all())}"
    )


def peak() -> float:
    """GB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


if __name__ == "__main__":
    main()
