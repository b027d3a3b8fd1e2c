"""Current injection: three cells driven in sweeps by the same known current, through a filter and their own past."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.002  # s
SWEEP, EVERY, N_SWEEPS = 5.0, 6.0, 40  # s
STEPS = (-60.0, -30.0, 0.0, 30.0, 60.0, 90.0, 120.0, 150.0)  # pA
NOISE, FORGETS = 60.0, 0.005  # pA, s
FILTER = {"n": 6, "window": 0.06}
HISTORY = {"n": 6, "window": 0.12}

CELLS = {
    # base rate (Hz), filter (log rate per pA, summed without signs; weights), weights of the history
    "regular": (3.0, 0.013, [0.0, 0.3, 1.0, 0.8, 0.3, 0.0], [-5.0, -4.0, -1.5, -0.6, -0.3, 0.0]),
    "fast": (5.0, 0.016, [0.3, 1.0, 0.5, 0.0, 0.0, 0.0], [-5.0, -1.0, 0.3, 0.0, 0.0, 0.0]),
    "bursting": (2.0, 0.012, [0.0, 0.5, 1.0, 0.6, -0.1, -0.05], [-5.0, 0.5, 1.8, -0.6, -0.6, -0.2]),
}


def make(seed: int = 0) -> Recording:
    """Simulate the sweeps; a cell's log rate is log base + the current's past through its filter + its own past.

    ``source["truth"]`` holds for each unit the filter (log rate per pA and bin) and the history (log rate per spike) over
    ``filter_lag_s`` and ``history_lag_s``. Steps of current come first, then noise; nothing is recorded between sweeps.
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    lags, kernel = RaisedCosineLog(**FILTER).kernel(BIN_SIZE)
    past, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    units = []
    for name, (base, total, shape, weights) in CELLS.items():
        taps = kernel @ np.array(shape)
        own = history @ np.array(weights)
        units.append(
            {"name": name, "base_hz": base, "filter": (total * taps / np.abs(taps).sum()).tolist(), "history": own.tolist()}
        )
    kernels = np.zeros((len(units), len(past), len(units)))
    for index, unit in enumerate(units):
        kernels[index, :, index] = unit["history"]

    n_bins = round(SWEEP / BIN_SIZE)
    starts = EVERY * np.arange(N_SWEEPS)
    kinds = ["step"] * len(STEPS) + ["noise"] * (N_SWEEPS - len(STEPS))
    levels = [*STEPS, *np.round(rng.uniform(-20.0, 80.0, N_SWEEPS - len(STEPS)), 1)]
    currents, trains = [], [[] for _ in units]
    for start, kind, level in zip(starts, kinds, levels, strict=True):
        current = _step(level, n_bins) if kind == "step" else level + NOISE * _noise(n_bins, rng)
        drive = np.column_stack(
            [np.log(unit["base_hz"] * BIN_SIZE) + _past(current, lags, np.array(unit["filter"])) for unit in units]
        )
        spikes = spikes_from_counts(simulate_counts(drive, kernels, rng, most=20.0), BIN_SIZE, rng, start)
        currents.append(current)
        for index, train in enumerate(trains):
            train.append(spikes[index].t)

    support = nap.IntervalSet(starts, starts + SWEEP)
    times = (starts[:, None] + (np.arange(n_bins) + 0.5) * BIN_SIZE).ravel()
    sweeps = nap.IntervalSet(starts, starts + SWEEP, metadata={"stimulus": kinds, "level_pA": [float(level) for level in levels]})
    names = [unit["name"] for unit in units]
    return Recording(
        name="current-injection",
        unit_names=tuple(names),
        spikes=nap.TsGroup(
            {index: nap.Ts(np.concatenate(train), time_support=support) for index, train in enumerate(trains)},
            time_support=support,
        ),
        unit_table=pd.DataFrame({"type": names}, index=names),
        covariates={
            "current": Covariate(
                "current",
                nap.Tsd(times, np.concatenate(currents), time_support=support),
                "pA",
                "continuous",
                "current into the cell",
            )
        },
        epochs={
            "all": support,
            "sweeps": support,
            "steps": nap.IntervalSet(starts[: len(STEPS)], starts[: len(STEPS)] + SWEEP),
            "noise": nap.IntervalSet(starts[len(STEPS) :], starts[len(STEPS) :] + SWEEP),
        },
        trials={"sweeps": sweeps},
        events={"sweeps_start": nap.Ts(starts, time_support=support)},
        source={
            "truth": {
                "sample": "current-injection",
                "seed": seed,
                "bin_size": BIN_SIZE,
                "units": units,
                "filter_lag_s": (lags * BIN_SIZE).tolist(),
                "history_lag_s": (past * BIN_SIZE).tolist(),
            }
        },
    )


def analysis() -> Analysis:
    """The current's filter and the cell's own past: the template of this name."""
    from glmengine.analysis.templates import load_template

    return load_template("current-injection")


def _step(level: float, n_bins: int) -> np.ndarray:
    """(n_bins,) pA: nothing for half a second, then the step, and nothing for the last second."""
    current = np.zeros(n_bins)
    current[round(0.5 / BIN_SIZE) : n_bins - round(1.0 / BIN_SIZE)] = level
    return current


def _noise(n_bins: int, rng: np.random.Generator) -> np.ndarray:
    """(n_bins,) noise of unit variance that forgets itself within `FORGETS`."""
    from scipy.signal import lfilter

    keep = np.exp(-BIN_SIZE / FORGETS)
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(n_bins))


def _past(signal: np.ndarray, lags: np.ndarray, taps: np.ndarray) -> np.ndarray:
    """(T,) sum over lags of taps times the signal that long before; nothing flowed before the sweep."""
    padded = np.concatenate([np.zeros(lags[-1]), signal])
    return sum(tap * padded[lags[-1] - lag : lags[-1] - lag + len(signal)] for lag, tap in zip(lags, taps, strict=True))
