"""Groups of columns of the group lasso."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from glmengine.errors import GlmError


def as_groups(groups: Any) -> tuple[tuple[int, ...], ...]:
    """Groups as tuples of column numbers, from a mapping, a mask (G, P), or sequences of column numbers.

    Raises
    ------
    GlmError
        If a group is empty, holds what is no column number, or shares a column with another.
    """
    if isinstance(groups, Mapping):
        groups = list(groups.values())
    if hasattr(groups, "ndim") and groups.ndim == 2:
        mask = np.asarray(groups)
        if not np.isin(mask, (0, 1)).all():
            raise GlmError("penalty: a mask of groups must hold only 0 and 1", field="model.penalty")
        groups = [np.flatnonzero(row) for row in mask]
    if not isinstance(groups, Iterable):
        raise GlmError(f"penalty: {groups!r} names no groups; give lists of column numbers, one a group", field="model.penalty")
    made = []
    for number, group in enumerate(groups):
        values = np.atleast_1d(np.asarray(list(group) if isinstance(group, Iterable) else group))
        if values.size == 0:
            raise GlmError(f"penalty: group {number} is empty; leave it out", field="model.penalty")
        if values.dtype.kind not in "iu" or values.min() < 0:
            raise GlmError(f"penalty: group {number} must hold column numbers, 0 or more", field="model.penalty")
        made.append(tuple(int(value) for value in values))
    check_apart([np.asarray(group) for group in made])
    return tuple(made)


def are_labels(groups: Any) -> bool:
    """Whether these are labels, one a column, of which some occur twice, rather than groups."""
    if isinstance(groups, str | Mapping) or not isinstance(groups, Iterable) or getattr(groups, "ndim", 1) != 1:
        return False
    values = list(groups)
    if any(isinstance(value, Iterable) and not isinstance(value, str) for value in values):
        return False
    return any(isinstance(value, str) for value in values) or len(set(values)) < len(values)


def groups_of_labels(labels: tuple[Any, ...], n_columns: int) -> list[np.ndarray]:
    """The columns that have each label, as other libraries write groups; those labelled below 0 are in none.

    Raises
    ------
    GlmError
        If there is not one label for each column, or one is neither a text nor a number.
    """
    odd = next((label for label in labels if not isinstance(label, str | int | float | np.number)), "")
    if odd != "":
        raise GlmError(
            f"penalty: the label {odd!r} of a group is neither a text nor a number; give one of these", field="model.penalty"
        )
    if len(labels) != n_columns:
        raise GlmError(
            f"penalty: there are {len(labels)} labels of groups for {n_columns} columns; give one for each column, or lists of column numbers",
            field="model.penalty",
        )
    names = [name for name in dict.fromkeys(labels) if isinstance(name, str) or name >= 0]
    return [np.flatnonzero([label == name for label in labels]) for name in names]


def check_apart(groups: Iterable[np.ndarray]) -> None:
    """Refuse groups that share a column."""
    owner: dict[int, int] = {}
    for number, group in enumerate(groups):
        for column in group.tolist():
            if column in owner:
                raise GlmError(
                    f"penalty: column {column} is in group {owner[column]} and in group {number}; groups must not overlap",
                    field="model.penalty",
                )
            owner[column] = number
