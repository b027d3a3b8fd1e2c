"""White-noise vision: cells that see a flickering chequerboard through known filters over space and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.samples.epochs import whole_and_halves
from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Covariate, Recording

FRAME = 0.02  # s: one frame of the stimulus and one bin
DURATION = 600.0
SIDE = 12  # pixels
LAGS = 10  # frames
HISTORY = {"n": 3, "window": 0.1}


def make(seed: int = 0) -> Recording:
    """Simulate the session; a cell's log rate is log base + the frames' past through its filter + its own past.

    ``source["truth"]`` holds for each unit the factors of its filter: the filter at lag ``lag_s[l]`` and pixel (row, column) is
    the sum over r of ``time[r][l] * space[r][row][column]`` (log rate per unit of contrast, which is -1 or 1). The last two units
    have filters of rank 2: a centre, and a surround that comes later.
    """
    import pandas as pd

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Recording

    rng = np.random.default_rng(seed)
    n_frames = round(DURATION / FRAME)
    frames = chequerboard(n_frames, SIDE, rng)
    lags, history = RaisedCosineLog(**HISTORY).kernel(FRAME)
    own = history @ np.array([-1.5, -0.5, 0.1])
    units = _units()
    kernels = np.zeros((len(units), len(own), len(units)))
    for index in range(len(units)):
        kernels[index, :, index] = own
    drive = np.column_stack([np.log(unit["base_hz"] * FRAME) + seen(unit, frames) for unit in units])
    counts = simulate_counts(drive, kernels, rng, most=4.0)
    names = [unit["name"] for unit in units]
    return Recording(
        name="white-noise",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, FRAME, rng),
        unit_table=pd.DataFrame({"type": [unit["kind"] for unit in units]}, index=names),
        covariates={"stimulus": flicker(frames, FRAME)},
        epochs=whole_and_halves(DURATION),
        source={
            "truth": {
                "sample": "white-noise",
                "seed": seed,
                "bin_size": FRAME,
                "units": units,
                "lag_s": (np.arange(1, LAGS + 1) * FRAME).tolist(),
                "history_lag_s": (lags * FRAME).tolist(),
                "history": own.tolist(),
            }
        },
    )


def chequerboard(n_frames: int, side: int, rng: np.random.Generator) -> np.ndarray:
    """(T, side, side) pixels that are -1 or 1, each by chance."""
    return (2 * rng.integers(0, 2, (n_frames, side, side)) - 1).astype(np.int8)


def flicker(frames: np.ndarray, seconds: float) -> Covariate:
    """Frames (T, rows, columns) of so many seconds each as the stimulus of a session that begins at 0."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate

    n, rows, columns = frames.shape
    shown = nap.TsdTensor(t=np.arange(n) * seconds, d=frames, time_support=nap.IntervalSet(0.0, n * seconds))
    return Covariate("stimulus", shown, "contrast", "step", f"{rows} x {columns} pixels, -1 or 1, from the onset of each frame")


def filter_of(unit: dict[str, Any]) -> np.ndarray:
    """(lag, row, column) filter of a unit for its entry in the truth."""
    return np.einsum("rl,ryx->lyx", np.array(unit["time"]), np.array(unit["space"]))


def seen(unit: dict[str, Any], frames: np.ndarray) -> np.ndarray:
    """(T,) what the frames before each frame add to the log rate of a unit; what came before the first frame is grey.

    Parameters
    ----------
    unit : dict
        Its entry in the truth.
    frames : (T, rows, columns) array
    """
    flat = frames.reshape(len(frames), -1).astype(np.float64)
    total = np.zeros(len(frames))
    for time, space in zip(unit["time"], unit["space"], strict=True):
        through = flat @ np.ravel(space)
        for lag, tap in enumerate(time, start=1):
            total[lag:] += tap * through[:-lag]
    return total


def analysis() -> Analysis:
    """The stimulus through each cell's receptive field, and the cell's own past: the template of this name."""
    from glmengine.analysis.templates import load_template

    return load_template("white-noise")


def _units() -> list[dict[str, Any]]:
    """Two ON and two OFF cells, and two whose surround follows the centre; filters of norm 0.7 to 0.8."""
    lag = np.arange(1, LAGS + 1) * FRAME
    fast, slow = _biphasic(lag, 0.05, 0.12), _biphasic(lag, 0.09, 0.17)
    units = []
    for index, (kind, centre, width) in enumerate(
        [
            ("ON", (3.0, 3.0), 1.0),
            ("ON", (8.0, 7.0), 1.2),
            ("OFF", (4.0, 8.0), 1.1),
            ("OFF", (8.0, 3.0), 1.0),
            ("ON-OFF surround", (5.0, 5.0), 1.0),
            ("OFF-ON surround", (7.0, 8.0), 1.0),
        ]
    ):
        sign = 1.0 if kind.startswith("ON") else -1.0
        parts = [(sign * (fast if index % 2 == 0 else slow), _blob(centre, width))]
        if "surround" in kind:
            ring = _blob(centre, 2.5 * width) - 0.5 * _blob(centre, width)
            parts = [(sign * fast, _blob(centre, width)), (-sign * slow, 0.7 * ring / np.linalg.norm(ring))]
        size = np.linalg.norm(sum(time[:, None, None] * space for time, space in parts))
        scale = 0.8 / size
        units.append(
            {
                "name": f"cell{index + 1}",
                "kind": kind,
                "base_hz": 6.0,
                "rank": len(parts),
                "centre": list(centre),
                "time": [np.round(scale * time, 5).tolist() for time, _ in parts],
                "space": [np.round(space, 5).tolist() for _, space in parts],
            }
        )
    return units


def _blob(centre: tuple[float, float], width: float) -> np.ndarray:
    """(rows, columns) Gaussian of norm 1."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    blob = np.exp(-((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / (2 * width**2))
    return blob / np.linalg.norm(blob)


def _biphasic(lag: np.ndarray, peak: float, trough: float) -> np.ndarray:
    """(L,) of norm 1: a wave at `peak` and half as much of the other sign at `trough`, in seconds."""
    wave = np.exp(-((lag - peak) ** 2) / (2 * 0.02**2)) - 0.5 * np.exp(-((lag - trough) ** 2) / (2 * 0.03**2))
    return wave / np.linalg.norm(wave)
