"""The operations over rows one by one, in JAX and in NumPy: which implementation serves which problem is decided by this table.

    python tests/benchmarks/operations_speed.py [--quick] [--gpu]

Milliseconds of the processor (all cores together), best of several calls; on a GPU of the clock. The first call, which compiles and moves the
rows, is not counted.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from scipy.interpolate import BSpline

from glmengine.backend.column_preparation import OwnColumns
from glmengine.backend.formulas import Curvatures, Losses, Worth
from glmengine.backend.jax_operations import JaxOperations
from glmengine.backend.numpy_operations import NumpyOperations
from glmengine.backend.observations import Observations
from glmengine.backend.operations import View
from glmengine.backend.rows import Rows
from glmengine.context import SILENT
from glmengine.models import get_family

FOLDS = 5


class Source:
    def __init__(self, X: np.ndarray) -> None:
        self.X, self.shape = X, X.shape

    def chunk(self, start: int, stop: int) -> np.ndarray:
        return self.X[start:stop]


def dense(T: int, P: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(T, P))


def field(T: int, n: int) -> np.ndarray:
    """(T, n * n) products of cubic B-splines of two coordinates."""
    knots = np.concatenate([np.zeros(3), np.linspace(0, 1, n - 2), np.ones(3)])
    first, second = (BSpline.design_matrix(x, knots, 3).toarray() for x in np.random.default_rng(0).random((2, T)))
    return (first[:, :, None] * second[:, None, :]).reshape(T, n * n)


def problem(X: np.ndarray, units: int, *, own: int = 0, platform: str) -> tuple[Rows, View, np.ndarray]:
    """Rows of Poisson counts, a column for each unit and fold (for each unit alone where there is one), and parameters."""
    rng = np.random.default_rng(1)
    T, P = X.shape
    division = None
    if own:
        X = np.column_stack([X, rng.poisson(0.1, (T, units * own))])
        division = OwnColumns(np.arange(P), P + np.arange(units * own).reshape(units, own))
    fold = np.repeat(np.arange(FOLDS), -(-T // FOLDS))[:T].astype(np.int32)
    observations = Observations(rng.poisson(0.3, (units, T)), np.ones((1, T)), None, fold)
    unit = np.repeat(np.arange(units), FOLDS) if units > 1 else np.zeros(1, int)
    held = np.tile(np.arange(FOLDS), units) if units > 1 else np.full(1, -9)
    rows = Rows(Source(X), None, observations, columns=unit.size, memory=8e9, centred=True, own=division, platform=platform)
    theta = np.zeros((unit.size, rows.size))
    theta[:, rows.places] = 0.02 * rng.normal(size=(unit.size, rows.n_features))
    theta[:, -1] = -1.0
    return rows, View(unit, held, null=np.full(unit.size, 0.3)), theta


def best(work: Callable[[], object], clock: Callable[[], float], repeats: int) -> float:
    work()
    least = np.inf
    for _ in range(repeats):
        began = clock()
        work()
        least = min(least, clock() - began)
    return 1e3 * least


def compare(title: str, X: np.ndarray, units: int, *, own: int = 0, gpu: bool = False) -> None:
    family = get_family("poisson")
    link = family.link()
    slopes, curvatures, worth = Losses(family, link), Curvatures(family, link, expected=True), Worth(family, link)
    found: dict[str, dict[str, float]] = {}
    kinds = {"NumPy": (NumpyOperations, "cpu"), "JAX": (JaxOperations, "cpu")}
    if gpu:
        kinds["JAX on GPU"] = (JaxOperations, "gpu")
    for name, (kind, platform) in kinds.items():
        rows, view, theta = problem(X, units, own=own, platform=platform)
        operations = kind(rows, SILENT)
        clock = time.perf_counter if platform == "gpu" else time.process_time
        held_out = View(view.unit, view.held, null=view.null, held_out=bool(units > 1))
        jobs = {
            "slopes": lambda o=operations, v=view, t=theta: o.slopes(slopes, v, t),
            "slopes, float32": lambda o=operations, v=view, t=theta: o.slopes(slopes, v, t, precision="float32"),
            "Grams": lambda o=operations, v=view, t=theta: o.grams(curvatures, v, t),
            "Grams, float32": lambda o=operations, v=view, t=theta: o.grams(curvatures, v, t, precision="float32"),
            "plain Gram": operations.gram,
            "scores": lambda o=operations, v=held_out, t=theta: o.sums(worth, v, t),
        }
        found[name] = {job: best(work, clock, 3) for job, work in jobs.items()}
    print(
        f"\n{title}: {X.shape[0]:,} rows x {X.shape[1]} columns{f' + {own} own' if own else ''}, {view.size} columns of the problem"
    )
    for job in next(iter(found.values())):
        print(f"  {job:16}" + "".join(f"{name} {values[job]:9.1f} ms   " for name, values in found.items()), flush=True)


def main() -> None:
    gpu, part = "--gpu" in sys.argv, 4 if "--quick" in sys.argv else 1
    compare("small", dense(500, 5), 1, gpu=gpu)
    compare("one unit", dense(200_000 // part, 30), 1, gpu=gpu)
    compare("tuning, one unit", dense(120_000 // part, 82), 1, gpu=gpu)
    compare("coupling", dense(80_000 // part, 160), 8, gpu=gpu)
    compare("wide", dense(20_000 // part, 800), 1, gpu=gpu)
    compare("place, folds", field(60_000 // part, 8), 12, gpu=gpu)
    compare("place and history, folds", field(60_000 // part, 8), 12, own=8, gpu=gpu)
    compare("dense, folds", dense(60_000 // part, 64), 12, gpu=gpu)
    compare("mostly zeros", field(40_000 // part, 20), 2, gpu=gpu)


if __name__ == "__main__":
    main()
