"""The works that fitting is timed on, made by seed, and how each library does them.

A method takes a work's data and gives raw coefficients (P, K) and intercepts (K,) of K problems, whose objectives are then computed here
in NumPy, the same way for all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "A2929-neurosuite"
"""A recording that is not part of the repository; works that need it are given up where it is not there."""


@dataclass(frozen=True)
class Data:
    """A design X (T, P), counts Y (T, M), the penalty, and the (strength, fold) pairs to fit; fold -1 is no fold held out.

    Attributes
    ----------
    penalty : str
        ``"ridge"``, ``"lasso"`` or ``"group_lasso"``.
    groups : tuple of (start, stop)
        Columns of each group.
    """

    X: np.ndarray
    Y: np.ndarray
    penalty: str
    strengths: tuple[float, ...]
    folds: np.ndarray | None = None
    groups: tuple[tuple[int, int], ...] = ()

    @cached_property
    def sparse(self) -> Any:
        """X without its zeros, for libraries that take it so."""
        from scipy.sparse import csc_array

        return csc_array(self.X)

    @property
    def tasks(self) -> list[tuple[float, int, np.ndarray]]:
        """(strength, unit, training rows) of each problem, strongest first."""
        everything = slice(None)
        n_folds = 0 if self.folds is None else int(self.folds.max()) + 1
        rows = [everything] if not n_folds else [np.flatnonzero(self.folds != fold) for fold in range(n_folds)]
        return [(strength, unit, chosen) for strength in self.strengths for unit in range(self.Y.shape[1]) for chosen in rows]

    @property
    def first_unit(self) -> Data:
        """The same work on the first unit alone."""
        return replace(self, Y=self.Y[:, :1])

    def objectives(self, coef: np.ndarray, intercept: np.ndarray) -> list[float]:
        """Mean Poisson loss plus penalty of each task; NaN for those of units that were not fitted, all but the first."""
        tasks = self.tasks
        if coef.shape[1] < len(tasks):
            found = iter(self.first_unit.objectives(coef, intercept))
            return [next(found) if unit == 0 else float("nan") for _, unit, _ in tasks]
        values = []
        for k, (strength, unit, rows) in enumerate(tasks):
            eta = self.X[rows] @ coef[:, k] + intercept[k]
            values.append(float(np.mean(np.exp(eta) - self.Y[rows, unit] * eta) + strength * self._penalty(coef[:, k])))
        return values

    def _penalty(self, w: np.ndarray) -> float:
        if self.penalty == "ridge":
            return 0.5 * float(w @ w)
        if self.penalty == "lasso":
            return float(np.abs(w).sum())
        return float(sum(np.sqrt(b - a) * np.linalg.norm(w[a:b]) for a, b in self.groups))


def drift(rng: np.random.Generator, T: int, time_constant: float) -> np.ndarray:
    """A smooth random walk (T,) of variance 1."""
    from scipy.signal import lfilter

    a = np.exp(-1 / time_constant)
    return lfilter([np.sqrt(1 - a * a)], [1, -a], rng.normal(size=T))


def splines(x: np.ndarray, n: int, order: int = 4) -> np.ndarray:
    """(T, n) B-splines of x in [0, 1], clamped uniform knots."""
    from scipy.interpolate import BSpline

    knots = np.concatenate([np.zeros(order - 1), np.linspace(0, 1, n - order + 2), np.ones(order - 1)])
    return BSpline.design_matrix(np.clip(x, 0, 1 - 1e-12), knots, order - 1).toarray()


def cyclic_splines(x: np.ndarray, n: int) -> np.ndarray:
    """(T, n) periodic cubic B-splines of x in [0, 1)."""
    from scipy.interpolate import BSpline

    basis = BSpline.design_matrix(np.clip(x % 1, 0, 1 - 1e-12), np.arange(-3, n + 4) / n, 3).toarray()
    basis[:, :3] += basis[:, n : n + 3]
    return basis[:, :n]


def place_design(T: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """82 columns: 8 x 8 B-splines of position, 12 cyclic ones of head direction, 6 of speed; counts (T,) of a place cell at 10 ms."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    x, y, speed = norm.cdf(drift(rng, T, 500)), norm.cdf(drift(rng, T, 500)), norm.cdf(drift(rng, T, 200))
    head = np.mod(np.cumsum(rng.normal(0, 0.06, T)), 2 * np.pi) / (2 * np.pi)
    position = (splines(x, 8)[:, :, None] * splines(y, 8)[:, None, :]).reshape(T, 64)
    X = np.concatenate([position, cyclic_splines(head, 12), splines(speed, 6)], axis=1)
    rate = 80 * np.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) / (2 * 0.12**2) + 0.8 * np.cos(2 * np.pi * head)) * (0.5 + speed) + 0.3
    return X, rng.poisson(rate * 0.01).astype(float)


