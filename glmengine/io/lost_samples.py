"""Samples that were lost, and written as one value far from all others: (0, 0), 1023, -1 where a tracker saw nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from glmengine.recording.covariate_names import TRACKED_NAME

MINUS_ONE = -1.0
"""What is lost where it stands, however seldom, among values that are never negative."""

FEWEST = 5
"""Samples of exactly one value before it is looked at: measured ones that lie apart hardly repeat."""

MANY = 100
"""Samples that tell where measured ones lie, or stand still at a value between those."""

FAR = 0.05
"""Share of the range of the others that must lie between one value and the nearest of them."""

MOST_VALUES = 3

MOST = 0.95
"""Share of the samples that may be lost."""

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
    """What samples (T,) or (T, ...) that were lost are written as, one number for each component; empty where none was.

    A component that tells by itself that the sample was lost stands beside NaN, for any value of the others.
    """
    if not values.size:
        return []
    rows = values.reshape(len(values), -1)
    width = rows.shape[1]
    if width > 100:  # pictures
        return []
    found = [(MINUS_ONE,) * width] if _is_minus_one(rows) else []
    for _ in range(MOST_VALUES):
        left = rows[~is_lost(rows, found)]
        value = next((one for one in (*_standing(left), *_at_the_ends(left)) if _is_lost_value(one, left)), None)
        if value is None:
            break
        found.append(value)
    if width > 1:
        left = rows[~is_lost(rows, found)]
        for column in range(width):
            for (value,) in lost_values(left[:, column]):
                found.append(tuple(value if place == column else np.nan for place in range(width)))
    return found


def is_lost(rows: np.ndarray, lost: Sequence[tuple[float, ...]]) -> np.ndarray:
    """(T,) bool: samples (T, C) that are exactly one of the values `lost`, of which NaN stands for any number."""
    mine = np.zeros(len(rows), dtype=bool)
    for value in lost:
        told = [place for place, one in enumerate(value) if one == one]
        mine |= (rows[:, told] == np.array(value)[told]).all(axis=1)
    return mine


def measured_ones(values: np.ndarray) -> np.ndarray:
    """(N,) float64, the numbers of a series (T,) without those that are missing, or written for samples that were lost."""
    values = np.asarray(values, dtype=np.float64)
    return values[np.isfinite(values) & ~is_lost(values.reshape(-1, 1), lost_values(values))]


def must_be_lost(name: str, unit: str, value: tuple[float, ...]) -> bool:
    """Whether a value far from all others is no measurement: what programs write for nothing, in a series that trackers make, of places.

    Of any other value an animal may have sat still there.
    """
    place = unit.lower() in LENGTHS or bool(TRACKED_NAME.search(name) and (len(value) > 1 or not unit))
    return place and all(one in WRITTEN_FOR_NOTHING or np.isnan(one) for one in value)


def _standing(rows: np.ndarray) -> list[tuple[float, ...]]:
    """The values that samples have which are the same as the one before, those first that do so most often."""
    repeated = rows[1:][(rows[1:] == rows[:-1]).all(axis=1)]
    if len(repeated) < MANY:
        return []
    kinds, counts = np.unique(repeated, axis=0, return_counts=True)
    return [tuple(map(float, kinds[at])) for at in np.argsort(-counts)[:MOST_VALUES] if counts[at] >= MANY]


def _at_the_ends(rows: np.ndarray) -> list[tuple[float, ...]]:
    """The samples with the smallest and the largest number of each component: what lies far from all others is among them."""
    if not len(rows) or not np.isfinite(rows).any(axis=0).all():
        return []
    places = np.concatenate([np.nanargmin(rows, axis=0), np.nanargmax(rows, axis=0)])
    return list(dict.fromkeys(tuple(map(float, rows[place])) for place in places.tolist()))


def _is_lost_value(value: tuple[float, ...], rows: np.ndarray) -> bool:
    """Whether samples are exactly this value again and again, and no other comes near it."""
    mine = (rows == np.array(value)).all(axis=1)
    return int(mine.sum()) >= FEWEST and mine.mean() <= MOST and _is_far(np.array(value), rows[~mine])


def is_no_angle(value: float) -> bool:
    """Whether a number far from all angles of a series is what programs write for nothing, and not an angle that lies apart."""
    return value in WRITTEN_FOR_NOTHING and value not in (0, MINUS_ONE, 255)


def _is_minus_one(rows: np.ndarray) -> bool:
    lost = (rows == MINUS_ONE).all(axis=1)
    if not lost.any() or lost.mean() > 0.5:
        return False
    rest = rows[~lost]
    return not (np.nanmin(rest, initial=0) < 0 or np.nanmax(rest, initial=0) <= 2)


def _is_far(value: np.ndarray, others: np.ndarray) -> bool:
    """Whether a value lies far from all the others, which themselves have a spread and many values."""
    others = others[np.isfinite(others).all(axis=1)]
    if len(others) < MANY:
        return False
    low, high = np.quantile(others, [0.01, 0.99], axis=0)
    spread = high - low
    if not (spread > 0).all() or len(np.unique(others[:1000], axis=0)) < 20:
        return False
    # what lies on the way from one to the other are the few samples that a filter smeared
    away = np.max(np.abs(others - value) / spread, axis=1)
    return bool(np.quantile(away, 0.002) > FAR)
