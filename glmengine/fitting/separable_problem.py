"""What is asked of models with separable receptive fields: rows, columns and penalty, and of each unit the problem that its solver takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.backend.formulas import Seen, Worth
from glmengine.design.design import Design
from glmengine.errors import GlmError
from glmengine.fitting.batch import DECREMENT, resolve_penalty
from glmengine.fitting.field_rows import FieldRows
from glmengine.fitting.inputs import Inputs
from glmengine.models import Family, Link, Penalty
from glmengine.solvers.low_rank import Found
from glmengine.solvers.rank_frame import Unit

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from glmengine.models.penalties import Resolved


class Problem:
    """Rows, columns and penalty of all units, read once."""

    def __init__(self, inputs: Inputs, design: Design, family: Family, link: Link, penalty: Penalty, memory: float) -> None:
        self.inputs, self.family, self.link = inputs, family, link
        resolved = resolve_penalty(penalty.scaled(1.0), inputs, None)
        if not resolved.is_smooth:
            raise GlmError(
                "a separable receptive field cannot have a penalty that makes zeros; choose ridge, smoothness or none",
                field="model.penalty",
            )
        self.quadratic = _sparse(resolved)
        self.index = np.flatnonzero(inputs.valid)
        Y = np.asarray(inputs.Y[self.index], np.float64)
        self.present = np.isfinite(Y).astype(float)
        self.Y = np.where(self.present > 0, Y, family.placeholder)
        P, M = inputs.source.shape[1], Y.shape[1]
        self.allowed = np.ones((P, M), bool) if inputs.mask is None else inputs.mask
        self.rows = FieldRows(design, self.index, memory)
        self.parts = self.rows.parts
        self.held = np.concatenate([part.columns for part in self.parts])

    @property
    def means(self) -> np.ndarray:
        """(M,) mean observations."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return (self.Y * self.present).sum(axis=0) / self.present.sum(axis=0)

    def unit(self, m: int, strength: float, dispersion: float, kept: np.ndarray | None = None) -> Unit:
        """One unit on the rows `kept` (n,) bool, all where None."""
        weights = self.present[:, m] if kept is None else self.present[:, m] * kept
        free = np.setdiff1d(np.flatnonzero(self.allowed[:, m]), self.held)
        mean = float(weights @ self.Y[:, m] / weights.sum())
        with np.errstate(invalid="ignore", divide="ignore"):
            null = np.asarray(self.family.deviance(np.full(len(weights), mean), self.Y[:, m], np.float64(dispersion)))
        scale = float(weights @ np.nan_to_num(null) / weights.sum())
        limit = DECREMENT * (max(1.0, scale) if self.family.unitless else max(scale, 1e-300))
        return Unit(
            self.rows,
            self.Y[:, m],
            weights,
            self.family,
            self.link,
            dispersion,
            self.quadratic * strength,
            self.parts,
            free,
            limit,
        )

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
    found = Worth(unit.family, unit.link)(eta, Seen(y, weights, dispersion, np.full((1, 1), null)))
    return np.array([row.sum() for row in found])
