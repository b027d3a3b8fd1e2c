"""Maps of a rate over two variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glmengine.figures.marks import colour_bar, finish, label, spare_ticks
from glmengine.figures.page import style
from glmengine.results.map_scale import is_true_to_scale

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


def draw_rate_map(ax: Axes, rate: xr.DataArray, *, title: str, text: str, ceiling: float | None = None) -> None:
    """One map from 0 to `ceiling`, its own highest where not given; `text` is what the colours say."""
    x, y = (rate[dim] for dim in rate.dims)
    image = ax.pcolormesh(
        x.values, y.values, rate.values.T, cmap=style().map, vmin=0.0, vmax=ceiling, shading="nearest", rasterized=True
    )
    if is_true_to_scale(x, y):
        ax.set_aspect("equal")
    colour_bar(ax, image, text)
    finish(ax, title=title, x=label(x), y=label(y))
    spare_ticks(ax)
