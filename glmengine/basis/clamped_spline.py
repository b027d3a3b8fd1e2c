"""What B-splines and M-splines share: local functions on knots that are clamped at the bounds."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from pydantic import model_validator

from glmengine.basis.knots import SplineBasis, clamped, see_enough
from glmengine.basis.supports import Supports, between_knots
from glmengine.spec import param


class ClampedSpline(SplineBasis):
    """`n` splines of an order, each of which reaches over as many stretches between knots as its order says (de Boor 1978, chapter IX)."""

    local: ClassVar[bool] = True
    called: ClassVar[str]
    """In sentences, of several."""

    n: int = param(10, title="Functions", help="How many functions, that is columns: more follow finer detail.", ge=1, le=200)
    order: int = param(
        4,
        title="Order",
        help="Polynomial degree plus one; 4 is cubic, smooth to the second derivative.",
        ge=1,
        le=8,
        advanced=True,
    )

    @model_validator(mode="after")
    def _enough_functions(self) -> Self:
        see_enough(self.n, self.order, self.called)
        return self

    @property
    def n_functions(self) -> int:
        return self.n

    @property
    def _n_inner(self) -> int:
        return self.n - self.order

    @property
    def _knots(self) -> np.ndarray:
        """Of the unit interval, those at its ends as often as the order says."""
        return clamped(self._unit_knots(), self.order)

    def supports(self, x: np.ndarray) -> Supports:
        return between_knots(self._to_unit(x), self._knots, self.order)
