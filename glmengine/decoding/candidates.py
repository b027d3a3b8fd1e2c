"""The values that a decoded covariate may have, and what the terms of a model add at each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.analysis.terms import AnyTerm, CovariateTerm
from glmengine.design.variables import variables_of
from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate

_POINTS = {1: 60, 2: 25, 3: 12}
"""Values of each variable that are tried, by how many variables are decoded."""


@dataclass(frozen=True)
class Axis:
    """The values of one variable.

    Attributes
    ----------
    name : str
    values : (K,) array
        Ascending, evenly spaced unless `categories`.
    circular : bool
        An angle: from 0 to 2 pi.
    categories : bool
        There is nothing between two values.
    """

    name: str
    values: np.ndarray
    circular: bool = False
    categories: bool = False

    @property
    def step(self) -> float:
        """Spacing of the values."""
        if self.circular:
            return 2 * np.pi / len(self.values)
        return float(self.values[1] - self.values[0]) if len(self.values) > 1 else 1.0

    def nearest(self, x: np.ndarray) -> np.ndarray:
        """Number of the value nearest to each x; -1 for NaN."""
        known = np.isfinite(x)
        filled = np.where(known, x, self.values[0])
        if self.circular:
            place = np.floor(np.mod(filled, 2 * np.pi) / self.step).astype(int) % len(self.values)
        else:
            edges = (self.values[1:] + self.values[:-1]) / 2
            place = np.searchsorted(edges, filled)
        return np.where(known, place, -1)

    def difference(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How far apart values are: on the circle, or whether they differ for categories."""
        if self.categories:
            return (one != other).astype(np.float64)
        apart = np.abs(one - other)
        return np.abs(np.mod(apart + np.pi, 2 * np.pi) - np.pi) if self.circular else apart


@dataclass(frozen=True)
class Candidates:
    """Every combination of the axes' values, the last axis fastest."""

    axes: tuple[Axis, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(axis.values) for axis in self.axes)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def points(self) -> tuple[np.ndarray, ...]:
        """The value of each axis at each candidate, (K,) each."""
        return tuple(grid.ravel() for grid in np.meshgrid(*(axis.values for axis in self.axes), indexing="ij"))

    def nearest(self, values: Sequence[np.ndarray]) -> np.ndarray:
        """Number of the candidate nearest to values (T,) of each axis; -1 where one is NaN."""
        places = [axis.nearest(x) for axis, x in zip(self.axes, values, strict=True)]
        missing = np.any([place < 0 for place in places], axis=0)
        return np.where(missing, -1, np.ravel_multi_index([np.maximum(place, 0) for place in places], self.shape))

    def distance(self, one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> np.ndarray:
        """Euclidean distance, the short way round on circles."""
        parts = [axis.difference(a, b) for axis, a, b in zip(self.axes, one, other, strict=True)]
        return parts[0] if len(parts) == 1 else np.sqrt(np.sum(np.square(parts), axis=0))


def decoded_terms(terms: Sequence[AnyTerm], variables: Sequence[str]) -> tuple[CovariateTerm, ...]:
    """The terms that depend on the decoded variables, and on nothing else.

    Raises
    ------
    GlmError
        If no term does, or one mixes them with others, looks back in time, or is scaled.
    """
    found = []
    for term in terms:
        own = {*variables_of(term), *((term.gain,) if term.gain else ())}
        if not own & set(variables):
            continue
        if not isinstance(term, CovariateTerm) or term.gain or term.epochs:
            raise GlmError(
                f"variables: the term '{term.label}' does not depend on the present value of '{', '.join(sorted(own & set(variables)))}' alone; "
                "decode from a model whose terms are its tuning"
            )
        if not own <= set(variables):
            raise GlmError(
                f"variables: the term '{term.label}' also depends on '{', '.join(sorted(own - set(variables)))}'; decode them together"
            )
        found.append(term)
    for name in variables:
        if not any(name in variables_of(term) for term in found):
            have = sorted({name for term in terms if isinstance(term, CovariateTerm) for name in variables_of(term)})
            raise GlmError(
                f"variables: no term of the model is tuned to '{name}'; it is tuned to: {', '.join(have) or 'nothing'}"
            )
    return tuple(found)


def decodable(terms: Sequence[AnyTerm]) -> tuple[tuple[str, ...], ...]:
    """The sets of variables that can be decoded from a model of these terms: those that single terms are tuned to."""
    found = []
    for term in terms:
        variables = tuple(dict.fromkeys(variables_of(term)))
        if variables in found or not isinstance(term, CovariateTerm):
            continue
        try:
            decoded_terms(terms, variables)
        except GlmError:
            continue
        if all(_has_values(term, name) for name in variables):
            found.append(variables)
    return tuple(found)


def _has_values(term: CovariateTerm, variable: str) -> bool:
    """Whether the basis of a variable says between which values, or among which, it is to be looked for."""
    bases = [factor.basis for factor in term.factors if factor.variable == variable]
    return any(
        getattr(basis, "categories", ()) or getattr(basis, "bounds", None) is not None or getattr(basis, "circular", False)
        for basis in bases
    )


def number_tried(n_variables: int, points: int | None) -> int:
    """How many values of so many variables are tried together, fewer where some are categories."""
    return (points or _POINTS.get(n_variables, 8)) ** n_variables


def candidates_of(
    terms: Sequence[CovariateTerm], variables: Sequence[str], covariates: Sequence[Covariate], points: int | None
) -> Candidates:
    """Values within the bounds of the bases, evenly spaced; of categories those that the basis knows."""
    number = points or _POINTS.get(len(variables), 8)
    if number < 2:
        raise GlmError(f"points: {number} value leaves nothing to decode; give 2 or more")
    axes = []
    for name, covariate in zip(variables, covariates, strict=True):
        bases = [factor.basis for term in terms for factor in term.factors if factor.variable == name]
        known = next((basis.categories for basis in bases if getattr(basis, "categories", ())), ())
        if known:
            axes.append(Axis(name, np.asarray(known, np.float64), categories=True))
            continue
        if covariate.kind == "angle":
            axes.append(Axis(name, (np.arange(number) + 0.5) * 2 * np.pi / number, circular=True))
            continue
        bounds = [basis.bounds for basis in bases if getattr(basis, "bounds", None) is not None]
        if not bounds:
            raise GlmError(f"variables: the basis of '{name}' has no bounds within which to decode it; choose one that has")
        low, high = max(bound[0] for bound in bounds), min(bound[1] for bound in bounds)
        axes.append(Axis(name, low + (np.arange(number) + 0.5) * (high - low) / number))
    return Candidates(tuple(axes))
