"""Spikes of all units over a stretch of time, and the covariates below them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glmengine.figures.kinds.rates import stretch_of
from glmengine.figures.layout import blank
from glmengine.figures.marks import finish, name_ticks
from glmengine.figures.page import page, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from glmengine.recording.recording import Recording
    from glmengine.results.result import Result

MOST_TICKS = 5000
"""More spikes than these are drawn as pixels, not as vectors."""

_COVARIATE = 16.0  # height of one, in mm


def draw(
    result: Result,
    *,
    unit: str | None = None,
    term: str | None = None,
    recording: Recording,
    start: float | None = None,
    seconds: float = 20.0,
) -> Figure:
    """The units of the result (or one), and each variable of its terms, over `seconds` from `start`."""
    units = [unit] if unit else [name for name in result.units if name in recording.unit_names]
    begin, end = (float(edge) for edge in stretch_of(recording, start, seconds)[0])
    wanted = [factor.variable for one in result.terms for factor in getattr(one, "factors", ()) if term in (None, one.label)]
    wanted = [name for name in dict.fromkeys(wanted) if name in recording.variables]
    heights = [max(20.0, min(2.5 * len(units), 110.0)), *(_COVARIATE for _ in wanted)]
    figure = blank(style().two_columns, sum(heights) + 14.0)
    axes = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)[:, 0]
    _draw_spikes(axes[0], recording, units, begin, end, heights[0])
    for ax, name in zip(axes[1:], wanted, strict=True):
        _draw_variable(ax, recording, name, begin, end)
    axes[0].set_xlim(begin, end)
    axes[-1].set_xlabel("time (s)")
    return figure


def _draw_spikes(ax: Axes, recording: Recording, units: list[str], begin: float, end: float, height: float) -> None:
    places = [recording.unit_names.index(name) for name in units]
    if recording.spikes is None and recording.counts is not None:
        counts = recording.counts
        seen = (counts.t >= begin) & (counts.t <= end)
        values = np.asarray(counts.values[seen], float)[:, places]
        low, high = np.nanmin(values, axis=0, initial=np.inf), np.nanmax(values, axis=0, initial=-np.inf)
        shares = (values - low) / np.where(high > low, high - low, 1.0)
        ax.pcolormesh(counts.t[seen], np.arange(len(units)), shares.T, cmap="Greys", shading="nearest", rasterized=True)
        ax.set_ylim(len(units) - 0.5, -0.5)
        finish(ax, y="unit (white to black: its lowest to its highest)")
        name_ticks(ax.yaxis, units, height, most=40)
        return
    times = [one[(one >= begin) & (one <= end)] for one in (recording.spikes[place].t for place in places)]
    room = (page().height or height + 14.0) * 72 / 25.4 / max(len(units), 1)
    ax.eventplot(
        times,
        lineoffsets=np.arange(len(units)),
        linelengths=0.8,
        linewidths=min(0.8, max(0.25, 0.2 * room)),
        colors="black",
        rasterized=sum(map(len, times)) > MOST_TICKS,
    )
    ax.set_ylim(len(units) - 0.4, -0.6)
    finish(ax, title="", y="unit")
    name_ticks(ax.yaxis, units, height, most=40)


def _draw_variable(ax: Axes, recording: Recording, name: str, begin: float, end: float) -> None:
    covariate = recording.variable(name)
    times, values = covariate.seen()
    seen = (times >= begin) & (times <= end)
    x, y = times[seen], np.asarray(values[seen], float)
    if covariate.kind == "angle" and len(y):  # no line across the figure where the angle goes round
        jump = np.flatnonzero(np.abs(np.diff(y)) > np.pi) + 1
        x, y = np.insert(x, jump, x[jump - 1]), np.insert(y, jump, np.nan)
    ax.plot(x, y, color=style().data, linewidth=0.8 * style().line_width)
    finish(ax, y=f"{name} ({covariate.unit})" if covariate.unit else name)
