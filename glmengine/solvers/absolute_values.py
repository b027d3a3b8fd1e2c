"""Quadratics with absolute values: an active set found by descent over coordinates, and Newton's method on it.

minimise over w (P,):  w'Hw/2 + c'w + sum_j l1_j |w_j|

Coefficients enter a few at a time, those that violate the conditions of an optimum most (Massias, Gramfort & Salmon 2018). On those that are not
zero, as long as none changes its sign, the objective is a quadratic; many may leave in one step, which ends in the same orthant. Where columns
outnumber rows more may be there than are independent: along what does not bend, one after another is led to zero until the rest are
(Rosset & Zhu 2007: some optimum has no more coefficients than there are rows).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpstrf

from glmengine.solvers.cholesky import factor_above, solved

MOST_ROUNDS = 500

FEWEST_ENTERING = 20
"""So many coefficients, or twice as many as are not zero, may enter in one round."""

SWEEPS, MOST_STEPS = 10, 10
"""Sweeps over the coefficients of a round, at most, and Newton steps after them, each of which but the last makes a zero."""

MOST_GUESSED, MOST_GUESSES = 300, 15
"""Of so many coefficients, at most, the signs at the optimum are guessed first, so many times at most."""

DEPENDENT = 1e-13
"""Squared pivots of a matrix of unit diagonal below this are rounding: the column is made of the others."""


def minimise_with_absolute_values(
    H: np.ndarray, c: np.ndarray, l1: np.ndarray, start: np.ndarray, movable: np.ndarray, limit: float
) -> np.ndarray:
    """The minimiser (P,), with exact zeros; the best reached where `MOST_ROUNDS` rounds do not reach the limit.

    Parameters
    ----------
    H : (P, P) array
        Positive semidefinite.
    c, l1 : (P,) array
    start : (P,) array
    movable : (P,) bool
        Coefficients that are not held at zero: those with a curvature.
    limit : float
        Largest violation of the stationarity conditions, where they are not known less well.
    """
    w = np.where(movable, start, 0.0)
    if len(H) <= MOST_GUESSED and (guessed := _by_signs(H, c, l1, w, movable, limit)) is not None:
        w = guessed
    best, stuck = np.inf, 0
    for _ in range(MOST_ROUNDS):
        gradient = H @ w + c
        at_zero = np.maximum(np.abs(gradient) - l1, 0.0)
        violation = np.where(w != 0, np.abs(gradient + l1 * np.sign(w)), at_zero) * movable
        worst = float(np.max(violation, initial=0.0))
        if worst <= limit:
            break
        if worst <= 1e6 * limit:
            # of a gradient no more can be asked than the rounding of what it is summed from
            rounding = 2e-16 * (np.abs(H) @ np.abs(w) + np.abs(c))
            if (violation <= np.maximum(limit, rounding)).all():
                break
            stuck = stuck + 1 if worst > 0.5 * best else 0
            if stuck > 8 and worst <= 1e4 * max(limit, float(np.max(rounding, initial=0.0))):
                break
        best = min(best, worst)
        among = np.flatnonzero(working_set((w != 0) | ((l1 == 0) & movable), violation, FEWEST_ENTERING))
        part = _Part(H[np.ix_(among, among)], gradient[among], l1[among], w[among], 0.1 * limit)
        for _ in range(SWEEPS):
            if not part.sweep():
                break
        part.settle()
        w[among] = part.w
    return w


def _by_signs(
    H: np.ndarray, c: np.ndarray, l1: np.ndarray, start: np.ndarray, movable: np.ndarray, limit: float
) -> np.ndarray | None:
    """The minimiser (P,) as the coefficients whose signs agree with those that they were solved for; None where none are soon found.

    The signs that one step of the descent along each coefficient would lead to are taken for those of the optimum, and the equations of the
    optimum solved with them, until they stay: then all conditions hold (Hintermueller, Ito & Kunisch 2002: a Newton method, which ends in a
    few steps or not at all).
    """
    diagonal, free = np.where(movable, np.diagonal(H), 0.0), movable & (l1 == 0)
    w, last = start, None
    gradient = H @ w + c
    for _ in range(MOST_GUESSES):
        target = diagonal * w - gradient
        signs = np.where(movable & (np.abs(target) > l1), np.sign(target), 0.0)
        signs[free] = 0.0
        if last is not None and np.array_equal(signs, last):
            return w
        last = signs
        active = np.flatnonzero((signs != 0) | free)
        w = np.zeros_like(c)
        if active.size:
            inside = H[np.ix_(active, active)]
            size = np.sqrt(np.diagonal(inside))
            factor = factor_above(inside / np.outer(size, size), DEPENDENT)
            if factor is None:
                return None
            right = -(c + l1 * signs)[active]
            w[active] = solved(factor, size, right)
        gradient = H @ w + c
        left = (gradient + l1 * signs)[active]
        if active.size and float(np.max(np.abs(left))) > limit:  # of rounding, of which a second step takes some
            w[active] -= solved(factor, size, left)
            gradient = H @ w + c
    return None


def working_set(inside: np.ndarray, violation: np.ndarray, fewest: int) -> np.ndarray:
    """(P,) bool: the coefficients that are `inside`, and of the others those that violate the conditions of an optimum most, `fewest` or twice as
    many as are inside."""
    entering = np.flatnonzero(~inside & (violation > 0))
    most = max(fewest, 2 * int(np.count_nonzero(inside)))
    if entering.size > most:
        entering = entering[np.argpartition(-violation[entering], most)[:most]]
    result = inside.copy()
    result[entering] = True
    return result


class _Part:
    """The objective of some coefficients: matrix H (q, q), gradient (q,) of its smooth part at `w` (q,)."""

    def __init__(self, H: np.ndarray, gradient: np.ndarray, l1: np.ndarray, w: np.ndarray, limit: float) -> None:
        self.H, self.gradient, self.l1, self.w, self.limit = H, gradient.copy(), l1, w.copy(), limit
        self._constant = gradient - H @ w

    def sweep(self) -> bool:
        """Each coefficient to its best, one after another; whether any became zero, stopped being zero or changed its sign."""
        turned = False
        H, l1, w, gradient = self.H, self.l1.tolist(), self.w, self.gradient
        for j, curvature in enumerate(np.diagonal(H).tolist()):
            old = float(w[j])
            target = old - float(gradient[j]) / curvature
            threshold = l1[j] / curvature
            new = target - threshold if target > threshold else target + threshold if target < -threshold else 0.0
            if new != old:
                turned |= new * old <= 0.0
                w[j] = new
                gradient += H[j] * (new - old)
        return turned

    def settle(self) -> None:
        """To the optimum of the coefficients that are not zero, those that would change their signs at zero."""
        active = np.flatnonzero((self.w != 0) | (self.l1 == 0))
        H = self.H[np.ix_(active, active)]
        size = np.sqrt(np.diagonal(H))
        scaled = H / np.outer(size, size)
        for _ in range(MOST_STEPS):
            if not active.size:
                return
            factor = factor_above(scaled, DEPENDENT)
            if factor is None and not self._without_dependent(active, H, scaled, size):
                factor = factor_above(scaled + DEPENDENT * np.eye(active.size), DEPENDENT)
                if factor is None:
                    return
            if factor is not None and not self._step(active, H, factor, size):
                return
            left = (self.w[active] != 0) | (self.l1[active] == 0)
            if not left.all():
                active, size = active[left], size[left]
                H, scaled = H[np.ix_(left, left)], scaled[np.ix_(left, left)]

    def _step(self, active: np.ndarray, H: np.ndarray, factor: np.ndarray, size: np.ndarray) -> bool:
        """One Newton step, in place; whether another may do more."""
        l1, w, constant = self.l1[active], self.w[active], self._constant[active]
        signs = np.sign(w)
        slope = H @ w + constant + l1 * signs
        step = -solved(factor, size, slope)
        if not np.isfinite(step).all():
            return False
        crossing = _crossings(w, step, signs, l1)
        nearest, whole = float(crossing.min()), w + step
        if nearest > 1.0:
            left = float(np.max(np.abs(H @ whole + constant + l1 * signs)))
            before = float(np.max(np.abs(slope)))
            if left < before:
                self.w[active] = whole
            return left > self.limit and left < 0.1 * before  # what is left is rounding, of which a second step takes some
        lengths = np.array([1.0, 0.5, 0.2, nearest])
        there = np.where(crossing <= lengths[:, None], 0.0, w + lengths[:, None] * step)
        moves = there - w
        changes = moves @ slope + 0.5 * np.sum((moves @ H) * moves, axis=1)
        self.w[active] = there[np.argmin(changes)]
        return True

    def _without_dependent(self, active: np.ndarray, H: np.ndarray, scaled: np.ndarray, size: np.ndarray) -> bool:
        """Lead coefficients to zero along directions in which the predictor does not change, until those left are independent; False where
        none can be led there, or rounding makes it dear."""
        lower, order, rank, _ = dpstrf(scaled, tol=DEPENDENT, lower=1)
        order = order - 1
        if rank == active.size:
            return False
        # the columns that come last, by those before them
        cross = np.tril(lower)
        below = solve_triangular(cross[:rank, :rank], cross[rank:, :rank].T, lower=True, trans="T", check_finite=False)
        directions = np.zeros((active.size, active.size - rank))
        directions[order[:rank]] = -below
        directions[order[rank:], np.arange(active.size - rank)] = 1.0
        directions /= size[:, None]
        l1, before = self.l1[active], self.w[active]
        w, left = before.copy(), list(directions.T)
        slope = H @ before + self._constant[active]
        signs = np.sign(before)
        while left:
            downhill = left.pop()
            if float((slope + l1 * signs) @ downhill) > 0:
                downhill = -downhill
            # the other way where none is met: uphill by rounding, or along coefficients that nothing holds
            for d in (downhill, -downhill):
                crossing = _crossings(w, d, signs, l1)
                place = int(np.argmin(crossing))
                if np.isfinite(crossing[place]):
                    break
            else:
                continue
            w = w + crossing[place] * d
            w[place], signs[place] = 0.0, 0.0
            left = [other - d * (other[place] / d[place]) for other in left]
            for other in left:
                other[place] = 0.0
        d = w - before
        change = float(slope @ d) + 0.5 * float(d @ (H @ d)) + float(l1 @ (np.abs(w) - np.abs(before)))
        rounding = 1e-12 * (float(np.abs(slope) @ np.abs(before)) + float(l1 @ np.abs(before)))
        if not (change <= rounding) or not (signs == 0).any():
            return False
        self.w[active] = w
        return True


def _crossings(w: np.ndarray, step: np.ndarray, signs: np.ndarray, l1: np.ndarray) -> np.ndarray:
    """(q,) how many steps lead each coefficient to zero; infinite for those that do not get there, or may pass it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where((l1 > 0) & (step * signs < 0), -w / step, np.inf)
