"""A decision task: cells that follow stimulus, choice and reward through known kernels, some scaled by what the trial was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.simulation.spike_counts import simulate_counts, spikes_from_counts

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

BIN_SIZE = 0.02  # s
N_TRIALS = 240
STRENGTHS = (0.05, 0.1, 0.2, 0.4, 0.8)
BEFORE, AFTER = 0.5, 1.0  # s around an event that a kernel may cover
HISTORY = {"n": 3, "window": 0.1}

UNITS = {
    # name: base rate (Hz), kernels (event, what it is scaled by, (height, centre, width in s))
    "stimulus": (5.0, [("stimulus", "", (1.4, 0.15, 0.06))]),
    "evidence": (5.0, [("stimulus", "", (0.4, 0.2, 0.08)), ("stimulus", "evidence", (1.6, 0.3, 0.12))]),
    "left choice": (4.0, [("choice", "left", (1.6, -0.1, 0.12)), ("choice", "right", (-0.6, -0.1, 0.12))]),
    "right choice": (4.0, [("choice", "right", (1.6, -0.05, 0.12)), ("choice", "left", (-0.6, -0.05, 0.12))]),
    "reward": (3.0, [("reward", "", (1.8, 0.25, 0.12))]),
    "surprise": (4.0, [("reward", "", (1.6, 0.2, 0.1)), ("reward", "strength", (-1.4, 0.2, 0.1))]),
    "movement": (6.0, [("choice", "", (1.2, 0.0, 0.1)), ("stimulus", "", (-0.7, 0.1, 0.1))]),
    "untuned": (6.0, []),
}


def make(seed: int = 0) -> Recording:
    """Simulate the session; a cell's log rate is log base + its kernels around the events + its own past.

    Each trial has a stimulus of some strength on the left or right, a choice, and after a correct one a reward. A kernel is scaled
    by nothing, by a value of its trial (``evidence``: strength, positive on the right, negative on the left; ``strength``), or
    belongs to one choice alone. ``source["truth"]`` holds for each unit its kernels over ``lag_s`` (log rate).
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.basis import RaisedCosineLog
    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    task = _task(rng)
    stop = float(np.ceil(task["stop"][-1] + 1.0))
    n_bins = round(stop / BIN_SIZE)
    past, history = RaisedCosineLog(**HISTORY).kernel(BIN_SIZE)
    own = history @ np.array([-1.5, -0.4, 0.1])
    lags = np.arange(-round(BEFORE / BIN_SIZE), round(AFTER / BIN_SIZE) + 1)
    events = {"stimulus": task["stimulus"], "choice": task["choice_time"], "reward": task["reward"]}
    units, drive = [], np.empty((n_bins, len(UNITS)))
    for index, (name, (base, parts)) in enumerate(UNITS.items()):
        drive[:, index] = np.log(base * BIN_SIZE)
        kernels = []
        for event, by, (height, centre, width) in parts:
            kernel = height * np.exp(-((lags * BIN_SIZE - centre) ** 2) / (2 * width**2))
            kernels.append({"event": event, "by": by, "kernel": kernel.tolist()})
            _add(drive[:, index], events[event], scale_of(by, task), lags, kernel)
        units.append({"name": name, "base_hz": base, "kernels": kernels})
    coupling = np.zeros((len(units), len(own), len(units)))
    for index in range(len(units)):
        coupling[index, :, index] = own
    counts = simulate_counts(drive, coupling, rng)

    support = nap.IntervalSet(0.0, stop)
    names = [unit["name"] for unit in units]
    properties = {key: task[key].tolist() for key in ("side", "strength", "evidence", "choice", "outcome", "reaction_time")}
    trials = nap.IntervalSet(task["start"], task["stop"], metadata=properties)
    wheel = _wheel(n_bins, task)
    return Recording(
        name="decision-task",
        unit_names=tuple(names),
        spikes=spikes_from_counts(counts, BIN_SIZE, rng),
        unit_table=pd.DataFrame({"region": ["VISp", "PPC", "MOs", "MOs", "VTA", "VTA", "MOs", "PPC"]}, index=names),
        covariates={
            "wheel": Covariate(
                "wheel",
                nap.Tsd((np.arange(n_bins) + 0.5) * BIN_SIZE, wheel, time_support=support),
                "deg",
                "continuous",
                "what the animal turns: to the right is positive",
            )
        },
        epochs={"all": support, "trials": nap.IntervalSet(task["start"], task["stop"])},
        trials={"trials": trials},
        events={
            "trials_start": nap.Ts(task["start"], time_support=support),
            **{name: nap.Ts(times[np.isfinite(times)], time_support=support) for name, times in events.items()},
        },
        source={
            "truth": {
                "sample": "decision-task",
                "seed": seed,
                "bin_size": BIN_SIZE,
                "units": units,
                "lag_s": (lags * BIN_SIZE).tolist(),
                "history_lag_s": (past * BIN_SIZE).tolist(),
                "history": own.tolist(),
            }
        },
    )


