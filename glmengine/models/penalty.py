"""The base of every penalty, and sums of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Self

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.groups import check_apart
from glmengine.models.numbers import check_strength


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
    def is_none(self) -> bool:
        """Whether nothing is penalised."""
        matrix = self.matrix is not None and self.matrix.any()
        return not (matrix or self.ridge.any() or self.l1.any() or self.group_weights.any())

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
        terms = (self.terms,) if isinstance(self.terms, str) else self.terms
        if not isinstance(terms, Iterable):
            raise GlmError(f"penalty: terms is {terms!r:.60}; give a list of the labels of terms", field="model.penalty")
        terms = tuple(terms)
        object.__setattr__(self, "terms", terms)
        if any(f.name == "strength" for f in fields(self)):
            object.__setattr__(self, "strength", check_strength(self.strength))

    def __add__(self, other: Penalty) -> SumPenalty:
        if not isinstance(other, Penalty):
            return NotImplemented
        return SumPenalty.of(self, other)

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


@dataclass(frozen=True)
class SumPenalty(Penalty):
    """Several penalties together, made with ``+``: ``Ridge(1e-4).on("history") + Smoothness(1e-3).on("position")``."""

    name: ClassVar[str] = "sum"
    parts: tuple[Penalty, ...] = ()

    @classmethod
    def of(cls, *penalties: Penalty) -> SumPenalty:
        """The sum of these, those of a sum one by one."""
        return cls(tuple(part for one in penalties for part in (one.parts if isinstance(one, SumPenalty) else (one,))))

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
        every = [part.resolve(columns) for part in self.parts]
        matrices = [part.matrix for part in every if part.matrix is not None]
        grouped = [part for part in every if part.groups]
        groups = tuple(group for part in grouped for group in part.groups)
        check_apart(groups)
        scales = np.ones(columns.n)
        for part in grouped:
            inside = np.concatenate(part.groups)
            scales[inside] = part.scales[inside]
        return Resolved(
            ridge=np.sum([part.ridge for part in every], axis=0),
            l1=np.sum([part.l1 for part in every], axis=0),
            matrix=np.sum(matrices, axis=0) if matrices else None,
            groups=groups,
            group_weights=np.concatenate([part.group_weights for part in every]),
            scales=scales,
        )


def resolved(n: int, **parts: Any) -> Resolved:
    """Arrays for `n` columns, zero but for the `parts` that are given."""
    values = {
        "ridge": np.zeros(n),
        "l1": np.zeros(n),
        "matrix": None,
        "groups": (),
        "group_weights": np.zeros(0),
        "scales": np.ones(n),
    }
    return Resolved(**{**values, **parts})
