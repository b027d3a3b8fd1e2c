"""Coefficients that are matrices of low rank: alternating steps in space and in time, then Newton's method on matrices of that rank.

With the maps fixed the predictor is linear in the time courses, and the reverse; taking turns comes near (Pillow et al. 2008). Near the
end both move at once: a Newton step in the tangent space of the matrices of that rank, the bend of that space included (Absil, Mahony &
Sepulchre 2008, chapter 8; Vandereycken 2013), brought back to the rank by the singular value decomposition.

The rows are never asked for all C n columns of a field, only for what is seen through r maps or r time courses.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from glmengine.solvers.parallel import quiet_blas, workers

NULL = 1e-12
"""Eigenvalues of a scaled Hessian below this share of the largest are directions in which the data say nothing."""

MOST_STEPS = 200
MOST_TURNS = 30
"""Alternating steps before Newton's on the rank are tried."""

ENOUGH = 1e-4
"""Once half the decrement of an alternating step is below this share of the null deviance, both factors move at once."""

ROWS_PER_DIRECTION, COARSEST = 20, 16
"""Second derivatives are estimated from so many rows a direction, but not from fewer than every sixteenth, while
the factors take turns."""

_FLATTEST = 1e-3
"""Share of the bend without that of the tangent space below which a direction counts as bent so much."""

_DEFINITE = 1e-7
"""Smallest squared pivot of a scaled matrix of second derivatives that is taken as it is."""

_SAME = 1e-3
"""Root mean square distance of two predictors at which two starts have come to the same end."""

Features = Callable[[np.ndarray], np.ndarray]


class Rows(Protocol):
    """n rows of P columns, as the solver reads them.

    ``predictor(w, parts)`` is X w (n,), each part of w being of its rank; ``transposed(s)`` is X's (P,); ``stretches(stride)`` are
    arrays of row numbers, one row in `stride`; ``seen(maps, courses)`` makes of such rows their features (t, q): the free columns, then
    for each part its columns through the maps (C, r), map by map, and through the time courses (n, r), course by course, where given.
    """

    def predictor(self, w: np.ndarray) -> np.ndarray: ...

    def transposed(self, s: np.ndarray) -> np.ndarray: ...

    def stretches(self, stride: int) -> Sequence[np.ndarray]: ...

    def seen(self, free: np.ndarray, maps: Sequence[np.ndarray] | None, courses: Sequence[np.ndarray] | None) -> Features: ...


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
    rows : Rows
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

    rows: Rows
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

    def curvature(self, eta: np.ndarray, *, expected: bool | None = None, stride: int = 1) -> np.ndarray:
        """Second derivatives (q, q) of the mean loss where the predictor is `eta` (n,), from one row in `stride`."""
        unit = self.unit
        _, _, fisher, observed = unit.losses(eta)
        expected = not unit.family.is_convex(unit.link) if expected is None else expected
        bend = np.sqrt(np.maximum(unit.weights * (fisher if expected else observed), 0.0))
        maps = [left for left, _, _ in self.factors] if self.in_time else None
        features = unit.rows.seen(unit.free, maps, [right for _, _, right in self.factors] if self.in_space else None)

        def of_rows(rows: np.ndarray) -> np.ndarray:
            seen = features(rows)
            scaled = np.empty((rows.size, seen.shape[1] + 1))
            np.multiply(seen, bend[rows, None], out=scaled[:, :-1])
            scaled[:, -1] = bend[rows]
            return scaled.T @ scaled

        total: Any = 0.0
        with workers() as pool:
            for part in pool.map(of_rows, unit.rows.stretches(stride)):
                total = total + part
        with quiet_blas():
            return self._in_moves(np.asarray(total)) * (stride / unit.weights.sum())

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


@dataclass(frozen=True)
class Found:
    """Where one unit ended: `w` (P,), `b`, objective, half the decrement in the tangent space, steps taken, whether it is the end."""

    w: np.ndarray
    b: float
    objective: float
    decrement: float
    steps: int
    converged: bool


