"""A model on its way to the optimum by Newton steps, its strengths being those of the highest marginal likelihood at each Hessian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.solvers.marginal_likelihood import NO_CURVATURE, WorkingModel
from glmengine.solvers.penalty_components import Components

MOST_HALVINGS, FEW_HALVINGS = 25, 4
"""Times that the way back is halved, of a step of Newton's and of the point where a model begins, which may lie uphill."""

ROUNDING = 1e-6
"""Of a Hessian made in float32, in unit columns, a column, as a share of its largest curvature."""

SAFE_PIVOT = 0.02
"""Of a Cholesky factor in unit columns: with none smaller all directions are determined."""


@dataclass
class NewtonState:
    """A model on its way.

    `wanted` are its parameters among those of the unit, the intercept last, `theta` their values, `before` the point that the last step was taken
    from and `now` the loss there, `moved` the decrement of the steps since the Hessians (folds + 1, q, q) were made, `without` the fold that it is
    not fitted to.
    """

    columns: np.ndarray
    wanted: np.ndarray
    theta: np.ndarray
    components: Components
    labels: tuple[str, ...]
    working: WorkingModel | None = None
    strengths: np.ndarray | None = None
    hessians: np.ndarray | None = None
    gradients: np.ndarray | None = None
    before: np.ndarray | None = None
    loss: float = np.inf
    now: float = np.inf
    moved: float = np.inf
    decrement: float = np.inf
    halvings: int = 0
    done: bool = False
    without: int | None = None

    def penalty(self, theta: np.ndarray) -> float:
        return 0.5 * float(theta @ self.matrix @ theta)

    @property
    def matrix(self) -> np.ndarray:
        if self.strengths is None or not len(self.strengths):
            return np.zeros((self.wanted.size,) * 2)
        return self.components.matrix(self.strengths)

    @property
    def hessian(self) -> np.ndarray:
        """(q, q) of the loss in the rows that the model is fitted to."""
        return self.hessians.sum(axis=0)

    @property
    def gradient(self) -> np.ndarray:
        """(q,) there."""
        return self.gradients.sum(axis=0)

    def solved(self, right: np.ndarray) -> np.ndarray:
        """(q, ...) the solution of the penalised Hessian for `right` (q, ...)."""
        if self.working is None:
            return solve(self.hessian, self.matrix, right)
        working = self.working  # made of this Hessian
        return working.basis @ solve(working.hessian, working.penalty(self.strengths), working.basis.T @ right)

    @property
    def named_strengths(self) -> dict[str, float]:
        return {} if self.strengths is None else dict(zip(self.labels, self.strengths.tolist(), strict=True))

    def kept(self, sums: np.ndarray) -> np.ndarray:
        """Sums over each fold (folds + 1, ...), without that of the fold that the model is not fitted to."""
        if self.without is not None:
            sums[self.without] = 0.0
        return sums

    def accept(self, loss: float) -> bool:
        """Whether the point is one to go on from; else half the way back to the last one."""
        if self.before is not None:
            now, last = loss + self.penalty(self.theta), self.now + self.penalty(self.before)
            if not now <= last + 1e-9 * max(abs(last), 1.0):
                self.halvings += 1
                if self.hessians is None and self.halvings > FEW_HALVINGS:  # no step of Newton's led here: the way begins anew
                    self.theta, self.before, self.halvings = self.before, None, 0
                    return False
                if self.halvings > MOST_HALVINGS:
                    self.theta, self.loss, self.done = self.before, self.now, True
                    return False
                self.halve()
                return False
        self.halvings, self.loss = 0, loss
        return True

    def take_back(self) -> None:
        """Where the way ends before the optimum: a step that nobody has looked at is not taken."""
        if not self.done and self.before is not None:
            self.theta, self.loss, self.before = self.before, self.now, None

    def halve(self) -> None:
        """Half the way back to the point that the last step was taken from."""
        self.theta = 0.5 * (self.theta + self.before)

    def smooth(self) -> None:
        """Strengths of the highest marginal likelihood of the working model."""
        if not len(self.components):
            return
        H = self.hessian
        linear = H @ self.theta - self.gradient
        self.working = WorkingModel(H, linear, self.components, single=True)
        self.strengths = self.working.smooth_afresh(self.strengths)

    def step(self, enough: float) -> None:
        """A Newton step, but where the decrement is `enough`: then the model is done."""
        g = self.gradient + self.matrix @ self.theta
        direction = -self.solved(g)
        self.decrement = -0.5 * float(g @ direction)
        if self.decrement <= enough:
            self.done = True
            if (
                self.without is not None
            ):  # nothing but the parameters is asked for, and the step leaves its square of what is left
                self.theta = self.theta + direction
            return
        self.before, self.now = self.theta, self.loss
        self.theta = self.theta + direction
        self.moved += self.decrement


def solve(H: np.ndarray, S: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Minimum of the quadratic of a Hessian H (q, q), made in float32, and a penalty S, for b (q, ...).

    Of smallest norm in unit columns where rounding leaves directions undetermined: those in which neither has more curvature than the rounding of
    what H has there. What a penalty alone holds is known to the rounding of float64.
    """
    A = H + S
    size = np.sqrt(np.maximum(np.diagonal(A), 1e-300))
    scaled = A / np.outer(size, size)
    try:
        factor = cho_factor(scaled, lower=True, check_finite=False)
        if np.diagonal(factor[0]).min() > SAFE_PIVOT:
            return (cho_solve(factor, (b.T / size).T, check_finite=False).T / size).T
    except LinAlgError:
        pass
    values, vectors = np.linalg.eigh(scaled)
    by_data = np.clip(np.diagonal(H) / size**2, 0.0, 1.0) @ vectors**2
    kept = values > (NO_CURVATURE[False] + ROUNDING * by_data) * len(values) * max(float(values[-1]), 1e-300)
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    return ((inverse @ (b.T / size).T).T / size).T
