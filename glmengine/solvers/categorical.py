"""Newton for the softmax of K classes: all coefficients of one unit at once, for smooth and for zero-making penalties.

Without a penalty the last class is the reference, with coefficients 0. With one, all K classes have coefficients: the optimum does
not depend on which class is called last, and what the penalty leaves free (intercepts, unpenalised columns) sums to zero over classes.
Parameters are ordered class by class, in standardised columns; directions in which the design does not vary are left out, which gives
the solution of smallest norm.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.backend.operations import ALL_ROWS
from glmengine.solvers.quadratic import Sparsity
from glmengine.solvers.softmax import SoftmaxRows, StandardColumns
from glmengine.solvers.softmax_model import SoftmaxModel
from glmengine.solvers.sparse import DECREMENT, KKT
from glmengine.threads import quiet_blas

SEPARATED = 25.0
"""A fit without a penalty that runs away until predictors differ by this much has no finite optimum."""


@dataclass(frozen=True)
class CategoricalAnswer:
    """Where Newton ended, in raw units.

    Attributes
    ----------
    coef : (P, K), intercept : (K,)
        Intercept -inf for a class that never occurs.
    objective, decrement, kkt : float
    converged, separated : bool
    iterations : int
    seconds : float
    backend : str
        Which implementation of the operations over rows served.
    covariance : (K, P + 1, K, P + 1) array or None
        Inverse of the penalised Hessian of the summed loss, intercept first, made when first asked for; None where the penalty makes zeros.
    hessian_loss : (K (P + 1), K (P + 1)) array or None
        Hessian of the summed loss without the penalty, in the order of `covariance`, for effective degrees of freedom.
    trace : list of dict
    end : object
        What the covariance is made of.
    """

    coef: np.ndarray
    intercept: np.ndarray
    objective: float
    decrement: float
    kkt: float
    converged: bool
    separated: bool
    iterations: int
    seconds: float
    backend: str
    trace: list[dict[str, float]]
    end: _End

    @property
    def covariance(self) -> np.ndarray | None:
        return None if self._uncertainty is None else self._uncertainty[0]

    @property
    def hessian_loss(self) -> np.ndarray | None:
        return None if self._uncertainty is None else self._uncertainty[1]

    @cached_property
    def _uncertainty(self) -> tuple[np.ndarray, np.ndarray] | None:
        return self.end.uncertainty()


def minimise_categorical(
    rows: StandardColumns,
    n_classes: int,
    quadratic: np.ndarray | None = None,
    sparsity: Sparsity | None = None,
    *,
    unit: int = 0,
    held: int = ALL_ROWS,
    intercept: bool = True,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    max_iterations: int = 100,
    report: Callable[[int, float], None] | None = None,
    stopping: Callable[[], bool] | None = None,
) -> CategoricalAnswer:
    """Minimise the mean negative log-probability of the classes that occurred, plus the penalty summed over classes.

    Parameters
    ----------
    rows : StandardColumns
        The design, and class numbers 0 .. K-1, anything where the weight is 0.
    n_classes : int
        K.
    quadratic : (P, P) array, optional
        Quadratic part of the penalty, in raw units, the same for every class.
    sparsity : Sparsity, optional
        The part that makes zeros, on the P columns of a class, in raw units.
    unit, held : int
        Whose labels, and the fold that is held out.
    start : (coef (P, K), intercept (K,)), optional
        In raw units.
    """
    with quiet_blas():
        problem = _Problem(rows, unit, held, n_classes, quadratic, sparsity, intercept)
        return problem.solve(start, max_iterations, report, stopping)


class _Problem:
    def __init__(
        self,
        rows: StandardColumns,
        unit: int,
        held: int,
        n_classes: int,
        quadratic: np.ndarray | None,
        sparsity: Sparsity | None,
        intercept: bool,
    ) -> None:
        self.rows, self.has_intercept, self.K = rows, intercept, n_classes
        labels, weights = rows.rows.observations.of(unit, held)
        labels = labels.astype(np.int64)
        self.total = float(weights.sum())
        self.P = rows.shape[1]
        counts = np.bincount(labels[weights > 0], weights=weights[weights > 0], minlength=n_classes)
        self.present = np.flatnonzero(counts > 0)
        self.share = counts[self.present] / self.total
        s = rows.scale
        self.quadratic = np.zeros((self.P, self.P)) if quadratic is None else quadratic / np.outer(s, s)
        self.penalised = bool(self.quadratic.any()) or (
            sparsity is not None and bool(sparsity.l1.any() or sparsity.weights.any())
        )
        self.k = self.present.size if self.penalised else self.present.size - 1  # classes with coefficients
        self.sums = SoftmaxRows(rows, unit, held, self.present, self.k)
        self.sparsity = None
        free = ~self.quadratic.any(axis=0)
        if sparsity is not None and (sparsity.l1.any() or sparsity.weights.any()):
            shift = [np.arange(self.k)[:, None] * self.P + group for group in sparsity.groups]
            groups = tuple(block for per_class in shift for block in per_class)
            weights_of = np.repeat(sparsity.weights, self.k)
            self.sparsity = Sparsity(np.tile(sparsity.l1 / s, self.k), groups, weights_of, np.tile(sparsity.scales / s, self.k))
            free &= sparsity.l1 == 0
            for group, weight in zip(sparsity.groups, sparsity.weights, strict=True):
                free[group] &= weight == 0
        # what the penalty leaves free would only be known up to a shift common to the classes: its sum is held at zero
        self.gauge = free & ~rows.constant if self.penalised else np.zeros(self.P, bool)
        self.gram = self.sums.gram()
        self.basis = self._identified()

    def _identified(self) -> np.ndarray:
        """(P, r) orthonormal directions of a class's coefficients on which the objective depends."""
        if self.sparsity is not None:
            return np.eye(self.P)[:, ~self.rows.constant]
        gram = self.gram[1:, 1:] + self.quadratic
        gram[self.rows.constant] = gram[:, self.rows.constant] = 0.0
        values, vectors = np.linalg.eigh(gram)
        kept = values > 1e-11 * max(float(values[-1]), 1e-300) if self.P else np.zeros(0, bool)
        return np.eye(self.P) if kept.all() else vectors[:, kept]

    def value(self, u: np.ndarray) -> float:
        smooth = 0.5 * float(np.sum(u * (u @ self.quadratic)))
        return smooth + (self.sparsity.value(u.ravel()) if self.sparsity is not None else 0.0)

    def curvature(self, hessian: np.ndarray) -> np.ndarray:
        """Hessian of the objective from that of the loss, with what holds the sums over classes; intercepts have a 1 on the diagonal
        where there are none."""
        H = hessian.copy()
        for one in range(self.k):
            H[one, 1:, one, 1:] += self.quadratic
        if self.penalised:
            columns = np.flatnonzero(np.r_[self.has_intercept, self.gauge])
            H[:, columns, :, columns] += 1.0 / self.k
        if not self.has_intercept:
            H[:, 0, :, :] = 0.0
            H[:, :, :, 0] = 0.0
            H[np.arange(self.k), 0, np.arange(self.k), 0] = 1.0
        return H

    def solve(self, start, max_iterations, report, stopping) -> CategoricalAnswer:
        began = time.perf_counter()
        u, b = np.zeros((self.k, self.P)), np.zeros(self.k)
        if start is not None:
            u, b = self._from_raw(*start)
        elif self.has_intercept and self.k:
            logs = np.log(self.share)
            b = logs - logs.mean() if self.penalised else (logs - logs[-1])[:-1]
        scale = max(1.0, -2.0 * float(self.share @ np.log(self.share)))
        loss, G, g0 = self.sums.evaluate(u, b)
        F = loss + self.value(u)
        decrement = kkt = np.inf
        model = SoftmaxModel(self, DECREMENT * scale)
        if start is None:  # where the classes' shares are the same in all rows
            model.take(np.einsum("kl,ab->kalb", self.spread(), self.gram), coarse=False)
        converged = self.k == 0
        trace: list[dict[str, float]] = []
        iteration = 0
        if converged:
            decrement = kkt = 0.0
        while not converged:
            slope = G + u @ self.quadratic
            if not self.has_intercept:
                g0 = np.zeros(self.k)
            kkt = max(
                float(np.max(self._violation(slope, u) * np.minimum(1.0, self.rows.scale), initial=0.0)),
                float(np.max(np.abs(g0))),
            )
            trace.append({"iteration": iteration, "decrement": decrement, "kkt": kkt, "seconds": time.perf_counter() - began})
            if report is not None:
                report(iteration, decrement)
            converged = bool(decrement <= DECREMENT * scale and kkt <= KKT)
            if converged:
                # a last step changes the objective by less than its rounding, and takes away most of what is left of the error
                du, db, _, left = model.direction(u, b, slope, g0)
                if left <= DECREMENT * scale:
                    u, b = u + du, b + db
                break
            if iteration == max_iterations or (stopping is not None and stopping()):
                break
            du, db, directional, decrement = model.direction(u, b, slope, g0)
            sure = model.is_best
            t = 1.0
            for _ in range(40):
                new_u, new_b = u + t * du, b + t * db
                loss, new_G, new_g0 = self.sums.evaluate(new_u, new_b)
                new_F = loss + self.value(new_u)
                if np.isfinite(new_F) and new_F <= F + 1e-4 * t * directional + 4e-15 * max(1.0, abs(F)):
                    model.remember(new_u - u, new_b - b, new_G - G + (new_u - u) @ self.quadratic, new_g0 - g0)
                    u, b, F, G, g0 = new_u, new_b, new_F, new_G, new_g0
                    break
                t *= 0.5
            else:
                if model.is_best:
                    break
                model.distrust()
            iteration += 1
            if not self.penalised and kkt < 1e-6 and decrement > 1e-3 * kkt and self.sums.largest_loss(u, b) > SEPARATED:
                if sure:
                    break
                model.distrust()
        separated = not converged and not self.penalised and self.sums.largest_loss(u, b) > SEPARATED
        coef, intercept = self._to_raw(u, b)
        return CategoricalAnswer(
            coef,
            intercept,
            F,
            decrement,
            kkt,
            converged,
            separated,
            iteration,
            time.perf_counter() - began,
            self.sums.backend,
            trace,
            _End(self, u, b),
        )

    def _violation(self, slope: np.ndarray, u: np.ndarray) -> np.ndarray:
        slope = np.where(self.rows.constant, 0.0, slope)
        if self.sparsity is None:
            return np.abs(slope @ self.basis @ self.basis.T)
        return self.sparsity.violation(slope.ravel(), u.ravel()).reshape(self.k, self.P)

    def spread(self) -> np.ndarray:
        """(k, k) covariance of what class a row is in, at the classes' shares."""
        share = self.share[: self.k] if self.has_intercept else np.full(self.k, 1.0 / self.present.size)
        return np.diag(share) - np.outer(share, share)

    def _to_raw(self, u: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        coef, intercept = np.zeros((self.P, self.K)), np.full(self.K, -np.inf if self.has_intercept else 0.0)
        intercept[self.present] = 0.0
        raw = u / self.rows.scale
        coef[:, self.present[: self.k]] = raw.T
        if self.has_intercept:
            intercept[self.present[: self.k]] = b - raw @ self.rows.shift
        if self.penalised:  # rounding apart, they do so already
            # a quadratic penalty, the same for each class, is never larger after the classes' mean is taken away
            kept, centred = self.present, self.gauge if self.sparsity is not None else np.ones(self.P, bool)
            coef[np.ix_(centred, kept)] -= coef[np.ix_(centred, kept)].mean(axis=1, keepdims=True)
            if self.has_intercept:
                intercept[kept] -= intercept[kept].mean()
        return coef, intercept

    def _from_raw(self, coef: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        raw = coef[:, self.present[: self.k]].T
        b = np.where(np.isfinite(intercept), intercept, 0.0)[self.present[: self.k]]
        return raw * self.rows.scale, b + raw @ self.rows.shift if self.has_intercept else np.zeros(self.k)

    def covariance(self, u: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Covariance and Hessian of the summed loss over all K classes, in raw units, intercept first."""
        size = self.P + 1
        if not self.k:  # one class, nothing to know
            return np.zeros((self.K, size, self.K, size)), np.zeros((self.K * size,) * 2)
        H = self.sums.hessian(u, b)
        full = self.curvature(H)
        basis = np.zeros((size, self.basis.shape[1] + 1))
        basis[0, 0], basis[1:, 1:] = 1.0, self.basis
        if not self.has_intercept:
            basis = basis[:, 1:]
        reduced = np.einsum("ai,kalb,bj->kilj", basis, full, basis, optimize=True).reshape(self.k * basis.shape[1], -1)
        inverse = _solve(reduced, np.eye(len(reduced))).reshape(self.k, basis.shape[1], self.k, basis.shape[1])
        inverse = np.einsum("ai,kilj,bj->kalb", basis, inverse, basis, optimize=True) / self.total
        to_raw = np.zeros((size, size))  # from standardised to raw parameters
        to_raw[0, 0], to_raw[1:, 1:] = 1.0, np.diag(1.0 / self.rows.scale)
        to_raw[0, 1:] = -self.rows.shift / self.rows.scale
        if not self.has_intercept:
            to_raw[0] = 0.0
        inverse = np.einsum("ai,kilj,bj->kalb", to_raw, inverse, to_raw, optimize=True)
        covariance = np.zeros((self.K, size, self.K, size))
        chosen = self.present[: self.k]
        covariance[np.ix_(chosen, np.arange(size), chosen, np.arange(size))] = inverse
        if self.penalised and self.has_intercept:  # the sum of the intercepts is held, not uncertain
            centre = np.eye(self.K)
            centre[np.ix_(chosen, chosen)] -= 1.0 / self.k
            covariance[:, 0] = np.einsum("kl,lmb->kmb", centre, covariance[:, 0])
            covariance[:, :, :, 0] = np.einsum("kal,lm->kam", covariance[:, :, :, 0], centre)
        from_raw = np.eye(size)
        from_raw[1:, 1:] = np.diag(self.rows.scale)
        from_raw[0, 1:] = self.rows.shift if self.has_intercept else 0.0
        raw_H = np.einsum("ia,kilj,jb->kalb", from_raw, H, from_raw, optimize=True) * self.total
        loss = np.zeros_like(covariance)
        loss[np.ix_(chosen, np.arange(size), chosen, np.arange(size))] = raw_H
        return covariance, loss.reshape(self.K * size, self.K * size)


@dataclass(frozen=True)
class _End:
    """Where the classes' coefficients ended."""

    problem: _Problem
    u: np.ndarray
    b: np.ndarray

    def uncertainty(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Covariance and Hessian of the summed loss, None where the penalty makes zeros."""
        if self.problem.sparsity is not None:
            return None
        with quiet_blas():
            return self.problem.covariance(self.u, self.b)


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return cho_solve(cho_factor(matrix, check_finite=False), right, check_finite=False)
    except LinAlgError:
        return np.linalg.lstsq(matrix, right, rcond=1e-14)[0]
