"""An open field: grid cells of two modules, and conjunctive cells that are grid and head-direction cells at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.session import BOX, forage
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.02  # s
DURATION = 900.0


def make(seed: int = 0) -> Recording:
    """Simulate the session; a grid is log base + height (sum of three plane waves at 60 degrees) / 3, the conjunctive cells have
    kappa (cos(direction - preferred) - 1) besides."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    x, y, direction = forage(n_bins, BIN_SIZE, rng)
    units = _units(rng)
    drive = np.column_stack([log_tuning(unit, direction, x, y) for unit in units])
    counts = simulate_counts(drive + np.log(BIN_SIZE), np.zeros((len(units), 1, len(units))), rng)
    support = nap.IntervalSet(0.0, DURATION)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    return Recording(
        name="open-field-grid",
        unit_names=tuple(unit["name"] for unit in units),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame(
            {"region": ["MEC"] * len(units), "type": [unit["kind"] for unit in units]}, index=[unit["name"] for unit in units]
        ),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
            "head_direction": Covariate(
                "head_direction", nap.Tsd(times, direction, time_support=support), "rad", "angle", "direction of the head"
            ),
        },
        epochs={"all": support},
        source={"truth": {"sample": "open-field-grid", "seed": seed, "bin_size": BIN_SIZE, "units": units}},
    )


def analysis() -> Analysis:
    """Two-dimensional position and head direction."""
    from glmengine.analysis.analysis import Analysis

    place = [{"variable": f"position.{axis}", "basis": {"family": "b_spline", "n": 11, "bounds": [0.0, BOX]}} for axis in "xy"]
    return Analysis.from_dict(
        {
            "title": "Grid and head direction",
            "time": {"bin_size": BIN_SIZE},
            "terms": [
                {"kind": "covariate", "name": "position", "factors": place},
                {
                    "kind": "covariate",
                    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 8}}],
                },
            ],
            "model": {"strengths": [1e-6, 1e-5, 1e-4, 1e-3]},
        },
        "sample",
    )


def log_tuning(unit: dict[str, Any], direction: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Log of a unit's rate (Hz) for its entry in the truth."""
    waves = 0.0
    for turn in (0, 1, 2):
        angle = unit["orientation"] + turn * np.pi / 3
        waves = waves + np.cos(
            unit["wave_number"] * (np.cos(angle) * (x - unit["offset"][0]) + np.sin(angle) * (y - unit["offset"][1]))
        )
    return np.log(unit["base_hz"]) + unit["height"] * waves / 3 + unit["kappa"] * (np.cos(direction - unit["preferred"]) - 1.0)


def _units(rng: np.random.Generator) -> list[dict[str, Any]]:
    units = []
    for index in range(10):
        spacing = 40.0 if index < 5 else 55.0
        conjunctive = index % 5 >= 3
        units.append(
            {
                "name": f"grid{index + 1}",
                "kind": "conjunctive" if conjunctive else "grid",
                "base_hz": 2.0 if not conjunctive else 6.0,
                "height": 2.0,
                "wave_number": round(4 * np.pi / (np.sqrt(3) * spacing), 6),
                "orientation": 0.15 if index < 5 else 0.4,
                "offset": [round(float(value), 3) for value in rng.uniform(0, spacing, 2)],
                "kappa": 1.5 if conjunctive else 0.0,
                "preferred": round(float(rng.uniform(0, 2 * np.pi)), 3) if conjunctive else 0.0,
            }
        )
    return units
