"""First drafts of recipes: what the arrays of a file are, by name, shape and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from types import MappingProxyType
from typing import Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.raw import WHOLE_TABLE, NamedArrays
from glmengine.io.recipe.by_trial import NAME, START, STOP, on_one_line
from glmengine.io.recipe.draft_by_trial import column_of_trials, draft_by_trial
from glmengine.io.recipe.draft_counts import are_counts, draft_counts
from glmengine.io.recipe.draft_covariates import Bins, draft_covariates, draft_events, draft_trials
from glmengine.io.recipe.draft_spikes import draft_spikes
from glmengine.io.recipe.names import (
    BUSIEST,
    LONGEST,
    OF_UNITS,
    ONE_UNIT,
    RATE_NAME,
    SELDOM,
    SPIKE_NAME,
    TIME_NAME,
    UNIT_COLUMN,
    counts_samples,
    field_of,
    group_of,
    scalar_named,
    unit_of_times,
)
from glmengine.io.recipe.recipe import (
    COLUMN,
    SECONDS,
    Arrays,
    ByTrial,
    Happenings,
    Measured,
    Recipe,
    Spikes,
    Stretches,
    in_file,
    references,
)
from glmengine.sentences import listed
from glmengine.timegrid.frames import is_rounded

LONG = 100
"""Numbers that tell whether they go on evenly."""

MOST_KNOWN = 0.95
"""Share of the times of samples that must be there for them to be times."""

STILL = 0.05
"""Share of the steps of what is called a time in which it may stand still."""


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
    found = _draft(arrays, clocks)
    return replace(found, recipe=found.recipe.with_(first_number=first_number_of(arrays)))


def first_number_of(arrays: Arrays) -> int:
    """What the program that wrote a file counts from."""
    return arrays.first_number if isinstance(arrays, NamedArrays) else 0


def _draft(arrays: Arrays, clocks: Mapping[str, np.ndarray]) -> Draft:
    cut = draft_by_trial(arrays)
    if cut is not None:
        return Draft(cut.recipe, (*cut.reasons, *_left_out(arrays, set(cut.used))))
    column = column_of_trials(arrays)
    if column is not None:
        return _draft_of_column(column, arrays, clocks)
    reasons = list(arrays.notes) if isinstance(arrays, NamedArrays) else []
    vectors = _vectors(arrays)
    trials = draft_trials(arrays, vectors, reasons)
    in_trials = {name for item in trials for name in (item.start, item.stop, *item.properties)}
    bases = _time_bases({name: values for name, values in vectors.items() if name not in in_trials}, arrays)
    free = {name: values for name, values in vectors.items() if name not in in_trials}
    whole = arrays.get(WHOLE_TABLE)
    grid = isinstance(whole, np.ndarray) and whole.ndim == 2 and are_counts(np.ravel(whole))
    spikes = None if grid else draft_spikes(arrays, free, {**bases, **clocks}, reasons)
    counts = None if spikes is not None else draft_counts(arrays, bases, reasons)
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
        bins = Bins(max(arrays[counts.values[0]].shape), counts.rate, counts.rate_is_guess)
    reasons += _doubts_of_clock(spikes, arrays)
    reasons += _that_fall({name: values for name, values in free.items() if name not in used | set(bases)})
    covariates = draft_covariates(arrays, bases, used | set(bases) - _measured_evenly(bases, arrays), reasons, bins)
    reasons += _doubts_of_counters({item.times for item in covariates}, arrays)
    used |= {name for item in covariates for name in (*item.values, item.times)} | set(bases)
    events = draft_events(arrays, free, used, reasons)
    reasons += _left_out(arrays, used | {name for item in events for name in (item.times, item.kinds)})
    return Draft(
        Recipe(spikes=spikes, counts=counts, covariates=tuple(covariates), trials=tuple(trials), events=tuple(events)),
        tuple(reasons),
    )


def _draft_of_column(cut: ByTrial, arrays: Arrays, clocks: Mapping[str, np.ndarray]) -> Draft:
    """The draft of what lies on one time line once trials are put there, whose column is no trial of its own any more."""
    line = on_one_line(cut, arrays).arrays
    plain = NamedArrays({name: values for name, values in line.items() if name not in (cut.trial, START, STOP, NAME)}, line.notes)
    found = _draft(plain, clocks)
    reason = (
        f"'{cut.times[0]}' begins anew in each trial, of which '{cut.trial}' says which: its times are taken to count from the beginning of each, in "
        f"{cut.time_unit}. If they are those of the session, leave [by_trial] and the trials out."
    )
    recipe = found.recipe.with_(by_trial=cut, trials=(Stretches(name="trials", start=START, stop=STOP, properties=(NAME,)),))
    return Draft(_in_seconds(recipe, cut), (reason, *found.reasons))


def _in_seconds(recipe: Recipe, cut: ByTrial) -> Recipe:
    """The recipe with the times that were put on one line in seconds, whatever their names say."""

    def placed(part: Any) -> Any:
        return part.with_(time_unit="s", rate=None, rate_guessed=None) if part is not None and part.times in cut.times else part

    return recipe.with_(
        spikes=placed(recipe.spikes), counts=placed(recipe.counts), covariates=tuple(map(placed, recipe.covariates))
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
    covariates = draft_covariates(arrays, bases, in_trials | set(bases) - _measured_evenly(bases, arrays), reasons)
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


def _that_fall(vectors: Mapping[str, np.ndarray]) -> list[str]:
    """What is to be said of what is called a time, and rises but in a few places."""
    said = []
    for name, values in vectors.items():
        falls = np.flatnonzero(np.diff(values) < 0)
        if TIME_NAME.search(field_of(name)) and len(values) > LONG and 0 < len(falls) <= STILL * len(values):
            first = int(falls[0])
            said.append(
                f"'{name}' is not taken as times, though it is called so: it falls from {values[first]:g} to {values[first + 1]:g} in its row "
                f"{first + 2}{f' and in {len(falls) - 1} more' if len(falls) > 1 else ''}, as a counter does that ran over, or where recordings stand one "
                "below the other."
            )
    return said


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
        f"{name} ({shape_of(values).strip('()')})"
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
    in which they stand still; a few may be missing."""
    known = values[np.isfinite(values)]
    steps = np.diff(known) if len(known) >= MOST_KNOWN * len(values) else np.empty(0)
    forwards = bool(len(steps)) and bool((steps >= 0).all()) and bool(np.mean(steps == 0) <= still)
    return forwards and bool(np.quantile(steps, 0.9) <= uneven * np.median(steps))


