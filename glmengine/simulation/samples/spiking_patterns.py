"""Patterns of spiking: six Izhikevich neurons that answer the same steps of current in six ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.simulation.samples.izhikevich import together

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

STEPS = 160
PATTERNS = ("tonic spiking", "phasic spiking", "tonic bursting", "phasic bursting", "mixed mode", "adaptation")


def make(seed: int = 0) -> Recording:
    """Half a second of rest, half a second of current, again and again; ``source["truth"]`` has each neuron's parameters."""
    return together("spiking-patterns", PATTERNS, (1.0,), seed, STEPS)


def analysis() -> Analysis:
    """The current's filter and the neuron's own history: the template of the question about dynamics."""
    from glmengine.analysis.templates import load_template

    return load_template("dynamics")
