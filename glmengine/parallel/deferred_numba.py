"""Numba, which compiles what pynapple does with times, loaded when there is enough for it to do.

Loading it and what it has compiled takes half a second of a processor, as long as everything else that opens a small recording; the functions that
it compiles are plain Python, and a few thousand times go through those in milliseconds.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial, update_wrapper
from importlib import import_module
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

NAME = "numba"
ENOUGH = 2_000_000
"""Numbers that go through plain Python, of all calls together, before what comes is compiled: they take no longer than loading does."""


def defer_numba() -> None:
    """Put something in the place of numba that loads it when it is needed.

    For processes that are the program's alone, before they import pynapple. Whoever takes anything but `jit` and `njit` loads numba by that.
    """
    if NAME not in sys.modules:
        sys.modules[NAME] = _Deferred()


class _Deferred(ModuleType):
    """What stands for the module."""

    def __init__(self) -> None:
        super().__init__(NAME, "Numba, which is loaded when it is needed.")
        self.__spec__ = ModuleSpec(NAME, None)
        self.__path__: list[str] = []
        self._lock = threading.RLock()
        self._used = 0

    def load(self) -> ModuleType:
        """Numba itself, which takes this place among the modules."""
        with self._lock:
            if sys.modules.get(NAME) is self:
                del sys.modules[NAME]
            return import_module(NAME)

    def is_enough(self, numbers: int) -> bool:
        """Whether with so many more numbers it is worth loading."""
        self._used += numbers
        return self._used > ENOUGH

    def jit(self, *given: Any, **options: Any) -> Any:
        return self._decorated("jit", *given, **options)

    def njit(self, *given: Any, **options: Any) -> Any:
        return self._decorated("njit", *given, **options)

    def _decorated(self, kind: str, *given: Any, **options: Any) -> Any:
        if len(given) == 1 and callable(given[0]) and not options:
            return _Function(self, kind, given[0], (), {})
        return partial(_Function, self, kind, signature=given, options=options)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.load(), name)


class _Function:
    """A function that is run as it was written until there is enough to do."""

    def __init__(
        self, numba: _Deferred, kind: str, written: Callable[..., Any], signature: tuple[Any, ...], options: dict[str, Any]
    ) -> None:
        self._numba, self._kind, self._written, self._signature, self._options = numba, kind, written, signature, options
        self._compiled: Any = None
        update_wrapper(self, written)

    def compiled(self) -> Any:
        """The same function, of numba's."""
        if self._compiled is None:
            decorate = getattr(self._numba.load(), self._kind)
            self._compiled = (
                decorate(*self._signature, **self._options)(self._written)
                if self._signature or self._options
                else decorate(self._written)
            )
        return self._compiled

    def __call__(self, *values: Any, **named: Any) -> Any:
        if self._compiled is None:
            numbers = sum(getattr(value, "size", 1) for value in (*values, *named.values()))  # of arrays
            if not self._numba.is_enough(numbers):
                return self._written(*values, **named)
        return self.compiled()(*values, **named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.compiled(), name)  # other compiled functions call this one, and ask what it is
