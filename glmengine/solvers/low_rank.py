"""Coefficients that are matrices of low rank: alternating steps in space and in time, then Newton's method on matrices of that rank.

With the maps fixed the predictor is linear in the time courses, and the reverse; taking turns comes near (Pillow et al. 2008). Near the
end both move at once: a Newton step in the tangent space of the matrices of that rank, the bend of that space included (Absil, Mahony &
Sepulchre 2008, chapter 8; Vandereycken 2013), brought back to the rank by the singular value decomposition.

The rows are never asked for all C n columns of a field, only for what is seen through r maps or r time courses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, eigh

from glmengine.solvers.rank_frame import Frame, Unit, factors_of
from glmengine.threads import quiet_blas

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

_ROUNDED = 1e-24
"""Share of the largest second derivative below which one is zero but for rounding."""

_DEFINITE = 1e-7
"""Smallest squared pivot of a scaled matrix of second derivatives that is taken as it is."""

_SAME = 1e-3
"""Root mean square distance of two predictors at which two starts have come to the same end."""


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
        gradient, hessian = frame.gradient(slope, along), frame.curvature(w, b, stride=stride) + frame.pull()
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
    hessian = frame.curvature(found.w, found.b, expected=True)
    directions = frame.expand(np.eye(frame.size))[0]
    whole = np.vstack([np.eye(len(hessian))[-1:], directions])
    ends = [unit.free.size, *(spaces.stop for _, spaces in frame.places)]
    places = tuple(np.arange(a, b) for a, b in pairwise(ends))
    return Tangent(whole, hessian, _inverse(hessian + frame.pull()), directions.T @ found.w, places)


def solve(matrix: np.ndarray, right: np.ndarray, bend: np.ndarray | None = None) -> np.ndarray:
    """The shortest solution of a positive semidefinite system, in units in which its diagonal is 1.

    With a `bend` added to the matrix, which need not be definite then: along directions that bend down, as if they bent up as much, so
    that the step still goes down.
    """
    size = _sizes(matrix)
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


def _sizes(matrix: np.ndarray) -> np.ndarray:
    """(q,) roots of the diagonal; that of the largest for what only rounding has left above zero."""
    diagonal = np.diagonal(matrix)
    largest = max(float(diagonal.max()), 1e-300)
    return np.sqrt(np.where(diagonal > _ROUNDED * largest, diagonal, largest))


def _half_inverse(scaled: np.ndarray) -> np.ndarray:
    """H (q, k) with H'AH = 1 for a matrix A (q, q) of unit diagonal, without the directions in which it is flat."""
    values, vectors = eigh(scaled, check_finite=False)
    known = values > NULL * max(float(values[-1]), 1e-300) * max(1.0, len(values) / 100)
    return vectors[:, known] / np.sqrt(values[known])


def _inverse(matrix: np.ndarray) -> np.ndarray:
    size = _sizes(matrix)
    half = _half_inverse(matrix / np.outer(size, size)) / size[:, None]
    return half @ half.T


def _retracted(unit: Unit, w: np.ndarray) -> np.ndarray:
    """The nearest coefficients whose parts have their rank."""
    w = w.copy()
    for part in unit.parts:
        left, strength, right = factors_of(w[part.columns].reshape(part.shape), part.rank)
        w[part.columns] = ((left * strength) @ right.T).ravel()
    return w
