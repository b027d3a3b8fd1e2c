"""Recordings made of named arrays as a recipe says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.files.limits import plain_column
from glmengine.io.raw import NamedArrays, RawRecording, RawSeries, free_name, safe_name, unique_names
from glmengine.io.recipe.by_trial import on_one_line, said_of_matrix
from glmengine.io.recipe.guessed_rates import doubts_of_rates
from glmengine.io.recipe.named_arrays import array_named, entry_named, numbers_named, plain_numbers
from glmengine.io.recipe.names import field_of
from glmengine.io.recipe.one_clock import see_one_clock
from glmengine.io.recipe.recipe import COLUMN, Arrays, Counts, Measured, Recipe, Spikes, TimeBase
from glmengine.io.recipe.trial_tables import borders, trials_of
from glmengine.recording.doubt import Doubt
from glmengine.sentences import numbered

MOST_TEXTS = 50
"""Different texts that a covariate may have, and kinds of events."""


def apply_recipe(recipe: Recipe, arrays: Arrays) -> RawRecording:
    """Make a recording of named arrays.

    Raises
    ------
    GlmError
        If an array is missing or does not fit; `field` is the recipe's.
    """
    support = None
    if recipe.by_trial is not None:
        line = on_one_line(recipe.by_trial, arrays)
        arrays, support = line.arrays, line.support
    raw = RawRecording(notes=list(arrays.notes) if isinstance(arrays, NamedArrays) else [], support=support)
    if recipe.spikes is not None:
        _add_spikes(raw, recipe.spikes, arrays, recipe.first_number)
    else:
        _add_counts(raw, recipe.counts, arrays, recipe.first_number)
    for position, item in enumerate(recipe.covariates):
        raw.series.append(_series(item, arrays, f"covariates.{position}", recipe.first_number))
    _add_times(raw, recipe, arrays)
    raw.notes += doubts_of_rates(recipe)
    return raw


def _add_times(raw: RawRecording, recipe: Recipe, arrays: Arrays) -> None:
    """Epochs, trials and events."""
    for position, item in enumerate(recipe.epochs):
        if not _begun(item.start, f"The epochs '{item.name}'", "start", "Start", raw):
            continue
        field = f"epochs.{position}"
        raw.epochs[safe_name(item.name)] = np.column_stack([item.seconds(ends, field) for ends in borders(item, arrays, field)])
    for position, item in enumerate(recipe.trials):
        if _begun(item.start, f"The trials '{item.name}'", "start", "Start", raw):
            raw.trials[safe_name(item.name)] = trials_of(item, arrays, f"trials.{position}", raw)
    for position, item in enumerate(recipe.events):
        if not _begun(item.times, f"The events '{item.name}'", "times", "Times", raw):
            continue
        field = f"events.{position}"
        times = item.seconds(numbers_named(arrays, item.times, f"{field}.times"), field)
        if not item.kinds:
            raw.events[safe_name(item.name)] = times
            continue
        kinds = plain_column(np.ravel(array_named(arrays, item.kinds, f"{field}.kinds"))).astype(str)
        _same_length([times, kinds], f"{item.times} and {item.kinds}", f"{field}.kinds")
        different = sorted(set(kinds[kinds != ""]))
        if len(different) > MOST_TEXTS:
            raise GlmError(
                f"field '{field}.kinds': '{item.kinds}' names {len(different)} kinds of events; name an array of at most {MOST_TEXTS}",
                field=f"{field}.kinds",
            )
        for kind in different:
            raw.events[free_name(raw.events, [kind])] = times[kinds == kind]


def _begun(array: str, what: str, field: str, title: str, raw: RawRecording) -> bool:
    """Whether an entry names an array yet; of one that does not it is said that it is left out, and what to choose."""
    if not array:
        raw.notes.append(
            Doubt(f"{what} are left out: give the array of their {field}.", f"{what} are left out: choose '{title}'.")
        )
    return bool(array)


def correct_with(recipe: Recipe, raw: RawRecording, beside: Arrays) -> RawRecording:
    """The recording of a file with a standard, with the clock of its units, and the clock, unit, kind and scale of its covariates, as a
    recipe says that they are; and with what it takes from further files, whose arrays are those `beside`.

    Raises
    ------
    GlmError
        If the recipe names a covariate that the file lacks, one that stays in its file, or an array that is nowhere.
    """
    if recipe.spikes is not None and raw.spikes is not None:
        raw.spikes = [recipe.spikes.seconds(times, "spikes") for times in raw.spikes]
    if recipe.by_trial is not None:
        raise GlmError("field 'by_trial': the file says itself when its trials are; leave [by_trial] out", field="by_trial")
    known = {series.name: at for at, series in enumerate(raw.series)}
    for position, item in enumerate(recipe.covariates):
        field = f"covariates.{position}"
        if any(COLUMN.sub("", name) in beside or name in beside for name in item.values):
            raw.series.append(_series(item, beside, field, recipe.first_number))
            continue
        named = next((name for name in (*item.values, item.name) if name in known), None)
        if named is None:
            have = ", ".join(known) or "none"
            raise GlmError(f"field '{field}': there is no covariate '{item.values[0]}'; the file holds: {have}", field=field)
        series = raw.series[known[named]]
        if series.stored is not None:
            raise GlmError(f"field '{field}': '{named}' is large and stays in its file as it is; export it again", field=field)
        raw.series[known[named]] = replace(
            series,
            name=safe_name(item.name),
            times=item.seconds(series.times, field),
            values=measured(item, series.values),
            unit=item.unit or series.unit,
            kind=item.kind or series.kind,
        )
    _add_times(raw, recipe, beside)
    if isinstance(beside, NamedArrays):
        raw.notes += beside.notes
    return raw


def _add_spikes(raw: RawRecording, spikes: Spikes, arrays: Arrays, first: int) -> None:
    found = entry_named(arrays, spikes.times, "spikes.times")
    owned = _rows_of_units(found) if not spikes.units and not spikes.more else None
    if spikes.more:
        owned = [
            plain_numbers(array_named(arrays, name, "spikes.more"), name, "spikes.more") for name in (spikes.times, *spikes.more)
        ]
    index = None
    if owned is not None:
        cells = [plain_numbers(cell, spikes.times, "spikes.times") for cell in owned]
        # a table has as many rows as its longest column: what is missing below a shorter one is no spike
        cells = [cell[np.isfinite(cell)] if isinstance(found, np.ndarray) else cell for cell in cells]
        raw.spikes = [spikes.seconds(cell, "spikes") for cell in cells]
        raw.unit_names = _numbers(len(cells), first)
        for number, cell in zip(raw.unit_names, raw.spikes, strict=True):
            see_one_clock(cell, spikes.times, "spikes.times", f" of unit {number}")
        if isinstance(arrays, NamedArrays) and spikes.times in arrays.matrices:
            raw.notes.append(said_of_matrix(spikes.times, arrays.matrices[spikes.times]))
        if spikes.more:
            raw.unit_names = unique_names([safe_name(name) for name in (spikes.times, *spikes.more)])
    else:
        times = spikes.seconds(numbers_named(arrays, spikes.times, "spikes.times"), "spikes")
        if not spikes.units and isinstance(found, np.ndarray) and found.ndim == 2 and min(found.shape) > 1:
            raise GlmError(
                f"field 'spikes.times': '{spikes.times}' is a matrix of {found.shape[0]} x {found.shape[1]} in which neither rows nor columns go "
                "forwards, as spike times of one unit do; fill up shorter ones with NaN, name a column ("
                f"'{spikes.times}[0]'), or name the array that says which unit fired",
                field="spikes.times",
            )
        if not spikes.units:
            times = times[: _last_finite(times)]
            raw.spikes, raw.unit_names = [times], [safe_name(spikes.times)]
        else:
            owners = np.ravel(array_named(arrays, spikes.units, "spikes.units"))
            _same_length([times, owners], f"{spikes.times} and {spikes.units}", "spikes.units")
            names, index = _sorted_by_owner(raw, times, owners, (spikes.times, spikes.units))
            raw.unit_names = unique_names([safe_name(str(name)) for name in names])
            for name, mine in zip(names, raw.spikes, strict=True):
                see_one_clock(mine, spikes.times, "spikes.times", f" of unit {name}")
    _describe_units(raw, spikes, arrays, index)


def _numbers(count: int, first: int) -> list[str]:
    """Names of what has none."""
    return [str(number) for number in range(first, first + count)]


def _rows_of_units(found: np.ndarray | list[np.ndarray]) -> list[np.ndarray] | None:
    """Spike times of each unit where they come so: cells, or rows or columns of which each goes forwards, filled up with NaN."""
    if isinstance(found, list):
        return found
    if found.ndim != 2 or min(found.shape) < 2 or found.dtype.kind not in "uif":
        return None
    found = found.astype(np.float64)  # differences of unsigned numbers are never below zero
    for rows in (found, found.T):
        kept = [row[np.isfinite(row)] for row in rows]
        # whole arrays of zeros fill up where the numbers are whole
        kept = [row[: len(np.trim_zeros(row, "b"))] for row in kept]
        if all((np.diff(row) >= 0).all() for row in kept):
            return kept
    return None


def _last_finite(times: np.ndarray) -> int:
    """How many times there are before the NaN that fill up a column."""
    finite = np.flatnonzero(np.isfinite(times))
    return int(finite[-1]) + 1 if len(finite) else len(times)


def _sorted_by_owner(
    raw: RawRecording, times: np.ndarray, owners: np.ndarray, columns: tuple[str, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Give each unit its spikes; returns the units' names and which spike each unit begins with. Rows that lack both time and unit are those
    of other, longer columns; those that lack one of them are said."""
    timed = np.isfinite(times)
    owned = np.isfinite(owners) if owners.dtype.kind == "f" else np.array([owner != "" for owner in owners], dtype=bool)
    for there, lost, column in ((timed, ~owned, columns[1]), (owned, ~timed, columns[0])):
        rows = np.flatnonzero(there & lost)
        if rows.size:
            raw.notes.append(
                f"{numbered(rows.size, 'spike')} without a value of '{column}' left out (the first is number {rows[0] + 1})."
            )
    known = timed & owned
    places = np.flatnonzero(known)
    times, owners = times[known], owners[known]
    if owners.dtype.kind == "f" and np.array_equal(owners, np.rint(owners)):
        owners = owners.astype(np.int64)
    names, first, index = np.unique(owners, return_index=True, return_inverse=True)
    if len(names) > max(20, len(times) // 2):
        raise GlmError(
            f"field 'spikes.units': '{columns[1]}' holds {len(names):,} values for {len(times):,} spikes and says of none which unit fired; name "
            "the array that does, or none",
            field="spikes.units",
        )
    if len(names) > 1 and str(names[0]) == "-1":
        raw.notes.append(
            f"'{columns[1]}' is -1 for {numbered(int((index == 0).sum()), 'spike')}: sorters write so what belongs to no unit; leave unit -1 out if "
            "that is so here."
        )
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(names) + 1))
    raw.spikes = [times[order[bounds[unit] : bounds[unit + 1]]] for unit in range(len(names))]
    return names, places[first]


