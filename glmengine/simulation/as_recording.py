"""Surrogates as a recording, to be saved as NWB, opened, and fitted like any other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.recording.recording import Recording
from glmengine.simulation.surrogates import Surrogates
from glmengine.timegrid.intervals import as_pairs, intersect, merge


@takes_only_its_kinds
def surrogate_recording(surrogates: Surrogates, repeat: int | None = None) -> Recording:
    """The covariates, epochs and trials of the recording with surrogate units.

    The spikes of a bin are spread evenly over it, so that counting them gives the surrogate again. Epochs are cut to
    where some were drawn.

    Parameters
    ----------
    surrogates : Surrogates
    repeat : int, optional
        Which, numbered from 0; all of them side by side, as units ``NAME #1``, ``NAME #2``, ..., where not given and there are several.

    Returns
    -------
    Recording

    Raises
    ------
    GlmError
        If there is no such repeat.
    """
    import pandas as pd
    import pynapple as nap

    if repeat is not None and not 0 <= repeat < surrogates.repeats:
        raise GlmError(f"there is no repeat {repeat}; they are numbered 0 to {surrogates.repeats - 1}")
    chosen = range(surrogates.repeats) if repeat is None else (repeat,)
    several = len(chosen) > 1
    units = surrogates.units
    names = tuple(f"{unit} #{number + 1}" if several else unit for number in chosen for unit in units)
    table = pd.DataFrame(
        {
            "surrogate_of": [unit for _ in chosen for unit in units],
            "repeat": np.array([number + 1 for number in chosen for _ in units]),
        },
        index=list(names),
    )
    source = surrogates.recording
    pieces = _pieces(surrogates)
    whole = nap.IntervalSet(pieces[:, 0], pieces[:, 1])
    epochs = {name: intersect(merge(as_pairs(one)), pieces) for name, one in source.epochs.items() if name != "all"}
    changes: dict[str, Any] = {}
    if surrogates.values is None:
        trains = {
            at: nap.Ts(_times(surrogates, number, unit), time_support=whole)
            for at, (number, unit) in enumerate((number, unit) for number in chosen for unit in range(len(units)))
        }
        changes["spikes"], changes["counts"] = nap.TsGroup(trains, time_support=whole), None
    else:
        kept = np.flatnonzero(surrogates.stretch >= 0)
        values = np.concatenate([surrogates.values[number] for number in chosen])[:, kept].T
        frame = nap.TsdFrame(surrogates.grid.centres[kept], values, columns=list(names), time_support=whole)
        changes["spikes"], changes["counts"] = None, frame
    return replace(
        source,
        name=f"{source.name} surrogate",
        unit_names=names,
        unit_table=table,
        epochs={"all": whole, **{name: nap.IntervalSet(one[:, 0], one[:, 1]) for name, one in epochs.items() if len(one)}},
        recorded={},
        notes=(f"Surrogates of a fitted model, seed {surrogates.seed}.", *surrogates.notes),
        path=None,
        sha256="",
        source={},
        sessions=(),
        **changes,
    )


def _pieces(surrogates: Surrogates) -> np.ndarray:
    """(S, 2) beginning and end of each stretch, in seconds."""
    inside = np.flatnonzero(surrogates.stretch >= 0)
    parts = np.split(inside, np.flatnonzero(np.diff(surrogates.stretch[inside])) + 1)
    return merge(np.array([(surrogates.grid.starts_at(part[0]), surrogates.grid.stops_at(part[-1])) for part in parts]))


def _times(surrogates: Surrogates, repeat: int, unit: int) -> np.ndarray:
    """Spike times (s), those of a bin evenly spread over it."""
    rows, counts = surrogates.spikes_of(repeat, unit)
    each = np.repeat(counts, counts).astype(np.float64)
    place = np.arange(len(each)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = surrogates.grid.starts_at(np.repeat(rows, counts))
    return starts + (place + 0.5) / each * surrogates.grid.bin_size