def minimise(
    unit: Unit, w: np.ndarray, b: float, maps: Sequence[np.ndarray] | None, context: Any, known: Found | None = None
) -> Found:
    """From coefficients `w` (P,), `b`; where `maps`, one (C, r) for each part, are given, these begin the parts, with time courses of zero.

    Where an end is `known` already, it is the answer as soon as the predictor comes to it.
    """
    eta = unit.predictor(w, b)
    value = unit.value(eta, w)
    scale = max(unit.limit / 1e-16, 1e-300)
    definite = bool((unit.penalty.diagonal() > 0).all())  # else what some rows do not show would look flat
    there_already = None if known is None else unit.predictor(known.w, known.b)
    turn, decrement, steps, failures = ("time" if maps is not None else "both"), np.inf, 0, 0
    while steps < MOST_STEPS and not context.stopping:
        context.check()
        frame = Frame(unit, w, turn, maps if steps == 0 else None)
        stride = 1
        if turn != "both" and definite:
            stride = int(np.clip(len(eta) // (ROWS_PER_DIRECTION * frame.size), 1, COARSEST))
        slope, along = unit.slope(eta, w)
        gradient, hessian = frame.gradient(slope, along), frame.curvature(eta, stride=stride) + frame.pull()
        with quiet_blas():
            move = -solve(hessian, gradient, frame.bend(slope) if turn == "both" else None)
        half = -0.5 * float(gradient @ move)
        if turn == "both":
            decrement = half
            if half <= unit.limit:
                return Found(w, b, value, half, steps, True)
            if known is not None and there_already is not None and _distance(unit, eta, there_already) < _SAME:
                return known
        step, shift = (part[..., 0] for part in frame.expand(move[:, None]))
        ahead = unit.predictor(step, float(shift)) if turn != "both" else None
        length, accepted = 1.0, False
        for _ in range(30):
            new = w + length * step
            if ahead is None:
                new = _retracted(unit, new)
                there = unit.predictor(new, b + length * float(shift))
            else:
                there = eta + length * ahead
            reached = unit.value(there, new)
            close = half <= 1e-9 * max(1.0, abs(value)) and reached <= value + 1e-13 * max(1.0, abs(value))
            if np.isfinite(reached) and (reached <= value - 1e-4 * length * 2 * half or close):
                accepted = True
                break
            length *= 0.5
        steps += 1
        if accepted:
            w, b, eta, value, failures = new, b + length * float(shift), there, reached, 0
        else:
            failures += 1
            if failures > 2:
                break
        if turn == "both":
            turn = "both" if accepted else "time"
        elif steps >= MOST_TURNS or (steps > 2 and half <= ENOUGH * scale) or not accepted:
            turn = "both"
        else:
            turn = "space" if turn == "time" else "time"
    return Found(w, b, value, decrement, steps, False)


def _distance(unit: Unit, eta: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(unit.weights @ (eta - other) ** 2 / unit.weights.sum()))


@dataclass(frozen=True)
class Tangent:
    """The tangent space of the rank at an optimum, in which the covariance lies: what the rank rules out has no variance.

    Attributes
    ----------
    directions : (P + 1, q) array
        Orthonormal; the intercept is the first row, and the last direction.
    hessian, inverse : (q, q) array
        Expected second derivatives of the mean loss, and the inverse of those with the penalty.
    position : (q,) array
        The coefficients in these directions.
    places : tuple of (p,) int array
        Directions of each part.
    """

    directions: np.ndarray
    hessian: np.ndarray
    inverse: np.ndarray
    position: np.ndarray
    places: tuple[np.ndarray, ...]

    @property
    def edf(self) -> float:
        return float(np.sum(self.inverse * self.hessian))

    @property
    def covariance(self) -> np.ndarray:
        """(P + 1, P + 1) inverse of the second derivatives, the intercept first."""
        return self.directions @ self.inverse @ self.directions.T

    @property
    def variances(self) -> np.ndarray:
        """(P + 1,) diagonal of `covariance`, without making it."""
        return np.einsum("pq,pq->p", self.directions @ self.inverse, self.directions)


def tangent(unit: Unit, found: Found) -> Tangent:
    """The tangent space where a unit ended."""
    frame = Frame(unit, found.w, "both")
    hessian = frame.curvature(unit.predictor(found.w, found.b), expected=True)
    directions = frame.expand(np.eye(frame.size))[0]
    whole = np.vstack([np.eye(len(hessian))[-1:], directions])
    ends = [unit.free.size, *(spaces.stop for _, spaces in frame.places)]
    places = tuple(np.arange(a, b) for a, b in pairwise(ends))
    return Tangent(whole, hessian, _inverse(hessian + frame.pull()), directions.T @ found.w, places)


def factors_of(matrix: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orthonormal maps (C, r), their strengths (r,) and time courses (n, r) of the best approximation of a (C, n) matrix."""
    left, strength, right = np.linalg.svd(matrix, full_matrices=False)
    return left[:, :rank], strength[:rank], right[:rank].T


def solve(matrix: np.ndarray, right: np.ndarray, bend: np.ndarray | None = None) -> np.ndarray:
    """The shortest solution of a positive semidefinite system, in units in which its diagonal is 1.

    With a `bend` added to the matrix, which need not be definite then: along directions that bend down, as if they bent up as much, so
    that the step still goes down.
    """
    diagonal = np.diagonal(matrix)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    scale = np.outer(size, size)
    scaled = matrix / scale
    added = None if bend is None else bend / scale
    try:
        factor = cho_factor(scaled if added is None else scaled + added, lower=True, check_finite=False)
        if np.diagonal(factor[0]).min() ** 2 > _DEFINITE:
            return cho_solve(factor, right / size, check_finite=False) / size
    except LinAlgError:
        pass  # the eigenvectors say where it is flat or bends down
    half = _half_inverse(scaled)
    seen = half.T @ (right / size)
    if added is None:
        return half @ seen / size
    values, vectors = eigh(half.T @ added @ half, check_finite=False)
    return half @ (vectors @ ((vectors.T @ seen) / np.maximum(np.abs(1.0 + values), _FLATTEST))) / size


def _half_inverse(scaled: np.ndarray) -> np.ndarray:
    """H (q, k) with H'AH = 1 for a matrix A (q, q) of unit diagonal, without the directions in which it is flat."""
    values, vectors = eigh(scaled, check_finite=False)
    known = values > NULL * max(float(values[-1]), 1e-300) * max(1.0, len(values) / 100)
    return vectors[:, known] / np.sqrt(values[known])


def _inverse(matrix: np.ndarray) -> np.ndarray:
    diagonal = np.diagonal(matrix)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    half = _half_inverse(matrix / np.outer(size, size)) / size[:, None]
    return half @ half.T


def _retracted(unit: Unit, w: np.ndarray) -> np.ndarray:
    """The nearest coefficients whose parts have their rank."""
    w = w.copy()
    for part in unit.parts:
        left, strength, right = factors_of(w[part.columns].reshape(part.shape), part.rank)
        w[part.columns] = ((left * strength) @ right.T).ravel()
    return w


def _complement(basis: np.ndarray) -> np.ndarray:
    """An orthonormal basis (C, C - r) of what is orthogonal to the columns of an orthonormal (C, r)."""
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]
