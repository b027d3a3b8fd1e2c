"""Repairs of sentinels, unsorted and repeated times, reversed intervals and units of measure, each with a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.clocks import clock_doubts, inside, plausible_span, series_of_this_clock
from glmengine.io.files.repair import Repair
from glmengine.io.lost_samples import MINUS_ONE, is_lost, is_no_angle, lost_values, must_be_lost
from glmengine.io.quantity import TURNS, kind_of, turn_of, turn_seen, turns_in_another_unit
from glmengine.io.raw import RawRecording, RawSeries, RawTrials
from glmengine.recording.covariate_names import TRACKED_NAME
from glmengine.sentences import listed, numbered, percent
from glmengine.timegrid.angles import FULL_TURN
from glmengine.timegrid.frames import frame_clock, is_rounded, mostly_shared

NOISE_SHARE = 0.9

ANEW = 0.2
"""Share of all the time by which a clock must go back for it to have begun anew."""

UNEVEN = 0.01
"""Steps that a sample may lie beside even ones before that is worth saying."""

KNOWN_TURNS = (1.0, 256.0, 400.0, 1000.0, 1024.0, 3600.0, 4096.0, 36_000.0)
"""What a turn is where an angle is counted in turns, gradians, parts of a degree or steps of an encoder."""

LARGEST_ARENA = 30.0
"""Metres."""

UNITS_OF_MEASURE = {
    "radians": "rad", "radian": "rad", "degrees": "deg", "degree": "deg", "°": "deg", "meters": "m", "meter": "m", "metres": "m", "metre": "m",
    "centimeters": "cm", "centimeter": "cm", "centimetres": "cm", "millimeters": "mm", "millimetres": "mm", "pixel": "pixels", "px": "pixels",
    "seconds": "s", "second": "s", "volts": "V", "amperes": "A", "hertz": "Hz", "watts": "W", "n.a.": "", "na": "", "n/a": "", "unknown": "", "none": "", "unit": "",
}  # fmt: skip


def clean(raw: RawRecording) -> RawRecording:
    """The same recording with what can be repaired repaired, each repair in `notes`; `raw` is not changed.

    Raises
    ------
    GlmError
        If nothing is left: no unit, or no time.
    """
    notes = [*raw.notes, *clock_doubts(raw)]
    near = plausible_span(raw)
    series = [
        cleaned
        for item in series_of_this_clock(raw.series, near, notes)
        if (cleaned := _clean_series(item, near, notes)) is not None
    ]
    counts = None
    if raw.counts is not None:
        counts = _clean_counts(raw.counts, near, notes)
    events = {name: times for name, found in raw.events.items() if len(times := _clean_events(name, found, near, notes))}
    trials = {name: _clean_trials(name, table, near, notes) for name, table in raw.trials.items()}
    epochs = {name: _clean_intervals(f"epoch '{name}'", pairs, near, notes) for name, pairs in raw.epochs.items()}
    support = None if raw.support is None else _clean_intervals("the recorded time", raw.support, near, notes, overlap=False)
    recorded = {
        name: _clean_intervals(f"the recorded time of unit {name}", pairs, near, notes, overlap=False)
        for name, pairs in raw.recorded.items()
    }
    start_is_zero = _starts_at_zero(series, epochs, trials, support)
    spikes = None
    if raw.spikes is not None:
        spikes = _clean_spikes(raw.spikes, raw.unit_names, near, start_is_zero, notes)
    _note_units(spikes, counts, raw.unit_names, notes)
    missing = [item.name for item in series if not item.unit and item.kind in ("continuous", "angle")]
    if missing:
        notes.append(f"No unit of measure is given for {listed(missing, 8)}.")
    return replace(
        raw,
        spikes=spikes,
        counts=counts,
        series=series,
        epochs={name: pairs for name, pairs in epochs.items() if len(pairs)},
        trials={name: table for name, table in trials.items() if len(table.start)},
        events=events,
        support=support if support is not None and len(support) else None,
        recorded=recorded,
        notes=list(dict.fromkeys(notes)),
    )


def span_of(raw: RawRecording) -> np.ndarray:
    """(S, 2) stretches of a cleaned recording: as the file says, else from the first to the last thing in it.

    Raises
    ------
    GlmError
        If there is nothing in it, or everything happens at one time.
    """
    if raw.support is not None:
        return raw.support
    ends: list[tuple[float, float]] = []
    for item in [*raw.series, *([raw.counts] if raw.counts is not None else [])]:
        if len(item.times):
            first, last = float(item.times[0]), float(item.times[-1])
            if item is raw.counts and len(item.times) > 1:  # stamps are the middles of bins, and may lie beside those
                clock = frame_clock(item.times)
                first = min(first, float(clock.times[0]) - clock.step / 2)
                last = max(last, float(clock.times[-1]) + clock.step / 2)
            ends.append((round(first, 9) + 0.0, round(last, 9)))
    ends += [(times[0], times[-1]) for times in raw.spikes or () if len(times)]
    ends += [(pairs[:, 0].min(), pairs[:, 1].max()) for pairs in raw.epochs.values() if len(pairs)]
    ends += [(table.start.min(), table.stop.max()) for table in raw.trials.values() if len(table.start)]
    if not ends:
        raise GlmError("holds no spike and no time at all; check that the right file was exported")
    start, stop = min(end[0] for end in ends), max(end[1] for end in ends)
    if not stop > start:
        raise GlmError(f"everything in it happens at one time ({start:g} s); check the unit of its times")
    return np.array([[start, stop]])


def _starts_at_zero(
    series: list[RawSeries], epochs: dict[str, np.ndarray], trials: dict[str, RawTrials], support: np.ndarray | None
) -> bool:
    """Whether everything but the spikes starts at or after zero, so that a negative spike time cannot be meant."""
    firsts = [item.times[0] for item in series if len(item.times)]
    firsts += [pairs[:, 0].min() for pairs in epochs.values() if len(pairs)]
    firsts += [table.start.min() for table in trials.values() if len(table.start)]
    if support is not None and len(support):
        firsts.append(support[:, 0].min())
    return bool(firsts) and min(firsts) >= 0


# --- units ---------------------------------------------------------------------------------------------------------


def _clean_spikes(
    spikes: list[np.ndarray], names: list[str], near: tuple[float, float], start_is_zero: bool, notes: list[str]
) -> list[np.ndarray]:
    far: dict[str, int] = {}
    negative: dict[str, int] = {}
    unsorted: dict[str, int] = {}
    back = 0.0
    repeated: dict[str, int] = {}
    cleaned = []
    for name, found in zip(names, spikes, strict=True):
        times = np.asarray(found, dtype=np.float64).ravel()
        kept = inside(times, near)
        _count(far, name, len(times) - kept.sum())
        times = times[kept]
        below = times < 0
        if start_is_zero and 0 < below.sum() <= 0.1 * len(times):
            _count(negative, name, below.sum())
            times = times[~below]
        backwards = int((np.diff(times) < 0).sum())
        if backwards:
            _count(unsorted, name, backwards)
            back = max(back, -float(np.diff(times).min()))
            times = np.sort(times)
        same = _repeats(times)
        _count(repeated, name, same.sum())
        cleaned.append(times[~same])
    _say(notes, far, "Spike times left out because they are no numbers or lie far outside the recording")
    _say(notes, negative, "Negative spike times left out, as the recording starts at 0 s")
    _say(notes, unsorted, "Spike times out of order, now sorted")
    if unsorted:
        notes.append(f"The spike times that were out of order went back by up to {back:.3g} s.")
        notes += _begun_anew("The spikes", back, [times for times in cleaned if len(times)])
    _say(notes, repeated, "Repeated spike times left out")
    return cleaned


def _clean_counts(counts: RawSeries, near: tuple[float, float], notes: list[str]) -> RawSeries:
    cleaned = _in_time_order(counts, near, notes, frames=True)
    if not len(cleaned.times):
        raise GlmError(f"its counts '{counts.name}' have no valid time; check the time base")
    clock = frame_clock(cleaned.times)
    if clock.jitter > UNEVEN * clock.step:
        notes.append(
            f"{counts.name}: the times are not in even steps (up to {clock.jitter * 1000:.3g} ms beside them); each sample counts in the bin "
            f"that holds it, and bins are {clock.step:.7g} s, the mean step, or a multiple."
        )
    missing = np.isnan(cleaned.values) if cleaned.values.dtype.kind == "f" else np.zeros(0, bool)
    if missing.any():
        units = int(missing.any(axis=0).sum())
        notes.append(
            f"{counts.name}: {percent(max(missing.mean(), 0.001), 1)} of the values are missing, in {units} of {numbered(missing.shape[1], 'unit')}; "
            "those bins are not used for these units."
        )
    if clock.dropped:
        notes.append(f"{counts.name}: {numbered(clock.dropped, 'sample')} missing in between; bins without them are not used.")
    return cleaned


def _note_units(spikes: list[np.ndarray] | None, counts: RawSeries | None, names: list[str], notes: list[str]) -> None:
    if not names:
        raise GlmError("holds no unit; sort the spikes first, or open the file that has the units")
    if spikes is not None:
        totals = np.array([len(times) for times in spikes], dtype=np.float64)
    else:
        totals = np.nansum(counts.values, axis=0).astype(np.float64)
        if not np.array_equal(counts.values[np.isfinite(counts.values)], np.rint(counts.values[np.isfinite(counts.values)])):
            return  # fluorescence: neither silence nor share has a meaning
    silent = [name for name, total in zip(names, totals, strict=True) if total == 0]
    if len(silent) == len(names):
        raise GlmError("none of its units has a spike; check the unit and the start of its times")
    if silent:
        notes.append(f"No spikes in unit{'s' if len(silent) > 1 else ''} {listed(silent, 8)}.")
    if len(names) > 2 and totals.max() > NOISE_SHARE * totals.sum():
        share = percent(totals.max() / totals.sum())
        notes.append(f"Unit {names[int(totals.argmax())]} has {share} of all spikes: it may be noise that was never sorted.")


# --- series and events ------------------------------------------------------------------------------------------------


def _clean_series(series: RawSeries, near: tuple[float, float], notes: list[str]) -> RawSeries | None:
    series = _in_time_order(series, near, notes)
    if not len(series.times):
        notes.append(f"{series.name} has no valid time and was left out.")
        return None
    unit = series.unit.strip()
    unit = UNITS_OF_MEASURE.get(unit.lower(), unit)
    kind = series.kind or kind_of(series, unit)
    if series.stored is not None:
        return _clean_stored(series, kind, unit, notes)
    if kind == "continuous" and unit in ("rad", "deg"):
        notes.append(f"{series.name} in {unit} does not go round a circle: it is taken as a quantity on a line.")
    repair = _repair_of(series.name, series.values, kind, unit, notes)
    values = repair.apply(series.values)
    notes += _doubt_of_metres(series.name, values, unit)
    if kind in ("continuous", "angle"):
        missing = np.isnan(values)
        if missing.all():
            notes.append(f"{series.name} has no valid value: a term on it cannot be fitted.")
        elif missing.any():
            share = percent(max(missing.mean(), 0.001), 1)
            notes.append(f"{series.name}: {share} of its values are missing; bins in longer gaps are not used.")
    return replace(series, values=values, unit="rad" if kind == "angle" else unit, kind=kind)


def _clean_stored(series: RawSeries, kind: str, unit: str, notes: list[str]) -> RawSeries:
    """What is done to a series that stays in its file is decided by some of its samples, and done whenever it is read."""
    looked: list[str] = []
    repair = _repair_of(series.name, series.values, kind, unit, looked)
    values = repair.apply(series.values)
    size = 8 * len(series.stored) * series.stored.width
    notes.append(
        f"{series.name} is large ({size / 2**30:.1f} GB): it stays in the file and is read where it is used; "
        f"what is said of its values comes from {len(values):,} of its {len(series.stored):,} samples."
    )
    # counts of a few samples would mislead
    notes += [note for note in looked if "taken as missing" not in note]
    if values.dtype.kind == "f" and np.isnan(values).any():
        notes.append(f"{series.name}: some of its values are missing; bins in longer gaps are not used.")
    stored = replace(series.stored, repair=repair, seen=(series.times, values))
    return replace(series, values=values, unit="rad" if kind == "angle" else unit, kind=kind, stored=stored)


def _repair_of(name: str, values: np.ndarray, kind: str, unit: str, notes: list[str]) -> Repair:
    """What is to be done to the values, with a note for each thing that changes any."""
    if kind not in ("continuous", "angle"):
        return Repair(kind)
    values = values.astype(np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        values[infinite] = np.nan
        notes.append(f"{name}: {numbered(infinite.sum(), 'infinite value')} taken as missing.")
    lost = _lost(name, values, kind, unit, notes)
    repair = Repair(kind, lost=lost)
    if kind == "angle":
        finite = values[np.isfinite(values)]
        if unit in TURNS and turns_in_another_unit(values, unit):
            said, unit = unit, "rad" if unit == "deg" else "deg"
            notes.append(
                f"{name} is said to be in {said}, but goes round in {unit}, from {finite.min():.4g} to {finite.max():.4g}: taken as {unit}."
            )
        repair = replace(repair, degrees=unit == "deg" or (unit != "rad" and len(finite) > 0 and turn_of(finite) == 360.0))
        notes += _doubt_of_turn(name, values, "deg" if repair.degrees else "rad")
        if repair.degrees:
            notes.append(f"{name} was turned from degrees into radians.")
        elif unit != "rad":
            notes.append(f"{name} is taken as an angle in radians.")
        turned = np.deg2rad(finite) if repair.degrees else finite
        if len(turned) and (turned.min() < 0 or turned.max() >= FULL_TURN):
            notes.append(f"{name} was brought to the range from 0 to 2 pi.")
    return repair


def _doubt_of_turn(name: str, values: np.ndarray, unit: str) -> list[str]:
    """What is to be said of angles that come round after another turn than that of their unit: turns, gradians, steps of an encoder."""
    seen, turn = turn_seen(values) if values.ndim == 1 else None, TURNS[unit]
    if seen is None or 0.9 * turn < seen < 1.1 * turn:
        return []
    said = "2 pi" if unit == "rad" else "360"
    known = min(KNOWN_TURNS, key=lambda one: abs(one - seen))
    remedy = f'give unit = "deg" and scale = {360 / known:.10g}' if abs(known - seen) < 0.03 * known else "give it in degrees"
    return [
        f"{name} leaps from one end of its values to the other, {seen:.4g} away, as if that were a whole turn, which in {unit} is {said}: if it is, "
        f"{remedy} in a recipe; if it is an orientation, which comes round after half a turn, choose functions on a circle of that length."
    ]


def _doubt_of_metres(name: str, values: np.ndarray, unit: str) -> list[str]:
    """What is to be said of a place that reaches further in metres than any arena: NWB writes metres where nothing else was said."""
    if unit != "m" or not TRACKED_NAME.search(name) or not np.isfinite(values).any():
        return []
    low, high = np.nanquantile(values, [0.01, 0.99], axis=0)
    reach = float(np.max(high - low))
    if reach <= LARGEST_ARENA:
        return []
    return [
        f"{name} reaches over {reach:.3g} m: is its unit cm or pixels, and metres what the file says where nobody said anything? If so, say "
        'unit = "cm" for it in a recipe, or write the file again; speeds and widths in it are as wrong as the unit is.'
    ]


def _lost(name: str, values: np.ndarray, kind: str, unit: str, notes: list[str]) -> tuple[tuple[float, ...], ...]:
    """What lost samples are written as, which are taken as missing in `values`; what may be one in a series that is no place is said."""
    rows = values.reshape(len(values), -1)
    taken = []
    for lost in lost_values(values):
        mine = is_lost(rows, [lost])
        known = [one for one in lost if np.isfinite(one)]
        written = f"{known[0]:g}" if len(set(known)) == 1 else f"({', '.join(f'{one:g}' for one in lost)})"
        if len(known) < len(lost):
            written += f" in component {1 + int(np.flatnonzero(np.isfinite(lost))[0])}"
        minus_one = set(known) == {MINUS_ONE}
        if minus_one or must_be_lost(name, unit, lost) or (kind == "angle" and is_no_angle(known[0])):
            values[mine] = np.nan
            taken.append(lost)
            where = "" if minus_one else f" ({percent(mine.mean(), 1)}), far from all others,"
            notes.append(f"{name}: {numbered(int(mine.sum()), 'sample')} of exactly {written}{where} taken as missing.")
        elif mine.mean() <= 0.5:  # what is the same most of the time is what it is
            notes.append(
                f"{name}: {numbered(int(mine.sum()), 'sample')} ({percent(mine.mean(), 1)}) are exactly {written}, far from all others: if they were "
                f"lost, say missing = [{known[0]:g}] for it in a recipe, or leave them out with a condition on it."
            )
    return tuple(taken)


def _in_time_order(series: RawSeries, near: tuple[float, float], notes: list[str], *, frames: bool = False) -> RawSeries:
    """The series with its samples in time order, one at a time; of `frames`, which all count, also those whose stamps were rounded to one."""
    times, values = series.times, series.values
    kept = inside(times, near)
    if not kept.all():
        notes.append(
            f"{series.name}: {numbered((~kept).sum(), 'sample')} with a time that is no number or lies far outside the recording left out."
        )
        times, values = times[kept], values[kept]
    steps = np.diff(times)
    if (steps < 0).any():
        places = numbered(int((steps < 0).sum()), "place")
        back = -float(steps.min())
        if (steps <= 0).all():
            notes.append(
                f"{series.name}: its times go down from the first row to the last, and were turned round, as if rows were written from the last to "
                "the first; if they are what was left of the time, write them as they rise: what came before and after is else mixed up."
            )
        else:
            notes.append(f"{series.name}: its times went backwards in {places}, by up to {back:.3g} s; they were sorted.")
        notes += _begun_anew(series.name, back, [times])
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    # closer than a nanosecond is one time
    same = _repeats(np.round(times, 9))
    kept = frames and same.any() and not _are_copies(values, same)
    if kept and (not mostly_shared(times) or is_rounded(times)):
        notes.append(
            f"{series.name}: {numbered(same.sum(), 'sample')} at the time of the one before, with other values: all are kept, as frames whose times "
            "were rounded."
        )
    elif same.any():
        notes.append(f"{series.name}: {numbered(same.sum(), 'sample')} at a repeated time left out.")
        times, values = times[~same], values[~same]
    return replace(series, times=times, values=values)


def _are_copies(values: np.ndarray, same: np.ndarray) -> bool:
    """Whether samples (T, ...) at a repeated time, `same`, have the values of the one before."""
    rows = values.reshape(len(values), -1)
    places = np.flatnonzero(same)
    return bool(np.array_equal(rows[places], rows[places - 1], equal_nan=values.dtype.kind == "f"))


def _begun_anew(name: str, back: float, times: Sequence[np.ndarray]) -> list[str]:
    """What is to be said where times went back by a good part of all the time: a clock that began anew, not one that is unsteady."""
    last, first = max(float(one.max()) for one in times), min(float(one.min()) for one in times)
    if back <= ANEW * (last - first):
        return []
    return [
        f"{name}: the clock went back by {back:.6g} s of {last - first:.6g} s, as if it had begun anew: what was recorded before and after is "
        "now mixed up. Cut the recording there, and open its parts as sessions."
    ]


def _clean_events(name: str, times: np.ndarray, near: tuple[float, float], notes: list[str]) -> np.ndarray:
    times = np.asarray(times, dtype=np.float64).ravel()
    times = times[np.isfinite(times)]
    kept = inside(times, near)
    if not kept.all():
        notes.append(f"events {name}: {numbered((~kept).sum(), 'time')} far outside the recording left out.")
    return np.unique(times[kept])


# --- intervals ---------------------------------------------------------------------------------------------------------


def _bad_rows(label: str, start: np.ndarray, stop: np.ndarray, near: tuple[float, float], notes: list[str]) -> np.ndarray:
    """(N,) bool, True for intervals that are kept."""
    known = inside(start, near) & inside(stop, near)
    forwards = known & (stop > start)
    if not known.all():
        notes.append(f"{label}: {numbered((~known).sum(), 'interval')} without valid start and stop left out.")
    if (known & ~forwards).any():
        notes.append(f"{label}: {numbered((known & ~forwards).sum(), 'interval')} with stop before start left out.")
    return forwards


def _clean_intervals(
    label: str, pairs: np.ndarray, near: tuple[float, float], notes: list[str], *, overlap: bool = True
) -> np.ndarray:
    """Sorted and joined where they overlap, which is noted where `overlap` is no matter of course."""
    pairs = np.asarray(pairs, dtype=np.float64).reshape(-1, 2)
    pairs = pairs[_bad_rows(label, pairs[:, 0], pairs[:, 1], near, notes)]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    if not len(pairs):
        return pairs
    reach = np.maximum.accumulate(pairs[:, 1])
    first = np.concatenate([[True], pairs[1:, 0] >= reach[:-1]])
    if overlap and not first.all():
        notes.append(f"{label}: {numbered((~first).sum(), 'interval')} overlapping an earlier one joined to it.")
    last = np.concatenate([first[1:], [True]])
    return np.column_stack([pairs[first, 0], reach[last]])


def _clean_trials(name: str, table: RawTrials, near: tuple[float, float], notes: list[str]) -> RawTrials:
    label = f"trials '{name}'"
    kept = np.flatnonzero(_bad_rows(label, table.start, table.stop, near, notes))
    kept = kept[np.argsort(table.start[kept], kind="stable")]
    start, stop = table.start[kept], table.stop[kept]
    if len(start) > 1:
        same = np.concatenate([[False], np.diff(start) <= 1e-6])
        if same.any():
            notes.append(f"{label}: {int(same.sum())} that start together with an earlier one left out.")
            kept, start, stop = kept[~same], start[~same], stop[~same]
        following = np.concatenate([start[1:], [np.inf]])
        if (stop > following).any():
            notes.append(f"{label}: {int((stop > following).sum())} cut short where the next one starts.")
        # two trials that touch would be changed by pynapple, with their properties lost
        stop = np.where(stop >= following, following - 1e-6, stop)
    return RawTrials(start, stop, {key: column[kept] for key, column in table.columns.items()})


def _repeats(times: np.ndarray) -> np.ndarray:
    """(N,) bool, True where a sorted time is the same as the one before."""
    same = np.zeros(len(times), dtype=bool)
    same[1:] = np.diff(times) <= 0
    return same


# --- words ---------------------------------------------------------------------------------------------------------------


def _count(into: dict[str, int], name: str, number: int) -> None:
    if number:
        into[name] = int(number)


def _say(notes: list[str], counted: dict[str, int], text: str) -> None:
    if counted:
        where = f"unit {next(iter(counted))}" if len(counted) == 1 else f"{len(counted)} units ({listed(list(counted), 8)})"
        notes.append(f"{text}: {sum(counted.values())} ({where}).")
