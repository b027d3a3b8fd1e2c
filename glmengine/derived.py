"""Covariates computed from others, as described parameters that are part of the analysis."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from glmengine.spec import Spec, param


class Speed(Spec):
    """Speed of movement from position."""

    kind: Literal["speed"] = "speed"
    name: str = param("speed", title="Name", help="Name of the new covariate.", min_length=1)
    source: str = param(title="Position", help="The covariate that holds the position.", choices="covariates", min_length=1)
    smoothing: float = param(0.1, title="Smoothing", help="Standard deviation of the Gaussian that smooths position first.", unit="s", ge=0)


AnyDerived = Annotated[Speed, Field(discriminator="kind")]
