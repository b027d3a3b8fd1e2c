"""First drafts of recipes: the arrays that are spikes or counts, by name, shape and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType
from typing import Any, TypeGuard

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.raw import WHOLE_TABLE, NamedArrays
from glmengine.io.recipe.draft_covariates import clock_of_base, draft_covariates, draft_events, draft_trials
from glmengine.io.recipe.names import (
    BIN_NAME,
    BUSIEST,
    COUNT_NAME,
    LONGEST,
    NOT_OWNER,
    OF_UNITS,
    ONE_UNIT,
    OWNER_NAME,
    RATE_NAME,
    RESPONSE_NAME,
    SELDOM,
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
    unit_of_times,
)
from glmengine.io.recipe.recipe import (
    COLUMN,
    SECONDS,
    Arrays,
    Counts,
    Happenings,
    Measured,
    Recipe,
    Spikes,
    Stretches,
    in_file,
    references,
)
from glmengine.io.recipe.spike_matrices import columns_of_spikes, filled_with, trains_in
from glmengine.sentences import listed

STILL = 0.05
"""Share of the steps of what is called a time in which it may stand still."""

UNIT_COLUMN = re.compile(r"^(unit|cell|neuron|clu(ster)?|u|n|roi)[_ ]?\d+|count|spike", re.IGNORECASE)

IN_CELLS = re.compile(r"(?P<outer>[^{]+(\{\d+\})*?)(\{\d+\}){1,2}(\.\w+)?$")
"""Names of arrays in cells inside cells; the last two braces tell a tetrode and a unit, those before them a day and an epoch."""


@dataclass(frozen=True)
class Draft:
    """A recipe that may need correction.

    Attributes
    ----------
    recipe : Recipe
    reasons : tuple of str
        What was decided and why, one sentence each, and what is doubtful.
    """

    recipe: Recipe
    reasons: tuple[str, ...]

    def to_toml(self) -> str:
        """The recipe as TOML with the reasons as comments at its head, and a place for each unit of measure that is not known."""
        blocks = re.split(r"\n\n(?=\[)", self.recipe.to_toml().rstrip("\n"))
        blocks = [
            f'{block}\n# unit = "cm"'
            if block.startswith("[[covariates]]") and "\nunit = " not in block and '"category"' not in block
            else block
            for block in blocks
        ]
        return "".join(f"# {reason}\n" for reason in self.reasons) + "\n\n".join(blocks) + "\n"


@dataclass(frozen=True)
class Beside:
    """What a further file adds to a recipe, as it names that file's arrays, with the reasons as a `Draft` has them."""

    covariates: tuple[Measured, ...] = ()
    trials: tuple[Stretches, ...] = ()
    events: tuple[Happenings, ...] = ()
    reasons: tuple[str, ...] = ()

    def added_to(self, recipe: Recipe) -> Recipe:
        """The recipe with what it does not name yet; a name that it gives to something else gets the number that is free."""
        known = references(recipe)
        fresh = {
            "covariates": [item for item in self.covariates if not known.issuperset(item.values)],
            "trials": [item for item in self.trials if item.start not in known],
            "events": [item for item in self.events if item.times not in known],
        }
        return recipe.with_(
            **{
                field: (*getattr(recipe, field), *_named_apart(items, {one.name for one in getattr(recipe, field)}))
                for field, items in fresh.items()
            }
        )


def _named_apart(items: Sequence[Measured | Stretches | Happenings], taken: set[str]) -> list[Measured | Stretches | Happenings]:
    named = []
    for item in items:
        candidates = (item.name if number == 1 else f"{item.name}_{number}" for number in count(1))
        name = next(name for name in candidates if name not in taken)
        taken = taken | {name}
        named.append(item.with_(name=name))
    return named


