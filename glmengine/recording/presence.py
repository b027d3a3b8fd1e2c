"""Units that seem to be there for part of a recording: a silence before the first or after the last spike that their rate cannot explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.recording.described.spike_times import counted_times
from glmengine.recording.observed import recorded_words
from glmengine.sentences import listed, numbered
from glmengine.timegrid.intervals import as_pairs, intersect, merge

if TYPE_CHECKING:
    from glmengine.recording.recording import Recording

FEWEST_SPIKES = 20

EXPECTED = 30.0
"""Spikes that the silence would hold at the unit's rate while it is there, at least: chance gives none with a probability of e^-30."""

SHARE = 0.05
"""Of the recording, that the silence lasts at least."""

LONGEST_PAUSE = 4.0
"""How many times the longest pause between two spikes the silence lasts at least: a unit that pauses as long elsewhere is there and quiet."""


@dataclass(frozen=True)
class Presence:
    """When a unit is there.

    Attributes
    ----------
    start, stop : float
        Of the stretch with spikes (s); the recording's own begin and end on the side where nothing is missing.
    silent : float
        Seconds of the recording outside it.
    expected : float
        Spikes that these would hold at the unit's rate inside.
    """

    start: float
    stop: float
    silent: float
    expected: float


def presence_of(recording: Recording, unit: str) -> Presence | None:
    """When a unit is there; None where nothing speaks against all of the time, where the file says itself when it was recorded, and for signals."""
    if unit in recording.recorded or not recorded_words(recording).per_spike:
        return None
    times, counted = counted_times(recording, unit)
    times = times[counted > 0]
    spikes = float(counted[counted > 0].sum())
    if spikes < FEWEST_SPIKES or len(times) < 2:
        return None
    pieces = merge(as_pairs(recording.epochs["all"]))
    whole = float(np.diff(pieces, axis=1).sum())
    first, last = float(times[0]), float(times[-1])
    before, after = (_seconds(pieces, *span) for span in ((-np.inf, first), (last, np.inf)))
    inside = whole - before - after
    rate = spikes / max(inside, 1e-9)
    pause = float(np.diff(times).max())

    def missing(silence: float) -> bool:
        return silence >= SHARE * whole and silence * rate >= EXPECTED and silence >= LONGEST_PAUSE * pause

    start = first if missing(before) else float(pieces[0, 0])
    stop = last if missing(after) else float(pieces[-1, 1])
    silent = (before if start == first else 0.0) + (after if stop == last else 0.0)
    return Presence(start, stop, silent, silent * rate) if silent else None


def presences(recording: Recording, units: Sequence[str]) -> dict[str, Presence]:
    """Those of the units that are there for part of the time, with when."""
    found = {unit: presence_of(recording, unit) for unit in units}
    return {unit: presence for unit, presence in found.items() if presence is not None}


def while_present(recording: Recording, found: Mapping[str, Presence]) -> Recording:
    """The recording in which units are taken for recorded while they are there, and missing elsewhere."""
    if not found:
        return recording
    import pynapple as nap

    spans = {unit: nap.IntervalSet(start=[one.start], end=[one.stop]) for unit, one in found.items()}
    return replace(recording, recorded={**recording.recorded, **spans})


def presence_notes(found: Mapping[str, Presence], *, applied: bool) -> list[str]:
    """What to say of units that are there for part of the time; `applied` says that they are missing elsewhere."""
    if not found:
        return []
    said = listed([f"{unit} from {one.start:.5g} to {one.stop:.5g} s" for unit, one in found.items()], 5)
    if applied:
        return [f"Taken as recorded only while present, and missing elsewhere: {said}."]
    most = max(found, key=lambda unit: found[unit].expected)
    it, was, its, is_ = ("it", "was", "its", "is") if len(found) == 1 else ("they", "were", "their", "are")
    return [
        f"{numbered(len(found), 'unit')} with spikes in part of the session only: {said} (at its rate there, the {found[most].silent:.4g} s in which {most} "
        f"is silent would hold {found[most].expected:,.0f} spikes). Where {it} {was} not isolated in the rest, {its} zeros are no silence: "
        f"use the time in which {it} {is_} there, with 'only while present' among the units."
    ]


def _seconds(pieces: np.ndarray, start: float, stop: float) -> float:
    """Seconds of merged stretches (S, 2) between two times."""
    part = intersect(pieces, np.array([[max(start, pieces[0, 0] - 1.0), min(stop, pieces[-1, 1] + 1.0)]]))
    return float(np.diff(part, axis=1).sum()) if len(part) else 0.0
