"""Recordings made by the program, whose truth is known: to try things out, and to test that fits find the truth.

Every sample is drawn from the model itself, bin by bin, with a seed: the log of the expected count is a sum of tuning, the unit's
own past and the other units' past. What was put in is kept in ``recording.source["truth"]`` as plain data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError

if TYPE_CHECKING:
    import pynapple as nap

    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

DEMO = "head-direction-place"

_ALIASES = {"session": DEMO}
# name: (what it is, module of `glmengine.simulation.samples` with `make(seed)` and `analysis()`)
_MODULES = {
    "head-direction-place": ("12 head-direction and place cells in a box, with refractoriness and coupling, 600 s", "session"),
    "linear-track-theta": (
        "12 place cells of a linear track, one running direction each, precessing against theta, 600 s",
        "track",
    ),
    "open-field-grid": ("10 grid and conjunctive cells in a box, 900 s", "field"),
    "coupled-network": ("16 excitatory and inhibitory cells that drive each other, 600 s", "network"),
    "current-injection": ("3 cells driven in 40 sweeps by a known current through known filters, 200 s", "current"),
    "white-noise": ("6 visual cells that see a flickering chequerboard through known space-time filters, 600 s", "noise"),
    "decision-task": (
        "8 cells locked to stimulus, choice and reward of 240 trials, some scaled by what the trial was, 13 min",
        "decision",
    ),
    "calcium": ("10 head-direction cells seen by calcium imaging, 20 frames a second, 600 s", "calcium"),
}


def _maker(module: str) -> Callable[..., Recording]:
    def make(seed: int = 0) -> Recording:
        return import_module(f"glmengine.simulation.samples.{module}").make(seed)

    return make


SAMPLES: Mapping[str, tuple[str, Callable[..., Recording]]] = {
    name: (text, _maker(module)) for name, (text, module) in _MODULES.items()
}


def sample(name: str = DEMO, seed: int = 0) -> Recording:
    """Simulate a session.

    Parameters
    ----------
    name : str
        One of `SAMPLES`.
    seed : int
        The same seed gives the same spikes.

    Raises
    ------
    GlmError
        If there is no sample of that name; the sentence lists those that there are.
    """
    return SAMPLES[_known(name)][1](seed)


def sample_analysis(name: str = DEMO) -> Analysis:
    """An analysis that suits the sample of this name."""
    return import_module(f"glmengine.simulation.samples.{_MODULES[_known(name)][1]}").analysis()


def demo_analysis() -> Analysis:
    """The analysis that the demonstration fits to the sample `DEMO`: a few seconds on two cores."""
    return sample_analysis(DEMO)


def _known(name: str) -> str:
    name = _ALIASES.get(name, name)
    if name not in _MODULES:
        raise GlmError(f"there is no sample '{name}'; the samples are: {', '.join([*_ALIASES, *_MODULES])}")
    return name


def simulate_counts(drive: np.ndarray, kernels: np.ndarray, rng: np.random.Generator, *, most: float = 2.0) -> np.ndarray:
    """Poisson counts whose log mean is `drive` plus every unit's past counts through the kernels.

    Parameters
    ----------
    drive : (T, M) array
        Log of the expected count per bin without any past.
    kernels : (M, L, M) array
        ``kernels[source, lag - 1, target]``: what one spike adds to the log mean `lag` bins later.
    rng : Generator
    most : float
        The log of the expected count per bin never exceeds the log of this, so that excitation cannot run away.

    Returns
    -------
    (T, M) int array
    """
    n_bins, n_units = drive.shape
    n_lags = kernels.shape[1]
    total = np.concatenate([drive, np.zeros((n_lags, n_units))])
    counts = np.zeros((n_bins, n_units), dtype=np.int64)
    chance = rng.random((n_bins, n_units))
    ceiling = np.log(most)
    for t in range(n_bins):
        mean = np.exp(np.minimum(total[t], ceiling))
        for unit in np.nonzero(chance[t] > np.exp(-mean))[0]:
            counts[t, unit] = _poisson_quantile(chance[t, unit], mean[unit])
            total[t + 1 : t + 1 + n_lags] += counts[t, unit] * kernels[unit]
    return counts


def _poisson_quantile(chance: float, mean: float) -> int:
    """The least k whose distribution function is not below `chance`."""
    count, term = 0, math.exp(-mean)
    below = term
    while below < chance and term > 0.0:
        count += 1
        term *= mean / count
        below += term
    return count


def spikes_from_counts(counts: np.ndarray, bin_size: float, rng: np.random.Generator, start: float = 0.0) -> nap.TsGroup:
    """Spike times, each placed at random inside its bin, as a `TsGroup` keyed 0..M-1.

    Parameters
    ----------
    counts : (T, M) int array
    bin_size, start : float
        Seconds; `start` is where the first bin begins.
    """
    import pynapple as nap

    support = nap.IntervalSet(start, start + len(counts) * bin_size)
    trains = {}
    for unit in range(counts.shape[1]):
        rows = np.repeat(np.arange(len(counts)), counts[:, unit])
        # clear of the edges, where rounding could move a spike to the next bin
        times = start + (rows + rng.uniform(0.01, 0.99, rows.size)) * bin_size
        trains[unit] = nap.Ts(np.sort(times), time_support=support)
    return nap.TsGroup(trains, time_support=support)


def truth_of(recording: Recording) -> dict[str, Any]:
    """What a simulated recording was made from.

    Raises
    ------
    GlmError
        If it was not simulated by this program.
    """
    truth = recording.source.get("truth")
    if not isinstance(truth, Mapping):
        raise GlmError(f"{recording.name}: the recording is not a simulated one; its truth is not known")
    return dict(truth)
