"""Sums over the rows for penalties that make zeros: losses with their gradients, and curvatures over working sets, blocks on threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from glmengine.backend.standard import StandardRows
from glmengine.threads import Workers

GRAM_NUMBERS = 2**18
"""Numbers in a block of rows of a Gram matrix, small enough for the cache of one core."""

DAMPING_SINGLE, DAMPING_DOUBLE = 3e-6, 1e-13
"""What is added to the diagonal of a curvature, relative to it, by its precision."""

DAMPING_COARSE = 0.02
"""The same for a curvature estimated from some of the rows, relative to that of a column of unit variance."""


@dataclass(frozen=True)
class SparseLoss:
    """What is summed over rows for M columns.

    Attributes
    ----------
    evaluate : callable
        (eta, y, columns) -> loss, score, fisher, observed, elementwise over (t, m), `columns` the (m,) numbers of the columns.
    take : callable
        (slice of rows, columns) -> y (t, m) free of NaN, weights (t, m) or (t, 1) with 0 for rows not used, offset (t, m) or (t, 1) or None.
    total : (M,) array
        Sum of the weights.
    convex : bool
        Use the observed curvature; otherwise the expected one, which is never negative, until the observed one is positive definite close
        to the optimum.
    constant_curvature : bool
        The curvature does not depend on the coefficients nor on y (Gaussian with identity link): one Gram matrix is exact.
    same_weights : bool
        All columns have the same weights, and so, if the curvature is constant, the same Gram matrix.
    """

    evaluate: Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
    take: Callable[[slice, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray | None]]
    total: np.ndarray
    convex: bool
    constant_curvature: bool = False
    same_weights: bool = False


@dataclass
class Curvature:
    """Second derivatives of one column's mean loss over a working set, the intercept eliminated."""

    working: np.ndarray
    matrix: np.ndarray  # (p, p), intercept eliminated
    cross: np.ndarray  # (p,), with the intercept
    corner: float  # of the intercept
    precise: bool  # summed in float64
    coarse: bool = False  # estimated from some of the rows
    steps: int = 0  # taken with it


