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

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from glmengine.solvers.quadratic import Sparsity, minimise_quadratic
from glmengine.solvers.sparse import DECREMENT, KKT
from glmengine.solvers.standard import StandardRows

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
    covariance : (K, P + 1, K, P + 1) array or None
        Inverse of the penalised Hessian of the summed loss, intercept first; None where the penalty makes zeros or it was not asked for.
    hessian_loss : (K (P + 1), K (P + 1)) array or None
        Hessian of the summed loss without the penalty, in the order of `covariance`, for effective degrees of freedom.
    trace : list of dict
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
    covariance: np.ndarray | None
    hessian_loss: np.ndarray | None
    trace: list[dict[str, float]]


def minimise_categorical(
    rows: StandardRows,
    labels: np.ndarray,
    weights: np.ndarray,
    n_classes: int,
    quadratic: np.ndarray | None = None,
    sparsity: Sparsity | None = None,
    *,
    intercept: bool = True,
    start: tuple[np.ndarray, np.ndarray] | None = None,
    with_covariance: bool = False,
    max_iterations: int = 100,
    report: Callable[[int, float], None] | None = None,
    stopping: Callable[[], bool] | None = None,
) -> CategoricalAnswer:
    """Minimise the mean negative log-probability of the classes that occurred, plus the penalty summed over classes.

    Parameters
    ----------
    rows : StandardRows
        The design (T, P).
    labels : (T,) int array
        Class numbers 0 .. K-1; anything where the weight is 0.
    weights : (T,) array
    n_classes : int
        K.
    quadratic : (P, P) array, optional
        Quadratic part of the penalty, in raw units, the same for every class.
    sparsity : Sparsity, optional
        The part that makes zeros, on the P columns of a class, in raw units.
    start : (coef (P, K), intercept (K,)), optional
        In raw units.
    with_covariance : bool
        Also compute `covariance` and `hessian_loss`.
    """
    problem = _Problem(rows, labels, weights, n_classes, quadratic, sparsity, intercept)
    return problem.solve(start, with_covariance, max_iterations, report, stopping)


