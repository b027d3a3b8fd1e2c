"""Coefficients that are matrices of low rank: alternating steps in space and in time, then Newton's method on matrices of that rank.

With the maps fixed the predictor is linear in the time courses, and the reverse; taking turns comes near (Pillow et al. 2008). Near the
end both move at once: a Newton step in the tangent space of the matrices of that rank, brought back to the rank by the singular value
decomposition (Absil, Mahony & Sepulchre 2008, chapter 8).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import eigh

from glmengine.solvers.parallel import workers

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

Blocks = Callable[[], Iterable[tuple[slice, np.ndarray]]]
"""Rows of the design, (t, P) at a time, with their place; a list where they are in memory."""


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
    blocks : Blocks
        n rows of P columns.
    y, weights : (n,) arrays
    family, link
    dispersion : float
        Of the negative binomial.
    penalty : (P, P) array
        Q.
    parts : tuple of Part
    free : (p,) int array
        The other columns that the unit may use.
    limit : float
        Half the Newton decrement at which it is done.
    """

    blocks: Blocks
    y: np.ndarray
    weights: np.ndarray
    family: Any
    link: Any
    dispersion: float
    penalty: np.ndarray
    parts: tuple[Part, ...]
    free: np.ndarray
    limit: float

    def losses(self, eta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Loss, score, expected and observed curvature of each row."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.family.evaluate(eta, self.y, self.link, np.float64(self.dispersion))

    def value(self, eta: np.ndarray, w: np.ndarray) -> float:
        loss = self.losses(eta)[0]
        return float(self.weights @ loss / self.weights.sum() + 0.5 * w @ self.penalty @ w)

    def predictor(self, w: np.ndarray, b: float) -> np.ndarray:
        eta = np.empty(len(self.y))
        with workers() as pool:
            blocks = self.blocks()
            for rows, values in pool.map(lambda block: (block[0], block[1] @ w), blocks):
                eta[rows] = values
        return eta + b


class Frame:
    """Directions in which coefficients may move: all of the free columns and the intercept, and those of each part that `kind` allows.

    ``time``: other time courses for the same maps; ``space``: other maps for the same time courses; ``both``: the tangent space of the
    matrices of that rank, in an orthonormal basis.
    """

    def __init__(self, unit: Unit, w: np.ndarray, kind: str, maps: Sequence[np.ndarray] | None = None) -> None:
        self.unit, self.kind = unit, kind
        self.factors = [factors_of(w[part.columns].reshape(part.shape), part.rank) for part in unit.parts]
        if maps is not None:
            self.factors = [(np.linalg.qr(left)[0], right) for left, (_, right) in zip(maps, self.factors, strict=True)]
        self.others = [_complement(left) for left, _ in self.factors] if kind == "both" else []

    @cached_property
    def directions(self) -> np.ndarray:
        """All directions but the intercept's as coefficients (P, q - 1)."""
        q = self.unit.free.size
        for part, (left, _) in zip(self.unit.parts, self.factors, strict=True):
            (channels, n), r = part.shape, left.shape[1]
            q += r * n if self.kind in ("time", "both") else 0
            q += r * channels if self.kind == "space" else r * (channels - r) if self.kind == "both" else 0
        return self.expand(np.eye(q + 1))[0][:, :-1]

    def expand(self, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients (P, k) and intercepts (k,) of moves (q, k)."""
        unit, k = self.unit, moves.shape[1]
        w = np.zeros((len(unit.penalty), k))
        w[unit.free] = moves[: unit.free.size]
        at = unit.free.size
        for number, (part, (left, right)) in enumerate(zip(unit.parts, self.factors, strict=True)):
            (channels, n), r = part.shape, left.shape[1]
            total = np.zeros((channels, n, k))
            if self.kind in ("time", "both"):
                total += np.einsum("cr,rnk->cnk", left, moves[at : at + r * n].reshape(r, n, k))
                at += r * n
            if self.kind in ("space", "both"):
                basis = self.others[number] if self.kind == "both" else np.eye(channels)
                size = basis.shape[1] * r
                total += np.einsum(
                    "cm,mrk,nr->cnk", basis, moves[at : at + size].reshape(basis.shape[1], r, k), right, optimize=True
                )
                at += size
            w[part.columns] = total.reshape(channels * n, k)
        return w, moves[-1]

    def curvature(self, eta: np.ndarray, *, expected: bool | None = None, stride: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Gradient (q,) of the mean loss where the predictor is `eta` (n,), and its second derivatives (q, q), from one row in `stride`."""
        unit = self.unit
        _, score, fisher, observed = unit.losses(eta)
        expected = not unit.family.is_convex(unit.link) if expected is None else expected
        bend = np.sqrt(np.maximum(unit.weights * (fisher if expected else observed), 0.0))
        slope, directions = unit.weights * score, self.directions

        def of_block(block: tuple[slice, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
            rows, X = block
            seen = X[::stride]
            scaled = np.column_stack([seen @ directions, np.ones(len(seen))]) * bend[rows][::stride, None]
            return slope[rows] @ X, scaled.T @ scaled

        by_column, hessian = 0.0, 0.0
        with workers() as pool:
            for part in pool.map(of_block, unit.blocks()):
                by_column, hessian = by_column + part[0], hessian + part[1]
        total = unit.weights.sum()
        gradient = np.append(np.asarray(by_column) @ directions, slope.sum())
        return gradient / total, np.asarray(hessian) * (stride / total)

    def penalty(self) -> tuple[np.ndarray, np.ndarray]:
        """All directions as columns (P, q), the intercept's zero, and the penalty's second derivatives (q, q) in them."""
        directions = np.column_stack([self.directions, np.zeros(len(self.directions))])
        return directions, directions.T @ self.unit.penalty @ directions


@dataclass(frozen=True)
class Found:
    """Where one unit ended: `w` (P,), `b`, objective, half the decrement in the tangent space, steps taken, whether it is the end."""

    w: np.ndarray
    b: float
    objective: float
    decrement: float
    steps: int
    converged: bool


def minimise(unit: Unit, w: np.ndarray, b: float, maps: Sequence[np.ndarray] | None, context: Any) -> Found:
    """From coefficients `w` (P,), `b`; where `maps`, one (C, r) for each part, are given, these begin the parts, with time courses of zero."""
    eta = unit.predictor(w, b)
    value = unit.value(eta, w)
    scale = max(unit.limit / 1e-16, 1e-300)
    definite = bool((np.diagonal(unit.penalty) > 0).all())  # else what some rows do not show would look flat
    turn, decrement, steps, failures = ("time" if maps is not None else "both"), np.inf, 0, 0
    while steps < MOST_STEPS and not context.stopping:
        context.check()
        frame = Frame(unit, w, turn, maps if steps == 0 else None)
        few = len(eta) // (ROWS_PER_DIRECTION * max(frame.directions.shape[1], 1))
        stride = 1 if turn == "both" or not definite else int(np.clip(few, 1, COARSEST))
        gradient, hessian = frame.curvature(eta, stride=stride)
        directions, pull = frame.penalty()
        gradient = gradient + directions.T @ (unit.penalty @ w)
        move = -solve(hessian + pull, gradient)
        half = -0.5 * float(gradient @ move)
        if turn == "both":
            decrement = half
            if half <= unit.limit:
                return Found(w, b, value, half, steps, True)
        step, shift = (part[..., 0] for part in frame.expand(move[:, None]))
        along = unit.predictor(step, float(shift)) if turn != "both" else None
        length, accepted = 1.0, False
        for _ in range(30):
            new = w + length * step
            if along is None:
                new = _retracted(unit, new)
                there = unit.predictor(new, b + length * float(shift))
            else:
                there = eta + length * along
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


def tangent(unit: Unit, found: Found) -> Tangent:
    """The tangent space where a unit ended."""
    frame = Frame(unit, found.w, "both")
    _, hessian = frame.curvature(unit.predictor(found.w, found.b), expected=True)
    directions, pull = frame.penalty()
    whole = np.vstack([np.eye(len(hessian))[-1:], directions])
    sizes = [left.shape[1] * (sum(part.shape) - left.shape[1]) for part, (left, _) in zip(unit.parts, frame.factors, strict=True)]
    ends = unit.free.size + np.cumsum([0, *sizes])
    places = tuple(np.arange(a, b) for a, b in pairwise(ends))
    return Tangent(whole, hessian, _inverse(hessian + pull), directions.T @ found.w, places)


def factors_of(matrix: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal maps (C, r) and time courses (n, r) of the best approximation of a (C, n) matrix."""
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left[:, :rank], right[:rank].T


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The shortest solution of a positive semidefinite system, in units in which its diagonal is 1."""
    return _inverse(matrix) @ right


def _inverse(matrix: np.ndarray) -> np.ndarray:
    diagonal = np.diagonal(matrix)
    size = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = eigh(matrix / np.outer(size, size), check_finite=False)
    known = values > NULL * max(float(values[-1]), 1e-300) * max(1.0, len(values) / 100)
    half = vectors[:, known] / np.sqrt(values[known]) / size[:, None]
    return half @ half.T


def _retracted(unit: Unit, w: np.ndarray) -> np.ndarray:
    """The nearest coefficients whose parts have their rank."""
    w = w.copy()
    for part in unit.parts:
        left, strength, right = np.linalg.svd(w[part.columns].reshape(part.shape), full_matrices=False)
        kept = slice(0, part.rank)
        w[part.columns] = ((left[:, kept] * strength[kept]) @ right[kept]).ravel()
    return w


def _complement(basis: np.ndarray) -> np.ndarray:
    """An orthonormal basis (C, C - r) of what is orthogonal to the columns of an orthonormal (C, r)."""
    return np.linalg.qr(basis, mode="complete")[0][:, basis.shape[1] :]
