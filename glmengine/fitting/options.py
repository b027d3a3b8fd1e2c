"""What a caller may ask of a fit besides its data: options, starting points and units by name, each refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.fitting.inputs import Inputs
from glmengine.models import Family
from glmengine.models.numbers import check_strength, is_number
from glmengine.sentences import listed

SOLVERS = ("auto", "newton", "lbfgs")

MOST_CLASSES = 10_000
"""More classes than this are taken for a mistake: their coefficients alone would fill the memory."""


def check_options(solver: str, memory: float, intercept: bool = True) -> None:
    """Refuse an unknown solver, a memory limit that is no size, and an intercept that is neither wanted nor not.

    Raises
    ------
    GlmError
    """
    if solver not in SOLVERS:
        raise GlmError(f"there is no solver {solver!r}; choose one of {', '.join(SOLVERS)}", field="model.solver")
    if not is_number(memory) or not memory > 0:
        raise GlmError(f"memory: is {memory!r}; give the GB that the design may take, above 0", field="model.memory")
    if not isinstance(intercept, bool | np.bool_ | int) or intercept not in (0, 1):
        raise GlmError(f"intercept: is {intercept!r}; give True or False", field="model.intercept")


def check_classes(n_classes: int | None, inputs: Inputs, family: Family) -> int | None:
    """The number of classes of a family of classes: the one given, or one more than the largest label; None for any other family.

    Raises
    ------
    GlmError
        For what is not a whole number of 2 or more, for more than `MOST_CLASSES`, for fewer than two classes, and labels beyond them.
    """
    if not family.by_class:
        return None
    if n_classes is not None and (not is_number(n_classes) or n_classes != np.floor(n_classes) or n_classes < 2):
        raise GlmError(f"n_classes: is {n_classes!r}; give a whole number, 2 or more", field="model.family")
    Y = inputs.Y
    with np.errstate(invalid="ignore"):
        largest = n_classes if n_classes is not None else float(np.max(Y, initial=0.0, where=np.isfinite(Y))) + 1
    if largest > MOST_CLASSES:
        raise GlmError(
            f"counts: labels up to {largest - 1:.0f} would be {largest:.0f} classes; number the classes 0, 1, 2, ... without gaps",
            field="model.family",
        )
    if inputs.offset is not None:
        raise GlmError("offset: the same offset for every class changes nothing; leave it out with the categorical family")
    family.check(Y, inputs.units, n_classes=n_classes)
    if largest < 2:
        raise GlmError(f"counts: there is {largest:.0f} class; a categorical model needs two or more, numbered from 0")
    return int(largest)


def check_strengths(strengths: Sequence[float]) -> np.ndarray:
    """(S,) strengths, checked: at least one, each once."""
    values = np.atleast_1d(
        np.asarray([check_strength(value) for value in np.atleast_1d(np.asarray(strengths, dtype=object))], dtype=float)
    )
    if values.size == 0:
        raise GlmError("strengths: the list is empty; give at least one", field="model.strengths")
    if np.unique(values).size < values.size:
        raise GlmError("strengths: the same strength is there twice; give each once", field="model.strengths")
    return values


def starting_point(start: Any, *shape: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Coefficients and intercepts to begin with, from a fit or a pair; coefficients that are not finite become 0, intercepts NaN.

    Parameters
    ----------
    start : object with `coef` and `intercept`, (coef, intercept), or None
    shape : int
        That of the coefficients, (P, M) or (P, K, M); intercepts have it without P. One unit may be left out.

    Raises
    ------
    GlmError
    """
    if start is None:
        return None
    try:
        given = (start.coef, start.intercept) if hasattr(start, "coef") else tuple(start)
        coef, ends = (np.asarray(part, dtype=float) for part in given)
    except (TypeError, ValueError) as error:
        raise GlmError(
            f"start: is {type(start).__name__}; give an earlier fit, or a pair of numbers: coefficients {shape} and intercepts {shape[1:]}"
        ) from error
    if shape[-1] == 1 and coef.shape == shape[:-1]:
        coef = coef[..., None]
    if shape[-1] == 1 and ends.shape == shape[1:-1]:
        ends = ends[..., None]
    if coef.shape != shape or ends.shape != shape[1:]:
        raise GlmError(f"start: has shapes {coef.shape} and {ends.shape}; give coefficients {shape} and intercepts {shape[1:]}")
    return np.nan_to_num(coef, posinf=0.0, neginf=0.0), np.where(np.isfinite(ends), ends, np.nan)


def unit_number(unit: int | str, names: Sequence[str]) -> int:
    """The number of a unit that is given by number (from the end where negative) or name.

    Raises
    ------
    GlmError
        If there is none.
    """
    if isinstance(unit, str):
        if unit in names:
            return list(names).index(unit)
        raise GlmError(f"there is no unit '{unit}'; the units are {listed(names)}")
    if not is_number(unit) or unit != int(unit) or not -len(names) <= unit < len(names):
        raise GlmError(f"there is no unit {unit!r}; there are {len(names)}, from 0, and they have the names in `unit_names`")
    return int(unit) % len(names)