class _Problem:
    def __init__(
        self,
        rows: StandardRows,
        labels: np.ndarray,
        weights: np.ndarray,
        n_classes: int,
        quadratic: np.ndarray | None,
        sparsity: Sparsity | None,
        intercept: bool,
    ) -> None:
        self.rows, self.weights, self.has_intercept, self.K = rows, weights, intercept, n_classes
        self.total = float(weights.sum())
        self.P = rows.shape[1]
        counts = np.bincount(labels[weights > 0], weights=weights[weights > 0], minlength=n_classes)
        self.present = np.flatnonzero(counts > 0)
        place = np.zeros(n_classes, int)
        place[self.present] = np.arange(self.present.size)
        self.labels = place[labels]
        self.share = counts[self.present] / self.total
        s = rows.scale
        self.quadratic = np.zeros((self.P, self.P)) if quadratic is None else quadratic / np.outer(s, s)
        self.penalised = bool(self.quadratic.any()) or (
            sparsity is not None and bool(sparsity.l1.any() or sparsity.weights.any())
        )
        self.k = self.present.size if self.penalised else self.present.size - 1  # classes with coefficients
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
        self.basis = self._identified()

    def _identified(self) -> np.ndarray:
        """(P, r) orthonormal directions of a class's coefficients on which the objective depends."""
        if self.sparsity is not None:
            return np.eye(self.P)[:, ~self.rows.constant]
        gram = np.zeros((self.P, self.P))
        for part, block in self.rows.blocks.pieces():
            root = np.sqrt(self.weights[part])[:, None]
            standard = (block - self.rows.shift) / self.rows.scale * root
            gram += standard.T @ standard
        gram = gram / self.total + self.quadratic
        gram[self.rows.constant] = gram[:, self.rows.constant] = 0.0
        values, vectors = np.linalg.eigh(gram)
        return vectors[:, values > 1e-11 * max(float(values[-1]), 1e-300)] if self.P else np.zeros((0, 0))

    def probabilities(self, block: np.ndarray, u: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and their logarithms (t, classes present) at `u` (k, P), `b` (k,), standardised."""
        raw = u / self.rows.scale
        eta = np.zeros((len(block), self.present.size))
        eta[:, : self.k] = block @ raw.T + (b - raw @ self.rows.shift)
        eta -= eta.max(axis=1, keepdims=True)
        raised = np.exp(eta)
        bottom = raised.sum(axis=1, keepdims=True)
        return raised / bottom, eta - np.log(bottom)

    def evaluate(self, u: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Mean loss, its gradient by `u` (k, P) and by `b` (k,)."""
        loss, gradient, sums = 0.0, np.zeros((self.k, self.P)), np.zeros(self.k)
        for part, block in self.rows.blocks.pieces():
            p, log_p = self.probabilities(block, u, b)
            at = np.arange(len(block))
            loss -= float(self.weights[part] @ log_p[at, self.labels[part]])
            p[at, self.labels[part]] -= 1.0
            residual = p[:, : self.k] * self.weights[part][:, None]
            gradient += residual.T @ block
            sums += residual.sum(axis=0)
        gradient = (gradient - np.outer(sums, self.rows.shift)) / self.rows.scale / self.total
        return loss / self.total, gradient, sums / self.total

    def hessian(self, u: np.ndarray, b: np.ndarray) -> np.ndarray:
        """(k, P + 1, k, P + 1) Hessian of the mean loss, intercept first, in standardised columns."""
        H = np.zeros((self.k, self.P + 1, self.k, self.P + 1))
        for part, block in self.rows.blocks.pieces():
            p, _ = self.probabilities(block, u, b)
            full = np.ones((len(block), self.P + 1))
            full[:, 1:] = (block - self.rows.shift) / self.rows.scale
            for one in range(self.k):
                for other in range(one + 1):
                    curvature = self.weights[part] * p[:, one] * ((one == other) - p[:, other])
                    H[one, :, other, :] += full.T @ (full * curvature[:, None])
        for one in range(self.k):
            for other in range(one):
                H[other, :, one, :] = H[one, :, other, :].T
        return H / self.total

    def value(self, u: np.ndarray) -> float:
        smooth = 0.5 * float(np.sum(u * (u @ self.quadratic)))
        return smooth + (self.sparsity.value(u.ravel()) if self.sparsity is not None else 0.0)

    def curvature(self, u: np.ndarray, b: np.ndarray) -> np.ndarray:
        """Hessian of the objective, with what holds the sums over classes; intercepts have a 1 on the diagonal where there are none."""
        H = self.hessian(u, b)
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

    def solve(self, start, with_covariance, max_iterations, report, stopping) -> CategoricalAnswer:
        began = time.perf_counter()
        u, b = np.zeros((self.k, self.P)), np.zeros(self.k)
        if start is not None:
            u, b = self._from_raw(*start)
        elif self.has_intercept and self.k:
            logs = np.log(self.share)
            b = logs - logs.mean() if self.penalised else (logs - logs[-1])[:-1]
        scale = max(1.0, -2.0 * float(self.share @ np.log(self.share)))
        loss, G, g0 = self.evaluate(u, b)
        F = loss + self.value(u)
        decrement = kkt = np.inf
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
            if converged or iteration == max_iterations or (stopping is not None and stopping()):
                break
            du, db, directional, decrement = self._direction(u, b, slope, g0)
            t = 1.0
            for _ in range(40):
                new_u, new_b = u + t * du, b + t * db
                loss, new_G, new_g0 = self.evaluate(new_u, new_b)
                new_F = loss + self.value(new_u)
                if np.isfinite(new_F) and new_F <= F + 1e-4 * t * directional + 4e-15 * max(1.0, abs(F)):
                    u, b, F, G, g0 = new_u, new_b, new_F, new_G, new_g0
                    break
                t *= 0.5
            iteration += 1
            if not self.penalised and self._spread(u, b) > SEPARATED and kkt < 1e-6 and decrement > 1e-3 * kkt:
                break
        separated = not converged and not self.penalised and self._spread(u, b) > SEPARATED
        coef, intercept = self._to_raw(u, b)
        covariance, hessian_loss = self._covariance(u, b) if with_covariance and self.sparsity is None else (None, None)
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
            covariance,
            hessian_loss,
            trace,
        )

    def _violation(self, slope: np.ndarray, u: np.ndarray) -> np.ndarray:
        slope = np.where(self.rows.constant, 0.0, slope)
        if self.sparsity is None:
            return np.abs(slope @ self.basis @ self.basis.T)
        return self.sparsity.violation(slope.ravel(), u.ravel()).reshape(self.k, self.P)

    def _direction(
        self, u: np.ndarray, b: np.ndarray, slope: np.ndarray, g0: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, float, float]:
        """Steps of `u` and `b`, the directional derivative, and what the model expects to gain."""
        H = self.curvature(u, b)
        n, r = self.k, self.basis.shape[1]
        A = H[:, 0, :, 0]
        C = np.einsum("kal,ai->lki", H[:, 1:, :, 0], self.basis).reshape(n, n * r)
        B = np.einsum("ai,kalb,bj->kilj", self.basis, H[:, 1:, :, 1:], self.basis, optimize=True).reshape(n * r, n * r)
        g = (slope @ self.basis).ravel()
        inner = _solve(A, np.column_stack([C, g0]))
        schur, reduced = B - C.T @ inner[:, :-1], g - C.T @ inner[:, -1]
        if self.sparsity is None:
            d = -_solve(schur, reduced)
            change = 0.0
        else:
            kept = np.flatnonzero(np.tile(~self.rows.constant, n))
            now = u.ravel()[kept]
            inside = self.sparsity.restricted(kept)
            new = minimise_quadratic(schur, reduced - schur @ now, inside, now)
            d = new - now
            change = inside.value(new) - inside.value(now)
        db = -(inner[:, -1] + inner[:, :-1] @ d)
        du = d.reshape(n, r) @ self.basis.T
        gain = -(float(reduced @ d + 0.5 * d @ (schur @ d)) + change) + 0.5 * float(g0 @ inner[:, -1])
        return du, db, float(np.sum(slope * du) + g0 @ db) + change, max(gain, 0.0)

    def _spread(self, u: np.ndarray, b: np.ndarray) -> float:
        part, block = next(iter(self.rows.blocks.pieces()))
        used = self.weights[part] > 0
        _, log_p = self.probabilities(block[used], u, b)
        return float(-log_p.min(initial=0.0))

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

    def _covariance(self, u: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Covariance and Hessian of the summed loss over all K classes, in raw units, intercept first."""
        size = self.P + 1
        if not self.k:  # one class, nothing to know
            return np.zeros((self.K, size, self.K, size)), np.zeros((self.K * size,) * 2)
        H = self.hessian(u, b)
        full = self.curvature(u, b)
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


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return cho_solve(cho_factor(matrix, check_finite=False), right, check_finite=False)
    except LinAlgError:
        return np.linalg.lstsq(matrix, right, rcond=1e-14)[0]
