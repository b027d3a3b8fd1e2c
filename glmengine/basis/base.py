"""What every basis is: described parameters, and functions evaluated on a covariate or used as kernels over the past."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from glmengine.convolution import convolve_pieces, offsets_of
from glmengine.errors import GlmError
from glmengine.spec import Spec, param

Bounds = tuple[float, float]


class Basis(Spec):
    """A family of `n_functions` functions of one variable.

    A concrete family adds a literal `family` (its name in files) and its parameters, and implements `_on_unit`, its functions on [0, 1].
    """

    # Which of the two uses the family has, for the window's forms.
    evaluates: ClassVar[bool] = True
    convolves: ClassVar[bool] = True
    # Whether each function is nonzero on a small part of the range only, and whether the range is a circle.
    local: ClassVar[bool] = False
    circular: ClassVar[bool] = False

    bounds: Bounds | None = param(None, title="Bounds", help="Range of the variable that the functions cover; that of the data where empty.", unit="of the variable")
    outside: Literal["invalid", "clamped"] = param("invalid", title="Outside", help="Samples outside the bounds: leave their bins out, or take them as lying on the bound.", advanced=True)
    window: float | None = param(None, title="Window", help="How far a kernel reaches into the past.", unit="s", gt=0, le=600)

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.bounds is not None and not self.bounds[1] > self.bounds[0]:
            raise GlmError(f"the bounds {self.bounds[0]:g} to {self.bounds[1]:g} are reversed or empty; give the lower one first", field="bounds")
        return self

    @property
    @abstractmethod
    def n_functions(self) -> int:
        """Number of columns."""

    @abstractmethod
    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        """Values at `u` (T,) in [0, 1] as (T, n_functions)."""

    def evaluate(self, x: Any) -> np.ndarray:
        """Values at samples.

        Parameters
        ----------
        x : (T,) array
            In the unit of `bounds`; where those are not given, they are the least and greatest of `x`.

        Returns
        -------
        (T, n_functions) float64 array
            NaN where `x` is NaN, or outside the bounds unless these clamp.
        """
        x = np.asarray(getattr(x, "values", x), dtype=np.float64).ravel()
        low, high = self.frozen(x).bounds
        u = (x - low) / (high - low)
        if self.outside == "clamped":
            u = np.clip(u, 0.0, 1.0)
        valid = (u >= 0) & (u <= 1)
        out = np.full((len(x), self.n_functions), np.nan)
        out[valid] = self._on_unit(u[valid])
        return out

    def frozen(self, x: Any) -> Self:
        """The same basis with the bounds, where not given, taken from `x` and kept.

        Raises
        ------
        GlmError
            If `x` has fewer than two different valid values.
        """
        if self.bounds is not None:
            return self
        x = np.asarray(getattr(x, "values", x), dtype=np.float64)
        x = x[np.isfinite(x)]
        if not x.size or x.min() == x.max():
            raise GlmError("the variable has fewer than two different values, so that no bounds can be taken from it", field="bounds")
        return self.with_(bounds=(float(x.min()), float(x.max())))

    def kernel(self, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
        """Kernels over lags: lags in bins (L,), 1 being the bin before the present one, and values (L, n_functions).

        Raises
        ------
        GlmError
            If there is no window, or it is shorter than a bin.
        """
        if self.window is None:
            raise GlmError("a kernel needs a window; say how many seconds it reaches back", field="window")
        length = round(self.window / bin_size)
        if length < 1:
            raise GlmError(f"the window of {self.window:g} s is shorter than a bin of {bin_size:g} s; make it longer", field="window")
        return np.arange(1, length + 1), self._on_unit(np.linspace(0.0, 1.0, length))

    def convolve(self, x: Any, bin_size: float, epochs: Any = None) -> np.ndarray:
        """`x` (T,) or (T, C) filtered by each kernel over the strict past.

        Parameters
        ----------
        x : (T,) or (T, C) array, Tsd or TsdFrame
            One row per bin of `bin_size` seconds.
        epochs : (S, 2) array or IntervalSet, optional
            Start and stop in seconds, which no window crosses.

        Returns
        -------
        (T, C * n_functions) array
            Channel-major, NaN where the window is not full.
        """
        times = getattr(x, "t", None)
        if epochs is None and times is not None:
            epochs = x.time_support
        pairs = None if epochs is None else np.asarray(getattr(epochs, "values", epochs), dtype=np.float64)
        signal = np.asarray(getattr(x, "values", x), dtype=np.float64)
        signal = signal[:, None] if signal.ndim == 1 else signal
        lags, kernel = self.kernel(bin_size)
        return convolve_pieces(signal, lags, kernel, offsets_of(times, len(signal), pairs, bin_size))

    def penalty_matrix(self) -> np.ndarray:
        """D'D (n_functions, n_functions), D the second differences of the coefficients, wrapping where the basis is circular."""
        n = self.n_functions
        identity = np.eye(n)
        if self.circular:
            differences = np.roll(identity, 1, axis=1) - 2 * identity + np.roll(identity, -1, axis=1)
        else:
            differences = np.diff(identity, n=2, axis=0)
        return differences.T @ differences
