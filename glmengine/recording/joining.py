"""Recordings of several sessions, joined on one time axis."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.recording.binned import count_bin_width
from glmengine.recording.doubt import of_session
from glmengine.recording.joined_parts import (
    SESSION,
    joined_covariates,
    joined_epochs,
    joined_events,
    joined_trials,
    joined_unit_table,
    moved_by,
    moved_union,
    session_category,
    session_epoch,
    times_of,
)
from glmengine.recording.recording import Recording, Session
from glmengine.sentences import listed
from glmengine.timegrid.intervals import as_pairs, intersect, interval_set, merge

if TYPE_CHECKING:
    import pynapple as nap

HOLE = 10.0
"""Shortest time between two sessions, in seconds."""


@takes_only_its_kinds
def join_recordings(
    recordings: Sequence[Recording], names: Sequence[str] | None = None, *, units: Literal["any", "all"] = "any"
) -> Recording:
    """One recording of several sessions.

    Units, covariates, epochs, tables of trials and events are the same where they have the same name. Where the sessions' times do
    not overlap, and holes between them are not longer than the sessions together, they are kept, and the sessions are put in the order of time; else
    each is moved by whole seconds behind the one before it. Between two sessions there are at least 10 s, and eleven sampling periods
    of the slowest covariate, so that nothing reaches from one into the next.

    Parameters
    ----------
    recordings : sequence of Recording
        One or more, all with spike times or all with counts in bins of the same width.
    names : sequence of str, optional
        What the sessions are called; the recordings' names where None, numbered where two are alike.
    units : {"any", "all"}
        Units that are in any of the sessions, or only those that are in all. A unit is missing, not silent, in a session that lacks it.

    Returns
    -------
    Recording
        With all of the epochs by name, one epoch per session under its name, for each epoch of a session one called
        ``"session: epoch"``, and the category `session`. Its hash is made from the names and hashes of the sessions. It has no path.

    Raises
    ------
    GlmError
        If nothing is given, one recording is given twice, names are not unique, spike times meet counts, or a covariate differs
        between sessions in its unit of measure, kind or components; the sentence names both.
    """
    recordings = list(recordings)
    if not recordings:
        raise GlmError("there is no recording to join; give at least one")
    if units not in ("any", "all"):
        raise GlmError(f"units: '{units}' is not known; give 'any' or 'all'")
    for recording in recordings:
        if recording.sessions:
            raise GlmError(f"{recording.name}: is several sessions already; give the sessions one by one")
    _once_each(recordings)
    sessions = _placed(recordings, _names(recordings, names))
    notes: list[str] = []
    unit_names = _units(sessions, units, notes)
    support = _support(sessions)
    own = {session.name: moved_by(session.recording.epochs["all"], session.shift) for session in sessions}
    spikes, counts, recorded = _activity(sessions, unit_names, support)
    covariates = joined_covariates(sessions, support, notes)
    whole = Recording(
        name=" + ".join(session.name for session in sessions)
        if len(sessions) <= 3
        else f"{sessions[0].name} + {len(sessions) - 1} sessions",
        unit_names=unit_names,
        spikes=spikes,
        counts=counts,
        unit_table=joined_unit_table(sessions, unit_names, notes),
        covariates={**covariates, SESSION: session_category(sessions, support)},
        epochs={"all": support, **joined_epochs(sessions), **own},
        trials=joined_trials(sessions),
        events=joined_events(sessions, support),
        notes=(*(of_session(session.name, note) for session in sessions for note in session.recording.notes), *notes),
        sha256=_hash(sessions),
        sessions=tuple(sessions),
        recorded=recorded,
    )
    return whole


def session_labels(recording: Recording, variable: str) -> dict[str, str]:
    """What the numbers of the category `session` are called, one name a line, for the coordinate of a curve; nothing for other variables."""
    if variable != SESSION or not recording.sessions:
        return {}
    return {"names": "\n".join(session.name for session in recording.sessions)}


def with_session_epochs(recording: Recording) -> Recording:
    """The same with the part of every epoch (of derived ones too) that lies in each session, where there is one."""
    if len(recording.sessions) < 2:
        return recording
    names = [session.name for session in recording.sessions]
    more = {}
    for epoch, intervals in recording.epochs.items():
        if epoch == "all" or epoch in names or any(epoch.startswith(f"{name}: ") for name in names):
            continue
        for session in recording.sessions:
            part = intersect(merge(as_pairs(intervals)), np.array([session.span]))
            if len(part) and session_epoch(session.name, epoch) not in recording.epochs:
                more[session_epoch(session.name, epoch)] = interval_set(part)
    return replace(recording, epochs={**recording.epochs, **more}) if more else recording


def gap_within_sessions(recording: Recording, max_gap: float | None) -> float | None:
    """A longest gap (s) that is filled in, cut so that nothing is filled in between two sessions."""
    if max_gap is None or len(recording.sessions) < 2:
        return max_gap
    spans = np.array([session.span for session in recording.sessions])
    return min(max_gap, 0.99 * float((spans[1:, 0] - spans[:-1, 1]).min()))


def _once_each(recordings: Sequence[Recording]) -> None:
    seen: dict[str, Recording] = {}
    for recording in recordings:
        if recording.sha256 in seen or any(recording is other for other in seen.values()):
            raise GlmError(f"{recording.name}: is there twice (the same content); give each recording once")
        seen[recording.sha256 or f"memory {len(seen)}"] = recording


def _names(recordings: Sequence[Recording], names: Sequence[str] | None) -> list[str]:
    taken = {epoch for recording in recordings for epoch in recording.epochs}
    if names is not None:
        if len(names) != len(recordings):
            raise GlmError(f"{len(names)} names for {len(recordings)} recordings; give one name each")
        found = [str(name).strip() for name in names]
        for place, name in enumerate(found):
            if not name:
                raise GlmError("a session has no name; give it one")
            if name in found[:place]:
                raise GlmError(f"two sessions are called '{name}'; give one of them another name")
            if name in taken:
                raise GlmError(f"'{name}' is the name of an epoch; give the session another name")
        return found
    return free_session_names(recordings, [])


def free_session_names(recordings: Sequence[Recording], names: Sequence[str]) -> list[str]:
    """The names given to the first of the recordings, and for the others their own, numbered where they are taken."""
    taken = {epoch for recording in recordings for epoch in recording.epochs}
    found = list(names)
    if len(found) < len(recordings) and len(found) == 1 and found[0] in taken:
        found = []  # the name of a single recording was never chosen
    for recording in recordings[len(found) :]:
        name, number = recording.name or SESSION, 2
        while name in taken or name in found:
            name, number = f"{recording.name or SESSION}-{number}", number + 1
        found.append(name)
    return found


def _placed(recordings: Sequence[Recording], names: Sequence[str]) -> list[Session]:
    """The sessions on one time axis, in the order of time."""
    spans = np.array([[r.epochs["all"].start[0], r.epochs["all"].end[-1]] for r in recordings], dtype=np.float64)
    periods = [c.period for r in recordings for c in r.covariates.values() if np.isfinite(c.period)]
    hole = max(HOLE, float(np.ceil(11 * max(periods, default=0.0))))
    order = np.argsort(spans[:, 0], kind="stable")
    starts, stops = spans[order, 0], spans[order, 1]
    apart = bool((starts[1:] >= stops[:-1] + hole).all())
    if apart and stops.max() - starts.min() <= 2 * (stops - starts).sum() + hole * len(order):
        return [Session(names[at], recordings[at]) for at in order]
    shifts = np.zeros(len(recordings))
    for at in range(1, len(recordings)):
        before = spans[at - 1, 1] + shifts[at - 1]
        shifts[at] = float(np.ceil(before + hole - spans[at, 0]))
    return [Session(*parts) for parts in zip(names, recordings, map(float, shifts), strict=True)]


def _units(sessions: Sequence[Session], which: str, notes: list[str]) -> tuple[str, ...]:
    every = dict.fromkeys(name for session in sessions for name in session.recording.unit_names)
    missing = {name: [s.name for s in sessions if name not in s.recording.unit_names] for name in every}
    partial = [name for name in every if missing[name]]
    if which == "all":
        if partial:
            notes.append(f"Left out, because they are not in every session: units {listed(partial)}.")
        every = {name: None for name in every if not missing[name]}
        if not every:
            raise GlmError(
                "the sessions have no unit in common; join them with the units of any session, or check the units' names"
            )
    elif partial:
        for absent in dict.fromkeys(tuple(missing[name]) for name in partial):
            these = [name for name in partial if tuple(missing[name]) == absent]
            notes.append(f"Not recorded in {', '.join(absent)}: {'unit' if len(these) == 1 else 'units'} {listed(these)}.")
    return tuple(every)


def _support(sessions: Sequence[Session]) -> nap.IntervalSet:
    return moved_union((session.recording.epochs["all"], session.shift) for session in sessions)


def _activity(
    sessions: Sequence[Session], unit_names: Sequence[str], support: nap.IntervalSet
) -> tuple[nap.TsGroup | None, nap.TsdFrame | None, dict[str, nap.IntervalSet]]:
    """Spikes or counts of the units, and when those were recorded that are not in every session."""
    import pynapple as nap

    binned = [session for session in sessions if session.recording.counts is not None]
    if binned and len(binned) < len(sessions):
        other = next(session for session in sessions if session.recording.counts is None)
        raise GlmError(f"{binned[0].name}: holds counts in bins, but {other.name} spike times; join recordings of one kind only")
    there = {name: [s for s in sessions if name in s.recording.unit_names] for name in unit_names}
    recorded = {
        name: moved_union((s.recording.epochs["all"], s.shift) for s in having)
        for name, having in there.items()
        if len(having) < len(sessions)
    }
    if binned:
        return None, _counts(sessions, unit_names, support), recorded
    group = {}
    for at, name in enumerate(unit_names):
        times = [times_of(s.recording.spikes[s.recording.unit_names.index(name)], s.shift) for s in there[name]]
        group[at] = nap.Ts(np.concatenate(times), time_support=support)
    return nap.TsGroup(group, time_support=support), None, recorded


def _counts(sessions: Sequence[Session], unit_names: Sequence[str], support: nap.IntervalSet) -> nap.TsdFrame:
    import pynapple as nap

    widths = [count_bin_width(session.recording) for session in sessions]
    for session, width in zip(sessions[1:], widths[1:], strict=True):
        if not np.isclose(width, widths[0], rtol=2e-3):
            raise GlmError(
                f"{session.name}: its counts came in bins of {width:g} s, but those of {sessions[0].name} in bins of {widths[0]:g} s; "
                "join recordings with the same bins"
            )
    parts = []
    for session in sessions:
        values = np.asarray(session.recording.counts.values)
        part = np.zeros((len(values), len(unit_names)), dtype=values.dtype)
        for at, name in enumerate(unit_names):
            if name in session.recording.unit_names:
                part[:, at] = values[:, session.recording.unit_names.index(name)]
        parts.append(part)
    times = np.concatenate([times_of(session.recording.counts, session.shift) for session in sessions])
    return nap.TsdFrame(times, np.concatenate(parts), columns=list(unit_names), time_support=support)


def _hash(sessions: Sequence[Session]) -> str:
    if not all(session.recording.sha256 for session in sessions):
        return ""
    text = "\n".join(f"{session.recording.sha256} {session.name} {session.shift!r}" for session in sessions)
    return hashlib.sha256(text.encode()).hexdigest()
