"""Dates and times of day in the cells of a table, as moments and seconds."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from glmengine.io.files.table_numbers import LOOKED_AT, MISSING, MOSTLY

DAY, HALF_DAY, NEARLY_A_DAY = 86_400.0, 43_200.0, 82_800.0
"""Seconds; a clock that goes back by nearly a day has passed midnight."""

_SECONDS = r"(?P<s>[0-5]?\d)(?:[.,](?P<fraction>\d+)|:(?P<thousandths>\d{3}))?"
_HALF = r"(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
CLOCK = re.compile(rf"(?P<sign>[-+]?)(?:(?P<days>\d+) days?,? \+?)?(?P<h>\d{{1,4}}):(?P<m>[0-5]?\d):{_SECONDS}{_HALF}")
MINUTES = re.compile(r"(?P<sign>[-+]?)(?P<m>\d{1,4}):(?P<s>[0-5]?\d)[.,](?P<fraction>\d+)")
_OF_DAY = rf"(?P<h>\d{{1,2}}):(?P<m>[0-5]\d)(?::{_SECONDS})?{_HALF}"
YEAR_FIRST = re.compile(rf"(?P<y>\d{{4}})(?P<mark>[-/.])(?P<first>\d{{1,2}})(?P=mark)(?P<second>\d{{1,2}})[T ,_]+{_OF_DAY}")
YEAR_LAST = re.compile(rf"(?P<first>\d{{1,2}})(?P<mark>[-/.])(?P<second>\d{{1,2}})(?P=mark)(?P<y>\d{{4}})[T ,]+{_OF_DAY}")
MONTH_NAMED = re.compile(rf"(?P<second>\d{{1,2}})[- ](?P<month>[A-Za-z]{{3}})[a-z]*[- ](?P<y>\d{{4}}),? {_OF_DAY}")
WITH_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}:?\d{2})")
UNCLEAR = re.compile(r"\d{1,4}:\d{2}([:;]\d{2}[:;]\d{1,2})?")
"""Two parts without a fraction, or the number of a frame behind the seconds."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass(frozen=True)
class Moments:
    """A column of cells as moments.

    Attributes
    ----------
    values : (N,) array
        Seconds, from midnight where the cells are times of day, or datetime64[ns] where they are dates; NaN or NaT where a cell is empty
        or no moment.
    odd : (K,) int array
        Rows of cells that are no moments.
    said : tuple of str
        How they were read, where that is not a matter of course; each follows the name of the column.
    """

    values: np.ndarray
    odd: np.ndarray
    said: tuple[str, ...] = ()


def is_moment(cell: str) -> bool:
    """Whether a cell is a time of day, or a date with one."""
    return any(kind.fullmatch(cell.strip()) for kind in (CLOCK, MINUTES, YEAR_FIRST, YEAR_LAST, MONTH_NAMED, WITH_ZONE))


def moments_in(cells: Sequence[str]) -> Moments | None:
    """The moments that nearly all of the cells are; None where they are not."""
    plain = [cell.strip() for cell in cells]
    rows = np.array([row for row, cell in enumerate(plain) if cell.lower() not in MISSING], dtype=np.int64)
    if not any(":" in plain[row] for row in rows[:LOOKED_AT]):
        return None
    known = [plain[row] for row in rows]
    for read in (_clock_times, _dates, _dates_with_zone):
        found = read(known)
        if found is None:
            continue
        there, values, said = found
        every = np.full(len(plain), np.nan) if values.dtype.kind == "f" else np.full(len(plain), np.datetime64("NaT", "ns"))
        every[rows[there]] = values
        return Moments(every, rows[~there], said)
    return None


def unclear_in(name: str, cells: Sequence[str]) -> list[str]:
    """What is to be said of a column of texts that look like times but may be read in two ways."""
    known = [cell.strip() for cell in cells if cell.strip().lower() not in MISSING]
    looked = known[:LOOKED_AT]
    if not looked or not all(UNCLEAR.fullmatch(cell) for cell in looked):
        return []
    frames = looked[0].count(":") + looked[0].count(";") > 1
    ways = (
        "end in hundredths of a second or in the number of a frame" if frames else "be hours and minutes or minutes and seconds"
    )
    return [f"'{name}' is taken as texts: times like '{looked[0]}' may {ways}; write them as hh:mm:ss.fff, or in seconds."]


Found = tuple[np.ndarray, np.ndarray, tuple[str, ...]]


def _matched(cells: Sequence[str], kind: re.Pattern[str]) -> tuple[np.ndarray, list[re.Match[str]]] | None:
    """Which cells (N,) are of a kind, and these; None where nearly all are not."""
    found = [kind.fullmatch(cell) for cell in cells]
    there = np.array([one is not None for one in found], dtype=bool)
    return (there, [one for one in found if one is not None]) if there.mean() >= MOSTLY else None


