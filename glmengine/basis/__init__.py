"""Basis functions: the families of them, and `AnyBasis`, what an analysis may name."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from glmengine.basis.b_spline import BSpline
from glmengine.basis.base import Basis
from glmengine.basis.custom import Custom, allow_code, code_allowed, forbid_code
from glmengine.basis.cyclic_b_spline import CyclicBSpline
from glmengine.basis.exponential import Laguerre, OrthExponential
from glmengine.basis.fourier import Fourier
from glmengine.basis.indicator import Boxcar, Categorical, History
from glmengine.basis.m_spline import MSpline
from glmengine.basis.natural_spline import NaturalSpline
from glmengine.basis.polynomial import Identity, Polynomial, Zero
from glmengine.basis.raised_cosine import RaisedCosineLinear, RaisedCosineLog

AnyBasis = Annotated[
    BSpline
    | CyclicBSpline
    | RaisedCosineLog
    | RaisedCosineLinear
    | History
    | Boxcar
    | Categorical
    | Identity
    | Polynomial
    | Fourier
    | NaturalSpline
    | MSpline
    | OrthExponential
    | Laguerre
    | Zero
    | Custom,
    Field(discriminator="family"),
]

__all__ = [
    "AnyBasis",
    "BSpline",
    "Basis",
    "Boxcar",
    "Categorical",
    "Custom",
    "CyclicBSpline",
    "Fourier",
    "History",
    "Identity",
    "Laguerre",
    "MSpline",
    "NaturalSpline",
    "OrthExponential",
    "Polynomial",
    "RaisedCosineLinear",
    "RaisedCosineLog",
    "Zero",
    "allow_code",
    "code_allowed",
    "forbid_code",
]
