"""Orthogonalised exponentials and Laguerre functions."""

from __future__ import annotations

from typing import Literal

import numpy as np
from pydantic import field_validator

from glmengine.basis.base import BoundedBasis
from glmengine.errors import GlmError
from glmengine.spec import param

_GRID = 1001
"""Points on which exponentials are made orthogonal once and for all."""


class OrthExponential(BoundedBasis):
    """Exponential decays made orthogonal: few functions for slow and fast traces of the past.

    Evaluated on a variable they are orthonormal over the bounds, made so on a fixed grid and therefore the same for any data; as
    kernels they are orthonormal over the bins of the window.
    """

    family: Literal["orth_exponential"] = "orth_exponential"
    decay_rates: tuple[float, ...] = param(
        (1.0, 3.0, 9.0, 27.0),
        title="Decay rates",
        help="How often each exponential falls by a factor e over the range or window; one function for each.",
        min_length=1,
        max_length=50,
    )

    @field_validator("decay_rates")
    @classmethod
    def _positive_and_different(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if min(value) <= 0 or len(set(value)) < len(value):
            raise GlmError("the decay rates must be positive and all different; correct them")
        return value

    @property
    def n_functions(self) -> int:
        return len(self.decay_rates)

    def _decays(self, u: np.ndarray) -> np.ndarray:
        return np.exp(-u[:, None] * np.asarray(self.decay_rates))

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        # an orthonormal set on the grid is the decays times V/s, which then holds everywhere
        _, s, rotation = np.linalg.svd(self._decays(np.linspace(0.0, 1.0, _GRID)), full_matrices=False)
        if s[-1] < 1e-10 * s[0]:
            raise GlmError(
                "the decay rates are so close to each other that their exponentials cannot be told apart; spread them",
                field="decay_rates",
            )
        return self._decays(u) @ (rotation.T / s) * np.sqrt(_GRID)

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        from scipy.linalg import orth

        values = orth(self._decays(np.linspace(0.0, 1.0, length)))
        if values.shape[1] < self.n_functions:
            raise GlmError(
                f"{self.n_functions} exponentials cannot be told apart over a window of {length} bins; use fewer decay rates, or spread them",
                field="decay_rates",
            )
        return values

    def penalty_matrix(self) -> None:
        return None


class Laguerre(BoundedBasis):
    """Laguerre functions: an orthonormal family of decaying oscillations, each with one more zero (Marmarelis 1993)."""

    family: Literal["laguerre"] = "laguerre"
    n: int = param(5, title="Functions", help="How many functions; each has one more zero than the one before.", ge=1, le=30)
    decay: float = param(
        20.0,
        title="Decay",
        help="How often the functions fall by a factor e over the range or window; with more functions a larger one fits.",
        gt=0,
        le=1e4,
        log=True,
    )

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        from scipy.special import eval_laguerre

        scaled = 2 * self.decay * u[:, None]
        return np.sqrt(2 * self.decay) * np.exp(-scaled / 2) * eval_laguerre(np.arange(self.n), scaled)

    def penalty_matrix(self) -> None:
        return None
