"""Tuning curves and fields of one unit: as counted, and as the model predicts them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.effect import draw_effect
from glmengine.figures.kinds.rate_map import draw_rate_map
from glmengine.figures.layout import panels
from glmengine.figures.marks import (
    band,
    cut_band,
    dots,
    entitle,
    finish,
    from_zero,
    label,
    legend_inside,
    line,
    rate_label,
    short_name,
    with_band,
)
from glmengine.figures.page import shows, style
from glmengine.recording.described.occupancy import visited
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None, effect: bool = False) -> Figure:
    """One panel a curve, two a field; with `effect` one panel a term, of what it does by itself."""
    labels = result.labels_for(result.curves, unit, term)
    if not labels:
        raise GlmError("the result has no tuning curve" + (f" of the term '{term}'" if term else "") + "; add a covariate term")
    if effect:
        figure, axes = panels(len(labels))
        for ax, name in zip(axes, labels, strict=True):
            draw_effect(ax, result.curves[name], unit)
        entitle(figure, f"{unit_title(unit)}: each term alone, the others at their mean")
        return figure
    figure, axes = panels(sum(panels_of(result.curves[name]) for name in labels))
    for name in labels:
        draw_curve(axes[: panels_of(result.curves[name])], result.curves[name], unit)
        axes = axes[panels_of(result.curves[name]) :]
    entitle(figure, unit_title(unit))
    return figure


def panels_of(curve: xr.Dataset) -> int:
    """How many panels a curve takes: data and model apart for a field."""
    return 1 if curve["data_hz"].ndim == 2 else 2


def draw_curve(axes: list[Axes], curve: xr.Dataset, unit: str) -> None:
    """One term of one unit on its panels."""
    one = curve.sel(unit=unit)
    dims = list(one["data_hz"].dims)
    term = str(curve.attrs.get("term", ""))
    if len(dims) == 1:
        _draw_line(axes[0], one, dims[0], term)
        return
    # a bin that was hardly visited can have any rate; it must not decide the colours of all
    data, model = one["data_hz"].values, one["tuning_hz"].values
    ceiling = max(np.nanpercentile(data, 99) if np.isfinite(data).any() else 0.0, np.nanmax(model, initial=0.0))
    for ax, name, title in zip(axes, ("data_hz", "tuning_hz"), ("data", "model"), strict=True):
        draw_rate_map(ax, one[name], title=f"{term}: {title}", text=rate_label(one[name]), ceiling=ceiling or 1.0)


def _draw_line(ax: Axes, one: xr.Dataset, dim: str, term: str) -> None:
    x = one[dim].values
    names = str(one[dim].attrs.get("names", "")).splitlines()
    middle, data = one["tuning_hz"].values, one["data_hz"].values
    low, high = cut_band(
        ax, (middle, data[visited(one["occupancy_s"].values)]), one["tuning_low"].values, one["tuning_high"].values
    )
    if names:  # nothing lies between two categories
        ends = np.abs(np.array([middle - low, high - middle])) if shows("bands") else None
        look = {"color": style().model, "markersize": 3 * style().marker_size, "linewidth": style().line_width}
        ax.errorbar(x, middle, ends, fmt="_", label=with_band("model"), **look)
        ax.set_xlim(x.min() - 0.6, x.max() + 0.6)
    else:
        band(ax, x, low, high, style().model)
        line(ax, x, middle, style().model, label=with_band("model"))
    dots(ax, x, data)
    from_zero(ax)
    end_above_the_visited(ax, one)
    legend_inside(ax)
    finish(ax, title=term, x=label(one[dim]), y=rate_label(one["data_hz"]))
    if names:  # the numbers say nothing
        shown = [short_name(names[int(number)], 18) for number in x]
        ax.set_xticks([int(number) for number in x], shown, rotation=90 if sum(map(len, shown)) > 30 else 0)


def end_above_the_visited(ax: Axes, one: xr.Dataset) -> None:
    """End the vertical axis above the model, and above data and band where the animal was for some time.

    In a bin that was hardly visited data and band can be anything, and would flatten all the rest.
    """
    often = visited(one["occupancy_s"].values)
    data, middle, high = (one[name].values for name in ("data_hz", "tuning_hz", "tuning_high"))
    end = ax.get_ylim()[1]
    top = max(np.nanmax(one_of, initial=0.0) for one_of in (data[often], np.minimum(high[often], end), middle))
    if top > 0 and end > 1.5 * top:
        ax.set_ylim(top=1.1 * top)
