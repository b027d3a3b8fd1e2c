"""Tuning of one unit to angles, around the circle: as counted, and as the model predicts it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.layout import panels
from glmengine.figures.marks import band, cut_band, entitle, finish, legend, line, rate_label, with_band
from glmengine.figures.page import shows, style
from glmengine.results.angles import angles
from glmengine.sentences import unit_title
from glmengine.timegrid.angles import FULL_TURN

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_MOST_RINGS = 3


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """One panel a term.

    Raises
    ------
    GlmError
        If no curve of the unit is over an angle.
    """
    labels = result.labels_for(angles(result), unit, term)
    if not labels:
        raise GlmError(
            "the result has no tuning to an angle" + (f" of the term '{term}'" if term else "") + "; add a covariate in radians"
        )
    figure, axes = panels(len(labels), projections=dict.fromkeys(range(len(labels)), "polar"))
    for ax, name in zip(axes, labels, strict=True):
        draw_around(ax, result.curves[name], unit)
    entitle(figure, unit_title(unit))
    return figure


def draw_around(ax: Axes, curve: xr.Dataset, unit: str) -> None:
    """One term of one unit on its panel; the distance from the middle is the rate, 0 in the middle."""
    one = curve.sel(unit=unit)
    (dim,) = one["data_hz"].dims
    x, middle, low, high, data = (
        _closed(values)
        for values in (one[dim].values, *(one[name].values for name in ("tuning_hz", "tuning_low", "tuning_high", "data_hz")))
    )
    x[-1] += FULL_TURN
    band(ax, x, *cut_band(ax, (middle, data), low, high), style().model)
    line(ax, x, middle, style().model, label=with_band("model"))
    if shows("data"):
        line(ax, x, data, style().data, width=0.8, label="data")
    round_axes(ax)
    legend(ax, loc="lower right", bbox_to_anchor=(1.25, -0.15))
    finish(
        ax,
        title=str(curve.attrs.get("term", "")),
        x=f"{one[dim].attrs.get('long_name', dim)}; distance: {rate_label(one['data_hz'])}",
    )


def round_axes(ax: Axes) -> None:
    """Angles in degrees at the quarters, and a few rings."""
    from matplotlib.ticker import MaxNLocator

    ax.set_ylim(bottom=0.0)
    ax.set_xticks([0.0, FULL_TURN / 4, FULL_TURN / 2, 3 * FULL_TURN / 4], ["0°", "90°", "180°", "270°"])
    ax.yaxis.set_major_locator(MaxNLocator(_MOST_RINGS))
    ax.tick_params(axis="x", pad=0)
    ax.set_rlabel_position(45)
    ax.spines["polar"].set_visible(False)


def _closed(values: np.ndarray) -> np.ndarray:
    return np.append(np.asarray(values, float), values[:1])
