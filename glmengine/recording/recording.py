"""A recording: units, covariates, epochs, trials and events, immutable once opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from glmengine.argument_kinds import takes_only_its_kinds
from glmengine.errors import GlmError
from glmengine.recording.stored import StoredSeries
from glmengine.sentences import listed
from glmengine.timegrid.counts import bin_width
from glmengine.timegrid.sampling import usual_step

if TYPE_CHECKING:
    import pandas as pd
    import pynapple as nap

Kind = Literal["continuous", "angle", "step", "category"]


class _Data:
    """The series of a covariate; one that stays in its file is read when it is asked for."""

    def __get__(self, covariate: Covariate | None, owner: type) -> Any:
        if covariate is None:
            raise AttributeError("data")  # no default
        series = covariate.__dict__["series"]
        return series.load() if isinstance(series, StoredSeries) else series

    def __set__(self, covariate: Covariate, value: Any) -> None:
        covariate.__dict__["series"] = value


@dataclass(frozen=True)
class Covariate:
    """One measured quantity over time, with its unit.

    Attributes
    ----------
    name : str
    data : Tsd, TsdFrame or TsdTensor
        Times in seconds; a frame's columns are its components. A `StoredSeries` may be given in its place: it is then read whenever
        this is asked for, while `stored`, `n_samples`, `seen` and the other properties need no reading.
    unit : str
        Unit of measure as the user should read it (``"cm"``, ``"rad"``), empty where unknown.
    kind : {"continuous", "angle", "step", "category"}
        How it is brought to bins: averaged or interpolated; the same on the circle (radians); the last value.
    description : str
    """

    name: str
    data: nap.Tsd | nap.TsdFrame | nap.TsdTensor = _Data()  # a descriptor, which gives no default
    unit: str = ""
    kind: Kind = "continuous"
    description: str = ""

    @property
    def stored(self) -> StoredSeries | None:
        """Where it stays in its file, None where it is in memory."""
        series = self.__dict__["series"]
        return series if isinstance(series, StoredSeries) else None

    @property
    def n_samples(self) -> int:
        return len(self.__dict__["series"])

    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (n,) and values (n, ...) that say what it is like: all of them, or of a stored series some from everywhere in it."""
        if self.stored is not None:
            return self.stored.seen
        return np.asarray(self.data.t), np.asarray(self.data.values)

    @cached_property
    def period(self) -> float:
        """Seconds between samples that follow each other without a gap; NaN with fewer than two samples."""
        return self.stored.period if self.stored is not None else usual_step(np.diff(self.data.t))

    @cached_property
    def components(self) -> tuple[str, ...]:
        """Names of the components, empty for a plain series."""
        if self.stored is not None:
            return self.stored.components
        if self.data.ndim == 1:
            return ()
        if self.data.ndim == 2:
            return tuple(str(column) for column in self.data.columns)
        return tuple(",".join(map(str, index)) for index in np.ndindex(self.data.shape[1:]))

    @property
    def variables(self) -> tuple[str, ...]:
        """References to its one-dimensional series: its name, or ``name.component`` for each component."""
        return tuple(f"{self.name}.{component}" for component in self.components) or (self.name,)


_BLOCK = 1 << 22  # numbers that are summed at a time


def _known_in_columns(values: np.ndarray) -> np.ndarray:
    """(M,) values of each column (T, M) that are not missing."""
    if values.dtype.kind != "f":
        return np.full(values.shape[1], len(values))
    return np.array([np.isfinite(values[:, column]).sum() for column in range(values.shape[1])])


