"""Checks of the numbers that penalties and tests are given."""

from __future__ import annotations

import math

import numpy as np

from glmengine.errors import GlmError

LARGEST_STRENGTH = 1e30
"""No covariate is in units so large that a stronger penalty would leave anything of its coefficient."""


SMALLEST_STRENGTH = 1e-60
"""Weaker penalties than this, but for none at all, are lost beside the rounding of what they are added to, and with them the coefficients that
they alone determine."""


def is_number(value: object) -> bool:
    """Whether this is one real number, of Python or NumPy."""
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def check_strength(strength: float) -> float:
    """`strength` as a float, refused where negative, not finite, or so large that its products with squares of coefficients are not."""
    try:
        value = float(strength)
    except (TypeError, ValueError) as error:
        raise GlmError(f"penalty: the strength {strength!r} is not a number; give 0 or more", field="model.strengths") from error
    if not (math.isfinite(value) and value >= 0):
        raise GlmError(f"penalty: the strength is {value}; give a finite number, 0 or more", field="model.strengths")
    if value > LARGEST_STRENGTH:
        raise GlmError(
            f"penalty: the strength is {value:g}, which leaves nothing of any coefficient; give {LARGEST_STRENGTH:g} at most",
            field="model.strengths",
        )
    if 0 < value < SMALLEST_STRENGTH:
        raise GlmError(
            f"penalty: the strength is {value:g}, which rounding cannot tell from none; give 0, or {SMALLEST_STRENGTH:g} at least",
            field="model.strengths",
        )
    return value
