"""Two grid modules in an open field: cells of like phase of a module excite each other, cells of opposite phase inhibit, and modules are apart."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.field import log_tuning
from glmengine.simulation.samples.session import BOX, forage
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.02  # s
DURATION = 900.0
MODULES = {"m1": (42.0, 0.15), "m2": (58.0, 0.4)}  # spacing (cm) and orientation (rad)
PHASES = ((0.0, 0.0), (0.15, 0.1), (0.5, 0.15), (0.6, 0.25), (0.2, 0.6), (0.3, 0.7))  # of the grid's two axes, 1 is a period
NEAR, FAR = 0.3, 0.45  # of the spacing: cells nearer than this excite, farther inhibit
HISTORY = {"n": 4, "window": 0.2}
COUPLING = {"n": 2, "window": 0.1}


def make(seed: int = 0) -> Recording:
    """Simulate the session; log rate = log base + height (sum of three plane waves at 60 degrees) / 3 + own and other cells' past.

    ``source["truth"]`` lists every connection with its filter, and the module and phase of each cell.
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    n_bins = round(DURATION / BIN_SIZE)
    times = (np.arange(n_bins) + 0.5) * BIN_SIZE
    x, y, direction = forage(n_bins, BIN_SIZE, rng)
    units = _units()
    names = [unit["name"] for unit in units]
    lags, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    _, coupling = RaisedCosineLog(**COUPLING).kernel(BIN_SIZE)
    own = history @ np.array([-2.5, -0.6, 0.0, 0.0])
    filters = {"excites": coupling @ np.array([0.35, 0.15]), "inhibits": coupling @ np.array([-0.45, -0.25])}
    kernels = np.zeros((len(units), len(own), len(units)))
    for index in range(len(units)):
        kernels[index, :, index] = own
    connections = []
    for source, target in permutations(range(len(units)), 2):
        kind = _joined(units[source], units[target])
        if kind:
            kernels[source, : len(coupling), target] = filters[kind]
            connections.append({"source": names[source], "target": names[target], "kind": kind, "filter": filters[kind].tolist()})
    drive = np.column_stack([log_tuning(unit, direction, x, y) for unit in units])
    counts = simulate_counts(drive + np.log(BIN_SIZE), kernels, rng)
    support = nap.IntervalSet(0.0, DURATION)
    position = nap.TsdFrame(t=times, d=np.column_stack([x, y]), columns=["x", "y"], time_support=support)
    return Recording(
        name="grid-modules",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"region": ["MEC"] * len(units), "module": [unit["module"] for unit in units]}, index=names),
        covariates={
            "position": Covariate("position", position, "cm", "continuous", "position in the box, from its lower left corner"),
        },
        epochs={"all": support},
        source={
            "truth": {
                "sample": "grid-modules",
                "seed": seed,
                "bin_size": BIN_SIZE,
                "box": BOX,
                "units": units,
                "lag_s": (lags * BIN_SIZE).tolist(),
                "history": own.tolist(),
                "coupling": connections,
            }
        },
    )


def analysis() -> Analysis:
    """Position, history and coupling: the template of this name."""
    from glmengine.analysis.templates import load_template

    return load_template("grid-modules")


def _units() -> list[dict[str, Any]]:
    """Cells of both modules, in the order of their phases."""
    units = []
    for module, (spacing, orientation) in MODULES.items():
        axes = spacing * np.array(
            [[np.cos(orientation + angle), np.sin(orientation + angle)] for angle in (np.pi / 6, np.pi / 2)]
        )  # two periods of the sum of waves along `orientation` and 60 degrees from it
        for number, phase in enumerate(PHASES, start=1):
            units.append(
                {
                    "name": f"{module}_{number}",
                    "module": module,
                    "phase": list(phase),
                    "base_hz": 2.5,
                    "height": 2.0,
                    "wave_number": round(4 * np.pi / (np.sqrt(3) * spacing), 6),
                    "orientation": orientation,
                    "offset": np.round(np.array(phase) @ axes, 3).tolist(),
                    "kappa": 0.0,
                    "preferred": 0.0,
                }
            )
    return units


def apart(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Distance of the phases of two cells of one module on the grid's rhombus, in units of the spacing (at most 0.58)."""
    difference = np.subtract(one["phase"], other["phase"])
    shifted = [difference + np.array([i, j]) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return float(min(np.sqrt(u * u + v * v + u * v) for u, v in shifted))


def _joined(source: dict[str, Any], target: dict[str, Any]) -> str:
    """Which connection there is between two cells; empty where there is none."""
    if source["module"] != target["module"]:
        return ""
    distance = apart(source, target)
    return "excites" if distance < NEAR else "inhibits" if distance > FAR else ""
