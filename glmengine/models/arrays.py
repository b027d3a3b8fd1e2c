"""The array library of a formula: NumPy for NumPy input, JAX for traced or JAX input."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np

LARGEST_EXPONENT = 300.0
"""exp of this can still be squared and summed in float64; a larger linear predictor is never near an optimum."""

INFEASIBLE = 1e150
"""Loss of a linear predictor outside the link's domain: larger than any other, and zero when weighted by zero."""


def library(*values: Any) -> SimpleNamespace:
    """`np` (the array module) and `special` (gammaln, log_ndtr, ...) for arrays of this kind.

    NumPy arrays and plain numbers are worked on by NumPy and SciPy, so that nothing imports JAX to
    evaluate a rate; everything else goes to `jax.numpy`, in the precision that is switched on there.
    """
    for value in values:
        if not (isinstance(value, _OF_NUMPY) or value is None):
            return _jax()
    return _numpy()


_OF_NUMPY = (np.ndarray, np.generic, float, int, list, tuple)


@cache
def _numpy() -> SimpleNamespace:
    import scipy.special as special

    return SimpleNamespace(np=np, special=special)


@cache
def _jax() -> SimpleNamespace:
    import jax.numpy as jnp
    import jax.scipy.special as special

    return SimpleNamespace(np=jnp, special=special)
