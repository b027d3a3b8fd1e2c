"""Effect of a term by itself, the other terms at their mean, beside the counted tuning in which the terms are mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.figures.kinds.rate_map import draw_rate_map
from glmengine.figures.marks import band, cut_band, dots, finish, from_zero, label, legend_inside, line, rate_label, with_band
from glmengine.figures.page import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def draw_effect(ax: Axes, curve: xr.Dataset, unit: str) -> None:
    """One term of one unit on its panel."""
    one = curve.sel(unit=unit)
    term = str(curve.attrs.get("term", ""))
    if one["effect_hz"].ndim == 1:
        _draw_line(ax, one, term)
    else:
        draw_rate_map(ax, one["effect_hz"], title=term, text=rate_label(one["data_hz"]))


def _draw_line(ax: Axes, one: xr.Dataset, term: str) -> None:
    (dim,) = one["effect_hz"].dims
    x = one[dim].values
    middle, data = one["effect_hz"].values, one["data_hz"].values
    band(ax, x, *cut_band(ax, (middle, data), one["effect_low"].values, one["effect_high"].values), style().effect)
    line(ax, x, middle, style().effect, label=with_band("effect"))
    dots(ax, x, data)
    from_zero(ax)
    legend_inside(ax)
    finish(ax, title=term, x=label(one[dim]), y=rate_label(one["data_hz"]))
