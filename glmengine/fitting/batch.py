"""From inputs to a batched problem: used rows, weights that are zero where an observation is missing, null models, statuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from glmengine.backend.column_preparation import OwnColumns
from glmengine.backend.observations import Observations, transposed
from glmengine.backend.room import Room
from glmengine.backend.row_sources import ArrayRows, RowSource, columns_of
from glmengine.backend.rows import Rows
from glmengine.errors import GlmError
from glmengine.fitting.inputs import Inputs
from glmengine.fitting.null_model import null_deviances, null_predictors
from glmengine.fitting.unit_status import Observed, judge
from glmengine.models import Family
from glmengine.models.links import Link
from glmengine.models.numbers import LARGEST_STRENGTH, SMALLEST_STRENGTH
from glmengine.models.penalties import Columns, Penalty, Resolved
from glmengine.solvers.problem import ALL_ROWS, Problem
from glmengine.threads import quiet_blas

GATHERED_NUMBERS = 2**21
"""Numbers read at a time when a design is gathered into one array."""

NEARLY_ALL = 0.8
"""Share of the columns from which on a problem is given all of them."""

DECREMENT = 1e-16
"""Half the Newton decrement at which a fit is done, per unit of null deviance per bin where that is above 1."""


@dataclass(frozen=True)
class Assembly:
    """The rows of a problem and what is known of each unit before anything is fitted.

    Attributes
    ----------
    inputs : Inputs
    family, link
    intercept : bool
    index : (n,) int array
        Rows of the inputs that are used.
    observations : Observations
    observed : Observed
        What each unit's observations are like, on all rows and with each fold held out.
    null_deviance : (M,) float
        Deviance per bin of the mean, on all rows.
    status : (M,) str
        `OK` for units that need a solver; see `glmengine.fitting.unit_status`.
    platform : str
        What computes: ``"auto"``, ``"cpu"`` or ``"gpu"``.
    """

    inputs: Inputs
    family: Family
    link: Link
    intercept: bool
    index: np.ndarray
    observations: Observations
    observed: Observed
    null_deviance: np.ndarray
    status: np.ndarray
    platform: str = "auto"

    @property
    def n_valid(self) -> np.ndarray:
        """(M,) sum of the weights of each unit's rows."""
        return self.observed.n_valid[0]

    def rows(self, group: Group, *, width: int, room: Room) -> Rows:
        """The prepared rows of a group, of its columns and with what its units were observed to do, for `width` columns of the problem at a time, in
        `room` for all groups."""
        source, own = self.inputs.source, group.division
        if group.columns is not None and own is None:
            source = columns_of(source, group.columns)
        index = None if self.index.size == self.inputs.source.shape[0] else self.index
        return Rows(
            source,
            index,
            self.observations.of_units(group.units),
            columns=width,
            memory=room.memory,
            room=room,
            centred=self.intercept,
            own=own,
            platform=self.platform,
        )

    def gathered(self, memory: float) -> Assembly:
        """The same with the design as one array, for problems that each read a few of its columns, where it fits in `memory` bytes."""
        source = self.inputs.source
        T, P = source.shape
        if isinstance(source, ArrayRows) or memory < 8.0 * T * P:
            return self
        X = np.empty((T, P))
        step = max(1, GATHERED_NUMBERS // max(P, 1))
        for start in range(0, T, step):
            X[start : start + step] = source.chunk(start, min(start + step, T))
        return self.reading(ArrayRows(X, expanded_from=source))

    def reading(self, source: RowSource) -> Assembly:
        """The same with the design from another source of the same numbers."""
        return replace(self, inputs=replace(self.inputs, source=source))

    def problem(
        self,
        rows: Rows,
        group: Group,
        penalty: Resolved,
        unit: np.ndarray,
        held: np.ndarray,
        strength: np.ndarray,
        movable: np.ndarray,
        allowed: np.ndarray | None = None,
    ) -> Problem:
        """Columns that fit `unit` (K,) of a group on its rows with fold `held` (K,) left out, at `strength` (K,); `movable` and `allowed` (K, P)."""
        which = np.where(held == ALL_ROWS, 0, held + 1)
        return Problem(
            rows=rows,
            family=self.family,
            link=self.link,
            unit=group.number(unit),
            held=held,
            total=self.observed.n_valid[which, unit],
            mean=self.observed.mean[which, unit],
            penalty=penalty.ridge if penalty.matrix is None else penalty.quadratic,
            strength=strength,
            movable=movable,
            allowed=allowed,
            intercept=self.intercept,
            limit=DECREMENT * self._scale_of_loss(unit),
        )

    def _scale_of_loss(self, unit: np.ndarray) -> np.ndarray:
        """(K,) what a decrement is compared with; that of the Gaussian follows the unit of measure of the observations."""
        null = self.null_deviance[unit]
        return np.maximum(1.0, null) if self.family.unitless else np.where(null > 0, null, 1.0)

    def null_predictor(self, unit: np.ndarray, held: np.ndarray, dispersion: np.ndarray | None = None) -> np.ndarray:
        """(K,) intercept of the model that has nothing else, beside the offsets where there are any."""
        return null_predictors(self.family, self.link, self.observations, self.observed, unit, held, dispersion)

    def null_intercept(self, unit: np.ndarray, held: np.ndarray | None = None) -> np.ndarray:
        """(K,) the same, of all rows where no folds are given; 0 where there is no intercept."""
        if not self.intercept:
            return np.zeros(unit.size)
        return self.null_predictor(unit, np.full(unit.size, ALL_ROWS) if held is None else held)

    def null(self, unit: np.ndarray, held: np.ndarray, dispersion: np.ndarray | None = None) -> np.ndarray:
        """(K,) the model that fits are compared with: the mean, or where there are offsets the intercept beside them."""
        if self.observations.offset is None:
            return self.observed.mean[np.where(held == ALL_ROWS, 0, held + 1), unit]
        return self.null_predictor(unit, held, dispersion)


def assemble(
    inputs: Inputs,
    family: Family,
    link: Link,
    *,
    intercept: bool,
    fold: np.ndarray | None = None,
    n_folds: int = 0,
    n_classes: int | None = None,
    platform: str = "auto",
) -> Assembly:
    """Choose the rows and sum up each unit's observations.

    Parameters
    ----------
    fold : (T,) int array, optional
        Fold that holds each row out, -1 for none; `n_folds` is one more than the largest.
    n_classes : int, optional
        Of a family of classes.
    platform : str
    """
    T = inputs.shape[0]
    Y, weights, offset = inputs.Y, inputs.weights, inputs.offset
    index = np.flatnonzero(inputs.valid)
    whole = index.size == T

    def rows_of(values: np.ndarray) -> np.ndarray:
        chosen = values if whole else values[index]
        return transposed(chosen) if values.ndim == 2 else chosen[None]

    y = rows_of(Y)
    absent = np.isnan(y) if y.dtype.kind == "f" else np.zeros((1, 1), bool)
    if absent.any():
        y = np.where(absent, family.placeholder, y)
        same = bool((absent == absent[:1]).all())
        present = (~absent[:1] if same else ~absent).astype(float)
    else:
        present = np.ones((1, index.size))
    if weights is not None:
        present = present * rows_of(weights)
    observations = Observations(
        y, present, None if offset is None else rows_of(offset), None if fold is None else fold[index].astype(np.int32)
    )
    observed = _observed(family, observations, n_folds, n_classes)
    null_deviance = null_deviances(family, observations, observed)
    status = judge(family, link, intercept, observed)
    return Assembly(inputs, family, link, intercept, index, observations, observed, null_deviance, status, platform)


def _observed(family: Family, observations: Observations, n_folds: int, n_classes: int | None) -> Observed:
    y, present = observations.y, observations.weights
    M = len(y)
    n_valid, mean = np.zeros((n_folds + 1, M)), np.full((n_folds + 1, M), np.nan)
    spread = np.full((n_folds + 1, M), np.nan)
    classes = np.zeros((n_folds + 1, M, n_classes or 0)) if family.by_class else None
    with quiet_blas(), np.errstate(invalid="ignore", divide="ignore"):
        for number in range(n_folds + 1):
            part = present if number == 0 else present * (observations.fold != number - 1)
            n_valid[number] = part.sum(axis=1)
            for m in range(M):  # one unit's counts become float64 at a time
                weights = part[min(m, len(part) - 1)]
                mean[number, m] = weights @ y[m] / n_valid[number, m]
                if classes is not None:
                    classes[number, m] = np.bincount(y[m].astype(np.int64), weights=weights, minlength=n_classes or 0)
                elif not family.of_spikes and n_valid[number, m] > 0:
                    spread[number, m] = _range(y[m], weights)
    return Observed(n_valid, mean, spread, classes)


def _range(y: np.ndarray, weights: np.ndarray) -> float:
    used = y[weights > 0]
    return float(used.max()) - float(used.min()) if used.size else np.nan


def resolve_penalty(penalty: Penalty, inputs: Inputs, scales: np.ndarray | None) -> Resolved:
    """The penalty as arrays for the columns of the inputs; their standard deviations are found here where it needs them."""
    return penalty.resolve(penalised_columns(penalty, inputs, scales))


def penalised_columns(penalty: Penalty, inputs: Inputs, scales: np.ndarray | None = None) -> Columns:
    """What a penalty needs to know of the columns of the inputs."""
    if scales is None and penalty.needs_scales:
        scales = column_scales(inputs)
    return Columns(inputs.source.shape[1], inputs.groups, scales, inputs.smoothness, inputs.axes, inputs.sources)


def column_scales(inputs: Inputs) -> np.ndarray:
    """(P,) standard deviations of the columns over valid rows."""
    n_rows, n_columns = inputs.source.shape
    step = max(1, 2**21 // max(n_columns, 1))
    parts = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step)]
    count = max(int(inputs.valid.sum()), 1)
    total, square = np.zeros(n_columns), np.zeros(n_columns)
    for part in parts:
        total += inputs.source.chunk(part.start, part.stop)[inputs.valid[part]].sum(axis=0)
    for part in parts:
        square += ((inputs.source.chunk(part.start, part.stop)[inputs.valid[part]] - total / count) ** 2).sum(axis=0)
    return np.sqrt(square / count)


