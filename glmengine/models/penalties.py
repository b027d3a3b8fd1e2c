"""Penalties: what keeps coefficients small, sparse or smooth, as plain values without any array library but NumPy.

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
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.differences import check_strength, difference_matrix


@dataclass(frozen=True)
class Columns:
    """What a penalty needs to know of the design.

    Attributes
    ----------
    n : int
        Number of columns, P.
    groups : mapping of str to (p,) int array
        Column numbers of each term.
    scales : (P,) array, optional
        Standard deviation of each column, for penalties on standardised coefficients.
    smoothness : callable, optional
        Second-difference matrix (p, p), D'D, of the term with a label; None where it has none.
    axes : callable, optional
        The same along each variable of a term: a list of matrices (p, p).
    sources : mapping of str to sequence of (p,) int array
        Column numbers of each source (driving unit, variable) of each term.
    """

    n: int
    groups: Mapping[str, np.ndarray] = field(default_factory=dict)
    scales: np.ndarray | None = None
    smoothness: Callable[[str], np.ndarray | None] | None = None
    axes: Callable[[str], Sequence[np.ndarray]] | None = None
    sources: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)


@dataclass(frozen=True)
class Resolved:
    """A penalty on P columns, as arrays: w'diag(ridge)w/2 + w'Qw/2 + sum l1 |w| + sum_g weight_g |S_g w_g|.

    Attributes
    ----------
    ridge, l1 : (P,) array
        Weights of the squares and of the absolute values.
    matrix : (P, P) array or None
        Q, symmetric; None where there is no such part.
    groups : tuple of (p_g,) int array
        Columns of each group; groups never overlap.
    group_weights : (G,) array
        Weight of each group's norm, sqrt(p_g) included.
    scales : (P,) array
        S: what a column's coefficient is multiplied by within a group's norm; ones unless standardised.
    """

    ridge: np.ndarray
    l1: np.ndarray
    matrix: np.ndarray | None
    groups: tuple[np.ndarray, ...]
    group_weights: np.ndarray
    scales: np.ndarray

    @property
    def is_smooth(self) -> bool:
        """Whether only the quadratic part is there."""
        return not self.l1.any() and not self.groups

    @property
    def quadratic(self) -> np.ndarray:
        """The quadratic part as one (P, P) matrix, diag(ridge) + Q."""
        diagonal = np.diag(self.ridge)
        return diagonal if self.matrix is None else diagonal + self.matrix

    def times(self, factor: float) -> Resolved:
        """The same at another strength: every part multiplied by `factor`."""
        matrix = None if self.matrix is None else self.matrix * factor
        return replace(
            self, ridge=self.ridge * factor, l1=self.l1 * factor, matrix=matrix, group_weights=self.group_weights * factor
        )

    def value(self, coef: np.ndarray) -> np.ndarray:
        """The penalty (M,) of coefficients (P, M), or () of (P,)."""
        total = 0.5 * self.ridge @ coef**2 + self.l1 @ np.abs(coef)
        if self.matrix is not None:
            total = total + 0.5 * np.sum(coef * (self.matrix @ coef), axis=0)
        for columns, weight in zip(self.groups, self.group_weights, strict=True):
            scales = self.scales[columns]
            total = total + weight * np.linalg.norm(coef[columns] * (scales if coef.ndim == 1 else scales[:, None]), axis=0)
        return total


@dataclass(frozen=True)
class Penalty:
    """What every penalty has.

    Attributes
    ----------
    name : str
        As in `get_penalty`.
    terms : tuple of str
        Labels of the terms it acts on; all columns where empty.
    standardised : bool
        It acts on the coefficients of columns divided by their standard deviation, so that the unit of measure of a covariate does not matter.
    """

    name: ClassVar[str] = ""
    is_smooth: ClassVar[bool] = True

    terms: tuple[str, ...] = field(default=(), kw_only=True)
    standardised: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        terms = (self.terms,) if isinstance(self.terms, str) else tuple(self.terms)
        object.__setattr__(self, "terms", terms)
        if any(f.name == "strength" for f in fields(self)):
            object.__setattr__(self, "strength", check_strength(self.strength))

    def __add__(self, other: Penalty) -> SumPenalty:
        if not isinstance(other, Penalty):
            return NotImplemented
        return SumPenalty((*_parts(self), *_parts(other)))

    @property
    def needs_scales(self) -> bool:
        """Whether `resolve` asks for the standard deviations of the columns."""
        return self.standardised

    def scaled(self, strength: float) -> Self:
        """The same penalty with another strength; a sum has strength 1, its parts keep their proportions."""
        return replace(self, strength=strength)

    def on(self, *terms: str) -> Self:
        """The same penalty on these terms alone."""
        return replace(self, terms=terms)

    def resolve(self, columns: Columns) -> Resolved:
        """As arrays for a design.

        Raises
        ------
        GlmError
            If it names a term or a column that is not there, or its groups overlap.
        """
        chosen = self._chosen(columns)
        scales = np.ones(columns.n)
        if self.standardised and columns.scales is not None:
            scales = np.where(np.asarray(columns.scales) > 0, columns.scales, 1.0)
        return self._resolve(columns, chosen, scales)

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        raise NotImplementedError

    def _labels(self, columns: Columns) -> tuple[str, ...]:
        """Labels of the terms it acts on, checked."""
        for label in self.terms:
            if label not in columns.groups:
                known = ", ".join(f"'{name}'" for name in columns.groups) or "none"
                raise GlmError(f"penalty: there is no term '{label}'; the terms are {known}", field="model.penalty")
        return self.terms or tuple(columns.groups)

    def _chosen(self, columns: Columns) -> np.ndarray:
        """(P,) bool: the columns it acts on."""
        if not self.terms:
            return np.ones(columns.n, bool)
        chosen = np.zeros(columns.n, bool)
        for label in self._labels(columns):
            chosen[columns.groups[label]] = True
        return chosen


def _resolved(n: int, **parts: Any) -> Resolved:
    values = {
        "ridge": np.zeros(n),
        "l1": np.zeros(n),
        "matrix": None,
        "groups": (),
        "group_weights": np.zeros(0),
        "scales": np.ones(n),
    }
    return Resolved(**{**values, **parts})


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
        return _resolved(columns.n)


@dataclass(frozen=True)
class Ridge(Penalty):
    """strength/2 times the sum of squares."""

    name: ClassVar[str] = "ridge"
    strength: float = 1.0

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        return _resolved(columns.n, ridge=self.strength * chosen * scales**2)


@dataclass(frozen=True)
class Lasso(Penalty):
    """strength times the sum of absolute values: many coefficients become exactly 0."""

    name: ClassVar[str] = "lasso"
    is_smooth: ClassVar[bool] = False
    strength: float = 1.0

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        return _resolved(columns.n, l1=self.strength * chosen * scales)


@dataclass(frozen=True)
class ElasticNet(Penalty):
    """strength times (1 - ratio)/2 of the sum of squares plus ratio of the sum of absolute values."""

    name: ClassVar[str] = "elastic_net"
    is_smooth: ClassVar[bool] = False
    strength: float = 1.0
    ratio: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 <= self.ratio <= 1.0:
            raise GlmError(
                f"penalty: the ratio of an elastic net is {self.ratio}; give 0 (ridge) to 1 (lasso)", field="model.ratio"
            )

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        ridge = self.strength * (1.0 - self.ratio) * chosen * scales**2
        return _resolved(columns.n, ridge=ridge, l1=self.strength * self.ratio * chosen * scales)


@dataclass(frozen=True)
class GroupLasso(Penalty):
    """strength times the sum over groups of sqrt(size) times the group's norm: whole groups become exactly 0.

    Attributes
    ----------
    strength : float
    groups : sequence of sequences of column numbers, or a (G, P) mask of 0 and 1, or a mapping label -> column numbers, optional
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
        elif self.groups is not None:
            object.__setattr__(self, "groups", _as_groups(self.groups))

    def _resolve(self, columns: Columns, chosen: np.ndarray, scales: np.ndarray) -> Resolved:
        if self.groups == "sources":
            groups = self._sources(columns)
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
        return _resolved(columns.n, groups=tuple(groups), group_weights=weights, scales=scales)

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
        return _resolved(columns.n, matrix=self.strength * matrix * np.outer(scales, scales))

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