def _is_in_multiples(values: np.ndarray) -> bool:
    """Whether nearly all steps are a few times the short ones: a camera that changed its rate, or lost many frames."""
    steps = np.diff(values)
    if len(steps) < LONG or not (steps >= 0).all() or not (steps > 0).any():
        return False
    along = steps / np.quantile(steps[steps > 0], 0.1)
    near = (np.abs(along - np.rint(along)) < 0.15) & (along > 0.5) & (along < 4.5)
    return bool(near.mean() >= 0.9)


def _beside_counts(length: int, arrays: Arrays) -> bool:
    """Whether columns of so many counts, numbered as units are, stand beside: then the times are theirs, in whatever order they come."""
    found = [
        values
        for name, values in arrays.items()
        if UNIT_COLUMN.search(field_of(name))
        and re.search(r"\d", field_of(name))
        and np.size(values) == length
        and are_counts(values)
    ]
    return sum(bool((np.diff(np.ravel(values).astype(np.float64)) < 0).any()) for values in found) > 1


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
        # some cells fire as evenly as a clock, and their numbers would be their own times
        if not named and _is_called_a_unit(name):
            continue
        # a camera jitters, but not as spikes do, of which one in ten waits more than three times as long as the usual one
        # a clock may stand still now and then, which is said when it is read
        rhythm = _is_rhythm(values, 1.7, STILL) or is_rounded(values) or _is_in_multiples(values) if named else _is_rhythm(values)
        if (
            partner
            and (named or len(values) > 100)
            and (rhythm or ((named or counts_samples(name, arrays)) and _beside_counts(len(values), arrays)))
        ):
            rate = scalar_named(arrays, RATE_NAME, group_of(name)) if counts_samples(name, arrays) else None
            found[name] = values / rate if rate else values * SECONDS[unit_of_times(name, arrays)]
    return dict(sorted(found.items(), key=lambda item: not TIME_NAME.search(field_of(item[0]))))


def _is_called_a_unit(name: str) -> bool:
    field, group = field_of(name), group_of(name).rstrip(".")
    return bool(ONE_UNIT.search(field) or SPIKE_NAME.search(field) or OF_UNITS.search(group))


def _measured_evenly(bases: Mapping[str, np.ndarray], arrays: Arrays) -> set[str]:
    """What rises as evenly as a column of times beside it, and is measured at them, as an angle that goes on turning."""
    named = {name for name in bases if TIME_NAME.search(field_of(name))}
    beside = {(group_of(name), len(bases[name])) for name in named}
    return {
        name
        for name, values in bases.items()
        if name not in named and (group_of(name), len(values)) in beside and not counts_samples(name, arrays)
    }
