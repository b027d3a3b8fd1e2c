"""Excitability of class I and class II: two Izhikevich neurons under steps of current of eight heights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.simulation.samples.izhikevich import together

if TYPE_CHECKING:
    from glmengine.analysis.analysis import Analysis
    from glmengine.recording.recording import Recording

STEPS = 160
LEVELS = tuple(np.round(np.linspace(0.1, 1.0, 8), 3).tolist())


def make(seed: int = 0) -> Recording:
    """The rate of one rises from nothing with the current, the other's begins at once at a high one."""
    return together("excitability-classes", ("class I", "class II"), LEVELS, seed, STEPS)


def analysis() -> Analysis:
    """The current's filter and the neuron's own history: the template of the question about dynamics."""
    from glmengine.analysis.templates import load_template

    return load_template("dynamics")
