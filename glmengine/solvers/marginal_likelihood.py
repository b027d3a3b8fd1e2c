"""Strengths of several quadratic penalties by the restricted marginal likelihood of a working linear model.

To second order a penalised GLM is a Gaussian linear model of its working observations, with the Hessian H and the linear term b where
the coefficients are. The penalties are improper Gaussian priors of the coefficients, and their strengths maximise the likelihood from which
the coefficients are integrated out (Wood 2011, J. R. Stat. Soc. B 73, 3-36; fitted as in Wood, Goude & Shaw 2015, Appl. Stat. 64, 139-155:
the strengths are found for each working model, then the working model is renewed). Newton's method in the logarithms of the strengths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh
from scipy.linalg.lapack import dtrtrs

from glmengine.solvers.cholesky import factor_above, solved
from glmengine.solvers.penalty_components import Components

NO_CURVATURE = {False: 1e-11, True: 1e-5}
"""Directions in which neither data nor any penalty has more curvature than this, in unit columns, are not determined; of Hessians that were
made in float64 and in float32."""

SOFTEST, STIFFEST = 1e-9, 1e7
"""Range of a strength, relative to where penalty and data weigh the same; at its end a term is free, or in the penalty's null space."""

NO_EFFECT, BEGIN = 1e4, 1e2
"""Strengths on the same scale from which on a term has next to no effect left and the likelihood is flat, and at which a search begins at most that is
not to depend on where another one ended on this plateau."""

LONGEST_STEP = 4.0
"""In the logarithm of a strength, per Newton step."""

MOST_STEPS, MOST_HALVINGS = 60, 12

FLAT = 1e-5
"""Largest derivative by the logarithm of a strength at the optimum; it is half the difference of two degrees of freedom."""

LEAST_CURVATURE = 1e-8
"""Of the criterion by the logarithm of a strength, beside that of the others."""

LAST_STEP = 0.1
"""In the logarithm of a strength, from where the derivative is as small as that."""


@dataclass(frozen=True)
class Smoothed:
    """Strengths that maximise the marginal likelihood of one working model.

    Attributes
    ----------
    strengths : (J,) array
        On the scale of the working model, lambda.
    parameters : (Q,) array
        Minimum of the penalised working model.
    slope : float
        Largest derivative by the logarithm of a strength that is inside its range, where the search began.
    scale : float
        phi; 1 where it is known.
    at_limit : (J,) bool
        The strength is at the end of its range: the marginal likelihood goes on rising.
    """

    strengths: np.ndarray
    parameters: np.ndarray
    slope: float
    scale: float
    at_limit: np.ndarray


