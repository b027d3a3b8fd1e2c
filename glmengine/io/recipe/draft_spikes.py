"""Spike times in first drafts of recipes: which arrays hold them, which unit fired, and in which unit of time."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glmengine.io.raw import NamedArrays
from glmengine.io.recipe.by_trial import said_of_matrix
from glmengine.io.recipe.guessed_rates import check_rate
from glmengine.io.recipe.names import (
    NOT_OWNER,
    NUMBER,
    OF_UNITS,
    ONE_UNIT,
    OWNER_NAME,
    RATE_NAME,
    RESPONSE_NAME,
    SPIKE_NAME,
    TIME_NAME,
    UNIT_NAMES,
    UNIT_PROPERTY,
    calendar_unit,
    counts_samples,
    field_of,
    group_of,
    scalar_named,
    time_unit_in,
    without_number,
)
from glmengine.io.recipe.recipe import COLUMN, Arrays, Spikes
from glmengine.io.recipe.spike_matrices import columns_of_spikes, trains_in
from glmengine.sentences import listed

IN_CELLS = re.compile(r"(?P<outer>[^{]+(\{\d+\})*?)(\{\d+\}){1,2}(\.\w+)?$")
"""Names of arrays in cells inside cells; the last two braces tell a tetrode and a unit, those before them a day and an epoch."""

FEWEST_NAMELESS = 10
"""Spikes of an array whose name does not say that it holds any."""

USUAL_RATE = 30_000.0
"""Hz, where nothing says in what rate samples are counted."""


def draft_spikes(
    arrays: Arrays, vectors: Mapping[str, np.ndarray], bases: Mapping[str, np.ndarray], reasons: list[str]
) -> Spikes | None:
    """The arrays that are spike times, and which unit fired; None where none looks like them. Adds to `reasons` what was decided, and why."""
    cells = _cells(arrays, reasons)
    if cells is not None:
        rows = arrays[cells] if isinstance(arrays[cells], list) else trains_in(arrays[cells])
        assert rows is not None
        what = "a cell array" if isinstance(arrays[cells], list) else "a matrix filled up with NaN"
        reasons.append(f"'{cells}' is {what} of {len(rows)} vectors: one unit {'a cell' if what == 'a cell array' else 'each'}.")
        if isinstance(arrays, NamedArrays) and cells in arrays.matrices:
            reasons.append(said_of_matrix(cells, arrays.matrices[cells]))
        times = np.concatenate([np.ravel(cell).astype(np.float64) for cell in rows])
        about = _about_units(arrays, cells, len(rows), reasons) if isinstance(arrays[cells], list) else {}
        return Spikes(times=cells, **about, **_clock(cells, times, bases, arrays, reasons))
    for name, values in arrays.items():
        table = columns_of_spikes(values) if SPIKE_NAME.search(name) and isinstance(values, np.ndarray) else None
        if table is not None:
            times, units = (f"{name}[{column}]" for column in table)
            reasons.append(
                f"'{name}' is a matrix with a row for each spike: column {table[0]} rises, like times, and column {table[1]} says which unit fired."
            )
            return Spikes(
                times=times, units=units, **_clock(name, values[:, table[0]].astype(np.float64), bases, arrays, reasons)
            )
    nested = _nested(arrays)
    if nested:
        first, *more = nested
        reasons.append(
            f"{len(nested)} arrays in cells, from '{first}' to '{nested[-1]}', are taken as the spike times of one unit each; arrays in other "
            "cells, of other days or epochs, are named in the same way."
        )
        return Spikes(times=first, more=tuple(more))
    rising = [
        name
        for name, values in vectors.items()
        if name not in bases and not COLUMN.search(name) and np.isfinite(values).all() and (np.diff(values) >= 0).all()
    ]
    single = [
        name
        for name in rising
        if (ONE_UNIT.search(field_of(name)) or OF_UNITS.search(group_of(name).rstrip(".")))
        and np.unique(np.diff(vectors[name])).size > 1
    ]
    single = single if len(single) > 1 else _columns_of_units(arrays, vectors, rising)
    if len(single) > 1:
        single = _with_silent_units(single, arrays, reasons)
        reasons.append(
            f"{len(single)} arrays from '{single[0]}' to '{single[-1]}' are taken as the spike times of one unit each."
        )
        pooled = np.concatenate([_there(arrays[name]).astype(np.float64) for name in single])
        return Spikes(times=single[0], more=tuple(single[1:]), **_clock(single[0], pooled, bases, arrays, reasons))
    # a clock that goes in steps of its own is no train of spikes, nor is what stands still or has two values
    rising = [name for name in rising if len(np.unique(vectors[name])) > max(2, len(vectors[name]) // 5)]
    rising = rising or _rising_by_unit(arrays, vectors, bases)
    named = [name for name in rising if SPIKE_NAME.search(name)]
    if not named:  # what is called a response is one, and a few numbers that rise may be anything
        responses = any(_is_response(name, values) for name, values in arrays.items())
        rising = [name for name in rising if not responses and len(vectors[name]) >= FEWEST_NAMELESS]
    if not (named or rising):
        return None
    best = (named or rising)[0]
    doubt = "" if named else " because it rises in unequal steps; its name does not say so"
    reasons.append(f"'{best}' is taken as spike times{doubt}.")
    owner = _owner(arrays, vectors, best, bases)
    about: dict[str, Any] = {}
    if owner:
        kinds = np.unique(_there(arrays[owner]).astype(str))
        reasons.append(
            f"'{owner}' says which unit fired: it is as long as the spike times and holds {len(kinds)} {'units' if len(kinds) != 1 else 'unit'}"
            + ("." if OWNER_NAME.search(field_of(owner)) else "; its name does not say so: check it.")
        )
        about = {"units": owner, "properties": _constant_columns(arrays, owner, {best, owner})}
    return Spikes(times=best, **about, **_clock(best, vectors[best], bases, arrays, reasons))


def _columns_of_units(arrays: Arrays, vectors: Mapping[str, np.ndarray], rising: Sequence[str]) -> list[str]:
    """Columns of a table that rise and are filled up, shorter ones with missing cells: one unit each."""
    found = [name for name in rising if name in arrays and isinstance(arrays[name], np.ndarray) and arrays[name].ndim == 1]
    lengths = {len(vectors[name]) for name in found}
    same = len({arrays[name].size for name in found}) == 1
    return found if len(found) > 1 and same and len(lengths) > 1 and max(lengths) == arrays[found[0]].size else []


def _with_silent_units(single: Sequence[str], arrays: Arrays, reasons: list[str]) -> list[str]:
    """With the arrays that are named like these but for a number and hold too few times to look like them, in the order of the file."""
    patterns = {without_number(name) for name in single}
    alike = [name for name in arrays if name not in single and without_number(name) in patterns and NUMBER.search(name)]
    few = [name for name in alike if (times := _times_in(arrays[name])) is not None and (np.diff(times) >= 0).all()]
    out = [name for name in alike if name not in few]
    if out:
        named = listed([f"'{name}'" for name in out], 3)
        reasons.append(
            f"{named} {'is' if len(out) == 1 else 'are'} named like spike times, but not {'a list' if len(out) == 1 else 'lists'} of rising times: "
            "left out; what is a unit belongs under 'more'."
        )
    taken = {*single, *few}
    return [name for name in arrays if name in taken]


def _times_in(values: Any) -> np.ndarray | None:
    """What a vector of numbers holds, without missing ones; None where it is something else."""
    if isinstance(values, list) or values.dtype.kind not in "uif" or values.size != max(values.shape, default=1):
        return None
    return _there(values).astype(np.float64)


def _rising_by_unit(arrays: Arrays, vectors: Mapping[str, np.ndarray], bases: Mapping[str, np.ndarray]) -> list[str]:
    """Times of a table that lists one unit after the other: they rise within each."""
    found = []
    for name, values in vectors.items():
        if name in bases or COLUMN.search(name) or not (SPIKE_NAME.search(name) or TIME_NAME.search(field_of(name))):
            continue
        owner = _owner(arrays, vectors, name, bases)
        times = values[np.isfinite(values)]
        if not owner or len(np.unique(times)) <= max(2, len(times) // 5):
            continue
        owners = np.ravel(arrays[owner])[: len(values)][np.isfinite(values)].astype(str)
        order = np.argsort(owners, kind="stable")
        starts = np.flatnonzero(owners[order][1:] != owners[order][:-1])
        back = np.diff(times[order]) < 0
        back[starts] = False
        if len(starts) and not back.any():
            found.append(name)
    return found


def _nested(arrays: Arrays) -> list[str]:
    """Spike times in cells inside cells (day, epoch, tetrode, cell): those of the first day and epoch that have the most units.

    A matrix has the times in its first column.
    """
    groups: dict[str, list[str]] = {}
    for name, values in arrays.items():
        inside = IN_CELLS.match(name)
        if inside is None or isinstance(values, list) or values.dtype.kind not in "uif" or not SPIKE_NAME.search(name):
            continue
        column = values[:, 0] if values.ndim == 2 and min(values.shape) > 1 else np.ravel(values)
        steps = np.diff(column.astype(np.float64))
        if len(steps) > 1 and np.isfinite(steps).all() and (steps >= 0).all() and len(np.unique(steps)) > 1:
            groups.setdefault(inside["outer"], []).append(f"{name}[0]" if column.size < values.size else name)
    return max(groups.values(), key=len, default=[])


def _are_indices(rows: list[np.ndarray], arrays: Arrays) -> bool:
    """Whether cells hold whole numbers that could count the cells themselves, or the rows or columns of a matrix beside them."""
    finite = np.concatenate([row.astype(np.float64) for row in rows])
    if not np.array_equal(finite, np.rint(finite)):
        return False
    lengths = [
        length for values in arrays.values() if isinstance(values, np.ndarray) and values.ndim == 2 for length in values.shape
    ]
    return float(finite.max()) <= max([len(rows), *lengths])


def _cells(arrays: Arrays, reasons: list[str]) -> str | None:
    """The cell array, or the matrix filled up with NaN, that holds the spike times of one unit in each row."""
    found = []
    for name, values in arrays.items():
        if isinstance(values, list):
            rows = [np.ravel(cell) for cell in values]
            numbers = all(row.dtype.kind in "buif" and np.isfinite(row.astype(np.float64)).all() for row in rows)
            if not numbers or not any(len(row) > 1 for row in rows):
                continue
            if _are_indices(rows, arrays) and not field_of(name).lower().startswith(("spike", "spk", "ts", "st")):
                reasons.append(f"'{name}' is a cell array of small whole numbers, like indices: not taken as spike times.")
                continue
            backward = np.mean([bool((np.diff(row.astype(np.float64)) < 0).any()) for row in rows])
            found.append((backward > 0.1, not SPIKE_NAME.search(name), not TIME_NAME.search(field_of(name)), name))
        elif values.ndim == 2 and min(values.shape) > 1 and values.dtype.kind == "f" and SPIKE_NAME.search(name):
            found += [(False, False, not TIME_NAME.search(field_of(name)), name)] if trains_in(values) is not None else []
    return min(found)[-1] if found else None


def _about_units(arrays: Arrays, cells: str, count: int, reasons: list[str]) -> dict[str, Any]:
    """Names and properties of units that stand beside their spike times, one value each."""
    names, properties = "", []
    for name, values in arrays.items():
        if name == cells or isinstance(values, list) or values.size != count or group_of(name) != group_of(cells) or count < 2:
            continue
        distinct = len({str(value) for value in np.ravel(values)}) == count
        if UNIT_NAMES.match(field_of(name)) and distinct and not names:
            names = name
        elif UNIT_PROPERTY.search(field_of(name)):
            properties.append(name)
    if names or properties:
        reasons.append(f"{', '.join(filter(None, [names, *properties]))} beside them: one value a unit.")
    return {"names": names, "properties": tuple(properties)}


def _owner(arrays: Arrays, vectors: Mapping[str, np.ndarray], spikes: str, bases: Mapping[str, np.ndarray]) -> str:
    """The array that says which unit fired, empty where there is none."""
    length = len(vectors[spikes])
    rows = np.size(arrays[spikes]) if spikes in arrays else length  # of a table, whose shorter columns are filled up
    found = []
    for name, values in arrays.items():
        if name == spikes or name in bases or isinstance(values, list) or values.size not in (length, rows):
            continue
        flat = np.ravel(values)[:length]
        if values.size > length and len(_there(values)) > length:
            continue
        text = flat.dtype.kind in "OSU"
        if not text and (
            flat.dtype.kind not in "uif" or not np.array_equal(flat[np.isfinite(flat)], np.rint(flat[np.isfinite(flat)]))
        ):
            continue
        kinds = len(set(flat.tolist()))
        named = bool(OWNER_NAME.search(field_of(name)))
        # without a name that is known, what comes back again and again, in no order
        again = 1 < kinds <= max(1, length // 5) and (text or bool((np.diff(flat.astype(np.float64)) < 0).any()))
        if named or again or (kinds == 1 and name.startswith("column")):
            found.append((not named, NOT_OWNER.search(field_of(name)) is not None, name))
    return min(found)[-1] if found else ""


def _there(values: Any) -> np.ndarray:
    """The values of an array that are not missing."""
    flat = np.ravel(values)
    return (
        flat[np.isfinite(flat)] if flat.dtype.kind == "f" else flat[flat.astype(str) != ""] if flat.dtype.kind in "OSU" else flat
    )


def _constant_columns(arrays: Arrays, owner: str, used: set[str]) -> tuple[str, ...]:
    """Columns as long as the owners that say the same of all spikes of a unit."""
    owners = np.ravel(arrays[owner]).astype(str)
    found = []
    for name, values in arrays.items():
        if name in used or isinstance(values, list) or values.size != len(owners) or not UNIT_PROPERTY.search(field_of(name)):
            continue
        texts = np.ravel(values).astype(str)
        if len(set(zip(owners.tolist(), texts.tolist(), strict=True))) == len(set(owners.tolist())):
            found.append(name)
    return tuple(found)


def _clock(name: str, times: np.ndarray, bases: Mapping[str, np.ndarray], arrays: Arrays, reasons: list[str]) -> dict[str, Any]:
    """The unit of spike times: from their name, or from how far they reach compared with the time base."""
    times = times[np.isfinite(times)]
    last = float(times.max()) if len(times) else 0.0
    whole = bool(len(times)) and np.array_equal(times, np.rint(times))
    rate = scalar_named(arrays, RATE_NAME, group_of(name))
    said = time_unit_in(name)
    if said is not None and said != "samples":
        return {"time_unit": said}
    of_calendar = calendar_unit(times)
    if of_calendar is not None:
        words = "days of a calendar" if of_calendar == "d" else f"{of_calendar} since 1970"
        reasons.append(f"'{name}' reaches {last:.15g}: taken as {words}.")
        return {"time_unit": of_calendar}
    reach = next((float(seconds[-1]) for base, seconds in bases.items() if not counts_samples(base, arrays)), 0.0)
    samples = said == "samples" or "sample" in field_of(name).lower()
    if reach > 0 and not samples:
        for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
            if 0.5 < last / (reach * factor) < 1.5:
                if unit != "s":
                    reasons.append(f"Spike times are taken as {unit}: they reach {last:.6g}, the time base {reach:.6g} s.")
                return {"time_unit": unit}
    if not (whole and (samples or (last > 2 * reach if reach > 0 else last > 1e5))):
        return {}
    if rate is not None and reach > 0 and not 0.5 < last / (rate * reach) < 1.5:
        rate = None  # that of something else in the file
    if rate is not None:
        reasons.append(f"Spike times are whole numbers: taken as samples at the {rate:g} Hz that stand in the file.")
        return {"time_unit": "samples", "rate": rate}
    if reach > 0:
        rate = _usual_rate(
            last / reach, [1 / float(np.median(np.diff(seconds))) for seconds in bases.values() if len(seconds) > 1]
        )
        reasons.append(f"Spike times are whole numbers up to {last:.0f}: taken as samples at {rate:g} Hz. Check the rate.")
        return {"time_unit": "samples", "rate": rate}
    reasons.append(f"Spike times are large whole numbers: taken as samples at {USUAL_RATE:g} Hz. {check_rate(name)}")
    return {"time_unit": "samples", "rate": USUAL_RATE, "rate_guessed": USUAL_RATE}


def _usual_rate(estimate: float, measured: Sequence[float] = ()) -> float:
    """The rate of something measured in the file, or one that recordings usually have, where the estimate comes near it."""
    usual = np.array(
        [
            1e3,
            1250,
            1e4,
            1.25e4,
            2e4,
            2.4414e4,
            2.5e4,
            3e4,
            32552.0,
            3.2e4,
            4e4,
            4.8e4,
            5e4,
            *(one for one in measured if 0 < one < np.inf),
        ]
    )
    nearest = float(usual[np.argmin(np.abs(np.log(usual / estimate)))])
    return float(f"{nearest:.6g}") if abs(np.log(nearest / estimate)) < 0.1 else float(f"{estimate:.4g}")


def _is_response(name: str, values: np.ndarray | list[np.ndarray]) -> bool:
    """Whether a matrix is called the activity of units."""
    return (
        isinstance(values, np.ndarray)
        and values.ndim == 2
        and min(values.shape) > 1
        and RESPONSE_NAME.search(field_of(name)) is not None
    )
