"""Recipes: what the arrays of a file without a standard are, as a small TOML that is remembered for the next file of the same shape."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import model_validator

from glmengine.errors import GlmError
from glmengine.files import write_whole
from glmengine.reading import RawRecording, RawSeries, RawTrials, safe_name, unique_names
from glmengine.spec import Spec, param

FORMAT_VERSION = 1

Arrays = Mapping[str, "np.ndarray | list[np.ndarray]"]
"""What a file holds, by name; a list is a cell array, one entry a unit."""

TimeUnit = Literal["s", "ms", "us", "min", "samples"]
SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "min": 60.0}


class TimeBase(Spec):
    """How numbers in the file become seconds."""

    time_unit: TimeUnit = param("s", title="Unit of time", help="What the times in the file are counted in.")
    rate: float | None = param(
        None,
        title="Sampling rate",
        help="Samples per second; needed for times in samples and for arrays without times.",
        unit="Hz",
        gt=0,
    )
    offset: float = param(0.0, title="Offset", help="Added to every time, to bring clocks together.", unit="s")

    def seconds(self, values: np.ndarray, field: str) -> np.ndarray:
        """Times of the file in seconds."""
        if self.time_unit != "samples":
            return np.asarray(values, dtype=np.float64) * SECONDS[self.time_unit] + self.offset
        if self.rate is None:
            raise GlmError(
                f"field '{field}.rate': times in samples need the sampling rate; add rate = 20000 or whatever it was",
                field=f"{field}.rate",
            )
        return np.asarray(values, dtype=np.float64) / self.rate + self.offset


class Spikes(TimeBase):
    """Where the spike times are."""

    times: str = param(
        title="Spike times", help="Array or column of spike times; a cell array holds one unit in each cell.", min_length=1
    )
    units: str = param("", title="Unit of each spike", help="Array or column that says which unit fired; one unit where empty.")


class Counts(TimeBase):
    """Where counts that are binned already are: one column a unit."""

    values: tuple[str, ...] = param(
        title="Counts", help="One array with a column for each unit, or one column of the file for each unit.", min_length=1
    )
    times: str = param("", title="Bin centres", help="Array of the bins' centres; none where a rate is given.")


class Measured(TimeBase):
    """A covariate: what was measured over time."""

    name: str = param(title="Name", help="What to call it.", min_length=1)
    values: tuple[str, ...] = param(title="Values", help="One array for each component (x and y).", min_length=1)
    components: tuple[str, ...] = param(
        (), title="Components", help="Names of the components; x, y, z where empty and there are several."
    )
    times: str = param("", title="Times", help="Array of sample times; none where a rate is given.")
    unit: str = param("", title="Unit of measure", help="Of the values after scaling: cm, pixels, deg, rad.")
    kind: Literal["", "continuous", "angle", "step", "category"] = param(
        "", title="Kind", help="How it is brought to bins; found from unit and name where empty."
    )
    scale: float = param(1.0, title="Scale", help="Every value is multiplied by this.")


class Stretches(TimeBase):
    """Epochs or trials: arrays of starts and stops."""

    name: str = param(title="Name", help="What to call it.", min_length=1)
    start: str = param(title="Start", help="Array or column of starts.", min_length=1)
    stop: str = param(title="Stop", help="Array or column of stops.", min_length=1)
    properties: tuple[str, ...] = param((), title="Properties", help="Columns that describe each trial.")


class Happenings(TimeBase):
    """Events: an array of times."""

    name: str = param(title="Name", help="What to call them.", min_length=1)
    times: str = param(title="Times", help="Array or column of times.", min_length=1)


class Recipe(Spec):
    """What the arrays of a file are."""

    format_version: Literal[1] = FORMAT_VERSION
    title: str = param("", title="Title", help="Free text.")
    spikes: Spikes | None = param(None, title="Spikes", help="Where the spike times are.")
    counts: Counts | None = param(None, title="Counts", help="Where binned counts are, in place of spike times.")
    covariates: tuple[Measured, ...] = param((), title="Covariates", help="What was measured.")
    epochs: tuple[Stretches, ...] = param((), title="Epochs", help="Named stretches of time.")
    trials: tuple[Stretches, ...] = param((), title="Trials", help="Tables of trials.")
    events: tuple[Happenings, ...] = param((), title="Events", help="Times of events.")

    @model_validator(mode="after")
    def _one_kind_of_unit(self) -> Recipe:
        if (self.spikes is None) == (self.counts is None):
            raise GlmError("a recipe names either spikes or counts; give exactly one of [spikes] and [counts]", field="spikes")
        return self

    @classmethod
    def load(cls, path: str | Path) -> Recipe:
        """Read a TOML file.

        Raises
        ------
        GlmError
            If it cannot be read, is not TOML, was written by a newer version, or has an unknown or bad field.
        """
        path = Path(path)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not text in UTF-8"
            raise GlmError(f"{path.name}: the recipe cannot be read ({reason}); check the path and its permissions") from error
        return cls.from_toml(text, path.name)

    @classmethod
    def from_toml(cls, text: str, where: str = "recipe") -> Recipe:
        """Build from TOML; `where` names it in errors, which are those of `load`."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise GlmError(f"{where}: the recipe is not a TOML file ({error}); correct it or make a new one") from error
        version = data.get("format_version", FORMAT_VERSION)
        if isinstance(version, int) and version > FORMAT_VERSION:
            raise GlmError(
                f"{where}: the recipe was written by a newer version of the program (format {version}); update the program",
                field="format_version",
            )
        return cls.parse(data, where)

    def save(self, path: str | Path) -> None:
        """Write a TOML file, whole or not at all."""
        write_whole(path, self.to_toml().encode("utf-8"))

    def to_toml(self) -> str:
        """The recipe as TOML, with what differs from the defaults."""
        import tomli_w

        # a list of names stands on one line, as a hand would write it
        return re.sub(
            r"\[\n((?:    .*,\n)+)\]",
            lambda found: "[" + " ".join(found[1].split("\n    ")).strip(" ,\n") + "]",
            tomli_w.dumps(self.to_dict()),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data that `parse` reads again: what differs from the defaults."""
        return {"format_version": self.format_version, **self.model_dump(mode="json", exclude_defaults=True, exclude_none=True)}


def apply_recipe(recipe: Recipe, arrays: Arrays) -> RawRecording:
    """Make a recording of named arrays.

    Raises
    ------
    GlmError
        If an array is missing or does not fit; `field` is the recipe's.
    """
    raw = RawRecording()
    if recipe.spikes is not None:
        _add_spikes(raw, recipe.spikes, arrays)
    else:
        _add_counts(raw, recipe.counts, arrays)
    for position, item in enumerate(recipe.covariates):
        raw.series.append(_series(item, arrays, f"covariates.{position}"))
    for position, item in enumerate(recipe.epochs):
        field = f"epochs.{position}"
        pair = [
            item.seconds(_numbers(arrays, name, f"{field}.{end}"), field)
            for end, name in (("start", item.start), ("stop", item.stop))
        ]
        _same_length(pair, item.name, field)
        raw.epochs[safe_name(item.name)] = np.column_stack(pair)
    for position, item in enumerate(recipe.trials):
        field = f"trials.{position}"
        start, stop = (
            item.seconds(_numbers(arrays, name, f"{field}.{end}"), field)
            for end, name in (("start", item.start), ("stop", item.stop))
        )
        columns = {safe_name(name): np.ravel(_array(arrays, name, f"{field}.properties")) for name in item.properties}
        _same_length([start, stop, *columns.values()], item.name, field)
        raw.trials[safe_name(item.name)] = RawTrials(start, stop, columns)
    for position, item in enumerate(recipe.events):
        field = f"events.{position}"
        raw.events[safe_name(item.name)] = item.seconds(_numbers(arrays, item.times, f"{field}.times"), field)
    return raw


def _add_spikes(raw: RawRecording, spikes: Spikes, arrays: Arrays) -> None:
    found = _get(arrays, spikes.times, "spikes.times")
    if isinstance(found, list):
        raw.spikes = [spikes.seconds(_plain_numbers(cell, spikes.times, "spikes.times"), "spikes") for cell in found]
        raw.unit_names = [str(number) for number in range(len(found))]
        return
    times = spikes.seconds(_numbers(arrays, spikes.times, "spikes.times"), "spikes")
    if not spikes.units:
        raw.spikes, raw.unit_names = [times], [safe_name(spikes.times)]
        return
    owners = np.ravel(_array(arrays, spikes.units, "spikes.units"))
    _same_length([times, owners], f"{spikes.times} and {spikes.units}", "spikes.units")
    if owners.dtype.kind == "f":
        known = np.isfinite(owners)
        times, owners = times[known], owners[known]
        if np.array_equal(owners, np.rint(owners)):
            owners = owners.astype(np.int64)
    names, index = np.unique(owners, return_inverse=True)
    order = np.argsort(index, kind="stable")
    bounds = np.searchsorted(index[order], np.arange(len(names) + 1))
    raw.spikes = [times[order[bounds[unit] : bounds[unit + 1]]] for unit in range(len(names))]
    raw.unit_names = unique_names([safe_name(str(name)) for name in names])


def _add_counts(raw: RawRecording, counts: Counts, arrays: Arrays) -> None:
    columns = [_array(arrays, name, "counts.values") for name in counts.values]
    if len(columns) == 1:
        values = np.atleast_2d(np.squeeze(columns[0]))
        values = values.T if values.shape[0] == 1 else values
        length = len(_numbers(arrays, counts.times, "counts.times")) if counts.times else len(values)
        if values.shape[0] != length and values.shape[1] == length:
            values = values.T
        raw.unit_names = [str(unit) for unit in range(values.shape[1])]
    else:
        columns = [np.ravel(column) for column in columns]
        _same_length(columns, "the counts", "counts.values")
        values = np.column_stack(columns)
        raw.unit_names = unique_names([safe_name(name) for name in counts.values])
    if values.dtype.kind not in "buif":
        raise GlmError(f"the counts are {values.dtype}, not numbers; name other columns", field="counts.values")
    times = _times(counts, counts.times, len(values), arrays, "counts", centred=True)
    _same_length([times, values], "the counts and their times", "counts.times")
    raw.counts = RawSeries("counts", times, values)


def _series(item: Measured, arrays: Arrays, field: str) -> RawSeries:
    columns = [_array(arrays, name, f"{field}.values") for name in item.values]
    for name, column in zip(item.values, columns, strict=True):
        if column.dtype.kind not in "buif":
            raise GlmError(
                f"'{name}' holds {column.dtype}, not numbers; name another array, or code it as numbers", field=f"{field}.values"
            )
    if len(columns) == 1:
        values = np.squeeze(columns[0])
        values = values.reshape(1) if values.ndim == 0 else values
        length = len(_numbers(arrays, item.times, f"{field}.times")) if item.times else len(values)
        if values.ndim == 2 and values.shape[0] != length and values.shape[1] == length:
            values = values.T
    else:
        columns = [np.ravel(column) for column in columns]
        _same_length(columns, item.name, f"{field}.values")
        values = np.column_stack(columns)
    times = _times(item, item.times, len(values), arrays, field)
    _same_length([times, values], f"{item.name} and its times", f"{field}.times")
    width = values.shape[1] if values.ndim == 2 else 0
    components = item.components or (tuple("xyz"[:width]) if width <= 3 else tuple(map(str, range(width))))
    if width and len(components) != width:
        raise GlmError(
            f"{item.name} has {width} components and {len(components)} names for them; give {width} names",
            field=f"{field}.components",
        )
    if item.scale != 1.0:
        values = values * item.scale
    return RawSeries(safe_name(item.name), times, values, item.unit, item.kind or None, components if width else ())


def _times(base: TimeBase, name: str, length: int, arrays: Arrays, field: str, *, centred: bool = False) -> np.ndarray:
    if name:
        return base.seconds(_numbers(arrays, name, f"{field}.times"), field)
    if base.rate is None:
        raise GlmError(
            f"field '{field}': has neither times nor a rate; name the array of times, or give the sampling rate",
            field=f"{field}.times",
        )
    return (np.arange(length) + (0.5 if centred else 0.0)) / base.rate + base.offset


def _get(arrays: Arrays, name: str, field: str) -> np.ndarray | list[np.ndarray]:
    if name not in arrays:
        have = ", ".join(list(arrays)[:20]) or "nothing"
        raise GlmError(f"field '{field}': there is no array or column '{name}'; the file holds: {have}", field=field)
    return arrays[name]


def _array(arrays: Arrays, name: str, field: str) -> np.ndarray:
    found = _get(arrays, name, field)
    if isinstance(found, list):
        raise GlmError(f"field '{field}': '{name}' is a cell array, where one array is needed; name another", field=field)
    return found


def _numbers(arrays: Arrays, name: str, field: str) -> np.ndarray:
    return _plain_numbers(_array(arrays, name, field), name, field)


def _plain_numbers(values: np.ndarray, name: str, field: str) -> np.ndarray:
    values = np.ravel(values)
    if values.dtype.kind not in "buif":
        raise GlmError(f"field '{field}': '{name}' holds {values.dtype}, not numbers; name another array", field=field)
    return values.astype(np.float64)


def _same_length(columns: list[np.ndarray], what: str, field: str) -> None:
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise GlmError(
            f"field '{field}': {what} differ in length ({', '.join(map(str, sorted(lengths)))}); name arrays that belong together",
            field=field,
        )


def references(recipe: Recipe) -> set[str]:
    """Every array that a recipe names."""
    named: set[str] = set()

    def visit(value: Any, key: str = "") -> None:
        if isinstance(value, dict):
            for inner, content in value.items():
                visit(content, inner)
        elif isinstance(value, list | tuple):
            for content in value:
                visit(content, key)
        elif isinstance(value, str) and key in ("times", "units", "values", "start", "stop", "properties"):
            named.add(value)

    visit(recipe.model_dump())
    return named - {""}
