"""Tuning curves and filters of one unit, and the coupling of all, as drawings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.drawing import Drawing, FigureOf, Images, Lines, Polar
from glmengine.recording.described.occupancy import visited
from glmengine.results.map_scale import is_true_to_scale
from glmgui.drawings.series import RATE, Axis, Curve, Image

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Drawing", "Images", "Lines", "Polar", "axis_of", "kernels", "lags_of", "pairs", "tuning"]

_MOST_SOURCES = 5
_TUNING_HELP = "Mean rate in bins of the variable, over the same bins of time: as recorded, and as the whole model predicts it, with its 95 % band. Bins that were hardly visited are pale and do not set the height."
_PLACE_HELP = "Mean rate where the animal was, as recorded and as the whole model predicts it, on one colour scale; the few bins above its end have its last colour. Blank: never visited."
_EFFECT_HELP = "The rate that the model predicts with every other term at its mean contribution, with its 95 % band."
_BOOTSTRAP_HELP = "From stretches of time drawn again: each point lies in its band in 95 % of cases, and the whole curve in the wide one. They hold where bins are not independent."
_FILTER_HELP = "How much a spike, or one unit of a signal, changes the log of the rate, by the time that has passed since. Above zero it raises the rate, below it lowers it."
_EVENT_HELP = "How the log of the rate differs around an event, by the time from it: negative before, positive after. A scaled kernel is what one unit of the value adds."
_COUPLING_HELP = (
    "Each cell is what the spikes of one unit do to another, summed over the filter. Above zero: they raise its rate."
)


def axis_of(array: xr.DataArray | xr.Dataset, name: str) -> Axis:
    """The axis that a coordinate describes."""
    attributes = array[name].attrs
    names = tuple(str(attributes.get("names", "")).splitlines())
    return Axis(str(attributes.get("long_name", name)), str(attributes.get("unit", "")), names=names)


def lags_of(filters: xr.Dataset) -> tuple[Axis, np.ndarray]:
    """The axis of the time since a spike or an event, and the lags: in milliseconds, as in figures for paper."""
    return replace(axis_of(filters, "lag_s"), unit="ms"), 1000.0 * np.asarray(filters["lag_s"].values, float)


def tuning(label: str, curves: xr.Dataset, unit: str, drawn: xr.Dataset | None = None) -> list[Drawing]:
    """What a term over covariates found for a unit: data and model, and the term's effect alone; with the bands of a bootstrap where there
    is one (`drawn`)."""
    one = curves.sel(unit=unit)
    variables = [str(name) for name in one["effect_hz"].dims]
    if len(variables) == 1:
        lines = _tuning_lines(label, one, variables[0])
        return lines if drawn is None else [lines[0], bootstrap_effect(label, curves, drawn, unit)]
    if len(variables) == 2:
        if drawn is not None:
            own = drawn.sel(unit=unit)
            one = one.assign(effect_low=own["low_hz"], effect_high=own["high_hz"])
        return _tuning_images(label, one, *variables, "" if drawn is None else ", bootstrap limits")
    return []


def bootstrap_effect(label: str, curves: xr.Dataset, drawn: xr.Dataset, unit: str) -> Lines:
    """The effect of a term over one variable with its bootstrap bands: of each point, and of the whole curve."""
    one, own = curves.sel(unit=unit), drawn.sel(unit=unit)
    variable = str(own["effect_hz"].dims[0])
    x_axis, x = axis_of(one, variable), one[variable].values
    if x_axis.names:
        x = x + 1
    bands = _two_bands(x, own["effect_hz"].values, *(own[key].values for key in _ENDS_HZ))
    title = f"{label}: effect alone, bootstrap bands"
    return Lines(f"effect_{label}", title, x_axis, _rate_axis(one), bands, _BOOTSTRAP_HELP, cut_bands=True)


_ENDS = ("low", "high", "low_simultaneous", "high_simultaneous")
_ENDS_HZ = tuple(f"{end}_hz" for end in _ENDS)


def _two_bands(
    x: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray, lowest: np.ndarray, highest: np.ndarray
) -> list[Curve]:
    return [
        Curve("whole curve, 95 %", x, y, lowest, highest, colour=0),
        Curve("each point, 95 %", x, y, low, high, colour=2),
    ]


def _tuning_lines(label: str, one: xr.Dataset, variable: str) -> list[Drawing]:
    x_axis, x = axis_of(one, variable), one[variable].values
    if x_axis.names:  # categories that are counted from 0; names of an axis stand from 1 on
        x = x + 1
    both = [
        Curve(
            "data", x, one["data_hz"].values, look="steps", colour="data", width=1.5, settled=visited(one["occupancy_s"].values)
        ),
        Curve("model, 95 % band", x, one["tuning_hz"].values, one["tuning_low"].values, one["tuning_high"].values),
    ]
    effect = Curve("effect", x, one["effect_hz"].values, one["effect_low"].values, one["effect_high"].values, colour=2)
    return [
        Lines(
            f"tuning_{label}",
            f"{label}: data and model",
            x_axis,
            _rate_axis(one),
            both,
            _TUNING_HELP,
            cut_bands=True,
            figure=FigureOf("tuning", str(one["unit"].item()), label),
        ),
        Lines(
            f"effect_{label}",
            f"{label}: effect alone, 95 % band",
            x_axis,
            _rate_axis(one),
            [effect],
            _EFFECT_HELP,
            cut_bands=True,
            figure=FigureOf("tuning", str(one["unit"].item()), label, effect=True),
        ),
    ]


def _tuning_images(label: str, one: xr.Dataset, first: str, second: str, limits: str) -> list[Drawing]:
    x_axis, y_axis = axis_of(one, first), axis_of(one, second)
    rate = _rate_axis(one)
    x, y = one[first].values, one[second].values

    equal = is_true_to_scale(one[first], one[second])

    def image(title: str, key: str) -> Image:
        return Image(title, x, y, one[key].transpose(first, second).values)

    pair = [image("data", "data_hz"), image("model", "tuning_hz")]
    effect = [image("lower 95 % limit", "effect_low"), image("effect", "effect_hz"), image("upper 95 % limit", "effect_high")]
    effect = [one for one in effect if one.title == "effect" or np.isfinite(one.values).any()]  # a stopped fit has no limits
    return [
        Images(
            f"tuning_{label}",
            f"{label}: data and model",
            x_axis,
            y_axis,
            rate,
            pair,
            _PLACE_HELP,
            _pair_levels(one),
            equal,
            figure=FigureOf("tuning", str(one["unit"].item()), label),
        ),
        Images(
            f"effect_{label}",
            f"{label}: effect alone{limits}",
            x_axis,
            y_axis,
            rate,
            effect,
            _EFFECT_HELP,
            _effect_levels(one),
            equal,
            figure=FigureOf("tuning", str(one["unit"].item()), label, effect=True),
        ),
    ]


def _rate_axis(one: xr.Dataset) -> Axis:
    """What is observed per second, as the result calls it: a rate in Hz, or the activity of a signal."""
    said = one["data_hz"].attrs
    return Axis(str(said.get("long_name", RATE.label)).removeprefix("observed "), str(said.get("unit", RATE.unit)))


def _pair_levels(one: xr.Dataset) -> tuple[float, float] | None:
    """Colours for data and model alike that single bins, visited for a moment, do not stretch."""
    tops = []
    for key, share in (("data_hz", 0.98), ("tuning_hz", 0.995)):
        finite = one[key].values[np.isfinite(one[key].values)]
        tops += [float(np.quantile(finite, share))] if finite.size else []
    return (0.0, max(tops)) if tops and max(tops) > 0 else None


def _effect_levels(one: xr.Dataset) -> tuple[float, float] | None:
    """Colours that fit the effect itself: an upper limit can be huge where there are few data."""
    values = one["effect_hz"].values
    finite = values[np.isfinite(values)]
    if not finite.size or finite.max() <= finite.min():
        return None
    return min(0.0, float(finite.min())), 1.25 * float(finite.max())


def kernels(label: str, filters: xr.Dataset, unit: str, drawn: xr.Dataset | None = None) -> list[Drawing]:
    """The filters over the past that a unit has in a term: one line, or the strongest of those from many sources and all as an image; with
    the bands of a bootstrap where there is one (`drawn`)."""
    one = filters.sel(unit=unit)
    lag, lags = lags_of(one)
    log_rate = Axis(str(one["filter"].attrs.get("unit", "log rate")))
    sources = [str(name) for name in one["filter"].dims if name != "lag_s"]
    if not np.isfinite(one["filter"].values).any():
        return []
    figure = FigureOf("filter", unit, label)
    said = _EVENT_HELP if lag.label.startswith("time relative") else _FILTER_HELP
    if not sources and drawn is not None:
        own = drawn.sel(unit=unit)
        bands = _two_bands(lags, one["filter"].values, *(own[key].values for key in _ENDS))
        title = f"{label}: filter, bootstrap bands"
        return [Lines(f"filter_{label}", title, lag, log_rate, bands, _BOOTSTRAP_HELP, level=True)]
    if not sources:
        curve = Curve("filter", lags, one["filter"].values, one["low"].values, one["high"].values)
        return [Lines(f"filter_{label}", f"{label}: filter, 95 % band", lag, log_rate, [curve], said, level=True, figure=figure)]
    if drawn is not None:
        own = drawn.sel(unit=unit)
        one = one.assign(low=own["low"], high=own["high"])
    values, low, high = (one[key].transpose("lag_s", sources[0]).values for key in ("filter", "low", "high"))
    names = [str(name) for name in one[sources[0]].values]
    strength = np.nan_to_num(np.abs(values)).max(axis=0)
    strongest = [at for at in np.argsort(-strength) if strength[at] > 0][:_MOST_SOURCES]
    if sources[0] != "source":  # conditions keep their order, and their colours from unit to unit
        strongest.sort()
    curves = [
        Curve(
            f"from {names[at]}" if sources[0] == "source" else names[at],
            lags,
            values[:, at],
            low[:, at],
            high[:, at],
            colour=colour if sources[0] == "source" else int(at),
        )
        for colour, at in enumerate(strongest)
    ]
    few = len(curves) == np.isfinite(values).any(axis=0).sum()
    title = f"{label}: filters" if few else f"{label}: the {len(curves)} strongest filters"
    drawings: list[Drawing] = [
        Lines(
            f"filter_{label}",
            f"{title}, 95 % {'bootstrap ' if drawn is not None else ''}bands",
            lag,
            log_rate,
            curves,
            said,
            level=True,
            figure=figure,
        )
    ]
    if len(names) > 1 and sources[0] == "source":
        number = Axis("from unit", names=tuple(names))
        image = Image("", lags, np.arange(1, len(names) + 1, dtype=float), values)
        title = f"{label}: filters from every unit"
        drawings.append(
            Images(f"filters_{label}", title, lag, number, log_rate, [image], _FILTER_HELP, diverging=True, figure=figure)
        )
    return drawings


def pairs(coupling: xr.Dataset) -> list[Drawing]:
    """Strength of coupling between every pair of units."""
    strength = coupling["strength"]
    source = next(str(name) for name in strength.dims if name != "unit")
    values = strength.transpose(source, "unit").values
    value_axis = Axis("summed filter", str(strength.attrs.get("unit", "")))
    numbers = [np.arange(1, count + 1, dtype=float) for count in values.shape]
    axes = [
        Axis(f"{word} unit", names=tuple(map(str, coupling[name].values))) for word, name in (("from", source), ("to", "unit"))
    ]
    return [
        Images(
            "coupling",
            "Coupling of all pairs",
            *axes,
            value_axis,
            [Image("", *numbers, values)],
            _COUPLING_HELP,
            diverging=True,
            figure=FigureOf("coupling"),
        )
    ]
