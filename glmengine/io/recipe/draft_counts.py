"""Counts and signals of units in bins, in first drafts of recipes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeGuard

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.raw import WHOLE_TABLE
from glmengine.io.recipe.draft_covariates import clock_of_base
from glmengine.io.recipe.guessed_rates import check_rate
from glmengine.io.recipe.names import (
    AXIS_NAME,
    BIN_NAME,
    COUNT_NAME,
    EVENT_NAME,
    NUMBER,
    RATE_NAME,
    RESPONSE_NAME,
    SPIKE_NAME,
    TIME_NAME,
    UNIT_COLUMN,
    field_of,
    group_of,
    scalar_named,
    without_number,
)
from glmengine.io.recipe.recipe import Arrays, Counts
from glmengine.io.recipe.spike_matrices import filled_with
from glmengine.recording.covariate_names import ANGLE_NAME, PLACE_NAME
from glmengine.sentences import listed, numbered

GUESSED_RATE = 100.0
"""Bins a second where nothing says how many."""

FEWEST_ALIKE, FEWEST_BINS = 3, 20
"""Columns that are named alike, and what they hold, where these are units."""

NO_TRACE = re.compile(rf"{TIME_NAME.pattern}|{EVENT_NAME.pattern}|{PLACE_NAME.pattern}|{ANGLE_NAME.pattern}", re.IGNORECASE)
"""Names that several columns may have without being units."""


def draft_counts(arrays: Arrays, bases: Mapping[str, np.ndarray], reasons: list[str]) -> Counts | None:
    """The arrays that are counts or signals of units in bins; None where none looks like them. Adds to `reasons` what was decided, and why.

    Raises
    ------
    GlmError
        If spike times of one unit a row are filled up with what is no time.
    """
    for name, values in arrays.items():
        if isinstance(values, list) or values.ndim != 2 or values.dtype.kind not in "buif" or min(values.shape) < 2:
            continue
        filled = filled_with(values) if COUNT_NAME.search(name) else None
        if filled is not None:
            with_what = "zeros, each of which would be a spike at 0 s" if filled == 0 else f"{filled:g}, which is no time"
            raise GlmError(
                f"'{name}' looks like the spike times of one unit a row, shorter rows filled up with {with_what}; "
                "fill up with NaN, or save one array a unit"
            )
        if name == WHOLE_TABLE or COUNT_NAME.search(name) or RESPONSE_NAME.search(field_of(name)) or _is_raster(name, values):
            return _matrix_of_counts(name, values, arrays, bases, reasons)
    columns = [name for name, values in arrays.items() if UNIT_COLUMN.search(field_of(name)) and _is_row_of_numbers(values)]
    for base, times in bases.items():
        mine = [name for name in columns if arrays[name].size == len(times)]
        whole = [name for name in mine if are_counts(arrays[name])]
        if whole:
            reasons.append(
                f"{numbered(len(whole), 'column')} of whole numbers named like units {'is' if len(whole) == 1 else 'are'} taken as counts per bin, at the times '{base}'."
            )
        elif mine:
            reasons.append(
                f"{numbered(len(mine), 'column')} named like units {'is' if len(mine) == 1 else 'are'} taken as their activity at the times '{base}'; these are no whole numbers, so "
                "their model is one of signals: Gaussian, or Gamma where they are positive."
            )
        odd = [name for name in mine if whole and name not in whole]
        if odd:
            first = np.ravel(arrays[odd[0]]).astype(np.float64)
            at = int(np.flatnonzero(np.isfinite(first) & ((first < 0) | (first != np.rint(first))))[0])
            reasons.append(
                f"Named like units but not taken as counts: {listed(odd, 8)}; '{odd[0]}' holds {first[at]:g} in its row {at + 1}. Correct what is wrong "
                "there, or name them among the values of the counts once it is."
            )
        if mine:
            return Counts(values=tuple(whole or mine), **clock_of_base(base, arrays))
    return _columns_of_traces(arrays, bases, reasons)


def _columns_of_traces(arrays: Arrays, bases: Mapping[str, np.ndarray], reasons: list[str]) -> Counts | None:
    """Columns that are named alike but for a number, of one length, and go up and down: one unit each; None where there are none such.

    Where their names are not those of units, they are all that there is but for the time.
    """
    groups: dict[tuple[str, int], list[str]] = {}
    for name, values in arrays.items():
        if (
            NUMBER.search(field_of(name))
            and _is_row_of_numbers(values)
            and values.size >= FEWEST_BINS
            and _goes_up_and_down(values)
        ):
            groups.setdefault((without_number(name), values.size), []).append(name)
    mine = max(groups.values(), key=len, default=[])
    if len(mine) < FEWEST_ALIKE:
        return None
    if not all(UNIT_COLUMN.search(field_of(name)) for name in mine):
        rest = [name for name, values in arrays.items() if name not in mine and name not in bases and np.size(values) > 1]
        if rest or any(NO_TRACE.search(field_of(name)) or AXIS_NAME.match(field_of(name)) for name in mine):
            return None
    whole = all(are_counts(arrays[name]) for name in mine)
    base = next((base for base, times in bases.items() if len(times) == arrays[mine[0]].size and base not in mine), "")
    rate = scalar_named(arrays, RATE_NAME, group_of(mine[0]))
    what = (
        "counts per bin" if whole else "activity per bin, whose model is one of signals: Gaussian, or Gamma where it is positive"
    )
    clock = (
        f"at the times '{base}'."
        if base
        else f"at the {rate:g} Hz that stand in the file."
        if rate
        else f"at {GUESSED_RATE:g} Hz. {check_rate(mine[0])}"
    )
    reasons.append(
        f"{len(mine)} columns named alike, from '{mine[0]}' to '{mine[-1]}', are taken as one unit each: {what}; {clock}"
    )
    if base:
        return Counts(values=tuple(mine), **clock_of_base(base, arrays))
    return Counts(values=tuple(mine), **_rate(rate))


def _rate(known: float | None) -> dict[str, Any]:
    """The rate of counts: what the file says, else a guess."""
    return {"rate": known or GUESSED_RATE, "rate_guessed": None if known else GUESSED_RATE}


def _goes_up_and_down(values: np.ndarray) -> bool:
    numbers = np.ravel(values).astype(np.float64)
    numbers = numbers[np.isfinite(numbers)]
    return len(numbers) > 1 and bool((np.diff(numbers) < 0).any())


def _is_raster(name: str, values: np.ndarray) -> bool:
    """Whether a matrix that is named like spikes or units holds few of them in most bins."""
    return SPIKE_NAME.search(field_of(name)) is not None and are_counts(np.ravel(values)) and float(np.mean(values != 0)) < 0.5


def _matrix_of_counts(
    name: str, values: np.ndarray, arrays: Arrays, bases: Mapping[str, np.ndarray], reasons: list[str]
) -> Counts:
    base = next((base for base, times in bases.items() if len(times) in values.shape), "")
    if base and name == WHOLE_TABLE:
        columns = tuple(other for other in arrays if other not in (WHOLE_TABLE, base))
        reasons.append(
            f"The {len(columns)} columns beside '{base}', which gives the times, are taken as counts per bin, one a unit."
        )
        return Counts(values=columns, **clock_of_base(base, arrays))
    if base and not are_counts(np.ravel(values)):
        reasons.append(
            f"'{name}' is taken as the activity of one unit in each column, at the times '{base}'; it holds no whole numbers, so that its model is one of "
            "signals: Gaussian, or Gamma where it is positive."
        )
        return Counts(values=(name,), **clock_of_base(base, arrays))
    if base:
        more = _further_populations(name, len(bases[base]), arrays)
        reasons.append(f"{_one_or_more(name, more)} as counts per bin, one column a unit, at the times '{base}'.")
        return Counts(values=(name, *more), **clock_of_base(base, arrays))
    turned = values.shape[0] < values.shape[1]
    width, rate = scalar_named(arrays, BIN_NAME, group_of(name)), scalar_named(arrays, RATE_NAME, group_of(name))
    given = rate if width is None else (1.0 / width if width < 1 else 1000.0 / width)
    along = "row" if turned else "column"
    bins = f"of {1 / given:g} s, as the file says" if given else f"taken as {1 / GUESSED_RATE:g} s. {check_rate(name)}"
    more = _further_populations(name, max(values.shape), arrays)
    reasons.append(f"{_one_or_more(name, more)} as counts per bin, one {along} a unit; bins are {bins}{'.' if given else ''}")
    if values.shape[0] == values.shape[1]:
        reasons.append(f"'{name}' has as many rows as columns: if a row is a unit, say units_first = true.")
    if not given:
        long = max(values.shape)
        same = [other for other, found in arrays.items() if other != name and _is_row_of_numbers(found) and found.size == long]
        reasons += [f"So are those of {listed(same, 8)}: where the rate is another, change it for each."] if same else []
    return Counts(values=(name, *more), units_first=turned and not more, **_rate(given))


def _further_populations(name: str, bins: int, arrays: Arrays) -> list[str]:
    """Further matrices of counts in as many bins, under names of counts: more units of the same recording."""
    return [
        other
        for other, values in arrays.items()
        if other not in (name, WHOLE_TABLE)
        and isinstance(values, np.ndarray)
        and values.ndim == 2
        and min(values.shape) > 1
        and bins in values.shape
        and (COUNT_NAME.search(other) or _is_raster(other, values))
        and are_counts(np.ravel(values))
        and are_counts(np.ravel(arrays[name]))
    ]


def _one_or_more(name: str, more: list[str]) -> str:
    return f"'{name}' is taken" if not more else f"{listed([name, *more], 8)} are taken together"


def _is_row_of_numbers(values: np.ndarray | list[np.ndarray]) -> TypeGuard[np.ndarray]:
    return not isinstance(values, list) and values.dtype.kind in "buif" and values.size > 1 and max(values.shape) == values.size


def are_counts(values: np.ndarray | list[np.ndarray]) -> bool:
    """Whether an array is a row or column of whole numbers, 0 or more, some of which may be missing."""
    if not _is_row_of_numbers(values):
        return False
    finite = np.ravel(values).astype(np.float64)
    finite = finite[np.isfinite(finite)]
    return bool(len(finite)) and bool((finite >= 0).all()) and np.array_equal(finite, np.rint(finite))
