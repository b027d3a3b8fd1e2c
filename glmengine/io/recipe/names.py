"""The meaning of the name of an array: unit of measure, unit of time, spikes, times, angle, start or axis."""

from __future__ import annotations

import re

import numpy as np

from glmengine.io.recipe.recipe import Arrays, TimeUnit
from glmengine.timegrid.angles import FULL_TURN

NUMBER = re.compile(r"\d+")
"""What tells the arrays of several units from each other; `without_number` is what they have in common."""

SPIKE_NAME = re.compile(r"spike|spk|^ts$|^st$|unit|cell|neuron", re.IGNORECASE)
OWNER_NAME = re.compile(
    r"clu|unit|cell|neuron|^id$|_id$|zelle|einheit|unidad|unité|unita|cellul|célul|nervcell|клетк|нейрон|神经元|細胞|细胞|单元|ユニット|ニューロン|뉴런|세포",
    re.IGNORECASE,
)
NOT_OWNER = re.compile(r"count|trial|lap|block|session|epoch|stim|cond|state|phase|bin|versuch|essai|ensayo", re.IGNORECASE)
"""What comes back again and again in a table of spikes and is no unit."""

TIME_NAME = re.compile(
    r"^t$|_t$|^t_|time|stamp|^ts$|zeit|temps$|^temps|tiempo|^tempo|tijd|время|时间|時間|時刻|시간", re.IGNORECASE
)
PERHAPS_ANGLE = re.compile(r"theta|phi|psi|orient", re.IGNORECASE)
AXIS_NAME = re.compile(r"^(?P<head>.*?)(?P<axis>[xyzXYZ])(?P<tail>[_ ]?\d*(?:_?pos(?:ition)?)?)$")
UNIT_COLUMN = re.compile(
    r"^(unit|cell|neurone?|clu(ster)?|u|n|c|roi|zelle|einheit|cellule|unité|célula|celula|neurona|unidad|cellula|unità|клетка|нейрон|神经元|"
    r"細胞|细胞|ニューロン|뉴런|세포)[_ ]?\d+|count|spike|spk",
    re.IGNORECASE,
)
COUNT_NAME = re.compile(r"count|spike|binned|raster|psth", re.IGNORECASE)
RESPONSE_NAME = re.compile(r"activity|deconv|dff|df_?f|fluo|calcium|traces?$|firing|events$|^s$|^c$", re.IGNORECASE)
"""Matrices of responses, cells by frames, whose numbers need not be counts."""

ONE_UNIT = re.compile(
    r"^(sig|unit|cell|neuron|spk|spikes?|clu(ster)?|ts|st|tt\d+_)[_ ]?\d+[a-z]?|\d[_ ]?(spikes?|spk|times?|ts)$", re.IGNORECASE
)
OF_UNITS = re.compile(r"(^|\.)(units?|cells?|neurons?|clusters?|spikes?|spike_?times)$", re.IGNORECASE)
"""A struct whose fields are units."""

START_NAME = re.compile(r"start|begin|onset|(^|_)on($|_)", re.IGNORECASE)
STOP_NAME = re.compile(r"stop|end|offset|finish|(^|_)off($|_)", re.IGNORECASE)
EVENT_NAME = re.compile(r"time|stamp|onset|event|reward|lick|stim|cue|ttl|pulse|trigger|sound|tone|odou?r|touch", re.IGNORECASE)
UNIT_NAMES = re.compile(r"^(uid|ids?|names?|(units?|cells?|neurons?|clusters?)(_?(ids?|names?))?)$", re.IGNORECASE)
UNIT_PROPERTY = re.compile(r"region|area|location|shank|depth|layer|label|quality|group|type|clu|channel|tetrode", re.IGNORECASE)
COUNTER_NAME = re.compile(
    r"frame|index|^idx$|^nr?$|^no$|^row$|^sample(_?(nr|no|num(ber)?|idx))?$|bild|^unnamed|^column\d+$", re.IGNORECASE
)
"""What counts the samples of a table."""

NAMELESS = re.compile(r"^unnamed|^column\d+$", re.IGNORECASE)

RATE_NAME = re.compile(
    r"^(fs|fps|frame_?rate|sr|srate|sample_?rate|sampling_?(rate|freq\w*)|samp_?(rate|freq)|sample_?freq\w*)$", re.IGNORECASE
)
BIN_NAME = re.compile(r"^(dt|bin|bin_?(size|width|s|ms|sec)\w*|bw)$", re.IGNORECASE)

LONGEST, SELDOM, BUSIEST = 43_200.0, 0.05, 1000.0
"""Seconds beyond which spikes of fewer than so many Hz are doubted, and Hz that no unit has."""

TIME_UNITS: dict[str, TimeUnit] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds", "millis"), "ms"),
    **dict.fromkeys(("us", "µs", "μs", "usec", "microsecond", "microseconds", "micros"), "us"),
    **dict.fromkeys(("ns", "nsec", "nanosecond", "nanoseconds", "nanos"), "ns"),
    **dict.fromkeys(("min", "minutes"), "min"),
    **dict.fromkeys(("days", "datenum"), "d"),
    **dict.fromkeys(("samples", "sample"), "samples"),
}  # fmt: skip

MEASURES = (
    "cm_s", "cm_per_s", "m_s", "deg_s", "rad_s", "cm", "mm", "um", "px", "pixels", "pixel", "deg", "degrees", "rad", "radians", "hz", "mv", "uv", "m", "v",
)  # fmt: skip
WRITTEN = {
    "cm_s": "cm/s",
    "cm_per_s": "cm/s",
    "m_s": "m/s",
    "deg_s": "deg/s",
    "rad_s": "rad/s",
    "hz": "Hz",
    "mv": "mV",
    "uv": "uV",
    "v": "V",
}

