"""The axis of a variable, for the titles of its pictures."""

from __future__ import annotations

from glmengine.recording.recording import Recording
from glmgui.plots import Axis


def axis_for(recording: Recording, variable: str) -> Axis:
    """The axis of a variable, with its unit."""
    if variable in recording.variables:
        return Axis(variable, recording.variables[variable][0].unit)
    return Axis(variable)
