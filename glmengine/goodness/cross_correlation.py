"""Residual cross-correlation between units: coupling, or a common input, that the model lacks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.context import SILENT, Context, Progress

Z95 = 1.959963984540054


class PairSums:
    """Residuals of all units, kept in float32 as they come, and their products at each lag.

    Parameters
    ----------
    n_units, n_bins : int
    """

    def __init__(self, n_units: int, n_bins: int) -> None:
        self._residual = np.zeros((n_units, n_bins), np.float32)
        self._spread = np.zeros((n_units, n_bins), np.float32)

    def keep(self, unit: int, residual: np.ndarray, spread: np.ndarray) -> None:
        """Take note of one unit's residuals and variances (T,), 0 in bins that are not judged."""
        self._residual[unit], self._spread[unit] = residual, spread

    def correlations(self, segment: np.ndarray, n_lags: int, context: Context = SILENT) -> tuple[np.ndarray, np.ndarray]:
        """Correlation of the residual of a unit with that of another `lag` bins before, and z-scores: (M, M, 2 L + 1) each.

        The first axis is the unit that follows at positive lags. Bins of different stretches are not paired. The scale is that of the
        model's own variances, so that few spikes where none is expected cannot make a unit's residuals look large.
        """
        n_units = len(self._residual)
        found, z = (np.full((n_units, n_units, 2 * n_lags + 1), np.nan) for _ in range(2))
        norm = np.sqrt(self._spread.sum(axis=1, dtype=np.float64))
        scale = np.outer(norm, norm)
        for lag in range(n_lags + 1):
            context.check()
            context.report(Progress("Correlating residuals between units", lag / (n_lags + 1)))
            product, variance = np.zeros((n_units, n_units)), np.zeros((n_units, n_units))
            for rows in _rows(len(segment) - lag, n_units):
                together = segment[rows.start + lag : rows.stop + lag] == segment[rows]
                later = slice(rows.start + lag, rows.stop + lag)
                product += self._residual[:, later] @ (self._residual[:, rows] * together).T
                variance += self._spread[:, later] @ (self._spread[:, rows] * together).T
            with np.errstate(divide="ignore", invalid="ignore"):
                correlation, score = product / scale, product / np.sqrt(variance)
            for array, values in ((found, correlation), (z, score)):
                array[:, :, n_lags + lag] = values
                array[:, :, n_lags - lag] = values.T
        diagonal = np.arange(n_units)
        found[diagonal, diagonal] = z[diagonal, diagonal] = np.nan
        return found, z


def _rows(total: int, n_units: int) -> Sequence[slice]:
    step = max(4096, 4_000_000 // max(n_units, 1))
    return [slice(start, min(start + step, total)) for start in range(0, max(total, 0), step)]