def scale_of(by: str, task: dict[str, Any]) -> np.ndarray:
    """(trials,) what the kernel of a trial is multiplied by: 1, a value of the trial, or 1 for one choice and 0 for the other.

    Parameters
    ----------
    by : str
        As in the truth.
    task : mapping
        The trials' properties by name.
    """
    if not by:
        return np.ones(len(task["choice"]))
    if by in ("left", "right"):
        return (np.asarray(task["choice"]) == by).astype(np.float64)
    return np.asarray(task[by], np.float64)


def analysis() -> Analysis:
    """Kernels around stimulus, choice and reward, with what scales them, and the cell's own past: the template of this name."""
    from glmengine.analysis.templates import load_template

    return load_template("decision-task")


def _task(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Times (s) and properties of the trials: stronger stimuli are answered sooner and more often rightly."""
    strength = rng.choice(STRENGTHS, N_TRIALS)
    right = rng.random(N_TRIALS) < 0.5
    correct = rng.random(N_TRIALS) < 1 - 0.5 * np.exp(-strength / 0.2)
    reaction = np.round(0.25 + 0.5 * np.exp(-strength / 0.3) * rng.gamma(4.0, 0.25, N_TRIALS), 4)
    ends = reaction + np.round(rng.uniform(0.3, 0.5, N_TRIALS), 4)  # from the stimulus to the outcome
    lasts = 0.5 + ends + 1.0
    start = np.round(1.0 + np.concatenate([[0.0], np.cumsum(lasts + rng.uniform(0.5, 1.5, N_TRIALS))[:-1]]), 4)
    stimulus = start + 0.5
    return {
        "start": start,
        "stop": start + lasts,
        "stimulus": stimulus,
        "choice_time": stimulus + reaction,
        "reward": np.where(correct, stimulus + ends, np.nan),
        "side": np.where(right, "right", "left"),
        "strength": strength,
        "evidence": np.where(right, strength, -strength),
        "choice": np.where(right == correct, "right", "left"),
        "outcome": np.where(correct, "correct", "error"),
        "reaction_time": reaction,
    }


def _add(drive: np.ndarray, times: np.ndarray, scale: np.ndarray, lags: np.ndarray, kernel: np.ndarray) -> None:
    """Add a scaled kernel around each event that took place to a log rate, in place."""
    for time, factor in zip(times, scale, strict=True):
        if np.isfinite(time) and factor:
            rows = int(time / BIN_SIZE) + lags
            inside = (rows >= 0) & (rows < len(drive))
            drive[rows[inside]] += factor * kernel[inside]


def _wheel(n_bins: int, task: dict[str, np.ndarray]) -> np.ndarray:
    """(n_bins,) degrees: a turn to the side of the choice that comes back within the trial."""
    times, wheel = (np.arange(n_bins) + 0.5) * BIN_SIZE, np.zeros(n_bins)
    for time, choice in zip(task["choice_time"], task["choice"], strict=True):
        first, last = np.searchsorted(times, [time - 1.0, time + 1.0])
        turned = 30.0 * np.exp(-((times[first:last] - time) ** 2) / (2 * 0.15**2))
        wheel[first:last] += turned if choice == "right" else -turned
    return wheel
