"""Receptive fields of one unit: a map for each of a few lags, or channel by lag where the channels are no image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.figures.marks import colour_bar, finish, reach_of, short_name
from glmengine.figures.page import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh

_MOST_MAPS = 6
_NAME = 0.3
"""Height of a name, of that of a map."""


def draw_field(ax: Axes, field: xr.Dataset, unit: str) -> None:
    """One term of one unit; of many lags those are drawn that are evenly spaced, each map below its lag."""
    one = field["filter"].sel(unit=unit).transpose("channel", "lag_s")
    values, milliseconds = one.values, np.asarray(one["lag_s"].values) * 1000
    shape = tuple(int(size) for size in np.atleast_1d(field.attrs["shape"]))
    reach = reach_of(values)
    since = f"{field['lag_s'].attrs['long_name']} (ms)"
    limits = {"cmap": style().signed_map, "vmin": -reach, "vmax": reach, "shading": "nearest", "rasterized": True}
    title = str(field.attrs.get("term", ""))
    if len(shape) == 2 and min(shape) > 1 and np.prod(shape) == len(values):
        lags = np.unique(np.linspace(0, len(milliseconds) - 1, _MOST_MAPS).round().astype(int))
        image = _draw_maps(
            ax, [values[:, lag].reshape(shape) for lag in lags], [f"{milliseconds[lag]:.3g}" for lag in lags], limits
        )
        colour_bar(ax, image, str(field["filter"].attrs["unit"]))
        finish(ax, title=title, x=since)
        ax.spines[:].set_visible(False)
        return
    image = ax.pcolormesh(milliseconds, np.arange(len(values)), values, **limits)
    if len(values) <= 30:
        ax.set_yticks(np.arange(len(values)), [short_name(str(name)) for name in one["channel"].values])
    colour_bar(ax, image, str(field["filter"].attrs["unit"]))
    finish(ax, title=title, x=since, y="channel")


def _draw_maps(ax: Axes, maps: list[np.ndarray], names: list[str], limits: dict[str, Any]) -> QuadMesh:
    """Maps in as many rows as make them largest, each below its name."""
    rows, columns = maps[0].shape
    above = max(1, round(_NAME * rows))  # room for the name
    place = ax.get_position()
    wide, high = np.array([place.width, place.height]) * ax.figure.get_size_inches()

    def size(across: int) -> float:
        down = -(-len(maps) // across)
        return min(wide / (across * (columns + 1)), high / (down * (rows + above)))

    across = max(range(1, len(maps) + 1), key=size)
    down = -(-len(maps) // across)
    # labels and colour bar take a part of the place; the names of two maps side by side must not touch
    font = min(0.85 * style().font_size, 0.6 * 72 * size(across) * columns / (0.55 * max(map(len, names))))
    whole = np.full((down * (rows + above), across * (columns + 1) - 1), np.nan)
    for number, (one, name) in enumerate(zip(maps, names, strict=True)):
        top, left = (number // across) * (rows + above) + above, (number % across) * (columns + 1)
        whole[top : top + rows, left : left + columns] = one
        ax.text(left + (columns - 1) / 2, top - 0.6, short_name(name, 20), ha="center", va="bottom", fontsize=font)
    image = ax.pcolormesh(whole, **limits)
    ax.set_aspect("equal", anchor="C")
    ax.invert_yaxis()  # the first row of an image is its top
    ax.set_xticks([])
    ax.set_yticks([])
    return image
