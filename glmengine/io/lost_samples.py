"""Samples that were lost, and written as one value far from all others: (0, 0), 1023, -1 where a tracker saw nothing."""

from __future__ import annotations

import numpy as np

from glmengine.recording.covariate_names import TRACKED_NAME

MINUS_ONE = -1.0
"""What is lost where it stands, however seldom, among values that are never negative."""

FEWEST = 100
"""Samples of exactly one value before it is looked at: measured ones hardly repeat so often."""

FAR = 0.05
"""Share of the range of the others that must lie between one value and the nearest of them."""

MOST_VALUES = 3

WRITTEN_FOR_NOTHING = frozenset(
    {
        0,
        -1,
        255,
        511,
        1023,
        2047,
        4095,
        65535,
        639,
        479,
        799,
        599,
        767,
        1279,
        719,
        1919,
        1079,
        -99,
        999,
        -999,
        9999,
        -9999,
        -32768,
        32767,
    }
)
"""Zero, minus one, nines, and the largest numbers of some bits or the last pixels of some pictures."""

LENGTHS = frozenset({"cm", "m", "mm", "um", "pixels", "px", "inch"})


def lost_values(values: np.ndarray) -> list[tuple[float, ...]]:
    """What samples (T,) or (T, ...) that were lost are written as, one number for each component; empty where none was."""
    rows = values.reshape(len(values), -1)
    if rows.shape[1] > 100:  # pictures
        return []
    found = [(MINUS_ONE,) * rows.shape[1]] if _is_minus_one(rows) else []
    same = (rows[1:] == rows[:-1]).all(axis=1)
    repeated = rows[1:][same]
    if len(repeated) < FEWEST:
        return found
    kinds, counts = np.unique(repeated, axis=0, return_counts=True)
    for at in np.argsort(-counts)[:MOST_VALUES]:
        value = tuple(map(float, kinds[at]))
        if value in found or counts[at] < FEWEST:
            continue
        mine = (rows == kinds[at]).all(axis=1)
        if mine.sum() >= FEWEST and mine.mean() <= 0.5 and _is_far(kinds[at], rows[~mine & ~_any_of(rows, found)]):
            found.append(value)
    return found


def must_be_lost(name: str, unit: str, value: tuple[float, ...]) -> bool:
    """Whether a value far from all others is no measurement: what programs write for nothing, in a series that trackers make, of places.

    Of any other value an animal may have sat still there.
    """
    place = unit.lower() in LENGTHS or bool(TRACKED_NAME.search(name) and (len(value) > 1 or not unit))
    return place and all(one in WRITTEN_FOR_NOTHING for one in value)


def _is_minus_one(rows: np.ndarray) -> bool:
    lost = (rows == MINUS_ONE).all(axis=1)
    if not lost.any() or lost.mean() > 0.5:
        return False
    rest = rows[~lost]
    return not (np.nanmin(rest, initial=0) < 0 or np.nanmax(rest, initial=0) <= 2)


def _is_far(value: np.ndarray, others: np.ndarray) -> bool:
    """Whether a value lies far from all the others, which themselves have a spread and many values."""
    others = others[np.isfinite(others).all(axis=1)]
    if len(others) < FEWEST:
        return False
    low, high = np.quantile(others, [0.01, 0.99], axis=0)
    spread = high - low
    if not (spread > 0).all() or len(np.unique(others[:1000], axis=0)) < 20:
        return False
    # what lies on the way from one to the other are the few samples that a filter smeared
    away = np.max(np.abs(others - value) / spread, axis=1)
    return bool(np.quantile(away, 0.002) > FAR)


def _any_of(rows: np.ndarray, kinds: list[tuple[float, ...]]) -> np.ndarray:
    mine = np.zeros(len(rows), dtype=bool)
    for kind in kinds:
        mine |= (rows == np.array(kind)).all(axis=1)
    return mine
