"""Covariates computed from others, as described parameters that are part of the analysis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from glmengine.derived_kinds import BandPhase, Drift, HeadDirection, Logarithm, Running, TimeSince, TrialNumber, Unwrapped, ZScore
from glmengine.errors import GlmError
from glmengine.smoothing import runs, smoothed
from glmengine.spec import Spec, param

if TYPE_CHECKING:
    from glmengine.recording import Covariate, Recording


class Speed(Spec):
    """Speed of movement from position."""

    kind: Literal["speed"] = "speed"
    name: str = param("speed", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Position", help="The covariate that holds the position.", choices="covariates", min_length=1)
    smoothing: float = param(
        0.1, title="Smoothing", help="Standard deviation of the Gaussian that smooths position first.", unit="s", ge=0
    )

    def compute(self, recording: Recording, max_gap: float | None, field: str) -> Covariate:
        from glmengine.recording import Covariate

        source = recording.covariates.get(self.source)
        if source is None:
            have = ", ".join(recording.covariates) or "none"
            raise GlmError(
                f"{recording.name}: no covariate '{self.source}' to take the speed of; it has: {have}", field=f"{field}.source"
            )
        if source.kind in ("angle", "category"):
            raise GlmError(
                f"'{self.source}' is an {source.kind}, not a position; choose another covariate", field=f"{field}.source"
            )
        import pynapple as nap

        times = np.asarray(source.data.t)
        values = np.asarray(source.data.values, np.float64).reshape(len(times), -1)
        speed = np.full(len(times), np.nan)
        gap = max_gap if max_gap is not None else 10 * source.period
        for rows in runs(times, np.isfinite(values).all(axis=1), gap):
            if len(rows) > 1:
                smooth = smoothed(times[rows], values[rows], self.smoothing)
                speed[rows] = np.linalg.norm(np.gradient(smooth, times[rows], axis=0), axis=1)
        data = nap.Tsd(t=times, d=speed, time_support=source.data.time_support)
        return Covariate(self.name, data, f"{source.unit}/s" if source.unit else "", "continuous", f"speed of {self.source}")


AnyDerived = Annotated[
    Speed | HeadDirection | BandPhase | Running | TimeSince | TrialNumber | Drift | ZScore | Logarithm | Unwrapped,
    Field(discriminator="kind"),
]


def compute_derived(derived: Sequence[AnyDerived], recording: Recording, max_gap: float | None = None) -> Recording:
    """`recording` with the derived covariates, each of which may use those before it.

    Raises
    ------
    GlmError
        If a source is missing or not of the right kind.
    """
    for position, spec in enumerate(derived):
        recording = recording.with_covariates(spec.compute(recording, max_gap, f"derived.{position}"))
    return recording
