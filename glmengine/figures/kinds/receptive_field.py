"""Receptive fields of one unit: maps over lags, and the time course where the field is strongest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from glmengine.errors import GlmError
from glmengine.figures.kinds.field import draw_field
from glmengine.figures.layout import panels
from glmengine.figures.marks import band, entitle, finish, level, line
from glmengine.figures.page import style
from glmengine.sentences import unit_title

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.results.result import Result


def draw(result: Result, *, unit: str, term: str | None = None, recording: Any = None) -> Figure:
    """Two panels a term: the field, and its time course in the strongest channel.

    Raises
    ------
    GlmError
        If the unit has no receptive field.
    """
    labels = [name for name in result.labels_for(result.filters, unit, term) if "channel" in result.filters[name]["filter"].dims]
    if not labels:
        raise GlmError(
            "the result has no receptive field" + (f" of the term '{term}'" if term else "") + "; add a receptive field term"
        )
    figure, axes = panels(2 * len(labels), columns=2)
    for place, name in enumerate(labels):
        draw_field(axes[2 * place], result.filters[name], unit)
        draw_course(axes[2 * place + 1], result.filters[name], unit)
    entitle(figure, unit_title(unit))
    return figure


def draw_course(ax: Axes, field: xr.Dataset, unit: str) -> None:
    """The filter over lags in the channel where it is strongest."""
    one = field.sel(unit=unit).transpose("channel", "lag_s", ...)
    strongest = np.nanmax(np.abs(np.nan_to_num(one["filter"].values)), axis=1)
    best = int(np.argmax(strongest))
    milliseconds = one["lag_s"].values * 1000
    level(ax)
    band(ax, milliseconds, one["low"].values[best], one["high"].values[best], style().model)
    line(ax, milliseconds, one["filter"].values[best], style().model)
    name = str(one["channel"].values[best])
    finish(ax, title=f"at {name}", x=f"{field['lag_s'].attrs['long_name']} (ms)", y=str(field["filter"].attrs["unit"]))
