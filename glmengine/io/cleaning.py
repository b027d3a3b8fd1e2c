"""Repairs of what was read from a recording: spikes, counts, events, epochs and trials, each repair with a note."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glmengine.errors import GlmError
from glmengine.io.clean_covariates import clean_series
from glmengine.io.clocks import clock_doubts, inside, plausible_span, series_of_this_clock
from glmengine.io.raw import RawRecording, RawSeries, RawTrials
from glmengine.io.time_order import begun_anew, in_time_order, repeats
from glmengine.sentences import listed, numbered, percent
from glmengine.timegrid.frames import frame_clock, rate_change

NOISE_SHARE = 0.9

UNEVEN = 0.01
"""Steps that a sample may lie beside even ones before that is worth saying."""


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
        if (cleaned := clean_series(item, near, notes)) is not None
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
        same = repeats(times)
        _count(repeated, name, same.sum())
        cleaned.append(times[~same])
    _say(notes, far, "Spike times left out because they are no numbers or lie far outside the recording")
    _say(notes, negative, "Negative spike times left out, as the recording starts at 0 s")
    _say(notes, unsorted, "Spike times out of order, now sorted")
    if unsorted:
        notes.append(f"The spike times that were out of order went back by up to {back:.3g} s.")
        notes += begun_anew("The spikes", back, [times for times in cleaned if len(times)])
    _say(notes, repeated, "Repeated spike times left out")
    return cleaned


def _clean_counts(counts: RawSeries, near: tuple[float, float], notes: list[str]) -> RawSeries:
    cleaned = in_time_order(counts, near, notes, frames=True)
    if not len(cleaned.times):
        raise GlmError(f"its counts '{counts.name}' have no valid time; check the time base")
    _refuse_other_rate(cleaned)
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


def _refuse_other_rate(counts: RawSeries) -> None:
    """Samples that come at another rate from some time on would be taken for those of bins of one width."""
    changed = rate_change(counts.times)
    if changed is not None:
        at, before, after = changed
        raise GlmError(
            f"its counts '{counts.name}' come every {before:.4g} s up to about {at:.5g} s and every {after:.4g} s from then on, so that they are not of "
            "bins of one width; save the stretches as files of their own, or bring all to one width"
        )


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


# --- events ------------------------------------------------------------------------------------------------------------


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


# --- words ---------------------------------------------------------------------------------------------------------------


def _count(into: dict[str, int], name: str, number: int) -> None:
    if number:
        into[name] = int(number)


def _say(notes: list[str], counted: dict[str, int], text: str) -> None:
    if counted:
        where = f"unit {next(iter(counted))}" if len(counted) == 1 else f"{len(counted)} units ({listed(list(counted), 8)})"
        notes.append(f"{text}: {sum(counted.values())} ({where}).")