def draft_from_arrays(arrays: Arrays, clocks: Mapping[str, np.ndarray] = MappingProxyType({})) -> Draft:
    """Propose what named arrays are; raises `GlmError` where none looks like spikes or counts.

    Times (s) of what lies in further files, by name, are `clocks` that tell in which unit spikes are counted.
    """
    reasons = list(arrays.notes) if isinstance(arrays, NamedArrays) else []
    vectors = _vectors(arrays)
    trials = draft_trials(arrays, vectors, reasons)
    in_trials = {name for item in trials for name in (item.start, item.stop, *item.properties)}
    bases = _time_bases({name: values for name, values in vectors.items() if name not in in_trials}, arrays)
    free = {name: values for name, values in vectors.items() if name not in in_trials}
    whole = arrays.get(WHOLE_TABLE)
    grid = isinstance(whole, np.ndarray) and whole.ndim == 2 and _are_counts(np.ravel(whole))
    spikes = None if grid else _spikes(arrays, free, {**bases, **clocks}, reasons)
    counts = None if spikes is not None else _counts(arrays, bases, reasons)
    if spikes is None and counts is None:
        have = listed(f"{name} {shape_of(values)}" for name, values in arrays.items()) or "nothing that can be read"
        left_out = f". {arrays.notes[0]}" if isinstance(arrays, NamedArrays) and arrays.notes else ""
        raise GlmError(f"nothing in it looks like spike times or counts; write a recipe by hand, it holds: {have}{left_out}")
    used = (
        {spikes.times, spikes.units, spikes.names, *spikes.more, *spikes.properties} if spikes is not None else set(counts.values)
    )
    used |= in_trials
    if whole is not None:  # the table and its columns are the same numbers
        used |= set(arrays) if WHOLE_TABLE in used else {WHOLE_TABLE}
    bins = None
    if counts is not None and counts.rate is not None:
        bins = max(arrays[counts.values[0]].shape), counts.rate
    reasons += _doubts_of_clock(spikes, arrays)
    covariates = draft_covariates(arrays, bases, used | set(bases), reasons, bins)
    reasons += _doubts_of_counters({item.times for item in covariates}, arrays)
    used |= {name for item in covariates for name in (*item.values, item.times)} | set(bases)
    events = draft_events(arrays, free, used, reasons)
    reasons += _left_out(arrays, used | {name for item in events for name in (item.times, item.kinds)})
    return Draft(
        Recipe(spikes=spikes, counts=counts, covariates=tuple(covariates), trials=tuple(trials), events=tuple(events)),
        tuple(reasons),
    )


def clocks_of(arrays: Arrays, file: str) -> dict[str, np.ndarray]:
    """Times (s) of the series in a further file, as its draft has them, by the names that a recipe gives them."""
    return {f"{file}:{name}": seconds for name, seconds in _time_bases(_vectors(arrays), arrays).items()}


def draft_beside(arrays: Arrays, file: str) -> Beside:
    """Propose what a further file, by its name, adds to a recording whose units are elsewhere: tracking, trials, events."""
    reasons = list(arrays.notes) if isinstance(arrays, NamedArrays) else []
    vectors = _vectors(arrays)
    trials = draft_trials(arrays, vectors, reasons)
    in_trials = {name for item in trials for name in (item.start, item.stop, *item.properties)}
    free = {name: values for name, values in vectors.items() if name not in in_trials}
    bases = _time_bases(free, arrays)
    covariates = draft_covariates(arrays, bases, in_trials | set(bases), reasons)
    reasons += _doubts_of_counters({item.times for item in covariates}, arrays)
    used = in_trials | set(bases) | {name for item in covariates for name in (*item.values, item.times)}
    events = draft_events(arrays, free, used, reasons)
    reasons += _left_out(arrays, used | {name for item in events for name in (item.times, item.kinds)})
    reasons = [f"{file}: {reason}" for reason in reasons]
    return Beside(*(tuple(in_file(item, file) for item in items) for items in (covariates, trials, events)), tuple(reasons))


def _doubts_of_clock(spikes: Spikes | None, arrays: Arrays) -> list[str]:
    """Whether spikes reach so far, and come so seldom, that their unit of time must be another."""
    if spikes is None:
        return []
    found = [arrays.get(COLUMN.sub("", name)) for name in (spikes.times, *spikes.more)]
    rows = [np.ravel(row) for item in found if item is not None for row in (item if isinstance(item, list) else [item])]
    rows = [row.astype(np.float64) for row in rows if row.dtype.kind in "uif" and row.size]
    times = np.concatenate(rows) if rows else np.empty(0)
    times = spikes.seconds(times[np.isfinite(times)], "spikes") if spikes.time_unit != "samples" or spikes.rate else np.empty(0)
    if len(times) < 2:
        return []
    units = len(rows) if len(rows) > 1 else len(set(np.ravel(arrays[spikes.units]).tolist())) if spikes.units in arrays else 1
    first = float(times.min())
    lasts = float(times.max()) - (first if first > 0.5 * times.max() else min(first, 0.0))  # a clock of the world began long ago
    rate = len(times) / max(units, 1) / max(lasts, 1e-9)
    if lasts > LONGEST and rate < SELDOM:
        other = next((unit for unit, factor in (("ms", 1e3), ("us", 1e6)) if SELDOM <= rate * factor < BUSIEST), "ns")
        return [
            f"In {spikes.time_unit} the spikes reach over {lasts:,.0f} s at {rate:.2g} Hz a unit: is their time_unit another, perhaps {other}?"
        ]
    if rate > BUSIEST:
        return [f"In {spikes.time_unit} a unit would fire at {rate:,.0f} Hz: is the time_unit of the spikes another?"]
    return []


