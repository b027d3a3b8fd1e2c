"""Navigation in a box: cells that follow some of position, head direction, speed and theta phase, or none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.session import BOX, forage
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.02  # s
DURATION = 600.0
THETA = 8.0  # Hz
FIELD = 15.0  # cm
FOLLOWS: Mapping[str, tuple[str, ...]] = {
    "p": ("position",),
    "h": ("head direction",),
    "s": ("speed",),
    "t": ("theta",),
    "ph": ("position", "head direction"),
    "pst": ("position", "speed", "theta"),
    "none": (),
}
"""What each unit follows."""


def make(seed: int = 0) -> Recording:
    """Simulate the session; the truth of each unit says what it ``follows``."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    x, y, direction = forage(n_bins, BIN_SIZE, rng)
    speed = np.hypot(np.gradient(x, BIN_SIZE), np.gradient(y, BIN_SIZE))
    phase = np.mod(np.cumsum(2 * np.pi * THETA * BIN_SIZE * (1 + 0.05 * rng.standard_normal(n_bins))), 2 * np.pi)
    units = [
        {
            "name": name,
            "follows": list(follows),
            "base_hz": 4.0,
            "centre": [round(float(value), 3) for value in rng.uniform(0.25 * BOX, 0.75 * BOX, 2)],
            "preferred": round(float(rng.uniform(0, 2 * np.pi)), 3),
            "phase": round(float(rng.uniform(0, 2 * np.pi)), 3),
        }
        for name, follows in FOLLOWS.items()
    ]
    drive = np.column_stack([log_tuning(unit, x, y, direction, speed, phase) for unit in units])
    counts = simulate_counts(drive + np.log(BIN_SIZE), np.zeros((len(units), 1, len(units))), rng)
    support = nap.IntervalSet(0.0, DURATION)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    series = {
        "head_direction": (direction, "rad", "angle", "direction of the head, 0 to 2 pi"),
        "speed": (speed, "cm/s", "continuous", "speed of running"),
        "theta_phase": (phase, "rad", "angle", "phase of the theta rhythm"),
    }
    return Recording(
        name="navigation",
        unit_names=tuple(FOLLOWS),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame(
            {"follows": [", ".join(follows) or "nothing" for follows in FOLLOWS.values()]}, index=list(FOLLOWS)
        ),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
            **{
                name: Covariate(name, nap.Tsd(times, values, time_support=support), unit, kind, text)
                for name, (values, unit, kind, text) in series.items()
            },
        },
        epochs={"all": support},
        source={"truth": {"sample": "navigation", "seed": seed, "bin_size": BIN_SIZE, "units": units}},
    )


def log_tuning(
    unit: Mapping[str, Any], x: np.ndarray, y: np.ndarray, direction: np.ndarray, speed: np.ndarray, phase: np.ndarray
) -> np.ndarray:
    """Log of a unit's rate (Hz): log base + the sum of what it follows.

    Position: 2 exp(-d^2 / (2 `FIELD`^2)); head direction: cos(direction - preferred); speed: 0.04 (speed - 15 cm/s); theta: 0.6 cos(phase - preferred phase).
    """
    squared = (x - unit["centre"][0]) ** 2 + (y - unit["centre"][1]) ** 2
    parts = {
        "position": 2.0 * np.exp(-squared / (2 * FIELD**2)),
        "head direction": np.cos(direction - unit["preferred"]),
        "speed": 0.04 * (np.minimum(speed, 50.0) - 15.0),
        "theta": 0.6 * np.cos(phase - unit["phase"]),
    }
    return np.log(unit["base_hz"]) + sum((parts[name] for name in unit["follows"]), np.zeros(len(x)))


def analysis() -> Analysis:
    """Forward selection over the four: the template that asks what a cell is tuned to."""
    from glmengine.analysis.templates import load_template

    return load_template("what-tuned")
