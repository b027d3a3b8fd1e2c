"""Goodness of fit: time rescaling, residuals, calibration, dispersion, influence and what is left between units.

The package can be called: ``ge.goodness(result, recording)`` is ``result.goodness(recording)``.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glmengine.goodness.goodness import Goodness


class _Callable(ModuleType):
    """A package of the same name as its function: importing it would otherwise hide the function."""

    def __call__(self, result: Any, recording: Any, units: Any = None, **options: Any) -> Goodness:
        """See `glmengine.Result.goodness`."""
        return result.goodness(recording, units, **options)


sys.modules[__name__].__class__ = _Callable
