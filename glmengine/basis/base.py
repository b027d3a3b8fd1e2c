"""The base of every basis: described parameters, evaluation on a covariate, kernels over lags."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from glmengine.basis.supports import Supports
from glmengine.errors import GlmError
from glmengine.spec import Spec, param
from glmengine.timegrid.convolution import convolve_pieces, offsets_of
from glmengine.timegrid.differences import second_differences

Bounds = tuple[float, float]


class Basis(Spec):
    """A family of `n_functions` functions of one variable, or of the time that has passed.

    A family adds its name in files as a literal `family`.
    """

    # Which of the two uses the family has, and the parameters that matter for one of them only, for the window's forms.
    evaluates: ClassVar[bool] = True
    convolves: ClassVar[bool] = True
    variable_fields: ClassVar[tuple[str, ...]] = ("bounds", "outside", "placement", "inner_knots")
    kernel_fields: ClassVar[tuple[str, ...]] = ("window", "direction", "delay", "present")
    # Whether each function is nonzero on a small part of the range only, and whether the range is a circle.
    local: ClassVar[bool] = False
    circular: ClassVar[bool] = False

    @property
    @abstractmethod
    def n_functions(self) -> int:
        """Number of columns."""

    @abstractmethod
    def evaluate(self, x: Any) -> np.ndarray:
        """Values at the samples `x` (T,) as (T, n_functions) float64; NaN where `x` is NaN or lies where the functions are not defined."""

    @abstractmethod
    def frozen(self, x: Any) -> Self:
        """The same basis with everything that would be taken from data (bounds, knots, categories) taken from `x` and kept."""

    def defined(self, x: np.ndarray) -> np.ndarray:
        """(T,) bool, True where `evaluate` gives numbers."""
        return np.isfinite(self.evaluate(x)).all(axis=1)

    def supports(self, x: np.ndarray) -> Supports:
        """Which functions may be other than zero at samples `x` (T,), as knots or categories tell, without their values: all, but for
        functions of a small part of the range. Samples where the functions are not defined may lie in any cell."""
        return Supports.everywhere(len(x), np.ones(self.n_functions))

    def kernel(self, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
        """Kernels over lags: lags in bins (L,), ascending, 1 being the bin before the present one, and values (L, n_functions).

        Raises
        ------
        GlmError
            If the family has no kernels, there is no window, or it is shorter than a bin.
        """
        raise GlmError(
            f"the basis '{self.family}' is one of values, not of the past; choose another, such as raised_cosine_log",
            field="family",
        )

    def convolve(self, x: Any, bin_size: float, epochs: Any = None) -> np.ndarray:
        """`x` filtered by each kernel.

        Parameters
        ----------
        x : (T,) or (T, C) array, Tsd or TsdFrame
            One row per bin of `bin_size` seconds.
        epochs : (S, 2) array or IntervalSet, optional
            Start and stop in seconds, which no window crosses; those of `x` where it is a pynapple object. An array's first bin
            begins at time 0.

        Returns
        -------
        (T, C * n_functions) float64 array
            Channel-major, NaN where the window is not full.
        """
        times = np.asarray(x.t) if hasattr(x, "t") else None
        if not isinstance(x, np.ndarray) and type(x).__name__ in ("Ts", "TsGroup"):
            raise GlmError(
                f"{type(self).__name__}: spike times are to be counted in bins first, as with spikes.count({bin_size:g})"
            )
        if times is not None and len(times) > 1:
            step = float(np.median(np.diff(times)))
            if abs(step - bin_size) > 0.01 * bin_size:
                raise GlmError(
                    f"{type(self).__name__}: the signal has a value every {step:g} s, and bin_size is {bin_size:g} s; give bin_size={step:g}"
                )
        if epochs is None and times is not None:
            epochs = x.time_support
        pairs = None if epochs is None else np.asarray(getattr(epochs, "values", epochs), dtype=np.float64)
        signal = np.asarray(getattr(x, "values", x))
        if signal.dtype.kind not in "iu":
            signal = signal.astype(np.float64)
        signal = signal.reshape(len(signal), -1)
        lags, kernel = self.kernel(bin_size)
        return convolve_pieces(signal, lags, kernel, offsets_of(times, len(signal), pairs, bin_size))

    def penalty_matrix(self) -> np.ndarray | None:
        """D'D (n_functions, n_functions), D the second differences of the coefficients, wrapping where the basis is circular.

        None where neighbouring functions have nothing in common, so that there is no smoothness to speak of.
        """
        return second_differences(self.n_functions, circular=self.circular)


class KernelBasis(Basis):
    """A basis whose functions can be kernels over a window of time."""

    window: float | None = param(None, title="Window", help="How long the kernels are.", unit="s", gt=0, le=600, log=True)
    direction: Literal["causal", "anti_causal", "acausal"] = param(
        "causal",
        title="Direction",
        help="Causal: of the past on the present. Anti-causal: of what is to come. Acausal: of both, the window centred.",
        advanced=True,
    )
    delay: float = param(
        0.0,
        title="Delay",
        help="From which lag on the window reaches; 0 begins with the bin next to the present one.",
        unit="s",
        ge=0,
        le=600,
        advanced=True,
    )
    present: bool = param(
        False,
        title="With the present bin",
        help="Let the window begin in the present bin. Never right for a unit's own spikes.",
        advanced=True,
    )

    @abstractmethod
    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        """Values (length, n_functions) of the kernels at `length` consecutive bins."""

    def length(self, bin_size: float) -> int:
        """Bins in the window.

        Raises
        ------
        GlmError
            If there is no window, or it is shorter than a bin.
        """
        if self.window is None:
            raise GlmError("a kernel needs a window; say how many seconds it is long", field="window")
        length = round(self.window / bin_size)
        if length < 1:
            raise GlmError(
                f"the window of {self.window:g} s is shorter than a bin of {bin_size:g} s; make it longer, or the bins narrower",
                field="window",
            )
        return length

    def kernel(self, bin_size: float) -> tuple[np.ndarray, np.ndarray]:
        length = self.length(bin_size)
        values = self._on_grid(length, bin_size)
        away = round(self.delay / bin_size)
        if self.direction == "acausal":
            # of an even window the odd bin lies ahead, as NeMoS has it
            return np.arange(length) - length // 2 + away, values
        lags = np.arange(length) + away + (0 if self.present else 1)
        # in the order of ascending lags in every direction, as NeMoS has it
        return (lags, values) if self.direction == "causal" else (-lags[::-1], values)


class BoundedBasis(KernelBasis):
    """A basis whose functions are defined on [0, 1], to which the bounds of a variable or the window of a kernel are brought."""

    bounds: Bounds | None = param(
        None,
        title="Bounds",
        help="Range of the variable that the functions cover; that of the data where empty.",
        unit="of the variable",
    )
    outside: Literal["invalid", "clamped"] = param(
        "invalid",
        title="Outside",
        help="Samples outside the bounds: leave their bins out, or take them as lying on the bound.",
        advanced=True,
    )

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.bounds is not None and not self.bounds[1] > self.bounds[0]:
            raise GlmError(
                f"the bounds {self.bounds[0]:g} to {self.bounds[1]:g} are reversed or empty; give the lower one first",
                field="bounds",
            )
        return self

    @abstractmethod
    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        """Values at `u` (T,) in [0, 1] as (T, n_functions)."""

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        return self._on_unit(np.linspace(0.0, 1.0, length))

    def evaluate(self, x: Any) -> np.ndarray:
        """Values at samples.

        Parameters
        ----------
        x : (T,) array
            In the unit of `bounds`; where those are not given, they are the least and greatest of `x`.

        Returns
        -------
        (T, n_functions) float64 array
            NaN where `x` is NaN, or outside the bounds unless these clamp (a circle has no outside).
        """
        x = as_samples(x)
        basis = self.frozen(x)
        u = basis._to_unit(x)
        valid = (u >= 0) & (u <= 1)
        if valid.size and valid.all():
            return basis._on_unit(u)
        out = np.full((len(x), basis.n_functions), np.nan)
        if valid.any():
            out[valid] = basis._on_unit(u[valid])
        return out

    def defined(self, x: np.ndarray) -> np.ndarray:
        u = self._to_unit(as_samples(x))
        return (u >= 0) & (u <= 1)

    def frozen(self, x: Any) -> Self:
        """The same basis with the bounds, where not given, taken from `x` and kept.

        Raises
        ------
        GlmError
            If `x` has fewer than two different valid values.
        """
        if self.bounds is not None:
            return self
        x = as_samples(x)
        x = x[np.isfinite(x)]
        if not x.size or x.min() == x.max():
            raise GlmError(
                "the variable has fewer than two different values, so that no bounds can be taken from it; give the bounds",
                field="bounds",
            )
        return self.with_(bounds=(float(x.min()), float(x.max())))

    def _to_unit(self, x: np.ndarray) -> np.ndarray:
        low, high = self.bounds
        with np.errstate(invalid="ignore"):
            if self.circular:
                inside = (x >= low) & (x <= high)
                x = np.where(inside, x, low + np.mod(x - low, high - low))
            u = (x - low) / (high - low)
        return np.clip(u, 0.0, 1.0) if self.outside == "clamped" or self.circular else u


def as_samples(x: Any) -> np.ndarray:
    """(T,) float64 of an array, a `Tsd` or a pandas series."""
    return np.asarray(getattr(x, "values", x), dtype=np.float64).ravel()
