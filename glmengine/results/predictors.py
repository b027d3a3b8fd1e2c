"""Linear predictors of the units of a result."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Predictor(NamedTuple):
    """One linear predictor of M units with P features.

    Attributes
    ----------
    name : str
        Of the class; empty where there is one predictor.
    coefficients, standard_errors : (P, M) array
    intercepts, intercept_errors : (M,) array
    """

    name: str
    coefficients: np.ndarray
    standard_errors: np.ndarray
    intercepts: np.ndarray
    intercept_errors: np.ndarray

    def label(self, feature: str) -> str:
        """A feature's name, with that of the class."""
        return f"{feature} ({self.name})" if self.name else feature
