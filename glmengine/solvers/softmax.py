"""Sums over the rows for a softmax: the loss of K classes, its gradient and its Hessian, each block of rows on a thread of its own.

Predictors are held class by class, (k, t): sums over a few classes are then sums of long rows. The Hessian's blocks are Gram matrices
with weights of one sign each (p_a (1 - p_a) and -p_a p_b), so the symmetric product of the BLAS makes them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glmengine.backend.standard import StandardRows
from glmengine.threads import workers

BLOCK_NUMBERS = 2**18
"""Numbers in a block of rows, design and predictors, which stay in the cache of one core."""

Block = tuple[slice, np.ndarray]


class SoftmaxRows:
    """Rows of a design with the classes observed in them.

    Parameters
    ----------
    rows : StandardRows
        The design (T, P).
    labels : (T,) int array
        Class numbers below `n_classes`.
    weights : (T,) array
    n_classes : int
    k : int
        The first so many classes have coefficients; the predictor of the others is 0.
    """

    def __init__(self, rows: StandardRows, labels: np.ndarray, weights: np.ndarray, n_classes: int, k: int) -> None:
        self.rows, self.labels, self.weights = rows, labels, weights
        self.n_classes, self.k = n_classes, k
        self.total = float(weights.sum())
        self.numbers = rows.shape[0] * (rows.shape[1] + n_classes)

    def evaluate(self, u: np.ndarray, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Mean loss, its gradient by `u` (k, P) and by `b` (k,), at standardised coefficients."""

        def of_block(block: Block) -> tuple[float, np.ndarray, np.ndarray]:
            part, X = block
            weights, labels, at = self.weights[part], self.labels[part], np.arange(len(X))
            p, log_p = self.probabilities(X, u, b)
            loss = -float(weights @ log_p[labels, at])
            p[labels, at] -= 1.0
            residual = p[: self.k] * weights
            return loss, residual @ X, residual.sum(axis=1)

        loss, gradient, sums = 0.0, np.zeros((self.k, self.rows.shape[1])), np.zeros(self.k)
        with workers(self.numbers) as pool:
            for parts in pool.map(of_block, self._blocks()):
                loss, gradient, sums = loss + parts[0], gradient + parts[1], sums + parts[2]
        gradient = (gradient - np.outer(sums, self.rows.shift)) / self.rows.scale / self.total
        return loss / self.total, gradient, sums / self.total

    def hessian(self, u: np.ndarray, b: np.ndarray, stride: int = 1) -> np.ndarray:
        """(k, P + 1, k, P + 1) Hessian of the mean loss, intercept first, in standardised columns, from one row in `stride`."""
        pairs = [(one, other) for one in range(self.k) for other in range(one + 1)]

        def of_block(block: Block) -> list[np.ndarray]:
            part, X = block
            X = X[::stride]
            p, _ = self.probabilities(X, u, b)
            full, weights = self._standard(X), self.weights[part][::stride]
            result = []
            for one, other in pairs:
                curvature = p[one] * (1.0 - p[one] if one == other else p[other])
                scaled = full * np.sqrt(weights * curvature)[:, None]
                result.append(scaled.T @ scaled)
            return result

        size = self.rows.shape[1] + 1
        sums = [np.zeros((size, size)) for _ in pairs]
        with workers(self.numbers * len(pairs)) as pool:
            for parts in pool.map(of_block, self._blocks(stride)):
                for whole, matrix in zip(sums, parts, strict=True):
                    whole += matrix
        H = np.empty((self.k, size, self.k, size))
        for (one, other), matrix in zip(pairs, sums, strict=True):
            H[one, :, other, :] = H[other, :, one, :] = matrix if one == other else -matrix
        return H * (stride / self.total)

    def gram(self) -> np.ndarray:
        """(P + 1, P + 1) mean outer product of the rows in standardised columns, a constant first."""

        def of_block(block: Block) -> np.ndarray:
            part, X = block
            scaled = self._standard(X) * np.sqrt(self.weights[part])[:, None]
            return scaled.T @ scaled

        size = self.rows.shape[1] + 1
        with workers(self.numbers) as pool:
            return sum(pool.map(of_block, self._blocks()), np.zeros((size, size))) / self.total

    def probabilities(self, X: np.ndarray, u: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Probabilities and their logarithms (n_classes, t) in rows `X`, at `u` (k, P), `b` (k,), standardised."""
        raw = u / self.rows.scale
        eta = np.zeros((self.n_classes, len(X)))
        eta[: self.k] = raw @ X.T
        eta[: self.k] += (b - raw @ self.rows.shift)[:, None]
        eta -= eta.max(axis=0)
        p = np.exp(eta)
        bottom = p.sum(axis=0)
        p /= bottom
        eta -= np.log(bottom)
        return p, eta

    def _standard(self, X: np.ndarray) -> np.ndarray:
        full = np.ones((len(X), X.shape[1] + 1))
        np.subtract(X, self.rows.shift, out=full[:, 1:])
        full[:, 1:] /= self.rows.scale
        return full

    def _blocks(self, stride: int = 1) -> Iterator[Block] | list[Block]:
        step = max(BLOCK_NUMBERS // (self.rows.shape[1] + self.n_classes), 256) * stride
        pieces = self.rows.blocks.pieces()
        found = (
            (slice(part.start + start, min(part.start + start + step, part.stop)), block[start : start + step])
            for part, block in pieces
            for start in range(0, len(block), step)
        )
        return list(found) if isinstance(pieces, list | tuple) else found
