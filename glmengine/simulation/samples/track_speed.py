"""A linear track on which position and speed go together: cells that follow one of them, both, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.samples.track import BIN_SIZE, DURATION, LENGTH, laps
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

UNITS: tuple[dict[str, Any], ...] = (
    {"name": "place1", "kind": "position", "base_hz": 1.0, "height": 3.0, "centre": 40.0, "width": 15.0, "gain": 0.0},
    {"name": "place2", "kind": "position", "base_hz": 1.0, "height": 3.0, "centre": 100.0, "width": 20.0, "gain": 0.0},
    {"name": "place3", "kind": "position", "base_hz": 1.0, "height": 2.5, "centre": 150.0, "width": 15.0, "gain": 0.0},
    {"name": "speed1", "kind": "speed", "base_hz": 2.0, "height": 0.0, "centre": 0.0, "width": 15.0, "gain": 0.04},
    {"name": "speed2", "kind": "speed", "base_hz": 3.0, "height": 0.0, "centre": 0.0, "width": 15.0, "gain": 0.03},
    {"name": "both", "kind": "position and speed", "base_hz": 1.0, "height": 2.0, "centre": 120.0, "width": 15.0, "gain": 0.03},
    {"name": "neither", "kind": "neither", "base_hz": 5.0, "height": 0.0, "centre": 0.0, "width": 15.0, "gain": 0.0},
)


def make(seed: int = 0) -> Recording:
    """Simulate the session; the animal is slow at the ends, fast between them, and its pace wanders besides."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    position, _, speed = laps(n_bins, rng)
    drive = np.column_stack([log_tuning(unit, position, speed) for unit in UNITS])
    counts = simulate_counts(drive + np.log(BIN_SIZE), np.zeros((len(UNITS), 1, len(UNITS))), rng)
    support = nap.IntervalSet(0.0, DURATION)
    names = [unit["name"] for unit in UNITS]
    return Recording(
        name="track-speed",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"type": [unit["kind"] for unit in UNITS]}, index=names),
        covariates={
            "position": Covariate(
                "position", nap.Tsd(times, position, time_support=support), "cm", "continuous", "distance from the left end"
            ),
            "speed": Covariate("speed", nap.Tsd(times, speed, time_support=support), "cm/s", "continuous", "speed of running"),
        },
        epochs=whole_and_halves(DURATION),
        source={"truth": {"sample": "track-speed", "seed": seed, "bin_size": BIN_SIZE, "length": LENGTH, "units": list(UNITS)}},
    )


def log_tuning(unit: Mapping[str, Any], position: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Log of a unit's rate (Hz): log base + height exp(-d^2 / (2 width^2)) + gain times the speed (cm/s)."""
    distance = position - unit["centre"]
    return np.log(unit["base_hz"]) + unit["height"] * np.exp(-(distance**2) / (2 * unit["width"] ** 2)) + unit["gain"] * speed


def analysis() -> Analysis:
    """Position in boxes, and speed: the template that asks which of the two a cell follows."""
    from glmengine.analysis.templates import load_template

    return load_template("position-or-speed")