class SparseRows:
    """A design and what is lost on it, for M columns whose coefficients are in standardised units; `pool` are the threads of now."""

    def __init__(self, rows: StandardRows, loss: SparseLoss, intercept: bool) -> None:
        self.rows, self.loss, self.has_intercept = rows, loss, intercept
        self.total = loss.total
        self.pool = Workers(None)

    def evaluate(self, u: np.ndarray, b: np.ndarray, columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean loss (m,), its gradient in standardised units (P, m) and by the intercept (m,), at `u` (P, m), `b` (m,)."""
        raw = u / self.rows.scale[:, None]
        constant = b - self.rows.shift @ raw

        def of_block(piece: tuple[slice, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            with np.errstate(over="ignore", invalid="ignore"):  # a trial step may go too far; it is refused by its loss
                eta, y, weights = self._chunk(*piece, raw, constant, columns)
                value, score, _, _ = self.loss.evaluate(eta, y, columns)
                residual = weights * score
                return (weights * value).sum(axis=0), (residual.T @ piece[1]).T, residual.sum(axis=0)

        loss, gradient, sums = np.zeros(columns.size), np.zeros(raw.shape), np.zeros(columns.size)
        for part in self.pool.map(of_block, self.rows.blocks.pieces()):
            loss, gradient, sums = loss + part[0], gradient + part[1], sums + part[2]
        total = self.total[columns]
        gradient = (gradient - self.rows.shift[:, None] * sums) / self.rows.scale[:, None] / total
        return loss / total, gradient, (sums / total if self.has_intercept else np.zeros(columns.size))

    def _chunk(
        self, part: slice, block: np.ndarray, raw: np.ndarray, constant: np.ndarray, columns: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        y, weights, offset = self.loss.take(part, columns)
        eta = block @ raw + constant
        return (eta if offset is None else eta + offset), y, weights

    def curvatures(
        self,
        u: np.ndarray,
        b: np.ndarray,
        columns: np.ndarray,
        working: dict[int, np.ndarray],
        precise: np.ndarray,
        stride: int = 1,
        near: np.ndarray | None = None,
    ) -> dict[int, Curvature]:
        """Curvatures at `u` (P, M), `b` (M,), from one row in `stride`; the observed ones of columns `near` the optimum, if definite."""
        signed = np.zeros(columns.size, bool) if near is None else np.isin(columns, near)
        raw = u[:, columns] / self.rows.scale[:, None]
        constant = b[columns] - self.rows.shift @ raw

        everything = np.arange(self.rows.shape[1])
        whole = [working[j].size == everything.size for j in columns.tolist()]

        def of_block(piece: tuple[slice, np.ndarray]) -> list[tuple[np.ndarray, np.ndarray, float]]:
            part, block = piece
            if stride > 1:
                part, block = slice(part.start, part.stop, stride), block[::stride]
            eta, y, weights = self._chunk(part, block, raw, constant, columns)
            _, _, fisher, observed = self.loss.evaluate(eta, y, columns)
            curvature = weights * np.where(signed | self.loss.convex, observed, fisher)
            curvature = np.clip(curvature, np.where(signed, -1e30, 0.0), 1e30)
            roots = np.sqrt(np.where(signed, 0.0, curvature))
            single = block.astype(np.float32) if any(whole) and not precise[columns].all() else None
            result = []
            for place, j in enumerate(columns.tolist()):
                root = roots[:, place : place + 1]
                if signed[place]:  # rows may bend the other way: there is no root
                    values = block if whole[place] else block[:, working[j]]
                    scaled = values * curvature[:, place : place + 1]
                    result.append((values.T @ scaled, scaled.sum(axis=0), float(curvature[:, place].sum())))
                    continue
                if precise[j]:
                    values = block if whole[place] else block[:, working[j]]
                else:
                    root = root.astype(np.float32)
                    values = single if whole[place] else block[:, working[j]].astype(np.float32)
                scaled = values * root
                result.append((scaled.T @ scaled, scaled.T @ root[:, 0], float(curvature[:, place].sum())))
            return result

        matrices = {j: np.zeros((working[j].size,) * 2) for j in columns.tolist()}
        crosses, corners = {j: np.zeros(working[j].size) for j in columns.tolist()}, dict.fromkeys(columns.tolist(), 0.0)
        for parts in self.pool.map(
            of_block, _smaller(self.rows.blocks.pieces(), stride * GRAM_NUMBERS // max(self.rows.shape[1], 1))
        ):
            for j, (matrix, cross, corner) in zip(columns.tolist(), parts, strict=True):
                matrices[j] += matrix
                crosses[j] += cross
                corners[j] += corner
        for j in columns.tolist():  # of columns as they are; now of centred and scaled ones
            shift, scale = self.rows.shift[working[j]], self.rows.scale[working[j]]
            bent = np.outer(crosses[j], shift)
            matrices[j] += corners[j] * np.outer(shift, shift) - bent - bent.T
            matrices[j] /= np.outer(scale, scale)
            crosses[j] = (crosses[j] - corners[j] * shift) / scale
        made: dict[int, Curvature] = {}
        for place, j in enumerate(columns.tolist()):
            share = stride / self.total[j]
            matrix, cross, corner = matrices[j] * share, crosses[j] * share, corners[j] * share
            if self.has_intercept and corner > 0:
                matrix = matrix - np.outer(cross, cross) / corner
            # rounding must not make a direction that has no curvature look like one that falls for ever
            matrix[np.diag_indices_from(matrix)] *= 1.0 + (DAMPING_DOUBLE if precise[j] else DAMPING_SINGLE)
            if stride > 1:  # what the rows left out hold alone must not look flat
                matrix[np.diag_indices_from(matrix)] += DAMPING_COARSE * corner
            if signed[place] and not _is_definite(matrix, corner):
                made |= self.curvatures(u, b, np.array([j]), working, precise)
                continue
            made[j] = Curvature(working[j], matrix, cross, corner, bool(precise[j]), coarse=stride > 1)
        return made


def _smaller(pieces: Iterable[tuple[slice, np.ndarray]], size: int) -> Iterable[tuple[slice, np.ndarray]]:
    """The same rows in blocks of at most `size`; a list where they are in memory."""
    size = max(size, 256)
    parts = (
        (slice(part.start + start, min(part.start + start + size, part.stop)), block[start : start + size])
        for part, block in pieces
        for start in range(0, len(block), size)
    )
    return list(parts) if isinstance(pieces, list | tuple) else parts


def _is_definite(matrix: np.ndarray, corner: float) -> bool:
    """Whether a curvature (p, p), of the intercept apart `corner`, bends upwards in every direction."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return corner > 0
