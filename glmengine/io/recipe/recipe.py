"""Recipes: the roles of the arrays of a file without a standard, as a small TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from pydantic import model_validator

from glmengine.errors import GlmError
from glmengine.io.files.plain_text import toml_file, toml_in
from glmengine.io.files.whole import write_whole
from glmengine.spec import Spec, param

FORMAT_VERSION = 1

Arrays = Mapping[str, "np.ndarray | list[np.ndarray]"]
"""What a file holds, by name; a list is a cell array, one entry a unit."""

TimeUnit = Literal["s", "ms", "us", "ns", "min", "d", "samples"]
COLUMN = re.compile(r"\[(\d+)\]$")
"""Behind the name of an array with rows and columns: one of its columns, counted from 0."""

SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "d": 86_400.0}


REFERRING = frozenset({"times", "units", "values", "start", "stop", "properties", "more", "names", "kinds", "signals", "trial"})
"""Fields of a recipe that name arrays."""


class TimeBase(Spec):
    """How numbers in the file become seconds."""

    time_unit: TimeUnit = param(
        "s",
        title="Time unit",
        help="What the times in the file are counted in; d are days, as spreadsheets and MATLAB's datenum count.",
    )
    rate: float | None = param(
        None,
        title="Sampling rate",
        help="Samples per second; needed for times in samples and for arrays without times.",
        unit="Hz",
        gt=0,
        guessed="rate_guessed",
    )
    rate_guessed: float | None = param(
        None,
        title="Sampling rate guessed",
        help="Nothing in the file says at what rate this was sampled, so that all its times may be wrong: give the rate.",
        unit="Hz",
        hidden=True,
    )
    offset: float = param(0.0, title="Offset", help="Added to every time, to bring clocks together.", unit="s", advanced=True)

    @property
    def rate_is_guess(self) -> bool:
        """Whether the sampling rate is still the one that a draft guessed."""
        return self.rate is not None and self.rate == self.rate_guessed

    def seconds(self, values: np.ndarray, field: str) -> np.ndarray:
        """Times of the file in seconds.

        Raises
        ------
        GlmError
            If they are in samples and the sampling rate is not given.
        """
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
        title="Spike times",
        help="Array or column of spike times; a cell array holds one unit in each cell.",
        min_length=1,
        choices="arrays",
    )
    units: str = param(
        "",
        title="Unit (neuron) of each spike",
        help="Array or column that says which unit fired; one unit where empty.",
        choices="arrays",
    )
    more: tuple[str, ...] = param(
        (),
        title="Further units",
        help="Arrays of spike times of further units, where each unit has an array of its own.",
        choices="arrays",
        advanced=True,
    )
    names: str = param(
        "", title="Names of the units", help="Array with a name or number for each unit.", choices="arrays", advanced=True
    )
    properties: tuple[str, ...] = param(
        (),
        title="Properties of the units",
        help="Arrays with a value for each unit or spike: region, shank, quality.",
        choices="arrays",
        advanced=True,
    )


class Counts(TimeBase):
    """Where counts that are binned already are: one column a unit."""

    values: tuple[str, ...] = param(
        title="Counts or signals",
        help="One array with a column for each unit, or one column of the file for each unit.",
        min_length=1,
        choices="arrays",
    )
    times: str = param("", title="Bin centres", help="Array of the bins' centres; none where a rate is given.", choices="arrays")
    units_first: bool = param(False, title="Units first", help="The array has a row for each unit, not a column.")


class Measured(TimeBase):
    """A covariate: what was measured over time."""

    name: str = param(title="Name", help="What to call it.", min_length=1)
    values: tuple[str, ...] = param(
        title="Values", help="One array for each component (x and y).", min_length=1, choices="arrays"
    )
    components: tuple[str, ...] = param(
        (), title="Components", help="Names of the components; x, y, z where empty and there are several.", advanced=True
    )
    times: str = param("", title="Times", help="Array of sample times; none where a rate is given.", choices="arrays")
    unit: str = param("", title="Unit of measure", help="Of the values after scaling: cm, pixels, deg, rad.")
    kind: Literal["", "continuous", "angle", "step", "category"] = param(
        "",
        title="Kind",
        help="How it is brought to bins; found from unit and name where empty.",
        empty="from unit and name",
        advanced=True,
    )
    missing: tuple[float, ...] = param(
        (),
        title="Missing",
        help="Numbers that stand for samples that were lost, as 0 or 1023 where tracking saw nothing.",
        advanced=True,
    )
    scale: float = param(1.0, title="Scale", help="Every value is multiplied by this.", advanced=True)


class Stretches(TimeBase):
    """Epochs or trials: arrays of starts and stops."""

    name: str = param(title="Name", help="What to call it.", min_length=1)
    start: str = param(title="Start", help="Array or column of starts; left out where empty.", choices="arrays")
    stop: str = param(
        "", title="Stop", help="Array or column of stops; where empty each lasts until the next one starts.", choices="arrays"
    )
    properties: tuple[str, ...] = param(
        (), title="Properties", help="Columns that describe each trial.", choices="arrays", advanced=True
    )


class Happenings(TimeBase):
    """Events: an array of times."""

    name: str = param(title="Name", help="What to call them.", min_length=1)
    times: str = param(title="Times", help="Array or column of times; left out where empty.", choices="arrays")
    kinds: str = param(
        "",
        title="Kind of each",
        help="Array or column that says which event it is; the events of each kind are then called after it.",
        choices="arrays",
    )


class ByTrial(TimeBase):
    """Arrays with an entry for each trial, in which time begins anew; the rest of the recipe has them on one time line, in seconds."""

    times: tuple[str, ...] = param(
        (),
        title="Times within trials",
        help="Arrays of spike times, or of other moments, that count from the beginning of their trial: a cell, a row or a number for each trial. "
        "A matrix of cells has units along one side and trials along the other.",
        choices="arrays",
    )
    signals: tuple[str, ...] = param(
        (),
        title="Signals within trials",
        help="Arrays of what was measured or counted over each trial at the sampling rate: a cell or a row for each trial.",
        choices="arrays",
    )
    trial: str = param(
        "",
        title="Trial of each time",
        help="Array or column that says in which trial each time lies, where those of all trials stand in one array.",
        choices="arrays",
    )
    stop: str = param(
        "",
        title="End of each trial",
        help="Array of when each trial ends, counted as its times are; where empty it ends with its signals, or with the last time of them all.",
        choices="arrays",
    )
    start: str = param(
        "",
        title="Start in the session",
        help="Array of when each trial's time 0 was in the session; where empty trials are put one behind another.",
        choices="arrays",
    )
    begin: float = param(
        0.0,
        title="Trials begin at",
        help="Where in its own time each trial begins: -0.5 where times count from a stimulus half a second later.",
        unit="s",
    )
    pause: float = param(
        1.0,
        title="Pause between trials",
        help="Time between trials that are put one behind another; it counts as not recorded.",
        unit="s",
        gt=0,
        advanced=True,
    )


class Recipe(Spec):
    """What the arrays of a file are."""

    format_version: Literal[1] = FORMAT_VERSION
    title: str = param("", title="Title", help="Free text.")
    file: str = param(
        "",
        title="Recording",
        help="The file that the recipe was made for, where it names others beside it: for another recording their names follow its name.",
        advanced=True,
    )
    first_number: Literal[0, 1] = param(
        0,
        title="First number",
        help="From which units and components without a name are numbered: from 1 as MATLAB counts, or from 0 as Python does.",
        advanced=True,
    )
    by_trial: ByTrial | None = param(
        None, title="Trial by trial", help="What the file holds trial by trial, with times from the beginning of each."
    )
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
            return cls._checked(toml_file(path), path.name)
        except OSError as error:
            raise GlmError(
                f"{path.name}: the recipe cannot be read ({error.strerror}); check the path and its permissions"
            ) from error

    @classmethod
    def from_toml(cls, text: str, where: str = "recipe") -> Recipe:
        """Build from TOML; `where` names it in errors, which are those of `load`."""
        return cls._checked(toml_in(text, where), where)

    @classmethod
    def _checked(cls, data: dict[str, Any], where: str) -> Recipe:
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


def references(recipe: Recipe) -> set[str]:
    """Every array that a recipe names."""
    return names_in(recipe)


def names_in(part: Spec) -> set[str]:
    """Every array that a recipe, or a part of one, names."""
    named: set[str] = set()

    def visit(value: Any, key: str = "") -> None:
        if isinstance(value, dict):
            for inner, content in value.items():
                visit(content, inner)
        elif isinstance(value, list | tuple):
            for content in value:
                visit(content, key)
        elif isinstance(value, str) and key in REFERRING:
            named.add(value)

    visit(part.model_dump())
    return named - {""}


Part = TypeVar("Part", Measured, Stretches, Happenings)


def in_file(part: Part, file: str) -> Part:
    """A part of a recipe whose arrays are those of a further file, by its name."""

    def placed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(placed(one) for one in value)
        return f"{file}:{value}" if value else value

    return part.with_(**{field: placed(getattr(part, field)) for field in REFERRING & set(type(part).model_fields)})
