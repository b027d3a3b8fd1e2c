"""Functions of the user's own, by name, run only with permission."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import field_validator

from glmengine.basis.base import BoundedBasis
from glmengine.errors import GlmError
from glmengine.spec import param

_allowed: set[str] = set()
_ANY = "*"


def allow_code(name: str = _ANY) -> None:
    """Let custom functions run in this process: the one called `name` (``"package.module:function"``), or any."""
    _allowed.add(name)


def forbid_code() -> None:
    """Take every permission back."""
    _allowed.clear()


def code_allowed(name: str) -> bool:
    """Whether the function may be imported and run."""
    return name in _allowed or _ANY in _allowed


class Custom(BoundedBasis):
    """A function of your own, importable by name, that turns N values into N rows of columns.

    Called as ``function(x)`` with x (N,) in the unit of the variable, or, as a kernel, with the time from the window's beginning in
    seconds; it returns (N, n).
    """

    family: Literal["custom"] = "custom"
    function: str = param(
        "", title="Function", help="Where it is found: package.module:function. It is imported only after you have allowed it."
    )
    n: int = param(1, title="Columns", help="How many columns it returns.", ge=1, le=1000)
    variable_fields: ClassVar[tuple[str, ...]] = ("bounds", "outside")

    @field_validator("function")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", value):
            raise GlmError("a custom function is named as package.module:function; correct it")
        return value

    @property
    def n_functions(self) -> int:
        return self.n

    def _on_unit(self, u: np.ndarray) -> np.ndarray:
        low, high = self.bounds
        return self._called(low + u * (high - low))

    def _on_grid(self, length: int, bin_size: float) -> np.ndarray:
        return self._called(np.arange(length) * bin_size)

    def penalty_matrix(self) -> None:
        return None

    def _called(self, x: np.ndarray) -> np.ndarray:
        try:
            values = np.asarray(self._found()(x), dtype=np.float64)
        except GlmError:
            raise
        except Exception as error:
            raise GlmError(
                f"the custom function '{self.function}' failed ({type(error).__name__}: {error}); correct it", field="function"
            ) from error
        values = values[:, None] if values.ndim == 1 else values
        if values.shape != (len(x), self.n):
            raise GlmError(
                f"the custom function '{self.function}' returned an array of shape {values.shape} instead of {(len(x), self.n)}; correct it, or the number of columns",
                field="function",
            )
        return values

    def _found(self) -> Callable[[np.ndarray], Any]:
        if not self.function:
            raise GlmError("no custom function is named; give package.module:function", field="function")
        if not code_allowed(self.function):
            raise GlmError(
                f"the analysis wants to run the function '{self.function}'; if you trust it, allow it (in the window when asked, on the command line with --allow-code)",
                field="function",
            )
        module, _, name = self.function.partition(":")
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise GlmError(
                f"the custom function '{self.function}' cannot be imported ({error}); install its package or correct the name",
                field="function",
            ) from error