class WorkingModel:
    """One unit's working linear model and the restricted marginal likelihood of strengths in it.

    Parameters
    ----------
    hessian : (Q, Q) array
        X'WX, intercept included, zero rows for parameters that are not fitted.
    linear : (Q,) array
        X'Wz, z the working observations: the unpenalised minimum solves ``hessian @ w = linear``.
    components : Components
    fixed : (Q, Q) array, optional
        Penalty whose strength is given.
    residual : tuple of float, optional
        (n, z'Wz): number of observations and their square, where the scale phi is not known. Known, 1, where None.
    single : bool
        The Hessian was made in float32.
    """

    def __init__(
        self,
        hessian: np.ndarray,
        linear: np.ndarray,
        components: Components,
        *,
        fixed: np.ndarray | None = None,
        residual: tuple[float, float] | None = None,
        single: bool = False,
    ) -> None:
        self.components, self._residual = components, residual
        H = hessian if fixed is None else hessian + fixed
        # by the directions of each penalty's prior: those that the data hardly reach have no say, as they would by columns of unit curvature
        curvature = [
            float(np.sum((H @ inverse) * inverse)) or 1.0 for inverse in components.inverses
        ]  # of a term that is not fitted any will do
        self.balanced = np.array(curvature) / np.array([max(factor.shape[1], 1) for factor in components.factors])
        """(J,) strengths at which penalty and data weigh about the same."""
        every = H + components.matrix(self.balanced)
        size = np.sqrt(np.where(np.diagonal(every) > 0, np.diagonal(every), 1.0))
        scaled = H / np.outer(size, size)
        values, vectors = eigh(every / np.outer(size, size))
        basis = vectors[:, values > NO_CURVATURE[single] * len(values) * max(float(values[-1]), 1e-300)]
        self.basis = basis / size[:, None]
        """(Q, r) the directions that are determined, by data or penalties that weigh about the same."""
        self.hessian = basis.T @ scaled @ basis
        """(r, r) that of the data in these directions."""
        self._b = self.basis.T @ linear
        self._factors = [self.basis.T @ factor for factor in components.factors]
        r = basis.shape[1]
        self._penalties = np.array([factor @ factor.T for factor in self._factors]).reshape(-1, r, r)
        self._edges = np.cumsum([0, *(factor.shape[1] for factor in self._factors)])
        self._joined = np.hstack(self._factors) if self._factors else np.zeros((basis.shape[1], 0))
        self._null = basis.shape[1] - components.rank

    def criterion(self, strengths: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Minus the restricted log-likelihood up to a constant, its gradient (J,) and Hessian (J, J) by the logarithms of the strengths.

        Infinite where the penalised Hessian is not positive definite to rounding.
        """
        J = strengths.size
        solved = self._solve(strengths)
        if solved is None:
            return np.inf, np.zeros(J), np.eye(J)
        w, half, log_det = solved
        pulls = [self._factors[j].T @ w * np.sqrt(strengths[j]) for j in range(J)]
        roots = np.repeat(np.sqrt(strengths), np.diff(self._edges))
        half = half * roots
        inner = half.T @ half  # sqrt(lambda_j lambda_k) R_j' (H + S)^-1 R_k
        squares = np.array([pull @ pull for pull in pulls])
        cross = np.zeros((J, J))
        traces = np.zeros((J, J))
        degrees = np.zeros(J)
        for j in range(J):
            rows = slice(self._edges[j], self._edges[j + 1])
            degrees[j] = np.trace(inner[rows, rows])
            for k in range(j, J):
                block = inner[rows, self._edges[k] : self._edges[k + 1]]
                cross[j, k] = cross[k, j] = pulls[j] @ block @ pulls[k]
                traces[j, k] = traces[k, j] = np.sum(block**2)
        fit_value, _, fit_slope, fit_curvature = self._fit(w, squares, cross)
        log_s, s_first, s_second = self.components.log_determinant(strengths)
        value = fit_value + 0.5 * log_det - 0.5 * log_s
        gradient = fit_slope + 0.5 * degrees - 0.5 * s_first
        hessian = fit_curvature + 0.5 * (np.diag(degrees) - traces) - 0.5 * s_second
        return value, gradient, hessian

    def _fit(self, w: np.ndarray, squares: np.ndarray, cross: np.ndarray) -> tuple[float, float, np.ndarray, np.ndarray]:
        """The part of the criterion that is the penalised sum of squares, with its derivatives."""
        curvature = 0.5 * np.diag(squares) - cross
        if self._residual is None:
            return -0.5 * float(self._b @ w), 1.0, 0.5 * squares, curvature
        n, total = self._residual
        free = max(n - self._null, 1.0)
        left = max(total - float(self._b @ w), 1e-300)
        slope = 0.5 * free * squares / left
        return (
            0.5 * free * np.log(left),
            left / free,
            slope,
            free / left * curvature - np.outer(slope, slope) * 2.0 / free,
        )

    def _solve(self, strengths: np.ndarray) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Minimum (r,), L^-1 R (r, sum of ranks) and log determinant of H + S = L L', in the working basis."""
        total = self.hessian + self.penalty(strengths)
        size = np.sqrt(np.maximum(np.diagonal(total), 1e-300))
        factor = factor_above(total / np.outer(size, size), 0.0)
        if factor is None:
            return None
        half = dtrtrs(factor, self._joined / size[:, None], lower=1)[0]
        return solved(factor, size, self._b), half, 2.0 * float(np.log(np.diagonal(factor)).sum() + np.log(size).sum())

    def penalty(self, strengths: np.ndarray) -> np.ndarray:
        """(..., r, r) at strengths (..., J), in the working basis."""
        return np.tensordot(strengths, self._penalties, 1)

    def smooth_subsets(self, hessians: np.ndarray, linear: np.ndarray, strengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Strengths (F, J) and minima (F, Q) in subsets of the unit's rows that lack a small part each, by one Newton step of the strengths from
        those of all rows, the curvature there being taken for that of the subsets.

        Parameters
        ----------
        hessians : (F, Q, Q) array
        linear : (F, Q) array
            As at first, the scale known.
        strengths : (J,) array
            Of the highest marginal likelihood in all rows.
        """
        H, b = self.basis.T @ hessians @ self.basis, linear @ self.basis
        known, _, curvature = self.criterion(strengths)
        penalties = self._penalties
        low, high = np.log(self.balanced * SOFTEST), np.log(self.balanced * STIFFEST)
        rho = np.repeat(np.clip(np.log(strengths), low, high)[None], len(H), axis=0)
        if np.isfinite(known):
            inverses = _inverses(H + self.penalty(strengths))
            w = np.einsum("fab,fb->fa", inverses, b)
            pulls = np.einsum("jab,fb->fja", penalties, w)
            degrees = np.einsum("fja,fa->fj", pulls, w) + np.einsum("fab,jab->fj", inverses, penalties)
            slopes = 0.5 * (strengths * degrees - self.components.log_determinant(strengths)[1])
            for at, slope in zip(rho, slopes, strict=True):
                free = ~(((at <= low) & (slope > 0)) | (at >= high))  # there slope and curvature are rounding
                if free.any():
                    step = _newton_step(slope[free], curvature[np.ix_(free, free)])
                    at[free] += step * min(1.0, LONGEST_STEP / max(float(np.abs(step).max()), 1e-300))
            rho = np.clip(rho, low, high)
        inverses = _inverses(H + self.penalty(np.exp(rho)))
        return np.exp(rho), np.einsum("fab,fb->fa", inverses, b) @ self.basis.T

    def smooth_afresh(self, start: np.ndarray | None = None) -> np.ndarray:
        """Strengths (J,) of the highest marginal likelihood near `start`, those of terms that it takes for none at the end of their range.

        On the plateau beyond, a search would end where it begins: so none begins there.
        """
        begin = None if start is None else np.minimum(start, self.balanced * BEGIN)
        strengths = self.smooth(begin).strengths
        return np.where(strengths >= self.balanced * NO_EFFECT, self.balanced * STIFFEST, strengths)

    def smooth(self, start: np.ndarray | None = None, most: int = MOST_STEPS) -> Smoothed:
        """Maximise from strengths `start` (J,), from balanced ones where None, in so many steps at most."""
        low, high = np.log(self.balanced * SOFTEST), np.log(self.balanced * STIFFEST)
        rho = np.log(self.balanced) if start is None else np.clip(np.log(np.maximum(start, 1e-300)), low, high)
        value, gradient, hessian = self.criterion(np.exp(rho))
        first = self._slope(rho, gradient, low, high)
        for _ in range(most):
            free = ~(((rho <= low) & (gradient > 0)) | ((rho >= high) & (gradient < 0)))
            if not np.isfinite(value) or not free.any():
                break
            step = np.zeros_like(rho)
            step[free] = _newton_step(gradient[free], hessian[np.ix_(free, free)])
            if np.abs(gradient[free]).max() <= FLAT:  # a last step leaves its square of what is left
                rho = np.clip(rho + np.clip(step, -LAST_STEP, LAST_STEP), low, high)
                break
            step *= min(1.0, LONGEST_STEP / np.abs(step).max())
            for _ in range(MOST_HALVINGS):
                there = np.clip(rho + step, low, high)
                found = self.criterion(np.exp(there))
                if found[0] <= value + 1e-12 * abs(value):
                    break
                step *= 0.5
            else:
                break
            rho, (value, gradient, hessian) = there, found
        strengths = np.exp(rho)
        solved = self._solve(strengths)
        w = np.zeros(self.basis.shape[1]) if solved is None else solved[0]
        scale = 1.0
        if self._residual is not None:
            n, total = self._residual
            scale = max(total - float(self._b @ w), 0.0) / max(n - self._null, 1.0)
        ends = (rho <= low) | (rho >= high)
        return Smoothed(strengths, self.basis @ w, first, scale, ends)

    @staticmethod
    def _slope(rho: np.ndarray, gradient: np.ndarray, low: np.ndarray, high: np.ndarray) -> float:
        outward = ((rho <= low) & (gradient > 0)) | ((rho >= high) & (gradient < 0))
        return float(np.abs(np.where(outward, 0.0, gradient)).max(initial=0.0))


def _inverses(matrices: np.ndarray) -> np.ndarray:
    """Of penalised Hessians (F, r, r); pseudo-inverses where one is not positive definite to rounding."""
    size = np.sqrt(np.maximum(np.diagonal(matrices, axis1=1, axis2=2), 1e-300))
    outer = size[:, :, None] * size[:, None, :]
    scaled = matrices / outer
    try:
        np.linalg.cholesky(scaled)
        return np.linalg.inv(scaled) / outer
    except np.linalg.LinAlgError:
        return np.linalg.pinv(scaled, rcond=1e-13, hermitian=True) / outer


def _newton_step(gradient: np.ndarray, hessian: np.ndarray) -> np.ndarray:
    """A direction of descent: Newton's, with curvatures made positive.

    Each strength is first brought to a scale of its own: one on its way to the end of its range has next to no curvature, and beside that of the others
    it would creep.
    """
    own = np.maximum(np.abs(np.diagonal(hessian)), np.abs(gradient))
    size = np.sqrt(np.maximum(own, LEAST_CURVATURE * max(float(own.max()), LEAST_CURVATURE)))
    values, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T) / np.outer(size, size))
    values = np.maximum(np.abs(values), 1e-2 * max(float(np.abs(values).max()), 1e-2))
    return -(vectors @ ((vectors.T @ (gradient / size)) / values)) / size
