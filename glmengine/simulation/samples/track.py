"""A linear track: place cells that fire in one running direction and precess against a theta rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.01  # s
DURATION = 600.0
LENGTH = 200.0  # cm
THETA = 8.0  # Hz
N_UNITS = 12
_APART = BIN_SIZE
"""Seconds between two laps, at rest at the left end: stretches that touch are read as one."""


def make(seed: int = 0) -> Recording:
    """Simulate the session; a unit's log rate is log base + height exp(-d^2 / (2 width^2)) in its direction of running, plus
    depth cos(theta phase - preferred phase), the preferred phase advancing by one turn across the field."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    position, direction, speed = laps(n_bins, rng)
    phase = np.mod(np.cumsum(2 * np.pi * THETA * BIN_SIZE * (1 + 0.05 * rng.standard_normal(n_bins))), 2 * np.pi)

    units = [
        {
            "name": f"place{index + 1}",
            "base_hz": 0.4,
            "height": round(float(rng.uniform(3.0, 3.8)), 3),
            "centre": round(float(LENGTH * (index + 0.5) / N_UNITS), 3),
            "width": 14.0,
            "direction": 1 if index % 2 else -1,
            "depth": 0.8,
            "phase": round(float(rng.uniform(0, 2 * np.pi)), 3),
        }
        for index in range(N_UNITS)
    ]
    columns = []
    for unit in units:
        distance = position - unit["centre"]
        field = np.exp(-(distance**2) / (2 * unit["width"] ** 2)) * (direction == unit["direction"])
        preferred = unit["phase"] - unit["direction"] * np.pi * distance / (2 * unit["width"])
        columns.append(np.log(unit["base_hz"]) + unit["height"] * field + unit["depth"] * field * np.cos(phase - preferred))
    counts = simulate_counts(np.column_stack(columns) + np.log(BIN_SIZE), np.zeros((N_UNITS, 1, N_UNITS)), rng)

    support = nap.IntervalSet(0.0, DURATION)
    running = speed > 5.0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], running.astype(int), [0]])))
    turns = np.flatnonzero(np.diff(direction) > 0) + 1  # at the left end, after the way there and back
    series = {
        "position": Covariate(
            "position", nap.Tsd(times, position, time_support=support), "cm", "continuous", "distance from the left end"
        ),
        "direction": Covariate(
            "direction",
            nap.Tsd(times, direction.astype(float), time_support=support),
            "",
            "category",
            "1 to the right, -1 to the left",
        ),
        "speed": Covariate("speed", nap.Tsd(times, speed, time_support=support), "cm/s", "continuous", "speed of running"),
        "theta_phase": Covariate(
            "theta_phase", nap.Tsd(times, phase, time_support=support), "rad", "angle", "phase of the theta rhythm"
        ),
    }
    return Recording(
        name="linear-track-theta",
        unit_names=tuple(unit["name"] for unit in units),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"region": ["CA1"] * N_UNITS}, index=[unit["name"] for unit in units]),
        covariates=series,
        epochs={
            "all": support,
            "running": nap.IntervalSet(edges[::2] * BIN_SIZE, edges[1::2] * BIN_SIZE),
            "laps": nap.IntervalSet(turns[:-1] * BIN_SIZE, turns[1:] * BIN_SIZE - _APART),
        },
        source={"truth": {"sample": "linear-track-theta", "seed": seed, "bin_size": BIN_SIZE, "units": units}},
    )


def analysis() -> Analysis:
    """Position by theta phase while it runs."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "Position and theta phase while running",
            "time": {"bin_size": BIN_SIZE, "conditions": [{"variable": "speed", "above": 5.0}]},
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [
                        {"variable": "position", "basis": {"family": "b_spline", "n": 14, "bounds": [0.0, LENGTH]}},
                        {"variable": "theta_phase", "basis": {"family": "cyclic_b_spline", "n": 6}},
                    ],
                }
            ],
            "model": {"strengths": [1e-6, 1e-5, 1e-4, 1e-3]},
        },
        "sample",
    )


def laps(n_bins: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Position (cm), direction (1 or -1) and speed (cm/s) of laps to and fro with rests at the ends."""
    position, direction, speed = np.empty(n_bins), np.empty(n_bins, int), np.empty(n_bins)
    place, way, rest, pace = 5.0, 1, 0.0, 45.0
    for t in range(n_bins):
        pace += (45.0 - pace) * BIN_SIZE / 0.5 + 12.0 * np.sqrt(BIN_SIZE) * rng.standard_normal()
        now = 0.0 if rest > 0 else max(pace, 10.0) * min(1.0, 0.15 + min(place, LENGTH - place) / 15.0)
        rest = max(rest - BIN_SIZE, 0.0)
        place += way * now * BIN_SIZE
        if not 4.0 < place < LENGTH - 4.0:
            place = min(max(place, 4.0), LENGTH - 4.0)
            if rest == 0 and now > 0:
                way, rest = -way, float(rng.uniform(0.5, 3.0))
        position[t], direction[t], speed[t] = place, way, now
    return position, direction, speed