def _clock_times(cells: Sequence[str]) -> Found | None:
    """Hours, minutes and seconds, or minutes and seconds with a fraction."""
    for kind in (CLOCK, MINUTES):
        matched = _matched(cells, kind)
        if matched is None:
            continue
        there, found = matched
        signs = np.array([-1.0 if one["sign"] == "-" else 1.0 for one in found])
        seconds = signs * np.array([_nanoseconds(one) for one in found]) / 1e9
        parts = "hours, minutes and seconds" if kind is CLOCK else "minutes and seconds"
        said = [f"'{found[0][0]}' and the like are {parts}, read as {seconds[0]:.10g} s and so on."]
        steps = np.diff(seconds)
        if seconds.max(initial=0.0) < DAY and (steps < -NEARLY_A_DAY).any():
            seconds = seconds + DAY * np.concatenate([[0.0], np.cumsum((steps < -HALF_DAY) * 1.0 - (steps > HALF_DAY))])
            said.append("the clock passes midnight: times from there on have 24 h more.")
        return there, seconds, tuple(said)
    return None


def _dates(cells: Sequence[str]) -> Found | None:
    for kind in (YEAR_FIRST, YEAR_LAST, MONTH_NAMED):
        matched = _matched(cells, kind)
        if matched is None:
            continue
        there, found = matched
        of_day = np.array([_nanoseconds(one) for one in found], dtype="timedelta64[ns]")
        if kind is not YEAR_LAST:
            return _placed(there, _days(found, _month_first), of_day, ())
        # which of the two numbers is the month the file does not say: that with which all are dates, and then over the shortest time
        ways = {"month": _days(found, _month_first), "day": _days(found, _day_first)}
        fits = {way: days for way, days in ways.items() if not np.isnat(days).any()} or ways
        way = min(fits, key=lambda one: (np.isnat(fits[one]).sum(), np.ptp(fits[one][~np.isnat(fits[one])].astype(np.int64))))
        said = () if len(fits) < 2 or np.array_equal(*ways.values()) else (f"'{found[0][0]}' is read with the {way} first.",)
        return _placed(there, fits[way], of_day, said)
    return None


def _dates_with_zone(cells: Sequence[str]) -> Found | None:
    import pandas as pd

    matched = _matched(cells, WITH_ZONE)
    if matched is None:
        return None
    there, found = matched
    texts = pd.Series([one[0].replace(",", ".") for one in found])
    moments = pd.to_datetime(texts, errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None).to_numpy("datetime64[ns]")
    return _placed(there, moments, np.zeros(moments.size, "timedelta64[ns]"), ())


def _placed(there: np.ndarray, days: np.ndarray, of_day: np.ndarray, said: tuple[str, ...]) -> Found:
    """Moments of the cells that are there; a day that no calendar has is none."""
    moments = days.astype("datetime64[ns]") + of_day
    real = ~np.isnat(moments)
    there = there.copy()
    there[np.flatnonzero(there)[~real]] = False
    return there, moments[real], said


def _days(found: Sequence[re.Match[str]], order: Callable[[re.Match[str]], tuple[int, int]]) -> np.ndarray:
    """(N,) datetime64[D]; NaT where the calendar has no such day."""
    known: dict[tuple[str, tuple[int, int]], np.datetime64] = {}
    days = np.empty(len(found), dtype="datetime64[D]")
    for at, one in enumerate(found):
        key = one["y"], order(one)
        if key not in known:
            try:
                known[key] = np.datetime64(date(int(key[0]), *key[1]), "D")
            except ValueError:
                known[key] = np.datetime64("NaT", "D")
        days[at] = known[key]
    return days


def _month_first(found: re.Match[str]) -> tuple[int, int]:
    parts = found.groupdict()
    if "month" not in parts:
        return int(parts["first"]), int(parts["second"])
    name = parts["month"].lower()
    return (MONTHS.index(name) + 1 if name in MONTHS else 0), int(parts["second"])


def _day_first(found: re.Match[str]) -> tuple[int, int]:
    return int(found["second"]), int(found["first"])


def _nanoseconds(found: re.Match[str]) -> int:
    """Of a time of day since midnight, exactly."""
    parts = found.groupdict()
    hours = int(parts.get("h") or 0)
    half = (parts.get("half") or "").lower()
    if half:
        hours = hours % 12 + (12 if half == "p" else 0)
    hours += 24 * int(parts.get("days") or 0)
    seconds = 3600 * hours + 60 * int(parts["m"]) + int(parts.get("s") or 0)
    fraction = parts.get("fraction") or parts.get("thousandths") or ""
    return seconds * 1_000_000_000 + int(fraction[:9].ljust(9, "0"))