def _doubts_of_counters(bases: set[str], arrays: Arrays) -> list[str]:
    """What is to be said of time bases that count samples."""
    return [
        f"'{base}' counts samples, so that their rate is needed: check rate where '{base}' gives the times, or give it there (rate = 30)."
        for base in sorted(bases)
        if counts_samples(base, arrays)
    ]


def _left_out(arrays: Arrays, used: set[str]) -> list[str]:
    """The arrays that the draft does not use."""
    bare = {COLUMN.sub("", name) for name in used}
    left = [
        f"{name} ({shape_of(values)})"
        for name, values in arrays.items()
        if name not in bare and not (isinstance(values, np.ndarray) and values.size <= 1)
    ]
    return [f"Not used: {listed(left, 20)}."] if left else []


def shape_of(values: np.ndarray | list[np.ndarray]) -> str:
    """How large an array is, in words that fit a list."""
    return f"({len(values)} cells)" if isinstance(values, list) else "x".join(map(str, values.shape)) or "one value"


def _vectors(arrays: Arrays) -> dict[str, np.ndarray]:
    """Rows and columns of numbers, without the NaN that fill up the shorter columns of a table; columns of matrices that begin with times."""
    found = {}
    for name, values in arrays.items():
        if isinstance(values, list) or values.dtype.kind not in "uif":
            continue
        if values.size > 1 and max(values.shape) == values.size:
            row = np.ravel(values).astype(np.float64)
            finite = np.flatnonzero(np.isfinite(row))
            found[name] = row[: finite[-1] + 1] if len(finite) > 1 else row
        elif values.ndim == 2 and len(values) > 20 and 2 <= values.shape[1] <= 8 and _is_rhythm(values[:, 0].astype(np.float64)):
            found |= {f"{name}[{column}]": values[:, column].astype(np.float64) for column in range(values.shape[1])}
    return found


def _is_rhythm(values: np.ndarray, uneven: float = 1.2, still: float = 0.0) -> bool:
    """Whether numbers rise in nearly equal steps, of which nine in ten are no longer than the usual one by this factor, but for this share
    in which they stand still."""
    steps = np.diff(values)
    forwards = bool(len(steps)) and bool((steps >= 0).all()) and bool(np.mean(steps == 0) <= still)
    return forwards and bool(np.quantile(steps, 0.9) <= uneven * np.median(steps))


def _time_bases(vectors: Mapping[str, np.ndarray], arrays: Arrays) -> dict[str, np.ndarray]:
    """Vectors that rise in nearly equal steps and have a partner of their length, those with a name of time first; seconds."""
    found = {}
    tables = [
        other.shape for other in arrays.values() if isinstance(other, np.ndarray) and other.size > max(other.shape, default=0)
    ]
    for name, values in vectors.items():
        partner = any(other != name and len(vectors[other]) == len(values) for other in vectors)
        partner = partner or any(len(values) in shape for shape in tables)
        named = TIME_NAME.search(field_of(name)) is not None
        # a camera jitters, but not as spikes do, of which one in ten waits more than three times as long as the usual one
        # a clock may stand still now and then, which is said when it is read
        rhythm = _is_rhythm(values, 1.7, STILL) if named else _is_rhythm(values)
        if partner and (named or len(values) > 100) and rhythm:
            rate = scalar_named(arrays, RATE_NAME, group_of(name)) if counts_samples(name, arrays) else None
            found[name] = values / rate if rate else values * SECONDS[unit_of_times(name, arrays)]
    return dict(sorted(found.items(), key=lambda item: not TIME_NAME.search(field_of(item[0]))))


# --- spikes -----------------------------------------------------------------------------------------------------------


