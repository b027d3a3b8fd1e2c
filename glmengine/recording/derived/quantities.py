"""Derived covariates and epochs: every kind of them, and their computation.

Each kind has ``compute(recording, max_gap, field)``, which makes its covariate or epochs from a recording: gaps of up to `max_gap` seconds
between samples (ten sampling periods where None) are none, and `field` is its own path in the analysis, for errors.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from glmengine.context import SILENT, Context
from glmengine.errors import GlmError
from glmengine.recording.derived.covariates import (
    BandPhase,
    Drift,
    HeadDirection,
    Logarithm,
    Running,
    TimeSince,
    TrialNumber,
    Unwrapped,
    ZScore,
)
from glmengine.recording.derived.epochs import CombinedEpochs, DrawnEpochs, ThresholdEpochs, TrialEpochs
from glmengine.recording.derived.movement import Acceleration, MovementDirection, RunningDirection, Speed
from glmengine.recording.joining import gap_within_sessions, with_session_epochs

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording


AnyDerived = Annotated[
    Speed
    | Acceleration
    | RunningDirection
    | MovementDirection
    | HeadDirection
    | BandPhase
    | Running
    | TimeSince
    | TrialNumber
    | Drift
    | ZScore
    | Logarithm
    | Unwrapped
    | ThresholdEpochs
    | TrialEpochs
    | DrawnEpochs
    | CombinedEpochs,
    Field(discriminator="kind"),
]
EPOCH_KINDS = (ThresholdEpochs, TrialEpochs, DrawnEpochs, CombinedEpochs)
"""Those that make epochs; the others make covariates."""


def compute_derived(
    derived: Sequence[AnyDerived],
    recording: Recording,
    max_gap: float | None = None,
    *,
    needed: Collection[str] | None = None,
    context: Context = SILENT,
) -> Recording:
    """`recording` with the derived covariates and epochs, each of which may use those before it.

    Parameters
    ----------
    derived : sequence of specs
    recording : Recording
    max_gap : float, optional
        As for the covariates of a time grid, in s.
    needed : collection of str, optional
        The epochs that are wanted: others that this recording cannot have (no such trials, nothing above the threshold) are left out.
        All are wanted where None.
    context : Context, optional
        Asked before each of them.

    Raises
    ------
    GlmError
        If a source is missing or not of the right kind, derived epochs hold no time, or two derived covariates have one name.
    """
    max_gap = gap_within_sessions(recording, max_gap)
    made_before: set[str] = set()
    for position, spec in enumerate(derived):
        context.check()
        makes_epochs = isinstance(spec, EPOCH_KINDS)
        try:
            made = spec.compute(recording, max_gap, f"derived.{position}")
        except GlmError:
            if makes_epochs and needed is not None and spec.name not in needed:
                continue
            raise
        if not makes_epochs:
            if spec.name in made_before:
                raise GlmError(
                    f"two derived covariates are called '{spec.name}'; rename one of them", field=f"derived.{position}.name"
                )
            made_before.add(spec.name)
            recording = recording.with_covariates(made)
        elif spec.name == "all":
            raise GlmError("'all' is the whole recording; give these epochs another name", field=f"derived.{position}.name")
        else:
            recording = recording.with_epochs(spec.name, made)
    return with_session_epochs(recording)
