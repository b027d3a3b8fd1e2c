"""Effect of a term by itself, the other terms at their mean, beside the counted tuning in which the terms are mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.figures.rate_map import draw_rate_map
from glmengine.figures.style import DATA, EFFECT, finish, from_zero, label, rate_label

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
    ax.fill_between(x, one["effect_low"].values, one["effect_high"].values, color=EFFECT, alpha=0.25, linewidth=0)
    ax.plot(x, one["effect_hz"].values, color=EFFECT, linewidth=1.5, label="effect, 95 %")
    ax.plot(x, one["data_hz"].values, ".", color=DATA, markersize=3.5, label="data")
    from_zero(ax)
    ax.legend(fontsize=6, frameon=False)
    finish(ax, title=term, x=label(one[dim]), y=rate_label(one["data_hz"]))
