"""How long one fit takes, family by family, penalty by penalty, from 500 x 5 to 100,000 x 50, beside the peers that have it: one table.

    python tests/benchmarks/families_speed.py                               all of it (minutes)
    python tests/benchmarks/families_speed.py poisson bernoulli --shapes 500x5 2000x20 --penalties none lasso

Each line is made in a process of its own with an empty compilation cache: `first` is our first call there, imports not counted. Then we and
the peers, at their own defaults, take turns on the same data; the least time of each counts, so that what else the machine does touches all
alike. A peer's ratio is its time over ours, and in brackets how far its objective lies above the best of all; `gap` is the same of ours.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

Found = tuple[np.ndarray, float]
Method = Callable[[np.ndarray, np.ndarray], Found]

LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "poisson": lambda eta, y: np.exp(eta) - y * eta,
    "bernoulli": lambda eta, y: np.logaddexp(0, eta) - y * eta,
    "gaussian": lambda eta, y: (y - eta) ** 2,
    "gamma": lambda eta, y: eta + y * np.exp(-eta),
}
PENALTIES = ("none", "ridge", "lasso", "elastic_net")
STRENGTH = 1e-2
SHAPES = ("500x5", "2000x20", "20000x10", "100000x50")
SECONDS, MOST_ROUNDS = 3.0, 5
"""Rounds go on for so long, and no more than so many."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help=f"of {', '.join(LOSSES)}; all where none is given")
    parser.add_argument("--shapes", nargs="*", default=list(SHAPES), help="rows x columns, such as 500x5")
    parser.add_argument("--penalties", nargs="*", default=list(PENALTIES), choices=PENALTIES)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(line(*options.child))
        return 0
    if unknown := set(options.families) - set(LOSSES):
        parser.error(f"unknown family: {', '.join(sorted(unknown))}")
    print(f"{'rows x columns':14} {'family':10} {'penalty':12} {'first ms':>9} {'ms':>8} {'gap':>8}   peers: times ours (gap)")
    for shape in options.shapes:
        for family in options.families or LOSSES:
            for penalty in options.penalties:
                in_child(shape, family, penalty)
    return 0


def in_child(*what: str) -> None:
    """`line` in a fresh process."""
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "GLMENGINE_CACHE": cache, "JAX_PLATFORMS": "cpu"}
        command = [sys.executable, __file__, "--child", *what]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    text = done.stdout.strip() or (done.stderr.strip().splitlines() or ["died"])[-1]
    print(text.splitlines()[-1], flush=True)


def line(shape: str, family: str, penalty: str) -> str:
    """One line of the table."""
    warnings.simplefilter("ignore")
    T, P = (int(number) for number in shape.split("x"))
    X, y = simulated(T, P, family)
    fit, peers = ours(family, penalty), methods(family, penalty, T)
    began = time.perf_counter()
    fit(X, y)
    first = time.perf_counter() - began
    everyone = {"ours": fit, **peers}
    times: dict[str, list[float]] = {name: [] for name in everyone}
    found: dict[str, Found] = {}
    began = time.perf_counter()
    for _ in range(MOST_ROUNDS):
        for name, method in everyone.items():
            start = time.perf_counter()
            found[name] = method(X, y)
            times[name].append(time.perf_counter() - start)
        if time.perf_counter() - began > SECONDS:
            break
    values = {name: objective(X, y, family, penalty, *answer) for name, answer in found.items()}
    best = min(values.values())
    gaps = {name: (value - best) / max(1.0, abs(best)) for name, value in values.items()}
    own = min(times["ours"])
    beside = ", ".join(f"{name} {min(times[name]) / own:.1f} ({gaps[name]:.0e})" for name in peers)
    return f"{shape:14} {family:10} {penalty:12} {first * 1e3:9.0f} {own * 1e3:8.1f} {gaps['ours']:8.0e}   {beside}"


