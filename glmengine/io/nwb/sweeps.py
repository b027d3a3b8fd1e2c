"""Sweeps of an intracellular recording in an NWB file, joined to one covariate."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from glmengine.io.raw import RawSeries

SWEEPS = frozenset(
    {"CurrentClampSeries", "CurrentClampStimulusSeries", "IZeroClampSeries", "VoltageClampSeries", "VoltageClampStimulusSeries"}
)
"""Types of which a file has one series for each sweep."""


def join_sweeps(series: list[RawSeries], sweeps: Collection[str], notes: list[str]) -> list[RawSeries]:
    """The series with those of `sweeps` (by where they lie) joined that differ in their number alone, and follow each other."""
    groups: dict[tuple[str, str], list[RawSeries]] = {}
    for item in series:
        if item.source in sweeps and item.stored is None and item.values.ndim == 1 and len(item.times) > 1:
            stem = re.sub(r"[ _-]*\d+[ _-]*", "_", item.name).strip("_") or "sweeps"
            groups.setdefault((stem, item.unit), []).append(item)
    joined: dict[int, RawSeries] = {}
    gone: set[int] = set()
    for (stem, _), group in groups.items():
        group.sort(key=lambda item: item.times[0])
        ends = np.array([(item.times[0], item.times[-1]) for item in group])
        if len(group) < 2 or not (ends[1:, 0] > ends[:-1, 1]).all():
            continue
        times, values = (np.concatenate([getattr(item, part) for item in group]) for part in ("times", "values"))
        joined[id(group[0])] = replace(group[0], name=stem, times=times, values=values, support=ends)
        gone |= {id(item) for item in group[1:]}
        notes.append(f"{len(group)} sweeps from {group[0].source} to {group[-1].source} were joined to {stem}.")
    return [joined.get(id(item), item) for item in series if id(item) not in gone]
