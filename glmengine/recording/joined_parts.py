"""Covariates, epochs, trials, events and tables of units of joined sessions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.recording import Covariate, Session
from glmengine.recording.stored_joined import JoinedSeries
from glmengine.timegrid.intervals import as_pairs, interval_set

if TYPE_CHECKING:
    import pandas as pd
    import pynapple as nap

SESSION = "session"
"""Name of the covariate that says which session a moment lies in (0, 1, ...)."""

_STEP = 0.1


def session_epoch(session: str, epoch: str) -> str:
    """Name of the part of an epoch that lies in one session."""
    return session if epoch == "all" else f"{session}: {epoch}"


def joined_covariates(sessions: Sequence[Session], support: nap.IntervalSet, notes: list[str]) -> dict[str, Covariate]:
    """Covariates by name; notes tell which sessions lack one, and where a unit of measure was taken over. GlmError where two do not go together."""
    names = dict.fromkeys(name for session in sessions for name in session.recording.covariates)
    if SESSION in names:
        notes.append(f"The recordings' own covariate '{SESSION}' was left out; that name now says which session it is.")
        del names[SESSION]
    found = {}
    for name in names:
        having = [session for session in sessions if name in session.recording.covariates]
        if len(having) < len(sessions):
            lacking = ", ".join(session.name for session in sessions if session not in having)
            notes.append(f"'{name}' was not recorded in {lacking}: where a term needs it, these bins are left out.")
        found[name] = _covariate(name, having, support, notes)
    return found


def _covariate(name: str, having: Sequence[Session], support: nap.IntervalSet, notes: list[str]) -> Covariate:
    import pynapple as nap

    first = having[0].recording.covariates[name]
    unit = next((s.recording.covariates[name].unit for s in having if s.recording.covariates[name].unit), "")
    described: tuple[tuple[str, Callable[[Covariate], Any]], ...] = (
        ("kind", lambda one: one.kind),
        ("components", lambda one: ", ".join(one.components) or "none"),
    )
    for session in having:
        one = session.recording.covariates[name]
        if one.unit and one.unit != unit:
            other = next(s for s in having if s.recording.covariates[name].unit == unit)
            raise GlmError(
                f"'{name}' is in {unit} in {other.name}, but in {one.unit} in {session.name}; bring it to one unit of measure before joining"
            )
        for what, look in described:
            if look(one) != look(first):
                raise GlmError(
                    f"'{name}' has another {what} in {session.name} ({look(one)}) than in {having[0].name} ({look(first)}); "
                    "rename it in one of the recordings"
                )
    unknown = [session.name for session in having if unit and not session.recording.covariates[name].unit]
    if unknown:
        notes.append(
            f"'{name}' has no unit of measure in {', '.join(unknown)}; it was taken to be in {unit}, as in the other sessions."
        )
    if any(session.recording.covariates[name].stored is not None for session in having):
        stored = JoinedSeries.of([(session.recording.covariates[name], session.shift) for session in having])
        return replace(first, unit=unit, data=stored)
    series = [session.recording.covariates[name].data for session in having]
    times = np.concatenate([times_of(one, session.shift) for one, session in zip(series, having, strict=True)])
    values = np.concatenate([np.asarray(one.values) for one in series])
    own = moved_union((one.time_support, session.shift) for one, session in zip(series, having, strict=True))
    if values.ndim == 1:
        data: Any = nap.Tsd(times, values, time_support=own)
    elif values.ndim == 2:
        data = nap.TsdFrame(times, values, columns=list(first.components), time_support=own)
    else:
        data = nap.TsdTensor(times, values, time_support=own)
    return replace(first, unit=unit, data=data)


def session_category(sessions: Sequence[Session], support: nap.IntervalSet) -> Covariate:
    """The category `session`, every tenth of a second."""
    import pynapple as nap

    times, values = [], []
    for number, session in enumerate(sessions):
        for start, stop in np.asarray(session.recording.epochs["all"].values, np.float64) + session.shift:
            times.append(np.unique(np.append(np.arange(start, stop, _STEP), stop)))
            values.append(np.full(len(times[-1]), float(number)))
    text = ", ".join(f"{number}: {session.name}" for number, session in enumerate(sessions))
    data = nap.Tsd(np.concatenate(times), np.concatenate(values), time_support=support)
    return Covariate(SESSION, data, "", "category", text)


def joined_epochs(sessions: Sequence[Session]) -> dict[str, nap.IntervalSet]:
    """Epochs of the same name together, and each session's own under ``session: epoch``."""
    found: dict[str, nap.IntervalSet] = {}
    for name in dict.fromkeys(name for session in sessions for name in session.recording.epochs if name != "all"):
        found[name] = moved_union((s.recording.epochs[name], s.shift) for s in sessions if name in s.recording.epochs)
    for session in sessions:
        for name, intervals in session.recording.epochs.items():
            if name != "all" and len(sessions) > 1:
                found.setdefault(session_epoch(session.name, name), moved_by(intervals, session.shift))
    return found