def restricted(penalty: Resolved, columns: np.ndarray) -> Resolved:
    """The same on a subset of columns; a group keeps those of its columns that are there, and weighs by their number."""
    place = np.full(penalty.ridge.size, -1)
    place[columns] = np.arange(columns.size)
    groups = [
        (place[group][place[group] >= 0], weight) for group, weight in zip(penalty.groups, penalty.group_weights, strict=True)
    ]
    sizes = [group.size for group in penalty.groups]
    kept = [
        (group, weight * np.sqrt(group.size / size)) for (group, weight), size in zip(groups, sizes, strict=True) if group.size
    ]
    return replace(
        penalty,
        ridge=penalty.ridge[columns],
        l1=penalty.l1[columns],
        matrix=None if penalty.matrix is None else penalty.matrix[np.ix_(columns, columns)],
        groups=tuple(group for group, _ in kept),
        group_weights=np.array([weight for _, weight in kept]),
        scales=penalty.scales[columns],
    )


def read_strength(strength: Any, units: tuple[str, ...]) -> np.ndarray:
    """(M,) strengths, one for all or one per unit."""
    try:
        values = np.asarray(strength, dtype=float)
    except (TypeError, ValueError) as error:
        raise GlmError(
            f"strength: {strength!r} is not a number; give one number, or one per unit ({len(units)})", field="model.strengths"
        ) from error
    if values.ndim == 0:
        values = np.full(len(units), float(values))
    if values.shape != (len(units),):
        raise GlmError(
            f"strength: has shape {values.shape}; give one number, or one per unit ({len(units)})", field="model.strengths"
        )
    bad = ~((values == 0) | ((values >= SMALLEST_STRENGTH) & (values <= LARGEST_STRENGTH)))
    if bad.any():
        m = int(np.flatnonzero(bad)[0])
        raise GlmError(
            f"strength: is {values[m]:g} for unit {units[m]}; give 0, or numbers from {SMALLEST_STRENGTH:g} to {LARGEST_STRENGTH:g}",
            field="model.strengths",
        )
    return values


