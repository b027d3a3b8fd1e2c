"""First drafts of recipes for files that hold a recording trial by trial: structs of trials, units by trials, and tables with a column of trials."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from glmengine.io.raw import NamedArrays
from glmengine.io.recipe.by_trial import BINS, SAMPLES, START, STOP, on_one_line
from glmengine.io.recipe.draft_covariates import MOST_CODE, are_codes, draft_covariates
from glmengine.io.recipe.names import (
    EVENT_NAME,
    OWNER_NAME,
    RATE_NAME,
    SPIKE_NAME,
    TIME_NAME,
    UNIT_NAMES,
    UNIT_PROPERTY,
    field_of,
    group_of,
    scalar_named,
    time_unit_in,
)
from glmengine.io.recipe.recipe import Arrays, ByTrial, Happenings, Recipe, Spikes, Stretches, TimeUnit
from glmengine.sentences import listed

TRIAL_NAME = re.compile(r"trial|sweep|^tr$|^trs$|versuch|essai|ensayo", re.IGNORECASE)
END_NAME = re.compile(r"^dur|duration|stop|end|length|^len$", re.IGNORECASE)
TRAIN_NAME = re.compile(r"sp_?train|train$", re.IGNORECASE)
"""Spike trains under names that do not say spike."""

FEWEST_TRIALS = 3
LATE = 0.02
"""Share of a trial after which moments lie, as a rule: kinds of trials that are small numbers come before."""

ANEW = 0.8
"""Share of trials whose times begin before the trial ahead of them has ended, where times count from each trial's beginning."""

LONGEST_S, LONGEST_MS = 100.0, 1e5
"""A trial that would last more than so many seconds is counted in ms, and more than so many of these in us."""


@dataclass(frozen=True)
class TrialDraft:
    """A recipe for what is held trial by trial, the arrays that it uses, and why."""

    recipe: Recipe
    used: frozenset[str]
    reasons: tuple[str, ...]


def draft_by_trial(arrays: Arrays) -> TrialDraft | None:
    """The recipe of a struct that has an entry a trial, or of a matrix of cells, units by trials; None where there is none such."""
    for group in dict.fromkeys(group_of(name) for name, values in arrays.items() if isinstance(values, list)):
        found = _of_struct(group, arrays) or _of_matrix(group, arrays)
        if found is not None:
            return found
    return None


def column_of_trials(arrays: Arrays) -> ByTrial | None:
    """The column that says in which trial the times beside it lie, where they begin anew in each; None where there is none such."""
    for trial, named in arrays.items():
        if isinstance(named, list) or not TRIAL_NAME.search(field_of(trial)) or named.size < FEWEST_TRIALS or named.ndim > 2:
            continue
        names, owner = np.unique(np.ravel(named), return_inverse=True)
        if not FEWEST_TRIALS <= len(names) <= named.size // 2:
            continue
        for name in sorted(_times_beside(trial, arrays), key=lambda name: not TIME_NAME.search(field_of(name))):
            times = np.ravel(arrays[name]).astype(np.float64)
            if _begins_anew(times, owner.reshape(-1), len(names)):
                unit = _unit([name], float(np.nanmax(times)))
                return ByTrial(times=(name,), trial=trial, time_unit=unit, begin=_begin(times, unit))
    return None


def _times_beside(trial: str, arrays: Arrays) -> list[str]:
    """Arrays as long as that of trials that are called times or spikes."""
    return [
        name
        for name, values in arrays.items()
        if name != trial
        and isinstance(values, np.ndarray)
        and values.size == arrays[trial].size
        and values.dtype.kind in "uif"
        and (TIME_NAME.search(field_of(name)) or (SPIKE_NAME.search(field_of(name)) and not OWNER_NAME.search(field_of(name))))
    ]


def _begins_anew(times: np.ndarray, owner: np.ndarray, count: int) -> bool:
    """Whether the times of most trials begin before those of the trial ahead have ended."""
    known = np.isfinite(times)
    first, last = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(first, owner[known], times[known])
    np.maximum.at(last, owner[known], times[known])
    there = np.isfinite(first)
    first, last = first[there], last[there]
    return len(first) >= FEWEST_TRIALS and bool(np.mean(first[1:] < last[:-1]) >= ANEW) and bool(times[known].size > len(first))


