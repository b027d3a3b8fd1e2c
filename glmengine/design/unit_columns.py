"""The columns of a design that may drive each unit, and products that leave out the others: histories of a population are mostly those."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.design.chunks import as_slice

if TYPE_CHECKING:
    from glmengine.design.design import Design

_FEW = 0.5
"""Share of its columns that a unit has of a block, up to which a product of these alone is made for each unit."""


@dataclass(frozen=True)
class UnitColumns:
    """Of one unit.

    Attributes
    ----------
    numbers : (p,) int array
        Among the columns of the design, rising.
    parts : tuple of (int, slice or int array, slice)
        Of each block with any of them: its number, which of its columns they are, and where these stand among the p.
    """

    numbers: np.ndarray
    parts: tuple[tuple[int, slice | np.ndarray, slice], ...]


def unit_columns(design: Design, units: Sequence[str]) -> list[UnitColumns]:
    """Of each unit."""
    mask, found = design.mask(units), []
    for unit in range(len(units)):
        parts, end = [], 0
        for number, where in enumerate(design.slices.values()):
            own = np.arange(where.stop - where.start) if mask is None else np.flatnonzero(mask[where, unit])
            if own.size:
                parts.append((number, as_slice(own), slice(end, end + own.size)))
                end += own.size
        numbers = np.arange(design.n_columns) if mask is None else np.flatnonzero(mask[:, unit])
        found.append(UnitColumns(numbers, tuple(parts)))
    return found


def predictors(features: Sequence[np.ndarray], columns: Sequence[UnitColumns], coef: np.ndarray) -> np.ndarray:
    """(T, M) products of rows, (T, p) for each block, with coefficients (P, M), which are 0 for columns that do not drive a unit."""
    ends = np.cumsum([0, *(values.shape[1] for values in features)])
    used = np.zeros(len(features))
    for one in columns:
        for number, _, at in one.parts:
            used[number] += at.stop - at.start
    few = used <= _FEW * len(columns) * np.diff(ends)
    eta = np.zeros((len(features[0]), len(columns)))
    for number in np.flatnonzero(~few).tolist():
        eta += features[number] @ coef[ends[number] : ends[number + 1]]
    for unit, one in enumerate(columns):
        for number, own, at in one.parts:
            if few[number]:
                eta[:, unit] += features[number][:, own] @ coef[one.numbers[at], unit]
    return eta
