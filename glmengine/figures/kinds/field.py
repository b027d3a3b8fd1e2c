"""Receptive fields of one unit: a map for each of a few lags side by side, or channel by lag where the channels are no image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.marks import colour_bar, finish, reach_of
from glmengine.figures.page import style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

_MOST_MAPS = 6


def draw_field(ax: Axes, field: xr.Dataset, unit: str) -> None:
    """One term of one unit; of many lags those are drawn that are evenly spaced."""
    one = field["filter"].sel(unit=unit).transpose("channel", "lag_s")
    values, milliseconds = one.values, np.asarray(one["lag_s"].values) * 1000
    shape = tuple(int(size) for size in np.atleast_1d(field.attrs["shape"]))
    reach = reach_of(values)
    since = f"{field['lag_s'].attrs['long_name']} (ms)"
    limits = {"cmap": style().signed_map, "vmin": -reach, "vmax": reach, "shading": "nearest", "rasterized": True}
    if len(shape) == 2 and min(shape) > 1 and np.prod(shape) == len(values):
        lags = np.unique(np.linspace(0, len(milliseconds) - 1, _MOST_MAPS).round().astype(int))
        rows, columns = shape
        wide = np.full((rows, lags.size * (columns + 1) - 1), np.nan)  # an empty column between two maps
        for place, lag in enumerate(lags):
            wide[:, place * (columns + 1) : place * (columns + 1) + columns] = values[:, lag].reshape(shape)
        image = ax.pcolormesh(wide, **limits)
        ax.set_aspect("equal", anchor="C")
        ax.invert_yaxis()  # the first row of an image is its top
        ax.set_xticks(np.arange(lags.size) * (columns + 1) + (columns - 1) / 2, [f"{milliseconds[lag]:.3g}" for lag in lags])
        ax.set_yticks([])
        beside = ""
    else:
        image = ax.pcolormesh(milliseconds, np.arange(len(values)), values, **limits)
        if len(values) <= 30:
            ax.set_yticks(np.arange(len(values)), [str(name) for name in one["channel"].values])
        beside = "channel"
    colour_bar(ax, image, str(field["filter"].attrs["unit"]))
    finish(ax, title=str(field.attrs.get("term", "")), x=since, y=beside)
