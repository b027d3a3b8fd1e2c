"""Calcium imaging: fluorescence of cells tuned to head direction, as it comes from deconvolution, at the frame rate of a microscope."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.samples.session import forage

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

FRAME = 0.05  # s
DURATION = 600.0
N_UNITS = 10


def make(seed: int = 0) -> Recording:
    """Simulate the session: activity = base + gain exp(kappa (cos(direction - preferred) - 1)) + noise, in units of dF/F."""
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_frames = round(DURATION / FRAME)
    times = (np.arange(n_frames) + 0.5) * FRAME
    x, y, direction = forage(n_frames, FRAME, rng)
    units = [
        {
            "name": f"roi{index + 1}",
            "base": 0.1,
            "gain": round(float(rng.uniform(0.3, 0.6)), 3),
            "kappa": round(float(rng.uniform(1.0, 2.5)), 3),
            "preferred": round(2 * np.pi * index / N_UNITS, 6),
            "noise": 0.25,
        }
        for index in range(N_UNITS)
    ]
    signal = np.column_stack([tuning(unit, direction) + unit["noise"] * rng.standard_normal(n_frames) for unit in units])
    support = nap.IntervalSet(0.0, DURATION)
    names = [unit["name"] for unit in units]
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    return Recording(
        name="calcium",
        unit_names=tuple(names),
        counts=nap.TsdFrame(t=times, d=signal, columns=names, time_support=support),
        unit_table=pd.DataFrame({"region": ["PoSub"] * N_UNITS}, index=names),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
            "head_direction": Covariate(
                "head_direction", nap.Tsd(times, direction, time_support=support), "rad", "angle", "direction of the head"
            ),
        },
        epochs=whole_and_halves(DURATION),
        source={"truth": {"sample": "calcium", "seed": seed, "bin_size": FRAME, "units": units}},
    )


def tuning(unit: dict, direction: np.ndarray) -> np.ndarray:
    """Mean activity of a unit for its entry in the truth."""
    return unit["base"] + unit["gain"] * np.exp(unit["kappa"] * (np.cos(direction - unit["preferred"]) - 1.0))


def analysis() -> Analysis:
    """Head direction, with a Gaussian family."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "Head direction of calcium signals",
            "time": {"bin_size": FRAME},
            "terms": [
                {
                    "kind": "covariate",
                    "factors": [{"variable": "head_direction", "basis": {"family": "cyclic_b_spline", "n": 10}}],
                }
            ],
            "model": {"family": "gaussian", "strengths": [1e-6, 1e-5, 1e-4]},
        },
        "sample",
    )