IN_BRACKETS = re.compile(r"^(?P<bare>.*?)[\s_]*[(\[]\s*(?P<unit>[^)\]\d]+?)\s*[)\]]$")
BEHIND = re.compile(rf"^(?P<bare>.+?)[_ ](?P<unit>{'|'.join([*MEASURES, *TIME_UNITS])})$", re.IGNORECASE)


def without_number(name: str) -> str:
    """The name with a sign in place of each number: the same of arrays that are named alike but for their numbers."""
    return NUMBER.sub("#", name)


def measured_in(name: str) -> tuple[str, str]:
    """A name without its unit, and the unit: of ``x (cm)`` it is ``("x", "cm")``, of a name without one ``(name, "")``."""
    found = IN_BRACKETS.match(name) or BEHIND.match(name)
    if found is None or not found["bare"]:
        return name, ""
    return found["bare"], WRITTEN.get(found["unit"].lower(), found["unit"])


def time_unit_in(name: str) -> TimeUnit | None:
    """The unit of time that a name of times says, None where it says none."""
    return TIME_UNITS.get(measured_in(name)[1].lower())


def group_of(name: str) -> str:
    """The struct, or the further file, that an array lies in, with its point or colon; empty at the top."""
    file, colon, array = name.rpartition(":")
    return file + colon + (array.rpartition(".")[0] + "." if "." in array else "")


def field_of(name: str) -> str:
    """The last part of a name."""
    return name.rpartition(":")[2].rpartition(".")[2]


def scalar_named(arrays: Arrays, pattern: re.Pattern[str], near: str = "") -> float | None:
    """A single positive number under a name, that in the struct `near` first."""
    found = {}
    for name, values in arrays.items():
        if isinstance(values, np.ndarray) and values.size == 1 and values.dtype.kind in "uif" and pattern.match(field_of(name)):
            number = float(values.ravel()[0])
            if np.isfinite(number) and number > 0:
                found[group_of(name)] = number
    return found.get(near, next(iter(found.values()), None))


UNIX_UNITS: tuple[tuple[float, TimeUnit], ...] = ((1e12, "ms"), (1e15, "us"), (1e18, "ns"))
"""About how far times since 1970 reach in our time, where they are not in seconds: from once to 2.5 times so far."""

CALENDAR_DAYS = ((36_000.0, 73_000.0), (730_000.0, 775_000.0))
"""Days since 1900, as spreadsheets count, and since the year 0, as MATLAB does, in about our time."""


def calendar_unit(times: np.ndarray) -> TimeUnit | None:
    """The unit in which times are counted that are of a calendar, since 1970 in whole units or in days, and not of the recording; None else."""
    finite = times[np.isfinite(times)] if times.dtype.kind == "f" else times
    if len(finite) < 2:
        return None
    low, high = float(finite.min()), float(finite.max())
    for size, unit in UNIX_UNITS:
        if size <= low and high <= 2.5 * size:
            return unit
    if (
        any(first <= low and high <= last for first, last in CALENDAR_DAYS)
        and high - low < 7
        and not np.array_equal(finite, np.rint(finite))
    ):
        return "d"
    return None


def unit_of_times(name: str, arrays: Arrays) -> TimeUnit:
    """The unit in which an array of times is counted, by its name, or where that says nothing by what it holds; seconds where neither does."""
    said = time_unit_in(name)
    if said is not None:
        return said if said != "samples" else "s"
    values = arrays.get(name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "uif":
        return "s"
    return calendar_unit(np.ravel(values)) or _unit_of_steps(np.ravel(values)) or "s"


FRAMES = (1e3, 1e6)
"""Microseconds between the frames of any camera: a thousand a second, and one."""


def _unit_of_steps(times: np.ndarray) -> TimeUnit | None:
    """Microseconds, as acquisition systems stamp frames, where whole numbers go on in even steps so long that no second has as many; None else."""
    finite = times[np.isfinite(times)].astype(np.float64)
    steps = np.diff(finite)
    if len(steps) < 100 or not np.array_equal(finite, np.rint(finite)):
        return None
    usual = float(np.median(steps))
    return "us" if FRAMES[0] < usual <= FRAMES[1] and float(np.quantile(steps, 0.9)) <= 2 * usual else None


def counts_samples(name: str, arrays: Arrays) -> bool:
    """Whether an array under a name that is none of times counts the rows beside it: whole steps of one, from 0 or 1 or named so; under the
    name of a counter also where it leaves some out."""
    values = arrays.get(name)
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "uif" or values.size < 2:
        return False
    if TIME_NAME.search(field_of(name)) or time_unit_in(name) is not None:
        return False
    numbers = np.ravel(values).astype(np.float64)
    steps = np.diff(numbers)
    named = COUNTER_NAME.search(field_of(name)) is not None
    if named and not NAMELESS.search(field_of(name)) and (steps >= 1).all() and np.array_equal(numbers, np.rint(numbers)):
        return True
    return bool((steps == 1).all()) and (named or float(numbers[0]) in (0.0, 1.0))


def fills_a_circle(values: np.ndarray) -> str:
    """``rad`` or ``deg`` where the values go once round, empty where they do neither."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return ""
    low, high = float(finite.min()), float(finite.max())
    for unit, turn in (("rad", FULL_TURN), ("deg", 360.0)):
        slack = 1e-3 * turn
        if 0.8 * turn < high - low <= turn + slack and low >= -turn / 2 - slack and high <= turn + slack:
            return unit
    return ""
