"""Several quadratic penalties, each with a strength of its own: their sum and the logarithm of its determinant.

The determinant is that on the space on which any of them acts (Wood 2011, J. R. Stat. Soc. B 73, 3-36, section 3.1), found for penalties that
share columns together, from the eigenvalues where one basis makes them diagonal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigh

from glmengine.models.components import Component

RANK = 1e-9
"""Eigenvalues of a penalty below this share of its largest are zero."""

UNLIKE = 1e3
"""Ratio of two coefficients' own penalties from which on they are brought to one size first."""


class Components:
    """Several quadratic penalties on Q parameters, factored once for all units.

    Parameters
    ----------
    components : sequence of Component
        Their columns are numbers of parameters.
    n_parameters : int

    Attributes
    ----------
    factors : tuple of (Q, r_j) array
        S_j = R_j R_j', r_j its rank.
    inverses : tuple of (Q, r_j) array
        The pseudo-inverse of S_j is A_j A_j'.
    rank : int
        Dimension of the space on which any of them acts.
    """

    def __init__(self, components: Sequence[Component], n_parameters: int) -> None:
        self.n = n_parameters
        self.factors = tuple(_factor_of(component, n_parameters) for component in components)
        self.inverses = tuple(np.linalg.pinv(factor).T for factor in self.factors)
        self._blocks = [_Block.of(components, members) for members in _overlapping(components)]
        self.rank = sum(block.rank for block in self._blocks)

    def __len__(self) -> int:
        return len(self.factors)

    def matrix(self, strengths: np.ndarray) -> np.ndarray:
        """Sum of the penalties (Q, Q) at strengths (J,)."""
        total = np.zeros((self.n, self.n))
        for strength, factor in zip(strengths, self.factors, strict=True):
            total += strength * (factor @ factor.T)
        return total

    def log_determinant(self, strengths: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Logarithm of the product of the eigenvalues above zero of the sum at strengths (J,), with its first (J,) and second (J, J)
        derivatives by the logarithms of the strengths."""
        value, first, second = 0.0, np.zeros(len(self)), np.zeros((len(self), len(self)))
        for block in self._blocks:
            here = strengths[block.members]
            part, slope, curvature = block.log_determinant(here)
            value += part
            first[block.members] = slope
            second[np.ix_(block.members, block.members)] = curvature
        return value, first, second


@dataclass(frozen=True)
class _Block:
    """Penalties that share columns, in a basis of the space on which any of them acts.

    Attributes
    ----------
    members : (m,) int array
        Numbers of the components.
    diagonals : (m, rank) array or None
        Their eigenvalues, where one basis makes all of them diagonal (the axes of a tensor product).
    matrices : (m, rank, rank) array
    """

    members: np.ndarray
    diagonals: np.ndarray | None
    matrices: np.ndarray

    @property
    def rank(self) -> int:
        return self.matrices.shape[1]

    @classmethod
    def of(cls, components: Sequence[Component], members: list[int]) -> _Block:
        columns = np.unique(np.concatenate([components[j].columns for j in members]))
        matrices = np.zeros((len(members), columns.size, columns.size))
        for number, j in enumerate(members):
            places = np.searchsorted(columns, components[j].columns)
            matrices[number][np.ix_(places, places)] = components[j].matrix
        size = _sizes(matrices.sum(axis=0))  # another size of a column adds a constant to the logarithm
        matrices /= np.outer(size, size)
        sizes = np.array([np.linalg.norm(matrix) or 1.0 for matrix in matrices])
        unequal = 1.0 + np.sqrt(np.arange(len(members)))  # one basis for all: that of a sum with no accidental symmetry
        values, vectors = eigh(np.einsum("j,jab->ab", unequal / sizes, matrices))
        vectors = vectors[:, values > RANK * max(float(values[-1]), 1e-300)]
        inside = np.einsum("ap,jab,bq->jpq", vectors, matrices, vectors)
        diagonals = np.einsum("jpp->jp", inside)
        off = inside - np.einsum("jp,pq->jpq", diagonals, np.eye(vectors.shape[1]))
        commute = bool(np.abs(off).max(initial=0.0) <= 1e-9 * np.abs(inside).max(initial=1e-300))
        return cls(np.array(members), np.maximum(diagonals, 0.0) if commute else None, inside)

    def log_determinant(self, strengths: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        if self.diagonals is not None:
            parts = strengths[:, None] * self.diagonals
            total = parts.sum(axis=0)
            shares = parts / total
            first = shares.sum(axis=1)
            return float(np.log(total).sum()), first, np.diag(first) - shares @ shares.T
        total = np.einsum("j,jpq->pq", strengths, self.matrices)
        size = np.sqrt(np.diagonal(total))
        factor = cho_factor(total / np.outer(size, size), lower=True)
        value = 2.0 * float(np.log(np.diagonal(factor[0])).sum() + np.log(size).sum())
        scaled = [cho_solve(factor, s * m / np.outer(size, size)) for s, m in zip(strengths, self.matrices, strict=True)]
        first = np.array([np.trace(matrix) for matrix in scaled])
        second = np.array([[np.sum(one * other.T) for other in scaled] for one in scaled])
        return value, first, np.diag(first) - second


def _factor_of(component: Component, n: int) -> np.ndarray:
    """(n, r) factor of a penalty, zero outside its columns."""
    size = _sizes(component.matrix)
    values, vectors = eigh(component.matrix / np.outer(size, size))
    kept = values > RANK * max(float(values[-1]), 1e-300)
    result = np.zeros((n, int(kept.sum())))
    result[component.columns] = size[:, None] * vectors[:, kept] * np.sqrt(values[kept])
    return result


def _sizes(matrix: np.ndarray) -> np.ndarray:
    """(p,) by which rows and columns are divided before eigenvalues are told from rounding; ones where they are alike, so that the
    penalties along the variables of a tensor product keep their common basis."""
    diagonal = np.diagonal(matrix)
    largest = float(diagonal.max(initial=0.0))
    some = diagonal[diagonal > 0]
    if not some.size or largest <= UNLIKE * some.min():
        return np.ones(len(matrix))
    return np.sqrt(np.where(diagonal > 0, diagonal, largest))


def _overlapping(components: Sequence[Component]) -> list[list[int]]:
    """Numbers of the components, those that share a column together."""
    blocks: list[tuple[set[int], list[int]]] = []
    for number, component in enumerate(components):
        columns, members = set(component.columns.tolist()), [number]
        apart = []
        for others, theirs in blocks:
            if others & columns:
                columns |= others
                members = theirs + members
            else:
                apart.append((others, theirs))
        blocks = [*apart, (columns, members)]
    return [sorted(members) for _, members in blocks]
