"""A coupled retina: ON and OFF ganglion cells that see one flickering picture and, besides, drive each other (after Pillow et al. 2008)."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.samples.noise import chequerboard, flicker, seen
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.005  # s
FRAME = 0.02  # s
DURATION = 300.0
SIDE = 5  # pixels
LAGS = 8  # frames
CENTRES = ((1.2, 1.2), (1.2, 2.8), (2.8, 1.2), (2.8, 2.8))  # row, column; there is an ON and an OFF cell at each
HISTORY = {"n": 5, "window": 0.1}
COUPLING = {"n": 3, "window": 0.03}


def make(seed: int = 0) -> Recording:
    """Simulate the session; a cell's log rate is log base + the frames' past through its filter + its own and the other cells' past.

    Neighbours of one type excite each other, an ON and an OFF cell of one place inhibit each other. ``source["truth"]`` has for each
    unit the factors of its filter, as in the sample of white noise, and every connection with its filter.
    """
    import pandas as pd

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Recording

    rng = np.random.default_rng(seed)
    n_frames, per_frame = round(DURATION / FRAME), round(FRAME / BIN_SIZE)
    frames = chequerboard(n_frames, SIDE, rng)
    units = _units()
    names = [unit["name"] for unit in units]
    lags, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    _, coupling = RaisedCosineLog(**COUPLING).kernel(BIN_SIZE)
    own = history @ np.array([-4.0, -3.0, -1.5, -0.4, 0.0])
    filters = {"excites": coupling @ np.array([0.55, 0.2, 0.0]), "inhibits": coupling @ np.array([-1.2, -0.6, -0.2])}
    kernels = np.zeros((len(units), len(own), len(units)))
    connections = []
    for index in range(len(units)):
        kernels[index, :, index] = own
    for source, target in permutations(range(len(units)), 2):
        kind = _joined(units[source], units[target])
        if kind:
            kernels[source, : len(coupling), target] = filters[kind]
            connections.append({"source": names[source], "target": names[target], "kind": kind, "filter": filters[kind].tolist()})
    drive = np.column_stack([np.log(unit["base_hz"] * BIN_SIZE) + seen(unit, frames) for unit in units])
    counts = simulate_counts(np.repeat(drive, per_frame, axis=0), kernels, rng)
    return Recording(
        name="coupled-retina",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"type": [unit["kind"] for unit in units]}, index=names),
        covariates={"stimulus": flicker(frames, FRAME)},
        epochs=whole_and_halves(DURATION),
        source={
            "truth": {
                "sample": "coupled-retina",
                "seed": seed,
                "bin_size": BIN_SIZE,
                "units": units,
                "frame_lag_s": (np.arange(1, LAGS + 1) * FRAME).tolist(),
                "lag_s": (lags * BIN_SIZE).tolist(),
                "history": own.tolist(),
                "coupling": connections,
            }
        },
    )


def analysis() -> Analysis:
    """Stimulus, history and coupling: the template of this name."""
    from glmengine.analysis.templates import load_template

    return load_template("coupled-retina")


def _units() -> list[dict[str, Any]]:
    """An ON and an OFF cell at each place; filters over frames and pixels of norm 0.6."""
    lag = np.arange(1, LAGS + 1) * FRAME
    wave = np.exp(-((lag - 0.05) ** 2) / (2 * 0.02**2)) - 0.4 * np.exp(-((lag - 0.11) ** 2) / (2 * 0.025**2))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    units = []
    for kind, sign in (("ON", 1.0), ("OFF", -1.0)):
        for number, (row, column) in enumerate(CENTRES, start=1):
            blob = np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / (2 * 0.8**2))
            units.append(
                {
                    "name": f"{kind.lower()}{number}",
                    "kind": kind,
                    "base_hz": 10.0,
                    "centre": [row, column],
                    "time": [np.round(sign * 0.6 * wave / np.linalg.norm(wave), 5).tolist()],
                    "space": [np.round(blob / np.linalg.norm(blob), 5).tolist()],
                }
            )
    return units


def _joined(source: dict[str, Any], target: dict[str, Any]) -> str:
    """Which connection there is between two cells; empty where there is none."""
    apart = np.abs(np.subtract(source["centre"], target["centre"])).sum()
    if source["kind"] == target["kind"]:
        return "excites" if apart < 2.0 else ""
    return "inhibits" if apart == 0.0 else ""
