"""Optima at infinity that a solver's own steps do not show: directions along which the likelihood rises for ever (separation).

The loss of rows without a spike falls for ever as their mean goes to 0. Where many columns share such a direction each coefficient takes
small steps, and when the means have fallen far enough, what curvature is left is lost beside that of other rows, and the fit looks finished. What is
told apart here are rows whose curvature is next to nothing: they are at an optimum only if they balance one another, however small they are; where one
more step of Newton's, on them alone, would move their linear predictors, there is none (Albert & Anderson 1984, Biometrika 71, 1-10, name the kinds).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.linalg import eigh

from glmengine.backend.numpy_operations import seen_in
from glmengine.backend.operations import View
from glmengine.backend.pieces import Piece, pieces
from glmengine.solvers.problem import Objective, Problem
from glmengine.solvers.rank import NULL

FAINT = 1e-8
"""Curvature of a row, over the largest or that at the mean, below which it may be on its way to 0."""

SEEN = 1e-10
"""Squared share of a direction that rows must have, to be moved along it at all."""

MOVED = 0.05
"""Change of a linear predictor that is no correction any more."""


def separated(problem: Problem, objective: Objective, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Which of these columns (k,), whose fits end at parameters (K, Q), have no finite optimum, as a bool (k,) array."""
    found = np.zeros(columns.size, bool)
    if not problem.family.of_spikes or not columns.size:
        return found
    faintest, strongest = np.full(columns.size, np.inf), _curvature_at_mean(problem, columns)  # all rows may be faint
    view = problem.view.of(columns)
    if objective.alone is not None:
        least, largest = objective.alone.curvatures(theta[0])
        faintest[:], strongest = least, np.maximum(strongest, largest)
    else:
        for piece in _pieces(problem, objective):
            used, _, curvature = _derivatives(problem, piece, view, theta[columns])
            strongest = np.maximum(strongest, curvature.max(axis=1, initial=0.0))
            faintest = np.minimum(faintest, np.where(used, curvature, np.inf).min(axis=1, initial=np.inf))
    for place in np.flatnonzero(faintest < FAINT * strongest).tolist():
        found[place] = _Faint(problem, objective, theta, int(columns[place]), FAINT * float(strongest[place])).move()
    return found


class _Faint:
    """The rows of one column of a problem whose curvature is below `least`."""

    def __init__(self, problem: Problem, objective: Objective, theta: np.ndarray, k: int, least: float) -> None:
        self._problem, self._objective, self._k, self._least = problem, objective, k, least
        self._theta = theta[[k]]
        self._view = problem.view.of(np.array([k]))

    def move(self) -> bool:
        """Whether a step of Newton's for them alone, which no other row and no penalty feels, leads on."""
        directions = self._felt_by_no_other()
        if not directions.shape[1]:
            return False
        r = directions.shape[1]
        seen, gradient, hessian, along = np.zeros((r, r)), np.zeros(r), np.zeros((r, r)), []
        largest = 0.0
        for faint, score, curvature, moved in self._rows(directions):
            seen += moved[:, faint] @ moved[:, faint].T
            along.append((score[faint], curvature[faint], moved[:, faint]))
            largest = max(largest, float(np.abs(score[faint]).max(initial=0.0)))
        if largest == 0.0:  # nothing is left of them
            return bool(np.trace(seen) > SEEN)
        for score, curvature, moved in along:
            gradient += moved @ (score / largest)
            hessian += (moved * (curvature / largest)) @ moved.T
        values, vectors = eigh(seen)
        kept = vectors[:, values > SEEN * max(float(values[-1]), 1.0)]
        if not kept.shape[1]:
            return False
        step = kept @ np.linalg.lstsq(kept.T @ hessian @ kept, -(kept.T @ gradient), rcond=None)[0]
        return any(bool((np.abs(step @ moved) > MOVED).any()) for _, _, moved in along)

    def _felt_by_no_other(self) -> np.ndarray:
        """Orthonormal directions (Q, r) of the parameters in which the predictors of all other rows stay, and which are not penalised."""
        objective, k = self._objective, self._k
        gram = np.zeros((objective.size, objective.size))
        for piece in _pieces(self._problem, objective):
            used, _, curvature = _derivatives(self._problem, piece, self._view, self._theta)
            others = used & (curvature >= self._least)
            sums = piece.grams(others.astype(np.float64), self._view.unit, "float64", False)[0]
            places = np.arange(objective.size) if piece.places is None else piece.places
            gram[np.ix_(places, places)] += sums
        moving = np.flatnonzero(objective.movable[k])
        gram /= self._problem.total[k]
        whole = gram + self._problem.strength[k] * objective.penalty_matrix(k)
        whole = whole[np.ix_(moving, moving)]
        size = np.sqrt(np.where(np.diagonal(whole) > 0, np.diagonal(whole), 1.0))
        values, vectors = eigh(whole / np.outer(size, size))
        null = vectors[:, values <= NULL * max(1.0, len(values) / 100) * max(float(values[-1]), 1e-300)]
        directions = np.zeros((objective.size, null.shape[1]))
        directions[moving] = null / size[:, None]
        return np.linalg.qr(directions)[0] if null.shape[1] else directions

    def _rows(self, directions: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """Of each piece which rows are faint (c,), the derivatives (c,) of their losses, and how directions (Q, r) move them (r, c)."""
        unit = np.repeat(self._view.unit, directions.shape[1])
        for piece in _pieces(self._problem, self._objective):
            used, score, curvature = (part[0] for part in _derivatives(self._problem, piece, self._view, self._theta))
            faint = used & (curvature < self._least)
            yield faint, score, curvature, piece.predictor(np.ascontiguousarray(directions.T), unit)


def _pieces(problem: Problem, objective: Objective) -> Iterator[Piece]:
    for piece in pieces(problem.rows):
        objective.context.check()
        yield piece


def _curvature_at_mean(problem: Problem, columns: np.ndarray) -> np.ndarray:
    """(k,) of a row of weight 1."""
    mean = problem.mean[columns]
    dispersion = None if problem.dispersion is None else problem.dispersion[columns]
    with np.errstate(invalid="ignore", divide="ignore"):
        found = problem.family.evaluate(np.asarray(problem.link.eta(mean), np.float64), mean, problem.link, dispersion)[2]
    return np.where(np.isfinite(found), np.asarray(found), 0.0)


def _derivatives(problem: Problem, piece: Piece, view: View, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether each row counts, (k, c), and first and expected second derivative of its loss, 0 where it does not."""
    eta, seen = seen_in(problem.rows, piece, view, theta)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        _, score, fisher, _ = problem.family.evaluate(eta, seen.y, problem.link, seen.dispersion)
    used = seen.weights > 0
    score, fisher = (np.where(used, seen.weights * np.asarray(part), 0.0) for part in (score, fisher))
    return used, score, fisher
