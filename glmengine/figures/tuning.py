"""Tuning curves and fields of one unit: as counted, and as the model predicts them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.effect import draw_effect
from glmengine.figures.rate_map import draw_rate_map
from glmengine.figures.style import DATA, MODEL, finish, from_zero, label, panels, rate_label

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
        figure.suptitle(f"{unit}: each term alone, the others at their mean", fontsize=10)
        return figure
    figure, axes = panels(sum(panels_of(result.curves[name]) for name in labels))
    for name in labels:
        draw_curve(axes[: panels_of(result.curves[name])], result.curves[name], unit)
        axes = axes[panels_of(result.curves[name]) :]
    figure.suptitle(unit, fontsize=10)
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
    middle, low, high = (one[name].values for name in ("tuning_hz", "tuning_low", "tuning_high"))
    if names:  # nothing lies between two categories
        ends = np.abs(np.array([middle - low, high - middle]))
        ax.errorbar(x, middle, ends, fmt="_", color=MODEL, markersize=9, linewidth=1.5, label="model, 95 %")
        ax.set_xlim(x.min() - 0.6, x.max() + 0.6)
    else:
        ax.fill_between(x, low, high, color=MODEL, alpha=0.25, linewidth=0)
        ax.plot(x, middle, color=MODEL, linewidth=1.5, label="model, 95 %")
    ax.plot(x, one["data_hz"].values, ".", color=DATA, markersize=3.5, label="data")
    from_zero(ax)
    ax.legend(fontsize=6, frameon=False)
    finish(ax, title=term, x=label(one[dim]), y=rate_label(one["data_hz"]))
    if names:  # the numbers say nothing
        shown = [textwrap.shorten(names[int(number)], 24, placeholder="…") for number in x]
        ax.set_xticks([int(number) for number in x], shown, fontsize=6, rotation=90 if sum(map(len, shown)) > 30 else 0)
