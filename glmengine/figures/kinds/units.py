"""One term of all units, a small panel each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.tuning import end_above_the_visited
from glmengine.figures.layout import blank
from glmengine.figures.marks import (
    band,
    cut_band,
    dots,
    entitle,
    folded,
    from_zero,
    label,
    letters_in,
    level,
    line,
    rate_label,
    short_name,
    tick_in_pi,
)
from glmengine.figures.page import page, style
from glmengine.figures.radians import RADIANS
from glmengine.recording.described.occupancy import visited
from glmengine.results.map_scale import is_true_to_scale
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result

_SIDE = 22.0  # of a panel, in mm


def draw(result: Result, *, unit: str | None = None, term: str | None = None, recording: Any = None) -> Figure:
    """Small multiples: curves and filters as lines, two variables as maps, each unit on its own scale.

    Raises
    ------
    GlmError
        If the result has no curve and no filter of the term, or only such as fill a panel of their own.
    """
    found = {**result.curves, **result.filters}
    labels = [
        name for name in found if _is_small(found[name]) and any(result.labels_for([name], one, term) for one in result.units)
    ]
    if not labels:
        raise GlmError(
            "the result has no curve" + (f" of the term '{term}'" if term else "") + " that fits a small panel; add a term"
        )
    data = found[labels[0]]
    names = [name for name in result.units if result.labels_for([labels[0]], name)]
    names = [unit] if unit is not None else names
    columns = max(1, min(len(names), int((page().width or style().two_columns) // _SIDE)))
    rows = -(-len(names) // columns)
    figure = blank(max(style().one_column, min(columns * _SIDE, style().two_columns)), rows * 0.9 * _SIDE + 14.0)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax, name in zip(axes, names, strict=False):
        _draw_small(ax, data, name)
    for ax in axes[len(names) :]:
        ax.set_axis_off()
    x, y = _said(data)
    wide, high = figure.get_size_inches()
    figure.supxlabel(folded(x, letters_in(wide, 1.0)), fontsize=style().font_size)
    figure.supylabel(folded(y, letters_in(high, 1.2)), fontsize=style().font_size)
    entitle(figure, str(data.attrs.get("term", labels[0])))
    return figure


def _is_small(data: xr.Dataset) -> bool:
    main = data["tuning_hz"] if "tuning_hz" in data else data["filter"]
    return main.ndim - 1 <= (2 if "tuning_hz" in data else 1)


def _said(data: xr.Dataset) -> tuple[str, str]:
    if "filter" in data:
        return f"{data['lag_s'].attrs['long_name']} (ms)", str(data["filter"].attrs["unit"])
    dims = [dim for dim in data["tuning_hz"].dims if dim != "unit"]
    if len(dims) == 1:
        return label(data[dims[0]]), rate_label(data["data_hz"])
    colours = f"colours: {rate_label(data['data_hz'])} from 0 to the unit's highest"
    return f"{label(data[dims[0]])}\n{colours}", label(data[dims[1]])


def _draw_small(ax: Axes, data: xr.Dataset, unit: str) -> None:
    from matplotlib.ticker import MaxNLocator

    one = data.sel(unit=unit)
    if "filter" in data:
        x = one["lag_s"].values * 1000
        level(ax)
        band(ax, x, one["low"].values, one["high"].values, style().model)
        line(ax, x, one["filter"].values, style().model, width=0.8)
    elif one["tuning_hz"].ndim == 1:
        (dim,) = one["tuning_hz"].dims
        x = one[dim].values
        seen = (one["tuning_hz"].values, one["data_hz"].values[visited(one["occupancy_s"].values)])
        band(ax, x, *cut_band(ax, seen, one["tuning_low"].values, one["tuning_high"].values), style().model)
        line(ax, x, one["tuning_hz"].values, style().model, width=0.8)
        dots(ax, x, one["data_hz"].values, label=None)
        from_zero(ax)
        end_above_the_visited(ax, one)
    else:
        first, second = one["tuning_hz"].dims
        values = one["tuning_hz"].values.T
        ax.imshow(
            values,
            cmap=style().map,
            vmin=0.0,
            vmax=float(np.nanmax(values, initial=0.0)) or 1.0,
            origin="lower",
            aspect="equal" if is_true_to_scale(one[first], one[second]) else "auto",
            extent=(*one[first].values[[0, -1]], *one[second].values[[0, -1]]),
        )
    ax.xaxis.set_major_locator(MaxNLocator(2))
    ax.yaxis.set_major_locator(MaxNLocator(2))
    if "tuning_hz" in data:
        for axis, dim in zip((ax.xaxis, ax.yaxis), one["tuning_hz"].dims, strict=False):
            if one[dim].attrs.get("unit") == RADIANS:
                tick_in_pi(axis, 3)
    size = 0.8 * style().font_size
    ax.tick_params(labelsize=0.85 * size, pad=1)
    ax.set_title(short_name(unit_title(unit), 16), fontsize=size, pad=1.5)
    ax.spines[["top", "right"]].set_visible(False)