def joined_trials(sessions: Sequence[Session]) -> dict[str, nap.IntervalSet]:
    """Tables of trials one after the other, with the session of each trial; what a table lacks is empty."""
    import pandas as pd
    import pynapple as nap

    found = {}
    for name in dict.fromkeys(name for session in sessions for name in session.recording.trials):
        frames = []
        for session in sessions:
            if name not in session.recording.trials:
                continue
            frame = session.recording.trials[name].as_dataframe()
            for column in frame.columns:
                if column in ("start", "end") or _holds_times(column, frame):
                    frame[column] = frame[column] + session.shift
            frames.append(frame.assign(**{SESSION: session.name}))
        table = pd.concat(frames, ignore_index=True)
        columns = {key: list(table[key]) for key in table.columns if key not in ("start", "end")}
        found[name] = nap.IntervalSet(table["start"].to_numpy(float), table["end"].to_numpy(float), metadata=columns)
    return found


def _holds_times(column: str, frame: pd.DataFrame) -> bool:
    """Whether a property of trials is a time of the recording: it is called so and lies near the trials, which durations do not."""
    if not str(column).endswith(("time", "times")) or frame[column].dtype.kind != "f" or not frame[column].notna().any():
        return False
    known = frame[frame[column].notna()]
    lengths = (known["end"] - known["start"]).clip(lower=1.0)
    near = (known[column] >= known["start"] - 10 * lengths) & (known[column] <= known["end"] + 10 * lengths)
    return bool(near.all())


def joined_events(sessions: Sequence[Session], support: nap.IntervalSet) -> dict[str, nap.Ts]:
    """Events of the same name together, in the order of time."""
    import pynapple as nap

    found = {}
    for name in dict.fromkeys(name for session in sessions for name in session.recording.events):
        having = [session for session in sessions if name in session.recording.events]
        times = np.concatenate([times_of(session.recording.events[name], session.shift) for session in having])
        found[name] = nap.Ts(np.sort(times), time_support=support)
    return found


def joined_unit_table(sessions: Sequence[Session], unit_names: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """One row a unit: what the first session says that says anything; where sessions disagree, a note."""
    import pandas as pd

    tables = [s.recording.unit_table for s in sessions if s.recording.unit_table is not None]
    index = pd.Index(unit_names, name="unit")
    if not tables:
        return pd.DataFrame(index=index)
    columns = dict.fromkeys(column for table in tables for column in table.columns)
    found, differing = {}, []
    for column in columns:
        values: list[Any] = []
        for name in unit_names:
            said = [t.loc[name, column] for t in tables if column in t.columns and name in t.index]
            known = [value for value in said if not _is_missing(value)]
            values.append(known[0] if known else None)
            if any(str(value) != str(known[0]) for value in known[1:]):
                differing.append(str(column))
        found[column] = values
    if differing:
        notes.append(
            f"The sessions do not agree on {', '.join(dict.fromkeys(differing))} of some units; the first session that says anything counts."
        )
    return pd.DataFrame(found, index=index)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or (isinstance(value, str) and not value)


def moved_by(intervals: nap.IntervalSet, shift: float) -> nap.IntervalSet:
    """Stretches `shift` seconds later."""
    return interval_set(as_pairs(intervals) + shift)


def moved_union(parts: Iterable[tuple[nap.IntervalSet, float]]) -> nap.IntervalSet:
    """The union of stretches, each moved by its seconds."""
    return interval_set(np.concatenate([as_pairs(intervals) + shift for intervals, shift in parts]))


def times_of(series: Any, shift: float) -> np.ndarray:
    """Moved by whole seconds, and so still the decimal numbers that they were, to the nanosecond."""
    times = np.asarray(series.t, dtype=np.float64)
    return np.round(times + shift, 9) if shift else times