def _describe_units(raw: RawRecording, spikes: Spikes, arrays: Arrays, index: np.ndarray | None) -> None:
    """Names and properties of the units, one value a unit; of a spike (the `index` of each unit's first) where they are as many as those."""

    def column(name: str, field: str) -> np.ndarray:
        values = np.ravel(array_named(arrays, name, field))
        if index is not None and len(values) != len(raw.unit_names) and len(values) > index.max(initial=-1):
            values = values[index]
        if len(values) != len(raw.unit_names):
            raise GlmError(
                f"field '{field}': '{name}' has {len(values)} values for {len(raw.unit_names)} units; name an array with one for each",
                field=field,
            )
        return values

    if spikes.names:
        given = column(spikes.names, "spikes.names")
        raw.unit_names = unique_names([safe_name(_short(value)) for value in given])
    for name in spikes.properties:
        raw.unit_columns[field_of(name)] = plain_column(column(name, "spikes.properties"))


def _short(value: object) -> str:
    """A name, of a whole number without its point."""
    return str(int(value)) if isinstance(value, float | np.floating) and float(value).is_integer() else str(value)


def _add_counts(raw: RawRecording, counts: Counts, arrays: Arrays, first: int) -> None:
    columns = [array_named(arrays, name, "counts.values") for name in counts.values]
    if len(columns) == 1:
        values = np.atleast_2d(np.squeeze(columns[0]))
        values = values.T if values.shape[0] == 1 else values
        values = values.T if counts.units_first else values
        length = len(numbers_named(arrays, counts.times, "counts.times")) if counts.times else len(values)
        if values.shape[0] != length and values.shape[1] == length:
            values = values.T
        raw.unit_names = _numbers(values.shape[1], first)
    else:
        length = len(numbers_named(arrays, counts.times, "counts.times")) if counts.times else None
        parts = _side_by_side(columns, length, "the counts", "counts.values")
        values = np.column_stack(parts)
        raw.unit_names = unique_names([safe_name(name) for name in _names_of(counts.values, parts, first)])
        if counts.units_first:
            values = values.T
            raw.unit_names = _numbers(values.shape[1], first)
    if values.dtype.kind not in "buif":
        raise GlmError(f"the counts are {values.dtype}, not numbers; name other columns", field="counts.values")
    times = _times(counts, counts.times, len(values), arrays, "counts", centred=True)
    _same_length([times, values], "the counts and their times", "counts.times")
    raw.counts = RawSeries("counts", times, values)