@dataclass(frozen=True)
class Group:
    """Units that are solved together.

    Attributes
    ----------
    units : (k,) int array
        Rising.
    columns : (p,) int array or None
        Columns of the design that they share; all where None.
    own : (k, H) int array or None
        Columns that each has for itself besides.
    """

    units: np.ndarray
    columns: np.ndarray | None = None
    own: np.ndarray | None = None

    def places(self, unit: np.ndarray, n_columns: int) -> np.ndarray:
        """(p,) columns of the design, or (K, p) where some are a unit's own, shared ones first, of `unit` (K,)."""
        shared = np.arange(n_columns) if self.columns is None else self.columns
        if self.own is None:
            return shared
        return np.column_stack([np.broadcast_to(shared, (unit.size, shared.size)), self.own[self.number(unit)]])

    def number(self, unit: np.ndarray) -> np.ndarray:
        """(K,) the place of units (K,) among those of the group, as its rows have them."""
        return np.searchsorted(self.units, unit)

    @property
    def division(self) -> OwnColumns | None:
        """The same for the prepared rows."""
        return None if self.own is None else OwnColumns(self.columns, self.own)


def column_groups(mask: np.ndarray | None, units: np.ndarray, penalty: Resolved | None = None) -> list[Group]:
    """Units that are solved together, each group with the columns it needs.

    Units that use nearly the same columns share one problem, in which what a unit may not use stays at zero. Columns that one unit
    alone uses (its history) stand beside the shared ones, if any, where the penalty is smooth and the same for all. Other units that share
    nothing are solved on their columns alone. Where only a few columns are not needed the design is read as it is: to leave them out would
    be a copy of every row, and the loss of the design's own products.
    """
    if units.size == 0:
        return []
    if mask is None:
        return [Group(units)]
    used = mask[:, units]
    union = np.flatnonzero(used.any(axis=1))
    if _are_alike(union, used):
        return [Group(units, union if union.size < NEARLY_ALL * len(mask) else None)]
    if penalty is not None and penalty.is_smooth and (found := _with_own(used, units, penalty)):
        return found
    patterns: dict[bytes, list[int]] = {}
    for unit in units:
        patterns.setdefault(mask[:, unit].tobytes(), []).append(int(unit))
    return [Group(np.array(members), np.flatnonzero(mask[:, members[0]])) for members in patterns.values()]


