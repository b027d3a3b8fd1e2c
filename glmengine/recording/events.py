"""Events and times of trials, with the properties of trials and the covariates at each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.recording.binned import sample_covariate
from glmengine.sentences import listed
from glmengine.timegrid.grid import TimeGrid
from glmengine.timegrid.intervals import TOUCHING, as_pairs

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

_BORDERS = ("start", "stop")

FEWEST_TIMES = 3
"""Trials with a value that a column must have before it is taken for times by where these lie."""

INSIDE = 0.95
"""Share of its values that must lie inside their own trials; some may come a little late."""

NEAR = 0.5
"""Share of the values of a column of times that must lie between the trial before theirs and the one after it."""


@dataclass(frozen=True)
class EventTimes:
    """Times of one kind of event.

    Attributes
    ----------
    name : str
        As it was asked for.
    times : (N,) array
        Seconds, ascending.
    table : str
        The table of trials that they come from, empty for an event of the recording.
    rows : (N,) int array
        Their rows in that table, -1 without a table.
    """

    name: str
    times: np.ndarray
    table: str
    rows: np.ndarray


def event_times(recording: Recording, reference: str, *, field: str = "") -> EventTimes:
    """The event times called `reference`: an event of the recording, or ``TABLE.start``, ``TABLE.stop`` or ``TABLE.COLUMN`` of its trials.

    Rows without a time have none.

    Raises
    ------
    GlmError
        If there is none of that name, or the column holds no times of the session; the sentence lists what there is.
    """
    border = _border_called(recording, reference)
    if reference in recording.events and not border:
        times = np.sort(np.asarray(recording.events[reference].t, np.float64))
        return EventTimes(reference, times, "", np.full(len(times), -1))
    table, column = _split(recording, border or reference)
    if not table:
        have = listed(event_time_names(recording)) or "none"
        raise GlmError(f"{recording.name}: no event '{reference}'; this recording has: {have}", field=field)
    trials = recording.trials[table]
    if column in _BORDERS:
        times = as_pairs(trials)[:, _BORDERS.index(column)]
    else:
        times = _numbers(np.asarray(trials.get_info(column)), f"{table}.{column}", "a time", field)
        _see_near_trials(times, as_pairs(trials), recording, f"{table}.{column}", field)
    rows = np.argsort(times, kind="stable")
    rows = rows[np.isfinite(times[rows])]
    return EventTimes(reference, times[rows], table, rows)


def values_at(recording: Recording, events: EventTimes, reference: str, *, field: str = "") -> np.ndarray:
    """(N,) what a property of the trials is at each event: that of the trial that it belongs to or lies in; None where there is none.

    Parameters
    ----------
    reference : str
        ``TABLE.COLUMN``, or a column alone where one table has it.

    Raises
    ------
    GlmError
        If there is no such property; the sentence lists those that there are.
    """
    table, column = _property(recording, events, reference)
    if not table:
        have = listed(property_names(recording)) or "none"
        raise GlmError(
            f"{recording.name}: no property '{reference}' of trials; this recording has: {have}",
            field=field,
        )
    rows = events.rows if table == events.table else _trial_of(as_pairs(recording.trials[table]), events.times)
    known = np.asarray(recording.trials[table].get_info(column), dtype=object)
    return np.array([known[row] if row >= 0 else None for row in rows], dtype=object)


def numbers_at(recording: Recording, events: EventTimes, reference: str, max_gap: float | None, *, field: str = "") -> np.ndarray:
    """(N,) float64, a property of the trials or a covariate at each event; NaN where it has no value.

    Raises
    ------
    GlmError
        If there is no such property or covariate, or it is text.
    """
    if not _property(recording, events, reference)[0] and reference in recording.variables:
        return covariate_at(recording, events.times, reference, max_gap)
    values = values_at(recording, events, reference, field=field)
    return _numbers(
        np.array([np.nan if value is None else value for value in values], dtype=object), reference, "a number", field
    )


def as_label(value: Any) -> str:
    """A value of a property as it is written in an analysis; empty where it is missing."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{float(value):.10g}"
    return "" if value is None else str(value)


def event_time_names(recording: Recording) -> list[str]:
    """What `event_times` takes: events, and the borders and columns of times of every table of trials; what is both, once."""
    names = own_events(recording)
    for table, trials in recording.trials.items():
        names += [f"{table}.{border}" for border in _BORDERS if not (border == "stop" and _goes_on(as_pairs(trials)))]
        for column in trials.metadata_columns:
            if f"{table}_{column}" in names:  # it is an event of the recording already
                continue
            if holds_times(np.asarray(trials.get_info(column)), as_pairs(trials), str(column)):
                names.append(f"{table}.{column}")
    return names


def _goes_on(pieces: np.ndarray) -> bool:
    """Whether each trial (S, 2) stops where the next one starts, so that its stop is no moment of its own."""
    order = np.argsort(pieces[:, 0], kind="stable")
    return len(pieces) > 1 and bool(np.allclose(pieces[order[:-1], 1], pieces[order[1:], 0], rtol=0, atol=2 * TOUCHING))


def own_events(recording: Recording) -> list[str]:
    """Names of the events that are no border of a table of trials over again (``trials_start`` beside ``trials.start``)."""
    return [name for name in recording.events if not _border_called(recording, name)]


