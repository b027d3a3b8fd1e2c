"""The quadratic that a softmax problem is taken for at each step: a Hessian of all classes, kept as long as it serves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.solvers.memory import Memory
from glmengine.solvers.quadratic import minimise_quadratic

ROWS_PER_PARAMETER, COARSEST = 20, 16
"""A Hessian is estimated from so many rows a parameter, but not from fewer than every sixteenth."""

CHEAP = 2.0
"""One that costs less than this in passes is exact."""

FLOOR = 0.02
"""Share of the curvature at equal probabilities in all rows that holds an estimate where its rows say nothing."""

NEAR, SLOW = 1e-4, 2.5
"""Below the one, a decrement whose logarithm falls by less than the other in a step asks for an exact Hessian."""


class SoftmaxModel:
    """The objective around where the classes' coefficients are, as a quadratic.

    Between Hessians the memory of the steps mends it where the penalty is smooth. Far from the optimum it is estimated from some of the
    rows; what they do not show is held by a little of the Gram of all.
    """

    def __init__(self, problem: Any, limit: float) -> None:
        self.problem, self._limit = problem, limit
        P, k = problem.P, problem.k
        # multiplications of the blocks of a Hessian, over those of a pass and of its exponentials
        self._price = (k + 1) * (P + 1) ** 2 / 4.0 / (2.0 * P + 30.0)
        n = problem.rows.shape[0]
        self._stride = int(np.clip(n // (ROWS_PER_PARAMETER * k * (P + 1)), 1, COARSEST)) if self._price > CHEAP else 1
        self._known = self._fresh = self._coarse = False
        self._exact = self._stride == 1
        self._last = np.inf
        self._memory = Memory(1, k * (1 + problem.basis.shape[1]))

    @property
    def is_best(self) -> bool:
        """Whether the Hessian is the exact one of here."""
        return self._fresh and not self._coarse

    def distrust(self) -> None:
        """No step was found with the Hessian that there is; the next one is exact."""
        self._exact, self._known = True, False

    def take(self, hessian: np.ndarray, *, coarse: bool) -> None:
        """Use this Hessian (k, P + 1, k, P + 1) of the mean loss from now on."""
        problem = self.problem
        H, basis = problem.curvature(hessian), problem.basis
        n, r = problem.k, basis.shape[1]
        self._corner = _factor(H[:, 0, :, 0])
        self._cross = (H[:, 0, :, 1:] @ basis).reshape(n, n * r)
        block = (basis.T @ H[:, 1:, :, 1:].transpose(0, 2, 1, 3) @ basis).transpose(0, 2, 1, 3).reshape(n * r, n * r)
        self._inner = self._corner(self._cross)
        self._schur = block - self._cross.T @ self._inner
        self._solver = _factor(self._schur) if problem.sparsity is None else None
        self._memory.forget(np.array([0]))
        self._known = self._fresh = True
        self._coarse = coarse

    def direction(
        self, u: np.ndarray, b: np.ndarray, slope: np.ndarray, g0: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Steps of `u` and `b`, the directional derivative, and what the model expects to gain, at the least."""
        if not self._known:
            self._renew(u, b)
        found = self._from_model(u, slope, g0)
        if self._worth_renewing(found[3]):
            self._renew(u, b)
            found = self._from_model(u, slope, g0)
        self._last = found[3]
        safe = 1.0 if self.is_best else 4.0
        return *found[:3], found[3] * safe * (self._stride if self._coarse else 1)

    def remember(self, du: np.ndarray, db: np.ndarray, change: np.ndarray, change_0: np.ndarray) -> None:
        """A step that was taken, and what it did to the gradient of the smooth part."""
        self._fresh = False
        if self.problem.sparsity is None:
            basis = self.problem.basis
            if not self.problem.has_intercept:
                change_0 = np.zeros_like(change_0)
            step = np.concatenate([db, (du @ basis).ravel()])
            self._memory.remember(np.array([0]), step[None], np.concatenate([change_0, (change @ basis).ravel()])[None])

    def _renew(self, u: np.ndarray, b: np.ndarray) -> None:
        coarse = not self._exact
        hessian = self.problem.sums.hessian(u, b, self._stride if coarse else 1)
        if coarse:
            hessian += FLOOR * np.einsum("kl,ab->kalb", self.problem.spread(), self.problem.gram)
        self.take(hessian, coarse=coarse)

    def _worth_renewing(self, now: float) -> bool:
        if self._fresh or now <= self._limit:
            return False
        left = np.log(now / self._limit)
        rate = np.log(self._last / now)
        self._exact |= self._coarse and now < NEAR and rate < SLOW
        without = left / rate if rate > 0 else np.inf
        price = self._price / (1 if self._exact else self._stride)
        return without > price + left / (7.0 if self._exact else 4.0) + 1.0

    def _from_model(self, u: np.ndarray, slope: np.ndarray, g0: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, float]:
        problem = self.problem
        n, r = problem.k, problem.basis.shape[1]
        if problem.sparsity is None:
            gradient = np.concatenate([g0, (slope @ problem.basis).ravel()])
            step = -self._memory.apply(np.array([0]), gradient[None], lambda right: self._invert(right[0])[None])[0]
            directional = float(gradient @ step)
            return step[n:].reshape(n, r) @ problem.basis.T, step[:n], directional, max(-0.5 * directional, 0.0)
        kept = np.flatnonzero(np.tile(~problem.rows.constant, n))
        inner = self._corner(g0)
        reduced = (slope @ problem.basis).ravel() - self._cross.T @ inner
        now, inside = u.ravel()[kept], problem.sparsity.restricted(kept)
        new = minimise_quadratic(self._schur, reduced - self._schur @ now, inside, now)
        d = new - now
        change = inside.value(new) - inside.value(now)
        db = -(inner + self._inner @ d)
        du = d.reshape(n, r) @ problem.basis.T
        gain = -(float(reduced @ d + 0.5 * d @ (self._schur @ d)) + change) + 0.5 * float(g0 @ inner)
        return du, db, float(np.sum(slope * du) + g0 @ db) + change, max(gain, 0.0)

    def _invert(self, right: np.ndarray) -> np.ndarray:
        """The model's inverse applied to a gradient, by intercepts and by coefficients."""
        n = self.problem.k
        inner = self._corner(right[:n])
        d = self._solver(right[n:] - self._cross.T @ inner)
        return np.concatenate([inner - self._inner @ d, d])


def _factor(matrix: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Solver of a positive semidefinite system."""
    try:
        factor = cho_factor(matrix, check_finite=False)
    except LinAlgError:
        return lambda right: np.linalg.lstsq(matrix, right, rcond=1e-14)[0]
    return lambda right: cho_solve(factor, right, check_finite=False)