def _column_sums(values: np.ndarray) -> np.ndarray:
    """(M,) sums of known values (T, M), without a copy of an hour of milliseconds as floats."""
    step = max(1, _BLOCK // max(values.shape[1], 1))
    add = np.nansum if values.dtype.kind == "f" else np.sum
    return sum(
        (add(values[first : first + step], axis=0, dtype=np.float64) for first in range(0, len(values), step)),
        np.zeros(values.shape[1]),
    )


@dataclass(frozen=True, eq=False)
class Session:
    """One of several recordings that were joined.

    Attributes
    ----------
    name : str
        Also the name of the epoch that it fills.
    recording : Recording
        As it was opened, on its own time axis.
    shift : float
        Seconds that were added to its times.
    """

    name: str
    recording: Recording
    shift: float = 0.0

    @property
    def span(self) -> tuple[float, float]:
        """Its first and last moment on the joined time axis, in seconds."""
        pieces = self.recording.epochs["all"].values
        return float(pieces[0, 0]) + self.shift, float(pieces[-1, 1]) + self.shift


_BY_NAME = ("covariates", "epochs", "trials", "events", "source", "recorded")


@dataclass(frozen=True)
class Recording:
    """What was recorded, as plain data.

    Attributes
    ----------
    name : str
        Short name, as a rule the file's.
    spikes : TsGroup, optional
        Spike times in seconds, keyed 0..M-1 in the order of `unit_names`. Exactly one of `spikes` and `counts` is given.
    counts : TsdFrame, optional
        Units that come binned already: whole numbers per bin, one column a unit (or any numbers, for calcium).
    unit_names : tuple of str
    unit_table : DataFrame
        One row a unit, index `unit_names`: region, quality, electrode and whatever else the file says.
    covariates : mapping of str to Covariate
    epochs : mapping of str to IntervalSet
        Named stretches of time (seconds); always holds ``"all"``, the whole recording.
    trials : mapping of str to IntervalSet
        Tables of trials; their properties are the set's metadata columns.
    events : mapping of str to Ts
    notes : tuple of str
        What was repaired, left out or doubtful at opening, one sentence each.
    path : Path, optional
        The file or folder it came from.
    sha256 : str
        Hash of that file's bytes (of a folder: of its files' names and bytes in order), empty where made in memory. Of a file of more
        than 512 MB its size and 128 evenly spaced MB stand for the whole: a change elsewhere is not noticed.
    source : mapping of str to object
        What else was used to open it (the recipe), so that it can be opened again.
    sessions : tuple of Session
        The recordings that this one was joined from, in the order of time; empty for any other. See `glmengine.join_recordings`.
    recorded : mapping of str to IntervalSet
        When a unit was recorded, for those that were not recorded all the time; elsewhere its counts are missing, not zero.
    """

    name: str
    unit_names: tuple[str, ...]
    spikes: nap.TsGroup | None = None
    counts: nap.TsdFrame | None = None
    unit_table: pd.DataFrame | None = None
    covariates: Mapping[str, Covariate] = field(default_factory=dict)
    epochs: Mapping[str, nap.IntervalSet] = field(default_factory=dict)
    trials: Mapping[str, nap.IntervalSet] = field(default_factory=dict)
    events: Mapping[str, nap.Ts] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    path: Path | None = None
    sha256: str = ""
    source: Mapping[str, object] = field(default_factory=dict)
    sessions: tuple[Session, ...] = ()
    recorded: Mapping[str, nap.IntervalSet] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.spikes is None) == (self.counts is None):
            raise GlmError(f"{self.name}: a recording holds either spike times or counts; give exactly one")
        for name in _BY_NAME:
            if not isinstance(getattr(self, name), Mapping):
                raise GlmError(
                    f"{self.name}: {name} is a {type(getattr(self, name)).__name__}; give a dictionary of them by name"
                )
        for name, has in (("unit_names", "__len__"), ("spikes", "__len__"), ("counts", "shape")):
            value = getattr(self, name)
            if (value is not None or name == "unit_names") and not hasattr(value, has):
                raise GlmError(
                    f"{self.name}: {name} is {value!r:.60}; give a list of names, a TsGroup of spikes or a frame of counts"
                )
        n_units = len(self.spikes) if self.spikes is not None else self.counts.shape[1]
        if n_units != len(self.unit_names):
            raise GlmError(f"{self.name}: {len(self.unit_names)} unit names for {n_units} units; give one name each")
        if "all" not in self.epochs:
            raise GlmError(f"{self.name}: the epoch 'all' (the whole recording) is missing; add it")
        for name in _BY_NAME:
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __reduce__(self) -> tuple[type[Recording], tuple[object, ...]]:
        """What another process makes it anew from: read-only mappings do not travel, dictionaries do."""
        parts = (getattr(self, one.name) for one in fields(self))
        return type(self), tuple(dict(part) if isinstance(part, MappingProxyType) else part for part in parts)

    @property
    def duration(self) -> float:
        """Length of the epoch ``all``, in seconds, without gaps."""
        return float(self.epochs["all"].tot_length("s"))

    @takes_only_its_kinds
    def session_of(self, times: np.ndarray) -> np.ndarray:
        """(N,) number of the session that each time (s) lies in or, between two, that came before it; 0 where there is only one."""
        if not self.sessions:
            return np.zeros(len(times), dtype=np.int64)
        starts = np.array([session.span[0] for session in self.sessions])
        return np.maximum(np.searchsorted(starts, np.asarray(times) + 1e-6, side="right") - 1, 0)

    @cached_property
    def mean_rates(self) -> np.ndarray:
        """(M,) spikes of each unit per second in which it was recorded, Hz; of binned counts, per second of the bins that are there."""
        if self.spikes is not None:
            spikes = np.array([len(self.spikes[column]) for column in range(len(self.unit_names))], dtype=np.float64)
        else:
            spikes = _column_sums(np.asarray(self.counts.values))
            width = bin_width(np.asarray(self.counts.t))
            if np.isfinite(width):
                with np.errstate(divide="ignore", invalid="ignore"):
                    return spikes / (width * _known_in_columns(np.asarray(self.counts.values)))
        parts = self.recorded
        seconds = [float(parts[name].tot_length("s")) if name in parts else self.duration for name in self.unit_names]
        with np.errstate(divide="ignore", invalid="ignore"):
            return spikes / np.array(seconds)

    @cached_property
    def variables(self) -> Mapping[str, tuple[Covariate, int | None]]:
        """Every one-dimensional series by reference (``"speed"``, ``"position.x"``), with its column."""
        found: dict[str, tuple[Covariate, int | None]] = {}
        for covariate in self.covariates.values():
            if covariate.components:
                found |= {ref: (covariate, column) for column, ref in enumerate(covariate.variables)}
            else:
                found[covariate.name] = (covariate, None)
        return MappingProxyType(found)

    @takes_only_its_kinds
    def variable(self, reference: str, *, field: str = "") -> Covariate:
        """One series by reference, as a one-dimensional `Covariate`.

        Raises
        ------
        GlmError
            If the recording has none of that name; the sentence lists those that it has.
        """
        if reference not in self.variables:
            if reference in self.covariates:
                hint = listed(self.covariates[reference].variables)
                raise GlmError(f"{self.name}: covariate '{reference}' has several components; choose one of {hint}", field=field)
            have = listed(self.variables) or "none"
            raise GlmError(f"{self.name}: no covariate '{reference}'; this recording has: {have}", field=field)
        covariate, column = self.variables[reference]
        if column is None:
            return covariate
        if covariate.stored is not None:
            return replace(covariate, name=reference, data=covariate.stored.only(column))
        import pynapple as nap

        values = np.asarray(covariate.data.values).reshape(len(covariate.data), -1)[:, column]
        series = nap.Tsd(t=covariate.data.t, d=values, time_support=covariate.data.time_support)
        return replace(covariate, name=reference, data=series)

    @takes_only_its_kinds
    def with_covariates(self, *extra: Covariate) -> Recording:
        """The same recording with more covariates (derived ones); a name that exists is replaced."""
        return replace(self, covariates={**self.covariates, **{covariate.name: covariate for covariate in extra}})

    @takes_only_its_kinds
    def with_epochs(self, name: str, intervals: nap.IntervalSet) -> Recording:
        """The same recording with one more named epoch (a derived one); a name that exists is replaced."""
        return replace(self, epochs={**self.epochs, name: intervals})