def simulated(T: int, P: int, family: str) -> tuple[np.ndarray, np.ndarray]:
    """A design (T, P) of independent columns, and observations (T,)."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(T, P))
    eta = 0.7 * X @ rng.normal(size=P) / np.sqrt(P)
    draw = {
        "poisson": lambda: rng.poisson(np.exp(eta - 1)),
        "bernoulli": lambda: rng.random(T) < 1 / (1 + np.exp(1 - eta)),
        "gaussian": lambda: eta + rng.normal(size=T),
        "gamma": lambda: rng.gamma(3.0, np.exp(0.3 * eta) / 3),
    }
    return X, draw[family]().astype(float)


def objective(X: np.ndarray, y: np.ndarray, family: str, penalty: str, w: np.ndarray, b: float) -> float:
    l1, square = float(np.abs(w).sum()), 0.5 * float(w @ w)
    size = {"none": 0.0, "ridge": square, "lasso": l1, "elastic_net": 0.5 * (l1 + square)}[penalty]
    return float(np.mean(LOSSES[family](X @ w + b, y))) + STRENGTH * size


def ours(family: str, penalty: str) -> Method:
    import jax.numpy
    import scipy.linalg

    import glmengine as ge
    import glmengine.fitting.fit
    from glmengine.backend import jax_runtime as runtime

    runtime.device_name()
    assert all((jax, scipy, glmengine))
    chosen = {
        "none": None,
        "ridge": ge.Ridge(STRENGTH),
        "lasso": ge.Lasso(STRENGTH),
        "elastic_net": ge.ElasticNet(STRENGTH, 0.5),
    }[penalty]

    def method(X: np.ndarray, y: np.ndarray) -> Found:
        fit = ge.fit(X, y, family, "log" if family == "gamma" else None, chosen)
        assert fit.converged.all(), fit.status
        return fit.coef[:, 0], float(fit.intercept[0])

    return method


def methods(family: str, penalty: str, T: int) -> dict[str, Method]:
    """The peers that have this family with this penalty, by name."""
    import glum
    import statsmodels.api as sm
    from sklearn import linear_model

    share = {"none": 0.0, "ridge": 0.0, "lasso": 1.0, "elastic_net": 0.5}[penalty]
    strength = (
        0.0 if penalty == "none" else STRENGTH / 2 if family == "gaussian" else STRENGTH
    )  # our Gaussian loss is twice theirs

    def fitted(make: Callable[[], Any]) -> Method:
        def method(X: np.ndarray, y: np.ndarray) -> Found:
            model = make().fit(X, y)
            return np.ravel(model.coef_), float(np.ravel(model.intercept_)[0])

        return method

    result: dict[str, Method] = {}
    if family == "gaussian":
        if penalty == "none":
            result["scikit-learn"] = fitted(linear_model.LinearRegression)
        elif penalty == "ridge":
            result["scikit-learn"] = fitted(lambda: linear_model.Ridge(alpha=strength * T))
        else:
            result["scikit-learn"] = fitted(lambda: linear_model.ElasticNet(alpha=strength, l1_ratio=share))
    elif family == "bernoulli" and share == 0.0:
        inverse = 1.0 / (strength * T) if strength else np.inf
        for solver in ("lbfgs", "newton-cholesky"):
            make = linear_model.LogisticRegression
            result[f"scikit-learn {solver}"] = fitted(
                lambda make=make, solver=solver: make(C=inverse, solver=solver, max_iter=1000)
            )
    elif share == 0.0:
        model = {"poisson": linear_model.PoissonRegressor, "gamma": linear_model.GammaRegressor}[family]
        for solver in ("lbfgs", "newton-cholesky"):
            result[f"scikit-learn {solver}"] = fitted(lambda solver=solver: model(alpha=strength, solver=solver, max_iter=1000))
    named = {"gaussian": "normal", "bernoulli": "binomial"}.get(family, family)
    options = {"link": "log"} if family == "gamma" else {}
    result["glum"] = fitted(lambda: glum.GeneralizedLinearRegressor(alpha=strength, l1_ratio=share, family=named, **options))
    if penalty == "none":
        families = {
            "poisson": sm.families.Poisson,
            "bernoulli": sm.families.Binomial,
            "gaussian": sm.families.Gaussian,
            "gamma": lambda: sm.families.Gamma(sm.families.links.Log()),
        }

        def by_statsmodels(X: np.ndarray, y: np.ndarray) -> Found:
            found = sm.GLM(y, sm.add_constant(X), family=families[family]()).fit().params
            return found[1:], float(found[0])

        result["statsmodels"] = by_statsmodels
    return result


if __name__ == "__main__":
    sys.exit(main())