def _border_called(recording: Recording, name: str) -> str:
    """The border of a table of trials (``trials.start``) that an event (``trials_start``) repeats; empty where it is an event of its own."""
    for table, trials in recording.trials.items():
        border = name.removeprefix(f"{table}_")
        if border != name and border in _BORDERS:
            times = np.asarray(recording.events[name].t, np.float64) if name in recording.events else np.empty(0)
            edges = np.sort(as_pairs(trials)[:, _BORDERS.index(border)])
            if len(times) == len(edges) and np.allclose(np.sort(times), edges, rtol=0, atol=2 * TOUCHING):
                return f"{table}.{border}"
    return ""


def holds_times(values: np.ndarray, pieces: np.ndarray, name: str) -> bool:
    """Whether a column of trials (S, 2) holds times: numbers that lie inside their own trials, or near them where they are called so."""
    try:
        times = values.astype(np.float64)
    except (TypeError, ValueError):
        return False
    known = np.isfinite(times)
    if values.dtype.kind == "f" and name.endswith(("time", "times")):
        return _near_trials(times, pieces) >= NEAR
    if values.dtype.kind == "b" or known.sum() < FEWEST_TIMES:
        return False
    inside = (times >= pieces[:, 0] - TOUCHING) & (times <= pieces[:, 1] + TOUCHING)
    steps = np.diff(times[known])
    counted = bool((np.abs(times[known][0]) <= 1) and (steps == 1).all())  # the numbers of trials that last a second
    return bool(inside[known].mean() >= INSIDE) and not counted


def _near_trials(times: np.ndarray, pieces: np.ndarray) -> float:
    """Share of the times (S,) that lie between the start of the trial before theirs and the stop of the one after it; 1 for too few."""
    known = np.isfinite(times) & ~np.isin(times, (0.0, -1.0))  # which stand for *never*
    if known.sum() < FEWEST_TIMES:
        return 1.0
    order = np.argsort(pieces[:, 0], kind="stable")
    starts, stops, times, known = pieces[order, 0], pieces[order, 1], times[order], known[order]
    first, last = 2 * starts[0] - stops[0], 2 * stops[-1] - starts[-1]
    near = (times >= np.r_[first, starts[:-1]] - TOUCHING) & (times <= np.r_[stops[1:], last] + TOUCHING)
    return float(near[known].mean())


def _see_near_trials(times: np.ndarray, pieces: np.ndarray, recording: Recording, name: str, field: str) -> None:
    """Refuse numbers that are no times of the session: durations, times since the start of a trial, and codes."""
    if _near_trials(times, pieces) >= NEAR:
        return
    low, high = np.nanmin(times), np.nanmax(times)
    have = listed(event_time_names(recording)) or "none"
    raise GlmError(
        f"{recording.name}: '{name}' holds no times of the session: its numbers ({low:g} to {high:g}) do not lie near their own trials, as durations "
        f"and times since the start of a trial do not; add the start of the trial to them in the file, or choose one of: {have}",
        field=field,
    )


def property_names(recording: Recording) -> list[str]:
    """What `values_at` takes: ``TABLE.COLUMN`` of every table of trials."""
    return [f"{table}.{column}" for table, trials in recording.trials.items() for column in trials.metadata_columns]


def _split(recording: Recording, reference: str) -> tuple[str, str]:
    """Table and column that a reference names, empty where it names none."""
    for table, trials in recording.trials.items():
        column = reference.removeprefix(f"{table}.")
        if column != reference and (column in _BORDERS or column in trials.metadata_columns):
            return table, column
    return "", ""


def _property(recording: Recording, events: EventTimes, reference: str) -> tuple[str, str]:
    table, column = _split(recording, reference)
    if table and column in recording.trials[table].metadata_columns:
        return table, column
    having = [name for name, trials in recording.trials.items() if reference in trials.metadata_columns]
    if events.table in having:
        return events.table, reference
    return (having[0], reference) if len(having) == 1 else ("", "")


def _trial_of(pieces: np.ndarray, times: np.ndarray) -> np.ndarray:
    """(N,) row of the trial (S, 2) that holds each time, -1 for none; its start belongs to a trial, its stop too."""
    order = np.argsort(pieces[:, 0], kind="stable")
    at = np.searchsorted(pieces[order, 0], times, side="right") - 1
    row = order[np.maximum(at, 0)] if len(order) else np.zeros(len(times), np.int64)
    inside = (at >= 0) & (times <= (pieces[row, 1] if len(pieces) else 0.0) + TOUCHING)
    return np.where(inside, row, -1)


def covariate_at(recording: Recording, times: np.ndarray, reference: str, max_gap: float | None) -> np.ndarray:
    """(N,) a covariate at given times, interpolated or the last value, as it is in a bin narrower than its sampling."""
    covariate = recording.variable(reference)
    period = covariate.period if np.isfinite(covariate.period) else 1.0
    offsets, segment = np.arange(len(times) + 1), np.arange(len(times), dtype=np.int32)
    return np.asarray(sample_covariate(covariate, TimeGrid(min(period, 1e-3), times, segment, offsets), max_gap))


def _numbers(values: Sequence[Any] | np.ndarray, name: str, what: str, field: str) -> np.ndarray:
    try:
        return np.asarray(values).astype(np.float64)
    except (TypeError, ValueError) as error:
        text = next((value for value in values if isinstance(value, str)), values[0])
        raise GlmError(f"'{name}' holds '{text}', which is not {what}; choose another", field=field) from error