@dataclass(frozen=True)
class SumPenalty(Penalty):
    """Several penalties together, made with ``+``: ``Ridge(1e-4).on("history") + Smoothness(1e-3).on("position")``."""

    name: ClassVar[str] = "sum"
    parts: tuple[Penalty, ...] = ()

    @property
    def is_smooth(self) -> bool:  # type: ignore[override]
        return all(part.is_smooth for part in self.parts)

    @property
    def strength(self) -> float:
        return 1.0

    @property
    def needs_scales(self) -> bool:
        return any(part.needs_scales for part in self.parts)

    def scaled(self, strength: float) -> SumPenalty:
        strength = check_strength(strength)
        return replace(self, parts=tuple(part.scaled(part.strength * strength) for part in self.parts))

    def on(self, *terms: str) -> SumPenalty:
        return replace(self, parts=tuple(part.on(*terms) for part in self.parts))

    def resolve(self, columns: Columns) -> Resolved:
        resolved = [part.resolve(columns) for part in self.parts]
        matrices = [part.matrix for part in resolved if part.matrix is not None]
        grouped = [part for part in resolved if part.groups]
        groups = tuple(group for part in grouped for group in part.groups)
        _no_overlap(groups)
        scales = np.ones(columns.n)
        for part in grouped:
            inside = np.concatenate(part.groups)
            scales[inside] = part.scales[inside]
        return Resolved(
            ridge=np.sum([part.ridge for part in resolved], axis=0),
            l1=np.sum([part.l1 for part in resolved], axis=0),
            matrix=np.sum(matrices, axis=0) if matrices else None,
            groups=groups,
            group_weights=np.concatenate([part.group_weights for part in resolved]),
            scales=scales,
        )


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


