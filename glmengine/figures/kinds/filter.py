"""Filters of one unit: what a spike, a signal or an event does to the rate around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.field import draw_field
from glmengine.figures.layout import PANEL, panels
from glmengine.figures.marks import (
    band,
    colour_bar,
    entitle,
    finish,
    legend_inside,
    level,
    line,
    name_ticks,
    reach_of,
    signed_colours,
)
from glmengine.figures.page import style
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_MOST_GAINS = 6
_GAINS = tuple(sorted(step * 10.0**power for power in range(-6, 7) for step in (1.0, 1.1, 1.25, 1.5, 2, 3, 5, 7)))
"""Numbers of the axis of gains."""


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """One panel a term."""
    labels = result.labels_for(result.filters, unit, term)
    if not labels:
        raise GlmError(
            "the result has no filter"
            + (f" of the term '{term}'" if term else "")
            + "; add a filter, event, receptive field, history or coupling term"
        )
    figure, axes = panels(len(labels))
    for ax, name in zip(axes, labels, strict=True):
        draw_filter(ax, result.filters[name], unit)
    entitle(figure, unit_title(unit))
    return figure


def draw_filter(ax: Axes, filters: xr.Dataset, unit: str) -> None:
    """One term of one unit: a line with its band, one for each condition of an event, an image of source by lag, or a receptive field."""
    if "channel" in filters["filter"].dims:
        draw_field(ax, filters, unit)
        return
    one = filters.sel(unit=unit)
    milliseconds = one["lag_s"].values * 1000
    term = str(filters.attrs.get("term", ""))
    since = f"{filters['lag_s'].attrs['long_name']} (ms)"
    per = str(filters["filter"].attrs["unit"])
    if "condition" in one["filter"].dims:
        level(ax)
        for number, name in enumerate(one["condition"].values):
            found, (colour, dashes) = one.sel(condition=name), style().line(number)
            band(ax, milliseconds, found["low"].values, found["high"].values, colour)
            line(ax, milliseconds, found["filter"].values, colour, dashes=dashes, label=str(name))
        legend_inside(ax)
        finish(ax, title=term, x=since, y=per)
        gain_axis(ax, per)
        return
    if "source" not in one["filter"].dims:
        level(ax)
        band(ax, milliseconds, one["low"].values, one["high"].values, style().model)
        line(ax, milliseconds, one["filter"].values, style().model)
        finish(ax, title=term, x=since, y=per)
        gain_axis(ax, per)
        return
    values = one["filter"].transpose("source", "lag_s").values
    reach = reach_of(values)
    image = ax.pcolormesh(
        milliseconds,
        np.arange(len(values)),
        values,
        cmap=signed_colours(),
        vmin=-reach,
        vmax=reach,
        shading="nearest",
        rasterized=True,
    )
    colour_bar(ax, image, per)
    finish(ax, title=term, x=since, y="from")
    name_ticks(ax.yaxis, one["source"].values, PANEL[1] - 14.0, most=60)


def gain_axis(ax: Axes, per: str) -> None:
    """On the right the factor by which the rate changes, where the filter adds to its logarithm."""
    if not per.startswith("log rate"):
        return
    from matplotlib.ticker import FixedLocator, FuncFormatter

    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    right = ax.twinx()
    right.set_ylim(low, high)
    steps = [factor for factor in _GAINS if low <= np.log(factor) <= high]
    apart = max(1, -(-len(steps) // _MOST_GAINS))
    first = steps.index(1.0) % apart if 1.0 in steps else 0
    steps = steps[first::apart]
    right.yaxis.set_major_locator(FixedLocator([float(np.log(factor)) for factor in steps]))
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{np.exp(value):.3g}"))
    right.set_ylabel("gain")
    right.spines[["top", "left"]].set_visible(False)
    ax.spines["top"].set_visible(False)