def _spikes(
    arrays: Arrays, vectors: Mapping[str, np.ndarray], bases: Mapping[str, np.ndarray], reasons: list[str]
) -> Spikes | None:
    cells = _cells(arrays, reasons)
    if cells is not None:
        rows = arrays[cells] if isinstance(arrays[cells], list) else trains_in(arrays[cells])
        assert rows is not None
        what = "a cell array" if isinstance(arrays[cells], list) else "a matrix filled up with NaN"
        reasons.append(f"'{cells}' is {what} of {len(rows)} vectors: one unit {'a cell' if what == 'a cell array' else 'each'}.")
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
        reasons.append(
            f"{len(single)} arrays from '{single[0]}' to '{single[-1]}' are taken as the spike times of one unit each."
        )
        pooled = np.concatenate([vectors[name] for name in single])
        return Spikes(times=single[0], more=tuple(single[1:]), **_clock(single[0], pooled, bases, arrays, reasons))
    # a clock that goes in steps of its own is no train of spikes, nor is what stands still or has two values
    rising = [name for name in rising if len(np.unique(vectors[name])) > max(2, len(vectors[name]) // 5)]
    rising = rising or _rising_by_unit(arrays, vectors, bases)
    named = [name for name in rising if SPIKE_NAME.search(name)]
    if not (named or rising):
        return None
    best = (named or rising)[0]
    doubt = "" if named else " because it rises in unequal steps; its name does not say so"
    reasons.append(f"'{best}' is taken as spike times{doubt}.")
    owner = _owner(arrays, vectors, best, bases)
    about: dict[str, Any] = {}
    if owner:
        kinds = np.unique(np.ravel(arrays[owner]).astype(str))
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
    found = []
    for name, values in arrays.items():
        if name == spikes or name in bases or isinstance(values, list) or values.size != length:
            continue
        flat = np.ravel(values)
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
    if rate is not None:
        reasons.append(f"Spike times are whole numbers: taken as samples at the {rate:g} Hz that stand in the file.")
        return {"time_unit": "samples", "rate": rate}
    if reach > 0:
        rate = _usual_rate(last / reach)
        reasons.append(f"Spike times are whole numbers up to {last:.0f}: taken as samples at {rate:g} Hz. Check the rate.")
        return {"time_unit": "samples", "rate": rate}
    reasons.append("Spike times are large whole numbers: taken as samples at 30000 Hz. Check the rate.")
    return {"time_unit": "samples", "rate": 30000.0}


def _usual_rate(estimate: float) -> float:
    usual = np.array([1e3, 1250, 1e4, 1.25e4, 2e4, 2.4414e4, 2.5e4, 3e4, 32552.0, 3.2e4, 4e4, 4.8e4, 5e4])
    nearest = float(usual[np.argmin(np.abs(np.log(usual / estimate)))])
    return nearest if abs(np.log(nearest / estimate)) < 0.1 else float(f"{estimate:.4g}")


# --- counts -----------------------------------------------------------------------------------------------------------


def _counts(arrays: Arrays, bases: Mapping[str, np.ndarray], reasons: list[str]) -> Counts | None:
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
        whole = [name for name in mine if _are_counts(arrays[name])]
        if whole:
            reasons.append(
                f"{len(whole)} columns of whole numbers named like units are taken as counts per bin, at the times '{base}'."
            )
        elif mine:
            reasons.append(
                f"{len(mine)} columns named like units are taken as their activity at the times '{base}'; they are no whole numbers, so "
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
    return None


def _is_raster(name: str, values: np.ndarray) -> bool:
    """Whether a matrix that is named like spikes or units holds few of them in most bins."""
    return SPIKE_NAME.search(field_of(name)) is not None and _are_counts(np.ravel(values)) and float(np.mean(values != 0)) < 0.5


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
    if base and not _are_counts(np.ravel(values)):
        reasons.append(
            f"'{name}' is taken as the activity of one unit in each column, at the times '{base}'; it holds no whole numbers, so that its model is one of "
            "signals: Gaussian, or Gamma where it is positive."
        )
        return Counts(values=(name,), **clock_of_base(base, arrays))
    if base:
        reasons.append(f"'{name}' is taken as counts per bin, one column a unit, at the times '{base}'.")
        return Counts(values=(name,), **clock_of_base(base, arrays))
    turned = values.shape[0] < values.shape[1]
    width, rate = scalar_named(arrays, BIN_NAME, group_of(name)), scalar_named(arrays, RATE_NAME, group_of(name))
    given = rate if width is None else (1.0 / width if width < 1 else 1000.0 / width)
    along = "row" if turned else "column"
    bins = f"of {1 / given:g} s, as the file says" if given else "taken as 10 ms: check it"
    reasons.append(f"'{name}' is taken as counts per bin, one {along} a unit; its bins are {bins}.")
    if not given:
        long = max(values.shape)
        same = [other for other, found in arrays.items() if other != name and _is_row_of_numbers(found) and found.size == long]
        reasons += [f"So are those of {listed(same, 8)}: where the rate is another, change it for each."] if same else []
    return Counts(values=(name,), rate=given or 100.0, units_first=turned)


def _is_row_of_numbers(values: np.ndarray | list[np.ndarray]) -> TypeGuard[np.ndarray]:
    return not isinstance(values, list) and values.dtype.kind in "buif" and values.size > 1 and max(values.shape) == values.size


def _are_counts(values: np.ndarray | list[np.ndarray]) -> bool:
    if not _is_row_of_numbers(values):
        return False
    finite = np.ravel(values).astype(np.float64)
    finite = finite[np.isfinite(finite)]
    return bool(len(finite)) and bool((finite >= 0).all()) and np.array_equal(finite, np.rint(finite))
