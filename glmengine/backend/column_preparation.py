"""How the columns of a design are prepared, and the way back: centres, scales, and the places that own columns of units have.

Preparing conditions the problem and changes none of its answers: scales are powers of two, and coefficients are given in the units of the
design again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glmengine.backend.chunks import bucket
from glmengine.backend.column_scales import CACHED_NUMBERS


@dataclass(frozen=True)
class OwnColumns:
    """Which columns of a design all units share, and which each has for itself.

    Attributes
    ----------
    shared : (P,) int array
    own : (U, H) int array
        The columns at the own places of each unit; -1 where a unit has fewer: such a place is zero, and its coefficient must not move.
    """

    shared: np.ndarray
    own: np.ndarray


@dataclass(frozen=True)
class ColumnPreparation:
    """Centres and scales of the columns, and where these stand among the parameters.

    Attributes
    ----------
    division : OwnColumns or None
        All columns are shared where None.
    centre, scale : (P,) array
        Of the shared columns; `centre_of` and `scale_of` for all of a unit's.
    own_centre, own_scale : (U, H) array
    padded, own_padded : int
        Places of the shared and of the own columns in the parameters of the prepared columns, the intercept after them.
    """

    division: OwnColumns | None
    centre: np.ndarray
    scale: np.ndarray
    own_centre: np.ndarray
    own_scale: np.ndarray
    padded: int
    own_padded: int

    @classmethod
    def of(
        cls, centre: np.ndarray, scale: np.ndarray, division: OwnColumns | None, padded: int, own_padded: int
    ) -> ColumnPreparation:
        """That of centres and scales (S,) of all columns as the design has them."""
        if division is None:
            return cls(None, centre, scale, *np.zeros((2, 0, 0)), padded, own_padded)
        own = np.append(centre, 0.0)[division.own], np.append(scale, 1.0)[division.own]  # -1 is the last
        return cls(division, centre[division.shared], scale[division.shared], *own, padded, own_padded)

    @property
    def n_shared(self) -> int:
        return self.scale.size

    @property
    def own_shape(self) -> tuple[int, int]:
        """Units and places of own columns, as chunks have them."""
        return (0, 0) if self.division is None else (bucket(len(self.division.own)), self.own_padded)

    @property
    def size(self) -> int:
        """Parameters of a column of the problem: Q."""
        return self.padded + self.own_padded + 1

    @property
    def places(self) -> np.ndarray:
        """(P + H,) where the coefficients stand among the parameters."""
        return np.concatenate([np.arange(self.n_shared), self.padded + np.arange(self.own_scale.shape[1])])

    def scale_of(self, unit: np.ndarray) -> np.ndarray:
        """(K, P + H) factors by which the columns of these units (K,) were divided."""
        return _of_units(self.scale, self.own_scale, unit)

    def centre_of(self, unit: np.ndarray) -> np.ndarray:
        """(K, P + H) what was subtracted from them before."""
        return _of_units(self.centre, self.own_centre, unit)

    def to_raw(self, scaled: np.ndarray, intercept: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (K, P + H) and intercepts (K,) in the units of the design, from those of the prepared columns (K, Q - 1)."""
        raw = scaled[:, self.places] / self.scale_of(unit)
        return raw, intercept - np.sum(raw * self.centre_of(unit), axis=1)

    def from_raw(self, coef: np.ndarray, intercept: np.ndarray, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The reverse of `to_raw`."""
        scaled = np.zeros((len(coef), self.size - 1))
        scaled[:, self.places] = coef * self.scale_of(unit)
        return scaled, intercept + np.sum(coef * self.centre_of(unit), axis=1)

    def shared_to_raw(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Factors (K, P) of the shared columns as the design has them, and intercepts (K,), of parameters (K, Q)."""
        coef = theta[:, : self.n_shared] / self.scale
        return coef, theta[:, -1] - coef @ self.centre

    def sums_of_raw(self, sums: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Sums (K, Q) of residuals times the prepared rows, from those with the rows as the design has them (K, P) and of the residuals
        themselves (K,)."""
        result = np.zeros((len(sums), self.size))
        result[:, : self.n_shared] = (sums - np.outer(total, self.centre)) / self.scale
        result[:, -1] = total
        return result

    def place(self, raw: np.ndarray, X: np.ndarray) -> None:
        """Shared columns (c, P) as the design has them, centred and scaled, into X (c, padded)."""
        inverse = 1.0 / self.scale  # powers of two: exact
        step = max(64, CACHED_NUMBERS // self.padded)
        for first in range(0, len(raw), step):
            inside = X[first : first + step, : self.n_shared]
            np.subtract(raw[first : first + step], self.centre, out=inside)
            inside *= inverse

    def shared(self, raw: np.ndarray) -> np.ndarray:
        """(c, padded) prepared shared columns of such ones (c, P) as the design has them."""
        X = np.empty((len(raw), self.padded))
        X[:, self.n_shared :] = 0.0
        self.place(raw, X)
        return X

    def own(self, raw: np.ndarray, rows: int | None = None) -> np.ndarray:
        """(U, H, c) prepared own columns of rows (r, S) as the design has them, c the rows or so many as they are padded to."""
        result = np.zeros((*self.own_shape, len(raw) if rows is None else rows))
        filled = np.nonzero(self.division.own >= 0)
        column, centre, scale = self.division.own[filled], self.own_centre[filled], self.own_scale[filled]
        step = max(16, CACHED_NUMBERS // max(raw.shape[1], 1))
        for first in range(0, len(raw), step):  # column by column, each number is met in memory by itself
            values = raw[first : first + step, column]
            values -= centre
            values /= scale
            result[(*filled, slice(first, first + len(values)))] = values.T
        return result


def _of_units(shared: np.ndarray, own: np.ndarray, unit: np.ndarray) -> np.ndarray:
    if not own.size:
        return shared[None] if unit.size == 1 else np.broadcast_to(shared, (unit.size, shared.size))
    return np.concatenate([np.broadcast_to(shared, (unit.size, shared.size)), own[unit]], axis=1)
