"""Quadratic penalties one by one: what has a strength of its own where strengths are found by marginal likelihood."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from glmengine.errors import GlmError
from glmengine.models.penalties import NoPenalty, Ridge, Smoothness
from glmengine.models.penalty import Columns, Penalty, SumPenalty


@dataclass(frozen=True)
class Component:
    """One quadratic penalty a/2 w'Sw on some columns.

    Attributes
    ----------
    label : str
        The term, and where it has several variables which of them: ``position``, ``position, along x``.
    columns : (p,) int array
    matrix : (p, p) array
        S: symmetric, positive semidefinite.
    """

    label: str
    columns: np.ndarray
    matrix: np.ndarray


def components_of(penalty: Penalty, columns: Columns) -> tuple[Component, ...]:
    """The parts of a penalty that have a strength each: a ridge on each term, smoothness on each variable of each term.

    Parameters
    ----------
    penalty : Penalty
        Its own strengths do not count.
    columns : Columns
        The design's columns; a design without terms is one term.

    Raises
    ------
    GlmError
        If a part is not quadratic, or nothing is penalised.
    """
    found = [one for part in _parts(penalty) for one in _of_part(part, columns)]
    found = [one for one in found if one.matrix.any()]
    if not found:
        raise GlmError(
            "penalty: there is no strength to be found, since nothing is penalised; choose smoothness or ridge",
            field="model.penalty",
        )
    return tuple(found)


def _parts(penalty: Penalty) -> tuple[Penalty, ...]:
    return penalty.parts if isinstance(penalty, SumPenalty) else (penalty,)


def _of_part(part: Penalty, columns: Columns) -> list[Component]:
    if isinstance(part, NoPenalty):
        return []
    if not isinstance(part, Ridge | Smoothness):
        raise GlmError(
            f"penalty: the strength of a {part.name.replace('_', ' ')} cannot be found by marginal likelihood, which needs ridge or "
            "smoothness; choose one of them, or choose the strength by cross-validation",
            field="model.penalty",
        )
    labels = part.terms or tuple(columns.groups)
    if not labels:
        return [_component("all columns", np.arange(columns.n), part, columns)]
    result = []
    for label in labels:
        alone = part.on(label)
        block = np.asarray(columns.groups[label]) if label in columns.groups else np.arange(0)
        axes = list(columns.axes(label)) if isinstance(part, Smoothness) and columns.axes is not None else []
        if len(axes) < 2:
            result.append(_component(label, block, alone, columns))
            continue
        for number in range(len(axes)):
            weights = tuple(float(axis == number) for axis in range(len(axes)))
            result.append(_component(f"{label}, variable {number + 1}", block, replace(alone, axes=weights), columns))
    return result


def _component(label: str, block: np.ndarray, part: Penalty, columns: Columns) -> Component:
    matrix = part.scaled(1.0).resolve(columns).quadratic
    return Component(label, block, matrix[np.ix_(block, block)])
