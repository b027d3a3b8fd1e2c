"""Calcium imaging of coupled head-direction cells: positive activity whose spread grows with its mean, driven by direction and by other cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.samples.session import forage

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

FRAME = 0.05  # s
DURATION = 600.0
N_UNITS = 8
COUPLING = {"n": 2, "window": 0.25}
SHAPE = 2.0  # of the Gamma distribution: the standard deviation is the mean / sqrt(2)
MOST = 20.0  # dF/F: no mean goes beyond it


def make(seed: int = 0) -> Recording:
    """Simulate the session; the log of a cell's mean activity (dF/F) is log base + kappa (cos(direction - preferred) - 1) + what the
    other cells' past adds.

    Each cell excites the next one and inhibits the one that prefers the opposite direction; ``source["truth"]`` lists both with their
    filters (log mean per unit of dF/F).
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_frames = round(DURATION / FRAME)
    times = (np.arange(n_frames) + 0.5) * FRAME
    x, y, direction = forage(n_frames, FRAME, rng)
    units = _units(rng)
    names = [unit["name"] for unit in units]
    lags, kernel = RaisedCosineLog(**COUPLING).kernel(FRAME)
    filters = {"excites": kernel @ np.array([0.12, 0.06]), "inhibits": kernel @ np.array([-0.25, -0.12])}
    pairs = [
        (source, (source + step) % N_UNITS, kind)
        for source in range(N_UNITS)
        for step, kind in ((1, "excites"), (N_UNITS // 2, "inhibits"))
    ]
    kernels = np.zeros((N_UNITS, len(lags), N_UNITS))
    for source, target, kind in pairs:
        kernels[source, :, target] = filters[kind]
    signal = _activity(np.column_stack([log_tuning(unit, direction) for unit in units]), kernels, rng)
    support = nap.IntervalSet(0.0, DURATION)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    heading = nap.Tsd(times, direction, time_support=support)
    return Recording(
        name="calcium-coupled",
        unit_names=tuple(names),
        counts=nap.TsdFrame(t=times, d=signal, columns=names, time_support=support),
        unit_table=pd.DataFrame({"region": ["PoSub"] * N_UNITS}, index=names),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
            "head_direction": Covariate("head_direction", heading, "rad", "angle", "direction of the head"),
        },
        epochs=whole_and_halves(DURATION),
        source={
            "truth": {
                "sample": "calcium-coupled",
                "seed": seed,
                "bin_size": FRAME,
                "shape": SHAPE,
                "units": units,
                "lag_s": (lags * FRAME).tolist(),
                "coupling": [
                    {"source": names[source], "target": names[target], "kind": kind, "filter": filters[kind].tolist()}
                    for source, target, kind in pairs
                ],
            }
        },
    )


def log_tuning(unit: dict[str, Any], direction: np.ndarray) -> np.ndarray:
    """Log of a unit's mean activity (dF/F) without other cells, for its entry in the truth."""
    return np.log(unit["base"]) + unit["kappa"] * (np.cos(direction - unit["preferred"]) - 1.0)


def analysis() -> Analysis:
    """Direction and coupling with the Gamma family: the template of the calcium question."""
    from glmengine.analysis.templates import load_template

    return load_template("calcium")


def _units(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Cells in the order of their preferred directions; `base` is the activity in the preferred one."""
    return [
        {
            "name": f"roi{index + 1}",
            "base": round(float(rng.uniform(0.8, 1.4)), 3),
            "kappa": round(float(rng.uniform(0.8, 1.4)), 3),
            "preferred": round(2 * np.pi * index / N_UNITS, 6),
        }
        for index in range(N_UNITS)
    ]


def _activity(drive: np.ndarray, kernels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(T, M) activity drawn frame by frame from Gamma distributions whose log means are (T, M) `drive` plus the past of all cells
    through (source, lag, target) `kernels`."""
    n_lags = kernels.shape[1]
    noise = rng.gamma(SHAPE, 1.0 / SHAPE, drive.shape)
    total = np.concatenate([drive, np.zeros((n_lags, drive.shape[1]))])
    signal = np.empty_like(drive)
    for t in range(len(drive)):
        signal[t] = np.minimum(np.exp(total[t]), MOST) * noise[t]
        total[t + 1 : t + 1 + n_lags] += np.einsum("s,slt->lt", signal[t], kernels)
    return signal
