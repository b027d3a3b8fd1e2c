"""The demonstration: head-direction and place cells of an animal foraging in a box, refractory and coupled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.02  # s
DURATION = 600.0  # s
BOX = 100.0  # cm
N_DIRECTION, N_PLACE = 6, 6
HISTORY = {"n": 4, "window": 0.2}
COUPLING = {"n": 2, "window": 0.1}


def make(seed: int = 0) -> Recording:
    """Simulate the session; ``source["truth"]`` holds each unit's tuning, history and coupling filters."""
    import pandas as pd
    import pynapple as nap

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    x, y, direction = forage(n_bins, BIN_SIZE, rng)

    units = _units(rng)
    names = [unit["name"] for unit in units]
    tuning = np.column_stack([log_tuning(unit, direction, x, y) for unit in units])

    lags, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    _, coupling = RaisedCosineLog(**COUPLING).kernel(BIN_SIZE)
    own = history @ np.array([-2.5, -0.6, 0.1, 0.0])
    driving = {"excites": coupling @ np.array([0.3, 0.15]), "inhibits": coupling @ np.array([-0.5, -0.3])}
    pairs = _pairs(names)
    kernels = np.zeros((len(names), len(own), len(names)))
    for unit in range(len(names)):
        kernels[unit, :, unit] = own
    for source, target, kind in pairs:
        kernels[names.index(source), : len(coupling), names.index(target)] = driving[kind]

    counts = simulate_counts(tuning + np.log(BIN_SIZE), kernels, rng)
    support = nap.IntervalSet(0.0, DURATION)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    heading = nap.Tsd(t=times, d=direction, time_support=support)
    truth = {
        "sample": "head-direction-place",
        "seed": seed,
        "bin_size": BIN_SIZE,
        "units": units,
        "lag_s": (lags * BIN_SIZE).tolist(),
        "history": own.tolist(),
        "coupling": [
            {"source": source, "target": target, "kind": kind, "filter": driving[kind].tolist()} for source, target, kind in pairs
        ],
    }
    return Recording(
        name="head-direction-place",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame(
            {"region": [unit["region"] for unit in units], "type": [unit["kind"] for unit in units]}, index=names
        ),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
            "head_direction": Covariate("head_direction", heading, "rad", "angle", "direction of the head, 0 to 2 pi"),
        },
        epochs=whole_and_halves(DURATION),
        source={"truth": truth},
    )


def analysis() -> Analysis:
    """Head direction, two-dimensional position, own history and coupling, strengths chosen on held-out time."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "Head direction, place, history and coupling",
            "time": {"bin_size": BIN_SIZE},
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 8}}],
                },
                {
                    "kind": "covariate",
                    "name": "position",
                    "factors": [
                        {"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 6, "bounds": [0.0, BOX]}}
                        for axis in "xy"
                    ],
                },
                {"kind": "history", "basis": {"family": "raised_cosine_log", **HISTORY}},
                {"kind": "coupling", "basis": {"family": "raised_cosine_log", **COUPLING}},
            ],
            "model": {"strengths": [1e-5, 1e-4, 1e-3]},
        },
        "demonstration",
    )


def log_tuning(unit: Mapping[str, Any], direction: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Log of a unit's rate (Hz) without any past, for its entry in the truth.

    A head-direction cell: log base + kappa (cos(direction - preferred) + 1); a place cell: log base + height
    exp(-d^2 / (2 width^2)) with d the distance from its centre.
    """
    if unit["kind"] == "head direction":
        return np.log(unit["base_hz"]) + unit["kappa"] * (np.cos(direction - unit["preferred"]) + 1.0)
    squared = (x - unit["centre"][0]) ** 2 + (y - unit["centre"][1]) ** 2
    return np.log(unit["base_hz"]) + unit["height"] * np.exp(-squared / (2 * unit["width"] ** 2))


def forage(n_bins: int, step: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A walk through the box in bins of `step` seconds: x and y (cm) and head direction (rad, 0 to 2 pi) per bin."""
    turn = _smooth_noise(n_bins, 0.4 / step, rng) * 2.2  # rad/s
    speed = 14.0 * np.exp(0.6 * _smooth_noise(n_bins, 1.0 / step, rng))  # cm/s
    glance = 0.5 * _smooth_noise(n_bins, 0.5 / step, rng)
    x, y, heading = np.empty(n_bins), np.empty(n_bins), np.empty(n_bins)
    at_x, at_y, angle = BOX / 2, BOX / 2, 0.0
    for t in range(n_bins):
        angle += turn[t] * step
        step_x, step_y = speed[t] * step * np.cos(angle), speed[t] * step * np.sin(angle)
        if not 1.0 < at_x + step_x < BOX - 1.0:
            angle, step_x = np.pi - angle, 0.0
        if not 1.0 < at_y + step_y < BOX - 1.0:
            angle, step_y = -angle, 0.0
        at_x, at_y = at_x + step_x, at_y + step_y
        x[t], y[t], heading[t] = at_x, at_y, angle
    return x, y, np.mod(heading + glance, 2 * np.pi)


def _smooth_noise(n: int, bins: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit variance that forgets itself within `bins`."""
    from scipy.signal import lfilter

    keep = np.exp(-1.0 / bins)
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(n))


def _units(rng: np.random.Generator) -> list[dict[str, Any]]:
    units: list[dict[str, Any]] = []
    for index in range(N_DIRECTION):
        units.append(
            {
                "name": f"hd{index + 1}",
                "kind": "head direction",
                "region": "ADN",
                "base_hz": 1.0,
                "kappa": round(float(rng.uniform(1.0, 1.3)), 3),
                "preferred": round(2 * np.pi * index / N_DIRECTION, 6),
            }
        )
    corners = [(i, j) for i in (0.25, 0.75) for j in (0.2, 0.5, 0.8)]
    for index in range(N_PLACE):
        centre = BOX * (np.array(corners[index]) + rng.uniform(-0.08, 0.08, 2))
        units.append(
            {
                "name": f"place{index + 1}",
                "kind": "place",
                "region": "CA1",
                "base_hz": 1.0,
                "height": round(float(rng.uniform(2.2, 3.0)), 3),
                "centre": [round(float(value), 3) for value in centre],
                "width": 18.0,
            }
        )
    return units


def _pairs(names: list[str]) -> list[tuple[str, str, str]]:
    """Who drives whom: each head-direction cell excites the next and inhibits the opposite one; two place cells are a pair."""
    directions = names[:N_DIRECTION]
    pairs = []
    for index, name in enumerate(directions):
        pairs.append((name, directions[(index + 1) % N_DIRECTION], "excites"))
        pairs.append((name, directions[(index + N_DIRECTION // 2) % N_DIRECTION], "inhibits"))
    pairs.append((names[N_DIRECTION], names[N_DIRECTION + 1], "excites"))
    return pairs