def field_design(T: int, n: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """n x n B-splines of position, and counts (T,) of a place cell at 10 ms."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    x, y = norm.cdf(drift(rng, T, 500)), norm.cdf(drift(rng, T, 500))
    X = (splines(x, n)[:, :, None] * splines(y, n)[:, None, :]).reshape(T, n * n)
    rate = 20 * np.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) / (2 * 0.12**2)) + 0.3
    return X, rng.poisson(rate * 0.01).astype(float)


def place_population(T: int, N: int = 37, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """8 x 8 B-splines of position, and counts (T, N) of place cells at 20 ms."""
    from scipy.stats import norm

    rng = np.random.default_rng(seed)
    x, y = norm.cdf(drift(rng, T, 300)), norm.cdf(drift(rng, T, 300))
    X = (splines(x, 8)[:, :, None] * splines(y, 8)[:, None, :]).reshape(T, 64)
    middle, width, peak = rng.uniform(0.1, 0.9, (2, N)), rng.uniform(0.08, 0.2, N), rng.uniform(3, 25, N)
    apart = (x[:, None] - middle[0]) ** 2 + (y[:, None] - middle[1]) ** 2
    return X, rng.poisson(0.02 * (peak * np.exp(-apart / (2 * width**2)) + 0.3)).astype(float)


def coupled_design(N: int, T: int, n: int = 8, window: int = 80, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Counts (T, N) of a population in which each unit is driven by the past of some others, and its N * n log-raised-cosine columns."""
    from scipy.signal import fftconvolve

    rng = np.random.default_rng(seed)
    lag = np.log(50 * np.linspace(0, 1, window) + 1) / np.log(51)
    peaks = np.linspace(0, 1 - 1 / (n + 1), n)
    kernels = 0.5 * (np.cos(np.clip(np.pi * (lag[:, None] - peaks) / (2 * (peaks[1] - peaks[0])), -np.pi, np.pi)) + 1)
    base = np.log(rng.gamma(4, 2.5, size=N) * 0.01)
    first = rng.poisson(np.exp(base), size=(T, N)).astype(float)

    def columns(Y: np.ndarray) -> np.ndarray:
        X = np.zeros((T, N * n))
        for unit in range(N):
            X[1:, unit * n : (unit + 1) * n] = fftconvolve(Y[:, unit : unit + 1], kernels, axes=0)[: T - 1]
        np.maximum(X, 0.0, out=X)
        X[X < 1e-9] = 0.0
        return X

    # one round of simulation from an uncoupled population is enough for counts that depend on the past of the others
    strength = 0.15 * rng.normal(size=(N * n, N)) * (rng.random((N, 1, N)) < 0.25).repeat(n, axis=1).reshape(N * n, N)
    X = columns(first)
    second = rng.poisson(np.minimum(np.exp(base + (X - X.mean(axis=0)) @ strength), 3.0)).astype(float)
    return X, second


def recorded_coupling() -> tuple[np.ndarray, np.ndarray]:
    """Counts of 15 hippocampal units (A2929) in bins of 5 ms, and 8 log-raised-cosine columns of 0.4 s for the past of each."""
    import glmengine as ge
    from glmengine.analysis.analysis import Analysis, Time
    from glmengine.analysis.terms import CouplingTerm
    from glmengine.design.prepare import prepare

    term = CouplingTerm(basis=ge.basis.RaisedCosineLog(n=8, window=0.4))
    prepared = prepare(Analysis(time=Time(bin_size=0.005), terms=(term,)), ge.open_recording(RECORDED))
    X = prepared.design.chunk(0, prepared.design.shape[0])
    known = np.isfinite(X).all(axis=1)
    return X[known], np.asarray(prepared.counts, float)[known]


def history_design(T: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """10 columns of spiking history and 20 of a stimulus at 1 ms, and counts (T,)."""
    rng = np.random.default_rng(seed)
    stimulus = np.stack([drift(rng, T, constant) for constant in np.geomspace(3, 300, 20)], axis=1)
    past = np.stack(
        [np.convolve(rng.random(T) < 0.02, np.exp(-np.arange(100) / constant))[:T] for constant in np.geomspace(2, 40, 10)],
        axis=1,
    )
    X = np.concatenate([past, stimulus], axis=1)
    return X, rng.poisson(np.exp(-4 + 0.15 * X @ rng.normal(size=30))).astype(float)


def _place(T: float, penalty: str, strengths: Any, n_folds: int = 0) -> Data:
    T = int(T)
    X, y = place_design(T)
    folds = np.repeat(np.arange(n_folds), -(-T // n_folds))[:T] if n_folds else None
    return Data(X, y[:, None], penalty, tuple(strengths), folds, ((0, 64), (64, 76), (76, 82)))


def _places(T: float) -> Data:
    T = int(T)
    X, Y = place_population(T)
    return Data(X, Y, "ridge", tuple(np.logspace(-2, -6, 5)), np.repeat(np.arange(5), -(-T // 5))[:T])


WORKS: dict[str, tuple[str, Callable[[float], Data], tuple[str, ...]]] = {
    "places": (
        "37 units, 137,823 x 64, 5 folds x 5 strengths",
        lambda s: _places(137_823 * s),
        ("nemos one unit", "scikit-learn one unit"),
    ),
    "coupled": (
        "20 coupled units, 180,000 x 160, ridge 1e-5",
        lambda s: Data(*coupled_design(20, int(180_000 * s)), "ridge", (1e-5,)),
        ("nemos", "nemos tight", "scikit-learn", "scikit-learn tight", "glum"),
    ),
    "recorded": (
        "15 recorded coupled units, 239,911 x 120, ridge 1e-5",
        lambda s: (lambda X, Y: Data(X[: int(len(X) * s)], Y[: int(len(X) * s)], "ridge", (1e-5,)))(*recorded_coupling()),
        ("nemos", "scikit-learn", "scikit-learn tight"),
    ),
    "population": (
        "100 coupled units, 360,000 x 800, ridge 1e-5",
        lambda s: Data(*coupled_design(100, int(360_000 * s)), "ridge", (1e-5,)),
        ("nemos",),
    ),
    "folds": (
        "one unit, 120,000 x 82, 5 folds x 7 strengths",
        lambda s: _place(120_000 * s, "ridge", np.logspace(0, -6, 7), 5),
        ("nemos", "scikit-learn", "scikit-learn tight"),
    ),
    "lasso": (
        "same design, lasso 1e-3",
        lambda s: _place(120_000 * s, "lasso", [1e-3]),
        ("nemos", "nemos tight", "glum", "glum tight", "adelie", "adelie tight"),
    ),
    "group": (
        "same design, group lasso 1e-3",
        lambda s: _place(120_000 * s, "group_lasso", [1e-3]),
        ("nemos", "nemos tight", "adelie", "adelie tight"),
    ),
    "path": (
        "same design, lasso path of 30",
        lambda s: _place(120_000 * s, "lasso", np.geomspace(10**-1.5, 1e-5, 30)),
        ("glum", "adelie", "adelie tight"),
    ),
    "field": (
        "one unit, 120,000 x 400 B-splines of position",
        lambda s: (lambda X, y: Data(X, y[:, None], "ridge", (1e-4,)))(*field_design(int(120_000 * s))),
        ("nemos", "scikit-learn", "glum", "glum tight", "glum sparse"),
    ),
    "history": (
        "one unit, 1,000,000 x 30, ridge 1e-6",
        lambda s: (lambda X, y: Data(X, y[:, None], "ridge", (1e-6,)))(*history_design(int(1_000_000 * s))),
        ("nemos", "scikit-learn", "scikit-learn tight", "glum", "glum tight"),
    ),
}
"""Name -> (what it is, data at a share of its rows, peers). Of a peer's ``one unit`` the time is that of the first, times the number of units."""


def ours(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """This library."""
    import glmengine as ge

    penalty = {
        "ridge": ge.Ridge,
        "lasso": ge.Lasso,
        "group_lasso": lambda a: ge.GroupLasso(a, tuple(range(*group) for group in data.groups)),
    }[data.penalty]
    if data.folds is not None:
        cv = ge.cross_validate(data.X, data.Y, penalty=data.penalty, strengths=list(data.strengths), folds=data.folds, coefs=True)
        assert cv.converged.values.all()
        order = ("strength", "unit", "fold")
        coefs, ends = cv.coefs.transpose(*order, "feature").values, cv.intercepts.transpose(*order).values
        return coefs.reshape(-1, data.X.shape[1]).T, ends.ravel()
    if len(data.strengths) > 1:
        path = ge.fit_path(data.X, data.Y, penalty=data.penalty, strengths=list(data.strengths))
        assert path.converged.all(), path.decrement
        return path.coef.transpose(1, 0, 2).reshape(data.X.shape[1], -1), path.intercept.ravel()
    found = ge.fit(data.X, data.Y, penalty=penalty(data.strengths[0]))
    assert found.converged.all(), (found.status, found.decrement)
    return found.coef, found.intercept


def nemos(data: Data, tight: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """NeMoS, a population at once, each fold and strength by itself as GridSearchCV does it."""
    import jax.numpy as jnp
    import nemos as nmo

    options: dict[str, Any] = {"regularizer": {"ridge": "Ridge", "lasso": "Lasso", "group_lasso": "GroupLasso"}[data.penalty]}
    if data.penalty == "group_lasso":
        mask = np.zeros((len(data.groups), data.X.shape[1]))
        for number, (a, b) in enumerate(data.groups):
            mask[number, a:b] = 1
        options["regularizer"] = nmo.regularizer.GroupLasso(mask=jnp.asarray(mask))
    if data.penalty == "ridge":
        options["solver_name"] = "LBFGS"
    if tight:
        options["solver_kwargs"] = {"tol": 1e-10, "maxiter": 20_000}
    coefs, ends = [], []
    population = data.Y.shape[1] > 1
    for strength, _, rows in [task for task in data.tasks if not population or task[1] == 0]:
        make = nmo.glm.PopulationGLM if population else nmo.glm.GLM
        model = make(regularizer_strength=strength, **options)
        model.fit(data.X[rows], data.Y[rows] if population else data.Y[rows, 0])
        coefs.append(np.asarray(model.coef_).reshape(data.X.shape[1], -1))
        ends.append(np.asarray(model.intercept_).ravel())
    return np.concatenate(coefs, axis=1), np.concatenate(ends)


def scikit_learn(data: Data, tight: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's Newton-Cholesky, unit by unit."""
    from sklearn.linear_model import PoissonRegressor

    models = []
    for strength, unit, rows in data.tasks:
        model = PoissonRegressor(alpha=strength, solver="newton-cholesky", **({"tol": 1e-9, "max_iter": 1000} if tight else {}))
        models.append(model.fit(data.X[rows], data.Y[rows, unit]))
    return np.stack([model.coef_ for model in models], axis=1), np.array([model.intercept_ for model in models])


def glum(data: Data, tight: bool = False, sparse: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """glum, unit by unit; where `sparse`, it is given a matrix without zeros, the making of which is not counted."""
    from glum import GeneralizedLinearRegressor

    options: dict[str, Any] = {"family": "poisson", "l1_ratio": 1.0 if data.penalty == "lasso" else 0.0}
    if tight:
        options |= {"gradient_tol": 1e-9, "max_iter": 1000}
    models = []
    for strength, unit, rows in data.tasks:
        X = data.sparse[rows] if sparse else data.X[rows]
        models.append(GeneralizedLinearRegressor(alpha=strength, **options).fit(X, data.Y[rows, unit]))
    return np.stack([model.coef_ for model in models], axis=1), np.array([model.intercept_ for model in models])


METHODS: dict[str, Callable[[Data], tuple[np.ndarray, np.ndarray]]] = {
    "ours": ours,
    "nemos": nemos,
    "nemos one unit": lambda data: nemos(data.first_unit),
    "scikit-learn one unit": lambda data: scikit_learn(data.first_unit),
    "nemos tight": lambda data: nemos(data, tight=True),
    "scikit-learn": scikit_learn,
    "scikit-learn tight": lambda data: scikit_learn(data, tight=True),
    "glum": glum,
    "glum tight": lambda data: glum(data, tight=True),
    "glum sparse": lambda data: glum(data, tight=True, sparse=True),
}
