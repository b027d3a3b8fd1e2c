"""How long fits take, here and elsewhere: one command, one table.

    python tests/benchmarks/fit_speed.py                          every work at full size (hours, nearly all of them the peers')
    python tests/benchmarks/fit_speed.py --scale 0.1 coupled folds
    python tests/benchmarks/fit_speed.py --ours population growth
    python tests/benchmarks/fit_speed.py --scale 0.02 population  the population beside NeMoS, whose time grows with the rows

Each library does each work in a process of its own, with float64, on the same data (adelie in an environment that is made for it).
`first` is the first call in a fresh process with an empty compilation cache, imports not counted; `second` the next one. `gap` is how far a
library's worst objective lies above the best that any of them found. Of a peer's `one unit` the time is that of the first, times as many as there are
units. Peers are run once, and their first call counts, unless --twice is given. `growth` times one fit over a range of sizes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import adelie_peer  # noqa: E402 - found through the line above
from coupled_hour import coupling_of, recording_of  # noqa: E402 - likewise
from works import METHODS, WORKS, drift  # noqa: E402 - likewise

TARGETS = {
    ("places", "nemos one unit"): 600,
    ("places", "scikit-learn one unit"): 600,
    ("coupled", "nemos"): 50,
    ("coupled", "scikit-learn"): 20,
    ("recorded", "scikit-learn"): 20,
    ("folds", "nemos"): 100,
    ("folds", "scikit-learn"): 5,
    ("lasso", "nemos"): 100,
    ("lasso", "glum"): 1,
    ("lasso", "adelie"): 2,
    ("group", "nemos"): 100,
    ("group", "adelie"): 2,
    ("path", "glum"): 1,
    ("path", "adelie"): 2,
    ("field", "glum sparse"): 1,
    ("history", "nemos"): 10,
    ("history", "scikit-learn"): 1,
    ("history", "glum"): 1,
}
"""How many times faster than a peer a work is to be."""

COLUMNS = (50, 100, 200, 400, 800, 1600, 3200)
ROWS = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGEST_PRODUCT = 4e8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("works", nargs="*", help=f"of {', '.join(WORKS)}, growth; all where none is given")
    parser.add_argument("--scale", type=float, default=1.0, help="share of each work's rows")
    parser.add_argument("--ours", action="store_true", help="leave the peers out")
    parser.add_argument(
        "--without", nargs="*", default=[], help="leave out libraries whose name holds one of these words (tight)"
    )
    parser.add_argument("--twice", action="store_true", help="time a second call of the peers too")
    parser.add_argument("--limit", type=float, default=3600.0, help="seconds after which a peer is given up")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(run(*options.child, options.scale, options.twice)))
        return 0
    unknown = set(options.works) - {*WORKS, "growth"}
    if unknown:
        parser.error(f"unknown work: {', '.join(sorted(unknown))}")
    chosen = options.works or [*WORKS, "growth"]
    print(
        f"{os.cpu_count()} cores, {product_rate() / 1e9:.0f} Gflop/s in a float64 matrix product, {options.scale:g} of the rows"
    )
    print(f"{'work':46} {'library':20} {'first s':>9} {'second s':>9} {'ratio':>8} {'target':>7} {'gap':>9} {'peak MB':>8}")
    for name in chosen:
        if name == "growth":
            growth(options.scale)
        else:
            table(name, options)
    return 0


def table(name: str, options: argparse.Namespace) -> None:
    """Run one work with every library and print its rows."""
    title, _, peers = WORKS[name]
    results: dict[str, dict[str, Any]] = {}
    kept = [peer for peer in peers if not options.ours and not any(word in peer for word in options.without)]
    for method in ("ours", *kept):
        results[method] = in_child(name, method, options)
    done = {method: result for method, result in results.items() if "objectives" in result}
    best = np.nanmin([result["objectives"] for result in done.values()], axis=0) if done else None
    own = done["ours"]["seconds"][-1] if "ours" in done else np.nan
    for method, result in results.items():
        label = title if method == "ours" else ""
        if method not in done:
            print(f"{label:46} {method:20} {result['error']}", flush=True)
            continue
        seconds = result["seconds"]
        second = f"{seconds[1]:9.2f}" if len(seconds) > 1 else f"{'':9}"
        ratio = "" if method == "ours" else f"{seconds[-1] / own:.1f}"
        target = TARGETS.get((name, method.removesuffix(" tight")), "")
        gap = np.nanmax((np.array(result["objectives"]) - best) / np.maximum(1.0, np.abs(best)))
        print(
            f"{label:46} {method:20} {seconds[0]:9.2f} {second} {ratio:>8} {target:>7} {gap:9.1e} {result['peak']:8.0f}",
            flush=True,
        )


def in_child(name: str, method: str, options: argparse.Namespace) -> dict[str, Any]:
    """`run` in a fresh process with an empty compilation cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "GLMENGINE_CACHE": cache, "JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"}
        command = [
            sys.executable,
            __file__,
            "--child",
            name,
            method,
            "--scale",
            str(options.scale),
            *(["--twice"] if options.twice else []),
        ]
        try:
            done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=options.limit, check=False)
        except subprocess.TimeoutExpired:
            return {"error": f"given up after {options.limit:g} s"}
    if done.returncode != 0:
        return {"error": (done.stderr.strip().splitlines() or ["died"])[-1][:100]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def run(name: str, method: str, scale: float, twice: bool) -> dict[str, Any]:
    """Times, objectives and peak memory of one library on one work, in this process."""
    import resource

    data = WORKS[name][1](scale)
    if method.startswith("adelie"):
        coef, intercept, seconds, peak = adelie_peer.fit(data, tight=method.endswith("tight"), calls=2 if twice else 1)
        return {"seconds": seconds, "objectives": data.objectives(coef, intercept), "peak": peak}
    warm_imports(method)
    if method.endswith("sparse"):
        assert data.sparse.shape
    seconds = []
    for _ in range(2 if method == "ours" or twice else 1):
        began = time.perf_counter()
        coef, intercept = METHODS[method](data)
        seconds.append((time.perf_counter() - began) * (data.Y.shape[1] if method.endswith("one unit") else 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "objectives": data.objectives(coef, intercept), "peak": peak}


def warm_imports(method: str) -> None:
    """Imports are not counted."""
    if method == "ours":
        import jax.numpy
        import scipy.linalg
        import scipy.special
        import xarray

        import glmengine.fitting.cross_validation
        import glmengine.fitting.fit
        import glmengine.fitting.minimise
        from glmengine.backend import jax_runtime as runtime

        runtime.device_name()
        assert all((jax, scipy, xarray, glmengine))
    elif method.startswith("nemos"):
        import nemos

        assert nemos
    elif method.startswith("glum"):
        import glum

        assert glum
    else:
        import sklearn.linear_model

        assert sklearn


def product_rate(n: int = 1500) -> float:
    """Flop/s of a square float64 matrix product, the best of five."""
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(2, n, n))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        A @ B
        times.append(time.perf_counter() - began)
    return 2 * n**3 / min(times)


def growth(scale: float) -> None:
    """Time one unit's fit over columns and rows, print the exponents, and draw them into output/fit_growth.png."""
    import glmengine as ge

    rate = product_rate()
    points = []
    rng = np.random.default_rng(0)
    for P in COLUMNS:
        for T in (int(rows * scale) for rows in ROWS):
            if LARGEST_PRODUCT * scale < P * T or T < 4 * P:
                continue
            X = np.stack([drift(rng, T, 5.0) for _ in range(P)], axis=1)
            y = rng.poisson(np.exp(X @ rng.normal(size=P) * 0.3 / np.sqrt(P) - 2)).astype(float)
            ge.fit(X, y, penalty=ge.Ridge(1e-5))
            began = time.perf_counter()
            found = ge.fit(X, y, penalty=ge.Ridge(1e-5))
            seconds = time.perf_counter() - began
            last = found.trace[-1]
            flops = T * P * (4 * last["passes"] + 2 * P * last["hessians"])
            points.append((P, T, seconds, flops / seconds / rate))
            print(
                f"{P:6d} columns {T:8d} rows {seconds:8.2f} s  {found.solver:45} {flops / seconds / rate:5.2f} of the product rate",
                flush=True,
            )
    values = np.array(points)
    streamed(scale, rate)
    large = values[:, 0] * values[:, 1] > 1e6 * scale
    design = np.column_stack([np.ones(large.sum()), np.log(values[large, :2])])
    exponents = np.linalg.lstsq(design, np.log(values[large, 2]), rcond=None)[0][1:]
    print(f"seconds grow as columns^{exponents[0]:.2f} rows^{exponents[1]:.2f}")
    draw(values)


def streamed(scale: float, rate: float) -> None:
    """Time a fit whose design, twice as large as the largest of the others, is made again in each pass."""
    import glmengine as ge

    prepared = coupling_of(recording_of(100, 1000.0 * scale))
    (T, P), mask = prepared.design.shape, prepared.design.mask(prepared.units)
    began = time.perf_counter()
    found = ge.fit(
        prepared.design, prepared.counts[:, :1], penalty=ge.Ridge(1e-5), mask=None if mask is None else mask[:, :1], memory=0.5
    )
    seconds = time.perf_counter() - began
    last = found.trace[-1]
    share = T * P * (4 * last["passes"] + 2 * P * last["hessians"]) / seconds / rate
    print(
        f"{P:6d} columns {T:8d} rows {seconds:8.2f} s  {found.solver + ', streamed':45} {share:5.2f} of the product rate"
        f"{'' if found.converged.all() else ', not converged'}",
        flush=True,
    )


def draw(values: np.ndarray) -> None:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    folder = HERE.parent.parent / "output"
    folder.mkdir(exist_ok=True)
    figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
    for P in np.unique(values[:, 0]):
        chosen = values[values[:, 0] == P]
        axes.loglog(chosen[:, 1], chosen[:, 2], "o-", label=f"{P:.0f} columns")
    axes.set(xlabel="rows", ylabel="seconds (second call)")
    axes.legend(frameon=False, fontsize=8)
    figure.savefig(folder / "fit_growth.png", dpi=150)
    print(f"drawn into {folder / 'fit_growth.png'}")


if __name__ == "__main__":
    sys.exit(main())
