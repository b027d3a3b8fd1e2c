"""Rows, columns and penalty of models with separable receptive fields, and the problem of each unit that their solver takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.backend.formulas import Seen, Worth
from glmengine.context import SILENT, Context
from glmengine.design.design import Design
from glmengine.errors import GlmError
from glmengine.fitting.batch import DECREMENT, Assembly
from glmengine.fitting.field_rows import FieldRows
from glmengine.models.penalties import Resolved
from glmengine.solvers.low_rank import Found
from glmengine.solvers.problem import ALL_ROWS
from glmengine.solvers.rank_frame import Unit

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class FieldData:
    """What all units have in common, read once.

    Parameters
    ----------
    assembly : Assembly
    design : Design
        With at least one separable receptive field.
    penalty : Resolved
        At strength 1.
    memory : float
        Bytes.
    context : Context
        Asked in each pass over the rows whether to go on.

    Raises
    ------
    GlmError
        For penalties that make zeros.
    """

    def __init__(self, assembly: Assembly, design: Design, penalty: Resolved, memory: float, context: Context = SILENT) -> None:
        if not penalty.is_smooth:
            raise GlmError(
                "a separable receptive field cannot have a penalty that makes zeros; choose ridge, smoothness or none",
                field="model.penalty",
            )
        self.assembly, self.family, self.link = assembly, assembly.family, assembly.link
        self.quadratic = _sparse(penalty)
        P, M = assembly.inputs.shape[1:]
        self.allowed = np.ones((P, M), bool) if assembly.inputs.mask is None else assembly.inputs.mask
        self.rows = FieldRows(design, assembly.index, memory, assembly.platform, context)
        self.parts = self.rows.parts
        self.of_fields = np.concatenate([part.columns for part in self.parts])

    def observed(self, m: int, held: int = ALL_ROWS, *, held_out: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Observations (n,) and weights (n,) of one unit on the rows that it is fitted to, or on those held out."""
        observations = self.assembly.observations
        weights = observations.weights[min(m, len(observations.weights) - 1)]
        if held != ALL_ROWS:
            same = observations.fold == held
            weights = weights * (same if held_out else ~same)
        return observations.y[m].astype(np.float64, copy=False), weights

    def unit(self, m: int, strength: float, dispersion: float, held: int = ALL_ROWS) -> Unit:
        """One unit, with a fold held out."""
        y, weights = self.observed(m, held)
        free = np.setdiff1d(np.flatnonzero(self.allowed[:, m]), self.of_fields)
        mean = float(weights @ y / weights.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            null = np.asarray(self.family.deviance(np.full(len(weights), mean), y, np.float64(dispersion)))
        scale = float(weights @ np.nan_to_num(null) / weights.sum())
        limit = DECREMENT * (max(1.0, scale) if self.family.unitless else max(scale, 1e-300))
        return Unit(self.rows, y, weights, self.family, self.link, dispersion, self.quadratic * strength, self.parts, free, limit)

    def average_maps(self, unit: Unit) -> list[np.ndarray]:
        """For each part the maps (C, r) that a fit of the unit begins with."""
        return self.rows.average_maps(unit.y, unit.weights)


def _sparse(penalty: Resolved) -> csr_array:
    """The quadratic part (P, P), of which most is zero."""
    from scipy.sparse import csr_array, diags_array

    ridge = diags_array(penalty.ridge).tocsr()
    return csr_array(ridge if penalty.matrix is None else ridge + csr_array(penalty.matrix))


def sums_over(unit: Unit, found: Found, rows: np.ndarray, null: float) -> np.ndarray:
    """The numbers of `Worth` (8,) of a field on `rows` (n,) bool, beside the mean `null`."""
    eta, y, weights = (values[rows][None] for values in (unit.predictor(found.w, found.b), unit.y, unit.weights))
    dispersion = np.full((1, 1), np.float64(unit.dispersion))
    numbers = Worth(unit.family, unit.link)(eta, Seen(y, weights, dispersion, np.full((1, 1), null)))
    return np.array([row.sum() for row in numbers])
