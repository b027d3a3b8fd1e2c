"""Each kind of fit on the processor and on a graphics card: where it ran, seconds, their ratio, and the largest difference of rates.

    python tests/benchmarks/platforms.py              # where JAX finds a card
    python tests/benchmarks/platforms.py --scale 0.1 --platform cpu

The second call is timed; the first compiles.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pynapple as nap

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import glmengine as ge
from glmengine.recording.recording import Covariate, Recording
from glmengine.simulation.spike_counts import spikes_from_counts

STRENGTHS = (1e-2, 1e-3, 1e-4)


def data(n: int, p: int, units: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A design of smooth columns (n, p) and linear predictors (n, units)."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p))
    return X, 0.2 * X[:, :8] @ rng.normal(size=(8, units)) - 1.0


def local(n: int, units: int) -> tuple[np.ndarray, np.ndarray]:
    """A place design of 8 x 8 B-splines and predictors with a field each."""
    rng = np.random.default_rng(1)
    place = np.abs((np.cumsum(0.02 * rng.normal(size=(n, 2)), axis=0) % 2) - 1)
    basis = ge.basis.BSpline(n=8, bounds=(0, 1))
    X = np.einsum("ti,tj->tij", *(np.asarray(basis.evaluate(np.clip(place[:, axis], 0, 1))) for axis in (0, 1)))
    far = ((place[:, None] - rng.uniform(size=(1, units, 2))) ** 2).sum(axis=2)
    return X.reshape(n, -1), 2.5 * np.exp(-20 * far) - 3.0


def field_of_low_rank(n: int, platform: str) -> np.ndarray:
    """Rates of a unit that sees a movie of 16 x 16 pixels, under a separable field."""
    rng, size = np.random.default_rng(3), 0.02
    frames = rng.normal(size=(n, 16, 16))
    drive = np.convolve(frames[:, 4, 5] + 0.5 * frames[:, 9, 7], [0.0, 0.5, 0.3])[:n]
    whole = nap.IntervalSet(0.0, n * size)
    movie = nap.TsdTensor(t=np.arange(n) * size, d=frames, time_support=whole)
    recording = Recording(
        name="movie",
        unit_names=("seeing",),
        spikes=spikes_from_counts(rng.poisson(np.exp(drive - 1.0))[:, None], size, rng),
        covariates={"movie": Covariate("movie", movie, "contrast", "step")},
        epochs={"all": whole},
    )
    past = {"family": "raised_cosine_log", "n": 5, "window": 0.2}
    field = {"kind": "receptive_field", "variable": "movie", "space": "separable", "rank": 2, "basis": past}
    model = {"strengths": [1e-3], "platform": platform}
    asked = {"time": {"bin_size": size}, "terms": [field], "model": model, "validation": {"folds": 0}}
    return ge.run(ge.Analysis.from_dict(asked, "benchmark"), recording).predict(recording).values


def works(scale: float) -> dict[str, Callable[[str], np.ndarray]]:
    """What is fitted, by name: a platform -> something that must be the same on both (rates where coefficients are not unique)."""
    rng = np.random.default_rng(2)
    n = int(200_000 * scale)
    X, eta = data(n, 160, 20)
    Y = rng.poisson(np.exp(eta)).astype(float)
    place, field = local(n, 37)
    spikes = rng.poisson(np.exp(field)).astype(float)
    few = slice(0, max(n // 10, 1000))
    classes = np.argmax(X[few, :3] + rng.gumbel(size=(X[few].shape[0], 3)), axis=1).astype(float)
    over = rng.negative_binomial(2.0, 2.0 / (2.0 + np.exp(eta[:, :4]))).astype(float)

    def rates(fit: Any, X: np.ndarray) -> np.ndarray:
        return np.exp(X[:2000] @ fit.coef + fit.intercept)

    groups = [range(start, start + 40) for start in range(0, 160, 40)]
    return {
        "20 units, ridge": lambda on: rates(ge.fit(X, Y, penalty=ge.Ridge(1e-4), platform=on), X),
        "37 place cells, 5 folds x 3 strengths": lambda on: (
            ge.cross_validate(place, spikes, strengths=STRENGTHS, platform=on).scores.values
        ),
        "4 units, lasso": lambda on: rates(ge.fit(X, Y[:, :4], penalty=ge.Lasso(1e-3), platform=on), X),
        "4 units, group lasso": lambda on: rates(ge.fit(X, Y[:, :4], penalty=ge.GroupLasso(1e-3, groups), platform=on), X),
        "lasso path of 10": lambda on: (
            ge.fit_path(X, Y[:, :2], penalty="lasso", strengths=np.logspace(-1.5, -4, 10), platform=on).objective
        ),
        "4 units, negative binomial": lambda on: rates(
            ge.fit(X, over, family="negative_binomial", penalty=ge.Ridge(1e-4), platform=on), X
        ),
        "categorical, 3 classes": lambda on: (
            ge.fit(X[few, :40], classes, family="categorical", penalty=ge.Ridge(1e-3), platform=on).coef
        ),
        "a field of rank 2 of 256 pixels": lambda on: field_of_low_rank(few.stop, on),
        "4 units, marginal likelihood": lambda on: rates(
            ge.fit(X, Y[:, :4], penalty=ge.Ridge(), strength="reml", platform=on), X
        ),
    }


def timed(work: Callable[[str], np.ndarray], platform: str) -> tuple[np.ndarray, float, float]:
    """Its answer, and the seconds of the first and of the second call."""
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        answer = work(platform)
        seconds.append(time.perf_counter() - began)
    return answer, *seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="share of 200,000 rows")
    parser.add_argument("--platform", default="gpu", help="what is set beside the processor")
    parser.add_argument("--only", default="", help="works whose name holds this")
    options = parser.parse_args()
    print(
        f"{'work':40}{'cpu first':>11}{'cpu':>9}{options.platform + ' first':>11}{options.platform:>9}{'ratio':>8}{'difference':>12}"
    )
    for name, work in works(options.scale).items():
        if options.only not in name:
            continue
        here, first_here, again_here = timed(work, "cpu")
        there, first_there, again_there = timed(work, options.platform)
        gap = float(np.nanmax(np.abs(here - there) / np.maximum(np.abs(here), 1e-3)))
        ratio = again_here / again_there
        print(
            f"{name:40}{first_here:11.2f}{again_here:9.2f}{first_there:11.2f}{again_there:9.2f}{ratio:8.1f}{gap:12.1e}",
            flush=True,
        )


if __name__ == "__main__":
    main()
