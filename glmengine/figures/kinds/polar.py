"""Tuning of one unit to angles, around the circle: as counted, and as the model predicts it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.band_reach import ends_near, seen_height
from glmengine.figures.layout import panels
from glmengine.figures.marks import band, entitle, finish, legend, line, rate_label, with_band
from glmengine.figures.page import page, shows, style
from glmengine.figures.radians import QUARTERS
from glmengine.figures.rings import round_rings
from glmengine.results.angles import angles
from glmengine.sentences import unit_title
from glmengine.timegrid.angles import FULL_TURN

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


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
    height = seen_height((middle, data), (low, high))
    low, high = ends_near(low, height), np.minimum(high, np.inf if height is None else height[1])
    band(ax, x, low, high, style().model)
    line(ax, x, middle, style().model, label=with_band("model"))
    if shows("data"):
        line(ax, x, data, style().data, width=0.8, label="data")
    round_axes(ax, (middle, *((data,) if page().data else ()), *((high,) if page().bands else ())), rate_label(one["data_hz"]))
    legend(ax, loc="lower right", bbox_to_anchor=(1.25, -0.15))
    finish(ax, title=str(curve.attrs.get("term", "")), x=str(one[dim].attrs.get("long_name", dim)))


def round_axes(ax: Axes, drawn: Sequence[np.ndarray], text: str) -> None:
    """Angles at the quarters, and the rings that the screen has, for all values that are drawn; what they measure above their numbers."""
    pooled = np.concatenate([np.asarray(part, float).ravel() for part in drawn])
    rings = round_rings(float(np.max(pooled[np.isfinite(pooled)], initial=0.0)))
    ax.set_ylim(0.0, rings[-1])
    ax.set_xticks(*zip(*QUARTERS, strict=True))
    ax.set_yticks(rings, [*(f"{ring:g}" for ring in rings[:-1]), f"{text}\n{rings[-1]:g}"])
    ax.tick_params(axis="x", pad=0)
    ax.set_rlabel_position(45)
    for label in ax.get_yticklabels():
        label.set_multialignment("left")
    ax.spines["polar"].set_visible(False)


def _closed(values: np.ndarray) -> np.ndarray:
    return np.append(np.asarray(values, float), values[:1])
