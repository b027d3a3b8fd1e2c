"""Formulas of rows for a softmax: each class has a linear predictor, and none can be looked at without the others.

The weights of a Hessian's blocks are of one sign each, p_a (1 - p_a) and p_a p_b, so that they are those of Gram matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from glmengine.backend.formulas import Seen
from glmengine.models.arrays import library


@dataclass(frozen=True)
class Softmax:
    """Which class each predictor is of.

    Attributes
    ----------
    classes : tuple of int
        Class numbers in the order of the predictors; observations are such numbers.
    reference : int or None
        A further class, whose predictor is 0.
    """

    coupled: ClassVar[bool] = True
    classes: tuple[int, ...]
    reference: int | None = None

    def probabilities(self, eta: Any) -> tuple[Any, Any]:
        """Probabilities and their logarithms (n, c) of all n classes, the reference last, from predictors (k, c)."""
        xp = library(eta).np
        if self.reference is not None:
            eta = xp.concatenate([eta, xp.zeros_like(eta[:1])])
        eta = eta - xp.max(eta, axis=0)
        p = xp.exp(eta)
        bottom = xp.sum(p, axis=0)
        return p / bottom, eta - xp.log(bottom)

    def observed(self, eta: Any, seen: Seen) -> Any:
        """(n, c) bool, the class that a row is in."""
        every = self.classes if self.reference is None else (*self.classes, self.reference)
        return seen.y[:1] == library(eta).np.asarray(every)[:, None]


@dataclass(frozen=True)
class ClassLosses(Softmax):
    """Minus the log-probability of the class that occurred: slopes for a gradient."""

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, Any]:
        xp, weights = library(eta).np, seen.weights[:1]
        p, log_p = self.probabilities(eta)
        observed = self.observed(eta, seen)
        loss = -xp.sum(xp.where(observed & (weights > 0), log_p, 0.0), axis=0, keepdims=True)
        return weights * loss, weights * (p - observed)[: len(self.classes)]


@dataclass(frozen=True)
class ClassLogLikelihood(Softmax):
    """The log-probability of the class that occurred, one number a row."""

    numbers: ClassVar[int] = 1

    def __call__(self, eta: Any, seen: Seen) -> tuple[Any, ...]:
        return (-ClassLosses(self.classes, self.reference)(eta, seen)[0],)


@dataclass(frozen=True)
class ClassCurvatures(Softmax):
    """Sizes of the second derivatives by the predictors of two classes, (0, 0), (1, 0), (1, 1), (2, 0), ...: k (k + 1) / 2 rows of weights.

    Those of two different classes are minus these.
    """

    signed: ClassVar[bool] = False
    blind: ClassVar[bool] = True

    def __call__(self, eta: Any, seen: Seen) -> Any:
        xp = library(eta).np
        p, _ = self.probabilities(eta)
        pairs = [
            p[one] * (1.0 - p[one] if one == other else p[other]) for one in range(len(self.classes)) for other in range(one + 1)
        ]
        return seen.weights[:1] * xp.stack(pairs)