def _are_alike(union: np.ndarray, used: np.ndarray) -> bool:
    """Whether units use so nearly the same columns that all may be given to all."""
    return union.size <= 1.5 * used.sum(axis=0).mean() + 8


def _with_own(used: np.ndarray, units: np.ndarray, penalty: Resolved) -> list[Group]:
    """Groups of units that have as many columns of their own, beside those that they share; empty where the penalty tells them apart."""
    alone = used & (used.sum(axis=1) == 1)[:, None]
    shared = np.flatnonzero(used.any(axis=1) & ~alone.any(axis=1))
    if not _are_alike(shared, used & ~alone):
        return _by_shared(used & ~alone, used, units, penalty)
    counts, groups = alone.sum(axis=0), []
    for count in np.unique(counts).tolist():
        members = np.flatnonzero(counts == count)
        if count == 0 or members.size == 1:
            groups.append(Group(units[members], np.flatnonzero(used[:, members].any(axis=1))))
            continue
        own = np.array([np.flatnonzero(alone[:, member]) for member in members])
        if not _same_penalty(penalty, shared, own):
            return []
        groups.append(Group(units[members], shared, own))
    return groups


def _by_shared(shared: np.ndarray, used: np.ndarray, units: np.ndarray, penalty: Resolved) -> list[Group]:
    """Groups of units that use just the same of the shared columns (p, M), as those that chose the same setting of a term; empty where no
    two do."""
    _, kind = np.unique(shared, axis=1, return_inverse=True)
    kinds = [np.flatnonzero(kind.ravel() == number) for number in range(kind.max() + 1)]
    if len(kinds) in (1, units.size):
        return []
    groups: list[Group] = []
    for members in kinds:
        if members.size == 1:
            groups.append(Group(units[members], np.flatnonzero(used[:, members[0]])))
            continue
        found = _with_own(used[:, members], units[members], penalty)
        if not found:
            return []
        groups += found
    return groups


def _same_penalty(penalty: Resolved, shared: np.ndarray, own: np.ndarray) -> bool:
    """Whether a penalty does the same to the own columns of every unit, (k, H)."""
    first, *rest = (restricted(penalty, np.concatenate([shared, row])) for row in own)
    return all(
        np.array_equal(first.ridge, other.ridge)
        and (first.matrix is None if other.matrix is None else np.array_equal(first.matrix, other.matrix))
        for other in rest
    )
