"""Filters of one unit: what a spike, a signal or an event does to the rate around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.field import draw_field
from glmengine.figures.style import LINES, MODEL, PANEL, colour_bar, finish, name_ticks, panels, signed_colours

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


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
    figure.suptitle(unit, fontsize=10)
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
        ax.axhline(0.0, color="0.7", linewidth=0.8)
        for number, name in enumerate(one["condition"].values):
            found, (colour, dashes) = one.sel(condition=name), LINES[number % len(LINES)]
            ax.fill_between(milliseconds, found["low"].values, found["high"].values, color=colour, alpha=0.2, linewidth=0)
            ax.plot(milliseconds, found["filter"].values, color=colour, linestyle=dashes, linewidth=1.5, label=str(name))
        ax.legend(fontsize=7, frameon=False)
        finish(ax, title=term, x=since, y=per)
        return
    if "source" not in one["filter"].dims:
        ax.axhline(0.0, color="0.7", linewidth=0.8)
        ax.fill_between(milliseconds, one["low"].values, one["high"].values, color=MODEL, alpha=0.25, linewidth=0)
        ax.plot(milliseconds, one["filter"].values, color=MODEL, linewidth=1.5)
        finish(ax, title=term, x=since, y=per)
        return
    values = one["filter"].transpose("source", "lag_s").values
    reach = np.nanmax(np.abs(values), initial=0.0) or 1.0
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
    colour_bar(ax, image, per, shrink=1.0)
    finish(ax, title=term, x=since, y="from")
    name_ticks(ax.yaxis, one["source"].values, PANEL[1] - 0.7, most=60)
