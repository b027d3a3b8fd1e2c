"""Simulated recordings by name, whose truth is known: to try things out, and to test that fits find it.

What was put in is kept in ``recording.source["truth"]`` as plain data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError

if TYPE_CHECKING:
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
    "track-speed": ("7 cells of a linear track that follow position, speed, both or neither, 600 s", "track_speed"),
    "navigation": (
        "7 cells in a box that follow some of position, head direction, speed and theta phase, or none, 600 s",
        "navigation",
    ),
    "open-field-grid": ("10 grid and conjunctive cells in a box, 900 s", "field"),
    "grid-modules": ("12 grid cells of two modules in a box, coupled within their module by phase, 900 s", "grid_modules"),
    "coupled-network": ("16 excitatory and inhibitory cells that drive each other, 600 s", "network"),
    "current-injection": ("3 cells driven in 40 sweeps by a known current through known filters, 200 s", "current"),
    "white-noise": ("6 visual cells that see a flickering chequerboard through known space-time filters, 600 s", "noise"),
    "coupled-retina": ("8 ON and OFF ganglion cells that see one flickering picture and drive each other, 300 s", "retina"),
    "spiking-patterns": (
        "6 Izhikevich neurons under steps of current: tonic, phasic, bursting, adapting, 160 s",
        "spiking_patterns",
    ),
    "excitability-classes": ("2 Izhikevich neurons, class I and II, under steps of many heights, 160 s", "excitability_classes"),
    "decision-task": (
        "8 cells locked to stimulus, choice and reward of 240 trials, some scaled by what the trial was, 13 min",
        "decision",
    ),
    "calcium": ("10 head-direction cells seen by calcium imaging, 20 frames a second, 600 s", "calcium"),
    "calcium-coupled": (
        "8 head-direction cells seen by calcium imaging that drive each other, positive signals, 600 s",
        "calcium_coupled",
    ),
}


def _maker(module: str) -> Callable[..., Recording]:
    def make(seed: int = 0) -> Recording:
        return import_module(f"glmengine.simulation.samples.{module}").make(seed)

    return make


SAMPLES: Mapping[str, tuple[str, Callable[..., Recording]]] = {
    name: (text, _maker(module)) for name, (text, module) in _MODULES.items()
}


@takes_only_its_kinds
def sample(name: str = DEMO, seed: int = 0) -> Recording:
    """Simulate a session.

    Parameters
    ----------
    name : str
        One of `SAMPLES`.
    seed : int
        The same seed gives the same spikes.

    Returns
    -------
    Recording
        With what was simulated as its truth (`truth_of`).

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
