"""Directions in which coefficients that are matrices of low rank may move, and the slopes and bends of an objective along them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from glmengine.backend.formulas import Curvatures
from glmengine.backend.operations import ALL_ROWS, Operations, View
from glmengine.threads import quiet_blas


class FieldDesign(Protocol):
    """n rows of P columns, as the solver reads them.

    ``predictor(w)`` is X w (n,), each part of w being of its rank; ``transposed(s)`` is X's (P,).

    ``linear(free, maps, courses, y, weights, stride)`` are the operations of the backend on one row in `stride` with observations y and weights
    (n,) and those columns in which the predictor is linear while some factors are fixed: the free ones, then for each part its columns
    through the maps (C, r), map by map, and through the time courses (n, r), course by course, where given.
    """

    def predictor(self, w: np.ndarray) -> np.ndarray: ...

    def transposed(self, s: np.ndarray) -> np.ndarray: ...

    def linear(
        self,
        free: np.ndarray,
        maps: Sequence[np.ndarray] | None,
        courses: Sequence[np.ndarray] | None,
        y: np.ndarray,
        weights: np.ndarray,
        stride: int,
    ) -> Operations: ...


@dataclass(frozen=True)
class Part:
    """Columns whose coefficients are a (C, n) matrix of rank r, channel-major."""

    columns: np.ndarray
    shape: tuple[int, int]
    rank: int


@dataclass(frozen=True)
class Unit:
    """What one unit's coefficients are found from: minimise the weighted mean loss plus w'Qw/2.

    Attributes
    ----------
    rows : FieldDesign
        n rows of P columns.
    y, weights : (n,) arrays
    family, link
    dispersion : float
        Of the negative binomial.
    penalty : (P, P) sparse array
        Q.
    parts : tuple of Part
    free : (p,) int array
        The other columns that the unit may use.
    limit : float
        Half the Newton decrement at which it is done.
    """

    rows: FieldDesign
    y: np.ndarray
    weights: np.ndarray
    family: Any
    link: Any
    dispersion: float
    penalty: Any
    parts: tuple[Part, ...]
    free: np.ndarray
    limit: float

    def losses(self, eta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Loss, score, expected and observed curvature of each row."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.family.evaluate(eta, self.y, self.link, np.float64(self.dispersion))

    def value(self, eta: np.ndarray, w: np.ndarray) -> float:
        loss = self.losses(eta)[0]
        return float(self.weights @ loss / self.weights.sum() + 0.5 * w @ (self.penalty @ w))

    def predictor(self, w: np.ndarray, b: float) -> np.ndarray:
        return self.rows.predictor(w) + b

    def slope(self, eta: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, float]:
        """Gradient (P,) of the objective, and its slope along the intercept."""
        score = self.weights * self.losses(eta)[1]
        total = self.weights.sum()
        return self.rows.transposed(score) / total + self.penalty @ w, float(score.sum() / total)


class Frame:
    """Directions in which coefficients may move: all of the free columns and the intercept, and those of each part that `kind` allows.

    ``time``: other time courses for the same maps; ``space``: other maps for the same time courses; ``both``: the tangent space of the
    matrices of that rank, in an orthonormal basis. A move (q,) is the free columns', then for each part the time courses', map by
    map, and the maps', course by course, then the intercept's.
    """

    def __init__(self, unit: Unit, w: np.ndarray, kind: str, maps: Sequence[np.ndarray] | None = None) -> None:
        self.unit = unit
        self.in_time, self.in_space, self.tangent = kind != "space", kind != "time", kind == "both"
        self.factors = [factors_of(w[part.columns].reshape(part.shape), part.rank) for part in unit.parts]
        if maps is not None:
            self.factors = [
                (np.linalg.qr(left)[0], size, right) for left, (_, size, right) in zip(maps, self.factors, strict=True)
            ]
        self.others = [_complement(left) if self.tangent else np.eye(len(left)) for left, _, _ in self.factors]

    @property
    def places(self) -> list[tuple[slice, slice]]:
        """Where the moves of each part's time courses and maps are."""
        found, at = [], self.unit.free.size
        for part, other in zip(self.unit.parts, self.others, strict=True):
            middle = at + (part.rank * part.shape[1] if self.in_time else 0)
            end = middle + (part.rank * other.shape[1] if self.in_space else 0)
            found.append((slice(at, middle), slice(middle, end)))
            at = end
        return found

    @property
    def size(self) -> int:
        return (self.places[-1][1].stop if self.unit.parts else self.unit.free.size) + 1

    def expand(self, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (P, k) and intercepts (k,) of moves (q, k)."""
        k = moves.shape[1]
        w = np.zeros((self.unit.penalty.shape[0], k))
        w[self.unit.free] = moves[: self.unit.free.size]
        for part, (left, _, right), other, (times, spaces) in zip(
            self.unit.parts, self.factors, self.others, self.places, strict=True
        ):
            total = np.zeros((*part.shape, k))
            if self.in_time:
                total += np.tensordot(left, moves[times].reshape(part.rank, part.shape[1], k), 1)
            if self.in_space:
                spread = np.tensordot(right, moves[spaces].reshape(part.rank, -1, k), 1)  # (n, m, k)
                total += np.tensordot(other, spread, (1, 1))
            w[part.columns] = total.reshape(-1, k)
        return w, moves[-1]

    def gradient(self, slope: np.ndarray, along: float) -> np.ndarray:
        """A gradient (P,) and the slope along the intercept as one in these directions (q,)."""
        found = np.zeros(self.size)
        found[: self.unit.free.size], found[-1] = slope[self.unit.free], along
        for part, (left, _, right), other, (times, spaces) in zip(
            self.unit.parts, self.factors, self.others, self.places, strict=True
        ):
            own = slope[part.columns].reshape(part.shape)
            if self.in_time:
                found[times] = (left.T @ own).ravel()
            if self.in_space:
                found[spaces] = ((own @ right).T @ other).ravel()
        return found

    def curvature(self, w: np.ndarray, b: float, *, expected: bool | None = None, stride: int = 1) -> np.ndarray:
        """Second derivatives (q, q) of the mean loss at the coefficients `w` (P,), `b` that the frame was made of, from one row in `stride`."""
        unit = self.unit
        expected = not unit.family.is_convex(unit.link) if expected is None else expected
        maps = [left for left, _, _ in self.factors] if self.in_time else None
        courses = [right for _, _, right in self.factors] if self.in_space else None
        position = self._position(w, b)
        operations = unit.rows.linear(unit.free, maps, courses, unit.y, unit.weights, stride)
        view = View(np.zeros(1, int), np.full(1, ALL_ROWS), np.array([unit.dispersion]))
        columns = np.arange(position.size - 1)
        theta = np.zeros((1, operations.rows.size))
        theta[0, columns], theta[0, -1] = position[:-1], position[-1]
        total = operations.grams(Curvatures(unit.family, unit.link, expected), view, theta)[0]
        places = np.append(columns, len(total) - 1)
        with quiet_blas():
            return self._in_moves(total[np.ix_(places, places)]) * (stride / unit.weights.sum())

    def _position(self, w: np.ndarray, b: float) -> np.ndarray:
        """Coefficients of the columns in which the predictor is linear, that make the predictor of `w` (P,), `b`."""
        found = [w[self.unit.free]]
        for left, size, right in self.factors:
            if self.in_time:
                found.append((right * size).T.ravel())
            if self.in_space:
                found.append(np.zeros(left.size) if self.in_time else (left * size).T.ravel())
        return np.concatenate([*found, [b]])

    def _in_moves(self, raw: np.ndarray) -> np.ndarray:
        """A matrix in the features of the rows as one in the moves: maps only change in what is orthogonal to themselves."""
        if not self.tangent:
            return raw
        basis = np.zeros((len(raw), self.size))
        row = self.unit.free.size
        basis[np.arange(row), np.arange(row)] = 1.0
        for part, other, (times, spaces) in zip(self.unit.parts, self.others, self.places, strict=True):
            n = times.stop - times.start
            basis[np.arange(row, row + n), np.arange(times.start, times.stop)] = 1.0
            row += n
            for number in range(part.rank):
                at = spaces.start + number * other.shape[1]
                basis[row : row + len(other), at : at + other.shape[1]] = other
                row += len(other)
        basis[-1, -1] = 1.0
        return basis.T @ raw @ basis

    def pull(self) -> np.ndarray:
        """The penalty's second derivatives (q, q) in these directions."""
        penalty = self.unit.penalty
        diagonal = penalty.diagonal()
        held = [diagonal[part.columns] for part in self.unit.parts]
        if penalty.nnz == np.count_nonzero(diagonal) and all(own.min() == own.max() for own in held):
            found = np.zeros(self.size)  # the directions are orthonormal
            found[: self.unit.free.size] = diagonal[self.unit.free]
            for own, (times, spaces) in zip(held, self.places, strict=True):
                found[times.start : spaces.stop] = own[0]
            return np.diag(found)
        directions = self.expand(np.eye(self.size))[0]
        return directions.T @ (penalty @ directions)

    def bend(self, slope: np.ndarray) -> np.ndarray:
        """What the bend of the matrices of the rank adds to the second derivatives (q, q): where the gradient (P,) points out of them."""
        found = np.zeros((self.size, self.size))
        for part, (_, sizes, right), other, (times, spaces) in zip(
            self.unit.parts, self.factors, self.others, self.places, strict=True
        ):
            own = slope[part.columns].reshape(part.shape)
            outward = (other.T @ (own - (own @ right) @ right.T)).T  # (n, m)
            n, m = outward.shape
            for number, size in enumerate(sizes):
                if size > 1e-12 * sizes[0]:
                    a, b = times.start + number * n, spaces.start + number * m
                    found[a : a + n, b : b + m] = outward / size
        return found + found.T


def factors_of(matrix: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal maps (C, r), their strengths (r,) and time courses (n, r) of the best approximation of a (C, n) matrix."""
    left, strength, right = np.linalg.svd(matrix, full_matrices=False)
    return left[:, :rank], strength[:rank], right[:rank].T


def _complement(basis: np.ndarray) -> np.ndarray:
    """An orthonormal basis (C, C - r) of what is orthogonal to the columns of an orthonormal (C, r)."""
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]