def _of_struct(group: str, arrays: Arrays) -> TrialDraft | None:
    cells = {
        name: [np.ravel(cell) for cell in values]
        for name, values in arrays.items()
        if isinstance(values, list) and group_of(name) == group
    }
    cells = {
        name: rows
        for name, rows in cells.items()
        if all(row.dtype.kind in "buif" for row in rows) and name not in _matrices(arrays)
    }
    if not group or not cells:
        return None
    count = max((len(rows) for rows in cells.values()), default=0)
    cells = {name: rows for name, rows in cells.items() if len(rows) == count}
    beside = {
        name: np.ravel(values)
        for name, values in arrays.items()
        if isinstance(values, np.ndarray) and group_of(name) == group and values.size == count
    }
    times = {name: rows for name, rows in cells.items() if _rise(rows)}
    stop, title = _stop(beside, times), group.rstrip(".")
    # units have an end too, that of their recording
    called = TRIAL_NAME.search(field_of(title)) or (stop and not OWNER_NAME.search(field_of(title)))
    if count < FEWEST_TRIALS or not times or not called:
        return None
    pooled = np.concatenate([row for rows in times.values() for row in rows])
    unit, limit = _reach(stop, beside, count, list(times), pooled)
    cut = ByTrial(stop=stop, time_unit=unit, begin=_begin(pooled, unit))
    ends = cut.seconds(limit, "stop") - cut.begin if stop else None
    signals, rate = _signals({name: rows for name, rows in cells.items() if name not in times}, ends, arrays, group)
    trains = [name for name in times if not EVENT_NAME.search(field_of(name)) or _is_train(name)]
    trains = [name for name in trains if np.mean([len(row) for row in times[name]]) > 1 or _is_train(name)] or list(times)[:1]
    moments = [name for name, values in beside.items() if name != stop and _are_moments(name, values, limit)]
    moments += [name for name in times if name not in trains]
    cut = cut.with_(times=(*trains, *moments), signals=tuple(signals), rate=rate)
    return _drafted(
        cut,
        arrays,
        Spikes(times=trains[0], more=tuple(trains[1:])),
        moments,
        tuple(name for name in beside if name != stop and name not in moments),
        f"'{title}' has {count} entries, taken as trials: {listed(repr(name) for name in trains)} {'are' if len(trains) > 1 else 'is'} taken as spike times "
        f"that count from the beginning of each, in {unit}. If each entry is a unit and not a trial, leave [by_trial] and `more` out.",
    )


def _of_matrix(group: str, arrays: Arrays) -> TrialDraft | None:
    """Cells of units by trials, where something beside them has as many entries as there are columns, and nothing but properties of units as
    many as there are rows."""
    for name, shape in _matrices(arrays).items():
        rows = [np.ravel(cell) for cell in arrays[name]]
        if group_of(name) != group or not (SPIKE_NAME.search(field_of(name)) or TRAIN_NAME.search(field_of(name))):
            continue
        if (
            shape[0] == shape[1]
            or shape[1] < FEWEST_TRIALS
            or not all(row.dtype.kind in "buif" for row in rows)
            or not _rise(rows)
        ):
            continue
        alike = {
            other: np.ravel(values)
            for other, values in arrays.items()
            if isinstance(values, np.ndarray) and group_of(other) == group and values.size in shape and values.size > 1
        }
        of_trials = {
            other: values
            for other, values in alike.items()
            if values.size == shape[1] and not UNIT_PROPERTY.search(field_of(other)) and not UNIT_NAMES.match(field_of(other))
        }
        of_units = [other for other, values in alike.items() if values.size == shape[0]]
        if not of_trials and not TRIAL_NAME.search(field_of(name)):
            continue
        across = {name: [np.concatenate(rows[trial :: shape[1]]) for trial in range(shape[1])]}
        stop = _stop(of_trials, across, ordered=False)
        pooled = np.concatenate(rows)
        unit, limit = _reach(stop, of_trials, shape[1], [name], pooled)
        moments = [other for other, values in of_trials.items() if other != stop and _are_moments(other, values, limit)]
        cut = ByTrial(times=(name, *moments), stop=stop, time_unit=unit, begin=_begin(pooled, unit))
        names = next((other for other in of_units if UNIT_NAMES.match(field_of(other))), "")
        properties = tuple(other for other in of_units if UNIT_PROPERTY.search(field_of(other)))
        return _drafted(
            cut,
            arrays,
            Spikes(times=name, names=names, properties=properties),
            moments,
            tuple(other for other in of_trials if other != stop and other not in moments),
            f"'{name}' is a matrix of {shape[0]} x {shape[1]} cells, taken as {shape[0]} units by {shape[1]} trials, with spike times that count from the "
            f"beginning of each trial, in {unit}. If each cell is a unit, leave [by_trial] out.",
        )
    return None


def _drafted(
    cut: ByTrial, arrays: Arrays, spikes: Spikes, moments: Sequence[str], properties: tuple[str, ...], reason: str
) -> TrialDraft:
    line = on_one_line(cut, arrays).arrays
    reasons = [reason, *line.notes]
    covariates = []
    if cut.signals:
        held = NamedArrays({name: line[name] for name in (SAMPLES, *cut.signals)})
        held |= {name: values for name, values in arrays.items() if isinstance(values, np.ndarray) and values.size == 1}
        covariates = draft_covariates(held, {SAMPLES: line[SAMPLES]}, {SAMPLES, BINS}, reasons)
        reasons.append(f"Signals within trials are taken to have {cut.rate:g} samples a second: check the rate.")
    events = tuple(Happenings(name=re.sub(r"\W+", "_", field_of(name)), times=name) for name in moments)
    if events:
        reasons.append(
            f"{listed(repr(name) for name in moments)} within trials {'are' if len(moments) > 1 else 'is'} taken as the times of events."
        )
    trials = Stretches(name="trials", start=START, stop=STOP, properties=properties)
    recipe = Recipe(by_trial=cut, spikes=spikes, covariates=tuple(covariates), trials=(trials,), events=events)
    used = {*cut.times, *cut.signals, cut.stop, *properties, spikes.names, *spikes.properties}
    return TrialDraft(recipe, frozenset(used), tuple(reasons))


