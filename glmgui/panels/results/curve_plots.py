"""Plots of one unit's tuning curves, filters and coupling, drawn from the labelled arrays of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmgui.plots import RATE, Axis, Curve, Image, ImagePlot, LinePlot, Plot

if TYPE_CHECKING:
    import xarray as xr

_LOG_RATE = Axis("log rate per spike")
_LENGTHS = ("m", "cm", "mm", "px", "pixel", "pixels")


def axis_of(array: xr.DataArray, name: str) -> Axis:
    """The axis that a coordinate describes."""
    attributes = array[name].attrs
    return Axis(str(attributes.get("long_name", name)), str(attributes.get("unit", "")))


def tuning_plots(label: str, curves: xr.Dataset, unit: str) -> list[Plot]:
    """What a term over covariates found for a unit: one plot for data and model, one for the term's effect alone."""
    one = curves.sel(unit=unit)
    variables = [name for name in one["effect_hz"].dims if name != "unit"]
    if len(variables) == 1:
        return _tuning_lines(label, one, str(variables[0]))
    if len(variables) == 2:
        return _tuning_images(label, one, str(variables[0]), str(variables[1]))
    return []


def _tuning_lines(label: str, one: xr.Dataset, variable: str) -> list[Plot]:
    x_axis, x = axis_of(one, variable), one[variable].values
    tuning = LinePlot(f"{label}: data and model", x_axis, RATE, mouse=False, name=f"tuning_{label}")
    shown = []
    if "data_hz" in one:
        shown.append(_curve("data", x, one, "data_hz", None, look="steps", colour="data", width=1.5))
    if "tuning_hz" in one:
        shown.append(_curve("model", x, one, "tuning_hz", "tuning"))
    if shown:
        tuning.set_curves(shown)
    tuning.setToolTip(
        "Mean rate in bins of the variable, over the same bins of time: as recorded, and as the whole model predicts it."
    )
    effect = LinePlot(f"{label}: effect of this term alone", x_axis, RATE, mouse=False, name=f"effect_{label}")
    effect.set_curves([_curve("effect with 95 % band", x, one, "effect_hz", "effect", colour=2)])
    effect.setToolTip("The rate that the model predicts with every other term at its mean contribution, with its 95 % band.")
    return [tuning, effect] if shown else [effect]


def _curve(name: str, x: np.ndarray, one: xr.Dataset, value: str, band: str | None, **looks: object) -> Curve:
    low = high = None
    if band is not None and f"{band}_low" in one:
        low, high = one[f"{band}_low"].values, one[f"{band}_high"].values
    return Curve(name, x, one[value].values, low, high, **looks)


def _tuning_images(label: str, one: xr.Dataset, first: str, second: str) -> list[Plot]:
    x_axis, y_axis = axis_of(one, first), axis_of(one, second)
    equal = x_axis.unit == y_axis.unit and x_axis.unit.lower() in _LENGTHS
    x, y = one[first].values, one[second].values

    def images(*parts: tuple[str, str]) -> list[Image]:
        return [Image(title, x, y, one[key].transpose(first, second).values) for title, key in parts if key in one]

    made: list[Plot] = []
    pair = images(("data", "data_hz"), ("model", "tuning_hz"))
    if pair:
        tuning = ImagePlot(f"{label}: data and model", x_axis, y_axis, RATE, equal=equal, mouse=False, name=f"tuning_{label}")
        tuning.set_images(pair)
        tuning.setToolTip(
            "Mean rate where the animal was, as recorded and as the whole model predicts it, on one colour scale. Blank: never visited."
        )
        made.append(tuning)
    effect = ImagePlot(
        f"{label}: effect of this term alone, with its 95 % limits",
        x_axis,
        y_axis,
        RATE,
        equal=equal,
        mouse=False,
        name=f"effect_{label}",
    )
    effect.set_images(
        images(("lower limit", "effect_low"), ("effect", "effect_hz"), ("upper limit", "effect_high")), levels=_effect_levels(one)
    )
    effect.setToolTip("The rate that the model predicts with every other term at its mean contribution, between its 95 % limits.")
    made.append(effect)
    return made


def _effect_levels(one: xr.Dataset) -> tuple[float, float] | None:
    """Colours that fit the effect itself: an upper limit can be huge where there are few data."""
    values = one["effect_hz"].values
    finite = values[np.isfinite(values)]
    if not finite.size or finite.max() <= finite.min():
        return None
    return min(0.0, float(finite.min())), 1.25 * float(finite.max())


def filter_plots(label: str, filters: xr.Dataset, unit: str) -> list[Plot]:
    """The kernels over the past that a unit has in a term: one line, or one a source."""
    one = filters.sel(unit=unit)
    lag, lags = axis_of(one, "lag_s"), one["lag_s"].values
    sources = [name for name in one["filter"].dims if name != "lag_s"]
    plot = LinePlot(f"{label}: filter", lag, _LOG_RATE, mouse=False, name=f"filter_{label}")
    plot.setToolTip(
        "How much a spike changes the log of the rate, by the time that has passed since. Above zero it raises the rate, below it lowers it."
    )
    if not sources:
        if not np.isfinite(one["filter"].values).any():
            return []
        plot.set_curves([Curve("filter", lags, one["filter"].values, one["low"].values, one["high"].values)], level=(0.0, ""))
        return [plot]
    source = str(sources[0])
    values = one["filter"].transpose("lag_s", source).values
    names = [str(name) for name in one[source].values]
    strength = np.nan_to_num(np.abs(values)).max(axis=0) if values.size else np.zeros(0)
    strongest = [at for at in np.argsort(-strength) if strength[at] > 0][:5]
    low, high = (one[side].transpose("lag_s", source).values for side in ("low", "high"))
    plot.set_title(f"{label}: strongest filters")
    curves = [
        Curve(f"from {names[at]}", lags, values[:, at], low[:, at], high[:, at], colour=colour)
        for colour, at in enumerate(strongest)
    ]
    plot.set_curves(curves, level=(0.0, ""))
    if len(names) < 2:
        return [plot] if curves else []
    image = ImagePlot(
        f"{label}: filters from every unit",
        lag,
        Axis("source, number in the list"),
        _LOG_RATE,
        diverging=True,
        mouse=False,
        name=f"filters_{label}",
    )
    image.set_images([Image("", lags, np.arange(1, len(names) + 1, dtype=float), values)])
    return [plot, image] if curves else [image]


def coupling_plots(coupling: xr.Dataset, units: tuple[str, ...]) -> list[Plot]:
    """Strength of coupling between every pair of units."""
    strength = coupling["strength"]
    source = next(str(name) for name in strength.dims if name != "unit")
    values = strength.transpose(source, "unit").values
    about = strength.attrs
    value_axis = Axis(str(about.get("long_name", "coupling strength")), str(about.get("unit", "")))
    plot = ImagePlot(
        "Coupling of all pairs",
        Axis("from unit, number in the list"),
        Axis("to unit, number in the list"),
        value_axis,
        diverging=True,
        mouse=False,
        name="coupling",
    )
    numbers = [np.arange(1, count + 1, dtype=float) for count in values.shape]
    plot.set_images([Image("", *numbers, values)])
    plot.setToolTip(
        "Each cell is what the spikes of one unit do to another, summed over the filter. Above zero: they raise its rate."
    )
    return [plot]