def _series(item: Measured, arrays: Arrays, field: str, first: int) -> RawSeries:
    columns = [array_named(arrays, name, f"{field}.values") for name in item.values]
    if len(columns) == 1 and columns[0].dtype.kind in "OSU":
        return _category(item, columns[0], arrays, field)
    for name, column in zip(item.values, columns, strict=True):
        if column.dtype.kind not in "buif":
            raise GlmError(
                f"'{name}' holds {column.dtype}, not numbers; name another array, or code it as numbers", field=f"{field}.values"
            )
    if len(columns) == 1:
        values = np.squeeze(columns[0])
        values = values.reshape(1) if values.ndim == 0 else values
        length = len(numbers_named(arrays, item.times, f"{field}.times")) if item.times else len(values)
        if values.ndim == 2 and values.shape[0] != length and values.shape[1] == length:
            values = values.T
    else:
        length = len(numbers_named(arrays, item.times, f"{field}.times")) if item.times else None
        values = np.column_stack(_side_by_side(columns, length, item.name, f"{field}.values"))
    times = _times(item, item.times, len(values), arrays, field)
    _same_length([times, values], f"{item.name} and its times", f"{field}.times")
    width = values.shape[1] if values.ndim == 2 else 0
    components = item.components or (tuple("xyz"[:width]) if width <= 3 else tuple(_numbers(width, first)))
    if width and len(components) != width:
        raise GlmError(
            f"{item.name} has {width} components and {len(components)} names for them; give {width} names",
            field=f"{field}.components",
        )
    values = measured(item, values)
    return RawSeries(safe_name(item.name), times, values, item.unit, item.kind or None, components if width else ())


