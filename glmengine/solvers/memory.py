"""The memory of limited-memory BFGS, for many columns at once (Nocedal & Wright 2006, algorithm 7.4)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

LENGTH = 8


class Memory:
    """The last steps of K columns and the changes of gradient that they made, (K, Q) each."""

    def __init__(self, n_columns: int, size: int) -> None:
        self._shape = (n_columns, size)
        self._steps: list[np.ndarray] = []
        self._changes: list[np.ndarray] = []
        self._inverses: list[np.ndarray] = []  # 1 / (step . change), 0 where there is nothing to remember

    def remember(self, columns: np.ndarray, step: np.ndarray, change: np.ndarray) -> None:
        """Steps and changes (k, Q) of these columns; one without positive curvature is passed over."""
        product = np.sum(step * change, axis=1)
        size = np.sqrt(np.sum(step**2, axis=1) * np.sum(change**2, axis=1))
        inverse = np.zeros(self._shape[0])
        useful = product > 1e-10 * size
        inverse[columns[useful]] = 1.0 / product[useful]
        for kept, values in ((self._steps, step), (self._changes, change)):
            whole = np.zeros(self._shape)
            whole[columns] = values
            kept.append(whole)
            del kept[:-LENGTH]
        self._inverses.append(inverse)
        del self._inverses[:-LENGTH]

    def forget(self, columns: np.ndarray) -> None:
        """Nothing is known any more of these columns."""
        for inverse in self._inverses:
            inverse[columns] = 0.0

    def apply(self, columns: np.ndarray, gradient: np.ndarray, solve: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """The inverse Hessian as remembered, on gradients (k, Q); `solve` is the inverse that it starts from."""
        right = gradient.copy()
        factors = []
        pairs = [
            (step[columns], change[columns], inverse[columns])
            for step, change, inverse in zip(self._steps, self._changes, self._inverses, strict=True)
        ]
        for step, change, inverse in reversed(pairs):
            factor = inverse * np.sum(step * right, axis=1)
            right -= factor[:, None] * change
            factors.append(factor)
        result = solve(right)
        for (step, change, inverse), factor in zip(pairs, reversed(factors), strict=True):
            result += (factor - inverse * np.sum(change * result, axis=1))[:, None] * step
        return result
