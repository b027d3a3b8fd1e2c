"""Penalties: none, ridge, lasso, elastic net, group lasso and smoothness.

With `w` the coefficients of one unit (the intercept is never penalised) and `a` the strength:

=================  =================================  ==================================================================
`Ridge`            a/2 |w|^2                          glum and scikit-learn `PoissonRegressor`: alpha = a; for the Gaussian,
                                                      whose loss is the squared error, `Ridge(alpha=n a/2)`
`Lasso`            a |w|_1                            glum: alpha = a, l1_ratio = 1; Gaussian: scikit-learn `Lasso(alpha=a/2)`
`ElasticNet`       a [(1-r)/2 |w|^2 + r |w|_1]        glum: alpha = a, l1_ratio = r; Gaussian: `ElasticNet(alpha=a/2, l1_ratio=r)`
`GroupLasso`       a sum_g sqrt(p_g) |w_g|            NeMoS: regularizer_strength = a
`Smoothness`       a/2 |D w|^2                        second differences, circular and two-dimensional
=================  =================================  ==================================================================

NeMoS has the same forms and the same losses throughout. The textbook form max log p - alpha sum w^2 is `Ridge(2 alpha / T)`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.differences import difference_matrix
from glmengine.models.groups import are_labels, as_groups, groups_of_labels
from glmengine.models.numbers import check_strength, is_number
from glmengine.models.penalty import Columns, Penalty, Resolved, resolved


@dataclass(frozen=True)
class NoPenalty(Penalty):
    """No penalty: maximum likelihood; for collinear columns the solution of smallest norm."""

    name: ClassVar[str] = "none"

    @property
    def strength(self) -> float:
        return 0.0

    def scaled(self, strength: float) -> NoPenalty:
        check_strength(strength)
        return self

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        return resolved(columns.n)


@dataclass(frozen=True)
class Ridge(Penalty):
    """strength/2 times the sum of squares."""

    name: ClassVar[str] = "ridge"
    strength: float = 1.0

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        return resolved(columns.n, ridge=self.strength * chosen * scales**2)


@dataclass(frozen=True)
class Lasso(Penalty):
    """strength times the sum of absolute values: many coefficients become exactly 0."""

    name: ClassVar[str] = "lasso"
    is_smooth: ClassVar[bool] = False
    strength: float = 1.0

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        return resolved(columns.n, l1=self.strength * chosen * scales)


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """strength times (1 - ratio)/2 of the sum of squares plus ratio of the sum of absolute values."""

    name: ClassVar[str] = "elastic_net"
    is_smooth: ClassVar[bool] = False
    strength: float = 1.0
    ratio: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not is_number(self.ratio) or not 0.0 <= self.ratio <= 1.0:
            raise GlmError(
                f"penalty: the ratio of an elastic net is {self.ratio!r}; give 0 (ridge) to 1 (lasso)", field="model.ratio"
            )

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        ridge = self.strength * (1.0 - self.ratio) * chosen * scales**2
        return resolved(columns.n, ridge=ridge, l1=self.strength * self.ratio * chosen * scales)


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """strength times the sum over groups of sqrt(size) times the group's norm: whole groups become exactly 0.

    Attributes
    ----------
    strength : float
    groups : sequence of sequences of column numbers, or a (G, P) mask of 0 and 1, a mapping label -> column numbers, or one label for each column, optional
        The terms of the design where not given; ``"sources"``: the columns of each source within each term (of a coupling those of each
        driving unit, so that whole connections become 0). Columns in no group are not penalised.
    """

    name: ClassVar[str] = "group_lasso"
    is_smooth: ClassVar[bool] = False
    strength: float = 1.0
    groups: Any = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.groups, str):
            if self.groups not in ("terms", "sources"):
                raise GlmError(
                    f"penalty: there are no groups {self.groups!r}; choose 'terms' or 'sources', or give column numbers",
                    field="model.groups",
                )
            if self.groups == "terms":
                object.__setattr__(self, "groups", None)
        elif are_labels(self.groups):
            object.__setattr__(self, "groups", tuple(np.asarray(self.groups).tolist()))
        elif self.groups is not None:
            object.__setattr__(self, "groups", as_groups(self.groups))

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        if self.groups == "sources":
            groups = self._sources(columns)
        elif are_labels(self.groups):
            groups = groups_of_labels(self.groups, columns.n)
        elif self.groups is not None:
            groups = [np.asarray(group) for group in self.groups]
        elif columns.groups:
            groups = [np.asarray(columns.groups[label]) for label in self._labels(columns)]
        else:
            groups = [np.arange(columns.n)]
        for number, group in enumerate(groups):
            if group.size and group.max() >= columns.n:
                raise GlmError(
                    f"penalty: group {number} names column {group.max()}, but there are {columns.n} (0 to {columns.n - 1}); correct the groups",
                    field="model.penalty",
                )
        groups = [group[chosen[group]] for group in groups]
        groups = [group for group in groups if group.size]
        weights = np.array([self.strength * math.sqrt(group.size) for group in groups])
        return resolved(columns.n, groups=tuple(groups), group_weights=weights, scales=scales)

    def _sources(self, columns: Columns) -> list[np.ndarray]:
        if not columns.sources:
            raise GlmError(
                "penalty: a plain array has no sources to group by; give a design, or the groups as column numbers",
                field="model.groups",
            )
        return [np.asarray(group) for label in self._labels(columns) for group in columns.sources[label]]


@dataclass(frozen=True)
class Smoothness(Penalty):
    """strength/2 times the sum of squared second differences of neighbouring coefficients.

    Attributes
    ----------
    strength : float
    circular : bool
        The first coefficient follows the last. A term of a design knows this of its basis; this and `shape` are for plain arrays.
    shape : tuple of int, optional
        Grid of the coefficients, last axis fastest, for functions of two or more variables: differences along every axis are added.
    axes : tuple of float, optional
        Strength of each axis, relative to `strength`; ones where not given. The axes of a term of a design are its variables.
    """

    name: ClassVar[str] = "smoothness"
    strength: float = 1.0
    circular: bool | tuple[bool, ...] = False
    shape: tuple[int, ...] | None = None
    axes: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.shape is None:
            return
        shape = (self.shape,) if is_number(self.shape) else self.shape
        if (
            isinstance(shape, str)
            or not isinstance(shape, Iterable)
            or not all(is_number(size) and size >= 1 and size == int(size) for size in shape)
        ):
            raise GlmError(
                f"penalty: the grid of a smoothness is {self.shape!r}; give the number of coefficients along each axis, as (8, 8)",
                field="model.penalty",
            )
        object.__setattr__(self, "shape", tuple(int(size) for size in shape))

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        matrix = np.zeros((columns.n, columns.n))
        if columns.groups and self.shape is None:
            for label in self._labels(columns):
                block = np.asarray(columns.groups[label])
                known = self._of_term(columns, label)
                if known is None and columns.smoothness is None:
                    known = difference_matrix((block.size,), self.circular, self.axes)
                if known is not None:
                    matrix[np.ix_(block, block)] += known
        else:
            block = np.flatnonzero(chosen)
            shape = self.shape or (block.size,)
            if math.prod(shape) != block.size:
                raise GlmError(
                    f"penalty: a grid of {' x '.join(map(str, shape))} coefficients does not fit {block.size} columns; correct the shape",
                    field="model.penalty",
                )
            matrix[np.ix_(block, block)] = difference_matrix(shape, self.circular, self.axes)
        return resolved(columns.n, matrix=self.strength * matrix * np.outer(scales, scales))

    def _of_term(self, columns: Columns, label: str) -> np.ndarray | None:
        if columns.smoothness is None:
            return None
        if self.axes is None or columns.axes is None:
            return columns.smoothness(label)
        parts = columns.axes(label)
        weights = [check_strength(weight) for weight in self.axes]
        if len(weights) == 1:
            weights = weights * len(parts)
        if len(weights) != len(parts):
            raise GlmError(
                f"penalty: the term '{label}' has {len(parts)} variables and smoothness along {len(weights)}; give one number for each",
                field="model.penalty",
            )
        return np.sum([weight * part for weight, part in zip(weights, parts, strict=True)], axis=0)


PENALTIES: dict[str, type[Penalty]] = {kind.name: kind for kind in (NoPenalty, Ridge, Lasso, ElasticNet, GroupLasso, Smoothness)}


def get_penalty(penalty: str | Penalty | None, strength: float | None = None) -> Penalty:
    """The penalty of this name, or this penalty, at `strength` where that is given.

    Raises
    ------
    GlmError
        If there is none of that name, or the strength is negative or not finite.
    """
    if penalty is None:
        return NoPenalty()
    if isinstance(penalty, str):
        kind = PENALTIES.get(penalty.lower().replace("-", "_").replace(" ", "_"))
        if kind is None:
            raise GlmError(f"there is no penalty {penalty!r}; choose one of {', '.join(PENALTIES)}", field="model.penalty")
        penalty = kind()
    if not isinstance(penalty, Penalty):
        raise GlmError(
            f"penalty: {penalty!r} is neither a name nor a penalty; give for example 'ridge' or Ridge(1e-4)",
            field="model.penalty",
        )
    return penalty if strength is None else penalty.scaled(strength)
