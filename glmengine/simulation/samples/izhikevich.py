"""Izhikevich neurons driven by steps of current: spiking that is tonic, phasic, bursting, mixed or adapting, and of class I and II.

Two equations and a reset (Izhikevich 2003, 2004), integrated here; the parameters are those with which Weber & Pillow (2017) asked whether a
GLM with history can do the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

STEP = 1e-4  # s, of the integration
SAMPLE = 1e-3  # s, of the current that is recorded
ON, OFF = 0.5, 0.5  # s, of a step of current and of the rest before it
PEAK = 30.0  # mV


@dataclass(frozen=True)
class Neuron:
    """Parameters of one neuron (time in ms, voltage in mV).

    Attributes
    ----------
    a, b, c, d : float
        Speed and slope of the recovery, the reset, and what a spike adds to the recovery.
    current : tuple of float
        Amplitudes of the steps, gone through in turn.
    noise : float
        Standard deviation of the current's noise, so that no step is quite like another.
    linear, constant : float
        Of ``v' = 0.04 v^2 + linear v + constant - u + I``.
    """

    a: float
    b: float
    c: float
    d: float
    current: tuple[float, ...]
    noise: float = 0.0
    linear: float = 5.0
    constant: float = 140.0


NEURONS = {
    "tonic spiking": Neuron(0.02, 0.2, -65.0, 6.0, (14.0,), 0.5),
    "phasic spiking": Neuron(0.02, 0.25, -65.0, 6.0, (0.5,), 0.02),
    "tonic bursting": Neuron(0.02, 0.2, -50.0, 2.0, (10.0,), 0.5),
    "phasic bursting": Neuron(0.02, 0.25, -55.0, 0.05, (0.6,), 0.02),
    "mixed mode": Neuron(0.02, 0.2, -55.0, 4.0, (10.0,), 0.5),
    "adaptation": Neuron(0.01, 0.2, -65.0, 5.0, (20.0,), 0.5),
    "class I": Neuron(0.02, -0.1, -55.0, 6.0, tuple(np.linspace(2.0, 30.0, 8)), 0.5, 4.1, 108.0),
    "class II": Neuron(0.2, 0.26, -65.0, 0.0, tuple(np.linspace(0.1, 1.0, 8)), 0.02),
}


def make(behaviour: str = "tonic spiking", seed: int = 0, steps: int = 40) -> Recording:
    """One neuron, and the current that was passed into it.

    Parameters
    ----------
    behaviour : str
        One of `NEURONS`.
    seed : int
    steps : int
        Steps of current, half a second each after half a second of rest.

    Raises
    ------
    GlmError
        If there is no such behaviour.
    """
    if behaviour not in NEURONS:
        raise GlmError(f"there is no Izhikevich neuron '{behaviour}'; choose one of {', '.join(NEURONS)}")
    current = np.array(NEURONS[behaviour].current)
    truth = {"sample": "izhikevich", "behaviour": behaviour, "seed": seed}
    return _recording(behaviour, {"neuron": NEURONS[behaviour]}, np.resize(current / current.max(), steps), seed, truth)


def together(sample: str, behaviours: Sequence[str], levels: Sequence[float], seed: int = 0, steps: int = 40) -> Recording:
    """Several neurons that get the same steps of current, each scaled by the largest that it is given in `NEURONS`.

    Parameters
    ----------
    sample : str
        What the recording is called.
    behaviours : sequence of str
        Of `NEURONS`; the units have these names.
    levels : sequence of float
        Heights of the steps, gone through in turn; 1 is a neuron's largest current.
    seed : int
    steps : int
        As of `make`.
    """
    neurons = {behaviour: NEURONS[behaviour] for behaviour in behaviours}
    units = [{"name": name, **asdict(neuron)} for name, neuron in neurons.items()]
    return _recording(sample, neurons, np.resize(levels, steps), seed, {"sample": sample, "seed": seed, "units": units})


def _recording(name: str, neurons: dict[str, Neuron], levels: np.ndarray, seed: int, truth: dict[str, Any]) -> Recording:
    """Neurons by unit name under steps of current (S,), relative to the largest of each."""
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording

    rng = np.random.default_rng(seed)
    steps, length = len(levels), round((ON + OFF) / SAMPLE)
    within = np.arange(length) * SAMPLE >= OFF
    command = (levels[:, None] * within).ravel()
    support = nap.IntervalSet(0.0, steps * (ON + OFF))
    trains = {}
    for index, neuron in enumerate(neurons.values()):
        noise = neuron.noise * rng.normal(size=len(command)) * (command > 0)
        trains[index] = nap.Ts(spike_times(neuron, max(neuron.current) * command + noise), time_support=support)
    trials = nap.IntervalSet(np.arange(steps) * (ON + OFF) + OFF, (np.arange(steps) + 1) * (ON + OFF))
    trials.set_info(current=levels)
    clock = (np.arange(len(command)) + 0.5) * SAMPLE
    return Recording(
        name=name,
        unit_names=tuple(neurons),
        spikes=nap.TsGroup(trains, time_support=support),
        covariates={"current": Covariate("current", nap.Tsd(clock, command))},
        epochs={"all": support},
        trials={"steps": trials},
        source={"truth": truth},
    )


def spike_times(neuron: Neuron, current: np.ndarray) -> np.ndarray:
    """Spike times (s) under a current (T,) that is held for each millisecond.

    The voltage is integrated in steps of 0.1 ms from rest (Euler, the voltage's half-step as Izhikevich has it).
    """
    inner = round(SAMPLE / STEP)
    h = 1000.0 * STEP
    v, u = -70.0, neuron.b * -70.0
    times = []
    for sample, drive in enumerate(current.tolist()):
        for place in range(inner):
            v += h * (0.04 * v * v + neuron.linear * v + neuron.constant - u + drive)
            u += h * neuron.a * (neuron.b * v - u)
            if v >= PEAK:
                times.append(sample * SAMPLE + (place + 0.5) * STEP)
                v, u = neuron.c, u + neuron.d
    return np.array(times)


def analysis() -> Analysis:
    """A filter of the current and the neuron's own history, spike or none in a millisecond."""
    from glmengine.analysis.analysis import Analysis

    return Analysis.from_dict(
        {
            "title": "Izhikevich neuron",
            "time": {"bin_size": SAMPLE},
            "terms": [
                {"kind": "filter", "variable": "current", "basis": {"family": "raised_cosine_log", "n": 10, "window": 0.2}},
                {"kind": "history", "basis": {"family": "raised_cosine_log", "n": 12, "window": 0.2}},
            ],
            "model": {"family": "bernoulli", "strengths": [1e-7]},
            "validation": {"folds": 0},
        },
        "sample",
    )
