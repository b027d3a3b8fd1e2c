"""Recordings of pynapple objects from cleaned plain arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.io.cleaning import clean, span_of
from glmengine.io.raw import RawRecording, RawSeries, RawTrials, unique_names
from glmengine.sentences import listed, of_all
from glmengine.timegrid.intervals import complement, intersect, merge

if TYPE_CHECKING:
    import pynapple as nap

    from glmengine.recording.recording import Covariate, Recording


def compose(
    raw: RawRecording, name: str, *, path: Path | None = None, sha256: str = "", source: dict[str, Any] | None = None
) -> Recording:
    """Clean `raw` and make a `Recording` of it.

    Raises
    ------
    GlmError
        If nothing that can be fitted is left after cleaning.
    """
    import pandas as pd
    import pynapple as nap

    from glmengine.recording.recording import Recording

    raw = clean(raw)
    pieces = span_of(raw)
    notes = list(raw.notes)
    if "invalid_times" in raw.trials:
        invalid = raw.trials.pop("invalid_times")
        pieces = intersect(pieces, complement(merge(np.column_stack([invalid.start, invalid.stop]))))
        notes.append("The times that the file calls invalid were taken out of the recording.")
    support = _interval_set(pieces)
    spikes = counts = None
    if raw.spikes is not None:
        spikes = nap.TsGroup(
            {index: nap.Ts(times, time_support=support) for index, times in enumerate(raw.spikes)}, time_support=support
        )
        lost = sum(map(len, raw.spikes)) - sum(len(spikes[index]) for index in range(len(raw.spikes)))
        if lost:
            notes.append(f"{lost} spikes outside the recorded time were left out.")
    else:
        counts = nap.TsdFrame(raw.counts.times, raw.counts.values, columns=raw.unit_names, time_support=support)
    covariates = {}
    for series, unique in zip(raw.series, unique_names([series.name for series in raw.series]), strict=True):
        covariates[unique] = _covariate(series, unique, support)
    epochs = {"all": support}
    tables = {key: np.column_stack([table.start, table.stop]) for key, table in raw.trials.items()}
    for key, pairs in {**tables, **raw.epochs}.items():
        inside = intersect(merge(pairs), pieces)
        if len(inside):
            epochs["all_" if key == "all" else key] = _interval_set(inside)
        else:
            notes.append(f"The epoch '{key}' lies outside the recorded time and was left out.")
    events = {key: nap.Ts(times, time_support=support) for key, times in raw.events.items()}
    outside = [
        f"{len(raw.events[key]) - len(times)} of {key}" for key, times in events.items() if len(times) < len(raw.events[key])
    ]
    if outside:
        notes.append(f"Times of events outside the recorded time left out: {listed(outside, 4)}.")
    for key, table in raw.trials.items():
        events.setdefault(f"{key}_start", nap.Ts(table.start, time_support=support))
    recorded = _recorded(raw, pieces, notes)
    return Recording(
        name=name,
        unit_names=tuple(raw.unit_names),
        spikes=spikes,
        counts=counts,
        unit_table=pd.DataFrame(
            {key: list(column) for key, column in raw.unit_columns.items()}, index=pd.Index(raw.unit_names, name="unit")
        ),
        covariates=covariates,
        epochs=epochs,
        trials={key: _trials(table) for key, table in raw.trials.items()},
        events={key: times for key, times in events.items() if len(times)},
        notes=tuple(notes),
        recorded=recorded,
        path=path,
        sha256=sha256,
        source={**(source or {}), **raw.extras},
    )


def _recorded(raw: RawRecording, pieces: np.ndarray, notes: list[str]) -> dict[str, nap.IntervalSet]:
    """When each unit was observed that was not observed in all `pieces`."""
    found = {}
    for name, pairs in raw.recorded.items():
        inside = intersect(merge(pairs), pieces)
        if len(inside) and (pieces[:, 1] - pieces[:, 0]).sum() - (inside[:, 1] - inside[:, 0]).sum() > 1e-6:
            found[name] = _interval_set(inside)
    if found:
        notes.append(
            f"{of_all(len(found), len(raw.unit_names), 'units', 'were')} not observed all the time; elsewhere counts are missing."
        )
    return found


def _covariate(series: RawSeries, name: str, support: nap.IntervalSet) -> Covariate:
    import pynapple as nap

    from glmengine.recording.recording import Covariate

    times, values = series.times, series.values
    own = _interval_set(series.support) if series.support is not None and len(series.support) else None
    if own is None:
        own = nap.IntervalSet(min(times[0], support.start[0]), max(times[-1], support.end[-1]))
    if series.stored is not None:
        names = unique_names(list(series.components)) if series.components else _indices(series.stored.shape[1:])
        data: Any = replace(series.stored, components=tuple(names), support=own.values)
    elif values.ndim == 1:
        data = nap.Tsd(times, values, time_support=own)
    elif values.ndim == 2:
        columns = unique_names(list(series.components)) or [str(column) for column in range(values.shape[1])]
        data = nap.TsdFrame(times, values, columns=columns, time_support=own)
    else:
        data = nap.TsdTensor(times, values, time_support=own)
    return Covariate(name, data, series.unit, series.kind or "continuous", series.description)


def _indices(shape: tuple[int, ...]) -> list[str]:
    """Names of the components of a tensor; none of a plain series."""
    return [",".join(map(str, index)) for index in np.ndindex(shape)] if len(shape) and shape != (1,) else []


def _interval_set(pairs: np.ndarray) -> nap.IntervalSet:
    """Touching stretches lose a microsecond, as pynapple would take it, without its warning."""
    import pynapple as nap

    starts, stops = pairs[:, 0], pairs[:, 1]
    touching = np.concatenate([stops[:-1] >= starts[1:], [False]]) if len(stops) else np.zeros(0, dtype=bool)
    stops = np.where(touching, np.concatenate([starts[1:], [0.0]]) - 1e-6, stops) if len(stops) else stops
    keep = stops > starts
    return nap.IntervalSet(starts[keep], stops[keep])


def _trials(table: RawTrials) -> nap.IntervalSet:
    import pynapple as nap

    taken = set(dir(nap.IntervalSet))
    columns = {f"{key}_" if key in taken else key: list(column) for key, column in table.columns.items() if column.ndim == 1}
    return nap.IntervalSet(table.start, table.stop, metadata=columns or None)
