"""Small penalised quadratics: the inner problem of proximal Newton, solved to rounding by coordinate and block descent with Newton steps.

minimise over w (P,):  w'Hw/2 + c'w + sum_j l1_j |w_j| + sum_g weight_g |S_g w_g|

Descent sweeps find out which coefficients are not zero; on those the objective is smooth, and Newton steps finish. P is at most a
few hundred here (the columns of a working set), so plain NumPy is fast enough and nothing is compiled.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.solvers.absolute_values import minimise_with_absolute_values

MAX_ROUNDS = 200


@dataclass(frozen=True)
class Sparsity:
    """The part of a penalty that makes zeros, on P columns.

    Attributes
    ----------
    l1 : (P,) array
        Weight of each absolute value, 0 where there is none.
    groups : tuple of (p_g,) int array
        Columns of each group, never overlapping.
    weights : (G,) array
        Weight of each group's norm.
    scales : (P,) array
        What a coefficient is multiplied by within its group's norm.
    """

    l1: np.ndarray
    groups: tuple[np.ndarray, ...]
    weights: np.ndarray
    scales: np.ndarray

    def value(self, w: np.ndarray) -> float:
        """The penalty of `w` (P,)."""
        total = float(self.l1 @ np.abs(w))
        for group, weight in zip(self.groups, self.weights, strict=True):
            total += float(weight * np.linalg.norm(self.scales[group] * w[group]))
        return total

    def violation(self, gradient: np.ndarray, w: np.ndarray) -> np.ndarray:
        """How far each coordinate (P,) is from a stationary point, given the gradient of the smooth part.

        It is the distance of minus the gradient from the penalty's subdifferential; for a group at zero the excess of its norm is
        shared out in proportion.
        """
        toward = np.abs(gradient + self.l1 * np.sign(w))
        at_zero = np.maximum(np.abs(gradient) - self.l1, 0.0)
        result = np.where(w != 0, toward, at_zero)
        for group, weight in zip(self.groups, self.weights, strict=True):
            scales, part, slope = self.scales[group], w[group], gradient[group]
            norm = np.linalg.norm(scales * part)
            if norm > 0:
                bent = slope + weight * scales**2 * part / norm
                result[group] = np.where(
                    part != 0, np.abs(bent + self.l1[group] * np.sign(part)), np.maximum(np.abs(bent) - self.l1[group], 0.0)
                )
            else:
                left = _shrink(slope, self.l1[group]) / scales
                size = np.linalg.norm(left)
                result[group] = np.abs(left) * scales * max(1.0 - weight / size, 0.0) if size > 0 else 0.0
        return result

    def restricted(self, columns: np.ndarray) -> Sparsity:
        """The same on a subset of columns, given in increasing order; what is left out of a group is at zero."""
        place = np.full(self.l1.size, -1)
        place[columns] = np.arange(columns.size)
        groups, weights = [], []
        for group, weight in zip(self.groups, self.weights, strict=True):
            kept = place[group][place[group] >= 0]
            if kept.size:
                groups.append(kept)
                weights.append(weight)
        return Sparsity(self.l1[columns], tuple(groups), np.array(weights), self.scales[columns])


def minimise_quadratic(
    H: np.ndarray,
    c: np.ndarray,
    sparsity: Sparsity,
    start: np.ndarray,
    *,
    tolerance: float = 1e-14,
    largest: float | None = None,
) -> np.ndarray:
    """The minimiser (P,), from `start` (P,).

    Parameters
    ----------
    H : (P, P) array
        Positive semidefinite, any smooth part of the penalty included.
    c : (P,) array
    sparsity : Sparsity
    start : (P,) array
    tolerance : float
        Largest violation of the stationarity conditions, relative to the gradient at zero.
    largest : float, optional
        The largest curvature that is not the penalty's own, by whose rounding it is judged which columns have none at all; the largest of H
        where not given.

    Returns
    -------
    (P,) array, with exact zeros; the best reached where `MAX_ROUNDS` rounds do not reach the tolerance.
    """
    w = start.astype(float)
    whole = np.isfinite(H).all(axis=1) & np.isfinite(c)
    if not whole.all():  # what is penalised beyond all numbers stays at zero, and takes no part
        inside = np.flatnonzero(whole)
        w[:] = 0.0
        if inside.size and np.isfinite(H[np.ix_(inside, inside)]).all():
            rest = minimise_quadratic(
                H[np.ix_(inside, inside)],
                c[inside],
                sparsity.restricted(inside),
                start[inside],
                tolerance=tolerance,
                largest=largest,
            )
            w[inside] = rest
        return w
    diagonal = np.maximum(np.diagonal(H), 0.0)
    largest = float(diagonal.max(initial=0.0)) if largest is None else largest
    movable = diagonal > 1e-14 * max(largest, 1e-300)
    w[~movable] = 0.0
    limit = tolerance * max(float(np.max(np.abs(c), initial=0.0)), 1e-300)
    if not sparsity.groups:
        return minimise_with_absolute_values(H, c, sparsity.l1, w, movable, limit)
    blocks = _Blocks(H, sparsity, movable)
    gradient = H @ w + c
    everything = True
    best = np.inf
    stuck = 0
    for _ in range(MAX_ROUNDS):
        blocks.sweep(w, gradient, only_active=not everything)
        gradient = H @ w + c
        for _ in range(20):
            moved = _newton_on_active(H, c, sparsity, w, gradient, movable)
            gradient = H @ w + c
            if not moved:
                break
        violation = sparsity.violation(gradient, w)[movable]
        worst = float(np.max(violation, initial=0.0))
        # of a gradient no more can be asked than the rounding of what it is summed from
        rounding = 2e-16 * (np.abs(H) @ np.abs(w) + np.abs(c))[movable]
        if (violation <= np.maximum(limit, rounding)).all():
            break
        stuck = stuck + 1 if worst > 0.5 * best else 0
        best = min(best, worst)
        if stuck > 8 and worst <= 1e4 * max(limit, float(np.max(rounding, initial=0.0))):  # rounding is reached
            break
    return w


class _Blocks:
    """One sweep of descent over single coordinates and over groups."""

    def __init__(self, H: np.ndarray, sparsity: Sparsity, movable: np.ndarray) -> None:
        self.H, self.sparsity = H, sparsity
        grouped = np.zeros(len(H), bool)
        for group in sparsity.groups:
            grouped[group] = True
        self.singles = np.flatnonzero(movable & ~grouped)
        self.diagonal = np.diagonal(H)
        self.groups = [
            (group, weight) for group, weight in zip(sparsity.groups, sparsity.weights, strict=True) if movable[group].any()
        ]
        self._spectra: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def sweep(self, w: np.ndarray, gradient: np.ndarray, *, only_active: bool) -> None:
        """Update `w` and `gradient` in place."""
        H, l1, diagonal = self.H, self.sparsity.l1, self.diagonal
        for j in self.singles.tolist():
            old = w[j]
            if only_active and old == 0.0:
                continue
            curvature = diagonal[j]
            target = old - gradient[j] / curvature
            threshold = l1[j] / curvature
            new = target - threshold if target > threshold else target + threshold if target < -threshold else 0.0
            if new != old:
                w[j] = new
                gradient += H[j] * (new - old)
        for number, (group, weight) in enumerate(self.groups):
            old = w[group]
            if only_active and not old.any():
                continue
            new = self._group_step(number, group, weight, old, gradient[group])
            if (new != old).any():
                w[group] = new
                gradient += (new - old) @ H[group]

    def _group_step(self, number: int, group: np.ndarray, weight: float, old: np.ndarray, slope: np.ndarray) -> np.ndarray:
        scales, l1 = self.sparsity.scales[group], self.sparsity.l1[group]
        if number not in self._spectra:
            block = self.H[np.ix_(group, group)] / np.outer(scales, scales)
            values, vectors = np.linalg.eigh(block)
            self._spectra[number] = np.maximum(values, 1e-15 * max(float(values[-1]), 0.0)), vectors  # below is rounding
        values, vectors = self._spectra[number]
        if l1.any():  # sparse group lasso: a majorised step
            bound = max(float(values[-1]), 1e-300)
            v = scales * old - (slope / scales) / bound
            v = _shrink(v, l1 / scales / bound)
            size = np.linalg.norm(v)
            return v * max(1.0 - weight / bound / size, 0.0) / scales if size > 0 else np.zeros_like(old)
        # gradient of the quadratic with this group at zero, in the coordinates of its spectrum
        rho = vectors.T @ (slope / scales) - values * (vectors.T @ (scales * old))
        size = np.linalg.norm(rho)
        if size <= weight:
            return np.zeros_like(old)
        if weight <= 1e-18 * size:
            kept = values > 1e-14 * values[-1]
            return vectors[:, kept] @ (-rho[kept] / values[kept]) / scales
        norm = _secular(values, rho, weight)
        return vectors @ (-rho * norm / (values * norm + weight)) / scales


def _secular(values: np.ndarray, rho: np.ndarray, weight: float) -> float:
    """The n > 0 with sum (rho / (values n + weight))^2 = 1: the norm of a group that is not zero."""
    size = float(np.linalg.norm(rho))
    low = (size - weight) / max(float(values[-1]), 1e-300)  # the largest curvature everywhere: at most the root
    n = low
    for _ in range(100):
        bottom = values * n + weight
        quotient = rho / bottom
        total = float(quotient @ quotient)
        # Newton on 1/sqrt(total) - 1, which is nearly linear in n: it comes from the left and never overshoots
        slope = float((quotient**2 / bottom) @ values)
        if slope <= 0:
            break
        root = np.sqrt(total)
        step = total * (root - 1.0) / slope
        n += step
        if abs(step) <= 1e-15 * n:
            break
    return n


def _newton_on_active(
    H: np.ndarray, c: np.ndarray, sparsity: Sparsity, w: np.ndarray, gradient: np.ndarray, movable: np.ndarray
) -> bool:
    """One Newton step over the coefficients that are not zero or are not penalised, in place; False where another would do no more."""
    penalised = sparsity.l1 > 0
    bend = np.zeros_like(w)
    blocks: list[tuple[np.ndarray, np.ndarray]] = []
    for group, weight in zip(sparsity.groups, sparsity.weights, strict=True):
        penalised[group] |= weight > 0
        scales = sparsity.scales[group]
        v = scales * w[group]
        norm = np.linalg.norm(v)
        if norm > 0 and weight > 0:
            direction = v / norm
            bend[group] = weight * scales * direction
            blocks.append(
                (group, weight / norm * np.outer(scales, scales) * (np.eye(group.size) - np.outer(direction, direction)))
            )
    active = np.flatnonzero(movable & ((w != 0) | ~penalised))
    if active.size == 0:
        return False
    slope = (gradient + sparsity.l1 * np.sign(w) + bend)[active]
    if np.max(np.abs(slope)) <= 1e-15 * max(float(np.max(np.abs(c))), 1e-300):
        return False
    if blocks:
        curvature = H.copy()
        for group, block in blocks:
            curvature[np.ix_(group, group)] += block
        curvature = curvature[np.ix_(active, active)]
    else:
        curvature = H[np.ix_(active, active)]
    step = -_solve(curvature, slope)
    if not np.isfinite(step).all() or step @ slope >= 0:
        return False
    full = np.zeros_like(w)
    full[active] = step
    candidates = [1.0]
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where((sparsity.l1 > 0) & (full != 0) & (w != 0), -w / full, np.inf)
    inside = np.flatnonzero((crossing > 0) & (crossing <= 1.0))
    if inside.size:  # a coefficient would change its sign: the objective is smooth only up to there
        order = np.sort(np.unique(crossing[inside]))
        candidates = [*order[:4].tolist(), 1.0]
    elif blocks:  # or a group would pass by zero
        nearest = []
        for group, _ in blocks:
            v, d = sparsity.scales[group] * w[group], sparsity.scales[group] * full[group]
            if float(d @ d) > 0:  # else it is next to nothing, or its square is
                nearest.append(-float(v @ d) / float(d @ d))
        candidates = [1.0, *sorted(t for t in nearest if 0 < t < 1)[:6], 0.5, 0.25, 0.1]
    H_full = H[:, active] @ step
    linear, square = float(gradient @ full), float(full @ H_full)
    base = sparsity.value(w)
    changes = []
    for t in candidates:
        changes.append(t * linear + 0.5 * t * t * square + sparsity.value(w + t * full) - base)
        if t == 1.0 and blocks and not inside.size and changes[-1] < 0:
            break
    chosen = int(np.argmin(changes))
    t = candidates[chosen]
    # a long step along what has no curvature adds large numbers that cancel: what they lose is no gain
    parts = np.abs(step) @ np.abs(H[np.ix_(active, active)]) @ np.abs(step)
    size = t * float(np.abs(gradient) @ np.abs(full)) + 0.5 * t * t * float(parts) + sparsity.value(w + t * full)
    rounding = 1e-15 * (abs(base) + abs(float(c @ w)))
    if not (changes[chosen] < -rounding - 1e-15 * size or (changes[chosen] <= rounding and 1e-15 * size <= 10 * rounding)):
        return False
    w += t * full
    ended = inside[crossing[inside] == t]
    w[ended] = 0.0
    return bool(changes[chosen] < -rounding or ended.size)  # one that ends at zero, be it for no gain, was in the others' way


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve a positive semidefinite system; where it is singular, a long step along what has no curvature."""
    size = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
    size = np.where(size > 0, size, 1.0)  # columns on scales far apart are no sign of a singular system
    matrix, right = matrix / np.outer(size, size), right / size
    with suppress(LinAlgError):  # singular: as where a pivot is too small
        factor = cho_factor(matrix, check_finite=False)
        pivots = np.diagonal(factor[0])
        if pivots.min() ** 2 > 1e-13 * pivots.max() ** 2:  # else what is left of a pivot is rounding
            return cho_solve(factor, right, check_finite=False) / size
    values, vectors = np.linalg.eigh(matrix)
    with np.errstate(over="ignore"):  # a step that is not finite is refused
        return vectors @ ((vectors.T @ right) / np.maximum(values, 1e-14 * max(float(values[-1]), 1e-300))) / size


def _shrink(values: np.ndarray, threshold: np.ndarray | float) -> np.ndarray:
    return np.sign(values) * np.maximum(np.abs(values) - threshold, 0.0)
