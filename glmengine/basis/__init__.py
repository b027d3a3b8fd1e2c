"""Basis families, one a file; `AnyBasis` is what an analysis may name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from glmengine.basis.b_spline import BSpline
from glmengine.basis.base import Basis
from glmengine.basis.cyclic_b_spline import CyclicBSpline
from glmengine.basis.raised_cosine_log import RaisedCosineLog

AnyBasis = Annotated[BSpline | CyclicBSpline | RaisedCosineLog, Field(discriminator="family")]

__all__ = ["AnyBasis", "BSpline", "Basis", "CyclicBSpline", "RaisedCosineLog"]
