"""What a recording shows before any model, as drawings: tuning and time spent, spikes on the path, intervals, spikes around events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.drawing import Images, Lines, Polar
from glmengine.recording.described.occupancy import visited
from glmengine.results.map_scale import is_true_to_scale
from glmgui.drawings.curves import Drawing, axis_of
from glmgui.drawings.series import TIME, Axis, Curve, Image

if TYPE_CHECKING:
    import xarray as xr

    from glmengine.recording.described.peri_event import PeriEvent

MOST_DOTS = 20_000
_TIMES = " \u00d7 "
_MOST_PATH = 100_000
_TOP = 0.99  # quantile of the rates of a map at which its colours end
_RATE_HELP = "Spikes in each bin over the time spent there. Blank: never visited. Bins that were hardly visited are pale and do not set the height of a curve."
_ERROR = "\u00b11 standard error"
_ERROR_HELP = "The standard error is the root of the number of spikes over the time; a bin without spikes has none."
_TIME_HELP = "Time spent in each bin: where there is little, the rate is uncertain."
_PATH_HELP = "Where the animal was, and where it was when the unit fired."
_INTERVALS_HELP = "How often each time passed between two spikes that follow each other. Very short ones are foreign spikes."
_EVENTS_HELP = "Mean rate over the events of each condition, with its standard error over events."
_RASTER_HELP = "A dot a spike, a row an event; the rows of one condition stand together."


def tuning_drawing(found: xr.Dataset, unit: str, *, polar: bool = True) -> Drawing:
    """The rate of one unit over one or two variables."""
    one, rate = found.sel(unit=unit), found["rate"].attrs
    value = Axis(str(rate["long_name"]), str(rate["unit"]))
    return _over_variables(
        "described_rate",
        f"{_names(found)}: {value.label} of unit {unit}",
        one["rate"],
        value,
        _RATE_HELP,
        polar,
        top=_TOP,
        error=one["error"],
        settled=visited(one["seconds"].values),
    )


def occupancy_drawing(found: xr.Dataset, *, polar: bool = False) -> Drawing:
    """The time spent in each bin of one or two variables."""
    return _over_variables(
        "described_beside", f"{_names(found)}: time spent", found["occupancy_s"], Axis("time spent", "s"), _TIME_HELP, polar
    )


def _names(found: xr.Dataset) -> str:
    return _TIMES.join(str(found[name].attrs["long_name"]) for name in found["occupancy_s"].dims)


def _over_variables(
    name: str,
    title: str,
    values: xr.DataArray,
    value: Axis,
    said: str,
    polar: bool,
    *,
    top: float = 1.0,
    error: xr.DataArray | None = None,
    settled: np.ndarray | None = None,
) -> Drawing:
    dims = [str(dim) for dim in values.dims]
    low = high_end = None
    if error is not None and len(dims) == 1 and np.isfinite(error.values).any():
        low, high_end = values.values - error.values, values.values + error.values
        said = f"{said} {_ERROR_HELP}"
    band = "" if low is None else _ERROR
    x_axis, x = axis_of(values, dims[0]), values[dims[0]].values
    if len(dims) == 1:
        if polar and values[dims[0]].attrs["kind"] == "angle":
            return Polar(name, title, x_axis, value, [Curve("", x, values.values, low, high_end, band=band)], said)
        x = x + 1 if x_axis.names else x  # categories that are counted from 0; names of an axis stand from 1 on
        look = "steps" if _is_even(x) else "dots"
        return Lines(
            name, title, x_axis, value, [Curve("", x, values.values, low, high_end, look=look, band=band, settled=settled)], said
        )
    numbers = values.values
    if name == "described_beside":  # blank here too where the animal never was
        numbers = np.where(numbers > 0, numbers, np.nan)
    finite = numbers[np.isfinite(numbers)]
    high = float(np.quantile(finite, top)) if finite.size else 0.0
    (x_axis, x), (y_axis, y) = (_cells(values, dim) for dim in dims)
    levels = (min(0.0, float(finite.min())), high) if high > 0 else None
    equal = is_true_to_scale(values[dims[0]], values[dims[1]])
    return Images(name, title, x_axis, y_axis, value, [Image("", x, y, numbers)], said, levels, equal)


def _is_even(x: np.ndarray) -> bool:
    """Whether values are as far apart everywhere, as bins are and single values need not be."""
    return len(x) > 1 and np.allclose(np.diff(x), x[1] - x[0])


def _cells(values: xr.DataArray, dim: str) -> tuple[Axis, np.ndarray]:
    """The axis of a map and the middles of its cells, which are of one width: single values are named."""
    axis, x = axis_of(values, dim), values[dim].values
    if _is_even(x) and not axis.names:
        return axis, x
    names = axis.names or tuple(f"{value:.6g}" for value in x)
    return Axis(axis.label, axis.unit, names), np.arange(1, len(x) + 1, dtype=float)


def path_drawing(found: xr.Dataset) -> Drawing:
    """Dots of one unit's spikes on the trace of one variable, or on the path over two."""
    names, units = [str(name) for name in found["variable"].values], found["path"].attrs["units"].split("\n")
    path, place = found["path"].values, found["place"].values
    axes = [Axis(name, unit) for name, unit in zip(names, units, strict=True)]
    every = max(1, -(-len(path) // _MOST_PATH))
    some = max(1, -(-len(place) // MOST_DOTS))
    title = f"Spikes of unit {found.attrs['unit']} on {_TIMES.join(names)}" + (f", one in {some}" if some > 1 else "")
    if len(names) == 1:
        lines = [
            Curve("", found["time_s"].values[::every], path[::every, 0], colour="data", width=1.0),
            Curve("spikes", found["spike_s"].values[::some], place[::some, 0], look="points", colour=1),
        ]
        return Lines("described_beside", title, TIME, axes[0], lines, _PATH_HELP)
    lines = [
        Curve("", path[::every, 0], path[::every, 1], colour="data", width=1.0),
        Curve("spikes", place[::some, 0], place[::some, 1], look="points", colour=1),
    ]
    return Lines("described_beside", title, axes[0], axes[1], lines, _PATH_HELP, equal=bool(units[0]) and units[0] == units[1])


def correlations_drawing(found: xr.Dataset, measure: str) -> Images:
    """The matrix of one measure (``explained`` or ``correlation``) of all pairs of covariates."""
    names = tuple(f"{number} {name}" for number, name in enumerate(found["variable"].values, 1))
    numbers = np.arange(1, len(names) + 1, dtype=float)
    line = measure == "correlation"
    value = Axis("correlation" if line else "share explained")
    axes = (Axis("covariate" if line else "explained by", names=names), Axis("", names=names))
    values = found[measure].values.copy()
    np.fill_diagonal(values, np.nan)
    said = (
        "How two covariates go together along a line; of angles with their sine and cosine."
        if line
        else "How much of the variance of the covariate on the left lies between groups of the one below, whatever the form."
    )
    levels = (-1.0, 1.0) if line else (0.0, 1.0)
    title = "Correlations of covariates" if line else "What covariates tell of each other"
    image = Image("", numbers, numbers, values.T)
    return Images(f"described_{measure}", title, *axes, value, [image], said, levels, diverging=line, numbered=True)


def intervals_drawing(found: xr.Dataset, unit: str) -> Lines:
    """The histogram of the intervals of one unit, in milliseconds."""
    one = found.sel(unit=unit)
    curve = Curve("", one["interval_s"].values * 1000, one["intervals"].values.astype(float), look="steps", colour="data")
    return Lines(
        "described_intervals",
        f"Intervals of unit {unit}",
        Axis("interval between spikes", "ms"),
        Axis("intervals"),
        [curve],
        _INTERVALS_HELP,
    )


@dataclass(frozen=True, eq=False)
class AroundEvents:
    """Raster and mean rates of one unit around events."""

    raster: Lines
    rates: Lines
    notes: tuple[str, ...]


def around_events(found: PeriEvent, unit: str, event: np.ndarray, offset: np.ndarray) -> AroundEvents:
    """Drawings of `peri_event` for one unit; `event` and `offset` (s) of each of its spikes are those of `spikes_around`."""
    name = str(found.rates.attrs["event"])
    conditions, labels = [str(one) for one in found.rates["condition"].values], found.events["condition"].values
    order = np.concatenate([np.flatnonzero(labels == condition) for condition in conditions])
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(1, len(order) + 1)
    x_axis = Axis(f"time from {name}", "s")
    some = max(1, -(-len(event) // MOST_DOTS))
    event, offset = event[::some], offset[::some]
    several = len(conditions) > 1
    dots, means = [], []
    for colour, condition in enumerate(conditions):
        own = labels[event] == condition
        title = condition if several else ""
        dots.append(Curve(title, offset[own], row[event[own]].astype(float), look="points", colour=colour))
        one = found.rates.sel(unit=unit, condition=condition)
        mean, error = one["rate"].values, one["error"].values
        label = f"{condition} ({int(one['events'])})" if several else ""
        means.append(Curve(label, one["time_s"].values, mean, mean - error, mean + error, colour=colour))
    rate = found.rates["rate"].attrs
    thinned = f", one spike in {some}" if some > 1 else ""
    raster = Lines("described_raster", f"Spikes of unit {unit} around {name}{thinned}", x_axis, Axis("event"), dots, _RASTER_HELP)
    rates = Lines(
        "described_rates",
        f"Mean {rate['long_name']} of unit {unit} around {name}",
        x_axis,
        Axis(str(rate["long_name"]), str(rate["unit"])),
        means,
        _EVENTS_HELP,
    )
    return AroundEvents(raster, rates, found.notes)