def measured(item: Measured, values: np.ndarray) -> np.ndarray:
    """The values (T, ...) of a covariate: what a recipe calls missing as NaN, the rest scaled."""
    for lost in item.missing:
        mine = (values.reshape(len(values), -1) == lost).all(axis=1)
        if mine.any():
            values = np.array(values, dtype=np.float64)
            values[mine] = np.nan
    return values if item.scale == 1.0 else values * item.scale


def _category(item: Measured, texts: np.ndarray, arrays: Arrays, field: str) -> RawSeries:
    """Texts over time, as numbers in the order of the alphabet."""
    texts = plain_column(np.ravel(texts))
    kinds = sorted(set(texts))
    if len(kinds) > MOST_TEXTS:
        raise GlmError(
            f"'{item.values[0]}' holds {len(kinds)} different texts; name an array of numbers, or of at most {MOST_TEXTS} texts",
            field=f"{field}.values",
        )
    codes = np.searchsorted(np.array(kinds, dtype=object), texts).astype(np.int64)
    times = _times(item, item.times, len(texts), arrays, field)
    _same_length([times, codes], f"{item.name} and its times", f"{field}.times")
    said = ", ".join(f"{code} {kind or 'empty'}" for code, kind in enumerate(kinds))
    return RawSeries(safe_name(item.name), times, codes, item.unit, "category", description=said)


def _times(base: TimeBase, name: str, length: int, arrays: Arrays, field: str, *, centred: bool = False) -> np.ndarray:
    if name:
        times = base.seconds(numbers_named(arrays, name, f"{field}.times"), field)
        see_one_clock(times, name, f"{field}.times")
        return times
    if base.rate is None:
        raise GlmError(
            f"field '{field}': has neither times nor a rate; name the array of times, or give the sampling rate",
            field=f"{field}.times",
        )
    return (np.arange(length) + (0.5 if centred else 0.0)) / base.rate + base.offset


def _side_by_side(columns: list[np.ndarray], length: int | None, what: str, field: str) -> list[np.ndarray]:
    """Vectors and matrices as matrices (T, c) of one length T: that of their times, or else the one that they can all have."""
    parts = [np.squeeze(column) for column in columns]
    parts = [part.reshape(-1, 1) if part.ndim < 2 else part for part in parts]
    if length is None:
        common = set.intersection(*({len(part)} if part.shape[1] == 1 else set(part.shape) for part in parts))
        length = max(common) if common else len(parts[0])
    parts = [part.T if part.ndim == 2 and len(part) != length and part.shape[1] == length else part for part in parts]
    _same_length(parts, what, field)
    return [part.reshape(len(part), -1) for part in parts]


def _names_of(names: Sequence[str], parts: list[np.ndarray], first: int) -> list[str]:
    """A name for each column: that of its array, numbered where that has several."""
    return [
        name if part.shape[1] == 1 else f"{name}_{number}"
        for name, part in zip(names, parts, strict=True)
        for number in _numbers(part.shape[1], first)
    ]


def _same_length(columns: list[np.ndarray], what: str, field: str) -> None:
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise GlmError(
            f"field '{field}': {what} differ in length ({', '.join(map(str, sorted(lengths)))}); name arrays that belong together",
            field=field,
        )