def _parts(penalty: Penalty) -> tuple[Penalty, ...]:
    return penalty.parts if isinstance(penalty, SumPenalty) else (penalty,)


def _as_groups(groups: Any) -> tuple[tuple[int, ...], ...]:
    """Groups as tuples of column numbers, from a mapping, a mask (G, P), or sequences of column numbers."""
    if isinstance(groups, Mapping):
        groups = list(groups.values())
    if hasattr(groups, "ndim") and groups.ndim == 2:
        mask = np.asarray(groups)
        if not np.isin(mask, (0, 1)).all():
            raise GlmError("penalty: a mask of groups must hold only 0 and 1", field="model.penalty")
        groups = [np.flatnonzero(row) for row in mask]
    made = []
    for number, group in enumerate(groups):
        values = np.atleast_1d(np.asarray(list(group) if isinstance(group, Iterable) else group))
        if values.size == 0:
            raise GlmError(f"penalty: group {number} is empty; leave it out", field="model.penalty")
        if values.dtype.kind not in "iu" or values.min() < 0:
            raise GlmError(f"penalty: group {number} must hold column numbers, 0 or more", field="model.penalty")
        made.append(tuple(int(value) for value in values))
    _no_overlap([np.asarray(group) for group in made])
    return tuple(made)


def _no_overlap(groups: Iterable[np.ndarray]) -> None:
    owner: dict[int, int] = {}
    for number, group in enumerate(groups):
        for column in group.tolist():
            if column in owner:
                raise GlmError(
                    f"penalty: column {column} is in group {owner[column]} and in group {number}; groups must not overlap",
                    field="model.penalty",
                )
            owner[column] = number