def _matrices(arrays: Arrays) -> Mapping[str, tuple[int, int]]:
    return arrays.matrices if isinstance(arrays, NamedArrays) else {}


def _is_train(name: str) -> bool:
    return bool(SPIKE_NAME.search(field_of(name)) or TRAIN_NAME.search(field_of(name)))


def _rise(rows: Sequence[np.ndarray]) -> bool:
    numbers = [row.astype(np.float64) for row in rows]
    return any(len(row) for row in numbers) and all(np.isfinite(row).all() and (np.diff(row) >= 0).all() for row in numbers)


def _stop(beside: Mapping[str, np.ndarray], times: Mapping[str, Sequence[np.ndarray]], *, ordered: bool = True) -> str:
    """The array that says when each trial ends: no time of the trial comes later; empty where there is none."""
    lasts = [[float(row[-1] if ordered else row.max()) for row in rows if len(row)] for rows in times.values()]
    for name, values in beside.items():
        if not END_NAME.search(field_of(name)) or values.dtype.kind not in "uif" or not np.isfinite(values).all():
            continue
        bounds = [values[[bool(len(row)) for row in rows]] for rows in times.values()]
        if all((np.asarray(last) <= bound).all() for last, bound in zip(lasts, bounds, strict=True)) and (values > 0).all():
            return name
    return ""


def _reach(
    stop: str, beside: Mapping[str, np.ndarray], count: int, names: Sequence[str], times: np.ndarray
) -> tuple[TimeUnit, np.ndarray]:
    """In what the `times` of all trials, those under `names`, are counted, and until when each of `count` trials lasts at most, (count,) in that
    unit: until it ends, or until the last time of them all where no array says when."""
    limit = beside[stop].astype(np.float64) if stop else np.full(count, float(times.max()))
    return _unit([stop] if stop else names, float(np.median(limit))), limit


def _are_moments(name: str, values: np.ndarray, stops: np.ndarray) -> bool:
    """Whether numbers, one a trial, are moments within it rather than what the trial was like."""
    if values.dtype.kind not in "uif":
        return False
    known = np.isfinite(values)
    numbers, limit = values[known].astype(np.float64), stops[known]
    if not len(numbers) or not ((numbers >= 0) & (numbers <= limit)).all():
        return False
    return not are_codes(numbers) and (
        EVENT_NAME.search(field_of(name)) is not None or bool(np.median(numbers / limit) > LATE and limit.min() > MOST_CODE)
    )


def _unit(names: Sequence[str], lasting: float) -> TimeUnit:
    """In what times within trials are counted: as a name says, else by how long a trial would last."""
    said = next((unit for unit in map(time_unit_in, names) if unit not in (None, "samples")), None)
    return said or ("s" if lasting <= LONGEST_S else "ms" if lasting <= LONGEST_MS else "us")


def _begin(times: np.ndarray, unit: TimeUnit) -> float:
    """Where trials begin in their own time (s): before 0 where there are times before it, to a tenth of a second."""
    first = ByTrial(time_unit=unit).seconds(np.asarray([np.nanmin(times)]), "begin")[0] if len(times) else 0.0
    return 0.0 if first >= 0 else float(np.floor(round(first * 10, 6)) / 10)


def _signals(
    cells: Mapping[str, Sequence[np.ndarray]], lasting: np.ndarray | None, arrays: Arrays, group: str
) -> tuple[list[str], float | None]:
    """Those arrays that have as many samples a second in each trial, all the same, and how many; none where no rate can be told."""
    rate = scalar_named(arrays, RATE_NAME, group)
    found: dict[str, float] = {}
    for name in cells:
        shapes = [np.asarray(cell).shape for cell in arrays[name]]
        lengths = np.array([max(shape, default=0) for shape in shapes], dtype=np.float64)
        if not (lengths > 1).all():
            continue
        per_second = lengths / lasting if lasting is not None else None
        if per_second is not None and np.ptp(per_second) <= LATE * np.median(per_second) + 2 / lasting.min():
            found[name] = float(f"{np.median(per_second):.3g}")
        elif per_second is None and rate is not None:
            found[name] = rate
    if not found:
        return [], None
    first = next(iter(found))
    own = [max(np.asarray(cell).shape) for cell in arrays[first]]
    alike = [name for name in found if [max(np.asarray(cell).shape) for cell in arrays[name]] == own]
    return alike, found[first]
