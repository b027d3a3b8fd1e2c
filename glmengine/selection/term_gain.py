"""Gain in log-likelihood that a term brings beside the others, for counts shuffled against it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from glmengine.backend import jax_runtime as runtime
from glmengine.backend.row_sources import ArrayRows
from glmengine.context import Context
from glmengine.fitting.answers import Answers
from glmengine.fitting.batch import assemble
from glmengine.fitting.driver import Plan, solve
from glmengine.fitting.glm_model import GlmModel
from glmengine.fitting.grid import Grid
from glmengine.fitting.inputs import Inputs
from glmengine.models import Family
from glmengine.models.links import Link
from glmengine.models.penalties import Resolved
from glmengine.selection.shuffles import Shuffles
from glmengine.solvers.worth import sums
from glmengine.threads import quiet_blas

TOGETHER = 2**21
"""Observations whose losses are looked at together, so that what is made on the way takes little memory."""

_RIDGE = 1e-9
"""Of the mean diagonal of a Hessian: keeps columns that sum to one, as those of B-splines do, from making it singular."""


@dataclass(frozen=True)
class Beside:
    """A term beside the fit of all other terms.

    Attributes
    ----------
    X : (T, p) array
        The term's columns; rows that are not used may hold anything.
    Y : (T, M) array
        NaN where missing.
    offset : (T, M) array or None
        Linear predictor of the others, their intercept included; None where there are none.
    intercept : (M,) array
        Of the others.
    allowed : (p, M) bool array
        Columns that each unit may use.
    penalty : Resolved
        Of the p columns, at strength 1.
    strengths : (S, M) array
        The gain is that at the best of them, of shuffled counts too.
    fold : (T,) int array or None
        -1 for rows that are never held out; None to score the rows that were fitted.
    family, link : Family, Link
    dispersion : (M,) array or None
        Of the negative binomial.
    solver, memory, platform
        As for `glmengine.fit`; memory in bytes.
    """

    X: np.ndarray
    Y: np.ndarray
    offset: np.ndarray | None
    intercept: np.ndarray
    allowed: np.ndarray
    penalty: Resolved
    strengths: np.ndarray
    fold: np.ndarray | None
    family: Family
    link: Link
    dispersion: np.ndarray | None
    memory: float
    platform: str = "auto"

    def working(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Descent of the loss and its expected curvature (n, M) of these rows at the fit of the others, 0 where missing; and where they are not."""
        shape = rows.size, self.Y.shape[1]
        descent, curvature, present = np.empty(shape), np.empty(shape), np.empty(shape, bool)
        step = max(1, TOGETHER // shape[1])
        for start in range(0, rows.size, step):
            part, block = slice(start, start + step), rows[start : start + step]
            y = self.Y[block].astype(np.float64)
            present[part] = np.isfinite(y)
            eta = np.broadcast_to(self.intercept, y.shape) if self.offset is None else self.offset[block]
            descent[part], curvature[part] = descent_of_loss(self.family, self.link, eta, y, present[part], self.dispersion)
        return descent, curvature, present


def descent_of_loss(
    family: Family, link: Link, eta: np.ndarray, y: np.ndarray, present: np.ndarray, dispersion: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Descent of the loss of observations `y` at linear predictors `eta`, and its expected curvature, both of their shape; 0 where not `present`."""
    wide = None if dispersion is None else np.broadcast_to(dispersion, y.shape)
    with np.errstate(all="ignore"):
        _, score, fisher, _ = family.evaluate(eta, np.where(present, y, family.placeholder), link, wide)
    return np.where(present, -np.asarray(score), 0.0), np.where(present, np.asarray(fisher), 0.0)


def step_gains(beside: Beside, shuffles: Shuffles, context: Context) -> Iterator[np.ndarray]:
    """Gain (M,) per bin of the term as it is, then of each shuffle, by one scoring step from the fit of the others.

    The log-likelihood is a parabola there, with the curvature of its bins at its mean over each fold: then all units share the Gram matrices
    of a shuffle, and a shuffle costs one product of the term's columns with the units' residuals. The same function of the data as they are
    and shuffled, it makes as valid a test as fits to the optimum, and shuffled fits are near the fit of the others anyway.
    """
    used = shuffles.used
    if beside.fold is not None:
        used_fold = beside.fold[used]
        order = np.argsort(used_fold, kind="stable")
        numbers, starts = np.unique(used_fold[order], return_index=True)
        parts = [slice(int(a), int(b)) for a, b in zip(starts, [*starts[1:], used.size], strict=True)]
        scored = numbers >= 0
    else:
        order, parts, scored = np.arange(used.size), [slice(0, used.size)], np.array([True])
    residual, weight, present = beside.working(used[order])
    penalty = beside.penalty.quadratic
    for partner in _with_identity(used, shuffles):
        context.check()
        found = _Sums.of(beside.X, partner[order], residual, weight, present, parts)
        yield found.gain(penalty, beside, scored)


def _with_identity(used: np.ndarray, shuffles: Shuffles) -> Iterator[np.ndarray]:
    yield used
    yield from shuffles


@dataclass(frozen=True)
class _Sums:
    """Sums over F parts of the rows: gradients (F, M, p + 1) and Gram matrices (F, p + 1, p + 1), intercept first, mean curvature
    and number of bins (F, M)."""

    gradient: np.ndarray
    gram: np.ndarray
    curvature: np.ndarray
    n: np.ndarray

    @classmethod
    def of(
        cls, X: np.ndarray, own: np.ndarray, residual: np.ndarray, weight: np.ndarray, present: np.ndarray, parts: list[slice]
    ) -> _Sums:
        """Of rows `own` (n,) of X beside the n rows of the others, -1 where there is none."""
        F, M, p = len(parts), residual.shape[1], X.shape[1]
        gradient, gram = np.zeros((F, M, p + 1)), np.zeros((F, p + 1, p + 1))
        curvature, n = np.zeros((F, M)), np.zeros((F, M))
        with quiet_blas():
            for k, part in enumerate(parts):
                there = own[part] >= 0
                paired = part if there.all() else part.start + np.flatnonzero(there)
                z, r = X[own[paired]], residual[paired]
                gradient[k, :, 0], gradient[k, :, 1:] = r.sum(axis=0), (z.T @ r).T
                gram[k, 0, 0] = len(z)
                gram[k, 0, 1:] = gram[k, 1:, 0] = z.sum(axis=0)
                gram[k, 1:, 1:] = z.T @ z
                n[k] = present[paired].sum(axis=0)
                curvature[k] = weight[paired].sum(axis=0) / max(len(z), 1)
        return cls(gradient, gram, curvature, n)

    def gain(self, penalty: np.ndarray, beside: Beside, scored: np.ndarray) -> np.ndarray:
        """(M,) log-likelihood per bin, over what an intercept alone brings."""
        allowed = np.vstack([np.ones((1, beside.allowed.shape[1]), bool), beside.allowed]).T.astype(np.float64)
        hessian = self.curvature[:, :, None, None] * self.gram[:, None]
        if beside.fold is None:
            trained = [(self.gradient[0], hessian[0], self.n[0])]
        else:
            whole = self.gradient.sum(axis=0), hessian.sum(axis=0), self.n.sum(axis=0)
            trained = [(whole[0] - self.gradient[k], whole[1] - hessian[k], whole[2] - self.n[k]) for k in range(len(self.n))]
        padded = np.zeros((len(penalty) + 1,) * 2)
        padded[1:, 1:] = penalty
        best = np.full(self.n.shape[1], np.nan)
        for strength in beside.strengths:
            best = np.fmax(best, self._at(strength, padded, allowed, trained, hessian, scored))
        return best / beside.family.loss_factor

    def _at(
        self,
        strength: np.ndarray,
        penalty: np.ndarray,
        allowed: np.ndarray,
        trained: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
        hessian: np.ndarray,
        scored: np.ndarray,
    ) -> np.ndarray:
        total, bins = np.zeros(self.n.shape[1]), np.zeros(self.n.shape[1])
        diagonal = np.arange(len(penalty))
        for k in np.flatnonzero(scored).tolist():
            g, H, n = trained[k]
            A = (H + (n * strength)[:, None, None] * penalty) * allowed[:, :, None] * allowed[:, None, :]
            scale = A[:, diagonal, diagonal].sum(axis=1, keepdims=True) / allowed.sum(axis=1, keepdims=True)
            A[:, diagonal, diagonal] += np.where(allowed > 0, _RIDGE * scale, 1.0)
            theta = _solve(np.where((scale > 0)[:, :, None], A, np.nan), g * allowed)
            own, H_own = self.gradient[k], hessian[k]
            flat = _ratio(g[:, 0], H[:, 0, 0])
            total += np.einsum("mp,mp->m", own, theta) - 0.5 * np.einsum("mp,mpq,mq->m", theta, H_own, theta)
            total -= own[:, 0] * flat - 0.5 * H_own[:, 0, 0] * flat**2
            bins += self.n[k]
        return _ratio(total, bins)


def _solve(A: np.ndarray, b: np.ndarray) -> np.ndarray:
    fine = np.isfinite(A).all(axis=(1, 2)) & np.isfinite(b).all(axis=1)
    found = np.full(b.shape, np.nan)
    if fine.any():
        found[fine] = np.linalg.solve(A[fine], b[fine][:, :, None])[:, :, 0]
    return found


def _ratio(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(other > 0, one / other, np.nan)


def refitted_gains(beside: Beside, shuffles: Shuffles, context: Context) -> Iterator[np.ndarray]:
    """The same gains by fits to the optimum beside the predictor of the others.

    Units x shuffles (x folds) are columns of one problem on the term's columns, which stay where they are with the Gram matrices made of
    them; the counts move, and the predictor of the others with them. Each begins at the fit of the others, which shuffled counts stay near to.
    """
    M = beside.Y.shape[1]
    used, T = shuffles.used, len(beside.Y)
    if beside.fold is None and len(beside.strengths) > 1:
        beside = replace(beside, strengths=beside.strengths.min(axis=0)[None])  # the best on the rows that were fitted
    n_folds = 1 if beside.fold is None else int(beside.fold.max()) + 1
    width = int(np.clip(beside.memory / (6.0 * 8 * T * M * n_folds), 1, 64))
    waiting: list[np.ndarray] = []
    for number, partner in enumerate(_with_identity(used, shuffles)):
        waiting.append(partner)
        if len(waiting) == width or number == len(shuffles):
            context.check()
            yield from _refitted(beside, used, waiting, context)
            waiting = []


def _refitted(beside: Beside, used: np.ndarray, partners: list[np.ndarray], context: Context) -> np.ndarray:
    """(k, M) gains for k pairings."""
    T, M = beside.Y.shape
    Y = np.full((T, len(partners), M), np.nan)
    offset = None if beside.offset is None else np.zeros((T, len(partners), M))
    for k, partner in enumerate(partners):
        there = partner >= 0
        Y[partner[there], k] = beside.Y[used[there]]
        if offset is not None:
            offset[partner[there], k] = beside.offset[used[there]]
    inputs = Inputs(
        source=ArrayRows(beside.X),
        valid=np.isin(np.arange(T), used),
        Y=Y.reshape(T, -1),
        weights=None,
        offset=None if offset is None else offset.reshape(T, -1),
        features=tuple(f"x{j}" for j in range(beside.X.shape[1])),
        units=tuple(str(number) for number in range(len(partners) * M)),
        mask=None if beside.allowed.all() else np.tile(beside.allowed, (1, len(partners))),
    )
    n_folds = 0 if beside.fold is None else int(beside.fold.max()) + 1
    with runtime.float64():
        assembly = assemble(
            inputs, beside.family, beside.link, intercept=True, fold=beside.fold, n_folds=n_folds, platform=beside.platform
        )
        S = len(beside.strengths)
        grid = Grid(np.arange(S, 0.0, -1.0), S)
        model = GlmModel(assembly, beside.penalty, "auto", beside.memory)
        answers = Answers(assembly, grid.values, n_folds, (beside.X.shape[1],), keep=False)
        plan = Plan(np.tile(beside.strengths, (1, len(partners))), n_folds, "Refitting shuffled counts", grid)
        for _, batch in solve(model, plan, answers, context):
            if not n_folds:
                part = batch.part()
                answers.sums[:, 0, 0, batch.unit] = sums(part.problem, part.theta, part.null, context, held_out=False)
    weight, own, null = answers.sums[0], answers.sums[2], answers.sums[4]
    known = np.isfinite(own) & np.isfinite(null)
    total, bins = np.where(known, own - null, 0.0).sum(axis=0), np.where(known, weight, 0.0).sum(axis=0)
    best = np.where(known.any(axis=(0, 1)), np.nanmax(_ratio(total, bins), axis=0, initial=-np.inf), np.nan)
    return best.reshape(len(partners), M)
