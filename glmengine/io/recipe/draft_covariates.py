"""Covariates, trials and events in first drafts of recipes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glmengine.io.lost_samples import measured_ones
from glmengine.io.recipe.names import (
    AXIS_NAME,
    EVENT_NAME,
    PERHAPS_ANGLE,
    RATE_NAME,
    START_NAME,
    STOP_NAME,
    counts_samples,
    field_of,
    fills_a_circle,
    group_of,
    measured_in,
    scalar_named,
    unit_of_times,
)
from glmengine.io.recipe.recipe import COLUMN, Arrays, Happenings, Measured, Stretches
from glmengine.io.recipe.trial_tables import are_times
from glmengine.recording.covariate_names import ANGLE_NAME, PLACE_NAME
from glmengine.sentences import listed

MOST_TEXTS = 20

MOST_TRIALS = 0.8
"""Share of trials that must stop after they start."""

HALF_TURN = 180.0
"""Degrees; what is called an angle and covers less may be in radians."""

MOST_CODE = 8
"""Of whole numbers without a unit that stand for directions, on a track or of a choice."""

ONSET_NAME = re.compile(r"[a-z]On$")
FEWEST_TRIALS = 4
MOST_CONDITIONS = 20

FEWEST_OF_A_KIND = 2
"""Events of a kind, on average."""


@dataclass(frozen=True)
class Bins:
    """How many bins counts have, how many a second, and whether that is a guess."""

    number: int
    rate: float
    guessed: bool


def draft_trials(arrays: Arrays, vectors: Mapping[str, np.ndarray], reasons: list[str]) -> list[Stretches]:
    """Starts and stops of one length and one name, with the arrays beside them that have a value for each."""
    found: list[Stretches] = []
    for start, begins in vectors.items():
        known = begins[np.isfinite(begins)]
        if not START_NAME.search(field_of(start)) or COLUMN.search(start):
            continue
        sorted_ = bool((np.diff(known) >= 0).all())
        stem = START_NAME.sub("", field_of(start), count=1)
        stop = next(
            (
                name
                for name, ends in vectors.items()
                if name != start
                and group_of(name) == group_of(start)
                and STOP_NAME.search(field_of(name))
                and STOP_NAME.sub("", field_of(name), count=1) == stem
                and len(ends) == len(begins)
                and np.mean(ends >= begins)
                >= MOST_TRIALS  # what some lack, or have the other way round, is said when they are read
            ),
            None,
        )
        if stop is None or not (sorted_ or (vectors[stop] > begins).all()):
            continue
        alike = [name for name, values in arrays.items() if isinstance(values, np.ndarray) and values.size == len(begins)]
        beside = [
            name
            for name in alike
            if name not in (start, stop)
            and group_of(name) == group_of(start)
            and not (name in vectors and EVENT_NAME.search(field_of(name)) and (np.diff(vectors[name]) > 0).all())
        ]
        bare = START_NAME.sub("", measured_in(field_of(start))[0], count=1)
        title = re.sub(r"\W+|_+$|^_+|_times?$", "_", bare).strip("_") or "trials"
        title = {"trial": "trials", "t": "trials", "time": "trials", "times": "trials"}.get(title.lower(), title)
        # a few numbers may be as many as trials by chance
        properties = tuple(beside) if len(begins) > 2 else ()
        found.append(Stretches(name=title, start=start, stop=stop, properties=properties, time_unit=unit_of_times(start, arrays)))
        reasons.append(
            f"'{start}' and '{stop}' are taken as {len(begins)} trials{'' if sorted_ else ', which are in no order of time'}."
        )
        reasons += _times_within(properties, begins, vectors[stop], vectors)
    taken = {name for item in found for name in (item.start, item.stop, *item.properties)}
    free = {name: row for name, row in vectors.items() if name not in taken}
    return found + _trials_without_stops(arrays, free, {item.name for item in found}, reasons)


def _times_within(names: Sequence[str], starts: np.ndarray, stops: np.ndarray, vectors: Mapping[str, np.ndarray]) -> list[str]:
    """What is said of columns of trials that hold a time of each."""
    times = [name for name in names if name in vectors and len(vectors[name]) == len(starts)]
    times = [name for name in times if are_times(vectors[name], starts, stops, name)]
    if not times:
        return []
    what = (
        "lies within the trials and is taken as an event" if len(times) == 1 else "lie within the trials and are taken as events"
    )
    return [
        f"{listed([repr(name) for name in times], 6)} {what} of each, counted in the same unit; the trials' other columns are their conditions."
    ]


def _trials_without_stops(
    arrays: Arrays, vectors: Mapping[str, np.ndarray], names: set[str], reasons: list[str]
) -> list[Stretches]:
    """Onsets with conditions beside them: trials that last until the next one starts."""
    found: list[Stretches] = []
    taken: set[str] = set()
    for start, begins in vectors.items():
        field, group = field_of(start), group_of(start)
        onset = START_NAME.search(field) or ONSET_NAME.search(field) or (EVENT_NAME.search(field) and "trial" in group.lower())
        rises = len(begins) >= FEWEST_TRIALS and np.isfinite(begins).all() and bool((np.diff(begins) > 0).all())
        if not (onset and rises) or COLUMN.search(start) or start in taken:
            continue
        beside = tuple(
            name
            for name, values in arrays.items()
            if name != start
            and isinstance(values, np.ndarray)
            and values.size == max(values.shape, default=0) == len(begins)
            and group_of(name) == group
            and name not in taken
        )
        conditions = [name for name in beside if _are_conditions(arrays[name])]
        if not conditions:
            continue
        number = len(names) + len(found)
        title = f"trials_{number + 1}" if number else "trials"
        found.append(Stretches(name=title, start=start, properties=beside, time_unit=unit_of_times(start, arrays)))
        taken |= {start, *beside}
        reasons.append(
            f"'{start}' is taken as the starts of {len(begins)} trials, each of which lasts until the next one: no array says when they stop. "
            f"{listed([repr(name) for name in conditions], 6)} beside it {'is their condition' if len(conditions) == 1 else 'are their conditions'}."
        )
        stops = np.r_[begins[1:], 2 * begins[-1] - begins[-2]]
        reasons += _times_within(beside, begins, stops, vectors)
    return found


def _are_conditions(values: np.ndarray) -> bool:
    """Whether a column has a few values that come again and again."""
    flat = np.ravel(values)
    if flat.dtype.kind not in "OSUbui" and not (flat.dtype.kind == "f" and are_codes(flat[np.isfinite(flat)])):
        return False
    kinds = {str(value) for value in flat} - {"", "nan"}
    return 1 < len(kinds) <= min(MOST_CONDITIONS, len(flat) // FEWEST_OF_A_KIND)


def draft_events(arrays: Arrays, vectors: Mapping[str, np.ndarray], used: set[str], reasons: list[str]) -> list[Happenings]:
    """Times that are left: rows of numbers that rise and are named like times; by kind, where texts as many as those say which each is."""
    found = []
    for name, values in vectors.items():
        if name in used or COLUMN.search(name) or not EVENT_NAME.search(field_of(name)):
            continue
        kinds = _kinds_of_events(name, arrays, used)
        steps = np.diff(values)
        if np.isfinite(values).all() and ((steps > 0).all() or (kinds and (steps >= 0).all())):
            title = re.sub(r"\W+", "_", measured_in(name)[0]).strip("_")
            found.append(Happenings(name=title, times=name, kinds=kinds, time_unit=unit_of_times(name, arrays)))
            reasons.append(
                f"'{name}' is taken as the times of events{f', each of the kind that {kinds!r} says' if kinds else ''}."
            )
    return found


def _kinds_of_events(times: str, arrays: Arrays, used: set[str]) -> str:
    """The array of texts beside times of events that says of which kind each is; empty where there is none."""
    for name, values in arrays.items():
        beside = isinstance(values, np.ndarray) and values.dtype.kind in "OSU" and values.size == np.size(arrays.get(times))
        if beside and name not in used and group_of(name) == group_of(times):
            kinds = {str(value) for value in np.ravel(values)} - {""}
            if 1 < len(kinds) <= min(MOST_TEXTS, values.size // FEWEST_OF_A_KIND):
                return name
    return ""


def draft_covariates(
    arrays: Arrays, bases: Mapping[str, np.ndarray], used: set[str], reasons: list[str], bins: Bins | None = None
) -> list[Measured]:
    """Arrays as long as a time base, or as there are `bins`, the axes of a position together."""
    by_length = {len(times): name for name, times in reversed(list(bases.items()))}
    if bins is not None:
        by_length.setdefault(bins.number, "")
    found: list[Measured] = []
    axes: dict[tuple[str, str, str], dict[str, str]] = {}
    for name, values in arrays.items():
        if f"{name}[0]" in bases:
            found.append(_from_matrix(name, values, arrays, reasons))
            continue
        if name in used or isinstance(values, list) or values.dtype.kind not in "buifOSU":
            continue
        base = _base_of(name, values, bases, by_length)
        if base is None:
            continue
        if values.dtype.kind in "OSU":
            kinds = {str(value) for value in np.ravel(values)}
            if 1 < len(kinds) <= MOST_TEXTS:
                found.append(Measured(name=_title(name), values=(name,), kind="category", **_clock_of(base, bins, arrays)))
            continue
        bare, unit = measured_in(name)
        axis = AXIS_NAME.match(bare)
        if axis and values.size == max(values.shape):
            axes.setdefault((axis["head"], axis["tail"], unit), {})[axis["axis"].lower()] = name
            continue
        found.append(_measured(name, values, _clock_of(base, bins, arrays), arrays, reasons))
    for group in axes.values():
        names = [group[axis] for axis in "xyz" if axis in group]
        base = _base_of(names[0], arrays[names[0]], bases, by_length)
        if len(names) == 1:
            found.append(_measured(names[0], arrays[names[0]], _clock_of(base, bins, arrays), arrays, reasons))
            continue
        taken = {item.name for item in found}
        stem = re.sub(r"\W+", "_", re.sub(r"[xyzXYZ]([_ ]?\d*(?:_?pos(?:ition)?)?)$", r"\1", measured_in(names[0])[0])).strip("_")
        another = f"position_{stem or len(taken) + 1}" if stem.isdigit() or not stem else stem  # x2 and y2 are of a second light
        title = "position" if "position" not in taken else another
        unit = _unit_beside(names[0], arrays)
        components = tuple(axis for axis in "xyz" if axis in group)
        found.append(Measured(name=title, values=tuple(names), components=components, unit=unit, **_clock_of(base, bins, arrays)))
        reasons.append(f"{' and '.join(names)} are taken as a position{f' in {unit}' if unit else '; give its unit'}.")
    return found


def _base_of(name: str, values: np.ndarray, bases: Mapping[str, np.ndarray], by_length: Mapping[int, str]) -> str | None:
    """The time base of an array: one of its length in the same struct, else any of its length."""
    for base, times in bases.items():
        near = group_of(base)
        if near and name.startswith(near) and len(times) in values.shape and not COLUMN.search(base):
            return base
    return next((by_length[length] for length in values.shape if length in by_length), None)


def _from_matrix(name: str, values: np.ndarray, arrays: Arrays, reasons: list[str]) -> Measured:
    """A matrix whose first column is the time."""
    rest = tuple(f"{name}[{column}]" for column in range(1, values.shape[1]))
    unit = _unit_beside(name, arrays)
    reasons.append(f"The first column of '{name}' is taken as the time of the others.")
    place = bool(PLACE_NAME.search(name)) and len(rest) <= 3
    components = tuple("xyz"[: len(rest)]) if place and len(rest) > 1 else ()
    return Measured(name=_title(name), values=rest, components=components, times=f"{name}[0]", unit=unit)


def _measured(name: str, values: np.ndarray, clock: dict[str, Any], arrays: Arrays, reasons: list[str]) -> Measured:
    flat = measured_ones(np.ravel(values))
    title, unit = _title(name), _unit_beside(name, arrays)
    angular = unit.lower() in ("deg", "rad", "degrees", "radians")
    circle = fills_a_circle(flat) if not unit and PERHAPS_ANGLE.search(name) and values.size == max(values.shape) else ""
    named = ANGLE_NAME.search(name) and (angular or not (unit or are_codes(flat))) and len(flat)
    if named or circle:
        unit = unit or circle or ("deg" if np.abs(flat).max() > 2 * np.pi + 1e-3 else "rad")
        words = "degrees" if unit.lower().startswith("deg") else "radians"
        low, high = (float(flat.min()), float(flat.max())) if len(flat) else (0.0, 0.0)
        doubt = (
            ""
            if angular or words == "radians" or high - low > HALF_TURN
            else (f'; it reaches from {low:g} to {high:g} only: if these are radians that go on turning, say unit = "rad"')
        )
        reasons.append(f"'{name}' is taken as an angle in {words}, by its name{' and range' if not angular else ''}{doubt}.")
        return Measured(name=title, values=(name,), unit=unit, kind="angle", **clock)
    return Measured(name=title, values=(name,), unit=unit, **clock)


def are_codes(finite: np.ndarray) -> bool:
    """Whether all numbers are whole and small, as where a direction is 1 or -1: no angles."""
    return bool((np.abs(finite) <= MOST_CODE).all() and np.array_equal(finite, np.rint(finite)))


def _unit_beside(name: str, arrays: Arrays) -> str:
    """The unit of measure that a name says, or a text called units in the same struct."""
    unit = measured_in(name)[1]
    if unit:
        return unit
    for key in ("units", "unit"):
        beside = arrays.get(group_of(name) + key) if group_of(name) else None
        if isinstance(beside, np.ndarray) and beside.size == 1 and beside.dtype.kind in "OSU":
            return str(beside.ravel()[0])
    return ""


def _title(name: str) -> str:
    return re.sub(r"\W+", "_", measured_in(name)[0]).strip("_") or "covariate"


def clock_of_base(base: str, arrays: Arrays) -> dict[str, Any]:
    """The times of a recipe that a time base gives: in its unit, or in samples, whose rate opening asks for where the file does not say it."""
    if counts_samples(base, arrays):
        return {"times": base, "time_unit": "samples", "rate": scalar_named(arrays, RATE_NAME, group_of(base))}
    return {"times": base, "time_unit": unit_of_times(base, arrays)}


def _clock_of(base: str, bins: Bins | None, arrays: Arrays) -> dict[str, Any]:
    """The times of a covariate in a recipe: a base's, or the centres of bins."""
    if base or bins is None:
        return clock_of_base(base, arrays)
    return {"rate": bins.rate, "rate_guessed": bins.rate if bins.guessed else None, "offset": 0.5 / bins.rate}
